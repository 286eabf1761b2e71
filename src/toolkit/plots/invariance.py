"""The ladder of invariance: how fit changes as more is held equal, against the marks of Chen (2007)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .. import format as fmt
from ..results import Result
from . import text
from .figure import HIGH, INK, LOW, PALE, TINY, Figure, empty_figure, new_figure, panels, row_axis, text_width

ROW = 0.42
NAME = 24
ROOM = 0.37
TALL = 0.15
ROUNDING = 1e-9
SMALLEST_REACH = 0.02

WHITE = {"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none"}

Floats = npt.NDArray[np.float64]


class FitIndex(NamedTuple):
    """A fit index: its column, its name in words, and by how much it may change: at loadings and at later steps."""

    column: str
    words: str
    first_mark: float
    mark: float


LARGE = (
    FitIndex("cfi", "CFI", -0.010, -0.010),
    FitIndex("rmsea", "RMSEA", 0.015, 0.015),
    FitIndex("srmr", "SRMR", 0.030, 0.010),
)
UP_TO_300 = (
    FitIndex("cfi", "CFI", -0.005, -0.005),
    FitIndex("rmsea", "RMSEA", 0.010, 0.010),
    FitIndex("srmr", "SRMR", 0.025, 0.005),
)
FIRST_STEPS = ("thresholds", "metric")


class Rung(NamedTuple):
    """A fit index over the steps: values, changes from the step before, and how far each change may go."""

    fit: FitIndex
    values: Floats
    changes: Floats
    marks: Floats

    @property
    def beyond(self) -> npt.NDArray[np.bool_]:
        """Which changes reach their mark."""
        worse = self.changes * np.sign(self.marks)
        return np.asarray(np.nan_to_num(worse, nan=-1.0) >= np.abs(self.marks) - ROUNDING)


def ladder(result: Result) -> Figure:
    """Draw CFI, RMSEA and SRMR of each step, with the change that Chen's marks allow from the step before."""
    table = result.to_frame("ladder")
    rungs = [_rung(table, one) for one in _indices(result) if {one.column, f"delta_{one.column}"} <= set(table.columns)]
    if table.empty or not rungs:
        return empty_figure("There are no steps to draw.")
    steps = table["step"].astype(str).tolist()
    labels = [text.drawn(name, NAME, NAME) for name in steps]
    figure = new_figure(_alt(steps, rungs), _caption(result), ROW * len(steps) + 0.85)
    for place, (axes, rung) in enumerate(zip(panels(figure, [1], [1] * len(rungs))[0], rungs, strict=True)):
        row_axis(axes, labels if place == 0 else [""] * len(steps), text_width(labels) if place == 0 else 0)
        _draw(axes, rung)
    return figure


def _indices(result: Result) -> tuple[FitIndex, ...]:
    """Choose Chen's marks for the size of the sample."""
    return LARGE if float(result.fit["n_used"].max()) > 300 else UP_TO_300


def _rung(table: pd.DataFrame, one: FitIndex) -> Rung:
    first = table["step"].astype(str).isin(FIRST_STEPS).to_numpy()
    return Rung(
        one,
        table[one.column].to_numpy(dtype=np.float64, na_value=np.nan),
        table[f"delta_{one.column}"].to_numpy(dtype=np.float64, na_value=np.nan),
        np.where(first, one.first_mark, one.mark),
    )


def _draw(axes: Axes, rung: Rung) -> None:
    rows = np.arange(len(rung.values))
    before = rung.values - rung.changes
    limit = before + rung.marks
    axes.grid(axis="y", color=PALE, linewidth=0.6, linestyle=":")
    axes.plot(rung.values, rows, color=PALE, linewidth=1.2, zorder=1)
    axes.hlines(rows, before, rung.values, color=INK, linewidth=0.8, zorder=1)
    axes.vlines(limit, rows - TALL, rows + TALL, color=INK, linewidth=1.0, linestyle=(0, (2, 1.2)), zorder=2)
    for beyond, colour in ((False, HIGH), (True, LOW)):
        chosen = rung.beyond == beyond
        marker = "D" if beyond else "o"
        axes.plot(rung.values[chosen], rows[chosen], marker, color=colour, markersize=5.5, zorder=3)
    _scale(axes, np.concatenate([rung.values, limit]))
    for row, words in enumerate(_words(rung)):
        place = (rung.values[row], row)
        axes.annotate(words, place, (0, 7), textcoords="offset points", ha="center", size=TINY, bbox=WHITE, zorder=4)
    axes.set_title(rung.fit.words)


def _scale(axes: Axes, values: Floats) -> None:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    reach = max(high - low, SMALLEST_REACH)
    axes.set_xlim(low - ROOM * reach, high + ROOM * reach)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: fmt.number(value, 2, bounded=True)))


def _words(rung: Rung) -> list[str]:
    """Write each value with its change."""
    return [
        fmt.number(value, 3, bounded=True) + (f" ({_signed(change)})" if np.isfinite(change) else "")
        for value, change in zip(rung.values, rung.changes, strict=True)
    ]


def _signed(change: float) -> str:
    words = fmt.number(change, 3, bounded=True)
    return words if words.startswith(fmt.MINUS) else f"+{words}"


def _caption(result: Result) -> str:
    indices = _indices(result)
    marks = ", ".join(f"{one.words} {_signed(one.first_mark)}" for one in indices)
    after = _signed(indices[-1].mark)
    return (
        f"{text.short(result.title)}: fit of each step, with the change from the step before in brackets. Dashed: how"
        f" far an index may change by the marks of Chen (2007) for a sample of this size ({marks} for loadings,"
        f" {indices[-1].words} {after} after them); brown diamonds reach it."
    )


def _alt(steps: list[str], rungs: list[Rung]) -> str:
    told = []
    for row, step in enumerate(steps):
        indices = ", ".join(f"{rung.fit.words} {_words(rung)[row]}" for rung in rungs)
        beyond = [rung.fit.words for rung in rungs if rung.beyond[row]]
        verdict = f"; reaches Chen’s mark: {', '.join(beyond)}" if beyond else ""
        told.append(f"{text.short(step)}: {indices}{verdict}.")
    opening = f"Dot charts of fit indices over {text.counted(len(steps), 'step')}, changes in brackets."
    return " ".join([opening, *told])
