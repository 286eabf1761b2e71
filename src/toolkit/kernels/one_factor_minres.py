"""One minres factor of many correlation matrices at once."""

from __future__ import annotations

import numpy as np

from .factoring import LOWEST_UNIQUENESS, first_guess, minres
from .moments import Array
from .retention import with_diagonal

SWEEPS = 20
NEWTON_STEPS = 10
TOLERANCE = 1e-9


def communalities(r: Array) -> Array:
    """Communalities of one minres factor in each of B correlation matrices, (B, k).

    Coordinate descent, which never goes uphill, then Newton steps on the loadings, all matrices at once; a matrix that
    these do not bring to a minimum within bounds (a Heywood case, most often) is given to `factoring.minres`.
    """
    residual = with_diagonal(r, 0.0)
    start = first_guess(r)
    loadings = _swept(residual, _first_axis(r, start))
    before = _misfit(residual, loadings)
    loadings = _polished(residual, loadings)
    found = np.abs(_slope(residual, loadings)).max(axis=1) < TOLERANCE
    found &= (_misfit(residual, loadings) <= before + TOLERANCE) & ((loadings**2).max(axis=1) < 1 - LOWEST_UNIQUENESS)
    squared: Array = loadings**2
    for place in np.flatnonzero(~found):
        squared[place] = minres(r[place], 1, start=start[place]).loadings[:, 0] ** 2
    return squared


def _first_axis(r: Array, unique: Array) -> Array:
    values, vectors = np.linalg.eigh(with_diagonal(r, 1.0 - unique))
    return np.asarray(vectors[:, :, -1] * np.sqrt(np.maximum(values[:, -1:], 0.0)))


def _swept(off: Array, loadings: Array) -> Array:
    """Set each loading in turn where the misfit is least given the others: Σ_j r_ij l_j / Σ_j l_j² (Harman & Jones)."""
    highest = np.sqrt(1.0 - LOWEST_UNIQUENESS)
    for _ in range(SWEEPS):
        for item in range(off.shape[1]):
            others = (loadings**2).sum(axis=1) - loadings[:, item] ** 2
            best = np.einsum("bi,bi->b", off[:, item], loadings) / np.maximum(others, TOLERANCE)
            loadings[:, item] = np.clip(best, -highest, highest)
    return loadings


def _polished(off: Array, loadings: Array) -> Array:
    """Take Newton steps on the loadings; a singular matrix of second derivatives ends them."""
    for _ in range(NEWTON_STEPS):
        others = (loadings**2).sum(axis=1, keepdims=True) - loadings**2
        hessian = with_diagonal(2.0 * loadings[:, :, None] * loadings[:, None, :] - off, others)
        try:
            step = np.linalg.solve(hessian, _slope(off, loadings)[:, :, None])[:, :, 0]
        except np.linalg.LinAlgError:
            return loadings
        loadings = np.clip(loadings - step, -1.0, 1.0)
    return loadings


def _slope(off: Array, loadings: Array) -> Array:
    others = (loadings**2).sum(axis=1, keepdims=True) - loadings**2
    return np.asarray(loadings * others - np.einsum("bij,bj->bi", off, loadings))


def _misfit(off: Array, loadings: Array) -> Array:
    """Sum the squared residuals of different items."""
    fitted = with_diagonal(loadings[:, :, None] * loadings[:, None, :], 0.0)
    return np.asarray(((off - fitted) ** 2).sum(axis=(1, 2)))
