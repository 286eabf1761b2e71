"""Schedule: which occasion is due for a person at a moment, by the study's clock and calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from ..collection import Collection, OccasionPlan
from ..store.records import Sitting

State = Literal["open", "later", "done", "over"]


@dataclass(frozen=True)
class Occasion:
    """One time at which a person is asked: from `opens` until just before `closes`, both in UTC."""

    plan: OccasionPlan
    wave: str | None
    day: str | None
    opens: datetime
    closes: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Tell whether answers may begin."""
        return self.opens <= now and not self.is_over(now)

    def is_over(self, now: datetime) -> bool:
        """Tell whether the time for answers has passed."""
        return self.closes is not None and now >= self.closes


@dataclass(frozen=True)
class Due:
    """What a person finds who comes now.

    Attributes
    ----------
    state : `open` (there is an occasion to answer), `later` (the next one opens at `next`), `done` (everything that
        there was to answer is submitted), `over` (nothing more can be answered, and something was not).
    occasion : the occasion that is open.
    next : when the next one opens.
    sent : whether the occasion that opened last is still open and already submitted.
    """

    state: State
    occasion: Occasion | None = None
    next: datetime | None = None
    sent: bool = False


def local_moment(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """Give the moment at which a full hour of a day begins; hour 24 and later belong to the night that follows.

    Examples
    --------
    >>> local_moment(date(2027, 3, 28), 26, ZoneInfo("Europe/Berlin")).isoformat()
    '2027-03-29T00:00:00+00:00'
    """
    wall = datetime.combine(day + timedelta(days=hour // 24), time(hour % 24), tzinfo=zone)
    return wall.astimezone(UTC)


def occasions(collection: Collection, plans: Sequence[OccasionPlan], consented_at: datetime) -> list[Occasion]:
    """List all occasions of a person, in the order of the study file; days count from the local date of consent."""
    zone = collection.zone
    enrolled = consented_at.astimezone(zone).date()
    found: list[Occasion] = []
    for plan in plans:
        first = _day(plan.opens, enrolled)
        start, end = plan.open_hours
        if plan.days is None:
            closes = None if plan.closes is None else local_moment(_day(plan.closes, enrolled), 24, zone)
            found.append(Occasion(plan, plan.wave, None, local_moment(first, 0, zone), closes))
        for number in range(plan.days or 0):
            day = first + timedelta(days=number)
            window = local_moment(day, start, zone), local_moment(day, end, zone)
            found.append(Occasion(plan, plan.wave, str(number + 1), *window))
    return found


def _day(when: int | date, enrolled: date) -> date:
    return when if isinstance(when, date) else enrolled + timedelta(days=when)


def study_closes(collection: Collection) -> datetime | None:
    """Give the moment from which a study takes neither answers nor withdrawals: the end of its last day."""
    return None if collection.closes is None else local_moment(collection.closes, 24, collection.zone)


def is_closed(collection: Collection, now: datetime) -> bool:
    """Tell whether the study's last day has passed."""
    closes = study_closes(collection)
    return closes is not None and now >= closes


def due(
    collection: Collection,
    plans: Sequence[OccasionPlan],
    consented_at: datetime,
    sittings: Sequence[Sitting],
    now: datetime,
) -> Due:
    """Find the one occasion that is due: of those open and not yet submitted, the first of the study file."""
    submitted = {(one.wave, one.day) for one in sittings if one.submitted_at is not None}
    everything = occasions(collection, plans, consented_at)
    if is_closed(collection, now):
        return Due("done" if all((one.wave, one.day) in submitted for one in everything) else "over")
    waiting = [one for one in everything if (one.wave, one.day) not in submitted]
    latest = max((one for one in everything if one.opens <= now), key=lambda one: one.opens, default=None)
    sent = latest is not None and latest.is_open(now) and latest not in waiting
    for one in waiting:
        if one.is_open(now):
            return Due("open", one, sent=sent)
    ends = study_closes(collection)
    later = [one.opens for one in waiting if one.opens > now and (ends is None or one.opens < ends)]
    if later:
        return Due("later", next=min(later), sent=sent)
    return Due("over" if waiting else "done", sent=sent)
