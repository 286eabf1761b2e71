"""A diary beside a questionnaire: a token opens the day that is due, and says when the next one is."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.questionnaire.visits import Clock, Visit, all_items, open_store, read_plan
from toolkit.questionnaire.texts import say

BERLIN = ZoneInfo("Europe/Berlin")
STUDY = """\
study: diary
title: A diary
instruments: [rws6, day]
collection:
  consent: {version: "1", text: Read}
  occasions:
    - {wave: 1, instruments: [rws6], opens: 0, closes: 9}
    - {wave: 1, days: 3, instruments: [day], opens: 1, hours: [17, 26]}
  timezone: Europe/Berlin
"""


@pytest.fixture
def stage(tmp_path):
    clock = Clock(datetime(2027, 3, 26, 20, tzinfo=BERLIN))  # the clock goes forward in the night to the 28th
    store = open_store(tmp_path, clock)
    plan = read_plan(tmp_path, STUDY)
    (one,) = store.invite(plan.study, 1, expires_at=clock() + timedelta(days=50))
    yield plan, store, clock, one
    store.close()


def come(stage, *when):
    plan, store, clock, one = stage
    clock.now = datetime(*when, tzinfo=BERLIN)
    visit = Visit(plan, store, clock)
    return visit, visit.enter(one)["page"]


def test_a_diary_is_kept_over_three_evenings(stage):
    plan, store, clock, one = stage
    first, page = come(stage, 2027, 3, 26, 20)
    assert "rws01" in all_items(page)
    first.answer(rws01=1)
    assert first.send("submit")["page"]["next"] == "2027-03-27T16:00:00+00:00"

    _, page = come(stage, 2027, 3, 27, 16, 59)
    assert (page["name"], page["paragraphs"][0]) == ("sent", say("en", "sent_text"))
    assert ("{moment}" in page["paragraphs"][1], page["next"]) == (True, "2027-03-27T16:00:00+00:00")

    evening, page = come(stage, 2027, 3, 27, 17, 0)
    assert "day01" in all_items(page)
    assert page["closes"] == "2027-03-28T01:00:00+00:00"
    evening.answer(day01=3)
    clock.now = datetime(2027, 3, 28, 1, 0, 1, tzinfo=BERLIN)
    page = evening.send("submit")["page"]
    assert say("en", "finished_late") not in page["paragraphs"]
    assert ("{moment}" in page["paragraphs"][-1], page["next"]) == (True, "2027-03-28T15:00:00+00:00")

    night, _ = come(stage, 2027, 3, 29, 1, 30)
    night.answer(day01=5)
    clock.now = datetime(2027, 3, 29, 2, 0, tzinfo=BERLIN)
    assert say("en", "finished_late") in night.send("submit")["page"]["paragraphs"]

    _, page = come(stage, 2027, 3, 30, 2, 0)
    assert page["name"] == "over"
    sittings = store.sittings(store.admit(plan.study, one.token).number)
    assert [(found.wave, found.day, found.late) for found in sittings] == [
        ("1", None, False),
        ("1", "1", False),
        ("1", "2", True),
    ]


def test_the_questionnaire_comes_before_the_diary_of_the_same_evening(stage):
    come(stage, 2027, 3, 26, 20)
    visit, page = come(stage, 2027, 3, 27, 18)
    assert "rws01" in all_items(page)
    visit.answer(rws01=1)
    page = visit.send("submit")["page"]
    assert (page["more"], page["next"]) == (True, None)
    assert page["paragraphs"][-1] == say("en", "finished_more")
    assert "day01" in all_items(visit.send("open", token=stage[3].token)["page"])


def test_a_day_that_was_begun_is_over_when_it_is_over(stage):
    come(stage, 2027, 3, 26, 20)[0].send("submit")
    visit, _ = come(stage, 2027, 3, 27, 18)
    visit.answer(day01=3)
    _, page = come(stage, 2027, 3, 28, 10)
    assert ("{moment}" in page["paragraphs"][0], page["next"]) == (True, "2027-03-28T15:00:00+00:00")
    assert page["name"] == "not_due"
