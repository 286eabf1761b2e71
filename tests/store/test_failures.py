"""Failures of a database come in words, without a traceback of it, an answer or a password."""

import traceback

import pytest
from sqlalchemy import create_engine, event, text

from tests.postgresql import GUARDED
from tests.store.helpers import STUDY, answer_all, invite, seated
from toolkit.errors import StoreError
from toolkit.store import Answer, Store

SECRET = "my own words"


def failure(call) -> str:
    """Make a call that fails; give its message, which must be one paragraph and hide its cause."""
    with pytest.raises(StoreError) as told:
        call()
    told_in_full = "".join(traceback.format_exception(told.value))
    assert SECRET not in told_in_full
    assert "sqlite3." not in told_in_full.partition("StoreError:")[2]
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__ or told.value.__context__ is None
    assert "\n" not in str(told.value)
    return str(told.value)


@pytest.fixture
def file_store(tmp_path, open_store):
    return open_store(f"sqlite:///{tmp_path}/answers.db", timeout=0.1)


def with_pragma(store, pragma: str) -> None:
    event.listen(store._engine, "begin", lambda connection: connection.exec_driver_sql(f"PRAGMA {pragma}"))


def test_a_full_disk(file_store):
    sitting = seated(file_store)
    with_pragma(file_store, "max_page_count = 1")
    told = failure(lambda: file_store.save(sitting.number, Answer("q1", text=SECRET * 9000), lease="page", sequence=1))
    assert "is full; what was being saved is not saved" in told
    assert file_store.answers(sitting.number) == {}


def test_a_store_that_may_only_be_read(file_store):
    sitting = seated(file_store)
    with_pragma(file_store, "query_only = ON")
    told = failure(lambda: file_store.save(sitting.number, Answer("q1", text=SECRET), lease="page", sequence=1))
    assert "may only be read" in told
    assert file_store.answers(sitting.number) == {}


def test_a_store_that_another_program_holds(file_store, tmp_path, open_store):
    sitting = seated(file_store)
    other = open_store(f"sqlite:///{tmp_path}/answers.db")
    with other._writing():
        told = failure(lambda: file_store.save(sitting.number, Answer("q1", text=SECRET), lease="page", sequence=1))
    assert "another program holds it locked" in told


def test_a_damaged_file(file_store, tmp_path):
    answer_all(file_store, seated(file_store))
    file_store.close()
    file = tmp_path / "answers.db"
    raw = file.read_bytes()
    file.write_bytes(raw[:4096] + b"\xff" * (len(raw) - 4096))
    told = failure(lambda: Store.open(f"sqlite:///{file}").rows(STUDY))
    assert "damaged" in told


def test_an_answer_that_a_constraint_refuses_is_not_quoted(store):
    told = failure(lambda: store.save(seated(store).number, Answer(None, text=SECRET), lease="page", sequence=1))
    assert "refused to do this (" in told
    assert "IntegrityError" in told or "NotNullViolation" in told


def test_a_folder_that_is_not_there(tmp_path):
    told = failure(lambda: Store.open(f"sqlite:///{tmp_path}/nowhere/answers.db"))
    assert "cannot be made (No such file or directory)" in told
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there():
    pytest.importorskip("psycopg")
    told = failure(lambda: Store.open("postgresql://me:password@127.0.0.1:1/answers"))
    assert "no server answers there" in told
    assert "password" not in told


def test_a_database_and_a_user_that_are_not_there(postgresql):
    told = failure(lambda: Store.open(postgresql.replace("/postgres?", "/nowhere?")))
    assert "does not exist on the server" in told
    told = failure(lambda: Store.open(postgresql.replace("tester@", "nobody:password@")))
    assert "does not exist on the server" in told
    assert "password" not in told


def test_a_server_that_ends_the_connection_is_reached_again(new_database, open_store):
    from sqlalchemy import text

    url = new_database()
    store, other = open_store(url), open_store(url)
    sitting = seated(store)
    with other._reading() as connection:
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        connection.execute(text(f"{ended} AND datname = current_database()"))
    assert store.save(sitting.number, Answer("q1", 1), lease="page", sequence=1) == "saved"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("answers.db", "not the URL of a store"),
        ("", "not the URL of a store"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:///file:x?mode=memory&uri=true", "in memory"),
        ("mysql://host/answers", "not in 'mysql'"),
        ("http://host/answers", "not in 'http'"),
    ],
)
def test_a_url_that_names_no_store(url, words):
    assert words in failure(lambda: Store.open(url))


def test_a_failed_invitation_leaves_nothing(store):
    failing = event.listens_for(store._engine, "before_cursor_execute")

    @failing
    def fail(_connection, _cursor, statement, *_):
        if statement.startswith("INSERT INTO tokens") and len(sent) == 3:
            raise KeyboardInterrupt
        sent.append(statement) if statement.startswith("INSERT INTO tokens") else None

    sent = []
    with pytest.raises(KeyboardInterrupt):
        invite(store, 5)
    assert store.counts(STUDY).invited == 0
    sent.append("so that it no longer fails")
    assert len(invite(store, 5)) == 5


@pytest.fixture(scope="module")
def guarded(new_database):
    """The URL, without a password, of a database whose server asks for one."""
    url = new_database()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {GUARDED} LOGIN PASSWORD 'open sesame'"))
        connection.execute(text(f"GRANT ALL ON SCHEMA public TO {GUARDED}"))
    engine.dispose()
    return url.replace("tester@", f"{GUARDED}@")


@pytest.fixture
def no_password(monkeypatch, tmp_path):
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "passwords"))
    return tmp_path / "passwords"


def test_a_url_without_a_password_takes_that_of_the_environment(guarded, no_password, open_store, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "open sesame")
    store = open_store(guarded)
    answer_all(store, seated(store))
    assert "sesame" not in repr(store) + store.name


def test_a_url_without_a_password_takes_that_of_a_file(guarded, no_password, open_store):
    no_password.write_text(f"*:*:*:{GUARDED}:open sesame\n")
    no_password.chmod(0o600)
    assert open_store(guarded).walk_in("other", "me").person == "me"


def test_a_missing_and_a_wrong_password_are_told_of(guarded, no_password, monkeypatch):
    assert "asks for a password. Put it into ~/.pgpass" in failure(lambda: Store.open(guarded))
    monkeypatch.setenv("PGPASSWORD", "shut sesame")
    told = failure(lambda: Store.open(guarded))
    assert "does not accept the user name or password" in told
    assert "sesame" not in told
