"""Full-information maximum likelihood against lavaan, and what must hold without it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import some_examples
from tests.conftest import ROOT, oracle
from toolkit.errors import AnalysisError, NotIdentified, TooFewCases
from toolkit.kernels.sem.defaults import TableOptions, parameter_table
from toolkit.kernels.sem.estimator import SampleRows
from toolkit.kernels.sem.fiml import FullInformation
from toolkit.kernels.sem.fitted import FitOptions, fit_model
from toolkit.kernels.sem.ram import compile_model

FACTORS = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
REGRESSIONS = """
visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
visual ~ ageyr + sex
textual ~ visual + grade
"""
BIG_FIVE = "\n".join(f"{scale} =~ " + " + ".join(f"{scale}{number}" for number in range(1, 6)) for scale in "ACENO")
ITEMS = [f"x{number}" for number in range(1, 10)]
# lavaan's GFI under FIML weighs with these patterns but compares with moments of available answers, not with EM's.
OTHER = {"gfi", "agfi", "pgfi"}

PUPILS = pd.read_csv(ROOT / "tests" / "data" / "hs1939_missing.csv")
COMPLETE = pd.read_csv(ROOT / "tests" / "data" / "hs1939.csv")[ITEMS].to_numpy(float)
few_examples = settings(some_examples, max_examples=6)


def fit(text, data, *, by_school=False, clusters=False, table_options=(), **options):
    """Fit a model to rows with missing answers, as lavaan's cfa() and sem() do."""
    schools = tuple(dict.fromkeys(data.school)) if by_school else ("",)
    given = {"std_lv": True, "meanstructure": True, "groups": schools} | dict(table_options)
    table = parameter_table(text, TableOptions(**given))
    parts = [data[data.school == school] for school in schools] if by_school else [data]
    pupil = np.concatenate([part.index.to_numpy() for part in parts]) + 1
    cluster = np.floor(np.sqrt(3 * pupil)).astype(int) if clusters else None
    rows = SampleRows(tuple(part[list(table.observed)].to_numpy(float) for part in parts), cluster)
    return fit_model(table, rows, FitOptions(**{"missing": "fiml", **options}))


def pupils(**options):
    return lambda: fit(FACTORS, PUPILS, **options)


