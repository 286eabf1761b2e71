"""Discriminant validity: HTMT by its published formula and semTools, Fornell & Larcker's comparison."""

import numpy as np
import pytest

from tests.conftest import oracle
from tests.kernels.sem.models import THREE, fit, pupils
from tests.kernels.sem.test_modification import SECOND, grouped
from toolkit.kernels.sem.discriminant import discriminant_validity, htmt
from toolkit.kernels.sem.model_reliability import reliability

MEMBERS = [np.arange(3), np.arange(3, 6), np.arange(6, 9)]


def sample_correlations() -> np.ndarray:
    return pupils()[[f"x{number}" for number in range(1, 10)]].corr().to_numpy()


def test_ratios_of_pupils():
    wanted, lower = oracle("sem_after_fit")["htmt"], np.tril_indices(3, -1)
    found = htmt(sample_correlations(), MEMBERS)
    np.testing.assert_allclose(found[lower], np.array(wanted["base"])[lower], atol=1e-12)
    np.testing.assert_allclose(found[lower], np.array(wanted["semtools"])[lower], atol=1e-12)
    geometric = htmt(sample_correlations(), MEMBERS, geometric=True)
    np.testing.assert_allclose(geometric[lower], np.array(wanted["htmt2"])[lower], atol=1e-12)


def test_pairs_of_a_model():
    pairs = discriminant_validity(fit(THREE, pupils()))
    assert [(one.first, one.second) for one in pairs] == [
        ("visual", "textual"),
        ("visual", "speed"),
        ("textual", "speed"),
    ]
    wanted = np.array(oracle("sem_after_fit")["htmt"]["base"])
    np.testing.assert_allclose([one.htmt for one in pairs], wanted[[0, 0, 1], [1, 2, 2]], atol=1e-12)
    correlations = {"visual~~textual": 0.4585, "visual~~speed": 0.4705, "textual~~speed": 0.2830}
    found = [one.correlation for one in pairs]
    np.testing.assert_allclose(found, list(correlations.values()), atol=1e-4)
    variance = {one.factor: one.variance for one in reliability(fit(THREE, pupils()))}
    assert pairs[0].margin == pytest.approx(variance["visual"] - found[0] ** 2)


def test_reversing_an_item_changes_nothing():
    data = pupils().assign(x2=-pupils()["x2"])
    for plain, turned in zip(
        discriminant_validity(fit(THREE, pupils())), discriminant_validity(fit(THREE, data)), strict=True
    ):
        assert turned.htmt == pytest.approx(plain.htmt, abs=1e-12)
        assert turned.margin == pytest.approx(plain.margin, abs=1e-6)


def test_groups_and_ordinal_items():
    pairs = discriminant_validity(grouped())
    assert [one.group for one in pairs] == [0, 1]
    correlations = grouped().estimator.samples[1].covariance
    assert pairs[1].htmt == pytest.approx(htmt(correlations, [np.arange(5), np.arange(5, 10)])[0, 1], abs=1e-12)


def test_parallel_items_of_one_factor_have_ratio_1():
    r = np.full((6, 6), 0.4)
    np.fill_diagonal(r, 1.0)
    for geometric in (False, True):
        assert htmt(r, [np.arange(3), np.arange(3, 6)], geometric)[0, 1] == pytest.approx(1.0, abs=1e-14)


def test_a_set_of_one_item_has_no_ratio():
    assert np.isnan(htmt(sample_correlations(), [np.arange(3), np.array([3])])[0, 1])
    (pair,) = discriminant_validity(fit("visual =~ x1 + x2 + x3\nother =~ x4", pupils()))
    assert np.isnan([pair.htmt, pair.htmt2, pair.second_variance, pair.margin]).all()
    assert np.isfinite(pair.correlation)


def test_factors_of_factors_are_not_compared():
    pairs = discriminant_validity(fit(SECOND, pupils()))
    assert "g" not in {name for one in pairs for name in (one.first, one.second)}
    assert len(pairs) == 3
