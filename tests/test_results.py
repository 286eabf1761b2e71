import json
import re

import numpy as np
import pandas as pd
import pytest

from toolkit.errors import ArgumentError, TooFewCases
from toolkit.results import MIME_TYPE, SCHEMA, DeferredTables, Result, attempt, fit_table


def result(**changes):
    fit = fit_table([{"model": "a", "n_used": 5, "n_dropped": 1, "method": "m"}])
    estimates = pd.DataFrame({"scale": ["a", "b"], "alpha": [0.8, np.nan]})
    cases = pd.DataFrame({"person": [1], "secret": [0.123456789]})
    given = {
        "kind": "test",
        "title": "Test",
        "estimates": estimates,
        "fit": fit,
        "cases": cases,
        "statement": "α = .80.",
    }
    return Result(**{**given, **changes})


def test_to_frame_is_a_copy():
    one = result()
    copy = one.to_frame()
    copy.loc[0, "alpha"] = 0
    assert one.estimates["alpha"][0] == 0.8


def test_deferred_tables_are_made_once_and_only_when_asked_for():
    made = []

    def make(name):
        made.append(name)
        return pd.DataFrame({"value": [1.0]})

    one = result(tables=DeferredTables({name: lambda name=name: make(name) for name in ("first", "second")}))
    assert one.table_names() == ("estimates", "fit", "first", "second")
    assert "second" in one.tables
    assert "third" not in one.tables
    assert made == []
    copy = one.to_frame("second")
    copy.loc[0, "value"] = 0.0
    assert one.to_frame("second")["value"].tolist() == [1.0]
    assert made == ["second"]
    assert len(one.to_dict()["tables"]) == 2
    assert made == ["second", "first"]


def test_unknown_table_suggests_the_nearest():
    with pytest.raises(ArgumentError, match="Did you mean 'estimates'"):
        result().to_frame("estimate")


def test_cases_never_leave():
    one = result()
    assert "secret" in one.to_frame("cases")
    everything = one.to_json() + json.dumps(one._repr_mimebundle_()) + one.summary() + one._repr_html_()
    assert "secret" not in everything
    assert "0.123456789" not in everything


def test_json_is_valid_with_empty_cells_and_odd_types():
    one = result(
        settings={"seed": np.int64(3), "flag": np.True_, "wave": None, "keys": ("a", "b"), "x": np.float64("inf")}
    )
    read = json.loads(one.to_json())
    assert read["schema"] == SCHEMA
    assert read["estimates"] == [{"scale": "a", "alpha": 0.8}, {"scale": "b", "alpha": None}]
    assert read["settings"] == {"seed": 3, "flag": True, "wave": None, "keys": ["a", "b"], "x": "inf"}
    assert one._repr_mimebundle_()[MIME_TYPE] == read


def test_output_holds_no_clock_and_no_object_id():
    text = "".join(str(part) for part in result()._repr_mimebundle_().values())
    assert not re.search(r"0x[0-9a-f]{6,}|\d\d:\d\d:\d\d|20\d\d-\d\d", text)
    assert text == "".join(str(part) for part in result()._repr_mimebundle_().values())


def test_fit_without_its_columns_is_refused():
    with pytest.raises(ArgumentError, match="n_used"):
        result(fit=pd.DataFrame({"model": ["a"]}))


def test_notes_of_fit_stand_under_the_table():
    fit = fit_table([{"model": "a<b", "n_used": 1, "n_dropped": 0, "method": "m", "note": "one item"}])
    assert '<p class="note">a&lt;b: one item</p>' in result(fit=fit)._repr_html_()


def test_view_shows_a_part_and_keeps_the_whole():
    part = result().showing(columns=["scale"], rows="scale == 'b'", caption="Only b")
    assert "Only b" in part._repr_html_()
    assert "0.8" not in part._repr_html_()
    assert len(part.to_dict()["estimates"]) == 2


def test_named():
    assert result().named("pairwise").to_dict()["name"] == "pairwise"
    assert result().name == "test"


def test_attempt_turns_impossible_analyses_into_a_sentence():
    def impossible():
        raise TooFewCases("two rows are needed.")

    def mistaken():
        raise ArgumentError("no such scale.")

    answer = attempt(impossible)
    assert answer == "Not available: two rows are needed."
    assert answer.plot("x") == answer.table("y") == answer.sentence() == ""
    assert answer.showing(rows="x") is answer
    with pytest.raises(ArgumentError):
        attempt(mistaken)


def test_notes_stand_under_the_table_that_is_shown():
    fit = fit_table([{"model": "m", "n_used": 3, "n_dropped": 0, "method": "by hand", "note": "take care"}])
    tables = {"wide": pd.DataFrame({"x": [1.0]})}
    found = Result(kind="efa", title="T", estimates=pd.DataFrame({"y": [2.0]}), fit=fit, tables=tables)
    assert "m: take care" in found.showing(name="wide")._repr_html_()
    assert "take care" not in found.table("wide").to_html()


def test_a_table_shows_columns_under_other_names():
    frame = pd.DataFrame({"lhs": ["f"], "rhs": ["x1"], "est": [1.0]})
    fit = fit_table([{"model": "m", "n_used": 3, "n_dropped": 0, "method": "ML"}])
    result = Result(kind="cfa", title="Model", estimates=frame, fit=fit)
    shown = result.table(columns={"rhs": "item", "est": "est", "lhs": "factor"})
    assert shown.headings == ("Item", "Estimate", "Factor")
    assert result.estimates.columns.tolist() == ["lhs", "rhs", "est"]
