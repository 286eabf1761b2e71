"""Schedule: which occasion is due for a person at a moment, by the study's clock and calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ..collection import Collection, OccasionPlan
from ..collection_calendar import Occasion, is_closed, local_moment, occasions, study_closes
from ..store.records import Sitting

__all__ = ["Due", "Occasion", "due", "is_closed", "local_moment", "occasions", "study_closes"]

State = Literal["open", "later", "done", "over"]


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
