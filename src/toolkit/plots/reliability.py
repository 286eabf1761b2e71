"""The figure of reliability: alpha and omega of each scale with their intervals."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from .. import format as fmt
from ..results import Result
from . import text
from .figure import (
    GAP,
    HIGH,
    INK,
    LOW,
    PALE,
    SMALL,
    TINY,
    Figure,
    empty_figure,
    new_figure,
    panels,
    row_axis,
    text_width,
)

CONVENTION = 0.70
NAME = 34
COLUMN_GAP = 14.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mark:
    """How a coefficient is drawn: form and filling tell the two apart without colour."""

    column: str
    symbol: str
    label: str
    colour: str
    offset: float
    width: float
    style: Mapping[str, Any]


ALPHA = Mark("alpha", "α", "Cronbach’s α", HIGH, -0.17, 1.8, {"marker": "o", "markersize": 5.5})
OMEGA = Mark("omega_fitted", "ω", "ω of one factor", LOW, 0.17, 1.2, {"marker": "D", "markersize": 5, "mfc": "white"})


def intervals(result: Result) -> Figure:
    """Draw alpha and, where it is known, omega (fitted) of each scale, each with its interval."""
    estimates = result.to_frame()
    rows = estimates[estimates["alpha"].notna()]
    missing = [text.short(name) for name in estimates.loc[estimates["alpha"].isna(), "scale"]]
    left_out = text.named(missing, "Left out, since alpha is not defined")
    if rows.empty:
        return empty_figure(f"There is no defined alpha to draw.{left_out}")
    marks = [ALPHA, OMEGA] if "omega_fitted" in rows.columns and rows["omega_fitted"].notna().any() else [ALPHA]
    labels = [text.drawn(name, line=NAME) for name in rows["scale"]]
    lines = max(len(marks), *(label.count("\n") + 1 for label in labels))
    height = (0.18 + 0.13 * lines) * len(rows) + 0.9 + 0.2 * (len(marks) - 1)
    figure = new_figure(_alt(rows, marks) + left_out, _caption(result, marks), height)
    ((axes,),) = panels(figure, [1], [1])
    row_axis(axes, labels, text_width(labels))
    _draw(axes, rows, marks)
    if len(marks) > 1:
        handles, names = axes.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper right", ncols=len(marks), handlelength=2.2)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, marks: Sequence[Mark]) -> None:
    axes.grid(axis="y", color=PALE, linewidth=0.6, linestyle=":")
    axes.axvline(CONVENTION, color=INK, linewidth=0.8, linestyle="--", zorder=1)
    lowest, right = [0.5], GAP
    for mark in marks:
        offset = mark.offset if len(marks) > 1 else 0.0
        value, low, high = (_numbers(rows, mark.column, suffix) for suffix in ("", "_ci_low", "_ci_high"))
        place = np.arange(len(rows)) + offset
        axes.hlines(place, low, high, color=mark.colour, linewidth=mark.width)
        line: dict[str, Any] = {"color": mark.colour, "linestyle": "none", "clip_on": False, "label": mark.label}
        axes.plot(value, place, **line, **mark.style)
        words = [_words(row, mark) for row in rows.to_dict("records")]
        _column(axes, mark.symbol if len(marks) > 1 else "", words, right)
        right += text_width(words, SMALL) + COLUMN_GAP
        lowest += [*(low - 0.03), *(value - 0.03)]
    axes.set_xlim(float(np.nanmin(lowest)), 1.0)
    label = f"convention: {fmt.number(CONVENTION, 2, bounded=True)}"
    axes.text(CONVENTION, 1.01, label, transform=axes.get_xaxis_transform(), ha="center", va="bottom", size=TINY)
    axes.xaxis.set_major_formatter(FuncFormatter(_tick))
    axes.set_xlabel("Reliability" if len(marks) > 1 else "Cronbach’s α")


def _column(axes: Axes, heading: str, words: Sequence[str], right: float) -> None:
    """Write the numbers beside the rows, `right` points from the axes."""
    place: dict[str, Any] = {"textcoords": "offset points", "annotation_clip": False, "size": SMALL}
    for row, entry in enumerate(words):
        coordinates = axes.get_yaxis_transform()
        axes.annotate(entry, (1, row), (right, 0), xycoords=coordinates, va="center_baseline", **place)
    if heading:
        axes.annotate(heading, (1, 1), (right, 3), xycoords="axes fraction", va="bottom", weight="bold", **place)


def _numbers(rows: pd.DataFrame, column: str, suffix: str) -> Floats:
    name = f"{column}{suffix}"
    if name not in rows.columns:
        return np.full(len(rows), np.nan)
    return np.asarray(rows[name].to_numpy(dtype=np.float64, na_value=np.nan))


def _words(row: Mapping[Hashable, Any], mark: Mark) -> str:
    value = row.get(mark.column)
    if fmt.is_empty(value):
        return fmt.EMPTY
    low, high = row.get(f"{mark.column}_ci_low"), row.get(f"{mark.column}_ci_high")
    bounds = "" if fmt.is_empty(low) else f" {fmt.interval(low, high, bounded=True)}"
    return f"{fmt.number(value, 2, bounded=True)}{bounds}"


def _tick(value: float, _: object) -> str:
    """Write a tick with as many decimals as it needs, of at most two."""
    words = fmt.number(value, 2, bounded=True)
    return fmt.number(value, 0) if value in (-1, 0, 1) else words.removesuffix("0")


def _caption(result: Result, marks: Sequence[Mark]) -> str:
    confidence = result.settings.get("confidence")
    several = len(marks) > 1
    kind = ("their" if several else "its", "intervals" if several else "interval")
    level = f"{kind[0]} {fmt.level(confidence)} {kind[1]}" if isinstance(confidence, float) else " ".join(kind)
    what = "Cronbach’s α (filled dots) and ω of a one-factor model (open diamonds)" if several else "Cronbach’s α"
    return (
        f"{text.short(result.title)}: {what} of each scale with {level}. The dashed line at"
        f" {fmt.number(CONVENTION, 2, bounded=True)} is a convention, not a test."
    )


def _alt(rows: pd.DataFrame, marks: Sequence[Mark]) -> str:
    several = len(marks) > 1
    told = []
    for row in rows.to_dict("records"):
        words = [f"{mark.symbol} {_words(row, mark)}" if several else _words(row, mark) for mark in marks]
        about = f"{', '.join(words)}, n = {fmt.count(row['n_used'])}"
        told.append((text.short(row["scale"]), float(row["alpha"]), about))
    what = "Cronbach’s alpha and omega with their intervals" if several else "Cronbach’s alpha with its interval"
    return f"Dot chart of {what} for {text.counted(len(told), 'scale')}. {text.told(told)}"
