"""Ordinal variables against lavaan: estimates, errors, tests, fit measures, differences; and what holds of any data."""

import json
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.conftest import ROOT, oracle, test_data
from tests.kernels.sem.models import (
    FIVE,
    MEASURES,
    assert_estimates,
    assert_fit_measures,
    names,
    oracle_columns,
    personality,
    two_copies,
)
from toolkit.errors import AnalysisError, ModelWarning, NotIdentified, NotPositiveDefiniteWarning, TooFewCases
from toolkit.kernels.sem.defaults import TableOptions, parameter_table
from toolkit.kernels.sem.difference import difference_traces, scaled_difference_2000
from toolkit.kernels.sem.estimator import SampleRows
from toolkit.kernels.sem.fitted import FitOptions, fit_model
from toolkit.kernels.sem.inference import jacobian
from toolkit.kernels.sem.ordinal import OrdinalLeastSquares
from toolkit.kernels.sem.ordinal_moments import ordinal_points
from toolkit.kernels.sem.ram import compile_model
from toolkit.kernels.sem.standardized import unstandardized

ORACLE = json.loads((Path(__file__).parents[2] / "oracles" / "sem_ordinal.json").read_text(encoding="utf-8"))
CASES, RESULTS = ORACLE["cases"], ORACLE["result"]
TABLE_OPTIONS = {
    "std.lv": "std_lv",
    "group.equal": "group_equal",
    "parameterization": "parameterization",
    "fixed.x": "fixed_x",
}
TWO = "f1 =~ u1 + u2 + u3 + u4\nf2 =~ u5 + u6 + u7 + u8"
WLSMV = FitOptions("WLSMV")
few_examples = settings(some_examples, max_examples=8)
seeds = st.integers(0, 2**32 - 1)
pytestmark = pytest.mark.filterwarnings("ignore::toolkit.errors.ImproperSolutionWarning")


def pupils() -> pd.DataFrame:
    data = pd.read_csv(ROOT / "tests" / "data" / "hs1939.csv")
    for name, cuts in ORACLE["data"]["cuts"].items():
        data[name] = 1 + (data[name].to_numpy()[:, None] > np.atleast_1d(cuts)).sum(axis=1)
    return data


def datcat() -> pd.DataFrame:
    return pd.read_csv(ROOT / "tests" / "data" / "datcat.csv")


def answers() -> pd.DataFrame:
    data = datcat()
    return pd.concat([data[data["g"] == "male"], data[data["g"] == "female"].head(70)], ignore_index=True)


def people() -> pd.DataFrame:
    return pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv").head(900)


DATA = {"pupils": pupils, "answers": answers, "people": people}


def prepared(text, data, ordered, group=None, missing="listwise", **table):
    """Make the table and the rows of a model with ordinal variables."""
    labels = list(data[group].unique()) if group else [""]
    counts = {name: int(data[name].nunique()) for name in ordered}
    made = parameter_table(text, TableOptions(ordinal=counts, groups=tuple(labels), **table))
    parts = [data[data[group] == label] if group else data for label in labels]
    kept = [part[list(made.observed)] for part in parts]
    kept = [part.dropna() for part in kept] if missing == "listwise" else kept
    return made, SampleRows(tuple(part.to_numpy(float) for part in kept))


def fit(text, data, ordered, options=WLSMV, **others):
    made, rows = prepared(text, data, ordered, missing=options.missing, **others)
    return fit_model(made, rows, options)


def fit_case(name):
    case = CASES[name]
    given_options = dict(case["options"])
    estimator, group = given_options.pop("estimator"), given_options.pop("group", None)
    missing = given_options.pop("missing", "listwise")
    table = {TABLE_OPTIONS[key]: value for key, value in given_options.items() if key in TABLE_OPTIONS}
    if "group_equal" in table:
        table["group_equal"] = tuple(np.atleast_1d(table["group_equal"]))
    data, options = DATA[case["data"]](), FitOptions(estimator, missing)
    return fit(case["model"], data, case["ordered"], options, group=group, **table)


@pytest.fixture(scope="module")
def fits():
    return {name: fit_case(name) for name in CASES}


