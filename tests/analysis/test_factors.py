import json
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit as tk
from tests.builders import some_examples
from tests.conftest import ROOT, oracle, test_data
from tests.kernels.test_factoring import BFI
from toolkit.analysis.factors import RotationOptions
from toolkit.errors import (
    AnalysisError,
    ArgumentError,
    HeywoodWarning,
    NotConverged,
    NotIdentified,
    NotPositiveDefiniteWarning,
    SmallSampleWarning,
    TooFewCases,
    ToolkitWarning,
    UndefinedStatisticWarning,
)
from toolkit.kernels.factor_alignment import matched
from toolkit.kernels.factoring import minres

HS = [f"x{i}" for i in range(1, 10)]
TIGHT = oracle("efa_tight")
DATA = {"bfi": (BFI, 5), "hs": (HS, 3)}
CASES = [(data, method) for data in TIGHT["oblimin"] for method in TIGHT["oblimin"][data]]
few_examples = settings(some_examples, max_examples=8)
FIT = ("chisq", "df", "p", "rmsr", "rmsr_corrected", "rmsea", "rmsea_ci_low", "rmsea_ci_high", "tli", "cfi", "bic")


@pytest.fixture(scope="module")
def frames():
    return {
        "bfi": pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv")[BFI],
        "hs": pd.read_csv(ROOT / "tests" / "data" / "hs1939.csv")[HS],
    }


@pytest.fixture(scope="module")
def hs(frames):
    return frames["hs"]


def pattern(result, items):
    factors = result.tables["phi"]["factor"].tolist()
    return result.tables["loadings"].set_index("item").loc[items, factors].to_numpy()


def clear(n=200, seed=1, noise=0.6):
    """Make answers to nine items of three factors."""
    draw = np.random.default_rng(seed)
    factor = draw.standard_normal((n, 3))
    x = factor[:, np.repeat([0, 1, 2], 3)] + noise * draw.standard_normal((n, 9))
    return pd.DataFrame(x, columns=[f"i{place}" for place in range(9)])


# --- against R ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("data", "method"), CASES)
def test_solution_equals_r(frames, data, method):
    """Loadings, Phi, structure, communalities, variance, fit, determinacy and scores of the whole way."""
    expected, (items, m) = TIGHT["oblimin"][data][method], DATA[data]
    wanted = np.array(expected["loadings"]["values"])
    found = tk.efa(frames[data], items, m, method=method, scores="regression")
    ours = pattern(found, items)
    places, signs = matched(wanted, ours)
    np.testing.assert_allclose(ours, wanted[:, places] * signs, atol=1e-6)
    structure = found.tables["structure"].set_index("item").loc[items].to_numpy()
    np.testing.assert_allclose(structure, np.array(expected["structure"])[:, places] * signs, atol=1e-6)
    phi = np.array(expected["phi"])[np.ix_(places, places)] * np.outer(signs, signs)
    np.testing.assert_allclose(found.tables["phi"].iloc[:, 1:].to_numpy(), phi, atol=1e-6)
    table = found.tables["loadings"].set_index("item").loc[items]
    for column in ("communality", "complexity"):
        np.testing.assert_allclose(table[column], expected[column], rtol=1e-5)
    np.testing.assert_allclose(1 - table["uniqueness"], table["communality"], atol=1e-8)
    variance = found.tables["variance"]
    for column, theirs in {"ss_loadings": "ss_loadings", "proportion": "proportion"}.items():
        np.testing.assert_allclose(variance[column], np.array(expected[theirs])[places], rtol=1e-6)
    determinacy = np.array(expected["determinacy_squared"])[places]
    np.testing.assert_allclose(found.tables["determinacy"]["determinacy_squared"], determinacy, rtol=1e-6)
    for measure in FIT:
        np.testing.assert_allclose(found.fit[measure][0], expected["fit"][measure], rtol=1e-6, atol=1e-14)
    scores = found.cases.dropna()[found.tables["phi"]["factor"]].to_numpy()[:10]
    np.testing.assert_allclose(
        scores, np.array(expected["scores"]["regression"]["first10"])[:, places] * signs, atol=1e-5
    )


