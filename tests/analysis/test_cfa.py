"""tk.cfa and tk.sem end to end: against lavaan, on bad input, and what must hold whatever the data are."""

import json
import warnings
from dataclasses import asdict
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit as tk
from tests.builders import some_examples
from tests.conftest import ROOT, oracle, test_data
from toolkit.analysis.inputs import unflagged
from toolkit.errors import (
    AnalysisError,
    ArgumentError,
    ImproperSolutionWarning,
    MergedCategoryWarning,
    ModelError,
    ModelWarning,
    NotConverged,
    NotIdentified,
    SmallSampleWarning,
    TooFewCases,
    UndefinedStatisticWarning,
)

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
ONE = "g =~ " + " + ".join(f"x{number}" for number in range(1, 10))
FIVE = "\n".join(f"{scale} =~ " + " + ".join(f"{scale}{number}" for number in range(1, 6)) for scale in "ACENO")
AS = "F =~ " + " + ".join(f"AS{number}" for number in range(1, 11))
COLUMNS = ["lhs", "op", "rhs", "group", "label", "est", "se", "z", "p", "ci_low", "ci_high", "std_lv", "std_all"]
EXACT = {"atol": 2e-5, "rtol": 0}  # lavaan stops where its gradient is about 1e-6
ROBUST_NAMES = {"chisq_scaling_factor": "scaling_factor", "chisq_shift_parameters": "shift_parameter"}
GFI = {"gfi", "agfi", "pgfi"}  # of FIML: lavaan compares with moments of available answers, not with EM's
few_examples = settings(some_examples, max_examples=10)
seeds = st.integers(0, 2**32 - 1)


@cache
def pupils():
    return pd.read_csv(ROOT / "tests" / "data" / "hs1939.csv")


@cache
def pupils_with_holes():
    return pd.read_csv(ROOT / "tests" / "data" / "hs1939_missing.csv")


@cache
def personality():
    return pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")


@cache
def assertiveness():
    data = pd.read_csv(test_data("ipip_assertiveness.csv"))
    return data[[f"AS{number}" for number in range(1, 11)]].replace(0, np.nan)


def named(estimates):
    """Name rows as the oracles do: `x1~~x1`, `x1~~x1|g2`."""
    groups = {label: number for number, label in enumerate(estimates["group"].unique(), start=1)}
    names = estimates["lhs"] + estimates["op"] + estimates["rhs"]
    return [
        f"{name}|g{groups[one]}" if groups[one] > 1 else name
        for name, one in zip(names, estimates["group"], strict=True)
    ]


def swapped(name):
    plain, _, group = name.partition("|g")
    left, _, right = plain.partition("~~")
    return f"{right}~~{left}" + (f"|g{group}" if group else "")


def assert_estimates(result, table, errors=1e-4):
    """Compare every row that the oracle has."""
    ours = result.estimates.assign(param=named(result.estimates)).set_index("param")
    theirs = pd.DataFrame(table)
    theirs = theirs[~theirs["param"].str.contains("==")]  # constraints are no parameters
    theirs.index = [name if name in ours.index else swapped(name) for name in theirs["param"].str.removesuffix("|g1")]
    assert len(theirs) == len(ours)
    ours = ours.loc[theirs.index]
    np.testing.assert_allclose(ours["est"].astype(float), theirs["est"].astype(float), **EXACT)
    free = theirs["se"].astype(float).to_numpy() > 0
    assert (ours["se"].notna().to_numpy() == free).all()
    np.testing.assert_allclose(ours["se"][free], theirs["se"][free].astype(float), rtol=errors)
    compared = {"z": "z", "p": "pvalue", "ci_low": "ci.lower", "ci_high": "ci.upper"}
    for column, name in compared.items():
        if name in theirs:
            np.testing.assert_allclose(ours[column][free], theirs[name][free].astype(float), rtol=errors, atol=1e-4)
    for column, name in (("std_lv", "std.lv"), ("std_all", "std.all")):
        if name in theirs:
            np.testing.assert_allclose(ours[column].astype(float), theirs[name].astype(float), **EXACT)


