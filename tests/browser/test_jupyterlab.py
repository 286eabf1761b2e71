"""The questionnaire's notebook in a real JupyterLab: opened, run, answered, and read back with one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.served import DEMO, PATIENCE, ROOT, free_port
from toolkit.store import Store

pytestmark = pytest.mark.browser
NO_NEWS = ("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Start JupyterLab in a folder like a checkout; give the notebook's folder and its address."""
    shutil.copytree(DEMO, tmp_path / "data" / "questionnaire_demo", ignore=shutil.ignore_patterns("*.db*", "*.csv"))
    (tmp_path / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "90_questionnaire.ipynb", tmp_path / "notebooks")
    port = free_port()
    address = f"http://127.0.0.1:{port}/lab/tree/notebooks/90_questionnaire.ipynb"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1"]
    options = ["--IdentityProvider.token=", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={tmp_path}", *NO_NEWS]
    places = {"JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "IPYTHONDIR": str(tmp_path / "ipython")}
    with (tmp_path / "lab.txt").open("wb") as output:
        process = subprocess.Popen(
            [*command, *options],
            stdout=output,
            stderr=output,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")} | places,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/api")
        yield tmp_path / "notebooks", address
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait(address: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("JupyterLab did not start")


def test_the_notebook_runs_in_jupyterlab_and_saves_an_answer(lab, page):
    folder, address = lab
    page.set_default_timeout(PATIENCE * 1000)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(address)
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.get_by_role("button", name="I agree and take part").click()
    group = page.get_by_role("radiogroup").first
    group.locator("label").nth(3).click()
    group.get_by_text("Saved", exact=True).wait_for()
    item = group.get_attribute("data-item")
    assert _answers(folder / "trial.db") == {item: 3}
    keys = {"ArrowLeft": 2, "ArrowUp": 1, "ArrowDown": 2, "ArrowRight": 3}
    for key, value in (*keys.items(), ("ArrowUp", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        _until(lambda value=value: _answers(folder / "trial.db") == {item: value})
    assert group.get_by_role("radio").nth(1).evaluate("one => one === document.activeElement")
    assert not [url for url in requests if url.startswith("http") and "//127.0.0.1:" not in url]
    page.get_by_role("menuitem", name="File", exact=True).click()
    page.get_by_text("Save Notebook", exact=True).click()
    notebook = folder / "90_questionnaire.ipynb"
    _until(lambda: "widget-view" in notebook.read_text(encoding="utf-8"))
    assert item not in notebook.read_text(encoding="utf-8")
    group.get_by_role("radio").nth(1).focus()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_text("The questionnaire has been closed.").wait_for()
    assert page.url == address
    assert page.get_by_role("radiogroup").count() == 0


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _answers(database: Path) -> dict[str, Any]:
    store = Store.open(f"sqlite:///{database}", create=False)
    try:
        (row,) = store.rows("questionnaire-demo")
        return {one.item: one.value for one in row.answers if one.value is not None}
    finally:
        store.close()
