import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from toolkit.errors import ArgumentError, TooFewCases
from toolkit.kernels.moments import BLOCK, Moments, Sums, tabulate

tables = hnp.arrays(
    np.float64,
    st.tuples(st.integers(8, 30), st.integers(1, 5)),
    elements=st.one_of(st.integers(-50, 50).map(float), st.just(np.nan)),
)


def names(x):
    return tuple(f"v{index}" for index in range(x.shape[1]))


@settings(deadline=None, max_examples=60)
@given(tables, st.data())
def test_merging_parts_equals_one_pass(x, data):
    cut = data.draw(st.integers(0, len(x)))
    whole, parts = Moments.of(x, names(x)), Moments.of(x[:cut], names(x)) + Moments.of(x[cut:], names(x))
    for kind in ("pairwise", "listwise"):
        for attribute in ("n", "mean", "cross"):
            one, two = getattr(getattr(whole, kind), attribute), getattr(getattr(parts, kind), attribute)
            np.testing.assert_allclose(two, one, atol=1e-8)
    np.testing.assert_allclose(parts.third, whole.third, atol=1e-6, rtol=1e-9)
    np.testing.assert_allclose(parts.fourth, whole.fourth, atol=1e-5, rtol=1e-9)
    assert parts.n_rows == whole.n_rows == len(x)


@settings(deadline=None, max_examples=60)
@given(tables)
def test_covariances_equal_those_of_pandas_and_numpy(x):
    moments = Moments.of(x, names(x))
    if moments.pairwise.n.min() >= 2:
        np.testing.assert_allclose(moments.covariance("pairwise"), pd.DataFrame(x).cov(), atol=1e-9)
    complete = x[~np.isnan(x).any(axis=1)]
    assert moments.n_listwise == len(complete)
    if len(complete) >= 2:
        np.testing.assert_allclose(moments.covariance("listwise"), np.atleast_2d(np.cov(complete.T)), atol=1e-9)
    else:
        with pytest.raises(TooFewCases):
            moments.covariance("listwise")


def test_blocks_merge_without_loss_when_the_mean_is_large():
    x = np.random.default_rng(1).normal(1e8, 1.0, size=(BLOCK + 1000, 2))
    np.testing.assert_allclose(Moments.of(x).covariance("listwise"), np.cov(x.T), rtol=1e-6)


def test_higher_moments_over_blocks():
    x = np.random.default_rng(2).gamma(2.0, size=(BLOCK + 500, 1))
    deviation = x[:, 0] - x.mean()
    s = x[:, 0].std(ddof=1)
    np.testing.assert_allclose(Moments.of(x).skew(), [(deviation**3).mean() / s**3], rtol=1e-10)
    np.testing.assert_allclose(Moments.of(x).kurtosis(), [(deviation**4).mean() / s**4 - 3], rtol=1e-10)


def test_a_variable_that_does_not_vary_has_no_skew():
    assert np.isnan(Moments.of(np.ones((5, 1))).skew()).all()


def test_moments_of_different_variables_do_not_add():
    x = np.eye(3)
    with pytest.raises(ArgumentError, match="names differ"):
        Moments.of(x, ("a", "b", "c")) + Moments.of(x, ("a", "c", "b"))


@pytest.mark.parametrize(("x", "labels"), [(np.ones(3), None), (np.ones((3, 2)), ("a",))])
def test_shape_and_names_are_checked(x, labels):
    with pytest.raises(ArgumentError):
        Moments.of(x, labels)


def test_empty_sums_merge_to_the_other_part():
    empty, full = Sums.of(np.empty((0, 2))), Sums.of(np.arange(8.0).reshape(4, 2))
    np.testing.assert_array_equal((empty + full).cross, full.cross)
    np.testing.assert_array_equal((full + empty).mean, full.mean)


@given(st.lists(st.integers(-3, 3), max_size=40))
def test_tabulate_counts_every_option(codes):
    counts = tabulate(np.array(codes, dtype=np.int64), -3, 3)
    assert counts.tolist() == [codes.count(option) for option in range(-3, 4)]
