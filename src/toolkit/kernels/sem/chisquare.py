"""Tests of fit: plain, and corrected for distributions that are not normal, rows in clusters or weights not optimal.

T is 2 N F; U is the residual weight matrix and Γ the covariance matrix of the moments, as in Satorra & Bentler (1994);
tr(UΓ) is df for normal data. A scaled test divides T by tr(UΓ)/df.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from .ram import Array


@dataclass(frozen=True)
class ChiSquare:
    """A test statistic.

    Attributes
    ----------
    statistic, df : the statistic and its degrees of freedom.
    factor, shift : statistic = plain statistic / factor + shift.
    trace : tr(UΓ), df where data are normal.
    """

    statistic: float
    df: float
    factor: float = 1.0
    shift: float = 0.0
    trace: float | None = None

    @property
    def plain(self) -> float:
        """The statistic before it was scaled and shifted."""
        return (self.statistic - self.shift) * self.factor if self.df > 0 else self.statistic

    @property
    def inflation(self) -> float:
        """tr(UΓ)/df: by how much the plain statistic is too large on average."""
        return 1.0 if self.trace is None or self.df <= 0 else self.trace / self.df

    @property
    def pvalue(self) -> float:
        """P(chi-square with df > statistic); not a number where df is 0."""
        return float(special.chdtrc(self.df, self.statistic)) if self.df > 0 else float("nan")


def mean_adjusted(statistic: float, df: float, trace: float) -> ChiSquare:
    """Divide by c = tr(UΓ)/df.

    Satorra & Bentler (1994); Yuan & Bentler (2000), doi:10.1111/0081-1750.00078, where the trace is the difference of
    tr(B A⁻¹) between the unrestricted and the fitted model (lavaan's `yuan.bentler.mplus`).
    """
    if df <= 0:
        return ChiSquare(statistic, df, float("nan"))
    factor = trace / df
    return ChiSquare(statistic / factor, df, factor, 0.0, trace)


def scaled_and_shifted(statistic: float, df: float, trace: float, squares: float) -> ChiSquare:
    """Scale and shift so that mean and variance are those of chi-square with df.

    a = sqrt(df / tr((UΓ)²)), T a + df − a tr(UΓ); `factor` is 1/a, `shift` the rest. Asparouhov & Muthén (2010);
    ``lavaan::cfa(test = "scaled.shifted")``, the default for WLSMV.
    """
    if df <= 0:
        return ChiSquare(statistic, df, float("nan"))
    a = float(np.sqrt(df / squares))
    shift = df - a * trace
    return ChiSquare(statistic * a + shift, df, 1 / a, shift, trace)


@dataclass(frozen=True)
class MomentStructure:
    """What the distribution of a residual test depends on; moments of all groups one below the other.

    Attributes
    ----------
    jacobian : Δ, derivatives of the moments for the free parameters, (m, q).
    weight : W, block diagonal over groups, each block times n_g/N, (m, m), or its diagonal (m,).
    gamma : Γ, block diagonal, each block times N/n_g, (m, m).
    """

    jacobian: Array
    weight: Array
    gamma: Array

    def weighted(self, matrix: Array) -> Array:
        """Compute W · matrix."""
        return matrix * self.weight[:, None] if self.weight.ndim == 1 else self.weight @ matrix


def residual_traces(structure: MomentStructure, basis: Array) -> tuple[float, float]:
    """Compute tr(UΓ) and tr((UΓ)²), U = W − WΔ(Δ'WΔ)⁻¹Δ'W, Δ along the free directions.

    UΓ is formed as a whole: sums of traces of its parts lose digits where units of measurement differ much.
    """
    jacobian = structure.jacobian @ basis
    weighted = structure.weighted(jacobian)
    whole = structure.weighted(structure.gamma)
    product = whole - weighted @ np.linalg.solve(jacobian.T @ weighted, weighted.T @ structure.gamma)
    return float(np.trace(product)), float((product * product.T).sum())
