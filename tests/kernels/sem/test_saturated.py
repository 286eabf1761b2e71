"""The unrestricted model of incomplete rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.conftest import ROOT, oracle
from tests.kernels.sem.test_patterns import with_holes
from toolkit.errors import AnalysisError, NotConverged, NotIdentified, TooFewCases
from toolkit.kernels.sem.incomplete import slope
from toolkit.kernels.sem.patterns import Patterns
from toolkit.kernels.sem.saturated import saturated_moments

ITEMS = [f"x{number}" for number in range(1, 10)]
NAMES = ["a", "b", "c", "d"]


@pytest.fixture(scope="module")
def pupils():
    return pd.read_csv(ROOT / "tests" / "data" / "hs1939_missing.csv")[ITEMS].to_numpy(float)


def test_moments_are_lavaans_where_its_em_goes_on_to_the_end(pupils):
    found, wanted = saturated_moments(Patterns.of(pupils), ITEMS), oracle("sem_fiml")["plain"]
    np.testing.assert_allclose(found.mean, wanted["saturated"]["mean"], atol=1e-7)
    np.testing.assert_allclose(found.covariance, wanted["saturated"]["cov"], atol=1e-7)
    assert -301 * found.value == pytest.approx(wanted["fit_measures"]["unrestricted.logl"], abs=1e-9)


def test_moments_are_near_those_of_lavaans_default_em(pupils):
    found, wanted = saturated_moments(Patterns.of(pupils), ITEMS), oracle("06_cfa_hs_fiml")
    np.testing.assert_allclose(found.mean, list(wanted["EM_mean"].values()), atol=1e-5)
    np.testing.assert_allclose(found.covariance, wanted["EM_cov"]["values"], atol=2e-5)
    assert -301 * found.value == pytest.approx(wanted["fiml"]["fit_measures"]["unrestricted.logl"], abs=1e-7)


@some_examples
@given(st.integers(0, 10_000), st.floats(0.0, 0.3))
def test_no_direction_leads_to_a_higher_likelihood(seed, share):
    patterns = Patterns.of(with_holes(seed, n=200, share=share))
    found = saturated_moments(patterns, NAMES)
    assume(np.linalg.cond(found.covariance) < 1e5)  # beyond, rounding alone leaves slopes above the limit
    at = slope(patterns, found.covariance, found.mean)
    spread = np.sqrt(np.diag(found.covariance))
    assert np.abs(at.mean * spread).max() < 1e-10
    assert np.abs(found.covariance @ at.covariance @ found.covariance / np.outer(spread, spread)).max() < 1e-10


def test_complete_rows_have_their_own_moments():
    x = with_holes(1, share=0.0)
    found = saturated_moments(Patterns.of(x), NAMES)
    np.testing.assert_allclose(found.mean, x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(x.T, bias=True), rtol=1e-10)


@pytest.mark.parametrize(("seed", "own"), [(1179, 1.0), (7, 1e-3), (11, 1e-3), (12, 1e-3)])
def test_nearly_dependent_variables_converge(seed, own):
    """The smallest eigenvalue of the correlations of the first is 9e-9: rounding then moves the likelihood by 5e-9."""
    x = with_holes(seed, n=200, share=0.0)
    x[:, 3] = own * x[:, 3] + (1 - own) * x[:, 0]
    found = saturated_moments(Patterns.of(x), NAMES)
    np.testing.assert_allclose(found.covariance, np.cov(x.T, bias=True), rtol=1e-6)


def test_many_missing_answers_converge():
    generator = np.random.default_rng(3)
    x = generator.normal(size=(400, 8)) + generator.normal(size=(400, 1))
    x[generator.random(x.shape) < 0.6] = np.nan
    patterns = Patterns.of(x)
    found = saturated_moments(patterns, list("abcdefgh"))
    assert np.abs(slope(patterns, found.covariance, found.mean).covariance).max() < 1e-12


def holes_in(column, rows):
    x = with_holes(8, n=40, share=0.0)
    x[rows, column] = np.nan
    return x


def unanswered():
    return holes_in(2, slice(None))


def constant():
    x = with_holes(8, n=40, share=0.0)
    x[:, 1] = 3.0
    return x


def apart():
    x = holes_in(1, slice(0, 20))
    x[20:, 3] = np.nan
    return x


def copied():
    x = holes_in(0, slice(0, 5))
    x[:, 3] = x[:, 1] + x[:, 2]
    return x


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (unanswered, NotIdentified, "Nobody answered c: leave it out"),
        (constant, AnalysisError, "All answers to b are the same"),
        (apart, NotIdentified, "No row holds b with d"),
        (copied, AnalysisError, "b, c, d determine each other exactly"),
        (lambda: with_holes(8, n=4, share=0.0), TooFewCases, r"4 variables has 4 row\(s\)"),
    ],
)
def test_data_that_cannot_tell_all_moments_are_refused_by_name(data, error, message):
    with pytest.raises(error, match=message):
        saturated_moments(Patterns.of(data()), NAMES)


def test_moments_on_their_way_to_the_boundary_are_refused():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(300, 6)) @ generator.normal(size=(6, 6)) + 5
    x[generator.random(x.shape) < 0.6] = np.nan
    with pytest.raises(NotConverged, match="hardly tell how"):
        saturated_moments(Patterns.of(x), list("abcdef"))
