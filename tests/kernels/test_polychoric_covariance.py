from functools import cache

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT, oracle
from toolkit.errors import ArgumentError, NotIdentified, TooFewCases
from toolkit.kernels.polychoric import Polychoric, polychoric_correlations
from toolkit.kernels.polychoric_covariance import (
    asymptotic_covariance,
    influence,
    moments_of,
    standard_errors,
    standard_errors_of_tables,
)
from toolkit.kernels.polychoric_influence import Parameters

ORACLE = oracle("polychoric_bfi")
COUPLE = np.repeat(np.arange(300), 2)


@cache
def bfi() -> pd.DataFrame:
    return pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")


def answers(name: str, case: dict) -> np.ndarray:
    """The data of an oracle's case: complete rows where lavaan dropped the others."""
    x = bfi()[case["items"]].to_numpy(dtype=float)
    x = x if case["missing"] == "pairwise" else x[~np.isnan(x).any(axis=1)]
    return (x > 3).astype(float) if name.startswith("binary") else x


def first_rows(name: str) -> np.ndarray:
    """The first 600 rows of the oracle's M-estimation, with the answers that it blanks."""
    raw = bfi()
    frame = raw[["A1", "A2", "C1"]]
    if name.startswith("mixed"):
        neuro = raw[["N1", "N2", "N3", "N4", "N5"]].mean(axis=1, skipna=False)
        high = (raw["C1"] > 4).astype(float).where(raw["C1"].notna())
        columns = {"A1": raw["A1"], "age": raw["age"], "C1": high, "neuro": neuro, "E1": raw["E1"].clip(upper=4)}
        frame = pd.DataFrame(columns)
    x = frame.head(600).to_numpy(dtype=float, copy=True)
    x[6::31, 0] = x[4::23, 2] = x[4::46, 1] = np.nan
    return x


def fitted(name: str) -> tuple[dict, np.ndarray, Polychoric]:
    case, x = ORACLE["m_estimation"][name], first_rows(name)
    ordinal = [item in case["ordered"] for item in case["items"]]
    return case, x, polychoric_correlations(x, missing=name.split("_")[1], ordinal=ordinal)


def assert_covariances(found: np.ndarray, expected: list, tolerance: float) -> None:
    """Compare two covariance matrices on the scale of the second's standard deviations."""
    target = np.array(expected, dtype=float)
    scale = np.sqrt(np.outer(np.diag(target), np.diag(target)))
    np.testing.assert_allclose(found / scale, target / scale, atol=tolerance)


@pytest.mark.parametrize("name", ORACLE["lavcor"])
def test_estimates_and_standard_errors_equal_lavcor(name):
    case = ORACLE["lavcor"][name]
    x = answers(name, case)
    fit = polychoric_correlations(x, missing=case["missing"])
    np.testing.assert_allclose(fit.r, case["cov"], atol=1e-7)
    np.testing.assert_allclose(np.concatenate(fit.thresholds), list(case["thresholds"].values()), atol=1e-13)
    (square, own), place = standard_errors(x, fit), Parameters.of(fit)
    found = np.concatenate([*own, square[place.rows, place.columns]])
    np.testing.assert_allclose(found, case["se"], rtol=2e-7)
    of_tables, own_of_tables = standard_errors_of_tables(fit)
    np.testing.assert_allclose(of_tables, square, atol=1e-14)
    np.testing.assert_allclose(np.concatenate(own_of_tables), np.concatenate(own), rtol=1e-10)


@pytest.mark.parametrize("name", [name for name, case in ORACLE["lavcor"].items() if "gamma" in case])
def test_the_asymptotic_covariance_equals_lavaans(name):
    case = ORACLE["lavcor"][name]
    x = answers(name, case)
    fit = polychoric_correlations(x, missing=case["missing"])
    assert_covariances(asymptotic_covariance(x, fit), case["gamma"], 1e-7)


@pytest.mark.parametrize("name", ORACLE["m_estimation"])
def test_estimates_equal_those_of_base_r(name):
    case, _, fit = fitted(name)
    np.testing.assert_allclose(moments_of(fit), case["estimates"], rtol=1e-11)
    place = Parameters.of(fit)
    np.testing.assert_allclose(fit.r[place.rows, place.columns], case["r"], atol=1e-12)


