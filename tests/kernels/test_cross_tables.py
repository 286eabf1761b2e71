import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from toolkit.errors import ArgumentError
from toolkit.kernels import cross_tables
from toolkit.kernels.cross_tables import CrossTables


def answers(seed: int, n: int = 50) -> np.ndarray:
    generator = np.random.default_rng(seed)
    x = generator.integers(0, [3, 5, 2, 4], size=(n, 4)).astype(float)
    x[generator.random(x.shape) < 0.1] = np.nan
    return x


@some_examples
@given(st.integers(0, 1000), st.integers(0, 50))
def test_parts_merge_to_the_whole(seed, cut):
    x = answers(seed)
    whole, parts = CrossTables.of(x), CrossTables.of(x[:cut]) + CrossTables.of(x[cut:])
    np.testing.assert_array_equal(parts.burt, whole.burt)
    assert [one.tolist() for one in parts.categories] == [one.tolist() for one in whole.categories]
    assert parts.n_rows == whole.n_rows


def test_tables_count_the_rows_that_hold_both():
    x = answers(3)
    tables = CrossTables.of(x)
    for i in range(4):
        for j in range(i):
            expected = [[((x[:, i] == a) & (x[:, j] == b)).sum() for b in np.unique(x[~np.isnan(x[:, j]), j])]
                        for a in np.unique(x[~np.isnan(x[:, i]), i])]  # fmt: skip
            np.testing.assert_array_equal(tables.table(i, j), expected)
    held = (~np.isnan(x)).astype(float)
    np.testing.assert_array_equal(tables.n, held.T @ held)
    assert tables.margin(1).sum() == held[:, 1].sum()


def test_blocks_change_nothing(monkeypatch):
    x = answers(4)
    whole = CrossTables.of(x).burt
    monkeypatch.setattr(cross_tables, "BLOCK", 7)
    np.testing.assert_array_equal(CrossTables.of(x).burt, whole)


def test_categories_may_be_decimals_negative_or_far_apart():
    x = np.array([[-2, 0.5, 1e6], [3, 1.5, 0], [-2, 0.5, 0]])
    assert [one.tolist() for one in CrossTables.of(x).categories] == [[-2, 3], [0.5, 1.5], [0, 1e6]]


def test_given_categories_keep_those_that_do_not_occur():
    tables = CrossTables.of([[1], [3]], categories=[np.array([1.0, 2.0, 3.0])])
    assert tables.margin(0).tolist() == [1, 0, 1]


def test_shapes_are_checked():
    with pytest.raises(ArgumentError, match="two: rows by variables"):
        CrossTables.of([1, 2])
    with pytest.raises(ArgumentError, match="1 and of 2 variables"):
        CrossTables.of([[1]]) + CrossTables.of([[1, 2]])


@pytest.mark.parametrize(
    ("counts", "least", "expected"),
    [
        ([10, 10, 10], 5, [0, 1, 2]),
        ([1, 10, 10], 5, [0, 0, 1]),
        ([10, 3, 20, 0], 5, [0, 0, 1, 1]),
        ([1, 1, 1], 50, [0, 0, 1]),
        ([6, 2, 6], 5, [0, 0, 1]),
        ([1, 9], 5, [0, 1]),
    ],
)
def test_rare_categories_are_merged_with_the_rarer_neighbour(counts, least, expected):
    assert cross_tables.merged_categories(np.array(counts, dtype=float), least).tolist() == expected
