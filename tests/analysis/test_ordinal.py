import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import toolkit as tk
from tests.builders import my_scale, some_examples
from tests.conftest import ROOT, oracle
from toolkit.errors import (
    AnalysisError,
    ArgumentError,
    BoundaryWarning,
    MergedCategoryWarning,
    NotPositiveDefiniteWarning,
    SmallSampleWarning,
    TooFewCases,
    UndefinedStatisticWarning,
)

ORACLE = oracle("polychoric_bfi")
LAVCOR = {name: case for name, case in ORACLE["lavcor"].items() if not name.startswith("binary")}
few_examples = settings(some_examples, max_examples=15)
COUPLE = np.repeat(np.arange(300), 2)


@pytest.fixture(scope="module")
def raw():
    return pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")


def simulated(seed: int, n: int = 300, k: int = 4) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    z = generator.normal(size=(n, 1)) + generator.normal(size=(n, k))
    return pd.DataFrame(np.digitize(z, [-1.5, -0.3, 0.8]) + 1, columns=[f"q{number}" for number in range(1, k + 1)])


@pytest.mark.parametrize("name", LAVCOR)
def test_estimates_errors_and_thresholds_equal_lavcor(raw, name):
    case = LAVCOR[name]
    items = case["items"]
    found = tk.polychoric(raw, items, missing=case["missing"], information="outer")
    estimates, thresholds = found.to_frame(), found.to_frame("thresholds")
    matrix = np.array(case["cov"])[np.triu_indices(len(items), 1)]
    se = np.array(case["se"])
    assert found.fit["n_used"][0] == case["n"]
    np.testing.assert_allclose(estimates["r"], matrix, atol=1e-7)
    np.testing.assert_allclose(estimates["se"], se[len(thresholds) :], rtol=2e-7)
    np.testing.assert_allclose(thresholds["estimate"], list(case["thresholds"].values()), atol=1e-13)
    np.testing.assert_allclose(thresholds["se"], se[: len(thresholds)], rtol=1e-9)
    np.testing.assert_allclose(found.to_frame("matrix").set_index("variable"), case["cov"], atol=1e-7)
    half = special.ndtri(0.975) * se[len(thresholds) :] / (1 - matrix**2)
    np.testing.assert_allclose(estimates["ci_low"], np.tanh(np.arctanh(matrix) - half), atol=2e-7)
    np.testing.assert_allclose(estimates["ci_high"], np.tanh(np.arctanh(matrix) + half), atol=2e-7)


@pytest.mark.parametrize("name", ORACLE["m_estimation"])
@pytest.mark.parametrize("cluster", [None, "pair"])
@pytest.mark.parametrize("information", ["observed", "outer"])
def test_clustered_and_mixed_errors_equal_base_r(raw, name, cluster, information):
    case = ORACLE["m_estimation"][name]
    frame = raw.head(600)
    if name.startswith("mixed"):
        frame = frame.assign(
            neuro=frame[["N1", "N2", "N3", "N4", "N5"]].mean(axis=1, skipna=False),
            C1=(frame["C1"] > 4).astype(float).where(frame["C1"].notna()),
            E1=frame["E1"].clip(upper=4),
        )
    frame = frame[case["items"]].astype(float).assign(pair=COUPLE)
    for start, step, column in ((6, 31, 0), (4, 23, 2), (4, 46, 1)):
        frame.iloc[start::step, column] = np.nan
    continuous = [item for item in case["items"] if item not in case["ordered"]]
    missing = name.split("_")[1]
    options = {"missing": missing, "cluster": cluster, "information": information}
    found = tk.polychoric(frame, case["items"], continuous=continuous, **options)
    expected = case[information]["se_r" if cluster is None else "se_r_clustered"]
    np.testing.assert_allclose(found.estimates["r"], case["r"], atol=1e-10)
    np.testing.assert_allclose(found.estimates["se"], expected, rtol=1e-8)
    if cluster is not None:
        assert found.fit["n_clusters"][0] == case["n_clusters"]
        row, n = found.estimates.iloc[0], case["n_clusters"]
        half = special.stdtrit(n - 1, 0.975) * row["se"] / (1 - row["r"] ** 2)
        assert row["ci_high"] == pytest.approx(np.tanh(np.arctanh(row["r"]) + half), rel=1e-12)


