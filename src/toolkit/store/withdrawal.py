"""Erasing means erasing: a person's rows go, and then their bytes."""

from __future__ import annotations

import sqlite3
import time
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DatabaseError

from .codes import code_checksum
from .engine import Place
from .tables import about, answers, audit, page_times, participants, sittings, tokens, withdrawals

PENDING = "bytes of withdrawn answers"
TRIES, WAIT = 20, 0.05


def withdraw(connection: Connection, study: str, code: str, now: datetime) -> bool:
    """Delete all that is known of whoever has this code; a date without identity stays."""
    checksum = code_checksum(code)
    holder = (participants.c.withdrawal_checksum == checksum) & (participants.c.study == study)
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
    connection.execute(delete(about).where(about.c.name == PENDING))
    connection.execute(insert(about).values(name=PENDING, value="to be overwritten"))
    return True


def is_pending(connection: Connection) -> bool:
    """Tell whether bytes of withdrawn answers may still stand in the file."""
    return connection.execute(select(about.c.value).where(about.c.name == PENDING)).first() is not None


def scrub(engine: Engine, place: Place) -> bool:
    """Rewrite the file and empty its log, so that no byte of a deleted row is left; False where a reader is in the way.

    `secure_delete` alone does not do: a page that was split keeps stale copies of what moved to another page.
    In PostgreSQL the server's own vacuum, log and backups are its administrator's.
    """
    if place.file is None:
        return True
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("VACUUM")
        return _log_is_emptied(cursor)
    except sqlite3.OperationalError as problem:
        if "locked" in str(problem):
            return False
        raise DatabaseError("VACUUM", None, problem) from None
    finally:
        connection.close()


def _log_is_emptied(cursor: DBAPICursor) -> bool:
    for _ in range(TRIES):
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy = cursor.fetchone()
        if busy is not None and not busy[0]:
            return True
        time.sleep(WAIT)
    return False


def scrubbed(connection: Connection) -> None:
    """Note that no bytes are left to overwrite."""
    connection.execute(delete(about).where(about.c.name == PENDING))
