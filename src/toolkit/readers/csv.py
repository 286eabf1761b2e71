"""CSV and TSV files → a raw frame, with every fault of the file itself."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from ..answers import NOT_ANSWERED
from ..checks import check_one_of, counted, listed, plain, quoted
from ..columns import map_columns
from ..errors import ArgumentError, Fault, ResponsesError
from ..instrument_model import Instrument
from ..intake import ReadingRules

DELIMITERS = (",", ";", "\t")
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
BINARY = (
    (b"PK\x03\x04", "an Excel workbook or zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x89PNG", "a picture"),
    (b"%PDF", "a PDF"),
    (b"$FL2", "an SPSS file"),
    (b"$FL3", "an SPSS file"),
    (b"\x1f\x8b", "a compressed file"),
    (b"SQLite format 3", "a SQLite database (a store of answers is read by its URL, sqlite:///FILE)"),
)
WHOLE_NUMBER = "0|-?[1-9][0-9]{0,17}"
CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f]")

LONGEST_HEADER = 1_000_000

Notes = list[tuple[str, str]]


@dataclass(frozen=True)
class Dialect:
    """How a text table is written; None means: find out."""

    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None

    def __post_init__(self) -> None:
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise ArgumentError(f"delimiter is {quoted(self.delimiter)}, but must be one character, such as ';'.")
        check_one_of("decimal", self.decimal, (None, ".", ","))


def read_table(
    path: Path, dialect: Dialect, rules: ReadingRules, instruments: Sequence[Instrument] = ()
) -> tuple[pd.DataFrame, Notes]:
    """Read a file into a frame of raw answers, with notes for the log.

    Columns of numbers are parsed as numbers, and standard words for nothing (`NA`, `n/a`, …) count as blank there.
    Keys stay text unless all are whole numbers; elsewhere too, numbers with leading zeros (postal codes) stay text.

    Raises
    ------
    ResponsesError
        If the file is missing, empty, not text, or not a table: every ragged row is reported with its line.
    """
    raw = _bytes(path)
    text, notes = _decoded(raw, path, dialect.encoding)
    delimiter = dialect.delimiter or _delimiter(text)
    plain_table = _looks_plain(text, delimiter)
    lines = _first_lines(text) if plain_table else text.split("\n")
    header, faults = _header(lines, delimiter, path)
    blank, ragged = (0, []) if plain_table else _check_rows(lines, header, delimiter, path)
    if faults or ragged:
        raise ResponsesError.from_faults(path.name, [*faults, *ragged])
    notes += [("blank lines", f"{counted(blank, 'blank line')} skipped")] if blank else []
    decimal = dialect.decimal or _decimal(text, delimiter, path)
    if decimal == ",":
        notes.append(("decimal comma", "numbers such as 3,5 were read as 3.5"))
    as_it_is = len(raw) == len(text) and raw.isascii()
    source = raw if as_it_is else text.encode("utf-8")
    parsing = _Parsing(path.name, delimiter, decimal, rules, tuple(instruments), path if as_it_is else None)
    try:
        frame = _parsed(source, header, parsing)
    except ResponsesError:
        _, ragged = _check_rows(text.split("\n"), header, delimiter, path)
        if ragged:
            raise ResponsesError.from_faults(path.name, ragged) from None
        raise
    return _without_empty_columns(frame, path, notes), notes


def _bytes(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise ResponsesError(f"{plain(path)}: the file cannot be read ({reason}). Check the path.") from None
    if not raw or raw.isspace() or raw in dict(BOMS):
        raise ResponsesError(f"{path.name}: the file is empty; export it again.")
    return raw


def _decoded(raw: bytes, path: Path, encoding: str | None) -> tuple[str, Notes]:
    """Decode the file; what is neither UTF-8 nor marked as UTF-16 is read as Windows-1252, and noted."""
    for start, kind in BINARY:
        if raw.startswith(start):
            raise ResponsesError(f"{path.name}: this is {kind}, not a text table. Export the answers as CSV (UTF-8).")
    notes: Notes = []
    marked = next((name for bom, name in BOMS if raw.startswith(bom)), None)
    chosen = encoding or marked or "utf-8"
    try:
        text = raw.decode(chosen).removeprefix("\ufeff")
    except (LookupError, ValueError) as problem:
        if encoding or marked:
            advice = (
                "Save it as UTF-8, or name its encoding" if marked else "Leave `encoding` out, or name the right one"
            )
            raise ResponsesError(f"{path.name}: it cannot be read as {chosen} ({problem}). {advice}.") from None
        text = raw.decode("cp1252", errors="replace")
        notes.append(("encoding", "not UTF-8: read as Windows-1252 (Latin-1); check accented letters"))
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise ResponsesError(
            f"{path.name}: line {line} holds NUL bytes, so this is not a plain text table (or it is UTF-16 without "
            "its mark: then say `encoding: utf-16-le`). Export it again as CSV (UTF-8)."
        )
    if len(CONTROL.findall(text[:100_000])) > 5:
        raise ResponsesError(f"{path.name}: this is not a text file. Export the answers as CSV (UTF-8).")
    if not text or text.isspace():
        raise ResponsesError(f"{path.name}: the file is empty; export it again.")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text, notes


def _delimiter(text: str) -> str:
    """Take the delimiter that the header holds most often."""
    first = next((line for line in text[:LONGEST_HEADER].split("\n") if line), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(DELIMITERS, key=bare.count)


def _header(lines: Sequence[str], delimiter: str, path: Path) -> tuple[list[str], list[Fault]]:
    """Read the column names; a name that stands twice is a fault."""
    start = next(index for index, line in enumerate(lines) if line.strip())
    if start:
        raise ResponsesError(f"{path.name}: line 1 is blank, but must hold the column names.")
    try:
        header = [name.strip() for name in next(csv.reader(lines, delimiter=delimiter, strict=True))]
    except csv.Error as problem:
        raise ResponsesError(f"{path.name}: line 1: {_quote_advice(problem)}") from None
    repeated = [name for name, times in Counter(header).items() if times > 1 and name]
    message = "stands more than once; rename or remove one"
    faults = [Fault("line 1", f"the column {listed(repeated)} {message}")] if repeated else []
    return [name or f"(column {index} without a name)" for index, name in enumerate(header, start=1)], faults


def _quote_advice(problem: csv.Error) -> str:
    if "field larger" in str(problem):
        return "a field is longer than 131,072 characters; a quote before it may not be closed."
    return "a quote is opened and not closed, or text follows a closing quote; write quotes inside a text twice."


def _check_rows(lines: Sequence[str], header: Sequence[str], delimiter: str, path: Path) -> tuple[int, list[Fault]]:
    """Count blank lines, and find rows that have more or fewer fields than the header."""
    faults, blank = [], 0
    advice = f"a cell that holds {quoted(delimiter)} must be in quotes"
    for line, n_fields in _fields(lines, delimiter, path):
        if n_fields == 0:
            blank += 1
        elif n_fields not in (-1, len(header)):
            message = f"{counted(n_fields, 'field')}, but the header has {len(header)}; {advice}"
            faults.append(Fault(f"line {line}", message))
    return blank, faults


def _first_lines(text: str) -> tuple[str, str]:
    """Cut out the header and the line after it, without a copy of the rest."""
    end = text.find("\n") if "\n" in text else len(text)
    after = text.find("\n", end + 1)
    return text[:end], text[end + 1 : after if after >= 0 else len(text)]


def _looks_plain(text: str, delimiter: str) -> bool:
    """Tell fast whether a table has no quotes and as many delimiters as its lines need, as most files have.

    The parser refuses a line that has too many, so that none has too few; only the first it takes as it comes.
    """
    top, first = _first_lines(text)
    wanted = top.count(delimiter)
    if '"' in text or wanted == 0 or first.count(delimiter) != wanted:
        return False
    n_lines = text.count("\n") + (not text.endswith("\n"))
    return text.count(delimiter) == wanted * n_lines


def _fields(lines: Sequence[str], delimiter: str, path: Path) -> Iterator[tuple[int, int]]:
    """Give each record's line and number of fields; 0 for a blank line in the middle."""
    numbered = enumerate(lines, start=1)
    for number, line in numbered:
        if '"' in line:
            rest = itertools.chain([line], (text for _, text in numbered))
            try:
                yield number, len(next(csv.reader(rest, delimiter=delimiter, strict=True)))
            except csv.Error as problem:
                raise ResponsesError(f"{path.name}: line {number}: {_quote_advice(problem)}") from None
        elif line.strip(" ") or number == len(lines):
            yield number, line.count(delimiter) + 1 if line.strip(" ") else -1
        else:
            yield number, 0


