"""Readers: files of answers → Responses. Every format ends at the one door, `responses.read_frame`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from ..checks import listed
from ..errors import ArgumentError
from ..instrument_model import Instrument
from ..intake import LOG_COLUMNS, ReadingRules
from ..responses import Responses, as_instruments, read_frame, reading_rules
from ..study import Covariate, DataFile, Study
from .csv import Dialect, read_table
from .joining import join
from .store import is_store, read_collected, read_store

__all__ = ["Dialect", "read_responses"]


def read_responses(  # noqa: PLR0913 - the source and its instruments, then twelve
    source: Study | str | Path,
    instruments: Iterable[Instrument | str] | Instrument | str = (),
    *,
    person: str | None = None,
    couple: str | None = None,
    role: str | None = None,
    wave: str | None = None,
    day: str | None = None,
    missing: Any = None,
    missing_by_column: Mapping[str, Any] | None = None,
    columns: Mapping[str, str] | None = None,
    answers: Literal["codes", "labels"] = "codes",
    covariates: Sequence[Covariate | str | Mapping[str, Any]] | None = None,
    dialect: Dialect | None = None,
    study: str | None = None,
) -> Responses:
    """Read answers from a study's data files or store, from one CSV or TSV file, or from the URL of a store.

    Parameters
    ----------
    source : a Study (all else then comes from it), the path of a file, or the URL of a store of answers, such as
        `sqlite:///answers.db` or `postgresql+psycopg://user@host/database`. A store knows keys and instruments by
        itself. Its further columns are the study's questions, `seconds` (in all), `seconds_per_item` (the median)
        and `late`; occasions outside a diary get the day 0, and who has no partner yet a couple of their own.
    instruments, person, couple, role, wave, day, missing, missing_by_column, columns, answers, covariates :
        as in `Responses.from_frame`.
    dialect : encoding, delimiter and decimal mark; by default they are found out from the file and, where they
        are unusual, noted in `log`.
    study : which study of a store; only needed where it holds several.

    Raises
    ------
    ResponsesError
        With every fault of the file or of its answers at once.
    StoreError
        If a store cannot be opened or read.
    """
    if isinstance(source, Study):
        return _read_study(source) if source.spec.data else read_collected(source)
    if is_store(source):
        keys = {"person": person, "couple": couple, "role": role, "wave": wave, "day": day, "dialect": dialect}
        codes = {"missing": missing, "missing_by_column": missing_by_column, "columns": columns}
        _check_unneeded({**keys, **codes, "covariates": covariates})
        return read_store(str(source), instruments, study)
    if study is not None:
        raise ArgumentError("study chooses among the studies of a store, but the source is a file; leave study out.")
    rules = reading_rules(
        person=person,
        couple=couple,
        role=role,
        wave=wave,
        day=day,
        missing=missing,
        missing_by_column=missing_by_column,
        columns=columns,
        answers=answers,
        covariates=covariates,
    )
    return _read_file(Path(source), as_instruments(instruments), rules, dialect or Dialect())


def _check_unneeded(given: Mapping[str, Any]) -> None:
    """Refuse what a store knows by itself."""
    named = [name for name, value in given.items() if value is not None]
    if named:
        raise ArgumentError(f"a store knows its keys, codes and columns by itself; leave {listed(named)} out.")


def _read_study(study: Study) -> Responses:
    several = len(study.spec.data) > 1
    parts = [
        _read_file(study.data_path(data), study.instruments, _rules(study, data, several), _dialect(data))
        for data in study.spec.data
    ]
    if not several:
        return parts[0]
    covariates = [one.name for one in study.spec.covariates]
    return join(parts, study.instruments, covariates, [data.file for data in study.spec.data])


def _rules(study: Study, data: DataFile, partial: bool) -> ReadingRules:
    return ReadingRules(
        keys=study.spec.keys.updated(data.keys),
        missing=data.missing,
        missing_by_column=data.missing_by_column,
        columns=data.columns,
        answers=data.answers,
        covariates=tuple(study.spec.covariates),
        partial=partial,
    )


def _dialect(data: DataFile) -> Dialect:
    delimiter = "\t" if data.format == "tsv" and data.delimiter is None else data.delimiter
    return Dialect(encoding=data.encoding, delimiter=delimiter, decimal=data.decimal)


def _read_file(path: Path, instruments: tuple[Instrument, ...], rules: ReadingRules, dialect: Dialect) -> Responses:
    frame, notes = read_table(path, dialect, rules, instruments)
    responses = read_frame(frame, instruments, rules, path.name)
    lines = [(path.name, action, len(frame), detail) for action, detail in notes]
    log = pd.concat([pd.DataFrame(lines, columns=list(LOG_COLUMNS)), responses.log], ignore_index=True)
    return replace(responses, log=log)
