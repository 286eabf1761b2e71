"""A store is made once, moved forward, owner-only, and never made in what belongs to others."""

import os
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, select, text

from tests.store.helpers import STUDY, answer_all, invite, seated
from toolkit.errors import StoreError, StoreWarning
from toolkit.store import Answer, Store
from toolkit.store.codes import code_checksum, token_checksum
from toolkit.store.schema import VERSION
from toolkit.store.tables import metadata, participants, refusals

CODES = {number: f"{number}AAA-BBBB-CCCC-DDDD-EEEE" for number in range(1, 6)}
POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions of files are those of POSIX")


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def write_old(url: str, version: int) -> None:
    """Make a store as an earlier version of the schema had it."""
    sqlite = url.startswith("sqlite")
    script = Path(__file__).with_name(f"version_{version}.sql").read_text(encoding="utf-8")
    script = script.replace("{TOKEN}", token_checksum("an old token"))
    for number, code in CODES.items():
        script = script.replace(f"{{CODE {number}}}", code_checksum(code))
    script = script.replace("{NUMBER}", "INTEGER PRIMARY KEY AUTOINCREMENT" if sqlite else "SERIAL PRIMARY KEY")
    script = script.replace("{MOMENT}", "DATETIME" if sqlite else "TIMESTAMP WITH TIME ZONE")
    engine = create_engine(url)
    with engine.begin() as connection:
        if not sqlite:
            connection.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
        for statement in script.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()
    if sqlite:
        os.chmod(url.removeprefix("sqlite:///"), 0o600)


def test_a_store_of_version_1_is_moved_forward_with_all_its_data(url, open_store):
    write_old(url, 1)
    store = open_store(url)
    person = store.admit(STUDY, "an old token")
    assert (person.person, person.couple, person.role, person.consent_version) == ("P001", "C001", "a", "2026-11")
    first, second = store.sittings(person.number)
    assert first.submitted_at == datetime(2026, 11, 2, 10, 9, tzinfo=UTC)
    assert (first.late, second.late, first.position) == (False, False, 2)
    assert store.answers(first.number) == {
        "q1": Answer("q1", 3, milliseconds=900),
        "q2": Answer("q2", text="it's <b>mine</b>"),
        "q3": Answer("q3", reason="refused"),
    }
    assert store.save(second.number, Answer("q1", 1), lease="page", sequence=1) == "saved"
    assert store.submit(second.number, lease="page", late=True) == "saved"
    assert store.sittings(person.number)[1].late
    store.refuse(STUDY, "unknown item")
    assert store.counts(STUDY).refused_inputs == 1
    assert invite(store)[0].person == "P003"


def numbers(store, study: str = STUDY) -> dict[str, int]:
    with store._reading() as connection:
        found = connection.execute(
            select(participants.c.person, participants.c.id).where(participants.c.study == study)
        )
        return {row.person: row.id for row in found}


def test_people_invited_before_version_3_join_the_couple_they_were_invited_to(url, open_store):
    write_old(url, 2)
    store = open_store(url)
    person = numbers(store)
    assert store.sittings(person["P001"])[0].late
    for name, own in {"P001": 1, "P002": 1, "P003": 2}.items():
        joined = {code: store.join(person[name], CODES[code]) for code in CODES if code != own}
        assert not any(joined.values()), name
        assert store.join(person[name], CODES[own]), name
        assert store.join(person[name], CODES[own]), name
    assert not any(store.join(person["guest"], code) for code in CODES.values())
    assert store.counts(STUDY).couples_linked == 1


def test_a_place_that_was_taken_with_a_foreign_code_stays_and_nobody_else_joins_that_couple(url, open_store):
    write_old(url, 2)
    store = open_store(url)
    person = numbers(store)
    assert [code for code in CODES if store.join(person["P007"], CODES[code])] == [3]
    assert not any(store.join(person[name], code) for name in ("P005", "P006") for code in CODES.values())


def test_where_nobody_knows_who_was_invited_to_which_couple_no_code_tells_anything(url, open_store):
    write_old(url, 2)
    store = open_store(url)
    person = numbers(store, "mixed")
    assert store.join(person["P002"], CODES[5]), "who has joined stays"
    assert not any(store.join(person[name], code) for name in ("P001", "P003") for code in CODES.values())
    new = store.invite("mixed", 1, couples=True, expires_at=datetime(2099, 1, 1, tzinfo=UTC))
    assert [one.person for one in new] == ["P004", "P005"]
    assert all(store.join(store.admit("mixed", one.token).number, one.couple_code) for one in new)


def test_of_refused_inputs_only_the_date_is_kept(url, open_store, tmp_path):
    write_old(url, 2)
    store = open_store(url)
    with store._reading() as connection:
        kept = connection.execute(select(refusals.c.rule, refusals.c.refused_on).order_by(refusals.c.id)).all()
    assert kept == [("withdrawal_code", date(2026, 11, 3)), ("token", date(2026, 11, 4))]
    store.refuse(STUDY, "token")
    assert store.counts(STUDY).refused_inputs == 3
    assert b"23:41" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize("version", [1, 2])
def test_a_moved_store_has_the_tables_of_a_new_one(url, open_store, version):
    write_old(url, version)
    found = inspect(open_store(url)._engine)
    for name, table in metadata.tables.items():
        assert {column["name"] for column in found.get_columns(name)} == set(table.columns.keys())
        assert {index["name"] for index in found.get_indexes(name) if not index.get("duplicates_constraint")} == {
            index.name for index in table.indexes
        }


