"""Fit measures that are particular to ordinal variables.

Residual averages count thresholds where those of continuous variables count means; GFI weighs as the discrepancy does;
the robust CFI and RMSEA rest on normal theory's discrepancy of the correlations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .chisquare import ChiSquare, mean_adjusted
from .ordinal import OrdinalLeastSquares
from .ordinal_moments import OrdinalPoint, ordinal_points
from .ram import Array
from .residuals import root_mean_squares

SMALLEST = 1e-8


def ordinal_measures(estimator: OrdinalLeastSquares, x: Array, test: ChiSquare) -> dict[str, float]:
    """Compute residual averages, GFI and its kin, and the weighted root mean square residual.

    WRMR is sqrt(chi-square / moments of one group), as lavaan. Of the standardised residuals `srmr` counts the
    correlations alone, `srmr_bentler` thresholds as well.
    """
    points = ordinal_points(estimator.model, estimator.parts, x)
    thresholds = [point.away[point.layout.cuts] for point in points]
    values = root_mean_squares(estimator.model, estimator.samples, x, thresholds)
    undefined = float("nan")
    values |= {"srmr": values["srmr_bentler_nomean"], "srmr_mplus": undefined, "srmr_mplus_nomean": undefined}
    values["wrmr"] = float(np.sqrt(test.statistic / estimator.parts[0].places.size))
    return values | _goodness(estimator, points, test.df)


def _goodness(estimator: OrdinalLeastSquares, points: tuple[OrdinalPoint, ...], df: float) -> dict[str, float]:
    gfi = 0.0
    for point, share, weight in zip(points, estimator.shares, estimator.weights, strict=True):
        gfi += share * float(1 - (weight @ point.away**2) / (weight @ point.sample.moments**2))
    moments = sum(one.places.size for one in estimator.parts)
    return {"gfi": gfi, "agfi": 1 - moments / df * (1 - gfi) if df > 0 else 1.0, "pgfi": df / moments * gfi}


@dataclass(frozen=True)
class Correlations:
    """What the robust indices need of one group: correlations alone.

    Attributes
    ----------
    jacobian : Δ, derivatives of the implied correlations, (pairs, u).
    weight : w of the discrepancy times n_g/N, (pairs,).
    normal : V, normal theory's weights times n_g/N, (pairs, pairs).
    gamma : Γ times N/n_g, (pairs, pairs).
    discrepancy : ln|R̂| − ln|R| + tr(R R̂⁻¹) − p, times n_g.
    """

    jacobian: Array
    weight: Array
    normal: Array
    gamma: Array
    discrepancy: float


def robust_tests(estimator: OrdinalLeastSquares, x: Array, basis: Array, df: float) -> tuple[ChiSquare, ChiSquare]:
    """Test the model and the baseline by normal theory's discrepancy of the polychoric correlations.

    At the estimates of weighted least squares, scaled by c = tr(A'VAΓ)/df, A = I − Δ(Δ'WΔ)⁻¹Δ'W, all of the
    correlations; for the baseline by tr(Γ)/df. From these tests come `cfi_robust` and `rmsea_robust`: Savalei (2021),
    doi:10.1080/00273171.2020.1717922. Not defined, so not a number, with continuous variables, where a matrix of
    correlations is not positive definite, and where thresholds are restricted, so that df are not those of the
    correlations.
    """
    pairs = sum(len(one.places.pairs) for one in estimator.parts)
    points = ordinal_points(estimator.model, estimator.parts, x)
    groups = [_correlations(estimator, index, point, basis) for index, point in enumerate(points)]
    known = [one for one in groups if one is not None]
    if len(known) < len(groups) or _restricted(points, basis):
        undefined = ChiSquare(float("nan"), df, float("nan"), 0.0, float("nan"))
        return undefined, undefined
    information = basis.T @ estimator.expected_information(x) @ basis
    statistic = sum(one.discrepancy for one in known)
    null = sum(-one.n * float(np.linalg.slogdet(one.correlations.r)[1]) for one in estimator.parts)
    spread = sum(float(np.trace(one.gamma)) for one in known)
    return mean_adjusted(statistic, df, _trace(known, information)), mean_adjusted(null, pairs, spread)


def _correlations(estimator: OrdinalLeastSquares, index: int, point: OrdinalPoint, basis: Array) -> Correlations | None:
    """Take a group's correlations; None where they, or the implied ones, are not positive definite."""
    sample, group, places = point.sample, point.group, point.sample.places
    if len(group.ordinal) < group.n_observed:
        return None
    implied = np.eye(group.n_observed)
    implied[places.rows, places.columns] = implied[places.columns, places.rows] = point.pairs
    if min(np.linalg.eigvalsh(implied)[0], np.linalg.eigvalsh(sample.correlations.r)[0]) < SMALLEST:
        return None
    inverse = np.linalg.inv(implied)
    share, logs = estimator.shares[index], np.linalg.slogdet(sample.correlations.r)[1] - np.linalg.slogdet(implied)[1]
    rows, columns, among = places.rows, places.columns, np.ix_(places.pairs, places.pairs)
    normal = inverse[np.ix_(rows, rows)] * inverse[np.ix_(columns, columns)]
    normal += inverse[np.ix_(rows, columns)] * inverse[np.ix_(columns, rows)]
    return Correlations(
        jacobian=point.jacobian[:, places.pairs].T @ basis,
        weight=share * estimator.weights[index][places.pairs],
        normal=share * normal,
        gamma=sample.gamma[among] / share,
        discrepancy=float(sample.n * ((sample.correlations.r * inverse).sum() - group.n_observed - logs)),
    )


def _restricted(points: tuple[OrdinalPoint, ...], basis: Array) -> bool:
    """Tell whether the model restricts thresholds."""
    slopes = np.vstack([point.jacobian[:, point.layout.cuts].T @ basis for point in points])
    return len(slopes) > slopes.shape[1] or int(np.linalg.matrix_rank(slopes)) < len(slopes)


def _trace(groups: list[Correlations], information: Array) -> float:
    """Compute tr(A'VAΓ) = tr(VΓ) − 2 tr(E⁻¹Δ'WΓVΔ) + tr(E⁻¹Δ'WΓWΔ E⁻¹Δ'VΔ)."""
    whole, crossed, moved, normal = 0.0, *(np.zeros_like(information) for _ in range(3))
    for one in groups:
        weighted = one.weight[:, None] * one.jacobian
        spread, turned = one.gamma @ weighted, one.normal @ one.jacobian
        whole += float((one.normal * one.gamma).sum())
        crossed += spread.T @ turned
        moved += weighted.T @ spread
        normal += one.jacobian.T @ turned
    first, second, third = np.split(np.linalg.solve(information, np.hstack([crossed, moved, normal])), 3, axis=1)
    return whole - 2 * float(np.trace(first)) + float((second * third.T).sum())
