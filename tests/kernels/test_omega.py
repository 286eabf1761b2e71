import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from toolkit.kernels import consistency, factoring, intervals, omega
from toolkit.kernels.one_factor import one_factor


def answers(n=200, k=5, seed=1):
    generator = np.random.default_rng(seed)
    loadings = np.linspace(0.5, 1.2, k)
    second = 0.4 * generator.normal(size=(n, 1)) * (np.arange(k) < 2)
    return generator.normal(size=(n, 1)) * loadings + second + generator.normal(size=(n, k))


def stack(k, n=100, size=60):
    return np.stack([np.corrcoef(answers(n, k, seed).T) for seed in range(size)])


@pytest.mark.parametrize("k", [3, 5, 12])
def test_many_at_once_equal_one_at_a_time(k):
    r = stack(k)
    found = one_factor(r)
    assert found.converged.all()
    for place, matrix in enumerate(r):
        alone = factoring.maximum_likelihood(matrix, 1)
        np.testing.assert_allclose(found.loadings[place], alone.loadings[:, 0], atol=1e-8)
        np.testing.assert_allclose(found.uniquenesses[place], alone.uniquenesses, atol=1e-8)
        assert found.improper[place] == bool(alone.heywood)


def test_a_matrix_that_is_not_positive_definite_has_no_factor_and_harms_no_other():
    bad = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    good = np.array([[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]])
    found = one_factor(np.stack([bad, good, np.full((3, 3), np.nan)]))
    assert found.converged.tolist() == [False, True, False]
    expected = np.sqrt([0.5 * 0.4 / 0.3, 0.5 * 0.3 / 0.4, 0.4 * 0.3 / 0.5])
    np.testing.assert_allclose(found.loadings[1], expected, atol=1e-9)
    assert np.isnan(found.loadings[[0, 2]]).all()


def test_items_without_correlation_have_no_loadings():
    np.testing.assert_allclose(one_factor(np.eye(4)[None]).loadings, 0, atol=1e-6)


def test_a_heywood_case_is_told():
    r = np.array([[1, 0.8, 0.7], [0.8, 1, 0.3], [0.7, 0.3, 1]])
    found = one_factor(r[None])
    assert found.improper[0]
    assert found.uniquenesses[0, 0] == pytest.approx(factoring.LOWEST_UNIQUENESS)
    assert omega.at_bound(r, omega.solution(r)).tolist() == [True, False, False]


@pytest.mark.parametrize("k", [3, 5, 8])
@pytest.mark.parametrize("name", ["fitted", "observed"])
def test_gradients_equal_differences(name, k):
    s = np.cov((answers(k=k) * np.linspace(0.5, 3, k)).T)
    value, slope = getattr(omega, name), getattr(omega, f"{name}_gradient")(s, omega.solution(s))
    for i in range(k):
        for j in range(i, k):
            step = np.zeros_like(s)
            step[i, j] = step[j, i] = 1e-4
            change = value(s + step, omega.solution(s + step)) - value(s - step, omega.solution(s - step))
            assert slope[i, j] * (1 if i == j else 2) == pytest.approx(change / 2e-4, abs=1e-7)


def test_influence_is_the_effect_of_a_row():
    x = answers(n=400)

    def of(rows):
        s = np.cov(rows.T)
        return float(omega.fitted(s, omega.solution(s)))

    influences = intervals.influence_along(lambda s: omega.fitted_gradient(s, omega.solution(s)), x)
    assert influences.mean() == pytest.approx(0, abs=1e-10)
    jackknife = [(len(x) - 1) * (of(x) - of(np.delete(x, row, axis=0))) for row in range(40)]
    assert np.corrcoef(jackknife, influences[:40])[0, 1] > 0.999


@some_examples
@given(st.floats(0.2, 0.95), st.integers(3, 9), st.floats(0.1, 20))
def test_parallel_items_have_one_reliability(r, k, unit):
    s = unit * (np.full((k, k), r) + (1 - r) * np.eye(k))
    found = omega.solution(s)
    expected = consistency.alpha(s)
    assert float(omega.fitted(s, found)) == pytest.approx(expected, abs=1e-9)
    assert float(omega.observed(s, found)) == pytest.approx(expected, abs=1e-9)


@some_examples
@given(st.lists(st.floats(0.3, 0.9), min_size=3, max_size=8))
def test_congeneric_items_give_their_omega_back(loadings):
    weights = np.array(loadings)
    s = np.outer(weights, weights) + np.diag(1 - weights**2)
    found = omega.solution(s)
    expected = weights.sum() ** 2 / s.sum()
    assert float(omega.fitted(s, found)) == pytest.approx(expected, abs=1e-7)
    assert float(omega.observed(s, found)) == pytest.approx(expected, abs=1e-7)
    assert consistency.alpha(s) <= expected + 1e-7


def test_schmid_leiman_gives_a_hierarchy_back():
    on_general = np.array([0.8, 0.7, 0.75])
    pattern = np.kron(np.eye(3), np.array([[0.7], [0.6], [0.8]]))
    phi = np.outer(on_general, on_general)
    np.fill_diagonal(phi, 1)
    r = pattern @ phi @ pattern.T
    np.fill_diagonal(r, 1)
    found = omega.schmid_leiman(r)
    np.testing.assert_allclose(found.general, pattern @ on_general, atol=1e-6)
    assert found.hierarchical == pytest.approx((pattern @ on_general).sum() ** 2 / r.sum(), abs=1e-6)
    assert found.total == pytest.approx(1 - (1 - (pattern**2).sum(axis=1)).sum() / r.sum(), abs=1e-6)
    assert not found.improper


def test_a_matrix_for_which_the_steps_halt_is_fitted_alone(monkeypatch):
    from toolkit.kernels import one_factor as module

    expected = one_factor(stack(5)[:3]).loadings
    monkeypatch.setattr(module, "MOST_STEPS", 1)
    found = one_factor(stack(5)[:3])
    assert found.converged.all()
    np.testing.assert_allclose(found.loadings, expected, atol=1e-7)