@pytest.mark.parametrize("method", ["minres", "ml", "pa"])
@pytest.mark.parametrize("rotation", ["none", "oblimin", "varimax"])
def test_bfi_equals_psych(bfi, method, rotation):
    """In the order and direction of psych's factors, as closely as psych minimises."""
    expected = oracle(f"05_efa_bfi25_{method}")[rotation]
    found = tk.efa(bfi, "bfi", 5, method=method, rotation=rotation)
    wanted = np.array(expected["loadings"]["values"])
    assert expected["loadings"]["rows"] == BFI
    tolerance = {"none": 1e-5, "oblimin": 1e-4, "varimax": 2e-3}[rotation] if method != "pa" else 3e-3
    np.testing.assert_allclose(pattern(found, BFI), wanted, atol=tolerance)
    accounted = found.tables["variance"][["ss_loadings", "proportion", "cumulative"]].to_numpy().T
    loose = 5e-3 if rotation == "varimax" or method == "pa" else 2e-4
    np.testing.assert_allclose(accounted, np.array(expected["Vaccounted"]["values"])[:3], atol=loose)
    fit = expected["fit"]
    assert found.fit["df"][0] == fit["dof"]
    assert found.fit["n_used"][0] == expected["n_obs"]
    for ours, theirs in {"rmsr": "rms", "rmsr_corrected": "crms", "tli": "TLI", "chisq": "STATISTIC"}.items():
        np.testing.assert_allclose(found.fit[ours][0], fit[theirs], rtol=1e-3 if method == "pa" else 1e-5)


@pytest.mark.parametrize("case", ["minres1", "ml1", "pa1", "minres2_oblimin"])
def test_assertiveness_equals_psych(case):
    data = pd.read_csv(test_data("ipip_assertiveness.csv")).replace(0, np.nan)
    expected = oracle("05_efa_AS")[case]
    items = expected["loadings"]["rows"]
    wanted = np.array(expected["loadings"]["values"])
    found = tk.efa(data, items, wanted.shape[1], method=case.split("_")[0][:-1])
    tolerance = 2e-3 if case == "pa1" else 1e-4
    np.testing.assert_allclose(pattern(found, items), wanted, atol=tolerance)
    np.testing.assert_allclose(found.fit["tli"][0], expected["fit"]["TLI"], rtol=1e-3 if case == "pa1" else 1e-5)


@pytest.mark.parametrize("method", ["minres", "ml"])
def test_pairwise_loadings_equal_r(frames, method):
    wanted = np.array(TIGHT["extraction"]["bfi_pairwise"][method]["loadings"]["values"])
    with pytest.warns(UndefinedStatisticWarning, match="pairwise"):
        found = tk.efa(frames["bfi"], BFI, 5, method=method, rotation="none", missing="pairwise")
    np.testing.assert_allclose(pattern(found, BFI), wanted, atol=1e-9)
    assert found.fit["n_used"][0] == 2800
    assert found.fit[["chisq", "p", "rmsea", "tli", "cfi", "bic"]].isna().all(axis=None)
    assert found.fit["rmsr"].notna().all()


def test_polychoric_solution_equals_minres_of_lavcor():
    data = pd.read_csv(test_data("ipip_assertiveness.csv")).replace(0, np.nan)
    expected = oracle("03_polychoric_AS")["lavCor"]["rho"]
    r = np.array(expected["values"])
    with pytest.warns(UndefinedStatisticWarning, match="polychoric"):
        found = tk.efa(data, expected["rows"], 2, correlation="polychoric", rotation="none")
    np.testing.assert_allclose(pattern(found, expected["rows"]), minres(r, 2).loadings, atol=2e-5)
    assert found.fit["chisq"].isna().all()
    assert "polychoric" in found.fit["note"][0]


@pytest.mark.parametrize("score", ["regression", "bartlett", "tenberge"])
def test_scores_equal_psych(hs, score):
    expected = TIGHT["oblimin"]["hs"]["minres"]
    found = tk.efa(hs, n_factors=3, scores=score)
    places, signs = matched(np.array(expected["loadings"]["values"]), pattern(found, HS))
    ours = found.cases[["F1", "F2", "F3"]].to_numpy()
    np.testing.assert_allclose(ours[:10], np.array(expected["scores"][score]["first10"])[:, places] * signs, atol=1e-5)
    weights = found.tables["score_weights"].set_index("item").loc[HS].to_numpy()
    np.testing.assert_allclose(weights, np.array(expected["scores"][score]["weights"])[:, places] * signs, atol=1e-5)


