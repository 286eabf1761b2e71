"""The answers of a store as CSV with a codebook."""

import csv
import json
import os
import stat

import pytest

import toolkit as tk
from tests.builders import cells, my_scale, write_study
from tests.readers.test_store import (
    ORDER,
    STUDY,
    collection,
    filled,  # noqa: F401
    sit,
    take,
)
from tests.store.conftest import *  # noqa: F403
from toolkit.errors import ArgumentError, ResponsesError, StoreError
from toolkit.exchange.collected import export_answers
from toolkit.store import define

CODES = {"skipped": -91, "refused": -92, "not_applicable": -94, "not_shown": -95, "dropped_out": -97}


@pytest.fixture
def exported(url, filled, tmp_path):  # noqa: F811
    files = export_answers(url, tmp_path / "export")
    return {file.name: file for file in files}


def lines(file) -> list[dict]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def test_waves_and_diary_are_files_of_their_own_with_what_was_asked_there(exported):
    assert list(exported) == [
        "close_answers.csv",
        "close_diary.csv",
        "close_codebook.csv",
        "close_codebook.html",
        "close_codebook.json",
    ]
    answers, diary = lines(exported["close_answers.csv"]), lines(exported["close_diary.csv"])
    about = ["seconds", "seconds_per_item", "late"]
    questions = ["age", "check1", "gender", "comment"]
    assert list(answers[0]) == ["person", "couple", "role", "wave", "a1", "a2", "a3", *questions, *about]
    assert list(diary[0]) == ["person", "couple", "role", "wave", "day", "a1", *about]
    assert [(row["person"], row["day"], row["a1"]) for row in diary] == [("P001", "2", "6")]
    assert [row["a1"] for row in answers] == ["1", "2", "5"]
    assert [row["a2"] for row in answers] == ["-92", "3", "5"]
    assert [row["age"] for row in answers] == ["31", "-92", "44"]
    assert [row["gender"] for row in answers] == ["woman", "-97", "man"]


def test_formulas_are_neutralised(exported):
    assert lines(exported["close_answers.csv"])[0]["comment"].startswith("'=1+1; ')")


def test_the_codebook_says_what_every_column_and_code_means(exported):
    book = json.loads(exported["close_codebook.json"].read_text(encoding="utf-8"))
    assert book["title"] == "Close"
    described = {row["column"] for row in (*book["columns"], *book["items"])}
    named = {name for file in ("answers", "diary") for name in lines(exported[f"close_{file}.csv"])[0]}
    assert described == named
    codes = {row["reason"]: int(row["code"]) for row in book["missing"]}
    assert CODES.items() <= codes.items()
    notes = {row["column"]: row["note"] for row in book["columns"]}
    assert notes["gender"] == "Gender? (woman = Woman; man = Man)"
    assert notes["age"] == "How old? (16 to 110)"
    assert notes["check1"] == "Choose 3 (right: 3)"
    assert "<h1>Codebook: Close</h1>" in exported["close_codebook.html"].read_text(encoding="utf-8")


def test_an_export_can_be_read_back_with_its_reasons(url, exported):
    direct = tk.read_responses(url).occasion(day=0)
    keys = {name: name for name in ("person", "couple", "role", "wave")}
    missing = {code: reason for reason, code in CODES.items()}
    by_column = dict.fromkeys(("age", "check1", "gender", "comment"), missing)
    back = tk.read_responses(
        exported["close_answers.csv"], my_scale(), **keys, missing=missing, missing_by_column=by_column
    )
    direct = direct.keep(direct.frame["day"].notna().to_numpy())
    assert back.frame["a1"].tolist() == direct.frame["a1"].tolist()
    rows = dict(zip(direct.frame.index, back.frame.index, strict=True))
    assert {(rows[row], column, reason) for row, column, reason in cells(direct)} == cells(back)


@pytest.mark.skipif(os.name != "posix", reason="permissions of files are those of POSIX")
def test_files_are_their_owners_alone_also_when_they_are_written_again(url, exported):
    folder = exported["close_answers.csv"].parent
    for file in folder.iterdir():
        file.chmod(0o644)
    export_answers(url, folder)
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert sorted(file.name for file in folder.iterdir()) == sorted(exported)


def test_codes_lie_outside_every_range(open_store, tmp_path):
    url = f"sqlite:///{tmp_path}/answers.db"
    store = open_store(url)
    store.register("close", define([my_scale(min=-500, max=500)], collection=collection()))
    take(store, sit(store, store.walk_in("close"), order=ORDER), {"a1": -95, "a2": "!refused"})
    row = lines(export_answers(url, tmp_path / "export")[0])[0]
    assert (row["a1"], row["a2"], row["a3"]) == ("-95", "-992", "-991")


def test_nobodys_words_are_taken_for_a_code(open_store, tmp_path):
    url = f"sqlite:///{tmp_path}/answers.db"
    store = open_store(url)
    store.register("close", define([my_scale()], collection=collection()))
    for words in ("-91", "-993", "none"):
        take(store, sit(store, store.walk_in("close"), order=ORDER), {"a1": 2, "a2": "!refused", "comment": words})
    rows = lines(export_answers(url, tmp_path / "export")[0])
    assert [row["comment"] for row in rows] == ["-91", "-993", "none"]
    assert [row["a2"] for row in rows] == ["-9992"] * 3


def test_a_study_exports_its_own_store(open_store, tmp_path):
    study = tk.read_study(write_study(tmp_path, study=STUDY))
    store = open_store(study.spec.collection.store, folder=study.folder)
    with pytest.raises(ResponsesError, match="no answers yet"):
        export_answers(study, tmp_path / "export")
    assert not (tmp_path / "export").exists()
    take(store, sit(store, store.walk_in("close"), wave=None, order=["a1", "a2", "a3", "age"]), {"a1": 2, "age": 40})
    assert export_answers(study, tmp_path / "export")[0].name == "close_answers.csv"


def test_what_cannot_be_exported_is_told_in_words(open_store, tmp_path):
    url = f"sqlite:///{tmp_path}/answers.db"
    with pytest.raises(StoreError, match="there is no store"):
        export_answers(url, tmp_path)
    store = open_store(url)
    for name in ("one", "two"):
        store.register(name, define([my_scale()]))
        take(store, sit(store, store.walk_in(name), order=["a1"]), {"a1": 1})
    with pytest.raises(ArgumentError, match="2 studies"):
        export_answers(url, tmp_path / "export")
    with pytest.raises(StoreError, match="cannot be written to"):
        export_answers(url, tmp_path / "answers.db", study="one")
    assert export_answers(url, tmp_path / "export", study="two")[0].name == "two_answers.csv"
