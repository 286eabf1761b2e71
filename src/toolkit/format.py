"""Numbers to text, tables to text, HTML and CSV: the only place that rounds."""

from __future__ import annotations

import csv
import html
import math
import numbers
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from .headings import (
    BOUNDED,
    BOUNDED_BY_ONE,
    FIT_INDEX,
    HEADINGS,
    INTERVAL,
    NAMES,
    P_VALUE,
    PERCENT,
    STANDARD_ERROR,
)

EMPTY = "—"
MINUS = "\u2212"
FORMULA_START = re.compile(r"^[\s]*[=+\-@](?!\Z)|^[\t\r]")
PLAIN_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


def is_empty(value: object) -> bool:
    """Tell whether a cell holds nothing: None, NaN or pandas.NA."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def number(value: float | None, digits: int = 2, *, bounded: bool = False) -> str:
    """Write a number with fixed decimals and a true minus sign.

    Parameters
    ----------
    value : the number; None and NaN give an em dash.
    digits : decimals.
    bounded : leave out the zero before the point, as APA style asks for statistics that cannot exceed 1.

    Examples
    --------
    >>> number(-0.8319, 3, bounded=True)
    '−.832'
    >>> number(1234.5, 1)
    '1,234.5'
    """
    if is_empty(value) or value is None:
        return EMPTY
    if math.isinf(value):
        return f"{MINUS if value < 0 else ''}∞"
    text = f"{abs(value):,.{digits}f}"
    negative = value < 0 and float(text.replace(",", "")) != 0
    if bounded and text.startswith("0."):
        text = text[1:]
    return f"{MINUS}{text}" if negative else text


def count(value: float | None) -> str:
    """Write a whole number with thousands separators.

    Examples
    --------
    >>> count(2800)
    '2,800'
    """
    return number(value, 0)


def percent(share: float | None, digits: int = 0) -> str:
    """Write a share as a percentage.

    Examples
    --------
    >>> percent(0.034, 1)
    '3.4%'
    """
    return EMPTY if is_empty(share) or share is None else f"{number(100 * share, digits)}%"


def level(confidence: float) -> str:
    """Write a confidence level with the digits that it has.

    Examples
    --------
    >>> level(0.95), level(0.999)
    ('95%', '99.9%')
    """
    return f"{100 * confidence:.10g}%"


def p_value(p: float | None) -> str:
    """Write a p value with its relation sign.

    Examples
    --------
    >>> p_value(0.00002), p_value(0.0312)
    ('< .001', '= .031')
    """
    if is_empty(p) or p is None:
        return f"= {EMPTY}"
    return "< .001" if p < 0.001 else f"= {number(p, 3, bounded=True)}"


def interval(low: float | None, high: float | None, digits: int = 2, *, bounded: bool = False) -> str:
    """Write an interval in brackets; one that is empty gives an em dash.

    Examples
    --------
    >>> interval(0.8157, 0.8473, bounded=True)
    '[.82, .85]'
    """
    if is_empty(low) and is_empty(high):
        return EMPTY
    return f"[{number(low, digits, bounded=bounded)}, {number(high, digits, bounded=bounded)}]"


def heading(column: str) -> str:
    """Give a column's printed heading: the map's, or its name with spaces."""
    if column in HEADINGS or len(column) == 1 or "." in column or not column.islower():
        return HEADINGS.get(column, column)
    return column.replace("_", " ").capitalize()


def decimals(column: str, digits: int) -> int:
    """Give a column's decimals: standard errors and fit indices have one more than others."""
    return digits + 1 if STANDARD_ERROR.match(column) or FIT_INDEX.match(column) else digits


def cell(column: str, value: Any, digits: int = 2) -> str:
    """Write one cell by the kind of its value and the name of its column."""
    if is_empty(value):
        return EMPTY
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    if column in PERCENT and isinstance(value, numbers.Real):
        return percent(float(value), 1)
    if isinstance(value, numbers.Integral):
        return count(int(value))
    if isinstance(value, numbers.Real) and P_VALUE.search(column):
        return p_value(float(value)).removeprefix("= ")
    if isinstance(value, numbers.Real):
        return number(float(value), decimals(column, digits), bounded=bool(BOUNDED.match(column)))
    return heading(str(value)) if column in NAMES else str(value)


def rows(frame: pd.DataFrame) -> Iterable[Any]:
    """Go through a frame row by row; cells are attributes."""
    return frame.itertuples(index=False)


class Sentence(str):
    """Text that shows itself as a paragraph in a notebook."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        together = self.replace(" = ", "\u00a0=\u00a0")
        return f"<p>{html.escape(together)}</p>" if self else ""


class Heading(str):
    """Text that shows itself as a third-level heading in a notebook."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return f"<h3>{html.escape(self)}</h3>"


