"""Several files of one study → one Responses: rows with the same keys become one row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from ..checks import listed, quoted
from ..errors import Fault, ResponsesError
from ..instrument import Instrument
from ..occasions import KEYS, OCCASION, impossible_keys
from ..responses import Responses
from ..study import REASONS


def join(parts: Sequence[Responses], instruments: tuple[Instrument, ...], files: Sequence[str]) -> Responses:
    """Put the files of a study together.

    Rows with the same person (and wave and day) are one row; other rows are stacked. A cell that no file holds is
    empty with the reason `not_shown`.

    Raises
    ------
    ResponsesError
        If the files have different occasion keys, contradict each other, or miss items.
    """
    by = ["person", *(name for name in OCCASION if name in parts[0].keys)]
    faults = list(_different_keys(parts, files, by))
    if faults:
        raise ResponsesError.from_faults("the study's files", faults)
    tables = [part.frame.set_index(by, drop=False) for part in parts]
    rows = tables[0].index
    for table in tables[1:]:
        rows = rows.union(table.index, sort=False)
    columns = _ordered_columns(parts, instruments)
    joined = {name: _one_column(name, tables, rows, faults) for name in columns}
    frame = pd.DataFrame(joined).reset_index(drop=True)
    faults += impossible_keys(frame[[name for name in KEYS if name in frame]])
    faults += _absent_items(frame, instruments)
    if faults:
        raise ResponsesError.from_faults("the study's files", faults)
    position = pd.Series(range(len(rows)), index=rows)
    return Responses(
        frame=frame,
        instruments=instruments,
        reasons=_reasons(parts, frame, position, by),
        log=pd.concat([part.log for part in parts], ignore_index=True),
        flags=pd.concat([_moved(part, part.flags, position, by) for part in parts], ignore_index=True),
    )


def _different_keys(parts: Sequence[Responses], files: Sequence[str], by: Sequence[str]) -> Iterable[Fault]:
    for part, file in zip(parts[1:], files[1:], strict=True):
        theirs = ["person", *(name for name in OCCASION if name in part.keys)]
        if theirs != list(by):
            message = f"its rows are keyed by {listed(theirs)}, those of {quoted(files[0])} by {listed(by)}"
            yield Fault(file, f"{message}; give all files the same keys")


def _ordered_columns(parts: Sequence[Responses], instruments: tuple[Instrument, ...]) -> list[str]:
    present = {name for part in parts for name in part.frame.columns}
    items = [item.id for one in instruments for item in one.items if item.id in present]
    rest = [name for part in parts for name in part.covariates]
    return list(dict.fromkeys([*(name for name in KEYS if name in present), *items, *rest]))


def _one_column(name: str, tables: Sequence[pd.DataFrame], rows: pd.Index[Any], faults: list[Fault]) -> pd.Series[Any]:
    """Take a column from the files that hold it; two different values for one cell are a fault."""
    pieces = [table[name].reindex(rows) for table in tables if name in table]
    column = pieces[0]
    for piece in pieces[1:]:
        both = (column.notna() & piece.notna()).to_numpy(bool)
        differ = (column[both].astype(str) != piece[both].astype(str)).to_numpy(bool)
        if differ.any():
            where = listed([str(row) for row in column[both][differ].index.tolist()], 5)
            faults.append(Fault(f"column {quoted(name)}", f"the files give different values for {where}"))
        column = column.where(column.notna(), piece)
    return column


def _absent_items(frame: pd.DataFrame, instruments: tuple[Instrument, ...]) -> Iterable[Fault]:
    for one in instruments:
        absent = [item for item in one.item_ids if item not in frame]
        if absent:
            yield Fault(f"instrument {one.id}", f"{len(absent)} items have no column in any file: {listed(absent)}")


def _moved(part: Responses, table: pd.DataFrame, position: pd.Series[Any], by: Sequence[str]) -> pd.DataFrame:
    """Give a table of cells the row labels of the joined frame."""
    keys = part.frame.loc[table["row"].to_list(), list(by)]
    index = pd.MultiIndex.from_frame(keys) if len(by) > 1 else pd.Index(keys[by[0]])
    return table.assign(row=position.reindex(index).to_numpy())


def _reasons(
    parts: Sequence[Responses], frame: pd.DataFrame, position: pd.Series[Any], by: Sequence[str]
) -> pd.DataFrame:
    """Keep the reasons of cells that are still empty; cells that no file holds were not shown."""
    known = pd.concat([_moved(part, part.reasons, position, by) for part in parts], ignore_index=True)
    known["column"] = known["column"].astype(str)
    known["reason"] = known["reason"].astype(str)
    known = known.drop_duplicates(["row", "column"])
    empty = [(row, name) for name in frame.columns for row in frame.index[frame[name].isna()]]
    cells = pd.DataFrame(empty, columns=["row", "column"])
    found = cells.merge(known, on=["row", "column"], how="left")
    reasons = found["reason"].fillna("not_shown")
    return found.assign(
        column=pd.Categorical(found["column"]), reason=pd.Categorical(reasons, categories=list(REASONS))
    )
