"""What the store takes and gives: plain frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ..errors import ArgumentError

Outcome = Literal["saved", "elsewhere", "closed"]


@dataclass(frozen=True)
class Participant:
    """A person of a study; `number` is the store's own and never leaves it."""

    number: int
    study: str
    person: str
    couple: str | None = None
    role: str | None = None
    language: str | None = None
    consented_at: datetime | None = None
    consent_version: str | None = None


@dataclass(frozen=True)
class Invitation:
    """What one invited person is sent; the store keeps only checksums of the token and the codes."""

    person: str
    role: str | None
    token: str
    couple_code: str | None
    withdrawal_code: str
    expires_at: datetime


@dataclass(frozen=True)
class Sitting:
    """One person's occasion; `lease` names the page that may write to it."""

    number: int
    participant: int
    wave: str | None
    day: str | None
    started_at: datetime
    submitted_at: datetime | None
    late: bool
    order: tuple[str, ...]
    lease: str
    position: int


@dataclass(frozen=True)
class Answer:
    """The answer to one item: a value, a text, or the reason why there is none; with nothing of these it is cleared."""

    item: str
    value: int | None = None
    text: str | None = None
    reason: str | None = None
    milliseconds: int | None = None

    def __post_init__(self) -> None:
        if sum(part is not None for part in (self.value, self.text, self.reason)) > 1:
            raise ArgumentError("an answer has one of value, text and reason; leave the others out.")
        if self.text is not None and not storable(self.text):
            raise ArgumentError("the text of an answer holds a NUL character or half a character; leave it out.")

    @property
    def is_empty(self) -> bool:
        """Tell whether the answer was cleared."""
        return self.value is None and self.text is None and self.reason is None


def storable(text: str) -> bool:
    """Tell whether every store can keep a text unchanged: PostgreSQL takes no NUL, UTF-8 no lone surrogates."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


@dataclass(frozen=True)
class OwnAnswer:
    """One answer as its own author may take it away."""

    wave: str | None
    day: str | None
    item: str
    value: int | None
    text: str | None
    reason: str | None
    answered_at: datetime


@dataclass(frozen=True)
class Progress:
    """How far one person came on one occasion; without an occasion, that they were invited."""

    person: str
    couple: str | None
    role: str | None
    wave: str | None
    day: str | None
    invited_at: datetime
    consented_at: datetime | None
    started_at: datetime | None
    submitted_at: datetime | None
    late: bool
    n_answered: int
    seconds: float | None
    last_item: str | None


@dataclass(frozen=True)
class OccasionCount:
    """How many started and submitted one occasion."""

    wave: str | None
    day: str | None
    started: int
    submitted: int
    late: int
    couples_complete: int


@dataclass(frozen=True)
class Counts:
    """A study in numbers: people (`started` and `submitted` at least one occasion), couples, occasions.

    A couple is linked when both partners have joined it, complete when both submitted the same occasion.
    """

    invited: int
    consented: int
    started: int
    submitted: int
    withdrawn: int
    couples: int
    couples_linked: int
    couples_complete: int
    refused_inputs: int
    occasions: tuple[OccasionCount, ...]


@dataclass(frozen=True)
class OccasionAnswers:
    """All answers of one person's occasion, as readers see them: without tokens, codes or the store's own numbers."""

    person: str
    couple: str | None
    role: str | None
    wave: str | None
    day: str | None
    submitted: bool
    late: bool
    order: tuple[str, ...]
    seconds: float | None
    answers: tuple[Answer, ...]
    consented_at: datetime | None

    @property
    def is_blank(self) -> bool:
        """Tell whether the person has opened the questionnaire, and neither answered anything nor sent it."""
        return not self.submitted and all(one.is_empty for one in self.answers)


@dataclass(frozen=True)
class PageTime:
    """How long one occasion stayed on one page (counted from 0)."""

    wave: str | None
    day: str | None
    position: int
    seconds: float
