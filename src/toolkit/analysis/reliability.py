"""Internal consistency of scales."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import format as fmt
from ..checks import check_count, check_one_of, check_share, listed
from ..errors import ArgumentError, UndefinedStatisticWarning
from ..instrument_model import Instrument
from ..kernels import consistency, intervals
from ..kernels.moments import Missing, Moments
from ..responses import Responses
from ..results import Result, fit_table
from .inputs import AUTO, Array, Sample, chosen_scales, item_array, one_blas_thread, random_stream, sample

COEFFICIENTS: dict[str, Callable[[npt.NDArray[Any]], Any]] = {
    "alpha": consistency.alpha,
    "alpha_standardised": consistency.alpha_standardised,
    "lambda2": consistency.lambda2,
    "lambda6": consistency.lambda6,
    "mean_r": consistency.mean_r,
    "standard_error_of_measurement": consistency.standard_error_of_measurement,
}
COLUMNS = (
    "scale",
    "n_items",
    "n_used",
    "alpha",
    "alpha_se",
    "alpha_ci_low",
    "alpha_ci_high",
    "alpha_feldt_low",
    "alpha_feldt_high",
    "alpha_duhachek_se",
    "alpha_duhachek_low",
    "alpha_duhachek_high",
    "alpha_standardised",
    "lambda2",
    "lambda6",
    "mean_r",
    "standard_error_of_measurement",
)
MOST_IN_SENTENCE = 6
METHODS = {
    ("analytic", False): "alpha with Feldt's interval (rows independent)",
    ("analytic", True): "alpha with a couple-clustered sandwich interval",
    ("bootstrap", False): "alpha with a percentile bootstrap of rows",
    ("bootstrap", True): "alpha with a percentile bootstrap of couples",
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the intervals of a reliability analysis are made."""

    ci: Literal["analytic", "bootstrap"]
    missing: Missing
    confidence: float
    n_bootstrap: int
    seed: int | None


@one_blas_thread
def reliability(
    data: Responses | pd.DataFrame,
    scale: str | Sequence[str] | None = None,
    *,
    ci: Literal["analytic", "bootstrap"] = "analytic",
    missing: Missing = "listwise",
    wave: Any = None,
    day: Any = None,
    cluster: str | None = AUTO,
    confidence: float = 0.95,
    n_bootstrap: int = 2000,
    seed: int | None = None,
) -> Result:
    """Estimate the internal consistency of scales.

    With S the covariance matrix of a scale's k items after reversal, R their correlations and 1'S1 the sum of all
    cells of S:

    - alpha: k/(k−1) (1 − tr S / 1'S1); standardised alpha: the same of R
    - lambda2: 1 − tr S / 1'S1 + sqrt(k/(k−1) Σ_{i≠j} s_ij²) / 1'S1
    - lambda6: 1 − Σ (1 − smc_i) / 1'R1
    - mean_r: the mean correlation between different items
    - standard_error_of_measurement: SD sqrt(1 − alpha), in the units of the scale's score

    Parameters
    ----------
    data : answers with their instruments.
    scale : one scale or several (`rws.avoidance`); all by default.
    ci : `analytic` or `bootstrap` (percentile).
    missing : `listwise` (rows that are complete on the scale) or `pairwise` (each covariance over its own rows).
    wave, day : the occasion; needed where the data have several.
    cluster : the column of rows that belong together; the couple by default where there is one, None for none.
    confidence : level of all intervals.
    n_bootstrap, seed : bootstrap samples, and the seed that they need.

    Returns
    -------
    Result
        `estimates`: one row per scale. `alpha_ci` is Feldt's interval and `alpha_se` the Duhachek–Iacobucci standard
        error where rows are independent. Where they are clustered both come from the sandwich of couples, with t
        quantiles on G − 1 df (G couples), and Feldt's and Duhachek's cells are empty, since they would be too
        narrow. With `ci="bootstrap"` both come from resampled rows or couples.
        `tables["intervals"]`: each coefficient with distribution-free (or bootstrap) standard error and interval.
        `fit`: n, rows left out and, where a coefficient is not defined, why.

    Raises
    ------
    AnalysisError, ArgumentError
        If there are no scales, or an argument cannot be used.

    Notes
    -----
    n is listwise per scale; intervals use the n of the estimate. With `missing="pairwise"` it is the number of
    rows, as in psych, though some covariances rest on fewer. Covariances have the denominator n − 1.

    References
    ----------
    Feldt, Woodruff & Salih (1987), doi:10.1177/014662168701100107. Duhachek & Iacobucci (2004),
    doi:10.1037/0021-9010.89.5.792. Guttman (1945), doi:10.1007/BF02288892. In R: ``psych::alpha(na.omit(items))``,
    pairwise ``psych::alpha(items)`` (items reversed beforehand); clustered: lavaan with ``estimator = "MLR"``,
    ``cluster =`` and alpha as a defined parameter.

    Examples
    --------
    >>> from toolkit import Responses, instrument_from_keys
    >>> raw = pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [2, 1, 4, 3, 5], "c": [5, 4, 2, 3, 1]})
    >>> keys = instrument_from_keys({"f": ["a", "b", "-c"]}, min=1, max=5, id="my")
    >>> print(reliability(Responses.from_frame(raw, keys)).sentence())
    Internal consistency was α = .95, 95% CI [.75, .99] for my.f (3 items, n = 5).
    """
    check_one_of("ci", ci, ("analytic", "bootstrap"))
    check_one_of("missing", missing, ("listwise", "pairwise"))
    check_share("confidence", confidence)
    check_count("n_bootstrap", n_bootstrap, 100)
    if ci == "bootstrap" and seed is None:
        raise ArgumentError("ci='bootstrap' draws at random: give a seed, such as seed=1, so that it can be repeated.")
    chosen = sample(data, wave=wave, day=day, cluster=cluster)
    plan = Plan(ci=ci, missing=missing, confidence=confidence, n_bootstrap=n_bootstrap, seed=seed)
    scales = chosen_scales(chosen.responses, scale)
    found = [_of_scale(chosen, one, name, plan) for one, name in scales]
    estimates = pd.DataFrame([one.estimates for one in found], columns=list(COLUMNS))
    return Result(
        kind="reliability",
        title="Internal consistency",
        estimates=estimates,
        fit=fit_table([one.fit for one in found]),
        tables={"intervals": pd.DataFrame([row for one in found for row in one.intervals])},
        settings={**chosen.settings, **vars(plan), "scale": [f"{one.id}.{name}" for one, name in scales]},
        statement=_sentence(estimates, confidence),
        captions={
            "estimates": f"Internal consistency of each scale, with {fmt.percent(confidence)} intervals",
            "intervals": "Each coefficient with its standard error and interval",
        },
    )


