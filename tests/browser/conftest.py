from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.stage import HOST, Fieldwork, Stage

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the Chromium of this machine; its event loop ends with the module, for tests that run their own."""
    found = next((path for path in map(shutil.which, CHROMIUM) if path), None)
    if found is None:
        pytest.skip(f"no Chromium found; looked for {', '.join(CHROMIUM)}")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-sync", *QUIET])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """Open an empty tab at 1280 × 900."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    yield tab
    tab.close()


@pytest.fixture
def fieldwork(tmp_path: Any) -> Iterator[Fieldwork]:
    """Begin the small study."""
    begun = Fieldwork(tmp_path)
    yield begun
    begun.store.close()


@pytest.fixture
def stage(browser: Any, fieldwork: Fieldwork) -> Iterator[Callable[..., Stage]]:
    """Open tabs with the questionnaire.

    Afterwards no request has left the host, the browser has nothing to complain of, and keeps nothing.
    """
    opened: list[Stage] = []
    contexts: list[Any] = []

    def make(width: int = 1280, *, work: Fieldwork = fieldwork, context: Any = None, **options: Any) -> Stage:
        if context is None:
            context = browser.new_context(viewport={"width": width, "height": 800}, **options)
            context.set_default_timeout(10_000)
            contexts.append(context)
        opened.append(Stage(context.new_page(), work))
        return opened[-1]

    yield make
    for context in contexts:
        assert context.storage_state() == {"cookies": [], "origins": []}
        context.close()
    for one in opened:
        assert one.complaints == []
        assert [url for url in one.requests if not url.startswith((HOST, "data:", "blob:", "about:"))] == []
