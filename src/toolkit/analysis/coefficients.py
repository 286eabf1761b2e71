"""Coefficients of a scale's covariance matrix with their standard errors and intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import format as fmt
from ..kernels import bootstrap, consistency, consistency_gradients, intervals, omega
from .inputs import Array, random_stream
from .scale_answers import Found, Plan, ScaleAnswers, Undefined

MOST_UNDEFINED = 0.05
FEWEST_ROWS_OF_MODEL = 10
EMPTY_SPREAD = dict.fromkeys(("se", "ci_low", "ci_high"), np.nan)
DEPENDENT = "an item is a linear combination of others"


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of a covariance matrix.

    Attributes
    ----------
    value : the coefficient, of one matrix or a stack; for omega of the one-factor solution too.
    gradient : its gradient with respect to the matrix.
    interval : makes the interval of estimate, standard error, confidence and degrees of freedom.
    """

    value: Callable[..., Any]
    gradient: Callable[..., Array]
    interval: Callable[[float, float, float, float], tuple[float, float]] = intervals.of_reliability


CLOSED = {
    name: Coefficient(getattr(consistency, name), getattr(consistency_gradients, name))
    for name in ("alpha", "alpha_standardised", "lambda1", "lambda2", "lambda5", "lambda6", "lambda6_covariance")
} | {
    "mean_r": Coefficient(consistency.mean_r, consistency_gradients.mean_r, intervals.of_correlation),
    "standard_error_of_measurement": Coefficient(
        consistency.standard_error_of_measurement,
        consistency_gradients.standard_error_of_measurement,
        intervals.positive,
    ),
}
OMEGAS = {
    "omega_fitted": Coefficient(omega.fitted, omega.fitted_gradient),
    "omega_observed": Coefficient(omega.observed, omega.observed_gradient),
}
COEFFICIENTS = CLOSED | OMEGAS
IN_UNITS = "standard_error_of_measurement"
CHANGE = "smallest_detectable_change"


def of_covariance(answers: ScaleAnswers, plan: Plan) -> Found:
    """Estimate each coefficient with a standard error and interval that assume no distribution."""
    covariance = answers.covariance(plan.missing)
    model = why_no_model(answers)
    points = {name: float(value[0]) for name, value in values(covariance[None], not model).items()}
    draws = _draws(answers, plan, not model) if plan.ci == "bootstrap" else {}
    undefined = [_undefined(name, answers, covariance, model) for name, point in points.items() if np.isnan(point)]
    improper = _improper(answers, covariance) if np.isfinite(points["omega_fitted"]) else ""
    rows, notes = [], []
    for name, point in points.items():
        spread, missing, note = _spread(name, point, answers, plan, draws.get(name))
        if name in OMEGAS and improper:
            spread, missing = EMPTY_SPREAD, improper
        if missing and np.isfinite(point):
            undefined.append(Undefined(name, missing, "interval", warned=missing != improper))
        notes += note
        unit = answers.unit if name == IN_UNITS else 1.0
        rows.append({"coefficient": name, "estimate": unit * point, **{key: unit * at for key, at in spread.items()}})
    return Found(
        [*rows, _detectable_change(rows, plan)],
        undefined=undefined,
        heywood=[improper] if improper else [],
        notes=notes,
    )


def values(stack: Array, model: bool = True) -> dict[str, Array]:
    """Evaluate every coefficient on a stack (b, k, k) of covariance matrices; NaN where one is not defined."""
    with np.errstate(all="ignore"):
        found = {name: np.asarray(one.value(stack)) for name, one in CLOSED.items()}
        if not model:
            return found | {name: np.full(len(stack), np.nan) for name in OMEGAS}
        solution = omega.solution(stack)
        found |= {name: one.value(stack, solution) for name, one in OMEGAS.items()}
    return {name: np.where(np.isfinite(value), value, np.nan) for name, value in found.items()}


def gradient(name: str, covariance: Array) -> Array:
    """Give the gradient of a coefficient at a covariance matrix."""
    if name in OMEGAS:
        return OMEGAS[name].gradient(covariance, omega.solution(covariance))
    return CLOSED[name].gradient(covariance)


def influences(name: str, x: Array) -> Array:
    """Influence of each row on a coefficient, (n,)."""
    return intervals.influence_along(lambda covariance: gradient(name, covariance), x)


def delta_interval(
    name: str, point: float, sums: Array, n: int, confidence: float
) -> tuple[float, tuple[float, float]]:
    """Give standard error and interval of a coefficient from the clusters' summed influences.

    The error is the sandwich; the interval is made on the scale on which the coefficient is nearly symmetric, with
    Student's quantile for the degrees of freedom that the error has (`intervals.sandwich_df`).
    """
    se = intervals.sandwich_of_sums(sums, n)
    interval = COEFFICIENTS[name].interval if name in COEFFICIENTS else intervals.of_reliability
    return se, interval(point, se, confidence, intervals.sandwich_df(sums))


