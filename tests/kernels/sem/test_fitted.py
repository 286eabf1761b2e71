"""Whole fits of continuous variables against lavaan: estimates, errors, standardised solutions, all fit measures."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import oracle, test_data
from tests.kernels.sem.models import (
    FIVE,
    LADDER,
    ONE,
    THREE,
    assert_estimates,
    assert_fit_measures,
    fit,
    names,
    oracle_columns,
    personality,
    pupils,
    sample_rows,
)
from toolkit.errors import AnalysisError, NotConverged, TooFewCases
from toolkit.kernels.sem import fitted as fitted_module
from toolkit.kernels.sem.defaults import TableOptions, parameter_table
from toolkit.kernels.sem.definitions import definitions_of
from toolkit.kernels.sem.fitted import fit_model
from toolkit.kernels.sem.inference import delta_method, errors_of
from toolkit.kernels.sem.solution import FitOptions, search

MLR = FitOptions("MLR")
VARIANTS = {
    "second_order": (f"{THREE}\ng =~ visual + textual + speed", {}),
    "orthogonal": (THREE, {"orthogonal": True}),
    "x7x8": (f"{THREE}\nx7 ~~ x8", {}),
    "cross": (f"{THREE}\nvisual =~ x9", {}),
    "one_factor": (ONE, {}),
}
ESTIMATORS = {"ML": FitOptions(), "MLR": MLR, "ULS": FitOptions("ULS")}
MODELS = json.loads((Path(__file__).parents[2] / "oracles" / "sem_continuous_hs.json").read_text(encoding="utf-8"))
EXTRA = MODELS["result"]
EQUAL, LEVEL = MODELS["models"]["equal"], MODELS["models"]["level"]
TWO = {"group": "school", "group_equal": ("loadings",)}
CASES = {
    "uneven": (THREE, MLR, {"cluster": "uneven", "meanstructure": True}),
    "pairs": (THREE, MLR, {"cluster": "pairs", "meanstructure": True}),
    "uneven_means": (THREE, MLR, {"cluster": "uneven", "meanstructure": True}),
    "nested_configural": (THREE, MLR, {"cluster": "nested", "group": "school"}),
    "nested_metric": (THREE, MLR, {"cluster": "nested", **TWO}),
    "wishart": (THREE, FitOptions(likelihood="wishart"), {}),
    "uls_equal": (EQUAL, FitOptions("ULS"), {}),
    "uls_level": (LEVEL, FitOptions("ULS"), {}),
    "ml_level": (LEVEL, FitOptions(), {}),
    "mlr_means": (THREE, MLR, {"meanstructure": True}),
    "observed": (THREE, FitOptions(information="observed"), {}),
    "first_order": (THREE, FitOptions(information="first_order"), {}),
    "metric": (THREE, FitOptions(), TWO),
    "mlm": (THREE, FitOptions(test="satorra_bentler"), {}),
    "mlm_metric": (THREE, FitOptions(test="satorra_bentler"), TWO),
    "scaled_shifted": (THREE, FitOptions(test="scaled_shifted"), {}),
}
OTHER = {"polished", "differences"}


@pytest.mark.parametrize("block", ["marker", "std.lv"])
def test_three_factors(block):
    wanted = oracle("06_cfa_hs_ml")[block]
    fitted = fit(THREE, pupils(), std_lv=block == "std.lv")
    assert_estimates(fitted, wanted["estimates"])
    assert_fit_measures(fitted, wanted["fit_measures"])


@pytest.mark.parametrize("block", ["MLR", "ULS"])
def test_robust_and_unweighted(block):
    wanted = oracle("06_cfa_hs_robust")[block]
    fitted = fit(THREE, pupils(), ESTIMATORS[block], std_lv=True)
    assert_estimates(fitted, wanted["estimates"])
    assert_fit_measures(fitted, wanted["fit_measures"])


@pytest.mark.parametrize("block", VARIANTS)
def test_variants(block):
    wanted = oracle("06_cfa_hs_variants")[block]
    text, table = VARIANTS[block]
    fitted = fit(text, pupils(), **table)
    assert_estimates(fitted, wanted["estimates"])
    assert_fit_measures(fitted, wanted["fit_measures"])


@pytest.mark.parametrize("level", LADDER)
@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_invariance(estimator, level):
    wanted = oracle(f"07_invariance_hs_{estimator.lower()}")["levels"][level]
    fitted = fit(THREE, pupils(), ESTIMATORS[estimator], group="school", group_equal=LADDER[level])
    assert_estimates(fitted, wanted["estimates"])
    assert_fit_measures(fitted, wanted["fit_measures"])


@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_five_factors(estimator):
    wanted = oracle("06_cfa_bfi_ml")[estimator]
    fitted = fit(FIVE, personality(), ESTIMATORS[estimator], std_lv=True)
    assert_estimates(fitted, wanted["estimates"])
    assert_fit_measures(fitted, wanted["fit_measures"])


def test_five_factors_in_clusters():
    wanted = oracle("sem_continuous_bfi")["clustered"]
    fitted = fit(FIVE, personality(), MLR, cluster="cluster", std_lv=True, meanstructure=True)
    assert_estimates(fitted, wanted["estimates"])
    assert_fit_measures(fitted, wanted["fit_measures"])


@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_one_factor_of_assertiveness(estimator):
    wanted = oracle("06_cfa_AS_1factor")[estimator]
    items = [f"AS{number}" for number in range(1, 11)]
    data = pd.read_csv(test_data("ipip_assertiveness.csv"))[items].replace(0, np.nan).dropna()
    fitted = fit(f"F =~ {' + '.join(items)}", data, ESTIMATORS[estimator], std_lv=True)
    assert_estimates(fitted, wanted["estimates"])
    assert_fit_measures(fitted, wanted["fit_measures"])


@pytest.mark.parametrize("block", [name for name in EXTRA if name not in OTHER])
def test_clusters_likelihoods_and_tests(block):
    wanted = EXTRA[block]
    text, options, table = CASES[block]
    fitted = fit(text, pupils(), options, **table)
    # lavaan's estimator MLM has means, and its errors are scaled as well; here only its test is asked for.
    assert_estimates(
        fitted, wanted["estimates"] if block != "mlm" else _without_means(wanted), errors="mlm" not in block
    )
    # lavaan's RFI is 1 where the model fits worse than the baseline.
    assert_fit_measures(fitted, wanted["fit_measures"], left_out=("rfi",) if block == "ml_level" else ())


def _without_means(wanted):
    frame = pd.DataFrame(wanted["estimates"])
    return frame[~frame["param"].str.endswith("~1")].to_dict("list")


EXACT = {
    "marker": (THREE, {}),
    "std.lv": (THREE, {"std_lv": True}),
    "one_factor": (ONE, {}),
    "second_order": (VARIANTS["second_order"][0], {}),
    "configural": (THREE, {"group": "school"}),
}


@pytest.mark.parametrize("block", EXTRA["polished"])
def test_estimates_are_exact(block):
    text, table = EXACT[block]
    fitted = fit(text, pupils(), **table)
    _assert_exact(fitted, EXTRA["polished"][block])


def test_estimates_of_five_factors_are_exact():
    _assert_exact(fit(FIVE, personality(), std_lv=True), oracle("sem_continuous_bfi")["polished"])


def _assert_exact(fitted, wanted):
    free = [names(fitted)[index] for index in fitted.model.free]
    frame = pd.Series(wanted["est"], index=wanted["param"])
    np.testing.assert_allclose(fitted.x, frame[free], atol=1e-7, rtol=0)
    assert fitted.minimum.largest_gradient <= 1e-8


@pytest.mark.parametrize("block", ["one_mediator", "two_parallel_mediators"])
def test_path_models_condition_on_predictors(block):
    wanted = oracle("10_mediation_talor")[block]
    fitted = fit("\n".join(wanted["syntax"]), pd.read_csv(test_data("tal_or.csv")))
    assert_estimates(fitted, wanted["delta"]["estimates"])
    assert_fit_measures(fitted, wanted["delta"]["fit_measures"])
    _assert_definitions(fitted, wanted["delta"]["estimates"])


def test_latent_mediation():
    wanted = oracle("10_mediation_hs_latent")
    fitted = fit("\n".join(wanted["syntax"]), pupils())
    assert_estimates(fitted, wanted["delta"]["estimates"])
    assert_fit_measures(fitted, wanted["delta"]["fit_measures"])
    _assert_definitions(fitted, wanted["delta"]["estimates"])


def _assert_definitions(fitted, table):
    defined = definitions_of(fitted.model.table)
    frame = pd.DataFrame(table).set_index("label").loc[list(defined.names)]
    np.testing.assert_allclose(defined(fitted.x), frame["est"], atol=1e-6)
    errors = errors_of(delta_method(defined, fitted.x, fitted.covariance))
    np.testing.assert_allclose(errors, frame["se"].astype(float), rtol=1e-5)
    free = list(fitted.model.free)
    np.testing.assert_allclose(defined(fitted.std_all[free]), frame["std.all"], atol=2e-6)


def test_bollen_residuals():
    wanted = oracle("06_cfa_hs_ml")["marker"]["residual_cor_bollen"]
    fitted = fit(THREE, pupils())
    np.testing.assert_allclose(fitted.residuals()[0].covariance, wanted["values"], atol=1e-6)


def test_every_row_of_the_table_is_in_the_oracle():
    fitted = fit(THREE, pupils(), **TWO)
    wanted = oracle("07_invariance_hs_ml")["levels"]["metric"]["estimates"]
    assert len(oracle_columns(fitted, wanted, "est")) == len(fitted.model.table.parameters)


def test_robust_errors_need_rows():
    fitted = fit(THREE, pupils())
    with pytest.raises(AnalysisError, match="means and covariances only"):
        type(fitted.estimator)(fitted.model, fitted.estimator.samples).scores(fitted.x)


def test_scaled_tests_do_not_know_predictors():
    with pytest.raises(AnalysisError, match="condition"):
        _ = fit("x1 ~ x2 + x3\nx4 ~ x1", pupils(), FitOptions(test="satorra_bentler")).scaled


def test_a_group_of_eight_is_too_small():
    data = pupils().assign(size=np.where(np.arange(301) < 8, "few", "many"))
    with pytest.raises(TooFewCases, match="9 variables need more than 9 complete rows; the data of group few have 8"):
        fit(THREE, data, group="size")


def test_collinear_items_are_named():
    data = pupils().assign(x3=lambda frame: frame["x1"] + frame["x2"])
    with pytest.raises(AnalysisError, match="x1, x2, x3"):
        fit(THREE, data)


def test_a_constant_item_is_named():
    with pytest.raises(AnalysisError, match="the same value on x5"):
        fit(THREE, pupils().assign(x5=2.0))


def test_one_cluster_is_too_few():
    with pytest.raises(TooFewCases, match="two clusters"):
        _ = fit(THREE, pupils().assign(all=1), MLR, cluster="all").se


def rung(step, earlier=None):
    """Fit a step of the ladder, from an earlier one on."""
    table = TableOptions(std_lv=True, groups=("Pasteur", "Grant-White"), group_equal=LADDER[step])
    made = parameter_table(THREE, table)
    return fit_model(made, sample_rows(pupils(), made.observed, "school"), earlier=earlier)


def test_a_search_from_earlier_estimates_ends_where_any_other_does():
    earlier = rung("configural")
    for step in ("metric", "scalar", "strict"):
        plain, found = rung(step), rung(step, earlier)
        np.testing.assert_allclose(found.x, plain.x, atol=1e-7)
        np.testing.assert_allclose(list(found.fit_measures.values()), list(plain.fit_measures.values()), atol=1e-7)
        assert found.minimum.largest_gradient < 1e-8
        assert found.estimator.samples is earlier.estimator.samples
        assert found.baseline is earlier.baseline
        earlier = found


def test_an_earlier_solution_that_lacks_parameters_is_no_start():
    one = fit(ONE, pupils())
    made = parameter_table(THREE)
    found = fit_model(made, sample_rows(pupils(), made.observed), earlier=one)
    np.testing.assert_allclose(found.x, fit(THREE, pupils()).x, atol=1e-12)


def test_earlier_estimates_that_lead_nowhere_are_given_up(monkeypatch):
    earlier = rung("configural")
    wanted = rung("metric")
    starts = []

    def searched(estimator, constraints, options, start=None):
        starts.append(start)
        if start is not None:
            raise NotConverged("no minimum")
        return search(estimator, constraints, options)

    monkeypatch.setattr(fitted_module, "search", searched)
    np.testing.assert_array_equal(rung("metric", earlier).x, wanted.x)
    assert [start is None for start in starts] == [False, True]
