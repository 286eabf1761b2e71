"""The served questionnaire as two people on phones meet it, and the same notebook in JupyterLab."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.served import Served, serving
from toolkit.store import Store

pytestmark = pytest.mark.browser
PHONE = {"width": 375, "height": 667}
STUDY = "questionnaire-demo"
REMARK = "O'Brien\"; DROP TABLE answers; -- <script>window.hit = 1</script> 🙂"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    pytest.importorskip("voila", reason="voila is not installed")
    with serving(tmp_path_factory.mktemp("served"), "--ready", "2") as one:
        yield one


@pytest.fixture
def phone(browser: Any) -> Iterator[Any]:
    """Open an empty tab on a phone."""
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    yield context.new_page()
    context.close()


def agree(page: Any, link: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="I agree and take part").click()
    page.get_by_role("button", name="Next").wait_for()


def answer_all(page: Any, choose: int, remark: str = "") -> int:
    """Answer page after page, and send; give how many questions were answered."""
    answered = 0
    while True:
        page.get_by_role("button", name=re.compile("^(Next|Send my answers)$")).wait_for()
        if page.get_by_role("button", name="Send my answers").count():
            page.get_by_role("button", name="Send my answers").click()
            page.get_by_role("heading", name="Thank you").wait_for()
            return answered
        for group in page.get_by_role("radiogroup").all():
            group.locator("label").nth(choose).click()
            answered += 1
        for field in page.locator("input.tq-number").all():
            field.fill(str(40 + choose))
            answered += 1
        for field in page.locator("textarea").all():
            field.fill(remark)
        page.get_by_role("button", name="Next").click()


def stored(database: Path) -> dict[str, dict[str, Any]]:
    store = Store.open(f"sqlite:///{database}", create=False)
    try:
        return {row.person: {one.item: one for one in row.answers} for row in store.rows(STUDY)}
    finally:
        store.close()


def test_both_partners_answer_on_a_phone_and_nothing_leaves_the_host(served, browser):
    requests: list[str] = []
    for choose, row in enumerate(served.invited(1, "couple.csv")):
        context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
        page = context.new_page()
        complaints: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.on("websocket", lambda one: requests.append(one.url))
        page.on("pageerror", lambda problem: complaints.append(str(problem)))  # noqa: B023
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))  # noqa: B023
        agree(page, row["link"])
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert answer_all(page, choose, REMARK) == 20
        assert context.cookies() == []
        assert page.evaluate("[localStorage.length, sessionStorage.length, window.hit ?? 0]") == [0, 0, 0]
        assert page.title() == "Questions"  # what the list of visited pages shows says nothing of the study
        assert not complaints
        context.close()
        given = stored(served.database)[row["person"]]
        assert given["age"].value == 40 + choose
        assert given["comment"].text == REMARK
        assert sum(one.reason is None for one in given.values()) == 21
    assert {urlsplit(url).netloc for url in requests} == {f"127.0.0.1:{served.port}"}
    assert not [url for url in requests if row["token"] in url]
    text = served.output.read_text(encoding="utf-8")
    assert REMARK not in text
    assert row["token"] not in text
    assert len(text.splitlines()) == 1


def test_two_tabs_with_one_link_and_a_reload_in_the_middle_of_an_item(served, browser):
    row = served.invited(1, "tabs.csv")[0]
    context = browser.new_context(viewport=PHONE)
    first, second = context.new_page(), context.new_page()
    agree(first, row["link"])
    give(first, 0, 1)
    first.reload()
    first.get_by_role("button", name="Next").wait_for()
    assert first.get_by_role("radio", checked=True).count() == 1
    second.goto(row["link"])
    second.get_by_role("button", name="Next").wait_for()
    first.get_by_role("radiogroup").nth(1).locator("label").nth(1).click()
    first.get_by_role("heading", name=re.compile("elsewhere|another|other", re.I)).wait_for()
    give(second, 1, 2)
    second.keyboard.press("Escape")
    second.keyboard.press("Escape")
    second.wait_for_url("about:blank")
    context.close()


def give(page: Any, question: int, option: int) -> str:
    """Choose an option and wait until it is shown as saved; give the item's id."""
    group = page.get_by_role("radiogroup").nth(question)
    group.locator("label").nth(option).click()
    group.get_by_text("Saved", exact=True).wait_for()
    return group.get_attribute("data-item")


class Cut:
    """A wire between the browser and the server that can be cut and mended."""

    def __init__(self, port: int) -> None:
        self.target, self.open, self.pairs = port, True, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if not self.open:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.target))
            self.pairs.append((near, far))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with closing(one), closing(other):
            while True:
                try:
                    data = one.recv(65536)
                    if not data:
                        return
                    while not self.open:  # what is under way is lost without a word, as in a tunnel
                        return
                    other.sendall(data)
                except OSError:
                    return

    def cut(self) -> None:
        self.open = False

    def mend(self) -> None:
        self.open = True


@contextmanager
def wire(port: int) -> Iterator[Cut]:
    one = Cut(port)
    try:
        yield one
    finally:
        one.listener.close()


def test_a_network_cut_for_ten_seconds_loses_no_answer(served, phone):
    with wire(served.port) as line:
        row = served.invited(1, "cut.csv")[0]
        agree(phone, row["link"].replace(f":{served.port}/", f":{line.port}/"))
        items = [give(phone, 0, 1)]
        line.cut()
        phone.context.set_offline(True)
        for question in (1, 2, 3):
            group = phone.get_by_role("radiogroup").nth(question)
            group.locator("label").nth(2).click()
            items.append(group.get_attribute("data-item"))
        phone.wait_for_timeout(10_000)
        assert phone.get_by_text("Saved", exact=True).count() == 1
        assert phone.get_by_text("Not saved yet", exact=True).count() == 3
        line.mend()
        phone.context.set_offline(False)
        phone.get_by_text("All answers saved").first.wait_for(timeout=40_000)
        given = stored(served.database)[row["person"]]
        assert [given[item].value for item in items] == [1, 2, 2, 2]


def test_a_page_outlives_a_server_that_is_killed_and_started_again(tmp_path, phone):
    with serving(tmp_path, "--ready", "1") as served:
        row = served.invited(1)[0]
        agree(phone, row["link"])
        items = [give(phone, 0, 3)]
        served.kill()
        group = phone.get_by_role("radiogroup").nth(1)
        group.locator("label").nth(2).click()
        phone.get_by_text("Not saved yet", exact=True).wait_for()
        served.start()
        phone.get_by_text("All answers saved").first.wait_for(timeout=60_000)
        items.append(phone.get_by_role("radiogroup").nth(1).get_attribute("data-item"))
        given = stored(served.database)[row["person"]]
        assert [given[item].value for item in items] == [3, 2]
        assert answer_all(phone, 1, REMARK) == 20
