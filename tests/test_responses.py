"""Responses: the one door for data; what it promises for any table."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import toolkit as tk
from tests.builders import assert_each_empty_cell_has_one_reason, assert_same, cells, my_scale, some_examples
from toolkit.errors import ArgumentError, ResponsesError, ToolkitError
from toolkit.responses import as_responses

ITEMS = ["a1", "a2", "a3"]
RAW = pd.DataFrame({"id": ["p1", "p2"], "a1": [1, 6], "a2": [1, 2], "a3": [3, 4], "age": [30, 41]})
ANSWER = st.one_of(st.integers(1, 6), st.sampled_from([-9, -8]), st.none())


def read(frame=RAW, **options):
    options.setdefault("person", "id")
    return tk.Responses.from_frame(frame, my_scale(), missing={-9: "refused", -8: "dont_know"}, **options)


@st.composite
def tables(draw):
    """Make a table of answers with holes, missing codes and a text covariate."""
    n = draw(st.integers(1, 8))
    columns = {name: pd.array(draw(st.lists(ANSWER, min_size=n, max_size=n)), dtype="Int64") for name in ITEMS}
    note = draw(st.lists(st.one_of(st.none(), st.text(max_size=5)), min_size=n, max_size=n))
    return pd.DataFrame({"id": [f"p{i}" for i in range(n)], **columns, "note": pd.Series(note, dtype="object")})


@some_examples
@given(tables())
def test_every_empty_cell_has_exactly_one_reason(frame):
    responses = read(frame)
    assert_each_empty_cell_has_one_reason(responses)
    codes = {-9: "refused", -8: "dont_know"}
    expected = {
        (row, name, codes[frame.loc[row, name]]) for name in ITEMS for row in frame.index[frame[name].isin(codes)]
    }
    assert {cell for cell in cells(responses) if cell[2] in ("refused", "dont_know")} == expected


@some_examples
@given(tables(), st.randoms())
def test_the_order_of_columns_and_rows_changes_nothing_but_order(frame, random):
    responses = read(frame)
    columns = random.sample(list(frame.columns), len(frame.columns))
    rows = random.sample(range(len(frame)), len(frame))
    assert_same(read(frame[columns]), responses)
    shuffled = read(frame.iloc[rows])
    pd.testing.assert_frame_equal(shuffled.frame, responses.frame.iloc[rows])
    assert cells(shuffled) == cells(responses)
    pd.testing.assert_frame_equal(tk.score(shuffled), tk.score(responses).iloc[rows])


@some_examples
@given(tables())
def test_reading_what_was_read_changes_nothing(frame):
    once = read(frame)
    again = tk.Responses.from_frame(once.frame, my_scale(), person="person")
    pd.testing.assert_frame_equal(again.frame, once.frame)


@some_examples
@given(tables())
def test_writing_and_reading_again_changes_nothing(tmp_path, frame):
    once = read(frame.drop(columns="note"))
    once.frame.to_csv(tmp_path / "again.csv", index=False)
    again = tk.read_responses(tmp_path / "again.csv", my_scale(), person="person")
    pd.testing.assert_frame_equal(again.frame, once.frame)


@pytest.mark.parametrize("kind", ["Int64", "Float64", "float64", "object", "string", "category"])
@some_examples
@given(frame=tables())
def test_kinds_of_columns_change_nothing(kind, frame):
    assert_same(read(frame.astype(dict.fromkeys(ITEMS, kind))), read(frame))


INDEXES = {
    "texts": pd.Index(["x", "y"]),
    "numbers": pd.Index([7, 3]),
    "dates": pd.DatetimeIndex(["2024-01-01", "2023-01-01"]),
    "two levels": pd.MultiIndex.from_tuples([("a", 1), ("b", 1)]),
    "named": pd.Index([5, 6], name="row"),
}


@pytest.mark.parametrize("name", INDEXES)
def test_row_labels_of_any_kind_are_kept(name):
    frame = RAW.assign(a1=[-9, 2]).set_axis(INDEXES[name])
    responses = read(frame)
    assert responses.frame.index.equals(INDEXES[name])
    assert tk.score(responses).index.equals(INDEXES[name])
    assert cells(responses) == {(INDEXES[name][0], "a1", "refused")}
    assert cells(responses.keep(np.array([False, True]))) == set()


def test_row_labels_that_repeat_are_numbered_and_that_is_logged():
    responses = read(RAW.set_axis([5, 5]))
    assert responses.frame.index.tolist() == [0, 1]
    assert responses.log.iloc[0][["action", "n_cells"]].tolist() == ["renumbered", 2]


def test_the_given_frame_is_not_changed():
    frame = RAW.assign(a1=[-9, 2])
    before = frame.copy()
    responses = read(frame)
    responses.frame.loc[0, "age"] = 99
    pd.testing.assert_frame_equal(frame, before)


def test_without_instruments_all_columns_are_covariates():
    responses = as_responses(RAW)
    assert (responses.items, responses.covariates) == ((), tuple(RAW.columns))
    assert as_responses(responses) is responses
    with pytest.raises(ArgumentError, match="the data are list, but must be Responses or a pandas DataFrame"):
        as_responses([1])


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: tk.Responses.from_frame([1, 2]), "the data are list, but must be a pandas DataFrame"),
        (lambda: tk.Responses.from_frame(RAW.iloc[:0]), "there are no rows of answers"),
        (lambda: tk.Responses.from_frame(pd.DataFrame(index=[1, 2])), "there are no rows of answers"),
        (lambda: tk.Responses.from_frame(RAW.rename(columns={"a2": "a1"})), "the column 'a1' stands more than once"),
        (lambda: tk.Responses.from_frame(RAW, "rwz"), r"no instrument 'rwz' in the catalogue\. Did you mean 'rws'"),
        (lambda: tk.Responses.from_frame(RAW, [my_scale(), my_scale()]), "two instruments have the id 'my'; keep one"),
        (
            lambda: tk.Responses.from_frame(RAW, [my_scale(), my_scale(id="x", max=5)]),
            "'a1' is defined differently",
        ),
        (lambda: read(person=3), "'person' must be text"),
        (lambda: read(columns={"a1": 3}), "'a1' must be text"),
        (lambda: read(columns=["a1"]), "'columns' must be `key: value` lines"),
        (
            lambda: read(answers="lables"),
            "answers is 'lables', but must be one of 'codes', 'labels'",
        ),
        (lambda: read(covariates=[{"nam": "age"}]), "unknown key 'nam'. Did you mean 'name'"),
        (lambda: read(covariates=[{"name": "age", "min": 9, "max": 1}]), "the range is upside down"),
        (lambda: read(covariates=[3]), "covariates"),
        (lambda: read(missing_by_column={"a1": {-9: "skiped"}}), "a1: the reason 'skiped' .* Did you mean 'skipped'"),
        (lambda: tk.Responses.from_frame(RAW, missing=[[1]]), r"missing: the missing code \[1\] must be a number"),
        (lambda: tk.Responses.from_frame(RAW, missing=object()), "must be a number or a text"),
    ],
)
def test_arguments_that_cannot_be_used_are_explained(call, expected):
    with pytest.raises(ToolkitError, match=expected) as problem:
        call()
    assert "pydantic" not in str(problem.value)


def test_two_instruments_may_share_items_that_are_defined_alike():
    short = tk.instrument_from_keys({"main": ["a1", "-a2"]}, min=1, max=6, id="short")
    responses = tk.Responses.from_frame(RAW, [my_scale(), short], person="id")
    assert responses.items == ("a1", "a2", "a3")
    assert responses.scales == ("my.main", "short.main")
    assert responses.find_scale("short.main")[0].id == "short"
    with pytest.raises(ArgumentError, match=r"'main' is not one scale of these data.* Scales: 'my.main'"):
        responses.find_scale("main")


def waves():
    frame = pd.concat([RAW.assign(wave=wave) for wave in (2, 1, 0)], ignore_index=True)
    return read(frame.assign(a1=[-9, 6, 1, 6, 1, 6]), wave="wave")


def test_an_occasion_is_chosen_with_its_reasons():
    responses = waves()
    assert len(responses.occasion(wave=2).frame) == 2
    assert len(cells(responses.occasion(wave="2"))) == 1
    assert len(cells(responses.occasion(wave=0))) == 0
    with pytest.raises(ArgumentError, match=r"several values of wave \(0, 1, 2\); choose one with wave="):
        responses.occasion()
    with pytest.raises(ArgumentError, match="wave=7 is not in the data"):
        responses.occasion(wave=7)
    with pytest.raises(ArgumentError, match="the data have no day column; leave day out"):
        responses.occasion(wave=1, day=1)


def test_the_first_occasion_is_taken_where_none_is_named():
    responses = waves()
    assert set(responses.first_occasion().frame["wave"]) == {0}
    assert set(responses.first_occasion(wave="").frame["wave"]) == {0}
    assert set(responses.first_occasion(wave=1).frame["wave"]) == {1}
    later = responses.keep(responses.frame["wave"].to_numpy() > 0)
    with pytest.raises(ArgumentError, match="wave=0 is not in the data"):
        later.first_occasion(wave=0)


def test_one_occasion_needs_no_name():
    assert len(read(RAW.assign(wave=3), wave="wave").occasion().frame) == 2
    assert len(read().occasion().frame) == 2


def test_ranges_and_keys_of_items_are_at_hand():
    assert read().declared("a2") == (1, 6)
    assert [read().is_reversed(item) for item in ITEMS] == [False, True, False]


def test_a_summary_says_how_much_is_missing():
    assert str(read(RAW.assign(a1=[-9, 2])).sentence()) == (
        "2 rows of 2 persons; 3 items; 1 of 6 answers is missing (16.7%)."
    )


def test_the_history_sums_up_the_log():
    assert "missing code" in read(RAW.assign(a1=[-9, 2])).history().to_text()
    assert read().history().to_text()


def test_markup_quotes_emoji_and_long_names_go_through():
    names = ['<script>alert("x")</script>', "it's; 😀, \n", "=1+1", "x" * 10_000]
    frame = pd.DataFrame({"id": names, **{item: [1, 2, 3, 4] for item in ITEMS}, names[0]: names, names[3]: 1})
    responses = read(frame)
    assert responses.frame["person"].tolist() == [name.strip() for name in names]
    assert responses.frame[names[0]].tolist() == names


JUNK = st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=4), st.booleans(), st.binary(max_size=2))


@some_examples
@given(st.lists(st.lists(JUNK, min_size=3, max_size=3), min_size=1, max_size=5), st.text(max_size=3))
def test_any_table_is_read_or_refused_in_words(rows, name):
    assume(name not in ("a", "id"))
    keys = tk.instrument_from_keys({"f": ["a"]}, min=1, max=6)
    frame = pd.DataFrame(rows, columns=["a", "id", name])
    covariates = [{"name": name, "max": 9}]
    try:
        responses = tk.Responses.from_frame(frame, keys, person="id", missing=[-9], covariates=covariates)
    except (ResponsesError, ArgumentError):
        return
    assert_each_empty_cell_has_one_reason(responses)


@pytest.mark.parametrize(
    ("waves", "first"), [(["pre", "post"], "pre"), (["10", "9"], "9"), ([10, 9], 9), (["t2", "t1"], "t2")]
)
def test_the_first_wave_is_the_smallest_number_or_the_word_that_comes_first(waves, first):
    frame = pd.DataFrame({"id": [1, 1], "t": waves, "x": [1, 2]})
    r = tk.Responses.from_frame(frame, person="id", wave="t")
    assert r.first_occasion().frame["wave"].tolist() == [first]
    assert tk.describe(r.first_occasion()).settings["wave"] == first
    assert "1 further row (" in r.left_out(r.first_occasion())


def test_codes_of_items_that_stand_in_covariates_are_logged_and_kept():
    keys = tk.instrument_from_keys({"f": ["a"]}, min=1, max=5)
    r = tk.Responses.from_frame(pd.DataFrame({"a": [1, -9], "age": [-9, 30]}), keys, missing={-9: "refused"})
    assert r.frame["age"].tolist() == [-9, 30]
    assert r.log.query("column == 'age'")["action"].tolist() == ["code kept"]


def test_spaces_at_the_ends_of_keys_do_not_split_couples():
    frame = pd.DataFrame({"id": ["p1", "p2 "], "c": ["c1", " c1"], "x": [1, 2]})
    r = tk.Responses.from_frame(frame, person="id", couple="c")
    assert r.frame["couple"].tolist() == ["c1", "c1"]
    assert r.log["action"].tolist() == ["spaces removed", "spaces removed"]


def test_infinite_covariates_are_flagged():
    r = tk.Responses.from_frame(pd.DataFrame({"x": [1.0, float("inf"), 2.0]}))
    assert r.flags["rule"].tolist() == ["finite numbers"]


def test_a_plain_frame_with_columns_named_like_keys_gets_advice_that_works():
    with pytest.raises(ArgumentError, match=r"Responses.from_frame\(frame, day='day'\)"):
        tk.describe(pd.DataFrame({"day": [1, 2], "x": [1, 2]}))


def test_rows_that_hold_some_values():
    frame = pd.DataFrame(
        {"x": [1, 2, 3, 4], "gender": ["man", "woman", None, "other"], "group": [1.0, 2.0, np.nan, 3.0]}
    )
    responses = tk.Responses.from_frame(frame)
    assert responses.among("gender", ["woman", "man"]).frame["x"].tolist() == [1, 2]
    assert responses.among("group", ["3", 1]).frame["x"].tolist() == [1, 4]
    assert responses.among("gender", []) is responses


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        (
            "gender",
            ["wman"],
            "values of gender: there is no value 'wman'. Did you mean 'woman'? Known: 'man', 'woman'.",
        ),
        ("gendr", ["man"], "name: there is no column 'gendr'. Did you mean 'gender'?"),
    ],
)
def test_values_that_no_row_holds_are_refused(name, values, told):
    responses = tk.Responses.from_frame(pd.DataFrame({"x": [1, 2], "gender": ["man", "woman"]}))
    with pytest.raises(ArgumentError) as problem:
        responses.among(name, values)
    assert told in str(problem.value)
