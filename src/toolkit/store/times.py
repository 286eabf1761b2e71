"""Times on pages, for the researcher alone."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from .records import PageTime
from .tables import page_times, participants, sittings


def page_seconds_by_place(connection: Connection, study: str) -> list[PageTime]:
    """Sum the time that each occasion spent on each page, without saying whose it is."""
    total = func.sum(page_times.c.milliseconds)
    by = (sittings.c.id, sittings.c.wave, sittings.c.day, page_times.c.position)
    query = select(*by, total).join_from(page_times, sittings).join(participants).where(participants.c.study == study)
    found = connection.execute(query.group_by(*by).order_by(*by))
    return [PageTime(wave or None, day or None, place, int(spent) / 1000) for _, wave, day, place, spent in found]
