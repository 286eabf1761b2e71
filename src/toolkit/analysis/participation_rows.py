"""Who took part on which occasion, and how far they came: from a store of answers, or from the answers alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..collection_calendar import occasions, planned
from ..errors import NoAnswers
from ..readers import read_responses
from ..readers.store import read_from
from ..responses import Responses
from ..scoring import score
from ..study import Study

if TYPE_CHECKING:
    from ..store import OccasionAnswers, PageTime, Progress, Store

ROW_COLUMNS = ("person", "couple", "wave", "day", "submitted", "late", "started_on", "submitted_on", "seconds")
Which = tuple[Any, Any]  # wave and day of an occasion
REACTED = ("refused", "dont_know", "not_applicable")
ENDED = ("dropped_out", "timed_out", "unknown")


@dataclass(frozen=True)
class Participation:
    """What is known about who took part.

    Attributes
    ----------
    people : a row per person: `person`, `couple`, `consented`, `analysed` (has a scale score on some occasion).
    rows : a row per occasion whose questionnaire a person opened (where only answers are known: began): `ROW_COLUMNS`,
        and `places` (items, questions) with `last`, the place of the last one that was answered.
    orders : the items of each of these rows, in the order in which they were shown.
    seconds : response times of items: `item`, `seconds`.
    pages : times on pages, where they were kept.
    n_invited, n_withdrawn, n_couples : persons, and couples that were invited; None where only answers are known.
    occasions : wave and day of each occasion, those that were planned included, in their order.
    n_open : for how many of those who agreed each occasion has opened; all of them where it is not among these.
    opens_on : the date on which an occasion opens, where that is the same for everybody.
    """

    people: pd.DataFrame
    rows: pd.DataFrame
    orders: tuple[tuple[str, ...], ...]
    seconds: pd.DataFrame
    pages: tuple[PageTime, ...]
    n_invited: int | None
    n_withdrawn: int | None
    n_couples: int | None
    occasions: tuple[Which, ...]
    n_open: Mapping[Which, int] = field(default_factory=dict)
    opens_on: Mapping[Which, date] = field(default_factory=dict)

    @property
    def n_agreed(self) -> int:
        """Count those who agreed; all, where only answers are known."""
        return int(self.people["consented"].sum())

    @property
    def has_answers(self) -> bool:
        """Tell whether anybody has answered anything."""
        return bool((self.rows["last"] > 0).any())

    @property
    def from_store(self) -> bool:
        """Tell whether invitations are known."""
        return self.n_invited is not None

    @property
    def has_days(self) -> bool:
        """Tell whether there is a diary."""
        return any(day is not None for _, day in self.occasions)

    @property
    def has_couples(self) -> bool:
        """Tell whether persons belong to couples."""
        return bool(self.n_couples) or bool(self.people["couple"].notna().any())


def participation_of(study: Study, url: str | None, now: Callable[[], datetime] | None) -> Participation:
    """Read the store that the study names, or another one, at a moment; without any, the study's files."""
    collection = study.spec.collection
    if url is None and (collection is None or study.spec.data):
        return from_answers(read_responses(study))
    from ..store import Store, utc_now

    given = url or (collection.store if collection is not None else "")
    store = Store.open(given, folder=study.folder if url is None else None, now=now or utc_now, create=False)
    try:
        return _from_store(study, store)
    finally:
        store.close()


# --- from a store ---------------------------------------------------------------------------------


def _from_store(study: Study, store: Store) -> Participation:
    plan = _plan(study)
    progress, counts, answers = store.progress(study.name), store.counts(study.name), store.rows(study.name)
    zone = study.spec.collection.zone if study.spec.collection is not None else None
    people = pd.DataFrame(
        [(one.person, one.couple, one.consented_at is not None) for one in progress],
        columns=["person", "couple", "consented"],
    ).drop_duplicates("person", ignore_index=True)
    people["analysed"] = people["person"].isin(_scored_in(study, store))
    began = {(one.person, one.wave, one.day): one for one in progress if one.started_at is not None}
    rows, orders = [], []
    for one in answers:
        known = began[one.person, one.wave, one.day]
        dates = [
            None if when is None else when.astimezone(zone).date() for when in (known.started_at, known.submitted_at)
        ]
        who = (one.person, one.couple, one.wave, one.day, one.submitted, one.late)
        rows.append((*who, *dates, one.seconds, len(one.order), _last(one)))
        orders.append(one.order)
    times = [(a.item, a.milliseconds / 1000) for one in answers for a in one.answers if a.milliseconds is not None]
    return Participation(
        people=people,
        rows=_rows(rows),
        orders=tuple(orders),
        seconds=pd.DataFrame(times, columns=["item", "seconds"]),
        pages=tuple(store.page_times(study.name)),
        n_invited=counts.invited,
        n_withdrawn=counts.withdrawn,
        n_couples=counts.couples,
        occasions=tuple(dict.fromkeys([*plan, *((one.wave, one.day) for one in counts.occasions)])),
        n_open=_opened(study, progress, store.now()),
        opens_on={which: when for which, when in plan.items() if isinstance(when, date)},
    )


