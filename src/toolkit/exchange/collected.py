"""The answers of a store as CSV files with their codebook, for other programs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

import pandas as pd

from ..checks import plain
from ..collection import Collection
from ..errors import StoreError
from ..format import to_csv
from ..missing import REASONS
from ..occasions import KEYS
from ..readers import read_responses
from ..readers.store import NO_DAY
from ..responses import Responses
from ..study import Study
from .codebook import Codebook, codebook_of

FIRST_CODES = (-90, -990, -9990)
ABOUT_ROWS = {
    "seconds": "time on the pages of the occasion, in seconds; empty where it was not kept",
    "seconds_per_item": "median time until an item was answered, in seconds; empty where it was not kept",
    "late": "submitted after the occasion had closed",
}
NOTES = {
    "person": "who answered",
    "couple": "who belongs together; who has not joined a partner has a couple of their own",
    "role": "which partner",
    "wave": "which wave",
    "day": "which day of the diary",
}


@dataclass(frozen=True)
class Exported:
    """What is to be written: the answers with codes for what is missing, and what the columns mean."""

    name: str
    title: str
    simulated: bool
    responses: Responses
    collection: Collection | None

    @property
    def codes(self) -> dict[str, int]:
        """A number for each reason, outside the range of every item and question, and written by nobody as a text."""
        lowest = [one.range(item)[0] for one in self.responses.instruments for item in one.item_ids]
        lowest += [one.min for one in self.collection.questions] if self.collection else []
        bottom, written = min([0, *lowest]), self._written
        starts = chain((code for code in FIRST_CODES if code < bottom), count(bottom - 1, -len(REASONS)))
        series = (range(start - 1, start - 1 - len(REASONS), -1) for start in starts)
        free = next(codes for codes in series if written.isdisjoint(map(str, codes)))
        return dict(zip(REASONS, free, strict=True))

    @property
    def _written(self) -> set[str]:
        """What people wrote in their own words."""
        frame = self.responses.frame
        names = [one.id for one in self.collection.questions if one.kind == "text"] if self.collection else []
        return {str(text).strip() for name in names if name in frame for text in frame[name].dropna()}


def export_answers(source: Study | str, folder: str | Path, *, study: str | None = None) -> list[Path]:
    """Write the answers of a study to CSV files, and a codebook beside them; all readable for their owner alone.

    Parameters
    ----------
    source : the study, or the URL of its store.
    folder : where to write; it is made if need be. Files of an earlier export are replaced.
    study : which study of a store; only needed where it holds several.

    Returns
    -------
    list of Path
        `<study>_answers.csv` (one row per person and wave) and, for a diary, `<study>_diary.csv`; then
        `<study>_codebook.csv`, `.html` and `.json`. A missing answer is a negative number, whose reason stands in the
        codebook. Text that a spreadsheet would take for a formula is neutralised by a leading apostrophe.

    Raises
    ------
    ResponsesError
        If nothing was answered yet.
    StoreError
        If the store or the folder cannot be used.
    """
    exported = _exported(source, study)
    tables = dict(_tables(exported))
    files = {f"{exported.name}_{kind}.csv": to_csv(frame) for kind, frame in tables.items()}
    book = _codebook(exported, tables)
    files |= {f"{exported.name}_codebook.{kind}": book.rendered(kind) for kind in ("csv", "html", "json")}
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        return [_write(target / name, text) for name, text in files.items()]
    except OSError as problem:
        raise StoreError(f"{plain(target)} cannot be written to ({problem.strerror}). Name another folder.") from None


def _exported(source: Study | str, study: str | None) -> Exported:
    if isinstance(source, Study):
        spec = source.spec
        return Exported(source.name, source.title, spec.simulated, read_responses(source), spec.collection)
    from ..store import Store

    responses = read_responses(source, study=study)
    store = Store.open(source, create=False)
    try:
        name = study or store.studies()[0]
        found = store.definition(name)
    finally:
        store.close()
    title, simulated = (found.title, found.simulated) if found else ("", False)
    return Exported(name, title or name, simulated, responses, found.collection if found else None)


def _tables(exported: Exported) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give a table for the waves and one for the diary, each with the columns that were asked there."""
    r = exported.responses
    coded, shown = _coded(exported), _shown(r)
    in_diary = pd.Series("day" in r.frame, index=r.frame.index)
    if "day" in r.frame and (r.log["column"].eq("day") & r.log["action"].eq("filled")).any():
        in_diary = r.frame["day"].astype(str) != NO_DAY
    for kind, rows in (("answers", ~in_diary), ("diary", in_diary)):
        if rows.any():
            unasked = [name for name in coded if not shown[name][rows].any()]
            frame = coded[rows].drop(columns=unasked)
            yield kind, frame if kind == "diary" else frame.drop(columns="day", errors="ignore")


