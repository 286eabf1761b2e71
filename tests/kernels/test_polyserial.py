import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from toolkit.kernels import polyserial
from toolkit.kernels.polyserial import MixedPair, MixedTerms

STEP = 1e-6


def mixed(seed: int, rho: float = 0.5, n: int = 60) -> MixedPair:
    generator = np.random.default_rng(seed)
    z = generator.normal(size=n)
    cuts = np.array([-0.7, 0.1, 1.2])
    return MixedPair(np.digitize(rho * z + np.sqrt(1 - rho**2) * generator.normal(size=n), cuts), z, cuts)


def log_likelihood(pair: MixedPair, rho: float) -> float:
    return float(np.log(MixedTerms.of(pair, rho).probability).sum())


@some_examples
@given(st.integers(0, 10_000), st.floats(-0.95, 0.95))
def test_scores_are_the_slope_of_the_likelihood(seed, rho):
    pair = mixed(seed)
    slope = (log_likelihood(pair, rho + STEP) - log_likelihood(pair, rho - STEP)) / (2 * STEP)
    assert MixedTerms.of(pair, rho).score.sum() == pytest.approx(slope, rel=1e-4, abs=1e-4)


@some_examples
@given(st.integers(0, 10_000), st.sampled_from([-0.8, 0.0, 0.6]))
def test_the_estimate_is_the_maximum_and_turns_with_the_variable(seed, rho):
    pair = mixed(seed, rho)
    found = polyserial.estimate(pair)
    assert log_likelihood(pair, found) >= max(log_likelihood(pair, found + step) for step in (-1e-3, 1e-3))
    assert polyserial.estimate(MixedPair(pair.category, -pair.z, pair.cuts)) == pytest.approx(-found, abs=1e-10)


def test_observed_sensitivities_are_minus_the_slopes_of_the_scores():
    pair, rho, variance = mixed(1), 0.4, 2.0
    found = polyserial.mixed_sensitivities(pair, rho, variance, observed=True)

    def total(**change) -> float:
        cuts = pair.cuts + change.get("cuts", 0)
        z = (pair.z * np.sqrt(variance) - change.get("mean", 0)) / np.sqrt(variance + change.get("variance", 0))
        return float(MixedTerms.of(MixedPair(pair.category, z, cuts), rho + change.get("rho", 0)).score.sum())

    def slope(name: str, size) -> float:
        return (total(**{name: size}) - total(**{name: -size})) / (2 * STEP)

    assert found.correlation == pytest.approx(-slope("rho", STEP), rel=1e-6)
    assert found.second == pytest.approx([-slope("mean", STEP), -slope("variance", STEP)], rel=1e-5)
    assert found.first == pytest.approx([-slope("cuts", STEP * row) for row in np.eye(3)], rel=1e-5)


def test_two_continuous_variables_with_means_and_variances_of_other_rows():
    generator = np.random.default_rng(2)
    x, y = generator.normal(size=(2, 50)) * 1.3 + 0.2

    def likelihood(rho: float) -> float:
        rest = 1 - rho**2
        return -25 * np.log(rest) - ((x - rho * y) @ x + (y - rho * x) @ y) / (2 * rest)

    found = polyserial.of_two_continuous(x, y)
    assert polyserial.score_of_two_continuous(x, y, found).sum() == pytest.approx(0, abs=1e-10)
    assert likelihood(found) == pytest.approx(max(map(likelihood, np.linspace(-0.99, 0.99, 397))), abs=1e-2)
