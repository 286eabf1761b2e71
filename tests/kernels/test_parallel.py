import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.conftest import ROOT, oracle
from tests.kernels.test_retention import BFI25
from toolkit.kernels import parallel
from toolkit.kernels.factoring import minres
from toolkit.kernels.one_factor_minres import communalities
from toolkit.kernels.parallel import Layout, RandomEigenvalues
from toolkit.kernels.polychoric import polychoric_correlations
from toolkit.kernels.retention import eigenvalues, with_diagonal

STANDARD_ERRORS = 4


def streams(k: int, seed: int = 0) -> list[np.random.Generator]:
    return [np.random.default_rng([seed, item]) for item in range(k)]


def hs() -> np.ndarray:
    frame = pd.read_csv(ROOT / "tests" / "data" / "hs1939.csv")
    return frame[[f"x{number}" for number in range(1, 10)]].to_numpy(dtype=float)


def bfi() -> np.ndarray:
    return pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")[BFI25].dropna().to_numpy(dtype=float)


def holes(x: np.ndarray) -> np.ndarray:
    i, j = np.arange(1, len(x) + 1)[:, None], np.arange(1, x.shape[1] + 1)
    return np.where((7 * i + 13 * j + (i * i * j) % 17) % 5 == 0, np.nan, x)


def couples(x: np.ndarray) -> np.ndarray:
    numbers = np.empty(len(x), dtype=np.intp)
    numbers[np.argsort(x.sum(axis=1), kind="stable")] = np.arange(len(x)) // 2
    return numbers


def polychoric(x: np.ndarray) -> np.ndarray:
    return polychoric_correlations(x).r


def drawn(name: str) -> RandomEigenvalues:
    x = bfi() if name.startswith(("bfi", "agree")) else hs()
    x = holes(x) if "holes" in name else x[:300, :5] if "agree" in name else x
    clusters = couples(x) if "couples" in name else None
    layout = Layout.of(x, clusters, ordinal="polychoric" in name)
    correlate = polychoric if "polychoric" in name else parallel.pearson
    random = streams(x.shape[1], seed=3)
    if name.endswith("permutation"):
        draw = parallel.permuted
    elif "polychoric" in name:
        draw = parallel.normal_categories
    elif "holes" in name:
        draw = parallel.normal
    else:
        one = np.random.default_rng(3)
        return parallel.random_eigenvalues(lambda: parallel.wishart_correlation(*x.shape, one), 1000)
    replications = 300 if x.shape[1] == 25 or "polychoric" in name else 1000
    return parallel.random_eigenvalues(lambda: correlate(draw(layout, random)), replications)


@pytest.mark.parametrize("name", list(oracle("parallel_analysis")))
def test_random_eigenvalues_equal_those_of_r_within_simulation_error(name):
    expected, found = oracle("parallel_analysis")[name], drawn(name)
    for kind, values in (("components", found.components), ("factors", found.factors)):
        theirs = {key: np.array(value) for key, value in expected[kind].items()}
        error = np.sqrt(theirs["sd"] ** 2 / expected["replications"] + values.var(axis=0) / len(values))
        assert (np.abs(values.mean(axis=0) - theirs["mean"]) < STANDARD_ERRORS * error).all()
        np.testing.assert_allclose(values.std(axis=0), theirs["sd"], rtol=0.25)
        quantile = np.quantile(values, 0.95, axis=0)
        assert (np.abs(quantile - theirs["quantile95"]) < 2 * STANDARD_ERRORS * error).all()


def random_correlations(n: int, k: int, replications: int, seed: int = 4) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal((replications, n, k))
    return np.stack([np.corrcoef(one.T) for one in x])


def misfit(r: np.ndarray, communality: np.ndarray) -> float:
    """Sum the squared residuals of one factor with these communalities; its signs are those of the first axis."""
    axis = np.linalg.eigh(with_diagonal(r, communality))[1][:, -1]
    loadings = np.sign(axis) * np.sqrt(communality)
    return float((with_diagonal(r - np.outer(loadings, loadings), 0.0) ** 2).sum())


@pytest.mark.parametrize(("n", "k"), [(2436, 25), (301, 9), (100, 9), (50, 6), (962, 40), (60, 3)])
def test_one_factor_of_many_matrices_equals_that_of_each(n, k):
    r = random_correlations(n, k, 60)
    found = communalities(r)
    each = np.stack([minres(one, 1).loadings[:, 0] ** 2 for one in r])
    distance = np.abs(eigenvalues(with_diagonal(r, found)) - eigenvalues(with_diagonal(r, each))).max(axis=1)
    assert np.quantile(distance, 0.95) < 1e-7
    for place in np.flatnonzero(distance > 1e-7):  # another local minimum, and a lower one
        assert misfit(r[place], found[place]) < misfit(r[place], each[place])


