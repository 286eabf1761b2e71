"""One function per rule; each message names the argument, the value and the remedy."""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from .errors import ArgumentError

LISTED = 8
ROWS_SHOWN = 5
QUOTED = 60
LONGEST_NAME = 200


def quoted(value: object) -> str:
    """Show a value inside a message: quoted, on one line, cut where it is long."""
    text = value if isinstance(value, str) else " ".join(str(value).split())
    text = text if len(text) <= QUOTED else f"{text[: QUOTED - 1]}…"
    return repr(text) if isinstance(value, str) else text


def plain(value: object, limit: int = 400) -> str:
    r"""Show a path or a number inside a message: without quotes, on one line, whole unless it is very long.

    Examples
    --------
    >>> plain("a\nb.csv")
    'a\\nb.csv'
    """
    text = str(value)
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text[:limit]) + "…" * (
        len(text) > limit
    )


def listed(values: Iterable[object], limit: int = LISTED) -> str:
    """Show several values inside a message, the first few by name."""
    everything = list(values)
    shown = ", ".join(quoted(value) for value in everything[:limit])
    return shown if len(everything) <= limit else f"{shown} and {len(everything) - limit} more"


def counted(number: int, noun: str) -> str:
    """Write a number with its noun, in the plural where there are several.

    Examples
    --------
    >>> counted(1, "item"), counted(3, "item")
    ('1 item', '3 items')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def first_few(parts: Sequence[str], limit: int, noun: str) -> str:
    """Put the first few parts of a sentence together, and count the others.

    Examples
    --------
    >>> first_few(["a with b", "a with c", "b with c"], 2, "pair")
    'a with b; a with c; and 1 more pair'
    """
    more = [f"and {counted(len(parts) - limit, f'more {noun}')}"] if len(parts) > limit else []
    return "; ".join([*parts[:limit], *more])


def rows(positions: Sequence[int]) -> str:
    """Name rows inside a message, counted from 1: the first few, and how many more.

    Examples
    --------
    >>> rows([0]), rows([2, 5])
    ('row 1', 'rows 3, 6')
    """
    shown = ", ".join(str(position + 1) for position in positions[:ROWS_SHOWN])
    more = f" and {len(positions) - ROWS_SHOWN} more" if len(positions) > ROWS_SHOWN else ""
    return f"row{'s' if len(positions) > 1 else ''} {shown}{more}"


def nearest(name: object, known: Iterable[object]) -> str:
    """Suggest the known name that a mistyped one is nearest to, as a sentence or nothing."""
    options = [str(option) for option in known if len(str(option)) <= LONGEST_NAME]
    lowered = {option.lower(): option for option in reversed(options)}
    found = difflib.get_close_matches(str(name)[:LONGEST_NAME].lower(), list(lowered), n=1, cutoff=0.6)
    return f" Did you mean {quoted(lowered[found[0]])}?" if found else ""


def check_one_of(argument: str, value: object, options: Sequence[object]) -> None:
    """Refuse a value that is not among the options."""
    if not isinstance(value, Hashable) or value not in options:
        raise ArgumentError(
            f"{argument} is {quoted(value)}, but must be one of {listed(options, 20)}.{nearest(value, options)}"
        )


def check_share(argument: str, value: float) -> None:
    """Refuse a number that does not lie strictly between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise ArgumentError(f"{argument} is {quoted(value)}, but must be a number between 0 and 1, such as 0.95.")


def check_count(argument: str, value: int, minimum: int = 1) -> None:
    """Refuse anything but a whole number of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < minimum:
        raise ArgumentError(f"{argument} is {quoted(value)}, but must be a whole number of at least {minimum}.")


def check_seed(what: str, seed: int | None, *, needed: bool) -> None:
    """Refuse a seed that is no whole number, and its absence where something is drawn at random."""
    if seed is not None:
        check_count("seed", seed, 0)
    elif needed:
        raise ArgumentError(f"{what} draws at random: give a seed, such as seed=1, so that it can be repeated.")


def check_number(argument: str, value: float, low: float, high: float) -> None:
    """Refuse anything but a number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not low <= value <= high:
        raise ArgumentError(f"{argument} is {quoted(value)}, but must be a number from {low:g} to {high:g}.")


def name_list(argument: str, given: Any) -> list[Any]:
    """Take one name, or several, as a list without repetitions; refuse what holds no names.

    Examples
    --------
    >>> name_list("items", "a"), name_list("items", ("a", "b", "a"))
    (['a'], ['a', 'b'])
    """
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Iterable) or not all(isinstance(name, Hashable) for name in given):
        raise ArgumentError(f"{argument} is {quoted(given)}, but must be a name or a list of names.")
    return list(dict.fromkeys(given))


def check_known(argument: str, names: Iterable[object], known: Sequence[object], what: str) -> None:
    """Refuse names that are not among the known ones, with the nearest known name."""
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ArgumentError(
            f"{argument}: there is no {what} {listed(unknown)}.{nearest(unknown[0], known)} Known: {listed(known, 20)}."
        )
