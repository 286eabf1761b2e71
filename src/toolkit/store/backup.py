"""A copy of the store while people answer: whole transactions only."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine.interfaces import DBAPICursor

from ..errors import StoreError
from .engine import Place


def backup(engine: Engine, place: Place, path: Path) -> Path:
    """Copy the store to a new file that only its owner can read, and check the copy."""
    if place.file is None:
        raise StoreError(
            "a PostgreSQL store is copied by its own tool, which is safe while people answer: "
            f"pg_dump --format=custom --file=answers.dump {place.url.set(drivername='postgresql').render_as_string()}"
        )
    target = Path(os.path.abspath(path))
    if target.exists():
        raise StoreError(f"{target} is there already; name a new file for the copy.")
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        part.chmod(0o600)
        _copy(engine, part)
        os.replace(part, target)
    except OSError as problem:
        raise StoreError(f"the copy {target} cannot be written ({problem.strerror}). Check its folder.") from None
    finally:
        part.unlink(missing_ok=True)
    return target


def _copy(engine: Engine, part: Path) -> None:
    """Write what the store holds anew: a copy page by page would carry bytes of those who withdrew.

    That holds even for a withdrawal at this moment, and while overwriting the store's own file has to wait.
    """
    source = engine.raw_connection()
    copy = sqlite3.connect(part, isolation_level=None)
    try:
        cursor = source.cursor()
        sound = _is_sound(cursor)
        cursor.execute("VACUUM INTO ?", (str(part),))
        sound = sound and _is_sound(copy.cursor())
        copy.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as problem:
        raise StoreError(f"the store could not be copied ({problem}). Check the disk's free space.") from None
    finally:
        copy.close()
        source.close()
    if not sound:
        raise StoreError("the copy is damaged, and so is the store: go back to the last sound copy.")


def _is_sound(cursor: DBAPICursor | sqlite3.Cursor) -> bool:
    cursor.execute("PRAGMA integrity_check")
    return cursor.fetchone() == ("ok",)
