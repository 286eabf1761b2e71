"""Rules for the number of factors, as functions of a correlation matrix or of its eigenvalues.

Functions of R⁻¹ or of |R| raise `numpy.linalg.LinAlgError` where R is not positive definite.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from .consistency import LARGEST_CONDITION, correlation
from .factoring import minres
from .moments import Array

LEAST_ITEMS = 3


@dataclass(frozen=True)
class SamplingAdequacy:
    """Kaiser–Meyer–Olkin measure of sampling adequacy: of all items, and of each, (k,)."""

    overall: float
    items: Array


@dataclass(frozen=True)
class SphericityTest:
    """Bartlett's test that all correlations are 0."""

    chisq: float
    df: int
    p: float


def eigenvalues(r: Array) -> Array:
    """Eigenvalues of one or several symmetric matrices, from the largest; those of R are those of its components."""
    return np.asarray(np.linalg.eigvalsh(r)[..., ::-1], dtype=np.float64)


def is_positive_definite(r: Array) -> bool:
    """Tell whether a correlation matrix has an inverse that means something: no eigenvalue ≤ 0 but for rounding."""
    values = np.linalg.eigvalsh(r)
    return bool(values[0] > values[-1] / LARGEST_CONDITION)


def _check_positive_definite(r: Array) -> None:
    if not is_positive_definite(r):
        raise np.linalg.LinAlgError("Matrix is not positive definite")


def sampling_adequacy(r: Array) -> SamplingAdequacy:
    """Compare correlations with partial correlations: Σ r² / (Σ r² + Σ q²), over all pairs or those of an item.

    q_ij = −s_ij / sqrt(s_ii s_jj), with s the elements of R⁻¹ (the anti-image correlations but for their sign). Kaiser
    & Rice (1974), doi:10.1177/001316447403400115. In R: ``psych::KMO(R)``.
    """
    _check_positive_definite(r)
    apart = 1.0 - np.eye(len(r))
    simple = (r * apart) ** 2
    partial = (correlation(np.linalg.inv(r)) * apart) ** 2
    by_item = simple.sum(axis=0) / (simple.sum(axis=0) + partial.sum(axis=0))
    return SamplingAdequacy(float(simple.sum() / (simple.sum() + partial.sum())), by_item)


def sphericity(r: Array, n: float) -> SphericityTest:
    """Bartlett's test of sphericity: χ² = −(n − 1 − (2k + 5)/6) ln|R| on k(k − 1)/2 degrees of freedom.

    Bartlett (1950), doi:10.1111/j.2044-8317.1950.tb00285.x. In R: ``psych::cortest.bartlett(R, n)``.
    """
    _check_positive_definite(r)
    k = len(r)
    chisq = -(n - 1.0 - (2 * k + 5) / 6.0) * float(np.linalg.slogdet(r)[1])
    df = k * (k - 1) // 2
    return SphericityTest(chisq, df, float(special.chdtrc(df, max(chisq, 0.0))))


def average_partials(r: Array, power: int) -> Array:
    """Mean of |partial correlation|^power between items once the first 0, 1, …, k − 1 components are partialled out.

    Velicer (1976), doi:10.1007/BF02293557, takes power 2; Velicer, Eaton & Fava (2000),
    doi:10.1007/978-1-4615-4397-8_3, take power 4. The number of components is where the mean is least.
    In R: ``psych::vss(R)$map`` (power 2, from one component).
    """
    _check_positive_definite(r)
    values, vectors = np.linalg.eigh(r)
    k, rest, means = len(r), r.copy(), []
    for value, vector in zip(values[::-1], vectors.T[::-1], strict=True):
        partial = correlation(rest)
        means.append((np.sum(np.abs(partial) ** power) - k) / (k * (k - 1)))
        rest = rest - value * np.outer(vector, vector)
    return np.array(means)


def empirical_kaiser(values: Array, n: float) -> Array:
    """Compute the reference eigenvalues of the empirical Kaiser criterion, (k,).

    max(1, (k − Σ_{i<j} λ_i) / (k − j + 1) · (1 + sqrt(k/n))²), with λ the eigenvalues that were found. Braeken & van
    Assen (2017), doi:10.1037/met0000074, equation 2. Some programs take the references before j in place of λ.
    """
    k = len(values)
    left = k - np.concatenate([[0.0], np.cumsum(values)[:-1]])
    return np.asarray(np.maximum(1.0, left / np.arange(k, 0, -1) * (1.0 + np.sqrt(k / n)) ** 2))


def n_exceeding(values: Array, reference: Array) -> int:
    """Count the eigenvalues before the first that does not exceed its reference."""
    return int(np.logical_and.accumulate(values > reference).sum())


def with_diagonal(r: Array, diagonal: Array | float) -> Array:
    """Replace the diagonals of one or several matrices."""
    replaced = r.copy()
    places = np.arange(r.shape[-1])
    replaced[..., places, places] = diagonal
    return replaced


def factor_eigenvalues(r: Array) -> Array:
    """Eigenvalues of R with the communalities of one minres factor (its squared loadings) in the diagonal.

    NaN for fewer than three items, which do not determine a factor. In R, as in ``psych::fa.parallel``:
    ``psych::fa(R, nfactors = 1, fm = "minres")$values``.
    """
    if len(r) < LEAST_ITEMS:
        return np.full(len(r), np.nan)
    return eigenvalues(with_diagonal(r, minres(r, 1).loadings[:, 0] ** 2))


def harmonic_n(n: npt.NDArray[np.floating]) -> float:
    """Harmonic mean of the numbers of rows of the pairs of different variables, from a (k, k) matrix.

    The correlations of independent variables have variances near 1/n, so that sums over all pairs, such as the
    statistic of the test of sphericity, behave as if each pair had this number of rows.
    """
    pairs = n[np.tril_indices(len(n), -1)]
    return float(len(pairs) / np.sum(1.0 / pairs))
