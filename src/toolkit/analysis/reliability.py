"""Internal consistency of scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from .. import format as fmt
from ..checks import check_count, check_one_of, check_share
from ..errors import ArgumentError
from ..instrument_model import Instrument
from ..kernels.moments import Missing, Moments
from ..responses import Responses
from ..results import Result, fit_table
from ..scoring import score_range
from .coefficients import Plan, ScaleAnswers
from .inputs import (
    AUTO,
    Array,
    Sample,
    chosen_scales,
    item_array,
    one_blas_thread,
    sample,
    warn_undefined,
    why_no_covariance,
)

MOST_IN_SENTENCE = 6
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
        error where rows are independent and complete. Where answers are missing (`pairwise`) both are
        distribution-free, since Feldt's and Duhachek's, which are in columns of their own, take too large an n. Where
        rows are clustered both come from the sandwich of couples, with t quantiles on G − 1 df (G couples), and Feldt's
        and Duhachek's cells are empty, since they would be too narrow. With `ci="bootstrap"` both come from resampled
        rows or couples.
        `tables["intervals"]`: each coefficient with distribution-free (or bootstrap) standard error and interval.
        `fit`: n, rows left out and, where a coefficient is not defined, why.

    Raises
    ------
    AnalysisError, ArgumentError
        If there are no scales, or an argument cannot be used.

    Notes
    -----
    n is listwise per scale. With `missing="pairwise"` it is the number of rows with any answer, though covariances rest
    on fewer (see `fit`); Feldt's and Duhachek's n is then that of all rows, as in psych. Covariances have the
    denominator n − 1.

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
    Internal consistency (complete rows of each scale) was α = .95, 95% CI [.75, .99] for my.f (3 items, n = 5).
    """
    check_one_of("ci", ci, ("analytic", "bootstrap"))
    check_one_of("missing", missing, ("listwise", "pairwise"))
    check_share("confidence", confidence)
    check_count("n_bootstrap", n_bootstrap, 100)
    if ci == "bootstrap" and seed is None:
        raise ArgumentError("ci='bootstrap' draws at random: give a seed, such as seed=1, so that it can be repeated.")
    if seed is not None:
        check_count("seed", seed, 0)
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
        statement=_sentence(estimates, plan),
        captions={
            "estimates": f"Internal consistency of each scale, with {fmt.level(confidence)} intervals",
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
    held = ~np.isnan(x)
    used = held.all(axis=1) if plan.missing == "listwise" else held.any(axis=1)
    n = {"n_used": int(used.sum()), "n_dropped": int((~used).sum())}
    head = {"scale": name, "n_items": len(items), "n_used": n["n_used"]}
    reason = _why_undefined(one, scale, x[used], items) or _why_no_clusters(chosen, used)
    if reason:
        warn_undefined(f"{name}: {reason}")
        return _Found(head, {"model": name, **n, "method": "none", "missing": plan.missing, "note": reason}, [])
    answers = ScaleAnswers(
        scale=name,
        x=x[used],
        clusters=chosen.clusters_of(used),
        clustered=chosen.cluster is not None,
        n_rows=len(x),
        unit=score_unit(one, scale),
    )
    rows, notes = answers.coefficients(plan)
    points = {row["coefficient"]: row["estimate"] for row in rows}
    fit = {"model": name, **n, "method": answers.method(plan), "missing": plan.missing}
    if answers.clustered:
        fit["n_clusters"] = int(answers.clusters.max()) + 1
    fit["note"] = "; ".join([*notes, *answers.notes(plan)])
    return _Found(
        {**head, **points, **answers.alpha_intervals(plan, rows[0])}, fit, [{"scale": name, **row} for row in rows]
    )


def score_unit(one: Instrument, scale: str) -> float:
    """Give the factor from the mean of the items to the scale's score."""
    low, high = one.range(one.scale_items(scale)[0])
    lowest, highest = score_range(one, scale)
    return (highest - lowest) / (high - low)


def _why_undefined(one: Instrument, scale: str, x: Array, items: Sequence[str]) -> str:
    """Say why a scale has no internal consistency, or nothing."""
    if one.scales[scale].kind == "composite":
        return "a composite is an index of unlike things, for which internal consistency is not defined"
    if len(items) < 2:
        return "a scale of one item has no internal consistency"
    return why_no_covariance(Moments.of(x, tuple(items)), "pairwise")


def _why_no_clusters(chosen: Sample, used: Any) -> str:
    if chosen.cluster is None or len(np.unique(chosen.cluster[used])) > 1:
        return ""
    return "clustered errors need two clusters with complete answers; say cluster=None if rows are independent"


def _sentence(estimates: pd.DataFrame, plan: Plan) -> str:
    """Report alpha of each scale in a sentence; of many scales the lowest and the highest."""
    known = estimates[estimates["alpha"].notna()].sort_values("alpha", kind="stable")
    if known.empty:
        return "No scale has an internal consistency that is defined for these data."
    rows = "complete rows of each scale" if plan.missing == "listwise" else "all answers, pairwise"
    if len(known) > MOST_IN_SENTENCE:
        low, high = (_reported(row, plan.confidence) for row in fmt.rows(known.iloc[[0, -1]]))
        return f"Internal consistency of {len(known)} scales ({rows}) ranged from {low} to {high}."
    parts = [_reported(row, plan.confidence) for row in fmt.rows(known.sort_index())]
    return f"Internal consistency ({rows}) was {'; '.join(parts)}."


def _reported(row: Any, confidence: float) -> str:
    bounds = fmt.interval(row.alpha_ci_low, row.alpha_ci_high, bounded=True)
    alpha = f"α = {fmt.number(row.alpha, bounded=True)}, {fmt.level(confidence)} CI {bounds}"
    return f"{alpha} for {row.scale} ({row.n_items} items, n = {fmt.count(row.n_used)})"