def assert_all(fitted, wanted, tolerance=2e-5):
    """Compare everything: all estimates, also those that follow from others, and the indices.

    Where all variables are ordinal, the moments are the same to all digits, and the minimum must be as low as lavaan's.
    lavaan finds polyserial correlations to about five digits.
    """
    assert_estimates(fitted, wanted["estimates"], tolerance)
    everything = oracle_columns(fitted, wanted["estimates"], "est")["est"].to_numpy()
    np.testing.assert_allclose(unstandardized(fitted.model, fitted.x), everything, atol=tolerance, rtol=0)
    mixed = len(fitted.model.table.ordinal) < len(fitted.model.table.observed)
    assert_fit_measures(fitted, wanted["fit_measures"], tolerance=2e-5 if mixed else MEASURES)
    assert fitted.minimum.largest_gradient <= 1e-8
    assert mixed or fitted.chisq.statistic <= wanted["fit_measures"]["chisq"] * (1 + 5e-8)


@pytest.mark.parametrize("name", CASES)
def test_lavaan(fits, name):
    fitted = fits[name]
    assert [int(one.n) for one in fitted.estimator.samples] == np.atleast_1d(RESULTS[name]["n"]).tolist()
    assert_all(fitted, RESULTS[name])


def test_all_results_of_the_oracle_are_compared():
    assert set(RESULTS) == {*CASES, "clustered", "differences"}


@pytest.mark.parametrize(
    ("block", "options", "table"),
    [
        ("WLSMV", WLSMV, {"std_lv": True}),
        ("DWLS", FitOptions("DWLS"), {"std_lv": True}),
        ("ULSMV", FitOptions("ULSMV"), {"std_lv": True}),
        ("WLSMV_marker_theta", WLSMV, {"parameterization": "theta"}),
    ],
)
def test_assertiveness(block, options, table):
    wanted = oracle("06_cfa_AS_1factor")[block]
    items = [f"AS{number}" for number in range(1, 11)]
    data = pd.read_csv(test_data("ipip_assertiveness.csv"))[items].replace(0, np.nan).dropna()
    fitted = fit("F =~ " + " + ".join(items), data, items, options, **table)
    assert_all(fitted, wanted)
    if "residual_cor_bollen" in wanted:
        residuals = fitted.residuals()[0].covariance
        np.testing.assert_allclose(residuals, wanted["residual_cor_bollen"]["values"], atol=2e-6)


def test_five_factors():
    wanted = oracle("06_cfa_bfi_wlsmv")["WLSMV"]
    data = personality()
    fitted = fit(FIVE, data, [name for name in data if name != "cluster"], std_lv=True)
    assert_all(fitted, wanted)
    order = [fitted.model.table.observed.index(name) for name in wanted["residual_cor_bollen"]["rows"]]
    residuals = fitted.residuals()[0].covariance[np.ix_(order, order)]
    np.testing.assert_allclose(residuals, wanted["residual_cor_bollen"]["values"], atol=2e-6)


@pytest.fixture(scope="module")
def ladder():
    """Wu and Estabrook's identification, by the text that semTools writes."""
    texts = oracle("07_invariance_datcat_ordinal")["syntax"]
    items = [f"u{number}" for number in range(1, 9)]
    return {name: fit("\n".join(lines), datcat(), items, group="g") for name, lines in texts.items()}


@pytest.mark.parametrize("level", ["configural", "thresholds", "loadings", "intercepts"])
def test_levels_of_invariance(ladder, level):
    assert_all(ladder[level], oracle("07_invariance_datcat_ordinal")["levels"][level])


def differ(less, more):
    traces = difference_traces(less.structure, less.basis, more.structure.jacobian @ more.basis)
    return scaled_difference_2000(less.chisq, more.chisq, traces)


def test_differences_of_levels(ladder):
    table = oracle("07_invariance_datcat_ordinal")["lrt"]["table"]
    steps = list(ladder.values())
    for index, (less, more) in enumerate(pairwise(steps), start=1):
        test = differ(less, more)
        assert test.statistic == pytest.approx(table["Chisq diff"][index], rel=1e-6)
        assert test.df == table["Df diff"][index]
        assert test.pvalue == pytest.approx(table["Pr(>Chisq)"][index], rel=1e-6)


@pytest.mark.parametrize(
    ("name", "less", "more"),
    [
        ("metric", "configural", "metric"),
        ("scalar", "metric", "scalar_delta"),
        ("strict", "scalar_theta", "strict_theta"),
    ],
)
def test_differences(fits, name, less, more):
    wanted, found = RESULTS["differences"][name], differ(fits[less], fits[more])
    assert found.statistic == pytest.approx(wanted["chisq"], rel=1e-5)
    assert found.pvalue == pytest.approx(wanted["pvalue"], rel=1e-5)


