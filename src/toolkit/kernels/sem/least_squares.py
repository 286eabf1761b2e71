"""Unweighted least squares from moments: discrepancy and derivatives.

Each variance, covariance and mean counts once, as in lavaan: F = ½ Σ_{i ≤ j} (s_ij − σ_ij)² + ½ Σ (m_i − μ_i)².
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .curvature import bend, products
from .implied import implied_moments, slopes
from .points import Discrepancy, Point, Points, summed
from .ram import AnyArray, Array, Model


def discrepancy(points: Points) -> AnyArray:
    """Compute F, the groups weighted by n_g/N."""
    return np.asarray(np.sum([point.share * _half_square(point) for point in points], axis=0))


def _half_square(point: Point) -> AnyArray:
    spread = point.sample.covariance - point.found.covariance
    squares = (_doubled(spread) * spread).sum(axis=(-1, -2)) / 2
    return np.asarray(0.5 * squares + 0.5 * (point.away**2).sum(axis=(-1, -2)))


def _doubled(spread: AnyArray) -> AnyArray:
    """Double the diagonal, so that a sum over all cells counts each moment twice."""
    return np.asarray(spread * (1 + np.eye(spread.shape[-1])))


def gradient(points: Points) -> AnyArray:
    """Differentiate the discrepancy for all free parameters, (…, q)."""
    return summed(points, _gradient)


def _gradient(point: Point) -> AnyArray:
    move = point.move
    spread = _doubled(point.sample.covariance - point.found.covariance)
    bent = ((move.left @ spread) * move.right).sum(axis=-1) * move.scale
    return np.asarray(-bent - (move.mean @ point.away)[..., 0])


def information(points: Points) -> AnyArray:
    """Sum products of the moments' derivatives, the Hessian where the model fits exactly, (…, q, q)."""
    return summed(points, _information)


def _information(point: Point) -> AnyArray:
    move, unit = point.move, np.eye(point.group.n_observed)
    variances = move.scale[:, None] * move.left * move.right
    own = 2 * variances @ np.swapaxes(variances, -1, -2)
    return np.asarray(products(move, unit, 0.5 * unit) + own + move.mean @ np.swapaxes(move.mean, -1, -2))


def hessian(points: Points) -> AnyArray:
    """Differentiate the discrepancy twice, (…, q, q)."""
    return summed(points, _hessian)


def _hessian(point: Point) -> AnyArray:
    spread = _doubled(point.found.covariance - point.sample.covariance)
    return _information(point) + bend(point.group, point.found, spread, point.away[..., 0])


def scores(model: Model, rows: Sequence[Array], x: Array) -> Array:
    """Compute each row's part of minus the gradient, (n, q), all groups one after the other."""
    parts = []
    for group, values in zip(model.groups, rows, strict=True):
        found = implied_moments(group, x)
        move = slopes(group, found)
        z = values - values.mean(axis=0)
        sigma = found.covariance
        level = ((move.left @ _doubled(sigma)) * move.right).sum(axis=-1)
        variances = move.scale[:, None] * move.left * move.right
        mine = move.scale * ((z @ move.left.T) * (z @ move.right.T) - level) + z**2 @ variances.T
        if group.mean_structure:
            mine = mine + (values - found.mean) @ move.mean.T
        part = np.zeros((len(values), len(x)))
        part[:, move.parameter] = mine
        parts.append(part)
    return np.concatenate(parts)


UNWEIGHTED = Discrepancy(discrepancy, gradient, information, hessian)
