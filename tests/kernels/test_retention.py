import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.conftest import ROOT, oracle, test_data
from toolkit.kernels import retention
from toolkit.kernels.moments import pairwise_correlation

BFI25 = [f"{scale}{number}" for scale in "ACENO" for number in range(1, 6)]
AS = [f"AS{number}" for number in range(1, 11)]
IPIP40 = [f"{scale}{number}" for scale in ("AS", "SC", "AD", "DO") for number in range(1, 11)]


def complete(name: str) -> np.ndarray:
    if name == "hs":
        frame = pd.read_csv(ROOT / "tests" / "data" / "hs1939.csv")[[f"x{number}" for number in range(1, 10)]]
    elif name == "bfi25":
        frame = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")[BFI25]
    else:
        frame = pd.read_csv(test_data("ipip_assertiveness.csv"))[AS if name == "AS" else IPIP40].replace(0, np.nan)
    return frame.dropna().to_numpy(dtype=float)


@pytest.mark.parametrize("name", ["hs", "bfi25", "AS", "ipip40"])
def test_rules_equal_psych(name):
    expected = oracle(f"04_retention_{name}")
    x = complete(name)
    r = np.corrcoef(x.T)
    assert len(x) == expected["n"]
    np.testing.assert_allclose(retention.eigenvalues(r), expected["eigenvalues"], atol=1e-10)
    adequacy = retention.sampling_adequacy(r)
    assert adequacy.overall == pytest.approx(expected["kmo"]["MSA"], abs=1e-10)
    np.testing.assert_allclose(adequacy.items, list(expected["kmo"]["MSAi"].values()), atol=1e-10)
    test = retention.sphericity(r, len(x))
    assert test.chisq == pytest.approx(expected["bartlett"]["chisq"], rel=1e-10)
    assert test.df == expected["bartlett"]["df"]
    assert test.p == pytest.approx(expected["bartlett"]["p"], rel=1e-8)
    assert np.linalg.det(r) == pytest.approx(expected["det_R"], rel=1e-10)
    means = retention.average_partials(r, 2)[1 : len(expected["map"]) + 1]
    np.testing.assert_allclose(means, expected["map"], atol=1e-10)
    np.testing.assert_allclose(retention.factor_eigenvalues(r), expected["parallel"]["fa.values"], atol=1e-6)


@pytest.mark.parametrize("name", ["hs", "bfi_listwise"])
def test_average_partials_and_empirical_kaiser_equal_their_formulas(name):
    expected = oracle("retention_rules")[name]
    x = complete("hs" if name == "hs" else "bfi25")
    r = np.corrcoef(x.T)
    for power in (2, 4):
        means = retention.average_partials(r, power)
        np.testing.assert_allclose(means, expected[f"map{power}"], atol=1e-10)
        assert np.argmin(means) == expected[f"n_map{power}"]
    values = retention.eigenvalues(r)
    reference = retention.empirical_kaiser(values, len(x))
    np.testing.assert_allclose(reference, expected["ekc"], atol=1e-10)
    assert retention.n_exceeding(values, reference) == expected["n_ekc"]


def test_pairwise_correlations_equal_those_of_r():
    expected = oracle("retention_rules")["bfi_pairwise"]
    x = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")[BFI25].to_numpy(dtype=float)
    r, n = pairwise_correlation(x)
    assert retention.harmonic_n(n) == pytest.approx(expected["n"], rel=1e-12)
    np.testing.assert_allclose(retention.eigenvalues(r), expected["eigenvalues"], atol=1e-10)


def test_pairwise_correlation_is_empty_where_an_item_does_not_vary():
    x = np.array([[1, 2, 5], [2, 3, np.nan], [3, 1, 5], [4, 4, 5.0]])
    r, n = pairwise_correlation(x)
    assert np.isnan(r[2]).all()
    assert r[0, 1] == pytest.approx(np.corrcoef(x[:, 0], x[:, 1])[0, 1])
    assert n.tolist() == [[4, 4, 3], [4, 4, 3], [3, 3, 3]]


def test_independent_items_have_no_common_variance():
    r = np.eye(5)
    test = retention.sphericity(r, 100)
    assert (test.chisq, test.p) == (0, 1)
    assert retention.empirical_kaiser(np.ones(5), 500)[0] == pytest.approx(1.1**2)
    assert retention.n_exceeding(np.ones(5), np.ones(5)) == 0


def test_counting_stops_at_the_first_that_does_not_exceed():
    assert retention.n_exceeding(np.array([3.0, 1.0, 0.9, 0.8]), np.array([1.2, 1.1, 0.8, 0.7])) == 1
    assert retention.n_exceeding(np.array([3.0, 2.0]), np.array([1.0, 1.0])) == 2


def test_two_items_have_an_adequacy_of_one_half_and_no_factors():
    r = np.array([[1, 0.3], [0.3, 1]])
    assert retention.sampling_adequacy(r).overall == pytest.approx(0.5)
    assert np.isnan(retention.factor_eigenvalues(r)).all()


@pytest.mark.parametrize(
    "rule",
    [retention.sampling_adequacy, lambda r: retention.sphericity(r, 50), lambda r: retention.average_partials(r, 2)],
    ids=["sampling_adequacy", "sphericity", "average_partials"],
)
@pytest.mark.parametrize("third", [1.0, -0.2], ids=["singular", "indefinite"])
def test_matrices_without_inverse_are_refused(rule, third):
    r = np.array(
        [[1, 1.0 if third == 1 else 0.9, 0.9], [1.0 if third == 1 else 0.9, 1, third * 0.9], [0.9, third * 0.9, 1]]
    )
    assert not retention.is_positive_definite(r)
    with pytest.raises(np.linalg.LinAlgError):
        rule(r)


@some_examples
@given(st.integers(0, 10_000), st.integers(3, 8))
def test_signs_and_order_of_items_change_no_rule(seed, k):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, k)) + rng.normal(size=(40, 1))
    order, signs = rng.permutation(k), rng.choice([-1.0, 1.0], k)
    one, two = np.corrcoef(x.T), np.corrcoef((x * signs)[:, order].T)
    np.testing.assert_allclose(retention.factor_eigenvalues(one), retention.factor_eigenvalues(two), atol=1e-6)
    np.testing.assert_allclose(retention.average_partials(one, 4), retention.average_partials(two, 4), atol=1e-9)
    first, second = retention.sampling_adequacy(one), retention.sampling_adequacy(two)
    assert first.overall == pytest.approx(second.overall, abs=1e-9)
    np.testing.assert_allclose(first.items[order], second.items, atol=1e-9)
