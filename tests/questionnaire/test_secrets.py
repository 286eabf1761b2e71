"""Tokens and codes: a wrong one gets the same answer, by the same statements, in the same time, whatever is wrong."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import event

from tests.questionnaire.visits import START, STUDY, Visit, read_plan
from toolkit.questionnaire.session import FLOOR, LONGEST_WAIT
from toolkit.questionnaire.texts import say


@pytest.fixture
def statements(store):
    """Every statement that the store's database is sent, without its values."""
    seen = []

    def note(connection, cursor, statement, *_):
        seen.append(statement)

    event.listen(store._engine, "before_cursor_execute", note)
    yield seen
    event.remove(store._engine, "before_cursor_execute", note)


@pytest.fixture
def wrong_tokens(plan, store, clock):
    """Every kind of token that opens nothing."""

    def invite(study, days):
        (one,) = store.invite(study, 1, expires_at=START + timedelta(days=days))
        return one

    gone, revoked, other, withdrawn = (
        invite(*one) for one in ((plan.study, 1), (plan.study, 99), ("other", 99), (plan.study, 99))
    )
    store.revoke(plan.study, revoked.person)
    store.withdraw(plan.study, withdrawn.withdrawal_code)
    clock.go(days=2)
    return {
        "unknown": "A" * len(gone.token),
        "expired": gone.token,
        "revoked": revoked.token,
        "of another study": other.token,
        "withdrawn": withdrawn.token,
        "empty": "",
        "short": "x",
        "long": "x" * 10_000_000,
        "SQL": "' OR 1=1 --",
        "NUL": "a\x00b",
        "half a character": "\ud800",
        "a number": 7,
        "nothing": None,
        "a list": ["x"],
        "a mapping": {"token": "x"},
        "true": True,
    }


def test_every_wrong_token_is_refused_alike(plan, store, clock, wrong_tokens, statements):
    found = {}
    for name, token in wrong_tokens.items():
        visit = Visit(plan, store, clock)
        before, slept = len(statements), len(clock.slept)
        visit.send("open", token=token)
        found[name] = (visit.replies[0], tuple(statements[before:]), tuple(clock.slept[slept:]))
    assert set(found.values()) == {found["unknown"]}, {name for name, one in found.items() if one != found["unknown"]}
    reply, _, slept = found["unknown"]
    assert json.loads(reply) == {
        "type": "refused", "rule": "token", "text": say("en", "token_refused"), "item": None, "to": 1,
    }  # fmt: skip
    assert slept == (FLOOR,)
    assert store.counts(plan.study).refused_inputs == len(wrong_tokens)


def test_the_time_that_looking_took_is_part_of_the_fixed_time(plan, store, clock):
    class Slow:
        def __getattr__(self, name):
            clock.seconds += {"admit": 0.1, "refuse": 0.05}.get(name, 0)
            return getattr(store, name)

    visit = Visit(plan, Slow(), clock)
    visit.send("open", token="x")
    assert clock.slept == [pytest.approx(FLOOR - 0.15)]
    assert clock.seconds == pytest.approx(FLOOR)


def test_a_database_slower_than_the_fixed_time_is_not_slept_over(plan, store, clock):
    class Slow:
        def __getattr__(self, name):
            clock.seconds += 0.5
            return getattr(store, name)

    visit = Visit(plan, Slow(), clock)
    visit.send("open", token="x")
    assert clock.slept == [0.0]


def test_each_further_wrong_token_takes_longer_up_to_a_bound(visit, clock):
    for _ in range(8):
        visit.send("open", token="x")
    assert clock.slept == pytest.approx([0.3, 0.6, 1.2, 2.4, 4.8, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT])


def test_an_own_token_does_not_reset_the_wait(visit, clock, couple):
    visit.send("open", token="x")
    visit.send("open", token=couple[0].token)
    visit.send("open", token="x")
    assert clock.slept == pytest.approx([0.3, 0.6])


def test_the_same_wrong_token_sent_again_costs_nothing_more(visit, clock):
    message = {"type": "open", "sequence": 7, "token": "x"}
    assert visit.session.receive(message) == visit.session.receive(message)
    assert len(clock.slept) == 1


def test_a_wrong_token_leaves_what_is_open_as_it_is(visit, couple):
    visit.enter(couple[0])
    visit.send("open", token="x")
    visit.answer(rws01=1)