def assert_fit(result, wanted, left_out=()):
    """Compare every measure of the oracle, in `fit` under lavaan's names, and in the table of all."""
    every = result.tables["fit_measures"].set_index("measure")["value"]
    for name, value in wanted.items():
        if name in left_out:
            continue
        ours = name.replace(".", "_")
        if value is None or value == "NA":
            assert np.isnan(every[ours]), name
            continue
        np.testing.assert_allclose(every[ours], value, rtol=1e-4, atol=1e-6, err_msg=name)
        column = ROBUST_NAMES.get(ours, ours)
        if column in result.fit.columns:
            np.testing.assert_allclose(result.fit[column][0], value, rtol=1e-4, atol=1e-6, err_msg=name)


# --- against lavaan -------------------------------------------------------------------------------


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
    assert "Pasteur 156, Grant-White 145" in found.sentence()


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


# --- what a call returns --------------------------------------------------------------------------


def test_columns_and_order():
    found = tk.cfa(pupils(), "f =~ x1 + b*x2 + b*x3; x1 ~~ 0.5*x1; twice := 2*b", estimator="ML")
    assert list(found.estimates) == COLUMNS
    assert list(found.fit)[:5] == ["model", "n_used", "n_dropped", "method", "converged"]
    rows = found.estimates
    assert (rows["lhs"] + rows["op"] + rows["rhs"]).tolist()[:4] == ["f=~x1", "f=~x2", "f=~x3", "x1~~x1"]
    assert rows["op"].iloc[-1] == ":="
    fixed = rows[(rows["rhs"] == "x1")]
    assert fixed[["se", "z", "p", "ci_low", "ci_high"]].isna().all(axis=None)
    assert fixed["est"].tolist() == [1.0, 0.5]
    twice, loading = rows.iloc[-1], rows.iloc[1]
    assert twice["est"] == pytest.approx(2 * loading["est"])
    assert twice["se"] == pytest.approx(2 * loading["se"])
    json.dumps(found.to_dict(), allow_nan=False)
    assert "cases" not in found.to_dict()


def test_r_squared_is_the_standardised_loading_squared():
    found = tk.cfa(pupils(), THREE, estimator="ML")
    loadings = found.estimates[found.estimates["op"] == "=~"]
    np.testing.assert_allclose(found.tables["r_squared"]["r_squared"], loadings["std_all"] ** 2, atol=1e-10)
    assert found.tables["r_squared"]["variable"].tolist() == loadings["rhs"].tolist()


@pytest.mark.parametrize(
    ("name", "key", "text", "options"),
    [
        ("06_cfa_hs_ml", "marker", THREE, {"estimator": "ML"}),
        ("06_cfa_hs_fiml", "fiml", THREE, {"estimator": "ML", "missing": "fiml", "std_lv": True}),
        ("06_cfa_bfi_ml", "ML", FIVE, {"estimator": "ML", "std_lv": True}),
        ("06_cfa_bfi_wlsmv", "WLSMV", FIVE, {"ordered": True, "std_lv": True}),
        ("06_cfa_AS_1factor", "WLSMV", AS, {"ordered": True, "std_lv": True}),
    ],
)
def test_modification_indices_equal_lavaan(name, key, text, options):
    """The ten largest. Information under FIML is expected here, observed in lavaan's FIML, so those agree less."""
    expected = pd.DataFrame(oracle(name)[key]["modification_indices_top10"])
    data = {"hs": pupils(), "bf": personality()}.get(name[7:9])
    data = pupils_with_holes() if key == "fiml" else assertiveness() if data is None else data
    found = tk.cfa(data, text, **options).tables["modification_indices"]
    ours = found.assign(param=found["lhs"] + found["op"] + found["rhs"]).set_index("param")
    for _, line in expected.iterrows():
        row = ours.loc[line["param"] if line["param"] in ours.index else swapped(line["param"])]
        for column, theirs in (("mi", "mi"), ("epc", "epc"), ("sepc_lv", "sepc.lv"), ("sepc_all", "sepc.all")):
            assert row[column] == pytest.approx(line[theirs], rel=1e-3, abs=1e-3), (line["param"], column)
    assert found["mi"].is_monotonic_decreasing
    assert found["mi"].min() >= 3.84


