"""Normal-theory maximum likelihood from moments: discrepancy, derivatives, information and casewise scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .curvature import bend, products
from .implied import implied_moments, slopes
from .points import Discrepancy, Point, Points, summed
from .ram import AnyArray, Array, Model


def discrepancy(points: Points) -> AnyArray:
    """Compute F = Σ_g n_g/N · ½ [ln|Σ| + tr(SΣ⁻¹) − ln|S| − p + (m − μ)'Σ⁻¹(m − μ)]; +∞ where a Σ is not definite.

    The chi-square statistic is 2 N F, lavaan's `fmin` is F.
    """
    return np.asarray(np.sum([point.share * _discrepancy(point) for point in points], axis=0))


def _discrepancy(point: Point) -> AnyArray:
    trace = (point.inverse * point.spread).sum(axis=(-1, -2))
    logs = point.log_determinant - point.sample.log_determinant
    return np.where(point.definite, 0.5 * (logs + trace - point.group.n_observed), np.inf)


def gradient(points: Points) -> AnyArray:
    """Differentiate the discrepancy for all free parameters, (…, q)."""
    return summed(points, _gradient)


def _gradient(point: Point) -> AnyArray:
    move, inverse = point.move, point.inverse
    middle = inverse @ (point.spread - point.found.covariance) @ inverse
    bent = ((move.left @ middle) * move.right).sum(axis=-1) * move.scale
    if not point.group.mean_structure:
        return np.asarray(-bent)
    return np.asarray(-bent - (move.mean @ (inverse @ point.away))[..., 0])


def expected_information(points: Points) -> AnyArray:
    """Compute the expected information per row at the implied moments, (…, q, q).

    For parameters i and j: ½ tr(Σ⁻¹ dΣᵢ Σ⁻¹ dΣⱼ) + dμᵢ'Σ⁻¹dμⱼ, weighted by n_g/N.
    """
    return summed(points, _expected)


def _expected(point: Point) -> AnyArray:
    move, inverse = point.move, point.inverse
    spread = 0.5 * products(move, inverse, inverse)
    if not point.group.mean_structure:
        return np.asarray(spread)
    return np.asarray(spread + move.mean @ inverse @ np.swapaxes(move.mean, -1, -2))


def hessian(points: Points) -> AnyArray:
    """Differentiate the discrepancy twice, (…, q, q): the observed information per row.

    With V = Σ⁻¹, d = m − μ and T = S + dd': tr(V dΣᵢ (VTV − ½V) dΣⱼ) + dμᵢ'V dμⱼ + d'V (dΣᵢ V dμⱼ + dΣⱼ V dμᵢ)
    + ½ tr((V − VTV) d²Σ) − d'V d²μ.
    """
    return summed(points, _hessian)


def _hessian(point: Point) -> AnyArray:
    move, inverse = point.move, point.inverse
    squeezed = inverse @ point.spread @ inverse
    pull = inverse @ point.away
    result = products(move, inverse, squeezed - 0.5 * inverse)
    result += bend(point.group, point.found, inverse - squeezed, pull[..., 0])
    if not point.group.mean_structure:
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


NORMAL = Discrepancy(discrepancy, gradient, expected_information, hessian)
