"""Factor scores: weights of the standardised items, and how well the factors are determined.

R are the correlations of the items, Λ pattern, Φ correlations of the factors, Ψ the uniquenesses. Grice (2001),
doi:10.1037/1082-989X.6.4.430. In R: ``psych::factor.scores(x, loadings, Phi, method)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Factors:
    """A rotated solution."""

    loadings: Array
    phi: Array
    uniquenesses: Array

    @property
    def structure(self) -> Array:
        """Correlations of items with factors, ΛΦ."""
        return np.asarray(self.loadings @ self.phi)


def regression(r: Array, factors: Factors) -> Array:
    """Thurstone's (1935) regression weights, R⁻¹ΛΦ: highest correlation with the factor."""
    return np.asarray(np.linalg.solve(r, factors.structure))


def bartlett(r: Array, factors: Factors) -> Array:
    """Bartlett's (1937) weights, Ψ⁻¹Λ(Λ'Ψ⁻¹Λ)⁻¹: each score holds no other factor."""
    scaled = factors.loadings / factors.uniquenesses[:, None]
    return np.asarray(scaled @ np.linalg.inv(factors.loadings.T @ scaled))


def tenberge(r: Array, factors: Factors) -> Array:
    """Weights that keep the correlations of the factors, ten Berge et al. (1999), doi:10.1016/S0024-3795(97)10007-6.

    R^-½ C Φ^½ with C = R^-½ L (L'R⁻¹L)^-½ and L = ΛΦ^½.
    """
    root, half = power(factors.phi, 0.5), power(r, -0.5)
    turned = half @ factors.loadings @ root
    return np.asarray(half @ turned @ power(turned.T @ turned, -0.5) @ root)


SCORES: dict[str, Callable[[Array, Factors], Array]] = {
    "regression": regression,
    "bartlett": bartlett,
    "tenberge": tenberge,
}


def determinacy(r: Array, factors: Factors) -> Array:
    """Multiple correlation of each factor with the items, sqrt diag ΦΛ'R⁻¹ΛΦ; psych's ``R2`` is its square.

    The lowest correlation of two equally good sets of scores is 2R² − 1. Guttman (1955); Grice (2001).
    """
    structure = factors.structure
    return np.asarray(np.sqrt((structure * np.linalg.solve(r, structure)).sum(axis=0)))


def power(matrix: Array, exponent: float) -> Array:
    """Raise a symmetric matrix with positive eigenvalues to a power."""
    values, vectors = np.linalg.eigh(matrix)
    if values[0] <= 0:
        raise np.linalg.LinAlgError("The matrix is not positive definite")
    return np.asarray((vectors * values**exponent) @ vectors.T)
