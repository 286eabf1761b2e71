"""A session from the greeting to the thanks, on a real store."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

import toolkit as tk
from tests.questionnaire.visits import PAGES, START, STUDY, Visit, all_items, items_of, open_store, read_plan
from toolkit.questionnaire.feedback import feedback
from toolkit.questionnaire.plan import plan_instruments
from toolkit.questionnaire.texts import page_words, say
from toolkit.store.records import Answer


def sitting_of(store, plan, invitation):
    person = store.admit(plan.study, invitation.token)
    (sitting,) = store.sittings(person.number)
    return sitting


def stored(store, plan, invitation):
    return store.answers(sitting_of(store, plan, invitation).number)


def finish(visit, invitation, **answers):
    visit.enter(invitation)
    visit.answer(rws01=2, gender="woman", **answers)
    return visit.send("submit")


def test_hello_says_everything_the_page_needs(visit, plan):
    reply = visit.send("hello", language=None)
    assert reply == {
        "type": "hello",
        "language": "en",
        "languages": [{"code": "en", "name": "English"}],
        "texts": dict(page_words("en")),
        "title": "A small study",
        "leave_to": "about:blank",
        "timezone": "UTC",
        "contact": "Dr A, tel 1",
        "page": {"page": "token"},
        "to": 1,
    }


def test_a_token_leads_to_consent_and_consent_to_the_form(visit, plan, store, couple):
    consent = visit.send("open", token=couple[0].token)["page"]
    assert consent == {
        "page": "consent",
        "version": "2026-11",
        "paragraphs": ["First paragraph.", "Second paragraph."],
        "asks_couple_code": True,
    }
    form = visit.send("consent", version="2026-11", couple_code=couple[0].couple_code)["page"]
    assert (form["page"], form["title"], form["position"], form["first"]) == ("form", "A small study", 0, 0)
    assert (form["timing"], form["closes"]) == (True, "2027-01-31T00:00:00+00:00")
    assert len(form["sections"]) == PAGES
    assert all(item["answer"] is None for item in all_items(form).values())
    person = store.admit(plan.study, couple[0].token)
    assert (person.consented_at, person.consent_version, person.language) == (START, "2026-11", "en")
    assert (person.couple, person.role) == ("C001", "a")


def test_who_has_no_couple_code_goes_on_alone(visit, plan, store, couple):
    visit.send("open", token=couple[0].token)
    assert visit.send("consent", version="2026-11", couple_code=None)["page"]["page"] == "form"
    assert store.admit(plan.study, couple[0].token).couple is None


def test_who_has_joined_is_not_asked_for_the_code_again(plan, store, clock, couple):
    Visit(plan, store, clock).enter(couple[0], couple[0].couple_code)
    newer = read_plan(store_folder(store), STUDY.replace("2026-11", "2026-12"))
    page = Visit(newer, store, clock).send("open", token=couple[0].token)["page"]
    assert (page["page"], page["version"], page["asks_couple_code"]) == ("consent", "2026-12", False)


def store_folder(store):
    return store._place.file.parent


def test_an_answer_is_in_the_store_when_it_is_said_to_be_saved(visit, plan, store, couple):
    visit.enter(couple[0])
    given = {
        "rws01": ({"value": 3, "milliseconds": 900}, Answer("rws01", value=3, milliseconds=900)),
        "rws09": ({"reason": "refused"}, Answer("rws09", reason="refused")),
        "bar17": ({"value": 2}, Answer("bar17", value=2)),
        "aps07": ({"reason": "not_applicable"}, Answer("aps07", reason="not_applicable")),
        "check1": ({"value": 3}, Answer("check1", value=3)),
        "age": ({"value": 16}, Answer("age", value=16)),
        "gender": ({"value": "woman"}, Answer("gender", text="woman")),
        "comment": (
            {"text": "<b>'; DROP TABLE answers; --\n🙂"},
            Answer("comment", text="<b>'; DROP TABLE answers; --\n🙂"),
        ),
    }
    for item, (fields, answer) in given.items():
        if item in ("rws01", "rws09"):
            fields = {"milliseconds": None, **fields}
        assert visit.send("answer", item=item, **fields) | {"to": 0} == {"type": "saved", "item": item, "to": 0}
        assert stored(store, plan, couple[0])[item] == answer


def test_an_answer_can_be_changed_and_cleared(visit, plan, store, couple):
    visit.enter(couple[0])
    visit.answer(rws09=1)
    visit.answer(rws09=4)
    assert stored(store, plan, couple[0])["rws09"].value == 4
    assert visit.send("answer", item="rws09", value=None, text=None, reason=None)["type"] == "saved"
    visit.send("answer", item="comment", text="x")
    visit.send("answer", item="comment", text=" \n")
    assert stored(store, plan, couple[0]) == {}


def test_times_are_kept_only_where_the_study_wants_them(tmp_path, store, clock):
    plan = read_plan(tmp_path, STUDY.replace("  roles: [a, b]\n", "  roles: [a, b]\n  timing: false\n"))
    (one, _) = store.invite(plan.study, 1, couples=True, roles=["a", "b"], expires_at=START + timedelta(days=9))
    visit = Visit(plan, store, clock)
    assert visit.enter(one)["page"]["timing"] is False
    visit.send("answer", item="rws09", value=1, milliseconds=50)
    visit.send("place", position=1, milliseconds=50)
    assert stored(store, plan, one)["rws09"].milliseconds is None


def test_a_resumed_form_shows_the_page_reached_and_nothing_answered_elsewhere(plan, store, clock, couple):
    first = Visit(plan, store, clock)
    whole = items_of(first.enter(couple[0])["page"])
    reached = next(number for number, items in enumerate(whole) if "aps01" in items)
    first.answer(rws09=1, rws07=2, bar01=3, aps01=3, aps02=4, has01=2, age=30)
    first.send("place", position=reached, milliseconds=10)
    first.answer(aps03=1)
    page = Visit(plan, store, clock).enter(couple[0])["page"]
    shown = items_of(page)
    assert (page["position"], page["first"]) == (reached, 0)
    assert shown[0] == ["rws01"]  # required, and not answered yet
    assert shown[1:reached] == [[]] * (reached - 1)
    assert shown[reached] == whole[reached]
    assert shown[-1] == ["gender", "comment"]
    answers = {name: item["answer"] for name, item in all_items(page).items() if item["answer"]}
    assert answers == {"aps01": {"value": 3}, "aps02": {"value": 4}, "aps03": {"value": 1}}


def test_what_was_answered_about_fear_and_unsafety_is_never_shown_again(plan, store, clock, couple):
    """Whoever takes the phone after a quick exit finds none of it, not even on the page that was reached."""
    first = Visit(plan, store, clock)
    whole = items_of(first.enter(couple[0])["page"])
    for position, items in enumerate(whole):
        given = [item for item in items if item.startswith("bar")]
        if not given:
            continue
        first.send("place", position=position)
        first.answer(**dict.fromkeys(given[:-1], 1))
        page = Visit(plan, store, clock).enter(couple[0])["page"]
        assert [name for name, item in all_items(page).items() if name.startswith("bar") and item["answer"]] == []
        assert items_of(page)[position] == given[-1:]
        assert page["position"] == position
        first = Visit(plan, store, clock)
        first.enter(couple[0])


def test_where_nothing_is_left_on_the_page_reached_the_next_one_is_shown(plan, store, clock, couple):
    first = Visit(plan, store, clock)
    whole = items_of(first.enter(couple[0])["page"])
    position = whole.index(["bar17"])
    first.answer(rws01=1)
    first.send("place", position=position)
    first.answer(bar17=1)
    page = Visit(plan, store, clock).enter(couple[0])["page"]
    assert (page["position"], page["first"], items_of(page)[position]) == (position + 1, position + 1, [])


def test_a_resumed_form_begins_at_the_page_reached_where_nothing_is_required(plan, store, clock, couple):
    first = Visit(plan, store, clock)
    first.enter(couple[0])
    first.answer(rws01=1)
    first.send("place", position=3)
    page = Visit(plan, store, clock).enter(couple[0])["page"]
    assert (page["position"], page["first"]) == (3, 3)
    assert items_of(page)[:3] == [[], [], []]


def test_no_page_can_be_asked_for_whose_answers_are_hidden(plan, store, clock, couple):
    victim = Visit(plan, store, clock)
    victim.enter(couple[0])
    victim.answer(rws01=4, rws09=3, aps01=3, has01=2, age=30)
    victim.send("place", position=PAGES, milliseconds=10)
    seen = set()
    for position in (*range(PAGES + 1), *range(PAGES, -1, -1)):
        other = Visit(plan, store, clock)
        page = other.send("open", token=couple[0].token)["page"]
        seen |= {name for name, item in all_items(page).items() if item["answer"]}
        assert other.send("place", position=position, milliseconds=1)["type"] == "saved"
    assert seen == set()


def test_a_resumed_session_moves_on_to_pages_of_its_own(plan, store, clock, couple):
    first = Visit(plan, store, clock)
    whole = items_of(first.enter(couple[0])["page"])
    first.answer(rws01=1)
    first.send("place", position=1, milliseconds=10)
    second = Visit(plan, store, clock)
    second.enter(couple[0])
    reached = next(number for number, items in enumerate(whole) if "aps01" in items)
    second.send("place", position=reached, milliseconds=10)
    second.answer(aps01=1)
    second.send("place", position=0, milliseconds=10)
    page = Visit(plan, store, clock).enter(couple[0])["page"]
    assert (page["position"], all_items(page)["aps01"]["answer"]) == (reached, {"value": 1})


def test_an_answer_that_was_under_way_when_the_connection_broke_is_taken_and_tells_nothing(plan, store, clock, couple):
    first = Visit(plan, store, clock)
    first.enter(couple[0])
    first.answer(rws01=1, rws09=1)
    first.send("place", position=2)
    second = Visit(plan, store, clock)
    assert "rws09" not in all_items(second.enter(couple[0])["page"])
    told = [second.send("answer", item="rws09", value=value) | {"to": 0} for value in (1, 4)]
    assert told == [{"type": "saved", "item": "rws09", "to": 0}] * 2
    assert stored(store, plan, couple[0])["rws09"].value == 4


def test_who_was_not_invited_is_asked_for_no_couple_code(plan, store, clock, couple):
    visit = Visit(plan, store, clock, participant=store.walk_in(plan.study, "me"))
    assert visit.send("hello", language=None)["page"]["asks_couple_code"] is False
    assert visit.send("open", token=couple[0].token)["page"]["asks_couple_code"] is True


def test_the_order_of_a_resumed_form_is_the_one_it_was_begun_with(tmp_path, store, clock):
    text = STUDY.replace("  roles: [a, b]\n", "  roles: [a, b]\n  order: random\n")
    plan = read_plan(tmp_path, text)
    (one, _) = store.invite(plan.study, 1, couples=True, roles=["a", "b"], expires_at=START + timedelta(days=9))
    begun = items_of(Visit(plan, store, clock).enter(one)["page"])
    other = read_plan(tmp_path, text + "seed: 5\n")
    assert items_of(Visit(other, store, clock).enter(one)["page"]) == begun


def test_the_last_page_is_reached_where_nothing_is_left(tmp_path, store, clock):
    text = "study: two\ntitle: Two\ninstruments: [bar]\ncollection: {consent: {version: '1', text: Read}}\n"
    plan = read_plan(tmp_path, text)
    (one,) = store.invite(plan.study, 1, expires_at=START + timedelta(days=99))
    first = Visit(plan, store, clock)
    form = first.enter(one)["page"]
    first.answer(**dict.fromkeys(all_items(form), 1))
    page = Visit(plan, store, clock).enter(one)["page"]
    assert page["position"] == page["first"] == len(page["sections"])


def test_a_content_note_stands_first_among_what_is_left_of_its_page(plan, store, clock, couple):
    first = Visit(plan, store, clock)
    first.enter(couple[0])
    first.answer(bar13=1)
    page = Visit(plan, store, clock).enter(couple[0])["page"]
    items = all_items(page)
    assert "bar13" not in items
    assert items["bar14"]["note"] == tk.instrument("bar").by_id["bar13"].content_note["en"]
    assert items["bar15"]["note"] is None


def test_submitting_thanks_and_names_the_next(visit, plan, store, couple):
    page = finish(visit, couple[0])["page"]
    assert page["page"] == "finished"
    assert page["paragraphs"] == [
        say("en", "finished_text"),
        say("en", "finished_next", moment="{moment}"),
    ]
    assert (page["next"], page["more"], page["withdrawal"]) == ("2027-03-01T00:00:00+00:00", False, True)
    sitting = sitting_of(store, plan, couple[0])
    assert (sitting.submitted_at, sitting.late) == (START, False)
    assert stored(store, plan, couple[0])["bar01"].reason == "skipped"


def test_required_items_are_asked_for_with_their_pages(visit, plan, store, couple):
    visit.enter(couple[0])
    reply = visit.send("submit")
    assert (reply["type"], reply["rule"], reply["item"]) == ("refused", "required", "rws01")
    assert reply["items"] == [{"item": "rws01", "position": 0}, {"item": "gender", "position": PAGES - 1}]
    visit.send("answer", item="rws01", reason="refused")
    assert [one["item"] for one in visit.send("submit")["items"]] == ["gender"]
    visit.send("answer", item="gender", reason="refused")
    assert visit.send("submit")["page"]["page"] == "finished"
    assert store.counts(plan.study).refused_inputs == 0


def test_feedback_follows_the_answers_in_the_store(visit, plan, store, couple):
    safe = dict.fromkeys(("bar02", "bar04", "bar07", "bar12", "bar13", "bar14", "bar15", "bar16"), 1)
    page = finish(visit, couple[0], **safe, rws07=4)["page"]
    expected = feedback(plan.instruments, stored(store, plan, couple[0]), "Call 1", "en")
    assert page["feedback"]["paragraphs"] == list(expected.paragraphs)
    assert len(expected.paragraphs) > 2
    assert page["feedback"]["figure"] == expected.figure


def test_feedback_after_one_sign_is_help_alone(visit, couple):
    safe = dict.fromkeys(("bar02", "bar04", "bar07", "bar12", "bar13", "bar14", "bar15"), 1)
    page = finish(visit, couple[0], **safe, bar16=6, rws07=4)["page"]
    assert page["feedback"] == {
        "paragraphs": [say("en", "feedback_opening"), say("en", "feedback_help") + ": Call 1"],
        "figure": None,
        "figure_text": "",
    }


@pytest.mark.parametrize("danger", [1, 6])
def test_feedback_to_a_resumed_session_is_help_alone_whatever_was_answered(plan, store, clock, couple, danger):
    first = Visit(plan, store, clock)
    first.enter(couple[0])
    safe = dict.fromkeys(("bar02", "bar04", "bar07", "bar12", "bar13", "bar14", "bar15"), 1)
    first.answer(**safe, bar16=danger, rws01=4, rws07=4, gender="woman")
    first.send("place", position=PAGES, milliseconds=1)
    second = Visit(plan, store, clock)
    second.enter(couple[0])
    given = second.send("submit")["page"]["feedback"]
    helping = [say("en", "feedback_opening"), say("en", "feedback_help") + ": Call 1"]
    assert given == {"paragraphs": helping, "figure": None, "figure_text": ""}


def test_without_feedback_in_the_study_there_is_none(tmp_path, store, clock):
    plan = read_plan(tmp_path, STUDY.replace('  feedback: {help_line: {en: "Call 1"}}\n', ""))
    (one, _) = store.invite(plan.study, 1, couples=True, roles=["a", "b"], expires_at=START + timedelta(days=9))
    assert finish(Visit(plan, store, clock), one)["page"]["feedback"] is None


def test_an_occasion_without_the_safety_scales_gives_no_feedback(plan, store, clock, couple):
    clock.now = datetime(2027, 1, 10, tzinfo=UTC)
    finish(Visit(plan, store, clock), couple[0])
    clock.now = datetime(2027, 3, 2, tzinfo=UTC)
    visit = Visit(plan, store, clock)
    visit.enter(couple[0])
    visit.answer(rws01=1)
    page = visit.send("submit")["page"]
    assert (page["page"], page["feedback"], page["next"]) == ("finished", None, None)


def test_a_late_submission_is_accepted_and_told_so(visit, plan, store, couple, clock):
    visit.enter(couple[0])
    visit.answer(rws01=1, gender="man")
    clock.now = datetime(2027, 1, 31, 0, 0, tzinfo=UTC)
    assert visit.send("answer", item="rws09", value=1)["type"] == "saved"
    assert say("en", "finished_late") in visit.send("submit")["page"]["paragraphs"]
    assert sitting_of(store, plan, couple[0]).late


def test_before_the_last_moment_it_is_not_late(visit, plan, store, couple, clock):
    visit.enter(couple[0])
    visit.answer(rws01=1, gender="man")
    clock.now = datetime(2027, 1, 30, 23, 59, 59, tzinfo=UTC)
    assert say("en", "finished_late") not in visit.send("submit")["page"]["paragraphs"]
    assert not sitting_of(store, plan, couple[0]).late


@pytest.mark.parametrize(
    ("now", "name", "sentence"),
    [
        (datetime(2027, 2, 5, tzinfo=UTC), "not_due", "opens on {moment}."),
        (datetime(2027, 4, 1, tzinfo=UTC), "over", "can no longer be answered"),
    ],
)
def test_what_is_not_due_says_why_and_when(plan, store, clock, now, name, sentence):
    (one, _) = store.invite(plan.study, 1, couples=True, roles=["a", "b"], expires_at=START + timedelta(days=300))
    Visit(plan, store, clock).enter(one)
    clock.now = now
    page = Visit(plan, store, clock).send("open", token=one.token)["page"]
    assert (page["page"], page["name"]) == ("message", name)
    assert sentence in page["paragraphs"][0]
    assert page["next"] == ("2027-03-01T00:00:00+00:00" if name == "not_due" else None)


def test_what_was_sent_cannot_be_opened_again(plan, store, clock, couple):
    finish(Visit(plan, store, clock), couple[0])
    page = Visit(plan, store, clock).send("open", token=couple[0].token)["page"]
    assert (page["name"], page["paragraphs"][0]) == ("sent", say("en", "sent_text"))
    assert "{moment}" in page["paragraphs"][1]
    assert page["next"] == "2027-03-01T00:00:00+00:00"


def test_when_everything_is_sent_it_is_said(plan, store, clock, couple):
    finish(Visit(plan, store, clock), couple[0])
    clock.now = datetime(2027, 3, 2, tzinfo=UTC)
    visit = Visit(plan, store, clock)
    visit.enter(couple[0])
    visit.answer(rws01=1)
    visit.send("submit")
    assert Visit(plan, store, clock).send("open", token=couple[0].token)["page"]["name"] == "done"


def test_after_the_last_day_nothing_is_taken(plan, store, clock):
    (one, other) = store.invite(plan.study, 1, couples=True, roles=["a", "b"], expires_at=START + timedelta(days=400))
    visit = Visit(plan, store, clock)
    visit.enter(one)
    waiting = Visit(plan, store, clock)
    waiting.send("open", token=other.token)
    clock.now = datetime(2027, 7, 1, 0, 0, tzinfo=UTC)
    assert visit.send("answer", item="rws01", value=1)["page"]["name"] == "closed"
    assert visit.send("answer", item="rws01", value=1)["rule"] == "state"
    assert waiting.send("consent", version="2026-11", couple_code=None)["page"]["name"] == "closed"
    assert Visit(plan, store, clock).send("open", token=one.token)["page"]["name"] == "closed"
    late = Visit(plan, store, clock)
    reply = late.send("withdraw", code=one.withdrawal_code)
    assert (reply["type"], reply["text"]) == ("refused", say("en", "withdrawal_over"))
    assert store.admit(plan.study, one.token) is not None


def test_a_second_page_takes_over_and_the_first_is_told(plan, store, clock, couple):
    first, second = Visit(plan, store, clock), Visit(plan, store, clock)
    first.enter(couple[0])
    first.answer(rws09=1)
    second.enter(couple[0])
    second.answer(rws09=2)
    reply = first.send("answer", item="rws09", value=3)
    assert (reply["type"], reply["page"]["name"]) == ("elsewhere", "elsewhere")
    assert stored(store, plan, couple[0])["rws09"].value == 2
    assert first.send("submit")["rule"] == "state"


@pytest.mark.parametrize("message", [{"type": "place", "position": 1}, {"type": "submit"}])
def test_any_message_of_the_first_page_is_told(plan, store, clock, couple, message):
    first = Visit(plan, store, clock)
    first.enter(couple[0])
    first.answer(rws01=1, gender="man")
    Visit(plan, store, clock).enter(couple[0])
    assert first.send(**message)["type"] == "elsewhere"
    assert sitting_of(store, plan, couple[0]).submitted_at is None


def test_a_page_that_lost_its_kernel_goes_on_unless_another_came_after_it(plan, store, clock, couple):
    first, second, third = (Visit(plan, store, clock) for _ in range(3))
    held = first.enter(couple[0])["page"]["lease"]
    page = second.send("open", token=couple[0].token, held=held)["page"]
    assert page["page"] == "form"
    assert third.send("open", token=couple[0].token, held=held)["page"]["name"] == "elsewhere"
    second.answer(rws09=3)
    assert third.send("open", token=couple[0].token)["page"]["page"] == "form"


def test_what_was_sent_elsewhere_is_closed_here(plan, store, clock, couple):
    first, second = Visit(plan, store, clock), Visit(plan, store, clock)
    first.enter(couple[0])
    finish(second, couple[0])
    assert first.send("answer", item="rws09", value=3)["page"]["name"] == "sent"


def test_a_message_sent_again_is_answered_again_and_does_nothing(visit, plan, store, couple):
    visit.enter(couple[0])
    message = {"type": "answer", "sequence": 50, "item": "rws09", "value": 1}
    reply = visit.session.receive(message)
    visit.session.receive({**message, "sequence": 51, "value": 4})
    assert visit.session.receive(message) == reply == {"type": "saved", "item": "rws09", "to": 50}
    assert stored(store, plan, couple[0])["rws09"].value == 4
    other = visit.session.receive({**message, "item": "rws07"})
    assert other["item"] == "rws07"
    visit.session.receive({**message, "sequence": 52, "item": "rws01"})
    visit.session.receive({**message, "sequence": 53, "item": "gender", "value": "man"})
    sent = visit.session.receive({"type": "submit", "sequence": 54})
    assert sent["page"]["page"] == "finished"
    assert visit.session.receive({"type": "submit", "sequence": 54}) == sent


def test_an_old_answer_that_comes_late_does_not_undo_a_newer_one(visit, plan, store, couple):
    visit.enter(couple[0])
    visit.session.receive({"type": "answer", "sequence": 61, "item": "rws09", "value": 4})
    reply = visit.session.receive({"type": "answer", "sequence": 60, "item": "rws09", "value": 1})
    assert reply["type"] == "saved"
    assert stored(store, plan, couple[0])["rws09"].value == 4


def test_nothing_is_lost_on_a_page_loaded_anew_after_the_clock_was_set_back(plan, store, clock):
    visit = Visit(plan, store, clock, participant=store.walk_in(plan.study, "lab"))
    visit.send("hello", language=None)
    visit.send("consent", version="2026-11")
    visit.answer(rws01=4, rws07=1)
    visit.answer(rws01=2)
    visit.numbers = count(2)
    assert visit.send("hello", language=None)["page"]["page"] == "form"
    visit.answer(rws01=4, rws07=3)
    (sitting,) = store.sittings(store.walk_in(plan.study, "lab").number)
    assert {name: one.value for name, one in store.answers(sitting.number).items()} == {"rws01": 4, "rws07": 3}


def test_stopping_leaves_everything_for_later(visit, plan, store, clock, couple):
    visit.enter(couple[0])
    visit.answer(rws09=1)
    assert visit.send("stop")["page"]["name"] == "stopped"
    assert visit.send("answer", item="rws09", value=2)["rule"] == "state"
    assert visit.send("hello", language=None)["page"]["name"] == "stopped"
    page = Visit(plan, store, clock).enter(couple[0])["page"]
    assert all_items(page)["rws09"]["answer"] == {"value": 1}


def test_another_language_changes_the_words_and_nothing_else(tmp_path, store, clock):
    text = (
        "study: two\ntitle: Zwei\ninstruments: [rws]\n"
        "collection:\n  languages: [en, de]\n"
        "  consent: {version: '1', text: {en: Read, de: Bitte lesen}}\n"
    )
    plan = read_plan(tmp_path, text)
    (one,) = store.invite(plan.study, 1, expires_at=START + timedelta(days=9))
    visit = Visit(plan, store, clock)
    assert visit.send("hello", language="fr")["language"] == "en"
    visit.send("open", token=one.token)
    assert visit.send("hello", language="de")["page"]["paragraphs"] == ["Bitte lesen"]
    form = visit.send("consent", version="1")["page"]
    assert form["sections"][0]["title"] == "Seite 1 von 3"
    visit.answer(rws01=1)
    visit.send("place", position=1)
    again = visit.send("hello", language="en")["page"]
    assert (again["position"], again["first"], items_of(again)) == (1, 0, items_of(form))
    assert all_items(again)["rws01"]["answer"] == {"value": 1}
    assert all_items(again)["rws01"]["text"] == tk.instrument("rws").by_id["rws01"].text["en"]
    assert store.admit(plan.study, one.token).language == "de"
    resumed = Visit(plan, store, clock).send("open", token=one.token)["page"]
    assert resumed["sections"][0]["title"] == "Seite 1 von 3"


def test_the_browsers_language_gives_way_to_one_that_was_chosen_or_agreed_in(tmp_path, store, clock):
    text = (
        "study: two\ntitle: Zwei\ninstruments: [rws]\n"
        "collection:\n  languages: [en, de]\n"
        "  consent: {version: '1', text: {en: Read, de: Bitte lesen}}\n"
    )
    plan = read_plan(tmp_path, text)
    (one,) = store.invite(plan.study, 1, expires_at=START + timedelta(days=9))
    first = Visit(plan, store, clock)
    assert first.send("hello", language=None, browser="xx")["language"] == "en"
    assert first.send("hello", language=None, browser="de")["language"] == "de"
    assert first.send("open", token=one.token)["page"]["paragraphs"] == ["Bitte lesen"]
    assert first.send("hello", language=None, browser="en")["language"] == "de"  # the page is loaded anew
    first.send("consent", version="1")
    again = Visit(plan, store, clock)
    again.send("hello", language=None, browser="en")
    assert again.send("open", token=one.token)["page"]["sections"][0]["title"] == "Seite 1 von 3"
    chosen = Visit(plan, store, clock)
    chosen.send("hello", language="en")
    assert chosen.send("hello", language=None, browser="de")["language"] == "en"


@pytest.mark.parametrize("where", ["token", "consent", "form", "finished"])
def test_withdrawal_is_possible_on_every_page(plan, store, clock, couple, where):
    visit = Visit(plan, store, clock)
    if where == "consent":
        visit.send("open", token=couple[0].token)
    if where in ("form", "finished"):
        visit.enter(couple[0], couple[0].couple_code)
        visit.answer(rws01=1, gender="man")
    if where == "finished":
        visit.send("submit")
    reply = visit.send("withdraw", code=couple[0].withdrawal_code.lower().replace("-", " "))
    name = "erased" if where == "token" else "withdrawn"
    assert reply["page"]["name"] == name
    assert reply["page"]["paragraphs"] == [say("en", f"{name}_text"), say("en", "withdrawn_copies")]
    assert store.admit(plan.study, couple[0].token) is None
    assert store.counts(plan.study).withdrawn == 1
    assert visit.send("answer", item="rws01", value=1)["rule"] == "state"
    assert visit.send("export")["rule"] == "state"


def test_who_withdrew_elsewhere_is_told_in_the_open_page(plan, store, clock, couple):
    visit = Visit(plan, store, clock)
    visit.enter(couple[0])
    visit.answer(rws09=1)
    Visit(plan, store, clock).send("withdraw", code=couple[0].withdrawal_code)
    assert visit.send("answer", item="rws09", value=2)["page"]["name"] == "withdrawn"


def test_who_withdrew_elsewhere_before_agreeing_is_told_so(plan, store, clock, couple):
    visit = Visit(plan, store, clock)
    visit.send("open", token=couple[0].token)
    store.withdraw(plan.study, couple[0].withdrawal_code)
    assert visit.send("consent", version="2026-11", couple_code=None)["page"]["name"] == "withdrawn"


def test_own_answers_can_be_taken_away_once_they_are_sent(visit, couple):
    visit.enter(couple[0])
    assert visit.send("export")["rule"] == "state"
    visit.answer(rws01=0, gender="woman", age=30)
    visit.send("answer", item="bar01", reason="refused")
    visit.send("answer", item="comment", text='=HYPERLINK("x")\n"quoted", with commas')
    visit.send("submit")
    reply = visit.send("export")
    assert reply["name"] == "my-answers.csv"
    rows = list(csv.reader(io.StringIO(reply["content"])))
    assert rows[0] == ["question", "text", "answer", "label"]
    by_id = {row[0]: row[2:] for row in rows[1:]}
    assert by_id["rws01"] == ["0", "Never"]
    assert by_id["gender"] == ["woman", "Woman"]
    assert by_id["age"] == ["30", ""]
    assert by_id["bar01"] == ["", "Prefer not to say"]
    assert by_id["bar02"] == ["", "Left out"]
    assert by_id["comment"] == ['\'=HYPERLINK("x")\n"quoted", with commas', ""]


@pytest.mark.parametrize("start", list("=+-@\t\r"))
def test_no_cell_of_the_copy_begins_as_a_formula(visit, couple, start):
    visit.enter(couple[0])
    visit.send("answer", item="comment", text=f"{start}1+1")
    visit.answer(rws01=0, gender="woman")
    visit.send("submit")
    rows = list(csv.reader(io.StringIO(visit.send("export")["content"])))
    assert [row[2] for row in rows if row[0] == "comment"] == [f"'{start}1+1"]


def test_the_copy_is_given_only_in_the_session_that_submitted(plan, store, clock, couple):
    finish(Visit(plan, store, clock), couple[0])
    other = Visit(plan, store, clock)
    other.send("open", token=couple[0].token)
    assert other.send("export")["rule"] == "state"


def test_the_copy_holds_nothing_of_an_earlier_session(plan, store, clock, couple):
    first = Visit(plan, store, clock)
    first.enter(couple[0])
    first.answer(rws01=4, bar13=6, aps01=3, gender="woman")
    first.send("answer", item="comment", text="I am afraid")
    first.send("place", position=PAGES, milliseconds=1)
    second = Visit(plan, store, clock)
    second.enter(couple[0])
    second.send("submit")
    rows = list(csv.reader(io.StringIO(second.send("export")["content"])))
    assert len(rows) == 1


def test_the_kernel_may_know_the_person_already(plan, store, clock):
    person = store.walk_in(plan.study, "me")
    visit = Visit(plan, store, clock, participant=person)
    assert visit.send("hello", language=None)["page"]["page"] == "consent"
    visit.send("consent", version="2026-11", couple_code=None)
    visit.answer(rws09=1)
    assert visit.send("hello", language=None)["page"]["page"] == "form"
    again = Visit(plan, store, clock, participant=store.walk_in(plan.study, "me"))
    assert all_items(again.send("hello", language=None)["page"])["rws09"]["answer"] == {"value": 1}


def test_instruments_can_be_tried_out_without_a_study(tmp_path, clock):
    plan = plan_instruments([tk.instrument("rws6")])
    store = open_store(tmp_path, clock)
    visit = Visit(plan, store, clock, participant=store.walk_in(plan.study, None))
    page = visit.send("hello", language=None)["page"]
    assert (page["page"], page["version"], page["asks_couple_code"]) == ("consent", "trial", False)
    visit.send("consent", version="trial")
    visit.answer(rws01=1)
    assert visit.send("submit")["page"]["page"] == "finished"
    store.close()


def test_days_count_from_the_first_consent(tmp_path, store, clock):
    text = (
        "study: two\ntitle: Two\ninstruments: [rws6]\ncollection:\n"
        "  consent: {version: '1', text: Read}\n"
        "  occasions: [{wave: 1, instruments: [rws6], opens: 0, closes: 1},"
        " {wave: 2, instruments: [rws6], opens: 5, closes: 6}]\n"
    )
    plan = read_plan(tmp_path, text)
    (one,) = store.invite(plan.study, 1, expires_at=START + timedelta(days=99))
    Visit(plan, store, clock).enter(one)
    clock.go(days=5)
    newer = read_plan(tmp_path, text.replace("'1'", "'2'"))
    visit = Visit(newer, store, clock)
    visit.send("open", token=one.token)
    assert visit.send("consent", version="2")["page"]["page"] == "form"
    assert [sitting.wave for sitting in store.sittings(store.admit(plan.study, one.token).number)] == ["1", "2"]


def test_every_reply_can_be_sent_as_json(visit, couple):
    finish(visit, couple[0])
    visit.send("export")
    assert all(json.loads(reply)["type"] for reply in visit.replies)
