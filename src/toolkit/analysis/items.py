"""Items of a scale: how they were answered, and how they go with the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import format as fmt
from ..checks import check_one_of, listed
from ..instrument_model import Instrument
from ..kernels import consistency, item_statistics
from ..kernels.moments import Missing, Moments
from ..responses import Responses
from ..results import Result, fit_table
from .inputs import (
    TINY,
    Array,
    Sample,
    chosen_scales,
    item_array,
    one_blas_thread,
    option_counts,
    sample,
    warn_undefined,
    why_no_covariance,
)
from .item_fit import LARGE_RESIDUAL, ItemStatistics, item_statistics_of, residual_table

COLUMNS = (
    "scale",
    "item",
    "text",
    "reverse",
    "n",
    "mean",
    "sd",
    "r_raw",
    "r_corrected",
    "r_drop",
    "r_drop_polychoric",
    "discrimination",
    "alpha_if_dropped",
    "alpha_standardised_if_dropped",
    "omega_if_dropped",
    "n_large_residuals",
)
LOW_ITEM_REST = 0.30
MOST_IN_SENTENCE = 6


@one_blas_thread
def item_analysis(
    data: Responses | pd.DataFrame,
    scale: str | Sequence[str] | None = None,
    *,
    missing: Missing = "listwise",
    wave: Any = None,
    day: Any = None,
) -> Result:
    """Describe the items of scales and how each goes with the rest.

    With S the covariance matrix of a scale's items after reversal and R their correlations:

    - r_raw: correlation of the item with the scale, the item included
    - r_corrected: the same with the item's overlap replaced by its common variance: the diagonal of R is replaced by
      the squared multiple correlations; column sum / sqrt(sum of all)
    - r_drop: correlation of the item with the sum of the other items
    - r_drop_polychoric: the same of the polychoric correlations: 1'ρ_i / sqrt(sum of those of the others)
    - discrimination: mean of the item among the people at or beyond the 73rd percentile of the mean of the other items,
      less that at or below the 27th, as a share of the item's range (the upper-minus-lower index)
    - alpha_if_dropped (and standardised): alpha of the other items
    - omega_if_dropped: omega of the other items, (Σλ)² / ((Σλ)² + Σθ) of one factor by maximum likelihood
    - residual correlations: r_ij − λ_i λ_j of one factor by maximum likelihood; those beyond .20 are counted

    Parameters
    ----------
    data : answers with their instruments.
    scale : one scale or several, or an instrument, which stands for all of its own; all by default.
    missing : `listwise` (rows complete on the scale) or `pairwise`.
    wave, day : the occasion; needed where the data have several.

    Returns
    -------
    Result
        `estimates`: one row per item of each scale; `mean` and `sd` (denominator n − 1) are those of the reversed
        item where `reverse` is true; `n_large_residuals` counts the item's residual correlations beyond .20.
        `tables["frequencies"]`: how often each option was chosen, as answered (not reversed), over everyone who
        answered the item. `tables["residual_correlations"]`: each pair of items, and whether it is beyond .20: what
        two items share beyond the factor, as similar wording does.

    Raises
    ------
    AnalysisError, ArgumentError
        If there are no scales, or a name is not one of them.

    Warns
    -----
    UndefinedStatisticWarning
        Once for each scale of which a statistic is not defined; its cells are empty and `fit` says why.

    Notes
    -----
    Pairwise, r_raw is the correlation with the mean of the answers that the person gave, over everyone who answered
    the item, and r_drop comes from the pairwise covariances, as in psych; mean and sd are those of everyone who
    answered the item. Discrimination is then over those who answered the item and another one, and the factor is that
    of the pairwise correlations. Omega needs three items, so that it is empty where fewer than four are in the scale,
    as residual correlations are; items of more than 12 options have no polychoric correlations.

    References
    ----------
    Revelle (2024), psych: ``psych::alpha(na.omit(items))$item.stats`` (`raw.r`, `r.cor`, `r.drop`) and
    ``$alpha.drop``; pairwise ``psych::alpha(items)``. Polychoric: ``lavaan::lavCor(items, ordered = TRUE)``. Omega and
    residuals: ``lavaan::cfa``, ``semTools::compRelSEM(fit, obs.var = FALSE)``. Kelley (1939), doi:10.1037/h0057123, on
    27 %.

    Examples
    --------
    >>> from toolkit import Responses, instrument_from_keys
    >>> raw = pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [2, 1, 4, 3, 5], "c": [5, 4, 2, 3, 1]})
    >>> keys = instrument_from_keys({"f": ["a", "b", "-c"]}, min=1, max=5, id="my")
    >>> found = item_analysis(Responses.from_frame(raw, keys)).to_frame()
    >>> [fmt.number(r, 3) for r in found["r_drop"]]
    ['0.872', '0.872', '0.949']
    """
    check_one_of("missing", missing, ("listwise", "pairwise"))
    chosen = sample(data, wave=wave, day=day, cluster=None)
    scales = chosen_scales(chosen.responses, scale)
    found = [_of_scale(chosen, one, name, missing) for one, name in scales]
    estimates = pd.concat([one.table for one in found], ignore_index=True).astype({"n_large_residuals": "Int64"})
    frequencies = pd.concat([_frequencies(chosen, one, name) for one, name in scales], ignore_index=True)
    residuals = residual_table([(one.name, one.items, one.statistics.residuals) for one in found])
    names = [one.name for one in found]
    return Result(
        kind="item_analysis",
        title="Items",
        estimates=estimates,
        fit=fit_table([one.fit for one in found]),
        tables={"frequencies": frequencies, "residual_correlations": residuals},
        settings={**chosen.settings, "scale": names, "missing": missing},
        statement=_sentence(estimates, residuals),
        captions={
            "estimates": "Items after reversal, and their correlations with their scale",
            "frequencies": "How often each answer was chosen (as answered, not reversed)",
            "residual_correlations": "Correlations that one factor leaves between two items",
        },
    )


@dataclass(frozen=True)
class _Found:
    """What was found for one scale."""

    name: str
    items: tuple[str, ...]
    table: pd.DataFrame
    fit: dict[str, Any]
    statistics: ItemStatistics


def _of_scale(chosen: Sample, one: Instrument, scale: str, missing: Missing) -> _Found:
    name, items = f"{one.id}.{scale}", one.scale_items(scale)
    x = item_array(chosen.responses, one, items)
    moments = Moments.of(x, items)
    table = _described(one, name, moments, missing)
    reason = _why_undefined(one, scale, moments, missing)
    statistics = ItemStatistics.none(len(items), [reason])
    if not reason:
        correlations = _correlations(x, moments, missing)
        table = table.assign(**correlations)
        statistics = item_statistics_of(x, moments, missing, one.range(items[0]))
        statistics.warnings.extend(_undefined(correlations, items))
        table = table.assign(**statistics.columns)
    if statistics.warnings:
        warn_undefined(f"{name}: {'; '.join(statistics.warnings)}")
    used = moments.n_listwise if missing == "listwise" else moments.n_rows
    fit = {
        "model": name,
        "n_used": used,
        "n_dropped": moments.n_rows - used,
        "method": "item–scale correlations of the reversed items",
        "note": "; ".join([*statistics.warnings, *statistics.remarks]),
    }
    return _Found(name, items, table, fit, statistics)


def _described(one: Instrument, name: str, moments: Moments, missing: Missing) -> pd.DataFrame:
    """Give wording, key, mean and standard deviation of each item; the other columns are empty."""
    items = moments.names
    table = pd.DataFrame({"scale": name, "item": list(items)}).reindex(columns=list(COLUMNS))
    table["text"] = [one.text(one.by_id[item].text) for item in items]
    table["reverse"] = [one.by_id[item].reverse for item in items]
    table["n"] = moments.n(missing).astype(int)
    variance = np.diag(moments.sums(missing).cross) / np.where(table["n"] > 1, table["n"] - 1, np.nan)
    table["mean"] = np.where(table["n"] > 0, moments.mean(missing), np.nan)
    table["sd"] = np.sqrt(variance)
    return table


def _why_undefined(one: Instrument, scale: str, moments: Moments, missing: Missing) -> str:
    if one.scales[scale].kind == "composite":
        return "a composite is an index of unlike things; its items are described, not correlated with it"
    if len(moments.names) < 2:
        return "a scale of one item has no item–scale correlation"
    return why_no_covariance(moments, missing)


def _correlations(x: Array, moments: Moments, missing: Missing) -> dict[str, Array]:
    """Correlate items with their scale."""
    covariance = moments.covariance(missing)
    dropped = item_statistics.without_each(covariance)
    return {
        "r_raw": consistency.item_total(covariance) if missing == "listwise" else _with_own_mean(x),
        "r_drop": consistency.item_rest(covariance),
        "alpha_if_dropped": _alpha(dropped),
        "alpha_standardised_if_dropped": _alpha(consistency.correlation(dropped)),
    }


def _alpha(stack: Array) -> Array:
    """Alpha of each covariance matrix (b, k, k); NaN for one item, and where the sum of the items does not vary."""
    found = np.full(len(stack), np.nan)
    if stack.shape[1] < 2:
        return found
    varies = stack.sum(axis=(1, 2)) > consistency.NO_VARIANCE * np.trace(stack, axis1=1, axis2=2)
    found[varies] = consistency.alpha(stack[varies])
    return found


def _undefined(correlations: dict[str, Array], items: Sequence[str]) -> list[str]:
    """Name the items for which the others, or the mean of the answers given, do not vary."""
    defined = np.array(
        [value for name, value in correlations.items() if len(items) > 2 or not name.startswith("alpha")]
    )
    lost = np.isnan(defined).any(axis=0)
    names = [item for item, one in zip(items, lost, strict=True) if one]
    if not names:
        return []
    return [
        f"correlation with the scale and alpha if dropped are not defined for {listed(names)}: the others cancel out"
    ]


def _with_own_mean(x: Array) -> Array:
    """Correlate each item with the mean of the answers that the person gave, over those who answered it."""
    answered = ~np.isnan(x)
    count = answered.sum(axis=1)
    total = np.divide(np.nansum(x, axis=1), count, out=np.full(len(x), np.nan), where=count > 0)
    return np.array([_correlation(np.column_stack([column, total])) for column in x.T])


def _correlation(pair: Array) -> float:
    covariance = Moments.of(pair).covariance("listwise")
    return float(consistency.correlation(covariance)[0, 1]) if np.diag(covariance).min() > TINY else np.nan


def _frequencies(chosen: Sample, one: Instrument, scale: str) -> pd.DataFrame:
    name = f"{one.id}.{scale}"
    return pd.concat([_of_item(chosen, one, name, item) for item in one.scale_items(scale)], ignore_index=True)


def _of_item(chosen: Sample, one: Instrument, scale: str, item: str) -> pd.DataFrame:
    counts = option_counts(chosen.responses, item)
    counts.insert(0, "scale", scale)
    counts.insert(3, "label", one.labels(item))
    return counts


def _sentence(estimates: pd.DataFrame, residuals: pd.DataFrame) -> str:
    known = estimates.dropna(subset=["r_drop"])
    if known.empty:
        return "No item–scale correlation is defined for these data."
    low = known.loc[known["r_drop"] < LOW_ITEM_REST, "item"].tolist()
    span = " to ".join(fmt.number(value, bounded=True) for value in (known["r_drop"].min(), known["r_drop"].max()))
    weak = f"; below {fmt.number(LOW_ITEM_REST, bounded=True)}: {', '.join(low)}" if low else ""
    large = [f"{row.x} with {row.y}" for row in fmt.rows(residuals[residuals["above"].astype(bool)])]
    more = f" and {len(large) - MOST_IN_SENTENCE} more" if len(large) > MOST_IN_SENTENCE else ""
    beyond = f" Residual correlations beyond {fmt.number(LARGE_RESIDUAL, bounded=True)}:"
    shared = f"{beyond} {', '.join(large[:MOST_IN_SENTENCE])}{more}." if large else ""
    return f"Item–rest correlations ranged from {span} over {len(known)} items{weak}.{shared}"
