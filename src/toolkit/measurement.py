"""An instrument's own measurement model, as text in lavaan's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from .checks import check_one_of, listed, quoted
from .errors import InstrumentError

ModelKind = Literal["correlated", "one_factor", "second_order", "bifactor"]
WORD = re.compile(r"(?:[^\W\d]|\.(?!\d))[\w.]*")


class ScaleParts(Protocol):
    """What a model needs to know of a scale."""

    @property
    def items(self) -> Sequence[str]:
        """Its own items."""

    @property
    def scales(self) -> Sequence[str]:
        """The scales that it pools."""

    @property
    def kind(self) -> str:
        """`scale`, or `composite`, which is no factor."""


def measurement_model(
    kind: ModelKind, scales: Mapping[str, ScaleParts], reversed_items: Collection[str], instrument: str
) -> str:
    """Write the measurement model of an instrument's scales.

    Raises
    ------
    InstrumentError
        Where the scales make no such model.
    """
    check_one_of("kind", kind, tuple(KINDS))
    builder = Builder(scales, frozenset(reversed_items), instrument)
    if not builder.first:
        raise InstrumentError(f"{instrument} has no scale with items, so no measurement model; add one to its file.")
    return "\n".join(KINDS[kind](builder))


def factor_models(scales: Mapping[str, ScaleParts], reversed_items: Collection[str], instrument: str) -> dict[str, str]:
    """Write one model for each scale of three items or more; composites are no factors."""
    builder = Builder(scales, frozenset(reversed_items), instrument)
    return {
        name: builder.measured(builder.factor(name), items) for name, items in builder.first.items() if len(items) > 2
    }


@dataclass(frozen=True)
class Builder:
    """Writes models of an instrument's scales."""

    scales: Mapping[str, ScaleParts]
    reversed_items: frozenset[str]
    instrument: str

    @property
    def first(self) -> dict[str, Sequence[str]]:
        """Scales that have items themselves, composites left out."""
        return {name: one.items for name, one in self.scales.items() if one.items and one.kind != "composite"}

    @property
    def items(self) -> list[str]:
        """All items of these scales, each once."""
        return list(dict.fromkeys(item for items in self.first.values() for item in items))

    @property
    def pools(self) -> dict[str, list[str]]:
        """Scales that pool at least three others, with what measures them: factors and single items."""
        found: dict[str, list[str]] = {}
        for name, one in self.scales.items():
            if one.scales and one.kind != "composite" and len(self._parts(name)) >= 3:
                found[name] = self._parts(name)
        return found

    def _parts(self, pool: str) -> list[str]:
        found: list[str] = []
        for name in self.scales[pool].scales:
            part = self.scales[name]
            whole = part.kind != "composite" and (part.items or len(self._parts(name)) >= 3)
            found += [self.indicator(name)] if whole else list(part.items) or self._parts(name)
        return list(dict.fromkeys(found))

    def factor(self, scale: str) -> str:
        """Name a scale's factor: its id, or `id_factor` where an item has that name."""
        return f"{scale}_factor" if scale in self.items else scale

    def indicator(self, scale: str) -> str:
        """Name what stands for a scale: its factor, or its only item."""
        items = self.scales[scale].items
        return items[0] if len(items) == 1 else self.factor(scale)

    def general(self) -> str:
        """Name the factor of all items: the scale that pools them, or `general`."""
        everything = set(self.items)
        for name, one in self.scales.items():
            if one.kind != "composite" and set(self._items(name)) == everything:
                return self.factor(name)
        return next(
            name for name in ("general", "general_factor", "g_general") if name not in (*self.scales, *everything)
        )

    def _items(self, scale: str) -> list[str]:
        one = self.scales[scale]
        return [*one.items, *(item for name in one.scales for item in self._items(name))]

    def word(self, name: str) -> str:
        """Write a name as the language takes it."""
        if name == "NA" or "`" in name:
            raise InstrumentError(f"{self.instrument}: {quoted(name)} cannot stand in a model; rename it.")
        return name if WORD.fullmatch(name) else f"`{name}`"

    def measured(self, factor: str, indicators: Sequence[str]) -> str:
        """Write one factor with its indicators."""
        return f"{self.word(factor)} =~ {' + '.join(map(self.word, self.marked(indicators)))}"

    def marked(self, indicators: Sequence[str]) -> list[str]:
        """Put an item that is not reversed first: its loading gives the factor its direction."""
        ahead = [one for one in indicators if one not in self.reversed_items][:1]
        return [*ahead, *(one for one in indicators if one not in ahead)]

    def singles(self) -> list[str]:
        """List the items of scales that have only one, without those that measure another scale's factor as well."""
        shared = {item for items in self.first.values() if len(items) > 1 for item in items}
        alone = dict.fromkeys(items[0] for items in self.first.values() if len(items) == 1)
        return [item for item in alone if item not in shared]

    def first_order(self) -> list[str]:
        """Write the factors of all scales with several items."""
        return [self.measured(self.factor(name), items) for name, items in self.first.items() if len(items) > 1]

    def beside(self, factors: Sequence[str], singles: Sequence[str]) -> Iterator[str]:
        """Let single items, which enter as observed, covary with factors and with each other."""
        for index, item in enumerate(singles):
            others = [*factors, *singles[index + 1 :]]
            if others:
                yield f"{self.word(item)} ~~ {' + '.join(map(self.word, others))}"


