"""Comparing and aligning solutions: Tucker's congruence, matching of factors, Procrustes rotation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import optimize

Array = npt.NDArray[np.float64]


def congruence(one: Array, two: Array) -> Array:
    """Tucker's congruence of every factor of one solution with every factor of another, (m, m').

    φ = Σ xy / sqrt(Σ x² Σ y²) over the items; NaN for a factor without loadings. Tucker (1951); Lorenzo-Seva & ten
    Berge (2006), doi:10.1027/1614-2241.2.2.57. In R: ``psych::factor.congruence(one, two, digits = 15)``.
    """
    size = np.outer(np.sqrt((one**2).sum(axis=0)), np.sqrt((two**2).sum(axis=0)))
    return np.asarray(np.divide(one.T @ two, size, out=np.full(size.shape, np.nan), where=size > 0))


def matched(loadings: Array, wanted: Array) -> tuple[npt.NDArray[np.intp], Array]:
    """Find the factor that belongs to each wanted factor, and whether it must be turned round.

    The pairs are those with the largest sum of absolute congruences. Gives places and signs (±1), so that
    ``loadings[:, places] * signs`` has the order and direction of `wanted`.
    """
    phi = np.nan_to_num(congruence(loadings, wanted))
    places, partners = optimize.linear_sum_assignment(-np.abs(phi))
    ordered = np.asarray(places[np.argsort(partners)], dtype=np.intp)
    return ordered, np.where(phi[ordered, np.arange(len(ordered))] < 0, -1.0, 1.0)


def procrustes(loadings: Array, wanted: Array) -> Array:
    """Find the orthogonal T that brings loadings · T nearest to the wanted ones.

    T = UV' from the singular value decomposition UDV' of loadings' wanted. Schönemann (1966), doi:10.1007/BF02289451.
    The oblique one is rotation to a target that is wholly specified (``rotate(loadings, "target", ...)``).
    """
    left, _, right = np.linalg.svd(loadings.T @ wanted)
    return np.asarray(left @ right, dtype=np.float64)
