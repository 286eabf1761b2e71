"""How each item goes with its scale, and its mean."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .. import format as fmt
from ..results import Result
from . import text
from .figure import (
    HIGH,
    INK,
    LOW,
    PALE,
    TINY,
    Figure,
    empty_figure,
    new_figure,
    panels,
    row_axis,
    row_heading,
    text_width,
)

LOW_ITEM_REST = 0.30


def profile(result: Result) -> Figure:
    """Draw for each item how it goes with the rest of its scale, and its mean and standard deviation."""
    estimates = result.to_frame()
    if estimates.empty:
        return empty_figure("There are no items to draw.")
    labels = text.item_labels(estimates)
    scales = [(str(name), rows) for name, rows in estimates.groupby("scale", sort=False)]
    row_height = text.row_height(label.drawn for label in labels.values())
    limits = [_answer_range(result, name) for name, _ in scales]
    same = len(set(limits)) == 1
    height = row_height * len(estimates) + (0.3 if same else 0.5) * len(scales) + 0.65
    figure = new_figure(_profile_alt(estimates), _profile_caption(result), height)
    grid = panels(figure, [len(rows) for _, rows in scales], [3, 1.5])
    width = text_width([label.drawn for label in labels.values()])
    lowest = min(0.0, float(estimates["r_drop"].min(skipna=True))) - 0.03
    for (left, right), (name, rows), limit in zip(grid, scales, limits, strict=True):
        row_axis(left, [labels[name, str(item)].drawn for item in rows["item"]], width)
        row_heading(left, text.drawn(name, line=2 * text.LINE), width)
        _draw_item_rest(left, rows, lowest)
        _draw_means(right, rows, limit)
        left.tick_params(labelbottom=left is grid[-1][0])
        right.tick_params(labelbottom=not same or right is grid[-1][1])
    _label_line(grid[0][0])
    grid[-1][0].set_xlabel("Item–rest correlation")
    grid[-1][1].set_xlabel("Mean ± SD")
    return figure


def _answer_range(result: Result, scale: str) -> tuple[float, float] | None:
    """Find the lowest and highest option of a scale's items, where the result has them."""
    frequencies = result.tables.get("frequencies", pd.DataFrame({"scale": [], "option": []}))
    found = frequencies.loc[frequencies["scale"].astype(str) == scale, "option"]
    return None if found.empty else (float(found.min()), float(found.max()))


def _draw_item_rest(axes: Axes, rows: pd.DataFrame, lowest: float) -> None:
    r = rows["r_drop"].to_numpy(dtype=np.float64, na_value=np.nan)
    position = np.arange(len(rows))
    weak = r < LOW_ITEM_REST
    axes.grid(axis="y", color=PALE, linewidth=0.6, linestyle=":")
    axes.axvline(LOW_ITEM_REST, color=INK, linewidth=0.8, linestyle="--", zorder=1)
    axes.plot(r[~weak], position[~weak], "o", color=HIGH, markersize=5)
    axes.plot(r[weak], position[weak], "D", color=LOW, markerfacecolor="white", markersize=5, markeredgewidth=1.3)
    axes.set_xlim(lowest, 1.0)
    ticks = [tick for tick in (-0.9, -0.6, -0.3, 0.0, 0.3, 0.6, 0.9) if lowest <= tick]
    axes.set_xticks(ticks, [fmt.number(tick, 1 if tick else 0, bounded=True) for tick in ticks])


def _draw_means(axes: Axes, rows: pd.DataFrame, limit: tuple[float, float] | None) -> None:
    mean, sd = (rows[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in ("mean", "sd"))
    position = np.arange(len(rows))
    axes.grid(axis="y", color=PALE, linewidth=0.6, linestyle=":")
    axes.hlines(position, mean - sd, mean + sd, color=INK, linewidth=1)
    axes.plot(mean, position, "o", color=INK, markersize=4)
    row_axis(axes, [""] * len(rows), 0)
    if limit:
        reach = limit[1] - limit[0]
        axes.set_xlim(limit[0] - 0.12 * reach, limit[1] + 0.12 * reach)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))


def _label_line(axes: Axes) -> None:
    words = fmt.number(LOW_ITEM_REST, 2, bounded=True)
    axes.text(LOW_ITEM_REST, 1.0, words, transform=axes.get_xaxis_transform(), ha="center", va="bottom", size=TINY)


def _profile_caption(result: Result) -> str:
    return (
        f"{text.short(result.title)}: correlation of each item with the rest of its scale; the dashed line"
        f" is at {fmt.number(LOW_ITEM_REST, 2, bounded=True)}, and items below it are hollow diamonds. Right:"
        " mean and standard deviation of each item."
    )


def _profile_alt(estimates: pd.DataFrame) -> str:
    known = estimates[estimates["r_drop"].notna()]
    rows = [_told(row) for row in known.to_dict("records")]
    missing = [text.short(item, text.ID) for item in estimates.loc[estimates["r_drop"].isna(), "item"]]
    opening = f"Dot chart of the item–rest correlations of {text.counted(len(estimates), 'item')}."
    return f"{opening} {text.told(rows)}{text.named(missing, 'Not defined for')}"


def _told(row: Mapping[Hashable, Any]) -> tuple[str, float, str]:
    r, moments = (
        fmt.number(row["r_drop"], 2, bounded=True),
        f"{fmt.number(row['mean'])}, SD {fmt.number(row['sd'])}",
    )
    name = f"{text.short(row['scale'])}, {text.short(row['item'], text.ID)}"
    return name, float(row["r_drop"]), f"{r} (mean {moments})"
