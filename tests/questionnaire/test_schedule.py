"""Schedule: one occasion at a time, by the clock and calendar of the study."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from toolkit.collection import Collection
from toolkit.questionnaire.schedule import due, is_closed, local_moment, occasions, study_closes
from toolkit.store.records import Sitting

BERLIN = ZoneInfo("Europe/Berlin")


def collection(*plans, **more):
    data = {
        "consent": {"version": "1", "text": "Read"},
        "questions": [{"id": "q", "kind": "text", "text": "Q"}],
        "occasions": [{"questions": ["q"], **plan} for plan in plans],
        "timezone": "Europe/Berlin",
    }
    return Collection.model_validate({**data, **more})


def sent(wave, day=None, at=datetime(2027, 1, 1, tzinfo=UTC)):
    return Sitting(1, 1, wave, day, at, at, False, ("q",), "", 0)


def begun(wave, day=None, at=datetime(2027, 1, 1, tzinfo=UTC)):
    return Sitting(1, 1, wave, day, at, None, False, ("q",), "", 0)


def found(study, consented, sittings, now):
    return due(study, study.plans([]), consented, sittings, now)


def local(*parts):
    return datetime(*parts, tzinfo=BERLIN)


def test_days_count_from_the_local_date_of_consent():
    study = collection({"wave": 1, "opens": 1, "closes": 2})
    late_at_night = local(2027, 1, 10, 0, 30)  # still the 9th in UTC
    (one,) = occasions(study, study.plans([]), late_at_night)
    assert one.opens == local(2027, 1, 11, 0, 0)
    assert one.closes == local(2027, 1, 13, 0, 0)


def test_the_last_day_of_an_occasion_and_of_a_study_is_inclusive():
    study = collection({"wave": 1, "opens": "2027-03-01", "closes": "2027-03-31"}, closes="2027-06-30")
    consented = local(2027, 1, 1, 12)
    assert found(study, consented, [], local(2027, 2, 28, 23, 59)).state == "later"
    assert found(study, consented, [], local(2027, 3, 1, 0, 0)).state == "open"
    assert found(study, consented, [], local(2027, 3, 31, 23, 59)).state == "open"
    assert found(study, consented, [], local(2027, 4, 1, 0, 0)).state == "over"
    assert study_closes(study) == local(2027, 7, 1, 0, 0)
    assert not is_closed(study, local(2027, 6, 30, 23, 59))
    assert is_closed(study, local(2027, 7, 1, 0, 0))
    assert not is_closed(collection({"wave": 1}), local(2099, 1, 1))


@pytest.mark.parametrize(
    ("now", "state", "day"),
    [
        (local(2027, 1, 11, 16, 59), "later", None),
        (local(2027, 1, 11, 17, 0), "open", "1"),
        (local(2027, 1, 12, 1, 59), "open", "1"),
        (local(2027, 1, 12, 2, 0), "later", None),
        (local(2027, 1, 12, 17, 0), "open", "2"),
        (local(2027, 1, 13, 1, 59, 59), "open", "2"),
        (local(2027, 1, 13, 2, 0), "over", None),
    ],
)
def test_a_diary_day_lasts_past_midnight(now, state, day):
    study = collection({"wave": 1, "days": 2, "opens": 1, "hours": [17, 26]})
    one = found(study, local(2027, 1, 10, 12), [], now)
    assert (one.state, one.occasion.day if one.occasion else None) == (state, day)


@pytest.mark.parametrize(
    ("change", "length"), [(date(2027, 3, 28), 23), (date(2027, 10, 31), 25), (date(2027, 6, 1), 24)]
)
def test_hours_are_those_of_the_wall_clock_when_it_changes(change, length):
    study = collection({"wave": 1, "days": 2, "opens": change.isoformat()})
    first, second = occasions(study, study.plans([]), local(2027, 1, 1))
    assert first.closes - first.opens == timedelta(hours=length)
    assert second.opens == first.closes
    assert first.opens.astimezone(BERLIN).hour == 0


def test_an_evening_is_the_same_hour_before_and_after_the_change():
    study = collection({"wave": 1, "days": 3, "opens": "2027-03-27", "hours": [17, 26]})
    days = occasions(study, study.plans([]), local(2027, 1, 1))
    assert [one.opens.astimezone(BERLIN).hour for one in days] == [17, 17, 17]
    assert [one.closes.astimezone(BERLIN).hour for one in days] == [3, 2, 2]  # 2 o'clock does not exist on the 28th
    assert [one.opens.hour for one in days] == [16, 15, 15]


def test_what_is_sent_is_told_and_the_next_named():
    study = collection({"wave": 1, "opens": 0, "closes": 9}, {"wave": 2, "opens": 10})
    consented = local(2027, 1, 10, 12)
    one = found(study, consented, [sent("1")], local(2027, 1, 11))
    assert (one.state, one.sent, one.next) == ("later", True, local(2027, 1, 20))
    assert found(study, consented, [sent("1"), sent("2")], local(2027, 2, 1)).state == "done"
    assert found(study, consented, [begun("1")], local(2027, 1, 11)).occasion.wave == "1"
    assert found(study, consented, [], local(2027, 2, 1)).occasion.wave == "2"


def test_of_two_that_are_open_the_first_in_the_file_comes_first():
    study = collection({"wave": 1, "opens": 0, "closes": 9}, {"wave": 1, "days": 3, "opens": 1, "hours": [17, 24]})
    consented, evening = local(2027, 1, 10, 12), local(2027, 1, 11, 18)
    assert found(study, consented, [], evening).occasion.day is None
    assert found(study, consented, [sent("1")], evening).occasion.day == "1"
    assert found(study, consented, [sent("1"), sent("1", "1")], evening).state == "later"


def test_an_occasion_after_the_last_day_of_the_study_is_not_announced():
    study = collection({"wave": 1, "opens": 0, "closes": 1}, {"wave": 2, "opens": 30}, closes="2027-01-20")
    assert found(study, local(2027, 1, 10), [sent("1")], local(2027, 1, 11)).state == "over"


def test_after_the_last_day_nothing_is_open():
    study = collection({"wave": 1}, closes="2027-01-20")
    assert found(study, local(2027, 1, 10), [], local(2027, 1, 21)).state == "over"
    assert found(study, local(2027, 1, 10), [sent("1")], local(2027, 1, 21)).state == "done"


zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
moments = st.datetimes(datetime(2026, 12, 1), datetime(2028, 1, 1)).map(lambda one: one.replace(tzinfo=UTC))
starts = st.integers(0, 23)


@some_examples
@given(zones, moments, st.integers(0, 400), st.integers(1, 20), starts, st.data())
def test_days_of_a_diary_follow_each_other_without_overlap(zone, consented, opens, days, start, data):
    end = data.draw(st.integers(start + 1, start + 24))
    study = collection({"wave": 1, "days": days, "opens": opens, "hours": [start, end]}, timezone=zone)
    found_days = occasions(study, study.plans([]), consented)
    assert [one.day for one in found_days] == [str(number + 1) for number in range(days)]
    first = consented.astimezone(ZoneInfo(zone)).date() + timedelta(days=opens)
    for number, one in enumerate(found_days):
        assert one.opens == local_moment(first + timedelta(days=number), start, ZoneInfo(zone))
        assert one.opens <= one.closes
        wall = one.opens.astimezone(ZoneInfo(zone))
        skipped = wall.hour != start  # an hour that does not exist on the day the clock goes forward
        assert wall.date() == first + timedelta(days=number) or skipped
    for one, other in pairwise(found_days):
        assert one.closes <= other.opens


@some_examples
@given(st.data(), moments, moments)
def test_at_most_one_occasion_is_due_and_it_is_open_and_not_yet_sent(data, consented, now):
    study = collection(
        {"wave": 1, "opens": 0, "closes": 9},
        {"wave": 1, "days": 7, "opens": 1, "hours": [17, 26]},
        {"wave": 2, "opens": "2027-03-01", "closes": "2027-03-31"},
        closes="2027-10-31",
    )
    everything = occasions(study, study.plans([]), consented)
    sittings = [
        data.draw(st.sampled_from([sent, begun]))(one.wave, one.day)
        for one in data.draw(st.lists(st.sampled_from(everything), unique_by=lambda one: (one.wave, one.day)))
    ]
    one = due(study, study.plans([]), consented, sittings, now)
    submitted = {(sitting.wave, sitting.day) for sitting in sittings if sitting.submitted_at}
    assert (one.occasion is not None) == (one.state == "open")
    if one.occasion is not None:
        assert one.occasion.opens <= now < one.occasion.closes
        assert (one.occasion.wave, one.occasion.day) not in submitted
        assert not is_closed(study, now)
    if one.state == "later":
        assert one.next > now
    if one.state == "done":
        assert submitted == {(other.wave, other.day) for other in everything}
    order = due(study, study.plans([]), consented, sittings[::-1], now)
    assert order == one