def big_five(**options):
    return lambda: fit(BIG_FIVE, pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv"), **options)


EXACT = {
    "plain": pupils(),
    "expected": pupils(information="expected"),
    "mlr": pupils(estimator="MLR"),
    "clusters": pupils(estimator="MLR", clusters=True),
    "groups": pupils(estimator="MLR", by_school=True),
    "groups_clusters": pupils(estimator="MLR", by_school=True, clusters=True),
    "groups_loadings": pupils(
        estimator="MLR", by_school=True, table_options={"std_lv": False, "group_equal": ("loadings",)}
    ),
    "exogenous": lambda: fit(REGRESSIONS, PUPILS, estimator="MLR", table_options={"std_lv": False}),
    "bfi": big_five(),
    "bfi_mlr": big_five(estimator="MLR"),
}
DEFAULT = {
    "fiml": pupils(),
    "fiml_mlr": pupils(estimator="MLR"),
    "fiml_expected": pupils(information="expected"),
    "listwise": lambda: fit(
        FACTORS, PUPILS.dropna(subset=ITEMS), missing="listwise", table_options={"meanstructure": False}
    ),
}


def assert_estimates(found, wanted, absolute, relative):
    """Compare estimates and standard errors of free parameters; a factor may point the other way as a whole."""
    groups = wanted.get("group", [1] * len(wanted["param"]))
    place = {key: index for index, key in enumerate(zip(wanted["param"], groups, strict=True))}
    rows = [place[one.name, one.group + 1] for one in found.model.parameters]
    estimates = np.array([wanted["est"][row] for row in rows])
    ways = {}
    for one, mine, theirs in zip(found.model.parameters, found.x, estimates, strict=True):
        if one.op == "=~":
            ways.setdefault((one.lhs, one.group), np.sign(mine * theirs))
    turned = [ways.get((one.lhs, one.group), 1) * ways.get((one.rhs, one.group), 1) for one in found.model.parameters]
    np.testing.assert_allclose(found.x, turned * estimates, atol=absolute, rtol=0)
    np.testing.assert_allclose(found.se, [wanted["se"][row] for row in rows], rtol=relative)


def assert_measures(found, wanted, relative):
    """Compare all measures that lavaan gives."""
    values = {name.replace(".", "_"): value for name, value in wanted.items() if isinstance(value, int | float)}
    for name in set(values) - OTHER:
        assert found[name] == pytest.approx(values[name], rel=relative, abs=relative), name


@pytest.mark.parametrize("name", EXACT)
def test_results_are_lavaans_at_its_own_optimum(name):
    found, wanted = EXACT[name](), oracle("sem_fiml")[name]
    assert found.npar == wanted["fit_measures"]["npar"]
    assert found.n == wanted["n_obs"]
    assert_estimates(found, wanted["estimates"], 1e-7, 1e-6)
    assert_measures(found.fit_measures, wanted["fit_measures"], 1e-6)


@pytest.mark.parametrize("name", DEFAULT)
def test_results_are_near_lavaans_where_its_search_stops_by_default(name):
    found, wanted = DEFAULT[name](), oracle("06_cfa_hs_fiml")[name]
    assert_estimates(found, wanted["estimates"], 1e-5, 1e-4)
    assert_measures(found.fit_measures, wanted["fit_measures"], 1e-4)


@pytest.mark.parametrize("estimator", ["ML", "MLR"])
@pytest.mark.parametrize("information", ["expected", "observed"])
def test_complete_rows_give_what_maximum_likelihood_gives(estimator, information):
    data = pd.DataFrame(COMPLETE, columns=ITEMS)
    options = {"estimator": estimator, "information": information}
    full, plain = fit(FACTORS, data, **options), fit(FACTORS, data, missing="listwise", **options)
    np.testing.assert_allclose(full.x, plain.x, atol=1e-8)
    np.testing.assert_allclose(full.se, plain.se, rtol=1e-8)
    for name in [name for name in plain.fit_measures if not name.endswith("_robust")]:
        assert full.fit_measures[name] == pytest.approx(plain.fit_measures[name], rel=1e-7, abs=1e-8), name


def test_complete_rows_need_no_correction_of_indices():
    measures = fit(FACTORS, pd.DataFrame(COMPLETE, columns=ITEMS), information="expected").fit_measures
    for name in ("cfi", "tli", "rmsea", "rmsea_ci_upper"):
        assert measures[f"{name}_robust"] == pytest.approx(measures[name], rel=1e-8)


def punched(seed, share=0.1):
    x = COMPLETE.copy()
    x[np.random.default_rng(seed).random(x.shape) < share] = np.nan
    return pd.DataFrame(x, columns=ITEMS)


@few_examples
@given(st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing(seed):
    data = punched(seed)
    one, other = fit(FACTORS, data), fit(FACTORS, data.sample(frac=1, random_state=seed))
    np.testing.assert_allclose(one.x, other.x, atol=1e-9)
    np.testing.assert_allclose(one.se, other.se, rtol=1e-9)
    assert one.fit_measures == pytest.approx(other.fit_measures, rel=1e-8)


@few_examples
@given(st.integers(0, 10_000), st.sampled_from(ITEMS))
def test_reversing_an_item_changes_signs_alone(seed, item):
    data = punched(seed)
    turned = data.assign(**{item: 10 - data[item]})
    one, other = fit(FACTORS, data), fit(FACTORS, turned)
    np.testing.assert_allclose(np.sort(one.se), np.sort(other.se), rtol=1e-7)
    for name in ("chisq", "cfi_robust", "rmsea_robust", "srmr", "logl"):
        assert one.fit_measures[name] == pytest.approx(other.fit_measures[name], rel=1e-8)


@few_examples
@given(st.integers(0, 10_000))
def test_derivatives_are_those_of_differences(seed):
    found = fit(FACTORS, punched(seed))
    estimator, x = found.estimator, found.x + 0.05 * np.random.default_rng(seed).normal(size=len(found.x))
    gradient = estimator.problem(found.constraints).gradient
    step = 1e-5 * np.eye(len(x))
    differences = (gradient(x + step) - gradient(x - step)) / 2e-5
    np.testing.assert_allclose(estimator.observed_information(x), differences, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(estimator.scores(x).mean(axis=0), -gradient(x), atol=1e-11)


def test_rows_that_hold_nothing_are_left_out_and_counted():
    empty = pd.DataFrame(np.nan, index=range(5), columns=ITEMS)
    with_empty = fit(FACTORS, pd.concat([empty.iloc[:2], PUPILS, empty.iloc[2:]], ignore_index=True))
    assert with_empty.estimator.data.n_dropped == 5
    assert with_empty.n == 301
    np.testing.assert_allclose(with_empty.x, fit(FACTORS, PUPILS).x, atol=1e-9)


def test_rows_that_hold_nothing_take_their_cluster_along():
    table = parameter_table(FACTORS, TableOptions(True, meanstructure=True))
    x = PUPILS[ITEMS].to_numpy(float)
    cluster = np.arange(301) // 7
    empty = SampleRows((np.vstack([np.full((3, 9), np.nan), x]),), np.concatenate([[60, 61, 62], cluster]))
    options = FitOptions(estimator="MLR", missing="fiml")
    one, other = fit_model(table, SampleRows((x,), cluster), options), fit_model(table, empty, options)
    np.testing.assert_allclose(one.se, other.se, rtol=1e-9)
    assert one.fit_measures == pytest.approx(other.fit_measures, rel=1e-9)


def test_a_pattern_of_one_row_counts():
    data = punched(1, share=0.0)
    data.loc[0, ["x1", "x5"]] = np.nan
    data.loc[1, ITEMS[1:]] = np.nan
    found = fit(FACTORS, data)
    assert sorted(found.estimator.data.patterns[0].n) == [1, 1, 299]
    assert found.minimum.converged


def test_many_patterns_give_what_one_likelihood_per_row_gives():
    found = fit(FACTORS, punched(5, share=0.4))
    estimator = found.estimator
    assert estimator.log_likelihood(found.x) == pytest.approx(found.fit_measures["logl"], rel=1e-12)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda data: data.assign(x4=np.nan), NotIdentified, "Nobody answered x4"),
        (lambda data: data.assign(x4=2.0), AnalysisError, "All answers to x4 are the same"),
        (
            lambda data: data.assign(x4=data.x1.where(data.index < 60)),
            AnalysisError,
            "x1, x4 determine each other exactly",
        ),
        (lambda data: data.iloc[:9], TooFewCases, "9 variables has 9 row"),
        (
            lambda data: data.assign(x4=data.x4.where(data.index < 99), x5=data.x5.where(data.index >= 99)),
            NotIdentified,
            "No row holds x4 with x5",
        ),
    ],
)
def test_data_that_cannot_tell_the_model_are_refused_by_name(change, error, message):
    with pytest.raises(error, match=message):
        fit(FACTORS, change(PUPILS[ITEMS]))


def test_a_model_without_means_is_refused():
    table = parameter_table(FACTORS, TableOptions(True, meanstructure=False))
    with pytest.raises(AnalysisError, match="needs intercepts"):
        FullInformation.of(compile_model(table), SampleRows((PUPILS[ITEMS].to_numpy(float),)))
