"""What a session refuses: politely, counted by rule, without a trace of what it was."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.questionnaire.visits import Clock, Visit, open_store, read_plan
from toolkit.errors import StoreError
from toolkit.questionnaire.messages import KINDS
from toolkit.questionnaire.texts import say
from toolkit.store import Store

SECRET = "hidden-words"


def answers_in(store, plan, invitation):
    person = store.admit(plan.study, invitation.token)
    return store.answers(store.sittings(person.number)[0].number)


def counted(store, plan):
    return store.counts(plan.study).refused_inputs


@pytest.mark.parametrize(
    ("fields", "rule", "item"),
    [
        ({"item": "unknown", "value": 1}, "item", None),
        ({"item": "person", "value": 1}, "item", None),
        ({"item": "has01; DROP TABLE answers", "value": 1}, "item", None),
        ({"item": "rws01", "value": 5}, "value", "rws01"),
        ({"item": "rws01", "value": -1}, "value", "rws01"),
        ({"item": "rws01", "value": 10**300}, "value", "rws01"),
        ({"item": "rws01", "value": "3"}, "value", "rws01"),
        ({"item": "rws01", "value": True}, "value", "rws01"),
        ({"item": "rws01", "value": 1.0}, "value", "rws01"),
        ({"item": "rws01", "value": [1]}, "value", "rws01"),
        ({"item": "rws01", "text": "1"}, "value", "rws01"),
        ({"item": "rws01", "reason": "not_applicable"}, "value", "rws01"),
        ({"item": "rws01", "reason": "skipped"}, "value", "rws01"),
        ({"item": "rws01", "value": 1, "reason": "refused"}, "message", "rws01"),
        ({"item": "rws01", "value": 1, "sitting": 2}, "message", "rws01"),
        ({"item": "bar17", "value": 3}, "value", "bar17"),
        ({"item": "age", "value": 15}, "value", "age"),
        ({"item": "age", "value": 111}, "value", "age"),
        ({"item": "age", "value": "16"}, "value", "age"),
        ({"item": "gender", "value": "other"}, "value", "gender"),
        ({"item": "gender", "value": 0}, "value", "gender"),
        ({"item": "gender", "text": "woman"}, "value", "gender"),
        ({"item": "comment", "value": 1}, "value", "comment"),
        ({"item": "comment", "text": "x" * 201}, "too_long", "comment"),
        ({"item": "comment", "text": "x" * 10_000_000}, "too_long", "comment"),
        ({"item": "comment", "text": SECRET + "\x00"}, "characters", "comment"),
        ({"item": "comment", "text": SECRET + "\ud800"}, "characters", "comment"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_and_counted(visit, plan, store, couple, caplog, fields, rule, item):
    visit.enter(couple[0])
    with caplog.at_level(logging.DEBUG):
        reply = visit.send("answer", **fields)
    assert (reply["type"], reply["rule"], reply["item"]) == ("refused", rule, item)
    assert reply["text"]
    assert answers_in(store, plan, couple[0]) == {}
    assert counted(store, plan) == 1
    given_text = str(fields.get("text") or fields.get("value"))
    assert SECRET not in json.dumps(reply)
    assert len(given_text) < 4 or given_text not in json.dumps(reply) + caplog.text
    visit.answer(rws01=1)


def test_numbers_and_lengths_are_told_with_their_bounds(visit, couple):
    visit.enter(couple[0])
    assert visit.send("answer", item="age", value=5)["text"] == say("en", "refused_number", low=16, high=110)
    for length in (201, 30_000):
        too_long = visit.send("answer", item="comment", text="x" * length)
        assert too_long["text"] == say("en", "refused_too_long", most=200)


def test_an_item_of_another_occasion_is_refused(visit, plan, store, couple, clock):
    from datetime import UTC, datetime

    clock.now = datetime(2027, 3, 2, tzinfo=UTC)
    visit.send("open", token=couple[0].token)
    clock.now = datetime(2027, 2, 1, tzinfo=UTC)
    visit.send("consent", version="2026-11", couple_code=None)
    clock.now = datetime(2027, 3, 2, tzinfo=UTC)
    visit.enter(couple[0])
    assert visit.send("answer", item="has01", value=1)["rule"] == "item"
    visit.answer(rws01=1)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "consent", "version": "2026-11"},
        {"type": "answer", "item": "rws01", "value": 1},
        {"type": "place", "position": 1},
        {"type": "submit"},
        {"type": "stop"},
        {"type": "export"},
    ],
)
def test_before_a_token_nothing_else_is_possible(visit, plan, store, message):
    assert visit.send(**message)["rule"] == "state"
    assert counted(store, plan) == 1


@pytest.mark.parametrize(
    "message",
    [
        {"type": "answer", "item": "rws01", "value": 1},
        {"type": "place", "position": 1},
        {"type": "submit"},
        {"type": "export"},
    ],
)
def test_before_consent_nothing_is_taken(visit, plan, store, couple, message):
    visit.send("open", token=couple[0].token)
    assert visit.send(**message)["rule"] == "state"
    assert store.sittings(store.admit(plan.study, couple[0].token).number) == []


@pytest.mark.parametrize(
    "message",
    [
        {"type": "answer", "item": "rws09", "value": 1},
        {"type": "place", "position": 1},
        {"type": "consent", "version": "2026-11"},
        {"type": "submit"},
    ],
)
def test_after_submission_nothing_is_changed(visit, plan, store, couple, message):
    visit.enter(couple[0])
    visit.answer(rws01=1, gender="man")
    visit.send("submit")
    before = answers_in(store, plan, couple[0])
    assert visit.send(**message)["rule"] == "state"
    assert answers_in(store, plan, couple[0]) == before


def test_agreeing_to_a_text_that_was_not_shown_is_refused(visit, plan, store, couple):
    visit.send("open", token=couple[0].token)
    assert visit.send("consent", version="2025-01", couple_code=None)["rule"] == "value"
    assert store.admit(plan.study, couple[0].token).consented_at is None


def test_a_page_that_is_not_there_cannot_be_reached(visit, couple):
    form = visit.enter(couple[0])["page"]
    assert visit.send("place", position=len(form["sections"]))["type"] == "saved"
    assert visit.send("place", position=len(form["sections"]) + 1)["rule"] == "value"


@pytest.mark.parametrize("raw", [None, 1, "x", [], {}, {"type": "execute_request", "code": SECRET}])
def test_what_is_no_message_is_refused(visit, plan, store, raw, caplog):
    with caplog.at_level(logging.DEBUG):
        reply = visit.session.receive(raw)
    assert (reply["type"], reply["rule"], reply["to"]) == ("refused", "message", None)
    assert counted(store, plan) == 1
    assert SECRET not in json.dumps(reply) + caplog.text


def test_a_page_cannot_fill_the_store_with_refused_messages(visit, plan, store, monkeypatch):
    monkeypatch.setattr("toolkit.questionnaire.session.MOST_COUNTED", 5)
    for _ in range(8):
        assert visit.send("submit")["rule"] == "state"
    assert counted(store, plan) == 5


class Broken:
    """A store whose next writing call fails once."""

    def __init__(self, store: Store, problem: Exception) -> None:
        self.store, self.problem = store, problem

    def __getattr__(self, name):
        if name in ("save", "submit") and self.problem is not None:
            problem, self.problem = self.problem, None

            def fail(*_, **__):
                raise problem

            return fail
        return getattr(self.store, name)


@pytest.mark.parametrize("problem", [StoreError("the store is locked."), RuntimeError(f"value {SECRET}")])
def test_what_could_not_be_saved_is_said_to_come_later_and_is_saved_then(plan, store, clock, couple, caplog, problem):
    broken = Broken(store, None)
    visit = Visit(plan, broken, clock)
    visit.enter(couple[0])
    broken.problem = problem
    message = {"type": "answer", "sequence": 90, "item": "comment", "text": SECRET}
    with caplog.at_level(logging.DEBUG):
        reply = visit.session.receive(message)
    assert reply == {"type": "later", "text": say("en", "later"), "to": 90}
    assert SECRET not in caplog.text
    assert "AnswerMessage" in caplog.text
    assert answers_in(store, plan, couple[0]) == {}
    assert visit.session.receive(message)["type"] == "saved"
    assert answers_in(store, plan, couple[0])["comment"].text == SECRET


def test_nothing_of_a_whole_visit_is_logged(visit, couple, caplog):
    with caplog.at_level(logging.DEBUG):
        visit.send("open", token=SECRET)
        visit.send("open", token=couple[0].token)
        visit.send("consent", version="2026-11", couple_code=SECRET)
        visit.send("consent", version="2026-11", couple_code=couple[0].couple_code)
        visit.send("answer", item="comment", text=SECRET)
        visit.answer(rws01=1, gender="man")
        visit.send("submit")
        visit.send("withdraw", code=SECRET)
        visit.send("withdraw", code=couple[0].withdrawal_code)
    secrets = (SECRET, couple[0].token, couple[0].couple_code, couple[0].withdrawal_code)
    mine = " ".join(record.getMessage() for record in caplog.records)
    assert not [secret for secret in secrets if secret in mine]


values = st.none() | st.booleans() | st.integers(-3, 9) | st.floats() | st.text(max_size=4) | st.lists(st.none())
items = st.sampled_from(["rws01", "bar13", "bar17", "aps07", "age", "gender", "comment", "x"])
fields = st.fixed_dictionaries(
    {},
    optional={
        "item": items | values,
        "value": values | st.sampled_from(["woman", "man"]),
        "text": values,
        "reason": st.sampled_from(["refused", "not_applicable", "skipped"]) | values,
        "milliseconds": values,
        "position": values,
        "version": st.just("2026-11") | values,
        "couple_code": values,
        "language": st.sampled_from(["en", "de"]) | values,
        "token": st.just("TOKEN") | values,
        "code": values,
    },
)
steps = st.lists(st.tuples(st.sampled_from(list(KINDS)), fields, st.booleans()), max_size=12)
NEEDED = {
    "hello": ("language",),
    "open": ("token",),
    "consent": ("version", "couple_code"),
    "answer": ("item", "value", "text", "reason", "milliseconds"),
    "place": ("position", "milliseconds"),
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    folder, clock = tmp_path_factory.mktemp("stage"), Clock()
    store = open_store(folder, clock)
    yield read_plan(folder), store, clock
    store.close()


@some_examples
@given(steps)
def test_any_sequence_of_messages_gets_an_answer_and_leaves_only_answers_that_fit(stage, sequence):
    """`later` would mean that something broke."""
    from datetime import timedelta

    plan, store, clock = stage
    (one,) = store.invite(plan.study, 1, expires_at=clock() + timedelta(days=9))
    visit = Visit(plan, store, clock)
    for kind, given_fields, fitting in sequence:
        sent = {name: one.token if value == "TOKEN" else value for name, value in given_fields.items()}
        if fitting:
            sent = {name: value for name, value in sent.items() if name in NEEDED.get(kind, ())}
        reply = visit.send(kind, **sent)
        assert reply["type"] in ("hello", "page", "saved", "refused", "export", "elsewhere")
        json.dumps(reply)
    person = store.admit(plan.study, one.token)
    for sitting in store.sittings(person.number):
        for answer in store.answers(sitting.number).values():
            assert answer.item in sitting.order
            assert answer.reason in (None, "refused", "not_applicable", "skipped")
            assert answer.item != "rws01" or answer.value in (None, 0, 1, 2, 3, 4)
            assert answer.item != "gender" or answer.text in (None, "woman", "man")
