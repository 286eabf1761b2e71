"""Scree plot: eigenvalues of components and factors with the references that they must exceed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .. import format as fmt
from ..results import Result
from . import text
from .figure import HIGH, LOW, PALE, TINY, Figure, new_figure, panels

Floats = npt.NDArray[np.float64]

HEIGHT = 3.5
BETWEEN = 0.06
MOST_MARKED = 60
LABEL_LEFT = 1.05
LABEL_STEP = 0.11
LABEL_LINE = 16
DASHES = {"permutation": (0, (5, 2)), "normal": (0, (5, 2, 1, 2)), "empirical_kaiser": (0, (1, 1.5))}


@dataclass(frozen=True)
class Reference:
    """A line of reference eigenvalues: its rule, its name in words, and how many eigenvalues exceed it."""

    rule: str
    words: str
    values: Floats
    n_exceeding: int

    @property
    def label(self) -> str:
        """The name and the number, for the end of the line."""
        parts = f"{self.words[0].upper()}{self.words[1:]}: {fmt.count(self.n_exceeding)}".split(", ")
        return ",\n".join(text.drawn(part, line=LABEL_LINE) for part in parts)


@dataclass(frozen=True)
class Scree:
    """Eigenvalues of one kind and their references, the deciding one first."""

    kind: str
    values: Floats
    references: tuple[Reference, ...]

    @property
    def n_retained(self) -> int | None:
        """How many exceed the deciding reference; None without one."""
        return self.references[0].n_exceeding if self.references else None

    def told(self) -> str:
        """Give the eigenvalues in words: those that exceed the deciding reference, and the next."""
        if not self.references:
            return f"Eigenvalues of {self.kind}s: {', '.join(fmt.number(value) for value in self.values[: text.TOLD])}."
        rule = self.references[0]
        pairs = [
            f"{fmt.number(value)} against {fmt.number(limit)}"
            for value, limit in zip(self.values, rule.values, strict=True)
        ]
        shown = ", ".join(pairs[: min(rule.n_exceeding, text.TOLD)])
        following = f"; the next, {pairs[rule.n_exceeding]}, does not" if rule.n_exceeding < len(pairs) else ""
        exceed = "exceeds its" if rule.n_exceeding == 1 else "exceed their"
        told = f"{text.counted(rule.n_exceeding, self.kind)} {exceed} reference ({rule.words}){': ' if shown else ''}"
        others = "".join(f" By {one.words}: {one.n_exceeding}." for one in self.references[1:])
        return f"{told}{shown}{following}.{others}"


def scree(result: Result) -> Figure:
    """Draw eigenvalues by position, filled where they exceed their reference, for components and for factors."""
    screes = [_scree(result, kind) for kind in ("component", "factor")]
    drawn = [one for one in screes if not np.isnan(one.values).any()]
    figure = new_figure(_alt(drawn), _caption(result, drawn[0]), HEIGHT)
    figure.set_layout_engine("constrained", wspace=BETWEEN)
    for axes, one in zip(panels(figure, [1], [1] * len(drawn))[0], drawn, strict=True):
        _draw(axes, one)
    return figure


def _scree(result: Result, kind: str) -> Scree:
    table, estimates = result.to_frame("eigenvalues"), result.to_frame()
    statistic = "mean" if result.settings["quantile"] == "mean" else "quantile"
    words = "mean" if statistic == "mean" else f"{fmt.level(result.settings['quantile'])} quantile"
    references = [
        Reference(draw, f"{draw}, {words}", table[f"{draw}_{kind}_{statistic}"].to_numpy(dtype=np.float64), n)
        for draw in ("permutation", "normal")
        for n in _answer(estimates, "parallel_analysis", f"{kind}s, {draw}")
    ]
    if kind == "component":
        references += [
            Reference(rule, "empirical Kaiser criterion", table[rule].to_numpy(dtype=np.float64), n)
            for rule in ("empirical_kaiser",)
            for n in _answer(estimates, rule, "components")
        ]
    return Scree(kind, table[kind].to_numpy(dtype=np.float64), tuple(references))


def _answer(estimates: pd.DataFrame, rule: str, variant: str) -> list[int]:
    """Find a rule's number of factors; none where it has no answer."""
    rows = estimates[(estimates["rule"] == rule) & (estimates["variant"] == variant)]
    return rows["n_factors"].dropna().astype(int).tolist()


def _draw(axes: Axes, one: Scree) -> None:
    position = np.arange(1, len(one.values) + 1)
    retained = position <= (one.n_retained or 0)
    size = 5 if len(position) <= MOST_MARKED else 3
    axes.plot(position, one.values, color=HIGH, linewidth=0.9, zorder=2)
    for chosen, fill in ((~retained, "white"), (retained, HIGH)):
        axes.plot(position[chosen], one.values[chosen], "o", color=HIGH, markerfacecolor=fill, markersize=size)
    for reference in one.references:
        axes.plot(position, reference.values, color=LOW, linewidth=1.3, linestyle=DASHES[reference.rule], zorder=3)
    axes.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    number = "" if one.n_retained is None else f": {fmt.count(one.n_retained)} retained"
    axes.set_title(f"{one.kind.capitalize()}s{number}")
    axes.set_xlabel("Position")
    axes.set_ylabel("Eigenvalue")
    axes.set_xlim(0.5, len(position) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.tick_params(axis="y", size=3)
    _label(axes, one)


def _label(axes: Axes, one: Scree) -> None:
    """Name each line at its right end, outside the axes; names that would touch move up."""
    low, high = axes.get_ylim()
    ends = [(reference.values[-1], reference.label, LOW) for reference in one.references]
    height = -1.0
    for value, words, colour in sorted([(one.values[-1], "Observed", HIGH), *ends], key=lambda end: end[0]):
        height = max(float((value - low) / (high - low)), height + LABEL_STEP)
        axes.annotate(
            words,
            (len(one.values), value),
            (LABEL_LEFT, height),
            "data",
            axes.transAxes,
            va="center",
            size=TINY,
            color=colour,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "relpos": (0, 0.5), "shrinkA": 1},
        )


def _caption(result: Result, first: Scree) -> str:
    rule = f" (filled: above the reference by {first.references[0].words})" if first.references else ""
    return (
        f"{text.short(result.title)}: eigenvalues of components and, with the communalities of one factor in the"
        f" diagonal, of factors{rule}. Broken lines are references that eigenvalues must exceed, with the number of"
        " those that do."
    )


def _alt(drawn: list[Scree]) -> str:
    return f"Scree plot of {text.counted(len(drawn[0].values), 'item')}. {' '.join(one.told() for one in drawn)}"
