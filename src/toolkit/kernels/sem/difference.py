"""Tests of nested models: the difference of two chi-squares, plain or scaled."""

from __future__ import annotations

import numpy as np

from .chisquare import ChiSquare, MomentStructure, mean_adjusted, scaled_and_shifted
from .ram import Array

SMALLEST = 1e-8


def plain_difference(less: ChiSquare, more: ChiSquare) -> ChiSquare:
    """Subtract the less restricted model's test from the more restricted one's; both unscaled."""
    return ChiSquare(more.statistic - less.statistic, more.df - less.df)


def scaled_difference_2001(less: ChiSquare, more: ChiSquare, factors: tuple[float, float]) -> ChiSquare:
    """Scale the difference of two plain tests by c = (d₁c₁ − d₀c₀)/(d₁ − d₀), 1 the more restricted model.

    `factors` are (c₀, c₁). Where the factor is negative the test is not defined. Satorra & Bentler (2001),
    doi:10.1007/BF02296192; ``lavaan::lavTestLRT(method = "satorra.bentler.2001")``, its default for MLR.
    """
    plain = plain_difference(less, more)
    if plain.df <= 0:
        return ChiSquare(plain.statistic, plain.df, float("nan"))
    trace = more.df * factors[1] - (less.df * factors[0] if less.df else 0.0)
    return mean_adjusted(plain.statistic if trace > 0 else float("nan"), plain.df, trace)


def difference_traces(less: MomentStructure, basis: Array, more: Array) -> tuple[float, float]:
    """Compute the traces of UΓ and (UΓ)² for the restrictions that lead from one model to a model within it.

    Satorra (2000): with Δ of the less restricted model at its estimates, E = Δ'WΔ and A the restrictions of its
    parameters, U = WΔ E⁻¹A'(A E⁻¹ A')⁻¹A E⁻¹ Δ'W. A spans what the more restricted model's Δ leaves out of the less
    restricted one's, as in lavaan's `A.method = "delta"`.

    Parameters
    ----------
    less, basis : the less restricted model's structure, and its free directions.
    more : Δ of the more restricted model along its free directions, (m, u).
    """
    jacobian = less.jacobian @ basis
    vectors, roots, _ = np.linalg.svd(np.linalg.lstsq(jacobian, more, rcond=None)[0])
    restriction = vectors[:, int((roots > SMALLEST * roots.max()).sum()) :].T
    weighted = less.weighted(jacobian)
    inverse = np.linalg.inv(jacobian.T @ weighted)
    middle = inverse @ restriction.T @ np.linalg.solve(restriction @ inverse @ restriction.T, restriction @ inverse)
    product = middle @ (weighted.T @ less.gamma @ weighted)
    return float(np.trace(product)), float((product * product.T).sum())


def scaled_difference_2000(
    less: ChiSquare, more: ChiSquare, traces: tuple[float, float], shifted: bool = True
) -> ChiSquare:
    """Scale (and shift) the difference of two plain tests by `difference_traces`.

    ``lavaan::lavTestLRT(method = "satorra.2000")``, its default for WLSMV.
    """
    plain = plain_difference(less, more)
    if shifted:
        return scaled_and_shifted(plain.statistic, plain.df, *traces)
    return mean_adjusted(plain.statistic, plain.df, traces[0])
