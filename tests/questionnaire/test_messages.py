"""Messages from the page: what does not fit exactly is refused, whatever it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from toolkit.questionnaire.messages import (
    KINDS,
    LARGEST_SEQUENCE,
    LONGEST_TEXT,
    AnswerMessage,
    Message,
    Refusal,
    as_secret,
    parse,
    sequence_of,
)


def answer(**fields):
    return {"type": "answer", "sequence": 1, "item": "a1", **fields}


@pytest.mark.parametrize(
    "raw",
    [
        answer(value=3),
        answer(value="woman"),
        answer(value=None, text=None, reason=None),
        answer(text="a\nb\tü"),
        answer(reason="refused", milliseconds=0),
        {"type": "hello", "sequence": 0, "language": None},
        {"type": "hello", "sequence": LARGEST_SEQUENCE, "language": "de"},
        {"type": "open", "sequence": 1, "token": ["anything"]},
        {"type": "consent", "sequence": 1, "version": "1", "couple_code": None},
        {"type": "place", "sequence": 1, "position": 2, "milliseconds": 40210},
        *({"type": kind, "sequence": 1} for kind in ("submit", "stop", "withdraw", "export")),
    ],
)
def test_what_fits_is_read(raw):
    assert isinstance(parse(raw), Message)


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (None, "message"),
        ([], "message"),
        ("hello", "message"),
        ({}, "message"),
        ({"type": "execute", "sequence": 1}, "message"),
        ({"type": ["hello"], "sequence": 1}, "message"),
        ({"type": "hello"}, "message"),
        ({"type": "hello", "sequence": "1"}, "message"),
        ({"type": "hello", "sequence": True}, "message"),
        ({"type": "hello", "sequence": -1}, "message"),
        ({"type": "hello", "sequence": 1.0}, "message"),
        ({"type": "hello", "sequence": 2**31}, "message"),
        ({"type": "hello", "sequence": 1, "language": 3}, "message"),
        ({"type": "hello", "sequence": 1, "code": "x"}, "message"),
        ({"type": "submit", "sequence": 1, "now": True}, "message"),
        ({"type": "place", "sequence": 1, "position": True}, "message"),
        ({"type": "place", "sequence": 1, "position": -1}, "message"),
        ({"type": "place", "sequence": 1, "position": 10**400}, "message"),
        (answer(item=7), "message"),
        (answer(item=""), "message"),
        (answer(item="x" * 201), "message"),
        (answer(value=True), "value"),
        (answer(value=3.0), "value"),
        (answer(value=float("nan")), "value"),
        (answer(value=[3]), "value"),
        (answer(value={"a": 1}), "value"),
        (answer(value="x" * 201), "value"),
        (answer(text=3), "value"),
        (answer(reason="skipped"), "value"),
        (answer(reason="dropped_out"), "value"),
        (answer(value=1, reason="refused"), "message"),
        (answer(value=1, text="x"), "message"),
        (answer(milliseconds=-1), "message"),
        (answer(milliseconds=2**31), "message"),
        (answer(milliseconds=1.5), "message"),
        (answer(text="x" * (LONGEST_TEXT + 1)), "too_long"),
        (answer(text="x" * 10_000_000), "too_long"),
        (answer(text="a\x00b"), "characters"),
        (answer(text="a\ud800b"), "characters"),
        (answer(value="a\x00"), "characters"),
        (answer(item="a\x00"), "characters"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_rule(raw, rule):
    found = parse(raw)
    assert isinstance(found, Refusal)
    assert found.rule == rule


def test_a_refusal_keeps_nothing_of_the_answer():
    assert "secret" not in repr(parse(answer(text="secret" * 5000)))
    assert "secret" not in repr(parse(answer(value=["secret"])))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["type", "sequence", "item", "value", "text", "reason", "position", "token", "code", "x"])
kinds = st.sampled_from(list(KINDS)) | st.text(max_size=6)


@some_examples
@given(anything | st.dictionaries(names, anything, max_size=6), kinds)
def test_anything_at_all_is_read_or_refused(raw, kind):
    if isinstance(raw, dict):
        raw = {**raw, "type": kind}
    found = parse(raw)
    assert isinstance(found, Message | Refusal)
    number = sequence_of(raw)
    assert number is None or type(number) is int
    if isinstance(found, AnswerMessage):
        assert sum(part is not None for part in (found.value, found.text, found.reason)) <= 1
    assert isinstance(as_secret(raw), str)
