import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.builders import my_scale
from toolkit.analysis.inputs import answers_array, chosen_items
from toolkit.errors import ArgumentError


@pytest.fixture(scope="module")
def small():
    raw = pd.DataFrame(
        {"a1": [1, 2, 6], "a2": [2, None, 5], "a3": [3, 3, 3], "age": [20, 30, 40], "word": ["x", "y", "z"]}
    )
    return tk.Responses.from_frame(raw, my_scale())


def test_all_items_or_all_numeric_columns_are_chosen_by_default(small):
    assert chosen_items(small, None) == ("a1", "a2", "a3")
    plain = tk.Responses.from_frame(pd.DataFrame({"x": [1.5, 2], "word": ["a", "b"], "y": [2, 1]}))
    assert chosen_items(plain, None) == ("x", "y")


@pytest.mark.parametrize("name", ["my", "my.main", "main"])
def test_a_scale_or_an_instrument_stands_for_its_items(small, name):
    assert chosen_items(small, name) == ("a1", "a2", "a3")
    assert chosen_items(small, ["age", "a3", name, "a3"]) == ("age", "a3", "a1", "a2")


def test_an_unknown_item_is_refused_with_the_nearest(small):
    with pytest.raises(ArgumentError, match=r"items: there is no item, scale or column 'a33'\. Did you mean 'a3'"):
        chosen_items(small, ["a1", "a33"])


def test_answers_are_taken_as_given(small):
    found = answers_array(small, ["a2", "age"])
    np.testing.assert_array_equal(found, [[2, 20], [np.nan, 30], [5, 40]])
    assert answers_array(small, []).shape == (3, 0)
    with pytest.raises(ArgumentError, match="not numeric"):
        answers_array(small, ["word"])
