import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.kernels import consistency


def covariance(seed, k=5, n=60):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, k)) + generator.normal(size=(n, 1))
    return np.cov(x.T), x


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_item_total_correlations_equal_those_of_the_sums(seed):
    s, x = covariance(seed)
    total = x.sum(axis=1)
    for index in range(x.shape[1]):
        whole = np.corrcoef(x[:, index], total)[0, 1]
        rest = np.corrcoef(x[:, index], total - x[:, index])[0, 1]
        assert consistency.item_total(s)[index] == pytest.approx(whole, abs=1e-12)
        assert consistency.item_rest(s)[index] == pytest.approx(rest, abs=1e-12)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 50))
def test_coefficients_do_not_depend_on_the_unit(seed, unit):
    s, _ = covariance(seed)
    for coefficient in (consistency.alpha, consistency.lambda2, consistency.lambda6, consistency.mean_r):
        assert coefficient(s * unit) == pytest.approx(coefficient(s), rel=1e-10)
    ratio = consistency.standard_error_of_measurement(s * unit**2) / consistency.standard_error_of_measurement(s)
    assert ratio == pytest.approx(unit, rel=1e-10)


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_lambda2_is_at_least_alpha(seed):
    s, _ = covariance(seed)
    assert consistency.lambda2(s) >= consistency.alpha(s) - 1e-12


def test_parallel_items_reach_the_spearman_brown_value():
    k, r = 6, 0.4
    s = np.full((k, k), r) + (1 - r) * np.eye(k)
    expected = k * r / (1 + (k - 1) * r)
    for coefficient in (consistency.alpha, consistency.alpha_standardised, consistency.lambda2):
        assert coefficient(s) == pytest.approx(expected, abs=1e-14)


def test_squared_multiple_correlations_equal_those_of_regression():
    s, x = covariance(3, k=4, n=200)
    design = np.column_stack([np.ones(len(x)), x[:, 1:]])
    fitted = design @ np.linalg.lstsq(design, x[:, 0], rcond=None)[0]
    assert consistency.squared_multiple_correlations(s)[0] == pytest.approx(np.corrcoef(fitted, x[:, 0])[0, 1] ** 2)
