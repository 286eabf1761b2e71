"""One column: what counts as an answer, what is empty and why, and what is a fault."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from toolkit.answers import AnswerRule, as_number, holds_code, read_answers
from toolkit.missing import REASONS

LABELS = ("Never", "Sometimes", "Always")


def read(values, minimum=1, maximum=6, dtype=None, **rule):
    column = values if isinstance(values, pd.Series) else pd.Series(values, name="a1", dtype=dtype)
    return read_answers(column, AnswerRule(minimum, maximum, **rule))


def values_of(answers):
    return [None if pd.isna(value) else int(value) for value in answers.values]


def reasons_of(answers):
    pairs = zip(answers.empty.tolist(), answers.reasons.tolist(), strict=True)
    return {position: REASONS[reason] for position, reason in pairs}


def n_bad_cells(faults):
    """Count the cells that faults name: the rows that are listed, and the number of further ones."""
    total = 0
    for fault in faults:
        listed, _, more = fault.place.partition(" and ")
        total += len(re.findall(r"\d+", listed.partition("row")[2])) + (int(more.split()[0]) if more else 0)
    return total


KINDS = ["int64", "int8", "uint8", "float64", "float32", "Int64", "Float64", "object", "category", "str", "string"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_column_gives_the_same_answers(kind):
    answers = read(pd.Series([1, 6, 3], name="a1").astype(kind))
    assert values_of(answers) == [1, 6, 3]
    assert str(answers.values.dtype) == "Int8"
    assert (len(answers.empty), answers.faults) == (0, ())


@pytest.mark.parametrize("kind", ["float64", "float32", "Int64", "Float64", "object", "category", "string"])
def test_every_kind_of_column_keeps_its_holes(kind):
    answers = read(pd.Series([1, None, 3], dtype="object", name="a1").astype(kind), missing={"": "skipped"})
    assert values_of(answers) == [1, None, 3]
    assert reasons_of(answers) == {1: "skipped"}


@pytest.mark.parametrize("code", [-9, -9.0, "-9", "-9.0", " -9 "])
@pytest.mark.parametrize("values", [[1, -9, 2], [1.0, -9.0, None], ["1", "-9", "2"], [1, "-9.0", 2.0]])
def test_missing_codes_act_alike_in_every_form(code, values):
    answers = read(values, missing={code: "refused"})
    assert answers.faults == ()
    assert answers.recoded == {code: 1}
    assert reasons_of(answers)[1] == "refused"


def test_each_code_has_its_reason_and_blank_cells_theirs():
    answers = read([1, -9, -8, None, -9], missing={-9: "refused", -8: "dont_know", "": "skipped"})
    assert reasons_of(answers) == {1: "refused", 2: "dont_know", 3: "skipped", 4: "refused"}
    assert answers.recoded == {-9: 2, -8: 1}


def test_words_may_be_missing_codes():
    answers = read(["1", "Prefer not to say", "NA", ""], missing={"Prefer not to say": "refused"})
    assert reasons_of(answers) == {1: "refused", 2: "unknown", 3: "unknown"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0 lies outside 1 to 6; if it means that there is no answer, declare it under `missing`"),
        (7, "7 lies outside 1 to 6"),
        (257, "257 lies outside 1 to 6"),
        (2**40, "1099511627776 lies outside 1 to 6"),
        (np.inf, "inf lies outside 1 to 6"),
        (-np.inf, "-inf lies outside 1 to 6"),
        ("1e400", "1e400 lies outside 1 to 6"),
        (2.5, "2.5 is a decimal; answers are whole numbers from 1 to 6"),
        ("2,5", "'2,5' is not a number from 1 to 6"),
        (
            "Strongly agree",
            "'Strongly agree' is not a number from 1 to 6; if the file holds label texts, say `answers: la",
        ),
        ("1_0", "'1_0' is not a number"),
        ("=1+1", "'=1+1' is not a number"),
        (True, "'True' is not a number"),
        ([1], "'[1]' is not a number"),
        (pd.Timestamp("2024-01-01"), "'2024-01-01 00:00:00' is not a number"),
        ("x" * 10_000, "xxx…' is not a number"),
    ],
)
def test_what_is_no_answer_is_explained(value, expected):
    (fault,) = read([1, value, 2], dtype="object").faults
    assert fault.place == "column 'a1', row 2"
    assert expected in fault.message
    assert len(str(fault)) < 400


def test_a_column_of_true_and_false_holds_no_answers():
    assert n_bad_cells(read([True, False]).faults) == 2


def test_labels_are_read_as_their_numbers():
    answers = read(["Always", " Never ", None, "Sometimes"], 0, 2, labels=LABELS)
    assert values_of(answers) == [2, 0, None, 1]
    assert reasons_of(answers) == {2: "unknown"}


def test_labels_that_are_words_for_nothing_are_answers():
    assert values_of(read(["None", "NA", "All"], 0, 1, labels=("None", "All"))) == [0, None, 1]


def test_an_empty_label_is_no_answer():
    assert values_of(read(["", "Low"], 0, 2, labels=("Low", "", "High"))) == [None, 0]


def test_a_label_that_is_mistyped_is_a_fault_with_a_suggestion():
    (fault,) = read(["Sometime"], 0, 2, labels=LABELS).faults
    assert "is not a label of this item ('Never', 'Sometimes', 'Always'). Did you mean 'Sometimes'?" in fault.message
    assert "is not a label" in read([1], 0, 2, labels=LABELS).faults[0].message


@pytest.mark.parametrize(
    ("low", "high", "kind"), [(0, 127, "Int8"), (0, 128, "Int16"), (-200, 5, "Int16"), (0, 40000, "Int32")]
)
def test_the_range_decides_the_kind_of_number(low, high, kind):
    answers = read([high, low], low, high)
    assert (str(answers.values.dtype), values_of(answers)) == (kind, [high, low])


@pytest.mark.parametrize("text", ["", "x", "1_0", "True"])
def test_texts_that_are_no_number(text):
    assert as_number(text) is None
    assert as_number(True) is None


def test_a_code_is_found_in_any_column():
    for column in (
        pd.Series([1, -9.0]),
        pd.Series(["x", " -9"]),
        pd.Series(["a", -9]),
        pd.Series([5, -9]).astype("category"),
    ):
        assert holds_code(column, -9).tolist() == [False, True]
        assert holds_code(column, "-9.0").tolist() == [False, True]
    assert holds_code(pd.Series(["", None, "x"]), "").tolist() == [True, False, False]


CELLS = st.one_of(
    st.integers(1, 6), st.integers(-99, 99), st.floats(), st.none(), st.sampled_from(["", "NA", "x", "3", "2.0", "9"])
)


def meaning(cell):
    """Say what a cell is, written down a second time and as plainly as possible."""
    if cell is None or cell in ("", "NA", -9) or (isinstance(cell, float) and np.isnan(cell)):
        return "empty"
    number = float(cell) if cell != "x" else np.nan
    return int(number) if 1 <= number <= 6 and number == int(number) else "bad"


@some_examples
@given(st.lists(CELLS, max_size=30))
def test_every_cell_is_an_answer_an_empty_cell_or_a_fault(column):
    answers = read(pd.Series(column, name="a1", dtype="object"), missing={-9: "refused"})
    expected = [meaning(cell) for cell in column]
    assert answers.empty.tolist() == [position for position, kind in enumerate(expected) if kind == "empty"]
    assert len(answers.reasons) == len(answers.empty)
    assert n_bad_cells(answers.faults) == expected.count("bad")
    assert values_of(answers) == [kind if isinstance(kind, int) else None for kind in expected]


@some_examples
@given(st.lists(st.one_of(st.integers(-20, 20), st.none()), min_size=1, max_size=40))
def test_numbers_and_their_texts_are_read_alike(column):
    rule = {"missing": {-9: "refused"}}
    numbers = read(pd.Series(column, name="a1", dtype="Int64"), **rule)
    for other in (
        pd.Series(column, dtype="float64", name="a1"),
        pd.Series(column, dtype="Int64", name="a1").astype("string"),
    ):
        same = read(other, **rule)
        assert values_of(same) == values_of(numbers)
        assert reasons_of(same) == reasons_of(numbers)
        assert n_bad_cells(same.faults) == n_bad_cells(numbers.faults)
        assert same.recoded == numbers.recoded
