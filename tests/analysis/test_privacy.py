import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.analysis.privacy import SMALL_GROUPS, shown_groups


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(1, 10))
def test_nothing_small_is_shown_and_nothing_hidden_can_be_worked_out(sizes, smallest):
    groups = pd.Series([f"g{index}" for index, size in enumerate(sizes) for _ in range(size)])
    table = shown_groups(groups, smallest).set_index("value")["n"]
    named = table.drop(SMALL_GROUPS, errors="ignore")
    assert (named >= smallest).all()
    for name, n in named.items():
        assert n == sizes[int(name.removeprefix("g"))]
    n_hidden = len(sizes) - len(named)
    pooled = sum(sizes) - int(named.sum())
    if 0 < n_hidden < len(sizes):
        assert n_hidden > 1
        assert pooled >= smallest
        assert pooled > n_hidden, "as many people as groups would mean one in each"
        assert table[SMALL_GROUPS] == pooled


def test_shares_are_of_all_rows_with_empty_ones():
    table = shown_groups(pd.Series(["a"] * 6 + [None] * 4), 5)
    assert table["share"].tolist() == [0.6]


@pytest.mark.parametrize(("n", "shown"), [(5, True), (4, False)])
def test_the_pool_is_counted_where_it_is_large_enough(n, shown):
    table = shown_groups(pd.Series([f"g{index}" for index in range(n)]), 5)
    assert table["value"].tolist() == [SMALL_GROUPS]
    assert table["n"].notna().tolist() == [shown]
