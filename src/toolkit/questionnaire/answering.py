"""Answering: what the page sends as an answer, held against what was asked."""

from __future__ import annotations

from collections.abc import Mapping

from ..store.records import Answer
from .messages import AnswerMessage, Refusal
from .plan import Entry


def read_answer(message: AnswerMessage, asked: Mapping[str, Entry], *, timing: bool) -> Answer | Refusal:
    """Read an answer to one of the items that are asked, or say which rule it breaks."""
    entry = asked.get(message.item)
    if entry is None:
        return Refusal("item")
    refused = _fault(message, entry)
    if refused is not None:
        return refused
    spent = message.milliseconds if timing else None
    text = message.text if message.text and message.text.strip() else None
    if isinstance(message.value, str):
        return Answer(entry.id, text=message.value, milliseconds=spent)
    return Answer(entry.id, value=message.value, text=text, reason=message.reason, milliseconds=spent)


def _fault(message: AnswerMessage, entry: Entry) -> Refusal | None:
    if message.text is not None:
        if entry.kind != "text":
            return Refusal("value", entry.id)
        if len(message.text) > entry.max_length:
            return Refusal("too_long", entry.id, (("most", entry.max_length),))
    if message.value is not None and not entry.takes(message.value):
        if entry.kind == "number":
            return Refusal("value", entry.id, (("low", entry.low), ("high", entry.high)), text="number")
        return Refusal("value", entry.id)
    if message.reason == "not_applicable" and not entry.not_applicable:
        return Refusal("value", entry.id)
    return None
