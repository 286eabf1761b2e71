"""Where the variables of a path diagram stand: items in a column, factors beside them, in inches from the top left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .figure import SMALL, text_width

ROW, NARROW_ROW, MANY_ROWS = 0.27, 0.2, 30
BLOCK_GAP = 0.16
LONG = 1.75
LEVEL_GAP = 0.95
ARC, ARC_STEP = 0.3, 0.34
HALF_A_VALUE = 0.18
RESIDUALS = 0.52
EDGE = 0.08
PADDING = 0.16
VALUE = 0.36
TITLE = 0.3


class Path(NamedTuple):
    """One parameter between two variables, or of one: `op` is `=~`, `~` or `~~`; `clear` where it differs from 0."""

    lhs: str
    op: str
    rhs: str
    value: float
    clear: bool


@dataclass(frozen=True)
class Diagram:
    """The paths of one group.

    Attributes
    ----------
    title : the group, or nothing.
    paths : all parameters that are drawn.
    """

    title: str
    paths: tuple[Path, ...]

    def of(self, *operators: str) -> list[Path]:
        """Choose paths between two variables by their operators."""
        return [one for one in self.paths if one.op in operators and one.lhs != one.rhs]

    @cached_property
    def factors(self) -> tuple[str, ...]:
        """Latent variables."""
        return tuple(dict.fromkeys(one.lhs for one in self.of("=~")))

    @cached_property
    def members(self) -> dict[str, list[str]]:
        """The indicators of each factor."""
        return {name: [one.rhs for one in self.of("=~") if one.lhs == name] for name in self.factors}

    @cached_property
    def items(self) -> tuple[str, ...]:
        """Observed indicators."""
        return tuple(dict.fromkeys(one.rhs for one in self.of("=~") if one.rhs not in self.factors))

    @cached_property
    def others(self) -> tuple[str, ...]:
        """Observed variables that are no indicators."""
        named = dict.fromkeys(name for one in self.of("~", "~~") for name in (one.lhs, one.rhs))
        return tuple(name for name in named if name not in self.factors and name not in self.items)

    @cached_property
    def general(self) -> str | None:
        """The factor of a bifactor model that holds all items of each factor with which it shares one."""
        own = {name: set(names) & set(self.items) for name, names in self.members.items()}
        for name, items in own.items():
            sharing = [other for key, other in own.items() if key != name and other & items]
            if sharing and all(other < items for other in sharing):
                return name
        return None

    @cached_property
    def residuals(self) -> dict[str, float]:
        """Residual variances of what paths lead to."""
        reached = {one.rhs for one in self.of("=~")} | {one.lhs for one in self.of("~")}
        return {
            one.lhs: one.value for one in self.paths if one.op == "~~" and one.lhs == one.rhs and one.lhs in reached
        }

    def level(self, name: str) -> int:
        """Tell how many layers of factors lie between a variable of the left columns and the items."""
        inner = [member for member in self.members.get(name, []) if member in self.factors]
        return 1 + max(self.level(member) for member in inner) if inner else 0

    @cached_property
    def levels(self) -> int:
        """The number of columns of factors."""
        return 1 + max((self.level(name) for name in self.factors), default=0)

    def main(self, item: str) -> str | None:
        """Find the factor, the general one apart, on which an item loads most."""
        loadings = [one for one in self.of("=~") if one.rhs == item]
        own = [one for one in loadings if one.lhs != self.general] or loadings
        return max(own, key=lambda one: abs(one.value)).lhs if own else None

    def own(self, factor: str) -> list[str]:
        """List the indicators that load on a factor most, or all where none does."""
        return [name for name in self.members[factor] if self.main(name) == factor] or self.members[factor]


class Arc(NamedTuple):
    """A curved path: how far out of its column it bulges, in inches; to the right, beyond residuals, where positive."""

    path: Path
    bulge: float


def arcs(diagram: Diagram) -> list[Arc]:
    """Choose the paths between variables of one column, and let longer ones bulge further."""
    left = [arc for arc in (_left(diagram, one) for one in diagram.of("~~", "~")) if arc is not None]
    return left + _right(diagram)


def _left(diagram: Diagram, one: Path) -> Arc | None:
    if one.lhs in diagram.items or one.rhs in diagram.items or diagram.general in (one.lhs, one.rhs):
        return None
    if diagram.level(one.lhs) != diagram.level(one.rhs):
        return None
    column = [name for name in (*diagram.factors, *diagram.others) if diagram.level(name) == diagram.level(one.lhs)]
    distance = abs(column.index(one.lhs) - column.index(one.rhs))
    return Arc(one, -ARC - ARC_STEP * (distance - 1))


def _right(diagram: Diagram) -> list[Arc]:
    """Give covariances of items lanes in which none crosses another."""
    order = {name: place for place, name in enumerate(_stacked(diagram))}
    found = [one for one in diagram.of("~~", "~") if one.lhs in order and one.rhs in order]
    lanes: list[list[tuple[int, int]]] = []
    result = []
    for one in sorted(found, key=lambda path: abs(order[path.lhs] - order[path.rhs])):
        low, high = sorted((order[one.lhs], order[one.rhs]))
        free = (place for place, lane in enumerate(lanes) if all(high < a or b < low for a, b in lane))
        place = next(free, len(lanes))
        if place == len(lanes):
            lanes.append([])
        lanes[place].append((low, high))
        result.append(Arc(one, RESIDUALS + ARC + ARC_STEP * place))
    return result


def _stacked(diagram: Diagram) -> list[str]:
    """List the items factor by factor."""
    order = {name: place for place, name in enumerate(diagram.factors)}
    return sorted(diagram.items, key=lambda item: order.get(diagram.main(item) or "", len(order)))


class Node(NamedTuple):
    """A variable's middle and size; `latent` ones are ellipses."""

    x: float
    y: float
    width: float
    height: float
    latent: bool


