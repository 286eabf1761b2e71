"""tk.compare_models: difference tests against lavaan, nesting against semTools, and what cannot be compared."""

from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.conftest import ROOT, oracle
from toolkit.errors import ArgumentError, ImproperSolutionWarning
from toolkit.kernels.sem.nesting import is_nested
from toolkit.results import Unavailable

pytestmark = pytest.mark.filterwarnings("ignore::toolkit.errors.UndefinedStatisticWarning")  # AVE of cross-loadings
FIRST = ["model", "estimator", "npar", "chisq", "df", "p", "cfi", "tli", "rmsea", "rmsea_ci_low", "rmsea_ci_high"]


@cache
def pupils():
    return pd.read_csv(ROOT / "tests" / "data" / "hs1939.csv")


@cache
def expected():
    return oracle("model_comparison")


@cache
def of_pupils(estimator):
    return {name: tk.cfa(pupils(), text, estimator=estimator) for name, text in expected()["hs_models"].items()}


@cache
def of_ordinal():
    data = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")
    models = expected()["bfi_models"].items()
    return {name: tk.cfa(data, text, ordered=True, estimator="WLSMV") for name, text in models}


def compared(found, more, less):
    table = tk.compare_models({name: found[name] for name in (more, less)}).estimates.set_index("model")
    assert table["compared_with"][more] == less
    return table.loc[more]


@pytest.mark.parametrize(("key", "estimator"), [("ml", "ML"), ("mlr", "MLR")])
def test_differences_of_likelihoods_equal_lavaans(key, estimator):
    for one in expected()[key]:
        row = compared(of_pupils(estimator), one["more"], one["less"])
        assert row["chisq_diff"] == pytest.approx(one["chisq"], rel=1e-4)
        assert row["df_diff"] == one["df"]
        assert row["p_diff"] == pytest.approx(one["pvalue"], rel=1e-2)


def test_differences_of_ordinal_models_equal_lavaans_whatever_the_order_of_variables():
    found = of_ordinal()
    data = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")
    turned = "\n".join(reversed(expected()["bfi_models"]["three"].split("\n")))
    other = found | {"three": tk.cfa(data, turned, ordered=True, estimator="WLSMV")}
    for one, models in product(expected()["wlsmv"], (found, other)):
        row = compared(models, one["more"], one["less"])
        assert row["chisq_diff"] == pytest.approx(one["chisq"], rel=1e-4, abs=1e-4)
        assert row["df_diff"] == one["df"]
        assert row["p_diff"] == pytest.approx(one["pvalue"], rel=1e-2)


def test_nesting_equals_semtools():
    names, found = expected()["nested_names"], of_pupils("ML")
    for row, more in enumerate(names):
        for column, less in enumerate(names[:row]):
            wanted = expected()["nested"][row][column]
            assert is_nested(found[more].source.fitted, found[less].source.fitted) is wanted, (more, less)


def test_a_row_holds_what_the_model_holds():
    models = of_pupils("MLR")
    result = tk.compare_models({"three": models["three"], "one": models["one"]})
    assert list(result.estimates.columns[: len(FIRST)]) == FIRST
    fit, row = models["three"].fit.iloc[0], result.estimates.iloc[0]
    names = {"chisq": "chisq_scaled", "df": "df_scaled", "p": "pvalue_scaled", "cfi": "cfi_robust"}
    names |= {"rmsea_ci_low": "rmsea_ci_lower_robust", "srmr": "srmr", "aic": "aic", "npar": "npar"}
    assert {name: row[name] for name in names} == {name: fit[theirs] for name, theirs in names.items()}
    assert result.settings["indices"] == "robust"
    assert "The model one fits worse than three, Δχ²(3)" in result.statement
    assert "best" not in result.statement


def test_each_model_meets_the_next_less_restricted_one():
    models = of_pupils("ML")
    table = tk.compare_models(models).estimates.set_index("model")
    assert table["compared_with"].dropna().to_dict() == {
        "one": "two",
        "orthogonal": "second",
        "second": "other",
        "three": "other",
        "two": "second",
    }
    assert "no data can tell it from 'three'" in table["note"]["second"]


def test_a_model_that_could_not_be_fitted_keeps_its_row():
    result = tk.compare_models({"three": of_pupils("ML")["three"], "wild": Unavailable("Not available: no end.")})
    assert result.estimates.set_index("model")["note"]["wild"] == "Not available: no end."
    assert result.fit["converged"].tolist() == [True, False]
    assert "1 of 2 models could not be fitted" in result.statement
    alone = tk.compare_models({"wild": Unavailable("Not available: no end.")})
    assert alone.statement == "None of the models could be fitted."


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"estimator": "MLR"}, "another estimator or test"),
        ({"data": "half", "estimator": "ML"}, "other rows"),
        ({"model": "g =~ x1 + x2 + x3 + x4", "estimator": "ML"}, "other variables"),
        ({"estimator": "ML", "group": "school"}, "other rows"),
    ],
)
def test_what_cannot_be_compared_says_why(options, why):
    data = pupils().head(200) if options.pop("data", "") else pupils()
    other = tk.cfa(data, options.pop("model", expected()["hs_models"]["one"]), **options)
    table = tk.compare_models({"three": of_pupils("ML")["three"], "other": other}).estimates
    assert table["compared_with"].isna().all()
    assert table["note"].str.contains(why).all()


def test_models_side_by_side_but_not_nested():
    cross = "visual =~ x1 + x2 + x3 + x9\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
    text = "visual =~ x1 + x2 + x3 + x4 + x5\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
    found = {"a": tk.cfa(pupils(), cross, estimator="ML"), "b": tk.cfa(pupils(), text, estimator="ML")}
    table = tk.compare_models(found).estimates.set_index("model")
    assert table["note"]["a"] == "not nested in 'b'" or table["note"]["b"] == "not nested in 'a'"
    assert table["chisq_diff"].isna().all()


def test_an_improper_solution_is_named():
    correlations = np.array([[1, 0.9, 0.2, 0.2], [0.9, 1, 0.1, 0.1], [0.2, 0.1, 1, 0.1], [0.2, 0.1, 0.1, 1]])
    x = np.random.default_rng(3).multivariate_normal(np.zeros(4), correlations, 400)
    with pytest.warns(ImproperSolutionWarning):
        bad = tk.cfa(pd.DataFrame(x, columns=list("abcd")), "f =~ a + b + c + d", estimator="ML")
    result = tk.compare_models({"bad": bad})
    assert "negative" in result.estimates["note"][0]
    assert "improper" in result.fit["note"][0]


@pytest.mark.parametrize("given", [{}, {"a": 3}, {"a": "correlations"}])
def test_what_is_no_model_is_refused(given):
    other = tk.correlations(pupils()[["x1", "x2"]])
    models = {key: other if one == "correlations" else one for key, one in given.items()}
    with pytest.raises(ArgumentError, match="models"):
        tk.compare_models(models)
