"""Intake: from a raw table to checked columns, with a reason, a line in the log or a fault for everything."""

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.builders import SCALE, assert_each_empty_cell_has_one_reason, cells, my_scale
from toolkit.errors import ResponsesError
from toolkit.instrument_model import build
from toolkit.intake import Intake
from toolkit.specs import parse_document

RAW = pd.DataFrame(
    {"id": ["p1", "p2", "p3"], "a1": [1, 6, 2], "a2": [1, None, 2], "a3": [3, 4, -9], "age": [30, 41, 200]}
)


def read(frame=RAW, instrument=None, **options):
    options.setdefault("person", "id")
    return tk.Responses.from_frame(frame, instrument or my_scale(), **{"missing": [-9], **options})


def faults_of(frame=RAW, instrument=None, **options):
    with pytest.raises(ResponsesError) as problem:
        read(frame, instrument, **options)
    return [str(fault) for fault in problem.value.faults]


def log_of(responses):
    return [tuple(line) for line in responses.log.itertuples(index=False)]


def labelled():
    return build(parse_document(SCALE, "my.yaml", ResponsesError))


def test_columns_are_keys_then_items_then_covariates():
    responses = read(RAW[["age", "a3", "id", "a1", "a2"]])
    assert list(responses.frame) == ["person", "a1", "a2", "a3", "age"]
    assert (responses.keys, responses.covariates) == (("person",), ("age",))


def test_the_log_says_what_happened_to_how_many_cells():
    responses = read(missing={-9: "refused", "": "skipped"}, covariates=[{"name": "age", "min": 10, "max": 100}])
    assert log_of(responses) == [
        ("a2", "empty cell", 1, "skipped"),
        ("a3", "missing code", 1, "-9 → refused"),
        ("age", "flagged", 1, "outside 10 to 100: kept, left out of summaries"),
    ]
    assert cells(responses) == {(1, "a2", "skipped"), (2, "a3", "refused")}


def test_values_outside_their_range_are_flagged_and_kept():
    responses = read(covariates=[{"name": "age", "max": 100}])
    assert responses.frame["age"].tolist() == [30, 41, 200]
    assert responses.flags.astype(str).to_dict("records") == [
        {"row": "2", "column": "age", "value": "200", "rule": "up to 100"}
    ]
    assert read(covariates=[{"name": "age", "min": 40}]).flags["rule"].tolist() == ["40 or more"]


def test_texts_in_a_covariate_with_a_range_are_flagged():
    responses = read(RAW.assign(age=["30", "forty", None]), covariates=[{"name": "age", "min": 10, "max": 100}])
    assert responses.flags["value"].tolist() == ["forty"]
    assert responses.frame["age"].tolist()[:2] == ["30", "forty"]


def test_columns_that_a_study_does_not_name_are_logged_as_not_read():
    assert ("age", "not read", 3, "neither key, item nor covariate of the study") in log_of(read(covariates=[]))


def test_renamed_columns_are_logged():
    responses = read(RAW.rename(columns={"a1": "Q1", "age": "How old?"}), columns={"a1": "Q1", "age": "How old?"})
    assert responses.covariates == ("age",)
    assert ("a1", "renamed", 3, "from Q1") in log_of(responses)


def test_without_a_person_rows_are_numbered_and_that_is_logged():
    responses = read(RAW.drop(columns="id"), person=None)
    assert responses.frame["person"].tolist() == [1, 2, 3]
    assert log_of(responses)[0] == ("person", "numbered", 3, "no person key: each row is a person")


def test_labels_are_read_and_logged():
    words = pd.DataFrame({"id": [1, 2], "a1": ["Never", "Always"], "a2": ["Often", None], "a3": ["-9", "Rarely"]})
    responses = read(words, labelled(), answers="labels")
    assert responses.frame["a1"].tolist() == [1, 6]
    assert ("a1", "label to code", 2, "by the instrument's labels") in log_of(responses)
    assert ("a2", "label to code", 1, "by the instrument's labels") in log_of(responses)
    assert cells(responses) == {(1, "a2", "unknown"), (0, "a3", "unknown")}


def test_codes_of_a_column_replace_the_codes_of_the_file():
    responses = read(missing={-9: "refused"}, missing_by_column={"a3": {-9: "skipped"}, "age": {200: "unknown"}})
    assert cells(responses) == {(1, "a2", "unknown"), (2, "a3", "skipped"), (2, "age", "unknown")}
    assert ("a3", "missing code", 1, "-9 → skipped") in log_of(responses)
    assert "-9 lies outside" in faults_of(missing={-9: "refused"}, missing_by_column={"a3": {-8: "skipped"}})[0]


def test_the_reason_of_blank_cells_is_that_of_the_column():
    responses = read(missing={"": "skipped", -9: "refused"}, missing_by_column={"a2": {-9: "refused"}})
    assert (1, "a2", "unknown") in cells(responses)
    assert ("a2", "empty cell", 1, "unknown") in log_of(responses)


@pytest.mark.parametrize("code", [-99, -99.0, "-99"])
@pytest.mark.parametrize("kind", ["int64", "float64", "object", "str", "category"])
def test_codes_of_covariates_act_alike_in_every_form(code, kind):
    responses = read(
        RAW.assign(age=pd.Series([30, -99, 40]).astype(kind)), missing_by_column={"age": {code: "refused"}}
    )
    assert (1, "age", "refused") in cells(responses)
    assert responses.frame["age"].isna().tolist() == [False, True, False]
    assert_each_empty_cell_has_one_reason(responses)


def test_codes_of_items_do_not_touch_covariates():
    assert read(RAW.assign(change=[-9, 0, 9])).frame["change"].tolist() == [-9, 0, 9]


