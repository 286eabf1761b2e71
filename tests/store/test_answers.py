"""Each answer is one transaction with its audit row; pages that are too late change nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.builders import some_examples
from tests.store.helpers import ORDER, STUDY, admitted, answer_all, invite, seated
from toolkit.errors import ArgumentError
from toolkit.store import Answer, Store
from toolkit.store.records import storable
from toolkit.store.tables import answers, audit, page_times

NASTY = [
    "'; DROP TABLE answers; --",
    '" OR ""="',
    "<script>alert(1)</script>&amp;&lt;",
    '=HYPERLINK("http://x")',
    "%s %(value)s :value ? {0} \\ \\n",
    " leading, trailing \t\r\n",
    "Zoë 🙂 e\u0301 \u200f\u202e \ufeff",
    "\x01\x1b[31m",
    "",
    "x" * 100_000,
]


def table(store, which) -> list:
    with store._reading() as connection:
        return connection.execute(select(which)).all()


def test_an_occasion_is_begun_once_and_resumed_in_its_first_order(store, clock):
    first = seated(store, lease="one")
    clock.go(hours=1)
    again = store.sit(first.participant, wave="1", day=None, order=["q3", "q1"], lease="two")
    assert (again.number, again.order, again.started_at) == (first.number, ORDER, first.started_at)
    assert (first.lease, again.lease) == ("one", "two")
    other = store.sit(first.participant, wave="1", day="1", order=["q9"], lease="two")
    assert [(one.number, one.wave, one.day) for one in store.sittings(first.participant)] == [
        (first.number, "1", None),
        (other.number, "1", "1"),
    ]


def test_an_answer_is_saved_with_its_audit_row_at_the_same_moment(store):
    sitting = seated(store)
    assert store.save(sitting.number, Answer("q1", 3, milliseconds=900), lease="page", sequence=1) == "saved"
    assert store.answers(sitting.number) == {"q1": Answer("q1", 3, milliseconds=900)}
    (row,), (kept,) = table(store, audit), table(store, answers)
    assert (row.item, row.value, row.milliseconds, row.written_at) == ("q1", 3, 900, kept.answered_at)


def test_the_audit_keeps_every_change_in_its_order(store):
    sitting = seated(store)
    given = [Answer("q1", 3), Answer("q1", text="words"), Answer("q1", reason="refused"), Answer("q1"), Answer("q1", 0)]
    for sequence, answer in enumerate(given, start=1):
        assert store.save(sitting.number, answer, lease="page", sequence=sequence) == "saved"
    assert [(row.value, row.text, row.reason) for row in table(store, audit)] == [
        (answer.value, answer.text, answer.reason) for answer in given
    ]
    assert store.answers(sitting.number) == {"q1": Answer("q1", 0)}


def test_an_answer_that_was_cleared_is_none(store):
    sitting = seated(store)
    store.save(sitting.number, Answer("q1", 3), lease="page", sequence=1)
    store.save(sitting.number, Answer("q1"), lease="page", sequence=2)
    assert store.answers(sitting.number) == {}
    store.submit(sitting.number, lease="page", late=False)
    assert store.answers(sitting.number)["q1"] == Answer("q1", reason="skipped")


@pytest.mark.parametrize("sequence", [5, 4, 0])
def test_a_message_that_came_before_changes_nothing_and_is_saved(store, sequence):
    sitting = seated(store)
    store.save(sitting.number, Answer("q1", 3), lease="page", sequence=5)
    assert store.save(sitting.number, Answer("q1", 1), lease="page", sequence=sequence) == "saved"
    assert store.save(sitting.number, Answer("q2", 1), lease="page", sequence=sequence) == "saved", "another item"
    assert store.answers(sitting.number)["q1"].value == 3
    assert len(table(store, audit)) == 2


def test_a_new_page_counts_from_anew(store):
    sitting = seated(store)
    store.save(sitting.number, Answer("q1", 3), lease="page", sequence=50)
    store.sit(sitting.participant, wave="1", day=None, order=[], lease="new")
    assert store.save(sitting.number, Answer("q1", 4), lease="new", sequence=1) == "saved"
    assert store.answers(sitting.number)["q1"].value == 4


def test_a_page_that_lost_the_lease_is_told_so_and_changes_nothing(store):
    sitting = seated(store, lease="old")
    store.sit(sitting.participant, wave="1", day=None, order=[], lease="new")
    assert store.save(sitting.number, Answer("q1", 3), lease="old", sequence=1) == "elsewhere"
    assert store.place(sitting.number, 2, 100, lease="old", sequence=2) == "elsewhere"
    assert store.submit(sitting.number, lease="old", late=False) == "elsewhere"
    assert store.answers(sitting.number) == {}
    assert table(store, audit) == table(store, page_times) == []
    assert store.sittings(sitting.participant)[0].submitted_at is None


def test_after_submission_everything_is_closed(store):
    sitting = seated(store)
    answer_all(store, sitting)
    before = (store.answers(sitting.number), table(store, audit))
    assert store.save(sitting.number, Answer("q1", 9), lease="page", sequence=99) == "closed"
    assert store.place(sitting.number, 1, 5, lease="page", sequence=100) == "closed"
    assert store.submit(sitting.number, lease="page", late=True) == "saved", "the same message once more"
    assert store.submit(sitting.number, lease="other", late=True) == "closed"
    again = store.sit(sitting.participant, wave="1", day=None, order=["x"], lease="other")
    assert again.lease == "page"
    assert not again.late
    assert store.save(sitting.number, Answer("q1", 9), lease="other", sequence=1) == "closed"
    assert (store.answers(sitting.number), table(store, audit)) == before


def test_an_occasion_that_is_gone_is_closed(store):
    assert store.save(99, Answer("q1", 1), lease="page", sequence=1) == "closed"
    assert store.place(99, 1, 1, lease="page") == "closed"
    assert store.submit(99, lease="page", late=False) == "closed"
    assert store.answers(99) == {}


def test_what_was_not_answered_was_skipped(store):
    sitting = seated(store)
    store.save(sitting.number, Answer("q2", reason="refused"), lease="page", sequence=1)
    store.submit(sitting.number, lease="page", late=True)
    assert {item: answer.reason for item, answer in store.answers(sitting.number).items()} == {
        "q1": "skipped",
        "q2": "refused",
        "q3": "skipped",
    }
    assert len(table(store, audit)) == 3
    assert store.sittings(sitting.participant)[0].late


def test_the_page_reached_and_the_time_on_the_page_left_are_kept_once(store):
    sitting = seated(store)
    for sequence, (position, milliseconds) in enumerate([(1, 4000), (2, 2500), (1, None)], start=1):
        for _ in range(2):
            store.place(sitting.number, position, milliseconds, lease="page", sequence=sequence)
    assert [(row.position, row.milliseconds) for row in table(store, page_times)] == [(0, 4000), (1, 2500)]
    assert store.sittings(sitting.participant)[0].position == 1


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_free_text_comes_back_byte_for_byte(store, text):
    sitting = seated(store)
    assert store.save(sitting.number, Answer("q1", text=text), lease="page", sequence=1) == "saved"
    assert store.answers(sitting.number)["q1"].text.encode() == text.encode()
    assert [row.text for row in table(store, audit)] == [text]
    assert store.own_answers(sitting.participant)[0].text == text
    assert len(table(store, answers)) == 1


@pytest.fixture(scope="module")
def one_store(tmp_path_factory):
    store = Store.open(f"sqlite:///{tmp_path_factory.mktemp('text')}/answers.db")
    yield store
    store.close()


@some_examples
@given(st.text())
def test_every_text_is_kept_as_it_is_or_refused(one_store, text):
    if not storable(text):
        with pytest.raises(ArgumentError, match="NUL"):
            Answer("q1", text=text)
        return
    sitting = seated(one_store)
    one_store.save(sitting.number, Answer("q1", text=text), lease="page", sequence=1)
    assert one_store.answers(sitting.number)["q1"].text == text


def test_an_answer_is_one_thing():
    with pytest.raises(ArgumentError, match="one of"):
        Answer("q1", 1, "one")
    for text in ("a\x00b", "\ud800"):
        with pytest.raises(ArgumentError, match="NUL"):
            Answer("q1", text=text)


def test_names_and_items_of_any_form_are_kept(store):
    person = store.walk_in('it\'s; "so"', "O'Hara <b>")
    sitting = store.sit(person.number, wave="w'1", day="2026-12-01", order=["it em'--"], lease="l'")
    store.save(sitting.number, Answer("it em'--", 1), lease="l'", sequence=1)
    assert store.answers(sitting.number) == {"it em'--": Answer("it em'--", 1)}
    assert store.walk_in('it\'s; "so"', "O'Hara <b>") == person


def test_a_person_takes_away_their_own_answers_only(store):
    one, other = invite(store, 2)
    mine, theirs = seated(store, one), seated(store, other)
    answer_all(store, mine)
    answer_all(store, theirs, text="not mine")
    second = store.sit(mine.participant, wave="2", day=None, order=["q1"], lease="page")
    store.save(second.number, Answer("q1", reason="refused"), lease="page", sequence=1)
    own = store.own_answers(mine.participant)
    assert [(answer.wave, answer.item, answer.value, answer.reason) for answer in own] == [
        ("1", "q1", 1, None),
        ("1", "q2", 2, None),
        ("1", "q3", 3, None),
        ("2", "q1", None, "refused"),
    ]


def test_moments_come_back_in_utc_from_any_zone(url, open_store):
    from datetime import datetime, timedelta, timezone

    moment = datetime(2026, 12, 1, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    store = open_store(url, now=lambda: moment)
    given = admitted(store, invite(store)[0])
    kept = store.admit(STUDY, invite(store)[0].token)
    assert kept.consented_at is None
    sitting = store.sit(given.number, wave=None, day=None, order=[], lease="page")
    assert sitting.started_at == moment
    assert sitting.started_at.utcoffset() == timedelta(0)


def test_a_second_opening_finds_everything(url, store, open_store):
    sitting = seated(store)
    answer_all(store, sitting)
    assert open_store(url).answers(sitting.number) == store.answers(sitting.number)


def test_refused_inputs_are_counted_by_rule_and_never_kept(store):
    store.refuse(STUDY, "answer outside the range")
    store.refuse(STUDY, "unknown item")
    store.refuse("other", "unknown item")
    assert store.counts(STUDY).refused_inputs == 2
