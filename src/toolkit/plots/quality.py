"""Indices of careless answers: the distribution of each, with its cut."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .. import format as fmt
from ..results import Result
from . import text
from .figure import FILL, LOW, PALE, TINY, Figure, empty_figure, new_figure, panels

COLUMNS = 2
ROW = 1.75
BEYOND = 0.04
FEW_TICKS = 6


def indices(result: Result) -> Figure:
    """Draw a histogram of each index with a line at its cut; bins of few people are pale and of no true height.

    Where no bin may be told, the heights have no scale.
    """
    estimates = result.to_frame()
    estimates = estimates[estimates["n"] > 0]
    if estimates.empty:
        return empty_figure("No index could be computed.")
    histogram = result.to_frame("histogram")
    smallest = int(result.settings["smallest_cell"])
    n_rows = math.ceil(len(estimates) / COLUMNS)
    figure = new_figure(_alt(estimates), _caption(result, smallest), ROW * n_rows + 0.2)
    places = [axes for row in panels(figure, [1] * n_rows, [1] * COLUMNS) for axes in row]
    for axes, row in zip(places, fmt.rows(estimates), strict=False):
        _draw(axes, histogram[histogram["index"] == row.index], row, smallest)
    for axes in places[len(estimates) :]:
        axes.set_axis_off()
    return figure


def _draw(axes: Axes, bins: pd.DataFrame, row: Any, smallest: int) -> None:
    low, high = (bins[side].to_numpy(dtype=np.float64) for side in ("low", "high"))
    n = bins["n"].to_numpy(dtype=np.float64, na_value=np.nan)
    few = np.isnan(n)
    for chosen, height, colour in ((~few, n, FILL), (few, np.full(len(n), smallest / 2), PALE)):
        width = high[chosen] - low[chosen]
        axes.bar(low[chosen], height[chosen], width, align="edge", color=colour, edgecolor="white", linewidth=0.5)
    cut = float(row.cut) - (0.5 if row.side == "at least" else 0.0)
    left, right = min(low.min(), cut), max(high.max(), cut)
    margin = BEYOND * (right - left)
    axes.set_xlim(left - margin, right + margin)
    axes.set_title(fmt.heading(row.index))
    if few[bins["n"].to_numpy(dtype=np.float64, na_value=1) > 0].all():
        axes.set_ylabel("Not shown")
        axes.set_yticks([])
    else:
        axes.set_ylabel("Persons")
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    whole = bool((low + 0.5 == np.floor(low + 0.5)).all())
    if whole and right - left < FEW_TICKS:
        axes.set_xticks(np.arange(np.ceil(left), right + 0.5))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(FEW_TICKS, integer=whole))
    axes.tick_params(axis="y", size=3)
    _draw_cut(axes, cut, row, (cut - left) / (right - left) < 0.5)


def _draw_cut(axes: Axes, cut: float, row: Any, near: bool) -> None:
    """Draw the line of a cut and name it, on the side where there is room."""
    axes.axvline(cut, color=LOW, linewidth=1.3, linestyle="--")
    number = fmt.number(row.cut, 2).removesuffix(".00")
    words = f"← {number}" if row.side == "below" else f"{number} →"
    offset, align = (3, "left") if near else (-3, "right")
    place = ("data", "axes fraction")
    axes.annotate(words, (cut, 1), (offset, -1), place, "offset points", ha=align, va="top", size=TINY, color=LOW)


def _caption(result: Result, smallest: int) -> str:
    return (
        f"{text.short(result.title)}: persons by the value of each index. The broken line is the cut; the arrow points"
        f" to the side that is flagged. Pale bars stand for bins whose number is not shown, since 1 to {smallest - 1}"
        " persons, or those that would give them away, are in them; their height means nothing."
    )


def _alt(estimates: pd.DataFrame) -> str:
    told = [
        f"{fmt.heading(row.index)}: {fmt.count(row.n)} persons, flagged {row.side} {fmt.number(row.cut)},"
        f" {'few or all but few' if fmt.is_empty(row.n_flagged) else fmt.count(row.n_flagged)} flagged"
        for row in fmt.rows(estimates)
    ]
    return f"Histograms of {text.counted(len(estimates), 'index').replace('indexs', 'indices')}. {'; '.join(told)}."