@pytest.mark.parametrize("scale", ["agree", "conscientious", "extraversion", "neuroticism", "openness"])
def test_reliability_equals_semtools(bfi, scale):
    """Items as answered; the key of the instrument turns them around."""
    wanted = oracle("02_cfa_omega_bfi")[scale]
    letter = scale[0].upper()
    data = bfi.keep(bfi.frame[[f"{letter}{number}" for number in range(1, 6)]].notna().all(axis=1).to_numpy())
    text = "F =~ " + " + ".join(f"{letter}{number}" for number in range(1, 6))
    plain = tk.cfa(data, text, estimator="ML").tables["reliability"].iloc[0]
    ordinal = tk.cfa(data, text).tables["reliability"].iloc[0]
    found = {
        "compRelSEM_obs.var_TRUE": plain["omega_observed"],
        "compRelSEM_obs.var_FALSE": plain["omega"],
        "AVE_ML": plain["ave_observed"],
        "compRelSEM_ordinal_ord.scale_TRUE": ordinal["omega_categorical_observed"],
        "compRelSEM_ordinal_ord.scale_FALSE": ordinal["omega_observed"],
        "AVE_WLSMV": ordinal["ave_observed"],
    }
    for name, value in found.items():
        assert value == pytest.approx(wanted[name]["value"]["F"], abs=1e-5), name


def test_reliability_of_the_assertiveness_sum():
    """Without a key what loads negatively is turned around, and said to be."""
    found = tk.cfa(assertiveness(), AS, std_lv=True, ordered=True)
    table = found.tables["reliability"]
    assert table["omega_categorical"][0] == pytest.approx(0.846715, abs=1e-6)
    assert table["omega_categorical_observed"][0] == pytest.approx(0.858341, abs=1e-6)
    assert "'AS7', 'AS8', 'AS9', 'AS10', which load negatively, are turned around" in found.fit["note"][0]


def test_discriminant_validity():
    found = tk.cfa(pupils(), THREE, estimator="ML")
    table = found.tables["discriminant"]
    assert table[["factor", "with_factor"]].to_numpy().tolist() == [
        ["visual", "textual"], ["visual", "speed"], ["textual", "speed"]
    ]  # fmt: skip
    covariances = found.estimates.query("op == '~~' and lhs != rhs")
    np.testing.assert_allclose(table["r"], covariances["std_all"], atol=1e-10)
    assert (table["fornell_larcker"] == (table[["ave", "ave_with"]].min(axis=1) > table["r_squared"])).all()
    r = pupils()[[f"x{number}" for number in range(1, 7)]].corr().abs().to_numpy()
    within = [r[block][:, block][np.tril_indices(3, -1)].mean() for block in (slice(0, 3), slice(3, 6))]
    assert table["htmt"][0] == pytest.approx(r[:3, 3:].mean() / np.sqrt(within[0] * within[1]))


@pytest.mark.parametrize("method", ["regression", "Bartlett"])
def test_factor_scores_equal_lavaan(method):
    expected = oracle("06_cfa_hs_ml")["marker"][f"factor_scores_{method}_first20"]
    options = tk.ModelOptions(scores=method.lower())
    found = tk.cfa(pupils(), THREE, options, estimator="ML")
    np.testing.assert_allclose(found.cases[expected["cols"]].iloc[:20], expected["values"], atol=1e-4)
    assert next(iter(found.cases)) == "person"
    assert "cases" not in found.to_json()


def test_scores_of_incomplete_rows_equal_lavaan():
    expected = oracle("06_cfa_hs_fiml")["fiml"]["factor_scores_regression_first20"]
    options = tk.ModelOptions(scores="regression")
    found = tk.cfa(pupils_with_holes(), THREE, options, estimator="ML", missing="fiml", std_lv=True)
    np.testing.assert_allclose(found.cases[expected["cols"]].iloc[:20], expected["values"], atol=1e-4)


def test_scores_of_groups_stand_at_their_rows():
    mixed = pupils().sample(frac=1, random_state=1)
    options = tk.ModelOptions(scores="regression")
    one = tk.cfa(pupils(), THREE, options, estimator="ML", group="school").cases[["visual", "textual", "speed"]]
    other = tk.cfa(mixed, THREE, options, estimator="ML", group="school").cases[["visual", "textual", "speed"]]
    np.testing.assert_allclose(other.to_numpy(), one.to_numpy()[mixed.index], atol=1e-6)


