"""Erasing means erasing: a person's rows go, and then their bytes."""

from __future__ import annotations

import secrets
import sqlite3
import time
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.engine.interfaces import DBAPICursor

from .codes import code_checksum
from .tables import about, answers, audit, page_times, participants, sittings, tokens, withdrawals

PENDING = "bytes of withdrawn answers"
IN_LOG = "log "  # begins the mark once the file is written anew and only its log is left to empty
TRIES, WAIT = 20, 0.05


def withdraw(connection: Connection, study: str, code: str, now: datetime, owner: int | None = None) -> bool:
    """Delete all that is known of whoever has this code, or of `owner` alone; a date without identity stays."""
    checksum = code_checksum(code)
    holder = (participants.c.withdrawal_checksum == checksum) & (participants.c.study == study)
    if owner is not None:
        holder &= participants.c.id == owner
    number = connection.execute(select(participants.c.id).where(holder).with_for_update()).scalar_one_or_none()
    if number is None:
        return False
    mine = select(sittings.c.id).where(sittings.c.participant_id == number).with_for_update()
    begun = list(connection.execute(mine).scalars())
    for table in (page_times, audit, answers):
        connection.execute(delete(table).where(table.c.sitting_id.in_(begun)))
    for table in (sittings, tokens):
        connection.execute(delete(table).where(table.c.participant_id == number))
    connection.execute(delete(participants).where(participants.c.id == number))
    connection.execute(insert(withdrawals).values(study=study, withdrawn_on=now.date()))
    mark(connection)
    return True


def mark(connection: Connection) -> None:
    """Note that bytes of what was deleted may still stand in the file."""
    connection.execute(delete(about).where(about.c.name == PENDING))
    connection.execute(insert(about).values(name=PENDING, value=secrets.token_hex(8)))


def pending(connection: Connection) -> str | None:
    """Read the mark of bytes of withdrawn answers that may still stand in the file, or only in its log."""
    return connection.execute(select(about.c.value).where(about.c.name == PENDING)).scalar_one_or_none()


def marked(connection: Connection, mark: str, then: str | None) -> None:
    """Put another mark in the place of this one, or none; a mark that a later withdrawal made stays."""
    mine = (about.c.name == PENDING) & (about.c.value == mark)
    connection.execute(delete(about).where(mine) if then is None else update(about).where(mine).values(value=then))


def rewrite(engine: Engine) -> bool:
    """Write the file anew, so that no byte of a deleted row is left in it; False where that is not possible now.

    `secure_delete` alone does not do: a page that was split keeps stale copies of what moved to another page.
    """
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("VACUUM")
        return True
    except sqlite3.OperationalError:  # another program writes, or there is no room for a second copy
        return False
    finally:
        connection.close()


def empty_log(engine: Engine) -> bool:
    """Move what is in the log to the file; False where a reader is in the way.

    It never waits long at a time: nobody can write while it waits.
    """
    connection = engine.raw_connection()
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout")
    (timeout,) = cursor.fetchone() or (0,)
    try:
        cursor.execute("PRAGMA busy_timeout=0")
        return _is_emptied(cursor)
    finally:
        cursor.execute(f"PRAGMA busy_timeout={timeout}")
        connection.close()


def _is_emptied(cursor: DBAPICursor) -> bool:
    for _ in range(TRIES):
        with suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy = cursor.fetchone()
            if busy is not None and not busy[0]:
                return True
        time.sleep(WAIT)
    return False