@pytest.mark.parametrize("name", TIGHT["rotation"]["bfi"]["rotated"])
def test_every_rotation_can_be_asked_for(frames, name):
    case = TIGHT["rotation"]["bfi"]["rotated"][name]
    options = dict(case["options"]) if case["options"] else {}
    if "target" in options:
        options["target"] = pd.DataFrame(np.array(options["target"], dtype=float), index=BFI).sample(
            frac=1, random_state=1
        )
    found = tk.efa(frames["bfi"], BFI, 5, rotation=case["criterion"], rotation_options=RotationOptions(**options))
    wanted = np.array(case["loadings"]["values"])
    places, signs = matched(wanted, pattern(found, BFI))
    np.testing.assert_allclose(pattern(found, BFI), wanted[:, places] * signs, atol=2e-6)
    json.loads(found.to_json())


# --- properties -----------------------------------------------------------------------------------


@few_examples
@given(st.integers(0, 1000), st.sampled_from(["minres", "ml"]), st.sampled_from(["oblimin", "varimax", "promax"]))
def test_reversing_reordering_shifting_and_doubling(seed, method, rotation):
    draw = np.random.default_rng(seed)
    data = clear()
    plain = tk.efa(data, n_factors=3, method=method, rotation=rotation)
    signs, order = draw.choice([-1.0, 1.0], 9), draw.permutation(9)
    moved = (data * signs + draw.uniform(-5, 5, 9)).iloc[draw.permutation(len(data)), order]
    moved = pd.concat([moved, moved], ignore_index=True)
    found = tk.efa(moved, n_factors=3, method=method, rotation=rotation)
    wanted = pattern(plain, list(data.columns)) * signs[:, None]
    ours = pattern(found, list(data.columns))
    places, turns = matched(ours, wanted)
    np.testing.assert_allclose(ours[:, places] * turns, wanted, atol=1e-7)
    phi = found.tables["phi"].iloc[:, 1:].to_numpy()[np.ix_(places, places)] * np.outer(turns, turns)
    np.testing.assert_allclose(phi, plain.tables["phi"].iloc[:, 1:].to_numpy(), atol=1e-7)
    np.testing.assert_allclose(found.fit["rmsr"], plain.fit["rmsr"], rtol=1e-6)


def test_items_keep_their_answers_and_their_order_changes_nothing(hs):
    one = tk.efa(hs, n_factors=3, seed=3, n_bootstrap=100)
    two = tk.efa(hs[HS[::-1]], n_factors=3, seed=3, n_bootstrap=100)
    both = one.estimates.merge(two.estimates, on=["item", "factor"], suffixes=("", "_two"))
    for column in ("loading", "se", "ci_low", "ci_high", "structure"):
        np.testing.assert_allclose(both[column], both[f"{column}_two"], atol=1e-7)


# --- bootstrap ------------------------------------------------------------------------------------


def test_intervals_hold_the_loadings_and_repeat(hs):
    first, again = (tk.efa(hs, n_factors=3, seed=1, n_bootstrap=100) for _ in range(2))
    pd.testing.assert_frame_equal(first.estimates, again.estimates)
    inside = first.estimates["loading"].between(first.estimates["ci_low"], first.estimates["ci_high"])
    assert inside.mean() > 0.95
    assert first.tables["factor_correlations"].columns.tolist() == [
        "factor",
        "with_factor",
        "r",
        "se",
        "ci_low",
        "ci_high",
    ]


def test_bootstrap_errors_are_those_of_theory_for_one_factor():
    """The error of a loading on normal answers, from 300 simulated samples."""
    draw = np.random.default_rng(2)
    loadings = np.array([0.8, 0.7, 0.6, 0.5])

    def simulated(n=300):
        return draw.standard_normal((n, 1)) * loadings + draw.standard_normal((n, 4)) * np.sqrt(1 - loadings**2)

    seen = [minres(np.corrcoef(simulated().T), 1).loadings[:, 0] for _ in range(300)]
    found = tk.efa(pd.DataFrame(simulated()), n_factors=1, n_bootstrap=200, seed=1).estimates
    np.testing.assert_allclose(found["se"], np.std(seen, axis=0), rtol=0.25)


