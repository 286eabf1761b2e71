"""What items of a scale show beyond their correlations with it: polychorics, discrimination, one factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..checks import listed
from ..errors import AnalysisError
from ..kernels import consistency, item_statistics
from ..kernels.moments import Missing, Moments
from ..kernels.polychoric import polychoric_correlations
from .inputs import Array

LARGE_RESIDUAL = 0.20
MOST_OPTIONS = 12
FEWEST_FOR_RESIDUALS = 4
RESIDUAL_COLUMNS = ("scale", "x", "y", "residual", "above")


@dataclass(frozen=True)
class ItemStatistics:
    """Statistics of the items of one scale.

    Attributes
    ----------
    columns : by name, one value per item; NaN where it is not defined.
    residuals : (k, k) residual correlations, or NaN.
    warnings : what is not defined for these data, and why.
    remarks : what a scale of so few items, or of such options, cannot have.
    """

    columns: dict[str, Any]
    residuals: Array
    warnings: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @classmethod
    def none(cls, k: int, warnings: list[str]) -> ItemStatistics:
        """Have no statistics, for a reason."""
        return cls({}, np.full((k, k), np.nan), [text for text in warnings if text])


def item_statistics_of(x: Array, moments: Moments, missing: Missing, options: tuple[int, int]) -> ItemStatistics:
    """Compute the statistics of items that have covariances (already reversed)."""
    k = x.shape[1]
    found = ItemStatistics.none(k, [])
    covariance = moments.covariance(missing)
    rows = x[~np.isnan(x).any(axis=1)] if missing == "listwise" else x
    found.columns["r_corrected"] = _corrected(covariance, found)
    found.columns["r_drop_polychoric"] = _polychoric(x, missing, options, found)
    found.columns["discrimination"] = _discrimination(rows, moments.names, options, found)
    if k < FEWEST_FOR_RESIDUALS:
        alpha = "alpha if dropped needs three items, " if k < FEWEST_FOR_RESIDUALS - 1 else ""
        found.remarks.append(f"{alpha}omega if dropped and residual correlations need four")
        return found
    return _with_one_factor(covariance, moments.names, found)


def _corrected(covariance: Array, found: ItemStatistics) -> Array:
    """Correlate items with their scale, corrected for overlap."""
    try:
        corrected = consistency.item_total_corrected(covariance)
    except np.linalg.LinAlgError:
        found.warnings.append("the corrected correlation is not defined: an item is a combination of others")
        return np.full(len(covariance), np.nan)
    if np.abs(corrected).max() > 1:
        found.warnings.append(
            "a corrected correlation exceeds 1, as it can where items share little: check which are reversed"
        )
    return corrected


def _polychoric(x: Array, missing: Missing, options: tuple[int, int], found: ItemStatistics) -> Array:
    """Correlate each item with the sum of the others, by polychoric correlations."""
    empty = np.full(x.shape[1], np.nan)
    if options[1] - options[0] >= MOST_OPTIONS:
        found.remarks.append(f"items of more than {MOST_OPTIONS} options have no polychoric correlations")
        return empty
    try:
        fitted = polychoric_correlations(x, missing=missing)
    except AnalysisError as problem:
        found.warnings.append(f"the polychoric correlations are not defined: {str(problem).rstrip('.')}")
        return empty
    if not np.isfinite(fitted.r).all():
        found.warnings.append("some polychoric correlations are not defined, hence no item–rest correlation by them")
        return empty
    if fitted.r.sum() <= 0 or np.isnan(consistency.rest_variance(fitted.r)).any():
        found.warnings.append("the polychoric correlations leave the sum of the other items no variance")
        return empty
    return consistency.item_rest(fitted.r)


def _discrimination(rows: Array, names: Sequence[str], options: tuple[int, int], found: ItemStatistics) -> Array:
    index = item_statistics.discrimination(rows, *options)
    lost = [name for name, value in zip(names, index, strict=True) if np.isnan(value)]
    if lost:
        found.warnings.append(
            f"discrimination is not defined for {listed(lost)}: the upper and lower 27 % of people do not differ on "
            "the other items"
        )
    return index


def _with_one_factor(covariance: Array, names: Sequence[str], found: ItemStatistics) -> ItemStatistics:
    """Add what one factor says: omega of the others, and the correlations that it leaves."""
    _, residuals = item_statistics.one_factor_residuals(covariance)
    if np.isnan(residuals).any():
        found.warnings.append("one factor has no maximum likelihood solution here, hence there are no residuals")
    dropped = item_statistics.omega_if_dropped(covariance)
    lost = [name for name, value in zip(names, dropped, strict=True) if np.isnan(value)]
    if lost:
        found.warnings.append(f"omega if dropped is not defined for {listed(lost)}: one factor has no solution there")
    found.columns["omega_if_dropped"] = dropped
    large = pd.array((np.abs(residuals) > LARGE_RESIDUAL).sum(axis=0), dtype="Int64")
    large[np.isnan(residuals).any(axis=0)] = pd.NA
    found.columns["n_large_residuals"] = large
    return ItemStatistics(found.columns, residuals, found.warnings, found.remarks)


def residual_table(scales: Sequence[tuple[str, Sequence[str], Array]]) -> pd.DataFrame:
    """List the residual correlation of every two items of each scale that has them."""
    rows = [
        (scale, items[i], items[j], float(residuals[i, j]), bool(abs(residuals[i, j]) > LARGE_RESIDUAL))
        for scale, items, residuals in scales
        for i in range(len(items))
        for j in range(i + 1, len(items))
        if not np.isnan(residuals[i, j])
    ]
    return pd.DataFrame(rows, columns=list(RESIDUAL_COLUMNS))
