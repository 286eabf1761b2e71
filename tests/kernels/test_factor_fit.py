import numpy as np
import pytest

from tests.conftest import oracle
from tests.kernels.test_factoring import bfi_matrix, hs_matrix
from toolkit.kernels import factor_fit as fit
from toolkit.kernels import factoring

SOLUTIONS = oracle("efa_tight")["oblimin"]
CASES = [(data, method) for data in SOLUTIONS for method in SOLUTIONS[data]]
MATRICES = {"bfi": bfi_matrix, "hs": hs_matrix}
N = {"bfi": 2436, "hs": 301}
MEASURES = ("chisq", "p", "rmsea", "rmsea_ci_low", "rmsea_ci_high", "tli", "bic", "cfi")


def solution(data, method):
    expected = SOLUTIONS[data][method]
    return expected, np.array(expected["loadings"]["values"]), np.array(expected["phi"])


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(("data", "method"), CASES)
def test_measures_of_chi_square_equal_psych(data, method, measure):
    expected, loadings, phi = solution(data, method)
    r = MATRICES[data]()
    found = fit.chi_square_fit(r, fit.residuals(r, loadings, phi), loadings.shape[1], N[data])
    np.testing.assert_allclose(getattr(found, measure), expected["fit"][measure], rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize(("data", "method"), CASES)
def test_residuals_communalities_and_variance_equal_psych(data, method):
    expected, loadings, phi = solution(data, method)
    residual = fit.residuals(MATRICES[data](), loadings, phi)
    wanted, df = expected["fit"], factoring.degrees_of_freedom(*loadings.shape)
    assert df == wanted["df"]
    np.testing.assert_allclose(fit.root_mean_square(residual), wanted["rmsr"], rtol=1e-10)
    np.testing.assert_allclose(fit.root_mean_square_corrected(residual, df), wanted["rmsr_corrected"], rtol=1e-10)
    np.testing.assert_allclose(fit.communalities(loadings, phi), expected["communality"], rtol=1e-10)
    np.testing.assert_allclose(fit.complexity(loadings), expected["complexity"], rtol=1e-10)
    np.testing.assert_allclose(fit.variance_accounted(loadings, phi), expected["ss_loadings"], rtol=1e-10)


@pytest.mark.parametrize("method", ["minres", "ml"])
def test_fit_equals_that_of_psych_fa(method):
    expected = oracle(f"05_efa_bfi25_{method}")["oblimin"]["fit"]
    r = bfi_matrix()
    a = factoring.EXTRACTIONS[method](r, 5).loadings
    residual = fit.residuals(r, a, np.eye(5))
    found = fit.chi_square_fit(r, residual, 5, 2436)
    # psych's minres loadings are 1e-6 from the best ones; its RMSEA bounds are found to four digits
    for ours, theirs in {"chisq": "STATISTIC", "tli": "TLI", "bic": "BIC"}.items():
        np.testing.assert_allclose(getattr(found, ours), expected[theirs], rtol=5e-6)
    np.testing.assert_allclose(found.rmsea, expected["RMSEA"]["RMSEA"], rtol=5e-6)
    np.testing.assert_allclose(found.rmsea_ci_low, expected["RMSEA"]["lower"], atol=1e-5)
    np.testing.assert_allclose(found.rmsea_ci_high, expected["RMSEA"]["upper"], atol=1e-5)
    np.testing.assert_allclose(fit.root_mean_square(residual), expected["rms"], rtol=5e-6)
    np.testing.assert_allclose(fit.root_mean_square_corrected(residual, 185), expected["crms"], rtol=5e-6)


def test_without_degrees_of_freedom_only_chi_square_is_left():
    r = bfi_matrix()[:3, :3]
    residual = fit.residuals(r, factoring.minres(r, 1).loadings, np.eye(1))
    found = fit.chi_square_fit(r, residual, 1, 100)
    assert found.chisq == pytest.approx(0, abs=1e-10)
    assert all(np.isnan(getattr(found, name)) for name in MEASURES[1:])
    assert np.isnan(fit.root_mean_square_corrected(residual, 0))


def test_a_model_that_fits_better_than_chance_has_an_rmsea_from_zero():
    assert fit.rmsea_interval(5.0, 20, 200) == (0.0, 0.0)
    low, high = fit.rmsea_interval(20.0, 20, 200)
    assert low == 0
    assert high > 0


def test_an_improper_model_has_no_discrepancy():
    r = bfi_matrix()[:3, :3]
    assert fit.discrepancy(r, r - np.array([[1.0, 1.2, 0.1], [1.2, 1.0, 0.1], [0.1, 0.1, 1.0]])) == np.inf


def test_an_item_without_loadings_has_no_complexity():
    assert np.isnan(fit.complexity(np.zeros((1, 2)))[0])