def test_kinds_are_named(raw):
    frame = raw[["A1", "A2", "N1", "age"]].assign(A2=raw["A2"].gt(3).where(raw["A2"].notna()).astype(float))
    frame["N1"] = raw["N1"].gt(3).where(raw["N1"].notna()).astype(float)
    frame["weight"] = raw["age"] ** 1.5
    found = tk.polychoric(frame, continuous=["age", "weight"]).estimates.set_index(["x", "y"])
    assert found.loc[("A1", "A2"), "kind"] == "polychoric"
    assert found.loc[("A2", "N1"), "kind"] == "tetrachoric"
    assert found.loc[("A1", "age"), "kind"] == "polyserial"
    assert found.loc[("age", "weight"), "kind"] == "pearson"
    assert found["n_empty_cells"].isna().tolist() == [kind in ("polyserial", "pearson") for kind in found["kind"]]


def test_pearsons_r_has_its_distribution_free_error():
    x = np.random.default_rng(3).gamma(2, size=(80, 2)) @ np.array([[1, 0.6], [0, 1]])
    row = tk.polychoric(pd.DataFrame(x, columns=["a", "b"]), continuous=["a", "b"]).estimates.iloc[0]
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    r = (z[:, 0] * z[:, 1]).mean()
    moved = z[:, 0] * z[:, 1] - r / 2 * (z**2).sum(axis=1)
    assert (row["r"], row["se"]) == (pytest.approx(r, abs=1e-12), pytest.approx(np.sqrt((moved**2).sum()) / 80))


@pytest.mark.parametrize("pair", ORACLE["polycor"], ids=lambda pair: f"{pair['x']}-{pair['y']}")
def test_the_test_of_bivariate_normality_equals_polycor(raw, pair):
    row = tk.polychoric(raw, [pair["x"], pair["y"]]).to_frame("bivariate_fit").iloc[0]
    assert row["g2"] == pytest.approx(pair["g2"], rel=1e-9)
    assert row["g2"] == pytest.approx(pair["chisq"], rel=1e-5)
    assert row["df"] == pair["df"]
    assert row["p"] == pytest.approx(special.chdtrc(pair["df"], pair["g2"]), rel=1e-6)


def test_scales_stand_for_their_items_as_answered(bfi):
    found = tk.polychoric(bfi, "bfi.agreeableness" if "bfi.agreeableness" in bfi.scales else bfi.scales[0])
    assert found.estimates["r"][0] < 0
    assert found.fit["n_items"][0] == 5
    assert found.settings["items"] == ["A1", "A2", "A3", "A4", "A5"]


def test_couples_are_clusters_unless_switched_off():
    frame = simulated(1).assign(couple=np.repeat(np.arange(150), 2), person=range(300))
    couples = tk.Responses.from_frame(frame, person="person", couple="couple")
    clustered = tk.polychoric(couples, ["q1", "q2"])
    assert clustered.fit["method"][0].endswith("rows clustered by couple")
    assert clustered.fit["n_clusters"][0] == 150
    alone = tk.polychoric(couples, ["q1", "q2"], cluster=None)
    assert alone.fit["method"][0].endswith("independent rows")
    assert alone.estimates["r"][0] == clustered.estimates["r"][0]
    assert alone.estimates["se"][0] != clustered.estimates["se"][0]


@few_examples
@given(st.integers(0, 10_000), st.permutations(["q1", "q2", "q3", "q4"]))
def test_order_changes_nothing_but_order(seed, order):
    frame = simulated(seed, n=120)

    def by_pair(found: tk.Result) -> dict:
        return {frozenset((row.x, row.y)): (row.r, row.se) for row in found.estimates.itertuples()}

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MergedCategoryWarning)
        once = by_pair(tk.polychoric(frame))
        again = by_pair(tk.polychoric(frame.sample(frac=1, random_state=seed), order))
    assert again.keys() == once.keys()
    assert all(again[pair] == pytest.approx(once[pair], abs=1e-10) for pair in once)


