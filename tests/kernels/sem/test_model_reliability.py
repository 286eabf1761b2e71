"""Reliability from a model: semTools' compRelSEM and AVE, Green & Yang's coefficient, and known answers."""

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT, oracle, test_data
from tests.kernels.sem.models import THREE, fit, pupils
from tests.kernels.sem.test_modification import SECOND, answers, grouped, ordinal
from toolkit.kernels.sem.model_reliability import categorical_reliability, reliability, total_reliability
from toolkit.kernels.sem.solution import FitOptions

TOLERANCE = 1e-5  # semTools reads lavaan's estimates, good to about 1e-5
SCALES = {
    "agree": ("A", (1,)),
    "conscientious": ("C", (4, 5)),
    "extraversion": ("E", (1, 2)),
    "neuroticism": ("N", ()),
    "openness": ("O", (2, 5)),
}
COLUMNS = {
    "implied": "omega",
    "observed": "omega_observed",
    "categorical_implied": "categorical",
    "categorical_observed": "categorical_observed",
    "variance_implied": "variance",
    "variance_observed": "variance_observed",
}


def values(found, column) -> list[float]:
    return [getattr(one, column) for one in found]


@pytest.mark.parametrize("column", COLUMNS)
def test_ordinal_items(column):
    wanted = oracle("sem_after_fit")["reliability"]["ordinal"][column]
    np.testing.assert_allclose(values(reliability(ordinal()), COLUMNS[column]), wanted, atol=TOLERANCE)


@pytest.mark.parametrize("column", ["implied", "observed", "variance_implied", "variance_observed"])
def test_continuous_items(column):
    wanted = oracle("sem_after_fit")["reliability"]["plain"][column]
    found = reliability(fit(THREE, pupils()))
    np.testing.assert_allclose(values(found, COLUMNS[column]), wanted, atol=TOLERANCE)
    assert np.isnan(values(found, "categorical")).all()


@pytest.mark.parametrize("column", COLUMNS)
def test_groups(column):
    wanted = oracle("sem_after_fit")["reliability"]["grouped"][column]
    found = reliability(grouped())
    assert [(one.factor, one.group) for one in found] == [("A", 0), ("C", 0), ("A", 1), ("C", 1)]
    by_group = np.reshape(values(found, COLUMNS[column]), (2, 2))
    np.testing.assert_allclose(by_group, np.transpose([wanted["A"], wanted["C"]]), atol=TOLERANCE)


def test_all_items_together():
    wanted = oracle("sem_after_fit")["reliability"]
    (whole,) = total_reliability(fit(THREE, pupils()))
    assert whole.omega == pytest.approx(wanted["plain"]["total_implied"][-1], abs=TOLERANCE)
    assert whole.omega_observed == pytest.approx(wanted["plain"]["total_observed"][-1], abs=TOLERANCE)
    assert len(whole.items) == 9
    found = values(total_reliability(grouped()), "omega")
    np.testing.assert_allclose(found, wanted["grouped"]["total_implied"]["total"], atol=TOLERANCE)


def test_a_factor_of_factors():
    wanted = oracle("sem_after_fit")["reliability"]["second"]
    found = reliability(fit(SECOND, pupils()))
    np.testing.assert_allclose(values(found, "omega"), wanted["higher_implied"], atol=TOLERANCE)
    np.testing.assert_allclose(values(found, "omega_observed"), wanted["higher_observed"], atol=TOLERANCE)
    assert found[-1].items == tuple(f"x{number}" for number in range(1, 10))
    assert np.isnan(found[-1].variance)


def reversed_scale(name: str) -> pd.DataFrame:
    letter, turned = SCALES[name]
    items = [f"{letter}{number}" for number in range(1, 6)]
    data = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")[items].dropna()
    for number in turned:
        data[f"{letter}{number}"] = 7 - data[f"{letter}{number}"]
    return data


def assert_scale(data: pd.DataFrame, wanted: dict, categories: int):
    text = f"F =~ {' + '.join(data.columns)}"
    (plain,) = reliability(fit(text, data, std_lv=True))
    table = dict.fromkeys(data.columns, categories)
    (behind,) = reliability(fit(text, data, FitOptions(estimator="WLSMV"), std_lv=True, ordinal=table))
    found = {
        "compRelSEM_obs.var_TRUE": plain.omega_observed,
        "compRelSEM_obs.var_FALSE": plain.omega,
        "AVE_ML": plain.variance_observed,
        "compRelSEM_ordinal_ord.scale_TRUE": behind.categorical_observed,
        "compRelSEM_ordinal_ord.scale_FALSE": behind.omega_observed,
        "AVE_WLSMV": behind.variance_observed,
    }
    for name, value in found.items():
        assert value == pytest.approx(wanted[name]["value"]["F"], abs=TOLERANCE), name


