"""Profiles over styles that a person may combine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import format as fmt
from ..checks import check_count, check_share
from ..errors import AnalysisError, TooFewCases
from ..kernels import intervals
from ..kernels.moments import Moments
from ..responses import Responses
from ..results import Result, fit_table
from ..scoring import score_range, score_scale
from .inputs import AUTO, Array, Sample, one_blas_thread, sample
from .privacy import shown_groups

STYLES = ("css.passive", "css.assertive", "css.aggressive")
COLUMNS = ("style", "form", "n", "mean", "sd", "se", "ci_low", "ci_high")
NONE_HIGH = "none"


@one_blas_thread
def style_profile(
    data: Responses | pd.DataFrame,
    scales: Sequence[str] = STYLES,
    *,
    wave: Any = None,
    day: Any = None,
    cluster: str | None = AUTO,
    confidence: float = 0.95,
    smallest_cell: int = 5,
) -> Result:
    """Describe how people combine communication styles: raw and ipsatised scores side by side.

    Raw scores say how much of each style a person uses; ipsatised ones, x_s − (Σ_s x_s) / S over the S styles, say
    which styles a person uses more than the others. Only both together show a person who is high on assertive *and*
    on aggressive: raw scores are high on both, ipsatised ones near zero on both. No single label is given: a pattern
    names every style whose raw score lies above the middle of the response range.

    Parameters
    ----------
    data : answers with their instruments.
    scales : the styles; those of the Communication Style Scale by default. All have one response range.
    wave, day : the occasion; needed where the data have several.
    cluster : the column of rows that belong together; the couple by default where there is one, None for none.
    confidence : level of the intervals.
    smallest_cell : patterns of fewer people are pooled in `tables["patterns"]`.

    Returns
    -------
    Result
        `estimates`: mean, SD and interval of each style, raw and ipsatised (column `form`), over the rows that have
        all styles. Standard errors are the sandwich of couples where rows are clustered, with t quantiles on G − 1 df
        (G couples), else s / sqrt(n) with n − 1 df. `tables["patterns"]`: how many people show each pattern.
        `cases`: each person's raw and ipsatised scores and pattern.

    Raises
    ------
    AnalysisError
        If fewer than two styles are named, they differ in their possible range, or fewer than two rows have all.

    Notes
    -----
    Ipsatised scores sum to zero within a person, so their correlations are negative by construction and they must
    not be factor-analysed; Cattell (1944), doi:10.1007/BF02288739. In R: ``scores - rowMeans(scores)``.
    """
    check_share("confidence", confidence)
    check_count("smallest_cell", smallest_cell)
    chosen = sample(data, wave=wave, day=day, cluster=cluster)
    raw, middle = _raw_scores(chosen.responses, scales)
    used = raw.notna().all(axis=1).to_numpy(bool)
    if used.sum() < 2:
        raise TooFewCases(
            f"a profile needs two rows that have all of {', '.join(scales)}, but there are {int(used.sum())}."
        )
    own = raw.sub(raw.mean(axis=1), axis=0)
    rows = [
        {"style": style, "form": form, **_mean(chosen, table[style].to_numpy(float)[used], used, confidence)}
        for form, table in (("raw", raw), ("ipsatised", own))
        for style in raw.columns
    ]
    pattern, estimates = _pattern(raw, middle).where(used), pd.DataFrame(rows, columns=list(COLUMNS))
    return Result(
        kind="style_profile",
        title="Communication styles",
        estimates=estimates,
        fit=_fit(chosen, used),
        tables={"patterns": shown_groups(pattern[used], smallest_cell).rename(columns={"value": "pattern"})},
        cases=_cases(chosen, raw, own, pattern),
        settings={**chosen.settings, "scales": list(raw), "confidence": confidence, "smallest_cell": smallest_cell},
        statement=_sentence(estimates),
        captions={
            "estimates": f"Styles, raw and relative to the person's own mean, with {fmt.level(confidence)} intervals",
            "patterns": f"Styles above the middle of the scale (groups of fewer than {smallest_cell} are pooled)",
        },
    )


def _fit(chosen: Sample, used: Any) -> pd.DataFrame:
    clustered = "couple-clustered sandwich" if chosen.cluster is not None else "rows independent"
    n = {"n_used": int(used.sum()), "n_dropped": int((~used).sum())}
    return fit_table([{"model": "styles", **n, "method": f"raw and ipsatised means, {clustered}"}])


def _raw_scores(responses: Responses, scales: Sequence[str]) -> tuple[pd.DataFrame, float]:
    """Score the styles; give the scores and the middle of their common range."""
    found = [responses.find_scale(name) for name in scales]
    if len(found) < 2:
        raise AnalysisError("a profile needs at least two styles; name them in scales=.")
    ranges = {score_range(one, scale) for one, scale in found}
    if len(ranges) > 1:
        raise AnalysisError("the styles have different possible ranges, so their scores cannot be compared.")
    scores = {f"{one.id}.{scale}": score_scale(responses, one, scale)[0] for one, scale in found}
    return pd.DataFrame(scores, index=responses.frame.index), sum(ranges.pop()) / 2


def _mean(chosen: Sample, values: Array, used: Any, confidence: float) -> dict[str, float]:
    moments = Moments.of(values[:, None])
    mean, sd = float(moments.mean("listwise")[0]), float(np.sqrt(moments.covariance("listwise")[0, 0]))
    clusters = chosen.clusters_of(used)
    se = intervals.sandwich(values - mean, clusters)
    low, high = intervals.normal(mean, se, confidence, float(clusters.max()))
    return {"n": len(values), "mean": mean, "sd": sd, "se": se, "ci_low": low, "ci_high": high}


def _pattern(raw: pd.DataFrame, middle: float) -> pd.Series[str]:
    """Name every style above the middle, in the order of the scales."""
    short = [str(name).rpartition(".")[2] for name in raw]
    high = raw.to_numpy(float) > middle
    names = [" + ".join(style for style, is_high in zip(short, row, strict=True) if is_high) for row in high]
    return pd.Series([name or NONE_HIGH for name in names], index=raw.index)


def _cases(chosen: Sample, raw: pd.DataFrame, own: pd.DataFrame, pattern: pd.Series[Any]) -> pd.DataFrame:
    keys = chosen.frame[list(chosen.responses.keys)]
    return keys.join(raw).join(own.add_suffix(".ipsatised")).assign(pattern=pattern)


def _sentence(estimates: pd.DataFrame) -> str:
    raw = estimates[estimates["form"] == "raw"]
    own = estimates[estimates["form"] == "ipsatised"].set_index("style")["mean"]
    parts = [
        f"{row.style} M = {fmt.number(row.mean)}, SD = {fmt.number(row.sd)} "
        f"({fmt.number(own[row.style])} relative to the person's own mean)"
        for row in fmt.rows(raw)
    ]
    return f"Communication styles of {fmt.count(raw['n'].iloc[0])} people: {'; '.join(parts)}."
