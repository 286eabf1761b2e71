"""The sample studies are what their READMEs say."""

import hashlib
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

import toolkit as tk
from tests.conftest import ROOT

DEMO = ROOT / "data" / "couples_demo"
BY_HAND = {"README.md", "simulation.yaml", "study.yaml", "diary.yaml"}
FILES = sorted((ROOT / "data").glob("*/*.yaml"))
STUDIES = [path for path in FILES if re.search(r"^study:", path.read_text(encoding="utf-8"), flags=re.MULTILINE)]


def checksums(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_one_command_rebuilds_the_demo_byte_for_byte(tmp_path):
    from toolkit.simulation import write_simulation

    shutil.copy(DEMO / "simulation.yaml", tmp_path)
    write_simulation(tmp_path / "simulation.yaml", tmp_path)
    built = checksums(tmp_path)
    committed = {name: value for name, value in checksums(DEMO).items() if name not in BY_HAND}
    assert committed == {name: value for name, value in built.items() if name not in BY_HAND}


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_study_reads_and_has_a_codebook_and_a_citation_or_says_simulated(study):
    loaded = tk.read_study(study)
    described = set(pd.read_csv(study.parent / "codebook.csv")["column"])
    assert {item for one in loaded.instruments for item in one.item_ids} <= described
    assert (study.parent / "README.md").is_file()
    if not loaded.spec.data:
        assert loaded.spec.collection
        return
    assert len(tk.read_responses(loaded).frame)
    assert loaded.spec.simulated or loaded.spec.citation
    assert loaded.spec.simulated == ("imulated" in loaded.title)


def test_the_demo_holds_all_new_instruments_and_150_couples():
    responses = tk.read_responses(tk.read_study(DEMO))
    assert responses.frame["couple"].nunique() == 150
    assert responses.frame.groupby("person").size().max() == 3
    new = set(tk.instruments().query("status == 'new'")["id"]) - {"has10", "rws6", "day"}
    assert {one.id for one in responses.instruments} == new
    diary = tk.read_responses(tk.read_study(DEMO / "diary.yaml"))
    assert diary.frame.groupby("person").size().max() == 7


def test_signs_of_the_theory_are_in_the_demo():
    responses = tk.read_responses(tk.read_study(DEMO)).occasion(wave=1)
    r = tk.correlations(responses, ["bar.total", "rws.total", "has.total", "rel.benefit", "rel.cost"]).tables["matrix"]
    r = r.set_index("variable")
    assert r.loc["bar.total", "rws.total"] > 0.15
    assert r.loc["rws.total", "rel.benefit"] < -0.15
    assert r.loc["has.total", "rel.benefit"] > 0
    assert r.loc["rel.benefit", "rel.cost"] < -0.3
