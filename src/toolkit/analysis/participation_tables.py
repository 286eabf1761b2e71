"""Tables of participation: flow, completion, drop-out, times, diary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import format as fmt
from .participation_rows import Participation, Which
from .quality_tables import flag_counts

STORE_STAGES = ("invited", "consented", "opened", "submitted", "analysed")
ANSWER_STAGES = ("in_data", "started", "submitted", "analysed")


def flow(data: Participation) -> pd.DataFrame:
    """Count the persons, and the couples with both partners, at each stage; who is lost and gained between them.

    Who withdrew is among those invited, and in the number of those who withdrew before the next stage.
    """
    people = data.people
    began, sent = (set(rows["person"]) for rows in (data.rows, data.rows[data.rows["submitted"].astype(bool)]))
    everybody = np.ones(len(people), dtype=bool)
    members = {
        "invited": everybody,
        "in_data": everybody,
        "consented": people["consented"].to_numpy(dtype=bool),
        "opened": people["person"].isin(began).to_numpy(),
        "started": people["person"].isin(began).to_numpy(),
        "submitted": people["person"].isin(sent).to_numpy(),
        "analysed": people["analysed"].to_numpy(dtype=bool),
    }
    rows, before = [], everybody
    for stage in STORE_STAGES if data.from_store else ANSWER_STAGES:
        here = members[stage]
        n = int(here.sum()) + (data.n_withdrawn or 0 if stage == "invited" else 0)
        rows.append((stage, n, int((before & ~here).sum()), int((here & ~before).sum()), _couples(people, here)))
        before = here
    if data.n_couples is not None:  # whose link was never opened belongs to a couple that is not known by person
        rows[0] = (*rows[0][:-1], data.n_couples)
    table = pd.DataFrame(rows, columns=["stage", "n", "n_lost", "n_joined", "n_couples"])
    table.insert(2, "share", table["n"] / max(int(table["n"].iloc[0]), 1))
    if data.n_withdrawn is not None:
        table.insert(3, "n_withdrew", [0, data.n_withdrawn, *([0] * (len(table) - 2))])
    return table if data.has_couples else table.drop(columns="n_couples")


def _couples(people: pd.DataFrame, here: npt.NDArray[np.bool_]) -> int:
    sizes = people.loc[here & people["couple"].notna().to_numpy()].groupby("couple").size()
    return int((sizes == 2).sum())


def completion(data: Participation) -> pd.DataFrame:
    """Count who opened and who submitted each occasion, as a share of those who agreed and for whom it has opened."""
    by_occasion = dict(iter(data.rows.fillna({"wave": "", "day": ""}).groupby(["wave", "day"], sort=False)))
    rows = []
    for wave, day in data.occasions:
        here = by_occasion.get((wave or "", day or ""), data.rows.iloc[:0])
        sent = here[here["submitted"].astype(bool)]
        both = int((sent.groupby("couple").size() == 2).sum())
        expected = max(data.n_open.get((wave, day), data.n_agreed), len(here))
        share = len(sent) / expected if expected else np.nan
        words = _open_words(data, (wave, day), expected)
        rows.append((wave, day, words, expected, len(here), len(sent), share, int(here["late"].sum()), both))
    begun = "n_opened" if data.from_store else "n_started"
    names = ["wave", "day", "open_for", "n_expected", begun, "n_submitted", "share", "n_late", "n_couples"]
    table = pd.DataFrame(rows, columns=names)
    unused = [name for name in ("wave", "day") if table[name].isna().all()]
    unused += [] if data.has_couples else ["n_couples"]
    return table.drop(columns=unused + ([] if data.from_store else ["n_late", "open_for"]))


def _open_words(data: Participation, which: Which, expected: int) -> str:
    """Say for whom an occasion has opened."""
    opens = data.opens_on.get(which)
    if not expected:
        return "not open yet" + ("" if opens is None else f" (opens {opens})")
    n = data.n_agreed
    return "all who agreed" if expected == n else f"{fmt.count(expected)} of {fmt.count(n)} who agreed"


def dates(data: Participation) -> pd.DataFrame:
    """Count occasions opened and submitted by date, without gaps, and their sums so far."""
    started, sent = (data.rows[name].dropna() for name in ("started_on", "submitted_on"))
    if started.empty:
        return pd.DataFrame(
            {"date": [], "n_opened": [], "n_submitted": [], "opened_so_far": [], "submitted_so_far": []}
        )
    days = pd.date_range(started.min(), max([*started, *sent])).date
    counts = [given.value_counts().reindex(days, fill_value=0).to_numpy() for given in (started, sent)]
    table = pd.DataFrame({"date": [day.isoformat() for day in days], "n_opened": counts[0], "n_submitted": counts[1]})
    return table.assign(opened_so_far=counts[0].cumsum(), submitted_so_far=counts[1].cumsum())


def dropout(data: Participation, smallest_cell: int) -> pd.DataFrame:
    """Tell at each place of the questionnaire how many of those who opened it (began) went on, or submitted.

    A step down is shown once so many persons have stopped since the last one that none of them is told.
    """
    tables = [_stops(data, *part, smallest_cell) for part in _parts(data)]
    columns = ["part", "place", "item", "n", "n_stopped", "still"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def _parts(data: Participation) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
    """Give the rows of each wave, and those of its diary days together."""
    waves = list(dict.fromkeys((wave, day is not None) for wave, day in data.occasions))
    wave_of = data.rows["wave"].fillna("").to_numpy()
    in_diary = data.rows["day"].notna().to_numpy()
    for wave, diary in waves:
        rows = np.flatnonzero((wave_of == (wave or "")) & (in_diary == diary))
        if len(rows):
            yield part_name(wave, diary), rows


def part_name(wave: Any, diary: bool) -> str:
    """Name the occasions of a wave, or its diary."""
    return " ".join([*([] if wave is None else [f"wave {wave}"]), *(["diary"] if diary else [])]) or "all"


def _stops(data: Participation, part: str, rows: npt.NDArray[np.intp], smallest_cell: int) -> pd.DataFrame:
    chosen = data.rows.iloc[rows]
    orders = [data.orders[row] for row in rows]
    n_places = max(len(order) for order in orders)
    stopped_at = chosen.loc[~chosen["submitted"].astype(bool), "last"].to_numpy(dtype=np.intp)
    stopped = np.bincount(stopped_at, minlength=n_places + 1)[: n_places + 1]
    shown = _held_back(stopped, smallest_cell)
    still = 1 - np.cumsum(shown) / len(rows)
    longest = max(orders, key=len)
    same = all(order == longest[: len(order)] or set(order) != set(longest) for order in orders)
    return pd.DataFrame(
        {
            "part": part,
            "place": np.arange(n_places + 1),
            "item": [None, *(longest if same else [None] * n_places)],
            "n": len(rows),
            "n_stopped": shown,
            "still": still,
        }
    )


def _held_back(stopped: npt.NDArray[np.intp], smallest_cell: int) -> npt.NDArray[np.intp]:
    """Gather those who stopped until there are enough of them; the last few, too few for a step, are not shown."""
    shown, waiting = np.zeros_like(stopped), 0
    for place, n in enumerate(stopped):
        waiting += n
        if waiting >= smallest_cell:
            shown[place], waiting = waiting, 0
    return shown


def times(data: Participation, smallest_cell: int) -> pd.DataFrame:
    """Give median and quartiles of the seconds on items, pages and whole occasions; nothing where few were timed."""
    timed: list[tuple[str, str, Any]]
    timed = [("item", str(name), rows["seconds"]) for name, rows in data.seconds.groupby("item", sort=False)]
    order = {item: place for place, item in enumerate(dict.fromkeys(item for one in data.orders for item in one))}
    timed.sort(key=lambda one: order.get(one[1], len(order)))
    pages: dict[tuple[str, int], list[float]] = {}
    for one in data.pages:
        pages.setdefault((part_name(one.wave, one.day is not None), one.position), []).append(one.seconds)
    timed += [("page", f"{part}, page {at + 1}", pages[part, at]) for part, at in sorted(pages)]
    for part, chosen in _parts(data):
        timed.append(("occasion", part, data.rows["seconds"].iloc[chosen].astype(float).dropna()))
    found = [
        (kind, name, *_quartiles(np.asarray(seconds, dtype=np.float64), smallest_cell))
        for kind, name, seconds in timed
        if len(seconds)
    ]
    return pd.DataFrame(found, columns=["kind", "name", "n", "q1", "median", "q3"])


def _quartiles(seconds: npt.NDArray[np.float64], smallest_cell: int) -> tuple[Any, ...]:
    if len(seconds) < smallest_cell:
        return (None, np.nan, np.nan, np.nan)
    return (len(seconds), *np.quantile(seconds, [0.25, 0.5, 0.75]))


def compliance(data: Participation, smallest_cell: int) -> pd.DataFrame:
    """Count persons by the number of diary days that they submitted; neighbours are put together where few are."""
    days = _diary_days(data)
    if days is None:
        return pd.DataFrame({"n_days": [], "n": [], "share": []})
    return flag_counts(days, smallest_cell).rename(columns={"n_flags": "n_days"})


def _diary_days(data: Participation) -> npt.NDArray[np.intp] | None:
    if not data.has_days:
        return None
    sent = data.rows[data.rows["day"].notna() & data.rows["submitted"].astype(bool)]
    agreed = data.people.loc[data.people["consented"].astype(bool), "person"]
    return np.asarray(sent.groupby("person").size().reindex(agreed, fill_value=0).to_numpy(dtype=np.intp))


def diary_share(data: Participation, completed: pd.DataFrame) -> tuple[float, float] | None:
    """Give the diary days that a person submitted on average, and their share of those that have opened; else None."""
    if not data.has_days or not data.n_agreed:
        return None
    days = completed[completed["day"].notna()]
    n_sent, n_expected = int(days["n_submitted"].sum()), int(days["n_expected"].sum())
    return (n_sent / data.n_agreed, n_sent / n_expected) if n_expected else None
