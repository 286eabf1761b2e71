import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.conftest import oracle
from toolkit.kernels import variance_components
from toolkit.kernels.agreement import MeanSquares
from toolkit.kernels.variance_components import CellSums

TABLES = oracle("agreement")["icc"]


def table(name):
    rows = TABLES[name]["x"]
    return np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=float)


@pytest.mark.parametrize("name", TABLES)
def test_mean_squares_equal_fisher_scoring_in_r(name):
    x, expected = table(name), TABLES[name]["mean_squares"]
    found = variance_components.reml(x)
    square = MeanSquares.of_components(*x.shape, found.target, found.rater, found.residual)
    assert found.converged
    for part in ("between", "raters", "error", "within"):
        assert getattr(square, part) == pytest.approx(expected[part], rel=1e-8)


def test_a_variance_at_its_boundary_is_zero():
    assert variance_components.reml(table("no_rater_variance")).rater == 0


def test_shrout_and_fleiss_with_a_hole_equal_lme4():
    data = oracle("02_icc_shrout_fleiss")
    x = np.array(data["data"]["values"], dtype=float)
    x[1, 2] = np.nan
    found = variance_components.reml(x)
    icc = MeanSquares.of_components(6, 4, found.target, found.rater, found.residual).icc()
    # psych calls lmer with its default tolerance, which leaves the sixth digit open.
    np.testing.assert_allclose(icc, data["lmer_TRUE_one_missing_S2J3"]["results"]["ICC"], atol=1e-6)


def test_the_deviance_is_that_of_the_dense_matrix():
    x = table("some_holes")
    at = np.nonzero(~np.isnan(x))
    y, ratio = x[at], np.array([0.7, 0.3])
    target, rater = np.eye(x.shape[0])[at[0]], np.eye(x.shape[1])[at[1]]
    v = np.eye(len(y)) + ratio[0] * target @ target.T + ratio[1] * rater @ rater.T
    inverse = np.linalg.inv(v)
    precision = inverse.sum()
    square = y @ inverse @ y - (inverse.sum(axis=0) @ y) ** 2 / precision
    expected = np.linalg.slogdet(v)[1] + np.log(precision) + (len(y) - 1) * np.log(square)
    assert variance_components.deviance(ratio, CellSums.of(x)) == pytest.approx(expected, abs=1e-9)


@some_examples
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-50, 50))
def test_units_and_order_change_nothing_but_the_scale(seed, scale, shift):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(15, 1)) + generator.normal(size=(15, 3)) + generator.normal(size=3)
    x[generator.random(x.shape) < 0.2] = np.nan
    x[:3] = np.nan_to_num(x[:3])
    one = variance_components.reml(x)
    two = variance_components.reml(scale * x[generator.permutation(15)][:, [2, 0, 1]] + shift)
    total = one.target + one.rater + one.residual
    for part in ("target", "rater", "residual"):
        difference = getattr(two, part) / scale**2 - getattr(one, part)
        assert abs(difference) < 1e-7 * total


def test_steps_from_the_whole_reach_what_a_fresh_start_reaches():
    x = table("some_holes")
    cluster = np.arange(len(x)) // 2
    whole = variance_components.reml(x)
    left = variance_components.reml_omitting_clusters(x, cluster, whole)
    for one in (0, 7, 19):
        fresh = variance_components.reml(x[cluster != one])
        assert left[one].converged
        assert left[one].target == pytest.approx(fresh.target, rel=1e-8)
        assert left[one].rater == pytest.approx(fresh.rater, rel=1e-8)
