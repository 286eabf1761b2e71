"""What flags amount to: counts that may be shown, histograms, and how estimates move without flagged rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from .. import format as fmt
from ..kernels import consistency
from ..kernels.moments import Moments, pairwise_correlation
from ..responses import Responses
from ..scoring import score_scale
from .inputs import Array, item_array, why_no_covariance
from .privacy import hidden
from .quality_indices import SOURCES, Flags, Index

FEWEST_BINS, MOST_BINS = 6, 24
MOVES = ("kind", "subject", "n", "estimate", "n_without", "estimate_without", "difference", "difference_in_sd")


def shown(n: int, of: int, smallest_cell: int) -> int | None:
    """Give a count of people, or nothing where those counted, or the others, are few but some."""
    return None if 0 < n < smallest_cell or 0 < of - n < smallest_cell else n


def index_table(indices: Sequence[Index], smallest_cell: int) -> pd.DataFrame:
    """Give a row for each index: how many have a value, the cut, and how many are flagged."""
    rows: list[dict[str, Any]] = []
    for one in indices:
        n = int(one.computable.sum())
        flagged = shown(int(one.flags.sum()), n, smallest_cell) if one.is_computed else None
        source, doi = SOURCES[one.name]
        row = {"index": one.name, "n": n, "side": one.side if one.is_computed else None, "cut": one.cut}
        row |= {"n_flagged": flagged, "share": None if flagged is None else flagged / n}
        rows.append(row | {"meaning": one.rule, "source": source, "doi": f"https://doi.org/{doi}"})
    return pd.DataFrame(rows).astype({"n_flagged": "Int64", "share": "Float64"})


def flag_counts(n_flags: Any, smallest_cell: int) -> pd.DataFrame:
    """Count people by the number of indices that flag them; numbers that too few reach are put together."""
    sizes = np.bincount(n_flags) if len(n_flags) else np.zeros(1, dtype=int)
    groups: list[tuple[int, int, int]] = []
    first, last, total = len(sizes), len(sizes) - 1, 0
    for number in range(len(sizes) - 1, -1, -1):
        total, first = total + int(sizes[number]), number
        if total >= smallest_cell:
            groups.append((first, last, total))
            last, total = number - 1, 0
    if total:  # too few of the least flagged to stand alone
        groups[-1:] = [(0, groups[-1][1], groups[-1][2] + total)] if groups else [(0, last, total)]
    rows: list[tuple[str, int | None]] = [
        (_numbers(low, high, len(sizes) - 1), n if n >= smallest_cell else None) for low, high, n in reversed(groups)
    ]
    table = pd.DataFrame(rows, columns=["n_flags", "n"]).astype({"n": "Int64"})
    return table.assign(share=table["n"].astype("Float64") / max(len(n_flags), 1))


def _numbers(low: int, high: int, most: int) -> str:
    if low == high:
        return str(low)
    return f"{low} or more" if high == most else f"{low} to {high}"


def histograms(indices: Sequence[Index], smallest_cell: int) -> pd.DataFrame:
    """Count people in bins of each index; a bin of few people is left empty, and so is the next smallest with it."""
    tables = [_histogram(one, smallest_cell) for one in indices if one.is_computed]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["index", "low", "high", "n"])


def _histogram(one: Index, smallest_cell: int) -> pd.DataFrame:
    values = one.values[one.computable]
    counts, edges = np.histogram(values, _edges(values))
    n = np.where(hidden_bins(counts, smallest_cell), np.nan, counts)
    table = pd.DataFrame({"index": one.name, "low": edges[:-1], "high": edges[1:], "n": n})
    return table.astype({"n": "Int64"})


def hidden_bins(counts: Any, smallest_cell: int) -> Any:
    """Mark the bins whose counts are not shown; empty ones are."""
    marked = np.zeros(len(counts), dtype=bool)
    filled = counts > 0
    marked[filled] = hidden(counts[filled], smallest_cell)
    return marked


def _edges(values: Array) -> Array:
    """Divide the range of values evenly, about √n times; whole numbers get bins of their own unless they are many."""
    low, high = float(values.min()), float(values.max())
    if (values == np.floor(values)).all():
        width = max(1, int(np.ceil((high - low + 1) / MOST_BINS)))
        return np.arange(low - 0.5, high + width + 0.5, width)
    n_bins = int(np.clip(np.ceil(np.sqrt(len(values))), FEWEST_BINS, MOST_BINS))
    return np.linspace(low, high, n_bins + 1) if low < high else np.array([low - 0.5, low + 0.5])


def moves(responses: Responses, kept: Flags, smallest_cell: int) -> pd.DataFrame:
    """Compute means, alphas and correlations of scales with all rows, and without those that are not kept.

    What would follow from a difference of few people is left out: it would tell their answers.
    """
    rows = [*_means(responses, kept), *_alphas(responses, kept), *_correlations(responses, kept)]
    table = pd.DataFrame(rows, columns=["kind", "subject", "n", "estimate", "n_without", "estimate_without", "sd"])
    table["difference"] = table["estimate_without"] - table["estimate"]
    table["difference_in_sd"] = table["difference"] / table["sd"]
    lost = table["n"] - table["n_without"]
    return table[(lost == 0) | (lost >= smallest_cell)].reset_index(drop=True)[list(MOVES)]


def _means(responses: Responses, kept: Flags) -> Iterator[tuple[Any, ...]]:
    for name in responses.scales:
        scores = score_scale(responses, *responses.find_scale(name))[0]
        held, rest = scores[~np.isnan(scores)], scores[~np.isnan(scores) & kept]
        if len(held) > 1 and len(rest) > 1:
            spread = float(held.std(ddof=1))
            yield "mean", name, len(held), held.mean(), len(rest), rest.mean(), spread if spread > 0 else np.nan


def _alphas(responses: Responses, kept: Flags) -> Iterator[tuple[Any, ...]]:
    for name in responses.scales:
        one, scale = responses.find_scale(name)
        items = one.scale_items(scale)
        if one.scales[scale].kind == "composite" or len(items) < 2:
            continue
        x = item_array(responses, one, items)
        found = [Moments.of(rows, items) for rows in (x, x[kept])]
        if not any(why_no_covariance(part, "listwise") for part in found):
            alphas = [float(consistency.alpha(part.covariance("listwise"))) for part in found]
            yield "alpha", name, found[0].n_listwise, alphas[0], found[1].n_listwise, alphas[1], np.nan


def _correlations(responses: Responses, kept: Flags) -> Iterator[tuple[Any, ...]]:
    names = list(responses.own_scales)
    if len(names) < 2:
        return
    scores = np.column_stack([score_scale(responses, *responses.find_scale(name))[0] for name in names])
    with np.errstate(invalid="ignore", divide="ignore"):
        (r, n), (r_without, n_without) = (pairwise_correlation(rows) for rows in (scores, scores[kept]))
    for a, b in combinations(range(len(names)), 2):
        if min(n[a, b], n_without[a, b]) > 2 and not np.isnan(r[a, b] + r_without[a, b]):
            pair = f"{names[a]} with {names[b]}"
            yield "r", pair, int(n[a, b]), r[a, b], int(n_without[a, b]), r_without[a, b], np.nan


def largest_moves(table: pd.DataFrame) -> str:
    """Say which mean, alpha and correlation move most."""
    if not (table["difference"] != 0).any():
        return ""
    parts = []
    for kind, column, word in (
        ("mean", "difference_in_sd", "mean"),
        ("alpha", "difference", "alpha"),
        ("r", "difference", "correlation"),
    ):
        rows = table[(table["kind"] == kind) & table[column].notna()]
        if len(rows):
            row = rows.iloc[int(rows[column].abs().to_numpy().argmax())]
            unit = " SD" if kind == "mean" else ""
            size = fmt.number(float(row[column]), 2, bounded=True)
            parts.append(f"the {word} of {row['subject']} ({size}{unit})")
    return f"Without them these move most: {'; '.join(parts)}." if parts else ""
