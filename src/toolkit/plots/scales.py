"""Figures of scales: scores and correlations."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import seaborn as sns
from matplotlib import colormaps
from matplotlib.axes import Axes

from .. import format as fmt
from ..results import Result
from . import text
from .figure import (
    FILL,
    GAP,
    HIGH,
    INK,
    SMALL,
    TINY,
    WIDTH,
    Figure,
    empty_figure,
    ink_on,
    new_figure,
    panels,
    text_width,
)

CORRELATIONS = "BrBG"
CELL = 0.44
NAME = 34

Floats = npt.NDArray[np.float64]


def _name(value: object) -> str:
    return text.drawn(value, line=NAME)


# --- scores ---------------------------------------------------------------------------------------


def scores(result: Result) -> Figure:
    """Draw how the scores of each scale are distributed: a histogram, and a smooth density over it."""
    histogram, density = result.to_frame("histogram"), result.to_frame("density")
    names = list(dict.fromkeys(histogram["scale"].astype(str)))
    if not names:
        return empty_figure("There are no scale scores to draw.")
    columns = 1 if len(names) == 1 else 2 if len(names) in (2, 4) else 3
    rows = -(-len(names) // columns)
    about = _score_statistics(result)
    figure = new_figure(_scores_alt(names, about), _scores_caption(result), 2.1 * rows + 0.2, _grid_width(columns))
    grid = [axes for row in panels(figure, [1] * rows, [1] * columns) for axes in row]
    for axes, name in zip(grid, names, strict=False):
        _draw_scores(axes, _of(histogram, name), _of(density, name))
        axes.set_title(text.drawn(name, line=NAME), pad=15)
        axes.text(0, 1.03, _moments(about.get(name)), transform=axes.transAxes, va="bottom", size=SMALL)
    for axes in grid[len(names) :]:
        axes.remove()
    figure.supxlabel("Score", size=8.5)
    for axes in grid[::columns]:
        axes.set_ylabel("Density")
    return figure


def _grid_width(columns: int) -> float:
    return min(WIDTH, 1.2 + 2.6 * columns)


def _of(frame: pd.DataFrame, scale: str) -> pd.DataFrame:
    return frame[frame["scale"].astype(str) == scale]


def _score_statistics(result: Result) -> dict[str, pd.Series[Any]]:
    estimates = result.to_frame()
    rows = estimates[estimates["kind"] == "scale"]
    return {str(row["variable"]): row for _, row in rows.iterrows()}


def _moments(row: pd.Series[Any] | None) -> str:
    """Give mean, standard deviation and n in words, or nothing where they are not known."""
    if row is None:
        return ""
    return f"M = {fmt.number(row['mean'])}, SD = {fmt.number(row['sd'])}, n = {fmt.count(row['n'])}"


def _draw_scores(axes: Axes, bins: pd.DataFrame, curve: pd.DataFrame) -> None:
    low, width, share = (
        np.asarray(column, dtype=np.float64) for column in (bins["low"], bins["high"] - bins["low"], bins["share"])
    )
    wide = width > 0
    axes.bar(
        low[wide],
        share[wide] / width[wide],
        width[wide],
        align="edge",
        color=FILL,
        edgecolor="white",
        linewidth=0.5,
    )
    axes.plot(curve["x"], curve["density"], color=HIGH, linewidth=1.4)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if wide.any():
        reach = float((low + width).max() - low.min())
        axes.set_xlim(float(low.min()) - 0.02 * reach, float((low + width).max()) + 0.02 * reach)


def _scores_caption(result: Result) -> str:
    return (
        f"{text.short(result.title)}: distribution of the scores of each scale. Bars: share of the sample per"
        " unit of the score; line: smoothed density."
    )


def _scores_alt(names: list[str], about: dict[str, pd.Series[Any]]) -> str:
    rows = [
        (text.short(name), float(about[name]["mean"]), _told_scores(about[name])) for name in names if name in about
    ]
    opening = f"Histograms with density curves of the scores of {text.counted(len(names), 'scale')}."
    return f"{opening} {text.told(rows)}"


def _told_scores(row: pd.Series[Any]) -> str:
    shape = f"skew {fmt.number(row['skew'])}, kurtosis {fmt.number(row['kurtosis'])}"
    ends = f"{fmt.percent(row['floor'])} at the lowest and {fmt.percent(row['ceiling'])} at the highest score"
    return f"{_moments(row)}, {shape}, {ends}"


# --- correlations ---------------------------------------------------------------------------------


def heatmap(result: Result) -> Figure:
    """Draw a correlation matrix: its lower triangle, each value printed in its cell."""
    matrix = result.to_frame("matrix")
    columns = [name for name in matrix.columns if name != "variable"]
    if len(columns) < 2:
        return empty_figure("There are no pairs of variables to draw.")
    values = matrix.set_index("variable").loc[columns, columns].to_numpy(dtype=np.float64, na_value=np.nan)
    labels = [f"{fmt.count(place)}  {_name(name)}" for place, name in enumerate(columns, start=1)]
    width, side = text_width(labels), CELL * len(columns)
    figure = new_figure(_heatmap_alt(columns, values), _heatmap_caption(result), side + 0.4, side + width / 72 + 0.3)
    ((axes,),) = panels(figure, [1], [1])
    draw_triangle(axes, values)
    middles = np.arange(len(columns)) + 0.5
    axes.set_xticks(middles, [fmt.count(place) for place in range(1, len(columns) + 1)])
    axes.set_yticks(middles, labels, rotation=0, ha="left")
    axes.tick_params(length=0)
    axes.tick_params(axis="y", pad=width + GAP)
    return figure


def draw_triangle(axes: Axes, values: Floats, limit: float = 1.0, size: float = TINY, bold: float = np.inf) -> None:
    """Draw the lower triangle of correlations: colours from −limit to limit, values in bold from a size on."""
    sns.heatmap(
        np.clip(values, -limit, limit),
        mask=np.triu(np.ones_like(values, dtype=bool)),
        vmin=-limit,
        vmax=limit,
        cmap=CORRELATIONS,
        cbar=False,
        linewidths=0.8,
        xticklabels=False,
        yticklabels=False,
        ax=axes,
    )
    for row, column in zip(*np.tril_indices_from(values), strict=True):
        r = np.nan if row == column else float(values[row, column])
        share = (np.clip(r, -limit, limit) / limit + 1) / 2
        colour = ink_on(colormaps[CORRELATIONS](share)[:3]) if np.isfinite(r) else INK
        weight = "bold" if abs(r) >= bold else "normal"
        words = fmt.number(r, 2, bounded=True)
        axes.text(column + 0.5, row + 0.5, words, ha="center", va="center", color=colour, size=size, weight=weight)


def _heatmap_caption(result: Result) -> str:
    return f"{text.short(result.title)}: the colour runs from brown (−1) through white (0) to teal (+1)."


def _heatmap_alt(columns: list[str], values: Floats) -> str:
    pairs = [
        (f"{text.short(columns[row])} with {text.short(columns[column])}", float(values[row, column]))
        for row in range(len(columns))
        for column in range(row)
    ]
    rows = [(pair, r, fmt.number(r, 2, bounded=True)) for pair, r in pairs if np.isfinite(r)]
    missing = [pair for pair, r in pairs if not np.isfinite(r)]
    opening = f"Heat map of the correlations among {fmt.count(len(columns))} variables."
    return f"{opening} {text.told(rows)}" + text.named(missing, "Not defined for")
