"""The answers to each item, as bars to both sides of the middle option."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import FigureBase
from matplotlib.patches import Patch

from .. import format as fmt
from ..results import Result
from . import text
from .figure import (
    HIGH,
    INK,
    LOW,
    PALE,
    TINY,
    WIDTH,
    Figure,
    empty_figure,
    new_figure,
    panels,
    row_axis,
    row_heading,
    text_width,
)

Options = tuple[tuple[int, str], ...]
Floats = npt.NDArray[np.float64]

LEGEND_ENTRIES = 11
LEGEND_GAP = 34.0
ROOM_FOR_TOTALS = 0.13
ROOM_IN_BAR = 0.075
ROW_TEXT: dict[str, Any] = {"va": "center_baseline", "size": TINY}


@dataclass(frozen=True)
class Bar:
    """One item's answers: a share for each option, in the options' order."""

    scale: str
    label: text.ItemLabel
    options: Options
    shares: tuple[float, ...]
    n: int

    @property
    def upper(self) -> float:
        """The share of answers above the middle."""
        return float(np.sum(self.shares[(len(self.shares) + 1) // 2 :]))

    def told(self) -> str:
        """Give the answers in words."""
        if self.n == 0:
            return "no answers"
        named = zip(self.options, self.shares, strict=True)
        return ", ".join(f"{_option(option, text.OPTION)} {fmt.percent(share)}" for option, share in named)


def options(result: Result) -> Figure:
    """Draw the answers to each item as bars that grow to both sides of the middle option.

    Items are shown as answered, in form order; a reversed one is marked (R). Items with other response
    options get a part of their own, with its own legend.
    """
    bars = _bars(result)
    if not bars:
        return empty_figure("There are no answers to draw.")
    height = text.row_height(bar.label.drawn for bar in bars)
    parts = _grouped(bars, lambda bar: bar.options)
    heights = [_part_height(part, height) for part in parts]
    figure = new_figure(_options_alt(bars), _options_caption(result), sum(heights))
    roots: Any = [figure]
    if len(parts) > 1:
        roots = figure.subfigures(len(parts), 1, height_ratios=heights)
    for root, part in zip(roots, parts, strict=True):
        _draw_part(root, part)
    return figure


def _bars(result: Result) -> list[Bar]:
    labels = text.item_labels(result.to_frame())
    groups = result.to_frame("frequencies").groupby(["scale", "item"], sort=False)
    return [_bar(str(scale), str(item), rows, labels) for (scale, item), rows in groups]


def _bar(scale: str, item: str, rows: pd.DataFrame, labels: dict[tuple[str, str], text.ItemLabel]) -> Bar:
    ordered = rows.sort_values("option", kind="stable")
    words = ["" if fmt.is_empty(label) else str(label) for label in ordered["label"]]
    return Bar(
        scale=scale,
        label=labels.get((scale, item)) or text.item_label(item),
        options=tuple(zip(ordered["option"].astype(int).tolist(), words, strict=True)),
        shares=tuple(ordered["share"].astype(float).fillna(0.0).tolist()),
        n=int(ordered["n"].sum()),
    )


def _grouped(bars: Iterable[Bar], key: Callable[[Bar], object]) -> list[list[Bar]]:
    """Put bars with the same key together, in the order in which the keys come first."""
    groups: dict[object, list[Bar]] = {}
    for bar in bars:
        groups.setdefault(key(bar), []).append(bar)
    return list(groups.values())


def _part_height(bars: Sequence[Bar], row: float) -> float:
    scales = {bar.scale for bar in bars}
    legend_rows = -(-len(_legend_options(bars[0].options)) // _legend_columns(bars[0].options))
    return row * len(bars) + 0.3 * len(scales) + 0.18 * legend_rows + 0.65


def _draw_part(root: FigureBase, bars: Sequence[Bar]) -> None:
    """Draw the bars of items that share their response options: a panel for each scale, a legend above."""
    by_scale = _grouped(bars, lambda bar: bar.scale)
    colours = palette(len(bars[0].options))
    grid = [row[0] for row in panels(root, [len(part) for part in by_scale], [1])]
    width = text_width([bar.label.drawn for bar in bars])
    low, high = _reach(_edges(bars), _shares(bars))
    for axes, part in zip(grid, by_scale, strict=True):
        _draw_bars(axes, part, colours)
        row_axis(axes, [bar.label.drawn for bar in part], width)
        row_heading(axes, text.drawn(part[0].scale, line=2 * text.LINE), width)
        axes.set_xlim(low - ROOM_FOR_TOTALS, high + ROOM_FOR_TOTALS)
        axes.tick_params(labelbottom=axes is grid[-1])
        ticks = [tick for tick in np.linspace(-1, 1, 9).tolist() if low <= tick <= high]
        axes.set_xticks(ticks, [fmt.percent(abs(tick)) for tick in ticks])
    grid[-1].set_xlabel("Share of answers")
    _draw_legend(root, bars[0].options, colours)


def palette(k: int) -> list[str]:
    """Give k colours: brown below the middle, grey in it, teal above (safe for the colour-blind)."""
    ramp, half = colormaps["BrBG"], k // 2
    steps = np.linspace(0.08, 0.36, half) if half > 1 else np.full(half, 0.2)
    lower = [to_hex(ramp(step)) for step in steps]
    upper = [to_hex(ramp(1 - step)) for step in steps[::-1]]
    return [*lower, *([PALE] if k % 2 else []), *upper]


def _shares(bars: Sequence[Bar]) -> Floats:
    return np.array([bar.shares for bar in bars], dtype=np.float64)


def _edges(bars: Sequence[Bar]) -> Floats:
    """Where each option's bar begins, so that zero lies in the middle of the scale of options."""
    shares = _shares(bars)
    half = shares.shape[1] // 2
    below = shares[:, :half].sum(axis=1)
    middle = shares[:, half] / 2 if shares.shape[1] % 2 else 0.0
    edges: Floats = shares.cumsum(axis=1) - shares - np.expand_dims(below + middle, 1)
    return edges


