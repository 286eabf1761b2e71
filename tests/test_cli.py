"""The command line: what it prints, and how it answers mistakes (one paragraph, exit code 2, nothing written)."""

import json
import subprocess
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

import toolkit as tk
from tests.builders import SCALE, STUDY, write_study
from toolkit.cli import app
from toolkit.errors import ToolkitError

ANSWERS = "id,a1,a2,a3\np1,1,2,3\np2,6,,4\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in a folder that holds a study."""
    write_study(tmp_path, answers_csv=ANSWERS + "")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def refused(*arguments):
    """Give the message of a call that must be refused with an error of the toolkit."""
    result = call(*arguments)
    assert isinstance(result.exception, ToolkitError), result.output
    assert result.stdout == ""
    return str(result.exception)


def run(*arguments):
    """Run the command as users do."""
    command = [sys.executable, "-W", "error", "-m", "toolkit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def test_version_and_help():
    assert call("--version").stdout == f"toolkit {tk.__version__}\n"
    for arguments in ([], ["instruments"]):
        help_text = call(*arguments, "--help")
        assert help_text.exit_code == 0
        assert "Usage" in help_text.stdout


def test_help_needs_no_pandas():
    code = "import sys; sys.argv = ['toolkit', '--help']\nfrom toolkit.cli import main\ntry: main()\nfinally: "
    code += "sys.exit(3 if 'pandas' in sys.modules else 0)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_scores_are_printed_or_written(folder):
    printed = call("score", "answers.csv", "-i", "my.yaml", "--person", "id")
    assert printed.exit_code == 0, printed.output
    assert printed.stdout.splitlines()[0] == "person,my.main"
    assert printed.stdout.splitlines()[1].startswith("p1,")
    written = call("score", "answers.csv", "-i", "my.yaml", "--person", "id", "-o", "out.csv")
    assert written.stdout == "out.csv\n"
    assert (folder / "out.csv").read_text() == printed.stdout


def test_options_of_scoring(folder):
    (folder / "b.csv").write_text("Code\tQ1\tQ2\tQ3\tpair\n1\t-9\t2\t3\tx\n2\t6\t-8\t4\tx\n")
    options = ["--person", "Code", "--couple", "pair", "--missing", "-9", "--missing", "-8", "--column", "a{n}=Q{n}"]
    result = call("score", "b.csv", "-i", "my.yaml", *options, "--scores", "sum", "--n-answered", "--log")
    assert result.exit_code == 0, result.output
    table = pd.read_csv(__import__("io").StringIO(result.stdout))
    assert list(table) == ["person", "couple", "my.main", "my.main.n_answered"]
    assert table["my.main.n_answered"].tolist() == [2, 2]
    assert "missing code" in result.stderr


def test_the_answers_are_never_overwritten(folder):
    assert "this would overwrite the answers" in refused("score", "answers.csv", "-i", "my.yaml", "-o", "./answers.csv")
    assert (folder / "answers.csv").read_text() == ANSWERS


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-i", "rwz"], "there is no instrument 'rwz'"),
        (["-i", "my.yaml", "--person", "ID"], "there is no column 'ID'. Did you mean 'id'?"),
        (["-i", "my.yaml", "--column", "a1"], "--column a1: write it as name=value, such as --column rws01=Q1"),
        (["-i", "my.yaml", "--scores", "maen"], "scores is 'maen', but must be one of"),
        (["-i", "my.yaml", "--missing", "6"], "'6' is declared missing, but is a valid answer (1 to 6)"),
        (["-i", "my.yaml", "-o", "absent/out.csv"], "the file cannot be written"),
        (["-i", "my.yaml", "-o", "."], "the file cannot be written"),
    ],
)
def test_arguments_that_cannot_be_used_are_explained(folder, arguments, expected):
    assert expected in refused("score", "answers.csv", *arguments)


def test_instruments_are_listed_shown_and_checked(folder):
    assert "rws" in call("instruments", "list").stdout
    assert "I stay in a hard talk" in call("instruments", "show", "rws").stdout
    assert "Ich bleibe" in call("instruments", "show", "rws", "--language", "de").stdout
    assert "there is no text in 'fr'" in refused("instruments", "show", "rws", "--language", "fr")
    checked = call("instruments", "validate", "my.yaml", "rws")
    assert checked.exit_code == 0
    assert checked.stdout.splitlines() == [
        "my.yaml: no fault (3 items, 1 scales)",
        "rws: no fault (18 items, 4 scales)",
    ]


def test_the_schema_is_printed_or_written(folder):
    printed = json.loads(call("instruments", "schema").stdout)
    assert printed["title"] == "Instrument"
    assert call("instruments", "schema", "-o", "schema.json").exit_code == 0
    assert json.loads((folder / "schema.json").read_text()) == printed


def test_all_broken_instruments_are_reported(folder):
    (folder / "bad.yaml").write_text(SCALE.replace("max: 6", "max: 0"))
    result = call("instruments", "validate", "bad.yaml", "rwz", "my.yaml")
    assert "upside down" in str(result.exception)
    assert "'rwz'" in str(result.exception)
    assert "my.yaml: no fault" in result.stdout


