"""Fit indices where formulas meet their limits; their values are compared with lavaan's in test_fitted."""

import numpy as np
import pytest
from scipy import stats

from toolkit.kernels.sem.chisquare import ChiSquare, mean_adjusted, scaled_and_shifted
from toolkit.kernels.sem.indices import incremental, noncentrality, rmsea, robust_incremental, robust_rmsea

BASELINE = ChiSquare(900.0, 36)


def test_a_model_that_fits_better_than_chance_has_cfi_one_and_tli_above():
    found = incremental(ChiSquare(20.0, 24), BASELINE)
    assert found["cfi"] == 1.0
    assert found["tli"] > 1.0


def test_a_saturated_model_fits_perfectly():
    found = incremental(ChiSquare(0.0, 0), BASELINE)
    assert [found[name] for name in ("cfi", "tli", "rfi", "nfi", "pnfi")] == [1.0, 1.0, 1.0, 1.0, 0.0]
    error = rmsea(ChiSquare(0.0, 0), 300, 1)
    assert error["rmsea"] == error["rmsea_ci_upper"] == 0.0
    assert np.isnan(error["rmsea_pvalue"])
    assert np.isnan(ChiSquare(0.0, 0).pvalue)


def test_limits_of_rmsea_leave_five_per_cent_on_each_side():
    found = rmsea(ChiSquare(85.3, 24), 301, 1)
    for name, share in (("rmsea_ci_lower", 0.95), ("rmsea_ci_upper", 0.05)):
        assert stats.ncx2.cdf(85.3, 24, found[name] ** 2 * 24 * 301) == pytest.approx(share, abs=1e-8)
    assert found["rmsea_pvalue"] == pytest.approx(stats.ncx2.sf(85.3, 24, 0.05**2 * 24 * 301), abs=1e-10)


def test_groups_widen_rmsea_by_the_square_root_of_their_number():
    one, two = rmsea(ChiSquare(85.3, 24), 301, 1), rmsea(ChiSquare(85.3, 24), 301, 2)
    for name in ("rmsea", "rmsea_ci_lower", "rmsea_ci_upper"):
        assert two[name] == pytest.approx(np.sqrt(2) * one[name])


def test_small_statistics_have_no_noncentrality():
    assert noncentrality(10.0, 24, 0.95) == 0.0
    assert noncentrality(5.0, 24, 0.05) == 0.0


def test_without_inflation_robust_indices_are_the_plain_ones():
    test, base = mean_adjusted(85.3, 24, 24.0), mean_adjusted(900.0, 36, 36.0)
    plain, robust = incremental(ChiSquare(85.3, 24), BASELINE), robust_incremental(test, base)
    assert robust["cfi"] == pytest.approx(plain["cfi"])
    assert robust["tli"] == pytest.approx(plain["tli"])
    assert robust_rmsea(test, 301, 1) == pytest.approx(rmsea(ChiSquare(85.3, 24), 301, 1))


def test_scaled_and_shifted_keeps_mean_and_variance():
    """For statistics Σ λ χ²₁ with the eigenvalues λ of UΓ."""
    roots = np.array([0.5, 1.0, 1.5, 3.0])
    draws = np.random.default_rng(4).chisquare(1, (200_000, 4)) @ roots
    found = [scaled_and_shifted(value, 4, roots.sum(), (roots**2).sum()) for value in (0.0, 1.0)]
    moved = found[0].statistic + (found[1].statistic - found[0].statistic) * draws
    assert moved.mean() == pytest.approx(4, abs=0.05)
    assert moved.var() == pytest.approx(8, abs=0.3)
    assert found[1].plain == pytest.approx(1.0)
