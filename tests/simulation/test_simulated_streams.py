"""Every value comes from one seed, and from a stream of its own."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

import toolkit as tk
from toolkit.simulation import Design, simulate, write_simulation

SPEC = {
    "missing": {"mcar": 0.05, "mar": 0.05, "dropout": 0.1, "missed_days": 0.1},
    "careless": {"straight_lining": 0.1, "random": 0.1, "drifting": 0.2},
    "practice_group": {"share": 0.5},
}
DESIGN = Design(**SPEC)
YAML = """
instruments: [rws6, aps, day]
n_couples: 20
n_waves: 2
n_days: 2
seed: 5
missing: {mcar: 0.1, dropout: 0.1}
careless: {random: 0.1}
practice_group: {share: 0.5}
"""


def made(what, **options):
    return simulate(what, design=DESIGN, **{"n_couples": 100, "n_waves": 2, **options})


def assert_kept(before, after):
    """Every column of the frame before is the same after."""
    common = list(before.columns)
    assert before.reset_index(drop=True).equals(after[common].reset_index(drop=True))


def keys(**scales):
    return tk.instrument_from_keys(scales, min=1, max=5)


def test_the_seed_decides():
    assert made("rws").frame.equals(made("rws").frame)
    assert not made("rws").frame.equals(made("rws", seed=1).frame)


def test_adding_an_item_changes_no_other_column():
    before = made(keys(a=["q1", "q2"], b=["q3", "-q4"])).frame
    assert_kept(before, made(keys(a=["q0", "q1", "q9", "q2"], b=["q3", "-q4", "q5"])).frame)


def test_adding_a_scale_changes_no_other_column():
    before = made(keys(a=["q1", "q2"])).frame
    assert_kept(before, made(keys(z=["q7"], a=["q1", "q2"])).frame)


def test_adding_an_instrument_changes_no_other_column():
    before = made("rws", n_days=0)
    after = made(["ecr", "has", "rws", "bar", "aps"], n_days=3)
    assert_kept(before.frame, after.frame)
    assert_kept(before.truth["persons"], after.truth["persons"])
    assert_kept(made(["day"], n_days=3).diary, after.diary)


def test_a_short_form_has_the_answers_of_the_full_form():
    short, full = made("rws6"), made("rws")
    assert_kept(short.frame, full.frame)
    assert_kept(made("has10").frame, made("has").frame)


@pytest.mark.parametrize("what", ["rws", ["rel", "day"]])
def test_adding_couples_keeps_the_couples_that_were_there(what):
    before, after = made(what, n_couples=60), made(what, n_couples=100)
    assert_kept(before.frame, after.frame[after.frame["couple"] <= 60])
    assert_kept(before.truth["persons"], after.truth["persons"].query("couple <= 60"))
    if before.diary is not None:
        assert_kept(before.diary, after.diary[after.diary["couple"] <= 60])


def test_adding_waves_and_days_keeps_those_that_were_there():
    before, after = made(["rws", "day"], n_days=2), made(["rws", "day"], n_waves=4, n_days=5)
    assert_kept(before.frame, after.frame[after.frame["wave"] <= 2])
    assert_kept(before.diary, after.diary[after.diary["day"] <= 2])


def test_missing_answers_and_careless_respondents_change_no_other_answer():
    clean = simulate("rws", n_couples=100, n_waves=2).frame
    spoilt = made("rws")
    attentive = spoilt.truth["careless"].set_index("person")["kind"].eq("attentive")
    kept = spoilt.frame["person"].map(attentive).to_numpy() & spoilt.frame["rws01"].notna().to_numpy()
    assert (clean["rws01"][kept] == spoilt.frame["rws01"][kept]).all()
    assert 0 < kept.sum() < len(kept)


def checksums(folder: Path):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_another_process_writes_the_same_bytes(tmp_path):
    (tmp_path / "simulation.yaml").write_text(YAML, encoding="utf-8")
    here, there = tmp_path / "here", tmp_path / "there"
    write_simulation(tmp_path / "simulation.yaml", here)
    code = f"from toolkit.simulation import *; write_simulation({str(tmp_path / 'simulation.yaml')!r}, {str(there)!r})"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONHASHSEED": "42"})
    assert checksums(here) == checksums(there)
    assert {"responses.csv", "diary.csv", "codebook.csv", "truth.json", "truth/persons.csv"} <= set(checksums(here))


def test_the_values_of_a_seed_are_fixed():
    """A changed stream would silently change every simulated file: these numbers change with a new version only."""
    frame = simulate(["rws", "day"], n_couples=3, n_days=1, seed=1)
    assert frame.frame["rws01"].tolist() == FIXED["rws01"]
    assert frame.diary["day01"].tolist() == FIXED["day01"]


FIXED = {"rws01": [1, 2, 0, 0, 4, 2], "day01": [3, 6, 5, 6, 2, 2]}
