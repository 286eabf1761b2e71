"""Descriptive statistics of items, scales and covariates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from .. import format as fmt
from ..checks import check_count
from ..errors import AnalysisError
from ..instrument_model import Instrument
from ..kernels.moments import Moments
from ..readers.store import TIMES
from ..responses import Responses
from ..results import Result, fit_table
from ..scoring import score_range, score_scale
from .inputs import Array, Sample, as_numbers, one_blas_thread, option_counts, sample, unflagged, variable
from .privacy import shown_groups

COLUMNS = ("variable", "kind", "n", "n_missing", "mean", "sd", "skew", "kurtosis", "floor", "ceiling")
MOST_BINS = 25
GRID = 128
MOST_GROUPS = 10
MOST_LISTED = 40
MOST_IN_SENTENCE = 6
TOO_FEW_ITEMS = "too few items answered"


@one_blas_thread
def describe(data: Responses | pd.DataFrame, *, wave: Any = None, day: Any = None, smallest_cell: int = 5) -> Result:
    """Describe every item, scale and covariate: n, missing answers by reason, moments, floor and ceiling.

    Mean Σx/n; SD with n − 1; skew m₃/s³ and excess kurtosis m₄/s⁴ − 3 with m_p = Σ(x − mean)^p / n and s with n − 1;
    floor and ceiling are the shares of those who answered at the smallest and largest possible value.

    Parameters
    ----------
    data : responses, or a frame.
    wave, day : the occasion; needed where the data have several.
    smallest_cell : groups of fewer people (values of a covariate) are pooled without their names, with further ones
        where the total would give one away. Covariates of more than forty values are not listed.

    Returns
    -------
    Result
        `estimates`: a row per variable: items as answered (not reversed), scales as scored, numeric covariates
        without flagged values and without floor and ceiling. `tables`: `missing` (variable × reason),
        `missing_overview` (instrument × reason), `histogram` and `density` of each scale, `item_histogram`, and
        `groups` of each covariate that is text or has up to ten values and is no time (`seconds`,
        `seconds_per_item`). n is that of each variable on its own.

    Notes
    -----
    As ``psych::describe(x, type = 3)`` in R. Joanes & Gill (1998), doi:10.1111/1467-9884.00122. The density is
    Gaussian with Scott's bandwidth, s n^(−1/5).

    Examples
    --------
    >>> found = describe(pd.DataFrame({"age": [31, 24, 45, 38, 52, 29, 41, 36, 33, 47, 50]})).to_frame()
    >>> found[["variable", "kind", "n"]].to_dict("records")
    [{'variable': 'age', 'kind': 'covariate', 'n': 11}]
    """
    check_count("smallest_cell", smallest_cell)
    chosen = sample(data, wave=wave, day=day, cluster=None)
    if not (chosen.responses.items or chosen.responses.covariates):
        raise AnalysisError("the data hold only keys, so there is nothing to describe.")
    named = _named_variables(chosen)
    estimates = pd.DataFrame([_row(*one) for one in named], columns=list(COLUMNS))
    groups, missing = _groups(chosen, smallest_cell), _missing(chosen, estimates)
    return Result(
        kind="describe",
        title="Descriptive statistics",
        estimates=estimates,
        fit=_fit(estimates, len(chosen.frame)),
        tables={"missing": missing, "missing_overview": _overview(chosen), **_shapes(chosen), "groups": groups},
        settings={**chosen.settings, "smallest_cell": smallest_cell},
        statement=_sentence(estimates, len(chosen.frame)),
        captions={
            "estimates": "Descriptive statistics (items as answered)",
            "missing": "Missing answers by reason",
            "missing_overview": "Missing answers of each instrument by reason",
            "histogram": "Distribution of each score",
            "item_histogram": "Distribution of the answers to each item",
            "density": "Smoothed distribution of each score",
            "groups": f"People by group (groups of fewer than {smallest_cell} are pooled)",
        },
    )


Named = tuple[str, str, Array, tuple[float, float] | None]


def _named_variables(chosen: Sample) -> list[Named]:
    """List name, kind, values and possible range of every numeric variable."""
    responses = chosen.responses
    found: list[Named] = [
        (item, "item", variable(responses, item), responses.declared(item)) for item in responses.items
    ]
    for one in responses.instruments:
        for scale in one.scales:
            name = f"{one.id}.{scale}"
            found.append((name, "scale", score_scale(responses, one, scale)[0], score_range(one, scale)))
    numeric = [name for name in responses.covariates if _is_measured(responses, name)]
    return found + [(name, "covariate", variable(responses, name), None) for name in numeric]


def _is_measured(responses: Responses, name: str) -> bool:
    """Tell a measured covariate from a grouping one: numeric, with more than ten values, or a time."""
    numbers = as_numbers(responses, name)
    if name in TIMES and numbers is not None:
        return True
    return numbers is not None and len(np.unique(numbers[~np.isnan(numbers)])) > MOST_GROUPS


def _row(name: str, kind: str, values: Array, span: tuple[float, float] | None) -> dict[str, Any]:
    moments = Moments.of(values[:, None], (name,))
    n = int(moments.n("pairwise")[0])
    row: dict[str, Any] = {"variable": name, "kind": kind, "n": n, "n_missing": len(values) - n}
    if n:
        row["mean"] = moments.mean("pairwise")[0]
    if n > 1:
        row["sd"] = math.sqrt(moments.covariance("pairwise")[0, 0])
        row["skew"], row["kurtosis"] = moments.skew()[0], moments.kurtosis()[0]
    if n and span:
        held = values[~np.isnan(values)]
        row["floor"], row["ceiling"] = (held <= span[0]).mean(), (held >= span[1]).mean()
    return row


def _fit(estimates: pd.DataFrame, n_rows: int) -> pd.DataFrame:
    method = "each variable on its own rows; skew and kurtosis of type 3"
    return fit_table(
        [
            {
                "model": row.variable,
                "n_used": row.n,
                "n_dropped": n_rows - row.n,
                "method": method,
                "note": _why_no_moments(row),
            }
            for row in fmt.rows(estimates)
        ]
        or [{"model": "rows", "n_used": n_rows, "n_dropped": 0, "method": method}]
    )


def _why_no_moments(row: Any) -> str:
    if row.n < 2:
        return "fewer than two values"
    return "" if row.sd > 0 else "the variable does not vary, so it has no skew or kurtosis"


def _missing(chosen: Sample, estimates: pd.DataFrame) -> pd.DataFrame:
    """Count empty cells by variable and reason, as shares of all rows."""
    reasons = chosen.responses.reasons
    counted = reasons.groupby(["column", "reason"], observed=True).size().reset_index(name="n")
    counted = counted.rename(columns={"column": "variable"}).astype({"variable": str, "reason": str})
    scales = estimates.loc[(estimates["kind"] == "scale") & (estimates["n_missing"] > 0), ["variable", "n_missing"]]
    unscored = scales.rename(columns={"n_missing": "n"}).assign(reason=TOO_FEW_ITEMS)
    table = pd.concat([counted, unscored], ignore_index=True)[["variable", "reason", "n"]]
    return table.assign(missing_share=table["n"] / max(len(chosen.frame), 1))


def _overview(chosen: Sample) -> pd.DataFrame:
    """Count the missing answers of each instrument's items by reason, as shares of all its cells."""
    responses = chosen.responses
    rows = []
    for one in responses.instruments:
        items = [item for item in one.item_ids if item in responses.frame]
        cells = max(len(items) * len(responses.frame), 1)
        found = responses.reasons.loc[responses.reasons["column"].isin(items), "reason"].astype(str)
        rows += [
            {"instrument": one.id, "reason": reason, "n": n, "missing_share": n / cells}
            for reason, n in found.value_counts().sort_index().items()
        ]
    return pd.DataFrame(rows, columns=["instrument", "reason", "n", "missing_share"])


