"""Items of a scale: how they were answered, and how they go with the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import format as fmt
from ..checks import check_one_of
from ..instrument_model import Instrument
from ..kernels import consistency
from ..kernels.moments import Missing, Moments
from ..responses import Responses
from ..results import Result, fit_table
from .inputs import (
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
    "alpha_if_dropped",
    "alpha_standardised_if_dropped",
)
LOW_ITEM_REST = 0.30


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
    - alpha_if_dropped (and standardised): alpha of the other items

    Parameters
    ----------
    data : answers with their instruments.
    scale : one scale or several; all by default.
    missing : `listwise` (rows complete on the scale) or `pairwise`.
    wave, day : the occasion; needed where the data have several.

    Returns
    -------
    Result
        `estimates`: one row per item of each scale; `mean` and `sd` (denominator n − 1) are those of the reversed
        item where `reverse` is true. `tables["frequencies"]`: how often each option was chosen, as answered (not
        reversed), over everyone who answered the item.

    Notes
    -----
    Pairwise, r_raw is the correlation with the mean of the answers that the person gave, over everyone who answered
    the item, and r_drop comes from the pairwise covariances, as in psych; mean and sd are those of everyone who
    answered the item.

    References
    ----------
    Revelle (2024), psych: ``psych::alpha(na.omit(items))$item.stats`` (`raw.r`, `r.cor`, `r.drop`) and
    ``$alpha.drop``; pairwise ``psych::alpha(items)``.

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
    estimates = pd.concat([table for table, _ in found], ignore_index=True)
    frequencies = pd.concat([_frequencies(chosen, one, name) for one, name in scales], ignore_index=True)
    names = [f"{one.id}.{name}" for one, name in scales]
    return Result(
        kind="item_analysis",
        title="Items",
        estimates=estimates,
        fit=fit_table([fit for _, fit in found]),
        tables={"frequencies": frequencies},
        settings={**chosen.settings, "scale": names, "missing": missing},
        statement=_sentence(estimates),
        captions={
            "estimates": "Items after reversal, and their correlations with their scale",
            "frequencies": "How often each answer was chosen (as answered, not reversed)",
        },
    )


def _of_scale(chosen: Sample, one: Instrument, scale: str, missing: Missing) -> tuple[pd.DataFrame, dict[str, Any]]:
    name, items = f"{one.id}.{scale}", one.scale_items(scale)
    x = item_array(chosen.responses, one, items)
    moments = Moments.of(x, items)
    table = pd.DataFrame({"scale": name, "item": list(items)}).reindex(columns=list(COLUMNS))
    table["text"] = [one.text(one.by_id[item].text) for item in items]
    table["reverse"] = [one.by_id[item].reverse for item in items]
    table["n"] = moments.n(missing).astype(int)
    variance = np.diag(moments.sums(missing).cross) / np.where(table["n"] > 1, table["n"] - 1, np.nan)
    table["mean"] = np.where(table["n"] > 0, moments.mean(missing), np.nan)
    table["sd"] = np.sqrt(variance)
    note = _why_undefined(one, scale, moments, missing)
    if not note:
        correlations, note = _correlations(x, moments, missing)
        table = table.assign(**correlations)
    if note:
        warn_undefined(f"{name}: {note}")
    used = moments.n_listwise if missing == "listwise" else moments.n_rows
    method = "item–scale correlations of the reversed items"
    fit = {"model": name, "n_used": used, "n_dropped": moments.n_rows - used, "method": method, "note": note}
    return table, fit


def _why_undefined(one: Instrument, scale: str, moments: Moments, missing: Missing) -> str:
    if one.scales[scale].kind == "composite":
        return "a composite is an index of unlike things; its items are described, not correlated with it"
    if len(moments.names) < 2:
        return "a scale of one item has no item–scale correlation"
    return why_no_covariance(moments, missing)


def _correlations(x: Array, moments: Moments, missing: Missing) -> tuple[dict[str, Array], str]:
    """Correlate items with their scale; say what is not defined."""
    covariance = moments.covariance(missing)
    k = len(covariance)
    dropped = [np.delete(np.delete(covariance, i, axis=0), i, axis=1) for i in range(k)] if k > 2 else []
    empty, note = np.full(k, np.nan), ""
    try:
        corrected = consistency.item_total_corrected(covariance)
        if np.abs(corrected).max() > 1:
            note = "a corrected correlation exceeds 1, as it can where items share little: check which are reversed"
    except np.linalg.LinAlgError:
        corrected, note = empty, "the corrected correlation is not defined: an item is a combination of others"
    return {
        "r_raw": consistency.item_total(covariance) if missing == "listwise" else _with_own_mean(x),
        "r_corrected": corrected,
        "r_drop": consistency.item_rest(covariance),
        "alpha_if_dropped": np.array([consistency.alpha(one) for one in dropped]) if dropped else empty,
        "alpha_standardised_if_dropped": (
            np.array([consistency.alpha_standardised(one) for one in dropped]) if dropped else empty
        ),
    }, note


def _with_own_mean(x: Array) -> Array:
    """Correlate each item with the mean of the answers that the person gave, over those who answered it."""
    answered = ~np.isnan(x)
    count = answered.sum(axis=1)
    total = np.divide(np.nansum(x, axis=1), count, out=np.full(len(x), np.nan), where=count > 0)
    pairs = [np.column_stack([x[:, i], total]) for i in range(x.shape[1])]
    return np.array([consistency.correlation(Moments.of(pair).covariance("listwise"))[0, 1] for pair in pairs])


def _frequencies(chosen: Sample, one: Instrument, scale: str) -> pd.DataFrame:
    name = f"{one.id}.{scale}"
    return pd.concat([_of_item(chosen, one, name, item) for item in one.scale_items(scale)], ignore_index=True)


def _of_item(chosen: Sample, one: Instrument, scale: str, item: str) -> pd.DataFrame:
    counts = option_counts(chosen.responses, item)
    counts.insert(0, "scale", scale)
    counts.insert(3, "label", one.labels(item))
    return counts


def _sentence(estimates: pd.DataFrame) -> str:
    known = estimates.dropna(subset=["r_drop"])
    if known.empty:
        return "No item–scale correlation is defined for these data."
    low = known.loc[known["r_drop"] < LOW_ITEM_REST, "item"].tolist()
    span = " to ".join(fmt.number(value, bounded=True) for value in (known["r_drop"].min(), known["r_drop"].max()))
    weak = f"; below {fmt.number(LOW_ITEM_REST, bounded=True)}: {', '.join(low)}" if low else ""
    return f"Item–rest correlations ranged from {span} over {len(known)} items{weak}."
