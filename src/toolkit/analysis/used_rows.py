"""The rows of an analysis of variables, and what they must hold for the variables to be correlated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..checks import counted, listed
from ..errors import AnalysisError, SmallSampleWarning, TooFewCases
from ..kernels.moments import Missing
from .inputs import Array, warn

Booleans = npt.NDArray[np.bool_]
LEAST_ROWS = 10


def used_rows(x: Array, missing: Missing) -> Booleans:
    """Mark complete rows, or pairwise those with any answer."""
    held = ~np.isnan(x)
    return np.asarray(held.all(axis=1) if missing == "listwise" else held.any(axis=1))


def check_rows(x: Array, missing: Missing, what: str) -> Booleans:
    """Mark the rows that are used; refuse too few of them."""
    used = used_rows(x, missing)
    n = int(used.sum())
    if n >= LEAST_ROWS:
        return used
    more = missing == "listwise" and used_rows(x, "pairwise").sum() > n
    rows = counted(n, "complete row") if missing == "listwise" else f"{counted(n, 'row')} with answers"
    raise TooFewCases(
        f"{what} need at least {LEAST_ROWS} rows, but there {'is' if n == 1 else 'are'} {rows} of {len(x):,}"
        f"{'; missing=' + repr('pairwise') + ' uses incomplete rows too' if more else ''}."
    )


def check_spread(x: Array, names: Sequence[str]) -> None:
    """Refuse variables without answers in the rows used, and those that do not vary."""
    answers = [column[~np.isnan(column)] for column in x.T]
    empty = [name for name, column in zip(names, answers, strict=True) if not len(column)]
    if empty:
        raise AnalysisError(f"nobody answered {listed(empty)} in the rows used; leave what is empty out of items=.")
    still = [name for name, column in zip(names, answers, strict=True) if column.min() == column.max()]
    if still:
        raise AnalysisError(
            f"the answers to {listed(still)} do not vary in the rows used, so that they have no correlations; leave"
            " them out of items=."
        )


def few_rows(n: int, k: int) -> list[str]:
    """Note and warn of so few rows that the correlations of the items depend on each other."""
    if n > k:
        return []
    note = f"there are no more rows ({n:,}) than items ({k})"
    warn(note, SmallSampleWarning)
    return [note]
