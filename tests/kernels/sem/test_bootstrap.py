"""Bootstrap of fitted models: draws, intervals, clusters, agreement with R within Monte Carlo error."""

import numpy as np
import pandas as pd
import pytest

from tests.conftest import oracle, test_data
from tests.kernels.sem.models import THREE, fit, pupils, sample_rows
from toolkit.kernels.sem.bootstrap import acceleration, bca, bootstrap, percentile, weighted_moments
from toolkit.kernels.sem.definitions import definitions_of
from toolkit.kernels.sem.fitted import refitted
from toolkit.kernels.sem.moments import SampleMoments
from toolkit.kernels.sem.solution import FitOptions

MLR = FitOptions("MLR")


def drawn(fitted, data, draws, **split):
    return bootstrap(fitted, sample_rows(data, fitted.model.table.observed, **split), draws, np.random.default_rng(7))


def test_weighted_moments_are_those_of_repeated_rows():
    x = pupils()[["x1", "x2", "x3"]].to_numpy()
    weight = np.random.default_rng(1).multinomial(301, np.full(301, 1 / 301), 3).astype(float)
    found = weighted_moments(x, weight, lost=1)
    for draw in range(3):
        wanted = SampleMoments.of(np.repeat(x, weight[draw].astype(int), axis=0), lost=1)
        np.testing.assert_allclose(found.covariance[draw], wanted.covariance, rtol=1e-10)
        np.testing.assert_allclose(found.mean[draw], wanted.mean, rtol=1e-12)


@pytest.mark.parametrize("cluster", [None, "uneven"])
def test_draws_are_fits_to_the_drawn_rows(cluster):
    data = pupils()
    fitted = fit(THREE, data, cluster=cluster)
    rows = sample_rows(data, fitted.model.table.observed, cluster=cluster)
    found = bootstrap(fitted, rows, 3, np.random.default_rng(5)).x
    generator = np.random.default_rng(5)
    if cluster is None:
        counts = generator.multinomial(301, np.full(301, 1 / 301), 3)
    else:
        size = int(rows.cluster.max()) + 1
        counts = generator.multinomial(size, np.full(size, 1 / size), 3)[:, rows.cluster]
    for draw in range(3):
        sample = type(rows)((np.repeat(rows.groups[0], counts[draw], axis=0),))
        np.testing.assert_allclose(found[draw], refitted(fitted, sample).x, atol=1e-6)


def test_latent_mediation_within_monte_carlo_error():
    wanted = oracle("10_mediation_hs_latent")
    fitted = fit("\n".join(wanted["syntax"]), pupils())
    draws = drawn(fitted, pupils(), 600)
    assert draws.n_failed == 0
    defined = definitions_of(fitted.model.table)
    values = defined(draws.x)
    se = np.array(wanted["bootstrap"]["percentile"]["se"][3:])
    np.testing.assert_allclose(values.std(axis=0, ddof=1), se, rtol=0.15)
    for name, limits in (
        ("percentile", percentile(values, 0.95)),
        ("bca_simple", bca(values, defined(fitted.x), np.zeros(2), 0.95)),
    ):
        block = wanted["bootstrap"][name]
        np.testing.assert_allclose(limits[0], block["ci.lower"][3:], atol=0.03)
        np.testing.assert_allclose(limits[1], block["ci.upper"][3:], atol=0.03)


def test_indirect_effect_against_boot():
    data = pd.read_csv(test_data("tal_or.csv"))
    wanted = oracle("10_mediation_talor")
    fitted = fit("\n".join(wanted["one_mediator"]["syntax"]), data)
    draws = drawn(fitted, data, 4000)
    defined = definitions_of(fitted.model.table)
    values = defined(draws.x)[:, :1]
    assert values.std() == pytest.approx(wanted["ols_bootstrap"]["boot_se"], abs=0.006)
    low, high = percentile(values, 0.95)
    np.testing.assert_allclose([low[0], high[0]], wanted["ols_bootstrap"]["percentile"], atol=0.025)
    low, high = bca(values, defined(fitted.x)[:1], acceleration(fitted, defined)[:1], 0.95)
    np.testing.assert_allclose([low[0], high[0]], wanted["ols_bootstrap"]["bca"], atol=0.025)


@pytest.mark.parametrize("table", [{}, {"group": "school", "group_equal": ("loadings",)}])
def test_spread_of_draws_is_the_robust_error(table):
    fitted = fit(THREE, pupils(), MLR, **table)
    draws = drawn(fitted, pupils(), 200, **({"group": "school"} if table else {}))
    assert draws.n_failed <= 4
    typical = np.median(np.median(np.abs(draws.x - np.median(draws.x, axis=0)), axis=0) / 0.6745 / fitted.se)
    assert typical == pytest.approx(1.0, abs=0.15)


def test_clusters_widen_the_spread_as_they_widen_errors():
    data = pd.concat([pupils(), pupils()], ignore_index=True).assign(twin=np.tile(np.arange(301), 2))
    fitted = fit(THREE, data, MLR, cluster="twin")
    alone = fit(THREE, pupils(), MLR)
    np.testing.assert_allclose(fitted.se, alone.se * np.sqrt(301 / 300), rtol=1e-6)
    twins = drawn(fitted, data, 100, cluster="twin").x.std(axis=0)
    single = drawn(alone, pupils(), 100).x.std(axis=0)
    np.testing.assert_allclose(twins, single, rtol=1e-6)


def test_incomplete_rows_are_refitted_one_by_one():
    data = pupils().copy()
    data.loc[::5, "x2"] = np.nan
    fitted = fit("visual =~ x1 + x2 + x3", data, FitOptions(missing="fiml"), meanstructure=True)
    draws = drawn(fitted, data, 5)
    assert draws.x.shape == (5, 9)
    np.testing.assert_allclose(draws.x.mean(axis=0)[-3:], fitted.x[-3:], atol=0.3)


def test_bca_of_symmetric_draws_is_the_percentile_interval():
    values = np.random.default_rng(2).standard_normal((9999, 1))
    values = np.concatenate([values, -values])
    np.testing.assert_allclose(bca(values, np.zeros(1), np.zeros(1), 0.9), percentile(values, 0.9), atol=1e-12)


def test_a_constant_is_its_own_interval():
    fitted = fit("f =~ x1 + a*x2 + x3 + x4\nsame := a - a\nloading := a", pupils())
    defined = definitions_of(fitted.model.table)
    speed = acceleration(fitted, defined)
    assert speed[0] == 0.0
    assert 0.0 < abs(speed[1]) < 0.1
    low, high = bca(np.zeros((50, 1)), np.zeros(1), speed[:1], 0.95)
    assert (low[0], high[0]) == (0.0, 0.0)
