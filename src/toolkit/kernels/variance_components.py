"""Variances of targets, raters and residuals by restricted maximum likelihood, for tables with missing cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize

Array = npt.NDArray[np.float64]
Matrix = npt.NDArray[Any]

IMAGINARY = 1e-30
DIFFERENCE = 1e-5
SMALLEST_GRADIENT = 1e-11
MOST_NEWTON_STEPS = 20
START = (1.0, 0.1)


@dataclass(frozen=True)
class Components:
    """Variances of the crossed model, value = mean + target + rater + residual.

    Attributes
    ----------
    target, rater, residual : the variances; the first two are 0 where the likelihood is highest at that boundary.
    converged : whether the gradient vanishes for every variance that is not at its boundary.
    """

    target: float
    rater: float
    residual: float
    converged: bool


@dataclass(frozen=True)
class CellSums:
    """What the likelihood needs of an (n, k) table with holes, by the number m of ratings that a target has.

    Attributes
    ----------
    m : (c,) the numbers of ratings that occur.
    targets : (c,) targets with m ratings.
    held, together : (c, k) how many of them each rater rated, and (c, k, k) each two raters did.
    total, square : (c,) sum over these targets of their total, and of its square.
    held_total : (c, k) sum of the totals of those that a rater rated.
    rater_total : (k,) sum of each rater's values.
    value_square : sum of all squared values.
    """

    m: Array
    targets: Array
    held: Array
    together: Array
    total: Array
    square: Array
    held_total: Array
    rater_total: Array
    value_square: float

    @classmethod
    def of(cls, x: Array) -> CellSums:
        """Sum up a table (NaN is missing), whose values are centred first."""
        present = ~np.isnan(x)
        held = present[present.any(axis=1)].astype(np.float64)
        values = np.nan_to_num(x[present.any(axis=1)] - x[present].mean(), nan=0.0)
        count, total = held.sum(axis=1), values.sum(axis=1)
        m = np.unique(count)
        groups = [(held[count == size], total[count == size]) for size in m]
        return cls(
            m,
            np.array([float(len(rows)) for rows, _ in groups]),
            np.array([rows.sum(axis=0) for rows, _ in groups]),
            np.array([rows.T @ rows for rows, _ in groups]),
            np.array([sums.sum() for _, sums in groups]),
            np.array([(sums**2).sum() for _, sums in groups]),
            np.array([rows.T @ sums for rows, sums in groups]),
            values.sum(axis=0),
            float((values**2).sum()),
        )

    @property
    def n_cells(self) -> float:
        """Values that are there."""
        return float(self.m @ self.targets)


def deviance(ratio: Matrix, sums: CellSums) -> Any:
    """Compute −2 log restricted likelihood but for a constant, profiled over mean and residual variance.

    With V = I + θ₁ ZZ' (targets) + θ₂ WW' (raters), ratios θ to the residual variance, X a column of ones and N values:
    log|V| + log X'V⁻¹X + (N − 1) log y'Py. The targets' part of V is inverted target by target and the raters' part
    by Woodbury's identity, so that the cost is that of a (k, k) matrix.

    Parameters
    ----------
    ratio : (2,) the ratios; complex ones serve `gradient`.
    """
    log_det, precision, residual = _profile(ratio, sums)
    return log_det + np.log(precision) + (sums.n_cells - 1) * np.log(residual)


def _profile(ratio: Matrix, sums: CellSums) -> tuple[Any, Any, Any]:
    """Compute log|V|, X'V⁻¹X and y'Py."""
    of_target, of_rater = ratio
    shrink = of_target / (1 + of_target * sums.m)
    raters = np.diag(sums.held.sum(axis=0)) - np.tensordot(shrink, sums.together, axes=1)
    ones = ((1 - shrink * sums.m)[:, None] * sums.held).sum(axis=0)
    values = sums.rater_total - shrink @ sums.held_total
    inner = np.eye(len(ones)) + of_rater * raters
    solved = np.linalg.solve(inner, np.column_stack([ones, values]))
    precision = (sums.m * (1 - shrink * sums.m)) @ sums.targets - of_rater * ones @ solved[:, 0]
    product = (1 - shrink * sums.m) @ sums.total - of_rater * ones @ solved[:, 1]
    square = sums.value_square - shrink @ sums.square - of_rater * values @ solved[:, 1]
    sign, log_inner = np.linalg.slogdet(inner)
    log_det = sums.targets @ np.log(1 + of_target * sums.m) + log_inner + np.log(sign)
    return log_det, precision, square - product**2 / precision


def gradient(ratio: Array, sums: CellSums) -> Array:
    """Differentiate the deviance by complex steps, (2,)."""
    steps = 1j * IMAGINARY * np.eye(2)
    return np.array([np.imag(deviance(ratio + step, sums)) / IMAGINARY for step in steps])


def reml(x: Array) -> Components:
    """Estimate the variances by restricted maximum likelihood.

    As ``lme4::lmer(value ~ 1 + (1 | target) + (1 | rater))``, to a gradient of 1e-11 per value.

    Parameters
    ----------
    x : (n, k) targets by raters; NaN is missing.
    """
    sums = CellSums.of(x)
    found = optimize.minimize(
        deviance,
        np.array(START),
        args=(sums,),
        jac=gradient,
        method="L-BFGS-B",
        bounds=[(0, None)] * 2,
        options={"maxiter": 500, "ftol": 1e-15, "gtol": 1e-10},
    )
    return _components(np.asarray(found.x), sums)


def reml_omitting_clusters(x: Array, cluster: npt.NDArray[np.integer], all_of_them: Components) -> list[Components]:
    """Estimate the variances without each cluster of targets, by Newton steps from the estimates of all."""
    ratio = np.array([all_of_them.target, all_of_them.rater]) / all_of_them.residual
    return [_components(ratio, CellSums.of(x[cluster != one])) for one in range(int(cluster.max()) + 1)]


def _components(start: Array, sums: CellSums) -> Components:
    ratio, converged = _polished(start, sums)
    residual = float(_profile(ratio, sums)[2]) / (sums.n_cells - 1)
    return Components(float(ratio[0]) * residual, float(ratio[1]) * residual, residual, converged)


def _polished(ratio: Array, sums: CellSums) -> tuple[Array, bool]:
    """Take Newton steps on the ratios that are not at 0, until the gradient vanishes."""
    for _ in range(MOST_NEWTON_STEPS):
        slope = gradient(ratio, sums)
        free = (ratio > 0) | (slope < 0)
        if np.abs(slope[free] * np.maximum(ratio[free], 1e-3)).max(initial=0) < SMALLEST_GRADIENT * sums.n_cells:
            return ratio, True
        step = np.zeros(2)
        step[free] = np.linalg.solve(_curvature(ratio, sums)[np.ix_(free, free)], slope[free])
        ratio = np.maximum(ratio - step, 0.0)
    return ratio, False


def _curvature(ratio: Array, sums: CellSums) -> Array:
    """Differentiate the gradient by central differences (one-sided at 0)."""
    columns = []
    for position in range(2):
        width = DIFFERENCE * max(ratio[position], DIFFERENCE)
        up, down = ratio.copy(), ratio.copy()
        up[position] += width
        down[position] -= width if ratio[position] > 0 else 0.0
        columns.append((gradient(up, sums) - gradient(down, sums)) / (up[position] - down[position]))
    curvature = np.array(columns)
    return np.asarray((curvature + curvature.T) / 2)
