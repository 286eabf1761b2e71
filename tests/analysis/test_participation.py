from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.collected import FOREVER, RWS, START, STOP, STUDY, collect
from tests.conftest import ROOT
from toolkit.analysis.participation_rows import from_answers
from toolkit.analysis.participation_tables import _held_back
from toolkit.errors import ArgumentError, StoreError
from toolkit.store import Store

N = 32  # invited persons


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return collect(tmp_path_factory.mktemp("collected"))


@pytest.fixture(scope="module")
def found(study):
    return tk.participation(study)


@pytest.fixture(scope="module")
def demo():
    return tk.participation(ROOT / "data" / "couples_demo")


def test_flow_from_invited_to_analysed(found):
    table = found.to_frame().set_index("stage")
    assert table["n"].to_dict() == {"invited": 32, "consented": 29, "opened": 28, "submitted": 22, "analysed": 28}
    assert table["n_lost"].tolist() == [0, 2, 1, 6, 0]
    assert table["n_withdrew"].tolist() == [0, 1, 0, 0, 0]
    assert table["n_joined"].tolist() == [0, 0, 0, 0, 6], "half of a scale is enough for a score"
    assert table.loc["submitted", "share"] == 22 / N
    assert table.loc["invited", "n_couples"] == 16
    sent = found.cases[found.cases["submitted"]].drop_duplicates("person").groupby("couple").size()
    assert table.loc["submitted", "n_couples"] == (sent == 2).sum() == 11
    assert found.settings["n_withdrawn"] == 1


def test_losses_and_the_withdrawn_add_up(found):
    table = found.to_frame()
    n = table["n"].to_numpy()
    left = n[:-1] - table["n_lost"].to_numpy()[1:] + table["n_joined"].to_numpy()[1:]
    left -= table["n_withdrew"].to_numpy()[1:]
    assert left.tolist() == n[1:].tolist()


def test_the_sentence_tells_the_flow(found):
    text = found.sentence()
    for words in (
        "32 persons were invited",
        "29 agreed",
        "28 opened the questionnaire",
        "1 withdrew",
        "in 11 couples",
        "Of 3 diary days",
    ):
        assert words in text


def test_completion_of_each_planned_occasion(found):
    table = found.to_frame("completion")
    assert list(zip(table["wave"], table["day"].fillna(""), strict=True)) == [
        ("1", ""),
        ("1", "1"),
        ("1", "2"),
        ("1", "3"),
        ("2", ""),
    ]
    assert table.loc[0, ["n_expected", "n_opened", "n_submitted"]].tolist() == [29, 28, 22]
    np.testing.assert_allclose(table["share"], table["n_submitted"] / 29)
    cases = found.cases
    assert table.loc[0, "n_late"] == cases.loc[cases["day"].isna() & (cases["wave"] == "1"), "late"].sum()


def test_an_occasion_that_has_not_opened_is_expected_of_nobody(study):
    before = tk.participation(study, now=lambda: START + timedelta(days=1))
    table = before.to_frame("completion")
    assert table["n_expected"].tolist()[0] == 29
    assert table["n_expected"].tolist()[1] == 29, "the first day of the diary"
    assert table["open_for"].tolist()[:2] == ["all who agreed"] * 2
    later = table.iloc[2:]
    assert (later["n_expected"] == later["n_opened"]).all(), "who answers before its time is expected all the same"


def test_a_study_on_its_first_day(tmp_path):
    text = STUDY.replace("opens: 14", "opens: 2099-03-01")
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    store = Store.open("sqlite:///answers.db", folder=tmp_path)
    invited = store.invite("collected", 2, couples=True, roles=["a", "b"], expires_at=FOREVER)
    for one in invited[:3]:
        person = store.admit("collected", one.token)
        store.consent(person.number, version="1", language="en", text_checksum="x")
        sitting = store.sit(person.number, wave="1", day=None, order=RWS, lease="page")
    store.close()
    blank = tk.participation(tmp_path)
    assert blank.to_frame()["n"].tolist() == [4, 3, 3, 0, 0]
    assert blank.settings["has_answers"] is False
    assert "Nobody has answered anything yet." in blank.sentence()
    assert "3 occasions opened, 0 submitted" in blank.sentence()
    assert "wave 2 is not open yet" in blank.sentence()
    table = blank.to_frame("completion").set_index(["wave", "day"])
    assert table["open_for"].tolist() == ["all who agreed", *["not open yet"] * 3, "not open yet (opens 2099-03-01)"]
    assert table["share"].isna().tolist() == [False, True, True, True, True]
    assert "Wave 2: not open yet" in blank.plot("completion").alt
    assert sitting.number == 3


def test_dates_have_no_gaps_and_add_up(found):
    table = found.to_frame("dates")
    days = pd.to_datetime(table["date"])
    assert (days.diff().dropna() == pd.Timedelta(days=1)).all()
    assert table["n_opened"].sum() == len(found.cases)
    assert table["submitted_so_far"].iloc[-1] == found.cases["submitted"].sum()


def test_drop_out_is_where_people_stopped(found):
    table = found.to_frame("dropout")
    wave = table[table["part"] == "wave 1"].set_index("item")
    assert wave.loc[STOP, "n_stopped"] == 6
    assert wave["n_stopped"].sum() == 6
    assert wave["still"].iloc[-1] == pytest.approx(22 / 28)
    assert (np.diff(table.groupby("part")["still"].last()) <= 1).all()
    assert set(table["part"]) == {"wave 1", "wave 1 diary", "wave 2"}