@few_examples
@given(st.integers(0, 10_000), st.integers(-5, 5))
def test_moving_and_turning_an_item_turns_signs_only(seed, shift):
    frame = simulated(seed, n=120, k=3)
    moved = frame.assign(q2=shift - frame["q2"], q3=frame["q3"] + shift)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MergedCategoryWarning)
        once, again = tk.polychoric(frame).estimates, tk.polychoric(moved).estimates
    np.testing.assert_allclose(again["r"], once["r"] * [-1, 1, -1], atol=1e-10)
    np.testing.assert_allclose(again["se"], once["se"], atol=1e-10)


def test_rows_twice_shrink_the_errors_by_the_root_of_two():
    frame = simulated(2)
    once, twice = (tk.polychoric(one).estimates for one in (frame, pd.concat([frame, frame])))
    np.testing.assert_allclose(twice["r"], once["r"], atol=1e-12)
    np.testing.assert_allclose(twice["se"] * np.sqrt(2), once["se"], rtol=1e-9)


def test_options_that_nobody_chose_are_named():
    frame = pd.DataFrame({"a1": [1, 2, 4, 5] * 5, "a2": [2, 3, 4, 5, 3] * 4, "a3": [1, 6, 2, 5, 3, 4, 1, 2, 3, 5] * 2})
    responses = tk.Responses.from_frame(frame, my_scale())
    with pytest.warns(MergedCategoryWarning, match=r"nobody chose have no threshold \(a1: 3, 6; a2: 1, 6\)"):
        found = tk.polychoric(responses, ["a1", "a2", "a3"])
    assert "a1: 3, 6" in found.fit["note"][0]
    thresholds = found.to_frame("thresholds").query("item == 'a1'")
    assert thresholds[["below", "above"]].to_numpy().tolist() == [[1, 2], [2, 4], [4, 5]]


def test_rare_categories_are_merged_on_request_and_named():
    frame = simulated(4)
    frame.loc[:2, "q1"] = 9
    frame.loc[3, "q2"] = 5
    with (
        pytest.warns(MergedCategoryWarning, match=r"nobody chose have no threshold \(q1: 5, 6, 7, 8\)"),
        pytest.warns(MergedCategoryWarning, match=r"fewer than 5 were merged \(q1: 4 with 9 merged; q2: 4 with 5"),
    ):
        found = tk.polychoric(frame, merge_below=5)
    assert "q1: 4 with 9 merged" in found.fit["note"][0]
    by_hand = frame.assign(q1=frame["q1"].clip(upper=4), q2=frame["q2"].clip(upper=4))
    np.testing.assert_allclose(found.estimates["r"], tk.polychoric(by_hand).estimates["r"], atol=1e-14)


def test_perfectly_related_items_lie_at_the_boundary_by_name():
    frame = simulated(5).assign(q2=lambda one: one["q1"], q3=lambda one: 5 - one["q1"])
    with (
        pytest.warns(NotPositiveDefiniteWarning, match="smallest eigenvalue"),
        pytest.warns(BoundaryWarning, match="q1 with q2, q1 with q3, q2 with q3"),
    ):
        found = tk.polychoric(frame)
    assert found.estimates["r"][:2].tolist() == [1, -1]
    assert found.estimates.loc[:1, ["se", "ci_low", "ci_high"]].isna().all(axis=None)
    assert found.estimates["se"][2] > 0
    assert "q1 with q2" in found.fit["note"][0]