def _shapes(chosen: Sample) -> dict[str, pd.DataFrame]:
    """Give histogram and density of every scale score."""
    histograms, densities = [_no_histogram()], [_no_density()]
    items = [option_counts(chosen.responses, item) for item in chosen.responses.items]
    for one in chosen.responses.instruments:
        for scale in one.scales:
            scores = score_scale(chosen.responses, one, scale)[0]
            held = scores[~np.isnan(scores)]
            histograms.append(_histogram(one, scale, held))
            densities.append(_density(one, scale, held))
    return {
        "histogram": pd.concat([part for part in histograms if len(part)] or histograms[:1], ignore_index=True),
        "item_histogram": pd.concat(items or [_no_options()], ignore_index=True),
        "density": pd.concat([part for part in densities if len(part)] or densities[:1], ignore_index=True),
    }


def _no_options() -> pd.DataFrame:
    return pd.DataFrame({"item": [], "option": [], "n": [], "share": []})


def _no_histogram() -> pd.DataFrame:
    return pd.DataFrame({"scale": [], "low": [], "high": [], "n": [], "share": []})


def _no_density() -> pd.DataFrame:
    return pd.DataFrame({"scale": [], "x": [], "density": []})


def _histogram(one: Instrument, scale: str, scores: Array) -> pd.DataFrame:
    """Count scores in bins of equal width that are centred on attainable scores, so that no bin is empty by design."""
    if not len(scores):
        return _no_histogram()
    low, high = score_range(one, scale)
    items = one.scale_items(scale)
    bottom, top = one.range(items[0])
    steps = len(items) * (top - bottom)
    width = (high - low) / steps * math.ceil((steps + 1) / MOST_BINS)
    start = low - (high - low) / steps / 2
    n_bins = math.ceil((high - start) / width + 1e-9)
    edges = start + width * np.arange(n_bins + 1)
    counts, _ = np.histogram(scores, edges)
    return pd.DataFrame(
        {"scale": f"{one.id}.{scale}", "low": edges[:-1], "high": edges[1:], "n": counts, "share": counts / len(scores)}
    )