def test_few_who_stopped_are_not_told(tmp_path):
    table = tk.participation(collect(tmp_path, 6, stopping=3)).to_frame("dropout")
    assert (table["n_stopped"] == 0).all()
    assert (table["still"] == 1).all()
    told = tk.participation(tmp_path, smallest_cell=2).to_frame("dropout")
    assert told["n_stopped"].sum() == 3


@pytest.mark.parametrize(
    ("stopped", "expected"),
    [([0, 2, 2, 2, 0, 4], [0, 0, 0, 6, 0, 0]), ([5, 0, 1], [5, 0, 0]), ([0, 0], [0, 0]), ([3, 9, 5], [0, 12, 5])],
)
def test_steps_wait_for_enough_people(stopped, expected):
    assert _held_back(np.array(stopped), 5).tolist() == expected


def test_times_of_items_pages_and_occasions(found):
    table = found.to_frame("times")
    items = table[table["kind"] == "item"].set_index("name")
    assert items.loc["rws01", "n"] == items.loc["age", "n"] + (found.cases["wave"] == "2").sum()
    assert items["median"].between(1.5, 6).all()
    assert ((table["q1"] <= table["median"]) & (table["median"] <= table["q3"])).all()
    pages = table[table["kind"] == "page"].set_index("name")
    assert pages.loc["wave 1, page 1", "n"] == 28
    whole = table[table["kind"] == "occasion"].set_index("name")
    assert whole.loc["wave 1", "n"] == 28
    assert list(items.index[:3]) == ["age", "rws01", "rws02"], "items stand in the order in which they were shown"


def test_times_of_few_are_not_told(study):
    table = tk.participation(study, smallest_cell=25).to_frame("times").set_index("name")
    assert np.isnan(table.loc["wave 2", "median"])
    assert pd.isna(table.loc["wave 2", "n"])
    assert table.loc["wave 1", "n"] == 28


def test_diary_compliance(found):
    table = found.to_frame("compliance")
    assert table["n"].sum() == 29
    completed = found.to_frame("completion").dropna(subset=["day"])
    mean = completed["n_submitted"].sum() / 29
    assert f"submitted {mean:.1f} on average ({100 * mean / 3:.1f}% of those that have opened)" in found.sentence()


def test_another_store_can_be_named(study, tmp_path, found):
    copy = tmp_path / "copy.db"
    copy.write_bytes((study.parent / "answers.db").read_bytes())
    copy.chmod(0o600)
    pd.testing.assert_frame_equal(tk.participation(study, store=f"sqlite:///{copy}").to_frame(), found.to_frame())


def test_a_store_without_answers(tmp_path):
    study = collect(tmp_path, 3, stopping=0)
    other = Store.open("sqlite:///empty.db", folder=tmp_path)
    other.close()
    empty = tk.participation(study, store=f"sqlite:///{tmp_path}/empty.db")
    assert empty.to_frame()["n"].eq(0).all()
    assert empty.to_frame("dropout").empty
    for kind in ("flow", "completion", "dates", "dropout", "times", "diary"):
        assert empty.plot(kind).alt.endswith(".")
    with pytest.raises(StoreError):
        tk.participation(study, store=f"sqlite:///{tmp_path}/none.db")


def test_answers_alone(demo):
    table = demo.to_frame().set_index("stage")
    assert list(table.index) == ["in_data", "started", "submitted", "analysed"]
    assert table["n"].tolist() == [300] * 4
    completed = demo.to_frame("completion")
    assert completed["n_submitted"].tolist() == [300, 283, 265]
    assert completed["n_couples"].tolist() == [150, 135, 118]
    notes = demo.fit.set_index("model")["note"]
    assert "invitations" in notes["flow"]
    assert notes["dates"] == "no dates are known from answers"
    assert notes["times"] == "no response times were kept"
    assert "94.3% at wave 2" in demo.sentence()


def test_answers_end_where_reasons_say_so():
    raw = pd.DataFrame({"a": [1, 1, 1, -9], "b": [2, -9, -1, -9], "c": [3, -9, -1, -9]})
    keys = tk.instrument_from_keys({"f": ["a", "b", "c"]}, min=1, max=5, id="my")
    rows = from_answers(tk.Responses.from_frame(raw, keys, missing={-9: "dropped_out", -1: "skipped"})).rows
    assert rows["last"].tolist() == [3, 1, 1]
    assert rows["submitted"].tolist() == [True, False, True]


def test_persons_do_not_leave_the_machine(found):
    assert "P001" in set(found.cases["person"])
    assert "P001" not in found.to_json() + found._repr_html_() + found.summary()
    for kind in ("flow", "completion", "dates", "dropout", "times", "diary"):
        assert "P001" not in found.plot(kind).svg()


def test_smallest_cell_is_checked(study):
    with pytest.raises(ArgumentError, match="smallest_cell"):
        tk.participation(study, smallest_cell=0)


def test_quality_of_collected_answers(study):
    collected = tk.read_responses(tk.read_study(study)).first_occasion(wave=1, day=0)
    result = tk.quality(collected, instructed={"check1": 3})
    table = result.to_frame().set_index("index")
    assert table.loc["missed", "n"] == 28
    assert table.loc["too_fast", "meaning"].startswith("median seconds")
    assert "check1" not in result.settings["items"]
