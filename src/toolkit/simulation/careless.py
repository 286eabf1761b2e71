"""Careless respondents: straight-lining, random, drifting."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .answers import Answers
from .design import Careless
from .form import Question
from .streams import Array, Streams

KINDS = ("attentive", "straight_lining", "random", "drifting")
FIRST_PLACE, LAST_PLACE = 2.0, 20.0
FADING = 8.0


class Respondents:
    """Who answers carelessly, and how.

    A careless person stays of one kind on all occasions. Attention of drifting persons ends at a place between 2 and
    20 of an instrument, which differs by person; p places (0 < p ≤ 8) further on they give their one option with
    chance p / 8, and after that always.
    """

    def __init__(self, careless: Careless, streams: Streams, n_persons: int) -> None:
        self._streams = streams
        shares = (careless.straight_lining, careless.random, careless.drifting)
        draws = streams.uniforms("person:careless", n_persons) if any(shares) else np.ones(n_persons, dtype=np.float32)
        ends = np.cumsum(shares)
        number = np.searchsorted(ends, draws, side="right") + 1
        self.kind: npt.NDArray[np.intp] = np.where(number > len(shares), 0, number)
        self.who = np.flatnonzero(self.kind)
        self._line, self._random, self._drift = (self.kind[self.who] == kind for kind in (1, 2, 3))
        places = streams.uniforms("person:attention", n_persons)[self.who] if len(self.who) else np.empty(0, np.float32)
        self._attention = FIRST_PLACE + (LAST_PLACE - FIRST_PLACE) * places

    def overwrite(self, answers: Answers, question: Question, occasion: str) -> None:
        """Put careless answers in the place of careful ones."""
        if not len(self.who):
            return
        draws = self._streams.uniforms(f"careless:{question.id}:{occasion}", len(self.who))
        line = _option(self._streams.uniforms(f"careless:{question.instrument}:{occasion}", len(self.who)), question)
        lost = self._drift & (FADING * draws < question.place - self._attention)
        for persons, given in ((self._line | lost, line), (self._random, _option(draws, question))):
            answers[self.who[persons]] = given[persons]


def _option(draws: Array, question: Question) -> npt.NDArray[np.int64]:
    """Turn numbers from 0 up to 1 into options, each as likely."""
    options = question.high - question.low + 1
    return question.low + np.minimum(np.floor(draws * options), options - 1).astype(np.int64)
