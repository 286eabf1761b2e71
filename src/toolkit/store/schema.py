"""The store's schema: made once, moved forward by steps, refused where it is newer than this toolkit."""

from __future__ import annotations

import sqlite3
import time
from typing import NoReturn

from sqlalchemy import Connection, Engine, insert, inspect, select, text, update
from sqlalchemy.exc import OperationalError

from ..errors import StoreError
from .engine import Place
from .steps import STEPS
from .tables import about, metadata

VERSION = 3
FIRST_OPENING = 7_046_029  # PostgreSQL's lock for whoever makes the tables
TRIES, WAIT = 600, 0.05


def prepare(engine: Engine, place: Place, *, create: bool, read_only: bool = False) -> None:
    """Make the tables or move them forward, safely if several processes do it at once."""
    if _ready(engine):
        return
    if read_only:
        _refuse_to_read(engine, place)
    if place.file is not None:
        _look_first(engine, place, create)
        _keep_a_log(engine)
    with engine.begin() as connection:
        if place.file is None:
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": FIRST_OPENING})
        found = _found(connection)
        if found is None:
            _check_free(connection, place, create)
            metadata.create_all(connection)
            connection.execute(insert(about).values(name="schema", value=str(VERSION)))
        else:
            _forward(connection, found, place)


def _look_first(engine: Engine, place: Place, create: bool) -> None:
    """Leave a file alone that is used for something else."""
    with engine.execution_options(reading=True).connect() as connection:
        if _found(connection) is None:
            _check_free(connection, place, create)


def _keep_a_log(engine: Engine) -> None:
    """Switch the file to a write-ahead log; who comes second waits, which SQLite's own timeout does not cover."""
    for attempt in range(TRIES):
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem) or attempt == TRIES - 1:
                raise OperationalError("PRAGMA journal_mode", None, problem) from None
            time.sleep(WAIT)
        finally:
            connection.close()


def _refuse_to_read(engine: Engine, place: Place) -> NoReturn:
    """Say why a store that may only be read cannot be read: it would have to be made, or moved forward, first."""
    with engine.execution_options(reading=True).connect() as connection:
        found = _found(connection)
        if found is None:
            _check_free(connection, place, create=False)
        elif found > VERSION:
            _forward(connection, found, place)
    raise StoreError(
        f"the store {place.name} has schema {found} and must be moved to {VERSION}, but may only be read. "
        "Copy it to a folder of your own and open the copy."
    )


def _ready(engine: Engine) -> bool:
    with engine.execution_options(reading=True).connect() as connection:
        return _found(connection) == VERSION


def _found(connection: Connection) -> int | None:
    """Read the schema version; None where there is no store yet."""
    if not inspect(connection).has_table(about.name):
        return None
    stated = connection.execute(select(about.c.value).where(about.c.name == "schema")).scalar_one_or_none()
    return int(stated) if stated and stated.isdigit() else None


def _check_free(connection: Connection, place: Place, create: bool) -> None:
    """Refuse to make a store in a database that is used for something else."""
    present = set(inspect(connection).get_table_names())
    foreign = present if place.file is not None else present & set(metadata.tables)
    if foreign or not create:
        raise StoreError(
            f"{place.name} is no store of answers: it holds {'other tables' if foreign else 'no tables of a store'}. "
            "Check the URL, or name a new file or database."
        )


def _forward(connection: Connection, found: int, place: Place) -> None:
    if found > VERSION:
        raise StoreError(
            f"the store {place.name} was written by a newer toolkit (schema {found}; this one knows {VERSION}). "
            "Update the toolkit: pip install --upgrade assertiveness-toolkit."
        )
    for version in range(found, VERSION):
        STEPS[version](connection)
    connection.execute(update(about).where(about.c.name == "schema").values(value=str(VERSION)))
