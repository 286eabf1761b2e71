import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.conftest import ROOT, oracle
from toolkit.errors import AnalysisError, ArgumentError, UndefinedStatisticWarning
from toolkit.results import Unavailable

KEYS = {scale: one["items"] for scale, one in oracle("item_statistics").items()}
AUDITS = [(scale, name) for scale in KEYS for name in ("audit", "audit_second_item_turned")]


@pytest.fixture(scope="module")
def raw():
    found = pd.read_csv(ROOT / "data" / "bfi" / "bfi.csv").head(600)
    return found.assign(person=range(600), couple=np.arange(600) // 2)


def keyed(raw, keys=KEYS, **options):
    return tk.Responses.from_frame(
        raw, tk.instrument_from_keys(keys, min=1, max=6, id="bfi"), person="person", couple="couple", **options
    )


def other_key(item):
    return item.removeprefix("-") if item.startswith("-") else f"-{item}"


def wrongly_keyed(scale, *positions):
    items = [other_key(item) if at in positions else item for at, item in enumerate(KEYS[scale])]
    return {**KEYS, scale: items}


@pytest.mark.parametrize(("scale", "name"), AUDITS)
def test_signs_and_their_intervals_equal_r(raw, scale, name):
    expected = oracle("item_statistics")[scale][name]
    keys = KEYS if name == "audit" else wrongly_keyed(scale, 1)
    for cluster, kind in (("auto", "clustered"), (None, "independent")):
        found = tk.key_audit(keyed(raw, keys), scale, cluster=cluster).estimates
        assert found["n"].unique().tolist() == [expected["n"]]
        np.testing.assert_allclose(found["r_drop"].astype(float), expected["r_drop"], atol=1e-10)
        np.testing.assert_allclose(found["loading"].astype(float), expected["loading"], atol=1e-8)
        for column, bounds in expected[kind].items():
            np.testing.assert_allclose(found[column].astype(float), bounds, atol=1e-7)


def test_declared_keys_agree(raw):
    found = tk.key_audit(keyed(raw))
    assert not found.to_frame("scales")["suspect"].any()
    assert tk.suspect_scales(found) == ()
    assert "No item contradicts" in found.sentence()


@pytest.mark.parametrize("position", [0, 1, 4])
def test_a_wrong_key_is_found_and_named(raw, position):
    found = tk.key_audit(keyed(raw, wrongly_keyed("neuroticism", position)))
    suspect = found.estimates[found.estimates["verdict"] == "suspect"]
    assert suspect["item"].tolist() == [f"N{position + 1}"]
    assert tk.suspect_scales(found) == ("bfi.neuroticism",)
    for words in (
        f"N{position + 1}",
        "the key in the instrument file is wrong",
        "undo that in the data",
        "confirmed_keys",
        "bfi.neuroticism",
    ):
        assert words in found.sentence()


def test_most_keys_wrong_leave_the_scale_suspect(raw):
    found = tk.key_audit(keyed(raw, wrongly_keyed("neuroticism", 0, 1, 2)), "neuroticism")
    assert tk.suspect_scales(found) == ("bfi.neuroticism",)
    assert found.estimates.loc[3:, "loading"].lt(0).all(), "the factor points where most items do"


def test_all_keys_wrong_turn_the_scale_and_contradict_nothing(raw):
    found = tk.key_audit(keyed(raw, wrongly_keyed("neuroticism", 0, 1, 2, 3, 4)), "neuroticism")
    assert tk.suspect_scales(found) == ()


def test_confirmed_scales_are_scored(raw):
    answers = keyed(raw, wrongly_keyed("neuroticism", 1))
    for confirmed in (["bfi.neuroticism"], ["neuroticism"]):
        found = tk.key_audit(answers, confirmed=confirmed)
        overview = found.to_frame("scales").set_index("scale").loc["bfi.neuroticism"]
        assert overview["suspect"]
        assert overview["confirmed"]
        assert overview["scored"]
        assert tk.suspect_scales(found) == ()
        assert "confirmed the key of bfi.neuroticism" in found.sentence()
    with pytest.raises(ArgumentError, match="neurotic"):
        tk.key_audit(answers, confirmed=["neurotic"])


def test_weak_items_are_no_suspects(raw):
    noise = raw.assign(N1=np.random.default_rng(1).integers(1, 7, size=600))
    found = tk.key_audit(keyed(noise), "neuroticism").estimates
    assert found["verdict"].tolist() == ["weak", "agrees", "agrees", "agrees", "agrees"]


def test_a_scale_that_pools_a_wrong_key_is_suspect_too(raw):
    one = tk.instrument_from_keys(wrongly_keyed("neuroticism", 1), min=1, max=6, id="bfi").model_dump()
    one["scales"]["all"] = {"scales": ["neuroticism"]}
    one["scales"]["index"] = {"scales": ["agree", "neuroticism"], "kind": "composite"}
    answers = tk.Responses.from_frame(raw, tk.Instrument.from_mapping(one), person="person", couple="couple")
    found = tk.key_audit(answers, ["all", "index"])
    assert found.to_frame("scales")["suspect"].tolist() == [True, False]
    assert "composite" in found.fit["note"][1]
    kept = answers.without_scales(["neuroticism"])
    assert not {"bfi.neuroticism", "bfi.all", "bfi.index"} & set(kept.scales)


def test_leaving_scales_unscored_keeps_their_items(raw):
    answers = keyed(raw)
    kept = answers.without_scales(["bfi.agree", "openness"])
    assert kept.scales == ("bfi.conscientious", "bfi.neuroticism")
    assert kept.items == answers.items
    assert kept.covariates == answers.covariates
    assert "bfi.agree" not in tk.score(kept)
    assert answers.without_scales([]).scales == answers.scales
    assert "bfi.agree, bfi.openness" in answers.unscored(kept)
    assert answers.unscored(answers) == ""
    assert answers.without_scales(answers.scales).scales == ()
    with pytest.raises(ArgumentError, match="agre"):
        answers.without_scales(["agre"])


def small(columns, keys=None):
    keys = keys or {"f": list(columns)}
    return tk.Responses.from_frame(pd.DataFrame(columns), tk.instrument_from_keys(keys, min=1, max=5, id="my"))


def test_two_items_show_only_the_sign_of_their_correlation():
    generator = np.random.default_rng(1)
    a = generator.integers(1, 6, size=50)
    for keys, suspect in ((["a", "b"], True), (["a", "-b"], False)):
        b = np.clip(6 - a + generator.integers(-1, 2, size=50), 1, 5)
        found = tk.key_audit(small({"a": a, "b": b}, {"f": keys}))
        assert found.to_frame("scales")["suspect"].tolist() == [suspect]
        assert found.estimates["loading"].isna().all()
    assert tk.suspect_scales(tk.key_audit(small({"a": [1, 2, 3, 4, 5], "b": [5, 4, 3, 2, 1]}))) == ("my.f",)


def test_one_item_has_no_key_to_compare():
    found = tk.key_audit(small({"a": [1, 2, 3, 4, 5]}))
    assert "one item" in found.fit["note"][0]
    assert found.to_frame("scales")["scored"].tolist() == [True]


def test_two_opposed_halves_are_said():
    generator = np.random.default_rng(2)
    true = generator.normal(size=(200, 1))
    x = np.clip(np.rint(3 + true + 0.7 * generator.normal(size=(200, 4))), 1, 5)
    x[:, 2:] = 6 - x[:, 2:]
    found = tk.key_audit(small(dict(zip("abcd", x.T, strict=True))))
    assert tk.suspect_scales(found) == ("my.f",)
    assert "half of the items" in found.fit["note"][0]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"a": [3, 3, 3, 3, 3], "b": [1, 2, 3, 4, 5]}, "do not vary"),
        ({"a": [1, 2, 3, None, None], "b": [1, 2, 3, 4, 5]}, "fewer than four"),
    ],
)
def test_what_cannot_be_audited_says_why(columns, reason):
    with pytest.warns(UndefinedStatisticWarning, match=reason):
        found = tk.key_audit(small(columns))
    assert found.estimates["verdict"].isna().all()
    assert reason in found.fit["note"][0]
    assert tk.suspect_scales(found) == ()


