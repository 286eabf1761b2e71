"""Heat map of residual correlations: where a model misses what the data hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from .. import format as fmt
from ..results import Result
from . import text
from .figure import GAP, INK, TINY, WIDTH, Figure, empty_figure, new_figure, panels, text_width
from .scales import CELL, draw_triangle

LIMIT = 0.30
NOTABLE, HALF_A_DIGIT = 0.10, 0.005
NARROWEST = 0.25
LETTERS = 0.33
TOLD = 6

Floats = npt.NDArray[np.float64]


class Square(NamedTuple):
    """Residual correlations of one group, and the rows at which another factor's items begin."""

    title: str
    names: list[str]
    values: Floats
    borders: list[int]


def residuals(result: Result) -> Figure:
    """Draw the residual correlations of each group: the lower triangle, each value printed in its cell."""
    squares = list(_squares(result))
    if not squares or len(squares[0].names) < 2:
        return empty_figure("There are no pairs of variables to draw.")
    count = len(squares[0].names)
    labels = [
        f"{fmt.count(place)}  {text.drawn(name, text.ID)}" for place, name in enumerate(squares[0].names, start=1)
    ]
    width = text_width(labels)
    cell = float(np.clip((WIDTH - width / 72 - 0.3) / count, NARROWEST, CELL))
    side, heading = cell * count, 0.3 if len(squares) > 1 else 0.0
    figure = new_figure(
        _alt(squares), _caption(result), (side + 0.4 + heading) * len(squares), side + (width + GAP) / 72 + 0.3
    )
    for (axes,), square in zip(panels(figure, [1] * len(squares), [1]), squares, strict=True):
        draw_triangle(axes, square.values, LIMIT, _letters(cell), NOTABLE - HALF_A_DIGIT)
        _label(axes, square, labels, width)
    return figure


def _letters(cell: float) -> float:
    """Choose letters that fit their cells."""
    return min(TINY, cell * 72 * LETTERS)


def _squares(result: Result) -> Iterator[Square]:
    table, estimates = result.to_frame("residual_correlations"), result.to_frame()
    grouped = table.groupby("group", sort=False) if "group" in table.columns else [("", table)]
    for group, rows in grouped:
        names = [str(name) for name in rows["item"]]
        values = rows[names].to_numpy(dtype=np.float64, na_value=np.nan)
        yield Square(str(group), names, values, _borders(names, estimates))


def _borders(names: list[str], estimates: pd.DataFrame) -> list[int]:
    """Find where, from one item to the next, the first factor that measures them changes."""
    loadings = estimates[estimates["op"] == "=~"]
    factor = dict(zip(loadings["rhs"][::-1].astype(str), loadings["lhs"][::-1].astype(str), strict=True))
    own = [factor.get(name, "") for name in names]
    return [place for place in range(1, len(own)) if own[place] != own[place - 1]]


def _label(axes: Axes, square: Square, labels: list[str], width: float) -> None:
    middles = np.arange(len(labels)) + 0.5
    axes.set_xticks(middles, [fmt.count(place) for place in range(1, len(labels) + 1)])
    axes.set_yticks(middles, labels, rotation=0, ha="left")
    axes.tick_params(length=0)
    axes.tick_params(axis="y", pad=width + GAP)
    for place in square.borders:
        axes.plot([0, place], [place, place], color=INK, linewidth=0.8)
        axes.plot([place, place], [place, len(labels)], color=INK, linewidth=0.8)
    if square.title:
        axes.set_title(text.drawn(square.title))


def _caption(result: Result) -> str:
    bound = fmt.number(LIMIT, 2, bounded=True)
    return (
        f"{text.short(result.title)}: sample correlations minus those that the model implies. The colour runs from"
        f" brown (−{bound} or less) through white (0) to teal ({bound} or more); bold:"
        f" {fmt.number(NOTABLE, 2, bounded=True)} or more in size, as printed. Lines part the factors’ items."
    )


def _alt(squares: list[Square]) -> str:
    return " ".join(_told(square) for square in squares)


def _told(square: Square) -> str:
    rows, columns = np.tril_indices(len(square.names), -1)
    values = square.values[rows, columns]
    order = np.argsort(-np.abs(np.nan_to_num(values)), kind="stable")[:TOLD]
    largest = [
        f"{text.short(square.names[columns[place]], text.ID)} with {text.short(square.names[rows[place]], text.ID)}"
        f" {fmt.number(float(values[place]), 2, bounded=True)}"
        for place in order
    ]
    notable = int((np.abs(np.nan_to_num(values)) >= NOTABLE - HALF_A_DIGIT).sum())
    group = f" in group {text.short(square.title)}" if square.title else ""
    return (
        f"Heat map of the residual correlations among {text.counted(len(square.names), 'variable')}{group}."
        f" {fmt.count(notable)} of {text.counted(len(values), 'pair')} reach {fmt.number(NOTABLE, 2, bounded=True)}"
        f" in size. Largest: {'; '.join(largest)}."
    )
