"""One person's occasion: begun, resumed, answered one item at a time, submitted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from .people import no_participant
from .records import Answer, Outcome, OwnAnswer, Sitting
from .tables import answers, audit, page_times, participants, sittings


@dataclass(frozen=True)
class Stamp:
    """Which page wrote something, as its which message, and when."""

    lease: str
    sequence: int | None
    at: datetime


def _record(row: Row[Any]) -> Sitting:
    return Sitting(
        number=row.id,
        participant=row.participant_id,
        wave=row.wave or None,
        day=row.day or None,
        started_at=row.started_at,
        submitted_at=row.submitted_at,
        late=row.late,
        order=tuple(json.loads(row.item_order)),
        lease=row.lease,
        position=row.position,
    )


def sit(
    connection: Connection,
    number: int,
    occasion: tuple[str | None, str | None],
    order: Sequence[str],
    stamp: Stamp,
    held: str | None = None,
) -> Sitting:
    """Begin or resume an occasion; the newest page holds the lease, and the first order stays.

    A page that goes on with a lease which it `held` does not take it from a page that came after it.
    """
    person = select(participants.c.id).where(participants.c.id == number).with_for_update()
    if connection.execute(person).one_or_none() is None:
        raise no_participant()
    wave, day = (part or "" for part in occasion)
    mine = (sittings.c.participant_id == number) & (sittings.c.wave == wave) & (sittings.c.day == day)
    found = connection.execute(select(sittings).where(mine).with_for_update()).one_or_none()
    if found is None:
        values = {"participant_id": number, "wave": wave, "day": day, "item_order": json.dumps(list(order))}
        begun = insert(sittings).values(started_at=stamp.at, late=False, lease=stamp.lease, position=0, **values)
        return _record(connection.execute(begun.returning(sittings)).one())
    if found.submitted_at is not None or (held is not None and held != found.lease):
        return _record(found)
    taken = update(sittings).where(sittings.c.id == found.id).values(lease=stamp.lease)
    return _record(connection.execute(taken.returning(sittings)).one())


def of_participant(connection: Connection, number: int) -> list[Sitting]:
    """List a person's occasions in the order in which they were begun."""
    mine = select(sittings).where(sittings.c.participant_id == number).order_by(sittings.c.id)
    return [_record(row) for row in connection.execute(mine)]


def _standing(connection: Connection, sitting: int, lease: str) -> Outcome:
    """Tell whether a page may write to an occasion; the row stays locked until the end of the transaction."""
    query = select(sittings.c.lease, sittings.c.submitted_at).where(sittings.c.id == sitting).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None or row.submitted_at is not None:
        return "closed"
    return "saved" if row.lease == lease else "elsewhere"


def save(connection: Connection, sitting: int, answer: Answer, stamp: Stamp) -> Outcome:
    """Save an answer with its audit row; a message that came before changes nothing."""
    outcome = _standing(connection, sitting, stamp.lease)
    if outcome != "saved":
        return outcome
    cell = (answers.c.sitting_id == sitting) & (answers.c.item == answer.item)
    known = connection.execute(select(answers.c.lease, answers.c.sequence).where(cell)).one_or_none()
    if known is not None and known.lease == stamp.lease and (stamp.sequence or 0) <= known.sequence:
        return "saved"
    content = _content(answer)
    kept = {**content, "lease": stamp.lease, "sequence": stamp.sequence, "answered_at": stamp.at}
    if known is None:
        connection.execute(insert(answers).values(sitting_id=sitting, item=answer.item, **kept))
    else:
        connection.execute(update(answers).where(cell).values(kept))
    change = {**content, "sequence": stamp.sequence, "written_at": stamp.at}
    connection.execute(insert(audit).values(sitting_id=sitting, item=answer.item, **change))
    return "saved"


def _content(answer: Answer) -> dict[str, Any]:
    return {
        "value": answer.value,
        "text": answer.text,
        "reason": answer.reason,
        "milliseconds": answer.milliseconds,
    }