def test_ordinal_scores_are_empty_where_an_answer_is_missing():
    data = personality()[["A2", "A3", "A4", "A5"]]
    found = tk.cfa(data, "A =~ A2 + A3 + A4 + A5", tk.ModelOptions(scores="regression"), ordered=True)
    assert (found.cases["A"].isna() == data.isna().any(axis=1)).all()
    assert found.cases["A"].corr(data.mean(axis=1)) > 0.9


def test_bartlett_scores_that_answers_do_not_determine():
    text = f"{THREE}\ng =~ visual + textual + speed"
    with pytest.warns(UndefinedStatisticWarning) as caught:
        found = tk.cfa(pupils(), text, tk.ModelOptions(scores="bartlett"), estimator="ML")
    assert any("Bartlett scores of" in str(one.message) for one in caught)
    assert "'g'" in found.fit["note"][0]
    assert found.cases["g"].isna().all()


def test_groups_in_tables():
    found = tk.cfa(pupils(), THREE, estimator="ML", group="school")
    for name in ("r_squared", "residual_correlations"):
        assert found.tables[name]["group"].unique().tolist() == ["Pasteur", "Grant-White"]
    assert len(found.tables["residual_correlations"]) == 18


def test_settings_are_enough_to_run_it_again():
    found = tk.cfa(pupils(), THREE, std_lv=True, group="school", group_equal="loadings")
    told = found.settings
    again = tk.cfa(
        pupils(), told["model"], std_lv=told["std_lv"], group=told["group"], group_equal=told["group_equal"],
        estimator=told["fitted_estimator"], missing=told["fitted_missing"],
    )  # fmt: skip
    pd.testing.assert_frame_equal(again.estimates, found.estimates)


def test_an_instrument_is_its_measurement_model(bfi):
    one = bfi.instruments[0]
    found, text = tk.cfa(bfi, one, estimator="ML"), tk.cfa(bfi, one.model(), estimator="ML")
    pd.testing.assert_frame_equal(found.estimates, text.estimates)
    assert found.fit["model"][0] == one.id
    a1 = found.estimates.query("rhs == 'A1' and op == '=~'")["std_all"].iloc[0]
    a2 = found.estimates.query("rhs == 'A2' and op == '=~'")["std_all"].iloc[0]
    assert a1 * a2 < 0  # items are as answered


@pytest.mark.filterwarnings("ignore::toolkit.errors.UndefinedStatisticWarning")
def test_scale_scores_and_covariates(bfi):
    """A regression of observed variables is least squares, with denominators n."""
    found = tk.sem(bfi, "bfi.agreeableness ~ age + bfi.neuroticism", estimator="ML", cluster=None)
    age = unflagged(bfi, "age").reset_index(drop=True)
    frame = pd.concat([tk.score(bfi).reset_index(drop=True), age], axis=1)
    frame = frame[["bfi.agreeableness", "age", "bfi.neuroticism"]].astype(float).dropna()
    x = np.column_stack([np.ones(len(frame)), frame[["age", "bfi.neuroticism"]]])
    slopes = np.linalg.lstsq(x, frame["bfi.agreeableness"], rcond=None)[0]
    np.testing.assert_allclose(found.estimates["est"][:2], slopes[1:], rtol=1e-6)
    assert found.fit["n_used"][0] == len(frame)
    assert found.fit["n_dropped"][0] == len(bfi.frame) - len(frame)
    assert "df = 0" in found.sentence()


@pytest.fixture
def couples():
    return tk.read_responses(tk.read_study(ROOT / "data" / "couples_demo" / "study.yaml"))


@pytest.mark.filterwarnings("ignore::toolkit.errors.MergedCategoryWarning")
@pytest.mark.parametrize("options", [{}, {"estimator": "MLR", "missing": "fiml"}, {"estimator": "ML"}])
def test_couples_are_clusters(couples, options):
    text = next(one for one in couples.instruments if one.id == "rws").model()
    found = tk.cfa(couples, text, wave=1, **options)
    alone = tk.cfa(couples, text, wave=1, cluster=None, **options)
    np.testing.assert_allclose(found.estimates["est"], alone.estimates["est"], atol=1e-8)
    assert np.nanmax(np.abs(found.estimates["se"] / alone.estimates["se"] - 1)) > 0.01
    assert "errors clustered by couple" in found.fit["method"][0]
    assert found.settings["cluster"] == "couple"
    assert "clustered" not in alone.fit["method"][0]