@pytest.fixture(scope="module")
def couples():
    """Six hundred people in couples, with the holes of oracle polychoric_bfi."""
    rows = people().head(600)
    neuro = rows[[f"N{number}" for number in range(1, 6)]].mean(axis=1, skipna=False)
    data = pd.DataFrame({"A1": rows["A1"], "age": rows["age"].astype(float), "C1": (rows["C1"] > 4) * 1.0})
    data["C1"] = data["C1"].where(rows["C1"].notna())
    data = data.assign(neuro=neuro, E1=rows["E1"].clip(upper=4), couple=np.repeat(np.arange(300), 2))
    for name, first, step in (("A1", 6, 31), ("C1", 4, 23), ("age", 4, 46)):
        data.loc[data.index[first::step], name] = np.nan
    return data.dropna()


@pytest.mark.parametrize("estimator", ["WLSMV", "ULS"])
def test_clusters(couples, estimator):
    wanted = RESULTS["clustered"][estimator]
    made, rows = prepared(wanted["model"], couples, wanted["ordered"], std_lv=True)
    fitted = fit_model(made, SampleRows(rows.groups, couples["couple"].to_numpy()), FitOptions(estimator))
    assert fitted.n == wanted["n"]
    order = [names_of_free(fitted).index(name) for name in wanted["param"]]
    np.testing.assert_allclose(fitted.x[order], wanted["est"], atol=2e-5, rtol=1e-5)
    np.testing.assert_allclose(fitted.se[order], wanted["se"], rtol=1e-4)
    assert fitted.chisq.statistic == pytest.approx(wanted["chisq"], rel=1e-4)
    assert fitted.scaled.statistic == pytest.approx(wanted["chisq_scaled"], rel=1e-4)
    assert fitted.scaled.factor == pytest.approx(wanted["scaling_factor"], rel=1e-4)
    plain = fit_model(made, rows, FitOptions(estimator))
    np.testing.assert_array_equal(fitted.x, plain.x)


def names_of_free(fitted):
    everything = names(fitted)
    return [everything[index] for index in fitted.model.free]


def drawn(seed, rows=400, categories=(4, 3, 5, 2, 4, 3)):
    """Draw answers to six items of one factor, and a continuous variable."""
    generator = np.random.default_rng(seed)
    factor = generator.standard_normal(rows)
    loadings = generator.uniform(0.5, 0.9, len(categories))
    behind = factor[:, None] * loadings + generator.standard_normal((rows, len(categories))) * np.sqrt(1 - loadings**2)
    data = pd.DataFrame(
        {f"y{k}": _cut(column, count) for k, (column, count) in enumerate(zip(behind.T, categories, strict=True), 1)}
    )
    return data.assign(z=3 + factor + generator.standard_normal(rows))


def _cut(values, count):
    return np.searchsorted(np.quantile(values, np.arange(1, count) / count), values).astype(float)


SIX = [f"y{number}" for number in range(1, 7)]
ONE = "f =~ " + " + ".join(SIX)
MIXED = f"{ONE} + z"
COMPARED = ("chisq", "chisq_scaled", "cfi", "rmsea", "cfi_scaled", "rmsea_scaled", "cfi_robust", "rmsea_robust", "srmr")


def assert_same_fit(one, other, left_out=(), tolerance=1e-6):
    for name in COMPARED:
        if name not in left_out:
            wanted = one.fit_measures[name]
            assert other.fit_measures[name] == pytest.approx(wanted, rel=tolerance, abs=tolerance, nan_ok=True), name


@few_examples
@given(seeds, st.sampled_from(SIX))
def test_reversing_an_item_turns_its_signs_and_leaves_the_fit(seed, item):
    data = drawn(seed)
    turned = data.assign(**{item: data[item].max() - data[item]})
    plain, other = (fit(MIXED, one, SIX, std_lv=True) for one in (data, turned))
    whole = -1.0 if item == "y1" else 1.0  # the factor points as its first indicator does
    for place, name in enumerate(names_of_free(plain)):
        if "=~" in name:
            turn = -1.0 if name.endswith(item) else 1.0
            assert other.x[place] == pytest.approx(whole * turn * plain.x[place], abs=1e-6), name
    assert_same_fit(plain, other)


@few_examples
@given(seeds)
def test_marker_and_unit_variance_fit_alike(seed):
    data = drawn(seed)
    marker, unit = fit(MIXED, data, SIX), fit(MIXED, data, SIX, std_lv=True)
    assert_same_fit(marker, unit)
    np.testing.assert_allclose(marker.std_all, unit.std_all, atol=1e-6)
    np.testing.assert_allclose(marker.standardized_se(), unit.standardized_se(), atol=1e-6)


