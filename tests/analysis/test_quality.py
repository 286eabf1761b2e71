import json

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from toolkit.analysis.quality_tables import flag_counts, hidden_bins, shown
from toolkit.errors import AnalysisError, ArgumentError
from toolkit.kernels import careless
from toolkit.simulation import Design

SHARES = {"straight_lining": 0.05, "random": 0.05, "drifting": 0.05}
ITEMS = [f"q{number}" for number in range(1, 21)]
KEYS = {"one": ["q1", "-q2", "q3", "q4"], "two": ["q5", "q6", "-q7", "q8"], "three": ["q9", "q10", "-q11", "q12"]}
KEYS |= {"four": ["q13", "q14", "q15", "q16"], "five": ["q17", "q18", "q19", "q20"]}


@pytest.fixture(scope="module")
def simulated():
    instruments = ["has", "css", "rws", "bar", "rel", "bur", "aps"]
    return tk.simulate(instruments, n_couples=200, n_waves=1, seed=11, design=Design(careless=SHARES))


@pytest.fixture(scope="module")
def found(simulated):
    return tk.quality(simulated.responses())


def drawn(n=80, seed=3):
    rng = np.random.default_rng(seed)
    trait = rng.normal(size=(n, 5)).repeat(4, axis=1)
    raw = pd.DataFrame(np.clip(np.floor(3.5 + trait + rng.normal(size=(n, 20)) * 0.8), 1, 6).astype(int), columns=ITEMS)
    for name in ("q2", "q7", "q11"):
        raw[name] = 7 - raw[name]
    return raw


def answers(raw, **options):
    return tk.Responses.from_frame(raw, tk.instrument_from_keys(KEYS, min=1, max=6, id="my"), **options)


def row(result, name):
    return result.to_frame().set_index("index").loc[name]


def test_simulated_careless_people_are_found_and_attentive_ones_are_not(simulated, found):
    kinds = simulated.truth["careless"].set_index("person")["kind"]
    cases = found.cases.assign(kind=found.cases["person"].map(kinds))
    flagged = (cases["n_flags"] >= 2).groupby(cases["kind"]).mean()
    assert flagged["straight_lining"] >= 0.9
    assert flagged["random"] >= 0.7
    assert flagged["drifting"] >= 0.1, "they are attentive for a while, so most are missed"
    assert flagged["attentive"] <= 0.01
    by_any = (cases["n_flags"] >= 1).groupby(cases["kind"]).mean()
    assert by_any["straight_lining"] == 1
    assert by_any["random"] >= 0.9
    assert by_any["attentive"] <= 0.05


def test_one_row_per_index_with_cut_and_source(found):
    table = found.to_frame()
    assert list(table.columns) == ["index", "n", "side", "cut", "n_flagged", "share", "meaning", "source", "doi"]
    assert table["index"].is_unique
    assert table["doi"].str.startswith("https://doi.org/10.").all()
    assert table["source"].str.contains(r"\(\d{4}\)").all()
    computed = table[table["n"] > 0]
    assert computed["cut"].notna().all()
    held = computed.dropna(subset=["share"])
    np.testing.assert_allclose(held["share"].astype(float), held["n_flagged"].astype(float) / held["n"])


def test_values_are_those_of_the_kernels():
    raw = drawn()
    cases = tk.quality(answers(raw)).cases
    x = raw.to_numpy(dtype=float)
    turned = raw.assign(**{name: 7 - raw[name] for name in ("q2", "q7", "q11")}).to_numpy(dtype=float)
    np.testing.assert_array_equal(cases["longstring"], careless.runs(x).longest)
    np.testing.assert_allclose(cases["irv_low"], careless.response_variability(x))
    np.testing.assert_allclose(cases["mahalanobis"], careless.mahalanobis(x).squared)
    halves = careless.even_odd(turned, [range(start, start + 4) for start in range(0, 20, 4)])
    np.testing.assert_allclose(cases["even_odd"], halves, atol=1e-12)


def test_a_key_changes_even_odd_and_nothing_else():
    raw = drawn()
    others = {name: [item.removeprefix("-") for item in items] for name, items in KEYS.items()}
    unkeyed = tk.Responses.from_frame(raw, tk.instrument_from_keys(others, min=1, max=6, id="my"))
    one, two = tk.quality(answers(raw)).cases, tk.quality(unkeyed).cases
    for name in ("longstring", "irv_low", "mahalanobis"):
        pd.testing.assert_series_equal(one[name], two[name])
    assert not np.allclose(one["even_odd"], two["even_odd"], equal_nan=True)


def test_a_constant_and_the_order_of_rows_change_nothing():
    raw = drawn()
    first = tk.quality(answers(raw))
    moved = tk.Responses.from_frame(raw + 10, tk.instrument_from_keys(KEYS, min=11, max=16, id="my"))
    turned = tk.quality(answers(raw.iloc[::-1])).cases.loc[raw.index]
    for other in (tk.quality(moved).cases, turned):
        for name in ("longstring", "irv_low", "mahalanobis", "even_odd", "n_flags"):
            np.testing.assert_allclose(first.cases[name].astype(float), other[name].astype(float), atol=1e-9)


