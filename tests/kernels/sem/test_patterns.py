"""Rows by missing pattern, and the likelihood of incomplete rows as a function of the moments."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from tests.builders import some_examples
from toolkit.kernels.sem import incomplete
from toolkit.kernels.sem.patterns import Patterns, never_together


def with_holes(seed, n=60, p=4, share=0.35):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, p)) @ generator.normal(size=(p, p)) + generator.normal(size=p) * 5
    x[generator.random(x.shape) < share] = np.nan
    return x


def moments(seed, p=4):
    generator = np.random.default_rng([seed, 1])
    return np.cov(generator.normal(size=(5 * p, p)).T), generator.normal(size=p)


def by_content(patterns):
    """Each pattern's n, mean and cross-products under the pattern."""
    cross = [*patterns.cross, *np.zeros((len(patterns.n) - len(patterns.cross), *patterns.cross.shape[1:]))]
    rows = zip(patterns.observed, patterns.n, patterns.mean, cross, strict=True)
    return {tuple(held): (n, mean, square) for held, n, mean, square in rows}


def assert_equal_patterns(one, other):
    left, right = by_content(one), by_content(other)
    assert set(left) == set(right)
    for key, values in left.items():
        for value, wanted in zip(values, right[key], strict=True):
            np.testing.assert_allclose(value, wanted, atol=1e-11)
    assert one.n_empty == other.n_empty


@some_examples
@given(st.integers(0, 10_000))
def test_patterns_hold_the_moments_of_their_rows(seed):
    x = with_holes(seed)
    patterns, row_patterns = Patterns.with_rows(x)
    assert patterns.n_rows + patterns.n_empty == len(x)
    assert patterns.n_empty == (row_patterns < 0).sum() == np.isnan(x).all(axis=1).sum()
    assert (np.diff(patterns.n) <= 0).all()
    for index, held in enumerate(patterns.observed):
        rows = x[row_patterns == index]
        assert (~np.isnan(rows) == held).all()
        assert len(rows) == patterns.n[index]
        np.testing.assert_allclose(patterns.mean[index, held], rows[:, held].mean(axis=0))
        assert not patterns.mean[index, ~held].any()
        if len(rows) > 1:
            away = rows[:, held] - rows[:, held].mean(axis=0)
            np.testing.assert_allclose(patterns.cross[index][np.ix_(held, held)], away.T @ away, atol=1e-11)


@some_examples
@given(st.integers(0, 10_000), st.integers(0, 60))
def test_patterns_of_parts_merge(seed, cut):
    x = with_holes(seed)
    assert_equal_patterns(Patterns.of(x[:cut]) + Patterns.of(x[cut:]), Patterns.of(x))


@some_examples
@given(st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing(seed):
    x = with_holes(seed)
    shuffled = np.random.default_rng(seed).permutation(x)
    assert_equal_patterns(Patterns.of(shuffled), Patterns.of(x))
    assert (Patterns.of(shuffled).observed == Patterns.of(x).observed).all()


def test_more_than_64_variables_make_patterns():
    x = with_holes(1, n=30, p=150, share=0.02)
    x = np.vstack([x, x])
    patterns, row_patterns = Patterns.with_rows(x)
    assert (patterns.n >= 2).all()
    assert (patterns.observed[row_patterns] == ~np.isnan(x)).all()


def test_available_moments_are_those_of_each_variable():
    x = with_holes(2)
    mean, variance = Patterns.of(x).available
    np.testing.assert_allclose(mean, np.nanmean(x, axis=0))
    np.testing.assert_allclose(variance, np.nanvar(x, axis=0))


def test_pairs_that_no_row_holds_are_found():
    x = with_holes(3, n=40, share=0.0)
    x[:20, 1] = np.nan
    x[20:, 3] = np.nan
    assert never_together(Patterns.of(x)) == [(1, 3)]
    x[:, 0] = np.nan
    assert never_together(Patterns.of(x)) == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 3)]


@pytest.mark.parametrize("p", [4, 40])
def test_the_likelihood_is_the_sum_of_the_rows_own(p):
    x, (covariance, mean) = with_holes(4, n=30, p=p), moments(4, p)
    patterns = Patterns.of(x)
    total = 0.0
    for row in x:
        held = ~np.isnan(row)
        if held.any():
            total += multivariate_normal(mean[held], covariance[np.ix_(held, held)]).logpdf(row[held])
    assert incomplete.slope(patterns, covariance, mean).value == pytest.approx(-total / patterns.n_rows, rel=1e-11)


@pytest.mark.parametrize("p", [4, 40])
def test_inverses_are_those_of_the_observed_parts(p):
    x, (covariance, _) = with_holes(5, n=30, p=p, share=0.4), moments(5, p)
    patterns = Patterns.of(x)
    found, logs = incomplete.inverses(covariance, patterns)
    for held, inverse, log in zip(patterns.observed, found, logs, strict=True):
        part = covariance[np.ix_(held, held)]
        np.testing.assert_allclose(inverse[np.ix_(held, held)], np.linalg.inv(part), rtol=1e-8, atol=1e-8)
        assert not inverse[~held].any()
        assert not inverse[:, ~held].any()
        assert log == pytest.approx(np.linalg.slogdet(part)[1], rel=1e-9)


def slopes_of(patterns, values):
    """Derivatives of F for means and the lower triangle of Σ."""
    triangle = incomplete.Triangle.of(4)
    at = incomplete.slope(patterns, triangle.matrix(values[4:]), values[:4])
    return np.concatenate([at.mean, 2 * triangle.scale * triangle.cells(at.covariance)])


def test_derivatives_are_those_of_differences():
    x, (covariance, mean) = with_holes(6), moments(6)
    patterns, row_patterns = Patterns.with_rows(x)
    triangle = incomplete.Triangle.of(4)
    values = np.concatenate([mean, triangle.cells(covariance)])
    steps = 1e-5 * np.eye(len(values))

    def value(at):
        return incomplete.slope(patterns, triangle.matrix(at[4:]), at[:4]).value

    slope = slopes_of(patterns, values)
    differences = [(value(values + step) - value(values - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(slope, differences, atol=1e-7)
    bent = [(slopes_of(patterns, values + step) - slopes_of(patterns, values - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(incomplete.observed_information(patterns, covariance, mean), bent, rtol=1e-6, atol=1e-6)
    scores = np.zeros((len(x), len(values)))
    for rows, part in incomplete.scores(x, row_patterns, patterns, covariance, mean):
        scores[rows] = part
    np.testing.assert_allclose(scores.sum(axis=0) / patterns.n_rows, -slope, atol=1e-11)
    assert not scores[np.isnan(x).all(axis=1)].any()


def test_expected_information_is_that_of_the_patterns_own_moments():
    """Where each pattern has exactly the moments that are tried, observed information is the expected one."""
    covariance, mean = moments(7)
    observed = np.array([[1, 1, 1, 1], [1, 0, 1, 1], [0, 1, 1, 0]], dtype=bool)
    n = np.array([50.0, 30.0, 20.0])
    both = observed[:, :, None] & observed[:, None, :]
    fitting = Patterns(observed, n, np.where(observed, mean, 0.0), both * covariance * n[:, None, None], 0)
    np.testing.assert_allclose(
        incomplete.expected_information(fitting, covariance),
        incomplete.observed_information(fitting, covariance, mean),
        atol=1e-10,
    )