@dataclass(frozen=True)
class _Found:
    """What was found for one scale."""

    estimates: Mapping[str, Any]
    fit: Mapping[str, Any]
    intervals: Sequence[Mapping[str, Any]]


def _of_scale(chosen: Sample, one: Instrument, scale: str, plan: Plan) -> _Found:
    name, items = f"{one.id}.{scale}", one.scale_items(scale)
    x = item_array(chosen.responses, one, items)
    used = ~np.isnan(x).any(axis=1) if plan.missing == "listwise" else np.ones(len(x), dtype=bool)
    clustered = chosen.cluster is not None
    fit = {
        "model": name,
        "n_used": int(used.sum()),
        "n_dropped": int((~used).sum()),
        "method": METHODS[plan.ci, clustered],
        "missing": plan.missing,
    }
    head = {"scale": name, "n_items": len(items), "n_used": int(used.sum())}
    reason = _why_undefined(one, scale, x[used], items)
    if reason:
        warnings.warn(f"{name}: {reason}", UndefinedStatisticWarning, stacklevel=4)
        return _Found(head, {**fit, "note": reason}, [])
    clusters = chosen.clusters_of(used)
    if clustered:
        fit["n_clusters"] = int(clusters.max()) + 1
    measured = _Measured(name, x[used], clusters, clustered, score_unit(one, scale))
    rows = measured.intervals(plan)
    points = {row["coefficient"]: row["estimate"] for row in rows}
    estimates = {**head, **points, **measured.alpha_intervals(plan, rows[0])}
    return _Found(estimates, {**fit, "note": measured.note(plan)}, [{"scale": name, **row} for row in rows])


def score_unit(one: Instrument, scale: str) -> float:
    """Give the factor from the mean of the items to the scale's score."""
    low, high = one.range(one.scale_items(scale)[0])
    rule = one.scales[scale].score
    return {"mean": 1.0, "pomp": 100 / (high - low)}.get(rule, float(len(one.scale_items(scale))))


def _why_undefined(one: Instrument, scale: str, x: Array, items: Sequence[str]) -> str:
    """Say why a scale has no internal consistency, or nothing."""
    if one.scales[scale].kind == "composite":
        return "a composite is an index of unlike things, for which internal consistency is not defined"
    if len(items) < 2:
        return "a scale of one item has no internal consistency"
    held = (~np.isnan(x)).astype(float)
    if (held.T @ held).min() < 3:
        return "fewer than three rows hold all the items that are needed"
    still = [item for item, spread in zip(items, np.nanvar(x, axis=0), strict=True) if spread == 0]
    if still:
        return f"the answers to {listed(still)} do not vary"
    return ""