def test_a_missing_code_that_is_an_answer_is_refused_once_with_advice():
    (fault,) = faults_of(instrument=my_scale(min=0, max=6), missing=[0, -9])
    assert fault == (
        "items 'a1', 'a2', 'a3': 0 is declared missing, but is a valid answer (0 to 6); code missing answers with a "
        "number outside, or declare the code under `missing_by_column` for other items only"
    )
    frame = RAW.assign(a1=[0, 6, 2])
    responses = read(frame, missing_by_column={"a1": [0]})
    assert (0, "a1", "unknown") in cells(responses)


@pytest.mark.parametrize(
    ("change", "options", "expected"),
    [
        ({"a4": 1}, {}, "column 'a4': looks like an item, but no instrument has it. Rename or remove"),
        ({}, {"columns": {"a9": "age"}}, "column 'a9': looks like an item, but no instrument has it"),
        ({}, {"columns": {"a1": "Q1"}}, "columns, 'a1': the data have no column 'Q1'"),
        (
            {},
            {"columns": {"aeg": "age"}, "covariates": ["age"]},
            "there is no item or covariate 'aeg' in this study",
        ),
        ({"a1": None}, {"columns": {"a1": "a2"}}, "instrument my: 1 item has no column: 'a2'"),
        ({}, {"person": "ID"}, "key 'person': there is no column 'ID'. Did you mean 'id'?"),
        ({}, {"couple": "pair"}, "key 'couple': there is no column 'pair'"),
        ({"wave": 1}, {"person": None, "wave": "wave"}, "a wave or day needs a person key too"),
        (
            {"couple": 1},
            {},
            "column 'couple': has the name of a key, but is not declared as one; declare it",
        ),
        ({"person": 1}, {}, "column 'person': has the name of a key, but the person is taken from another column"),
        ({}, {"covariates": ["aeg"]}, "covariates: there is no column 'aeg'. Did you mean 'age'?"),
        ({}, {"covariates": ["a1"]}, "column 'a1': is an item, so it cannot be a covariate too"),
        (
            {},
            {"missing_by_column": {"a9": [-9]}},
            "missing_by_column: there is no item or covariate 'a9'",
        ),
        ({"id": ["p1", "p1", "p2"]}, {}, "rows 1, 2: the same person and occasion has more than one row"),
    ],
)
def test_what_does_not_fit_is_explained(change, options, expected):
    found = faults_of(RAW.assign(**change), **options)
    assert any(expected in fault for fault in found), found


def test_items_without_a_column_are_reported_with_the_nearest_one():
    (fault,) = faults_of(RAW.rename(columns={"a1": "A1_"}).drop(columns="a2"), columns={"a3": "a3"})
    assert fault.startswith(
        "instrument my: 2 items have no column: 'a1', 'a2'. Did you mean 'A1_'? Say under `columns`"
    )


def test_an_item_that_is_named_like_a_key_is_refused():
    keys = tk.instrument_from_keys({"f": ["day", "a1"]}, min=1, max=6)
    assert any("item 'day': has the name of a key" in fault for fault in faults_of(RAW.assign(day=1), keys))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("", "items 'a1', 'a2', 'a3': the instrument my has no labels for them; say `answers: codes`"),
        (", labels: {en: [No, No, No, Yes, Yes, Yes]}", "several options have the same label"),
    ],
)
def test_labels_that_cannot_be_told_apart_or_are_absent_are_refused(labels, expected):
    start, _, rest = SCALE.partition(", labels: {")
    text = start + labels + rest.partition("]}")[2]
    one = build(parse_document(text, "my.yaml", ResponsesError))
    (fault,) = faults_of(instrument=one, answers="labels")
    assert expected in fault


def test_faults_of_all_kinds_are_reported_together():
    frame = RAW.assign(id=["p1", "p1", ""], a1=[0, 7, 2], a2=["x", "1", "2.5"], a4=1)
    found = " | ".join(faults_of(frame, missing=[-9], covariates=["aeg"]))
    for expected in ("'a4'", "the person is empty", "0 lies", "7 lies", "'x' is not", "2.5 is a decimal", "'aeg'"):
        assert expected in found


def test_a_paragraph_of_very_many_faults_stays_short():
    frame = pd.DataFrame({f"a{i}": range(100, 140) for i in (1, 2, 3)})
    with pytest.raises(ResponsesError) as problem:
        read(frame, person=None)
    message = str(problem.value)
    assert "the data has 27 faults: (1) column 'a1', row 1: 100 lies outside 1 to 6" in message
    assert message.endswith("and 15 more.")
    assert len(message) < 4000


def test_a_frame_of_covariates_alone_is_read_as_any_other(monkeypatch):
    frame = pd.DataFrame(
        {
            "whole": [1, 2, 3],
            "decimal": [0.5, np.nan, np.inf],
            "word": ["a", None, "b"],
            "nullable": pd.array([1, None, 3], dtype="Int64"),
            "finite": [1.0, 2.0, 3.0],
            "chosen": pd.Categorical(["x", "y", None]),
            "true": [True, False, True],
            "infinite": pd.array([1.0, -np.inf, None], dtype="Float64"),
            5: [1j, 2j, 3j],
        },
        index=["u", "v", "w"],
    )
    at_once = tk.Responses.from_frame(frame)
    monkeypatch.setattr(Intake, "plain", False)
    one_by_one = tk.Responses.from_frame(frame)
    for table in ("frame", "reasons", "log", "flags"):
        pd.testing.assert_frame_equal(getattr(at_once, table), getattr(one_by_one, table))


def test_a_plain_frame_is_copied():
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    read = tk.Responses.from_frame(frame)
    frame.loc[0, "x"] = 9.0
    assert read.frame["x"].tolist() == [1.0, 2.0]
