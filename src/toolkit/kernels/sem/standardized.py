"""Standardised solutions: every parameter as it would be if variables had variance 1.

With `std_lv` only latent variables are rescaled, with `std_all` observed ones too; covariances of residuals become
correlations, variances shares of a variable's variance. ``lavaan::standardizedSolution``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .implied import Implied, implied_moments, scaling_factors
from .inference import jacobian
from .ram import AnyArray, Array, GroupMatrices, Model


def std_lv(model: Model, x: AnyArray) -> AnyArray:
    """Standardise for latent variables: one value per row of the table, (…, rows)."""
    return _standardised(model, x, observed=False)


def std_all(model: Model, x: AnyArray) -> AnyArray:
    """Standardise for all variables: one value per row of the table, (…, rows)."""
    return _standardised(model, x, observed=True)


def unstandardized(model: Model, x: AnyArray) -> AnyArray:
    """Give every parameter as it is: one value per row of the table, (…, rows).

    Fixed ones too, and what follows from others: residual variances of ordinal variables (delta parameterization) or
    their scaling factors (theta).
    """
    return _by_row(model, [_values(group, x, implied_moments(group, x)) for group in model.groups])


def standard_errors(
    function: Callable[[Model, AnyArray], AnyArray], model: Model, x: Array, covariance: Array
) -> Array:
    """Compute standard errors of a standardised solution by the delta method, (rows,)."""
    slope = jacobian(lambda moved: function(model, moved), x)
    return np.asarray(np.sqrt(np.maximum(((slope @ covariance) * slope).sum(axis=1), 0.0)))


def _standardised(model: Model, x: AnyArray, observed: bool) -> AnyArray:
    return _by_row(model, [_matrices(group, x, observed) for group in model.groups])


def _by_row(model: Model, by_group: list[dict[str, AnyArray]]) -> AnyArray:
    values = [
        by_group[one.group][place[0]][..., place[1], place[2]]
        for one, place in zip(model.table.parameters, model.places, strict=True)
    ]
    return np.stack(values, axis=-1)


def _matrices(group: GroupMatrices, x: AnyArray, observed: bool) -> dict[str, AnyArray]:
    """Rescale the matrices of one group; what is behind a standardised variable needs no scaling factor."""
    found = implied_moments(group, x)
    values = _values(group, x, found)
    factors = _factors(group, values["S"], found, observed)
    scaled = {name: values[name] * factor for name, factor in factors.items()}
    return {**scaled, "delta": np.ones_like(values["delta"]) if observed else values["delta"]}


def _values(group: GroupMatrices, x: AnyArray, found: Implied) -> dict[str, AnyArray]:
    """Put parameters into the matrices of one group."""
    paths, covariances, intercepts = group.filled(x)
    thresholds = group.threshold_cells.filled(group.thresholds, x)
    scales = scaling_factors(group, found, x)[..., None]
    return {"A": paths, "S": covariances, "M": intercepts, "tau": thresholds, "delta": scales}


def scale_factors(group: GroupMatrices, x: AnyArray, observed: bool) -> dict[str, AnyArray]:
    """Compute what a standardised solution multiplies each cell of one group's matrices with.

    A variance is divided by the variable's whole variance, a covariance by the residual standard deviations.
    """
    return _factors(group, group.filled(x)[1], implied_moments(group, x), observed)


def _factors(group: GroupMatrices, covariances: AnyArray, found: Implied, observed: bool) -> dict[str, AnyArray]:
    total = np.diagonal(found.covariances, axis1=-2, axis2=-1)
    own = np.diagonal(covariances, axis1=-2, axis2=-1)
    scaled = np.arange(total.shape[-1]) >= (0 if observed else group.n_observed)
    sd = np.where(scaled, _root(total), 1.0)
    residual_sd = np.where(scaled & (own.real > 0), _root(np.where(own.real > 0, own, 1.0)), 1.0)
    spread = 1 / (residual_sd[..., :, None] * residual_sd[..., None, :])
    place = np.arange(total.shape[-1])
    spread[..., place, place] = 1 / sd**2
    return {
        "A": sd[..., None, :] / sd[..., :, None],
        "S": spread,
        "M": 1 / sd[..., None],
        "tau": 1 / sd[..., group.threshold_variable, None],
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
