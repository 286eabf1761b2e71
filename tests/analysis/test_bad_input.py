"""Whatever the data: a result with its reasons, or an error in one paragraph; no other warning and no other error."""

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.builders import in_words

N = 60
NAMES = [f"i{place}" for place in range(5)]
EMPTY_BY_DESIGN = {"n_empty_cells", "satterthwaite_low", "satterthwaite_high", "text"}


def likert(seed=1, n=N, k=5):
    draw = np.random.default_rng(seed)
    z = 0.7 * draw.normal(size=(n, 1)) + 0.7 * draw.normal(size=(n, k))
    return pd.DataFrame(np.digitize(z, [-1, -0.3, 0.3, 1]) + 1.0, columns=[f"i{place}" for place in range(k)])


def holes(share, seed=2):
    return np.random.default_rng(seed).random((N, 5)) < share


ANSWERS = likert()
FRAMES = {
    "one item": ANSWERS[["i0"]],
    "two items": ANSWERS[["i0", "i1"]],
    "constant item": ANSWERS.assign(i2=3.0),
    "fewer complete rows than items": ANSWERS.mask(holes(0.5)),
    "nine in ten missing": ANSWERS.mask(holes(0.9)),
    "seven rows": ANSWERS.head(7),
    "one row": ANSWERS.head(1),
    "no rows": ANSWERS.head(0),
    "no columns": pd.DataFrame(),
    "two items the same": ANSWERS.assign(i1=ANSWERS["i0"]),
    "two items opposed": ANSWERS.assign(i1=6 - ANSWERS["i0"]),
    "all items the same": pd.DataFrame(dict.fromkeys(NAMES, ANSWERS["i0"])),
    "linear combination": ANSWERS.assign(i4=ANSWERS["i0"] + ANSWERS["i1"] - ANSWERS["i2"]),
    "empty column": ANSWERS.assign(i3=np.nan),
    "empty columns": ANSWERS * np.nan,
    "pair without common rows": ANSWERS.assign(i0=ANSWERS["i0"].head(30), i1=ANSWERS["i1"].tail(30)),
    "decimals": ANSWERS + 0.25,
    "true and false": ANSWERS > 3,
    "texts of numbers": ANSWERS.astype(int).astype(str),
    "words": ANSWERS.assign(i1="agree"),
    "infinite": ANSWERS.replace({"i2": {1.0: np.inf}}),
    "complex": ANSWERS.assign(i1=1j),
    "dates": ANSWERS.assign(i1=pd.Timestamp(2020, 1, 1)),
    "categories": ANSWERS.astype("Int64").astype("category"),
    "column twice": ANSWERS.set_axis(["i0", "i0", "i1", "i2", "i3"], axis=1),
    "numbers as names": ANSWERS.set_axis(range(5), axis=1),
    "two options": (ANSWERS > 3).astype(float),
    "hardly anybody": pd.DataFrame(np.eye(N, 5) + 1, columns=NAMES),
    "negative codes": ANSWERS - 3,
    "large codes": ANSWERS * 1e6,
    "hardly any spread": ANSWERS * 1e-9,
}
RANGES = {"two options": (0, 1), "hardly anybody": (1, 2), "negative codes": (-2, 2), "linear combination": (-3, 9)}


def names_of(frame):
    return list(frame.columns)


OF_FRAMES = {
    "polychoric": lambda x: tk.polychoric(x),
    "polychoric pairwise": lambda x: tk.polychoric(x, missing="pairwise", smooth=True, merge_below=3),
    "polyserial": lambda x: tk.polychoric(x, names_of(x)[:2], continuous=names_of(x)[2:], missing="pairwise"),
    "retention": lambda x: tk.retention(x, replications=3, random="both", seed=1),
    "retention pairwise": lambda x: tk.retention(x, missing="pairwise", replications=3, seed=1),
    "retention polychoric": lambda x: tk.retention(x, correlation="polychoric", replications=3, seed=1),
    "efa": lambda x: tk.efa(x, n_factors=2, scores="tenberge"),
    "efa ml": lambda x: tk.efa(x, n_factors=1, method="ml", scores="bartlett"),
    "efa pa": lambda x: tk.efa(x, n_factors=2, method="pa", rotation="promax", missing="pairwise"),
    "efa polychoric": lambda x: tk.efa(x, n_factors=2, correlation="polychoric", missing="pairwise", rotation="geomin"),
    "icc": lambda x: tk.icc(x, names_of(x)),
    "icc of two": lambda x: tk.icc(x, names_of(x)[:2], missing="listwise"),
    "kappa": lambda x: tk.kappa(x, names_of(x)),
    "reliability": lambda x: tk.reliability(x),
    "congruence": lambda x: tk.congruence(x, x),
}
OF_SCALES = {
    "reliability": lambda x: tk.reliability(x),
    "reliability bootstrap": lambda x: tk.reliability(x, missing="pairwise", ci="bootstrap", n_bootstrap=100, seed=1),
    "item_analysis": lambda x: tk.item_analysis(x),
    "item_analysis pairwise": lambda x: tk.item_analysis(x, missing="pairwise"),
    "key_audit": lambda x: tk.key_audit(x),
    "key_audit pairwise": lambda x: tk.key_audit(x, missing="pairwise"),
    "attenuation": lambda x: tk.attenuation(x),
    "attenuation by omega": lambda x: tk.attenuation(x, coefficient="omega_fitted", missing="pairwise"),
}


