"""The variables of an ordinal analysis: what can be used, what is merged, and what must be said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..checks import check_count, counted, listed
from ..errors import AnalysisError, ArgumentError, MergedCategoryWarning, SmallSampleWarning, TooFewCases
from ..format import number
from ..kernels.cross_tables import found_categories, merged_categories
from ..kernels.moments import Missing
from ..responses import Responses
from .inputs import Array, answers_array, chosen_items, warn

Booleans = npt.NDArray[np.bool_]
LEAST_ROWS = 10
MOST_CATEGORIES = 20


@dataclass(frozen=True)
class Variables:
    """Variables over all rows.

    Attributes
    ----------
    names : what they are called.
    x : (n, k) values, NaN missing.
    ordinal : (k,) which of them are ordinal.
    used : (n,) the rows that are used: complete ones, or pairwise those with any value.
    missing : `listwise` or `pairwise`.
    notes : what a careful reader must know of them.
    """

    names: tuple[str, ...]
    x: Array
    ordinal: Booleans
    used: Booleans
    missing: Missing
    notes: tuple[str, ...] = ()

    def named(self, chosen: Booleans) -> list[str]:
        """List the names that a Boolean array marks."""
        return [name for name, one in zip(self.names, chosen, strict=True) if one]


def ordinal_variables(
    responses: Responses,
    items: str | Sequence[str] | None,
    *,
    continuous: Sequence[str],
    missing: Missing,
    merge_below: int,
) -> Variables:
    """Take the variables of an analysis, refuse those that cannot be used, and merge rare categories where asked."""
    check_count("merge_below", merge_below, 0)
    if isinstance(continuous, str):
        raise ArgumentError(f"continuous is the text {continuous!r}, but must be a list of names.")
    names = tuple(dict.fromkeys([*chosen_items(responses, items), *continuous]))
    if len(names) < 2:
        raise AnalysisError(
            f"polychoric correlations need at least two variables, but there are {len(names)}; name them in items=."
        )
    x = answers_array(responses, names)
    held = ~np.isnan(x)
    used = np.asarray(held.all(axis=1) if missing == "listwise" else held.any(axis=1))
    ordinal = np.array([name not in continuous for name in names])
    found = Variables(names, x, ordinal, used, missing)
    _check_rows(found)
    _check_values(found)
    notes = [*_unused(found, responses), *_merged(found, merge_below), *_few_rows(found)]
    return Variables(names, x, ordinal, used, missing, tuple(notes))


def _check_rows(variables: Variables) -> None:
    n = int(variables.used.sum())
    if n >= LEAST_ROWS:
        return
    hint = "; missing='pairwise' uses incomplete rows too" if variables.missing == "listwise" else ""
    kind = "complete row" if variables.missing == "listwise" else "row with answers"
    raise TooFewCases(
        f"polychoric correlations need at least {LEAST_ROWS} rows, but there {'is' if n == 1 else 'are'}"
        f" {counted(n, kind)} of {len(variables.used):,}{hint}."
    )


def _check_values(variables: Variables) -> None:
    """Refuse variables that do not vary, and ordinal ones that look continuous."""
    x = variables.x[variables.used]
    categories = found_categories(x)
    still = variables.named(np.array([len(values) < 2 for values in categories]))
    if still:
        raise AnalysisError(
            f"the answers to {listed(still)} do not vary in the rows used, so that they have no correlations; leave"
            " them out of items=."
        )
    decimals = np.array([bool((values != np.floor(values)).any()) for values in categories])
    many = np.array([len(values) > MOST_CATEGORIES for values in categories])
    for wrong, what in ((decimals, "decimals"), (many, f"more than {MOST_CATEGORIES} different values")):
        names = variables.named(wrong & variables.ordinal)
        if names:
            raise ArgumentError(
                f"items: {listed(names)} {'has' if len(names) == 1 else 'have'} {what}, which ordinal answers do not"
                f" have; name what is continuous in continuous=[{names[0]!r}]."
            )


def _merged(variables: Variables, least: int) -> list[str]:
    """Merge rare categories in place, and say which."""
    notes = []
    for position in np.flatnonzero(variables.ordinal) if least else ():
        column = variables.x[:, position]
        categories, counts = np.unique(column[variables.used & ~np.isnan(column)], return_counts=True)
        groups = merged_categories(counts.astype(np.float64), least)
        for group in np.unique(groups):
            together, n = categories[groups == group], counts[groups == group]
            if len(together) > 1:
                column[np.isin(column, together)] = together[np.argmax(n)]
                values = " with ".join(number(value, 0) for value in together)
                notes.append(f"{variables.names[position]}: {values} merged")
    return _warned(notes, f"categories chosen by fewer than {least} were merged")


def _unused(variables: Variables, responses: Responses) -> list[str]:
    """Say which options of the declared range, or between the lowest and the highest answer, nobody chose."""
    notes = []
    categories = found_categories(variables.x[variables.used])
    for name, ordinal, chosen in zip(variables.names, variables.ordinal, categories, strict=True):
        low, high = responses.declared(name) if name in responses.items else (chosen[0], chosen[-1])
        if ordinal and high - low <= MOST_CATEGORIES:
            unused = [number(value, 0) for value in np.setdiff1d(np.arange(low, high + 1), chosen)]
            notes += [f"{name}: {', '.join(unused)}"] if unused else []
    return _warned(notes, "options that nobody chose have no threshold")


def _few_rows(variables: Variables) -> list[str]:
    n, k = int(variables.used.sum()), len(variables.names)
    if n >= k:
        return []
    note = f"there are fewer rows ({n:,}) than variables ({k})"
    warn(note, SmallSampleWarning)
    return [note]


def _warned(notes: Sequence[str], what: str) -> list[str]:
    if not notes:
        return []
    more = f" and {len(notes) - 8} more" if len(notes) > 8 else ""
    note = f"{what} ({'; '.join(notes[:8])}{more})"
    warn(note, MergedCategoryWarning)
    return [note]
