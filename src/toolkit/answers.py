"""One column of raw answers → whole numbers in their range, with a reason for each empty cell."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .checks import check_known, counted, listed, plain, quoted, rows
from .errors import Fault
from .missing import REASONS, Code, Reason

NOT_ANSWERED = frozenset({"", "NA", "N/A", "n/a", "NaN", "nan", "<NA>", "None", "NULL", "null"})
VALUES_SHOWN = 8


@dataclass(frozen=True)
class AnswerRule:
    """How the answers of one item are to be read.

    Attributes
    ----------
    minimum, maximum : the declared range.
    missing : codes that mean "no answer", each with its reason.
    labels : label texts, lowest option first, where answers are given as labels; otherwise None.
    """

    minimum: int
    maximum: int
    missing: Mapping[Code, Reason] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None

    @property
    def dtype(self) -> str:
        """The smallest nullable integer type that holds the range."""
        for bits in (8, 16, 32):
            if -(2 ** (bits - 1)) <= self.minimum and self.maximum < 2 ** (bits - 1):
                return f"Int{bits}"
        return "Int64"


@dataclass(frozen=True)
class Answers:
    """The answers of one column after reading.

    Attributes
    ----------
    values : nullable integers in the declared range.
    empty : positions of empty cells, ascending.
    reasons : for each of them the position of its reason in `REASONS`.
    recoded : how many cells each missing code emptied.
    faults : everything in the column that is not an answer.
    """

    values: pd.api.extensions.ExtensionArray
    empty: npt.NDArray[np.int64]
    reasons: npt.NDArray[np.int8]
    recoded: Mapping[Code, int]
    faults: tuple[Fault, ...]


def read_answers(column: pd.Series[Any], rule: AnswerRule) -> Answers:
    """Read one column by its rule; nothing is recoded but declared missing codes and, if asked, labels."""
    numeric = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
    if numeric and rule.labels is None and not pd.api.types.is_complex_dtype(column.dtype):
        return _read_numbers(column, rule)
    return _read_texts(column, rule)


def _read_numbers(column: pd.Series[Any], rule: AnswerRule) -> Answers:
    blank = column.isna().to_numpy()
    raw = column.to_numpy(dtype="float64", na_value=np.nan) if blank.any() else column.to_numpy()
    integer = np.dtype(rule.dtype.lower())
    with np.errstate(invalid="ignore", over="ignore"):
        codes = raw.astype(integer)
        wrong = (codes != raw) | (codes < rule.minimum) | (codes > rule.maximum)
    wrong &= ~blank
    positions = np.flatnonzero(wrong)
    found, reasons, recoded, bad = _missing_among(raw[positions], rule)
    empty, order = _merge(np.flatnonzero(blank), positions[found])
    all_reasons = np.concatenate([np.full(int(blank.sum()), _blank_reason(rule)), reasons])[order].astype(np.int8)
    faults = _number_faults(column, raw, positions[bad], rule)
    codes[blank | wrong] = rule.minimum
    values = pd.arrays.IntegerArray(codes, blank | wrong)
    return Answers(values, empty, all_reasons, recoded, faults)


def _missing_among(
    values: npt.NDArray[Any], rule: AnswerRule
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int8], dict[Code, int], npt.NDArray[np.bool_]]:
    """Tell declared missing codes from faults among values that are not answers."""
    reasons = np.full(values.shape, -1, dtype=np.int8)
    recoded: dict[Code, int] = {}
    for code, reason in rule.missing.items():
        numeric = as_number(code)
        if numeric is not None:
            hits = values == numeric
            reasons[hits] = REASONS.index(reason)
            recoded[code] = int(hits.sum())
    found = reasons >= 0
    return found, reasons[found], {code: n for code, n in recoded.items() if n}, ~found


def _blank_reason(rule: AnswerRule) -> int:
    return REASONS.index(rule.missing.get("", "unknown"))


def _merge(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    both = np.concatenate([first, second])
    order = np.argsort(both, kind="stable")
    return both[order], order


def _number_faults(
    column: pd.Series[Any], raw: npt.NDArray[Any], positions: npt.NDArray[Any], rule: AnswerRule
) -> tuple[Fault, ...]:
    shown: dict[str, list[int]] = {}
    for position in positions.tolist():
        shown.setdefault(_plain_number(raw[position]), []).append(position)
    return _faults(column, shown, rule)


def _plain_number(value: Any) -> str:
    number = float(value)
    return str(int(number)) if np.isfinite(number) and number == int(number) else repr(number)


def as_number(code: object) -> float | None:
    """Read a code or an answer as a number; None where it is text."""
    text = str(code).strip()
    if isinstance(code, bool | np.bool_) or "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def as_texts(column: pd.Series[Any]) -> pd.Series[Any]:
    """Take the cells of any column as texts without spaces around them; empty cells stay empty."""
    try:
        texts = column.astype("string")
    except ValueError:  # bytes that are no text
        texts = column.map(str, na_action="ignore").astype("string")
    return texts.str.strip()


def holds_code(column: pd.Series[Any], code: Code) -> npt.NDArray[np.bool_]:
    """Mark the cells of any column that hold a missing code, as a number or as a text."""
    texts = as_texts(column)
    hits = (texts == str(code).strip()).fillna(False).to_numpy(dtype=bool)
    number = as_number(code)
    if number is None:
        return hits
    same = pd.to_numeric(texts, errors="coerce") == number
    return hits | same.fillna(False).to_numpy(dtype=bool)


def holds_any(column: pd.Series[Any], values: Sequence[object]) -> npt.NDArray[np.bool_]:
    """Mark the cells of any column that hold one of some values, as texts (1 for 1.0); refuse values of no cell."""
    texts = as_texts(column).str.removesuffix(".0")
    wanted = [str(value).removesuffix(".0") for value in values]
    check_known(f"values of {column.name}", wanted, texts.dropna().unique().tolist(), "value")
    return texts.isin(wanted).to_numpy(dtype=bool)


def _read_texts(column: pd.Series[Any], rule: AnswerRule) -> Answers:
    """Read text (or mixed) answers through their distinct values, of which there are few."""
    codes, distinct = _distinct(column)
    meanings = [_meaning(value, rule) for value in distinct]
    values = np.array([meaning.value for meaning in meanings] + [rule.minimum], dtype=rule.dtype.lower())
    reasons = np.array([meaning.reason for meaning in meanings] + [_blank_reason(rule)], dtype=np.int8)
    wrong = np.array([meaning.wrong for meaning in meanings] + [False])
    empty = np.flatnonzero(reasons[codes] >= 0)
    recoded: dict[Code, int] = {}
    times = np.bincount(codes[codes >= 0], minlength=len(distinct))
    for meaning, n in zip(meanings, times.tolist(), strict=True):
        if meaning.code is not None:
            recoded[meaning.code] = recoded.get(meaning.code, 0) + n
    shown: dict[str, list[int]] = {}
    for index in np.flatnonzero(wrong).tolist():
        shown.setdefault(str(distinct[index]), []).extend(np.flatnonzero(codes == index).tolist())
    mask = (reasons[codes] >= 0) | wrong[codes]
    array = pd.arrays.IntegerArray(values[codes], mask)
    return Answers(array, empty, reasons[codes][empty], recoded, _faults(column, shown, rule))


def _distinct(column: pd.Series[Any]) -> tuple[npt.NDArray[Any], Any]:
    """Give a number to each distinct value; what cannot be compared (a list, True and 1) is taken as its text."""
    if column.dtype == object:
        column = column.map(lambda value: str(value) if isinstance(value, bool | np.bool_) else value)
    try:
        return pd.factorize(column, use_na_sentinel=True)
    except TypeError:
        return pd.factorize(column.map(str, na_action="ignore"), use_na_sentinel=True)


@dataclass(frozen=True)
class _Meaning:
    """What one distinct text stands for: an answer, an empty cell (reason ≥ 0), or nothing (wrong)."""

    value: int
    reason: int = -1
    code: Code | None = None
    wrong: bool = False


def _meaning(value: object, rule: AnswerRule) -> _Meaning:
    text = str(value).strip()
    number = as_number(value)
    for code, reason in rule.missing.items():
        same_number = number is not None and number == as_number(code)
        if same_number or (code != "" and text == str(code).strip()):
            return _Meaning(rule.minimum, REASONS.index(reason), code)
    if rule.labels is not None and text and text in rule.labels:
        return _Meaning(rule.minimum + rule.labels.index(text))
    if text in NOT_ANSWERED:
        return _Meaning(rule.minimum, _blank_reason(rule), text or None)
    if rule.labels is None and number is not None and number.is_integer() and rule.minimum <= number <= rule.maximum:
        return _Meaning(int(number))
    return _Meaning(rule.minimum, wrong=True)


def _faults(column: pd.Series[Any], shown: Mapping[str, list[int]], rule: AnswerRule) -> tuple[Fault, ...]:
    """Make one fault a wrong value, with the rows (counted from 1) that hold it."""
    faults = [
        Fault(f"column {quoted(column.name)}, {rows(positions)}", _advice(text, rule))
        for text, positions in list(shown.items())[:VALUES_SHOWN]
    ]
    if len(shown) > VALUES_SHOWN:
        rest = list(shown)[VALUES_SHOWN:]
        positions = sorted(position for text in rest for position in shown[text])
        message = f"{counted(len(rest), 'further wrong value')}: {listed(rest)}"
        faults.append(Fault(f"column {quoted(column.name)}, {rows(positions)}", message))
    return tuple(faults)


def _advice(text: str, rule: AnswerRule) -> str:
    number = as_number(text)
    if rule.labels is not None:
        near = difflib.get_close_matches(text, rule.labels, n=1)
        hint = f" Did you mean {quoted(near[0])}?" if near else ""
        return f"{quoted(text)} is not a label of this item ({listed(rule.labels)}).{hint}"
    if number is None:
        return (
            f"{quoted(text)} is not a number from {rule.minimum} to {rule.maximum}; if the file holds label texts, say "
            "`answers: labels`; if this means that there is no answer, declare it under `missing`"
        )
    if np.isfinite(number) and not number.is_integer():
        return f"{plain(text, 40)} is a decimal; answers are whole numbers from {rule.minimum} to {rule.maximum}"
    return (
        f"{plain(text, 40)} lies outside {rule.minimum} to {rule.maximum}; if it means that there is no answer, "
        "declare it under `missing`"
    )
