"""From a URL to an engine: the settings under which nothing is lost, and files that only their owner reads."""

from __future__ import annotations

import os
import sqlite3
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError as BadUrl
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

from ..checks import quoted
from ..errors import StoreError, StoreWarning

TIMEOUT = 30.0
WAIT = 10  # milliseconds in which SQLite asks a few times, before it is told to ask anew
OTHERS = stat.S_IRWXG | stat.S_IRWXO
EXAMPLES = "such as sqlite:///answers.db or postgresql+psycopg://user@host/database"
PRAGMAS = ("foreign_keys=ON", "synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY")


@dataclass(frozen=True)
class Place:
    """Where a store is: its URL, its name without password, and its file if it has one."""

    url: URL
    name: str
    file: Path | None


def locate(url: str, folder: Path | None = None) -> Place:
    """Read a URL; the relative path of a SQLite file is relative to the folder."""
    try:
        parsed = make_url(url)
    except (BadUrl, ValueError):
        raise StoreError(f"{quoted(url)} is not the URL of a store; write one {EXAMPLES}.") from None
    kind = parsed.get_backend_name()
    if kind in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
        return Place(parsed, parsed.set(query={}).render_as_string(hide_password=True), None)
    if kind != "sqlite":
        raise StoreError(f"a store is kept in SQLite or PostgreSQL, not in {quoted(kind)}; write a URL {EXAMPLES}.")
    if not parsed.database or parsed.database.startswith((":", "file:")):
        raise StoreError("a store in memory would lose all answers; name a file, such as sqlite:///answers.db.")
    file = Path(os.path.abspath((folder or Path()) / parsed.database))
    return Place(URL.create("sqlite", database=str(file)), str(file), file)


def connect(place: Place, *, timeout: float = TIMEOUT, read_only: bool = False) -> Engine:
    """Make an engine; failures never quote what was being written."""
    if place.file is None:
        return _postgresql(place, timeout)
    return _sqlite(place.file, timeout, read_only)


def _postgresql(place: Place, timeout: float) -> Engine:
    try:
        return create_engine(
            place.url,
            hide_parameters=True,
            pool_size=1,
            max_overflow=19,
            pool_pre_ping=True,
            connect_args={"connect_timeout": max(2, int(timeout))},
        )
    except ModuleNotFoundError:
        raise StoreError(
            "a store in PostgreSQL needs the package psycopg: pip install 'assertiveness-toolkit[postgres]'."
        ) from None


def _sqlite(file: Path, timeout: float, read_only: bool) -> Engine:
    uri = f"{file.as_uri()}?mode={f'ro{_immutable(file)}' if read_only else 'rw'}"
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(
            uri, uri=True, timeout=timeout, check_same_thread=False, isolation_level=None, cached_statements=256
        ),
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=99,
    )
    event.listen(engine, "connect", _settle)
    event.listen(engine, "begin", _begin)
    return engine


def _immutable(file: Path) -> str:
    """Say that a file never changes, where its folder may not be written to: it could not be read otherwise."""
    busy = file.with_name(f"{file.name}-wal").exists()
    return "" if busy or os.access(file.parent, os.W_OK) else "&immutable=1"


def _settle(connection: Any, _: Any) -> None:
    """Set what every connection needs."""
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """Take the right to write at once: a reader that turns writer later fails in spite of the timeout."""
    if connection.get_execution_options().get("reading"):
        connection.exec_driver_sql("BEGIN")
        return
    raw: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    timeout = int(raw.execute("PRAGMA busy_timeout").fetchone()[0])
    raw.execute(f"PRAGMA busy_timeout={WAIT}")
    try:
        _wait_for_turn(raw, timeout)
    finally:
        raw.execute(f"PRAGMA busy_timeout={timeout}")


def _wait_for_turn(raw: sqlite3.Connection, timeout: int) -> None:
    """Ask evenly: SQLite itself asks the less often the longer it waits, so that under load some wait for seconds."""
    for tries_left in range(timeout // WAIT, -1, -1):
        try:
            raw.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as problem:
            if tries_left == 0 or "locked" not in str(problem):
                raise OperationalError("BEGIN IMMEDIATE", None, problem) from None


def make_file(file: Path) -> None:
    """Make the file of a store, if there is none, readable for its owner alone whatever the umask."""
    try:
        made = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    except OSError as problem:
        raise StoreError(
            f"the store {file} cannot be made ({problem.strerror}). Check that its folder exists and may be written to."
        ) from None
    if os.name == "posix":
        os.fchmod(made, 0o600)
    os.close(made)


def can_be_written(file: Path) -> bool:
    """Tell whether SQLite may write to a file and beside it."""
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)


def tighten(file: Path) -> None:
    """Take everybody else's rights from the file and from what SQLite keeps beside it, with a warning."""
    if os.name != "posix":
        return
    for one in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        try:
            mode = stat.S_IMODE(one.stat().st_mode)
            if mode & OTHERS:
                one.chmod(mode & ~OTHERS)
                warnings.warn(
                    f"{one} could be read by others (mode {mode:03o}); now only its owner can. Check who may have "
                    "copied it.",
                    StoreWarning,
                    stacklevel=4,
                )
        except FileNotFoundError:
            continue
        except OSError as problem:
            raise StoreError(
                f"{one} can be read by others, and its permissions cannot be changed ({problem.strerror}). Let its "
                f"owner say: chmod 600 {one}"
            ) from None
