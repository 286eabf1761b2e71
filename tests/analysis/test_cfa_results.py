"""What tk.cfa and tk.sem return: columns, groups, couples, instruments, scale scores."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.analysis.cfa_cases import (
    THREE,
    pupils,
)
from tests.conftest import ROOT, oracle
from toolkit.analysis.inputs import unflagged
from toolkit.errors import (
    ArgumentError,
    MergedCategoryWarning,
)

KINDS = (("definitions", ":="), ("constraints", "=="))
COLUMNS = ["lhs", "op", "rhs", "group", "label", "est", "se", "z", "p", "ci_low", "ci_high", "std_lv", "std_all"]


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


@pytest.mark.parametrize("name", ["marker", "std_lv", "mediation", "cross_loading", "modifiers"])
@pytest.mark.filterwarnings("ignore::toolkit.errors.ToolkitWarning")
def test_the_parameter_table_is_lavaans(name):
    case = oracle("lavaan_tables")[name]
    found = tk.sem(pupils(), case["text"], estimator="ML", std_lv="std.lv" in case["options"])
    table, rows = found.tables["parameter_table"], pd.DataFrame(case["rows"])
    stated = table.iloc[: len(rows)]
    for ours, theirs in (("lhs", "lhs"), ("op", "op"), ("rhs", "rhs"), ("group", "group"), ("exo", "exogenous")):
        assert stated[ours].tolist() == rows[theirs].tolist()
    assert (stated["free"] > 0).astype(int).tolist() == rows["free"].tolist()
    assert stated.loc[stated["free"] > 0, "free"].tolist() == list(range(1, rows["free"].sum() + 1))
    own = rows["exogenous"] == 0
    np.testing.assert_array_equal(stated["ustart"][own], rows["value"].astype(float)[own])
    rest = [
        f"{case[kind]['left'][i]}{op}{case[kind]['expression'][i]}"
        for kind, op in KINDS
        for i in range(len(case[kind]["left"]))
    ]
    assert (table["lhs"] + table["op"] + table["rhs"]).tolist()[len(rows) :] == rest


@pytest.mark.filterwarnings("ignore::toolkit.errors.UndefinedStatisticWarning")
def test_without_pairs_of_factors_there_is_a_table_without_rows():
    one = tk.cfa(pupils(), "f =~ x1 + x2 + x3 + x4", estimator="ML")
    assert one.table("discriminant").to_text().endswith("None.")
    assert len(one.tables["reliability"]) == 1
    path = tk.sem(pupils(), "x9 ~ x1 + x2", estimator="ML")
    assert [len(path.tables[name]) for name in ("reliability", "discriminant")] == [0, 0]


def test_r_squared_is_the_standardised_loading_squared():
    found = tk.cfa(pupils(), THREE, estimator="ML")
    loadings = found.estimates[found.estimates["op"] == "=~"]
    np.testing.assert_allclose(found.tables["r_squared"]["r_squared"], loadings["std_all"] ** 2, atol=1e-10)
    assert found.tables["r_squared"]["variable"].tolist() == loadings["rhs"].tolist()


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


def test_a_day_is_chosen_in_the_options():
    data = pupils().assign(child=np.arange(301) // 2, date=np.arange(301) % 2)
    diary = tk.Responses.from_frame(data, person="child", day="date")
    with pytest.raises(ArgumentError, match=r"ModelOptions\(day"):
        tk.cfa(diary, THREE, estimator="ML")
    found = tk.cfa(diary, THREE, tk.ModelOptions(day=1), estimator="ML")
    assert found.fit["n_used"][0] == 150
    assert found.settings["day"] == 1


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


def test_bootstrap_of_couples(couples):
    """Whole couples are drawn, so that errors come close to the clustered ones."""
    text = "f =~ rws01 + rws04 + rws07 + rws10"
    drawn = tk.cfa(couples, text, wave=1, estimator="MLR", bootstrap=400, seed=1)
    clustered = tk.cfa(couples, text, wave=1, estimator="MLR")
    np.testing.assert_allclose(drawn.estimates["se"], clustered.estimates["se"], rtol=0.25)
    assert "bootstrap samples of clusters" in drawn.fit["method"][0]


def test_options_are_the_defaults_that_settings_show():
    assert tk.cfa(pupils(), THREE, estimator="ML").settings["options"] == asdict(tk.ModelOptions())
