"""Invitations, tokens, consent and couples, in both databases."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.store.conftest import LATER
from tests.store.helpers import FOREVER, STUDY, admitted, answer_all, invite, invite_couples, seated
from toolkit.errors import ArgumentError, StoreError
from toolkit.store.codes import LETTERS, code_checksum, new_code, new_token


def test_persons_and_couples_are_named_one_after_the_other(store):
    assert [one.person for one in invite(store, 2)] == ["P001", "P002"]
    couples = invite_couples(store, 2)
    assert [(one.person, one.role) for one in couples] == [("P003", "a"), ("P004", "b"), ("P005", "a"), ("P006", "b")]
    assert couples[0].couple_code == couples[1].couple_code != couples[2].couple_code
    assert {one.couple_code for one in invite(store)} == {None}


def test_the_name_of_somebody_who_withdrew_is_never_given_again(store):
    first, second = invite(store, 2)
    assert store.withdraw(STUDY, second.withdrawal_code)
    assert store.withdraw(STUDY, first.withdrawal_code)
    assert invite(store)[0].person == "P003"


def test_many_invitations_at_once_have_different_names(store):
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: invite_couples(store, 3), range(8)))
    persons = [one.person for several in made for one in several]
    assert len(set(persons)) == 48


@pytest.mark.parametrize("roles", [["a"], ["a", "a"], ["a", "b", "c"]])
def test_roles_must_tell_two_people_apart(store, roles):
    with pytest.raises(ArgumentError, match="two different ones"):
        invite_couples(store, roles=roles)


def test_tokens_have_128_bits_or_more_and_codes_100():
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{27}", new_token()) for _ in range(50))  # 27 of 6 bits
    assert all(re.fullmatch(rf"([{LETTERS}]{{4}}-){{4}}[{LETTERS}]{{4}}", new_code()) for _ in range(50))
    assert len({new_token() for _ in range(1000)} | {new_code() for _ in range(1000)}) == 2000
    assert len(LETTERS) == 32
    assert not set("ILOU") & set(LETTERS)


def test_a_code_may_be_entered_as_people_enter_codes():
    assert code_checksum("0123-4567-89AB-CDEF-GHJK") == code_checksum(" o l 2 3 4567 89ab cdef ghjk\n")
    assert code_checksum("0123-4567-89AB-CDEF-GHJK") != code_checksum("0123-4567-89AB-CDEF-GHJM")


def test_a_token_admits_its_person_again_and_again(store):
    one, other = invite(store, 2)
    assert store.admit(STUDY, one.token).person == "P001"
    assert store.admit(STUDY, one.token) == store.admit(STUDY, f" {one.token}\n")
    assert store.admit(STUDY, other.token).person == "P002"


def refused_tokens(store, clock):
    """Tokens that must open nothing, by what is wrong with them."""
    revoked, expired = invite(store)[0], invite(store, expires_at=LATER)[0]
    store.revoke(STUDY, revoked.person)
    clock.now = LATER
    return {
        "unknown": new_token(),
        "expired": expired.token,
        "revoked": revoked.token,
        "malformed": "'; DROP TABLE tokens; --\x00\ud800",
        "empty": "",
        "long": "x" * 10_000_000,
        "of another study": invite(store, study="other")[0].token,
        "person's name": "P001",
    }


def test_every_token_that_opens_nothing_meets_the_same_statements(store, statements, clock):
    tokens = refused_tokens(store, clock)
    sent = {}
    for reason, token in tokens.items():
        statements.clear()
        assert store.admit(STUDY, token) is None, reason
        sent[reason] = list(statements)
    statements.clear()
    assert store.admit(STUDY, invite(store)[0].token)
    assert all(one == sent["unknown"] for one in sent.values())
    assert sum(one.startswith("SELECT") for one in sent["unknown"]) == 1
    assert sent["unknown"][-1] in statements


def test_a_token_ends_at_its_moment(store, clock):
    invitation = invite(store, expires_at=clock.now + timedelta(seconds=10))[0]
    clock.go(seconds=9)
    assert store.admit(STUDY, invitation.token)
    clock.go(seconds=1)
    assert store.admit(STUDY, invitation.token) is None


def test_revoking_concerns_one_person_and_a_new_token_takes_the_place_of_the_old(store):
    one, other = invite(store, 2)
    assert store.revoke(STUDY, one.person) == 1
    assert store.revoke(STUDY, one.person) == 0
    assert store.revoke("other", other.person) == 0
    assert store.admit(STUDY, other.token)
    token = store.renew_token(STUDY, one.person, expires_at=FOREVER)
    assert store.admit(STUDY, one.token) is None
    assert store.admit(STUDY, token).person == one.person
    assert store.renew_token(STUDY, "P999", expires_at=FOREVER) is None


def test_consent_is_recorded_with_version_language_and_time(store, clock):
    person = store.admit(STUDY, invite(store)[0].token)
    assert person.consented_at is None
    given = store.consent(person.number, version="2026-11", language="de", text_checksum="abc")
    assert (given.consent_version, given.language, given.consented_at) == ("2026-11", "de", clock.now)
    assert given.consented_at.tzinfo is not None
    clock.go(days=1)
    again = store.consent(person.number, version="2027-01", language="en", text_checksum="def")
    assert (again.consent_version, again.consented_at) == ("2027-01", clock.now)


def test_a_walk_in_is_found_again_by_name(store):
    first = store.walk_in(STUDY, "me")
    assert store.walk_in(STUDY, "me") == first
    assert store.walk_in("other", "me") != first
    assert store.walk_in(STUDY, None).person == "P001"
    code = store.renew_withdrawal_code(first.number)
    assert store.withdraw(STUDY, code)
    assert store.walk_in(STUDY, "me").number > first.number


def test_who_is_gone_is_told_of_in_words(store):
    for call in (
        lambda: store.sit(99, wave=None, day=None, order=["a"], lease="x"),
        lambda: store.consent(99, version="1", language="en", text_checksum="x"),
        lambda: store.renew_withdrawal_code(99),
    ):
        with pytest.raises(StoreError, match="no such participant"):
            call()


def test_two_people_become_a_couple_by_its_code(store):
    one, other = invite_couples(store)
    first = admitted(store, one)
    assert store.admit(STUDY, one.token).couple == "C001"
    assert store.admit(STUDY, other.token).couple is None
    second = admitted(store, other)
    assert store.admit(STUDY, other.token).couple == "C001"
    assert store.join(first.number, one.couple_code), "a message that is sent again"
    assert store.join(second.number, other.couple_code.lower().replace("-", " "))


def wrong_codes(store, statements, person, codes):
    """Try codes that are not the person's own; give the statements that each of them met."""
    sent = {}
    for reason, code in codes.items():
        statements.clear()
        assert store.join(person, code) is False, reason
        sent[reason] = list(statements)
    return sent


