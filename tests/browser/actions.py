"""What a person does on the participant's page, in few words."""

from __future__ import annotations

from typing import Any

from tests.browser.stage import Stage

FORM = "fieldset"
AGE = "How old are you?"


def press(tab: Any, name: str) -> None:
    """Press a button."""
    tab.get_by_role("button", name=name, exact=True).click()


def choose(tab: Any, item: str, label: str) -> None:
    """Choose an answer."""
    tab.locator(f"[data-item={item}]").get_by_role("radio", name=label, exact=True).check(force=True)


def begin(one: Stage, invitation: Any) -> Any:
    """Open the page, agree, and stand before the first questions."""
    tab = one.open(invitation)
    press(tab, "I agree and take part")
    tab.locator(FORM).first.wait_for()
    return tab


def write_age(tab: Any, age: str) -> None:
    """Write an age into its field."""
    tab.get_by_role("textbox", name=AGE).fill(age)


def go_to_last_page(tab: Any) -> None:
    """Answer what has to be answered on the way to the last page of the small study."""
    choose(tab, "talk2", "Often")
    for name in ("Next", "Next", "Skip this page"):
        press(tab, name)


def finish(one: Stage, invitation: Any) -> Any:
    """Answer no more than has to be answered, and send it."""
    tab = begin(one, invitation)
    go_to_last_page(tab)
    write_age(tab, "40")
    for name in ("Next", "Next", "Send my answers"):
        press(tab, name)
    tab.get_by_role("heading", name="Thank you").wait_for()
    return tab


def settled(tab: Any) -> None:
    """Wait until the page says that everything is saved."""
    tab.locator(".tq-state[data-state=all_saved]").wait_for()


def focused(tab: Any) -> str:
    """Name the item that has the focus, or else give the text of what has it."""
    here = "document.activeElement"
    return tab.evaluate(f"{here}.closest('[data-item]')?.dataset.item ?? {here}.textContent")


def walk_to(tab: Any, name: str, most: int = 12) -> None:
    """Press Tab until what has the focus is called so."""
    for _ in range(most):
        tab.keyboard.press("Tab")
        if focused(tab) == name:
            return
    raise AssertionError(f"Tab does not reach {name!r}")
