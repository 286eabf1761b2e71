"""What a person is told and may do around the questions: codes, leaving, taking a copy, withdrawing."""

from __future__ import annotations

import pytest

from tests.browser.actions import FORM, begin, choose, finish, focused, press, walk_to

pytestmark = pytest.mark.browser


def test_who_declines_leaves_no_record(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one = stage()
    tab = one.open(person)
    press(tab, "I do not take part")
    tab.get_by_role("heading", name="Thank you for reading this").wait_for()
    assert fieldwork.store.counts("small").consented == 0


def test_stopping_keeps_what_is_saved(stage, fieldwork):
    [person, _] = fieldwork.invite()
    tab = begin(stage(), person)
    choose(tab, "talk1", "Often")
    press(tab, "Stop for now")
    tab.get_by_role("heading", name="Stopped for now").wait_for()
    assert fieldwork.saved(person) == {"talk1": 3}
    assert "I say what I need." not in tab.content()


def test_a_copy_of_the_own_answers_can_be_kept(stage, fieldwork):
    tab = finish(stage(), fieldwork.invite()[0])
    tab.get_by_text("A copy of your answers").click()
    with tab.expect_download() as download:
        press(tab, "Download my answers")
    assert download.value.suggested_filename.endswith(".csv")
    text = download.value.path().read_text(encoding="utf-8")
    assert "I listen to my partner." in text
    tab.get_by_text("The file has been downloaded.").wait_for()


def test_withdrawing_deletes_what_was_sent(stage, fieldwork):
    [person, partner] = fieldwork.invite()
    tab = finish(stage(), person)
    tab.get_by_text("Withdraw from the study").click()
    press(tab, "Delete all my answers")
    assert "Please enter your withdrawal code." in tab.locator(".tq-more").last.inner_text()
    for code in ("AAAA-BBBB", partner.withdrawal_code):
        tab.get_by_label("Withdrawal code").fill(code)
        press(tab, "Delete all my answers")
        press(tab, "Delete all my answers")
        tab.get_by_text("This withdrawal code was not accepted.").wait_for()
        assert tab.get_by_label("Withdrawal code").evaluate("field => field === document.activeElement")
    assert fieldwork.store.counts("small").submitted == 1
    tab.get_by_label("Withdrawal code").fill(person.withdrawal_code)
    press(tab, "Delete all my answers")
    press(tab, "Delete all my answers")
    tab.get_by_role("heading", name="Withdrawn").wait_for()
    assert fieldwork.store.counts("small").submitted == 0
    assert fieldwork.store.admit("small", partner.token) is not None


def test_withdrawing_is_asked_again_by_keyboard_and_can_be_thought_over(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one = stage()
    tab, keys = finish(one, person), one.tab.keyboard
    tab.get_by_text("Withdraw from the study").click()
    tab.get_by_label("Withdrawal code").fill(person.withdrawal_code)
    keys.press("Enter")
    assert "Delete everything you have answered? This cannot be undone." in focused(tab)
    keys.press("Tab")
    assert focused(tab) == "Keep the answers"
    keys.press("Enter")
    assert tab.get_by_label("Withdrawal code").evaluate("field => field === document.activeElement")
    assert tab.get_by_label("Withdrawal code").input_value() == person.withdrawal_code
    assert one.sent("withdraw") == []
    keys.press("Enter")
    walk_to(tab, "Delete all my answers", most=2)
    keys.press("Enter")
    tab.get_by_role("heading", name="Withdrawn").wait_for()
    assert focused(tab) == "Withdrawn"


def test_a_withdrawal_under_way_is_not_said_to_be_called_back(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one = stage()
    tab = finish(one, person)
    tab.get_by_text("Withdraw from the study").click()
    tab.get_by_label("Withdrawal code").fill(person.withdrawal_code)
    press(tab, "Delete all my answers")
    one.deaf = True
    press(tab, "Delete all my answers")
    press(tab, "Keep the answers")
    assert tab.get_by_label("Withdrawal code").count() == 0
    one.deaf = False
    tab.get_by_role("heading", name="Withdrawn").wait_for()


def test_before_anybody_is_known_a_code_deletes_the_answers_that_belong_to_it(stage, fieldwork):
    [person, _] = fieldwork.invite()
    finish(stage(), person)
    tab = stage().open()
    tab.get_by_text("Withdraw from the study").click()
    tab.get_by_text("all the answers that belong to this code are deleted").wait_for()
    tab.get_by_label("Withdrawal code").fill(person.withdrawal_code)
    press(tab, "Delete these answers")
    press(tab, "Delete these answers")
    tab.get_by_text("The answers that belong to this code, and what links them to a person,").wait_for()
    assert "Your answers" not in tab.locator(".tq-page").inner_text()
    assert fieldwork.store.counts("small").submitted == 0


@pytest.mark.parametrize("code", ["ABCD", "", "0000-0000-0000-0000-0000-0000"])
def test_a_couple_code_that_cannot_be_one_stands_in_a_field(stage, fieldwork, code):
    tab = stage().open(fieldwork.invite()[0], couple=code)
    assert tab.get_by_label("Couple code").input_value() == code


def test_a_couple_code_from_the_link_can_be_changed_and_a_refused_one_has_to_be(stage, fieldwork):
    [person, _] = fieldwork.invite()
    tab = stage().open(person, couple=person.couple_code)
    press(tab, "Change")
    field = tab.get_by_label("Couple code")
    assert field.evaluate("field => field === document.activeElement")
    assert field.input_value() == person.couple_code
    other = stage().open(person, couple="0000-0000-0000-0000-0000")
    press(other, "I agree and take part")
    other.get_by_text("This couple code was not accepted.").wait_for()
    assert other.get_by_label("Couple code").evaluate("field => field === document.activeElement")


def test_what_a_link_shows_is_said_where_it_begins(stage, fieldwork):
    one = stage()
    sentence = one.open().get_by_text("Until you have sent your answers, anyone who opens your link")
    sentence.wait_for()
    other = stage()
    other.open(fieldwork.invite()[0]).get_by_role("heading", name="Before you begin").wait_for()
    assert other.tab.get_by_text("Until you have sent your answers, anyone who opens your link").is_visible()


@pytest.mark.parametrize("phone", [True, False])
def test_how_to_leave_is_explained_once_and_keys_only_where_there_are_any(stage, fieldwork, phone):
    one = stage(375, has_touch=True, is_mobile=True) if phone else stage(375)
    tab = one.open(fieldwork.invite()[0])
    note = tab.locator(".tq-exit-note")
    note.wait_for()
    assert ("Esc" in note.inner_text()) is not phone
    press(tab, "I agree and take part")
    tab.locator(FORM).first.wait_for()
    assert note.is_hidden()
    assert tab.get_by_text("With a keyboard").is_visible() is not phone
