"""How far a study has come."""

import pytest

from tests.store.helpers import STUDY, admitted, answer_all, invite, invite_couples, seated
from toolkit.store import Answer, Counts, OccasionCount


@pytest.fixture
def study(store, clock):
    """Three couples: both finished, one finished, one who withdrew; a person who only came to look."""
    made = invite_couples(store, 3)
    for invitation in made[:3]:
        answer_all(store, seated(store, invitation))
    sitting = seated(store, made[3])
    store.save(sitting.number, Answer("q1", 1, milliseconds=1500), lease="page", sequence=1)
    clock.go(seconds=5)
    store.save(sitting.number, Answer("q2", reason="refused"), lease="page", sequence=2)
    store.place(sitting.number, 1, 9000, lease="page", sequence=3)
    admitted(store, made[4])
    store.withdraw(STUDY, made[5].withdrawal_code)
    person = store.admit(STUDY, made[0].token)
    for day in ("10", "9"):
        diary = store.sit(person.number, wave="1", day=day, order=["q1"], lease="page")
        store.submit(diary.number, lease="page", late=day == "9")
    invite(store, study="other")
    return made


def test_counts(store, study):
    assert store.counts(STUDY) == Counts(
        invited=6,
        consented=5,
        started=4,
        submitted=3,
        withdrawn=1,
        couples=3,
        couples_linked=2,
        couples_complete=1,
        refused_inputs=0,
        occasions=(
            OccasionCount("1", None, 4, 3, 0, 1),
            OccasionCount("1", "9", 1, 1, 1, 0),
            OccasionCount("1", "10", 1, 1, 0, 0),
        ),
    )
    assert store.counts("nobody") == Counts(0, 0, 0, 0, 0, 0, 0, 0, 0, ())


def test_progress_has_a_row_for_each_person_and_occasion(store, study):
    rows = store.progress(STUDY)
    assert [(row.person, row.couple, row.role, row.wave, row.day) for row in rows] == [
        ("P001", "C001", "a", "1", None),
        ("P001", "C001", "a", "1", "10"),
        ("P001", "C001", "a", "1", "9"),
        ("P002", "C001", "b", "1", None),
        ("P003", "C002", "a", "1", None),
        ("P004", "C002", "b", "1", None),
        ("P005", "C003", "a", None, None),
    ]
    finished, late, halfway, looked = rows[0], rows[2], rows[5], rows[6]
    assert (finished.n_answered, finished.seconds, finished.last_item) == (3, 6.0, "q3")
    assert (late.late, late.n_answered, late.seconds, late.last_item) == (True, 0, None, None)
    assert late.submitted_at is not None
    assert (halfway.n_answered, halfway.seconds, halfway.last_item) == (2, 9.0, "q2")
    assert halfway.submitted_at is None
    assert (looked.started_at, looked.n_answered) == (None, 0)
    assert looked.consented_at > looked.invited_at


def test_rows_hold_answers_without_tokens_codes_or_numbers(store, study):
    rows = store.rows(STUDY)
    assert len(rows) == 6
    assert rows[0].order == ("q1", "q2", "q3")
    assert {one.item: one.value for one in rows[0].answers} == {"q1": 1, "q2": 2, "q3": 3}
    assert [row.submitted for row in rows] == [True, True, True, True, True, False]
    assert set(vars(rows[0])) == {
        "person", "couple", "role", "wave", "day", "submitted", "late", "order", "seconds", "answers",
        "consented_at",
    }  # fmt: skip