@pytest.mark.filterwarnings("ignore::toolkit.errors.MergedCategoryWarning")
def test_partners_as_groups(couples):
    """Clusters then span the groups, which WLSMV cannot allow for, and says so."""
    text = "f =~ rws01 + rws04 + rws07 + rws10"
    assert "independent of each other" in tk.cfa(couples, text, wave=1, group="role").fit["note"][0]
    assert "independent" not in tk.cfa(couples, text, wave=1, group="role", estimator="MLR").fit["note"][0]


@pytest.mark.filterwarnings("ignore::toolkit.errors.UndefinedStatisticWarning")
def test_a_test_that_cannot_be_clustered_says_so():
    found = tk.cfa(pupils(), THREE, estimator="ULS", cluster="agemo")
    assert "the test and what rests on it take rows as independent" in found.fit["note"][0]


def test_several_waves_need_a_choice(couples):
    with pytest.raises(ArgumentError, match="wave="):
        tk.cfa(couples, "f =~ rws01 + rws04 + rws07")


def test_unused_options_are_named():
    keys = tk.instrument_from_keys({"main": ["a", "b", "c", "d"]}, min=1, max=5, id="my")
    draw = np.random.default_rng(1)
    factor = draw.standard_normal((300, 1))
    answers = np.clip(np.floor(2.5 + factor + draw.standard_normal((300, 4))), 1, 4).astype(int)
    frame = pd.DataFrame(answers, columns=list("abcd"))
    with pytest.warns(MergedCategoryWarning, match="a: 5"):
        found = tk.cfa(tk.Responses.from_frame(frame, keys), keys)
    assert "options that nobody chose have no threshold (a: 5; b: 5; c: 5; d: 5)" in found.fit["note"][0]


def test_items_with_many_options_are_continuous_by_default():
    keys = tk.instrument_from_keys({"main": ["a", "b", "c", "d"]}, min=0, max=100, id="my")
    draw = np.random.default_rng(1)
    answers = np.clip(50 + 15 * (draw.standard_normal((200, 1)) + draw.standard_normal((200, 4))), 0, 100)
    frame = pd.DataFrame(np.floor(answers).astype(int), columns=list("abcd"))
    assert tk.cfa(tk.Responses.from_frame(frame, keys), keys).settings["fitted_estimator"] == "MLR"


def test_a_single_item_scale_enters_as_observed():
    keys = tk.instrument_from_keys({"main": ["a", "b", "c"], "one": ["d"]}, min=1, max=4, id="my")
    draw = np.random.default_rng(2)
    answers = np.clip(np.floor(2.5 + draw.standard_normal((400, 1)) + draw.standard_normal((400, 4))), 1, 4).astype(int)
    frame = pd.DataFrame(answers, columns=list("abcd"))
    found = tk.cfa(tk.Responses.from_frame(frame, keys), keys, std_lv=True)
    with_item = found.estimates.query("op == '~~' and lhs != rhs")
    assert with_item[["lhs", "rhs"]].to_numpy().tolist() == [["main", "d"]]
    assert with_item["p"].iloc[0] < 0.001


# --- bad input ------------------------------------------------------------------------------------


def wide(n=400):
    """Make four items of 40 categories."""
    draw = np.random.default_rng(1)
    answers = np.clip(np.floor(20 + 6 * (draw.standard_normal((n, 1)) + draw.standard_normal((n, 4)))), 0, 39)
    return pd.DataFrame(answers, columns=list("abcd"))


def heywood():
    """Make data of few people whose best solution has a negative variance."""
    draw = np.random.default_rng(4)
    factor = draw.standard_normal(40)
    columns = {"a": factor + 0.2 * draw.standard_normal(40)}
    columns |= {name: size * factor + draw.standard_normal(40) for name, size in (("b", 0.4), ("c", 0.4), ("d", 0.3))}
    return pd.DataFrame(columns)