@pytest.mark.parametrize("roles", [("a", "b"), ()])
@pytest.mark.parametrize("joined", [0, 1, 2])
def test_the_code_of_another_couple_tells_nothing_whoever_has_joined_it(store, statements, roles, joined):
    """Somebody who holds another token of the study and a couple's code cannot find out whether its place is free."""
    theirs, mine = invite_couples(store, roles=roles), invite_couples(store, roles=roles)
    for one in theirs[:joined]:
        admitted(store, one)
    codes = {
        "theirs": theirs[0].couple_code,
        "forged": new_code(),
        "empty": "",
        "malformed": "\x00\ud800' OR 1=1 --",
        "of another study": invite_couples(store, study="other")[0].couple_code,
        "a withdrawal code": mine[0].withdrawal_code,
    }
    me = store.admit(STUDY, mine[0].token)
    sent = wrong_codes(store, statements, me.number, codes)
    statements.clear()
    assert store.join(me.number, mine[0].couple_code)
    own = list(statements)
    assert set(map(tuple, sent.values())) == {tuple(own)}
    assert wrong_codes(store, statements, me.number, codes) == sent, "nor from within one's own couple"
    alone, walk_in = store.admit(STUDY, invite(store)[0].token), store.walk_in(STUDY, "guest")
    for number in (alone.number, walk_in.number, 10_000):
        assert wrong_codes(store, statements, number, {**codes, "theirs": mine[0].couple_code}) == sent
    assert store.admit(STUDY, mine[0].token).couple == "C002"
    assert all(store.join(store.admit(STUDY, one.token).number, one.couple_code) for one in theirs), (
        "no place was taken"
    )


@pytest.mark.parametrize("roles", [("a", "b"), ()])
def test_joining_one_s_own_couple_always_works_and_gives_the_invited_role(store, statements, roles):
    found = []
    for state in ("absent", "joined", "withdrawn"):
        one, other = invite_couples(store, roles=roles)
        if state != "absent":
            admitted(store, other)
        if state == "withdrawn":
            assert store.withdraw(STUDY, other.withdrawal_code)
        person = store.admit(STUDY, one.token)
        for code in (one.couple_code, one.couple_code, one.couple_code.lower()):
            statements.clear()
            assert store.join(person.number, code)
            found.append((tuple(statements), store.admit(STUDY, one.token).role))
    assert len(set(found)) == 1
    assert found[0][1] == (roles[0] if roles else None)


@pytest.mark.parametrize("roles", [("a", "b"), ()])
def test_both_partners_may_join_at_once_and_again(store, roles):
    for _ in range(4):
        pair = [(store.admit(STUDY, one.token).number, one) for one in invite_couples(store, roles=roles)]
        with ThreadPoolExecutor(6) as threads:
            assert all(threads.map(lambda own: store.join(own[0], own[1].couple_code), pair * 3))
    assert store.counts(STUDY).couples_linked == 4


def test_what_a_person_gets_is_the_same_whatever_the_partner_did(store):
    """Whether the partner is absent, half-way, finished or withdrawn leaves no mark on a person's own calls."""
    seen = []
    for state in ("absent", "half-way", "finished", "withdrawn"):
        one, other = invite_couples(store)
        if state != "absent":
            theirs = seated(store, other)
            answer_all(store, theirs, submit=state != "half-way")
        if state == "withdrawn":
            assert store.withdraw(STUDY, other.withdrawal_code)
        sitting = seated(store, one)
        answer_all(store, sitting)
        again = store.sit(sitting.participant, wave="1", day=None, order=["x"], lease="new")
        given = [(answer.item, answer.value) for answer in store.own_answers(sitting.participant)]
        seen.append((sitting.order, sitting.position, again.order, again.submitted_at is not None, given))
    assert all(one == seen[0] for one in seen)