def place(connection: Connection, sitting: int, reached: int, milliseconds: int | None, stamp: Stamp) -> Outcome:
    """Note which page was reached, and the time on the page that was left; a message that came before adds nothing."""
    outcome = _standing(connection, sitting, stamp.lease)
    if outcome != "saved":
        return outcome
    left = connection.execute(select(sittings.c.position).where(sittings.c.id == sitting)).scalar_one()
    if stamp.sequence is not None and _came_before(connection, sitting, stamp):
        return "saved"
    connection.execute(update(sittings).where(sittings.c.id == sitting).values(position=reached))
    if milliseconds is not None:
        written = {"lease": stamp.lease, "sequence": stamp.sequence, "left_at": stamp.at}
        row = insert(page_times).values(sitting_id=sitting, position=left, milliseconds=milliseconds, **written)
        connection.execute(row)
    return "saved"


def _came_before(connection: Connection, sitting: int, stamp: Stamp) -> bool:
    mine = (page_times.c.sitting_id == sitting) & (page_times.c.lease == stamp.lease)
    later = select(page_times.c.id).where(mine, page_times.c.sequence >= stamp.sequence)
    return connection.execute(later).first() is not None


def submit(connection: Connection, sitting: int, lease: str, late: bool, now: datetime) -> Outcome:
    """Close an occasion: what was not answered was skipped. Sent again by the same page it is still saved."""
    query = select(sittings.c.lease, sittings.c.submitted_at, sittings.c.item_order).where(sittings.c.id == sitting)
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        return "closed"
    if row.submitted_at is not None:
        return "saved" if row.lease == lease else "closed"
    if row.lease != lease:
        return "elsewhere"
    _skip(connection, sitting, json.loads(row.item_order), Stamp(lease, 0, now))
    done = update(sittings).where(sittings.c.id == sitting).values(submitted_at=now, late=late)
    connection.execute(done)
    return "saved"


def _skip(connection: Connection, sitting: int, order: Sequence[str], stamp: Stamp) -> None:
    """Give every item without an answer the reason, with its audit row."""
    known = {row.item: row for row in connection.execute(select(answers).where(answers.c.sitting_id == sitting))}
    cleared = [item for item, row in known.items() if row.value is None and row.text is None and row.reason is None]
    absent = [item for item in order if item not in known]
    if cleared:
        cells = (answers.c.sitting_id == sitting) & answers.c.item.in_(cleared)
        connection.execute(update(answers).where(cells).values(reason="skipped", answered_at=stamp.at))
    if absent:
        row = {"sitting_id": sitting, "reason": "skipped", "sequence": stamp.sequence}
        rows = [{**row, "item": item, "lease": stamp.lease, "answered_at": stamp.at} for item in absent]
        connection.execute(insert(answers), rows)
    changes = [
        {"sitting_id": sitting, "item": item, "reason": "skipped", "sequence": stamp.sequence, "written_at": stamp.at}
        for item in (*cleared, *absent)
    ]
    if changes:
        connection.execute(insert(audit), changes)


def given(connection: Connection, sitting: int) -> dict[str, Answer]:
    """Read the answers of an occasion by item; those that were cleared are left out."""
    rows = connection.execute(select(answers).where(answers.c.sitting_id == sitting))
    found = {row.item: Answer(row.item, row.value, row.text, row.reason, row.milliseconds) for row in rows}
    return {item: answer for item, answer in found.items() if not answer.is_empty}


def own(connection: Connection, number: int) -> list[OwnAnswer]:
    """Read everything that one person answered."""
    query = (
        select(sittings.c.wave, sittings.c.day, answers)
        .join(answers, answers.c.sitting_id == sittings.c.id)
        .where(sittings.c.participant_id == number)
        .order_by(sittings.c.id, answers.c.answered_at, answers.c.item)
    )
    return [
        OwnAnswer(row.wave or None, row.day or None, row.item, row.value, row.text, row.reason, row.answered_at)
        for row in connection.execute(query)
    ]