def why_no_model(answers: ScaleAnswers) -> tuple[str, bool] | None:
    """Say why no factor model can be fitted to a scale, and whether the scale itself is the reason."""
    if len(answers.items) < omega.FEWEST_ITEMS:
        return "two items do not determine the loadings and error variances of a factor", True
    if answers.rows_of_pairs().min() < FEWEST_ROWS_OF_MODEL:
        return f"a factor model is not fitted to fewer than {FEWEST_ROWS_OF_MODEL} rows", False
    return None


def _undefined(name: str, answers: ScaleAnswers, covariance: Array, model: tuple[str, bool] | None) -> Undefined:
    if name in OMEGAS and model:
        return Undefined(name, model[0], warned=not model[1])
    r = consistency.correlation(covariance)
    if consistency.singular(r):
        few = len(answers.x) <= len(answers.items)
        rows = f", as always with {fmt.count(len(answers.x))} rows of {fmt.count(len(answers.items))} items"
        return Undefined(name, DEPENDENT + (rows if few else ""))
    if np.linalg.eigvalsh(r)[0] <= 0:
        return Undefined(name, "the correlations, each from other rows, are not those of any data (not positive)")
    return Undefined(name, "the items determine no such value")


def _improper(answers: ScaleAnswers, covariance: Array) -> str:
    """Name the items to which one factor leaves no error variance, or nothing."""
    found = omega.solution(covariance)
    if not found.improper:
        return ""
    least = omega.at_bound(covariance, found)
    names = ", ".join(item for item, low in zip(answers.items, least, strict=True) if low)
    return f"one factor leaves no error variance to {names} (a Heywood case): omega is at an edge, without an interval"


def _spread(
    name: str, point: float, answers: ScaleAnswers, plan: Plan, draws: Array | None
) -> tuple[Mapping[str, float], str, list[str]]:
    """Give standard error and interval, why there are none, and notes."""
    if np.isnan(point):
        return EMPTY_SPREAD, "", []
    with np.errstate(all="ignore"):
        sums = intervals.cluster_sums(influences(name, answers.x), answers.clusters)
        if draws is not None:
            return _of_draws(name, point, draws, sums, plan)
        se, (low, high) = delta_interval(name, point, sums, len(answers.x), plan.confidence)
    spread = {"se": se, "ci_low": low, "ci_high": high}
    if np.isfinite([se, low, high]).all():
        return spread, "", []
    return EMPTY_SPREAD, "the items leave no error variance, or no row tells more than another", []


def _draws(answers: ScaleAnswers, plan: Plan, model: bool) -> dict[str, Array]:
    """Evaluate every coefficient in bootstrap samples of clusters; NaN where a sample leaves one undefined."""
    generator = random_stream(plan.seed, answers.scale)
    stacks = bootstrap.bootstrap_covariances(answers.x, answers.clusters, plan.n_bootstrap, generator)
    found = [values(stack, model) for stack in stacks]
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def _of_draws(
    name: str, point: float, draws: Array, sums: npt.NDArray[np.float64], plan: Plan
) -> tuple[Mapping[str, float], str, list[str]]:
    """Give standard error, percentile and BCa interval; none where too many samples leave the coefficient undefined."""
    empty = EMPTY_SPREAD | dict.fromkeys(("percentile_low", "percentile_high"), np.nan)
    known = draws[~np.isnan(draws)]
    lost = len(draws) - len(known)
    told = f"{fmt.count(lost)} of {fmt.count(len(draws))} bootstrap samples leave {fmt.heading(name)} undefined"
    notes = [told] if lost else []
    if lost > MOST_UNDEFINED * len(draws):
        return empty, "too many bootstrap samples leave it undefined", notes
    low, high = bootstrap.bca(known, point, sums, plan.confidence, len(sums) - 1)
    percentiles = bootstrap.percentile(known, plan.confidence)
    spread = {
        "se": float(known.std(ddof=1)),
        "ci_low": low,
        "ci_high": high,
        "percentile_low": percentiles[0],
        "percentile_high": percentiles[1],
    }
    one_sided = "the bootstrap samples lie to one side of the estimate, or no row tells more than another"
    missing = "" if np.isfinite(low) else one_sided
    return spread, missing, notes


def _detectable_change(rows: list[dict[str, Any]], plan: Plan) -> dict[str, Any]:
    """Turn the row of the standard error of measurement into that of the smallest detectable change."""
    error = next(row for row in rows if row["coefficient"] == IN_UNITS)
    factor = consistency.detectable_change_factor(plan.confidence)
    return {key: CHANGE if key == "coefficient" else factor * value for key, value in error.items()}
