import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.conftest import ROOT, oracle, test_data
from toolkit.errors import AnalysisError, ArgumentError, TooFewCases
from toolkit.kernels.polychoric import bivariate_fit, polychoric_correlations, smoothed


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


def rows_of(table: list[list[int]]) -> np.ndarray:
    counts = np.array(table)
    return np.repeat(np.argwhere(counts >= 0), counts.ravel(), axis=0).astype(float)


@pytest.mark.parametrize("case", oracle("polychoric_bfi")["empty_cells"], ids=lambda case: str(case["table"]))
@pytest.mark.parametrize("amount", [0.0, 0.1, 0.5])
def test_empty_cells_are_filled_as_lavaan_does(case, amount):
    found = polychoric_correlations(rows_of(case["table"]), add_to_empty_cells=amount)
    expected = case.get(f"r_{amount:g}")
    if expected is None:
        assert (abs(found.r[0, 1]), found.boundary[0, 1]) == (1, True)
    else:
        assert found.r[0, 1] == pytest.approx(expected, abs=2e-6)
        assert not found.boundary.any()


@pytest.mark.parametrize("pair", oracle("polychoric_bfi")["polycor"], ids=lambda pair: f"{pair['x']}-{pair['y']}")
def test_polychoric_correlations_equal_polycor(pair):
    x = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")[[pair["x"], pair["y"]]].to_numpy(dtype=float)
    found = polychoric_correlations(x)
    assert found.n[0, 1] == pair["n"]
    assert found.r[0, 1] == pytest.approx(pair["rho"], abs=3e-5)
    g2, df = bivariate_fit(found)
    assert (g2[0, 1], df[0, 1]) == (pytest.approx(pair["g2"], rel=1e-9), pair["df"])
    assert g2[0, 1] == pytest.approx(pair["chisq"], rel=1e-5)


@pytest.mark.parametrize(
    "table", [[[9, 0, 0], [0, 4, 0], [0, 0, 7]], [[3, 2, 0], [0, 5, 1], [0, 0, 4]], [[0, 6], [4, 0]], [[0, 6], [4, 3]]]
)
def test_a_table_without_a_discordant_pair_gives_the_boundary(table):
    for rows, sign in ((table, 1), (table[::-1], -1)):
        found = polychoric_correlations(rows_of(rows))
        upward = np.corrcoef(rows_of(rows).T)[0, 1] > 0
        assert found.r[0, 1] == (1 if upward else -1), sign
        assert found.boundary[0, 1]
        assert not found.boundary[0, 0]


def simulated(seed: int, n: int = 200) -> np.ndarray:
    generator = np.random.default_rng(seed)
    common = generator.normal(size=(n, 1))
    return np.digitize(common + generator.normal(size=(n, 4)), [-1.5, -0.3, 0.8]).astype(float)


@some_examples
@given(st.integers(0, 10_000))
def test_turning_an_item_turns_its_correlations(seed):
    x = simulated(seed)
    turned = x.copy()
    turned[:, 1] = 3 - x[:, 1]
    signs = np.array([1, -1, 1, 1])
    expected = polychoric_correlations(x).r * np.outer(signs, signs)
    np.testing.assert_allclose(polychoric_correlations(turned).r, expected, atol=1e-10)


@some_examples
@given(st.integers(0, 10_000), st.permutations(range(4)))
def test_order_of_items_and_rows_changes_only_order(seed, order):
    x = simulated(seed)
    rows = np.random.default_rng(seed + 1).permutation(len(x))
    found = polychoric_correlations(x[rows][:, order]).r
    np.testing.assert_allclose(found, polychoric_correlations(x).r[np.ix_(order, order)], atol=1e-10)


@some_examples
@given(st.integers(0, 10_000))
def test_only_the_order_of_the_codes_counts(seed):
    x = simulated(seed)
    recoded = np.array([-3.0, 0.5, 10.0, 2000.0])[x.astype(int)]
    np.testing.assert_array_equal(polychoric_correlations(recoded).r, polychoric_correlations(x).r)


@some_examples
@given(st.integers(0, 10_000))
def test_rows_twice_change_no_correlation(seed):
    x = simulated(seed)
    np.testing.assert_allclose(polychoric_correlations(np.vstack([x, x])).r, polychoric_correlations(x).r, atol=1e-10)


def test_tables_of_many_sizes_are_estimated_together():
    x = simulated(1)
    x[:, 0], x[:, 1] = x[:, 0] > 1, np.minimum(x[:, 1], 2)
    whole = polychoric_correlations(x).r
    for i in range(4):
        for j in range(i):
            assert polychoric_correlations(x[:, [i, j]]).r[0, 1] == pytest.approx(whole[i, j], abs=1e-12)


def test_a_pair_that_no_row_holds_is_not_defined():
    x = simulated(2)
    x[:100, 0], x[100:, 1] = np.nan, np.nan
    found = polychoric_correlations(x, missing="pairwise")
    assert np.isnan(found.r[0, 1])
    assert found.n[0, 1] == 0
    assert np.isfinite(found.r[2]).all()
    y = x[:, :2] + np.random.default_rng(1).normal(size=(200, 2))
    assert np.isnan(polychoric_correlations(y, missing="pairwise", ordinal=[False, False]).r[0, 1])


def test_two_continuous_variables_give_pearsons_r():
    x = np.random.default_rng(5).normal(size=(40, 2)) @ np.array([[1, 0.5], [0, 1]])
    found = polychoric_correlations(x, ordinal=[False, False])
    assert found.r[0, 1] == pytest.approx(np.corrcoef(x.T)[0, 1], abs=1e-14)


def test_strong_correlations_are_found():
    generator = np.random.default_rng(8)
    both = generator.normal(size=(5000, 1)) + 0.08 * generator.normal(size=(5000, 2))
    found = polychoric_correlations(np.digitize(both, [-1, 0, 1]))
    assert found.r[0, 1] == pytest.approx(1 / (1 + 0.08**2), abs=0.002)
    assert not found.boundary.any()


def test_smoothing_equals_cor_smooth():
    case = oracle("polychoric_bfi")["smooth"]
    found = smoothed(np.array(case["matrix"]))
    np.testing.assert_allclose(found, case["smoothed"], atol=1e-12)
    assert np.linalg.eigvalsh(found)[0] > 0
    proper = np.array([[1, 0.5], [0.5, 1]])
    np.testing.assert_allclose(smoothed(proper), proper, atol=1e-15)


def test_the_fit_of_a_pair_rests_on_its_own_rows():
    x = simulated(6)
    x[:40, 0], x[150:, 1] = np.nan, np.nan
    g2, df = bivariate_fit(polychoric_correlations(x, missing="pairwise"))
    alone, _ = bivariate_fit(polychoric_correlations(x[:, :2]))
    assert g2[0, 1] == pytest.approx(alone[0, 1], rel=1e-9)
    assert df[0, 1] == 8
    assert np.isnan(g2[0, 0])


def test_a_table_at_the_boundary_fits_perfectly():
    g2, _ = bivariate_fit(polychoric_correlations(rows_of([[3, 2, 0], [0, 5, 1], [0, 0, 4]])))
    assert g2[0, 1] == pytest.approx(0, abs=1e-9)