@dataclass(frozen=True)
class Layout:
    """A diagram with places.

    Attributes
    ----------
    diagram : what is drawn.
    nodes : the variables' places.
    arcs : its curved paths.
    labels : how names are written.
    width, bottom : where it ends to the right and below, in inches.
    """

    diagram: Diagram
    nodes: dict[str, Node]
    arcs: tuple[Arc, ...]
    labels: dict[str, str]
    width: float
    bottom: float


def arranged(diagram: Diagram, labels: dict[str, str], top: float = 0.0) -> Layout:
    """Give every variable its place, `top` inches below the top of the figure."""
    heights, bottom = _item_heights(diagram, top)
    curved = arcs(diagram)
    columns = _Columns.of(diagram, labels, curved)
    nodes = {name: Node(columns.items, y, columns.box, _row(diagram) * 0.8, False) for name, y in heights.items()}
    for name in sorted(diagram.factors, key=diagram.level):
        x = columns.general if name == diagram.general else columns.factors[diagram.level(name)]
        middle = float(np.mean([nodes[member].y for member in diagram.own(name)]))
        nodes[name] = Node(x, middle, columns.ellipse, _ellipse(diagram), True)
    nodes = _apart(diagram, nodes)
    for place, name in enumerate(diagram.others):
        nodes[name] = Node(columns.factors[0], bottom + (place + 0.5) * 2 * ROW, columns.other, ROW * 0.9, False)
    lowest = max((one.y + one.height / 2 for one in nodes.values()), default=bottom)
    return Layout(diagram, nodes, tuple(curved), labels, columns.width, lowest + EDGE)


def _row(diagram: Diagram) -> float:
    return ROW if len(diagram.items) <= MANY_ROWS else NARROW_ROW


def _ellipse(diagram: Diagram) -> float:
    """Give the height of a factor, which has a second line for its residual variance where it has one."""
    return 0.52 if any(name in diagram.residuals for name in diagram.factors) else 0.4


def _item_heights(diagram: Diagram, top: float) -> tuple[dict[str, float], float]:
    """Stack the items factor by factor; a factor has room for its ellipse."""
    blocks: dict[str, list[str]] = {}
    for item in _stacked(diagram):
        blocks.setdefault(diagram.main(item) or "", []).append(item)
    y, places = top + EDGE + (TITLE if diagram.title else 0.0), {}
    for items in blocks.values():
        need = max(len(items) * _row(diagram), _ellipse(diagram) + EDGE)
        for place, item in enumerate(items):
            places[item] = y + (place + 0.5) * need / len(items)
        y += need + BLOCK_GAP
    return places, y


def _apart(diagram: Diagram, nodes: dict[str, Node]) -> dict[str, Node]:
    """Move factors of one column that would touch down."""
    result = dict(nodes)
    for level in range(diagram.levels):
        column = [name for name in diagram.factors if diagram.level(name) == level and name != diagram.general]
        lowest = -np.inf
        for name in sorted(column, key=lambda one: nodes[one].y):
            y = max(nodes[name].y, lowest + nodes[name].height / 2 + EDGE)
            result[name] = nodes[name]._replace(y=y)
            lowest = y + nodes[name].height / 2
    return result


class _Columns(NamedTuple):
    """Middles and widths of the columns."""

    factors: tuple[float, ...]
    items: float
    general: float
    ellipse: float
    box: float
    other: float
    width: float

    @classmethod
    def of(cls, diagram: Diagram, labels: dict[str, str], curved: Sequence[Arc]) -> _Columns:
        """Measure the words and lay the columns side by side."""
        ellipse = max(0.8, 1.25 * _wide(labels, diagram.factors) + PADDING)
        box = _wide(labels, diagram.items) + PADDING + (VALUE if diagram.general else 0.0)
        other = _wide(labels, diagram.others) + PADDING
        first = EDGE + _left_room(diagram, curved) + max(ellipse, other) / 2
        step = ellipse + LEVEL_GAP
        factors = tuple(first + (diagram.levels - 1 - level) * step for level in range(diagram.levels))
        items = factors[0] + ellipse / 2 + LONG + box / 2
        right = items + box / 2
        bulge = max((one.bulge for one in curved if one.bulge > 0), default=RESIDUALS - HALF_A_VALUE)
        general = right + LONG + ellipse / 2
        ends = [general + ellipse / 2 if diagram.general else right, right + bulge + HALF_A_VALUE]
        return cls(factors, items, general, ellipse, box, other, max(ends) + EDGE)


def _left_room(diagram: Diagram, curved: Sequence[Arc]) -> float:
    """Find how far the arcs of the leftmost column reach."""
    reach = [-one.bulge for one in curved if one.bulge < 0 and diagram.level(one.path.lhs) == diagram.levels - 1]
    return max(reach) + HALF_A_VALUE if reach else 0.0


def _wide(labels: dict[str, str], names: Sequence[str]) -> float:
    return text_width([labels[name] for name in names], SMALL) / 72
