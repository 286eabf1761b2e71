"""Two people become a couple: each gives the couple's code."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from .codes import code_checksum
from .tables import couples, participants

NONE = -1  # no couple and no person has this number


def join(connection: Connection, number: int, couple_code: str) -> bool:
    """Join a couple; False, by the same statements, for a forged code, a full couple and a role that is taken."""
    person = select(participants.c.study, participants.c.couple_id, participants.c.role)
    me = connection.execute(person.where(participants.c.id == number)).one_or_none()
    study = me.study if me is not None else ""
    wanted = (couples.c.code_checksum == code_checksum(couple_code)) & (couples.c.study == study)
    couple = connection.execute(select(couples.c.id, couples.c.roles).where(wanted).with_for_update()).one_or_none()
    found = couple.id if couple is not None else NONE
    others = (participants.c.couple_id == found) & (participants.c.id != number)
    taken = list(connection.execute(select(participants.c.role).where(others)).scalars())
    own = me.role if me is not None else None
    fits, role = _place(own, json.loads(couple.roles) if couple is not None else [], taken)
    free = couple is not None and fits and me is not None and me.couple_id in (None, found)
    joined = participants.c.id == (number if free else NONE)
    connection.execute(update(participants).where(joined).values(couple_id=found, role=role))
    return free


def _place(own: str | None, roles: Sequence[str], taken: Sequence[str | None]) -> tuple[bool, str | None]:
    """Find a person's place among the partners who are there; who has no role yet takes the free one."""
    if len(taken) > 1:
        return False, own
    free = [role for role in roles if role not in taken]
    role = own if own is not None else next(iter(free), None)
    return (role in free if roles else role is None or role not in taken), role
