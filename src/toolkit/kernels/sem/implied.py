"""Moments that a model implies, and how they move with its parameters.

Every function takes parameters with leading batch dimensions, real or complex, so that one call serves many bootstrap
draws, and second derivatives come to machine precision from complex steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .ram import AnyArray, GroupMatrices


@dataclass(frozen=True)
class Implied:
    """Implied moments of one group, of all v variables, the p observed ones first.

    Attributes
    ----------
    total : total effects (I − A)⁻¹, (…, v, v).
    covariances, means : of all variables, (…, v, v) and (…, v).
    n_observed : p.
    """

    total: AnyArray
    covariances: AnyArray
    means: AnyArray
    n_observed: int

    @property
    def covariance(self) -> AnyArray:
        """Σ, (…, p, p)."""
        return self.covariances[..., : self.n_observed, : self.n_observed]

    @property
    def mean(self) -> AnyArray:
        """μ, (…, p)."""
        return self.means[..., : self.n_observed]

    @property
    def effects(self) -> AnyArray:
        """F (I − A)⁻¹, (…, p, v): how each variable's own part reaches the observed ones."""
        return self.total[..., : self.n_observed, :]

    @property
    def crossed(self) -> AnyArray:
        """Covariances of all variables with the observed ones, (…, v, p)."""
        return self.covariances[..., : self.n_observed]


@dataclass(frozen=True)
class Slopes:
    """Derivatives of the implied moments for each of q parameters: dΣ = scale · (left right' + right left').

    Attributes
    ----------
    parameter : position of each among all free parameters, (q,).
    left, right : (…, q, p).
    scale : 1, ½ for a variance, 0 for an intercept, (q,).
    mean : dμ, (…, q, p).
    """

    parameter: AnyArray
    left: AnyArray
    right: AnyArray
    scale: AnyArray
    mean: AnyArray


def implied_moments(group: GroupMatrices, x: AnyArray) -> Implied:
    """Compute the moments that parameters (…, q) imply."""
    paths, covariances, intercepts = group.given(x)
    total = np.linalg.inv(np.eye(paths.shape[-1]) - paths)
    if group.follows:
        group.complete(total, covariances, x)
    means = (total @ intercepts)[..., 0]
    return Implied(total, total @ covariances @ np.swapaxes(total, -1, -2), means, group.n_observed)


def slopes(group: GroupMatrices, found: Implied) -> Slopes:
    """Differentiate the implied moments for the paths, (co)variances and intercepts of a group."""
    order, path = group.order, group.path_cells
    own = np.swapaxes(found.effects, -1, -2)
    left = own[..., order.left, :]
    right = np.concatenate([found.crossed[..., path.column, :], own[..., order.right, :]], axis=-2)
    if not group.mean_structure:
        return Slopes(order.parameter, left, right, order.scale, np.zeros_like(left))
    n_levels = len(group.intercept_cells.row)
    weight = np.zeros(left.shape[:-1], dtype=left.dtype)
    weight[..., : len(path.row)] = found.means[..., path.column]
    weight[..., left.shape[-2] - n_levels :] = 1.0
    return Slopes(order.parameter, left, right, order.scale, left * weight[..., None])


def scaling_factors(group: GroupMatrices, found: Implied, x: AnyArray) -> AnyArray:
    """Compute δ, (…, p): parameters, or (theta) what makes variances 1; not a number where a variance is negative."""
    if not group.theta:
        return group.scale_cells.filled(group.scales, x)[..., 0]
    variance = np.diagonal(found.covariance, axis1=-2, axis2=-1)[..., group.ordinal]
    possible = variance.real > 0
    scales = np.ones((*x.shape[:-1], group.n_observed), dtype=x.dtype)
    scales[..., group.ordinal] = np.where(possible, np.where(possible, variance, 1.0) ** -0.5, np.nan)
    return scales


def on_sample_scale(group: GroupMatrices, found: Implied, x: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Give the implied covariances and means in the units of the sample's: those behind ordinal variables scaled by δ.

    Without ordinal variables they stay as they are.
    """
    if not len(group.ordinal):
        return found.covariance, found.mean
    scales = scaling_factors(group, found, x)
    return found.covariance * (scales[..., :, None] * scales[..., None, :]), found.mean * scales