def test_empty_cells_are_filled_only_when_asked():
    table = {(0, 0): 40, (1, 0): 25, (1, 1): 35}
    frame = pd.DataFrame([pair for pair, n in table.items() for _ in range(n)], columns=["a", "b"])
    with pytest.warns(NotPositiveDefiniteWarning), pytest.warns(BoundaryWarning, match=r"add_to_empty_cells=0\.5"):
        assert tk.polychoric(frame).estimates["r"][0] == 1
    row = tk.polychoric(frame, add_to_empty_cells=0.5).estimates.iloc[0]
    assert row["r"] == pytest.approx(ORACLE["empty_cells"][0]["r_0.5"], abs=1e-7)
    assert (row["n_empty_cells"], row["kind"]) == (1, "tetrachoric")
    assert row["ci_low"] < row["r"] < row["ci_high"]


def improper() -> pd.DataFrame:
    frame = simulated(8, n=60, k=3)
    frame.loc[:19, "q1"], frame.loc[20:39, "q2"], frame.loc[40:, "q3"] = pd.NA, pd.NA, pd.NA
    frame.loc[40:, "q2"] = frame["q1"]
    frame.loc[40:44, "q2"] = frame.loc[40:44, "q1"].mod(4) + 1
    frame.loc[20:39, "q3"] = 5 - frame["q1"]
    frame.loc[20:24, "q3"] = frame.loc[20:24, "q1"]
    frame.loc[:19, "q3"] = frame["q2"]
    frame.loc[0:3, "q3"] = frame.loc[0:3, "q2"].mod(4) + 1
    return frame.astype(float)


def test_an_improper_matrix_is_smoothed_only_on_request():
    frame = improper()
    with pytest.warns(NotPositiveDefiniteWarning, match="smooth=True"):
        plain = tk.polychoric(frame, missing="pairwise")
    assert plain.fit["smallest_eigenvalue"][0] < 0
    assert "not positive definite" in plain.fit["note"][0]
    with pytest.warns(NotPositiveDefiniteWarning):
        smooth = tk.polychoric(frame, missing="pairwise", smooth=True)
    matrix = smooth.to_frame("matrix").set_index("variable").to_numpy()
    assert np.linalg.eigvalsh(matrix)[0] > 0
    assert np.diag(matrix) == pytest.approx(1)
    assert smooth.estimates["r"].tolist() == plain.estimates["r"].tolist()
    assert "was smoothed" in smooth.fit["note"][0]


def test_pairs_of_few_rows_are_left_empty_by_name():
    frame = simulated(9).astype(float)
    frame.loc[:295, "q1"] = np.nan
    frame.loc[200:, "q2"] = np.nan
    frame.loc[293:295, "q1"] = [1, 2, 3]
    with (
        pytest.warns(UndefinedStatisticWarning, match="fewer than 10 rows hold both variables"),
        pytest.warns(MergedCategoryWarning) if frame["q1"].nunique() < 4 else warnings.catch_warnings(),
    ):
        found = tk.polychoric(frame, missing="pairwise")
    assert found.estimates["r"].isna().tolist() == [True, True, True, False, False, False]
    assert found.estimates["se"].isna().tolist() == [True, True, True, False, False, False]
    assert "q1 with q2, q1 with q3, q1 with q4" in found.fit["note"][0]
    assert found.fit["smallest_eigenvalue"].isna()[0]
    assert len(found.to_frame("bivariate_fit")) == 3
    assert found.to_json()


def test_ninety_per_cent_missing():
    frame = simulated(10, n=600).astype(float)
    frame = frame.mask(np.random.default_rng(0).random(frame.shape) < 0.9)
    with pytest.raises(TooFewCases, match="missing='pairwise' uses incomplete rows"):
        tk.polychoric(frame)
    with warnings.catch_warnings(record=True) as given_warnings:
        warnings.simplefilter("always")
        found = tk.polychoric(frame, missing="pairwise")
    assert {one.category for one in given_warnings} <= {
        UndefinedStatisticWarning, BoundaryWarning, NotPositiveDefiniteWarning, MergedCategoryWarning
    }  # fmt: skip
    assert (found.estimates["r"].isna() == (found.estimates["n"] < 10)).all()


def test_fewer_rows_than_items_is_said():
    frame = simulated(11, n=15, k=20)
    with warnings.catch_warnings(record=True) as given_warnings:
        warnings.simplefilter("always")
        found = tk.polychoric(frame)
    messages = [str(one.message) for one in given_warnings if one.category is SmallSampleWarning]
    assert messages == ["there are no more rows (15) than items (20)"]
    assert messages[0] in found.fit["note"][0]


