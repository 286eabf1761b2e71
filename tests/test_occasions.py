"""Keys that contradict each other are found; keys that do not, pass."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from toolkit.occasions import impossible_keys


def faults(**keys):
    return [str(fault) for fault in impossible_keys(pd.DataFrame(keys))]


def test_couples_over_waves_and_days_are_possible():
    keys = pd.DataFrame(
        [(f"{c}{role}", c, role, wave, day) for c in "xyz" for role in "ab" for wave in (1, 2) for day in (1, 2)],
        columns=["person", "couple", "role", "wave", "day"],
    )
    assert impossible_keys(keys) == []
    assert impossible_keys(keys[keys["person"] != "xa"]) == []


def test_rows_of_one_person_and_occasion_are_named():
    (fault,) = faults(person=["a", "b", "a", "a"])
    assert fault.startswith("rows 1, 3, 4: the same person and occasion has more than one row (person 'a'); name the")
    (fault,) = faults(person=["a", "a", "a"], wave=[1, 2, 2])
    assert fault == (
        "rows 2, 3: the same person and occasion has more than one row (person 'a', wave 2); keep one row each"
    )


def test_many_repeated_rows_are_counted():
    (fault,) = faults(person=[name for name in "abcdefgh" for _ in range(2)])
    assert "rows 1, 2, 3, 4, 5 and 11 more" in fault
    assert fault.count("person '") == 5
    assert "and 3 more" in fault


def test_three_people_are_no_couple():
    (fault,) = faults(person=list("abcd"), couple=[1, 1, 1, 2])
    assert fault == "couple 1: 3 people ('a', 'b', 'c'), but a couple has at most two; check the ids"


def test_many_crowded_couples_are_counted():
    found = faults(person=list(range(24)), couple=np.repeat(range(8), 3))
    assert len(found) == 6
    assert found[-1] == "couples: 3 further couples have more than two people"


@pytest.mark.parametrize("nothing", [None, "", "  ", "NA", "NaN", pd.NA])
def test_every_row_needs_its_couple(nothing):
    """R writes `NA`: two people without a couple are not a couple called NA."""
    (fault,) = faults(person=list("abc"), couple=["x", nothing, nothing])
    assert fault.startswith("key 'couple', rows 2, 3: the couple is empty")


@pytest.mark.parametrize("name", ["wave", "day", "role"])
def test_every_row_needs_its_other_keys(name):
    assert f"key '{name}', row 2: the {name} is empty" in faults(person=["a", "b"], **{name: [1, np.nan]})[0]


def test_a_person_may_be_called_na_but_not_nothing():
    assert faults(person=["NA", "NB"]) == []
    assert "the person is empty" in faults(person=["x", " "])[0]


def test_a_person_belongs_to_one_couple_and_one_role():
    (fault,) = faults(person=[1, 1], couple=["x", "y"], wave=[1, 2])
    assert fault.startswith("person 1: belongs to more than one couple")
    (fault,) = faults(person=[1, 1], couple=["x", "x"], wave=[1, 2], role=["a", "b"])
    assert fault.startswith("person 1: has more than one role")


def test_partners_have_different_roles():
    (fault,) = faults(person=[1, 2], couple=["x", "x"], role=["a", "a"])
    assert fault.startswith("couple 'x': both partners have the same role")


def test_contradictions_are_found_together():
    found = faults(person=[1, 1, 2, 3], couple=["x", "x", "x", "x"])
    assert [fault.split(":")[0] for fault in found] == ["rows 1, 2", "couple 'x'"]


@some_examples
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 2)), min_size=1, max_size=8), st.randoms()
)
def test_the_order_of_rows_changes_no_verdict(rows, random):
    keys = pd.DataFrame(rows, columns=["person", "couple", "wave"])
    shuffled = keys.iloc[random.sample(range(len(keys)), len(keys))]
    assert bool(impossible_keys(keys)) == bool(impossible_keys(shuffled))
