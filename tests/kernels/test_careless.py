import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.builders import some_examples
from tests.conftest import ROOT, oracle, test_data
from toolkit.kernels import careless

ITEMS = [f"{letter}{number}" for letter in "ACENO" for number in range(1, 6)]
REVERSED = ["A1", "C4", "C5", "E1", "E2", "O2", "O5"]
SCALES = [range(start, start + 5) for start in range(0, 25, 5)]
EXPECTED = oracle("careless")


def numbers(values):
    return np.array([np.nan if value is None else value for value in values], dtype=float)


@pytest.fixture(params=list(EXPECTED))
def case(request):
    expected = EXPECTED[request.param]
    frame = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")[ITEMS].iloc[expected["rows"]]
    turned = frame.assign(**{name: 7 - frame[name] for name in REVERSED})
    return frame.to_numpy(dtype=float), turned.to_numpy(dtype=float), expected


def test_runs_and_variability_equal_r(case):
    x, _, expected = case
    found = careless.runs(x)
    np.testing.assert_array_equal(found.longest, numbers(expected["longest"]))
    np.testing.assert_allclose(found.average, numbers(expected["average"]), rtol=1e-14)
    sections = careless.runs(x, [0, 5, 10, 15, 20]).longest
    np.testing.assert_array_equal(sections, numbers(expected["longest_in_sections"]))
    np.testing.assert_allclose(careless.response_variability(x), numbers(expected["variability"]), rtol=1e-13)


def test_distances_equal_r(case):
    x, _, expected = case
    found = careless.mahalanobis(x)
    np.testing.assert_allclose(found.squared, numbers(expected["observed"]["squared"]), rtol=1e-11)
    np.testing.assert_array_equal(found.df, numbers(expected["observed"]["df"]))
    np.testing.assert_allclose(found.p, numbers(expected["observed"]["p"]), rtol=1e-10)
    zero = careless.mahalanobis(x, "zero")
    np.testing.assert_allclose(zero.squared, numbers(expected["zero"]), rtol=1e-11)
    assert (zero.df == 25).all()


def test_consistency_equals_r(case):
    x, turned, expected = case
    np.testing.assert_allclose(careless.even_odd(turned, SCALES), numbers(expected["even_odd"]), atol=1e-12)
    for name, critical in (("synonyms", 0.45), ("antonyms", -0.35)):
        pairs = careless.item_pairs(x, critical)
        assert len(pairs) == expected[name]["n_pairs"]
        np.testing.assert_allclose(careless.pair_correlation(x, pairs), numbers(expected[name]["r"]), atol=1e-12)


def test_published_values_of_the_careless_package():
    x = pd.read_csv(test_data("careless_dataset.csv")).to_numpy(dtype=float)
    anchors = Path(test_data("careless_dataset.csv")).parents[1] / "oracles" / "00_anchors.json"
    expected = json.loads(anchors.read_text(encoding="utf-8"))["careless_dataset_200x50"]
    found = careless.runs(x)
    assert found.longest[:5].tolist() == expected["longstr_first5"]
    assert found.longest.mean() == pytest.approx(expected["longstr_mean"], abs=1e-12)
    assert found.longest.max() == expected["longstr_max"]
    np.testing.assert_allclose(found.average[:5], expected["avgstr_first5"], atol=5e-7)
    variability = careless.response_variability(x)
    np.testing.assert_allclose(variability[:5], expected["irv_first5"], atol=5e-7)
    assert variability.mean() == pytest.approx(expected["irv_mean"], abs=5e-7)
    distances = careless.mahalanobis(x)
    np.testing.assert_allclose(distances.squared[:5], expected["mahad_first5"], atol=5e-7)
    assert (distances.p < 0.01).sum() == expected["mahad_flag99"]
    consistency = careless.even_odd(x, [range(start, start + 5) for start in range(0, 50, 5)])
    np.testing.assert_allclose(consistency[:5], expected["evenodd_first5"], atol=5e-7)
    assert np.isnan(consistency).sum() == expected["evenodd_NA"]
    pairs = careless.item_pairs(x, 0.60)
    assert len(pairs) == expected["psychsyn_pairs"]
    synonyms = careless.pair_correlation(x, pairs)
    np.testing.assert_allclose(synonyms[:5], expected["psychsyn60_noresample_first5"], atol=5e-7)


