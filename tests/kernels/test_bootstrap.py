import numpy as np
import pytest

from tests.conftest import oracle
from toolkit.kernels import bootstrap
from toolkit.kernels.moments import Sums
from toolkit.kernels.sem.bootstrap import bca as bca_of_models


def answers(n=30, k=3, holes=0.0):
    generator = np.random.default_rng(1)
    x = generator.normal(size=(n, k)) + generator.normal(size=(n, 1))
    x[generator.random(x.shape) < holes] = np.nan
    return x


@pytest.mark.parametrize("holes", [0.0, 0.15])
@pytest.mark.parametrize("size", [1, 2])
def test_covariances_equal_those_of_resampled_rows(holes, size, monkeypatch):
    monkeypatch.setattr(bootstrap, "MOST_PRODUCTS", 100)
    x, cluster = answers(holes=holes), np.arange(30) // size
    n_clusters = int(cluster.max()) + 1
    (stack,) = bootstrap.bootstrap_covariances(x, cluster, 4, np.random.default_rng(5))
    drawn = np.random.default_rng(5).integers(0, n_clusters, size=(4, n_clusters))
    for sample, chosen in zip(stack, drawn, strict=True):
        rows = np.concatenate([np.flatnonzero(cluster == number) for number in chosen])
        sums = Sums.of(x[rows])
        np.testing.assert_allclose(sample, sums.cross / (sums.n - 1), atol=1e-12)


def test_the_size_of_the_stacks_changes_nothing(monkeypatch):
    x, cluster = answers(), np.arange(30)
    (whole,) = bootstrap.bootstrap_covariances(x, cluster, 10, np.random.default_rng(5))
    monkeypatch.setattr(bootstrap, "MOST_COUNTS", 90)
    parts = list(bootstrap.bootstrap_covariances(x, cluster, 10, np.random.default_rng(5)))
    assert [len(part) for part in parts] == [3, 3, 3, 1]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-14)


def test_a_pair_that_no_row_holds_has_no_covariance():
    x = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, 1.0], [np.nan, 3.0]])
    (stack,) = bootstrap.bootstrap_covariances(x, np.arange(4), 20, np.random.default_rng(1))
    assert np.isnan(stack[:, 0, 1]).all()


def test_percentile_is_type_7():
    assert bootstrap.percentile(np.arange(101.0), 0.9) == pytest.approx((5.0, 95.0))


@pytest.mark.parametrize("case", ["alpha", "omega_fitted"])
@pytest.mark.parametrize("level", [90, 95])
def test_bca_equals_boot_on_given_samples(case, level):
    found = oracle("bca_bfi")[case]
    expected = found[f"bca_{level}"]
    draws, influences = np.array(found["t"]), np.array(found["L"])
    low, high = bootstrap.bca(draws, found["t0"], influences, level / 100)
    assert (low, high) == pytest.approx((expected["low"], expected["high"]), abs=1e-12)
    percentile = found[f"percentile_{level}"]
    tail = (1 - level / 100) / 2
    ends = bootstrap.quantiles(draws, np.array([tail, 1 - tail]))
    assert ends == pytest.approx((percentile["low"], percentile["high"]), abs=1e-12)


def test_bca_of_few_clusters_is_wider():
    draws, influences = np.random.default_rng(1).normal(size=999), np.random.default_rng(2).normal(size=20)
    plain, wide = bootstrap.bca(draws, 0.0, influences, 0.95), bootstrap.bca(draws, 0.0, influences, 0.95, df=19)
    assert wide[0] < plain[0] < plain[1] < wide[1]


def test_bca_is_not_defined_where_all_draws_lie_to_one_side():
    assert np.isnan(bootstrap.bca(np.ones(100), 2.0, np.array([1.0, -1.0]), 0.95)).all()


@pytest.mark.parametrize("value", [0.0, 1.0, -250.0])
@pytest.mark.parametrize("influences", [np.zeros(2), np.array([1.0, -1.0])])
def test_a_constant_is_its_own_interval_as_in_models(value, influences):
    draws = np.full(100, value)
    assert bootstrap.bca(draws, value, influences, 0.95) == (value, value)
    assert bootstrap.bca(draws, value, influences, 0.95, df=1) == (value, value)
    low, high = bca_of_models(draws[:, None], np.array([value]), np.zeros(1), 0.95)
    assert (low[0], high[0]) == (value, value)


def test_what_differs_from_a_constant_by_rounding_alone_is_one():
    assert bootstrap.bca(1.0 - np.full(100, 2e-16), 1.0, np.array([1.0, -1.0]), 0.95) == (1.0, 1.0)
