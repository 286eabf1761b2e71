"""Path diagram of a measurement or structural model, drawn from its standardised parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse, FancyArrowPatch, Patch, Rectangle
from matplotlib.path import Path as Curve

from .. import format as fmt
from ..results import Result
from . import text
from .figure import HIGH, INK, LOW, SMALL, TINY, Figure, empty_figure, new_figure
from .path_layout import EDGE, RESIDUALS, TITLE, Arc, Diagram, Layout, Node, Path, arranged

DRAWN = ("=~", "~", "~~")
SIGNIFICANT = 0.05
NAME, NAME_LINE, FACTOR_LINE = 24, 24, 14
THIN, THICK = 0.5, 1.5
VALUE_AT = 0.22
PLACES = np.linspace(0.2, 0.9, 15)
WHITE = {"boxstyle": "square,pad=0.12", "facecolor": "white", "edgecolor": "none"}

Point = tuple[float, float]
Floats = npt.NDArray[np.float64]


def paths(result: Result) -> Figure:
    """Draw factors as ellipses, observed variables as boxes, and standardised parameters on the paths between them."""
    diagrams = list(_diagrams(result.to_frame()))
    if not any(one.of(*DRAWN) for one in diagrams):
        return empty_figure("There are no paths to draw.")
    layouts: list[Layout] = []
    for diagram in diagrams:
        layouts.append(arranged(diagram, _labels(diagram), layouts[-1].bottom if layouts else 0.0))
    width, height = max(one.width for one in layouts), layouts[-1].bottom
    figure = new_figure(_alt(diagrams), _caption(result, diagrams), height, width)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    top = 0.0
    for layout in layouts:
        axes.text(EDGE, top + TITLE / 2 + EDGE, text.drawn(layout.diagram.title), va="center", size=9, weight="bold")
        _draw(axes, layout)
        top = layout.bottom
    return figure


def _diagrams(estimates: pd.DataFrame) -> Iterator[Diagram]:
    """Read the drawn parameters of each group; parameters fixed at 0 are no paths."""
    drawn = estimates[estimates["op"].isin(DRAWN)]
    for group, rows in drawn.groupby("group", sort=False, dropna=False):
        yield Diagram(str(group), tuple(_paths(rows)))


def _paths(rows: pd.DataFrame) -> Iterator[Path]:
    for row in fmt.rows(rows):
        fixed = fmt.is_empty(row.p)
        if not (fixed and row.est == 0 and row.lhs != row.rhs):
            yield Path(str(row.lhs), str(row.op), str(row.rhs), float(row.std_all), fixed or row.p < SIGNIFICANT)


def _labels(diagram: Diagram) -> dict[str, str]:
    factors = {name: text.drawn(name, NAME, max(FACTOR_LINE, *map(len, name.split()))) for name in diagram.factors}
    return {**{name: text.drawn(name, NAME, NAME_LINE) for name in (*diagram.items, *diagram.others)}, **factors}


def _number(value: float) -> str:
    return fmt.number(value, 2, bounded=True)


# --- drawing --------------------------------------------------------------------------------------


class Stroke(NamedTuple):
    """How a path looks."""

    color: str
    linewidth: float
    linestyle: str


def _stroke(one: Path) -> Stroke:
    """Draw strong paths thick, negative ones brown, those that do not differ clearly from 0 broken."""
    size = min(abs(one.value), 1.0) if np.isfinite(one.value) else 0.0
    return Stroke(LOW if one.value < 0 else HIGH, THIN + THICK * size, "solid" if one.clear else "dashed")


def _draw(axes: Axes, layout: Layout) -> None:
    curved = {id(one.path) for one in layout.arcs}
    straight = [one for one in layout.diagram.of(*DRAWN) if id(one) not in curved]
    ends = np.array([_ends(layout, one) for one in straight]).reshape(-1, 2, 2)
    taken: list[Point] = []
    for place, one in enumerate(straight):
        first, last = ends[place]
        _arrow(axes, Curve([first, last]), _stroke(one), "<|-|>" if one.op == "~~" else "-|>")
        if _is_main(layout.diagram, one):
            taken.append(_between(first, last, VALUE_AT))
            _value(axes, taken[-1], one.value)
    for place, one in enumerate(straight):
        if not _is_main(layout.diagram, one):
            taken.append(_free_place(np.delete(ends, place, axis=0), ends[place], taken))
            _value(axes, taken[-1], one.value)
    for arc in layout.arcs:
        _draw_arc(axes, layout, arc)
    for name, node in layout.nodes.items():
        _draw_node(axes, layout, name, node)


def _ends(layout: Layout, one: Path) -> tuple[Point, Point]:
    """Find where a loading or a regression between columns begins and ends."""
    cause, effect = (one.lhs, one.rhs) if one.op == "=~" else (one.rhs, one.lhs)
    start, end = layout.nodes[cause], layout.nodes[effect]
    return _edge(start, (end.x, end.y)), _side(end, start)


def _is_main(diagram: Diagram, one: Path) -> bool:
    """Tell whether a path is one of a fan of loadings, whose values stand below one another near the indicators."""
    return one.op == "=~" and (one.rhs not in diagram.items or one.lhs in (diagram.main(one.rhs), diagram.general))


def _between(first: Floats, last: Floats, share: float) -> Point:
    """Find the point at a share of the way back from the end of a path."""
    x, y = last + share * (first - last)
    return float(x), float(y)


def _free_place(others: Floats, own: Floats, taken: list[Point]) -> Point:
    """Choose the place on a path that is furthest from other paths and from values that are drawn."""
    places = [_between(own[0], own[1], share) for share in PLACES]
    return max(places, key=lambda place: _distance(place, others, taken))


def _distance(place: Point, others: Floats, taken: list[Point]) -> float:
    """Compute the distance to the nearest line or value."""
    start, along = others[:, 0], others[:, 1] - others[:, 0]
    share = np.clip(((place - start) * along).sum(axis=1) / (along**2).sum(axis=1), 0, 1)
    lines = np.hypot(*(start + share[:, None] * along - place).T)
    values = np.hypot(*(np.array(taken).reshape(-1, 2) - place).T)
    return float(min(lines.min(initial=np.inf), values.min(initial=np.inf)))


def _draw_arc(axes: Axes, layout: Layout, arc: Arc) -> None:
    """Draw a curve beside a column, its value where it bulges most."""
    one = arc.path
    from_name, to_name = (one.rhs, one.lhs) if one.op == "~" else (one.lhs, one.rhs)
    start, end = layout.nodes[from_name], layout.nodes[to_name]
    sign = 1.0 if arc.bulge > 0 else -1.0
    down = 1.0 if end.y > start.y else -1.0
    first, last = _flank(start, sign, down), _flank(end, sign, -down)
    outer = max if sign > 0 else min
    out = outer(start.x + sign * start.width / 2, end.x + sign * end.width / 2) + arc.bulge
    if sign > 0:
        first, last = (first[0] + RESIDUALS, start.y), (last[0] + RESIDUALS, end.y)
    # A cubic curve reaches three quarters of the way to its control points.
    control = out + (out - (first[0] + last[0]) / 2) / 3
    bent = Curve([first, (control, first[1]), (control, last[1]), last], [1, 4, 4, 4])
    _arrow(axes, bent, _stroke(one), "-|>" if one.op == "~" else "<|-|>")
    _value(axes, (out, (first[1] + last[1]) / 2), one.value)


def _flank(node: Node, sign: float, down: float) -> Point:
    """Find a point on the left or right of a variable, towards the other end of a curve."""
    angle = 0.35 if node.latent else 0.0
    height = node.height / 2 * np.sin(angle) if node.latent else node.height / 6
    return node.x + sign * node.width / 2 * float(np.cos(angle)), node.y + down * float(height)


def _edge(node: Node, towards: Point) -> Point:
    """Find where the line to a point leaves an ellipse or a box."""
    dx, dy = towards[0] - node.x, towards[1] - node.y
    if node.latent:
        scale = 1 / float(np.hypot(dx / (node.width / 2), dy / (node.height / 2)))
    else:
        scale = min(node.width / 2 / max(abs(dx), 1e-9), node.height / 2 / max(abs(dy), 1e-9))
    return node.x + scale * dx, node.y + scale * dy


def _side(node: Node, source: Node) -> Point:
    """Find where an arrow ends: in the middle of a box's side, on an ellipse's edge."""
    if node.latent or node.x == source.x:
        return _edge(node, (source.x, source.y))
    return node.x + (node.width / 2 if source.x > node.x else -node.width / 2), node.y


def _arrow(axes: Axes, curve: Curve, stroke: Stroke, style: str) -> None:
    head = f"{style},head_length=3.5,head_width=1.8"
    axes.add_patch(
        FancyArrowPatch(path=curve, arrowstyle=head, zorder=1, joinstyle="miter", capstyle="butt", **stroke._asdict())
    )


def _value(axes: Axes, place: Point, value: float) -> None:
    axes.text(*place, _number(value), ha="center", va="center_baseline", size=TINY, bbox=WHITE, zorder=2)


def _draw_node(axes: Axes, layout: Layout, name: str, node: Node) -> None:
    residual, words = layout.diagram.residuals.get(name), layout.labels[name]
    if node.latent:
        axes.add_patch(_outlined(Ellipse((node.x, node.y), node.width, node.height)))
        _write(axes, node.x, node.y, words if residual is None else f"{words}\n({_number(residual)})")
        return
    corner = (node.x - node.width / 2, node.y - node.height / 2)
    axes.add_patch(_outlined(Rectangle(corner, node.width, node.height)))
    right = node.x + node.width / 2
    if residual is not None and layout.diagram.general is not None and name in layout.diagram.items:
        _write(axes, corner[0] + EDGE, node.y, words, "left")
        _write(axes, right - EDGE, node.y, _number(residual), "right", TINY)
        return
    _write(axes, node.x, node.y, words)
    if residual is not None:
        _arrow(axes, Curve([(right + 0.4 * RESIDUALS, node.y), (right, node.y)]), Stroke(INK, THIN, "solid"), "-|>")
        _write(axes, right + 0.43 * RESIDUALS, node.y, _number(residual), "left", TINY)


def _outlined(shape: Patch) -> Patch:
    shape.set(facecolor="white", edgecolor=INK, linewidth=0.8, zorder=3)
    return shape


def _write(axes: Axes, x: float, y: float, words: str, align: str = "center", size: float = SMALL) -> None:
    across = "center" if "\n" in words else "center_baseline"
    axes.text(x, y, words, ha=align, va=across, size=size, zorder=4)


# --- words ----------------------------------------------------------------------------------------


def _caption(result: Result, diagrams: list[Diagram]) -> str:
    where = "in its box" if any(one.general for one in diagrams) else "right of its box"
    factors = any(name in one.residuals for one in diagrams for name in one.factors)
    return (
        f"{text.short(result.title)}: standardised parameters. Ellipses are factors, boxes observed variables; arrows"
        " are loadings and regressions, curves with two heads correlations. Lines are the thicker the larger the value,"
        f" brown where it is negative, broken where p ≥ {fmt.number(SIGNIFICANT, 2, bounded=True)}. The number"
        f" {where} is the share of an observed variable’s variance that the model leaves unexplained"
        f"{', that in brackets the same of a factor' if factors else ''}."
    )


def _alt(diagrams: list[Diagram]) -> str:
    first = diagrams[0]
    observed = len({*first.items, *first.others})
    opening = (
        f"Path diagram of a model with {text.counted(len(first.factors), 'factor')} and"
        f" {text.counted(observed, 'observed variable')}, standardised."
    )
    return " ".join([opening, *(_told(one) for one in diagrams)])


def _told(diagram: Diagram) -> str:
    parts = [f"Group {text.short(diagram.title)}."] if diagram.title else []
    for factor in diagram.factors:
        loadings = [
            f"{text.short(one.rhs, text.ID)} {_number(one.value)}" for one in diagram.of("=~") if one.lhs == factor
        ]
        parts.append(f"{text.short(factor, text.ID)}: {', '.join(loadings)}.")
    regressions = [f"{_pair(one, 'on')} {_number(one.value)}" for one in diagram.of("~")]
    items = set(diagram.items)
    between = [one for one in diagram.of("~~") if one.lhs not in items or one.rhs not in items]
    within = [one for one in diagram.of("~~") if one.lhs in items and one.rhs in items]
    parts += _sentence("Regressions", regressions)
    parts += _sentence("Correlations", [f"{_pair(one, 'with')} {_number(one.value)}" for one in between])
    parts += _sentence("Correlations of residuals", [f"{_pair(one, 'with')} {_number(one.value)}" for one in within])
    return " ".join(parts)


def _pair(one: Path, word: str) -> str:
    return f"{text.short(one.lhs, text.ID)} {word} {text.short(one.rhs, text.ID)}"


def _sentence(opening: str, parts: Iterable[str]) -> list[str]:
    told = "; ".join(parts)
    return [f"{opening}: {told}."] if told else []