def _scored_in(study: Study, store: Store) -> Sequence[Any]:
    """Name the persons with a scale score."""
    try:
        return _scored(read_from(study, store))
    except NoAnswers:
        return []


def _opened(study: Study, progress: Iterable[Progress], now: datetime) -> dict[Which, int]:
    """Count, for each planned occasion, those who agreed and for whom it has opened."""
    collection = study.spec.collection
    if collection is None:
        return {}
    plans = collection.plans([one.id for one in study.instruments])
    agreed = {one.person: one.consented_at for one in progress if one.consented_at is not None}
    opened = Counter(
        (one.wave, one.day)
        for consented_at in agreed.values()
        for one in occasions(collection, plans, consented_at)
        if one.opens <= now
    )
    return {which: opened[which] for which in planned(plans)}


def _scored(responses: Responses) -> Sequence[Any]:
    if not responses.scales:
        return responses.frame.loc[responses.frame[list(responses.items)].notna().any(axis=1), "person"].tolist()
    return responses.frame.loc[score(responses).notna().any(axis=1), "person"].tolist()


def _last(one: OccasionAnswers) -> int:
    """Find the place (from 1) of the last item that was answered; 0 where none was."""
    given = {a.item for a in one.answers if not a.is_empty and a.reason != "skipped"}
    return max((place for place, item in enumerate(one.order, start=1) if item in given), default=0)


def _plan(study: Study) -> dict[Which, date | int]:
    """List the planned occasions with the day on which they open."""
    collection = study.spec.collection
    return planned(collection.plans([one.id for one in study.instruments])) if collection is not None else {}


def _rows(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*ROW_COLUMNS, "places", "last"])


# --- from answers ---------------------------------------------------------------------------------


def from_answers(responses: Responses) -> Participation:
    """Take rows with at least one answer as occasions that were begun."""
    frame, items = responses.frame, responses.items
    reacted, ended, shown = _cells(responses)
    places = shown.sum(axis=1)
    order = np.where(shown, np.cumsum(shown, axis=1), 0)
    last = np.where(reacted, order, 0).max(axis=1, initial=0)
    began = last > 0
    submitted = began & ~(ended & (order > last[:, None])).any(axis=1)
    keys = {name: frame.get(name) for name in ("couple", "wave", "day")}
    seconds = frame["seconds"] if "seconds" in responses.covariates else None
    table = pd.DataFrame({"person": frame["person"], **keys, "submitted": submitted, "late": False}, index=frame.index)
    table = table.assign(started_on=None, submitted_on=None, seconds=seconds, places=places, last=last)
    scored = frame["person"].isin(_scored(responses.keep(began))) if began.any() else began
    people = pd.DataFrame({"person": frame["person"], "couple": keys["couple"], "consented": True, "analysed": scored})
    return Participation(
        people=people.groupby("person", sort=False, as_index=False).first(),
        rows=table[began].reset_index(drop=True),
        orders=tuple(tuple(np.array(items)[row]) for row in shown[began]),
        seconds=pd.DataFrame({"item": [], "seconds": []}),
        pages=(),
        n_invited=None,
        n_withdrawn=None,
        n_couples=None,
        occasions=_seen(responses),
    )


def _cells(responses: Responses) -> tuple[npt.NDArray[np.bool_], ...]:
    """Mark cells with an answer or a stated refusal, cells where answers had ended, and cells that were shown."""
    frame, items = responses.frame, list(responses.items)
    reacted = frame[items].notna().to_numpy()
    ended, shown = np.zeros_like(reacted), np.ones_like(reacted)
    reasons = responses.reasons[responses.reasons["column"].isin(items)]
    row = frame.index.get_indexer(pd.Index(reasons["row"]))
    column = pd.Index(items).get_indexer(pd.Index(reasons["column"].astype(object)))
    reason = reasons["reason"].astype(str).to_numpy()
    for marked, words, value in ((reacted, REACTED, True), (ended, ENDED, True), (shown, ("not_shown",), False)):
        chosen = np.isin(reason, words)
        marked[row[chosen], column[chosen]] = value
    return reacted, ended, shown


def _seen(responses: Responses) -> tuple[Which, ...]:
    keys = [name for name in ("wave", "day") if name in responses.keys]
    if not keys:
        return ((None, None),)
    table = responses.frame[keys].drop_duplicates().sort_values(keys, kind="stable")
    rows = table.reindex(columns=["wave", "day"]).astype(object).itertuples(index=False)
    return tuple((None if pd.isna(wave) else wave, None if pd.isna(day) else day) for wave, day in rows)
