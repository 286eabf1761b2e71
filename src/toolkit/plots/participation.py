"""Figures of how a study came in: flow, completion, dates, drop-out, times, diary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .. import format as fmt
from ..results import Result
from . import text
from .figure import (
    FILL,
    HIGH,
    INK,
    LOW,
    PALE,
    SMALL,
    TINY,
    WIDTH,
    Figure,
    empty_figure,
    new_figure,
    panels,
    row_axis,
    text_width,
)

BOX, TALL, STEP = 2.9, 0.52, 0.92
LEFT, TOP = 0.9, 0.12
LOST = {
    "consented": "did not agree",
    "opened": "did not open the questionnaire",
    "started": "did not begin",
    "submitted": "opened it, but submitted nothing",
    "analysed": "without a score on any scale",
}
JOINED = "who did not submit, but have a score"
DASHES = ("-", "--", ":", "-.")
COLOURS = (HIGH, LOW, INK)
MOST_TICKS = 12
MOST_DATES = 6
TOLD = 40


# --- flow -----------------------------------------------------------------------------------------


def flow(result: Result) -> Figure:
    """Draw the stages as boxes below one another, and beside the arrows who is lost between them."""
    stages = list(fmt.rows(result.to_frame()))
    withdrawn = result.settings["n_withdrawn"]
    height = STEP * (len(stages) - 1) + TALL + 2 * TOP
    caption = f"{text.short(result.title)}: persons at each stage, and those who did not reach the next."
    figure = new_figure(_flow_alt(stages, withdrawn), caption, height, WIDTH)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    for place, stage in enumerate(stages):
        top = TOP + place * STEP
        _box(axes, (LEFT, top, BOX, TALL), _stage_words(stage))
        aside = _aside(stage, withdrawn if place == 1 else 0)
        if place:
            _arrow(axes, (LEFT + BOX / 2, top - STEP + TALL), (LEFT + BOX / 2, top))
        if aside:
            middle = top - (STEP - TALL) / 2
            _arrow(axes, (LEFT + BOX / 2, middle), (LEFT + BOX + 0.35, middle))
            axes.text(LEFT + BOX + 0.42, middle, "\n".join(aside), va="center", size=SMALL)
    return figure


def _stage_words(stage: Any) -> str:
    couples = getattr(stage, "n_couples", None)
    both = "" if couples is None else f"\nboth partners of {text.counted(int(couples), 'couple')}"
    return f"{fmt.heading(stage.stage)}: {text.counted(int(stage.n), 'person')} ({fmt.percent(stage.share)}){both}"


def _aside(stage: Any, withdrawn: int | None) -> list[str]:
    words = [f"{fmt.count(withdrawn)} withdrew (deleted)"] if withdrawn else []
    words += [f"{fmt.count(stage.n_lost)} {LOST.get(stage.stage, 'lost')}"] if stage.n_lost else []
    return words + ([f"and {fmt.count(stage.n_joined)} {JOINED}"] if stage.n_joined else [])


def _box(axes: Axes, place: tuple[float, float, float, float], words: str) -> None:
    x, y, width, height = place
    axes.add_patch(Rectangle((x, y), width, height, facecolor="white", edgecolor=INK, linewidth=0.8))
    axes.text(x + width / 2, y + height / 2, words, ha="center", va="center", size=SMALL)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    head = "-|>,head_length=3.5,head_width=1.8"
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle=head, color=INK, linewidth=0.8, shrinkA=0, shrinkB=0))


def _flow_alt(stages: Sequence[Any], withdrawn: int | None) -> str:
    parts: list[str] = []
    for place, stage in enumerate(stages):
        parts += [*_aside(stage, withdrawn if place == 1 else 0), _stage_words(stage).replace("\n", ", ")]
    return f"Flow diagram from top to bottom. {'; '.join(parts)}."


# --- completion -----------------------------------------------------------------------------------


def completion(result: Result) -> Figure:
    """Draw the share of people who submitted each occasion, and behind it those who only began."""
    table = result.to_frame("completion")
    if not table["n_expected"].sum():
        return empty_figure("No occasion has opened for anybody who agreed, so there is nothing to complete yet.")
    begun_by = "n_opened" if "n_opened" in table else "n_started"
    labels = [_occasion(row) for row in fmt.rows(table)]
    expected = np.maximum(table["n_expected"].to_numpy(dtype=np.float64), 1)  # nothing is drawn where it is none
    begun, sent = (table[name].to_numpy(dtype=np.float64) / expected for name in (begun_by, "n_submitted"))
    ends = [_end(row) for row in fmt.rows(table)]
    shares = [f"{name}: {end}" for name, end in zip(labels, ends, strict=True)]
    whom = "those who agreed and for whom it has opened" if begun_by == "n_opened" else "all persons in the data"
    caption = (
        f"{text.short(result.title)}: share of {whom} who submitted each occasion; pale:"
        f" {'opened' if begun_by == 'n_opened' else 'began'} it without submitting."
    )
    figure = new_figure(f"Bar chart of completion. {'; '.join(shares[:TOLD])}.", caption, 0.24 * len(labels) + 0.75)
    axes = panels(figure, [1], [1])[0][0]
    row_axis(axes, labels, text_width(labels))
    place = np.arange(len(labels))
    axes.barh(place, begun, height=0.7, color=PALE)
    axes.barh(place, sent, height=0.7, color=FILL)
    for at, end in enumerate(ends):
        axes.text(1.01, at, end, va="center_baseline", size=TINY)
    axes.set_xlim(0, 1.16)
    axes.set_xticks(np.linspace(0, 1, 5))
    axes.spines["bottom"].set_bounds(0, 1)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: fmt.percent(value)))
    axes.set_xlabel("Submitted")
    return figure


def _end(row: Any) -> str:
    """Say how many submitted an occasion."""
    if not row.n_expected:
        return "not open yet"
    return (
        f"{fmt.percent(row.n_submitted / row.n_expected)} ({fmt.count(row.n_submitted)} of {fmt.count(row.n_expected)})"
    )


def _occasion(row: Any) -> str:
    wave, day = (getattr(row, name, None) for name in ("wave", "day"))
    parts = [f"{name} {value}" for name, value in (("Wave", wave), ("day", day)) if not fmt.is_empty(value)]
    named = ", ".join(parts)
    return f"{named[0].upper()}{named[1:]}" if named else "The occasion"


def dates(result: Result) -> Figure:
    """Draw the occasions opened and submitted so far, by date."""
    table = result.to_frame("dates")
    if len(table) < 2:
        return empty_figure("All was on one date." if len(table) else "There are no dates to draw.")
    last = table.iloc[-1]
    told = f"from {table['date'].iloc[0]} to {last['date']}: {fmt.count(last['opened_so_far'])} opened"
    alt = f"Step chart of occasions by date, {told}, {fmt.count(last['submitted_so_far'])} submitted."
    caption = f"{text.short(result.title)}: occasions opened and submitted so far, by date in the study’s time zone."
    figure = new_figure(alt, caption, 2.4)
    axes = panels(figure, [1], [1])[0][0]
    lines = (("opened_so_far", "Opened", LOW, "--"), ("submitted_so_far", "Submitted", HIGH, "-"))
    for column, words, colour, dash in lines:
        axes.step(
            np.arange(len(table)), table[column], where="mid", color=colour, linestyle=dash, linewidth=1.6, label=words
        )
    axes.legend(loc="upper left")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("Occasions so far")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.tick_params(axis="y", size=3)
    chosen = np.unique(np.linspace(0, len(table) - 1, min(MOST_DATES, len(table))).astype(int))
    axes.set_xticks(chosen, [table["date"].iloc[at] for at in chosen])
    return figure


# --- drop-out -------------------------------------------------------------------------------------


def dropout(result: Result) -> Figure:
    """Draw which share of those who began went on after each item, a line for each part."""
    table = result.to_frame("dropout")
    if table.empty:
        return empty_figure("Nobody has opened the questionnaire, so nobody can have stopped.")
    smallest = int(result.settings["smallest_cell"])
    caption = (
        f"{text.short(result.title)}: share of those who began who went on after each item, or submitted. A step down"
        f" is drawn once {smallest} have stopped since the last one, so that nobody’s is told."
    )
    figure = new_figure(_dropout_alt(table), caption, 2.6)
    axes = panels(figure, [1], [1])[0][0]
    for number, (part, rows) in enumerate(table.groupby("part", sort=False)):
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
        words = f"{_sentence_case(part)} (n = {fmt.count(rows['n'].iloc[0])})"
        axes.step(rows["place"], rows["still"], where="post", color=colour, linestyle=dash, linewidth=1.6, label=words)
    axes.legend(loc="lower left")
    lowest = float(table["still"].min())
    axes.set_ylim(0 if lowest < 0.5 else 0.5, 1.02)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: fmt.percent(value)))
    axes.set_ylabel("Went on")
    axes.tick_params(axis="y", size=3)
    axes.set_xlim(left=0)
    axes.set_xlabel("Items shown")
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    return figure


def _sentence_case(part: Any) -> str:
    return f"{str(part)[0].upper()}{str(part)[1:]}"


def _dropout_alt(table: pd.DataFrame) -> str:
    parts = []
    for part, rows in table.groupby("part", sort=False):
        steps = [
            f"after {row.place if fmt.is_empty(row.item) else row.item} {fmt.percent(row.still, 1)}"
            for row in fmt.rows(rows[rows["n_stopped"] > 0].nlargest(text.NOTABLE, "n_stopped").sort_values("place"))
        ]
        told = f"; largest steps: {', '.join(steps)}" if steps else ""
        began, end = fmt.count(rows["n"].iloc[0]), fmt.percent(rows["still"].iloc[-1], 1)
        parts.append(f"{_sentence_case(part)}: {began} began, {end} went on to the end{told}")
    return f"Step chart of drop-out. {'. '.join(parts)}."


# --- times and diary ------------------------------------------------------------------------------


def times(result: Result) -> Figure:
    """Draw the median time on each item with its quartiles."""
    table = result.to_frame("times")
    items = table[(table["kind"] == "item") & table["median"].notna()]
    if items.empty:
        return empty_figure("No response times of items were kept.")
    rows = [(str(row.name), float(row.median), _seconds(row)) for row in fmt.rows(items)]
    caption = f"{text.short(result.title)}: seconds on each item, median and quartiles, in the order of presentation."
    alt = f"Dot chart of response times of {text.counted(len(rows), 'item')}, in seconds. {text.told(rows)}"
    figure = new_figure(alt, caption, 2.6)
    axes = panels(figure, [1], [1])[0][0]
    place = np.arange(len(items))
    low, middle, high = (items[name].to_numpy(dtype=np.float64) for name in ("q1", "median", "q3"))
    axes.vlines(place, low, high, color=FILL, linewidth=2.4)
    axes.plot(place, middle, "o", color=HIGH, markersize=3)
    step = max(1, -(-len(items) // MOST_TICKS))
    axes.set_xticks(place[::step], [text.drawn(name, text.ID) for name in items["name"].iloc[::step]])
    axes.set_ylim(bottom=0)
    axes.set_ylabel("Seconds")
    axes.tick_params(axis="y", size=3)
    return figure


def _seconds(row: Any) -> str:
    return f"{fmt.number(row.median, 1)} {fmt.interval(row.q1, row.q3, 1)}"


def diary(result: Result) -> Figure:
    """Draw how many people submitted how many days of the diary."""
    table = result.to_frame("compliance").dropna(subset=["n"])
    if table.empty:
        return empty_figure("There is no diary, or too few people for their days to be told.")
    told = [f"{row.n_days} days: {fmt.count(row.n)} ({fmt.percent(row.share)})" for row in fmt.rows(table)]
    title = text.short(result.title)
    caption = f"{title}: persons by the number of diary days submitted; neighbours stand together where few are."
    figure = new_figure(f"Bar chart of diary days. {'; '.join(told)}.", caption, 2.1)
    axes = panels(figure, [1], [1])[0][0]
    place, n = np.arange(len(table)), table["n"].to_numpy(dtype=np.float64)
    axes.bar(place, n, width=0.75, color=FILL)
    for at, row in enumerate(fmt.rows(table)):
        axes.text(at, float(row.n), fmt.percent(row.share), ha="center", va="bottom", size=TINY)
    axes.set_xticks(place, [str(one) for one in table["n_days"]])
    axes.set_xlabel("Days submitted")
    axes.set_ylabel("Persons")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.tick_params(axis="y", size=3)
    return figure
