"""Partners: nothing that one is told depends on the other, whatever the other does, and when."""

import re
from datetime import timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.questionnaire.visits import START, Clock, Visit, open_store, read_plan

LEASE = re.compile(r'"lease": "[\w-]{22}"')  # random, whatever the partner does
OWN_ANSWERS = {"rws01": 2, "rws09": 4, "bar13": 6, "bar02": 1, "age": 40, "gender": "man"}
CALM = dict.fromkeys(("bar02", "bar04", "bar07", "bar12", "bar13", "bar14", "bar15", "bar16"), 1)


def own_steps(invitation):
    """What A does: every kind of message, a mistake among them, a second visit, the copy, coming back."""
    opened = [("open", {"token": invitation.token}), ("hello", {"language": None})]
    agreed = ("consent", {"version": "2026-11", "couple_code": invitation.couple_code})
    answers = [("answer", {"item": item, "value": value}) for item, value in (OWN_ANSWERS | CALM).items()]
    wrong = [("answer", {"item": "rws01", "value": 99}), ("open", {"token": "wrong"})]
    place = ("place", {"position": 2, "milliseconds": 100})
    return [
        ("hello", {"language": None}),
        *opened,
        agreed,
        *answers[:5],
        place,
        *wrong,
        ("visit", {}),
        *opened,
        *answers[5:],
        ("submit", {}),
        ("export", {}),
        ("visit", {}),
        *opened,
        ("withdraw", {"code": "wrong"}),
    ]


def partner_steps(invitation, *, withdraws):
    """What B does, to the end."""
    found = [
        ("open", {"token": invitation.token}),
        ("consent", {"version": "2026-11", "couple_code": invitation.couple_code}),
        ("answer", {"item": "rws01", "value": 4}),
        ("answer", {"item": "comment", "text": "only for the study"}),
        ("answer", {"item": "bar13", "reason": "refused"}),
        ("answer", {"item": "gender", "value": "woman"}),
        ("place", {"position": 3, "milliseconds": 5}),
        ("submit", {}),
    ]
    return [*found, ("withdraw", {"code": invitation.withdrawal_code})] if withdraws else found


class Stage:
    """One store for many couples; each example has a couple of its own, and A's number does not matter."""

    def __repr__(self) -> str:
        return "<Stage>"

    def __init__(self, folder) -> None:
        self.alone: list[list] = []  # what each partner is told where the other never comes
        self.plan = read_plan(folder)
        self.clock = Clock()
        self.store = open_store(folder, self.clock)

    def couple(self):
        roles = {"couples": True, "roles": ["a", "b"]}
        return self.store.invite(self.plan.study, 1, **roles, expires_at=START + timedelta(days=120))

    def replies(self, gaps, *, withdraws, order=0):
        """Run A's steps, with as many of B's before each of them as `gaps` says; give all replies to A."""
        both = self.couple()
        own, other = both[order], both[1 - order]
        partner, waiting = Visit(self.plan, self.store, self.clock), partner_steps(other, withdraws=withdraws)
        visit, told = Visit(self.plan, self.store, self.clock), []
        for number, (kind, fields) in enumerate(own_steps(own)):
            for _ in range(gaps[number] if number < len(gaps) else 0):
                if waiting:
                    name, values = waiting.pop(0)
                    partner.send(name, **values)
            if kind == "visit":
                visit = Visit(self.plan, self.store, self.clock)
            else:
                before = len(self.clock.slept)
                visit.send(kind, **fields)
                reply = LEASE.sub('"lease": "random"', visit.replies[-1])
                told.append((reply, tuple(self.clock.slept[before:])))
        return told


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    found = Stage(tmp_path_factory.mktemp("partners"))
    found.alone = [found.replies([], withdraws=False, order=order) for order in (0, 1)]
    yield found
    found.store.close()


def test_the_test_sees_a_whole_visit(stage):
    text = " ".join(reply for reply, _ in stage.alone[0])
    for part in ("consent", "form", "finished", "feedback", "export", "sent", "refused"):
        assert part in text


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("withdraws", [False, True])
@pytest.mark.parametrize("before", [1, 2, 5, 8, 9])
def test_a_partner_who_came_before_changes_nothing(stage, before, withdraws, order):
    assert stage.replies([before], withdraws=withdraws, order=order) == stage.alone[order]


@settings(some_examples, max_examples=16, phases=[Phase.explicit, Phase.generate])
@given(st.lists(st.integers(0, 3), min_size=10, max_size=30), st.booleans(), st.integers(0, 1))
def test_whatever_a_partner_does_in_between_changes_nothing(stage, gaps, withdraws, order):
    told, alone = stage.replies(gaps, withdraws=withdraws, order=order), stage.alone[order]
    assert told == alone


def test_no_reply_holds_a_name_code_or_answer_of_the_partner(stage):
    one, other = stage.couple()
    partner = Visit(stage.plan, stage.store, stage.clock)
    for kind, fields in partner_steps(other, withdraws=False):
        partner.send(kind, **fields)
    visit = Visit(stage.plan, stage.store, stage.clock)
    for kind, fields in own_steps(one):
        if kind != "visit":
            visit.send(kind, **fields)
    told = " ".join(visit.replies)
    secrets = (other.person, other.token, other.withdrawal_code, "only for the study", one.couple_code, one.person)
    assert not [secret for secret in secrets if secret in told]


def test_the_partner_s_token_and_codes_open_only_the_partner_s_own(stage):
    one, other = stage.couple()
    visit = Visit(stage.plan, stage.store, stage.clock)
    visit.enter(one, one.couple_code)
    visit.answer(rws01=1)
    partner = Visit(stage.plan, stage.store, stage.clock)
    partner.enter(other, other.couple_code)
    assert partner.send("submit")["rule"] == "required"
    assert partner.send("withdraw", code=one.couple_code)["rule"] == "withdrawal_code"