@pytest.mark.parametrize(
    ("frame", "options", "error", "message"),
    [
        (simulated(1)[["q1"]], {}, AnalysisError, "at least two variables, but there are 1"),
        (simulated(1).assign(q2=3), {}, AnalysisError, "answers to 'q2' do not vary"),
        (simulated(1, n=9), {}, TooFewCases, "at least 10 rows, but there are 9 complete rows of 9"),
        (simulated(1).assign(q2=lambda one: one["q2"] + 0.5), {}, ArgumentError, r"'q2' has decimals.*\['q2'\]"),
        (simulated(1).assign(age=range(300)), {}, ArgumentError, r"'age' has more than 20 different.*\['age'\]"),
        (simulated(1), {"items": ["q1", "q9"]}, ArgumentError, "no item, scale or column 'q9'"),
        (simulated(1), {"continuous": 1}, ArgumentError, "continuous is 1, but must be a name or a list of names"),
        (simulated(1), {"items": [["q1"]]}, ArgumentError, "items is .*list of names"),
        (simulated(1), {"items": 3}, ArgumentError, "items is 3"),
        (simulated(1), {"smooth": simulated(1)}, ArgumentError, "smooth is"),
        (simulated(1), {"missing": simulated(1)}, ArgumentError, "missing is"),
        (simulated(1), {"cluster": simulated(1)}, ArgumentError, "cluster is"),
        (simulated(1) > 2, {}, AnalysisError, r"no numeric columns.*astype\(int\)"),
        (simulated(1) > 2, {"items": ["q1", "q2"]}, ArgumentError, r"'q1' is not numeric.*astype\(int\)"),
        (simulated(1).assign(q2=np.nan), {}, TooFewCases, "0 complete rows of 300; missing='pairwise' uses incomplete"),
        (simulated(1).assign(q2=np.nan), {"missing": "pairwise"}, AnalysisError, "nobody answered 'q2'"),
        (simulated(1) * np.nan, {"missing": "pairwise"}, TooFewCases, "0 rows with answers of 300"),
        (simulated(1), {"continuous": ["q7"]}, ArgumentError, "'q7'"),
        (simulated(1), {"missing": "fiml"}, ArgumentError, "missing is 'fiml'"),
        (simulated(1), {"information": "expected"}, ArgumentError, "information is 'expected'"),
        (simulated(1), {"confidence": 95}, ArgumentError, "confidence"),
        (simulated(1), {"add_to_empty_cells": -1}, ArgumentError, "from 0 to 1"),
        (simulated(1), {"merge_below": 2.5}, ArgumentError, "merge_below"),
        (simulated(1).assign(word="x"), {"items": ["q1", "word"]}, ArgumentError, "not numeric"),
        (simulated(1).assign(group=1), {"items": ["q1", "q2"], "cluster": "group"}, TooFewCases, "two clusters"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str | dict) else "",
)
def test_what_cannot_be_analysed_is_refused_in_words(frame, options, error, message):
    with pytest.raises(error, match=message) as caught:
        tk.polychoric(frame, **options)
    assert "\n" not in str(caught.value)


def test_two_hundred_items():
    found = tk.polychoric(simulated(12, n=1000, k=200))
    assert len(found.estimates) == 19_900
    assert found.estimates["r"].mean() == pytest.approx(0.5, abs=0.05)
    assert "ranged from" in found.sentence()


def test_the_matrix_is_drawn():
    figure = tk.polychoric(simulated(1)).plot()
    assert figure.name == "polychoric-heatmap"
    assert "among 4 variables" in figure.alt


def test_the_sentence_names_the_pairs():
    assert "q1 with q2 r = " in tk.polychoric(simulated(1), ["q1", "q2"]).sentence()
    assert tk.polychoric(simulated(1)).sentence().startswith("Polychoric correlations of 6 pairs ranged from ")
