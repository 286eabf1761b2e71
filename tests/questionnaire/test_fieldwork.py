"""Invitations and what else a researcher does with the store from outside."""

from __future__ import annotations

import csv
import shutil
import stat
from datetime import UTC, datetime

import pytest

from tests.served import DEMO
from toolkit.errors import ArgumentError, StoreError, StudyError
from toolkit.questionnaire import fieldwork
from toolkit.store import Store

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
STUDY = "questionnaire-demo"


@pytest.fixture
def study(tmp_path):
    return shutil.copy(DEMO / "study.yaml", tmp_path / "study.yaml")


@pytest.fixture
def single(study):
    """Make the study one of persons, not couples."""
    text = (
        study.read_text(encoding="utf-8").replace("couple: couple, role: role, ", "").replace("  roles: [a, b]\n", "")
    )
    study.write_text(text, encoding="utf-8")
    return study


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def invited(study, n=2, **options):
    return fieldwork.invite(study, n, study.with_name("invitations.csv"), now=lambda: NOW, **options)


def test_a_couple_is_two_rows_with_one_code(study):
    path = invited(study, url="https://study.example.org/here")
    first, second, third, fourth = found = rows(path)
    assert list(first) == list(fieldwork.COLUMNS)
    assert [row["person"] for row in found] == ["P001", "P002", "P003", "P004"]
    assert [row["role"] for row in found] == ["a", "b", "a", "b"]
    assert first["couple_code"] == second["couple_code"] != third["couple_code"] == fourth["couple_code"]
    for column in ("token", "withdrawal_code", "link"):
        assert len({row[column] for row in found}) == 4
    link = f"https://study.example.org/here/#token={first['token']}&couple={first['couple_code']}"
    assert first["link"] == link
    assert first["expires"] == "2027-03-25T13:00+01:00"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_person_alone_has_no_couple_code(single):
    (row,) = rows(invited(single, 1))
    assert (row["role"], row["couple_code"]) == ("", "")
    assert row["link"] == f"http://127.0.0.1:8866/#token={row['token']}"


def test_the_store_knows_the_tokens_and_keeps_none(study):
    found = rows(invited(study, 1))
    store = Store.open("sqlite:///answers.db", folder=study.parent, now=lambda: NOW)
    assert store.admit(STUDY, found[0]["token"]).person == "P001"
    assert store.definition(STUDY) is not None
    store.close()
    everything = b"".join(file.read_bytes() for file in study.parent.glob("answers.db*"))
    for row in found:
        assert row["token"].encode() not in everything
        assert row["withdrawal_code"].encode() not in everything


def test_invitations_end_with_the_study(study):
    study.write_text(study.read_text(encoding="utf-8") + '  closes: "2026-12-31"\n', encoding="utf-8")
    assert rows(invited(study, 1))[0]["expires"] == "2027-01-01T00:00+01:00"
    with pytest.raises(ArgumentError, match="the study closed on 2026-12-31: nobody can be invited any more"):
        fieldwork.invite(study, 1, study.with_name("late.csv"), now=lambda: datetime(2027, 1, 2, tzinfo=UTC))
    assert not study.with_name("late.csv").exists()


def test_an_existing_file_is_never_written_over_and_nobody_invited(study):
    invited(study)
    before = study.with_name("invitations.csv").read_bytes()
    with pytest.raises(ArgumentError, match=r"is there already\. It may hold the only copy of invitations"):
        invited(study)
    assert study.with_name("invitations.csv").read_bytes() == before
    store = Store.open("sqlite:///answers.db", folder=study.parent)
    assert store.counts(STUDY).invited == 4
    store.close()


@pytest.mark.parametrize(
    "url", ["study.example.org", "ftp://x/", "https://", "https://x/#token=1", "https://x/?a=1", ""]
)
def test_addresses_that_are_none_are_refused(study, url):
    with pytest.raises(ArgumentError, match="must be an address such as"):
        invited(study, 1, url=url)
    assert not study.with_name("invitations.csv").exists()


@pytest.mark.parametrize("n", [0, -1, 100_001])
def test_how_many_must_be_a_sensible_number(study, n):
    with pytest.raises(ArgumentError, match="must lie from 1 to 100,000"):
        invited(study, n)


def test_a_file_that_cannot_be_written_is_explained(study):
    with pytest.raises(ArgumentError, match="the file cannot be written"):
        fieldwork.invite(study, 1, study.parent / "absent" / "x.csv", now=lambda: NOW)


def test_a_study_that_collects_nothing_is_refused():
    with pytest.raises(StudyError, match="this study collects no answers"):
        fieldwork.collecting(DEMO.parent / "couples_demo")


def test_revoked_and_renewed_links(study):
    token = rows(invited(study, 1))[0]["token"]
    fieldwork.revoke(study, "P001")
    with pytest.raises(ArgumentError, match="'P001' has no valid link"):
        fieldwork.revoke(study, "P001")
    with pytest.raises(ArgumentError, match="there is no person 'P009'"):
        fieldwork.renew(study, "P009", now=lambda: NOW)
    link = fieldwork.renew(study, "P001", url="https://x.example/", now=lambda: NOW)
    store = Store.open("sqlite:///answers.db", folder=study.parent, now=lambda: NOW)
    assert store.admit(STUDY, token) is None
    assert store.admit(STUDY, link.partition("#token=")[2]).person == "P001"
    store.close()


def test_withdrawal_by_code_and_a_copy_made_before(study):
    code = rows(invited(study, 1))[0]["withdrawal_code"]
    copy = fieldwork.back_up(study, study.with_name("copy.db"))
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    fieldwork.withdraw(study, code.lower().replace("-", " "))
    with pytest.raises(ArgumentError, match="belongs to nobody in the study; nothing was deleted"):
        fieldwork.withdraw(study, code)
    with pytest.raises(ArgumentError, match="belongs to nobody"):
        fieldwork.withdraw(study, "")


def test_nothing_is_made_where_no_store_is(study):
    for call in (lambda: fieldwork.revoke(study, "P001"), lambda: fieldwork.back_up(study, study.with_name("x.db"))):
        with pytest.raises(StoreError):
            call()
    assert not list(study.parent.glob("*.db"))