class Sentences(tuple[str, ...]):
    """Several sentences that show themselves as a list in a notebook."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return f"<ul>{''.join(f'<li>{html.escape(text)}</li>' for text in self)}</ul>" if self else ""


@dataclass(frozen=True)
class Table:
    """A formatted table: text cells under headings, with a caption and notes.

    Attributes
    ----------
    caption : what the table shows, in a line.
    headings : one a column; the first column heads the rows.
    rows : formatted cells.
    numeric : for each column, whether it holds numbers (set to the right).
    notes : sentences under the table.
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, caption: str, *, digits: int = 2, notes: Sequence[str] = ()) -> Table:
        """Format a frame; a pair of columns `x_low`, `x_high` becomes one column of intervals."""
        columns = [_column(frame, name, digits) for name in frame.columns if not _is_upper_bound(frame, name)]
        rows = tuple(zip(*(cells for _, _, cells in columns), strict=True)) if columns else ()
        return cls(
            caption=caption,
            headings=tuple(title for title, _, _ in columns),
            rows=rows,
            numeric=tuple(right for _, right, _ in columns),
            notes=tuple(note for note in ("" if rows else "None.", *notes) if note),
        )

    def to_html(self) -> str:
        """Give an accessible HTML table: caption, scoped headers, every text escaped."""
        head = "".join(
            f'<th scope="col"{_align(right)}>{html.escape(title)}</th>'
            for title, right in zip(self.headings, self.numeric, strict=True)
        )
        body = "".join(f"<tr>{self._html_cells(row)}</tr>" for row in self.rows)
        filled = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>" if self.rows else ""
        label = html.escape(self.caption, quote=True)
        notes = "".join(f'<p class="note">{html.escape(note)}</p>' for note in self.notes)
        return (
            f'<div class="toolkit-table" role="region" tabindex="0" aria-label="{label}">'
            f"<table><caption>{html.escape(self.caption)}</caption>"
            f"{filled}</table></div>{notes}"
        )

    def _html_cells(self, row: tuple[str, ...]) -> str:
        first = f'<th scope="row"{_align(self.numeric[0])}>{html.escape(row[0])}</th>' if row else ""
        rest = zip(row[1:], self.numeric[1:], strict=True)
        return first + "".join(f"<td{_align(right)}>{html.escape(text)}</td>" for text, right in rest)

    def to_text(self) -> str:
        """Give the table as aligned plain text."""
        lines = [self.headings, *self.rows] if self.rows else []
        widths = [max((len(line[index]) for line in lines), default=0) for index in range(len(self.headings))]
        body = ["  ".join(self._padded(line, widths)).rstrip() for line in lines]
        return "\n".join([self.caption, *body, *self.notes])

    def _padded(self, line: tuple[str, ...], widths: list[int]) -> list[str]:
        cells = zip(line, widths, self.numeric, strict=True)
        return [text.rjust(width) if right else text.ljust(width) for text, width, right in cells]

    def _repr_html_(self) -> str:
        return self.to_html()


def _align(right: bool) -> str:
    return ' class="number"' if right else ""


def _is_upper_bound(frame: pd.DataFrame, name: Any) -> bool:
    lower = f"{str(name).removesuffix('_high')}_low"
    return str(name).endswith("_high") and bool(INTERVAL.match(lower)) and lower in frame.columns


def _column(frame: pd.DataFrame, name: Any, digits: int) -> tuple[str, bool, list[str]]:
    """Heading, whether it is numeric, and cells of one column."""
    text = str(name)
    high = f"{text.removesuffix('_low')}_high"
    if INTERVAL.match(text) and high in frame.columns:
        bounds = zip(frame[name], frame[high], strict=True)
        bounded = text != "ci_low" or not BOUNDED_BY_ONE.isdisjoint(frame.columns)
        cells = [interval(low, upper, decimals(text, digits), bounded=bounded) for low, upper in bounds]
        return heading(text.removesuffix("_low")), True, cells
    right = pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name])
    return heading(text), right, [cell(text, value, digits) for value in frame[name]]


def safe_cell(value: Any) -> Any:
    r"""Put an apostrophe before text that a spreadsheet would run as a formula.

    Examples
    --------
    >>> safe_cell('=HYPERLINK("x")')
    '\'=HYPERLINK("x")'
    >>> safe_cell("-3.5")
    '-3.5'
    """
    if isinstance(value, str) and FORMULA_START.match(value) and not PLAIN_NUMBER.match(value):
        return f"'{value}"
    return value


def to_csv(frame: pd.DataFrame) -> str:
    """Write a frame as CSV at full precision; formulas in text cells and headings are neutralised."""
    safe = frame.rename(columns=safe_cell)
    for position, dtype in enumerate(frame.dtypes):
        if not pd.api.types.is_numeric_dtype(dtype):
            texts: Any = safe.iloc[:, position].astype(object).map(safe_cell)
            safe.isetitem(position, texts)
    text = safe.to_csv(index=False, lineterminator="\n")
    if "\r" in text:  # which the csv module leaves unquoted, so that readers take it for a line end
        text = safe.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return text
