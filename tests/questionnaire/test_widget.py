"""The widget: what it hands to the page and takes from it, and what never becomes part of its state."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

import toolkit as tk
from toolkit.errors import ArgumentError, StudyError
from toolkit.questionnaire import assets
from toolkit.questionnaire.widget import Questionnaire
from toolkit.store import Store

FOLDER = files("toolkit") / "questionnaire"
SCRIPT = assets.joined(assets.SCRIPT)
STYLE = assets.joined(assets.STYLE)
LANGUAGES = [file.name.removesuffix(".yaml") for file in (FOLDER / "texts" / "page").iterdir()]
FORBIDDEN = (
    *("localStorage", "sessionStorage", "indexedDB", "document.cookie", "pushState"),
    *("fetch(", "XMLHttpRequest", "sendBeacon", "https://", "http://", "import "),
    *("innerHTML", "insertAdjacentHTML", "eval(", "console."),
)
SCOPED = re.compile(r'(body\[data-jp-theme-light="\w+"\] )?\.tq\b')
STUDY = """\
study: small
title: Small
keys: {person: person}
instruments: [rws6]
collection:
  consent: {version: "1", text: {en: "We ask."}}
  questions: [{id: comment, kind: text, text: {en: "Anything else?"}}]
"""


class Tab:
    """The page's side of a widget: sends messages as a front end does, and hears what comes back."""

    def __init__(self, widget: Questionnaire) -> None:
        self.widget = widget
        self.heard: list[dict[str, Any]] = []
        self.sequence = 0
        widget.send = lambda content, buffers=None: self.heard.append(content)

    def send(self, kind: str, **content: Any) -> dict[str, Any]:
        self.sequence += 1
        message = {"type": kind, "sequence": self.sequence, **content}
        data = {"method": "custom", "content": message}
        self.widget._handle_msg({"content": {"data": data}, "buffers": []})
        return self.heard[-1]


@pytest.fixture
def study(tmp_path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path}/answers.db")
    yield opened
    opened.close()


def texts(language: str) -> dict[str, str]:
    return yaml.safe_load((FOLDER / "texts" / "page" / f"{language}.yaml").read_text(encoding="utf-8"))


def test_the_public_name_is_the_widget():
    assert tk.Questionnaire is Questionnaire


