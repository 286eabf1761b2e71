"""Models of the steps of measurement invariance as text in lavaan's language, over groups, occasions or partners.

The factors of the first group (occasion) have mean 0 and variance 1; those of later ones are free as far as a step
allows (Millsap 2011, Statistical Approaches to Measurement Invariance). Ordinal items are identified as Wu & Estabrook
(2016, doi:10.1007/s11336-016-9506-0) have it: with equal thresholds their intercepts and scales are free in later
groups, with equal intercepts these are 0. ``semTools::measEq.syntax(ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016")``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..checks import check_known, listed
from ..errors import ArgumentError, ModelError
from ..kernels.sem.roles import Roles
from ..kernels.sem.syntax import Syntax, Term
from ..measurement import WORD

STEPS = ("configural", "thresholds", "metric", "scalar", "strict")
EQUAL = {"thresholds": "thresholds", "metric": "loadings", "scalar": "intercepts", "strict": "residuals"}
ALIASES = {kind: step for step, kind in EQUAL.items() if kind != step}
FREE = "NA"


def equal_kinds(step: str, ordinal: bool) -> tuple[str, ...]:
    """List what is equal at a step: its own kind and those of all steps before it."""
    kinds = [EQUAL[one] for one in STEPS[1 : STEPS.index(step) + 1]]
    return tuple(kind for kind in kinds if ordinal or kind != "thresholds")


@dataclass(frozen=True)
class Element:
    """One parameter in all groups or occasions: its value in each, `NA` where it is free, and whether it is equal."""

    lhs: str
    op: str
    rhs: str
    values: tuple[str, ...]
    equal: bool = False


@dataclass(frozen=True)
class MeasurementModel:
    """The measurement model of one group or occasion, and which of its parameters are left free.

    Attributes
    ----------
    syntax : the text of the caller.
    n_blocks : groups, occasions or partners.
    categories : ordinal variables with their numbers of categories.
    partial : parameters that no step makes equal, such as `f=~x2`, `x3~1`, `x1|t2` or `x1~~x1`.
    """

    syntax: Syntax
    n_blocks: int
    categories: Mapping[str, int] = field(default_factory=dict)
    partial: frozenset[str] = frozenset()

    @cached_property
    def roles(self) -> Roles:
        """What each variable is."""
        return Roles.of(self.syntax)

    @cached_property
    def loadings(self) -> tuple[Term, ...]:
        """Loadings of the text."""
        return tuple(one for one in self.syntax.terms if one.op == "=~")

    @cached_property
    def items(self) -> tuple[str, ...]:
        """Observed variables that measure a factor."""
        measured = {one.rhs for one in self.loadings}
        return tuple(name for name in self.roles.observed if name in measured)

    @property
    def scaled(self) -> frozenset[str]:
        """Factors whose scale a loading of the text fixes."""
        return frozenset(one.lhs for one in self.loadings if _value(one) not in (FREE, "0.0"))

    @property
    def others(self) -> tuple[str, ...]:
        """Observed variables that measure no factor, such as single items beside the factors."""
        return tuple(name for name in self.roles.observed if name not in self.items)

    @property
    def lower(self) -> tuple[str, ...]:
        """Factors that measure another one."""
        measured = {one.rhs for one in self.loadings}
        return tuple(name for name in self.roles.latent if name in measured)

    @property
    def higher(self) -> tuple[str, ...]:
        """Factors that other factors measure: their means are 0, since those of the factors below them are free."""
        return tuple(dict.fromkeys(one.lhs for one in self.loadings if one.rhs in self.lower))

    @property
    def binary(self) -> tuple[str, ...]:
        """Ordinal items with two categories."""
        return tuple(name for name in self.items if self.categories.get(name) == 2)

    def comparable(self) -> tuple[str, ...]:
        """Name the parameters that a step can make equal."""
        names = [one.name for one in self.loadings]
        for item in self.items:
            names += [f"{item}|t{number}" for number in range(1, self.categories.get(item, 1))]
            names += [f"{item}~1", f"{item}~~{item}"]
        return tuple(names)

    def check(self, generated: bool) -> None:
        """Refuse what cannot be compared; a generated text holds measurement models alone."""
        if not self.loadings:
            raise ModelError("Invariance is of measurement models, but the model has no factor: write one with =~.")
        check_known("partial", sorted(self.partial), self.comparable(), "parameter")
        if not generated:
            return
        told = [one.name for one in self.syntax.terms if one.op not in ("=~", "~~")]
        told += [one.name for one in self.syntax.terms if one.modifiers.labels or len(one.modifiers.values) > 1]
        told += [one.name for one in self.syntax.terms if one.modifiers.equal]
        told += [one.left for one in (*self.syntax.constraints, *self.syntax.definitions)]
        if told:
            raise ModelError(
                f"Ordinal items, occasions and partners are compared on plain measurement models (=~ and ~~ without "
                f"labels), but the text also states {listed(dict.fromkeys(told))}: leave that out."
            )

    def elements(self, equal: Sequence[str], theta: bool) -> Iterator[Element]:
        """List the parameters of all groups or occasions at a step, in the order of `measEq.syntax`."""
        yield from self._loadings(equal)
        for item in self.roles.observed:
            if item in self.categories:
                yield from self._ordinal(item, equal, theta)
            else:
                yield from self._continuous(item, equal)
        for name in self.roles.latent:
            free_mean = "intercepts" in equal and name not in self.higher
            yield Element(name, "~1", "", self._later("0", FREE if free_mean else "0"))
            first = FREE if name in self.scaled else "1"
            yield Element(name, "~~", name, self._later(first, FREE if "loadings" in equal else first))
        for term in self.syntax.terms:
            if term.op == "~~" and term.lhs != term.rhs:
                yield Element(term.lhs, "~~", term.rhs, self._later(_value(term), _value(term)))

    def _later(self, first: str, later: str) -> tuple[str, ...]:
        return (first, *(later,) * (self.n_blocks - 1))

    def _is_equal(self, name: str, kind: str, equal: Sequence[str]) -> bool:
        return kind in equal and name not in self.partial

    def _loadings(self, equal: Sequence[str]) -> Iterator[Element]:
        for term in self.loadings:
            value = _value(term)
            shared = self._is_equal(term.name, "loadings", equal) and value == FREE
            yield Element(term.lhs, "=~", term.rhs, self._later(value, value), shared)

    def _continuous(self, item: str, equal: Sequence[str]) -> Iterator[Element]:
        compared = item in self.items
        for op, rhs, kind in (("~1", "", "intercepts"), ("~~", item, "residuals")):
            value = self._stated(item, op, rhs)
            shared = compared and value == FREE and self._is_equal(f"{item}{op}{rhs}", kind, equal)
            yield Element(item, op, rhs, self._later(value, value), shared)

    def _ordinal(self, item: str, equal: Sequence[str], theta: bool) -> Iterator[Element]:
        """Identify an ordinal item: its scale and intercept are free in later groups where two thresholds are equal.

        Of a binary item they are as of others once loadings and intercepts are equal too, and the intercept is 0.
        """
        numbers = range(1, self.categories[item])
        names = [f"{item}|t{number}" for number in numbers]
        shared = [item in self.items and self._is_equal(name, "thresholds", equal) for name in names]
        for number, is_shared in zip(numbers, shared, strict=True):
            yield Element(item, "|", f"t{number}", self._later(FREE, FREE), is_shared)
        released = sum(shared) >= min(2, len(names)) and item in self.items
        fixed = self._is_equal(f"{item}~1", "intercepts", equal) or len(names) == 1
        yield Element(item, "~1", "", self._later("0", FREE if released and not fixed else "0"))
        strict = self._is_equal(f"{item}~~{item}", "residuals", equal)
        scale = FREE if released and not strict else "1"
        yield Element(item, "~~" if theta else "~*~", item, self._later("1", scale))

    def _stated(self, item: str, op: str, rhs: str) -> str:
        found = [one for one in self.syntax.terms if (one.lhs, one.op, one.rhs) == (item, op, rhs)]
        if found:
            return _value(found[0])
        return "0" if op == "~~" and item in self.roles.single else FREE


def group_text(model: MeasurementModel, equal: Sequence[str], theta: bool = False) -> str:
    """Write the model of several groups: `f =~ c(NA, NA)*x1 + c(p1, p1)*x1`."""
    lines = []
    for number, one in enumerate(model.elements(equal, theta), start=1):
        target = "1" if one.op == "~1" else _word(one.rhs)
        parts = [f"c({', '.join(one.values)})*{target}"]
        if one.equal:
            parts.append(f"c({', '.join([f'p{number}'] * model.n_blocks)})*{target}")
        lines.append(f"{_word(one.lhs)} {one.op.rstrip('1')} {' + '.join(parts)}")
    return "\n".join(lines)


def repeated_text(model: MeasurementModel, suffixes: Sequence[str], equal: Sequence[str], theta: bool = False) -> str:
    """Write the model of repeated measures: a factor for each occasion or partner, all in one group.

    What measures a factor covaries with itself on other occasions; factors covary freely, but where the text fixes
    their covariance they do not over occasions either.
    """
    numbered = enumerate(model.elements(equal, theta), start=1)
    lines = [line for number, one in numbered for line in _repeated(number, one, suffixes)]
    return "\n".join([*lines, *_over_occasions(model, suffixes)])


def _repeated(number: int, one: Element, suffixes: Sequence[str]) -> Iterator[str]:
    names = [f"{one.rhs}_{suffix}" if one.op not in ("~1", "|") else one.rhs or "1" for suffix in suffixes]
    for name, value, suffix in zip(names, one.values, suffixes, strict=True):
        target = name if one.op in ("~1", "|") else _word(name)
        label = f" + p{number}*{target}" if one.equal else ""
        yield f"{_word(f'{one.lhs}_{suffix}')} {one.op.rstrip('1')} {value}*{target}{label}"


def _over_occasions(model: MeasurementModel, suffixes: Sequence[str]) -> Iterator[str]:
    pairs = [(one, other) for index, one in enumerate(suffixes) for other in suffixes[index + 1 :]]
    for name in (*model.roles.observed, *model.lower):
        yield from (f"{_word(f'{name}_{one}')} ~~ {_word(f'{name}_{other}')}" for one, other in pairs)
    whole = {*model.others, *model.roles.latent} - set(model.lower)
    for term in model.syntax.terms:
        if term.op == "~~" and term.lhs != term.rhs and {term.lhs, term.rhs} <= whole:
            start = "" if _value(term) == FREE else "0*"
            for one, other in (*pairs, *((second, first) for first, second in pairs)):
                yield f"{_word(f'{term.lhs}_{one}')} ~~ {start}{_word(f'{term.rhs}_{other}')}"


def check_steps(steps: Sequence[str] | None, model: MeasurementModel) -> tuple[str, ...]:
    """Put the steps in order, under the names used here; by default all that the items allow."""
    ordinal = any(name in model.categories for name in model.items)
    impossible = set() if ordinal else {"thresholds"}
    impossible |= {"thresholds", "metric"} if model.binary else set()
    if steps is None:
        return tuple(step for step in STEPS if step not in impossible)
    wanted = [steps] if isinstance(steps, str) else list(steps)
    check_known("steps", wanted, (*STEPS, *ALIASES), "step")
    chosen = {ALIASES.get(step, step) for step in wanted} | {"configural"}
    if "thresholds" in chosen and not ordinal:
        raise ArgumentError("steps names thresholds, which items have only where they are ordinal: leave it out.")
    if model.binary and chosen & impossible:
        raise ArgumentError(
            f"steps names {listed(sorted(chosen & impossible))}, but {listed(model.binary)} have two categories, whose "
            "thresholds, loadings and intercepts can only be tested together (Wu & Estabrook 2016): use "
            "steps=('configural', 'scalar', 'strict')."
        )
    if len(chosen) == 1:
        raise ArgumentError("steps names no step after configural, so there is nothing to compare; name 'metric'.")
    return tuple(step for step in STEPS if step in chosen)


def _value(term: Term) -> str:
    """Give the value at which the text fixes a parameter, or `NA`."""
    if not term.modifiers.values or term.modifiers.values[0] != term.modifiers.values[0]:
        return FREE
    return repr(term.modifiers.values[0])


def _word(name: str) -> str:
    return name if WORD.fullmatch(name) else f"`{name}`"
