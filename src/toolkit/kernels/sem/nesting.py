"""Whether one model lies within another: whether the other can reproduce all moments that the first one implies.

Bentler & Satorra (2010), doi:10.1037/a0019625, fit the less restricted model to the moments that the more restricted
one implies; here by least squares of correlations, means and thresholds. In R: ``semTools::net``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import optimize

from .implied import implied_moments, scaling_factors
from .ram import AnyArray, Array, GroupMatrices, Model, compile_model
from .solution import Solution

REPRODUCED = 1e-5
STEP = 1e-30
TINY = 1e-15
STANDS_STILL = 1e-5  # where models are nested the sum of squares falls faster to the end
MOST_EVALUATIONS = 200


def in_order_of(model: Model, other: Model) -> Model:
    """Compile a model again with its observed variables in the order of another model's."""
    if model.table.observed == other.table.observed:
        return model
    return compile_model(replace(model.table, observed=other.table.observed, ordinal=other.table.ordinal))


def is_nested(more: Solution, less: Solution) -> bool:
    """Tell whether the moments of the more restricted model are among those that the less restricted one can have.

    Both are of the same variables of the same rows. Moments are taken at the estimates of the more restricted model,
    in units of its standard deviations; nested means that none is missed by more than 1e-5.
    """
    within = in_order_of(more.model, less.model)
    target = _moments(within, more.x)
    unit = _units(within, more.x)
    constraints = less.constraints

    def away(u: AnyArray) -> AnyArray:
        x = u @ constraints.basis.T + constraints.origin
        parts = [(_moments(less.model, x) - target) / unit]
        if constraints.equations is not None:
            parts.append(constraints.equations(x))
        return np.concatenate(parts, axis=-1)

    def slope(u: Array) -> Array:
        moved = u + 1j * STEP * np.eye(len(u))
        return np.asarray(np.imag(away(moved)).T / STEP)

    start = (less.x - constraints.origin) @ constraints.basis
    found = optimize.least_squares(
        away,
        start,
        slope,
        method="lm",
        x_scale="jac",
        ftol=STANDS_STILL,
        xtol=TINY,
        gtol=TINY,
        max_nfev=MOST_EVALUATIONS,
    )
    return bool(np.abs(found.fun).max() < REPRODUCED)


def _moments(model: Model, x: AnyArray) -> AnyArray:
    """Put the implied moments of all groups in one vector, (…, m)."""
    return np.concatenate([part for group in model.groups for part in _of_group(group, x)], axis=-1)


def _of_group(group: GroupMatrices, x: AnyArray) -> list[AnyArray]:
    found = implied_moments(group, x)
    rows, columns = np.tril_indices(group.n_observed)
    if not len(group.ordinal):
        return [found.covariance[..., rows, columns], found.mean]
    scales = scaling_factors(group, found, x)
    spread = found.covariance * (scales[..., :, None] * scales[..., None, :])
    order = np.lexsort((group.threshold_number, group.threshold_variable))
    variable = group.threshold_variable[order]
    level = group.threshold_cells.filled(group.thresholds, x)[..., 0][..., order] - found.mean[..., variable]
    free = np.setdiff1d(np.arange(group.n_observed), group.ordinal)
    return [spread[..., rows, columns], found.mean[..., free], level * scales[..., variable]]


def _units(model: Model, x: Array) -> Array:
    """Give the standard deviations in whose units each moment is compared, (m,)."""
    parts = []
    for group in model.groups:
        found = implied_moments(group, x)
        rows, columns = np.tril_indices(group.n_observed)
        if len(group.ordinal):
            spread = np.sqrt(np.diagonal(found.covariance)) * scaling_factors(group, found, x)
            free = np.setdiff1d(np.arange(group.n_observed), group.ordinal)
            parts += [spread[rows] * spread[columns], spread[free], np.ones(len(group.threshold_variable))]
        else:
            spread = np.sqrt(np.diagonal(found.covariance))
            parts += [spread[rows] * spread[columns], spread]
    return np.concatenate(parts)