@pytest.mark.parametrize("name", SCALES)
def test_scales_of_the_bfi(name):
    assert_scale(reversed_scale(name), oracle("02_cfa_omega_bfi")[name], 6)


def assertiveness() -> pd.DataFrame:
    names = [f"AS{number}" for number in range(1, 11)]
    data = pd.read_csv(test_data("ipip_assertiveness.csv"))[names].replace(0, np.nan).dropna()
    data[names[6:]] = 6 - data[names[6:]]
    return data


def test_assertiveness():
    assert_scale(assertiveness(), oracle("02_cfa_omega_ipip")["AS"], 5)


def test_green_and_yang_with_the_implied_denominator():
    data = assertiveness()
    table = dict.fromkeys(data.columns, 5)
    fitted = fit(f"F =~ {' + '.join(data.columns)}", data, FitOptions(estimator="WLSMV"), std_lv=True, ordinal=table)
    (found,) = reliability(fitted)
    assert found.categorical == pytest.approx(0.846715, abs=1e-6)
    assert found.categorical_observed == pytest.approx(0.858341, abs=1e-6)


@pytest.mark.parametrize("ordinal", [{}, {f"A{number}": 6 for number in range(1, 6)}])
def test_turning_items_around_afterwards_is_the_same(ordinal):
    data = reversed_scale("agree")
    before, text = data.assign(A1=7 - data["A1"]), "F =~ A2 + A1 + A3 + A4 + A5"
    options = FitOptions(estimator="WLSMV" if ordinal else "ML")
    wanted, found = fit(text, data, options, ordinal=ordinal), fit(text, before, options, ordinal=ordinal)
    for method in (reliability, total_reliability):
        (one,), (other,) = method(wanted), method(found, ["A1"])
        for name in ("omega", "omega_observed", "categorical", "categorical_observed", "variance", "variance_observed"):
            assert getattr(other, name) == pytest.approx(getattr(one, name), abs=1e-7, nan_ok=True)


def test_many_categories_come_near_the_reliability_of_what_is_behind():
    loadings = np.array([0.5, 0.6, 0.7, 0.8])
    common = np.outer(loadings, loadings)
    whole = common.copy()
    np.fill_diagonal(whole, 1.0)
    cuts = [np.linspace(-3.5, 3.5, 60)] * 4
    assert categorical_reliability(common, whole, cuts) == pytest.approx(common.sum() / whole.sum(), abs=1e-3)


def test_binary_items_by_the_covariances_of_their_sum():
    common, cuts = np.full((2, 2), 0.5), [np.zeros(1), np.zeros(1)]
    whole = np.array([[1.0, 0.5], [0.5, 1.0]])
    # P(both above 0) = 1/4 + asin(1/2)/(2 pi) = 1/3, so covariance 1/12; variance 1/4
    assert categorical_reliability(common, whole, cuts) == pytest.approx((4 / 12) / (2 / 4 + 2 / 12), abs=1e-12)


def test_items_with_different_numbers_of_categories():
    two, three = np.zeros(1), np.array([-0.5, 0.5])
    common = np.outer([0.7, 0.8], [0.7, 0.8])
    whole = common.copy()
    np.fill_diagonal(whole, 1.0)
    forward = categorical_reliability(common, whole, [two, three])
    backward = categorical_reliability(common[::-1, ::-1], whole[::-1, ::-1], [three, two])
    assert forward == pytest.approx(backward, abs=1e-14)
    assert 0 < forward < 1


def test_average_variance_is_not_defined_with_cross_loadings():
    found = {one.factor: one for one in reliability(fit(f"{THREE}\nvisual =~ x9", pupils()))}
    assert np.isnan(found["visual"].variance)
    assert np.isnan(found["speed"].variance)
    assert found["textual"].variance > 0.5
    assert found["visual"].items == ("x1", "x2", "x3", "x9")


def test_a_bifactor_model_gives_omega_hierarchical():
    text = "g =~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
    fitted = fit(text, pupils(), orthogonal=True, std_lv=True)
    found = {one.factor: one for one in reliability(fitted)}
    general = fitted.model.groups[0].filled(fitted.x)[0][:9, 9]
    assert found["g"].omega < total_reliability(fitted)[0].omega
    assert found["g"].omega_observed == pytest.approx(
        general.sum() ** 2 / fitted.estimator.samples[0].covariance.sum(), abs=1e-12
    )


def test_a_factor_of_one_item_is_left_out():
    found = reliability(fit("visual =~ x1 + x2 + x3\nother =~ x4", pupils()))
    assert [one.factor for one in found] == ["visual"]


def test_mixed_items_have_no_reliability():
    fitted = fit(
        "A =~ A2 + A3 + A4 + A5", answers(), FitOptions(estimator="WLSMV"), std_lv=True, ordinal={"A2": 6, "A3": 6}
    )
    (found,) = reliability(fitted)
    assert np.isnan([found.omega, found.omega_observed, found.categorical]).all()
