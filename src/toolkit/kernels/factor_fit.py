"""How well factors account for a correlation matrix: discrepancy, chi-square, residuals, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from .factoring import degrees_of_freedom

Array = npt.NDArray[np.float64]

RMSEA_CONFIDENCE = 0.90


@dataclass(frozen=True)
class ChiSquareFit:
    """Fit by the likelihood; NaN where a measure is not defined."""

    chisq: float
    p: float
    rmsea: float
    rmsea_ci_low: float
    rmsea_ci_high: float
    tli: float
    bic: float
    cfi: float


def residuals(r: Array, loadings: Array, phi: Array) -> Array:
    """Residual correlations R − ΛΦΛ', the diagonal 0."""
    left = r - loadings @ phi @ loadings.T
    np.fill_diagonal(left, 0.0)
    return np.asarray(left)


def root_mean_square(residual: Array) -> float:
    """Root mean square of the residual correlations, psych's ``rms``."""
    k = len(residual)
    return float(np.sqrt((residual**2).sum() / (k * (k - 1))))


def root_mean_square_corrected(residual: Array, df: int) -> float:
    """Root of the sum of squared residuals (each pair once) over the degrees of freedom, psych's ``crms``."""
    return float(np.sqrt((residual**2).sum() / (2 * df))) if df > 0 else np.nan


def discrepancy(r: Array, residual: Array) -> float:
    """Likelihood discrepancy tr Σ⁻¹R − ln|Σ⁻¹R| − k, with Σ the fitted correlations; inf where it is not defined."""
    implied = r - residual
    ratio = np.linalg.solve(implied, r)
    sign, logarithm = np.linalg.slogdet(ratio)
    positive = sign > 0 and np.linalg.eigvalsh(implied)[0] > 0
    return float(np.trace(ratio) - logarithm - len(r)) if positive else np.inf


def chi_square_fit(r: Array, residual: Array, n_factors: int, n: int) -> ChiSquareFit:
    """Measures that rest on chi-square, as ``psych::fa`` has them.

    With f the discrepancy, k items, m factors: χ² = f (n − 1 − (2k + 5)/6 − 2m/3), Bartlett (1951);
    RMSEA = sqrt(max(0, χ²/(df n) − 1/(n − 1))), its 90 % bounds sqrt(λ / ((n − 1) df)), λ the noncentralities at which
    χ² is the 5 % and 95 % quantile; TLI = (M₀ − M) / (M₀ − 1/c), M = f/df, M₀ the same of the model without factors and
    c the factor of f in χ²; BIC = χ² − df ln n; CFI = 1 − max(0, χ² − df) / max(χ²₀ − df₀, χ² − df, 0), χ²₀ = −ln|R|
    (n − 1 − (2k + 5)/6).
    """
    k, df = len(r), degrees_of_freedom(len(r), n_factors)
    factor = n - 1 - (2 * k + 5) / 6
    value = discrepancy(r, residual)
    chisq = max(0.0, value * (factor - 2 * n_factors / 3))
    if df <= 0 or not np.isfinite(chisq):
        return ChiSquareFit(chisq if np.isfinite(chisq) else np.nan, *[np.nan] * 7)
    null, null_df = -float(np.linalg.slogdet(r)[1]), k * (k - 1) / 2
    ratio, null_ratio = value / df, null / null_df
    excess, null_excess = max(0.0, chisq - df), null * factor - null_df
    low, high = rmsea_interval(chisq, df, n)
    return ChiSquareFit(
        chisq=chisq,
        p=float(special.chdtrc(df, chisq)),
        rmsea=float(np.sqrt(max(0.0, chisq / (df * n) - 1 / (n - 1)))),
        rmsea_ci_low=low,
        rmsea_ci_high=high,
        tli=(null_ratio - ratio) / (null_ratio - 1 / (factor - 2 * n_factors / 3)),
        bic=chisq - df * float(np.log(n)),
        cfi=1.0 - excess / max(null_excess, excess) if max(null_excess, excess) > 0 else 1.0,
    )


def rmsea_interval(chisq: float, df: int, n: int, confidence: float = RMSEA_CONFIDENCE) -> tuple[float, float]:
    """Bounds of the RMSEA, from the noncentral chi-square distribution. Steiger & Lind; Browne & Cudeck (1992)."""
    tail = (1 - confidence) / 2
    low, high = (_noncentrality(chisq, df, share) for share in (1 - tail, tail))
    return float(np.sqrt(low / ((n - 1) * df))), float(np.sqrt(high / ((n - 1) * df)))


def _noncentrality(chisq: float, df: int, share: float) -> float:
    """Find the noncentrality at which a share of the distribution lies below chi-square; 0 where there is none."""
    if special.chdtr(df, chisq) <= share:
        return 0.0

    def above(noncentrality: float) -> float:
        return float(special.chndtr(chisq, df, noncentrality)) - share

    return float(optimize.brentq(above, 0.0, _upper(above, max(chisq, 1.0)), xtol=1e-12, rtol=1e-14))


def _upper(above: Callable[[float], float], start: float) -> float:
    while above(start) > 0:
        start *= 2
    return start


def complexity(loadings: Array) -> Array:
    """Hofmann's index of the factors that an item needs, (Σ λ²)² / Σ λ⁴; NaN for an item without loadings.

    Hofmann (1978), doi:10.1207/s15327906mbr1302_9.
    """
    fourth = (loadings**4).sum(axis=1)
    square = (loadings**2).sum(axis=1) ** 2
    return np.asarray(np.divide(square, fourth, out=np.full(len(fourth), np.nan), where=fourth > 0))


def communalities(loadings: Array, phi: Array) -> Array:
    """Share of each item's variance that the factors account for, diag ΛΦΛ'."""
    return np.asarray(((loadings @ phi) * loadings).sum(axis=1))


def variance_accounted(loadings: Array, phi: Array) -> Array:
    """Sum of squared loadings of each factor, diag ΦΛ'Λ: its part of the common variance. psych's ``Vaccounted``."""
    return np.asarray((phi * (loadings.T @ loadings)).sum(axis=0))
