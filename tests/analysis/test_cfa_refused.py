"""What tk.cfa and tk.sem refuse or warn of, by name."""

import warnings

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.analysis.cfa_cases import THREE, pupils
from toolkit.errors import (
    AnalysisError,
    ArgumentError,
    ImproperSolutionWarning,
    ModelError,
    ModelWarning,
    NotConverged,
    NotIdentified,
    SmallSampleWarning,
    TooFewCases,
    UndefinedStatisticWarning,
)


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
    "ordinal_bartlett": (
        lambda: tk.cfa(pupils().round(), THREE, tk.ModelOptions(scores="bartlett"), ordered=True),
        ArgumentError,
        "continuous variables.*Use 'regression'",
    ),
    "scaled_uls": (
        lambda: tk.cfa(pupils(), THREE, tk.ModelOptions(test="satorra_bentler"), estimator="ULS"),
        AnalysisError,
        "satorra_bentler.*ML of complete rows.*estimator='MLR'",
    ),
    "scaled_fiml": (
        lambda: tk.cfa(pupils(), THREE, tk.ModelOptions(test="scaled_shifted")),
        AnalysisError,
        "scaled_shifted.*ML of complete rows",
    ),
    "yuan_bentler_uls": (
        lambda: tk.cfa(pupils(), THREE, tk.ModelOptions(test="yuan_bentler"), estimator="ULS"),
        AnalysisError,
        "estimator='MLR'",
    ),
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


def test_a_discrepancy_without_a_minimum_has_no_solution():
    """It falls for ever with x7~~x8, on which lavaan stops at −15.3; run on, it does not converge either."""
    text = THREE.replace("x2 + x3", "x2 + x3 + x9")
    with pytest.raises(NotConverged, match="no minimum"):
        tk.cfa(pupils(), f"{text}\nx7 ~~ x8", estimator="ML", group="school")
    held = [f"{text}\nx7 ~~ c({value}, NA)*x8" for value in (-15, -60)]
    with pytest.warns(ImproperSolutionWarning):
        first, later = (tk.cfa(pupils(), one, estimator="ML", group="school").fit["chisq"][0] for one in held)
    assert first == pytest.approx(79.1585, abs=2e-3)
    assert 0 < first - later < 0.01


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