def _shown(r: Responses) -> pd.DataFrame:
    """Tell which cells were shown to their person."""
    shown = pd.DataFrame(True, index=r.frame.index, columns=r.frame.columns)
    hidden = r.reasons[r.reasons["reason"] == "not_shown"]
    for column, rows in hidden.groupby("column", observed=True)["row"]:
        shown.loc[rows, column] = False
    return shown


def _coded(exported: Exported) -> pd.DataFrame:
    """Put the number of its reason into every empty cell, but for the times."""
    r = exported.responses
    frame = r.frame.copy()
    reasons = r.reasons.astype({"column": str, "reason": str})
    for column, cells in reasons.groupby("column", sort=False):
        if column not in ABOUT_ROWS:
            codes = pd.Series(cells["reason"].map(exported.codes).to_list(), index=cells["row"].to_list())
            frame[column] = _filled(frame[column], codes)
    return frame


def _filled(column: pd.Series[Any], codes: pd.Series[Any]) -> pd.Series[Any]:
    """Write codes into the empty cells: as numbers among numbers, as texts among texts."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype(object).where(column.notna(), codes.astype(str)).astype("str")
    filled = column.astype("Float64").where(column.notna(), codes.astype("Float64"))
    return filled.astype("Int64") if (filled % 1 == 0).all() else filled


def _codebook(exported: Exported, tables: dict[str, pd.DataFrame]) -> Codebook:
    present = dict.fromkeys(name for frame in tables.values() for name in frame.columns)
    asked = [one for one in exported.responses.instruments if any(item in present for item in one.item_ids)]
    columns = [*_keys(present), *_questions(exported, present), *_rest(present)]
    files = [f"{exported.name}_{kind}.csv" for kind in tables]
    missing = [(file, "all but times", str(code), reason) for file in files for reason, code in exported.codes.items()]
    return codebook_of(
        tuple(asked), title=exported.title, simulated=exported.simulated, columns=columns, missing=missing
    )


def _keys(present: dict[str, None]) -> Iterator[tuple[str, str, str, str]]:
    return ((name, "key", name, NOTES[name]) for name in KEYS if name in present)


def _questions(exported: Exported, present: dict[str, None]) -> Iterator[tuple[str, str, str, str]]:
    """Describe the study's own questions and instructed items, in its first language."""
    collection = exported.collection
    if collection is None:
        return
    language = collection.languages[0]
    for one in collection.questions:
        if one.id in present:
            options = "; ".join(f"{name} = {texts.get(language, name)}" for name, texts in one.options.items())
            told = options or (f"{one.min} to {one.max}" if one.kind == "number" else "in the person's words")
            yield one.id, "question", one.kind, f"{one.text.get(language, '')} ({told})"
    for item in collection.instructed:
        if item.id in present:
            yield item.id, "instructed item", item.instrument, f"{item.text.get(language, '')} (right: {item.answer})"


def _rest(present: dict[str, None]) -> Iterator[tuple[str, str, str, str]]:
    return ((name, "about the row", name, note) for name, note in ABOUT_ROWS.items() if name in present)


def _write(path: Path, text: str) -> Path:
    """Write a file that only its owner can read; it takes the place of an earlier one when it is whole."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(
            os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline=""
        ) as file:
            file.write(text)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path