@dataclass(frozen=True)
class _Parsing:
    file: str
    delimiter: str
    decimal: str
    rules: ReadingRules
    instruments: tuple[Instrument, ...]
    unchanged: Path | None  # the file itself, which pandas reads faster than bytes, where they are the same

    @property
    def items(self) -> list[str]:
        """The items that the file may hold."""
        return [item.id for one in self.instruments for item in one.items]

    @property
    def blank_words(self) -> frozenset[str]:
        """Words for nothing, but for those that are missing codes with a reason or labels of an option."""
        named = [self.rules.missing, *self.rules.missing_by_column.values()]
        meant = {str(code) for codes in named for code in codes}
        if self.rules.answers == "labels":
            meant |= {label for one in self.instruments for item in one.items for label in one.labels(item.id)}
        return NOT_ANSWERED - meant

    def before(self, columns: Sequence[str], header: Sequence[str]) -> set[str]:
        """Tell what may stand before the fields of some columns."""
        first = {"\n", '"'} if header[0] in columns else set()
        return first | ({self.delimiter, '"'} if set(columns) - {header[0]} else set())


def _decimal(text: str, delimiter: str, path: Path) -> str:
    """Find the decimal mark of a table that is not separated by commas."""
    if delimiter == ",":
        return "."
    edge = rf'[{re.escape(delimiter)}\n"]'
    comma = re.search(rf"{edge}-?\d+,\d+(?={edge}|\Z)", text)
    point = re.search(rf"{edge}-?\d+\.\d+(?={edge}|\Z)", text)
    if comma and point:
        line = text.count("\n", 0, max(comma.start(), point.start()) + 1) + 1
        raise ResponsesError(
            f"{path.name}: numbers are written both with a decimal comma and with a point (line {line}). "
            "Say `decimal: ','` or `decimal: '.'` for this file."
        )
    return "," if comma else "."


