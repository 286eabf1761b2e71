"""How an older store is moved forward, one version of the schema at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Index, Integer, MetaData, Table, Text, insert, select, text, update

from . import withdrawal
from .people import WIDTH
from .tables import Moment, about, couples, participants, refusals

REFUSALS_OF_2 = Table(
    "refusals",
    MetaData(),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("study", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("refused_at", Moment, nullable=False),
    Index("refusals_by_study", "study"),
    sqlite_autoincrement=True,
)


class _Place(NamedTuple):
    """Where a person belongs: the number of the couple, and the role in it."""

    number: int
    role: str | None


def _from_1(connection: Connection) -> None:
    """Version 2 knows late submissions, and counts refused inputs."""
    kind = "BOOLEAN DEFAULT 0" if connection.dialect.name == "sqlite" else "BOOLEAN DEFAULT FALSE"
    connection.execute(text(f"ALTER TABLE sittings ADD COLUMN late {kind} NOT NULL"))
    REFUSALS_OF_2.create(connection)


def _from_2(connection: Connection) -> None:
    """Version 3 knows to which couple a person was invited, and of refused inputs only the date."""
    _keep_dates_only(connection)
    connection.execute(text("ALTER TABLE participants ADD COLUMN invited_couple_id INTEGER REFERENCES couples (id)"))
    connection.execute(update(participants).values(invited_couple_id=participants.c.couple_id))
    for study in list(connection.execute(select(couples.c.study).distinct()).scalars()):
        _bind(connection, study)


def _keep_dates_only(connection: Connection) -> None:
    old = REFUSALS_OF_2.c
    found = connection.execute(select(old.study, old.rule, old.refused_at).order_by(old.id)).all()
    REFUSALS_OF_2.drop(connection)
    refusals.create(connection)
    if found:
        dated = [{"study": one.study, "rule": one.rule, "refused_on": one.refused_at.date()} for one in found]
        connection.execute(insert(refusals), dated)
        withdrawal.mark(connection)


def _bind(connection: Connection, study: str) -> None:
    """Bind those who have not joined a couple yet to the one they were invited to, where that is certain.

    It is, where everybody of a study was invited in couples: P001 and P002 are C001 then, and so on. Whoever is not
    bound has no couple to join: to look whether a place is free, as earlier versions did, tells of the partner. Nobody
    is bound to a couple that somebody else has joined with its code.
    """
    if not _all_invited_in_couples(connection, study):
        return
    made = select(couples.c.id, couples.c.couple, couples.c.roles).where(couples.c.study == study)
    places = _places(connection.execute(made))
    who = participants.c
    people = connection.execute(select(who.id, who.person, who.role, who.couple_id).where(who.study == study)).all()
    meant = {row.id: places.get(row.person) for row in people}
    strange = {row.couple_id for row in people if row.couple_id != getattr(meant[row.id], "number", None)}
    for row in people:
        place = meant[row.id]
        if row.couple_id is None and place and place.role == row.role and place.number not in strange:
            connection.execute(update(participants).where(who.id == row.id).values(invited_couple_id=place.number))


def _all_invited_in_couples(connection: Connection, study: str) -> bool:
    """Tell whether a study gave out two names of persons for each name of a couple, and none beside."""
    last = {}
    for letter in "PC":
        held = select(about.c.value).where(about.c.name == f"last {letter} of {study}")
        last[letter] = int(connection.execute(held).scalar_one_or_none() or 0)
    return last["P"] == 2 * last["C"]


def _places(pairs: Iterable[Any]) -> dict[str, _Place]:
    """Say by name of the person where they belong: P003 is the first of C002, P004 the second."""
    places = {}
    for pair in pairs:
        second = 2 * int(pair.couple.removeprefix("C"))
        for number, role in zip((second - 1, second), json.loads(pair.roles) or [None, None], strict=True):
            places[f"P{number:0{WIDTH}d}"] = _Place(pair.id, role)
    return places


STEPS = {1: _from_1, 2: _from_2}
