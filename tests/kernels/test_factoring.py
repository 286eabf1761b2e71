import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.conftest import ROOT, oracle
from toolkit.errors import NotIdentified
from toolkit.kernels import factoring

METHODS = list(factoring.EXTRACTIONS)
BFI = [f"{letter}{number}" for letter in "ACENO" for number in range(1, 6)]
# psych stops minres and ml at optim's default criterion, and pa at a change of .001 in the sum of communalities.
PSYCH = {"minres": 1e-5, "ml": 1e-5, "pa": 2e-3}


def bfi_matrix():
    return pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")[BFI].dropna().corr().to_numpy()


def pairwise_matrix():
    return pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")[BFI].corr().to_numpy()


def hs_matrix():
    return pd.read_csv(ROOT / "tests" / "data" / "hs1939.csv")[[f"x{i}" for i in range(1, 10)]].corr().to_numpy()


MATRICES = {"bfi": bfi_matrix, "hs": hs_matrix, "bfi_pairwise": pairwise_matrix}
TIGHT = oracle("efa_tight")["extraction"]
CASES = [(data, method) for data in TIGHT for method in TIGHT[data]]


def model(n_items, n_factors, seed):
    """Make a correlation matrix that a factor model fits exactly, and its uniquenesses."""
    loadings = np.random.default_rng(seed).uniform(-0.5, 0.5, (n_items, n_factors))
    loadings[np.arange(n_items), np.arange(n_items) % n_factors] += 0.35
    psi = 1 - (loadings**2).sum(axis=1)
    return loadings @ loadings.T + np.diag(psi), psi


@pytest.mark.parametrize(("data", "method"), CASES)
def test_loadings_equal_the_minimum_of_the_published_functions(data, method):
    expected = TIGHT[data][method]
    wanted = np.array(expected["loadings"]["values"])
    found = factoring.EXTRACTIONS[method](MATRICES[data](), wanted.shape[1])
    tolerance = 1e-7 if method == "pa" else 1e-10
    np.testing.assert_allclose(found.loadings, wanted, atol=tolerance)
    np.testing.assert_allclose(found.uniquenesses, expected["uniquenesses"], atol=tolerance)
    if "objective" in expected:
        np.testing.assert_allclose(found.objective, expected["objective"], rtol=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_loadings_equal_psych(method):
    expected = oracle(f"05_efa_bfi25_{method}")["none"]
    found = factoring.EXTRACTIONS[method](bfi_matrix(), 5)
    assert found.converged
    np.testing.assert_allclose(found.loadings, expected["loadings"]["values"], atol=PSYCH[method])
    np.testing.assert_allclose(found.uniquenesses, list(expected["uniquenesses"].values()), atol=PSYCH[method])


def test_maximum_likelihood_equals_factanal():
    expected = oracle("05_efa_hs_rotations")
    found = factoring.maximum_likelihood(hs_matrix(), 3)
    np.testing.assert_allclose(found.uniquenesses, list(expected["uniquenesses"].values()), atol=1e-5)
    np.testing.assert_allclose(found.objective, expected["criterion"], rtol=1e-8)


@pytest.mark.parametrize("derivatives", [factoring._least_squares, factoring._likelihood])
def test_gradient_and_hessian_are_those_of_the_function(derivatives):
    r, x, step = bfi_matrix(), np.random.default_rng(1).uniform(0.3, 0.8, 25), 1e-6
    x = np.log(x) if derivatives is factoring._likelihood else x
    _, slope, hessian = derivatives(r, x, 4)
    for place, move in enumerate(step * np.eye(25)):
        up, down = derivatives(r, x + move, 4), derivatives(r, x - move, 4)
        np.testing.assert_allclose(slope[place], (up[0] - down[0]) / (2 * step), atol=1e-8)
        np.testing.assert_allclose(hessian[place], (up[1] - down[1]) / (2 * step), atol=1e-7)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_factors", [1, 2, 3])
def test_gradient_is_zero_at_the_solution(method, n_factors):
    r = hs_matrix()
    found = factoring.EXTRACTIONS[method](r, n_factors)
    x = np.log(found.uniquenesses) if method == "ml" else found.uniquenesses
    derivatives = factoring._likelihood if method == "ml" else factoring._least_squares
    assert np.abs(derivatives(r, x, n_factors)[1]).max() < 1e-9


@pytest.mark.parametrize("n_factors", [1, 3, 5])
def test_principal_axis_in_the_limit_is_minres(n_factors):
    r = bfi_matrix()
    one, two = factoring.minres(r, n_factors), factoring.principal_axis(r, n_factors)
    np.testing.assert_allclose(one.loadings, two.loadings, atol=1e-9)
    np.testing.assert_allclose(one.objective, two.objective, rtol=1e-12)


@some_examples
@given(st.sampled_from(METHODS), st.integers(1, 3), st.integers(0, 10_000))
def test_an_exact_model_is_found(method, n_factors, seed):
    r, psi = model(10, n_factors, seed)
    found = factoring.EXTRACTIONS[method](r, n_factors)
    if found.converged and not found.heywood and found.objective < 1e-12:
        np.testing.assert_allclose(found.loadings @ found.loadings.T + np.diag(found.uniquenesses), r, atol=1e-6)
    else:
        assert psi.min() < 0.05, "only an item that is almost determined may be hard"


def test_a_heywood_case_is_bounded_and_named():
    r = np.array([[1.0, 0.9, 0.9], [0.9, 1.0, 0.5], [0.9, 0.5, 1.0]])
    for method in METHODS:
        found = factoring.EXTRACTIONS[method](r, 1) if method != "ml" else None
        assert found is None or (found.heywood == (0,) and found.uniquenesses[0] == factoring.LOWEST_UNIQUENESS)


def test_a_singular_matrix_has_no_likelihood_but_has_least_squares():
    r = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    r = np.block([[r, r[:, :1]], [r[:1], np.ones((1, 1))]])
    with pytest.raises(NotIdentified, match="linear combination"):
        factoring.maximum_likelihood(r, 1)
    found = factoring.minres(r, 1)
    assert found.converged
    assert np.isfinite(found.loadings).all()


def test_order_and_sign_of_columns():
    found = factoring.minres(bfi_matrix(), 5)
    squares = (found.loadings**2).sum(axis=0)
    assert (np.diff(squares) <= 0).all()
    assert (found.loadings.sum(axis=0) >= 0).all()


@pytest.mark.parametrize(("items", "factors", "df"), [(25, 5, 185), (9, 3, 12), (3, 1, 0), (2, 1, -1)])
def test_degrees_of_freedom(items, factors, df):
    assert factoring.degrees_of_freedom(items, factors) == df


def test_a_start_changes_the_way_and_not_the_end():
    r = bfi_matrix()
    cold = factoring.minres(r, 5)
    warm = factoring.minres(r, 5, start=cold.uniquenesses)
    assert warm.iterations <= 1
    np.testing.assert_allclose(warm.loadings, cold.loadings, atol=1e-10)
