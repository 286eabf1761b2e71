"""Expressions of `:=` and `==`: read into a small tree, evaluated on arrays, real or complex.

Every function is analytic where it is defined, so that derivatives come to machine precision from complex steps;
`abs` of a complex number is ±z, by the sign of its real part, for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...checks import listed, nearest, quoted
from ...errors import Fault, ModelError
from .tokens import Mistake, Reader, number_of, statements, tokens_of

AnyArray = npt.NDArray[Any]
DEEPEST = 50
FUNCTIONS: dict[str, Callable[[AnyArray], AnyArray]] = {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "abs": lambda z: np.where(np.real(z) < 0, -z, z),
}


@dataclass(frozen=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True)
class Name:
    """The label of a parameter, or a defined parameter."""

    name: str


@dataclass(frozen=True)
class Sum:
    """Terms that are added, or subtracted where `minus` is true."""

    terms: tuple[Expression, ...]
    minus: tuple[bool, ...]


@dataclass(frozen=True)
class Product:
    """Factors that multiply, or divide where `below` is true."""

    factors: tuple[Expression, ...]
    below: tuple[bool, ...]


@dataclass(frozen=True)
class Power:
    """A power."""

    base: Expression
    exponent: Expression


@dataclass(frozen=True)
class Call:
    """A function of one argument."""

    function: str
    argument: Expression


Expression = Number | Name | Sum | Product | Power | Call


def parse_expression(text: str) -> Expression:
    """Read an expression.

    Raises
    ------
    ModelError
        With the place of what cannot be read.

    Examples
    --------
    >>> float(evaluate(parse_expression("-a^2 + b/2"), {"a": np.array(3.0), "b": np.array(4.0)}))
    -7.0
    """
    parts = statements(tokens_of(text))
    try:
        if len(parts) != 1:
            place = parts[1][0] if parts else tokens_of("")[0]
            raise Mistake(place.fault("one expression is due here"))
        return read_expression(Reader(parts[0]))
    except Mistake as problem:
        raise ModelError.from_faults(f"the expression {quoted(text)}", [problem.fault]) from None


def read_expression(reader: Reader) -> Expression:
    """Read a whole expression: all that is left."""
    found = _sum(reader, 0)
    if reader.next.kind != "end":
        raise Mistake(reader.next.fault(f"{reader.next.shown} where + - * / or ^, or the end of the formula, is due"))
    return found


def _sum(reader: Reader, depth: int) -> Expression:
    terms, minus = [_product(reader, depth)], [False]
    while reader.next.kind == "sign" and reader.next.text in ("+", "-"):
        minus.append(reader.take().text == "-")
        terms.append(_product(reader, depth))
    return terms[0] if len(terms) == 1 else Sum(tuple(terms), tuple(minus))


def _product(reader: Reader, depth: int) -> Expression:
    factors, below = [_signed(reader, depth)], [False]
    while reader.next.kind == "sign" and reader.next.text in ("*", "/"):
        below.append(reader.take().text == "/")
        factors.append(_signed(reader, depth))
    return factors[0] if len(factors) == 1 else Product(tuple(factors), tuple(below))


def _signed(reader: Reader, depth: int) -> Expression:
    """Read signs before a power: −a² is −(a²)."""
    minus = False
    while reader.next.kind == "sign" and reader.next.text in ("+", "-"):
        minus ^= reader.take().text == "-"
    found = _power(reader, depth)
    return Sum((found,), (True,)) if minus else found


def _power(reader: Reader, depth: int) -> Expression:
    if depth > DEEPEST:
        raise Mistake(reader.next.fault(f"more than {DEEPEST} parentheses or powers stand inside one another"))
    base = _atom(reader, depth)
    return Power(base, _signed(reader, depth + 1)) if reader.took("^", "**") else base


def _atom(reader: Reader, depth: int) -> Expression:
    token = reader.take()
    if token.kind == "number":
        return Number(number_of(token))
    if token.kind == "name" and not reader.took("("):
        return Name(token.text)
    if token.kind == "name":
        if token.text not in FUNCTIONS:
            advice = f"use {listed(FUNCTIONS)}.{nearest(token.text, FUNCTIONS)}"
            raise Mistake(token.fault(f"there is no function {quoted(token.text)}; {advice}"))
        return Call(token.text, _closed(reader, depth))
    if token.kind == "sign" and token.text == "(":
        return _closed(reader, depth)
    raise Mistake(token.fault(f"{token.shown} where a number, a label or a parenthesis is due"))


def _closed(reader: Reader, depth: int) -> Expression:
    found = _sum(reader, depth + 1)
    reader.expect(")", "close the parenthesis")
    return found


def names_in(expression: Expression) -> Iterator[str]:
    """List the labels that an expression uses, in order; a label may come more than once."""
    match expression:
        case Name(name):
            yield name
        case Sum(parts) | Product(parts):
            for part in parts:
                yield from names_in(part)
        case Power(base, exponent):
            yield from names_in(base)
            yield from names_in(exponent)
        case Call(_, argument):
            yield from names_in(argument)


def evaluate(expression: Expression, values: Mapping[str, AnyArray]) -> AnyArray:
    """Compute an expression from the values of its labels; what is not defined (log of −1) comes out as NaN or ∞."""
    with np.errstate(all="ignore"):
        return np.asarray(_value(expression, values))


def _value(expression: Expression, values: Mapping[str, AnyArray]) -> AnyArray:
    match expression:
        case Number(number):
            return np.asarray(number)
        case Name(name):
            return values[name]
        case Sum(terms, minus):
            parts = [_value(term, values) for term in terms]
            return np.asarray(sum(-part if less else part for part, less in zip(parts, minus, strict=True)))
        case Product(factors, below):
            result = np.asarray(1.0)
            for factor, divide in zip(factors, below, strict=True):
                value = _value(factor, values)
                result = result / value if divide else result * value
            return result
        case Power(base, exponent):
            return _raised(_value(base, values), _value(exponent, values))
        case Call(function, argument):
            return FUNCTIONS[function](_value(argument, values))


def _raised(base: AnyArray, exponent: AnyArray) -> AnyArray:
    """Raise to a power; whole powers of negative numbers keep an exact imaginary part."""
    whole = exponent.ndim == 0 and exponent.imag == 0 and float(exponent.real).is_integer()
    return np.asarray(base ** int(exponent.real) if whole and abs(exponent.real) < 100 else base**exponent)


@dataclass(frozen=True)
class Affine:
    """Σ slope × label + constant."""

    slopes: dict[str, float]
    constant: float

    def times(self, factor: float) -> Affine:
        """Multiply by a number."""
        return Affine({name: factor * slope for name, slope in self.slopes.items()}, factor * self.constant)

    def plus(self, other: Affine) -> Affine:
        """Add another one."""
        slopes = dict(self.slopes)
        for name, slope in other.slopes.items():
            slopes[name] = slopes.get(name, 0.0) + slope
        return Affine(slopes, self.constant + other.constant)


def affine(expression: Expression, known: Mapping[str, Affine | None]) -> Affine | None:
    """Write an expression as a sum of labels times numbers, or return None where it is not linear.

    `known` holds what names stand for: fixed parameters are constants, definitions may be linear or not (None); a name
    that is not there is a free parameter of that label.
    """
    match expression:
        case Number(number):
            return Affine({}, number)
        case Name(name):
            return known[name] if name in known else Affine({name: 1.0}, 0.0)
        case Sum(terms, minus):
            total = Affine({}, 0.0)
            for term, less in zip(terms, minus, strict=True):
                part = affine(term, known)
                if part is None:
                    return None
                total = total.plus(part.times(-1.0 if less else 1.0))
            return total
        case Product(factors, below):
            return _affine_product([affine(factor, known) for factor in factors], below)
        case Power() | Call():
            parts = {name: affine(Name(name), known) for name in names_in(expression)}
            values = {name: np.asarray(one.constant) for name, one in parts.items() if one and not one.slopes}
            return Affine({}, float(evaluate(expression, values))) if len(values) == len(parts) else None


def _affine_product(parts: list[Affine | None], below: tuple[bool, ...]) -> Affine | None:
    total = Affine({}, 1.0)
    for part, divide in zip(parts, below, strict=True):
        if part is None or (part.slopes and (total.slopes or divide)):
            return None
        if part.slopes:
            total = part.times(total.constant)
        elif divide and part.constant == 0.0:
            return None
        else:
            total = total.times(1.0 / part.constant if divide else part.constant)
    return total


def unknown_names(expression: Expression, known: Container[str], place: str, labels: Sequence[str]) -> Iterator[Fault]:
    """Name what an expression uses and nothing is called; `labels` are offered instead."""
    advice = f"Labels: {listed(labels, 20)}" if labels else "No parameter has a label; write for example y ~ a*x"
    for name in dict.fromkeys(names_in(expression)):
        if name not in known:
            yield Fault(place, f"no parameter has the label {quoted(name)}.{nearest(name, labels)} {advice}")
