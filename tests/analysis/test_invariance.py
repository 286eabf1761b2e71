"""Measurement invariance against lavaan and semTools, through the public call."""

import json
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.conftest import ORACLES, ROOT, oracle, test_data
from toolkit.analysis.invariance import invariance

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
TWO = "visual =~ x1 + x2 + x3\nspeed =~ x7 + x8 + x9"
ITEMS = ["x1", "x2", "x3", "x7", "x8", "x9"]
STEP = {"loadings": "metric", "intercepts": "scalar", "residuals": "strict"}
FORMS = json.loads((ORACLES / "invariance_forms.json").read_text(encoding="utf-8"))["result"]
PARTIAL = ["x3~1", "x7~1"]
ESTIMATES = 5e-5  # lavaan stops at a gradient of about 1e-6: its chi-square is never the smaller one, see below
ERRORS = 1e-4
MEASURES = 2e-6


def school(name="hs1939"):
    return pd.read_csv(ROOT / "tests" / "data" / f"{name}.csv")


def cut(column):
    middle, spread = round(column.mean(), 1), round(column.std(), 1)
    return 1 + sum((column > middle + step * spread).astype(int) for step in (-0.9, 0, 0.9))


def categories(frame):
    return frame.assign(**{name: cut(frame[name]) for name in ITEMS})


@cache
def partners(kind="complete"):
    """Make up couples of pupils, as invariance_forms.R does."""
    pupils = school()[ITEMS]
    husbands = pupils[:150].reset_index(drop=True)
    wives = 0.5 * husbands + pupils[150:300].reset_index(drop=True)
    wives["x2"] += 0.4
    if kind == "ordinal":
        husbands, wives = categories(husbands), categories(wives)
    parts = [part.assign(couple=range(150), role=role) for part, role in ((husbands, "h"), (wives, "w"))]
    frame = pd.concat(parts, ignore_index=True)
    frame["person"] = frame["couple"].astype(str) + frame["role"]
    if kind == "missing":
        frame = frame[(frame["role"] == "h") | (frame["couple"] < 140)]
    return tk.Responses.from_frame(frame, person="person", couple="couple", role="role")


@cache
def waves():
    """Put the waves of exLong below one another."""
    wide = pd.read_csv(test_data("exlong.csv"))
    parts = [
        wide[[f"y{item}t{time}" for item in (1, 2, 3)]]
        .set_axis(["y1", "y2", "y3"], axis=1)
        .assign(id=wide.index, time=time)
        for time in (1, 2, 3)
    ]
    return tk.Responses.from_frame(pd.concat(parts, ignore_index=True), person="id", wave="time")


def parameters(result, step):
    """Take the parameters of a step, named as the oracles name them: `x1~~x1|g2`."""
    table = result.estimates.query("step == @step")
    names = table["lhs"] + table["op"] + table["rhs"]
    if "group" in table:
        order = [str(label) for label in result.settings["compared"]]
        names += [f"|g{order.index(label) + 1}" for label in table["group"]]
    names = [re.sub(r"_w(\d)", r"t\1", name) for name in names]
    return table.assign(param=names).set_index("param")


def wanted_parameters(levels):
    frame = pd.DataFrame(levels["estimates"])
    if "group" in frame and frame["group"].max() > 1:
        frame["param"] += "|g" + frame["group"].astype(str)
    elif frame["param"].str.endswith("|g2").any():
        plain = ~frame["param"].str.contains(r"\|g\d$")
        frame.loc[plain, "param"] += "|g1"
    return frame[~frame["param"].str.contains("==")].set_index("param")


def assert_parameters(result, step, levels):
    found, wanted = parameters(result, step), wanted_parameters(levels)
    swapped = {re.sub(r"^(.+)~~([^|]+)", r"\2~~\1", name): name for name in found.index if "~~" in name}
    names = [name if name in found.index else swapped[name] for name in wanted.index]
    assert len(names) == len(found)
    np.testing.assert_allclose(found.loc[names, "est"], wanted["est"].astype(float), atol=ESTIMATES, rtol=0)
    free = (wanted["se"].fillna(0).astype(float) > 0).to_numpy()
    errors = found.loc[names, "se"].to_numpy()
    np.testing.assert_allclose(errors[free], wanted["se"].astype(float)[free], rtol=ERRORS)
    assert np.isnan(errors[~free]).all()


def assert_measures(result, step, wanted):
    fit = result.fit.set_index("model").loc[step]
    for name, value in wanted.items():
        ours = fit.get(name.replace(".", "_"))
        if ours is None or not isinstance(value, int | float):
            continue
        assert ours == pytest.approx(value, rel=1e-5, abs=MEASURES), (step, name)


def assert_ladder(result, difference, df, p):
    ladder = result.to_frame("ladder").iloc[1:]
    np.testing.assert_allclose(ladder["chisq_diff"].astype(float), np.array(difference[1:], float), rtol=5e-5)
    assert ladder["df_diff"].tolist() == df[1:]
    np.testing.assert_allclose(ladder["p_diff"].astype(float), np.array(p[1:], float), rtol=1e-4, atol=1e-9)