def _parsed(source: bytes, header: list[str], parsing: _Parsing) -> pd.DataFrame:
    """Parse the table; where a number is written with leading zeros, look closely at all but the item columns."""
    item_columns = set(map_columns(parsing.rules.columns, parsing.items, header).names.values())
    others = [name for name in header if name not in item_columns]
    keys = [name for name in parsing.rules.keys.model_dump(exclude_none=True).values() if name in others]
    blank_words = parsing.blank_words
    starts = [f"{edge}0".encode() for edge in parsing.before(others, header)]
    zeros = any(start in source and re.search(re.escape(start) + b"[0-9]", source) for start in starts)
    careful = others if zeros else []
    frame = _read(source, header, parsing, na_values=sorted(blank_words | {""}), dtype=dict.fromkeys(careful, "str"))
    texts = [name for name in others if not pd.api.types.is_numeric_dtype(frame[name]) and frame[name].isna().any()]
    texts += [name for name in keys if pd.api.types.is_numeric_dtype(frame[name]) and frame[name].dtype != "int64"]
    if texts:
        frame[texts] = _read(source, header, parsing, na_values=[""], dtype="str", usecols=texts)
    for name in careful:
        if name not in keys:
            frame[name] = _numbers_without_leading_zeros(frame[name], parsing.decimal, blank_words)
        elif frame[name].notna().all() and frame[name].str.fullmatch(WHOLE_NUMBER).all():
            frame[name] = frame[name].astype("int64")
    return frame


def _read(source: bytes, header: list[str], parsing: _Parsing, **options: Any) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        try:
            frame: pd.DataFrame = pd.read_csv(
                parsing.unchanged or io.BytesIO(source),
                sep=parsing.delimiter,
                decimal=parsing.decimal,
                header=0,
                names=header,
                index_col=False,
                keep_default_na=False,
                **options,
            )
        except (ValueError, OverflowError) as problem:
            message = f"this cannot be read as a table ({quoted(str(problem))}); export it again as CSV (UTF-8)."
            raise ResponsesError(f"{parsing.file}: {message}") from None
    return frame


def _numbers_without_leading_zeros(column: pd.Series[Any], decimal: str, blank_words: Set[str]) -> pd.Series[Any]:
    """Turn a text column into numbers, unless a number in it is written with leading zeros."""
    held = column.where(~column.isin(blank_words))
    given = held.dropna()
    mark = re.escape(decimal)
    if given.empty or not given.str.fullmatch(rf"-?(0|[1-9]\d*)({mark}\d+)?([eE][+-]?\d+)?").all():
        return column
    return pd.to_numeric(held.str.replace(decimal, ".", regex=False))


def _without_empty_columns(frame: pd.DataFrame, path: Path, notes: Notes) -> pd.DataFrame:
    """Leave out unnamed columns: empty ones come from a trailing delimiter, a first one holds row names."""
    unnamed = [name for name in frame.columns if name.endswith("without a name)")]
    for name in unnamed:
        if name != frame.columns[0] and frame[name].notna().any():
            raise ResponsesError(f"{path.name}: {quoted(name)} holds values; give it a name in line 1.")
        notes.append(("not read", f"{name}: row names or empty"))
    return frame.drop(columns=unnamed)
