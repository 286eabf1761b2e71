"""The figure of communication styles: raw and relative scores side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from .. import format as fmt
from ..results import Result
from . import text
from .figure import HIGH, INK, PALE, Figure, new_figure, panels, row_axis, text_width

FORMS = {"raw": "Score", "ipsatised": "Relative to own mean"}


def styles(result: Result) -> Figure:
    """Draw the mean of each style with its interval, raw and relative to each person's own mean."""
    estimates = result.to_frame()
    labels = [text.short(name) for name in estimates.loc[estimates["form"] == "raw", "style"]]
    caption = (
        f"{text.short(result.title)}: mean of each style with its interval. Left: scores as given; right: each style "
        "against the person’s own mean over all styles, so that high scores on several styles are not mistaken for one."
    )
    figure = new_figure(_alt(estimates), caption, 0.35 * len(labels) + 0.9)
    left, right = panels(figure, [1], [1, 1])[0]
    row_axis(left, labels, text_width(labels))
    row_axis(right, [""] * len(labels), 0)
    for axes, (form, heading) in zip((left, right), FORMS.items(), strict=True):
        _draw(axes, estimates[estimates["form"] == form])
        axes.set_xlabel(heading)
    right.axvline(0, color=INK, linewidth=0.8, linestyle="--", zorder=1)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame) -> None:
    mean, low, high = (rows[name].to_numpy(dtype=np.float64) for name in ("mean", "ci_low", "ci_high"))
    place = np.arange(len(rows))
    axes.grid(axis="y", color=PALE, linewidth=0.6, linestyle=":")
    axes.hlines(place, low, high, color=HIGH, linewidth=1.8)
    axes.plot(mean, place, "o", color=HIGH, markersize=5.5)


def _alt(estimates: pd.DataFrame) -> str:
    told = [
        f"{text.short(row.style)}, {row.form}: {fmt.number(row.mean)} {fmt.interval(row.ci_low, row.ci_high)}"
        for row in fmt.rows(estimates)
    ]
    return f"Dot chart of mean scores with intervals. {'; '.join(told)}."
