import csv
import io
import math
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import format as fmt

texts = st.text(max_size=30)


@pytest.mark.parametrize(
    ("value", "digits", "bounded", "expected"),
    [
        (0.8319, 2, True, ".83"),
        (-0.8319, 3, True, "−.832"),
        (1.0, 2, True, "1.00"),
        (0.999, 2, True, "1.00"),
        (-0.001, 2, False, "0.00"),
        (1234567.891, 1, False, "1,234,567.9"),
        (float("nan"), 2, False, "—"),
        (None, 2, False, "—"),
        (float("-inf"), 2, False, "−∞"),
        (0.0, 2, True, ".00"),
    ],
)
def test_number(value, digits, bounded, expected):
    assert fmt.number(value, digits, bounded=bounded) == expected


@given(st.floats(-1e6, 1e6), st.integers(0, 6))
def test_a_printed_number_is_within_half_a_unit(value, digits):
    read = float(fmt.number(value, digits).replace(",", "").replace("−", "-"))
    assert abs(read - value) <= 0.5 * 10**-digits + 1e-9


@pytest.mark.parametrize(("p", "expected"), [(0.0004, "< .001"), (0.05, "= .050"), (1.0, "= 1.000"), (math.nan, "= —")])
def test_p_value(p, expected):
    assert fmt.p_value(p) == expected


@given(texts, texts)
def test_html_shows_text_and_runs_none(heading, value):
    table = fmt.Table.from_frame(pd.DataFrame({heading or "x": [value]}), f"Caption {value}")
    page = table.to_html()
    tags = set(re.findall(r"</?([^\s>/]*)", page))
    assert tags <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p"}


def test_table_is_accessible():
    page = fmt.Table.from_frame(pd.DataFrame({"scale": ["a"], "n": [3], "r": [0.5]}), "Correlations").to_html()
    assert "<caption>Correlations</caption>" in page
    assert '<th scope="col">Scale</th>' in page
    assert '<th scope="row">a</th>' in page
    assert '<td class="number">.50</td>' in page


def test_bounds_become_one_column_and_counts_get_separators():
    frame = pd.DataFrame({"n": [2800], "alpha_ci_low": [0.8157], "alpha_ci_high": [0.8473], "yes": [True]})
    table = fmt.Table.from_frame(frame, "c")
    assert table.headings == ("n", "CI of α", "Yes")
    assert table.rows == (("2,800", "[.82, .85]", "yes"),)


def test_empty_cells_are_dashes():
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [None, "x"], "c": [math.nan, 0.5]})
    assert fmt.Table.from_frame(frame, "c").rows == (("1", "—", "—"), ("—", "x", "0.50"))


def test_a_table_without_rows_is_its_caption_and_says_so():
    table = fmt.Table.from_frame(pd.DataFrame({"a": [], "b": []}), "Nothing")
    assert "<table><caption>Nothing</caption></table>" in table.to_html()
    assert table.to_html().endswith('<p class="note">None.</p>')
    assert table.to_text() == "Nothing\nNone."


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("+49 30", "'+49 30"),
        ("-5", "-5"),
        ("-5e3", "-5e3"),
        ("- x", "'- x"),
        ("a=1", "a=1"),
        (" =1", "' =1"),
        (7, 7),
    ],
)
def test_formulas_are_neutralised(value, expected):
    assert fmt.safe_cell(value) == expected


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5),
    st.lists(texts, min_size=1, max_size=5),
)
def test_csv_holds_full_precision(numbers, words):
    size = min(len(numbers), len(words))
    frame = pd.DataFrame({"x": numbers[:size], "w": words[:size]})
    rows = list(csv.reader(io.StringIO(fmt.to_csv(frame), newline="")))[1:]
    assert [float(row[0]) for row in rows] == numbers[:size]


def test_csv_neutralises_headings_and_categories():
    frame = pd.DataFrame({"=cmd": pd.Categorical(["=x", "y"]), "n": [1, -2]})
    assert fmt.to_csv(frame) == "'=cmd,n\n'=x,1\ny,-2\n"


def test_sentences_escape():
    assert fmt.Sentence("<b>n = 3")._repr_html_() == "<p>&lt;b&gt;n\u00a0=\u00a03</p>"
    assert fmt.Sentences(["a<"])._repr_html_() == "<ul><li>a&lt;</li></ul>"
