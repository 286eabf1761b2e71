"""By how much answers of two groups (or occasions, or partners) differ where the factor is the same: dMACS.

With E_R and E_F the expected answers given the factors by the parameters of the reference and of the focal group, and
the factors distributed as in the focal group: dMACS = sqrt E[(E_R − E_F)²] / SD, SD = ((n_R − 1) SD_R +
(n_F − 1) SD_F) / (n_R + n_F − 2). Nye & Drasgow (2011), doi:10.1037/a0022955. Its signed form E[E_F − E_R] / SD says in
which direction (Nye, Bradburn, Olenick, Bialko & Drasgow 2019, doi:10.1177/1094428118761122). Both groups must have the
factors in the same units: a model in which some items are equal over groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy import special

from ...checks import listed, quoted
from ...errors import AnalysisError
from .estimator import SampleRows
from .posterior import Conditional
from .ram import Array
from .solution import Solution

NODES = 64
FLAT = 1e-12


@dataclass(frozen=True)
class ItemCurves:
    """How k items answer to L factors in one group.

    Attributes
    ----------
    names : the items.
    intercepts, loadings, deviations : given the factors, mean (k,), slopes (k, L) and residual standard deviations (k,)
        of each item, or of what is behind it.
    cuts : thresholds of each item; none of a continuous one.
    categories : the values of each item's categories; none of a continuous one.
    factor_mean, factor_covariance : (L,) and (L, L).
    spread : standard deviation of the observed answers, n − 1 in the denominator, (k,).
    n : rows that answered each item, (k,).
    """

    names: tuple[str, ...]
    intercepts: Array
    loadings: Array
    deviations: Array
    cuts: tuple[Array, ...]
    categories: tuple[Array, ...]
    factor_mean: Array
    factor_covariance: Array
    spread: Array
    n: Array

    @classmethod
    def of(
        cls, fitted: Solution, rows: SampleRows, group: int, items: Sequence[str], factors: Sequence[str]
    ) -> ItemCurves:
        """Read the curves of some items on some factors from a solution; no other factor may move the items."""
        table, matrices = fitted.model.table, fitted.model.groups[group]
        place = [table.observed.index(name) for name in items]
        column = [table.latent.index(name) for name in factors]
        found = Conditional.of(matrices, fitted.x)
        others = np.setdiff1d(np.arange(len(table.latent)), column)
        moved = [name for name, row in zip(items, found.loadings[place][:, others], strict=True) if row.any()]
        if moved:
            raise AnalysisError(f"Other factors move {listed(moved)}: name all of them, not {listed(factors)} alone.")
        values = rows.groups[group][:, place]
        held = ~np.isnan(values)
        cuts = tuple(found.cuts[index][1:-1] for index in place)
        return cls(
            names=tuple(items),
            intercepts=found.intercepts[place],
            loadings=found.loadings[np.ix_(place, column)],
            deviations=found.deviations[place],
            cuts=cuts,
            categories=tuple(
                np.unique(own[mask]) if len(cut) else cut for own, mask, cut in zip(values.T, held.T, cuts, strict=True)
            ),
            factor_mean=found.mean[column],
            factor_covariance=found.covariance[np.ix_(column, column)],
            spread=np.nanstd(values, axis=0, ddof=1),
            n=held.sum(axis=0).astype(np.float64),
        )


@dataclass(frozen=True)
class Noninvariance:
    """Effect sizes of noninvariance.

    Attributes
    ----------
    items : the reference group's names.
    dmacs, signed : in standard deviations of the answers, (k,); `signed` is positive where the focal group answers
        higher at the same factor.
    difference : the same difference in units of the answers, (k,); its sum is that of the sum of the items.
    """

    items: tuple[str, ...]
    dmacs: Array
    signed: Array
    difference: Array


def noninvariance(reference: ItemCurves, focal: ItemCurves) -> Noninvariance:
    """Compare the same items, in the same order, on the same factors, of two groups or occasions."""
    if len(reference.names) != len(focal.names) or reference.loadings.shape != focal.loadings.shape:
        raise AnalysisError("The two sides have different numbers of items or factors.")
    pairs = [_gap(reference, focal, item) for item in range(len(focal.names))]
    squares, difference = np.array([one for one, _ in pairs]), np.array([other for _, other in pairs])
    weights = reference.n - 1, focal.n - 1
    spread = (weights[0] * reference.spread + weights[1] * focal.spread) / (weights[0] + weights[1])
    return Noninvariance(reference.names, np.sqrt(squares) / spread, difference / spread, difference)


def _gap(reference: ItemCurves, focal: ItemCurves, item: int) -> tuple[float, float]:
    """Compute the mean squared and the mean difference of the expected answers, focal minus reference."""
    both = np.stack([reference.loadings[item], focal.loadings[item]])
    centre = np.array([reference.intercepts[item], focal.intercepts[item]]) + both @ focal.factor_mean
    covariance = both @ focal.factor_covariance @ both.T
    if not len(focal.cuts[item]):
        spread = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
        away = float(centre[1] - centre[0])
        return max(away**2 + float(spread), 0.0), away
    points, weights = _quadrature(centre, covariance)
    gap = _expected(focal, item, points[1]) - _expected(reference, item, points[0])
    return float(weights @ gap**2), float(weights @ gap)


def _quadrature(centre: Array, covariance: Array) -> tuple[Array, Array]:
    """Place Gauss–Hermite nodes in a bivariate normal distribution, on a line where it is flat, (2, m) and (m,)."""
    roots, vectors = np.linalg.eigh(covariance)
    nodes, weights = hermegauss(NODES)
    weights = weights / weights.sum()
    axes = vectors * np.sqrt(np.maximum(roots, 0.0))
    if roots[0] <= FLAT * max(float(roots[1]), FLAT):
        return centre[:, None] + axes[:, 1:] * nodes, weights
    first, second = (grid.ravel() for grid in np.meshgrid(nodes, nodes))
    return centre[:, None] + axes @ np.stack([first, second]), np.outer(weights, weights).ravel()


def _expected(curves: ItemCurves, item: int, centre: Array) -> Array:
    """Compute the expected answer where the mean of what is behind an item is `centre`."""
    steps = np.diff(curves.categories[item])
    if len(steps) != len(curves.cuts[item]):
        raise AnalysisError(
            f"The rows hold {len(steps) + 1} categories of {quoted(curves.names[item])}, but the model has "
            f"{len(curves.cuts[item])} thresholds."
        )
    above = special.ndtr((centre[:, None] - curves.cuts[item]) / curves.deviations[item])
    return np.asarray(curves.categories[item][0] + above @ steps)
