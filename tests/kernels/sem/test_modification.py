"""Modification indices: every index and expected change of lavaan, and what they promise."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT, oracle, test_data
from tests.kernels.sem.models import FIVE, THREE, fit, personality, pupils
from toolkit.kernels.sem.modification import modification_indices
from toolkit.kernels.sem.solution import FitOptions

WLSMV = FitOptions(estimator="WLSMV")
SECOND = f"{THREE}\ng =~ visual + textual + speed"
PREDICTED = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nvisual ~ ageyr\ntextual ~ ageyr + visual"
TWO = "A =~ A1 + A2 + A3 + A4 + A5\nC =~ C1 + C2 + C3 + C4 + C5"
ITEMS = [f"{scale}{number}" for scale in "AC" for number in range(1, 6)]
SIX = dict.fromkeys(ITEMS, 6)
WITH_HOLES = ROOT / "tests" / "data" / "hs1939_missing.csv"
SCALES = (("mi", "mi"), ("epc", "epc"), ("sepc_lv", "sepc.lv"), ("sepc_all", "sepc.all"))
MODELS = {
    "groups": lambda: fit(THREE, pupils(), group="school", group_equal=("loadings",)),
    "second": lambda: fit(SECOND, pupils()),
    "orthogonal": lambda: fit(THREE, pupils(), orthogonal=True),
    "predicted": lambda: fit(PREDICTED, pupils()),
    "wishart": lambda: fit(THREE, pupils(), FitOptions(likelihood="wishart")),
    "ordinal": lambda: ordinal(),
    "grouped": lambda: grouped(),
}


@cache
def answers() -> pd.DataFrame:
    """Complete rows of ten bfi items and gender."""
    return pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")[[*ITEMS, "gender"]].dropna()


@cache
def ordinal():
    return fit(TWO, answers(), WLSMV, std_lv=True, ordinal=SIX)


@cache
def grouped():
    return fit(TWO, answers(), WLSMV, group="gender", std_lv=True, ordinal=SIX)


def by_name(found, values) -> dict[str, float]:
    """Index values by parameters named as the oracles do."""
    names = [f"{one.name}|g{one.group + 1}" if one.group else one.name for one in found.parameters]
    return dict(zip(names, values, strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_all_indices_are_lavaans(name):
    wanted = oracle("sem_after_fit")["indices"][name]
    found = modification_indices(MODELS[name]())
    assert set(by_name(found, found.mi)) == set(wanted["param"])
    for column, _ in SCALES:
        ours = by_name(found, getattr(found, column))
        # R stops where its gradient is about 1e-6, which indices near 0 show
        np.testing.assert_allclose([ours[one] for one in wanted["param"]], wanted[column], rtol=1e-4, atol=1e-4)


def assert_largest(fitted, wanted):
    found = modification_indices(fitted)
    order = np.argsort(-found.mi)[: len(wanted["param"])]
    assert [found.parameters[index].name for index in order] == wanted["param"]
    for column, name in SCALES:
        np.testing.assert_allclose(getattr(found, column)[order], wanted[name], rtol=1e-4)


def test_the_largest_of_pupils():
    assert_largest(fit(THREE, pupils()), oracle("06_cfa_hs_ml")["marker"]["modification_indices_top10"])


def test_the_largest_of_25_items():
    assert_largest(fit(FIVE, personality(), std_lv=True), oracle("06_cfa_bfi_ml")["ML"]["modification_indices_top10"])


def test_the_largest_of_25_ordinal_items():
    names = [f"{scale}{number}" for scale in "ACENO" for number in range(1, 6)]
    fitted = fit(FIVE, personality(), WLSMV, std_lv=True, ordinal=dict.fromkeys(names, 6))
    assert_largest(fitted, oracle("06_cfa_bfi_wlsmv")["WLSMV"]["modification_indices_top10"])


def test_the_largest_with_missing_answers():
    fitted = fit(THREE, pd.read_csv(WITH_HOLES), FitOptions(missing="fiml"), std_lv=True, meanstructure=True)
    assert_largest(fitted, oracle("06_cfa_hs_fiml")["fiml"]["modification_indices_top10"])


@pytest.mark.parametrize(
    ("estimator", "name"), [("MLR", "MLR"), ("WLSMV", "WLSMV"), ("DWLS", "DWLS"), ("ULSMV", "ULSMV")]
)
def test_the_largest_of_assertiveness(estimator, name):
    names = [f"AS{number}" for number in range(1, 11)]
    data = pd.read_csv(test_data("ipip_assertiveness.csv"))[names].replace(0, np.nan).dropna()
    table = {} if estimator == "MLR" else {"ordinal": dict.fromkeys(names, 5)}
    fitted = fit(f"F =~ {' + '.join(names)}", data, FitOptions(estimator=estimator), std_lv=True, **table)
    assert_largest(fitted, oracle("06_cfa_AS_1factor")[name]["modification_indices_top10"])


def test_a_scaled_test_scales_indices():
    fitted = fit(THREE, pupils(), FitOptions(estimator="MLR"))
    found = modification_indices(fitted)
    np.testing.assert_allclose(found.mi_scaled * fitted.scaled.factor, found.mi)
    plain = modification_indices(fit(THREE, pupils()))
    np.testing.assert_array_equal(plain.mi_scaled, plain.mi)


def test_an_index_foretells_what_a_free_parameter_does():
    plain = fit(THREE, pupils())
    found = modification_indices(plain)
    place = by_name(found, range(len(found.mi)))["visual=~x5"]
    free = fit(f"{THREE}\nvisual =~ x5", pupils())
    estimate = dict(zip([one.name for one in free.model.parameters], free.x, strict=True))["visual=~x5"]
    assert found.mi[place] == pytest.approx(plain.chisq.statistic - free.chisq.statistic, rel=0.1)
    assert found.epc[place] == pytest.approx(estimate, rel=0.1)
    assert found.pvalue[place] == pytest.approx(0.0064, abs=1e-4)


def test_parameterizations_have_the_same_indices():
    theta = modification_indices(fit(TWO, answers(), WLSMV, std_lv=True, ordinal=SIX, parameterization="theta"))
    delta = modification_indices(ordinal())
    assert theta.parameters == delta.parameters
    np.testing.assert_allclose(theta.mi, delta.mi, rtol=1e-4, atol=1e-4)


def test_units_of_measurement_change_nothing():
    plain, data = fit(THREE, pupils()), pupils().copy()
    data[[f"x{number}" for number in range(1, 10)]] *= 1000.0
    large = modification_indices(fit(THREE, data))
    found = modification_indices(plain)
    assert large.parameters == found.parameters
    np.testing.assert_allclose(large.mi, found.mi, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(large.sepc_all, found.sepc_all, rtol=1e-5, atol=1e-6)


def test_a_saturated_model_has_none():
    found = modification_indices(fit("f =~ x1 + x2 + x3", pupils()))
    assert found.parameters == ()
    assert found.mi.shape == found.sepc_all.shape == (0,)