def test_the_order_of_columns_in_the_file_changes_nothing():
    raw = drawn()
    pd.testing.assert_frame_equal(tk.quality(answers(raw)).cases, tk.quality(answers(raw[ITEMS[::-1]])).cases)


def test_missed_instructed_items_and_too_fast():
    raw = drawn().assign(check1=3, check2=1, seconds=60.0)
    raw.loc[:5, "check1"] = 4
    raw.loc[:6, "seconds"] = 20.0
    raw.loc[70, ["check1", "check2"]] = np.nan
    result = tk.quality(answers(raw), instructed={"check1": 3, "check2": 1})
    assert row(result, "missed")[["n", "n_flagged"]].tolist() == [79, 6]
    assert row(result, "too_fast")[["n", "n_flagged"]].tolist() == [80, 7]
    assert result.cases["too_fast"].iloc[[0, 10]].tolist() == [1.0, 3.0]
    assert result.cases["flagged_by"].iloc[0].endswith("missed, too_fast")
    named = tk.quality(answers(raw.rename(columns={"seconds": "took"})), seconds="took")
    assert row(named, "too_fast")["n_flagged"] == 7
    median = tk.quality(answers(raw.assign(seconds_per_item=1.0)))
    assert row(median, "too_fast")["meaning"] == "median seconds for an item below 2"


def test_what_cannot_be_computed_says_why(found):
    notes = found.fit.set_index("model")["note"]
    assert "no instructed items" in notes["Missed instructed items"]
    assert "seconds=" in notes["Too fast"]
    assert "10 pairs" in notes["Psychometric antonyms"]
    assert "aps.noticing" in notes["Even–odd inconsistency"]
    small = tk.quality(answers(drawn(10)))
    few = small.fit.set_index("model")["note"]
    assert few["Psychometric synonyms"].startswith("not computed: 10 persons with answers are too few")
    assert small.fit.set_index("model")["converged"].isna()["Psychometric synonyms"], (
        "what is not computed has not converged"
    )
    assert small.summary().count("in the order of the instruments") == 1, "one method is told once"
    assert few["Mahalanobis distance"] == "not computed: 10 people with answers are too few for 20 items"
    frame = tk.quality(drawn()).fit.set_index("model")["note"]
    assert "5 scales" in frame["Even–odd inconsistency"]
    constant = tk.quality(drawn().assign(q1=2)).fit.set_index("model")["note"]
    assert "not positive definite" in constant["Mahalanobis distance"]
    alike = pd.DataFrame(np.tile([1, 2, 3], (20, 1)), columns=["a", "b", "c"])
    notes = tk.quality(alike).fit.set_index("model")["note"]
    assert "vary equally" in notes["Low variability (IRV)"]
    assert "QualityCuts(longstring=…)" in notes["Longest run (longstring)"]


def test_items_that_nobody_was_asked_do_not_count():
    raw = drawn().assign(**dict.fromkeys(KEYS["five"], np.nan))
    result = tk.quality(answers(raw))
    assert result.settings["items"] == ITEMS[:16]
    notes = result.fit.set_index("model")["note"]
    assert notes["Even–odd inconsistency"].endswith("but there are 4")
    assert row(result, "mahalanobis")["n"] == 80


def test_estimates_without_flagged_rows_are_those_of_the_kept_rows(simulated, found):
    everybody = simulated.responses()
    kept = everybody.keep((found.cases["n_flags"] < 2).to_numpy())
    moved = found.to_frame("without_flagged").set_index(["kind", "subject"])
    for data, suffix in ((everybody, ""), (kept, "_without")):
        alpha = tk.reliability(data, "rws.avoidance").to_frame().loc[0]
        assert moved.loc[("alpha", "rws.avoidance"), f"estimate{suffix}"] == pytest.approx(alpha["alpha"], abs=1e-12)
        assert moved.loc[("alpha", "rws.avoidance"), f"n{suffix}"] == alpha["n_used"]
        scores = tk.score(data)
        assert moved.loc[("mean", "rws.total"), f"estimate{suffix}"] == pytest.approx(scores["rws.total"].mean())
        r = scores["rws.avoidance"].corr(scores["bar.unsafety"])
        assert moved.loc[("r", "rws.avoidance with bar.unsafety"), f"estimate{suffix}"] == pytest.approx(r)
    row = moved.loc[("mean", "rws.total")]
    assert row["difference"] == row["estimate_without"] - row["estimate"]


def test_nothing_is_dropped_and_a_flag_is_no_proof(found, simulated):
    assert len(found.cases) == len(simulated.frame)
    for words in ("no proof", "Nothing was left out", "400 persons"):
        assert words in found.sentence()


def test_cases_never_leave_the_machine(found):
    text = found.to_json() + found._repr_html_() + found.summary() + json.dumps(found._repr_mimebundle_(), default=str)
    assert "flagged_by" not in text
    assert found.cases["flagged_by"].ne("").any()


