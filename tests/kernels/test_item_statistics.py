import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from toolkit.kernels import consistency, factoring, item_statistics


def answers(seed, n=120, k=5):
    generator = np.random.default_rng(seed)
    return np.clip(np.rint(3 + generator.normal(size=(n, 1)) + generator.normal(size=(n, k))), 1, 5)


def numerical(statistic, covariance, i, j, step=1e-5):
    """Differentiate towards a cell and its mirror."""
    moved = np.zeros_like(covariance)
    moved[i, j] = moved[j, i] = step
    return (statistic(covariance + moved) - statistic(covariance - moved)) / (2 * step)


def loadings(covariance):
    return factoring.minres(consistency.correlation(covariance), 1).loadings[:, 0]


@pytest.mark.parametrize(
    ("statistic", "gradients"),
    [
        (consistency.item_rest, item_statistics.item_rest_gradients),
        (loadings, lambda covariance: item_statistics.minres_gradients(covariance, loadings(covariance))),
    ],
)
def test_gradients_are_what_small_changes_show(statistic, gradients):
    covariance = np.cov(answers(1).T)
    slopes = gradients(covariance)
    for i in range(5):
        for j in range(i + 1):
            times = 1 if i == j else 2
            np.testing.assert_allclose(times * slopes[:, i, j], numerical(statistic, covariance, i, j), atol=1e-7)


@some_examples
@given(st.integers(0, 500))
def test_discrimination_keeps_under_orders_and_turns_with_the_item(seed):
    x = answers(seed, n=60)
    found = item_statistics.discrimination(x, 1, 5)
    order = np.random.default_rng(seed).permutation(60)
    np.testing.assert_allclose(item_statistics.discrimination(x[order][:, ::-1], 1, 5), found[::-1], atol=1e-12)
    np.testing.assert_allclose(item_statistics.discrimination(6 - x, 1, 5), found, atol=1e-12)
    assert (np.abs(found) <= 1).all()


def test_discrimination_is_the_range_where_an_item_parts_the_groups():
    x = np.array([[1, 1], [1, 1], [1, 2], [3, 3], [5, 4], [5, 5], [5, 5]], dtype=float)
    assert item_statistics.discrimination(x, 1, 5)[0] == 1
    assert np.isnan(item_statistics.discrimination(np.array([[1.0, 3], [2, 3], [3, 3]]), 1, 5)[0])


def test_leaving_out_each_item():
    covariance = np.cov(answers(2).T)
    others = item_statistics.without_each(covariance)
    np.testing.assert_allclose(others[1], np.delete(np.delete(covariance, 1, 0), 1, 1))


def test_three_items_leave_no_residuals():
    _, residuals = item_statistics.one_factor_residuals(np.cov(answers(3, k=3).T))
    np.testing.assert_allclose(residuals, 0, atol=1e-8)