def _reach(edges: Floats, shares: Floats) -> tuple[float, float]:
    """How far the bars go to each side, and at least a quarter."""
    return min(-0.25, float(edges.min())), max(0.25, float((edges + shares).max()))


def _draw_bars(axes: Axes, bars: Sequence[Bar], colours: Sequence[str]) -> None:
    shares, edges = _shares(bars), _edges(bars)
    rows = np.arange(len(bars))
    for column, colour in enumerate(colours):
        axes.barh(rows, shares[:, column], 0.74, edges[:, column], color=colour, edgecolor="white", linewidth=0.5)
    axes.axvline(0, color=INK, linewidth=0.6, zorder=0 if len(colours) % 2 else 3)
    for row, bar in enumerate(bars):
        _draw_totals(axes, row, bar)


def _draw_totals(axes: Axes, row: int, bar: Bar) -> None:
    """Print the shares below and above the middle at the row's ends, and the one in it where it fits."""
    if bar.n == 0:
        axes.text(0, row, "no answers", ha="center", style="italic", **ROW_TEXT)
        return
    half, odd = divmod(len(bar.shares), 2)
    across = axes.get_yaxis_transform()
    lower = float(np.sum(bar.shares[:half]))
    axes.text(0.005, row, fmt.percent(lower), ha="left", color=LOW, transform=across, **ROW_TEXT)
    axes.text(0.995, row, fmt.percent(bar.upper), ha="right", color=HIGH, transform=across, **ROW_TEXT)
    if odd and bar.shares[half] >= ROOM_IN_BAR:
        axes.text(0, row, fmt.percent(bar.shares[half]), ha="center", **ROW_TEXT)


def _option(option: tuple[int, str], limit: int) -> str:
    value, label = option
    words = text.short(label, limit)
    return words if words == str(value) else f"{value} {words}".strip()


def _legend_options(options: Options) -> list[int]:
    """Positions of the options that the legend names: all, or of many the ends and the middle."""
    if len(options) <= LEGEND_ENTRIES:
        return list(range(len(options)))
    return [0, len(options) // 2, len(options) - 1]


def _legend_labels(options: Options) -> list[str]:
    shown = [_option(options[position], text.OPTION) for position in _legend_options(options)]
    return [text.drawn(words, 2 * text.OPTION, 2 * text.OPTION) for words in shown]


def _legend_columns(options: Options) -> int:
    """How many entries stand side by side: as many as the figure is wide, in rows of the same length."""
    widths = [text_width([label]) + LEGEND_GAP for label in _legend_labels(options)]
    for rows in range(1, len(widths)):
        columns = -(-len(widths) // rows)
        if sum(max(widths[column::columns]) for column in range(columns)) <= 72 * WIDTH:
            return columns
    return 1


def _draw_legend(root: FigureBase, options: Options, colours: Sequence[str]) -> None:
    """Name the options above the panels, in reading order."""
    labels, columns = _legend_labels(options), _legend_columns(options)
    entries = list(zip(_legend_options(options), labels, strict=True))
    by_column = [entry for column in range(columns) for entry in entries[column::columns]]
    root.legend(
        [Patch(facecolor=colours[position]) for position, _ in by_column],
        [label for _, label in by_column],
        loc="outside upper center",
        ncols=columns,
        handlelength=1.1,
        handleheight=1.1,
    )


def _options_caption(result: Result) -> str:
    return (
        f"{text.short(result.title)}: answers to each item, centred on the middle of the response options."
        " Numbers at the ends of a row are the shares of answers below and above the middle. Items marked (R)"
        " are reversed in scoring and shown as answered."
    )


def _options_alt(bars: Sequence[Bar]) -> str:
    """Tell every share of up to twelve items; of more, the lowest and highest shares above the middle."""
    opening = f"Diverging stacked bar chart of the answers to {text.counted(len(bars), 'item')}"
    if len(bars) <= text.TOLD:
        return f"{opening}. " + text.told([(_told_name(bar), bar.upper, bar.told()) for bar in bars])
    rows = [(_told_name(bar), bar.upper, fmt.percent(bar.upper)) for bar in bars if bar.n]
    missing = [_told_name(bar) for bar in bars if not bar.n]
    told = f"{opening}, by the share of answers above the middle. {text.told(rows)}"
    return told + text.named(missing, "No answers to")


def _told_name(bar: Bar) -> str:
    return f"{text.short(bar.scale)}, {bar.label.name}"
