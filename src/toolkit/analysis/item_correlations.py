"""Correlations among items, as answered: Pearson or polychoric, over complete rows or pairwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..checks import counted, listed, quoted
from ..errors import AnalysisError, ArgumentError, NotPositiveDefiniteWarning, TooFewCases
from ..format import number
from ..kernels.cross_tables import found_categories
from ..kernels.moments import Missing, pairwise_correlation
from ..kernels.polychoric import SMALLEST_EIGENVALUE, polychoric_correlations
from .inputs import Array, Sample, answers_array, chosen_items, warn
from .ordinal_variables import MOST_CATEGORIES, looks_continuous, ordinal_variables
from .used_rows import check_rows, check_spread, few_rows

Correlation = Literal["pearson", "polychoric"]
LEAST_ROWS_OF_PAIR = 3
PERFECT = 1 - 1e-9


@dataclass(frozen=True)
class ItemCorrelations:
    """Items with their correlations.

    Attributes
    ----------
    names : the k items.
    x : (n, k) answers of the rows that are used; NaN is missing.
    used : which rows these are.
    r : (k, k) correlations.
    correlation, missing : how they were made.
    notes : what a careful reader must know of them.
    """

    names: tuple[str, ...]
    x: Array
    used: npt.NDArray[np.bool_]
    r: Array
    correlation: Correlation
    missing: Missing
    notes: tuple[str, ...]

    @property
    def has_holes(self) -> bool:
        """Tell whether any answer is missing."""
        return bool(np.isnan(self.x).any())

    @property
    def is_positive_definite(self) -> bool:
        """Tell whether the matrix has an inverse."""
        return bool(np.linalg.eigvalsh(self.r)[0] > SMALLEST_EIGENVALUE)

    def of_rows(self, rows: npt.NDArray[np.intp]) -> Array | None:
        """Correlate the items over other rows, such as a bootstrap sample; None where one does not vary in them."""
        try:
            r = _correlated(self.x[rows], self.correlation, self.missing)
        except AnalysisError:
            return None
        return r if np.isfinite(r).all() else None


def item_correlations(
    chosen: Sample, items: str | Sequence[str] | None, *, correlation: Correlation, missing: Missing
) -> ItemCorrelations:
    """Take the answers to the items and correlate them; refuse items without correlations."""
    names = chosen_items(chosen.responses, items)
    if len(names) < 2:
        raise AnalysisError(f"{counted(len(names), 'item')} cannot be factored: name at least three in items=.")
    notes: list[str] = []
    if correlation == "polychoric":
        _check_ordinal(answers_array(chosen.responses, names), names)
        variables = ordinal_variables(chosen.responses, names, continuous=(), missing=missing, merge_below=0)
        x, used, notes = variables.x, variables.used, list(variables.notes)
    else:
        x = answers_array(chosen.responses, names)
        used = check_rows(x, missing, "factors")
        check_spread(x[used], names)
        notes = few_rows(int(used.sum()), len(names))
    r = _correlated(x[used], correlation, missing)
    _check_pairs(x[used], r, names)
    return ItemCorrelations(names, x[used], used, r, correlation, missing, (*notes, *_not_positive_definite(r, names)))


def _correlated(x: Array, correlation: Correlation, missing: Missing) -> Array:
    if correlation == "polychoric":
        return polychoric_correlations(x, missing=missing).r
    if not np.isnan(x).any():
        centred = x - x.mean(axis=0)
        cross = centred.T @ centred
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = 1.0 / np.sqrt(np.diag(cross))
            r = cross * scale[:, None] * scale
    else:
        r = pairwise_correlation(x)[0]
    varies = np.isfinite(np.diag(r))
    r[varies, varies] = 1.0
    return np.asarray(r)


def _check_ordinal(x: Array, names: Sequence[str]) -> None:
    """Refuse items whose answers are no categories."""
    with_decimals, many = looks_continuous(found_categories(x))
    wrong = [name for name, one in zip(names, with_decimals | many, strict=True) if one]
    if wrong:
        raise ArgumentError(
            f"items: {listed(wrong)} {'has' if len(wrong) == 1 else 'have'} decimals or more than {MOST_CATEGORIES}"
            " different values, which ordinal answers do not have; leave them out, or say correlation='pearson'."
        )


def _check_pairs(x: Array, r: Array, names: Sequence[str]) -> None:
    held = (~np.isnan(x)).astype(np.float64)
    undefined = np.argwhere(np.triu(~np.isfinite(r) | (held.T @ held < LEAST_ROWS_OF_PAIR), 1))
    if len(undefined):
        first, second = (quoted(names[place]) for place in undefined[0])
        more = f" (and {counted(len(undefined) - 1, 'more pair')})" if len(undefined) > 1 else ""
        raise TooFewCases(
            f"{first} and {second}{more} have too few rows in common for a correlation, or do not vary in them; leave"
            " one of them out of items=."
        )


def _not_positive_definite(r: Array, names: Sequence[str]) -> list[str]:
    lowest = float(np.linalg.eigvalsh(r)[0])
    if lowest > SMALLEST_EIGENVALUE:
        return []
    note = f"the correlation matrix is not positive definite (smallest eigenvalue {number(lowest, 3)})"
    pairs = np.argwhere(np.triu(np.abs(r) > PERFECT, 1))
    if len(pairs):
        first, second = (names[place] for place in pairs[0])
        note += f": {first} and {second} correlate perfectly"
    warn(note, NotPositiveDefiniteWarning)
    return [note]
