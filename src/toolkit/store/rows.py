"""All answers of a study, occasion by occasion, as the reader wants them."""

from __future__ import annotations

import json
from itertools import groupby

from sqlalchemy import Connection, select

from .counts import in_seconds, page_seconds
from .records import Answer, OccasionAnswers
from .tables import answers, couples, participants, sittings


def rows(connection: Connection, study: str) -> list[OccasionAnswers]:
    """Read every occasion that was begun, with its answers in the order of the items."""
    given = _answers(connection, study)
    seconds = page_seconds()
    people = (participants.c.person, participants.c.role, participants.c.consented_at)
    query = (
        select(sittings, *people, couples.c.couple, seconds.c.milliseconds)
        .join_from(sittings, participants)
        .outerjoin(couples, participants.c.couple_id == couples.c.id)
        .outerjoin(seconds, seconds.c.sitting_id == sittings.c.id)
        .where(participants.c.study == study)
        .order_by(participants.c.id, sittings.c.id)
    )
    return [
        OccasionAnswers(
            person=row.person,
            couple=row.couple,
            role=row.role,
            wave=row.wave or None,
            day=row.day or None,
            submitted=row.submitted_at is not None,
            late=row.late,
            order=tuple(json.loads(row.item_order)),
            seconds=_seconds(row.milliseconds, given.get(row.id, ())),
            answers=given.get(row.id, ()),
            consented_at=row.consented_at,
        )
        for row in connection.execute(query)
    ]


def _answers(connection: Connection, study: str) -> dict[int, tuple[Answer, ...]]:
    columns = (answers.c.sitting_id, answers.c.item, answers.c.value, answers.c.text, answers.c.reason)
    query = (
        select(*columns, answers.c.milliseconds)
        .join_from(answers, sittings)
        .join(participants)
        .where(participants.c.study == study)
        .order_by(answers.c.sitting_id, answers.c.item)
    )
    found = groupby(connection.execute(query), key=lambda row: row.sitting_id)
    return {number: tuple(Answer(*row[1:]) for row in several) for number, several in found}


def _seconds(milliseconds: int | None, given: tuple[Answer, ...]) -> float | None:
    """Take the times on pages, or, where these were not kept, the times of the items."""
    timed = [one.milliseconds for one in given if one.milliseconds is not None]
    return in_seconds(milliseconds if milliseconds is not None else sum(timed) if timed else None)
