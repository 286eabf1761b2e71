"""Leaving the participant's page in a hurry: it is empty at once, and the history does not lead back."""

from __future__ import annotations

import pytest

from tests.browser.actions import FORM, begin, choose
from tests.browser.stage import HOST

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("way", ["button", "escape"])
def test_quick_exit_leaves_nothing_behind_even_without_a_network(stage, fieldwork, way):
    one = stage()
    one.tab.goto(f"{HOST}/elsewhere")
    tab = begin(one, fieldwork.invite()[0])
    asked: list[str] = []
    tab.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    choose(tab, "talk1", "Often")
    one.cut = True  # an answer is unsaved, and yet nothing is asked
    tab.locator("[data-item=talk2] label").first.click()
    tab.context.set_offline(True)
    if way == "button":
        tab.get_by_role("button", name="Leave quickly").click()
    else:
        tab.keyboard.press("Escape")
        assert tab.locator(FORM).count() == 3
        tab.keyboard.press("Escape")
    tab.wait_for_url("about:blank")
    assert tab.locator("body").inner_text() == ""
    assert asked == []
    tab.context.set_offline(False)
    tab.go_back()
    assert tab.title() == "Elsewhere"  # what came before the questionnaire: it is not in the history any more
    tab.go_forward()
    assert tab.url == "about:blank"


def test_quick_exit_empties_and_renames_the_page_before_the_other_one_comes(stage, fieldwork):
    one = stage()
    tab = begin(one, fieldwork.invite()[0])
    tab.route("about:blank", lambda route: None)
    left = tab.evaluate(
        """() => {
          document.querySelector('.tq-exit').click();
          const { title, body, documentElement } = document;
          return [title, body.childElementCount, documentElement.innerText.trim(), location.href];
        }"""
    )
    assert left == ["New tab", 0, "", f"{HOST}/"]


def test_escape_pressed_once_or_slowly_does_nothing(stage, fieldwork):
    one = stage()
    one.tab.clock.install()
    tab = begin(one, fieldwork.invite()[0])
    tab.keyboard.press("Escape")
    tab.clock.run_for(3_000)
    tab.keyboard.press("Escape")
    assert tab.locator(FORM).count() == 3
