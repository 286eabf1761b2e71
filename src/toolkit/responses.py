"""Responses: the one door for data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd
from pydantic import ValidationError

from .answers import holds_any
from .catalogue import instrument
from .checks import check_known, check_one_of, counted, listed, nearest, quoted
from .errors import ArgumentError, Fault, ResponsesError
from .format import Heading, Sentence, Sentences, Table, count, percent
from .instrument_model import Instrument
from .intake import Intake, ReadingRules
from .missing import Code, Reason, missing_codes
from .occasions import KEYS, OCCASION, in_order
from .specs import Document, Spec, model_faults
from .study import Covariate, Keys, clashes

Checked = TypeVar("Checked", bound=Spec)


@dataclass(frozen=True, repr=False)
class Responses:
    """Checked answers: one row per person per occasion.

    Attributes
    ----------
    frame : key columns (`person`, and `couple`, `role`, `wave`, `day` where given), then items as nullable
        integers in their declared range, then covariates; indexed as the frame it was made from.
    instruments : the instruments that the items belong to.
    reasons : why each empty cell is empty: `row` (label of the row in `frame`), `column`, `reason`.
    log : what happened on the way in: `column`, `action`, `n_cells`, `detail`.
    flags : covariate values outside their stated range, which stay in `frame`: `row`, `column`, `value`, `rule`.
    """

    frame: pd.DataFrame
    instruments: tuple[Instrument, ...]
    reasons: pd.DataFrame
    log: pd.DataFrame
    flags: pd.DataFrame

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
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
    ) -> Responses:
        """Check a frame of raw answers; all faults are reported together.

        Parameters
        ----------
        frame : one row per person per occasion.
        instruments : instruments, ids or paths. Without any, all columns are covariates.
        person, couple, role, wave, day : names of key columns. Without `person` each row is a person, numbered
            from 1.
        missing : codes of item columns that mean "no answer": `{code: reason}`, or a list (reason `unknown`).
            The code `""` gives the reason of blank cells. A code inside an item's range is refused.
        missing_by_column : the same for single columns (items by their id, covariates by their name), in place of
            `missing`.
        columns : `{ours: theirs}`, where `{n}` stands for a number: `{"has{n}": "Q12_{n}"}`.
        answers : `codes` (numbers) or `labels` (the exact label texts of the instrument's language).
        covariates : the further columns to keep, with an optional range to flag; all by default.

        Raises
        ------
        ResponsesError
            With every fault: unknown or repeated columns, answers out of range or not numeric, repeated occasions,
            three people in a couple, empty keys. Rows are counted from 1.

        Examples
        --------
        >>> from toolkit import instrument_from_keys
        >>> raw = pd.DataFrame({"id": ["p1", "p2"], "Q1": [1, 9], "Q2": [4, 5]})
        >>> keys = instrument_from_keys({"avoidance": ["Q1", "-Q2"]}, min=1, max=5)
        >>> r = Responses.from_frame(raw, keys, person="id", missing={9: "refused"})
        >>> r.reasons[["column", "reason"]].to_dict("records")
        [{'column': 'Q1', 'reason': 'refused'}]
        """
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
        return read_frame(frame, as_instruments(instruments), rules)

    def __repr__(self) -> str:
        return f"<Responses: {self.sentence()}>"

    def _repr_html_(self) -> str:
        return self.sentence()._repr_html_()

    @property
    def keys(self) -> tuple[str, ...]:
        """The key columns that are present."""
        return tuple(name for name in KEYS if name in self.frame.columns)

    @property
    def items(self) -> tuple[str, ...]:
        """The item columns, in the order of their instruments."""
        known = dict.fromkeys(item.id for one in self.instruments for item in one.items)
        return tuple(name for name in known if name in self.frame.columns)

    @property
    def covariates(self) -> tuple[str, ...]:
        """The columns that are neither keys nor items."""
        known = {*self.keys, *self.items}
        return tuple(name for name in self.frame.columns if name not in known)

    def holds(self, name: str) -> bool:
        """Tell whether there is an item or a covariate of this name."""
        return name in self.frame.columns and name not in KEYS

    @property
    def scales(self) -> tuple[str, ...]:
        """The names of all scales, as `instrument.scale`."""
        return tuple(f"{one.id}.{scale}" for one in self.instruments for scale in one.scales)

    @property
    def own_scales(self) -> tuple[str, ...]:
        """The scales that have items of their own: all but those that pool others, such as totals."""
        return tuple(f"{one.id}.{name}" for one in self.instruments for name in one.scales if one.scales[name].items)

    def find_scale(self, name: str) -> tuple[Instrument, str]:
        """Find a scale by `instrument.scale`, or by its bare name where only one instrument has it.

        Raises
        ------
        ArgumentError
            If there is no such scale, or several.
        """
        found = [
            (one, scale) for one in self.instruments for scale in one.scales if name in (f"{one.id}.{scale}", scale)
        ]
        exact = [(one, scale) for one, scale in found if f"{one.id}.{scale}" == name]
        if len(exact or found) != 1:
            known = listed(self.scales, 20) or "none, since no instrument was given"
            raise ArgumentError(
                f"scale {quoted(name)} is not one scale of these data.{nearest(name, self.scales)} Scales: {known}."
            )
        return (exact or found)[0]

    def declared(self, item: str) -> tuple[int, int]:
        """Give the declared range of an item."""
        return next(one.range(item) for one in self.instruments if item in one.by_id)

    def is_reversed(self, item: str) -> bool:
        """Tell whether an item is reversed."""
        return next(one.by_id[item].reverse for one in self.instruments if item in one.by_id)

    def occasion(self, *, wave: Any = None, day: Any = None) -> Responses:
        """Keep the rows of one occasion.

        Raises
        ------
        ArgumentError
            If the data have several waves (days) and none is named, or the named one is not there.
        """
        chosen = self
        for name, value in (("wave", wave), ("day", day)):
            chosen = chosen._one(name, value)
        return chosen

    def named_occasion(self) -> dict[str, Any]:
        """Give the wave and day of the rows, where they are of one."""
        present = {name: self.frame[name].unique().tolist() for name in OCCASION if name in self.frame.columns}
        return {name: values[0] for name, values in present.items() if len(values) == 1}

    def first_occasion(self, *, wave: Any = None, day: Any = None) -> Responses:
        """Keep the rows of one occasion; where the data have several and none is named, of the first one."""
        chosen = self
        for name, given in (("wave", wave), ("day", day)):
            value = None if isinstance(given, str) and not given else given
            if value is None and name in chosen.frame.columns:
                value = in_order(chosen.frame[name])[0]
            chosen = chosen._one(name, value)
        return chosen

    def left_out(self, chosen: Responses) -> Sentence:
        """Say which occasions of these rows are not among the chosen ones; nothing where all are."""
        lost = len(self.frame) - len(chosen.frame)
        if not lost:
            return Sentence("")
        here = {name: set(chosen.frame[name]) for name in OCCASION if name in self.frame.columns}
        others = [f"{name} {value}" for name in here for value in in_order(self.frame[name]) if value not in here[name]]
        verb = "is" if lost == 1 else "are"
        return Sentence(
            f"{counted(lost, 'further row')} ({', '.join(others)}) {verb} not part of this page; another occasion is "
            "chosen with the parameter wave or day."
        )

    def sentence(self) -> Sentence:
        """Say how many rows and answers there are, on which occasion, and how many answers are missing."""
        cells = len(self.frame) * len(self.items)
        empty = int(self.reasons["column"].isin(self.items).sum())
        share = percent(empty / cells, 1) if cells else percent(0.0)
        occasions = [(name, in_order(self.frame[name])) for name in OCCASION if name in self.frame.columns]
        where = "".join(f", {name} {values[0]}" if len(values) == 1 else "" for name, values in occasions)
        missing = f"{count(empty)} of {counted(cells, 'answer')} {'is' if empty == 1 else 'are'} missing ({share})"
        return Sentence(
            f"{counted(len(self.frame), 'row')} of {counted(self.frame['person'].nunique(), 'person')}{where}; "
            f"{counted(len(self.items), 'item')}; {missing}."
        )

    def history(self) -> Table:
        """Sum up the log: what happened to how many cells in how many columns."""
        grouped = self.log.groupby(["action", "detail"], sort=False)
        summed = (
            grouped.agg(columns=("column", "nunique"), cells=("n_cells", "sum")).reset_index().astype({"cells": int})
        )
        renamed = summed[summed["action"] == "renamed"]
        rest = summed[summed["action"] != "renamed"]
        if len(renamed):
            line = {"action": "renamed", "detail": "to the names used here", "columns": len(renamed)}
            rest = pd.concat([pd.DataFrame([{**line, "cells": 0}]), rest], ignore_index=True)
        return Table.from_frame(rest, "What happened to the answers on the way in (all rows that were read)")

    def without_scales(self, names: Iterable[str]) -> Responses:
        """Leave some scales unscored, and those that pool them; their items stay, as items of no scale."""
        found = [self.find_scale(name) for name in names]
        kept = [one.without([scale for owner, scale in found if owner is one]) for one in self.instruments]
        return replace(self, instruments=tuple(kept))

    def unscored(self, chosen: Responses) -> Sentence:
        """Say which scales of these answers are not among those of the chosen ones; nothing where all are."""
        lost = [name for name in self.scales if name not in chosen.scales]
        if not lost:
            return Sentence("")
        return Sentence(f"Not scored, hence in no score, reliability or correlation below: {', '.join(lost)}.")

    def headings(self) -> dict[str, Heading]:
        """Give a heading for each instrument, by id."""
        return {one.id: Heading(one.text(one.title)) for one in self.instruments}

    def standing(self) -> Sentences:
        """Say of each instrument what is known about its validity."""
        return Sentences(_standing(one) for one in self.instruments)

    def _one(self, name: str, value: Any) -> Responses:
        if name not in self.frame.columns:
            if value is not None:
                raise ArgumentError(f"{name}={quoted(value)}: the data have no {name} column; leave {name} out.")
            return self
        present = in_order(self.frame[name])
        if value is None and len(present) == 1:
            return self
        if value is None:
            raise ArgumentError(f"the data have several values of {name} ({listed(present)}); choose one with {name}=.")
        matches = [entry for entry in present if entry == value or str(entry) == str(value)]
        if not matches:
            raise ArgumentError(f"{name}={quoted(value)} is not in the data. There: {listed(present, 20)}.")
        return self.keep((self.frame[name] == matches[0]).to_numpy(dtype=bool))

    def among(self, name: str, values: Sequence[object]) -> Responses:
        """Keep the rows that hold one of some values in a column, such as ``["1", "2"]``; all rows where none is named.

        Raises
        ------
        ArgumentError
            If there is no such column, or if no row holds one of the values.
        """
        check_known("name", [name], list(self.frame.columns), "column")
        return self.keep(holds_any(self.frame[name], values)) if len(values) else self

    def keep(self, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> Responses:
        """Keep the rows that a Boolean array marks."""
        frame = self.frame.loc[rows]
        kept = set(frame.index)
        reasons = self.reasons[self.reasons["row"].isin(kept)]
        flags = self.flags[self.flags["row"].isin(kept)]
        return replace(self, frame=frame, reasons=reasons, flags=flags)


STANDING = {
    "new": "is new: there is no evidence of validity and no norm yet, so its scores support no claim about people",
    "validated": "has been studied before; whether its structure holds in this sample is a question of its own",
    "keys-only": "was published elsewhere; only its key is included here, and the wording that was used is not checked",
}


def _standing(one: Instrument) -> str:
    open_questions = f" Unverified: {'; '.join(one.unverified)}" if one.unverified else ""
    return f"{one.text(one.title)} ({one.id} {one.version}) {STANDING[one.status]}.{open_questions}"


def as_responses(data: Responses | pd.DataFrame) -> Responses:
    """Accept Responses, or a plain frame whose columns are then all covariates."""
    if isinstance(data, Responses):
        return data
    if isinstance(data, pd.DataFrame):
        named = [name for name in data.columns if name in KEYS]
        if named:
            example = ", ".join(f"{name}={name!r}" for name in named)
            raise ArgumentError(
                f"the frame has columns named like keys ({listed(named)}): say what they are with "
                f"Responses.from_frame(frame, {example}), or rename them."
            )
        return Responses.from_frame(data)
    raise ArgumentError(f"the data are {type(data).__name__}, but must be Responses or a pandas DataFrame.")


def reading_rules(
    *,
    missing: Any,
    missing_by_column: Mapping[str, Any] | None,
    columns: Mapping[str, str] | None,
    answers: Literal["codes", "labels"],
    covariates: Sequence[Covariate | str | Mapping[str, Any]] | None,
    **keys: str | None,
) -> ReadingRules:
    """Check the arguments of a call that reads answers, and put them together."""
    check_one_of("answers", answers, ("codes", "labels"))
    return ReadingRules(
        keys=_checked(Keys, keys, "keys"),
        missing=_codes("missing", missing),
        missing_by_column={name: _codes(name, codes) for name, codes in (missing_by_column or {}).items()},
        columns=_checked(_Columns, {"columns": columns or {}}, "columns").columns,
        answers=answers,
        covariates=None if covariates is None else tuple(_checked(Covariate, one, "covariates") for one in covariates),
    )


class _Columns(Spec):
    columns: dict[str, str]


def _checked(model: type[Checked], value: Any, argument: str) -> Checked:
    """Read an argument as a spec; what does not fit is told in words."""
    try:
        return model.model_validate(value)
    except ValidationError as problem:
        raise ArgumentError.from_faults(argument, model_faults(Document("", {}, {}), model, problem)) from None


def as_instruments(given: Iterable[Instrument | str] | Instrument | str) -> tuple[Instrument, ...]:
    """Load instruments that are given as objects, ids or paths, one or several."""
    several = [given] if isinstance(given, Instrument | str) else list(given)
    loaded = tuple(instrument(one) for one in several)
    found = clashes(loaded)
    if found:
        raise ResponsesError.from_faults("instruments", [Fault("", message) for message in found])
    return loaded


def _codes(argument: str, value: Any) -> dict[Code, Reason]:
    try:
        return missing_codes(value)
    except ValueError as problem:
        raise ArgumentError(f"{argument}: {problem}.") from None


def read_frame(
    frame: pd.DataFrame, instruments: tuple[Instrument, ...], rules: ReadingRules, subject: str = "the data"
) -> Responses:
    """Read a frame by its rules; `from_frame` and every reader end here."""
    intake = Intake(_named_columns(frame, subject), instruments, rules)
    if not frame.index.is_unique:
        intake.note("row labels", "renumbered", len(frame), "they repeat: rows are numbered from 0")
    intake.read()
    if intake.faults:
        raise ResponsesError.from_faults(subject, intake.faults)
    return Responses(intake.table(), instruments, intake.reason_table(), intake.log_table(), intake.flag_table())


def _named_columns(frame: pd.DataFrame, subject: str) -> pd.DataFrame:
    """Refuse what cannot be read at all, and make column names texts."""
    if not isinstance(frame, pd.DataFrame):
        raise ArgumentError(f"{subject} are {type(frame).__name__}, but must be a pandas DataFrame.")
    if len(frame.columns) == 0 or len(frame) == 0:
        raise ResponsesError(f"{subject}: there are no rows of answers; check that the export is complete.")
    renamed = frame.set_axis([str(name) for name in frame.columns], axis=1)
    if not renamed.columns.is_unique:
        repeated = renamed.columns[renamed.columns.duplicated()].unique().tolist()
        raise ResponsesError(f"{subject}: the column {listed(repeated)} stands more than once; rename or remove one.")
    return renamed if renamed.index.is_unique else renamed.reset_index(drop=True)
