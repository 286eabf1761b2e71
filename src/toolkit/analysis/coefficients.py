"""Coefficients of one scale with their standard errors and intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .. import format as fmt
from ..kernels import consistency, intervals
from ..kernels.moments import Missing, Moments
from .inputs import Array, random_stream, warn_undefined

COEFFICIENTS: dict[str, Callable[[npt.NDArray[Any]], Any]] = {
    "alpha": consistency.alpha,
    "alpha_standardised": consistency.alpha_standardised,
    "lambda2": consistency.lambda2,
    "lambda6": consistency.lambda6,
    "mean_r": consistency.mean_r,
    "standard_error_of_measurement": consistency.standard_error_of_measurement,
}
MOST_UNDEFINED = 0.05


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the intervals of a reliability analysis are made."""

    ci: Literal["analytic", "bootstrap"]
    missing: Missing
    confidence: float
    n_bootstrap: int
    seed: int | None


@dataclass(frozen=True, kw_only=True)
class ScaleAnswers:
    """The answers to one scale.

    Attributes
    ----------
    scale : its name.
    x : rows by items, reversed where needed; NaN is missing.
    clusters : the cluster of each row.
    clustered : whether rows belong together at all.
    n_rows : rows seen, those without any answer included: the n of psych's intervals under pairwise deletion.
    unit : the factor from the mean of the items to the score.
    """

    scale: str
    x: Array
    clusters: npt.NDArray[np.intp]
    clustered: bool
    n_rows: int
    unit: float

    def covariance(self, missing: Missing) -> Array:
        """Compute the covariance matrix of the items."""
        return Moments.of(self.x).covariance(missing)

    def has_holes(self) -> bool:
        """Tell whether any answer is missing."""
        return bool(np.isnan(self.x).any())

    def coefficients(self, plan: Plan) -> tuple[list[dict[str, Any]], list[str]]:
        """Estimate each coefficient with a standard error and interval that assume no distribution, and notes."""
        covariance = self.covariance(plan.missing)
        draws = self._draws(plan) if plan.ci == "bootstrap" else {}
        notes: list[str] = []
        return [self._coefficient(name, covariance, plan, draws, notes) for name in COEFFICIENTS], notes

    def _coefficient(
        self, name: str, covariance: Array, plan: Plan, draws: Mapping[str, Array], notes: list[str]
    ) -> dict[str, Any]:
        unit = self.unit if name == "standard_error_of_measurement" else 1.0
        row: dict[str, Any] = {"coefficient": name, **dict.fromkeys(("estimate", "se", "ci_low", "ci_high"), np.nan)}
        try:
            row["estimate"] = unit * float(COEFFICIENTS[name](covariance))
            if name in draws:
                spread = _of_draws(name, unit * draws[name], plan, notes)
            else:
                spread = self._sandwich(name, row["estimate"], unit, plan)
            row["se"], row["ci_low"], row["ci_high"] = spread
        except np.linalg.LinAlgError:
            notes.append(f"{name} is not defined: an item is a linear combination of others")
            warn_undefined(f"{self.scale}: {notes[-1]}")
        return row

    def _sandwich(self, name: str, estimate: float, unit: float, plan: Plan) -> tuple[float, float, float]:
        se = unit * intervals.sandwich(intervals.influence(COEFFICIENTS[name], self.x), self.clusters)
        df = float(self.clusters.max()) if self.clustered else np.inf
        return se, *intervals.normal(estimate, se, plan.confidence, df)

    def _draws(self, plan: Plan) -> dict[str, Array]:
        """Evaluate every coefficient in bootstrap samples of clusters; NaN where a sample leaves one undefined."""
        generator = random_stream(plan.seed, self.scale)
        with np.errstate(all="ignore"):
            samples = intervals.bootstrap_covariances(self.x, self.clusters, plan.n_bootstrap, generator)
            found = np.array([[_or_nan(name, one) for name in COEFFICIENTS] for one in samples])
        return dict(zip(COEFFICIENTS, found.T, strict=True))

    def alpha_intervals(self, plan: Plan, alpha: Mapping[str, Any]) -> dict[str, float]:
        """Choose alpha's main interval, and add Feldt's and Duhachek's where rows are independent."""
        main = {"alpha_se": alpha["se"], "alpha_ci_low": alpha["ci_low"], "alpha_ci_high": alpha["ci_high"]}
        if self.clustered:
            return main
        n = self.n_rows if plan.missing == "pairwise" else len(self.x)
        feldt = intervals.feldt(alpha["estimate"], n, self.x.shape[1], plan.confidence)
        se = intervals.duhachek(self.covariance(plan.missing), n)
        duhachek = intervals.normal(alpha["estimate"], se, plan.confidence)
        if plan.ci == "analytic" and not self.has_holes():
            main = {"alpha_se": se, "alpha_ci_low": feldt[0], "alpha_ci_high": feldt[1]}
        return {
            **main,
            "alpha_feldt_low": feldt[0],
            "alpha_feldt_high": feldt[1],
            "alpha_duhachek_se": se,
            "alpha_duhachek_low": duhachek[0],
            "alpha_duhachek_high": duhachek[1],
        }

    def method(self, plan: Plan) -> str:
        """Say how alpha's main interval was made."""
        rows = "couples" if self.clustered else "rows"
        if plan.ci == "bootstrap":
            return f"alpha with a percentile bootstrap of {rows}"
        if self.clustered:
            return "alpha with a couple-clustered sandwich interval"
        if self.has_holes():
            return "alpha with a distribution-free interval (rows independent, answers missing)"
        return "alpha with Feldt's interval (rows independent)"

    def notes(self, plan: Plan) -> list[str]:
        """Say what a careful reader must know about the estimate."""
        found = []
        if self.has_holes():
            held = (~np.isnan(self.x)).astype(float)
            counts = held.T @ held
            found.append(f"the covariances rest on {fmt.count(counts.min())} to {fmt.count(counts.max())} rows")
        if consistency.alpha(self.covariance(plan.missing)) < 0:
            found.append("alpha is negative: check which items are reversed")
        return found


def _or_nan(name: str, covariance: Array) -> float:
    try:
        value = float(COEFFICIENTS[name](covariance))
    except np.linalg.LinAlgError:
        return np.nan
    return value if np.isfinite(value) else np.nan


def _of_draws(name: str, draws: Array, plan: Plan, notes: list[str]) -> tuple[float, float, float]:
    """Give standard error and percentile interval; none where too many samples leave the coefficient undefined."""
    known = draws[~np.isnan(draws)]
    lost = len(draws) - len(known)
    if lost:
        notes.append(f"{lost} of {len(draws)} bootstrap samples leave {name} undefined")
    if lost > MOST_UNDEFINED * len(draws):
        return np.nan, np.nan, np.nan
    return float(known.std(ddof=1)), *intervals.percentile(known, plan.confidence)
