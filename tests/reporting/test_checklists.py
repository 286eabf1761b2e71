"""tk.cosmin: each rating by its criterion, with the number and the cell that it came from."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.conftest import ROOT
from toolkit.errors import ArgumentError
from toolkit.results import Result, Unavailable, fit_table

PROPERTIES = [
    "content validity",
    "structural validity",
    "internal consistency",
    "reliability",
    "measurement error",
    "hypotheses testing",
    "cross-cultural validity",
]
GOOD = {"cfi": 0.97, "tli": 0.96, "rmsea": 0.04, "srmr": 0.03}
BAD = {"cfi": 0.95, "tli": 0.94, "rmsea": 0.06, "srmr": 0.08}


def model(factors=("f",), **fit):
    rows = pd.DataFrame({"lhs": list(factors), "op": "=~", "rhs": "x"})
    line = {"model": "my", "n_used": 200, "n_dropped": 3, "method": "ML", "df": 5, **fit}
    return Result(kind="cfa", title="Model", estimates=rows, fit=fit_table([line]), name="cfa_my")


def alphas(change=np.nan, **values):
    rows = pd.DataFrame({"scale": list(values), "alpha": list(values.values())})
    rows["alpha_ci_low"], rows["alpha_ci_high"] = rows["alpha"] - 0.05, rows["alpha"] + 0.05
    rows = rows.assign(n_used=150, smallest_detectable_change=change)
    rows["scale"] = rows["scale"].str.replace("_", ".", n=1)
    return table_of("reliability", rows)


def table_of(kind, rows, **tables):
    fit = fit_table([{"model": "m", "n_used": 150, "n_dropped": 0, "method": "by hand"}])
    return Result(kind=kind, title=kind, estimates=rows, fit=fit, tables=tables)


def ratings(name, **given):
    table = tk.cosmin(**given).estimates
    return table[table["property"] == name].set_index("subject")


def only(name, **given):
    return ratings(name, **given).iloc[0]


def test_without_results_everything_is_indeterminate_and_says_why():
    table = tk.cosmin().estimates
    assert table["property"].tolist() == PROPERTIES
    assert set(table["rating"]) == {"?"}
    assert (table["note"].str.len() > 0).all()
    assert (table["criterion_text"].str.len() > 0).all()


@pytest.mark.parametrize(
    ("fit", "rating", "statistic"),
    [
        (GOOD, "+", "CFI"),
        (BAD, "−", "CFI"),
        (BAD | {"tli": 0.951}, "+", "TLI"),
        (BAD | {"rmsea": 0.0599}, "+", "RMSEA"),
        (BAD | {"srmr": 0.0799}, "+", "SRMR"),
        (GOOD | {"cfi_robust": 0.90, "tli_robust": 0.90, "rmsea_robust": 0.1, "srmr": 0.09}, "−", "Robust CFI"),
        (BAD | {"cfi_scaled": 0.98}, "+", "Scaled CFI"),
        (BAD | {"srmr": np.nan}, "?", "CFI"),
        (GOOD | {"df": 0}, "?", "CFI"),
        (GOOD | {"converged": False}, "?", "CFI"),
    ],
)
def test_structural_validity(fit, rating, statistic):
    line = only("structural validity", structural={"my": model(**fit)})
    assert (line["rating"], line["statistic"]) == (rating, statistic)


def test_a_rating_has_its_number_and_its_cell():
    given = BAD | {"rmsea_robust": 0.05, "rmsea_ci_lower_robust": 0.03, "rmsea_ci_upper_robust": 0.07}
    line = only("structural validity", structural={"my": model(**given)})
    assert (line["value"], line["ci_low"], line["ci_high"], line["n"]) == (0.05, 0.03, 0.07, 200)
    assert line["source_cell"] == "cfa_my-fit: row my, column rmsea_robust"
    assert line["note"] == "not met: CFI, TLI, SRMR"


def test_a_model_that_was_not_fitted_is_indeterminate():
    line = only("structural validity", structural={"my": Unavailable("Not available: no end.")})
    assert (line["rating"], line["note"]) == ("?", "Not available: no end.")


@pytest.mark.parametrize(
    ("structural", "alpha", "rating", "note"),
    [
        ({"my": model(**GOOD)}, 0.70, "+", ""),
        ({"my": model(**GOOD)}, 0.699, "−", ""),
        ({"my": model(("f_factor",), **GOOD)}, 0.9, "+", ""),
        ({"my": model(("g",), **GOOD)}, 0.9, "?", "the scale is no factor of the model"),
        ({"my": model(**BAD)}, 0.9, "?", "structural validity is rated −"),
        ({"my": model(**BAD), "my.f": model(("total",), **GOOD)}, 0.9, "+", ""),
        ({}, 0.9, "?", "no evidence of structural validity"),
        ({}, 0.5, "?", "no evidence of structural validity"),
    ],
)
def test_internal_consistency_presupposes_structure(structural, alpha, rating, note):
    line = only("internal consistency", structural=structural, reliability=alphas(my_f=alpha))
    assert (line["rating"], line["note"]) == (rating, note)
    assert line["source_cell"] == "reliability-estimates: row my.f, column alpha"


def test_measurement_error_needs_an_important_change():
    known = alphas(my_f=0.8, change=1.2)
    assert only("measurement error", reliability=known)["rating"] == "?"
    assert only("measurement error", reliability=known, minimal_important_change={"my.f": 1.3})["rating"] == "+"
    assert only("measurement error", reliability=known, minimal_important_change={"my.f": 1.2})["rating"] == "−"
    with pytest.raises(ArgumentError, match=r"Did you mean 'my\.f'"):
        tk.cosmin(reliability=known, minimal_important_change={"my.g": 1})


def test_retest_is_the_agreement_of_single_occasions():
    rows = pd.DataFrame({"variable": ["a.b", "a.b", "a.c"], "form": ["ICC1", "ICC2", "ICC2"], "icc": [0.9, 0.7, 0.69]})
    rows = rows.assign(ci_low=0.1, ci_high=0.9)
    found = replace(table_of("icc", rows), fit=fit_table([
        {"model": name, "n_used": n, "n_dropped": 0, "method": "ML"} for name, n in (("a.b", 50), ("a.c", 40))
    ]))  # fmt: skip
    table = ratings("reliability", retest=found)
    assert table["rating"].to_dict() == {"a.b": "+", "a.c": "−"}
    assert table["n"].tolist() == [50, 40]


def test_hypotheses_are_looked_up():
    rows = pd.DataFrame({"x": ["a.b"], "y": ["c.d"], "n": [90], "r": [-0.4], "ci_low": [-0.5], "ci_high": [-0.3]})
    found = table_of("correlations", rows)
    stated = ["c.d with a.b from -1 to -0.3", tk.Hypothesis("a.b", "c.d", 0.1, 1.0)]
    table = ratings("hypotheses testing", hypotheses=stated, correlations=found)
    assert table["rating"].tolist() == ["+", "−"]
    assert table.index[0] == "c.d with a.b: r from −1.00 to −.30"
    assert only("hypotheses testing", hypotheses=stated)["rating"] == "?"
    with pytest.raises(ArgumentError, match=r"a\.x"):
        tk.cosmin(hypotheses=["a.b with a.x from 0 to 1"], correlations=found)


@pytest.mark.parametrize(
    "text", ["a b", "a with b", "a with b from x to 1", "a with b from 1 to 0", "a with b from 0 to 2"]
)
def test_what_is_no_hypothesis_is_refused(text):
    with pytest.raises(ArgumentError, match="not understood"):
        tk.cosmin(hypotheses=[text])


@pytest.mark.parametrize(
    ("verdicts", "rating"),
    [
        (["", "holds", "holds", "fails"], "+"),
        (["", "holds", "fails", "holds"], "−"),
        (["", "fails", "holds", "holds"], "−"),
        (["", "mixed", "holds", "holds"], "?"),
        (["", "holds"], "?"),
    ],
)
def test_invariance_needs_equal_loadings_and_intercepts(verdicts, rating):
    steps = ["configural", "metric", "scalar", "strict"][: len(verdicts)]
    ladder = pd.DataFrame({"step": steps, "delta_cfi": [np.nan, -0.001, -0.004, -0.02][: len(steps)], "chen": verdicts})
    line = only("cross-cultural validity", invariance={"my by gender": table_of("invariance", ladder, ladder=ladder)})
    assert line["rating"] == rating
    if len(steps) == 4:
        assert line["value"] == -0.004
        assert line["source_cell"] == "invariance-ladder: row scalar, column delta_cfi"


@cache
def real():
    answers = tk.read_responses(tk.read_study(ROOT / "data" / "bfi")).first_occasion()
    fitted = tk.cfa(answers, answers.instruments[0]).named("cfa_bfi")
    return fitted, tk.reliability(answers)


@pytest.mark.filterwarnings("ignore::toolkit.errors.ToolkitWarning")
def test_real_answers():
    fitted, reliability = real()
    found = tk.cosmin(structural={"bfi": fitted}, reliability=reliability)
    line = found.estimates.set_index("property").loc["structural validity"]
    assert line["rating"] == "−"
    assert line["value"] == fitted.fit["cfi_robust"][0]
    assert found.tables["structural"]["index"].tolist() == ["CFI", "TLI", "RMSEA", "SRMR"]
    assert set(ratings("internal consistency", structural={"bfi": fitted}, reliability=reliability)["rating"]) == {"?"}
    assert "they rate this sample alone" in found.statement
    assert found.to_json()
