"""A figure that carries its name, caption and text alternative, and one style for all."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib.figure
import matplotlib.style
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from . import text

WIDTH = 7.4
DPI = 200
SMALL = 8.0
TINY = 7.5
GAP = 7.0
INK = "#333333"
PALE = "#d6d6d6"
HIGH = "#01665e"
LOW = "#8c510a"
FILL = "#a8d5cd"

OWN_STYLE: dict[str, Any] = {
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "text.hinting": "no_hinting",
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "xtick.major.width": 0.7,
    "svg.fonttype": "path",
    "svg.hashsalt": "toolkit",
}


def style() -> AbstractContextManager[None]:
    """Give the context in which figures are built and written: the reader's own settings do not count."""
    families = {"font.family": list(text.families())}
    return matplotlib.style.context(["default", {**sns.axes_style("ticks"), **OWN_STYLE, **families}])


class Figure(matplotlib.figure.Figure):
    """A figure with what a report needs beside the drawing.

    Attributes
    ----------
    name : a file stem.
    alt : a text alternative made from the data.
    caption : what the figure shows, and how to read it.
    """

    def __init__(self, *args: Any, alt: str = "", caption: str = "", name: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name
        self.alt = text.clean(alt)
        self.caption = text.clean(caption)

    def arranged(self) -> Figure:
        """Place every part once and for all, so that each writing gives the same drawing."""
        self.draw_without_rendering()
        self.set_layout_engine("none")
        return self

    def svg(self) -> str:
        """Give the drawing as SVG: the same bytes for the same data."""
        return self._written("svg", metadata={"Date": None}).decode()

    def png(self) -> bytes:
        """Give the drawing as PNG at 200 dots an inch."""
        return self._written("png", dpi=DPI)

    def _written(self, kind: str, **options: Any) -> bytes:
        buffer = io.BytesIO()
        with style():
            self.savefig(buffer, format=kind, **options)
        return buffer.getvalue()

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        about = {"alt": self.alt, "name": self.name, "caption": self.caption}
        png = base64.b64encode(self.png()).decode("ascii")
        data = {"image/svg+xml": self.svg(), "image/png": png, "text/plain": self.alt}
        return data, {"image/svg+xml": dict(about), "image/png": dict(about)}


def new_figure(alt: str, caption: str, height: float, width: float = WIDTH) -> Figure:
    """Start a figure whose parts make room for each other; sizes are in inches."""
    return Figure(figsize=(width, height), layout="constrained", alt=alt, caption=caption)


def empty_figure(sentence: str) -> Figure:
    """Say in a figure's place why there is nothing to draw."""
    figure = new_figure(sentence, sentence, 0.8)
    figure.text(0.5, 0.5, sentence, ha="center", va="center")
    return figure


def panels(figure: FigureBase, rows: Sequence[float], columns: Sequence[float]) -> list[list[Axes]]:
    """Divide a figure into axes: a row for each height, a column for each width."""
    grid = figure.subplots(
        len(rows), len(columns), squeeze=False, gridspec_kw={"height_ratios": rows, "width_ratios": columns}
    )
    return [list(row) for row in np.asarray(grid)]


def text_width(words: Sequence[str], size: float = SMALL) -> float:
    """Measure the widest line of several texts, in points."""
    font = FontProperties(family=list(text.families()), size=size)
    lines = [line for entry in words for line in entry.split("\n")]
    return max((text_to_path.get_text_width_height_descent(line, font, False)[0] for line in lines), default=0.0)


def row_axis(axes: Axes, labels: Sequence[str], width: float) -> None:
    """Turn the y axis into one row for each label, from the top; labels start `width` points left of it."""
    axes.set_yticks(range(len(labels)), list(labels), ha="left")
    axes.tick_params(axis="y", pad=width + GAP)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)


def row_heading(axes: Axes, words: str, width: float) -> None:
    """Write a heading above the rows, in line with their labels."""
    place = (-width - GAP, 5.0)
    axes.annotate(words, (0, 1), place, "axes fraction", "offset points", va="bottom", size=9, weight="bold")


def ink_on(colour: tuple[float, float, float]) -> str:
    """Choose dark or white letters, whichever stands out more on a colour (WCAG's contrast)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if luminance < 0.18 else "black"
