"""The calendar of a collection: when each occasion opens and closes for a person, by the study's clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .collection import Collection, OccasionPlan


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


def planned(plans: Sequence[OccasionPlan]) -> dict[tuple[str | None, str | None], date | int]:
    """List occasions by wave and day, each with the date, or the days after a person's consent, on which it opens."""
    found: dict[tuple[str | None, str | None], date | int] = {}
    for plan in plans:
        if plan.days is None:
            found[plan.wave, None] = plan.opens
        for number in range(plan.days or 0):
            opens = plan.opens + timedelta(days=number) if isinstance(plan.opens, date) else plan.opens + number
            found[plan.wave, str(number + 1)] = opens
    return found


def ends(
    collection: Collection, plans: Sequence[OccasionPlan], consented_at: datetime
) -> dict[tuple[str | None, str | None], datetime | None]:
    """Give, by wave and day, when each occasion of a person is over: with its own end or the study's; None if never."""
    last = study_closes(collection)
    return {
        (one.wave, one.day): min((end for end in (one.closes, last) if end is not None), default=None)
        for one in occasions(collection, plans, consented_at)
    }
