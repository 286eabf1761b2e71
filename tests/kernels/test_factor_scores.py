import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT, oracle
from tests.kernels.test_factoring import BFI
from toolkit.kernels import factor_fit, factor_scores
from toolkit.kernels.factor_scores import Factors

SOLUTIONS = oracle("efa_tight")["oblimin"]
CASES = [(data, method, score) for data in SOLUTIONS for method in SOLUTIONS[data] for score in factor_scores.SCORES]
HS_METHODS = {"regression": "Thurstone", "bartlett": "Bartlett", "tenberge": "tenBerge"}


def answers(data):
    if data == "bfi":
        return pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")[BFI].dropna().to_numpy(float)
    return pd.read_csv(ROOT / "tests" / "data" / "hs1939.csv")[[f"x{i}" for i in range(1, 10)]].to_numpy(float)


def factors(data, method):
    expected = SOLUTIONS[data][method]
    loadings, phi = np.array(expected["loadings"]["values"]), np.array(expected["phi"])
    return Factors(loadings, phi, 1 - factor_fit.communalities(loadings, phi))


@pytest.mark.parametrize(("data", "method", "score"), CASES)
def test_weights_and_scores_equal_psych(data, method, score):
    expected, x = SOLUTIONS[data][method]["scores"][score], answers(data)
    weights = factor_scores.SCORES[score](np.corrcoef(x.T), factors(data, method))
    np.testing.assert_allclose(weights, expected["weights"], atol=1e-9)
    standard = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    np.testing.assert_allclose((standard @ weights)[:10], expected["first10"], atol=1e-8)


@pytest.mark.parametrize(("data", "method"), sorted({case[:2] for case in CASES}))
def test_determinacy_equals_psych(data, method):
    found = factor_scores.determinacy(np.corrcoef(answers(data).T), factors(data, method))
    np.testing.assert_allclose(found**2, SOLUTIONS[data][method]["determinacy_squared"], rtol=1e-9)


@pytest.mark.parametrize("score", factor_scores.SCORES)
def test_scores_equal_those_of_psych_fa(score):
    solution = oracle("05_efa_hs_rotations")["psych_minres_oblimin"]
    expected = oracle("05_efa_hs_factor_scores")[HS_METHODS[score]]
    loadings, phi = np.array(solution["loadings"]["values"]), np.array(solution["Phi"]["values"])
    given = Factors(loadings, phi, 1 - factor_fit.communalities(loadings, phi))
    weights = factor_scores.SCORES[score](np.corrcoef(answers("hs").T), given)
    np.testing.assert_allclose(weights, expected["weights"]["values"], atol=1e-9)


def test_tenberge_scores_keep_the_correlations_of_the_factors():
    given = factors("hs", "minres")
    r = np.corrcoef(answers("hs").T)
    weights = factor_scores.tenberge(r, given)
    np.testing.assert_allclose(weights.T @ r @ weights, given.phi, atol=1e-10)


def test_bartlett_scores_hold_no_other_factor():
    given = factors("hs", "ml")
    weights = factor_scores.bartlett(np.eye(9), given)
    np.testing.assert_allclose(weights.T @ given.loadings, np.eye(3), atol=1e-10)


def test_a_singular_matrix_has_no_root():
    with pytest.raises(np.linalg.LinAlgError):
        factor_scores.power(np.ones((2, 2)), -0.5)
