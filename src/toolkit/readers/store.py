"""A store of answers → Responses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..checks import counted, listed, nearest, quoted
from ..collection import Collection
from ..collection_calendar import ends, study_closes
from ..errors import ArgumentError, NoAnswers, ResponsesError
from ..instrument_model import Instrument
from ..intake import LOG_COLUMNS, ReadingRules
from ..missing import REASONS
from ..occasions import KEYS
from ..responses import Responses, as_instruments, read_frame
from ..study import Covariate, Keys, Study

if TYPE_CHECKING:
    from ..store import OccasionAnswers, Store

SCHEMES = ("sqlite:", "postgresql:", "postgresql+", "postgres:")
TIMES = ("seconds", "seconds_per_item")
WHOLE_NUMBER = r"0|-?[1-9][0-9]{0,17}"
NO_DAY = "0"
Line = tuple[str, str, int, str]


def is_store(source: object) -> bool:
    """Tell whether a source is the URL of a store."""
    return isinstance(source, str) and source.startswith(SCHEMES)


@dataclass(frozen=True)
class _Asked:
    """What a study asks, and how its answers become columns."""

    name: str
    instruments: tuple[Instrument, ...]
    collection: Collection | None
    covariates: tuple[Covariate, ...] = ()

    @property
    def items(self) -> list[str]:
        return list(dict.fromkeys(item for one in self.instruments for item in one.item_ids))

    @property
    def numbers(self) -> list[str]:
        """Questions and instructed items that are answered by a number."""
        if self.collection is None:
            return []
        questions = [one.id for one in self.collection.questions if one.kind == "number"]
        return [*questions, *(one.id for one in self.collection.instructed)]

    @property
    def texts(self) -> list[str]:
        """Questions that are answered by a choice or in words."""
        return [one.id for one in self.collection.questions if one.kind != "number"] if self.collection else []

    def end(self, row: OccasionAnswers) -> datetime | None:
        """Find when the occasion of a row is over; None where it never is, or where that is not known."""
        if self.collection is None:
            return None
        last = study_closes(self.collection)
        if row.consented_at is None:
            return last
        plans = self.collection.plans([one.id for one in self.instruments])
        return ends(self.collection, plans, row.consented_at).get((row.wave, row.day), last)


def read_store(
    url: str, instruments: Iterable[Instrument | str] | Instrument | str = (), study: str | None = None
) -> Responses:
    """Read the answers of a study from a store; its keys and, unless given, its instruments are known there."""
    from ..store import Store

    store = Store.open(url, create=False)
    try:
        name = _chosen(store, study)
        definition = store.definition(name)
        own = as_instruments(instruments)
        if definition is None and not own:
            raise ResponsesError(
                f"the store {store.name} does not say what the study {quoted(name)} asked; name its instruments: "
                'tk.read_responses(url, ["has", "rws"]).'
            )
        registered = definition.instruments if definition else ()
        collection = definition.collection if definition else None
        return _read(store, _Asked(name, own or registered, collection))
    finally:
        store.close()


def read_collected(study: Study) -> Responses:
    """Read the answers that a study collected into its own store."""
    from ..store import Store

    if study.spec.collection is None:
        raise ResponsesError(f"the study {quoted(study.name)} names neither files of answers nor a collection.")
    store = Store.open(study.spec.collection.store, folder=study.folder, create=False)
    try:
        return read_from(study, store)
    finally:
        store.close()


def read_from(study: Study, store: Store) -> Responses:
    """Read the answers of a study from a store that is open."""
    return _read(store, _Asked(study.name, study.instruments, study.spec.collection, tuple(study.spec.covariates)))


def _chosen(store: Store, study: str | None) -> str:
    """Choose the study: the one that was named, or the only one."""
    names = store.studies()
    if study is not None and study not in names:
        hint = nearest(study, names)
        raise ArgumentError(f"the store has no study {quoted(study)}.{hint} There: {listed(names) or 'none yet'}.")
    if not names:
        raise ResponsesError(f"the store {store.name} holds no study yet: nobody was invited and nothing was asked.")
    if study is None and len(names) > 1:
        raise ArgumentError(
            f"the store holds {len(names)} studies ({listed(names)}); say which: "
            f"tk.read_responses(url, study={names[0]!r})."
        )
    return study or names[0]


def _read(store: Store, asked: _Asked) -> Responses:
    found = _found(store.rows(asked.name), asked, store.now())
    rows = found.rows
    if not rows:
        state = "nobody has answered anything" if found.n_blank else "nobody has begun"
        raise NoAnswers(f"the study {quoted(asked.name)} in the store {store.name} has no answers yet: {state}.")
    keys, log = _keys(rows)
    columns = [*asked.items, *asked.numbers, *asked.texts]
    values, reasons = _cells(found, columns)
    frame = pd.DataFrame({**keys, **_typed(values, asked), **_about(rows)})
    responses = read_frame(frame, asked.instruments, _rules(frame, asked), f"the store {store.name}")
    return _explained(responses, reasons, [*log, *found.log(), *_unread(rows, columns)])


@dataclass(frozen=True)
class _Found:
    """The occasions that become rows.

    Attributes
    ----------
    rows : those with an answer, and those that were submitted or are over.
    open : whether each of these may still be answered.
    n_blank : how many were opened, may still be answered, and have no answer yet.
    """

    rows: tuple[OccasionAnswers, ...]
    open: tuple[bool, ...]
    n_blank: int

    def log(self) -> list[Line]:
        """Say what is not there yet."""
        lines: list[Line] = []
        if any(self.open):
            n = sum(self.open)
            told = "not submitted, so that answers may still come; what is not there has the reason unknown"
            lines.append(("rows", "occasion still open", n, f"{counted(n, 'row')} {told}"))
        if self.n_blank:
            told = "the questionnaire was opened, and nothing is answered yet"
            lines.append(("rows", "occasion still open", self.n_blank, f"no row for {self.n_blank:,}: {told}"))
        return lines


def _found(rows: Sequence[OccasionAnswers], asked: _Asked, now: datetime) -> _Found:
    """Tell open occasions from those that are over, and leave out the open ones without an answer."""
    still = [_is_open(row, asked, now) for row in rows]
    kept = [at for at, row in enumerate(rows) if not (still[at] and row.is_blank)]
    return _Found(tuple(rows[at] for at in kept), tuple(still[at] for at in kept), len(rows) - len(kept))


def _is_open(row: OccasionAnswers, asked: _Asked, now: datetime) -> bool:
    if row.submitted:
        return False
    end = asked.end(row)
    return end is None or now < end


def _rules(frame: pd.DataFrame, asked: _Asked) -> ReadingRules:
    ranges = {one.name: one for one in asked.covariates}
    own = [name for name in frame.columns if name not in KEYS and name not in asked.items]
    covariates = [ranges.get(name, Covariate(name=name)) for name in dict.fromkeys([*own, *ranges])]
    keys = Keys.model_validate({name: name for name in KEYS if name in frame})
    return ReadingRules(keys=keys, covariates=tuple(covariates))


def _keys(rows: Sequence[OccasionAnswers]) -> tuple[dict[str, pd.Series[Any]], list[Line]]:
    """Make the key columns that the study has; a row without such a key gets one of its own, and that is logged."""
    found: dict[str, pd.Series[Any]] = {}
    log: list[Line] = []
    in_couples = any(row.couple for row in rows)
    for name in KEYS:
        given = [getattr(row, name) for row in rows]
        if not any(given) or (name == "role" and not in_couples):
            continue
        own = {"couple": [f"{row.person} alone" for row in rows], "role": ["alone"] * len(rows)}.get(
            name, [NO_DAY] * len(rows)
        )
        absent = sum(key is None for key in given)
        log += [(name, "filled", absent, _fillings(name))] if absent else []
        filled = pd.Series([key or other for key, other in zip(given, own, strict=True)], dtype="str")
        found[name] = filled.astype("int64") if filled.str.fullmatch(WHOLE_NUMBER).all() else filled
    return found, log


def _fillings(name: str) -> str:
    return {
        "couple": "not joined to a partner: a couple of their own",
        "role": "not joined to a partner: alone",
        "wave": "occasions outside the waves: 0",
        "day": "occasions outside the diary: 0",
    }[name]


def _cells(found: _Found, columns: Sequence[str]) -> tuple[dict[str, list[Any]], dict[tuple[int, str], str]]:
    """Lay out the answers, and say of each cell without one why it is empty."""
    values: dict[str, list[Any]] = {name: [None] * len(found.rows) for name in columns}
    reasons: dict[tuple[int, str], str] = {}
    for index, (row, still) in enumerate(zip(found.rows, found.open, strict=True)):
        shown = set(row.order)
        unanswered = "skipped" if row.submitted else "unknown" if still else "dropped_out"
        given = {one.item: one for one in row.answers if not one.is_empty}
        for name in columns:
            answer = given.get(name)
            if answer is None:
                reasons[index, name] = unanswered if name in shown else "not_shown"
            elif answer.reason is not None:
                reasons[index, name] = answer.reason if answer.reason in REASONS else "unknown"
            else:
                values[name][index] = answer.text if answer.value is None else answer.value
    return values, reasons


def _typed(values: dict[str, list[Any]], asked: _Asked) -> dict[str, pd.Series[Any]]:
    """Give each column its type: whole numbers for items, numbers or words for questions."""
    numbers = {name: pd.to_numeric(pd.Series(values[name], dtype="object")) for name in asked.numbers}
    texts = {name: _words(values[name]) for name in asked.texts}
    items = {name: pd.Series(values[name], dtype="Int64") for name in asked.items}
    return {**items, **numbers, **texts}


def _words(values: Sequence[Any]) -> pd.Series[Any]:
    return pd.Series([None if value is None else str(value) for value in values], dtype="str")


def _about(rows: Sequence[OccasionAnswers]) -> dict[str, pd.Series[Any]]:
    """Say how long each row took, and, where any came late, which."""
    timed = [[one.milliseconds for one in row.answers if one.milliseconds is not None] for row in rows]
    per_item = [median(several) / 1000 if several else None for several in timed]
    late = {"late": pd.Series([row.late for row in rows], dtype="bool")} if any(row.late for row in rows) else {}
    times = ([row.seconds for row in rows], per_item)
    return {name: pd.Series(kept, dtype="float64") for name, kept in zip(TIMES, times, strict=True)} | late


def _unread(rows: Sequence[OccasionAnswers], columns: Sequence[str]) -> list[Line]:
    """Log answers to items that the instruments no longer have."""
    known = set(columns)
    lost = Counter(one.item for row in rows for one in row.answers if one.item not in known)
    return [(item, "not read", n, "not among the instruments and questions of the study") for item, n in lost.items()]


def _explained(responses: Responses, reasons: dict[tuple[int, str], str], lines: Sequence[Line]) -> Responses:
    """Put the reasons that the store knows in the place of those that a blank cell has."""
    table = responses.reasons
    cells = list(zip(table["row"].tolist(), table["column"].tolist(), strict=True))
    known = [reasons.get(cell, "unknown") for cell in cells]
    counted = Counter((column, reason) for (_, column), reason in zip(cells, known, strict=True))
    empty = [(column, "empty cell", n, reason) for (column, reason), n in counted.items()]
    told = responses.log[responses.log["action"] != "empty cell"]
    log = pd.concat([pd.DataFrame([*lines, *empty], columns=list(LOG_COLUMNS)), told], ignore_index=True)
    return replace(responses, reasons=table.assign(reason=pd.Categorical(known, categories=list(REASONS))), log=log)
