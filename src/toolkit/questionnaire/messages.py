"""Messages from the page: each is checked strictly, and nothing of a refused one is kept but the rule it broke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..store.records import storable

LONGEST_TEXT = 20_000
LONGEST_NAME = 200
LARGEST_SEQUENCE = 2**31 - 1  # fits the integers of every database
LONGEST_TIME = 2_000_000_000  # milliseconds, some 23 days: fits the integers of every database
Rule = Literal[
    "message", "state", "item", "value", "too_long", "characters", "token", "couple_code", "withdrawal_code", "required"
]
Milliseconds = Annotated[int, Field(ge=0, le=LONGEST_TIME)] | None
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class Message(BaseModel):
    """Any message; `sequence` rises with each, and comes back in the reply as `to`.

    `view` tells pages apart that share a kernel, as two tabs with one notebook do; the widget looks at it.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)

    sequence: Annotated[int, Field(ge=0, le=LARGEST_SEQUENCE)]
    view: Name | None = None


class Hello(Message):
    """The page is there, or wants another language; `browser` is the browser's, for as long as none was chosen."""

    type: Literal["hello"]
    language: Name | None = None
    browser: Name | None = None


class Open(Message):
    """Somebody gives a token; whatever is wrong with it has one answer, so anything is taken.

    `held` is the lease of a page whose kernel has gone: it goes on only if no other page has taken over since.
    """

    type: Literal["open"]
    token: Any = None
    held: Name | None = None


class Consent(Message):
    """The person agrees to a version of the consent text; the couple's code is judged as tokens are."""

    type: Literal["consent"]
    version: Name
    couple_code: Any = None


class AnswerMessage(Message):
    """An answer to one item: a value, a text or a reason; with none of these it is cleared."""

    type: Literal["answer"]
    item: Name
    value: int | Name | None = None
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] | None = None
    reason: Literal["refused", "not_applicable"] | None = None
    milliseconds: Milliseconds = None

    @model_validator(mode="after")
    def _one(self) -> AnswerMessage:
        if sum(part is not None for part in (self.value, self.text, self.reason)) > 1:
            raise ValueError("an answer has one of value, text and reason")
        return self


class Place(Message):
    """A page of the form was reached; the time is that on the page that was left."""

    type: Literal["place"]
    position: Annotated[int, Field(ge=0, le=100_000)]
    milliseconds: Milliseconds = None


class Submit(Message):
    """The person sends the answers off."""

    type: Literal["submit"]


class Stop(Message):
    """The person leaves and may come back."""

    type: Literal["stop"]


class Withdraw(Message):
    """The person withdraws; the code is judged as tokens are."""

    type: Literal["withdraw"]
    code: Any = None


class Export(Message):
    """The person wants a copy of the answers just sent."""

    type: Literal["export"]


KINDS: dict[str, type[Message]] = {
    "hello": Hello,
    "open": Open,
    "consent": Consent,
    "answer": AnswerMessage,
    "place": Place,
    "submit": Submit,
    "stop": Stop,
    "withdraw": Withdraw,
    "export": Export,
}


@dataclass(frozen=True)
class Refusal:
    """Why a message is not acted upon: the rule; the item it was for; what `text` says in place of the rule's words."""

    rule: Rule
    item: str | None = None
    values: tuple[tuple[str, int], ...] = ()
    text: str = ""


def parse(raw: object) -> Message | Refusal:
    """Read a message from the page.

    Examples
    --------
    >>> parse({"type": "place", "sequence": 3, "position": 1}).position
    1
    >>> parse({"type": "place", "sequence": 3, "position": True})
    Refusal(rule='message', item=None, values=(), text='')
    """
    kind = raw.get("type") if isinstance(raw, Mapping) else None
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None or not isinstance(raw, Mapping):
        return Refusal("message")
    try:
        message = model.model_validate(dict(raw))
    except ValidationError as problem:
        rule = _rule(problem)
        return Refusal(rule, _item(raw), (("most", LONGEST_TEXT),) if rule == "too_long" else ())
    if isinstance(message, AnswerMessage) and not all(
        storable(part) for part in (message.item, message.value, message.text) if isinstance(part, str)
    ):
        return Refusal("characters", _item(raw))
    return message


def sequence_of(raw: object) -> int | None:
    """Read the number of a message, for the reply; None where it has none that can be given back."""
    number = raw.get("sequence") if isinstance(raw, Mapping) else None
    return number if type(number) is int and 0 <= number <= LARGEST_SEQUENCE else None


def as_secret(value: object) -> str:
    """Take what was given as a token or code; anything but a text is as wrong as a wrong text."""
    return value if isinstance(value, str) else ""


def _item(raw: Mapping[Any, Any]) -> str | None:
    item = raw.get("item")
    return item if isinstance(item, str) and len(item) <= LONGEST_NAME else None


def _rule(problem: ValidationError) -> Rule:
    found = problem.errors(include_url=False, include_input=False, include_context=False)
    if any(one["loc"][:1] == ("text",) and one["type"] == "string_too_long" for one in found):
        return "too_long"
    if any(one["type"] == "string_unicode" for one in found):
        return "characters"
    return "value" if any(one["loc"][:1] in (("value",), ("text",), ("reason",)) for one in found) else "message"