REFUSED = {
    "under_identified": (lambda: tk.cfa(pupils(), "f =~ x1 + x2"), NotIdentified, "f=~x2.*x1~~x1"),
    "unknown": (lambda: tk.cfa(pupils(), "f =~ x1 + x2 +\n x33"), ModelError, "line 2, column 2.*Did you mean 'x3'"),
    "several_unknown": (lambda: tk.cfa(pupils(), "f =~ y1 + y2 + y3"), ModelError, "3 faults"),
    "unknown_scale": (lambda: tk.sem(pupils(), "rws.total ~ x1"), ModelError, "rws.total"),
    "syntax": (lambda: tk.cfa(pupils(), "f =~ x1 + + x2"), ModelError, "line 1, column 11"),
    "words": (lambda: tk.cfa(pupils(), "f =~ x1 + x2 + school"), ArgumentError, "school.*not numeric"),
    "collinear": (
        lambda: tk.cfa(pupils().assign(y=pupils()["x1"] + pupils()["x2"]), "f =~ x1 + x2 + x3 + y"),
        AnalysisError,
        "x1, x2, y",
    ),
    "constant": (lambda: tk.cfa(pupils().assign(x1=1.0), THREE), AnalysisError, "x1"),
    "decimals": (lambda: tk.cfa(pupils(), THREE, ordered=["x1"]), ArgumentError, "x1.*decimals"),
    "small_group": (
        lambda: tk.cfa(pupils().iloc[:164], THREE, group="school", estimator="ML"),
        TooFewCases,
        "8 in group Grant-White",
    ),
    "small_group_fiml": (lambda: tk.cfa(pupils().iloc[:164], THREE, group="school"), TooFewCases, "Grant-White"),
    "small_group_ordinal": (
        lambda: tk.cfa(pupils().iloc[:164].round(), THREE, group="school", ordered=True),
        TooFewCases,
        "Grant-White",
    ),
    "empty_category": (
        lambda: tk.cfa(pupils().iloc[:164].round(), "f =~ x1 + x2 + x3", group="school", ordered=True),
        AnalysisError,
        "'Grant-White'.*'x1'",
    ),
    "one_group": (lambda: tk.cfa(pupils().assign(k=1), THREE, group="k"), AnalysisError, "1 value"),
    "no_group": (lambda: tk.cfa(pupils(), THREE, group="schol"), ArgumentError, "Did you mean 'school'"),
    "equal_alone": (lambda: tk.cfa(pupils(), THREE, group_equal="loadings"), ArgumentError, "group="),
    "equal_unknown": (
        lambda: tk.cfa(pupils(), THREE, group="school", group_equal="loading"),
        ArgumentError,
        "Did you mean 'loadings'",
    ),
    "estimator": (lambda: tk.cfa(pupils(), THREE, estimator="WLS"), ArgumentError, "WLSMV"),
    "pairwise": (lambda: tk.cfa(pupils(), THREE, missing="pairwise"), ArgumentError, "missing='fiml'"),
    "pairwise_ml": (lambda: tk.cfa(pupils(), THREE, estimator="ML", missing="pairwise"), ArgumentError, "fiml"),
    "fiml_ordinal": (lambda: tk.cfa(pupils(), THREE, ordered=True, missing="fiml"), ArgumentError, "pairwise"),
    "fiml_uls": (lambda: tk.cfa(pupils(), THREE, estimator="ULS", missing="fiml"), ArgumentError, "MLR"),
    "wlsmv_continuous": (lambda: tk.cfa(pupils(), THREE, estimator="WLSMV"), ArgumentError, "ordered="),
    "ml_ordinal": (lambda: tk.cfa(pupils(), THREE, estimator="ML", ordered=True), ArgumentError, "WLSMV"),
    "ordered_unknown": (lambda: tk.cfa(pupils(), THREE, ordered=["x11"]), ArgumentError, "Did you mean 'x1'"),
    "wishart_fiml": (lambda: tk.cfa(pupils(), THREE, likelihood="wishart"), ArgumentError, "listwise"),
    "wishart_ordinal": (
        lambda: tk.cfa(pupils(), THREE, ordered=True, likelihood="wishart"),
        ArgumentError,
        "estimator='ML'",
    ),
    "no_means": (lambda: tk.cfa(pupils(), THREE, tk.ModelOptions(meanstructure=False)), ArgumentError, "means"),
    "no_seed": (lambda: tk.cfa(pupils(), THREE, bootstrap=10), ArgumentError, "seed="),
    "model": (lambda: tk.cfa(pupils(), None), ArgumentError, "NoneType"),
    "options": (lambda: tk.cfa(pupils(), THREE, {"day": 1}), ArgumentError, "ModelOptions"),
    "confidence": (lambda: tk.cfa(pupils(), THREE, tk.ModelOptions(confidence=95)), ArgumentError, "0.95"),
    "interval": (lambda: tk.cfa(pupils(), THREE, tk.ModelOptions(interval="basic")), ArgumentError, "bca"),
}


