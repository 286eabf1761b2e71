import numpy as np
import pytest

from toolkit.kernels import consistency, consistency_gradients, intervals

NAMES = [
    "alpha",
    "alpha_standardised",
    "lambda1",
    "lambda2",
    "lambda5",
    "lambda6",
    "lambda6_covariance",
    "mean_r",
    "standard_error_of_measurement",
]


def covariance(k=5):
    generator = np.random.default_rng(3)
    x = generator.normal(size=(80, k)) + generator.normal(size=(80, 1))
    return np.cov((x * np.linspace(0.5, 3, k)).T)


@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_equal_complex_steps(name, k):
    s = covariance(k)
    steps = intervals.gradient(getattr(consistency, name), s)
    np.testing.assert_allclose(getattr(consistency_gradients, name)(s), steps, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_a_stack_gives_what_its_matrices_give(name):
    coefficient, stack = getattr(consistency, name), np.stack([covariance(), 2 * covariance() + np.eye(5)])
    np.testing.assert_allclose(coefficient(stack), [coefficient(one) for one in stack], atol=1e-15)


def test_a_singular_matrix_in_a_stack_gives_nan():
    found = consistency.lambda6(np.stack([np.ones((3, 3)), np.eye(3) + 1, np.full((3, 3), np.nan)]))
    assert np.isnan(found).tolist() == [True, False, True]
