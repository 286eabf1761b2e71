"""Sheets: tables of answers, built column by column, with the reasons of empty cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..missing import REASONS
from .answers import Answers, ItemModel, item_model
from .careless import Respondents
from .form import Form, Question, questions
from .missing import DROPPED_OUT, TIMED_OUT, Gaps, Reasons
from .streams import Array
from .truth import Couples, World


@dataclass(frozen=True)
class Occasion:
    """A wave, or a diary day after it, with the true scores of scales then."""

    wave: int
    day: int | None
    scores: Callable[[str], Array]

    @property
    def name(self) -> str:
        """The name that streams are given."""
        return f"wave:{self.wave}" if self.day is None else f"wave:{self.wave}:day:{self.day}"


class Writer:
    """Writes answers: a column for each question, over occasions."""

    def __init__(self, form: Form, world: World) -> None:
        self.form = form
        self.world = world
        self.respondents = Respondents(form.design.careless, world.streams, 2 * world.couples.n)
        self.gaps = Gaps(world) if form.design.missing.present else None
        asked = questions((*form.instruments, *form.daily))
        self.models: dict[str, ItemModel] = {
            one.id: item_model(one, form.design.loading, world.streams, form.design.scale_correlation) for one in asked
        }

    def sheet(self, asked: Sequence[Question], occasions: Sequence[Occasion]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Write the frame of answers of some occasions, and the table of reasons."""
        columns = key_columns(self.form, self.world.couples, occasions)
        away = self._away(occasions)
        reasons: dict[str, Reasons] = {}
        for question in asked:
            values = np.concatenate([self._answers(question, occasion) for occasion in occasions])
            empty = np.zeros(len(values), dtype=bool)
            if self.gaps is not None:
                why = self._reasons(self.gaps, question, occasions, away)
                reasons[question.id], empty = why, why >= 0
            columns[question.id] = pd.arrays.IntegerArray(values, empty)
        return pd.DataFrame(columns, copy=False), reason_table(reasons)

    def _answers(self, question: Question, occasion: Occasion) -> Answers:
        model, n_persons = self.models[question.id], 2 * self.world.couples.n
        fact = question.scale is None  # a fact stays the same on all occasions
        noise = self.world.streams.normals(f"item:{question.id}" + ("" if fact else f":{occasion.name}"), n_persons)
        truth = np.zeros(1, np.float32) if question.scale is None else occasion.scores(question.scale).ravel()
        answers = model.answer(truth, noise, question.low)
        self.respondents.overwrite(answers, question, occasion.name)
        return answers

    def _away(self, occasions: Sequence[Occasion]) -> list[Reasons]:
        """Find who was not there at all: dropped out, or without a diary entry on that day."""
        if self.gaps is None:
            return []
        found = []
        for occasion in occasions:
            reason = np.full(2 * self.world.couples.n, -1, dtype=np.int8)
            if occasion.day is not None:
                reason[self.gaps.missed(occasion.name)] = TIMED_OUT
            reason[self.gaps.gone(occasion.wave)] = DROPPED_OUT
            found.append(reason)
        return found

    @staticmethod
    def _reasons(gaps: Gaps, question: Question, occasions: Sequence[Occasion], away: Sequence[Reasons]) -> Reasons:
        own = [gaps.of(question, occasion.name, occasion.wave) for occasion in occasions]
        return np.concatenate([np.where(gone >= 0, gone, why) for gone, why in zip(away, own, strict=True)])


def key_columns(form: Form, couples: Couples, occasions: Sequence[Occasion]) -> dict[str, Any]:
    """Write the keys and covariates of the rows: occasion by occasion, couple by couple."""
    times = len(occasions)
    columns: dict[str, Any] = {
        "person": np.tile(np.arange(1, 2 * couples.n + 1), times),
        "couple": np.tile(np.repeat(np.arange(1, couples.n + 1), 2), times),
        "role": _words(couples.role_b.ravel(), ("a", "b"), times),
        "wave": np.repeat([occasion.wave for occasion in occasions], 2 * couples.n),
    }
    if occasions and occasions[0].day is not None:
        columns["day"] = np.repeat([occasion.day or 0 for occasion in occasions], 2 * couples.n)
    columns["gender"] = _words(couples.woman.ravel(), ("man", "woman"), times)
    columns["age"] = np.tile(couples.age.ravel(), times)
    if form.design.practice_group:
        columns["group"] = _words(np.repeat(couples.practising, 2), ("comparison", "practice"), times)
    return columns


def _words(marked: npt.NDArray[np.bool_], words: tuple[str, str], times: int) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(np.tile(marked.astype(np.int8), times), categories=pd.Index(words))


def reason_table(reasons: Mapping[str, Reasons]) -> pd.DataFrame:
    """Put the empty cells of all columns into one sparse table: row, column, reason."""
    places = [np.flatnonzero(why >= 0) for why in reasons.values()]
    codes = [why[place] for why, place in zip(reasons.values(), places, strict=True)]
    columns = np.repeat(np.arange(len(reasons)), [len(place) for place in places])
    none = np.empty(0, dtype=np.int64)
    return pd.DataFrame(
        {
            "row": np.concatenate([none, *places]),
            "column": pd.Categorical.from_codes(columns, categories=pd.Index(list(reasons), dtype="str")),
            "reason": pd.Categorical.from_codes(
                np.concatenate([none.astype(np.int8), *codes]), categories=pd.Index(REASONS)
            ),
        }
    )