def test_couples_are_resampled_whole():
    data = clear(150)
    twice = pd.concat([data, data], ignore_index=True)
    twice["pair"] = list(range(150)) * 2
    alone = tk.efa(data, n_factors=3, seed=1, n_bootstrap=100)
    as_couples = tk.efa(twice, list(data.columns), 3, cluster="pair", seed=1, n_bootstrap=100)
    naive = tk.efa(twice, list(data.columns), 3, cluster=None, seed=1, n_bootstrap=100)
    ratio = as_couples.estimates["se"] / alone.estimates["se"]
    np.testing.assert_allclose(ratio, 1, atol=1e-6)
    assert (naive.estimates["se"] / alone.estimates["se"]).mean() == pytest.approx(1 / np.sqrt(2), abs=0.08)
    assert "independent" in as_couples.fit["note"][0]


def test_polychoric_solutions_are_resampled(frames):
    few = frames["bfi"][BFI[:6]].dropna().head(300)
    with pytest.warns(UndefinedStatisticWarning):
        found = tk.efa(few, n_factors=1, correlation="polychoric", n_bootstrap=100, seed=1)
    assert found.estimates["se"].between(0.01, 0.3).all()


def test_samples_without_a_solution_are_told():
    draw = np.random.default_rng(1)
    data = pd.DataFrame(draw.standard_normal((60, 4)), columns=list("abcd"))
    data["a"] += data["b"]
    data["rare"] = 0.0
    data.loc[0, "rare"] = 1.0
    with pytest.warns(ToolkitWarning) as caught:
        found = tk.efa(data, n_factors=1, n_bootstrap=100, seed=1)
    assert any("too many for intervals" in str(one.message) for one in caught)
    assert found.estimates["se"].isna().all()
    assert "bootstrap samples have no solution" in found.fit["note"][0]


# --- what is told ---------------------------------------------------------------------------------


def test_result_is_complete(bfi):
    found = tk.efa(bfi, "bfi", 5, seed=1, scores="tenberge")
    assert found.tables["loadings"]["text"].notna().all()
    assert found.fit["n_dropped"][0] == 364
    assert found.tables["optima"]["n_starts"].sum() == 31
    assert found.settings["rotation_options"]["gamma"] == 0
    assert len(found.cases) == 2800
    assert found.cases["F1"].notna().sum() == 2436
    assert "person" in found.cases.columns
    assert found.sentence().startswith("Exploratory factor analysis (minimum residuals, oblimin rotation,")
    assert "n = 2,436, 364 dropped)" in found.sentence()
    turned = found.tables["loadings"].set_index("item")["reverse"]
    assert {name for name, reverse in turned.items() if reverse} == {"A1", "C4", "C5", "E1", "E2", "O2", "O5"}
    assert "χ²(185) = 1,538.52, p < .001, RMSEA = .055, 90% CI [.052, .057]" in found.sentence()
    main = found.tables["loadings"][[f"F{place}" for place in range(1, 6)]].abs().to_numpy().argmax(axis=1)
    assert (np.diff(main) >= 0).all()
    json.loads(found.to_json())


def test_tables_add_up(hs):
    found = tk.efa(hs, n_factors=3)
    table = found.tables["variance"]
    np.testing.assert_allclose(table["ss_loadings"].sum(), found.tables["loadings"]["communality"].sum(), rtol=1e-12)
    assert table["cumulative_of_common"].iloc[-1] == pytest.approx(1)
    determined = found.tables["determinacy"]
    np.testing.assert_allclose(determined["minimum_correlation"], 2 * determined["determinacy"] ** 2 - 1)
    residual = found.tables["residuals"].set_index("item").to_numpy()
    np.testing.assert_allclose(np.sqrt((residual**2).sum() / 72), found.fit["rmsr"][0])


def test_orthogonal_factors_do_not_correlate(hs):
    found = tk.efa(hs, n_factors=3, rotation="varimax")
    np.testing.assert_allclose(found.tables["phi"].iloc[:, 1:], np.eye(3), atol=1e-12)
    assert "correlate" not in found.sentence().partition(";")[0].partition("gave")[2]


