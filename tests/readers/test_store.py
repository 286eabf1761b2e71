"""The URL of a store → Responses, with the reasons of what is missing."""

from datetime import UTC, datetime

import pytest

import toolkit as tk
from tests.builders import assert_each_empty_cell_has_one_reason, my_scale, write_study
from tests.store.conftest import *  # noqa: F403 - the same two databases
from toolkit.collection import Collection
from toolkit.errors import ArgumentError, NoAnswers, ResponsesError, StoreError
from toolkit.readers.store import _Asked, _read
from toolkit.store import Answer, define

FOREVER = datetime(2099, 1, 1, tzinfo=UTC)
NASTY = "=1+1; '); DROP TABLE answers; -- <b>ü</b>\r\n\u202e"
COLLECTION = {
    "consent": {"version": "1", "text": "Yes?"},
    "questions": [
        {"id": "age", "kind": "number", "text": "How old?", "min": 16, "max": 110},
        {"id": "gender", "kind": "choice", "text": "Gender?", "options": {"woman": "Woman", "man": "Man"}},
        {"id": "comment", "kind": "text", "text": "Anything?"},
    ],
    "instructed": [{"id": "check1", "instrument": "my", "text": "Choose 3", "answer": 3}],
}
ORDER = ["a1", "a2", "a3", "age", "gender", "comment", "check1"]
DIARY = ["a1"]


def collection(**more) -> Collection:
    return Collection.model_validate({**COLLECTION, **more})


def take(store, sitting, given: dict, *, submit: bool = True, late: bool = False) -> None:
    """Give answers: numbers, texts, or reasons written as `!reason`; then submit."""
    for sequence, (item, value) in enumerate(given.items(), start=1):
        kind = "value" if isinstance(value, int) else "reason" if value.startswith("!") else "text"
        content = value[1:] if kind == "reason" else value
        answer = Answer(item, milliseconds=sequence * 1000, **{kind: content})
        assert store.save(sitting.number, answer, lease="page", sequence=sequence) == "saved"
    if submit:
        assert store.submit(sitting.number, lease="page", late=late) == "saved"


def sit(store, person, *, wave="1", day=None, order=tuple(ORDER)):
    return store.sit(person.number, wave=wave, day=day, order=order, lease="page")


@pytest.fixture
def filled(store):
    """A couple (both joined), and a person who has not joined their partner; the first one keeps a diary."""
    store.register("close", define([my_scale()], title="Close", collection=collection(closes="2020-01-01")))
    made = store.invite("close", 2, couples=True, roles=("wife", "husband"), expires_at=FOREVER)
    one, other, third = (store.admit("close", invitation.token) for invitation in made[:3])
    assert store.join(one.number, made[0].couple_code)
    assert store.join(other.number, made[1].couple_code)
    first = {"a1": 1, "a2": "!refused", "a3": "!not_applicable", "age": 31, "gender": "woman", "comment": NASTY}
    take(store, sit(store, one), {**first, "check1": 3}, late=True)
    take(store, sit(store, one, day="2", order=DIARY), {"a1": 6})
    take(store, sit(store, other), {"a1": 2, "a2": 3, "a3": 4, "age": "!refused"}, submit=False)
    take(store, sit(store, third), {"a1": 5, "a2": 5, "a3": 5, "age": 44, "gender": "man"})
    return made


def test_everything_that_was_collected_is_read(url, filled):
    r = tk.read_responses(url)
    assert r.keys == ("person", "couple", "role", "wave", "day")
    assert r.items == ("a1", "a2", "a3")
    assert r.covariates == ("age", "check1", "gender", "comment", "seconds", "seconds_per_item", "late")
    assert r.instruments == (my_scale(),)
    frame = r.frame
    assert frame["person"].tolist() == ["P001", "P001", "P002", "P003"]
    assert frame["couple"].tolist() == ["C001", "C001", "C001", "P003 alone"]
    assert frame["role"].tolist() == ["wife", "wife", "husband", "wife"]
    assert frame["wave"].tolist() == [1, 1, 1, 1]
    assert frame["wave"].dtype == "int64"
    assert frame["day"].tolist() == [0, 2, 0, 0]
    assert frame["a1"].tolist() == [1, 6, 2, 5]
    assert str(frame["a1"].dtype).startswith("Int")
    assert frame["comment"].tolist()[0] == NASTY
    assert frame["age"].tolist()[::3] == [31, 44]
    assert frame["check1"].tolist()[0] == 3
    assert frame["late"].tolist() == [True, False, False, False]
    assert frame["seconds"].tolist() == [28.0, 1.0, 10.0, 15.0]
    assert frame["seconds_per_item"].tolist() == [4.0, 1.0, 2.5, 3.0]
    assert_each_empty_cell_has_one_reason(r)


