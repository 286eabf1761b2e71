"""The commands around the collection of answers, as a researcher types them."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from tests.served import DEMO
from toolkit.cli import app
from toolkit.errors import ToolkitError
from toolkit.store import Answer, Store


@pytest.fixture
def folder(tmp_path, monkeypatch):
    shutil.copy(DEMO / "study.yaml", tmp_path / "study.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments, **options):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], **options)


def invited(*options):
    result = call("invite", "study.yaml", "--n", 2, *options)
    assert result.exit_code == 0, result.output
    return result


def test_help_lists_what_belongs_to_collecting():
    text = call("--help").stdout
    collecting = text[text.index("Collecting answers") :]
    for command in ("serve", "invite", "collect", "answers"):
        assert command in collecting
    for command in ("backup", "export", "withdraw", "revoke", "renew"):
        assert command in call("answers", "--help").stdout


@pytest.mark.parametrize(
    "command", [("serve",), ("invite",), ("collect",), ("answers", "backup"), ("answers", "renew")]
)
def test_help_says_where_the_password_of_a_store_belongs(command):
    text = " ".join(call(*command, "--help", env={"COLUMNS": "400", "TERMINAL_WIDTH": "400"}).stdout.split())
    for place in ("No password here", "~/.pgpass", "PGPASSFILE", "PGPASSWORD"):
        assert place in text


def test_inviting_prints_the_file_and_warns_of_links_without_encryption(folder):
    result = invited()
    assert result.stdout == "invitations.csv\n"
    assert result.stderr.startswith("These links are not encrypted on their way")
    assert invited("--out", "more.csv", "--url", "https://study.example.org").stderr == ""
    with (folder / "more.csv").open(encoding="utf-8", newline="") as file:
        assert [row["person"] for row in csv.DictReader(file)] == ["P005", "P006", "P007", "P008"]


def test_what_comes_in_is_counted(folder):
    invited()
    shown = call("collect", "study.yaml", "--once").stdout
    assert "Talking and holding back in couples" in shown
    assert "P001" not in shown


def test_answers_are_copied_exported_and_deleted(folder):
    invited()
    assert call("answers", "backup", "study.yaml", "copy.db").stdout.strip().endswith("copy.db")
    assert "nobody has begun" in str(call("answers", "export", "study.yaml", "out").exception)
    answer_one_item()
    for options in ([], ["--store", "sqlite:///answers.db"]):
        assert "_codebook.csv" in call("answers", "export", "study.yaml", "out", *options).stdout
    with (folder / "invitations.csv").open(encoding="utf-8", newline="") as file:
        code = next(csv.DictReader(file))["withdrawal_code"]
    result = call("answers", "withdraw", "study.yaml", input=f"{code}\n")
    assert "Deleted: the answers" in result.stdout
    assert isinstance(call("answers", "withdraw", "study.yaml", input=f"{code}\n").exception, ToolkitError)
    assert "no longer opens anything" in call("answers", "revoke", "study.yaml", "--person", "P002").stdout
    link = call("answers", "renew", "study.yaml", "--person", "P002", "--url", "https://a.example").stdout
    assert link.startswith("https://a.example/#token=")


def answer_one_item():
    store = Store.open("sqlite:///answers.db")
    person = store.walk_in("questionnaire-demo", "P009")
    store.consent(person.number, version="1", language="en", text_checksum="x")
    sitting = store.sit(person.number, wave="1", day=None, order=["rws01"], lease="l")
    assert store.save(sitting.number, Answer("rws01", 3), lease="l", sequence=1) == "saved"
    store.close()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["invite", "study.yaml", "--n", 0], "n is 0, but must lie from 1"),
        (["serve", "study.yaml", "--port", 0], "port is 0"),
        (["serve", "absent.yaml"], "absent.yaml"),
        (["collect", "study.yaml", "--once"], "answers.db"),
        (["answers", "revoke", "study.yaml", "--person", "P001"], "answers.db"),
    ],
)
def test_mistakes_are_one_paragraph(folder, arguments, expected):
    result = call(*arguments)
    assert isinstance(result.exception, ToolkitError), result.output
    assert expected in str(result.exception)
    assert "\n" not in str(result.exception)
    assert not (folder / "invitations.csv").exists()


def test_watching_and_inviting_need_no_pandas(folder):
    code = "import sys\nfrom toolkit.questionnaire import fieldwork, watching\nfieldwork.invite('study.yaml', 1)\n"
    code += "watching.watch('study.yaml', once=True)\nsys.exit(3 if {'pandas', 'numpy'} & set(sys.modules) else 0)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
