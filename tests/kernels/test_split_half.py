from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from toolkit.errors import ArgumentError
from toolkit.kernels import consistency, split_half


def covariance(k, seed=1):
    generator = np.random.default_rng(seed)
    return np.cov((generator.normal(size=(50, k)) + generator.normal(size=(50, 1))).T)


@pytest.mark.parametrize("k", [2, 3, 4, 5, 8])
def test_every_split_is_looked_at_once(k):
    s = covariance(k)
    splits = [set(half) for half in combinations(range(k), k // 2) if k % 2 or 0 in half]
    by_hand = [4 * s[np.ix_(list(half), sorted(set(range(k)) - half))].sum() / s.sum() for half in splits]
    found = split_half.split_halves(s)
    assert found.n_splits == len(splits)
    assert (found.low, found.mean, found.high) == pytest.approx((min(by_hand), np.mean(by_hand), max(by_hand)))


@some_examples
@given(st.integers(1, 7), st.integers(0, 1000))
def test_the_mean_of_even_splits_is_alpha(half, seed):
    s = covariance(2 * half, seed)
    assert split_half.split_halves(s).mean == pytest.approx(consistency.alpha(s), abs=1e-12)


@some_examples
@given(st.integers(1, 6), st.integers(0, 1000))
def test_the_mean_of_odd_splits_is_alpha_but_for_the_item_left_over(half, seed):
    k = 2 * half + 1
    s = covariance(k, seed)
    assert split_half.split_halves(s).mean == pytest.approx(consistency.alpha(s) * (1 - 1 / k**2), abs=1e-12)


@some_examples
@given(st.permutations(range(6)))
def test_the_order_of_items_changes_nothing(order):
    s = covariance(6)
    one, two = split_half.split_halves(s), split_half.split_halves(s[np.ix_(order, order)])
    assert (two.low, two.mean, two.high) == pytest.approx((one.low, one.mean, one.high))


def test_the_best_split_is_the_one_with_lambda_4():
    found = split_half.split_halves(covariance(7))
    assert split_half.coefficients(covariance(7), found.best[None])[0] == pytest.approx(found.high)


def test_many_items_are_sampled_within_all_splits():
    s = covariance(17)
    with pytest.raises(ArgumentError, match="generator"):
        split_half.split_halves(s)
    found = split_half.split_halves(s, np.random.default_rng(1))
    assert (found.exhaustive, found.n_splits) == (False, 10_000)
    masks = split_half.sampled_splits(17, 500, np.random.default_rng(1))
    assert set(masks.sum(axis=1)) == {8}
    assert found.mean == pytest.approx(consistency.alpha(s) * (1 - 1 / 17**2), abs=0.002)
