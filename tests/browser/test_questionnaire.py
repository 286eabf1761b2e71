"""The participant's page as a person uses it: by keyboard, by touch, from the code to the last word."""

from __future__ import annotations

import pytest

from tests.browser.actions import (
    FORM,
    begin,
    choose,
    focused,
    go_to_last_page,
    press,
    settled,
    walk_to,
    write_age,
)
from tests.browser.stage import FEEDBACK_STUDY, HOST, Fieldwork

pytestmark = pytest.mark.browser


def test_a_whole_questionnaire_by_keyboard_alone(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one = stage()
    tab, keys = one.open(person), one.tab.keyboard
    tab.get_by_role("heading", name="Before you begin").wait_for()
    walk_to(tab, "I agree and take part")
    keys.press("Enter")
    tab.get_by_role("heading", name="Page 1 of 3").wait_for()
    assert focused(tab) == "Page 1 of 3"
    for number in (1, 2, 3):  # one tab stop an item, arrow keys inside
        keys.press("Tab")
        assert focused(tab) == f"talk{number}"
        keys.press("Space")
        keys.press("ArrowRight")
    keys.press("ArrowRight")
    walk_to(tab, "Next", most=2)
    keys.press("Enter")
    tab.get_by_role("heading", name="Before the next page").wait_for()
    walk_to(tab, "Show these questions", most=1)
    keys.press("Enter")
    tab.get_by_role("heading", name="Page 2 of 3").wait_for()
    keys.press("Tab")
    assert focused(tab) == "Read the introduction again"
    keys.press("Tab")
    keys.press("ArrowUp")  # from the first radio round to the last: prefer not to say
    keys.press("Enter")
    tab.get_by_role("heading", name="Left blank on this page").wait_for()
    assert "I can disagree." in focused(tab)
    keys.press("Tab")
    keys.press("Enter")
    assert focused(tab) == "talk5"
    walk_to(tab, "Next", most=3)
    keys.press("Enter")
    tab.get_by_role("heading", name="Page 3 of 3").wait_for()
    keys.press("Tab")
    keys.type("41")
    keys.press("Tab")
    keys.press("Tab")
    assert focused(tab) == "gender"
    keys.press("ArrowDown")
    keys.press("Delete")
    keys.press("Tab")
    assert focused(tab) == "comment"
    keys.type("<b>Fine</b>")
    walk_to(tab, "Next")
    keys.press("Enter")
    tab.get_by_role("heading", name="Left blank on this page").wait_for()
    walk_to(tab, "Next")
    keys.press("Enter")
    tab.get_by_role("heading", name="Ready to send?").wait_for()
    walk_to(tab, "Send my answers")
    keys.press("Enter")
    tab.get_by_role("heading", name="Thank you").wait_for()
    given = {"talk1": 1, "talk2": 1, "talk3": 2, "talk4": "refused", "talk5": "skipped", "age": 41}
    assert fieldwork.saved(person) == {**given, "gender": "skipped", "comment": "<b>Fine</b>"}


def test_a_whole_questionnaire_by_touch_on_a_phone(stage, fieldwork):
    [person, partner] = fieldwork.invite()
    one = stage(375, has_touch=True, is_mobile=True)
    tab = one.open(person, couple=person.couple_code)
    tab.get_by_text(f"Couple code: {person.couple_code}").wait_for()
    assert tab.get_by_label("Couple code").count() == 0
    tab.get_by_role("button", name="I agree and take part").tap()
    for item, label in (("talk1", "Often"), ("talk2", "Prefer not to say"), ("talk3", "Does not apply to me")):
        tab.locator(f"[data-item={item}]").get_by_text(label, exact=True).tap()
    tab.get_by_role("button", name="Next").tap()
    tab.get_by_role("button", name="Skip this page").tap()
    write_age(tab, "30")
    tab.get_by_text("Man", exact=True).tap()
    tab.get_by_role("button", name="Next").tap()
    tab.get_by_role("button", name="Next").tap()
    assert "You have answered 5 of 8 questions." in tab.locator(".tq-page").inner_text()
    tab.get_by_role("button", name="Send my answers").tap()
    tab.get_by_role("heading", name="Thank you").wait_for()
    given = {"talk1": 3, "talk2": "refused", "talk3": "not_applicable", "talk4": "skipped", "talk5": "skipped"}
    assert fieldwork.saved(person) == {**given, "age": 30, "gender": "man", "comment": "skipped"}
    assert fieldwork.saved(partner) == {}


def test_a_required_item_holds_up_and_the_summary_leads_to_it(stage, fieldwork):
    tab = begin(stage(), fieldwork.invite()[0])
    address = tab.url
    press(tab, "Next")
    box = tab.locator(".tq-box")
    assert box.evaluate("box => box === document.activeElement")
    assert "Please look at this again" in box.inner_text()
    group = tab.locator("[data-item=talk2]")
    assert group.get_attribute("aria-invalid") == "true"
    assert "Please choose an answer." in group.inner_text()
    box.get_by_role("link", name="I listen to my partner.").click()
    assert focused(tab) == "talk2"
    assert tab.url == address
    choose(tab, "talk2", "Prefer not to say")
    assert group.get_attribute("aria-invalid") is None
    press(tab, "Next")
    assert "Left blank on this page" in tab.locator(".tq-box").inner_text()
    press(tab, "Next")
    tab.get_by_role("heading", name="Before the next page").wait_for()


def test_numbers_and_texts_are_checked_where_they_are_typed(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one = stage()
    one.tab.clock.install()
    tab = begin(one, person)
    go_to_last_page(tab)
    field = tab.get_by_role("textbox", name="How old are you?")
    for typed, fault in (("forty", "Please write a whole number in figures."), ("7", "from 16 to 110")):
        field.fill(typed)
        field.blur()
        assert fault in tab.locator("[data-item=age] .tq-error").inner_text()
        assert tab.locator("[data-item=age] .tq-item-state").inner_text() == "Not saved"
        assert tab.locator(".tq-state").inner_text() == "Not saved: see the note at the question"
    field.fill("40")
    tab.locator("[data-item=comment] textarea").fill("One thing")
    assert "Characters left: 191" in tab.locator("[data-item=comment]").inner_text()
    assert fieldwork.saved(person) == {"talk2": 3, "age": 40}
    tab.clock.run_for(1_500)
    settled(tab)
    assert fieldwork.saved(person) == {"talk2": 3, "age": 40, "comment": "One thing"}
    tab.locator("[data-item=age]").get_by_text("Prefer not to say").click()
    assert field.input_value() == ""
    tab.locator("[data-item=comment]").get_by_role("button", name="Clear the answer").click()
    settled(tab)
    assert fieldwork.saved(person) == {"talk2": 3, "age": "refused"}


def test_the_content_note_stands_before_its_questions(stage, fieldwork):
    tab = begin(stage(), fieldwork.invite()[0])
    choose(tab, "talk2", "Often")
    press(tab, "Next")
    press(tab, "Next")
    tab.get_by_text("The next page asks how safe you feel.").wait_for()
    assert tab.locator(FORM).count() == 0
    assert "I feel safe." not in tab.content()
    press(tab, "Skip this page")
    tab.get_by_role("heading", name="Page 3 of 3").wait_for()


def test_times_are_taken_from_the_page_or_the_last_answer(stage, fieldwork):
    one = stage()
    one.tab.clock.install()
    tab = begin(one, fieldwork.invite()[0])
    tab.clock.run_for(2_000)
    choose(tab, "talk1", "Often")
    tab.clock.run_for(3_000)
    choose(tab, "talk2", "Often")
    settled(tab)
    first, second = [message["milliseconds"] for message in one.sent("answer")]
    assert 2_000 <= first < 3_000
    assert 3_000 <= second < 4_000


def test_another_language_keeps_page_and_answers(stage, fieldwork):
    [person, _] = fieldwork.invite()
    tab = begin(stage(), person)
    choose(tab, "talk1", "Often")
    tab.get_by_label("Language").select_option("de")
    tab.get_by_text("Ich sage, was ich brauche.").wait_for()
    assert tab.locator("[data-item=talk1]").get_by_role("radio", name="Oft").is_checked()
    assert tab.locator("html").get_attribute("lang") == "de"
    assert tab.locator(".tq").get_attribute("lang") == "de"
    tab.get_by_role("button", name="Weiter").wait_for()


@pytest.mark.parametrize(("locale", "shown"), [("de-AT", "de"), ("fr-FR", "en"), ("en-GB", "en")])
def test_the_first_visit_is_in_the_browsers_language_where_the_study_has_it(stage, fieldwork, locale, shown):
    tab = stage(locale=locale).open(fieldwork.invite()[0])
    tab.get_by_role("button", name={"de": "Ich stimme zu", "en": "I agree"}[shown]).wait_for()
    assert tab.locator(".tq").get_attribute("lang") == shown


def test_the_language_that_was_chosen_outranks_the_browsers(stage, fieldwork):
    [person, _] = fieldwork.invite()
    one = stage(locale="de-DE")
    tab = one.open(person)
    tab.get_by_label("Sprache").select_option("en")
    press(tab, "I agree and take part")
    tab.locator(FORM).first.wait_for()
    assert tab.locator(".tq").get_attribute("lang") == "en"
    tab.reload()  # the language of the consent
    tab.get_by_role("button", name="Next").wait_for()
    tab.get_by_text("I say what I need.").wait_for()
    assert tab.locator(".tq").get_attribute("lang") == "en"


def test_what_is_typed_stays_out_of_the_memory_of_browser_and_keyboard(stage, fieldwork):
    one = stage()
    fields = "fields => fields.map(one => ['autocomplete', 'autocorrect', 'spellcheck'].map(n => one.getAttribute(n)))"
    one.open()
    one.tab.locator(".tq input").first.wait_for(state="attached")
    assert one.tab.locator(".tq input").evaluate_all(fields) == [["off", "off", "false"]] * 2
    tab = begin(one, fieldwork.invite()[0])
    go_to_last_page(tab)
    typed = tab.locator(".tq :is(textarea, input[type=text])")
    assert typed.evaluate_all(fields) == [["off", "off", "false"]] * 2


def test_a_wrong_code_is_said_at_the_field_and_a_right_one_opens(stage, fieldwork):
    [person, _] = fieldwork.invite()
    tab = stage().open()
    press(tab, "Begin")
    assert "Please enter your code." in tab.locator(".tq-field").first.inner_text()
    tab.get_by_label("Your code").fill("wrong")
    press(tab, "Begin")
    tab.get_by_text("This link or code was not accepted.").wait_for()
    assert tab.get_by_label("Your code").evaluate("field => field === document.activeElement")
    tab.get_by_label("Your code").fill(person.token)
    press(tab, "Begin")
    tab.get_by_role("heading", name="Before you begin").wait_for()
    assert person.token not in tab.content()


def test_the_introduction_is_read_in_full_once_and_can_be_read_again(stage, tmp_path):
    folder = tmp_path / "long"
    folder.mkdir()
    work = Fieldwork(folder, FEEDBACK_STUDY)
    tab = begin(stage(work=work), work.invite()[0])
    words = work.plan.instrument("has10").instructions["en"].split(".")[0]
    assert tab.get_by_text(words).is_visible()
    press(tab, "Next")
    press(tab, "Next")
    tab.get_by_role("heading", name="Page 2 of").wait_for()
    assert tab.get_by_text(words).is_hidden()
    tab.get_by_text("Read the introduction again").click()
    assert tab.get_by_text(words).is_visible()
    tab.reload()
    tab.get_by_role("heading", name="Page 2 of").wait_for()
    assert tab.get_by_text(words).is_visible()  # the first page of this visit
    work.store.close()


def test_after_a_break_the_look_back_speaks_of_this_visit(stage, fieldwork):
    [person, _] = fieldwork.invite()
    tab = begin(stage(), person)
    go_to_last_page(tab)
    settled(tab)
    tab.reload()
    tab.locator(FORM).first.wait_for()
    write_age(tab, "40")
    press(tab, "Next")
    press(tab, "Next")
    words = tab.locator(".tq-page").inner_text()
    assert "Of 3 questions shown since you opened the page this time, you have answered 1." in words
    assert "What you answered before is saved." in words
    assert "today" not in words


def test_the_page_can_be_taken_away(stage, fieldwork):
    tab = begin(stage(), fieldwork.invite()[0])
    tab.evaluate("leave()")
    assert tab.locator(".tq").count() == 0
    tab.keyboard.press("Escape")
    tab.keyboard.press("Escape")
    assert tab.url.startswith(HOST)
