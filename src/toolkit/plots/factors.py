"""Figure of a factor solution: its loadings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import seaborn as sns
from matplotlib import colormaps
from matplotlib.axes import Axes

from .. import format as fmt
from ..results import Result
from . import text
from .figure import GAP, INK, TINY, WIDTH, Figure, empty_figure, ink_on, new_figure, panels, text_width

LOADINGS = "BrBG"
SALIENT, HALF_A_DIGIT = 0.30, 0.005
WIDEST, NARROWEST = 0.62, 0.34
MARGIN = 0.3

Floats = npt.NDArray[np.float64]


def loadings(result: Result) -> Figure:
    """Draw the loadings of items on factors: items sorted by factor, each value printed in its cell."""
    table = result.to_frame("loadings")
    factors = result.to_frame("phi")["factor"].astype(str).tolist()
    if table.empty or not factors:
        return empty_figure("There are no loadings to draw.")
    values = table[factors].to_numpy(dtype=np.float64, na_value=np.nan)
    words = table["text"] if "text" in table.columns else [None] * len(table)
    turned = table["reverse"] if "reverse" in table.columns else [False] * len(table)
    rows = zip(table["item"], turned, words, strict=True)
    labels = [text.item_label(item, bool(reverse), line).drawn for item, reverse, line in rows]
    left = text_width(labels)
    cell = float(np.clip((WIDTH - MARGIN - (left + GAP) / 72) / len(factors), NARROWEST, WIDEST))
    height = text.row_height(labels)
    figure = new_figure(
        _alt(table, factors, values),
        _caption(result),
        height * len(labels) + 0.5,
        cell * len(factors) + (left + GAP) / 72 + MARGIN,
    )
    ((axes,),) = panels(figure, [1], [1])
    _draw(axes, values)
    axes.set_xticks(np.arange(len(factors)) + 0.5, factors)
    axes.xaxis.tick_top()
    axes.set_yticks(np.arange(len(labels)) + 0.5, labels, rotation=0, ha="left")
    axes.tick_params(length=0)
    axes.tick_params(axis="y", pad=left + GAP)
    return figure


def _draw(axes: Axes, values: Floats) -> None:
    sns.heatmap(
        np.clip(values, -1, 1),
        vmin=-1,
        vmax=1,
        cmap=LOADINGS,
        cbar=False,
        linewidths=0.8,
        xticklabels=False,
        yticklabels=False,
        ax=axes,
    )
    for (row, column), loading in np.ndenumerate(values):
        colour = ink_on(colormaps[LOADINGS]((np.clip(loading, -1, 1) + 1) / 2)[:3]) if np.isfinite(loading) else INK
        weight = "bold" if abs(loading) >= SALIENT - HALF_A_DIGIT else "normal"
        words = fmt.number(float(loading), 2, bounded=True)
        axes.text(column + 0.5, row + 0.5, words, ha="center", va="center", color=colour, size=TINY, weight=weight)
    main = np.abs(np.nan_to_num(values)).argmax(axis=1)
    for row in np.flatnonzero(np.diff(main)) + 1:
        axes.axhline(float(row), color=INK, linewidth=0.8)


def _caption(result: Result) -> str:
    marked = " Items marked (R) are reversed; they are as answered." if "reverse" in result.tables["loadings"] else ""
    return (
        f"{text.short(result.title)}: loadings of the items, sorted by the factor that they load on most. The colour"
        " runs from brown (−1) through white (0) to teal (+1); bold:"
        f" {fmt.number(SALIENT, 2, bounded=True)} or more in size, as printed.{marked}"
    )


def _alt(table: pd.DataFrame, factors: Sequence[str], values: Floats) -> str:
    opening = (
        f"Heat map of the loadings of {text.counted(len(table), 'item')} on {text.counted(len(factors), 'factor')}."
    )
    main = np.abs(np.nan_to_num(values)).argmax(axis=1)
    parts = []
    for place, factor in enumerate(factors):
        rows = np.flatnonzero(main == place)
        items = [
            f"{text.short(table['item'].iloc[row], text.ID)} {fmt.number(float(values[row, place]), 2, bounded=True)}"
            for row in rows
        ]
        parts.append(f"{factor}: {', '.join(items) or 'no item loads on it most'}.")
    return " ".join([opening, "Items by the factor that they load on most:", *parts])
