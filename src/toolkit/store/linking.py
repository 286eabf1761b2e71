"""Two people become a couple: each gives the code of the couple they were invited to."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from .codes import code_checksum
from .tables import couples, participants

NONE = -1  # no couple and no person has this number


def join(connection: Connection, number: int, couple_code: str) -> bool:
    """Join the own couple; False, by the same statements, for every other code, whoever else has joined what."""
    own = select(couples.c.id).join_from(participants, couples, participants.c.invited_couple_id == couples.c.id)
    meant = own.where(participants.c.id == number, couples.c.code_checksum == code_checksum(couple_code))
    couple = connection.execute(meant).scalar_one_or_none()
    joined = participants.c.id == (NONE if couple is None else number)
    connection.execute(update(participants).where(joined).values(couple_id=NONE if couple is None else couple))
    return couple is not None