def test_a_target_fixes_the_order(hs):
    target = pd.DataFrame(0.0, index=HS, columns=["speed", "visual", "text"])
    for place, group in enumerate((HS[6:], HS[:3], HS[3:6])):
        target.loc[group, target.columns[place]] = np.nan
    found = tk.efa(hs, n_factors=3, rotation="target", rotation_options=RotationOptions(target=target))
    largest = np.abs(pattern(found, HS)).argmax(axis=1)
    assert largest[3:].tolist() == [2, 2, 2, 0, 0, 0]


def test_a_heywood_case_is_named():
    r = np.array([[1.0, 0.9, 0.9, 0.1], [0.9, 1.0, 0.5, 0.1], [0.9, 0.5, 1.0, 0.1], [0.1, 0.1, 0.1, 1.0]])
    draw = np.random.default_rng(1)
    values, vectors = np.linalg.eigh(r + 0.0)
    x = np.linalg.qr(draw.standard_normal((50, 4)) - 0)[0]
    x = x - x.mean(axis=0)
    x = np.linalg.qr(x)[0] @ (vectors * np.sqrt(np.maximum(values, 0.01))).T
    with pytest.warns(HeywoodWarning, match="uniqueness of a "):
        found = tk.efa(pd.DataFrame(x, columns=list("abcd")), n_factors=1)
    assert "Heywood" in found.fit["note"][0]
    assert found.tables["loadings"].set_index("item").loc["a", "uniqueness"] == pytest.approx(0.005)