@few_examples
@given(seeds)
def test_delta_and_theta_fit_alike(seed):
    data = drawn(seed)
    delta, theta = fit(MIXED, data, SIX, std_lv=True), fit(MIXED, data, SIX, std_lv=True, parameterization="theta")
    assert_same_fit(delta, theta)
    np.testing.assert_allclose(delta.std_all, theta.std_all, atol=1e-6)
    np.testing.assert_allclose(delta.standardized_se(), theta.standardized_se(), atol=1e-6)


@few_examples
@given(seeds)
def test_two_copies_give_twice_the_chi_square(seed):
    """The mean-adjusted test doubles too; the shifted one does not, since its shift has the square root of df."""
    data = drawn(seed)
    options = FitOptions("WLSMV", test="satorra_bentler")
    one, both = fit(ONE, data, SIX, options), fit(ONE, two_copies(data), SIX, options, group="copy")
    np.testing.assert_allclose(both.x, np.tile(one.x, 2), atol=1e-6)
    assert both.chisq.statistic == pytest.approx(2 * one.chisq.statistic, rel=1e-8)
    assert both.scaled.statistic == pytest.approx(2 * one.scaled.statistic, rel=1e-7)
    assert both.df == 2 * one.df


@few_examples
@given(seeds)
def test_a_restricted_model_does_not_fit_better(seed):
    data = drawn(seed)
    free, equal = fit(ONE, data, SIX), fit("f =~ a*y1 + a*y2 + a*y3 + y4 + y5 + y6", data, SIX, std_lv=True)
    assert equal.minimum.value >= free.minimum.value - 1e-12


@few_examples
@given(seeds)
def test_missing_answers_that_do_not_exist_change_nothing(seed):
    data = drawn(seed)
    assert_same_fit(fit(MIXED, data, SIX), fit(MIXED, data, SIX, FitOptions("WLSMV", "pairwise")), tolerance=1e-9)


@few_examples
@given(seeds)
def test_each_row_as_its_own_cluster_is_a_matter_of_the_factor(seed):
    data = drawn(seed)
    made, rows = prepared(MIXED, data, SIX)
    plain = fit_model(made, rows, WLSMV)
    clustered = fit_model(made, SampleRows(rows.groups, np.arange(len(data))), WLSMV)
    np.testing.assert_allclose(clustered.se, plain.se * np.sqrt(len(data) / (len(data) - 1)), rtol=1e-9)


EVERYTHING = (
    "f =~ u1 + u2 + u3\ng =~ u4 + u5 + z\nz ~~ u1\ng ~ f\nu1 | c(NA, NA)*t1\nu2 ~ c(0, NA)*1\nf ~ c(0, NA)*1\nz ~ 1"
)


@pytest.mark.parametrize("parameterization", ["delta", "theta"])
@few_examples
@given(seed=seeds)
def test_jacobian_is_the_derivative_of_the_moments(parameterization, seed):
    generator = np.random.default_rng(seed)
    data = datcat().assign(z=generator.standard_normal(200))
    free = "u1 ~*~ c(1, NA)*u1\nu3 ~*~ c(1, NA)*u3" if parameterization == "delta" else "u1 ~~ c(1, NA)*u1"
    made, rows = prepared(
        f"{EVERYTHING}\n{free}", data, ["u1", "u2", "u3", "u4", "u5"], "g", parameterization=parameterization
    )
    estimator = OrdinalLeastSquares.of(compile_model(made), rows, "diagonal", "listwise")
    x = generator.uniform(0.2, 0.8, estimator.model.n_free)
    for group, point in enumerate(ordinal_points(estimator.model, estimator.parts, x)):
        wanted = jacobian(lambda moved, g=group: ordinal_points(estimator.model, estimator.parts, moved)[g].moments, x)
        np.testing.assert_allclose(point.jacobian.T, wanted, atol=1e-12)


def test_batches_give_what_single_points_give():
    made, rows = prepared(MIXED, drawn(3), SIX)
    estimator = OrdinalLeastSquares.of(compile_model(made), rows, "diagonal", "listwise")
    x = np.random.default_rng(1).uniform(0.2, 0.8, (3, estimator.model.n_free))
    problem = estimator.problem(None)
    for function in (problem.value, problem.gradient, problem.information):
        np.testing.assert_allclose(function(x), [function(one) for one in x], rtol=1e-10, atol=1e-12)


def test_scores_are_the_rows_parts_of_the_gradient():
    """Their mean is 0 at any x, for influences have mean 0, and their spread is that of the sandwich."""
    made, rows = prepared(MIXED, drawn(4), SIX)
    fitted = fit_model(made, rows, WLSMV)
    scores = fitted.estimator.scores(fitted.x)
    np.testing.assert_allclose(scores.mean(axis=0), 0, atol=1e-8)
    weighted = fitted.structure.weighted(fitted.structure.jacobian)
    np.testing.assert_allclose(
        scores.T @ scores / len(scores), weighted.T @ fitted.structure.gamma @ weighted, rtol=1e-8, atol=1e-10
    )


