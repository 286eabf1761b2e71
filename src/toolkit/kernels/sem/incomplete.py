"""The normal likelihood of incomplete rows as a function of the moments μ and Σ.

Each row adds the likelihood of what it holds. With o the variables of a pattern, V is Σ_oo⁻¹ with rows and columns of
zeros for the others, d = m − μ (zero for the others), S the pattern's covariance matrix, T = S + dd' and w = n_k/n.
Moments stand in the order of the means and then the lower triangle of Σ, column by column.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from .patterns import BLOCK, Mask, Patterns
from .ram import Array, Positions


@dataclass(frozen=True)
class Slope:
    """Minus the log-likelihood per row and its derivatives: dF = tr(G dΣ) + g'dμ.

    Attributes
    ----------
    value : F.
    covariance : G, (p, p), symmetric.
    mean : g, (p,).
    """

    value: float
    covariance: Array
    mean: Array


@dataclass(frozen=True)
class Triangle:
    """The cells of a symmetric (p, p) matrix's lower triangle, column by column.

    Attributes
    ----------
    row, column : of each cell (row ≤ column, which is the same cell mirrored), (t,).
    position : of a cell among them, (p, p).
    scale : ½ on the diagonal, else 1: a unit matrix of a cell is scale · (e_row e_column' + e_column e_row').
    """

    row: Positions
    column: Positions
    position: Positions
    scale: Array

    @classmethod
    @cache
    def of(cls, p: int) -> Triangle:
        """List the cells of a (p, p) matrix."""
        row, column = np.triu_indices(p)
        position = np.empty((p, p), dtype=np.intp)
        position[row, column] = position[column, row] = np.arange(len(row))
        return cls(row, column, position, np.where(row == column, 0.5, 1.0))

    def cells(self, matrices: Array) -> Array:
        """Take the cells of matrices (…, p, p), giving (…, t)."""
        return np.asarray(matrices[..., self.row, self.column])

    def matrix(self, cells: Array) -> Array:
        """Build symmetric matrices (…, p, p) from their cells (…, t)."""
        return np.asarray(cells[..., self.position])


def slope(patterns: Patterns, covariance: Array, mean: Array) -> Slope:
    """Compute F = Σ w ½ [p_o ln 2π + ln|Σ_oo| + tr(V T)], G = Σ w ½ (V − V T V) and g = −Σ w V d."""
    p = len(mean)
    value, weight, pull = 0.0, np.zeros((p, p)), np.zeros(p)
    for block in patterns.blocks:
        w = block.n / patterns.n_rows
        inverse, logs = inverses(covariance, block)
        away = np.where(block.observed, block.mean - mean, 0.0)
        turned = (inverse @ away[:, :, None])[:, :, 0]
        several = inverse[: len(block.cross)]
        share = block.cross / patterns.n_rows
        half = several @ share
        constants = np.log(2.0 * np.pi) * block.observed.sum(axis=1)
        value += 0.5 * float(w @ (constants + logs + (away * turned).sum(axis=1)))
        value += 0.5 * float(np.trace(half, axis1=1, axis2=2).sum())
        weight += 0.5 * (np.tensordot(w, inverse, axes=1) - (turned.T * w) @ turned - (half @ several).sum(axis=0))
        pull -= w @ turned
    return Slope(value, (weight + weight.T) / 2, pull)


def expected_information(patterns: Patterns, covariance: Array) -> Array:
    """Compute the expected information per row about the moments: V for means, ½ tr(V dΣᵢ V dΣⱼ) for (co)variances."""
    triangle = Triangle.of(len(covariance))
    products = np.zeros((len(triangle.row),) * 2)
    weight = np.zeros_like(covariance)
    for block in patterns.blocks:
        w = block.n / patterns.n_rows
        inverse = inverses(covariance, block)[0]
        cells = triangle.cells(inverse)
        products += (cells.T * w) @ cells
        weight += np.tensordot(w, inverse, axes=1)
    across = np.zeros((len(covariance), len(triangle.row)))
    return _joined(weight, across, _quadratic(products, triangle))


def observed_information(patterns: Patterns, covariance: Array, mean: Array) -> Array:
    """Compute the Hessian of F for the moments.

    For (co)variances tr(dΣᵢ V dΣⱼ (V T V − ½ V)), for a mean with one of them dμ'V dΣ V d, for means V.
    """
    triangle = Triangle.of(len(covariance))
    t = len(triangle.row)
    products, weight, bent = np.zeros((t, t)), np.zeros_like(covariance), np.zeros((t, len(covariance)))
    for block in patterns.blocks:
        w = block.n / patterns.n_rows
        inverse = inverses(covariance, block)[0]
        turned = (inverse @ np.where(block.observed, block.mean - mean, 0.0)[:, :, None])[:, :, 0]
        middle = turned[:, :, None] * turned[:, None, :] - 0.5 * inverse
        several = inverse[: len(block.cross)]
        middle[: len(block.cross)] += several @ (block.cross / block.n[: len(block.cross), None, None]) @ several
        cells = triangle.cells(inverse).T * w
        products += cells @ triangle.cells(middle)
        bent += cells @ turned
        weight += np.tensordot(w, inverse, axes=1)
    row, column, own = triangle.row, triangle.column, np.arange(len(covariance))[:, None]
    across = triangle.scale * (bent[triangle.position[own, column], row] + bent[triangle.position[own, row], column])
    return _joined(weight, across, _quadratic(products + products.T, triangle))


def _quadratic(products: Array, triangle: Triangle) -> Array:
    """Turn Σ w V ⊗ M, cells by cells, into the matrix of tr(dΣᵢ V dΣⱼ M)."""
    row, column, position = triangle.row, triangle.column, triangle.position
    straight = products[position[column[:, None], row], position[row[:, None], column]]
    crossed = products[position[column[:, None], column], position[row[:, None], row]]
    return np.asarray(triangle.scale[:, None] * triangle.scale * (straight + crossed))


def _joined(means: Array, across: Array, covariances: Array) -> Array:
    return np.block([[means, across], [across.T, covariances]])


def scores(
    x: Array, row_pattern: Positions, patterns: Patterns, covariance: Array, mean: Array
) -> Iterator[tuple[Positions, Array]]:
    """Yield blocks of rows, and each row's derivatives of the log-likelihood for the moments.

    With u = V (x − μ) they are u for the means and uu' − V for the covariances, half of it for the variances. Rows that
    hold nothing (pattern −1) are left out.
    """
    triangle = Triangle.of(len(mean))
    order = np.argsort(row_pattern, kind="stable")
    order = order[int((row_pattern < 0).sum()) :]
    for first in range(0, len(order), BLOCK):
        rows = order[first : first + BLOCK]
        which = row_pattern[rows]
        inverse = inverses(covariance, patterns.part(which[0], which[-1] + 1))[0]
        pattern = which - which[0]
        away = np.where(patterns.observed[which], x[rows] - mean, 0.0)
        turned = (inverse[pattern] @ away[:, :, None])[:, :, 0]
        spread = turned[:, triangle.row] * turned[:, triangle.column] - triangle.cells(inverse)[pattern]
        yield rows, np.hstack([turned, triangle.scale * spread])


def inverses(covariance: Array, patterns: Patterns) -> tuple[Array, Array]:
    """Compute V and ln|Σ_oo| of each pattern, (K, p, p) and (K,).

    Where few variables m are missing, from the inverse P of Σ: V = P − P_·m P_mm⁻¹ P_m· and |Σ_oo| = |Σ| |P_mm|.
    """
    holes, shape = patterns.holes, covariance.shape
    if not holes.few:
        return _padded(covariance, patterns.observed)
    precision = np.linalg.inv(covariance)
    precision = (precision + precision.T) / 2
    whole = float(np.linalg.slogdet(covariance)[1])
    found, logs = np.empty((len(patterns.n), *shape)), np.empty(len(patterns.n))
    for which, gone in holes.few:
        found[which], corner = _without(precision, gone)
        logs[which] = whole + corner
    if len(holes.many):
        found[holes.many], logs[holes.many] = _padded(covariance, patterns.observed[holes.many])
    return found, logs


def _without(precision: Array, gone: Positions) -> tuple[Array, Array]:
    rows = precision[gone]
    corner = precision[gone[:, :, None], gone[:, None, :]]
    found = precision - np.swapaxes(rows, 1, 2) @ np.linalg.solve(corner, rows)
    each = np.arange(len(gone))[:, None]
    found[each, gone] = 0.0
    found[each, :, gone] = 0.0
    return found, np.linalg.slogdet(corner)[1]


def _padded(covariance: Array, observed: Mask) -> tuple[Array, Array]:
    """Invert Σ with the rows and columns of missing variables replaced by those of an identity matrix."""
    unit = np.eye(len(covariance)) * ~observed[:, None, :]
    part = covariance * (observed[:, :, None] & observed[:, None, :]) + unit
    return np.linalg.inv(part) - unit, np.linalg.slogdet(part)[1]