def test_every_wrong_couple_code_is_refused_alike(plan, store, clock, statements):
    def couples(study):
        return store.invite(study, 1, couples=True, roles=["a", "b"], expires_at=START + timedelta(days=9))

    mine, full, elsewhere = couples(plan.study), couples(plan.study), couples("other")
    free, half = couples(plan.study), couples(plan.study)
    Visit(plan, store, clock).enter(half[0], half[0].couple_code)
    for one in full:
        Visit(plan, store, clock).enter(one, one.couple_code)
    codes = {
        "unknown": "0000-0000-0000-0000-0000",
        "full": full[0].couple_code,
        "of another study": elsewhere[0].couple_code,
        "nobody has joined": free[0].couple_code,
        "one has joined": half[0].couple_code,
        "malformed": "' OR 1=1",
        "empty": "",
        "long": "x" * 10_000_000,
        "NUL": "\x00",
        "half a character": "\ud800",
        "a number": 3,
    }
    found = {}
    for name, code in codes.items():
        visit = Visit(plan, store, clock)
        visit.send("open", token=mine[0].token)
        before, slept = len(statements), len(clock.slept)
        visit.send("consent", version="2026-11", couple_code=code)
        found[name] = (visit.replies[1], tuple(statements[before:]), tuple(clock.slept[slept:]))
    assert set(found.values()) == {found["unknown"]}
    assert json.loads(found["unknown"][0])["rule"] == "couple_code"
    assert store.admit(plan.study, mine[0].token).consented_at is None


def test_every_wrong_withdrawal_code_is_refused_alike(plan, store, clock, couple, statements):
    (other,) = store.invite("other", 1, expires_at=START + timedelta(days=9))
    (used,) = store.invite(plan.study, 1, expires_at=START + timedelta(days=9))
    Visit(plan, store, clock).send("withdraw", code=used.withdrawal_code)
    codes = ("0000-0000-0000-0000-0000", other.withdrawal_code, used.withdrawal_code, couple[0].couple_code, "x", "")
    found = set()
    for code in (*codes, None, 7, "\x00", "\ud800", "x" * 10_000_000):
        visit = Visit(plan, store, clock)
        before, slept = len(statements), len(clock.slept)
        visit.send("withdraw", code=code)
        found.add((visit.replies[0], tuple(statements[before:]), tuple(clock.slept[slept:])))
    assert len(found) == 1
    reply, _, slept = next(iter(found))
    assert (json.loads(reply)["text"], slept) == (say("en", "withdrawal_refused"), (FLOOR,))


@pytest.mark.parametrize("where", ["consent", "form", "finished", "stopped", "withdrawn"])
def test_on_a_person_s_own_page_the_partner_s_code_is_a_wrong_code(plan, store, clock, couple, statements, where):
    mine, theirs = couple
    Visit(plan, store, clock).enter(theirs, theirs.couple_code)
    (used,) = store.invite(plan.study, 1, expires_at=START + timedelta(days=9))
    store.withdraw(plan.study, used.withdrawal_code)
    visit = Visit(plan, store, clock)
    if where == "consent":
        visit.send("open", token=mine.token)
    else:
        visit.enter(mine, mine.couple_code)
        visit.answer(rws01=1, gender="man")
        ends = {"finished": {"type": "submit"}, "stopped": {"type": "stop"}}
        ends["withdrawn"] = {"type": "withdraw", "code": mine.withdrawal_code}
        if where in ends:
            visit.send(**ends[where])
    found = []
    for code in ("0000-0000-0000-0000-0000", theirs.withdrawal_code, used.withdrawal_code, "x"):
        visit.session._failures = 0  # each is to be the first
        before, slept = len(statements), len(clock.slept)
        reply = visit.send("withdraw", code=code)
        reply.pop("to")
        found.append((reply, statements[before:], clock.slept[slept:]))
    assert all(one == found[0] for one in found)
    assert found[0][0]["text"] == say("en", "withdrawal_refused")
    assert found[0][2] == [FLOOR]
    assert store.admit(plan.study, theirs.token) is not None
    assert len(store.sittings(store.admit(plan.study, theirs.token).number)) == 1
    assert store.counts(plan.study).withdrawn == 1 + (where == "withdrawn")


def test_a_page_that_knows_its_person_from_the_start_takes_no_other_code(plan, store, clock, couple):
    visit = Visit(plan, store, clock, participant=store.admit(plan.study, couple[0].token))
    assert visit.send("withdraw", code=couple[1].withdrawal_code)["rule"] == "withdrawal_code"
    assert visit.send("withdraw", code=couple[0].withdrawal_code)["page"]["name"] == "withdrawn"


def test_a_refused_token_does_not_open_the_way_for_other_codes(plan, store, clock, couple):
    visit = Visit(plan, store, clock)
    visit.enter(couple[0])
    visit.send("open", token="wrong")
    assert visit.send("withdraw", code=couple[1].withdrawal_code)["rule"] == "withdrawal_code"


def test_the_store_is_not_asked_for_codes_once_the_study_has_closed(tmp_path, store, clock):
    plan = read_plan(tmp_path, STUDY.replace("closes: 2027-06-30", "closes: 2027-04-30"))
    (one,) = store.invite(plan.study, 1, expires_at=START + timedelta(days=900))
    clock.go(days=200)
    for code in (one.withdrawal_code, "x"):
        assert Visit(plan, store, clock).send("withdraw", code=code)["text"] == say("en", "withdrawal_over")
    assert store.admit(plan.study, one.token) is not None