def test_a_newer_schema_is_refused_with_what_to_do(url, open_store):
    store = open_store(url)
    with store._writing() as connection:
        connection.execute(text(f"UPDATE toolkit_store SET value = '{VERSION + 1}' WHERE name = 'schema'"))
    for create in (True, False):
        with pytest.raises(StoreError, match=r"newer toolkit \(schema 4; this one knows 3\)\. Update"):
            Store.open(url, create=create)


def test_opening_again_changes_nothing(url, open_store):
    store = open_store(url)
    answer_all(store, seated(store))
    before = store.rows(STUDY)
    assert open_store(url).rows(STUDY) == open_store(url, create=False).rows(STUDY) == before


OPENER = """
import sys, time
from toolkit.store import Store
from datetime import datetime, UTC
store = Store.open(sys.argv[1])
print(store.invite("study", 1, couples=False, roles=(), expires_at=datetime(2099, 1, 1, tzinfo=UTC))[0].person)
"""


@pytest.mark.parametrize("old", [False, True])
def test_several_processes_open_a_store_first_at_the_same_time(url, open_store, old):
    if old:
        write_old(url, 1)
    opener = [sys.executable, "-W", "ignore", "-c", OPENER, url]
    running = [subprocess.Popen(opener, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(6)]
    told = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0] * 6, told
    first = 3 if old else 1
    expected = {f"P{number:03d}" for number in range(first, first + 6)} if not old else None
    persons = {out.decode().strip() for out, _ in told}
    assert len(persons) == 6
    assert expected is None or persons == expected


def test_settings_of_every_connection(tmp_path, open_store):
    store = open_store(f"sqlite:///{tmp_path}/answers.db")
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 30_000}
    with store._reading() as one, store._reading() as other:
        for connection in (one, other):
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in wanted}
            assert found == wanted


def test_a_transaction_that_writes_is_alone_from_its_beginning(tmp_path, open_store):
    url = f"sqlite:///{tmp_path}/answers.db"
    store, hasty = open_store(url), open_store(url, timeout=0.05)
    with store._writing(), pytest.raises(StoreError, match="locked"):
        hasty.walk_in(STUDY, "me")
    assert hasty.walk_in(STUDY, "me").person == "me"


@POSIX
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_files_are_their_owners_alone_whatever_the_umask(tmp_path, open_store, umask):
    before = os.umask(umask)
    try:
        store = open_store("sqlite:///answers.db", folder=tmp_path)
        answer_all(store, seated(store))
        files = {file.name: mode(file) for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert files == dict.fromkeys(("answers.db", "answers.db-wal", "answers.db-shm"), 0o600)


@POSIX
def test_a_file_that_others_can_read_is_tightened_with_a_warning(tmp_path, open_store):
    url = f"sqlite:///{tmp_path}/answers.db"
    first = open_store(url)
    for file in tmp_path.iterdir():
        file.chmod(0o664)
    with pytest.warns(StoreWarning, match=r"could be read by others \(mode 664\); now only its owner can"):
        open_store(url)
    assert {mode(file) for file in tmp_path.iterdir()} == {0o600}
    first.close()


@POSIX
def test_a_file_whose_permissions_cannot_be_changed_is_refused(tmp_path, open_store, monkeypatch):
    url = f"sqlite:///{tmp_path}/answers.db"
    open_store(url).close()
    (tmp_path / "answers.db").chmod(0o644)

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(StoreError, match=r"can be read by others.*chmod 600"):
        Store.open(url)


def test_nothing_is_made_in_a_database_of_others(tmp_path):
    file = tmp_path / "theirs.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE answers (mine TEXT)")
    before = (file.read_bytes(), mode(file))
    for create in (True, False):
        with pytest.raises(StoreError, match="holds other tables"):
            Store.open(f"sqlite:///{file}", create=create)
    assert (file.read_bytes(), mode(file)) == before


def test_nothing_is_made_over_tables_of_others_in_postgresql(new_database):
    url = new_database()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE answers (mine TEXT)"))
    with pytest.raises(StoreError, match="holds other tables"):
        Store.open(url)
    with pytest.raises(StoreError, match="no tables of a store"):
        Store.open(new_database(), create=False)
    assert inspect(engine).get_table_names() == ["answers"]
    engine.dispose()


def test_postgresql_may_hold_other_tables_beside_a_store(new_database, open_store):
    url = new_database()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (mine TEXT)"))
    engine.dispose()
    assert open_store(url).studies() == []


@pytest.mark.parametrize(
    "content", [b"id,has01\np1,3\n" * 100, b"\x89PNG\r\n\x1a\n" * 100, b"SQLite format 3\x00" * 64]
)
def test_a_file_that_is_no_database_stays_as_it_is(tmp_path, content):
    file = tmp_path / "answers.db"
    file.write_bytes(content)
    before = mode(file)
    for create in (True, False):
        with pytest.raises(StoreError, match=r"not a store of answers|damaged") as told:
            Store.open(f"sqlite:///{file}", create=create)
        assert "\n" not in str(told.value)
    assert (file.read_bytes(), mode(file)) == (content, before)


def test_an_empty_file_becomes_a_store_only_where_one_may_be_made(tmp_path, open_store):
    file = tmp_path / "answers.db"
    file.touch(0o600)
    with pytest.raises(StoreError, match="no tables of a store"):
        Store.open(f"sqlite:///{file}", create=False)
    assert open_store(f"sqlite:///{file}").studies() == []


def test_the_store_knows_neither_pandas_nor_numpy():
    program = "import sys, toolkit, toolkit.store; print([one for one in ('pandas', 'numpy') if one in sys.modules])"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
