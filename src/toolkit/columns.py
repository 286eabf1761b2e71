"""Which column of a file holds which item, key or covariate."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .checks import listed, nearest, quoted
from .errors import Fault

NUMBER = "{n}"
DIGITS = "0123456789"


@dataclass(frozen=True)
class ColumnMap:
    """Our names and, for each, the column that holds it.

    Attributes
    ----------
    names : our name → the file's column.
    faults : everything in the map that does not fit.
    """

    names: Mapping[str, str]
    faults: tuple[Fault, ...]


def map_columns(rules: Mapping[str, str], ours: Sequence[str], theirs: Sequence[str]) -> ColumnMap:
    """Apply `ours: theirs` rules, in which `{n}` stands for a number (with or without leading zeros).

    Examples
    --------
    >>> map_columns({"has{n}": "Q12_{n}"}, ["has01", "has02"], ["Q12_1", "Q12_2"]).names
    {'has01': 'Q12_1', 'has02': 'Q12_2'}
    """
    names: dict[str, str] = {}
    faults: list[Fault] = []
    for our, their in rules.items():
        pairs, fault = _pattern(our, their, ours, theirs) if NUMBER in our else _single(our, their, ours, theirs)
        names.update(pairs)
        faults += [fault] if fault else []
    faults += _shared(names)
    for name in ours:
        if name not in names and name in theirs and name not in names.values():
            names[name] = name
    return ColumnMap(names, tuple(faults))


def _single(our: str, their: str, ours: Sequence[str], theirs: Sequence[str]) -> tuple[dict[str, str], Fault | None]:
    if our not in ours:
        message = f"there is no item or covariate {quoted(our)} in this study.{nearest(our, ours)}"
        return {}, Fault(f"columns, {quoted(our)}", message)
    if their not in theirs:
        return {}, Fault(f"columns, {quoted(our)}", f"the data have no column {quoted(their)}.{nearest(their, theirs)}")
    return {our: their}, None


def _pattern(our: str, their: str, ours: Sequence[str], theirs: Sequence[str]) -> tuple[dict[str, str], Fault | None]:
    place = f"columns, {quoted(our)}"
    if NUMBER not in their:
        return {}, Fault(place, f"{quoted(their)} needs {NUMBER} too, where the number stands in the file's columns")
    found_ours, found_theirs = _numbered(our, ours), _numbered(their, theirs)
    if not found_ours:
        return {}, Fault(place, f"no item is named like {quoted(our)}. Items: {listed(ours)}")
    pairs = {name: found_theirs[number] for number, name in found_ours.items() if number in found_theirs}
    if not pairs:
        return {}, Fault(place, f"no column is named like {quoted(their)}. Columns: {listed(theirs)}")
    twice = [number for number, times in Counter(_numbers(their, theirs)).items() if times > 1]
    if twice:
        return {}, Fault(place, f"several columns are number {twice[0]} of {quoted(their)}; rename or remove one")
    return pairs, None


def _numbered(pattern: str, names: Sequence[str]) -> dict[int, str]:
    """Find the names that fit a pattern, by their number."""
    return {number: name for name in names for number in _numbers(pattern, [name])}


def _numbers(pattern: str, names: Sequence[str]) -> list[int]:
    expression = re.compile(re.escape(pattern).replace(re.escape(NUMBER), r"(\d{1,9})", 1))
    return [int(match.group(1)) for match in map(expression.fullmatch, names) if match]


def _shared(names: Mapping[str, str]) -> Iterator[Fault]:
    for column, times in Counter(names.values()).items():
        if times > 1:
            ours = [name for name, their in names.items() if their == column]
            yield Fault("columns", f"the column {quoted(column)} is mapped to {listed(ours)}; keep one of them")


def lookalikes(columns: Sequence[str], items: Sequence[str]) -> list[str]:
    """Find unused columns that are named like items (same letters, another number): likely typing errors.

    Examples
    --------
    >>> lookalikes(["rws99", "age"], ["rws01", "rws02"])
    ['rws99']
    """
    stems = Counter(_stem(name) for name in items if _stem(name) not in ("", name))
    known = {stem for stem, times in stems.items() if times > 1}
    return [name for name in columns if _stem(name) in known and _stem(name) != name]


def _stem(name: str) -> str:
    return name.rstrip(DIGITS)
