"""The participant's page for everybody: axe on every page in every look, names, sizes, large text, other themes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.browser.actions import press, write_age
from tests.browser.stage import FEEDBACK_STUDY, Fieldwork, Stage

pytestmark = pytest.mark.browser
LOOKS = [(width, scheme) for width in (375, 1280) for scheme in ("light", "dark")]
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RULES = {"runOnly": {"type": "tag", "values": LEVELS}, "resultTypes": ["violations"]}
APART = "[document.body, ...document.querySelectorAll('.tq-bar *')].includes(document.activeElement)"
SMALL = """
elements => elements.filter(element => element.checkVisibility()).map(element => {
  const target = element.closest("label") ?? element;
  const box = target.getBoundingClientRect();
  return [target.textContent.trim() || target.className, box.width, box.height];
}).filter(([, width, height]) => width < 44 || height < 44)
"""
TARGETS = ".tq :is(button, a, input, select, textarea, summary)"


def kinds(one: Stage) -> Iterator[str]:
    """Walk through every kind of page of the small study; at each yield it stands there."""
    tab, work = one.tab, one.fieldwork
    [person, _] = work.invite()
    one.open()
    press(tab, "Begin")
    tab.get_by_text("Withdraw from the study").click()
    yield "token"
    enter(tab, person)
    yield "consent"
    press(tab, "I do not take part")
    yield "declined"
    one.open()
    enter(tab, person)
    press(tab, "I agree and take part")
    tab.locator("fieldset").first.wait_for()
    yield "questions"
    press(tab, "Next")
    tab.locator("[data-item=talk1] label").nth(3).click()
    yield "errors"
    tab.locator("[data-item=talk2] label").nth(5).click()
    press(tab, "Next")
    yield "blanks"
    press(tab, "Next")
    yield "note"
    press(tab, "Show these questions")
    press(tab, "Next")
    press(tab, "Next")
    write_age(tab, "7")
    press(tab, "Next")
    yield "typed"
    write_age(tab, "70")
    press(tab, "Next")
    press(tab, "Next")
    yield "check"
    press(tab, "Send my answers")
    tab.get_by_role("heading", name="Thank you").wait_for()
    tab.get_by_text("Withdraw from the study").click()
    yield "finished"
    one.open(person)
    tab.get_by_role("heading", name="All done").or_(tab.get_by_role("heading", name="Already sent")).wait_for()
    yield "message"


def enter(tab: Any, person: Any) -> None:
    tab.get_by_label("Your code").fill(person.token)
    press(tab, "Begin")
    tab.get_by_role("heading", name="Before you begin").wait_for()


def go_to(one: Stage, kind: str) -> None:
    """Walk to the first page of a kind."""
    next(found for found in kinds(one) if found == kind)


def feedback(one: Stage) -> None:
    """Go to the end of a study with feedback, with answers that are given it in full."""
    [person] = one.fieldwork.invite()
    one.open(person)
    press(one.tab, "I agree and take part")
    one.tab.locator("fieldset").first.wait_for()
    form = one.session.receive({"type": "hello", "sequence": 1})["page"]
    low = [item for section in form["sections"] for item in section["items"]]
    for number, item in enumerate(low, start=2):
        value = item["options"][0 if item["id"].startswith("bar") else 2]["value"]
        one.session.receive({"type": "answer", "item": item["id"], "value": value, "sequence": number})
    skip, send = (one.tab.get_by_role("button", name=name) for name in ("Skip this page", "Send my answers"))
    while not send.count():
        press(one.tab, "Skip this page" if skip.count() else "Next")
    send.click()
    one.tab.get_by_role("heading", name="About your answers").wait_for()


def violations(tab: Any) -> list[str]:
    found = tab.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def look(tab: Any, width: int, scheme: str) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")


def test_axe_finds_nothing_on_any_page_in_any_look(stage):
    axe = pytest.importorskip("axe_playwright_python.base", reason="axe-playwright-python is not installed")
    one = stage()
    for kind in kinds(one):
        one.tab.evaluate(axe.AXE_SCRIPT)
        for width, scheme in LOOKS:
            look(one.tab, width, scheme)
            assert violations(one.tab) == [], f"{kind} at {width} in {scheme}"


def test_axe_finds_nothing_in_feedback_and_its_figure_is_there_in_words(stage, tmp_path):
    axe = pytest.importorskip("axe_playwright_python.base", reason="axe-playwright-python is not installed")
    folder = tmp_path / "feedback"
    folder.mkdir()
    one = stage(work=Fieldwork(folder, FEEDBACK_STUDY))
    feedback(one)
    one.tab.evaluate(axe.AXE_SCRIPT)
    for width, scheme in LOOKS:
        look(one.tab, width, scheme)
        assert violations(one.tab) == [], f"feedback at {width} in {scheme}"
    figure = one.tab.locator("img.tq-figure")
    assert one.tab.locator(".tq-feedback").get_by_role("img").count() == 0  # its words follow: they are heard once
    words = one.tab.locator(".tq-words").get_by_role("listitem")
    assert words.count() == 8
    assert re.fullmatch(r"keeping feelings to yourself: \d\.\d on a scale from 0 to 4", words.nth(6).inner_text())
    assert figure.evaluate("image => image.naturalWidth") > 0
    one.fieldwork.store.close()


def test_axe_finds_nothing_in_the_notice_of_a_lost_connection(stage):
    axe = pytest.importorskip("axe_playwright_python.base", reason="axe-playwright-python is not installed")
    one = stage()
    one.tab.clock.install()
    go_to(one, "questions")
    one.cut = True
    one.tab.locator("[data-item=talk1] label").first.click()
    one.tab.clock.run_for(21_000)
    one.tab.get_by_text("There is no connection to the study").wait_for()
    one.tab.evaluate(axe.AXE_SCRIPT)
    for width, scheme in LOOKS:
        look(one.tab, width, scheme)
        assert violations(one.tab) == [], f"notice at {width} in {scheme}"
        assert one.tab.locator(".tq-lost-place :is(button)").evaluate_all(SMALL) == []
    one.cut = False
    one.tab.clock.run_for(4_000)
    one.tab.locator(".tq-state[data-state=all_saved]").wait_for()


@pytest.mark.parametrize("width", [375, 1280])
def test_targets_are_large_and_nothing_has_to_be_scrolled_sideways(stage, width):
    one = stage(width)
    for kind in kinds(one):
        assert one.tab.locator(TARGETS).evaluate_all(SMALL) == [], kind
        for size in ("100%", "200%"):
            one.tab.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
            wide = one.tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{kind} at {size}"
            assert cut_off(one.tab) == [], f"{kind} at {size}"
        one.tab.evaluate("document.documentElement.style.fontSize = ''")


def cut_off(tab: Any) -> list[str]:
    """List the elements whose text is wider than they are."""
    return tab.locator(".tq :is(p, h1, h2, h3, button, label, legend, summary, li, a)").evaluate_all(
        """elements => elements.filter(one => one.checkVisibility() && !one.closest('.tq-unseen') &&
             getComputedStyle(one).display !== 'inline' && !one.closest('.tq-matrix label') &&
             one.scrollWidth > one.clientWidth + 1).map(one => one.className + one.textContent)"""
    )


def test_at_640_pixels_the_page_fits(stage):
    one = stage(640)
    for kind in kinds(one):
        assert one.tab.evaluate("document.documentElement.scrollWidth") <= 640, kind


@pytest.mark.parametrize("width", [375, 1280])
def test_each_option_is_tied_to_its_question(stage, width):
    one = stage(width)
    go_to(one, "questions")
    assert one.tab.locator("[data-item=talk3]").aria_snapshot() == SNAPSHOT
    groups = one.tab.get_by_role("radiogroup")
    names = [group.aria_snapshot().splitlines()[0] for group in groups.all()]
    assert names[0] == '- radiogroup "I say what I need.":'
    assert names[1].startswith('- radiogroup "I listen to my partner. An answer is needed here"')
    assert one.tab.get_by_role("radiogroup", name="I ask for help.").get_by_role("radio", name="Rarely").count() == 1
    assert one.tab.get_by_role("progressbar", name="Page 1 of 3").count() == 1


SNAPSHOT = """\
- radiogroup "I ask for help.":
  - text: I ask for help.
  - radio "Never"
  - text: Never
  - radio "Rarely"
  - text: Rarely
  - radio "Sometimes"
  - text: Sometimes
  - radio "Often"
  - text: Often
  - radio "Almost always"
  - text: Almost always
  - radio "Prefer not to say"
  - text: Prefer not to say
  - radio "Does not apply to me"
  - text: Does not apply to me"""


def test_wide_screens_show_a_matrix_and_narrow_ones_a_column(stage):
    one = stage()
    go_to(one, "questions")
    tops = "all => new Set(all.map(one => Math.trunc(one.getBoundingClientRect().top))).size"
    options = one.tab.locator("[data-item=talk1] label")
    assert options.evaluate_all(tops) == 1
    middle = "one => { const box = one.getBoundingClientRect(); return Math.trunc(box.left + box.width / 2); }"
    heads = one.tab.locator(".tq-heads > span").evaluate_all(f"all => all.slice(1, 8).map({middle})")
    cells = one.tab.locator("[data-item=talk3] label").evaluate_all(f"all => all.map({middle})")
    assert all(abs(head - cell) <= 1 for head, cell in zip(heads, cells, strict=True))
    look(one.tab, 375, "light")
    assert options.evaluate_all(tops) >= 5
    assert one.tab.locator(".tq-heads").is_hidden()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_prefer_not_to_say_is_as_easy_to_read_as_the_options_and_stands_apart(stage, width, scheme):
    one = stage(width)
    go_to(one, "questions")
    look(one.tab, width, scheme)
    style = "one => (({ fontSize, fontWeight, color }) => [fontSize, fontWeight, color])(getComputedStyle(one))"
    if width == 375:
        names = one.tab.locator("[data-item=talk1] label > span")
        edges = names.evaluate_all(
            "all => all.map(one => one.parentNode.getBoundingClientRect()).map(b => [b.top, b.bottom])"
        )
        gaps = [after[0] - before[1] for before, after in pairwise(edges)]
    else:
        names = one.tab.locator(".tq-heads > span:not(:empty)")
        gaps = [0, float(one.tab.locator(".tq-refused").first.evaluate(BORDER))]
    assert len({tuple(name.evaluate(style)) for name in names.all()}) == 1
    assert gaps[-1] > max(gaps[:-1])


BORDER = "one => parseFloat(getComputedStyle(one).borderLeftWidth)"


def test_quick_exit_stays_in_sight_and_hides_nothing_that_has_the_focus(stage):
    one = stage(375)
    go_to(one, "questions")
    for _ in range(14):
        one.tab.keyboard.press("Tab")
        box = one.tab.evaluate("document.activeElement.getBoundingClientRect().toJSON()")
        bar = one.tab.locator(".tq-bar").bounding_box()
        assert one.tab.evaluate(APART) or box["top"] >= bar["y"] + bar["height"]
        assert one.tab.locator(".tq-exit").evaluate("one => one.getBoundingClientRect().top >= 0")


def test_the_theme_of_jupyterlab_outranks_that_of_the_system(stage):
    one = stage()
    one.open()
    one.tab.locator(".tq").wait_for()
    colours = []
    for scheme, light in (("light", None), ("dark", None), ("light", "false"), ("dark", "true")):
        look(one.tab, 1280, scheme)
        one.tab.evaluate("light => light ? document.body.dataset.jpThemeLight = light : 0", light)
        colours.append(one.tab.locator(".tq").evaluate("one => getComputedStyle(one).backgroundColor"))
    assert colours[0] == colours[3] != colours[1] == colours[2]


def test_forced_colours_show_the_browsers_own_radios(stage):
    one = stage(forced_colors="active")
    go_to(one, "questions")
    radio = one.tab.locator("[data-item=talk1] input").first
    assert radio.evaluate("one => getComputedStyle(one).appearance") == "auto"


def test_in_a_notebook_only_the_questionnaire_is_styled_and_listened_to(stage):
    one = stage()
    one.tab.route("**/stage.js", lambda route: route.fulfill(body=NOTEBOOK, content_type="text/javascript"))
    one.open()
    one.tab.get_by_role("heading", name="Welcome").wait_for()
    one.tab.locator(".tq-embedded").wait_for()
    assert one.tab.title() == "Study"
    assert one.tab.locator("#beside").evaluate("one => getComputedStyle(one).fontFamily") == "monospace"
    one.tab.locator("#beside").focus()
    one.tab.keyboard.press("Escape")
    one.tab.keyboard.press("Escape")
    assert one.tab.locator("#beside").is_visible()
    one.tab.get_by_label("Your code").focus()
    one.tab.keyboard.press("ArrowLeft")
    one.tab.keyboard.press("Escape")
    one.tab.keyboard.press("Escape")
    left = one.tab.get_by_text("The questionnaire has been closed.")
    assert left.evaluate("one => one === document.activeElement")
    assert one.tab.locator(".tq :is(input, button)").count() == 0
    assert one.tab.locator("#beside").is_visible()
    assert one.tab.evaluate("window.heard") == ["Escape", "Escape"]  # those from beside the questionnaire


NOTEBOOK = """
import definition from "./questionnaire.js";
const listeners = [];
const model = {
  on: (event, listener) => event === "msg:custom" && listeners.push(listener),
  off: () => {},
  send: (content) => window.toKernel(content).then((reply) => listeners.forEach((listener) => listener(reply, []))),
};
const el = document.createElement("div");
definition().render({ model, el });
const cell = document.createElement("div");
cell.className = "jp-Notebook";
const beside = document.createElement("textarea");
beside.id = "beside";
beside.style.fontFamily = "monospace";
cell.append(beside, el);
window.heard = [];
cell.addEventListener("keydown", ({ key }) => window.heard.push(key));
document.body.append(cell);
window.addEventListener("beforeunload", (event) => event.preventDefault());
"""
