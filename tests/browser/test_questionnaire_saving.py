"""Nothing is lost, and nothing is shown as saved that is not: reloads, two tabs, bad networks, kernels that go."""

from __future__ import annotations

import pytest

from tests.browser.actions import FORM, begin, choose, go_to_last_page, press, settled, write_age
from tests.browser.stage import HOST

pytestmark = pytest.mark.browser
ITEM_AND_LABEL = "all => all.map(one => [one.closest('[data-item]').dataset.item, one.parentNode.innerText])"


def test_a_reload_goes_on_where_it_was_and_does_not_show_what_was_left(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one = stage()
    tab = begin(one, person)
    choose(tab, "talk2", "Often")
    press(tab, "Next")
    press(tab, "Next")
    press(tab, "Show these questions")
    choose(tab, "talk4", "Never")
    settled(tab)
    tab.reload()
    tab.get_by_text("Welcome back").or_(tab.get_by_role("button", name="Show these questions")).first.wait_for()
    press(tab, "Show these questions")
    tab.locator("[data-item=talk5]").wait_for()
    assert tab.locator("[data-item=talk4]").count() == 0  # behind a content note: not even on the page that was reached
    assert fieldwork.saved(person)["talk4"] == 0
    assert tab.get_by_role("button", name="Back").count() == 0
    assert "talk2" not in tab.content()
    press(tab, "Next")
    press(tab, "Next")
    tab.get_by_role("heading", name="Page 3 of 3").wait_for()


def test_a_reload_in_the_middle_of_a_page_shows_what_was_answered_there(stage, fieldwork):
    one = stage()
    tab = begin(one, fieldwork.invite()[0])
    choose(tab, "talk1", "Often")
    settled(tab)
    tab.reload()
    tab.locator(FORM).first.wait_for()
    assert tab.locator("[data-item=talk1]").get_by_role("radio", name="Often").is_checked()
    assert one.shown_as_saved() == {"talk1"}


def test_back_and_forward_within_the_session_keep_the_answers(stage, fieldwork):
    tab = begin(stage(), fieldwork.invite()[0])
    choose(tab, "talk1", "Often")
    choose(tab, "talk2", "Rarely")
    choose(tab, "talk3", "Rarely")
    press(tab, "Next")
    press(tab, "Back")
    assert tab.locator("[data-item=talk1]").get_by_role("radio", name="Often").is_checked()
    assert tab.locator("[data-item=talk1] [data-state=item_saved]").inner_text() == "Saved"


def test_the_newest_of_two_tabs_goes_on(stage, fieldwork):
    [person, _] = fieldwork.invite()
    first = stage()
    begin(first, person)
    second = stage(context=first.tab.context)
    second.open(person)
    second.tab.locator(FORM).first.wait_for()
    choose(second.tab, "talk1", "Often")
    settled(second.tab)
    first.tab.locator("[data-item=talk1] label").first.click()  # a check would look for what is gone by then
    first.tab.get_by_role("heading", name="Open in another place").wait_for()
    assert fieldwork.saved(person) == {"talk1": 3}
    assert first.tab.locator(FORM).count() == 0


def test_the_back_button_leaves_and_coming_forward_goes_on(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one = stage()
    one.tab.goto(f"{HOST}/elsewhere")
    tab = begin(one, person)
    choose(tab, "talk2", "Often")
    settled(tab)
    press(tab, "Next")
    press(tab, "Next")
    tab.get_by_role("heading", name="Before the next page").wait_for()
    tab.go_back()
    assert tab.title() == "Elsewhere"
    tab.go_forward()
    tab.get_by_role("heading", name="Before the next page").wait_for()
    assert tab.locator("input:checked").count() == 0
    assert fieldwork.saved(person) == {"talk2": 3}


@pytest.mark.parametrize("way", ["cut", "deaf"])
def test_ten_seconds_without_a_network_lose_nothing(stage, fieldwork, way):
    [person, _] = fieldwork.invite()
    one = stage()
    one.tab.clock.install()
    tab = begin(one, person)
    choose(tab, "talk1", "Often")
    settled(tab)
    setattr(one, way, True)
    choose(tab, "talk2", "Never")
    choose(tab, "talk3", "Rarely")
    choose(tab, "talk1", "Rarely")
    assert one.shown_as_saved() == set()
    assert tab.locator(".tq-state").inner_text() == "Saving …"
    tab.clock.run_for(4_000)
    tab.get_by_text("Not saved yet: no connection").first.wait_for()
    choose(tab, "talk1", "Sometimes")
    tab.clock.run_for(6_000)
    assert one.shown_as_saved() == set()
    assert tab.get_by_text("There is no connection to the study").count() == 0
    setattr(one, way, False)
    tab.clock.run_for(3_000)
    settled(tab)
    assert one.shown_as_saved() == {"talk1", "talk2", "talk3"}
    assert fieldwork.saved(person) == {"talk1": 2, "talk2": 0, "talk3": 1}
    answers = one.sent("answer")
    sequences = {message["sequence"]: message for message in answers}
    assert all(sequences[message["sequence"]] == message for message in answers), "a message was sent again changed"


def test_no_answer_is_ever_shown_as_saved_before_it_is(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one = stage()
    one.tab.clock.install()
    tab = begin(one, person)
    for number, label in enumerate(["Never", "Rarely", "Often", "Sometimes"] * 3):
        one.cut = number % 3 == 0
        choose(tab, f"talk{1 + number % 3}", label)
        tab.clock.run_for(700)
        assert one.shown_as_saved() <= set(fieldwork.saved(person))
        shown = tab.locator("[data-item]:has([data-state=item_saved]) input:checked")
        labels = shown.evaluate_all(ITEM_AND_LABEL)
        codes = {"Never": 0, "Rarely": 1, "Sometimes": 2, "Often": 3}
        assert all(fieldwork.saved(person)[item] == codes[text.strip()] for item, text in labels)


def test_sending_waits_until_everything_is_acknowledged(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one = stage()
    one.tab.clock.install()
    tab = begin(one, person)
    go_to_last_page(tab)
    write_age(tab, "40")
    one.cut = True
    press(tab, "Next")
    press(tab, "Next")
    press(tab, "Send my answers")
    tab.get_by_text("One moment: waiting until every answer is saved.").wait_for()
    tab.clock.run_for(5_000)
    assert one.sent("submit") == []
    one.cut = False
    tab.clock.run_for(3_000)
    tab.get_by_role("heading", name="Thank you").wait_for()
    assert fieldwork.saved(person)["age"] == 40
    assert len(one.sent("submit")) == 1


def test_a_kernel_that_is_gone_is_said_to_be_gone(stage, fieldwork):
    one = stage()
    one.tab.clock.install()
    tab = begin(one, fieldwork.invite()[0])
    choose(tab, "talk1", "Often")
    settled(tab)
    one.cut = True
    choose(tab, "talk2", "Often")
    tab.clock.run_for(21_000)
    alert = tab.get_by_role("alert").filter(has_text="There is no connection to the study")
    assert "Answers shown as saved are safe. Not saved yet: 1." in alert.inner_text()
    assert alert.get_by_role("button", name="Load the page again").is_visible()
    assert one.shown_as_saved() == {"talk1"}
    one.cut = False
    tab.clock.run_for(4_000)
    settled(tab)
    assert tab.get_by_text("There is no connection to the study").count() == 0


def test_a_store_that_cannot_save_is_asked_again(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one = stage()
    one.tab.clock.install()
    tab = begin(one, person)
    one.broken = True
    choose(tab, "talk1", "Often")
    tab.get_by_text("Not saved yet: trying again").first.wait_for()
    tab.clock.run_for(25_000)
    assert tab.get_by_text("There is no connection to the study").count() == 0
    assert one.shown_as_saved() == set()
    one.broken = False
    tab.clock.run_for(4_000)
    settled(tab)
    assert fieldwork.saved(person) == {"talk1": 3}


def test_another_kernel_gets_what_the_old_one_did_not_acknowledge(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one = stage()
    tab = begin(one, person)
    choose(tab, "talk1", "Often")
    settled(tab)
    one.cut = True
    choose(tab, "talk2", "Never")
    one.cut = False
    tab.evaluate("move()")
    settled(tab)
    assert fieldwork.saved(person) == {"talk1": 3, "talk2": 0}
    assert tab.locator("[data-item=talk2]").get_by_role("radio", name="Never").is_checked()


def test_a_page_whose_kernel_has_gone_takes_nothing_back_from_a_page_that_came_after_it(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one, two = stage(), stage()
    tab = begin(one, person)
    one.cut = True
    choose(tab, "talk1", "Often")
    later = two.open(person)
    later.locator(FORM).first.wait_for()
    choose(later, "talk1", "Never")
    settled(later)
    one.cut = False
    tab.evaluate("move()")
    tab.get_by_role("heading", name="Open in another place").wait_for()
    choose(later, "talk2", "Often")
    settled(later)
    assert fieldwork.saved(person) == {"talk1": 0, "talk2": 3}


def test_leaving_with_unsaved_answers_asks_and_leaving_without_does_not(stage, fieldwork):
    one = stage()
    tab = begin(one, fieldwork.invite()[0])
    asked: list[str] = []
    tab.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    choose(tab, "talk1", "Often")
    settled(tab)
    tab.goto(f"{HOST}/elsewhere")
    assert asked == []
    tab.go_back()
    tab.locator(FORM).first.wait_for()
    one.cut = True
    tab.locator("[data-item=talk2] label").first.click()
    tab.goto(f"{HOST}/elsewhere")
    assert asked == ["beforeunload"]


def test_stopping_without_a_network_waits_and_says_so(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one = stage()
    one.tab.clock.install()
    tab = begin(one, person)
    one.cut = True
    choose(tab, "talk1", "Often")
    press(tab, "Stop for now")
    tab.get_by_text("One moment: waiting until every answer is saved.").wait_for()
    tab.clock.run_for(3_000)
    assert one.sent("stop") == []
    one.cut = False
    tab.clock.run_for(3_000)
    tab.get_by_role("heading", name="Stopped for now").wait_for()
    assert fieldwork.saved(person) == {"talk1": 3}


def test_a_button_pressed_twice_asks_once(stage, fieldwork):
    one = stage()
    tab = one.open(fieldwork.invite()[0])
    tab.get_by_role("button", name="I agree and take part").dblclick()
    tab.locator(FORM).first.wait_for()
    assert len(one.sent("consent")) == 1


def test_another_invitation_in_the_same_tab_opens_that_one(stage, fieldwork):
    [first, second] = fieldwork.invite()
    one = stage()
    tab = begin(one, first)
    choose(tab, "talk1", "Often")
    settled(tab)
    one.open(second)
    tab.get_by_role("heading", name="Before you begin").wait_for()
    assert fieldwork.saved(first) == {"talk1": 3}


def test_another_language_waits_for_what_is_unsaved(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one = stage()
    one.tab.clock.install()
    tab = begin(one, person)
    one.cut = True
    choose(tab, "talk1", "Often")
    tab.get_by_label("Language").select_option("de")
    tab.clock.run_for(3_000)
    assert tab.locator("[data-item=talk1]").count() == 1
    one.cut = False
    tab.clock.run_for(3_000)
    tab.get_by_text("Ich sage, was ich brauche.").wait_for()
    assert tab.locator("[data-item=talk1]").get_by_role("radio", name="Oft").is_checked()
