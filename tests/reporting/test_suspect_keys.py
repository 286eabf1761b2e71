"""A scale whose key is suspect is not scored in a report until its author confirms the key."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.builders import write_study

ITEMS = [f"{scale}{number}" for scale in ("calm", "warm") for number in range(1, 5)]
INSTRUMENT = f"""\
id: my
title: My scales
status: keys-only
licence: none
source: {{citation: none}}
response:
  f: {{min: 1, max: 5}}
items:
{"".join(f"  - {{id: {item}, response: f}}" + chr(10) for item in ITEMS)}scales:
  calm: {{items: [calm1, calm2, calm3, calm4]}}
  warm: {{items: [warm1, warm2, warm3, warm4]}}
  both: {{scales: [calm, warm]}}
"""
STUDY = """\
study: keys
title: A study with a wrong key
keys: {person: id}
data: [{file: answers.csv}]
instruments: [./my.yaml]
"""


def answers() -> str:
    """Make answers to two scales; the third item of the second one was worded the other way round."""
    generator = np.random.default_rng(1)
    true = np.repeat(generator.normal(size=(120, 2)), 4, axis=1)
    x = np.clip(np.rint(3 + true + 0.8 * generator.normal(size=(120, 8))), 1, 5).astype(int)
    x[:, 6] = 6 - x[:, 6]
    return pd.DataFrame(x, columns=ITEMS).assign(id=range(120)).to_csv(index=False)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    found = {}
    for name, more in (("unconfirmed", ""), ("confirmed", "confirmed_keys: [my.warm, my.both]\n")):
        folder = tmp_path_factory.mktemp(name)
        study = write_study(folder, STUDY + more, INSTRUMENT, answers_csv=answers())
        found[name] = tk.report(study, out=folder / "out").parent
    return found


def results(folder):
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))["pages"]["scales"]


def text(folder):
    page = (folder / "scales.html").read_text(encoding="utf-8")
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_suspect_scale_is_analysed_but_not_scored(pages):
    page = results(pages["unconfirmed"])
    assert {row["scale"] for row in page["reliability"]["estimates"]} == {"my.calm"}
    scored = {row["variable"] for row in page["describe"]["estimates"] if row["kind"] == "scale"}
    assert scored == {"my.calm"}
    assert "correlations" not in page, "one scale is left, which correlates with nothing"
    items = {row["item"] for row in page["item_analysis"]["estimates"] if row["scale"] == "my.warm"}
    assert items == {"warm1", "warm2", "warm3", "warm4"}
    suspect = [(row["scale"], row["item"]) for row in page["key_audit"]["estimates"] if row["verdict"] == "suspect"]
    assert ("my.warm", "warm3") in suspect


def test_the_page_says_why_and_what_to_do(pages):
    page = text(pages["unconfirmed"])
    assert "Some items contradict their declared key (my.warm: warm3" in page
    assert "whether the key in the instrument file is wrong" in page
    assert "Not scored, hence in no score, reliability or correlation below: my.warm, my.both." in page


def test_a_confirmed_key_is_scored(pages):
    page = results(pages["confirmed"])
    assert {row["scale"] for row in page["reliability"]["estimates"]} == {"my.calm", "my.warm", "my.both"}
    assert len(page["correlations"]["estimates"]) == 3
    assert "confirmed the key of my.warm" in text(pages["confirmed"])
    assert "Not scored" not in text(pages["confirmed"])