def test_start_values_of_thresholds_are_taken():
    fitted = fit(f"{ONE}\ny1 | start(-2)*t1", drawn(1), SIX)
    assert fitted.x == pytest.approx(fit(ONE, drawn(1), SIX).x, abs=1e-6)


def test_an_empty_category_of_one_group_is_refused_by_name():
    data = datcat()
    data.loc[(data["g"] == "male") & (data["u3"] == data["u3"].max()), "u3"] = data["u3"].max() - 1
    with pytest.raises(AnalysisError, match="group 'male' hold no answer 5 to 'u3'"):
        fit(TWO, data, [f"u{number}" for number in range(1, 9)], group="g")


def test_forty_categories_are_named():
    generator = np.random.default_rng(1)
    data = drawn(2, rows=3000).assign(y2=lambda one: _cut(one["z"] + generator.standard_normal(3000), 40))
    with pytest.warns(ModelWarning, match="'y2' has 40 categories"):
        fit(ONE, data, SIX)


def test_one_category_and_no_answers_are_refused():
    made, rows = prepared(ONE, drawn(1), SIX)
    with pytest.raises(AnalysisError, match="All answers to 'y3' are the same"):
        fit_model(made, SampleRows((rows.groups[0] * (1, 1, 0, 1, 1, 1),)), WLSMV)
    with pytest.raises(TooFewCases, match="0 rows"):
        fit_model(made, SampleRows((rows.groups[0] * np.nan,)), WLSMV)


def test_another_number_of_categories_is_named():
    made, _ = prepared(ONE, drawn(1), SIX)
    _, rows = prepared(ONE, drawn(1, categories=(4, 3, 5, 2, 4, 4)), SIX)
    with pytest.raises(AnalysisError, match="2 thresholds of 'y6', but the data hold 4"):
        fit_model(made, rows, WLSMV)


def test_correlations_that_the_data_do_not_determine_are_named():
    data = drawn(1)
    data["y2"] = data["y1"]
    with pytest.raises(NotIdentified, match="correlation of y1 with y2"):
        fit(ONE, data, SIX)


def test_an_indefinite_matrix_is_named_and_has_no_robust_indices():
    rng = np.random.default_rng(12)
    data = drawn(5, rows=40)
    for name in ("y1", "y3", "y5"):
        data.loc[rng.permutation(40)[:22], name] = np.nan
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = fit("f =~ y1 + y2 + y3 + y4 + y5 + y6", data, SIX, FitOptions("WLSMV", "pairwise"))
    indefinite = np.linalg.eigvalsh(fitted.estimator.samples[0].covariance)[0] < 0
    assert any(one.category is NotPositiveDefiniteWarning for one in caught) == indefinite
    assert np.isnan(fitted.fit_measures["cfi_robust"]) == indefinite


@pytest.mark.parametrize(
    ("text", "ordered", "table", "message"),
    [
        ("f =~ y1 + y2 + y3\nf ~ z", SIX[:3], {}, "'z' only predict.*fixed_x=False"),
        ("f =~ y1 + y2 + y3\ny4 ~ f\nz ~ y4", SIX[:4], {}, "'y4' are ordinal and predict others.*theta"),
        ("f =~ y1 + y2 + y3\ny1 ~~ NA*y1", SIX[:3], {}, "'y1~~y1' are free.*theta"),
        (
            "f =~ y1 + y2 + y3\ny1 ~*~ NA*y1",
            SIX[:3],
            {"parameterization": "theta"},
            "'y1~[*]~y1' are free.*delta",
        ),
    ],
)
def test_what_is_not_supported_is_named(text, ordered, table, message):
    with pytest.raises(AnalysisError, match=message):
        fit(text, drawn(1), ordered, **table)


def test_estimators_and_variables_must_match():
    data = drawn(1)
    with pytest.raises(AnalysisError, match="ML takes all variables as continuous"):
        fit(ONE, data, SIX, FitOptions("ML"))
    with pytest.raises(AnalysisError, match="listwise or pairwise"):
        fit(ONE, data, SIX, FitOptions("WLSMV", "fiml"))
    with pytest.raises(AnalysisError, match="name them in ordered="):
        fit(ONE, data, [])
    with pytest.raises(AnalysisError, match="'y4' has 2 values"):
        fit(ONE, data, ["y1", "y2", "y3"])