def _correlated(builder: Builder) -> Iterator[str]:
    yield from builder.first_order()
    factors = [builder.factor(name) for name, items in builder.first.items() if len(items) > 1]
    yield from builder.beside(factors, builder.singles())


def _one_factor(builder: Builder) -> Iterator[str]:
    yield builder.measured(builder.general(), builder.items)


def _second_order(builder: Builder) -> Iterator[str]:
    pools = builder.pools
    if not pools:
        raise InstrumentError(
            f"{builder.instrument} has no scale that pools three others (composites are no factors), so no factor of "
            "second order; use kind='correlated'."
        )
    yield from builder.first_order()
    yield from (builder.measured(builder.factor(name), parts) for name, parts in pools.items())
    inside = {part for parts in pools.values() for part in parts}
    top = [builder.factor(name) for name, items in builder.first.items() if len(items) > 1]
    top += [builder.factor(name) for name in pools]
    yield from builder.beside(
        [name for name in top if name not in inside], [item for item in builder.singles() if item not in inside]
    )


def _bifactor(builder: Builder) -> Iterator[str]:
    groups = {builder.factor(name): items for name, items in builder.first.items() if len(items) > 1}
    if len(groups) < 2:
        raise InstrumentError(
            f"{builder.instrument} has {listed(groups)} as its only scale with several items: a bifactor model needs "
            "two; use kind='one_factor'."
        )
    general = builder.general()
    yield builder.measured(general, builder.items)
    for name, items in groups.items():
        yield from _pair(builder, name, items) if len(items) == 2 else [builder.measured(name, items)]
    factors = [builder.word(name) for name in (general, *groups)]
    for left in factors[:-1]:
        yield f"{left} ~~ {' + '.join(f'0*{right}' for right in factors[factors.index(left) + 1 :])}"


def _pair(builder: Builder, name: str, items: Sequence[str]) -> Iterator[str]:
    """Write a group factor of two items, whose loadings are of equal size: the data tell only their product."""
    first, second = (f"{WORD.findall(name)[0]}_{number}" for number in (1, 2))
    one, other = builder.marked(items)
    opposite = (one in builder.reversed_items) != (other in builder.reversed_items)
    yield f"{builder.word(name)} =~ {first}*{builder.word(one)} + {second}*{builder.word(other)}"
    yield f"{second} == {'-' if opposite else ''}{first}"


KINDS: dict[ModelKind, Callable[[Builder], Iterator[str]]] = {
    "correlated": _correlated,
    "one_factor": _one_factor,
    "second_order": _second_order,
    "bifactor": _bifactor,
}