def test_equal_items_leave_loadings_without_an_interval():
    found = tk.key_audit(small({name: [1, 2, 3, 4, 5, 3] for name in "abc"}))
    assert "no interval" in found.fit["note"][0]
    assert found.estimates["verdict"].tolist() == ["agrees"] * 3


def test_no_instrument_no_audit():
    with pytest.raises(AnalysisError, match="no instrument"):
        tk.key_audit(pd.DataFrame({"a": [1, 2]}))
    assert tk.suspect_scales(Unavailable("Not available")) == ()


def test_settings_are_enough_to_run_it_again(raw):
    answers = keyed(raw, wrongly_keyed("neuroticism", 1))
    found = tk.key_audit(answers, "neuroticism", confirmed=["neuroticism"], missing="pairwise", confidence=0.9)
    settings = dict(found.settings)
    settings.pop("instruments")
    pd.testing.assert_frame_equal(tk.key_audit(answers, **settings).estimates, found.estimates)


def rest_that_does_not_vary():
    a = np.random.default_rng(3).integers(1, 6, 60)
    raw = pd.DataFrame({"a": a, "b": 6 - a, "c": np.random.default_rng(4).integers(1, 6, 60)})
    return tk.Responses.from_frame(raw, tk.instrument_from_keys({"f": ["a", "b", "c"]}, min=1, max=5, id="my"))


