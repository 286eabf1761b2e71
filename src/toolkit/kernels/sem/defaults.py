"""From a model text to its parameter table: what lavaan's `cfa()` and `sem()` add, in lavaan's order of rows."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import TypeVar

from ...checks import check_known, check_one_of, counted, listed, quoted
from ...errors import ArgumentError, Fault, ModelError, ModelWarning
from .equality import GROUP_EQUAL, with_equal_groups
from .roles import Roles
from .syntax import SUBJECT, Syntax, Term, parse
from .table import Parameter, ParameterTable

CATEGORIES = ("thresholds", "intercepts")
Entry = TypeVar("Entry")


@dataclass(frozen=True)
class TableOptions:
    """What stands beside the text of a model; the names are lavaan's.

    Attributes
    ----------
    std_lv : factors have variance 1; else the first loading of each factor is 1.
    orthogonal : exogenous factors do not covary.
    meanstructure : whether there are intercepts; None: where the text, ordinal variables or groups ask for them.
    groups : labels of the groups.
    group_equal : what is equal over groups: loadings, intercepts, means, thresholds, regressions, residuals,
        residual.covariances, lv.variances, lv.covariances.
    group_partial : parameters that are not, such as `f=~x2` or `x3~1`.
    ordinal : ordinal variables with their numbers of categories.
    parameterization : of ordinal variables, `delta` or `theta`.
    fixed_x : moments of observed predictors are fixed at their sample values.
    """

    std_lv: bool = False
    orthogonal: bool = False
    meanstructure: bool | None = None
    groups: tuple[str, ...] = ("",)
    group_equal: tuple[str, ...] = ()
    group_partial: tuple[str, ...] = ()
    ordinal: Mapping[str, int] = field(default_factory=dict)
    parameterization: str = "delta"
    fixed_x: bool = True

    def __post_init__(self) -> None:
        check_one_of("parameterization", self.parameterization, ("delta", "theta"))
        check_known("group_equal", self.group_equal, GROUP_EQUAL, "kind of parameter")
        if self.group_equal and len(self.groups) < 2:
            raise ArgumentError(f"group_equal is {listed(self.group_equal)}, but there is one group; give group=.")

    @property
    def equal(self) -> frozenset[str]:
        """What is equal over groups; with ordinal variables thresholds and intercepts go together, as in lavaan."""
        together = CATEGORIES if self.ordinal and set(CATEGORIES) & set(self.group_equal) else ()
        return frozenset((*self.group_equal, *together))


def parameter_table(model: str | Syntax, options: TableOptions = TableOptions()) -> ParameterTable:
    """Make the parameter table of a model, as lavaan's `cfa()` and `sem()` do.

    Added where the text does not name them: the first loading of each factor fixed at 1 (or factor variances, with
    `std_lv`), residual variances, variances and covariances of exogenous factors, covariances of outcomes that predict
    nothing, thresholds and scaling factors of ordinal variables, intercepts. The residual variance of a factor's only
    indicator is 0, of an ordinal variable 1. With equal loadings factor variances are free in later groups, with equal
    intercepts factor means, with equal thresholds scaling factors (delta) or residual variances (theta) as well.

    Raises
    ------
    ModelError
        With every fault of the text, or of how the text and the options fit together.

    Notes
    -----
    lavaan 0.6-14: `parTable(cfa(model, data, ...))`. Other than lavaan, a start value on a parameter that the rules
    fix is refused, where lavaan takes it for the fixed value; as is a threshold beyond the categories.

    Examples
    --------
    >>> table = parameter_table("f =~ x1 + x2 + x3")
    >>> [(one.name, one.fixed) for one in table.parameters]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('f=~x1', 1.0), ('f=~x2', None), ('f=~x3', None), ('x1~~x1', None), ('x2~~x2', None), ('x3~~x3', None),
     ('f~~f', None)]
    """
    syntax = parse(model) if isinstance(model, str) else model
    builder = _Builder(syntax, Roles.of(syntax), options)
    if faults := list(builder.faults()):
        raise ModelError.from_faults(SUBJECT, faults)
    _warn(builder)
    rows = [row for group in range(len(options.groups)) for row in builder.rows(group)]
    table = ParameterTable(
        parameters=tuple(rows),
        observed=builder.roles.observed,
        latent=builder.roles.latent,
        ordinal=builder.ordinal,
        parameterization=options.parameterization,
        groups=options.groups,
        exogenous=builder.roles.held if options.fixed_x else (),
        predictors=builder.roles.held,
        definitions=syntax.definitions,
        constraints=syntax.constraints,
    )
    return with_equal_groups(table, options.equal, options.group_partial, builder.roles.held)


def _warn(builder: _Builder) -> None:
    """Say where lavaan's rules do something that a reader of the text may not expect."""
    roles = builder.roles
    random = [name for name in roles.predictors if name not in roles.held]
    if random and roles.held and builder.options.fixed_x:
        warnings.warn(
            f"The model names a variance, covariance or mean of {listed(random)}, which then do not covary with "
            f"{listed(roles.held)}: take it out, or name the covariances of all predictors with ~~.",
            ModelWarning,
            stacklevel=3,
        )
    single = [one.name for one in builder.syntax.terms if len(one.modifiers.labels) == 1]
    if single and len(builder.options.groups) > 1:
        warnings.warn(
            f"One label makes a parameter equal in all groups: {listed(single)}. Give a label for each group, as in "
            "c(a1, a2)*x, if that is not meant.",
            ModelWarning,
            stacklevel=3,
        )