def test_the_reasons_of_missing_answers_are_kept(url, filled):
    r = tk.read_responses(url)
    found = {(row, column): reason for row, column, reason in r.reasons.astype(object).itertuples(index=False)}
    assert found == {
        (0, "a2"): "refused",
        (0, "a3"): "not_applicable",
        **{(1, name): "not_shown" for name in ORDER[1:]},
        (2, "age"): "refused",
        **{(2, name): "dropped_out" for name in ("gender", "comment", "check1")},
        **{(3, name): "skipped" for name in ("comment", "check1")},
    }
    lines = {(line.column, line.detail): line.n_cells for line in r.log.itertuples()}
    assert lines["a2", "refused"] == 1
    assert lines["a2", "not_shown"] == 1
    assert lines["couple", "not joined to a partner: a couple of their own"] == 1
    assert lines["day", "occasions outside the diary: 0"] == 3
    assert "unknown" not in set(r.log["detail"])


def read_at(store, moment):
    """Read what a store holds, as it would be read at another moment."""
    store._now = lambda: moment
    asked = store.definition("close")
    return _read(store, _Asked("close", asked.instruments, asked.collection))


WEEK = [{"wave": 1, "instruments": ["my"], "closes": 7}, {"wave": 2, "instruments": ["my"], "opens": 20}]


def test_nobody_has_dropped_out_of_an_occasion_that_is_open(store):
    store.register("close", define([my_scale()], collection=collection(occasions=WEEK, timezone="Europe/Berlin")))
    midway, blank = (store.walk_in("close") for _ in range(2))
    for person in (midway, blank):
        store.consent(person.number, version="1", language="en", text_checksum="x")
    for wave in ("1", "2"):
        take(store, sit(store, midway, wave=wave, order=["a1", "a2", "a3"]), {"a1": 1}, submit=False)
        sit(store, blank, wave=wave, order=["a1", "a2", "a3"])
    before, after = (datetime(2026, 12, 8, hour, 59, tzinfo=UTC) for hour in (22, 23))
    still, over = read_at(store, before), read_at(store, after)
    assert list(zip(still.frame["person"], still.frame["wave"], strict=True)) == [("P001", 1), ("P001", 2)]
    assert set(still.reasons.loc[still.reasons["column"] == "a2", "reason"]) == {"unknown"}
    opened = still.log[still.log["action"] == "occasion still open"]
    assert opened["n_cells"].tolist() == [2, 2]
    assert opened["detail"].str.contains("no row").tolist() == [False, True]
    assert list(zip(over.frame["person"], over.frame["wave"], strict=True)) == [("P001", 1), ("P001", 2), ("P002", 1)]
    assert over.reasons.loc[over.reasons["column"] == "a2", "reason"].tolist() == [
        "dropped_out",
        "unknown",
        "dropped_out",
    ], "wave 2 never closes"
    assert_each_empty_cell_has_one_reason(over)


def test_what_was_submitted_or_refused_is_a_row_of_an_open_occasion(store):
    store.register("close", define([my_scale()], collection=collection()))
    sent, refusing, cleared = (store.walk_in("close") for _ in range(3))
    take(store, sit(store, sent, wave=None, order=["a1"]), {})
    take(store, sit(store, refusing, wave=None, order=["a1", "a2"]), {"a1": "!refused"}, submit=False)
    sitting = sit(store, cleared, wave=None, order=["a1"])
    store.save(sitting.number, Answer("a1"), lease="page", sequence=1)
    r = read_at(store, datetime(2026, 12, 2, tzinfo=UTC))
    assert r.frame["person"].tolist() == ["P001", "P002"]
    assert r.reasons.loc[r.reasons["column"].isin(["a1", "a2"]) & (r.reasons["row"] == 1), "reason"].tolist() == [
        "refused",
        "unknown",
    ]


