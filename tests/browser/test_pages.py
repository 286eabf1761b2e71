from __future__ import annotations

import base64
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from toolkit.reporting.export import Cover, Page, write_report
from toolkit.results import Result, fit_table

pytestmark = pytest.mark.browser

PAGES = ("index", "scales", "validity")
HOSTILE = '"><script>window.hit = 1</script><img src=x onerror="window.hit = 1">'
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="300" viewBox="0 0 900 300">'
    '<rect width="900" height="300" fill="#ddd"/></svg>'
)
WORDS = """# Scales

Coefficient $\\omega_t$ and

$$\\omega_t = \\frac{\\left(\\sum_{i=1}^{k} \\lambda_i\\right)^2}{\\sigma_X^2} + \\sum_{i=1}^{k} \\lambda_i^2 + c$$

## Who answered

| Term | A heading that is rather long | Another heading that is long | A third one | n |
|---|---|---|---|--:|
| actor | an effect of one's own predictor, at some length | x | y | 12 |

### Detail

#### Deeper, with `code` and [a link](validity.html)

## Scripts

<script>window.hit = 1</script> <a href="javascript:window.hit=1">link</a>
"""

CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const node of document.querySelectorAll('body *')) {
    if (![...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim())) continue;
    const pair = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) low.push([node.tagName, node.textContent.trim().slice(0, 30), ratio]);
  }
  return low;
}"""


def result() -> Result:
    values = {f"statistic_{number}": np.linspace(0, 1, 30) for number in range(14)}
    frame = pd.DataFrame({"item": ["When something bothers me I wait for my partner to notice it"] * 30, **values})
    fit = fit_table([{"model": "rws", "n_used": 30, "n_dropped": 0, "method": "listwise", "note": HOSTILE}])
    return Result(kind="items", title=HOSTILE, estimates=frame, fit=fit)


def executed() -> Any:
    figure = new_output(
        "display_data",
        data={"image/svg+xml": SVG},
        metadata={"image/svg+xml": {"alt": HOSTILE, "name": HOSTILE, "caption": HOSTILE}},
    )
    table = new_output("display_data", data=result()._repr_mimebundle_())
    plain = pd.DataFrame({"a": [1], "b": [2]})
    frame = new_output("display_data", data={"text/html": plain.to_html(), "text/plain": "a"})
    text = new_output("stream", name="stdout", text="a line that is long " * 20)
    foreign = new_output("display_data", data={"text/html": HOSTILE})
    outputs = [table, frame, figure, text, foreign]
    return new_notebook(cells=[new_markdown_cell(WORDS), *(new_code_cell("x", outputs=[one]) for one in outputs)])


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    cover = Cover(
        study="couples-demo",
        title="Withholding and closeness in 150 couples",
        description=HOSTILE,
        citation="Author (2026). https://example.org/a-rather-long-address-that-must-not-widen-the-page-of-a-telephone",
        simulated=True,
        facts=(("responses.csv", "SHA-256 " + "9f86d081" * 8), ("Persons", HOSTILE)),
        provenance=(("assertiveness-toolkit", "0.1.0"),),
    )
    pages = [Page("scales", "Scales", executed()), Page("validity", "Validity of the measures", executed())]
    write_report(folder, pages, cover)
    return folder


def open_page(page: Any, report: Path, name: str) -> None:
    page.goto((report / f"{name}.html").as_uri())


def becomes_true(page: Any, expression: str) -> bool:
    """Wait up to five seconds; Playwright's own wait evaluates strings in the page, which the policy forbids."""
    for _ in range(100):
        if page.evaluate(expression):
            return True
        page.wait_for_timeout(50)
    return False


@pytest.mark.parametrize("name", PAGES)
def test_nothing_runs_and_nothing_is_fetched(page: Any, report: Path, name: str) -> None:
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda problem: said.append(str(problem)))
    page.on("request", lambda request: asked.append(request.url))
    open_page(page, report, name)
    page.wait_for_load_state("networkidle")
    assert said == []
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]
    assert page.evaluate("window.hit") is None


@pytest.mark.parametrize("name", PAGES)
def test_an_injected_script_is_blocked(page: Any, report: Path, tmp_path: Path, name: str) -> None:
    text = (report / f"{name}.html").read_text(encoding="utf-8")
    changed = tmp_path / "changed.html"
    hit = '<script>window.hit = 1</script><img src="data:," alt="" onerror="window.hit = 1">'
    changed.write_text(text.replace("</main>", f"{hit}</main>"), encoding="utf-8")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(changed.as_uri())
    assert page.evaluate("window.hit") is None
    assert any("Content Security Policy" in text for text in said)


@pytest.mark.parametrize("name", PAGES)
def test_structure(page: Any, report: Path, name: str) -> None:
    open_page(page, report, name)
    levels = page.eval_on_selector_all("h1,h2,h3,h4,h5,h6", "found => found.map(h => Number(h.tagName[1]))")
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.locator("img:not([alt]), img[alt='']").count() == 0
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("main").count() == page.locator("main h1").count() == 1
    assert page.evaluate("document.documentElement.lang") == "en"
    repeated = "found => { const ids = found.map(e => e.id); return ids.filter((id, i) => ids.indexOf(id) !== i) }"
    assert page.eval_on_selector_all("[id]", repeated) == []


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(page: Any, report: Path, name: str) -> None:
    open_page(page, report, name)
    links = page.eval_on_selector_all("a[href]", "found => found.map(a => a.getAttribute('href'))")
    inside = [link for link in links if link.startswith("#")]
    assert len(inside) > 3
    for link in inside:
        assert page.locator(f'[id="{link[1:]}"]').count() == 1
    for link in links:
        assert link.startswith(("#", "https://example.org/")) or (report / link).is_file()


@pytest.mark.parametrize("width", [375, 320, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_page_does_not_scroll_sideways(page: Any, report: Path, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    open_page(page, report, name)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_wide_table_scrolls_in_its_region_by_keyboard(page: Any, report: Path) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    open_page(page, report, "scales")
    region = page.locator(".toolkit-table").nth(1)
    assert region.evaluate("e => e.scrollWidth > e.clientWidth")
    region.focus()
    page.keyboard.press("ArrowRight")
    assert becomes_true(page, "document.activeElement.scrollLeft > 0")


def test_skip_link_works_by_keyboard(page: Any, report: Path) -> None:
    open_page(page, report, "scales")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert becomes_true(page, "document.activeElement.getBoundingClientRect().top >= 0")
    page.keyboard.press("Enter")
    assert becomes_true(page, "document.activeElement.id === 'main'")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_contrast(page: Any, report: Path, name: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    open_page(page, report, name)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(22, 24, 27)") == (scheme == "dark")
    assert page.evaluate(CONTRAST) == []


def test_figure_stands_whole_on_white(page: Any, report: Path) -> None:
    page.emulate_media(color_scheme="dark")
    open_page(page, report, "scales")
    image = page.locator("figure img")
    assert image.evaluate("e => e.complete && e.naturalWidth") == 900
    assert image.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
    source = image.get_attribute("src").removeprefix("data:image/svg+xml;base64,")
    assert base64.b64decode(source).decode() == SVG


@pytest.mark.parametrize("name", PAGES)
def test_print(page: Any, report: Path, name: str) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    open_page(page, report, name)
    assert not page.locator("nav").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.get_by_text("Simulated data: no real people answered.").is_visible()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF-")
