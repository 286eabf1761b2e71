"""Normal-theory maximum likelihood from moments: discrepancy, derivatives, information and casewise scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .curvature import bend, products
from .implied import Implied, Slopes, implied_moments, slopes
from .moments import SampleMoments, shares
from .ram import AnyArray, Array, GroupMatrices, Model


def discrepancy(model: Model, samples: Sequence[SampleMoments], x: AnyArray) -> AnyArray:
    """Compute F = Σ_g n_g/N · ½ [ln|Σ| + tr(SΣ⁻¹) − ln|S| − p + (m − μ)'Σ⁻¹(m − μ)]; +∞ where a Σ is not definite.

    The chi-square statistic is 2 N F, lavaan's `fmin` is F.
    """
    parts = [
        share * _discrepancy(group, implied_moments(group, x), one)
        for group, one, share in zip(model.groups, samples, shares(samples), strict=True)
    ]
    return np.asarray(np.sum(parts, axis=0))


def _discrepancy(group: GroupMatrices, found: Implied, sample: SampleMoments) -> AnyArray:
    definite, sigma = positive_definite(found.covariance)
    away = deviation(group, found, sample)[..., None]
    spread = sample.covariance + away @ np.swapaxes(away, -1, -2)
    trace = (np.linalg.inv(sigma) * spread).sum(axis=(-1, -2))
    logs = np.linalg.slogdet(sigma)[1] - sample.log_determinant
    return np.where(definite, 0.5 * (logs + trace - group.n_observed), np.inf)


def positive_definite(matrix: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Tell which matrices are positive definite, (…), and put identity matrices in the place of the others."""
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        definite = np.linalg.eigvalsh(matrix)[..., 0] > 0
        return definite, np.where(definite[..., None, None], matrix, np.eye(matrix.shape[-1]))
    return np.ones(matrix.shape[:-2], dtype=bool), matrix


def deviation(group: GroupMatrices, found: Implied, sample: SampleMoments) -> AnyArray:
    """Sample means minus implied ones, (…, p); zeros where the model does not speak of means."""
    return sample.mean - found.mean if group.mean_structure else np.zeros_like(found.mean)


def gradient(model: Model, samples: Sequence[SampleMoments], x: AnyArray) -> AnyArray:
    """Differentiate the discrepancy for all free parameters, (…, q)."""
    return summed(model, samples, x, _gradient)


def _gradient(group: GroupMatrices, found: Implied, move: Slopes, sample: SampleMoments) -> AnyArray:
    inverse = np.linalg.inv(found.covariance)
    away = deviation(group, found, sample)[..., None]
    spread = sample.covariance + away @ np.swapaxes(away, -1, -2) - found.covariance
    middle = inverse @ spread @ inverse
    pull = (inverse @ away)[..., 0]
    bent = ((move.left @ middle) * move.right).sum(axis=-1) * move.scale
    return np.asarray(-bent - (move.mean @ pull[..., None])[..., 0])


def expected_information(model: Model, samples: Sequence[SampleMoments], x: AnyArray) -> AnyArray:
    """Compute the expected information per row at the implied moments, (…, q, q).

    For parameters i and j: ½ tr(Σ⁻¹ dΣᵢ Σ⁻¹ dΣⱼ) + dμᵢ'Σ⁻¹dμⱼ, weighted by n_g/N.
    """
    return summed(model, samples, x, _expected)


def _expected(group: GroupMatrices, found: Implied, move: Slopes, sample: SampleMoments) -> AnyArray:
    inverse = np.linalg.inv(found.covariance)
    means = move.mean @ inverse @ np.swapaxes(move.mean, -1, -2)
    return np.asarray(products(move, inverse, 0.5 * inverse) + means)


def hessian(model: Model, samples: Sequence[SampleMoments], x: AnyArray) -> AnyArray:
    """Differentiate the discrepancy twice, (…, q, q): the observed information per row.

    With V = Σ⁻¹, d = m − μ and T = S + dd': tr(V dΣᵢ (VTV − ½V) dΣⱼ) + dμᵢ'V dμⱼ + d'V (dΣᵢ V dμⱼ + dΣⱼ V dμᵢ)
    + ½ tr((V − VTV) d²Σ) − d'V d²μ.
    """
    return summed(model, samples, x, _hessian)


def _hessian(group: GroupMatrices, found: Implied, move: Slopes, sample: SampleMoments) -> AnyArray:
    inverse = np.linalg.inv(found.covariance)
    away = deviation(group, found, sample)[..., None]
    squeezed = inverse @ (sample.covariance + away @ np.swapaxes(away, -1, -2)) @ inverse
    pull = inverse @ away
    result = products(move, inverse, squeezed - 0.5 * inverse) + bend(group, found, inverse - squeezed, pull[..., 0])
    if not group.mean_structure:
        return np.asarray(result)
    turned = np.swapaxes(move.mean, -1, -2)
    onto = move.scale[:, None] * ((move.left @ pull) * move.right + (move.right @ pull) * move.left) @ inverse @ turned
    return np.asarray(result + move.mean @ inverse @ turned + onto + np.swapaxes(onto, -1, -2))


def scores(model: Model, rows: Sequence[Array], x: Array) -> Array:
    """Differentiate each row's log-likelihood, (n, q), all groups one after the other; rows are complete.

    With z = Σ⁻¹(row − μ): ½ (z'dΣz − tr(Σ⁻¹dΣ)) + z'dμ.
    """
    parts = []
    for group, values in zip(model.groups, rows, strict=True):
        found = implied_moments(group, x)
        move = slopes(group, found)
        inverse = np.linalg.inv(found.covariance)
        z = (values - (found.mean if group.mean_structure else values.mean(axis=0))) @ inverse
        level = ((move.left @ inverse) * move.right).sum(axis=-1)
        mine = move.scale * ((z @ move.left.T) * (z @ move.right.T) - level) + z @ move.mean.T
        part = np.zeros((len(values), len(x)))
        part[:, move.parameter] = mine
        parts.append(part)
    return np.concatenate(parts)


Part = Callable[[GroupMatrices, Implied, Slopes, SampleMoments], AnyArray]


def summed(model: Model, samples: Sequence[SampleMoments], x: AnyArray, part: Part) -> AnyArray:
    """Add the groups' derivatives, each at the places of its own parameters, weighted by the groups' shares."""
    result: AnyArray | None = None
    for group, one, share in zip(model.groups, samples, shares(samples), strict=True):
        found = implied_moments(group, x)
        move = slopes(group, found)
        value = part(group, found, move, one)
        rank = value.ndim - x.ndim + 1
        if result is None:
            result = np.zeros((*x.shape, *[x.shape[-1]] * (rank - 1)), dtype=value.dtype)
        value = share.reshape(share.shape + (1,) * rank) * value
        if rank == 1:
            result[..., move.parameter] += value
        else:
            result[..., move.parameter[:, None], move.parameter] += value
    return np.zeros_like(x) if result is None else result
