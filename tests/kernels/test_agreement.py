import numpy as np
import pytest

from tests.conftest import oracle
from toolkit.kernels import agreement
from toolkit.kernels.agreement import DegreesOfFreedom, MeanSquares

TABLES = oracle("agreement")["icc"]


def table(name):
    rows = TABLES[name]["x"]
    return np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=float)


def test_shrout_and_fleiss_equal_psych():
    data = oracle("02_icc_shrout_fleiss")
    x = np.array(data["data"]["values"], dtype=float)
    expected = data["lmer_FALSE"]["results"]
    square, df = MeanSquares.of(x), DegreesOfFreedom.of_design(*x.shape)
    np.testing.assert_allclose(square.icc(), expected["ICC"], atol=1e-12)
    assert square.within == pytest.approx(data["lmer_FALSE"]["MSW"], abs=1e-12)
    found = agreement.exact_intervals(square, df, 0.95) | agreement.satterthwaite_intervals(square, df, 0.95)
    for form, low, high in zip(expected["type"], expected["lower bound"], expected["upper bound"], strict=True):
        assert found[form] == pytest.approx((low, high), abs=1e-10)


def test_components_and_mean_squares_are_two_ways_to_say_one_thing():
    square = MeanSquares.of(table("complete"))
    again = MeanSquares.of_components(square.n, square.k, *square.components())
    np.testing.assert_allclose(again.icc(), square.icc(), atol=1e-12)
    assert again.within == pytest.approx(square.within)


@pytest.mark.parametrize("name", ["complete", "two_raters"])
def test_leaving_out_a_cluster_is_leaving_out_its_rows(name):
    x = table(name)
    cluster = np.arange(len(x)) // 2
    found = agreement.omitting_clusters(x, cluster)
    for one in range(len(found)):
        square = MeanSquares.of(x[cluster != one])
        np.testing.assert_allclose(found[one], [square.between, square.within, square.error], rtol=1e-10)


def test_clusters_of_one_keep_the_degrees_of_the_design():
    x = np.random.default_rng(1).normal(size=(4000, 1)) + np.random.default_rng(2).normal(size=(4000, 4))
    found = DegreesOfFreedom.of_clusters(agreement.omitting_clusters(x, np.arange(len(x))), 4)
    design = DegreesOfFreedom.of_design(*x.shape)
    for name in ("between", "within", "between_error", "error"):
        assert getattr(found, name) == pytest.approx(getattr(design, name), rel=0.1)
    assert found.raters == design.raters


def test_a_table_without_agreement_has_bounds_below_zero():
    x = np.random.default_rng(3).normal(size=(40, 3))
    square, df = MeanSquares.of(x), DegreesOfFreedom.of_design(40, 3)
    low, high = agreement.large_sample_intervals(square, df, 0.95)["ICC2"]
    assert low < min(square.icc()[1], 0)
    assert high > square.icc()[1]
