"""Second-order pieces that discrepancies share: products of first derivatives, second derivatives of the moments."""

from __future__ import annotations

import numpy as np

from .implied import Implied, Slopes
from .ram import AnyArray, GroupMatrices


def products(move: Slopes, one: AnyArray, other: AnyArray) -> AnyArray:
    """Compute tr(one dΣᵢ other dΣⱼ) for all pairs, (…, q, q), for symmetric weights."""
    turned_left, turned_right = np.swapaxes(move.left, -1, -2), np.swapaxes(move.right, -1, -2)
    left, right = move.left @ one, move.right @ one
    across = left @ turned_right
    if one is other:
        result = (left @ turned_left) * (right @ turned_right) + across * np.swapaxes(across, -1, -2)
        return np.asarray(2 * move.scale[:, None] * move.scale * result)
    other_left, other_right = move.left @ other, move.right @ other
    crossed = across * np.swapaxes(other_left @ turned_right, -1, -2)
    result = (left @ turned_left) * (other_right @ turned_right) + (right @ turned_right) * (other_left @ turned_left)
    return np.asarray(move.scale[:, None] * move.scale * (result + crossed + np.swapaxes(crossed, -1, -2)))


def bend(group: GroupMatrices, found: Implied, weight: AnyArray, pull: AnyArray) -> AnyArray:
    """Compute ½ tr(weight d²Σᵢⱼ) − pull'd²μᵢⱼ for all pairs, (…, q, q), in the order of `slopes`.

    Only pairs with a path move anything: paths with paths, with (co)variances and with intercepts.
    """
    path, spread, level = group.path_cells, group.covariance_cells, group.intercept_cells
    effects, turned = found.effects, np.swapaxes(found.effects, -1, -2)
    inner = turned @ weight @ effects
    outer = found.crossed @ weight @ effects
    drawn = (turned @ pull[..., None])[..., 0]
    total, full, means = found.total, found.covariances, found.means

    to, source = path.row[:, None], path.column[:, None]
    then = total[..., source.T, to] * (outer[..., source, to.T] - drawn[..., None, path.row] * means[..., source])
    paths = then + np.swapaxes(then, -1, -2) + full[..., source, source.T] * inner[..., to, to.T]

    first, second = spread.row[None, :], spread.column[None, :]
    scale = np.where(spread.row == spread.column, 0.5, 1.0)
    spreads = scale * (
        total[..., source, first] * inner[..., to, second] + total[..., source, second] * inner[..., to, first]
    )
    levels = -drawn[..., path.row, None] * total[..., source, level.row[None, :]]

    n_paths, size = len(path.row), len(path.row) + len(spread.row) + len(level.row)
    result = np.zeros((*paths.shape[:-2], size, size), dtype=paths.dtype)
    beside = np.concatenate([spreads, levels], axis=-1)
    result[..., :n_paths, :n_paths] = paths
    result[..., :n_paths, n_paths:] = beside
    result[..., n_paths:, :n_paths] = np.swapaxes(beside, -1, -2)
    return result