def test_several_optima_are_told():
    data = pd.DataFrame(np.random.default_rng(4).standard_normal((100, 12)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HeywoodWarning)
        found = tk.efa(data, n_factors=4, rotation="geomin", rotation_options=RotationOptions(epsilon=0.001), seed=1)
    assert found.fit["n_optima"][0] > 1
    assert "optima" in found.fit["note"][0]
    assert found.tables["optima"]["criterion"].is_monotonic_increasing


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::toolkit.errors.NotPositiveDefiniteWarning")
def test_what_cannot_be_factored():
    data = clear(100)
    constant = data.assign(i1=1.0)
    same = pd.DataFrame(dict.fromkeys(data.columns, data["i1"]))
    refused = [
        (AnalysisError, "at least three", {"items": ["i0"]}),
        (NotIdentified, "at least three items", {"items": ["i0", "i1"]}),
        (NotIdentified, "at most 5", {"n_factors": 6}),
        (NotIdentified, "at most 5", {"n_factors": 12}),
        (AnalysisError, "'i1' do not vary", {"data": constant}),
        (TooFewCases, "at least 10 rows", {"data": data.head(9)}),
        (ArgumentError, "n_factors", {"n_factors": None}),
        (ArgumentError, "n_factors", {"n_factors": 1.5}),
        (ArgumentError, "minres", {"method": "minrs"}),
        (ArgumentError, "oblimin", {"rotation": "oblimn"}),
        (ArgumentError, "seed", {"n_bootstrap": 200}),
        (ArgumentError, "at least 100", {"n_bootstrap": 50, "seed": 1}),
        (ArgumentError, "seed", {"rotation_options": RotationOptions(n_starts=5)}),
        (ArgumentError, "target", {"rotation": "target"}),
        (ArgumentError, "target", {"rotation_options": RotationOptions(target=np.zeros((9, 3)))}),
        (ArgumentError, "shape", {"rotation": "target", "rotation_options": RotationOptions(target=np.zeros((2, 3)))}),
        (
            ArgumentError,
            "no row",
            {"rotation": "target", "rotation_options": RotationOptions(target=pd.DataFrame(np.zeros((9, 3))))},
        ),
        (NotConverged, "did not converge", {"rotation_options": RotationOptions(maximum_iterations=1)}),
        (NotConverged, "'promax' did not converge", {"data": same, "rotation": "promax"}),
        (ArgumentError, "target holds", {"rotation": "target", "rotation_options": RotationOptions(target=["a"])}),
        (ArgumentError, "but must be RotationOptions", {"rotation_options": {"gamma": 0}}),
        (ArgumentError, "gamma is 'x'", {"rotation_options": RotationOptions(gamma="x")}),
        (ArgumentError, "gamma is inf", {"rotation_options": RotationOptions(gamma=np.inf)}),
        (ArgumentError, "epsilon is 0", {"rotation_options": RotationOptions(epsilon=0)}),
        (ArgumentError, "power is nan", {"rotation_options": RotationOptions(power=np.nan)}),
        (ArgumentError, "kaiser is 2", {"rotation_options": RotationOptions(kaiser=2)}),
        (ArgumentError, "n_starts is -1", {"rotation_options": RotationOptions(n_starts=-1), "seed": 1}),
        (ArgumentError, "maximum_iterations is 1.5", {"rotation_options": RotationOptions(maximum_iterations=1.5)}),
        (ArgumentError, "tolerance is None", {"rotation_options": RotationOptions(tolerance=None)}),
        (ArgumentError, "did you mean|no item", {"items": ["i99"]}),
        (ArgumentError, "correlation='pearson'", {"correlation": "polychoric"}),
    ]
    for error, words, given_ in refused:
        call = {"data": data, "items": None, "n_factors": 3, **given_}
        with pytest.raises(error, match=f"(?i){words}") as caught:
            tk.efa(call.pop("data"), call.pop("items"), call.pop("n_factors"), **call)
        assert "\n" not in str(caught.value)


def test_perfectly_correlated_items():
    data = clear(100)
    data["copy"] = 2 * data["i0"] + 1
    with pytest.warns(ToolkitWarning) as caught:
        found = tk.efa(data, n_factors=3, scores="regression")
    categories = {one.category for one in caught}
    assert {NotPositiveDefiniteWarning, UndefinedStatisticWarning} <= categories
    assert "i0 and copy correlate perfectly" in found.fit["note"][0]
    assert found.estimates["loading"].notna().all()
    assert found.fit["chisq"].isna().all()
    assert found.tables["determinacy"]["determinacy"].isna().all()
    assert found.cases is None
    with pytest.warns(NotPositiveDefiniteWarning), pytest.raises(NotIdentified, match="linear combination"):
        tk.efa(data, n_factors=3, method="ml")


def test_fewer_rows_than_items():
    data = pd.DataFrame(np.random.default_rng(1).standard_normal((12, 20)))
    with pytest.warns(ToolkitWarning) as caught:
        found = tk.efa(data, n_factors=1)
    assert SmallSampleWarning in {one.category for one in caught}
    assert "no more rows" in found.fit["note"][0]


def test_most_answers_missing():
    data = clear(400)
    holes = np.random.default_rng(1).random(data.shape) < 0.9
    with pytest.raises(TooFewCases, match="pairwise"):
        tk.efa(data.mask(holes), n_factors=1)
    with pytest.raises(TooFewCases, match="too few rows in common"):
        tk.efa(data.head(60).mask(holes[:60]), n_factors=1, missing="pairwise")
    half = data.mask(np.random.default_rng(1).random(data.shape) < 0.4)
    with pytest.warns(UndefinedStatisticWarning):
        found = tk.efa(half, n_factors=3, missing="pairwise", scores="regression")
    assert found.cases["F1"].notna().sum() == half.notna().all(axis=1).sum()
    assert "no factor scores" in found.fit["note"][0]


def test_three_items_have_one_factor_without_degrees_of_freedom():
    with pytest.warns(UndefinedStatisticWarning, match="degrees of freedom"):
        found = tk.efa(clear()[["i0", "i1", "i2"]], n_factors=1)
    assert found.fit["df"][0] == 0
    assert found.fit[["p", "rmsea", "tli"]].isna().all(axis=None)
    assert found.fit["rmsr"][0] == pytest.approx(0, abs=1e-8)


def test_two_hundred_items():
    draw = np.random.default_rng(1)
    x = draw.standard_normal((400, 4))[:, np.repeat(range(4), 50)] + draw.standard_normal((400, 200))
    found = tk.efa(pd.DataFrame(x), n_factors=4)
    largest = np.abs(pattern(found, [str(place) for place in range(200)])).argmax(axis=1)
    assert all(len(set(largest[50 * place : 50 * place + 50])) == 1 for place in range(4))


def test_options_are_frozen():
    with pytest.raises(AttributeError):
        RotationOptions().gamma = 1
    assert replace(RotationOptions(), gamma=-0.5).gamma == -0.5
    assert tk.RotationOptions is RotationOptions
