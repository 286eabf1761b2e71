"""Designs are checked, files have places, and what is written can be read."""

import json
from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

import toolkit as tk
from toolkit.errors import ArgumentError, InstrumentError, StudyError, ToolkitError
from toolkit.simulation import Design, simulate, write_simulation

YAML = """instruments: [rws6, bur, day]
n_couples: 12
n_waves: 2
n_days: 3
seed: 4
couple_correlation: 0.2
missing: {mcar: 0.2, mar: 0.1, dropout: 0.3, missed_days: 0.2}
practice_group: {share: 0.5}
"""


def written(tmp_path, text=YAML):
    path = tmp_path / "simulation.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_a_design(tmp_path):
    made = simulate(written(tmp_path))
    assert repr(made) == "Simulated answers: 12 couples, 2 waves, 3 diary days, seed 4"
    assert made.design.couple_correlation.climate == 0.2
    assert len(made.frame) == 48
    assert len(made.diary) == 72
    assert simulate(str(tmp_path / "simulation.yaml"), n_couples=3, n_waves=1, n_days=0).diary is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("n_couple: 3", r"line 9.*unknown key 'n_couple'.*Did you mean 'n_couples'"),
        ("paths: {carry: 1}", r"unknown key 'carry'.*carry_over"),
        ("loading: 1.5", "line 9"),
        ("careless: {random: 0.9, drifting: 0.2}", "more than 1"),
        ("change: {withholdin: 1}", "line 9"),
        ("diary: {wave: 3}", "2 waves"),
        ("stability: 1", "stability"),
    ],
)
def test_faults_have_places(tmp_path, line, message):
    with pytest.raises(StudyError, match=message):
        simulate(written(tmp_path, YAML + line + "\n"))


def test_twice_the_same_key_is_a_fault(tmp_path):
    with pytest.raises(StudyError, match="twice"):
        simulate(written(tmp_path, YAML + "seed: 5\n"))


def test_constructor_and_overrides():
    with pytest.raises(ValidationError):
        Design(n_couples=0)
    with pytest.raises(ArgumentError, match="n_couples"):
        simulate("rws", n_couples=0)
    with pytest.raises(ArgumentError, match="design"):
        simulate(Design(), design=Design())
    with pytest.raises(ArgumentError, match="name an instrument"):
        simulate([])
    with pytest.raises(ArgumentError, match="what is int"):
        simulate(3)
    with pytest.raises(InstrumentError, match="Did you mean 'rws'"):
        simulate("rwss")


def test_what_can_be_simulated(tmp_path):
    (tmp_path / "answers.csv").write_text("person\n1\n", encoding="utf-8")
    study = tmp_path / "study.yaml"
    text = "study: s\ntitle: t\ndata: [{file: answers.csv}]\ninstruments: [{id: ecr, range: [1, 5]}]\nseed: 9\n"
    study.write_text(text, encoding="utf-8")
    for what in (study, tk.read_study(study)):
        made = simulate(what, n_couples=30)
        assert made.design.seed == 9
        assert made.frame["ecr1"].max() == 5
    assert simulate(tk.instrument("rws"), n_couples=2).design.instruments == ["rws"]
    assert simulate(["rws", tk.instrument("bur")], n_couples=2).frame.shape == (4, 6 + 18 + 8)
    assert simulate(Path("rws"), n_couples=2).frame.shape == (4, 6 + 18)
    assert simulate(Design(n_couples=2)).frame.shape == (4, 6 + 117)


def test_an_instrument_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.yaml"
    text = "id: mine\ntitle: Mine\nstatus: keys-only\nlicence: x\nsource: {citation: x}\n"
    text += "response: {r: {min: 0, max: 3}}\nitems: [{id: m1, response: r}, {id: m2, response: r}]\n"
    path.write_text(text + "scales: {s: {items: [m1, m2]}}\n", encoding="utf-8")
    assert simulate(path, n_couples=2).frame["m1"].between(0, 3).all()
    made = simulate(written(tmp_path, "instruments: [./mine.yaml, rws6]\nn_couples: 2\n"))
    assert {"m1", "rws01"} <= set(made.frame)


def test_days_are_asked_where_a_daily_instrument_is():
    assert simulate("day", n_couples=2).diary["day"].max() == 7
    assert simulate("rws", n_couples=2).diary is None
    assert simulate("rws", n_couples=2, n_days=2).diary.shape == (4 * 2, 7 + 10)
    with pytest.raises(ArgumentError, match="nothing is asked"):
        simulate("day", n_days=0)


def test_parts():
    made = simulate("day", n_couples=2)
    assert made.responses("diary").keys == ("person", "couple", "role", "wave", "day")
    with pytest.raises(ArgumentError, match="'diary'"):
        made.responses()
    with pytest.raises(ArgumentError, match="Did you mean 'diary'"):
        made.responses("diarys")


def test_an_item_named_like_a_key_is_refused():
    with pytest.raises(ArgumentError, match="'age'"):
        simulate(tk.instrument_from_keys({"a": ["age", "x"]}, min=1, max=5))


def test_what_is_written_can_be_read(tmp_path):
    made = simulate(written(tmp_path))
    paths = write_simulation(tmp_path / "simulation.yaml", tmp_path)
    assert all(path.is_file() for path in paths)
    options = {name: name for name in ("person", "couple", "role", "wave")}
    r = tk.read_responses(tmp_path / "responses.csv", ["rws6", "bur"], **options, missing=made.codes)
    assert r.frame[list(r.items)].equals(made.responses().frame[list(r.items)])
    d = tk.read_responses(tmp_path / "diary.csv", "day", **options, day="day", missing=made.codes)
    assert d.reasons["reason"].value_counts().equals(made.diary_reasons["reason"].value_counts())
    assert set(r.frame["group"]) == {"practice", "comparison"}


def test_the_files_say_that_they_are_simulated(tmp_path):
    write_simulation(written(tmp_path), tmp_path)
    label = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert label["simulated"] is True
    assert Design.model_validate(label["design"]) == simulate(tmp_path / "simulation.yaml").design
    book = pd.read_csv(tmp_path / "codebook.csv", keep_default_na=False).set_index(["file", "column"])
    assert book.loc[("responses.csv", "rws01"), "kind"] == "item (simulated)"
    assert book.loc[("diary.csv", "day"), "kind"] == "key"
    assert "above " in book.loc[("responses.csv", "bur01"), "thresholds"]
    for name in ("responses.csv", "diary.csv"):
        frame = pd.read_csv(tmp_path / name)
        columns = [column for file, column in book.index if file == name]
        assert sorted(frame.columns) == sorted(columns)
        assert all(kind.kind in "iO" or str(kind) == "str" for kind in frame.dtypes)


def test_codes_lie_outside_every_range():
    wide = tk.instrument_from_keys({"a": ["x1"]}, min=-100, max=100)
    assert max(simulate([wide, "bur"], n_couples=1).codes) == -101
    assert max(simulate("bur", n_couples=1).codes) == -91


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ToolkitError, match="cannot be written"):
        simulate("rws", n_couples=1).write(tmp_path / "file")


def test_paths_list_every_number_of_the_design(tmp_path):
    paths = simulate(written(tmp_path)).truth["paths"].set_index("name")["value"]
    assert paths["withholding_on_climate_actor"] == -0.35
    assert paths["practice_group.effect"] == 1.0
    assert paths["missing.mar.rate"] == 0.1
    assert paths.index.is_unique
