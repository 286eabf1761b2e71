"""Standardised solutions: every parameter as it would be if variables had variance 1.

With `std_lv` only latent variables are rescaled, with `std_all` observed ones too; covariances of residuals become
correlations, variances shares of a variable's variance. ``lavaan::standardizedSolution``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .implied import implied_moments
from .inference import jacobian
from .ram import AnyArray, Array, GroupMatrices, Model


def std_lv(model: Model, x: AnyArray) -> AnyArray:
    """Standardise for latent variables: one value per row of the table, (…, rows)."""
    return _standardised(model, x, observed=False)


def std_all(model: Model, x: AnyArray) -> AnyArray:
    """Standardise for all variables: one value per row of the table, (…, rows)."""
    return _standardised(model, x, observed=True)


def standard_errors(
    function: Callable[[Model, AnyArray], AnyArray], model: Model, x: Array, covariance: Array
) -> Array:
    """Compute standard errors of a standardised solution by the delta method, (rows,)."""
    slope = jacobian(lambda moved: function(model, moved), x)
    return np.asarray(np.sqrt(np.maximum(((slope @ covariance) * slope).sum(axis=1), 0.0)))


def _standardised(model: Model, x: AnyArray, observed: bool) -> AnyArray:
    by_group = [_matrices(group, x, observed) for group in model.groups]
    values = [
        by_group[one.group][place[0]][..., place[1], place[2]]
        for one, place in zip(model.table.parameters, model.places, strict=True)
    ]
    return np.stack(values, axis=-1)


def _matrices(group: GroupMatrices, x: AnyArray, observed: bool) -> dict[str, AnyArray]:
    """Rescale the matrices of one group; a variance is divided by the variable's whole variance."""
    found = implied_moments(group, x)
    paths, covariances, intercepts = group.filled(x)
    total = np.diagonal(found.covariances, axis1=-2, axis2=-1)
    own = np.diagonal(covariances, axis1=-2, axis2=-1)
    scaled = np.arange(total.shape[-1]) >= (0 if observed else group.n_observed)
    sd = np.where(scaled, _root(total), 1.0)
    residual_sd = np.where(scaled & (own.real > 0), _root(np.where(own.real > 0, own, 1.0)), 1.0)
    spread = covariances / (residual_sd[..., :, None] * residual_sd[..., None, :])
    place = np.arange(total.shape[-1])
    spread[..., place, place] = own / sd**2
    thresholds = group.threshold_cells.filled(group.thresholds, x)
    return {
        "A": paths * sd[..., None, :] / sd[..., :, None],
        "S": spread,
        "M": intercepts / sd[..., None],
        "tau": thresholds / sd[..., group.threshold_variable, None],
        "delta": group.scale_cells.filled(group.scales, x),
    }


def _root(values: AnyArray) -> AnyArray:
    """Take square roots along complex steps too; of what is not positive, not a number."""
    positive = values.real > 0
    return np.where(positive, np.sqrt(np.where(positive, values, 1.0)), np.nan)


def r_squared(model: Model, x: AnyArray) -> list[AnyArray]:
    """Compute the share of variance that the model explains, 1 − residual variance / variance, for each group, (…, v).

    Not a number for variables on which no path leads.
    """
    return [_explained(group, x) for group in model.groups]


def _explained(group: GroupMatrices, x: AnyArray) -> AnyArray:
    _, covariances, _ = group.filled(x)
    total = np.diagonal(implied_moments(group, x).covariances, axis1=-2, axis2=-1)
    share = 1 - np.diagonal(covariances, axis1=-2, axis2=-1) / total
    reached = (group.paths != 0).any(axis=1)
    reached[group.path_cells.row] = True
    return np.where(reached, share, np.nan)