@pytest.mark.parametrize("key", REFUSED)
def test_what_is_refused_by_name(key):
    call, error, message = REFUSED[key]
    with pytest.raises(error, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_no_convergence_is_said():
    draw = np.random.default_rng(1).standard_normal((50, 6))
    frame = pd.DataFrame(draw, columns=list("abcdef"))
    with pytest.raises((NotConverged, NotIdentified)):
        tk.cfa(frame, "one =~ a + b + c; two =~ d + e + f", estimator="ML")


@pytest.mark.parametrize("options", [{"estimator": "ML"}, {}])
def test_an_improper_solution_is_named(options):
    with pytest.warns(ImproperSolutionWarning, match="a~~a is negative"):
        found = tk.cfa(heywood(), "f =~ a + b + c + d", **options)
    assert "the variance a~~a is negative" in found.fit["note"][0]
    assert found.estimates.query("lhs == 'a' and op == '~~'")["est"].iloc[0] < 0


def test_a_warning_points_at_the_call():
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        tk.cfa(heywood(), "f =~ a + b + c + d", estimator="ML")
    assert found[0].filename == __file__


@pytest.mark.filterwarnings("ignore:HTMT needs two items")
def test_a_factor_with_one_indicator():
    with pytest.warns(ModelWarning, match="f has one indicator, x1"):
        found = tk.cfa(pupils(), "f =~ x1; g =~ x4 + x5 + x6", estimator="ML")
    assert "f has one indicator" in found.fit["note"][0]
    assert found.estimates.query("lhs == 'x1' and rhs == 'x1'")["est"].iloc[0] == 0
    stated = tk.cfa(pupils(), "f =~ x1; x1 ~~ 0.3*x1; g =~ x4 + x5 + x6", estimator="ML")
    assert "indicator" not in stated.fit["note"][0]


def test_forty_categories_are_warned_of():
    with pytest.warns(ModelWarning, match="categories"):
        found = tk.cfa(wide(), "f =~ a + b + c + d", ordered=True)
    assert "categories" in found.fit["note"][0]


def test_a_small_group_is_named():
    data = pupils().drop(index=range(11, 156)).iloc[::-1]
    with pytest.warns(SmallSampleWarning, match="group Pasteur: 11 rows, 12 parameters"):
        found = tk.cfa(data, "f =~ x4 + x5 + x6 + x1", group="school", estimator="ML")
    assert "fewer rows than free parameters" in found.fit["note"][0]


def test_a_saturated_model_says_what_is_not_defined():
    with pytest.warns(UndefinedStatisticWarning, match="df = 0"):
        found = tk.cfa(pupils(), "f =~ x1 + x2 + x3", estimator="ML")
    assert np.isnan(found.fit["pvalue"][0])
    assert "not defined: pvalue" in found.fit["note"][0]


def test_rows_without_a_group_are_dropped_and_counted():
    data = pupils().assign(school=pupils()["school"].mask(pupils().index < 10))
    found = tk.cfa(data, THREE, estimator="ML", group="school")
    assert (found.fit["n_used"][0], found.fit["n_dropped"][0]) == (291, 10)


# --- whatever the data are ------------------------------------------------------------------------


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


def test_bootstrap_of_couples(couples):
    """Whole couples are drawn, so that errors come close to the clustered ones."""
    text = "f =~ rws01 + rws04 + rws07 + rws10"
    drawn = tk.cfa(couples, text, wave=1, estimator="MLR", bootstrap=400, seed=1)
    clustered = tk.cfa(couples, text, wave=1, estimator="MLR")
    np.testing.assert_allclose(drawn.estimates["se"], clustered.estimates["se"], rtol=0.25)
    assert "bootstrap samples of clusters" in drawn.fit["method"][0]


def test_options_are_the_defaults_that_settings_show():
    assert tk.cfa(pupils(), THREE, estimator="ML").settings["options"] == asdict(tk.ModelOptions())