def test_few_people_are_not_counted_and_their_answers_not_told():
    raw = drawn(200)
    raw.iloc[:3] = 2
    result = tk.quality(answers(raw))
    assert 0 < (result.cases["n_flags"] >= 2).sum() < 5
    assert 0 < (result.cases["irv_low"] < row(result, "irv_low")["cut"]).sum() < 5
    assert pd.isna(row(result, "irv_low")["n_flagged"])
    assert pd.isna(row(result, "irv_low")["share"])
    assert result.to_frame("without_flagged").empty
    assert "fewer than 5 are flagged" in result.sentence()
    assert (result.to_frame("flags")["n"].dropna() >= 5).all()
    shown_bins = result.to_frame("histogram")["n"].dropna()
    assert ((shown_bins == 0) | (shown_bins >= 5)).all()
    assert (
        row(tk.quality(answers(raw), smallest_cell=1), "longstring")["n_flagged"]
        == (result.cases["longstring"] >= 10).sum()
    )


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([0] * 20, {"0": 20}),
        ([0] * 20 + [1] * 7 + [2] * 3 + [3] * 2, {"0": 20, "1": 7, "2 or more": 5}),
        ([0] * 20 + [1] * 3 + [2] * 1, {"0 or more": 24}),
        ([0] * 2 + [1] * 9, {"0 or more": 11}),
        ([0] * 3, {"0": None}),
        ([0] * 20 + [3] * 9, {"0 to 2": 20, "3": 9}),
    ],
)
def test_people_by_number_of_flags(numbers, expected):
    table = flag_counts(np.array(numbers), 5)
    found = {one: None if pd.isna(n) else int(n) for one, n in zip(table["n_flags"], table["n"], strict=True)}
    assert found == expected


def test_counts_that_may_be_shown():
    assert [shown(n, 20, 5) for n in (0, 4, 5, 15, 16, 20)] == [0, None, 5, 15, None, 20]
    assert hidden_bins(np.array([9, 0, 8, 2, 20]), 5).tolist() == [False, False, True, True, False]


def test_cuts_are_used_and_checked():
    raw = drawn()
    strict = tk.quality(answers(raw), cuts=tk.QualityCuts(longstring=2, even_odd=-0.9, irv_spread=1.0))
    assert row(strict, "longstring")["cut"] == 2
    assert strict.settings["cuts"]["even_odd"] == -0.9
    assert row(strict, "longstring")["n_flagged"] == (strict.cases["longstring"] >= 2).sum()
    for wrong in ({"even_odd": 2}, {"mahalanobis_p": 0}, {"longstring": 1}, {"antonyms_r": 0.5}, {"missed": "one"}):
        with pytest.raises(ArgumentError, match=next(iter(wrong))):
            tk.QualityCuts(**wrong)


def test_bad_arguments_are_refused():
    data = answers(drawn().assign(word="a", took=3.0))
    cases = [
        ({"seconds": "tok"}, "Did you mean 'took'"),
        ({"seconds": "word"}, "holds no numbers"),
        ({"instructed": {"chek": 1}}, "there is no column 'chek'"),
        ({"instructed": ["took"]}, "must say which answer is right"),
        ({"instructed": {"took": "three"}}, "must be a number"),
        ({"instructed": {"word": 1}}, "holds no numbers"),
        ({"cuts": {"longstring": 3}}, "QualityCuts"),
        ({"least_flags": 0}, "least_flags"),
        ({"smallest_cell": 0}, "smallest_cell"),
    ]
    for arguments, message in cases:
        with pytest.raises(ArgumentError, match=message.replace("(", r"\(")):
            tk.quality(data, **arguments)
    empty = drawn().astype("float")
    empty[:] = np.nan
    with pytest.raises(AnalysisError, match="nobody answered"):
        tk.quality(answers(empty))


def test_one_row_and_answers_without_variation_are_told_in_words():
    one = tk.quality(drawn(1))
    assert one.sentence().startswith("Of 1 person with answers")
    same = tk.quality(drawn().clip(3, 3), smallest_cell=1)
    assert row(same, "longstring")["n_flagged"] == 80
    assert {"irv_low", "mahalanobis"} & set(same.to_frame().query("n > 0")["index"]) == set()


def test_numbers_that_are_no_answers_are_refused_or_left_out():
    with pytest.raises(AnalysisError, match="'q3' holds numbers that are no answers"):
        tk.quality(drawn().assign(q3=1e200))
    infinite = drawn().astype(float)
    infinite.loc[0, "q3"] = np.inf
    assert tk.quality(infinite).cases["n_answered"].tolist() == [19] + [20] * 79


def test_occasions_are_chosen():
    two = pd.concat([drawn().assign(id=range(80), wave=wave) for wave in (1, 2)], ignore_index=True)
    data = answers(two, person="id", wave="wave")
    with pytest.raises(ArgumentError, match="wave="):
        tk.quality(data)
    assert len(tk.quality(data, wave=2).cases) == 80


def test_the_figure_tells_cuts_and_hides_few(found):
    figure = found.plot("indices")
    assert "Longest run" in figure.alt
    assert "13" in figure.alt
    assert figure.svg().startswith("<?xml")