@dataclass(frozen=True)
class _Builder:
    """Makes the rows of one group after the other."""

    syntax: Syntax
    roles: Roles
    options: TableOptions

    @property
    def ordinal(self) -> tuple[str, ...]:
        """Ordinal variables of the model."""
        return tuple(name for name in self.roles.observed if name in self.options.ordinal)

    @property
    def has_means(self) -> bool:
        """Tell whether the model has intercepts."""
        if self.ordinal or any(one.op == "~1" for one in self.syntax.terms):
            return True
        wanted = self.options.meanstructure
        return len(self.options.groups) > 1 if wanted is None else wanted

    def rows(self, group: int) -> list[Parameter]:
        """Make the rows of one group: those of the text, then those that the rules add."""
        said = [self._stated(term, group) for term in self.syntax.terms]
        names = {(one.lhs, one.op, one.rhs) for one in said}
        added = (replace(one, group=group) for one in self._added(group))
        return [*said, *(one for one in added if (one.lhs, one.op, one.rhs) not in names)]

    def _stated(self, term: Term, group: int) -> Parameter:
        lhs, rhs = self.roles.in_order(term.lhs, term.rhs) if term.op == "~~" else (term.lhs, term.rhs)
        value = _of_group(term.modifiers.values, group)
        fixed = self._rule(term) if value is None else None if math.isnan(value) else value
        start = _of_group(term.modifiers.starts, group)
        return Parameter(lhs, term.op, rhs, group, fixed, start, self._label(term, group))

    def _rule(self, term: Term) -> float | None:
        """Find the value at which a parameter of the text is fixed where the text gives none."""
        standardised = term.op == "~~" and term.lhs == term.rhs and term.lhs in self.roles.latent
        marker = term.op == "=~" and (term.lhs, term.rhs) in self.roles.markers
        return 1.0 if (standardised if self.options.std_lv else marker) else None

    def _label(self, term: Term, group: int) -> str:
        own = _of_group(term.modifiers.labels, group)
        if own is not None:
            return own
        named = term.modifiers.equal or term.name
        target = self._places.get(named)
        if target is None or named not in self._followed:
            return ""
        return _of_group(self.syntax.terms[target].modifiers.labels, group) or f".p{target + 1}."

    @cached_property
    def _places(self) -> dict[str, int]:
        """Where the text names each parameter."""
        return {one.name: index for index, one in enumerate(self.syntax.terms)}

    @cached_property
    def _followed(self) -> set[str]:
        """Parameters that others equal by ``equal()``."""
        return {one.modifiers.equal for one in self.syntax.terms}

    def _added(self, group: int) -> Iterator[Parameter]:
        roles = self.roles
        for name in self.ordinal:
            yield from (Parameter(name, "|", f"t{k}") for k in range(1, self.options.ordinal[name]))
        for name in roles.observed:
            if name not in roles.held:
                yield Parameter(name, "~~", name, fixed=self._residual(name, group))
        for name in roles.latent:
            yield Parameter(name, "~~", name, fixed=self._latent_variance(name, group))
        for left, right in combinations(roles.exogenous_latent, 2):
            yield Parameter(left, "~~", right, fixed=0.0 if self.options.orthogonal else None)
        for left, right in combinations(roles.outcomes, 2):
            apart = self.options.orthogonal and right in roles.latent
            yield Parameter(left, "~~", right, fixed=0.0 if apart else None)
        for index, left in enumerate(roles.held):
            yield from (self._held(left, "~~", right) for right in roles.held[index:])
        for name in self.ordinal:
            yield Parameter(name, "~*~", name, fixed=None if self._released("delta", group) else 1.0)
        if self.has_means:
            yield from self._intercepts(group)

    def _intercepts(self, group: int) -> Iterator[Parameter]:
        for name in self.roles.observed:
            if name in self.roles.held:
                yield self._held(name, "~1", "")
            else:
                yield Parameter(name, "~1", "", fixed=0.0 if name in self.ordinal else None)
        equal = self.options.equal
        released = group > 0 and set(CATEGORIES) & equal and "means" not in equal
        for name in self.roles.latent:
            yield Parameter(name, "~1", "", fixed=None if released else 0.0)

    def _held(self, lhs: str, op: str, rhs: str) -> Parameter:
        return Parameter(lhs, op, rhs, fixed=math.nan if self.options.fixed_x else None)

    def _residual(self, name: str, group: int) -> float | None:
        if name in self.ordinal:
            free = self._released("theta", group) and "residuals" not in self.options.equal
            return None if free else 1.0
        return 0.0 if name in self.roles.single else None

    def _released(self, parameterization: str, group: int) -> bool:
        """Tell whether equal thresholds free the scale of ordinal variables in this group."""
        return group > 0 and "thresholds" in self.options.equal and self.options.parameterization == parameterization

    def _latent_variance(self, name: str, group: int) -> float | None:
        if name in self.roles.single:
            return 0.0
        equal = self.options.equal
        released = group > 0 and "loadings" in equal and "lv.variances" not in equal
        return 1.0 if self.options.std_lv and not released else None

    def faults(self) -> Iterator[Fault]:
        """Find what does not fit together."""
        for term in self.syntax.terms:
            yield from self._faults_of(term)
        labels = {label for one in self.syntax.terms for label in one.modifiers.labels}
        for one in self.syntax.definitions:
            if one.left in labels:
                yield Fault(
                    one.place, f"{quoted(one.left)} is a label as well; give the defined parameter another name"
                )

    def _faults_of(self, term: Term) -> Iterator[Fault]:
        given, groups = term.modifiers, len(self.options.groups)
        for kind in (given.values, given.starts, given.labels):
            if len(kind) not in (0, 1, groups):
                there = counted(groups, "group")
                yield term.place.fault(
                    f"{quoted(term.name)} has a list of {len(kind)} modifiers for {there}; give one for each"
                )
        if given.starts and not given.values and self._rule(term) is not None:
            advice = f"fix it with a number alone, or free it with NA: NA*{term.rhs}"
            yield term.place.fault(f"{quoted(term.name)} is fixed at 1 and cannot have a start value; {advice}")
        if given.equal and all(one.name != given.equal for one in self.syntax.terms):
            yield term.place.fault(
                f"{quoted(term.name)} shall equal {quoted(given.equal)}, which the text does not name"
            )
        yield from self._faults_of_categories(term)

    def _faults_of_categories(self, term: Term) -> Iterator[Fault]:
        categories = self.options.ordinal.get(term.lhs)
        if term.op in ("|", "~*~") and categories is None:
            yield term.place.fault(f"{quoted(term.lhs)} is not ordinal and has no {term.op}; name it in ordered=")
        elif term.op == "|" and categories is not None and int(term.rhs[1:]) >= categories:
            there = f"{categories} categories, so {counted(categories - 1, 'threshold')}"
            yield term.place.fault(f"{quoted(term.name)} does not exist: {quoted(term.lhs)} has {there}")
        elif (term.lhs, term.rhs) in self.roles.markers and term.lhs in self.options.ordinal:
            yield term.place.fault(
                f"the factor {quoted(term.lhs)} is named in ordered=; only observed variables are ordinal"
            )
        elif term.op == "~" and term.rhs in self.roles.predictors and term.rhs in self.options.ordinal:
            advice = "predictors are taken as numbers: leave it out of ordered="
            yield term.place.fault(f"{quoted(term.rhs)} only predicts and is named in ordered=; {advice}")


def _of_group(values: tuple[Entry, ...], group: int) -> Entry | None:
    """Choose a group's entry; one entry serves all groups."""
    if not values:
        return None
    return values[group] if len(values) > 1 else values[0]