def test_a_page_needs_neither_pandas_nor_numpy(tmp_path):
    code = f"""
import sys
import toolkit.questionnaire
from toolkit.questionnaire.widget import Questionnaire
page = Questionnaire(["rws6", "bar"], store="sqlite:///{tmp_path}/answers.db")
page.send = lambda content: print(content["type"])
page._hear(page, {{"type": "hello", "language": None, "sequence": 1}}, [])
page._hear(page, {{"type": "consent", "version": "trial", "couple_code": None, "sequence": 2}}, [])
page._hear(page, {{"type": "answer", "item": "rws01", "value": 1, "sequence": 3}}, [])
page._hear(page, {{"type": "submit", "sequence": 4}}, [])
print([name for name in ("pandas", "numpy", "scipy", "matplotlib") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n") == ["hello", "page", "saved", "page", "[]", ""], done.stderr


def test_nothing_that_a_participant_enters_becomes_state(store, study):
    widget = Questionnaire(study=study, store=store)
    [person] = store.invite("small", 1, couples=False, roles=(), expires_at=widget._now().replace(year=2100))
    tab = Tab(widget)
    before = widget.get_state()
    tab.send("hello", language=None)
    assert tab.send("open", token=person.token)["page"]["page"] == "consent"
    form = tab.send("consent", version="1", couple_code=None)["page"]
    assert tab.send("answer", item="comment", text="a secret wish")["type"] == "saved"
    assert tab.send("answer", item=form["sections"][0]["items"][0]["id"], value=3)["type"] == "saved"
    assert tab.send("submit")["page"]["page"] == "finished"
    assert "a secret wish" in tab.send("export")["content"]
    assert widget.get_state() == before
    state = repr(widget.get_state()) + repr(widget) + json.dumps(widget._repr_mimebundle_()[0])
    for secret in (person.token, person.withdrawal_code, "a secret wish", str(store.name)):
        assert secret not in state


def test_a_trial_makes_its_participant_with_the_first_message(store):
    widget = Questionnaire("rws6", store=store)
    assert store.counts("trial").consented == 0
    assert store.progress("trial") == []
    tab = Tab(widget)
    assert tab.send("hello", language=None)["page"]["page"] == "consent"
    tab.send("consent", version="trial", couple_code=None)
    assert tab.send("hello", language=None)["page"]["page"] == "form"
    assert store.counts("trial").consented == 1


def test_a_known_participant_needs_no_code_and_goes_on_in_a_new_widget(store, study):
    first = Tab(Questionnaire(study=study, store=store, participant="P7"))
    first.send("hello", language=None)
    first.send("consent", version="1", couple_code=None)
    first.send("answer", item="comment", text="before")
    second = Tab(Questionnaire(study=study, store=store, participant="P7"))
    assert second.send("hello", language=None)["page"]["page"] == "form"
    assert first.send("answer", item="comment", text="after")["type"] == "elsewhere"


def test_the_language_given_is_that_of_the_first_greeting(store, tmp_path):
    path = Path(__file__).parents[2] / "data" / "questionnaire_demo" / "study.yaml"
    tab = Tab(Questionnaire(study=path, store=store, language="de"))
    assert tab.send("hello", language=None, browser="en")["language"] == "de"
    assert tab.send("hello", language="en")["language"] == "en"


def test_the_store_of_the_study_file_is_the_default(study):
    Questionnaire(study=study)
    assert (study.parent / "answers.db").is_file()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"store": "sqlite:///x.db"}, ArgumentError, "give either instruments"),
        ({"instruments": "rws6"}, ArgumentError, "say where answers go"),
        ({"instruments": "ecr", "store": "STORE"}, ArgumentError, "ecr"),
        ({"instruments": "rws6", "store": "STORE", "language": "xx"}, ArgumentError, "language"),
        ({"study": "STUDY", "instruments": "rws6"}, ArgumentError, "give either instruments"),
        ({"study": "STUDY", "language": "de"}, ArgumentError, "can be answered in: en"),
        ({"study": "PLAIN"}, StudyError, "collects no answers"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(store, study, options, error, words):
    plain = Path(__file__).parents[2] / "data" / "bfi" / "study.yaml"
    places = {"STORE": store, "STUDY": study, "PLAIN": plain}
    given = {key: places.get(value, value) for key, value in options.items()}
    with pytest.raises(error, match=words):
        Questionnaire(**given)


def test_the_script_is_one_module_of_all_parts():
    assert sorted(assets.SCRIPT) == sorted((assets.STATIC / "page").iterdir())
    texts = [file.read_text(encoding="utf-8") for file in assets.SCRIPT]
    assert all(text.startswith("// ") and text.count("\n") <= 350 for text in texts)
    assert [text.count("\nexport ") for text in texts] == [0] * (len(texts) - 1) + [1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_a_text_for_all_that_it_says(language):
    known = texts(language)
    used = set(re.findall(r'(?:say|button|codeField|showSummary)\(app, (?:\w+, )?"(\w+)"', SCRIPT))
    assert len(used) > 50
    assert used <= set(known)
    assert [key for key in known if f'"{key}"' not in SCRIPT] == [], "a text that the page never says"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_fills_in_the_same(language):
    english = {key: set(re.findall(r"\{\w+\}", text)) for key, text in texts("en").items()}
    assert {key: set(re.findall(r"\{\w+\}", text)) for key, text in texts(language).items()} == english


@pytest.mark.parametrize("name", FORBIDDEN)
def test_the_script_keeps_nothing_fetches_nothing_and_makes_no_markup_of_texts(name):
    assert name not in SCRIPT


def test_the_history_is_touched_only_to_take_the_token_out_of_the_address():
    assert re.findall(r"history\.\w+\(.*\)", SCRIPT) == ['history.replaceState(null, "", location.pathname)']


def test_the_styles_touch_nothing_but_the_questionnaire():
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    without_comments = re.sub(r"/\*.*?\*/", "", STYLE, flags=re.DOTALL)
    selectors = [part.strip() for part in re.findall(r"([^{}]+)\{", without_comments)]
    plain = [one for part in selectors if not part.startswith("@") for one in re.split(r",(?![^(]*\))", part)]
    assert len(plain) > 100
    assert [one for one in map(str.strip, plain) if not SCOPED.match(one)] == []


def test_of_two_pages_that_share_a_widget_the_one_that_greeted_last_goes_on(store):
    tab = Tab(Questionnaire("rws6", store=store, participant="p1"))
    version = tab.send("hello", language=None, view="first")["page"]["version"]
    tab.send("consent", version=version, couple_code=None, view="first")
    assert tab.send("answer", item="rws01", value=1, view="first")["type"] == "saved"
    greeted = tab.send("hello", language=None, view="second")
    assert (greeted["type"], greeted["view"]) == ("hello", "second")
    assert tab.send("answer", item="rws01", value=3, view="second")["type"] == "saved"
    told = tab.send("answer", item="rws01", value=2, view="first")
    assert (told["type"], told["page"]["name"], told["view"]) == ("elsewhere", "elsewhere", "first")
    [study] = store.studies()
    [sitting] = store.sittings(store.walk_in(study, "p1").number)
    assert store.answers(sitting.number)["rws01"].value == 3
    assert tab.send("hello", language=None, view="first")["page"]["page"] == "form"
    assert tab.send("answer", item="rws01", value=2, view="first")["type"] == "saved"