def _density(one: Instrument, scale: str, scores: Array) -> pd.DataFrame:
    """Smooth the distribution; through distinct scores, of which there are few."""
    distinct, times = np.unique(scores, return_counts=True)
    if len(distinct) < 3:
        return _no_density()
    from scipy.stats import gaussian_kde

    smooth = gaussian_kde(distinct, bw_method=len(scores) ** -0.2, weights=times)
    x = np.linspace(*score_range(one, scale), GRID)
    return pd.DataFrame({"scale": f"{one.id}.{scale}", "x": x, "density": smooth(x)})


def _groups(chosen: Sample, smallest_cell: int) -> pd.DataFrame:
    """Count people by the values of grouping covariates; flagged values count as missing."""
    tables = [pd.DataFrame({"covariate": [], "value": [], "n": [], "share": []})]
    for name in chosen.responses.covariates:
        column = unflagged(chosen.responses, name)
        if not _is_measured(chosen.responses, name) and column.nunique() <= MOST_LISTED:
            tables.append(shown_groups(column, smallest_cell).assign(covariate=name))
    filled = [table for table in tables if len(table)] or tables
    return pd.concat(filled, ignore_index=True)[["covariate", "value", "n", "share"]]


def _sentence(estimates: pd.DataFrame, n_rows: int) -> str:
    scales = estimates[estimates["kind"] == "scale"]
    parts = [
        f"{row.variable} M = {fmt.number(row.mean)}, SD = {fmt.number(row.sd)}, n = {fmt.count(row.n)}"
        for row in fmt.rows(scales)
        if row.n > 1
    ]
    head = f"{fmt.count(n_rows)} rows were described"
    return f"{head}: {'; '.join(parts)}." if 0 < len(parts) <= MOST_IN_SENTENCE else f"{head}."
