import numpy as np
import pytest

from toolkit.kernels import consistency, intervals

COEFFICIENTS = [
    consistency.alpha,
    consistency.alpha_standardised,
    consistency.lambda2,
    consistency.lambda6,
    consistency.mean_r,
    consistency.standard_error_of_measurement,
]


def answers(n=120, k=4, seed=1):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(n, k)) + generator.normal(size=(n, 1))


@pytest.mark.parametrize("statistic", COEFFICIENTS, ids=lambda one: one.__name__)
def test_complex_steps_equal_finite_differences(statistic):
    s = np.cov(answers().T)
    slope = intervals.gradient(statistic, s)
    step = np.zeros_like(s)
    step[0, 2] = step[2, 0] = 1e-6
    numeric = (statistic(s + step) - statistic(s - step)) / 2e-6
    assert 2 * slope[0, 2] == pytest.approx(numeric, abs=1e-7)


@pytest.mark.parametrize("statistic", COEFFICIENTS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("holes", [0.0, 0.1])
def test_influence_is_the_effect_of_a_row(statistic, holes):
    """Leaving a row out changes the statistic by about its influence over n (the jackknife)."""
    x = answers(n=400)
    x[np.random.default_rng(2).random(x.shape) < holes] = np.nan
    influences = intervals.influence(statistic, x)
    assert influences.mean() == pytest.approx(0, abs=1e-10)

    def of(rows):
        sums = intervals.Sums.of(rows)
        return statistic(sums.cross / sums.n)

    jackknife = np.array([(len(x) - 1) * (of(x) - of(np.delete(x, row, axis=0))) for row in range(60)])
    assert np.corrcoef(jackknife, influences[:60])[0, 1] > 0.999


def test_sandwich_of_single_rows_and_of_duplicated_rows():
    x = answers()
    influences = intervals.influence(consistency.alpha, x)
    alone = intervals.sandwich(influences, np.arange(len(x)))
    twice = intervals.sandwich(np.repeat(influences, 2), np.repeat(np.arange(len(x)), 2))
    assert twice == pytest.approx(alone, rel=1e-12), "a row that is there twice in its cluster adds no information"


def test_normal_interval_widens_with_few_clusters():
    wide, narrow = intervals.normal(0, 1, 0.95, df=5), intervals.normal(0, 1, 0.95)
    assert narrow == pytest.approx((-1.959963984540054, 1.959963984540054))
    assert wide == pytest.approx((-2.570581835636314, 2.570581835636314))


def test_the_interval_of_a_reliability_is_bonetts():
    """On the scale ln(1 − ρ): exp of its ends is (1 − ρ) times or over the same factor."""
    low, high = intervals.of_reliability(0.8, 0.03, 0.95)
    factor = np.exp(1.959963984540054 * 0.03 / 0.2)
    assert (1 - low, 1 - high) == pytest.approx((0.2 * factor, 0.2 / factor))
    assert intervals.of_reliability(0.95, 0.1, 0.95)[1] < 1


def test_intervals_of_positive_quantities_and_correlations_stay_within_their_bounds():
    low, high = intervals.positive(0.5, 0.4, 0.95)
    assert 0 < low < 0.5 < high
    assert low * high == pytest.approx(0.25)
    low, high = intervals.of_correlation(0.95, 0.2, 0.95)
    assert -1 < low < 0.95 < high < 1
    assert intervals.of_correlation(0.3, (1 - 0.3**2) / np.sqrt(97), 0.95) == pytest.approx(
        intervals.fisher_z(0.3, 100, 0.95)
    )


def test_degrees_of_freedom_are_those_of_normal_sums_and_fewer_for_heavy_tails():
    normal = np.random.default_rng(1).normal(size=200_000)
    assert intervals.sandwich_df(normal) == pytest.approx(len(normal), rel=0.02)
    heavy = np.random.default_rng(1).standard_t(5, size=2000)
    assert intervals.sandwich_df(heavy) < 0.8 * len(heavy)
    assert intervals.sandwich_df(np.array([1.0, -1.0, 1.0, -1.0])) == 3


def test_the_sandwich_may_be_made_of_sums():
    influences, cluster = np.random.default_rng(1).normal(size=40), np.arange(40) // 4
    sums = intervals.cluster_sums(influences, cluster)
    assert sums.tolist() == pytest.approx([influences[start : start + 4].sum() for start in range(0, 40, 4)])
    assert intervals.sandwich_of_sums(sums, 40) == intervals.sandwich(influences, cluster)