@pytest.mark.parametrize("information", ["outer", "observed"])
@pytest.mark.parametrize("name", ORACLE["m_estimation"])
def test_covariances_and_standard_errors_equal_those_of_base_r(name, information):
    case, x, fit = fitted(name)
    expected, place = case[information], Parameters.of(fit)
    assert_covariances(asymptotic_covariance(x, fit, information=information), expected["gamma"], 2e-9)
    clustered = asymptotic_covariance(x, fit, COUPLE, information=information)
    assert_covariances(clustered, expected["gamma_clustered"], 2e-9)
    for cluster, key in ((None, "se_r"), (COUPLE, "se_r_clustered")):
        square, _ = standard_errors(x, fit, cluster, information=information)
        np.testing.assert_allclose(square[place.rows, place.columns], expected[key], rtol=2e-9)


@pytest.mark.parametrize("name", ORACLE["m_estimation"])
def test_influences_sum_to_nothing_and_are_none_for_rows_left_out(name):
    _, x, fit = fitted(name)
    found = influence(x, fit, information="observed")
    assert found.shape == (600, Parameters.of(fit).size)
    np.testing.assert_allclose(found.mean(axis=0) / found.std(axis=0), 0, atol=1e-9)
    if fit.missing == "listwise":
        assert not found[np.isnan(x).any(axis=1)].any()


def test_observed_information_gives_the_mean_of_a_skewed_variable_its_error():
    _, x, fit = fitted("mixed_listwise")
    _, own = standard_errors(x, fit, information="observed")
    assert own[1][0] == pytest.approx(np.sqrt(fit.variance[1] / fit.n[1, 1]), rel=1e-12)


def test_influences_tell_what_a_doubled_row_does():
    _, x, fit = fitted("ordinal_pairwise")
    found, place = influence(x, fit, information="observed"), Parameters.of(fit)
    for row in (0, 6, 250):
        more = polychoric_correlations(np.vstack([np.tile(x, (50, 1)), x[row]]), missing="pairwise")
        moved = (more.r - fit.r)[place.rows, place.columns] * (50 * 600 + 1)
        np.testing.assert_allclose(moved, found[row, place.pairs], atol=2e-3)


def test_rows_twice_shrink_standard_errors_by_the_root_of_two():
    _, x, fit = fitted("mixed_pairwise")
    once, _ = standard_errors(x, fit)
    twice_x = np.vstack([x, x])
    twice = polychoric_correlations(twice_x, missing="pairwise", ordinal=fit.ordinal)
    np.testing.assert_allclose(twice.r, fit.r, atol=1e-12)
    np.testing.assert_allclose(standard_errors(twice_x, twice)[0], once / np.sqrt(2), rtol=1e-9)


def test_rows_of_one_cluster_each_differ_by_the_factor_alone():
    _, x, fit = fitted("ordinal_pairwise")
    clustered = asymptotic_covariance(x, fit, np.arange(600))
    np.testing.assert_allclose(clustered, asymptotic_covariance(x, fit) * 600 / 599, rtol=1e-12)


def test_what_has_no_covariance_is_refused():
    x = np.array([[1, 1, 1], [1, 1, 2], [2, 2, 1], [2, 2, 2], [1, 1, 1], [2, 2, 1]], dtype=float)
    fit = polychoric_correlations(x)
    assert fit.boundary[0, 1]
    with pytest.raises(NotIdentified, match="variables 1 and 2 is at its boundary"):
        asymptotic_covariance(x, fit)
    square, _ = standard_errors(x, fit)
    assert np.isnan(square[0, 1])
    assert np.isfinite(square[0, 2])


def test_clusters_and_kinds_are_checked():
    _, x, fit = fitted("mixed_listwise")
    with pytest.raises(ArgumentError, match="5 entries for 600 rows"):
        asymptotic_covariance(x, fit, np.arange(5))
    with pytest.raises(TooFewCases, match="two clusters"):
        asymptotic_covariance(x, fit, np.zeros(600))
    with pytest.raises(ArgumentError, match="no table"):
        standard_errors_of_tables(fit)
    with pytest.raises(ArgumentError, match="information"):
        asymptotic_covariance(x, fit, information="expected")