def test_an_item_whose_rest_does_not_vary_has_no_verdict():
    with pytest.warns(UndefinedStatisticWarning, match=r"my\.f: .*does not vary for some item"):
        found = tk.key_audit(rest_that_does_not_vary())
    assert found.estimates.set_index("item").loc["c", ["r_drop", "verdict"]].isna().all()
    assert "does not vary" in found.fit["note"][0]


def test_two_items_have_no_loadings_and_fit_says_so(raw):
    found = tk.key_audit(keyed(raw[["A2", "A3", "person", "couple"]], {"pair": ["A2", "A3"]}))
    assert found.estimates["loading"].isna().all()
    assert found.fit["note"][0] == "two items have no factor to load on"


@pytest.mark.parametrize("confirmed", [None, 1, [["bfi.agreeableness"]]])
def test_confirmed_must_be_names(raw, confirmed):
    with pytest.raises(ArgumentError, match=r"confirmed is .*list of names"):
        tk.key_audit(keyed(raw), confirmed=confirmed)


def test_rows_twice_in_their_cluster_change_nothing_and_order_changes_only_order(raw):
    one = tk.key_audit(keyed(raw)).estimates.set_index("item")
    again = pd.concat([raw, raw.assign(person=raw["person"] + 600, couple=raw["couple"] + 300)], ignore_index=True)
    again["family"] = again["couple"] % 300
    two = tk.key_audit(keyed(again), cluster="family").estimates.set_index("item")
    keys = {scale: items[::-1] for scale, items in KEYS.items()}
    other = tk.key_audit(keyed(raw.iloc[::-1], keys)).estimates.set_index("item").loc[one.index]
    for column in ("r_drop", "r_drop_ci_low", "r_drop_ci_high", "loading", "loading_ci_low", "loading_ci_high"):
        np.testing.assert_allclose(two[column].astype(float), one[column].astype(float), atol=1e-8)
        np.testing.assert_allclose(other[column].astype(float), one[column].astype(float), atol=1e-8)
    assert (other["verdict"] == one["verdict"]).all()


def test_reversing_an_item_with_its_key_changes_nothing(raw):
    one = tk.key_audit(keyed(raw), "neuroticism").estimates
    turned = raw.assign(N2=7 - raw["N2"])
    two = tk.key_audit(keyed(turned, wrongly_keyed("neuroticism", 1)), "neuroticism").estimates
    for column in ("r_drop", "loading", "loading_ci_low", "loading_ci_high"):
        np.testing.assert_allclose(two[column].astype(float), one[column].astype(float), atol=1e-8)
