"""Normal-theory maximum likelihood from moments: discrepancy, gradient and information."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .implied import Implied, Slopes, implied_moments, slopes
from .moments import SampleMoments
from .ram import AnyArray, Array, Model


def discrepancy(model: Model, samples: Sequence[SampleMoments], x: AnyArray) -> AnyArray:
    """Compute F = Σ_g n_g/N · ½ [ln|Σ| + tr(SΣ⁻¹) − ln|S| − p + (m − μ)'Σ⁻¹(m − μ)]; +∞ where a Σ is not definite.

    The chi-square statistic is 2 N F, lavaan's `fmin` is F.
    """
    total = sum(one.n for one in samples)
    parts = [
        one.n / total * _discrepancy(implied_moments(group, x), one)
        for group, one in zip(model.groups, samples, strict=True)
    ]
    return np.asarray(np.sum(parts, axis=0))


def _discrepancy(found: Implied, sample: SampleMoments) -> AnyArray:
    p = found.covariance.shape[-1]
    definite = np.linalg.eigvalsh(found.covariance)[..., 0] > 0
    sigma = np.where(definite[..., None, None], found.covariance, np.eye(p))
    away = (sample.mean - found.mean)[..., None]
    spread = sample.covariance + away @ np.swapaxes(away, -1, -2)
    trace = np.trace(np.linalg.solve(sigma, spread), axis1=-2, axis2=-1)
    logs = np.linalg.slogdet(sigma)[1] - np.linalg.slogdet(sample.covariance)[1]
    return np.where(definite, 0.5 * (logs + trace - p), np.inf)


def gradient(model: Model, samples: Sequence[SampleMoments], x: AnyArray) -> AnyArray:
    """Differentiate the discrepancy for all free parameters, (…, q)."""
    total = sum(one.n for one in samples)
    result = np.zeros(x.shape, dtype=x.dtype)
    for group, one in zip(model.groups, samples, strict=True):
        found = implied_moments(group, x)
        result = result + one.n / total * _gradient(found, slopes(group, found), one, x)
    return result


def _gradient(found: Implied, move: Slopes, sample: SampleMoments, x: AnyArray) -> AnyArray:
    inverse = np.linalg.inv(found.covariance)
    away = (sample.mean - found.mean)[..., None]
    spread = sample.covariance + away @ np.swapaxes(away, -1, -2) - found.covariance
    middle = inverse @ spread @ inverse
    pull = (inverse @ away)[..., 0]
    bent = ((move.left @ middle) * move.right).sum(axis=-1) * move.scale
    return scattered(-bent - (move.mean @ pull[..., None])[..., 0], move, x)


def scattered(values: AnyArray, move: Slopes, x: AnyArray) -> AnyArray:
    """Put a group's derivatives (…, q_g) at their places among all free parameters (…, q)."""
    result = np.zeros(x.shape, dtype=values.dtype)
    result[..., move.parameter] = values
    return result


def expected_information(model: Model, samples: Sequence[SampleMoments], x: AnyArray) -> AnyArray:
    """Compute the expected information per row at the implied moments, (…, q, q).

    For parameters i and j: ½ tr(Σ⁻¹ dΣᵢ Σ⁻¹ dΣⱼ) + dμᵢ'Σ⁻¹dμⱼ, weighted by n_g/N.
    """
    total = sum(one.n for one in samples)
    result = np.zeros((*x.shape, x.shape[-1]), dtype=x.dtype)
    for group, one in zip(model.groups, samples, strict=True):
        found = implied_moments(group, x)
        move = slopes(group, found)
        cells = np.ix_(move.parameter, move.parameter)
        result[(..., *cells)] += one.n / total * information_of(move, np.linalg.inv(found.covariance))
    return result


def information_of(move: Slopes, weight: AnyArray) -> AnyArray:
    """Compute ½ tr(W dΣᵢ W dΣⱼ) + dμᵢ'W dμⱼ for all pairs, (…, q, q)."""
    left, right = move.left @ weight, move.right @ weight
    turned_left, turned_right = np.swapaxes(move.left, -1, -2), np.swapaxes(move.right, -1, -2)
    scale = move.scale[:, None] * move.scale[None, :]
    across = left @ turned_right
    spread = scale * ((left @ turned_left) * (right @ turned_right) + across * np.swapaxes(across, -1, -2))
    return np.asarray(spread + move.mean @ weight @ np.swapaxes(move.mean, -1, -2))


def observed_information(model: Model, samples: Sequence[SampleMoments], x: Array) -> Array:
    """Differentiate the gradient by complex steps: the Hessian of the discrepancy, (q, q)."""
    step = 1e-30
    moved = x + 1j * step * np.eye(len(x))
    hessian = np.imag(gradient(model, samples, moved)) / step
    return np.asarray((hessian + hessian.T) / 2)
