"""Several files of one study → one Responses: rows with the same keys become one row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ..checks import counted, listed, quoted
from ..errors import Fault, ResponsesError
from ..instrument_model import Instrument
from ..intake import LOG_COLUMNS
from ..missing import REASONS
from ..occasions import KEYS, OCCASION, impossible_keys
from ..responses import Responses


def join(
    parts: Sequence[Responses], instruments: tuple[Instrument, ...], covariates: Sequence[str], files: Sequence[str]
) -> Responses:
    """Put the files of a study together.

    Rows with the same person (and wave and day) are one row; other rows are stacked. A cell that no file holds is
    empty with the reason `not_shown`. A key or covariate that is text in one file is text in all.

    Raises
    ------
    ResponsesError
        If the files have different occasion keys, contradict each other, or miss items or covariates.
    """
    by = ["person", *(name for name in OCCASION if name in parts[0].keys)]
    faults = list(_different_keys(parts, files, by))
    if faults:
        raise ResponsesError.from_faults("the study's files", faults)
    parts = _alike(parts)
    tables = [part.frame.set_index(by, drop=False) for part in parts]
    rows = tables[0].index
    for table in tables[1:]:
        rows = rows.append(table.index.difference(rows, sort=False))
    joined = {name: _one_column(name, tables, rows, faults) for name in _ordered_columns(parts, instruments)}
    frame = pd.DataFrame(joined).reset_index(drop=True)
    faults += impossible_keys(frame[[name for name in KEYS if name in frame]])
    faults += _absent(frame, instruments, covariates)
    if faults:
        raise ResponsesError.from_faults("the study's files", faults)
    position = pd.Series(range(len(rows)), index=rows)
    reasons, absent = _reasons(parts, frame, position, by)
    flags = pd.concat([_moved(part, part.flags, position, by) for part in parts], ignore_index=True)
    log = pd.concat([*(part.log for part in parts), absent], ignore_index=True)
    return Responses(frame, instruments, reasons, log, flags.drop_duplicates(["row", "column"], ignore_index=True))


def _different_keys(parts: Sequence[Responses], files: Sequence[str], by: Sequence[str]) -> Iterable[Fault]:
    for part, file in zip(parts[1:], files[1:], strict=True):
        theirs = ["person", *(name for name in OCCASION if name in part.keys)]
        if theirs != list(by):
            message = f"its rows are keyed by {listed(theirs)}, those of {quoted(files[0])} by {listed(by)}"
            yield Fault(file, f"{message}; give all files the same keys")


def _alike(parts: Sequence[Responses]) -> list[Responses]:
    """Give a key or covariate one kind in all files: text where it is text in any of them, so that 7 is "7"."""
    frames = [part.frame for part in parts]
    names = {name for part in parts for name in (*part.keys, *part.covariates)}
    mixed = []
    for name in sorted(names):
        numeric = {pd.api.types.is_numeric_dtype(frame[name].dtype) for frame in frames if name in frame}
        mixed += [name] if len(numeric) > 1 else []
    return [_as_texts(part, [name for name in mixed if name in part.frame]) for part in parts]


def _as_texts(part: Responses, names: Sequence[str]) -> Responses:
    numeric = [name for name in names if pd.api.types.is_numeric_dtype(part.frame[name].dtype)]
    texts = {name: part.frame[name].map(_plain, na_action="ignore").astype("str") for name in numeric}
    lines = [(name, "number to text", len(part.frame), "another file holds text there") for name in numeric]
    log = pd.concat([part.log, pd.DataFrame(lines, columns=list(LOG_COLUMNS))], ignore_index=True)
    return replace(part, frame=part.frame.assign(**texts), log=log)


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _ordered_columns(parts: Sequence[Responses], instruments: tuple[Instrument, ...]) -> list[str]:
    present = {name for part in parts for name in part.frame.columns}
    items = [item.id for one in instruments for item in one.items if item.id in present]
    rest = [name for part in parts for name in part.covariates]
    return list(dict.fromkeys([*(name for name in KEYS if name in present), *items, *rest]))


def _one_column(name: str, tables: Sequence[pd.DataFrame], rows: pd.Index[Any], faults: list[Fault]) -> pd.Series[Any]:
    """Take a column from the files that hold it; two different values for one cell are a fault."""
    given: pd.Series[Any] = pd.concat([table[name] for table in tables if name in table]).dropna()
    again = given.index.duplicated()
    if again.any():
        first = given[~again].reindex(given.index[again])
        differ = (first != given[again]).to_numpy(dtype=bool)
        if differ.any():
            where = listed(first[differ].index.unique().tolist(), 5)
            faults.append(Fault(f"column {quoted(name)}", f"the files give different values for {where}"))
    return given[~again].reindex(rows)


def _absent(frame: pd.DataFrame, instruments: tuple[Instrument, ...], covariates: Sequence[str]) -> Iterable[Fault]:
    for one in instruments:
        absent = [item for item in one.item_ids if item not in frame]
        if absent:
            message = f"no file has a column for {counted(len(absent), 'item')}: {listed(absent)}"
            yield Fault(f"instrument {one.id}", message)
    for name in covariates:
        if name not in frame:
            yield Fault("covariates", f"no file has a column {quoted(name)}")


def _moved(part: Responses, table: pd.DataFrame, position: pd.Series[Any], by: Sequence[str]) -> pd.DataFrame:
    """Give a table of cells the row labels of the joined frame."""
    keys = part.frame.loc[table["row"].to_list(), list(by)]
    index = pd.MultiIndex.from_frame(keys) if len(by) > 1 else pd.Index(keys[by[0]])
    return table.assign(row=position.reindex(index).to_numpy())


def _reasons(
    parts: Sequence[Responses], frame: pd.DataFrame, position: pd.Series[Any], by: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the reasons of cells that are still empty; cells that no file holds were not shown, and are logged."""
    known = pd.concat([_moved(part, part.reasons, position, by) for part in parts], ignore_index=True)
    known["column"] = known["column"].astype(str)
    known["reason"] = known["reason"].astype(str)
    known = known.drop_duplicates(["row", "column"])
    empty = [(row, name) for name in frame.columns for row in frame.index[frame[name].isna()]]
    cells = pd.DataFrame(empty, columns=["row", "column"])
    found = cells.merge(known, on=["row", "column"], how="left")
    counts = found.loc[found["reason"].isna(), "column"].value_counts(sort=False)
    lines = [(name, "no cell", int(n), "in no file → not_shown") for name, n in counts.items()]
    reasons = pd.Categorical(found["reason"].fillna("not_shown"), categories=list(REASONS))
    table = found.assign(column=pd.Categorical(found["column"], categories=list(frame.columns)), reason=reasons)
    return table, pd.DataFrame(lines, columns=list(LOG_COLUMNS))
