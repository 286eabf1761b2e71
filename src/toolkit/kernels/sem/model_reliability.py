"""Reliability from a measurement model: composite reliability (omega), and average variance extracted.

For a factor with variance φ and loadings λ on its items, whose covariance matrix is Σ: ω = (Σλ)²φ / 1'Σ1, with Σ
implied by the model or of the sample. McDonald (1999); Bentler (2009), doi:10.1007/s11336-008-9100-1. Of ordinal items
this is the reliability of a sum of what is behind them, which nobody observes; that of the observed sum is Eq. 21 of
Green & Yang (2009), doi:10.1007/s11336-008-9099-3. In R: ``semTools::compRelSEM(fit, obs.var =, ord.scale =)``,
``semTools::AVE(fit)``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from scipy import special

from ..bivariate_normal import corner_cdf
from .implied import Implied, implied_moments, scaling_factors
from .ram import Array, GroupMatrices, Model, Positions
from .solution import Solution


@dataclass(frozen=True)
class Reliability:
    """Reliability of the sum of one factor's items in one group; not a number where it is not defined.

    Attributes
    ----------
    factor, group : the factor (empty: all items, all factors together) and the number of the group.
    items : its items; of a factor of factors, theirs.
    omega, omega_observed : composite reliability with the implied and the sample's variance of the sum; for ordinal
        items of what is behind them.
    categorical, categorical_observed : of the observed sum of ordinal items, by Green & Yang.
    variance, variance_observed : average variance extracted; not defined where items load on several factors.
    """

    factor: str
    group: int
    items: tuple[str, ...]
    omega: float
    omega_observed: float
    categorical: float
    categorical_observed: float
    variance: float
    variance_observed: float


@dataclass(frozen=True)
class Structure:
    """One group's measurement part, in the units of what is behind the items.

    Attributes
    ----------
    loadings : effects of the L factors on the p observed variables through loadings alone, (p, L).
    direct : the loadings of the observed variables themselves, (p, L).
    factors : covariances of the factors, (L, L).
    implied, observed : covariances of the variables, (p, p).
    cuts : thresholds of each variable in standard deviations; none of a continuous one.
    """

    loadings: Array
    direct: Array
    factors: Array
    implied: Array
    observed: Array
    cuts: tuple[Array, ...]

    def items(self, factor: int) -> Positions:
        """Find the observed variables that a factor reaches."""
        return np.flatnonzero(self.loadings[:, factor])

    @property
    def measured(self) -> Positions:
        """The observed variables that load on some factor."""
        return np.flatnonzero(self.direct.any(axis=1))

    def mixed(self, items: Positions) -> bool:
        """Tell whether some of the variables are ordinal and some are not, so that their sum has no reliability."""
        return len({len(self.cuts[item]) > 0 for item in items}) > 1

    def shared(self, factor: int, items: Positions) -> bool:
        """Tell whether variables load on other factors as well, or on this one through others: none has a variance."""
        alone = (self.direct[items] != 0).sum(axis=1) == 1
        return not (alone.all() and self.direct[items, factor].all())

    @property
    def members(self) -> list[Positions]:
        """The variables that load on each factor and on no other."""
        loads = self.direct != 0
        alone = loads.sum(axis=1) == 1
        return [np.flatnonzero(own & alone) for own in loads.T]

    @classmethod
    def of(cls, fitted: Solution, group: int, reversed_items: Collection[str] = ()) -> Structure:
        """Read it from a solution, some items turned around."""
        matrices, p = fitted.model.groups[group], fitted.model.groups[group].n_observed
        found = implied_moments(matrices, fitted.x)
        own = _loadings(fitted.model, group, matrices.filled(fitted.x)[0])
        scales = scaling_factors(matrices, found, fitted.x) if len(matrices.ordinal) else np.ones(p)
        observed = fitted.estimator.samples[group].covariance / np.outer(scales, scales)
        turned = np.array([-1.0 if name in reversed_items else 1.0 for name in fitted.model.table.observed])
        cuts = _cuts(matrices, found, fitted.x)
        return cls(
            loadings=turned[:, None] * np.asarray(np.linalg.inv(np.eye(len(own)) - own), np.float64)[:p, p:],
            direct=turned[:, None] * own[:p, p:],
            factors=found.covariances[p:, p:],
            implied=found.covariance * np.outer(turned, turned),
            observed=observed * np.outer(turned, turned),
            cuts=tuple(one if sign > 0 else -one[::-1] for one, sign in zip(cuts, turned, strict=True)),
        )


def _loadings(model: Model, group: int, paths: Array) -> Array:
    """Keep the paths that are loadings."""
    kept = np.zeros_like(paths)
    for one, (_, row, column) in zip(model.table.parameters, model.places, strict=True):
        if one.op == "=~" and one.group == group:
            kept[row, column] = paths[row, column]
    return kept


def _cuts(group: GroupMatrices, found: Implied, x: Array) -> tuple[Array, ...]:
    variable = group.threshold_variable
    spread = np.sqrt(np.diagonal(found.covariance))
    away = group.threshold_cells.filled(group.thresholds, x)[:, 0] - found.mean[variable]
    return tuple(away[variable == index] / spread[index] for index in range(group.n_observed))


def reliability(fitted: Solution, reversed_items: Collection[str] = ()) -> tuple[Reliability, ...]:
    """Compute the reliability of each factor that has at least two items, in each group.

    It is that of the sum in which `reversed_items` are turned around. Of a bifactor model the general factor's omega is
    ω hierarchical of all items. A factor of factors is judged by its factors' items.
    """
    table = fitted.model.table
    found = []
    for group in range(len(table.groups)):
        structure = Structure.of(fitted, group, reversed_items)
        for index, factor in enumerate(table.latent):
            items = structure.items(index)
            if len(items) > 1:
                common = np.outer(structure.loadings[items, index], structure.loadings[items, index])
                names = tuple(table.observed[item] for item in items)
                variances = _variances(structure, index, items)
                values = _values(structure, items, common * structure.factors[index, index])
                found.append(Reliability(factor, group, names, *values, *variances))
    return tuple(found)


def total_reliability(fitted: Solution, reversed_items: Collection[str] = ()) -> tuple[Reliability, ...]:
    """Compute, for each group, the reliability of the sum of all items, of all factors together (ω total)."""
    table = fitted.model.table
    found = []
    for group in range(len(table.groups)):
        structure = Structure.of(fitted, group, reversed_items)
        items = structure.measured
        direct = structure.direct[items]
        names = tuple(table.observed[item] for item in items)
        values = _values(structure, items, direct @ structure.factors @ direct.T)
        found.append(Reliability("", group, names, *values, np.nan, np.nan))
    return tuple(found)


def _values(structure: Structure, items: Positions, common: Array) -> tuple[float, float, float, float]:
    """Compute both omegas and both categorical reliabilities."""
    cells = np.ix_(items, items)
    wholes = structure.implied[cells], structure.observed[cells]
    cuts = [structure.cuts[item] for item in items]
    ordinal = [len(own) > 0 for own in cuts]
    mixed = structure.mixed(items)
    omegas = [float("nan") if mixed else float(common.sum() / whole.sum()) for whole in wholes]
    if not all(ordinal):
        return omegas[0], omegas[1], float("nan"), float("nan")
    spread = np.sqrt(np.diagonal(wholes[0]))
    scaled = common / np.outer(spread, spread)
    sums = [categorical_reliability(scaled, correlations(whole), cuts) for whole in wholes]
    return omegas[0], omegas[1], sums[0], sums[1]


def _variances(structure: Structure, factor: int, items: Positions) -> tuple[float, float]:
    """Compute Σλ²φ / Σσ²; not a number where an item loads on another factor too."""
    if structure.shared(factor, items):
        return float("nan"), float("nan")
    common = float((structure.loadings[items, factor] ** 2).sum() * structure.factors[factor, factor])
    return common / float(structure.implied[items, items].sum()), common / float(structure.observed[items, items].sum())


def categorical_reliability(common: Array, whole: Array, cuts: list[Array]) -> float:
    """Compute the reliability of the sum of ordinal items (categories numbered by steps of 1), Green & Yang's Eq. 21.

    Each covariance of two items is Σ_c Σ_c' [Φ₂(τ_c, τ_c'; ρ) − Φ(τ_c) Φ(τ_c')]. The numerator takes ρ from what the
    factor explains, `common`, also for an item with itself; the denominator from the correlations `whole`.
    """
    return float(_step_covariances(common, cuts).sum() / _step_covariances(whole, cuts).sum())


def _step_covariances(rho: Array, cuts: list[Array]) -> Array:
    """Compute the covariances of the numbers of thresholds below, (k, k); where ρ is 1, of an item with itself."""
    size = max(len(own) for own in cuts)
    padded = np.array([np.append(own, np.full(size - len(own), np.inf)) for own in cuts])
    row, column = np.tril_indices(len(cuts))
    first, second = padded[row], padded[column]
    both = np.clip(rho[row, column], -1.0, 1.0)
    held = np.isfinite(first)[:, :, None] & np.isfinite(second)[:, None, :]
    joint = corner_cdf(np.where(np.isfinite(first), first, 9.0), np.where(np.isfinite(second), second, 9.0), both)
    gap = joint - special.ndtr(first)[:, :, None] * special.ndtr(second)[:, None, :]
    found = np.where(held, gap, 0.0).sum(axis=(1, 2))
    matrix = np.zeros(rho.shape)
    matrix[row, column] = matrix[column, row] = found
    return matrix


def correlations(covariance: Array) -> Array:
    """Turn covariances into correlations."""
    spread = np.sqrt(np.diagonal(covariance))
    return np.asarray(covariance / np.outer(spread, spread))
