"""How far a study has come, for the researcher alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, case, func, or_, select

from .records import Counts, OccasionCount, Progress
from .tables import answers, couples, page_times, participants, refusals, sittings, withdrawals

ANSWERED = or_(
    answers.c.value.is_not(None),
    answers.c.text.is_not(None),
    and_(answers.c.reason.is_not(None), answers.c.reason != "skipped"),
)


def progress(connection: Connection, study: str) -> list[Progress]:
    """Give a row for each person and each occasion they began; one row without occasion for those who began none."""
    answered, seconds, last = _answered(), page_seconds(), _last_items()
    query = (
        select(
            participants,
            couples.c.couple,
            sittings.c.wave,
            sittings.c.day,
            sittings.c.started_at,
            sittings.c.submitted_at,
            sittings.c.late,
            answered.c.n_answered,
            func.coalesce(seconds.c.milliseconds, answered.c.milliseconds).label("milliseconds"),
            last.c.item,
        )
        .outerjoin_from(participants, couples, participants.c.couple_id == couples.c.id)
        .outerjoin(sittings, sittings.c.participant_id == participants.c.id)
        .outerjoin(answered, answered.c.sitting_id == sittings.c.id)
        .outerjoin(seconds, seconds.c.sitting_id == sittings.c.id)
        .outerjoin(last, and_(last.c.sitting_id == sittings.c.id, last.c.place == 1))
        .where(participants.c.study == study)
        .order_by(participants.c.id, sittings.c.id)
    )
    return [_progress(row) for row in connection.execute(query)]


def _progress(row: Any) -> Progress:
    return Progress(
        person=row.person,
        couple=row.couple,
        role=row.role,
        wave=row.wave or None,
        day=row.day or None,
        invited_at=row.invited_at,
        consented_at=row.consented_at,
        started_at=row.started_at,
        submitted_at=row.submitted_at,
        late=bool(row.late),
        n_answered=row.n_answered or 0,
        seconds=in_seconds(row.milliseconds),
        last_item=row.item,
    )


def in_seconds(milliseconds: int | None) -> float | None:
    """Turn a sum of milliseconds into seconds; None where nothing was timed."""
    return None if milliseconds is None else int(milliseconds) / 1000


def page_seconds() -> Any:
    """Sum the times on pages, by occasion."""
    total = func.sum(page_times.c.milliseconds).label("milliseconds")
    return select(page_times.c.sitting_id, total).group_by(page_times.c.sitting_id).subquery()


def _answered() -> Any:
    n_answered = func.count().label("n_answered")
    total = func.sum(answers.c.milliseconds).label("milliseconds")
    return select(answers.c.sitting_id, n_answered, total).where(ANSWERED).group_by(answers.c.sitting_id).subquery()


def _last_items() -> Any:
    newest = (answers.c.answered_at.desc(), answers.c.sequence.desc(), answers.c.item)
    place = func.row_number().over(partition_by=answers.c.sitting_id, order_by=newest).label("place")
    return select(answers.c.sitting_id, answers.c.item, place).where(ANSWERED).subquery()


def counts(connection: Connection, study: str) -> Counts:
    """Count people, couples and occasions; who withdrew was invited, and is counted nowhere else."""
    mine = participants.c.study == study
    people = select(func.count(), func.count(participants.c.consented_at)).where(mine)
    present, consented = connection.execute(people).one()
    n_withdrawn = _count(connection, select(func.count()).where(withdrawals.c.study == study))
    begun = select(
        func.count(sittings.c.participant_id.distinct()),
        func.count(case((sittings.c.submitted_at.is_not(None), sittings.c.participant_id)).distinct()),
    )
    started, submitted = connection.execute(begun.join(participants).where(mine)).one()
    complete = _complete_couples(study)
    linked = select(participants.c.couple_id).where(mine, participants.c.couple_id.is_not(None))
    pairs = linked.group_by(participants.c.couple_id).having(func.count() == 2).subquery()
    return Counts(
        invited=present + n_withdrawn,
        consented=consented,
        started=started,
        submitted=submitted,
        withdrawn=n_withdrawn,
        couples=_count(connection, select(func.count()).where(couples.c.study == study)),
        couples_linked=_count(connection, select(func.count()).select_from(pairs)),
        couples_complete=_count(connection, select(func.count(complete.c.couple_id.distinct()))),
        refused_inputs=_count(connection, select(func.count()).where(refusals.c.study == study)),
        occasions=_occasions(connection, study),
    )


def _count(connection: Connection, query: Any) -> int:
    return int(connection.execute(query).scalar_one())


def _complete_couples(study: str) -> Any:
    """List the occasions that both partners of a couple submitted."""
    together = (participants.c.couple_id, sittings.c.wave, sittings.c.day)
    return (
        select(*together)
        .join_from(sittings, participants)
        .where(participants.c.study == study, participants.c.couple_id.is_not(None))
        .where(sittings.c.submitted_at.is_not(None))
        .group_by(*together)
        .having(func.count() == 2)
        .subquery()
    )


def _occasions(connection: Connection, study: str) -> tuple[OccasionCount, ...]:
    complete = _complete_couples(study)
    by = (sittings.c.wave, sittings.c.day)
    late = func.sum(case((sittings.c.late, 1), else_=0))
    query = select(*by, func.count(), func.count(sittings.c.submitted_at), late).join_from(sittings, participants)
    begun = connection.execute(query.where(participants.c.study == study).group_by(*by)).all()
    pairs = connection.execute(
        select(complete.c.wave, complete.c.day, func.count()).group_by(complete.c.wave, complete.c.day)
    )
    both = {(wave, day): n for wave, day, n in pairs}
    ordered = sorted(begun, key=lambda row: (_in_order(row.wave), _in_order(row.day)))
    return tuple(
        OccasionCount(wave or None, day or None, started, submitted, int(n_late), both.get((wave, day), 0))
        for wave, day, started, submitted, n_late in ordered
    )


def _in_order(key: str) -> tuple[int, int, str]:
    """Sort numbers by size, before words."""
    return (0, int(key), "") if key.isascii() and key.isdigit() else (1, 0, key) if key else (-1, 0, "")