def test_runs_pass_over_missing_answers_and_end_at_sections():
    x = np.array([[3.0, np.nan, 3, 3, 1], [2, 2, 2, 2, 2], [np.nan] * 5])
    found = careless.runs(x)
    np.testing.assert_array_equal(found.longest, [3, 5, np.nan])
    np.testing.assert_array_equal(found.average, [2, 5, np.nan])
    np.testing.assert_array_equal(careless.runs(x, [3]).longest, [2, 3, np.nan])


def test_variability_within_sections_is_pooled():
    x = np.array([[1.0, 1, 5, 5, 5], [1, 3, 2, 4, 6], [1, np.nan, 2, np.nan, np.nan]])
    np.testing.assert_allclose(careless.response_variability(x, [0, 2]), [0, np.sqrt((2 + 8) / 3), np.nan])


def test_covariances_that_are_not_positive_definite_give_no_distances():
    x = np.random.default_rng(1).normal(size=(30, 3))
    for singular in (np.column_stack([x, x[:, 0]]), np.column_stack([x, np.ones(30)]), x[:2], x[:0]):
        found = careless.mahalanobis(singular)
        assert not found.regular
        assert np.isnan(found.squared).all()


def test_distances_of_normal_answers_follow_chi_square():
    x = np.random.default_rng(7).normal(size=(4000, 6))
    x[np.random.default_rng(8).random(x.shape) < 0.1] = np.nan
    p = careless.mahalanobis(x).p
    assert abs((p < 0.05).mean() - 0.05) < 0.011


def test_missed_counts_wrong_answers_only():
    x = np.array([[3.0, 1], [3, np.nan], [2, 2], [np.nan, np.nan]])
    np.testing.assert_array_equal(careless.missed(x, np.array([3.0, 1])), [0, 0, 2, np.nan])


def test_consistency_is_not_defined_without_variation_or_scales():
    same = np.full((2, 12), 3.0)
    assert np.isnan(careless.even_odd(same, [range(0, 4), range(4, 8), range(8, 12)])).all()
    assert np.isnan(careless.even_odd(same, [])).all()
    assert np.isnan(careless.pair_correlation(same, np.empty((0, 2), dtype=int))).all()


def test_robust_bounds():
    assert careless.robust_bounds(np.array([1.0, 2, 3, 4, 100, np.nan]), 1) == pytest.approx((3 - 1.4826, 3 + 1.4826))
    assert np.isnan(careless.robust_bounds(np.full(3, np.nan), 3)).all()


ANSWERS = arrays(
    np.float64, st.tuples(st.integers(4, 12), st.just(12)), elements=st.sampled_from([1.0, 2, 3, 4, 5, np.nan])
)


@some_examples
@given(ANSWERS, st.integers(-3, 9), st.permutations(range(12)))
def test_what_changes_no_index(x, constant, order):
    same = careless.runs(x)
    moved = careless.runs(x + constant)
    np.testing.assert_array_equal(same.longest, moved.longest)
    np.testing.assert_array_equal(same.average, moved.average)
    np.testing.assert_array_equal(careless.runs(x[:, ::-1]).longest, same.longest)
    variability = careless.response_variability(x)
    np.testing.assert_allclose(careless.response_variability(x + constant), variability, atol=1e-12)
    np.testing.assert_allclose(careless.response_variability(x[:, order]), variability, atol=1e-12)
    scales = [range(0, 4), range(4, 8), range(8, 12)]
    consistency = careless.even_odd(x, scales)
    np.testing.assert_allclose(careless.even_odd(x + constant, scales), consistency, atol=1e-7)
    np.testing.assert_allclose(careless.even_odd(x, scales[::-1]), consistency, atol=1e-7)
    assert not (consistency > 1 + 1e-12).any()


@some_examples
@given(st.integers(0, 10_000), st.permutations(range(5)))
def test_distances_do_not_depend_on_units_or_order(seed, order):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(40, 5))
    x[generator.random(x.shape) < 0.05] = np.nan
    found = careless.mahalanobis(x).squared
    scaled = x[:, order] * generator.uniform(0.5, 3, 5) + generator.normal(size=5)
    np.testing.assert_allclose(careless.mahalanobis(scaled).squared, found, rtol=1e-7)