def test_cells_that_a_spreadsheet_would_run_are_neutralised(folder):
    names = ["=1+1", "+x", "@y", '<script>alert("x")</script>', "é 😀", "x" * 10_000]
    pd.DataFrame({"id": names, "a1": 1, "a2": 2, "a3": 3}).to_csv("odd.csv", index=False)
    assert call("score", "odd.csv", "-i", "my.yaml", "--person", "id", "-o", "out.csv").exit_code == 0
    written = pd.read_csv(folder / "out.csv")["person"].tolist()
    assert written == ["'=1+1", "'+x", "'@y", *names[3:]]


HEAD = "id,a1,a2,a3\n"
BROKEN = {
    "empty": b"",
    "header only": HEAD,
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "workbook": b"PK\x03\x04" + bytes(range(256)),
    "random bytes": bytes(range(255, 0, -1)),
    "repeated column": "id,a1,a1,a2,a3\np1,1,1,2,3\n",
    "short row": ANSWERS + "p3,1\n",
    "long row": ANSWERS + "p3,1,2,3,4\n",
    "NUL": ANSWERS.replace("p2", "p\0"),
    "open quote": ANSWERS.replace("p2", '"p2'),
    "unknown item": "id,a1,a2,a3,a99\np1,1,2,3,4\n",
    "answer 0": ANSWERS.replace("6", "0"),
    "answer 7": ANSWERS.replace("6", "7"),
    "infinity": ANSWERS.replace("6", "inf"),
    "minus infinity": ANSWERS.replace("6", "-inf"),
    "1e400": ANSWERS.replace("6", "1e400"),
    "label": ANSWERS.replace("6", "Strongly agree"),
    "decimal": ANSWERS.replace("6", "2.5"),
    "same person twice": ANSWERS.replace("p2", "p1"),
    "key not declared": ANSWERS.replace("id", "couple"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_answers_leave_nothing_behind(folder, name):
    content = BROKEN[name]
    (folder / "bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    before = sorted(folder.rglob("*"))
    person = [] if name == "key not declared" else ["--person", "id"]
    message = refused("score", "bad.csv", "-i", "my.yaml", *person, "-o", "out.csv")
    assert message.startswith("bad.csv")
    assert "\n" not in message
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("couples", "expected"),
    [("x,x,x,y", "couple 'x': 3 people"), ("x,x,,y", "key 'couple', row 3: the couple is empty")],
)
def test_couples_that_cannot_be_leave_nothing_behind(folder, couples, expected):
    lines = [f"p{i},{couple},1,2,3" for i, couple in enumerate(couples.split(","))]
    (folder / "bad.csv").write_text("\n".join(["id,c,a1,a2,a3", *lines]))
    message = refused("score", "bad.csv", "-i", "my.yaml", "--person", "id", "--couple", "c", "-o", "out.csv")
    assert expected in message
    assert not (folder / "out.csv").exists()


OUTSIDE = {
    "dots": ("answers.csv", "../secret.csv"),
    "absolute": ("answers.csv", "/etc/passwd"),
    "link": ("answers.csv", "link.csv"),
    "unknown item in columns": ("answers.csv}", 'answers.csv, columns: {a99: "Q1"}}'),
    "instrument outside": ("./my.yaml", "../my.yaml"),
    "no such file": ("answers.csv", "absent.csv"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_broken_studies_leave_no_report(folder, name):
    (folder.parent / "secret.csv").write_text(ANSWERS)
    if not (folder / "link.csv").is_symlink():
        (folder / "link.csv").symlink_to(folder.parent / "secret.csv")
    (folder / "study.yaml").write_text(STUDY.replace(*OUTSIDE[name]))
    message = refused("report", "study.yaml", "--out", "reports", "--quiet")
    assert "\n" not in message
    assert not (folder / "reports").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["score", "bad.csv", "-i", "my.yaml", "--person", "id", "-o", "out.csv"],
            "bad.csv: column 'a1', row 2: 7",
        ),
        (["report", "bad.yaml", "--out", "out", "-q"], "bad.yaml has 2 faults: (1) "),
        (["instruments", "validate", "tag.yaml"], "tag.yaml: line 2, column 1 (title): the tag !!python/object/apply"),
        (["instruments", "show", "rwz"], "there is no instrument 'rwz' in the catalogue. Did you mean 'rws'?"),
    ],
)
def test_a_mistake_is_one_paragraph_and_exit_code_2(folder, arguments, expected):
    (folder / "bad.csv").write_text(ANSWERS.replace("6", "7"))
    (folder / "bad.yaml").write_text(STUDY.replace("title", "titel"))
    (folder / "tag.yaml").write_text(SCALE.replace("My scale", '!!python/object/apply:os.system ["touch executed"]'))
    before = sorted(folder.rglob("*"))
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("toolkit: ")
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    assert sorted(folder.rglob("*")) == before


def test_a_success_is_exit_code_0_and_silent_on_stderr(folder):
    result = run("score", "answers.csv", "-i", "my.yaml", "--person", "id", "-o", "out.csv")
    assert (result.returncode, result.stdout, result.stderr) == (0, "out.csv\n", "")