@dataclass(frozen=True)
class _Measured:
    """The answers of one scale: rows by items, the cluster of each row, and the unit of the score."""

    scale: str
    x: Array
    clusters: npt.NDArray[np.intp]
    clustered: bool
    unit: float

    def covariance(self, missing: Missing) -> Array:
        return Moments.of(self.x).covariance(missing)

    def intervals(self, plan: Plan) -> list[dict[str, Any]]:
        """Estimate each coefficient with a standard error and interval that assume no distribution."""
        covariance = self.covariance(plan.missing)
        draws = self._draws(plan) if plan.ci == "bootstrap" else {}
        return [self._interval(name, covariance, plan, draws.get(name)) for name in COEFFICIENTS]

    def _interval(self, name: str, covariance: Array, plan: Plan, draws: Array | None) -> dict[str, Any]:
        unit = self.unit if name == "standard_error_of_measurement" else 1.0
        row: dict[str, Any] = {
            "coefficient": name,
            "estimate": np.nan,
            "se": np.nan,
            "ci_low": np.nan,
            "ci_high": np.nan,
        }
        try:
            row["estimate"] = unit * float(COEFFICIENTS[name](covariance))
            row["se"], row["ci_low"], row["ci_high"] = self._spread(name, row["estimate"], unit, plan, draws)
        except np.linalg.LinAlgError:
            message = f"{name} is not defined: an item is a linear combination of others"
            warnings.warn(message, UndefinedStatisticWarning, stacklevel=6)
        return row

    def _spread(
        self, name: str, estimate: float, unit: float, plan: Plan, draws: Array | None
    ) -> tuple[float, float, float]:
        """Give standard error and interval of one coefficient."""
        if draws is not None:
            return unit * float(draws.std(ddof=1)), *intervals.percentile(unit * draws, plan.confidence)
        se = unit * intervals.sandwich(intervals.influence(COEFFICIENTS[name], self.x), self.clusters)
        df = float(self.clusters.max()) if self.clustered else np.inf
        return se, *intervals.normal(estimate, se, plan.confidence, df)

    def _draws(self, plan: Plan) -> dict[str, Array]:
        """Evaluate every coefficient in bootstrap samples of clusters."""
        generator = random_stream(plan.seed, self.scale)
        samples = intervals.bootstrap_covariances(self.x, self.clusters, plan.n_bootstrap, generator)
        found = [[float(statistic(one)) for statistic in COEFFICIENTS.values()] for one in samples]
        return dict(zip(COEFFICIENTS, np.array(found).T, strict=True))

    def alpha_intervals(self, plan: Plan, alpha: Mapping[str, Any]) -> dict[str, float]:
        """Choose alpha's main interval, and add Feldt's and Duhachek's where rows are independent."""
        main = {"alpha_se": alpha["se"], "alpha_ci_low": alpha["ci_low"], "alpha_ci_high": alpha["ci_high"]}
        if self.clustered:
            return main
        covariance, n = self.covariance(plan.missing), len(self.x)
        feldt = intervals.feldt(alpha["estimate"], n, self.x.shape[1], plan.confidence)
        se = intervals.duhachek(covariance, n)
        duhachek = intervals.normal(alpha["estimate"], se, plan.confidence)
        if plan.ci == "analytic":
            main = {"alpha_se": se, "alpha_ci_low": feldt[0], "alpha_ci_high": feldt[1]}
        return {
            **main,
            "alpha_feldt_low": feldt[0],
            "alpha_feldt_high": feldt[1],
            "alpha_duhachek_se": se,
            "alpha_duhachek_low": duhachek[0],
            "alpha_duhachek_high": duhachek[1],
        }

    def note(self, plan: Plan) -> str:
        """Say what a careful reader must know about the estimate."""
        covariance = self.covariance(plan.missing)
        notes = []
        if plan.missing == "pairwise" and np.isnan(self.x).any():
            held = (~np.isnan(self.x)).astype(float)
            notes.append(f"the covariances rest on {fmt.count((held.T @ held).min())} to {fmt.count(len(self.x))} rows")
        if consistency.alpha(covariance) < 0:
            notes.append("alpha is negative: check which items are reversed")
        return "; ".join(notes)


def _sentence(estimates: pd.DataFrame, confidence: float) -> str:
    """Report alpha of each scale in a sentence; of many scales the lowest and the highest."""
    known = estimates[estimates["alpha"].notna()].sort_values("alpha", kind="stable")
    if known.empty:
        return "No scale has an internal consistency that is defined for these data."
    if len(known) > MOST_IN_SENTENCE:
        low, high = (_reported(row, confidence) for row in fmt.rows(known.iloc[[0, -1]]))
        return f"Internal consistency of {len(known)} scales ranged from {low} to {high}."
    parts = [_reported(row, confidence) for row in fmt.rows(known.sort_index())]
    return f"Internal consistency was {'; '.join(parts)}."


def _reported(row: Any, confidence: float) -> str:
    bounds = fmt.interval(row.alpha_ci_low, row.alpha_ci_high, bounded=True)
    alpha = f"α = {fmt.number(row.alpha, bounded=True)}, {fmt.percent(confidence)} CI {bounds}"
    return f"{alpha} for {row.scale} ({row.n_items} items, n = {fmt.count(row.n_used)})"
