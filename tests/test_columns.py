"""Which column holds which item: rules, patterns, what does not fit, and likely typing errors."""

import pytest

from toolkit.columns import lookalikes, map_columns

ITEMS = ["has01", "has02", "has10"]


def names(rules, theirs, ours=ITEMS):
    chosen = map_columns(rules, ours, theirs)
    assert chosen.faults == ()
    return dict(chosen.names)


def faults(rules, theirs, ours=ITEMS):
    return [str(fault) for fault in map_columns(rules, ours, theirs).faults]


def test_columns_with_our_names_need_no_rule():
    assert names({}, ["id", *ITEMS]) == {name: name for name in ITEMS}


def test_a_rule_names_one_column_and_a_pattern_many():
    assert names({"has01": "Q12_1"}, ["Q12_1", "has02"]) == {"has01": "Q12_1", "has02": "has02"}
    theirs = ["Q12_1", "Q12_2", "Q12_10", "Q12_3"]
    assert names({"has{n}": "Q12_{n}"}, theirs) == {"has01": "Q12_1", "has02": "Q12_2", "has10": "Q12_10"}
    assert names({"has{n}": "{n}. Ask (now)"}, ["01. Ask (now)"]) == {"has01": "01. Ask (now)"}


def test_a_rule_comes_before_a_column_of_the_same_name():
    assert names({"has01": "has02"}, ["has01", "has02"], ["has01"]) == {"has01": "has02"}


@pytest.mark.parametrize(
    ("rules", "theirs", "expected"),
    [
        (
            {"has99": "Q1"},
            ["Q1"],
            "columns, 'has99': there is no item or covariate 'has99' in this study. Did",
        ),
        ({"has01": "Q1_1"}, ["Q11"], "columns, 'has01': the data have no column 'Q1_1'. Did you mean 'Q11'?"),
        ({"has{n}": "Q1"}, ["Q1"], "'Q1' needs {n} too"),
        ({"hsa{n}": "Q{n}"}, ["Q1"], "no item is named like 'hsa{n}'. Items: 'has01'"),
        ({"has{n}": "Q{n}"}, ["X1"], "no column is named like 'Q{n}'. Columns: 'X1'"),
        ({"has{n}": "Q{n}"}, ["Q1", "Q01"], "several columns are number 1 of 'Q{n}'"),
        ({"has01": "Q1", "has02": "Q1"}, ["Q1"], "the column 'Q1' is mapped to 'has01', 'has02'; keep one of them"),
    ],
)
def test_rules_that_do_not_fit_are_explained(rules, theirs, expected):
    assert any(expected in fault for fault in faults(rules, theirs))


def test_numbers_too_long_to_be_numbers_are_names():
    assert names({"has{n}": "Q{n}"}, ["Q1", "Q" + "1" * 5000]) == {"has01": "Q1"}


@pytest.mark.parametrize(
    ("columns", "items", "expected"),
    [
        (["rws99", "age"], ["rws01", "rws02"], ["rws99"]),
        (["rws1"], ["rws01", "rws02"], ["rws1"]),
        (["Q12"], ["Q1"], []),
        (["7"], ["1", "2"], []),
        (["rws"], ["rws01", "rws02"], []),
        (["1" * 10_000 + "a", "rws" + "9" * 10_000], ["rws01", "rws02"], ["rws" + "9" * 10_000]),
    ],
)
def test_lookalikes_share_the_letters_of_several_items(columns, items, expected):
    assert lookalikes(columns, items) == expected
