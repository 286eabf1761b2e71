"""What a store knows about studies: their definitions, and inputs that were refused."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from .tables import definitions, participants, refusals


def register(connection: Connection, study: str, definition: str, now: datetime) -> None:
    """Keep a study's definition, once for each wording, so that the store alone can be read."""
    checksum = hashlib.sha256(definition.encode()).hexdigest()
    own = definitions.c.study == study
    newest = select(definitions.c.checksum).where(own).order_by(definitions.c.id.desc()).limit(1)
    if connection.execute(newest).scalar_one_or_none() == checksum:
        return
    values = {"study": study, "checksum": checksum, "definition": definition, "registered_at": now}
    with suppress(IntegrityError), connection.begin_nested():  # another process may register the same at this moment
        connection.execute(definitions.delete().where(own & (definitions.c.checksum == checksum)))
        connection.execute(insert(definitions).values(values))


def definition(connection: Connection, study: str) -> str | None:
    """Read the definition that was registered last."""
    newest = select(definitions.c.definition).where(definitions.c.study == study).order_by(definitions.c.id.desc())
    return connection.execute(newest.limit(1)).scalar_one_or_none()


def names(connection: Connection) -> list[str]:
    """List the studies that have a definition or participants."""
    known = select(definitions.c.study).union(select(participants.c.study))
    return sorted(connection.execute(known).scalars())


def refuse(connection: Connection, study: str, rule: str, now: datetime) -> None:
    """Count a refused input by its rule and date; never what it was or whose, nor when: that tells whose it was."""
    connection.execute(insert(refusals).values(study=study, rule=rule, refused_on=now.astimezone(UTC).date()))
