import numpy as np
import pandas as pd
import pytest

from tests.conftest import oracle, test_data
from toolkit.errors import AnalysisError, ArgumentError, TooFewCases
from toolkit.kernels.polychoric import polychoric_correlations


def values(matrix: dict) -> np.ndarray:
    return np.array(matrix["values"], dtype=float)


@pytest.fixture(scope="module")
def ipip():
    return pd.read_csv(test_data("ipip_assertiveness.csv"))


@pytest.fixture(scope="module")
def assertive(ipip):
    return ipip.filter(regex="^AS").replace(0, np.nan).dropna().to_numpy()


def test_polychoric_correlations_equal_lavcor(assertive):
    found, expected = polychoric_correlations(assertive), oracle("03_polychoric_AS")["lavCor"]
    np.testing.assert_allclose(found.r, values(expected["rho"]), atol=1e-7)
    np.testing.assert_allclose(np.concatenate(found.thresholds), list(expected["thresholds"].values()), atol=1e-13)
    assert (found.n == expected["n"]).all()


def test_sparse_tables_equal_lavcor(assertive):
    found, expected = polychoric_correlations(assertive[:80]), oracle("03_polychoric_AS_first80_sparse")
    np.testing.assert_allclose(found.r, values(expected["lavCor"]["rho"]), atol=1e-7)
    np.testing.assert_allclose(found.r, values(expected["psych_correct0"]["rho"]), atol=3e-5)
    thresholds = list(expected["lavCor"]["thresholds"].values())
    np.testing.assert_allclose(np.concatenate(found.thresholds), thresholds, atol=1e-13)


def test_tetrachoric_correlations_equal_lavcor(assertive):
    found, expected = polychoric_correlations(assertive > 3), oracle("03_tetrachoric_AS")["lavCor"]
    np.testing.assert_allclose(found.r, values(expected["rho"]), atol=1e-7)


def test_polyserial_correlations_equal_lavcor(ipip):
    items = ipip.filter(regex="^AS").replace(0, np.nan)
    kept = items.notna().all(axis=1)
    x = items[["AS1", "AS2", "AS3"]].assign(age=ipip["age"].clip(upper=90))[kept].to_numpy(dtype=float)
    found, expected = polychoric_correlations(x, ordinal=[True, True, True, False]), oracle("03_polyserial")
    spread = np.sqrt(np.where(found.ordinal, 1, found.variance))
    np.testing.assert_allclose(found.r * np.outer(spread, spread), values(expected["lavCor"]["cov"]), atol=1e-7)


def test_a_variable_that_does_not_vary_is_refused():
    with pytest.raises(AnalysisError, match="variable 2 does not vary"):
        polychoric_correlations([[1, 2], [2, 2], [3, 2]])
    with pytest.raises(AnalysisError, match="variable 2 does not vary"):
        polychoric_correlations([[1, 2], [2, 2], [3, 2]], ordinal=[True, False])


def test_rows_and_arguments_are_checked():
    with pytest.raises(TooFewCases, match="no complete row"):
        polychoric_correlations([[1, np.nan], [np.nan, 2]])
    with pytest.raises(ArgumentError, match="ordinal has 1 entries"):
        polychoric_correlations([[1, 2], [2, 1]], ordinal=[True])
    with pytest.raises(ArgumentError, match="two: rows by variables"):
        polychoric_correlations([1, 2])
