"""Real databases: a SQLite file, and a PostgreSQL that the tests start themselves."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import create_engine, event, text

from tests.postgresql import server, why_not
from toolkit.store import Store

START = datetime(2026, 12, 1, 12, tzinfo=UTC)
LATER = START + timedelta(days=120)


class Clock:
    """A clock that goes when it is told to, and a microsecond at each look."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def go(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def postgresql():
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with server() as url:
        yield url


@pytest.fixture(scope="session")
def new_database(postgresql):
    engine = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    numbers = count(1)

    def make() -> str:
        name = f"store_{next(numbers)}"
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        return postgresql.replace("/postgres?", f"/{name}?")

    yield make
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The URL of a new store, in each of the two kinds of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/answers.db"
    return request.getfixturevalue("new_database")()


@pytest.fixture
def open_store(clock):
    opened = []

    def make(url: str, **options) -> Store:
        opened.append(Store.open(url, **{"now": clock, **options}))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def store(url, open_store):
    return open_store(url)


@pytest.fixture
def statements(store):
    """Every statement that the store sends."""
    sent = []
    event.listen(store._engine, "before_cursor_execute", lambda *call: sent.append(call[2]))
    return sent
