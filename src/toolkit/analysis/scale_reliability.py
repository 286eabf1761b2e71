"""Everything that `reliability` reports about one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import format as fmt
from ..errors import HeywoodWarning
from ..instrument_model import Instrument
from ..kernels import consistency, intervals
from ..kernels.moments import Moments
from ..scoring import score_range
from .coefficients import of_covariance
from .inputs import Array, Sample, item_array, warn, warn_undefined, why_no_covariance
from .scale_answers import Found, Plan, ScaleAnswers, Undefined, told
from .scale_models import FURTHER
from .used_rows import used_rows

WITH_INTERVAL = ("omega_fitted", "omega_observed", "alpha_ordinal")
BOOTSTRAPPED = ("alpha_percentile_low", "alpha_percentile_high", "alpha_bca_low", "alpha_bca_high")
FEW_ROWS = 10


@dataclass(frozen=True)
class ScaleFound:
    """One scale's row of estimates and of fit, and its rows of the other tables."""

    estimates: Mapping[str, Any]
    fit: Mapping[str, Any]
    intervals: Sequence[Mapping[str, Any]]
    undefined: Sequence[Mapping[str, Any]]


def of_scale(chosen: Sample, one: Instrument, scale: str, plan: Plan) -> ScaleFound:
    """Analyse one scale; one that has no internal consistency keeps its row, with the reason."""
    name, items = f"{one.id}.{scale}", one.scale_items(scale)
    x = item_array(chosen.responses, one, items)
    used = used_rows(x, plan.missing)
    n = {"n_used": int(used.sum()), "n_dropped": int((~used).sum())}
    head = {"scale": name, "n_items": len(items), "n_used": n["n_used"]}
    fit = {"model": name, **n, "missing": plan.missing}
    reason = _why_undefined(one, scale, x[used], items) or chosen.why_no_clusters(used)
    if reason:
        warn_undefined(f"{name}: {reason}")
        return ScaleFound(head, {**fit, "method": "none", "note": reason}, [], _rows(name, [Undefined("all", reason)]))
    answers = ScaleAnswers(
        scale=name,
        items=items,
        x=x[used],
        clusters=chosen.clusters_of(used),
        clustered=chosen.cluster is not None,
        n_rows=len(x),
        unit=score_unit(one, scale),
        n_options=max(high - low + 1 for low, high in map(one.range, items)),
    )
    return _analysed(answers, plan, head, fit)


def _analysed(answers: ScaleAnswers, plan: Plan, head: Mapping[str, Any], fit: Mapping[str, Any]) -> ScaleFound:
    parts = [of_covariance(answers, plan), *(further(answers, plan) for further in FURTHER)]
    undefined = [entry for part in parts for entry in part.undefined]
    if lacking := told(entry for entry in undefined if entry.warned):
        warn_undefined(f"{answers.scale}: {'; '.join(lacking)}")
    heywood = [message for part in parts for message in part.heywood]
    if heywood:
        warn(f"{answers.scale}: {'; '.join(heywood)}", HeywoodWarning)
    notes = [*heywood, *(note for part in parts for note in part.notes)]
    known = [entry for entry in undefined if entry.reason not in heywood]
    note = "; ".join([*told(known), *notes, *_cautions(answers, plan)])
    clusters = {"n_clusters": int(answers.clusters.max()) + 1} if answers.clustered else {}
    rows = [row for part in parts for row in part.rows]
    return ScaleFound(
        {**head, **_columns(rows, parts), **_alpha_intervals(answers, plan, rows[0])},
        {**fit, **clusters, "method": _method(answers, plan), "note": note},
        [{"scale": answers.scale, **row} for row in rows],
        _rows(answers.scale, undefined),
    )


def _rows(scale: str, undefined: Sequence[Undefined]) -> list[Mapping[str, Any]]:
    return [
        {"scale": scale, "coefficient": one.coefficient, "part": one.part, "reason": one.reason} for one in undefined
    ]


def _columns(rows: Sequence[Mapping[str, Any]], parts: Sequence[Found]) -> dict[str, Any]:
    """Spread the coefficients over columns; omega of one factor and ordinal alpha with error and interval."""
    found: dict[str, Any] = {}
    for row in rows:
        name = str(row["coefficient"])
        found[name] = row["estimate"]
        if name in WITH_INTERVAL:
            found |= {f"{name}_{suffix}": row[suffix] for suffix in ("se", "ci_low", "ci_high")}
    for part in parts:
        found |= part.points
    return found


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


def _alpha_intervals(answers: ScaleAnswers, plan: Plan, alpha: Mapping[str, Any]) -> dict[str, float]:
    """Choose alpha's main interval, and add Feldt's and Duhachek's where rows are independent."""
    main = {"alpha_se": alpha["se"], "alpha_ci_low": alpha["ci_low"], "alpha_ci_high": alpha["ci_high"]}
    if plan.ci == "bootstrap":
        values = (alpha["percentile_low"], alpha["percentile_high"], alpha["ci_low"], alpha["ci_high"])
        main |= dict(zip(BOOTSTRAPPED, values, strict=True))
    if answers.clustered:
        return main
    n = answers.n_rows if plan.missing == "pairwise" else len(answers.x)
    feldt = intervals.feldt(alpha["estimate"], n, answers.x.shape[1], plan.confidence)
    se = intervals.duhachek(answers.covariance(plan.missing), n)
    duhachek = intervals.normal(alpha["estimate"], se, plan.confidence)
    if plan.ci == "analytic" and not answers.has_holes():
        main = {"alpha_se": se, "alpha_ci_low": feldt[0], "alpha_ci_high": feldt[1]}
    return {
        **main,
        "alpha_feldt_low": feldt[0],
        "alpha_feldt_high": feldt[1],
        "alpha_duhachek_se": se,
        "alpha_duhachek_low": duhachek[0],
        "alpha_duhachek_high": duhachek[1],
    }


def _method(answers: ScaleAnswers, plan: Plan) -> str:
    """Say how alpha's main interval was made."""
    rows = "couples" if answers.clustered else "rows"
    if plan.ci == "bootstrap":
        return f"alpha with a BCa bootstrap of {rows} ({fmt.count(plan.n_bootstrap)} samples)"
    if answers.clustered:
        return "alpha with a couple-clustered sandwich interval"
    if answers.has_holes():
        return "alpha with a distribution-free interval (rows independent, answers missing)"
    return "alpha with Feldt's interval (rows independent)"


def _cautions(answers: ScaleAnswers, plan: Plan) -> list[str]:
    """Say what a careful reader must know about the estimate."""
    found = []
    if answers.has_holes():
        counts = answers.rows_of_pairs()
        found.append(f"the covariances rest on {fmt.count(counts.min())} to {fmt.count(counts.max())} rows")
    if len(answers.x) < FEW_ROWS:
        found.append(f"only {fmt.count(len(answers.x))} rows: every coefficient here is very uncertain")
    if consistency.alpha(answers.covariance(plan.missing)) < 0:
        found.append("alpha is negative: check which items are reversed")
    return found
