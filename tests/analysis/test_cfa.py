"""tk.cfa and tk.sem end to end: against lavaan, and what must hold whatever the data are."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit as tk
from tests.analysis.cfa_cases import (
    AS,
    EXACT,
    FIVE,
    GFI,
    ONE,
    THREE,
    assert_estimates,
    assert_fit,
    assertiveness,
    named,
    personality,
    pupils,
    pupils_with_holes,
    swapped,
)
from tests.builders import some_examples
from tests.conftest import oracle
from toolkit.errors import ModelError

few_examples = settings(some_examples, max_examples=10)
seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(("key", "std_lv"), [("marker", False), ("std.lv", True)])
def test_ml_equals_lavaan(key, std_lv):
    expected = oracle("06_cfa_hs_ml")[key]
    found = tk.cfa(pupils(), THREE, estimator="ML", std_lv=std_lv)
    assert_estimates(found, expected["estimates"])
    assert_fit(found, expected["fit_measures"])
    assert found.fit["n_used"][0] == expected["n_obs"] == 301
    assert found.fit["npar"][0] == expected["npar"]
    assert (
        list(found.estimates["lhs"] + found.estimates["op"] + found.estimates["rhs"])[:9]
        == expected["estimates"]["param"][:9]
    )


def test_residual_correlations_equal_lavaan():
    expected = oracle("06_cfa_hs_ml")["marker"]["residual_cor_bollen"]
    found = tk.cfa(pupils(), THREE, estimator="ML").tables["residual_correlations"].set_index("item")
    ours = found.loc[expected["rows"], expected["cols"]].to_numpy()
    np.testing.assert_allclose(ours, expected["values"], **EXACT)


@pytest.mark.parametrize("estimator", ["MLR", "ULS"])
@pytest.mark.filterwarnings("ignore::toolkit.errors.UndefinedStatisticWarning")
def test_other_estimators_equal_lavaan(estimator):
    expected = oracle("06_cfa_hs_robust")[estimator]
    found = tk.cfa(pupils(), THREE, estimator=estimator, std_lv=True)
    assert_estimates(found, expected["estimates"])
    assert_fit(found, expected["fit_measures"])


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("fiml", {"estimator": "ML"}),
        ("fiml_mlr", {}),
        ("fiml_expected", {"estimator": "ML", "options": tk.ModelOptions(information="expected")}),
        ("listwise", {"estimator": "ML", "missing": "listwise"}),
    ],
)
def test_missing_answers_equal_lavaan(key, options):
    expected = oracle("06_cfa_hs_fiml")[key]
    found = tk.cfa(pupils_with_holes(), THREE, std_lv=True, **{"missing": "fiml"} | options)
    assert_estimates(found, expected["estimates"], errors=3e-4)
    assert_fit(found, expected["fit_measures"], GFI if key != "listwise" else ())
    assert found.fit["n_used"][0] + found.fit["n_dropped"][0] == 301
    assert found.fit["n_used"][0] == expected["n_obs"]


VARIANTS = {
    "second_order": (f"{THREE}\ng =~ visual + textual + speed", {}),
    "orthogonal": (THREE, {"options": tk.ModelOptions(orthogonal=True)}),
    "x7x8": (f"{THREE}\nx7 ~~ x8", {}),
    "cross": (f"{THREE}\nvisual =~ x9", {}),
    "one_factor": (ONE, {}),
}


@pytest.mark.filterwarnings("ignore:average variance extracted")
@pytest.mark.parametrize("key", VARIANTS)
def test_other_models_equal_lavaan(key):
    text, options = VARIANTS[key]
    expected = oracle("06_cfa_hs_variants")[key]
    found = tk.cfa(pupils(), text, estimator="ML", **options)
    assert_estimates(found, expected["estimates"])
    assert_fit(found, expected["fit_measures"])


LEVELS = {
    "configural": (),
    "metric": "loadings",
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
}


@pytest.mark.parametrize("estimator", ["ML", "MLR"])
@pytest.mark.parametrize("level", LEVELS)
def test_groups_equal_lavaan(level, estimator):
    expected = oracle(f"07_invariance_hs_{estimator.lower()}")["levels"][level]
    found = tk.cfa(pupils(), THREE, estimator=estimator, group="school", group_equal=LEVELS[level])
    assert_estimates(found, expected["estimates"])
    assert_fit(found, expected["fit_measures"])
    assert found.estimates["group"].unique().tolist() == ["Pasteur", "Grant-White"]
    assert "Pasteur: 156, Grant-White: 145" in found.sentence()


def test_mediation_equals_lavaan():
    expected = oracle("10_mediation_hs_latent")
    found = tk.sem(pupils(), "\n".join(expected["syntax"]), estimator="ML")
    table = pd.DataFrame(expected["delta"]["estimates"])
    ours = found.estimates.assign(param=named(found.estimates)).set_index("param")
    for _, line in table.iterrows():
        name = line["param"] if line["param"] in ours.index else swapped(line["param"])
        np.testing.assert_allclose(ours.loc[name, "est"], line["est"], **EXACT)
        if line["se"] > 0:
            np.testing.assert_allclose(ours.loc[name, "se"], line["se"], rtol=1e-4)
            np.testing.assert_allclose(
                ours.loc[name, ["ci_low", "ci_high"]].astype(float),
                line[["ci.lower", "ci.upper"]].astype(float),
                atol=1e-4,
            )
        else:
            assert np.isnan(ours.loc[name, "se"])
    assert_fit(found, expected["delta"]["fit_measures"])


@pytest.mark.parametrize(("interval", "key"), [("percentile", "percentile"), ("bca", "bca_simple")])
def test_bootstrap_lies_within_monte_carlo_error_of_lavaan(interval, key):
    """500 draws there, 1,000 here.

    A limit at a quantile p of 500 draws has an error of sqrt(p (1 − p)/500) over the density: about .12 standard errors
    at .025, twice as much in the longer tail. BCa moves limits to p = .985 and by a bias that is itself drawn
    (2 · 1.25/sqrt(500) normal units): about .35. Tolerances are two of these.
    """
    expected = oracle("10_mediation_hs_latent")
    options = tk.ModelOptions(interval=interval)
    found = tk.sem(pupils(), "\n".join(expected["syntax"]), options, estimator="ML", bootstrap=1000, seed=1).estimates
    theirs = pd.DataFrame(expected["bootstrap"][key])
    defined = found[found["label"] != ""].set_index("label")
    for _, line in theirs.iterrows():
        ours = defined.loc[line["label"]]
        assert ours["se"] == pytest.approx(line["se"], rel=0.15)
        longer = 0.7 if interval == "bca" else 0.5
        assert ours["ci_low"] == pytest.approx(line["ci.lower"], abs=0.35 * line["se"])
        assert ours["ci_high"] == pytest.approx(line["ci.upper"], abs=longer * line["se"])


@pytest.mark.parametrize("key", ["ML", "MLR", "FIML"])
def test_bfi_equals_lavaan(key):
    expected = oracle("06_cfa_bfi_ml")[key]
    options = {"ML": {"estimator": "ML"}, "MLR": {"estimator": "MLR"}, "FIML": {"estimator": "ML", "missing": "fiml"}}
    found = tk.cfa(personality(), FIVE, std_lv=True, **options[key])
    assert_estimates(found, expected["estimates"], errors=3e-4)
    assert_fit(found, expected["fit_measures"], GFI if key == "FIML" else ())
    assert found.fit["n_used"][0] == expected["n_obs"]


def test_ordinal_bfi_equals_lavaan(bfi):
    """The items of an instrument are ordinal by default."""
    expected = oracle("06_cfa_bfi_wlsmv")["WLSMV"]
    found = tk.cfa(bfi, FIVE, std_lv=True)
    assert_estimates(found, expected["estimates"])
    assert_fit(found, expected["fit_measures"])
    assert found.settings["fitted_estimator"] == "WLSMV"
    assert "WLSMV, since the variables are items of an instrument" in found.sentence()
    assert (found.fit["n_used"][0], found.fit["n_dropped"][0]) == (2436, 364)


@pytest.mark.parametrize("estimator", ["ML", "MLR", "DWLS", "WLSMV"])
def test_assertiveness_equals_lavaan(estimator):
    expected = oracle("06_cfa_AS_1factor")[estimator]
    ordered = True if estimator in ("DWLS", "WLSMV") else None
    found = tk.cfa(assertiveness(), AS, std_lv=True, estimator=estimator, ordered=ordered)
    assert_estimates(found, expected["estimates"])
    assert_fit(found, expected["fit_measures"])


def test_theta_equals_lavaan():
    expected = oracle("06_cfa_AS_1factor")["WLSMV_marker_theta"]
    found = tk.cfa(assertiveness(), AS, estimator="WLSMV", ordered=True, parameterization="theta")
    assert_estimates(found, expected["estimates"])
    assert_fit(found, expected["fit_measures"])


@pytest.mark.parametrize("cluster", ["uneven", "pairs"])
def test_clusters_equal_lavaan(cluster):
    expected = oracle("sem_continuous_hs")[cluster]
    i = np.arange(1, 302)
    data = pupils().assign(uneven=np.floor(np.sqrt(3 * i)).astype(int), pairs=(i + 1) // 2)
    options = tk.ModelOptions(meanstructure=True)
    found = tk.cfa(data, THREE, options, estimator="MLR", cluster=cluster)
    assert_estimates(found, expected["estimates"])
    assert_fit(found, expected["fit_measures"])
    assert f"errors clustered by {cluster}" in found.sentence()


def resampled(seed, rows=301):
    generator = np.random.default_rng(seed)
    return pupils().iloc[generator.integers(0, 301, rows)].reset_index(drop=True)


@pytest.mark.filterwarnings("ignore::toolkit.errors.ImproperSolutionWarning")
@few_examples
@given(seeds)
def test_order_of_rows_and_columns_changes_nothing(seed):
    data = resampled(seed)
    moved = data.sample(frac=1, random_state=seed % 1000)[data.columns[::-1]]
    one, other = tk.cfa(data, THREE), tk.cfa(moved, THREE)
    np.testing.assert_allclose(other.estimates["est"], one.estimates["est"], atol=1e-7)
    np.testing.assert_allclose(other.estimates["se"], one.estimates["se"], rtol=1e-6)


@pytest.mark.filterwarnings("ignore::toolkit.errors.ImproperSolutionWarning")
@few_examples
@given(seeds)
def test_complete_rows_give_fiml_what_ml_gives(seed):
    data = resampled(seed)
    information = tk.ModelOptions(information="expected", meanstructure=True)
    one = tk.cfa(data, THREE, information, estimator="ML").estimates
    other = tk.cfa(data, THREE, information, estimator="ML", missing="fiml").estimates
    np.testing.assert_allclose(other["est"], one["est"], atol=1e-7)
    np.testing.assert_allclose(other["se"], one["se"], rtol=1e-6)


@pytest.mark.filterwarnings("ignore::toolkit.errors.MergedCategoryWarning")
@settings(some_examples, max_examples=5)
@given(st.sampled_from(["A2", "A3", "A4", "A5"]))
def test_reversing_an_ordinal_item_turns_its_signs_alone(item):
    text = "A =~ A1 + A2 + A3 + A4 + A5"
    data = personality().iloc[:600]
    one = tk.cfa(data, text, ordered=True)
    other = tk.cfa(data.assign(**{item: 7 - data[item]}), text, ordered=True)
    fit = [name for name in one.fit.columns if one.fit[name].dtype == float]
    np.testing.assert_allclose(other.fit[fit].to_numpy(), one.fit[fit].to_numpy(), rtol=1e-6, atol=1e-7)
    sign = np.where(one.estimates["rhs"].eq(item) & one.estimates["op"].eq("=~"), -1.0, 1.0)
    loads = one.estimates["op"].isin(["=~", "~~"])
    np.testing.assert_allclose(other.estimates["est"][loads], (sign * one.estimates["est"])[loads], atol=1e-6)


def test_a_seed_gives_the_same_bootstrap():
    text = "f =~ x1 + x2 + x3 + x4"
    one, same, other = (tk.cfa(pupils(), text, estimator="ML", bootstrap=50, seed=seed).estimates for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert not np.allclose(one["se"].dropna(), other["se"].dropna(), rtol=1e-6)


def test_columns_that_the_model_does_not_name_change_nothing():
    named = pupils()[["x1", "x2", "x3", "x4", "x5", "x6", "school", "id"]]
    beside = pupils().assign(words=["a"] * 300 + [None], far=np.inf)
    text = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
    for options in ({"estimator": "ML"}, {"estimator": "MLR", "group": "school"}, {"cluster": "id"}):
        few, many = tk.cfa(named, text, **options), tk.cfa(beside, text, **options)
        pd.testing.assert_frame_equal(few.estimates, many.estimates)
        pd.testing.assert_frame_equal(few.fit, many.fit)


def test_an_unknown_variable_is_compared_with_all_columns():
    with pytest.raises(ModelError, match="'x19' is neither a factor of the model nor a variable") as problem:
        tk.cfa(pupils(), "f =~ x1 + x2 + x19", estimator="ML")
    assert "Did you mean 'x9'?" in str(problem.value)
