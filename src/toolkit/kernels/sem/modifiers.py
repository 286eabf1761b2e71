"""Modifiers of a term in a model text: fixed values, start values, labels, alone or in lists for groups."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from ...checks import nearest, quoted
from .tokens import Mistake, Reader, Token, number_of

FUNCTIONS = ("c", "start", "label", "equal")
FREE = math.nan
HELP = 'a number, NA, a label, start(.5), equal("f=~x1") or a list for groups, c(0, NA), may stand before *'


@dataclass(frozen=True)
class Modifiers:
    """What a text says about one parameter; each tuple is empty, or holds one entry, or one per group.

    Attributes
    ----------
    values : fixed values; NaN where the text says `NA`, free.
    starts : start values.
    labels : labels.
    equal : the name of the parameter that it equals, or empty.
    """

    values: tuple[float, ...] = ()
    starts: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    equal: str = ""

    def joined(self, other: Modifiers) -> Modifiers | None:
        """Put two together; None where both say different things of one kind."""
        changes = {}
        for kind in fields(self):
            mine, theirs = getattr(self, kind.name), getattr(other, kind.name)
            if mine and theirs and repr(mine) != repr(theirs):
                return None
            changes[kind.name] = mine or theirs
        return replace(self, **changes)


def read_modified(reader: Reader) -> tuple[Token, Modifiers]:
    """Read a term: modifiers, each followed by `*`, and the variable (or the 1 of an intercept)."""
    found = Modifiers()
    while True:
        token = reader.next
        part, variable = _read_part(reader)
        if reader.took("*") or (reader.next.text == "?" and part and part.values):
            if part is None:
                raise Mistake(token.fault(f"{token.shown} before *, but {HELP}"))
            if reader.took("?"):
                part = Modifiers(starts=part.values)
            both = found.joined(part)
            if both is None:
                raise Mistake(
                    token.fault(f"{token.shown}, a second modifier of one kind; keep one value and one label")
                )
            found = both
        elif variable is None:
            raise Mistake(token.fault(f"{token.shown}, a modifier without a variable; write * and a name after it"))
        else:
            return variable, found


def _read_part(reader: Reader) -> tuple[Modifiers | None, Token | None]:
    """Read what may be a modifier, a variable, or either of them."""
    token = reader.take()
    if token.kind == "number":
        return Modifiers(values=(number_of(token),)), token
    if token.kind == "text":
        return Modifiers(labels=(token.text,)), None
    if token.kind == "sign" and token.text in ("-", "+"):
        number = reader.take()
        if number.kind != "number":
            raise Mistake(token.fault(f"{token.shown} where a name, or a number before *, is due"))
        return Modifiers(values=(number_of(number) * (-1.0 if token.text == "-" else 1.0),)), None
    if token.kind != "name":
        raise Mistake(token.fault(f"{token.shown} where the name of a variable, or a modifier, is due"))
    if reader.took("("):
        return _read_call(token, reader), None
    if token.text == "NA":
        return Modifiers(values=(FREE,)), None
    return Modifiers(labels=(token.text,)), token


def _read_call(function: Token, reader: Reader) -> Modifiers:
    if function.text not in FUNCTIONS:
        guess = nearest(function.text, FUNCTIONS)
        raise Mistake(function.fault(f"{quoted(function.text + '(')} is no modifier; {HELP}.{guess}"))
    entries = list(_entries(function, reader))
    numbers = tuple(entry for entry in entries if isinstance(entry, float))
    words = tuple(entry for entry in entries if isinstance(entry, str))
    if numbers and words:
        raise Mistake(function.fault(f"the list {function.text}(…) mixes numbers and labels; write one list for each"))
    match function.text:
        case "c":
            return Modifiers(values=numbers, labels=words)
        case "start" if numbers and not any(math.isnan(number) for number in numbers):
            return Modifiers(starts=numbers)
        case "label" if words:
            return Modifiers(labels=words)
        case "equal" if len(words) == 1:
            return Modifiers(equal="".join(words[0].split()))
    example = {"start": "start(.5)", "label": 'label("a")', "equal": 'equal("f=~x1")'}[function.text]
    raise Mistake(function.fault(f"{function.text}(…) does not hold what it needs; write for example {example}"))


def _entries(function: Token, reader: Reader) -> Iterator[float | str]:
    """Read what stands in parentheses, up to the closing one; `start(c(.5, .6))` is `start(.5, .6)`."""
    while True:
        token = reader.take()
        if token.kind == "name" and token.text == "c" and function.text != "c" and reader.took("("):
            yield from _entries(replace(function, text="c"), reader)
        elif token.kind == "name" and token.text == "NA":
            yield FREE
        elif token.kind in ("name", "text"):
            yield token.text
        elif token.kind == "number":
            yield number_of(token)
        elif token.kind == "sign" and token.text in ("-", "+") and reader.next.kind == "number":
            yield number_of(reader.take()) * (-1.0 if token.text == "-" else 1.0)
        else:
            raise Mistake(token.fault(f"{token.shown} where a number, NA or a label is due in {function.text}(…)"))
        if reader.took(")"):
            return
        reader.expect(",", f"the list {function.text}(…) has commas between its entries and ends with )")