def assert_steps(result, wanted, measures="fit_measures"):
    for name, levels in wanted["levels"].items():
        step = STEP.get(name, name)
        assert_parameters(result, step, levels)
        assert_measures(result, step, levels[measures])
        smallest = result.fit.set_index("model").loc[step, "chisq"]
        assert smallest <= levels[measures]["chisq"] + 1e-6, "the minimum is at least as deep as lavaan's"


SCHOOLS = {"07_invariance_hs_ml": "ML", "07_invariance_hs_mlr": "MLR"}
FORM = {
    "groups_ml": lambda: invariance(school(), THREE, group="school", estimator="ML"),
    "groups_partial": lambda: invariance(school(), THREE, group="school", estimator="ML", partial=PARTIAL),
    "groups_fiml_mlr": lambda: invariance(school("hs1939_missing"), THREE, group="school"),
    "groups_ordinal": lambda: invariance(categories(school()), TWO, group="school", ordered=True),
    "partners_ml": lambda: invariance(partners(), TWO, over="role", estimator="ML"),
    "partners_mlr": lambda: invariance(partners(), TWO, over="role", estimator="MLR"),
    "partners_fiml_mlr": lambda: invariance(partners("missing"), TWO, over="role"),
    "partners_ordinal": lambda: invariance(partners("ordinal"), TWO, over="role", ordered=True),
}


@pytest.mark.parametrize("name", SCHOOLS)
def test_schools(name):
    wanted = oracle(name)
    result = invariance(school(), THREE, group="school", estimator=SCHOOLS[name], std_lv=False)
    assert_steps(result, wanted)
    table = wanted["lrt"]["table"]
    assert_ladder(result, table["Chisq diff"], table["Df diff"], table["Pr(>Chisq)"])


@pytest.mark.parametrize("name", SCHOOLS)
def test_what_to_free_first_at_the_scalar_step(name):
    wanted = pd.DataFrame(oracle(name)["score_test_scalar"]["uni"])
    result = invariance(school(), THREE, group="school", estimator=SCHOOLS[name], std_lv=False)
    found = result.to_frame("score_tests").query("step == 'scalar'")
    loadings = [
        f"{factor}=~x{item}"
        for factor, items in (("visual", "23"), ("textual", "56"), ("speed", "89"))
        for item in items
    ]
    names = [*loadings, *(f"x{item}~1" for item in range(1, 10))]
    ours = found.set_index("parameter").loc[names]
    np.testing.assert_allclose(ours["chisq"], wanted["X2"], rtol=1e-3)
    if name.endswith("ml"):
        np.testing.assert_allclose(ours["p"], wanted["p.value"], rtol=1e-3)
    assert found["parameter"].tolist()[:2] == ["x3~1", "x7~1"]
    assert found["chisq"].is_monotonic_decreasing


@pytest.mark.parametrize("name", [name for name in FORMS if name != "dmacs"])
def test_each_form(name):
    wanted = FORMS[name]
    result = FORM[name]()
    assert_steps(result, wanted, "measures")
    lrt = wanted["lrt"]
    assert_ladder(result, lrt["chisq_diff"], lrt["df_diff"], lrt["p_diff"])


def test_ordinal_items_of_two_groups():
    wanted = oracle("07_invariance_datcat_ordinal")
    data = pd.read_csv(test_data("datcat.csv"))
    model = "FU1 =~ u1 + u2 + u3 + u4\nFU2 =~ u5 + u6 + u7 + u8"
    result = invariance(data, model, group="g", ordered=True)
    assert_steps(result, wanted)
    table = wanted["lrt"]["table"]
    ladder = result.to_frame("ladder").iloc[:4]
    np.testing.assert_allclose(ladder["chisq_diff"][1:].astype(float), table["Chisq diff"][1:], rtol=1e-5)
    np.testing.assert_allclose(ladder["p_diff"][1:].astype(float), table["Pr(>Chisq)"][1:], rtol=1e-5)


def test_three_waves():
    wanted = oracle("07_invariance_exlong")
    result = invariance(waves(), "f1 =~ y1 + y2 + y3", over="wave", estimator="ML")
    assert_steps(result, wanted)
    table = wanted["lrt"]["table"]
    assert_ladder(result, table["Chisq diff"], table["Df diff"], table["Pr(>Chisq)"])
    means = result.to_frame("latent_means")
    assert means["wave"].tolist() == ["2", "3"]
    estimates = pd.DataFrame(wanted["levels"]["intercepts"]["estimates"]).set_index("param")
    np.testing.assert_allclose(means["difference"], estimates.loc[["f1t2~1", "f1t3~1"], "est"], atol=ESTIMATES)


def test_effect_sizes_by_their_formula():
    result = invariance(school(), THREE, group="school", estimator="ML")
    found = result.to_frame("dmacs")
    assert found["item"].tolist() == [f"x{item}" for item in range(1, 10)]
    for name in ("dmacs", "signed"):
        np.testing.assert_allclose(found[name], FORMS["dmacs"][name], atol=2e-5)
