"""Tables of targets by raters: from columns, or from one variable over waves, days or partners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..checks import check_one_of, counted, listed, name_list, quoted
from ..errors import AnalysisError, ArgumentError
from ..responses import Responses, as_responses
from .inputs import AUTO, Array, Sample, sample, variable

OVER = ("wave", "day", "role")
MOST_NAMED = 4
COMPARED = "the key compared"


@dataclass(frozen=True)
class Ratings:
    """A table of targets by raters.

    Attributes
    ----------
    name : what was rated, for messages and rows of tables.
    raters : the columns, waves, days or roles.
    values : (n, k) ratings; NaN is missing.
    n_targets : targets seen.
    cluster : the cluster of each target, or None.
    note : what a careful reader must know.
    """

    name: str
    raters: tuple[str, ...]
    values: Array
    n_targets: int
    cluster: npt.NDArray[np.intp] | None
    note: str = ""

    def has_holes(self) -> bool:
        """Tell whether any rating is missing."""
        return bool(np.isnan(self.values).any())


def rating_tables(
    data: Responses | pd.DataFrame,
    columns: str | Sequence[str],
    *,
    over: str | None,
    wave: Any,
    day: Any,
    cluster: str | None,
) -> tuple[list[Ratings], dict[str, Any]]:
    """Make the tables of an analysis, and its settings: one table of several columns, or one per variable."""
    names = name_list("columns", columns)
    given = {"columns": names, "over": over}
    if over is not None:
        chosen = _rows_of(data, over, wave, day, cluster)
        return [_spread(chosen, name, over) for name in names], {**chosen.settings, **given}
    if len(names) < 2:
        raise ArgumentError(
            f"columns names {counted(len(names), 'variable')}; name two or more, each of which is a rater, or say with "
            "over='wave' (or 'day', 'role') that one variable is compared over its occasions or partners."
        )
    chosen = sample(data, wave=wave, day=day, cluster=cluster)
    values = np.column_stack([variable(chosen.responses, name) for name in names])
    named = ", ".join(names) if len(names) <= MOST_NAMED else f"{names[0]} to {names[-1]}"
    return [Ratings(named, tuple(names), values, len(values), chosen.cluster)], {**chosen.settings, **given}


def _rows_of(data: Responses | pd.DataFrame, over: str, wave: Any, day: Any, cluster: str | None) -> Sample:
    """Take the rows of all values of a key, which becomes an ordinary column named COMPARED."""
    check_one_of("over", over, OVER)
    responses = as_responses(data)
    if over not in responses.keys:
        raise ArgumentError(f"over={over!r}, but the data have no {over}. Their keys: {listed(responses.keys)}.")
    given = {"wave": wave, "day": day}
    if given.get(over) is not None:
        raise ArgumentError(f"{over}={quoted(given[over])} chooses one {over}, but over={over!r} compares them all.")
    if over == "role" and isinstance(cluster, str) and cluster == AUTO:
        cluster = None
    renamed = replace(responses, frame=responses.frame.rename(columns={over: COMPARED}))
    chosen = sample(renamed, wave=wave, day=day, cluster=cluster)
    rows = chosen.frame[[_target(over), COMPARED]]
    if rows.duplicated().any():
        twice = rows[rows.duplicated()].iloc[0]
        raise AnalysisError(
            f"{_target(over)} {quoted(twice.iloc[0])} has two rows of {over} {quoted(twice.iloc[1])}, but each "
            "rating must be one row."
        )
    return chosen


def _target(over: str) -> str:
    return "couple" if over == "role" else "person"


def _spread(chosen: Sample, name: str, over: str) -> Ratings:
    """Spread one variable over the values of a key: a row per target, a column per value."""
    row, targets = pd.factorize(chosen.frame[_target(over)])
    column, raters = pd.factorize(chosen.frame[COMPARED])
    if len(raters) < 2:
        raise AnalysisError(f"over={over!r} needs two values of {over}, but there is {len(raters)}.")
    values = np.full((len(targets), len(raters)), np.nan)
    values[row, column] = variable(chosen.responses, name)
    return Ratings(name, tuple(map(str, raters)), values, len(targets), _cluster_of_targets(chosen, row, over))


def _cluster_of_targets(chosen: Sample, row: npt.NDArray[np.intp], over: str) -> npt.NDArray[np.intp] | None:
    """Give the cluster of each target, which must be the same in all of its rows."""
    if chosen.cluster is None:
        return None
    found = np.zeros(row.max() + 1, dtype=np.intp)
    found[row] = chosen.cluster
    if (found[row] != chosen.cluster).any():
        name = chosen.settings["cluster"]
        raise AnalysisError(f"a {_target(over)} is in two clusters of {quoted(name)}; each must stay in one.")
    return found