def test_times_are_measured_and_never_groups(url, filled):
    r = tk.read_responses(url).occasion(day=0)
    found = tk.describe(r)
    assert not {"seconds", "seconds_per_item"} & set(found.to_frame("groups")["covariate"])
    assert {"seconds", "seconds_per_item"} <= set(found.to_frame().query("kind == 'covariate'")["variable"])


def test_analyses_take_what_a_store_gives(url, filled):
    r = tk.read_responses(url).occasion(day=0)
    assert tk.score(r)["my.main"].notna().sum() == 2
    assert "P001" not in str(tk.describe(r).summary())


def test_nothing_that_opens_a_session_is_read(url, filled):
    told = tk.read_responses(url).frame.to_csv()
    for invitation in filled:
        for secret in (invitation.token, invitation.couple_code, invitation.withdrawal_code):
            assert secret not in told


def test_people_without_couples_have_neither_couple_nor_role_nor_day(url, store):
    store.register("close", define([my_scale()]))
    for value in (1, 4):
        take(store, sit(store, store.walk_in("close"), wave=None, order=["a1", "a2", "a3"]), {"a1": value})
    r = tk.read_responses(url)
    assert r.keys == ("person",)
    assert r.covariates == ("seconds", "seconds_per_item"), "nobody was late"
    assert r.frame["a1"].tolist() == [1, 4]


def test_waves_with_names_stay_text(url, store):
    store.register("close", define([my_scale()]))
    person = store.walk_in("close")
    for wave in ("1", "follow-up", "01"):
        take(store, sit(store, person, wave=wave, order=["a1", "a2", "a3"]), {"a1": 1})
    assert tk.read_responses(url).frame["wave"].tolist() == ["1", "follow-up", "01"]


def test_answers_that_were_never_timed_have_no_times(url, store):
    store.register("close", define([my_scale()]))
    sitting = sit(store, store.walk_in("close"), order=["a1", "a2", "a3"])
    store.save(sitting.number, Answer("a1", 1), lease="page", sequence=1)
    r = tk.read_responses(url)
    assert r.frame[["seconds", "seconds_per_item"]].isna().all(axis=None)
    assert_each_empty_cell_has_one_reason(r)


def test_the_times_on_pages_are_the_time_of_a_row(url, store):
    store.register("close", define([my_scale()]))
    sitting = sit(store, store.walk_in("close"), order=["a1", "a2", "a3"])
    store.place(sitting.number, 1, 61_500, lease="page", sequence=1)
    take(store, sitting, {"a1": 1})
    assert tk.read_responses(url).frame["seconds"].tolist() == [61.5]


def test_items_that_the_study_no_longer_has_are_logged(url, store):
    store.register("close", define([my_scale()]))
    take(store, sit(store, store.walk_in("close"), order=["a1", "old"]), {"a1": 1, "old": 2})
    r = tk.read_responses(url)
    assert "old" not in r.frame
    assert r.log.loc[r.log["column"] == "old", ["action", "n_cells"]].values.tolist() == [["not read", 1]]


def test_the_definition_that_was_registered_last_is_used(url, store):
    for one in (my_scale(max=4), my_scale(max=6), my_scale(max=4), my_scale(max=6)):
        store.register("close", define([one]))
    take(store, sit(store, store.walk_in("close"), order=["a1"]), {"a1": 6})
    assert tk.read_responses(url).declared("a1") == (1, 6)


def test_instruments_can_be_given_in_place_of_those_registered(url, store):
    take(store, sit(store, store.walk_in("close"), order=["a1", "a2", "a3"]), {"a1": 6})
    with pytest.raises(ResponsesError, match="does not say what the study 'close' asked"):
        tk.read_responses(url)
    assert tk.read_responses(url, my_scale()).frame["a1"].tolist() == [6]
    with pytest.raises(ResponsesError, match="6"):
        tk.read_responses(url, my_scale(max=4))


