"""Effect sizes of noninvariance against the published formula, integrated numerically in R."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from tests.conftest import oracle
from tests.kernels.sem.models import THREE, fit, pupils, sample_rows
from tests.kernels.sem.test_modification import ITEMS, answers, grouped
from toolkit.errors import AnalysisError
from toolkit.kernels.sem.noninvariance import ItemCurves, noninvariance

TESTS = [f"x{number}" for number in range(1, 10)]
FACTORS = ("visual", "textual", "speed")
PARTIAL = ("x3~1", "x7~1", "visual=~x2")


def schools(group: int, items=TESTS, factors=FACTORS) -> ItemCurves:
    fitted = fit(THREE, pupils(), group="school", group_equal=("loadings", "intercepts"), group_partial=PARTIAL)
    return ItemCurves.of(fitted, sample_rows(pupils(), TESTS, "school"), group, items, factors)


def genders(group: int) -> ItemCurves:
    return ItemCurves.of(grouped(), sample_rows(answers(), ITEMS, "gender"), group, ITEMS, ("A", "C"))


def test_continuous_items():
    wanted = oracle("sem_after_fit")["dmacs"]["continuous"]
    found = noninvariance(schools(0), schools(1))
    assert list(found.items) == wanted["item"]
    np.testing.assert_allclose(found.dmacs, wanted["dmacs"], atol=1e-5)
    np.testing.assert_allclose(found.signed, wanted["signed"], atol=1e-5)


def test_ordinal_items():
    wanted = oracle("sem_after_fit")["dmacs"]["ordinal"]
    found = noninvariance(genders(0), genders(1))
    np.testing.assert_allclose(found.dmacs, wanted["dmacs"], atol=1e-6)
    np.testing.assert_allclose(found.signed, wanted["signed"], atol=1e-6)


def test_equal_items_have_none_and_the_direction_is_the_focal_groups():
    found = noninvariance(schools(0), schools(1))
    equal = [place for place, name in enumerate(TESTS) if name not in ("x2", "x3", "x7")]
    np.testing.assert_array_equal(found.dmacs[equal], 0.0)
    assert found.signed[2] < 0, "pupils of the second school answer x3 lower at the same factor"
    np.testing.assert_allclose(np.abs(found.signed), found.dmacs, atol=0.12)
    assert (np.abs(found.signed) <= found.dmacs + 1e-12).all()


def test_a_shift_of_all_answers_is_the_difference_of_means():
    reference = genders(0)
    shifted = replace(reference, intercepts=reference.intercepts + 0.3)
    found = noninvariance(reference, shifted)
    assert (found.signed > 0).all()
    line = schools(0)
    moved = noninvariance(line, replace(line, intercepts=line.intercepts + line.spread))
    np.testing.assert_allclose(moved.dmacs, 1.0, atol=1e-12)
    np.testing.assert_allclose(moved.difference, line.spread, atol=1e-12)


def test_ordinal_items_on_two_factors_in_two_directions():
    reference = genders(0)
    turned = replace(reference, loadings=reference.loadings[:, ::-1])
    found = noninvariance(reference, turned)
    generator = np.random.default_rng(5)
    eta = generator.multivariate_normal(turned.factor_mean, turned.factor_covariance, 400_000)
    item = 1
    centres = [(one.intercepts[item] + eta @ one.loadings[item])[:, None] for one in (reference, turned)]
    scores = [ndtr((centre - reference.cuts[item]) / reference.deviations[item]).sum(axis=1) for centre in centres]
    gap = scores[1] - scores[0]
    pooled = reference.spread[item]
    assert found.dmacs[item] == pytest.approx(np.sqrt((gap**2).mean()) / pooled, abs=4e-3)
    assert found.signed[item] == pytest.approx(gap.mean() / pooled, abs=4e-3)


def test_items_of_one_occasion_against_those_of_another():
    text = "first =~ x1 + x2 + x3\nsecond =~ x4 + x5 + x6"
    fitted, rows = fit(text, pupils(), meanstructure=True), sample_rows(pupils(), TESTS[:6])
    sides = [
        ItemCurves.of(fitted, rows, 0, items, (factor,))
        for items, factor in ((TESTS[:3], "first"), (TESTS[3:6], "second"))
    ]
    found = noninvariance(*sides)
    assert found.items == ("x1", "x2", "x3")
    reference, focal = sides
    for item in range(3):
        away = focal.intercepts[item] - reference.intercepts[item]
        slope = focal.loadings[item, 0] - reference.loadings[item, 0]
        spread = np.mean([reference.spread[item], focal.spread[item]])
        wanted = np.sqrt(away**2 + slope**2 * focal.factor_covariance[0, 0]) / spread
        assert found.dmacs[item] == pytest.approx(wanted, abs=1e-10)


def test_other_factors_must_be_named():
    with pytest.raises(AnalysisError, match="Other factors move 'x4', 'x5'"):
        schools(0, ("x1", "x4", "x5"), ("visual",))


def test_sides_of_different_size_are_refused():
    with pytest.raises(AnalysisError, match="different numbers"):
        noninvariance(schools(0), schools(1, TESTS[:3], FACTORS))


def test_a_category_that_nobody_chose_is_refused():
    curves = genders(0)
    short = replace(curves, categories=(curves.categories[0][:-1], *curves.categories[1:]))
    with pytest.raises(AnalysisError, match="5 categories of 'A1'"):
        noninvariance(short, genders(1))
