"""What is asked: the instruments of a simulation, flattened into questions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..catalogue import instrument as load
from ..checks import listed, quoted
from ..errors import ArgumentError, StudyError
from ..instrument_model import Instrument as Instrument
from ..responses import as_instruments
from ..specs import read_document
from ..study import Study, read_study
from .design import DIARY_DAYS, Design, is_path, read_design
from .theory import full_form

COLUMNS = ("person", "couple", "role", "wave", "day", "gender", "age", "group")


@dataclass(frozen=True)
class Question:
    """One item as a simulation sees it.

    Attributes
    ----------
    id, instrument, scale : names; the scale is the first that lists the item, as `instrument.scale`, or None.
    low, high : the declared range.
    reverse, scored, not_applicable : as in the instrument.
    place : the number at the end of the item's id where these differ in the instrument (ids number the order of
        display), else its position.
    """

    id: str
    instrument: str
    scale: str | None
    low: int
    high: int
    reverse: bool
    scored: bool
    not_applicable: bool
    place: int


@dataclass(frozen=True)
class Form:
    """A design with its instruments loaded: those asked at each wave, and those asked daily."""

    design: Design
    instruments: tuple[Instrument, ...]
    daily: tuple[Instrument, ...]

    def __post_init__(self) -> None:
        repeated = {one.id for one in questions(self.instruments)} & {one.id for one in questions(self.daily)}
        if repeated:
            names = listed(sorted(repeated))
            raise ArgumentError(f"the items {names} are asked both at each wave and daily; keep one instrument.")

    @property
    def n_days(self) -> int:
        """How many diary days there are."""
        given = self.design.n_days
        return (DIARY_DAYS if self.daily else 0) if given is None else given


def questions(instruments: Sequence[Instrument]) -> tuple[Question, ...]:
    """List the items that the forms show; an item of two instruments is asked once.

    Raises
    ------
    ArgumentError
        If an item is named like a column of another meaning.
    """
    found: dict[str, Question] = {}
    for question in (question for one in instruments for question in _of(one)):
        if question.id in COLUMNS:
            raise ArgumentError(f"the item {quoted(question.id)} has the name of a key or covariate; rename it.")
        found.setdefault(question.id, question)
    return tuple(found.values())


def _of(one: Instrument) -> Iterator[Question]:
    homes: dict[str, str] = {}
    for name, scale in one.scales.items():
        for item in scale.items:
            homes.setdefault(item, f"{one.id}.{name}")
    for item, place in zip(one.item_ids, _places(one.item_ids), strict=True):
        spec = one.by_id[item]
        low, high = one.range(item)
        asked = (spec.reverse, item in homes, spec.not_applicable)
        yield Question(item, full_form(one.id), homes.get(item), low, high, *asked, place)


def _places(items: Sequence[str]) -> list[int]:
    ends = [re.search(r"\d{1,9}$", item) for item in items]
    numbers = [int(end.group()) for end in ends if end]
    return numbers if len(set(numbers)) == len(items) else list(range(1, len(items) + 1))


def make_form(what: Any, given: Design | None, changes: Mapping[str, int | None]) -> Form:
    """Find out what is to be simulated: instruments, a study, a design, or a file of one of these.

    Parameters
    ----------
    what, given, changes : what to simulate, a design for what is none itself, and values in place of the design's.

    Raises
    ------
    ToolkitError
        If it is none of these, or the file has faults.
    """
    if isinstance(what, str | Path) and is_path(str(what)):
        return _from_file(Path(what), given, changes)
    if isinstance(what, Study):
        return _divided((given or Design(seed=what.spec.seed)).updated(**changes), what.instruments)
    if isinstance(what, Design):
        return _designed(what, Path(), given, changes)
    return _divided(
        (given or Design()).updated(**changes), as_instruments(str(what) if isinstance(what, Path) else what)
    )


def _from_file(path: Path, given: Design | None, changes: Mapping[str, int | None]) -> Form:
    document = read_document(path, StudyError)
    if "items" in document.data and "scales" in document.data:
        return make_form([load(path)], given, changes)
    if "study" in document.data or "data" in document.data:
        return make_form(read_study(path), given, changes)
    return _designed(read_design(document), path.parent, given, changes)


def _designed(own: Design, folder: Path, given: Design | None, changes: Mapping[str, int | None]) -> Form:
    if given is not None:
        raise ArgumentError("what to simulate is a design already; leave design= out.")
    loaded = as_instruments([load(folder / name) if is_path(name) else name for name in own.instruments])
    return _divided(own.updated(**changes), loaded)


def _divided(design: Design, loaded: Sequence[Instrument]) -> Form:
    """Part what is asked at each wave from what is asked daily; no days leave the daily instruments out.

    Where there are days and no daily instrument was named, those of `Design.diary` are asked.
    """
    daily_ids = design.diary.instruments
    daily = tuple(one for one in loaded if one.id in daily_ids)
    asked = tuple(one for one in loaded if one.id not in daily_ids)
    if design.n_days == 0:
        daily = ()
    elif design.n_days and not daily:
        daily = as_instruments(daily_ids)
    if not asked and not daily:
        raise ArgumentError(f"nothing is asked: name an instrument; with n_days=0, {listed(daily_ids)} is left out.")
    return Form(design.updated(instruments=[one.id for one in (*asked, *daily)]), asked, daily)
