"""Times on the participant's page: the study's clock, in the way its reader writes a time."""

from __future__ import annotations

import pytest

from tests.browser.actions import FORM, begin, finish
from tests.browser.stage import STUDY, Fieldwork

pytestmark = pytest.mark.browser


CLOCKS = [
    ("en-US", "Europe/Berlin", "Friday, January 1, 2027, 11:59 PM"),
    ("en-US", "America/New_York", "Friday, January 1, 2027, 11:59 PM (Berlin time)"),
    ("en-GB", "Europe/London", "Friday, 1 January 2027, 23:59 (Berlin time)"),
    ("de-DE", "Europe/Paris", "Freitag, 1. Januar 2027, 23:59 Uhr"),
    ("de-DE", "Europe/London", "Freitag, 1. Januar 2027, 23:59 Uhr (Ortszeit Berlin)"),
]
OCCASIONS = """\
  timezone: Europe/Berlin
  occasions:
    - {wave: 1, instruments: [talk], questions: [age, gender, comment], opens: 0, closes: 2027-01-01}
    - {wave: 2, instruments: [talk], opens: 2027-07-01}
"""


@pytest.mark.parametrize(("locale", "zone", "closes"), CLOCKS)
def test_times_are_the_study_s_and_name_its_zone_where_the_reader_s_differs(stage, tmp_path, locale, zone, closes):
    folder = tmp_path / "waves"
    folder.mkdir()
    work = Fieldwork(folder, STUDY + OCCASIONS)
    [person, _] = work.invite()
    tab = stage(work=work, locale=locale, timezone_id=zone).open(person)
    tab.locator(".tq-actions .tq-primary").click()
    tab.locator(FORM).first.wait_for()
    said = tab.locator(".tq-instructions .tq-soft").inner_text().replace("\u202f", " ")
    assert said in (f"You can answer until {closes}.", f"Sie können bis {closes} antworten.")
    work.store.close()


def test_the_next_opening_is_written_like_the_end(stage, tmp_path):
    folder = tmp_path / "waves"
    folder.mkdir()
    work = Fieldwork(folder, STUDY + OCCASIONS)
    [person, _] = work.invite()
    one = stage(work=work, locale="en-US", timezone_id="Asia/Tokyo")
    tab = finish(one, person)
    opens = "opens on Thursday, July 1, 2027, 12:00 AM (Berlin time). Please come back then"
    assert opens in tab.locator(".tq-page").inner_text().replace("\u202f", " ")
    tab.reload()
    tab.get_by_role("heading", name="Already sent").wait_for()
    assert opens in tab.locator(".tq-page").inner_text().replace("\u202f", " ")
    work.store.close()


def test_a_browser_that_does_not_know_the_zone_writes_and_names_utc(stage, tmp_path):
    folder = tmp_path / "waves"
    folder.mkdir()
    work = Fieldwork(folder, STUDY + OCCASIONS)
    one = stage(work=work, locale="en-US", timezone_id="America/New_York")
    one.tab.add_init_script(OLD_BROWSER)
    tab = begin(one, work.invite()[0])
    said = tab.locator(".tq-instructions .tq-soft").inner_text().replace("\u202f", " ")
    assert said == "You can answer until Friday, January 1, 2027, 10:59 PM (UTC)."
    work.store.close()


OLD_BROWSER = """
const known = Intl.DateTimeFormat;
Intl.DateTimeFormat = function (locale, options) {
  if (options?.timeZone === "Europe/Berlin") throw new RangeError("Invalid time zone");
  return new known(locale, options);
};
"""
