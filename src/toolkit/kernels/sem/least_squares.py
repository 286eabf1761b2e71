"""Unweighted least squares from moments: discrepancy and derivatives.

Each variance, covariance and mean counts once, as in lavaan: F = ½ Σ_{i ≤ j} (s_ij − σ_ij)² + ½ Σ (m_i − μ_i)².
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .curvature import bend, products
from .implied import Implied, Slopes, implied_moments, slopes
from .likelihood import deviation, summed
from .moments import SampleMoments, shares
from .ram import AnyArray, Array, GroupMatrices, Model


def discrepancy(model: Model, samples: Sequence[SampleMoments], x: AnyArray) -> AnyArray:
    """Compute F, the groups weighted by n_g/N."""
    parts = []
    for group, one, share in zip(model.groups, samples, shares(samples), strict=True):
        found = implied_moments(group, x)
        away = deviation(group, found, one)
        parts.append(share * _half_square(one.covariance - found.covariance, away))
    return np.asarray(np.sum(parts, axis=0))


def _half_square(spread: AnyArray, away: AnyArray) -> AnyArray:
    return np.asarray(0.5 * (_doubled(spread) * spread).sum(axis=(-1, -2)) / 2 + 0.5 * (away**2).sum(axis=-1))


def _doubled(spread: AnyArray) -> AnyArray:
    """Double the diagonal, so that a sum over all cells counts each moment twice."""
    return np.asarray(spread * (1 + np.eye(spread.shape[-1])))


def gradient(model: Model, samples: Sequence[SampleMoments], x: AnyArray) -> AnyArray:
    """Differentiate the discrepancy for all free parameters, (…, q)."""
    return summed(model, samples, x, _gradient)


def _gradient(group: GroupMatrices, found: Implied, move: Slopes, sample: SampleMoments) -> AnyArray:
    spread = sample.covariance - found.covariance
    away = deviation(group, found, sample)[..., None]
    bent = ((move.left @ _doubled(spread)) * move.right).sum(axis=-1) * move.scale
    return np.asarray(-bent - (move.mean @ away)[..., 0])


def information(model: Model, samples: Sequence[SampleMoments], x: AnyArray) -> AnyArray:
    """Sum products of the moments' derivatives, the Hessian where the model fits exactly, (…, q, q)."""
    return summed(model, samples, x, _information)


def _information(group: GroupMatrices, found: Implied, move: Slopes, sample: SampleMoments) -> AnyArray:
    unit = np.eye(group.n_observed)
    variances = move.scale[:, None] * move.left * move.right
    own = 2 * variances @ np.swapaxes(variances, -1, -2)
    return np.asarray(products(move, unit, 0.5 * unit) + own + move.mean @ np.swapaxes(move.mean, -1, -2))


def hessian(model: Model, samples: Sequence[SampleMoments], x: AnyArray) -> AnyArray:
    """Differentiate the discrepancy twice, (…, q, q)."""
    return summed(model, samples, x, _hessian)


def _hessian(group: GroupMatrices, found: Implied, move: Slopes, sample: SampleMoments) -> AnyArray:
    away = deviation(group, found, sample)
    return _information(group, found, move, sample) + bend(
        group, found, _doubled(found.covariance - sample.covariance), away
    )


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