def test_one_of_several_studies_is_named(url, store):
    for name, value in (("one", 1), ("two", 2)):
        store.register(name, define([my_scale()]))
        take(store, sit(store, store.walk_in(name), order=["a1"]), {"a1": value})
    with pytest.raises(ArgumentError, match=r"2 studies \('one', 'two'\); say which: .*study='one'"):
        tk.read_responses(url)
    assert tk.read_responses(url, study="two").frame["a1"].tolist() == [2]
    with pytest.raises(ArgumentError, match=r"no study 'tow'.*two"):
        tk.read_responses(url, study="tow")


def test_a_store_without_answers_says_so(url, store):
    with pytest.raises(ResponsesError, match="holds no study yet"):
        tk.read_responses(url)
    store.register("close", define([my_scale()]))
    with pytest.raises(ResponsesError, match=r"'close' in the store .* has no answers yet"):
        tk.read_responses(url)
    store.invite("close", 1, couples=False, roles=(), expires_at=FOREVER)
    with pytest.raises(NoAnswers, match="nobody has begun"):
        tk.read_responses(url)
    sit(store, store.walk_in("close"))
    with pytest.raises(NoAnswers, match="nobody has answered anything"):
        tk.read_responses(url)


def test_a_path_that_is_not_there_is_refused_and_nothing_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for source in ("sqlite:///answers.db", f"sqlite:///{tmp_path}/nowhere/answers.db"):
        with pytest.raises(StoreError, match="there is no store"):
            tk.read_responses(source)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_store_is_refused(tmp_path):
    (tmp_path / "answers.csv").write_text("id,a1\np1,3\n")
    with pytest.raises(StoreError, match="not a store of answers"):
        tk.read_responses(f"sqlite:///{tmp_path}/answers.csv")


def test_a_store_that_is_read_as_a_file_says_how_it_is_read(tmp_path, open_store):
    open_store(f"sqlite:///{tmp_path}/answers.db")
    with pytest.raises(ResponsesError, match=r"read by its URL, sqlite:///FILE"):
        tk.read_responses(tmp_path / "answers.db", person="id")


def test_what_a_store_knows_need_not_be_said(tmp_path):
    with pytest.raises(ArgumentError, match=r"leave 'person', 'missing' out"):
        tk.read_responses("sqlite:///answers.db", person="id", missing=[-9])
    with pytest.raises(ArgumentError, match="the source is a file"):
        tk.read_responses(tmp_path / "answers.csv", study="close")


STUDY = """\
study: close
title: Close
keys: {couple: couple, role: role}
instruments: [./my.yaml]
covariates: [{name: age, min: 18, max: 99}]
collection:
  consent: {version: "1", text: "Yes?"}
  questions: [{id: age, kind: number, text: "How old?", min: 16, max: 110}]
"""


def test_a_study_that_collects_reads_its_own_store(tmp_path, open_store):
    study = tk.read_study(write_study(tmp_path, study=STUDY))
    with pytest.raises(StoreError, match="there is no store"):
        tk.read_responses(study)
    store = open_store(study.spec.collection.store, folder=study.folder)
    assert (tmp_path / "answers.db").is_file()
    take(store, sit(store, store.walk_in("close"), wave=None, order=["a1", "a2", "a3", "age"]), {"a1": 2, "age": 17})
    take(store, sit(store, store.walk_in("other"), wave=None, order=["a1", "a2", "a3", "age"]), {"a1": 6, "age": 20})
    r = tk.read_responses(study)
    assert r.frame["a1"].tolist() == [2]
    assert r.flags[["column", "value"]].values.tolist() == [["age", "17"]]


def test_a_definition_is_read_as_it_was_written():
    from toolkit.store import read_definition

    instruments = [tk.instrument(name) for name in ("has", "bar", "bur", "ecr", "day")]
    text = define(instruments, title="Zoë", simulated=True, collection=collection(closes="2027-06-30"))
    read = read_definition(text)
    assert (read.title, read.simulated, list(read.instruments)) == ("Zoë", True, instruments)
    assert [list(one.scales) for one in read.instruments] == [list(one.scales) for one in instruments]
    assert read.collection == collection(closes="2027-06-30")
    assert define(read.instruments, title="Zoë", simulated=True, collection=read.collection) == text
    for broken in ("", "{}", "[]", '{"title": 1, "simulated": 2, "instruments": [{}], "collection": null}'):
        with pytest.raises(StoreError, match="cannot be read"):
            read_definition(broken)
