"""The variables of an ordinal analysis: what can be used, what is merged, and what must be said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..checks import listed
from ..errors import AnalysisError, ArgumentError, MergedCategoryWarning
from ..format import number
from ..kernels.cross_tables import found_categories, merged_categories
from ..kernels.moments import Missing
from ..responses import Responses
from .inputs import Array, answers_array, chosen_items, warn
from .used_rows import Booleans, check_rows, check_spread, few_rows

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
    names = tuple(dict.fromkeys([*chosen_items(responses, items), *continuous]))
    if len(names) < 2:
        raise AnalysisError(
            f"polychoric correlations need at least two variables, but there are {len(names)}; name them in items=."
        )
    x = answers_array(responses, names)
    used = check_rows(x, missing, "polychoric correlations")
    check_spread(x[used], names)
    ordinal = np.array([name not in continuous for name in names])
    found = Variables(names, x, ordinal, used, missing)
    _check_values(found)
    notes = [*_unused(found, responses), *_merged(found, merge_below), *few_rows(int(used.sum()), len(names))]
    return Variables(names, x, ordinal, used, missing, tuple(notes))


def _check_values(variables: Variables) -> None:
    """Refuse ordinal variables that look continuous."""
    x = variables.x[variables.used]
    categories = found_categories(x)
    with_decimals, many = looks_continuous(categories)
    for wrong, what in ((with_decimals, "decimals"), (many, f"more than {MOST_CATEGORIES} different values")):
        names = variables.named(wrong & variables.ordinal)
        if names:
            raise ArgumentError(
                f"items: {listed(names)} {'has' if len(names) == 1 else 'have'} {what}, which ordinal answers do not"
                f" have; name what is continuous in continuous=[{names[0]!r}]."
            )


def looks_continuous(categories: Sequence[Array]) -> tuple[Booleans, Booleans]:
    """Mark the variables whose values are decimals, and those that have too many to be categories."""
    with_decimals = [bool((values != np.floor(values)).any()) for values in categories]
    return np.array(with_decimals), np.array([len(values) > MOST_CATEGORIES for values in categories])


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


def _warned(notes: Sequence[str], what: str) -> list[str]:
    if not notes:
        return []
    more = f" and {len(notes) - 8} more" if len(notes) > 8 else ""
    note = f"{what} ({'; '.join(notes[:8])}{more})"
    warn(note, MergedCategoryWarning)
    return [note]