def answers_of(name, **keys):
    low, high = RANGES.get(name, (1, 5))
    items = [str(column) for column in FRAMES[name].columns]
    scales = {"all": items, "first": items[:2], "last": items[2:] or items}
    instrument = tk.instrument_from_keys(scales, min=low, max=high, id="my", min_answered=1)
    return tk.Responses.from_frame(FRAMES[name].rename(columns=str), instrument, **keys)


def assert_gives_its_reasons(found):
    if found is None:
        return
    assert found.summary()
    assert found.to_json()
    assert all(found.table(name).to_text() for name in found.table_names())
    empty = set(found.estimates.columns[found.estimates.isna().any()]) - EMPTY_BY_DESIGN
    assert not empty or found.fit["note"].astype(str).str.len().any(), empty


@pytest.mark.filterwarnings("ignore::toolkit.errors.ToolkitWarning")
@pytest.mark.parametrize("call", OF_FRAMES)
@pytest.mark.parametrize("frame", FRAMES)
def test_frames(frame, call):
    assert_gives_its_reasons(in_words(lambda: OF_FRAMES[call](FRAMES[frame])))


@pytest.mark.filterwarnings("ignore::toolkit.errors.ToolkitWarning")
@pytest.mark.parametrize("call", OF_SCALES)
@pytest.mark.parametrize("frame", FRAMES)
def test_scales(frame, call):
    assert_gives_its_reasons(in_words(lambda: OF_SCALES[call](answers_of(frame))))


def in_couples(n_couples, waves=2, share=0.0):
    rows = [(couple, role, wave) for couple in range(n_couples) for role in "ab" for wave in range(waves)]
    keys = pd.DataFrame(rows, columns=["couple", "role", "wave"])
    answers = likert(3, n=len(rows))
    answers = answers.mask(np.random.default_rng(4).random(answers.shape) < share)
    return pd.concat([keys.assign(person=keys["couple"].astype(str) + keys["role"]), answers], axis=1)


def with_one_person_in_wave_1(frame):
    return frame[(frame["wave"] == 0) | (frame["person"] == "0a")]


DESIGNS = {
    "one couple": in_couples(1),
    "two couples": in_couples(2),
    "three couples": in_couples(3),
    "a wave with one person": with_one_person_in_wave_1(in_couples(15)),
    "no roles": in_couples(15).drop(columns="role"),
    "one partner each": in_couples(15)[lambda one: one["role"] == "a"],
    "half missing": in_couples(15, share=0.5),
    "nine in ten missing": in_couples(15, share=0.9),
    "no couples": in_couples(15).drop(columns=["couple", "role"]),
}
OF_DESIGNS = {
    "reliability": lambda x: tk.reliability(x, wave=1),
    "reliability bootstrap": lambda x: tk.reliability(x, wave=0, ci="bootstrap", n_bootstrap=100, seed=1),
    "polychoric": lambda x: tk.polychoric(x, ["i0", "i1"], continuous=["my.last"], wave=0, missing="pairwise"),
    "retention": lambda x: tk.retention(x, wave=0, replications=3, random="both", seed=1),
    "efa": lambda x: tk.efa(x, n_factors=1, wave=0, missing="pairwise", n_bootstrap=100, seed=1),
    "key_audit": lambda x: tk.key_audit(x, wave=1),
    "item_analysis": lambda x: tk.item_analysis(x, wave=1),
    "attenuation": lambda x: tk.attenuation(x, wave=0),
    "icc of raters": lambda x: tk.icc(x, NAMES, wave=0),
    "icc over waves": lambda x: tk.icc(x, ["i0", "my.last"], over="wave"),
    "icc over waves by design": lambda x: tk.icc(x, "my.last", over="wave", degrees_of_freedom="design", cluster=None),
    "icc over roles": lambda x: tk.icc(x, "i0", over="role", wave=0, cluster="couple"),
    "kappa over roles": lambda x: tk.kappa(x, "i0", over="role", wave=0),
    "kappa over waves": lambda x: tk.kappa(x, ["i0", "i1"], over="wave", weights="linear"),
}


@pytest.mark.filterwarnings("ignore::toolkit.errors.ToolkitWarning")
@pytest.mark.parametrize("call", OF_DESIGNS)
@pytest.mark.parametrize("design", DESIGNS)
def test_couples_and_waves(design, call):
    frame = DESIGNS[design]
    keys = {key: key for key in ("person", "couple", "role", "wave") if key in frame.columns}
    scales = {"all": NAMES, "first": NAMES[:2], "last": NAMES[2:]}
    instrument = tk.instrument_from_keys(scales, min=1, max=5, id="my", min_answered=1)
    answers = tk.Responses.from_frame(frame, instrument, **keys)
    assert_gives_its_reasons(in_words(lambda: OF_DESIGNS[call](answers)))
