"""Words in figures and their text alternatives: any character, any length."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

import matplotlib.font_manager
import pandas as pd
from matplotlib.ft2font import FT2Font

from .. import format as fmt

FIRST_FONT = "DejaVu Sans"
# Fonts for scripts that the first lacks; those that are installed are used, where a text needs them.
FURTHER_FONTS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans CJK KR",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Nirmala UI",
    "PingFang SC",
    "Hiragino Sans",
    "Apple SD Gothic Neo",
)
REFUSED = {"Cc", "Cs", "Cn"}
ELLIPSIS = "…"
BOX = "□"
LABEL = 60
ID = 24
LINE = 44
OPTION = 36
TOLD = 12
NOTABLE = 3


@cache
def families() -> tuple[str, ...]:
    """List the font families that figures use, the first for all that it can write."""
    installed = set(matplotlib.font_manager.get_font_names())
    return (FIRST_FONT, *(name for name in FURTHER_FONTS if name in installed))


@cache
def _glyphs() -> frozenset[int]:
    fonts = (FT2Font(str(matplotlib.font_manager.findfont(name))) for name in families())
    return frozenset(code for font in fonts for code in font.get_charmap())


def clean(value: object) -> str:
    """Put a text on one line, without characters that no document may hold."""
    line = " ".join(str(value).split())
    return "".join(character for character in line if unicodedata.category(character) not in {"Cc", "Cs", "Cn"})


def short(value: object, limit: int = LABEL) -> str:
    """Cut a text to at most `limit` characters, at a space where there is one, and say so with an ellipsis.

    Examples
    --------
    >>> short("Express myself easily in a group of people", 30)
    'Express myself easily in a…'
    """
    line = clean(str(value)[: 40 * limit])
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    at_space = head.rpartition(" ")[0] if line[limit - 1] != " " else head
    return (at_space if 2 * len(at_space) > limit else head).rstrip(" ,;:./") + ELLIPSIS


def drawn(value: object, limit: int = LABEL, line: int = LINE) -> str:
    """Make a text drawable: short, wrapped, with a box for each character that no font can write.

    Examples
    --------
    >>> drawn("I say $5 is too much 🙂")
    'I say $5 is too much □'
    """
    return _wrapped(short(value, limit), line)


def _wrapped(value: str, line: int) -> str:
    return "\n".join(textwrap.wrap("".join(_drawable(character) for character in value), line))


def _drawable(character: str) -> str:
    if ord(character) in _glyphs():
        return character
    return "" if unicodedata.category(character)[0] in "CM" else BOX


def told(rows: Sequence[tuple[str, float, str]]) -> str:
    """Tell rows of a figure: each one, or where they are many the lowest and highest.

    Parameters
    ----------
    rows : name, value to order by, and the words for the value, for each row that was drawn.
    """
    if len(rows) <= TOLD:
        return _joined(rows)
    ranked = sorted(rows, key=lambda row: row[1])
    lowest, highest = _joined(ranked[:NOTABLE]), _joined(ranked[: -NOTABLE - 1 : -1])
    return f"Lowest: {lowest} Highest: {highest} The table beside the figure holds all {len(rows)} rows."


def _joined(rows: Sequence[tuple[str, float, str]]) -> str:
    return "; ".join(f"{name}: {words}" for name, _, words in rows) + "." if rows else ""


def named(names: Sequence[str], sentence: str) -> str:
    """Name what was left out, as a further sentence, or nothing."""
    return f" {sentence}: {', '.join(names)}." if names else ""


class ItemLabel(NamedTuple):
    """An item's name in words (id, and (R) where it is reversed), and its label in a figure."""

    name: str
    drawn: str


def item_labels(estimates: pd.DataFrame) -> dict[tuple[str, str], ItemLabel]:
    """Write the labels of items by scale and item, from their reversal and the beginning of their text."""
    rows = zip(estimates["scale"], estimates["item"], estimates["reverse"], estimates["text"], strict=True)
    return {
        (str(scale), str(item)): item_label(item, not fmt.is_empty(reverse) and bool(reverse), wording)
        for scale, item, reverse, wording in rows
    }


def item_label(item: object, reverse: bool = False, wording: object = None) -> ItemLabel:
    """Write the label of one item."""
    name = f"{short(item, ID)}{' (R)' if reverse else ''}"
    words = "" if fmt.is_empty(wording) else short(wording)
    return ItemLabel(name, _wrapped(f"{name}  {words}".strip(), LINE))


def row_height(labels: Iterable[str]) -> float:
    """Height of a row in inches, for the label with the most lines."""
    return 0.1 + 0.115 * max(label.count("\n") + 1 for label in labels)


def counted(n: int, noun: str) -> str:
    """Write a number of things.

    Examples
    --------
    >>> counted(1, "scale"), counted(40, "item")
    ('1 scale', '40 items')
    """
    return f"{fmt.count(n)} {noun}{'' if n == 1 else 's'}"