def test_one_factor_of_a_singular_matrix():
    x = np.random.default_rng(1).standard_normal((3, 5, 8))
    r = np.stack([np.corrcoef(one.T) for one in x])
    assert np.isfinite(communalities(r)).all()
    exact = np.full((1, 4, 4), 1.0)
    assert np.isfinite(communalities(exact)).all()


@pytest.mark.parametrize(("n", "k"), [(30, 4), (5, 4), (4, 6), (10, 9)])
def test_correlations_drawn_from_wishart_are_those_of_normal_rows(n, k):
    one = np.random.default_rng(2)
    fast = eigenvalues(np.stack([parallel.wishart_correlation(n, k, one) for _ in range(2000)]))
    slow = eigenvalues(random_correlations(n, k, 2000))
    error = np.sqrt((fast.var(axis=0) + slow.var(axis=0)) / 2000)
    assert (np.abs(fast.mean(axis=0) - slow.mean(axis=0)) <= STANDARD_ERRORS * error + 1e-12).all()
    np.testing.assert_allclose(fast.sum(axis=1), k)


@pytest.mark.parametrize("draw", [parallel.permuted, parallel.normal])
@pytest.mark.parametrize("clustered", [False, True])
@some_examples
@given(seed=st.integers(0, 10_000))
def test_order_of_rows_and_coding_of_items_change_nothing(draw, clustered, seed):
    rng = np.random.default_rng(seed)
    x = np.where(rng.random((24, 4)) < 0.2, np.nan, rng.gamma(1, size=(24, 4)))
    clusters = rng.integers(0, 10, 24) if clustered else None
    rows, signs = rng.permutation(24), rng.choice([-1.0, 1.0], 4)
    other = None if clusters is None else rng.permutation(10)[clusters][rows]
    one = parallel.pearson(draw(Layout.of(x, clusters), streams(4)))
    two = parallel.pearson(draw(Layout.of((signs * x * 3 + 7)[rows], other), streams(4)))
    np.testing.assert_allclose(one, two, atol=1e-9)


def test_permuted_answers_are_the_same_answers_in_other_rows():
    x = holes(np.round(hs()))
    layout = Layout.of(x, ordinal=True)
    found = parallel.permuted(layout, streams(9))
    for ours, theirs in zip(found.T, x.T, strict=True):
        counts = [np.unique(one[~np.isnan(one)], return_counts=True)[1].tolist() for one in (ours, theirs)]
        assert counts[0] in (counts[1], counts[1][::-1])
    patterns = [sorted(map(tuple, np.isnan(one).tolist())) for one in (found, x)]
    assert patterns[0] == patterns[1]
    assert not layout.is_complete


def test_couples_are_permuted_whole():
    x = np.repeat(np.arange(40.0), 2)[:, None] + [0, 0.25]
    found = parallel.permuted(Layout.of(x, np.arange(80) // 2), streams(2))
    pairs = found.reshape(40, 2, 2)
    np.testing.assert_allclose(pairs[:, 0], pairs[:, 1])
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.5


def test_partners_change_places_at_random():
    x = np.tile([0.0, 1.0], 200)[:, None].repeat(2, axis=1) + np.repeat(np.arange(200.0), 2)[:, None] * 10
    found = parallel.permuted(Layout.of(x, np.arange(400) // 2), streams(2)).reshape(200, 2, 2)
    turned = found[:, 0] > found[:, 1]
    np.testing.assert_allclose(turned.mean(axis=0), 0.5, atol=0.15)
    assert 0.3 < (turned[:, 0] == turned[:, 1]).mean() < 0.7


def test_undefined_correlations_are_drawn_again_and_counted():
    matrices = iter([np.full((3, 3), np.nan), np.eye(3), np.eye(3)])
    assert parallel.random_eigenvalues(lambda: next(matrices), 2).n_redrawn == 1
    with pytest.raises(np.linalg.LinAlgError):
        parallel.random_eigenvalues(lambda: np.full((3, 3), np.nan), 4)


def test_parts_of_many_matrices_give_what_one_part_gives(monkeypatch):
    def found() -> RandomEigenvalues:
        one = np.random.default_rng(5)
        return parallel.random_eigenvalues(lambda: parallel.wishart_correlation(50, 5, one), 13)

    whole = found()
    monkeypatch.setattr(parallel, "MOST_CELLS", 100)
    parts = found()
    np.testing.assert_array_equal(whole.components, parts.components)
    np.testing.assert_allclose(whole.factors, parts.factors, atol=1e-9)
    assert whole.components.shape == (13, 5)


def test_two_items_have_components_only():
    one = np.random.default_rng(6)
    found = parallel.random_eigenvalues(lambda: parallel.wishart_correlation(50, 2, one), 5)
    assert np.isnan(found.factors).all()
    np.testing.assert_allclose(found.components.sum(axis=1), 2)
