"""The collection of a study: what is read, and every fault with its place, in words."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toolkit as tk
from tests.builders import in_words, some_examples
from toolkit.collection import Collection, OccasionPlan
from toolkit.collection_rules import collection_faults, interface_languages, safety_items, sensitive_items
from toolkit.errors import StudyError
from toolkit.study import StudyFile

STUDY = """\
study: small
title: A small study
keys: {couple: couple, role: role}
instruments: [has, rws, bar, day, aps]
collection:
  roles: [a, b]
  contact: {en: "Dr A, tel 1"}
  consent: {version: "2026-11", text: {en: "Please read this."}}
  questions:
    - {id: age, kind: number, text: {en: "How old are you?"}, min: 16, max: 110}
    - {id: gender, kind: choice, text: {en: Gender}, options: {woman: {en: Woman}, man: {en: Man}}}
    - {id: comment, kind: text, text: {en: "Anything else?"}, max_length: 200}
  occasions:
    - {wave: 1, instruments: [has, rws, bar], questions: [age, gender], opens: 0, closes: 21}
    - {wave: 1, days: 7, instruments: [day], opens: 1, hours: [17, 26]}
    - {wave: 2, instruments: [has, rws], questions: [comment], opens: 2027-03-01, closes: 2027-03-31}
  required: [has01, gender]
  instructed: [{id: check1, instrument: rws, text: {en: "Please choose Often here."}, answer: 3, after: rws05}]
  timezone: Europe/Berlin
  closes: 2027-06-30
  feedback: {help_line: {en: "Call 1"}}
"""


def written(folder, text):
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(folder, old, new):
    assert STUDY.count(old) == 1, old
    with pytest.raises(StudyError) as problem:
        tk.read_study(written(folder, STUDY.replace(old, new)))
    return [str(fault) for fault in problem.value.faults]


def test_a_study_that_only_collects_needs_no_data_and_names_its_own_keys(tmp_path):
    study = tk.read_study(written(tmp_path, STUDY))
    assert study.spec.data == []
    assert study.spec.keys.model_dump() == {
        "person": "person", "couple": "couple", "role": "role", "wave": "wave", "day": "day",
    }  # fmt: skip
    assert study.has_couples
    collection = study.spec.collection
    assert collection.store == "sqlite:///answers.db"
    assert collection.closes == date(2027, 6, 30)
    assert [plan.wave for plan in collection.occasions] == ["1", "1", "2"]
    assert collection.occasions[2].opens == date(2027, 3, 1)
    assert collection.zone.key == "Europe/Berlin"
    assert (collection.order, collection.timing, collection.token_days, collection.leave_to) == (
        "fixed", True, 120, "about:blank",
    )  # fmt: skip


def test_the_least_collection_asks_everything_once(tmp_path):
    text = (
        "study: s\ntitle: T\ninstruments: [rws6]\n"
        "collection: {consent: {version: '1', text: Please read}, questions: [{id: age, kind: number, text: Age}]}\n"
    )
    study = tk.read_study(written(tmp_path, text))
    assert study.spec.keys.model_dump(exclude_none=True) == {"person": "person"}
    assert not study.has_couples
    (plan,) = study.spec.collection.plans(["rws6"])
    assert (plan.instruments, plan.questions, plan.opens, plan.closes) == (["rws6"], ["age"], 0, None)


def test_a_plain_text_is_text_in_the_first_language():
    spoken = {
        "languages": ["de", "en"],
        "contact": "Dr. A",
        "consent": {"version": "1", "text": "Bitte lesen"},
        "questions": [{"id": "q", "kind": "choice", "text": "Was?", "options": {"a": "Ja", "b": {"en": "No"}}}],
        "instructed": [{"id": "c", "instrument": "rws", "text": "Wählen", "answer": 1}],
        "feedback": {"help_line": "Rufen Sie an"},
    }
    read = Collection.model_validate(spoken)
    assert read.contact == {"de": "Dr. A"}
    assert read.consent.text == {"de": "Bitte lesen"}
    assert read.questions[0].text == {"de": "Was?"}
    assert read.questions[0].options == {"a": {"de": "Ja"}, "b": {"en": "No"}}
    assert read.instructed[0].text == {"de": "Wählen"}
    assert read.feedback.help_line == {"de": "Rufen Sie an"}


def test_a_study_file_can_be_written_as_json_and_read_again(tmp_path):
    spec = tk.read_study(written(tmp_path, STUDY)).spec
    assert StudyFile.model_validate_json(spec.model_dump_json()) == spec
    assert "collection" in StudyFile.model_json_schema()["properties"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("roles: [a, b]", "rolls: [a, b]", "(collection.rolls): unknown key 'rolls'. Did you mean 'roles'?"),
        ("roles: [a, b]", "roles: [a]", "one role cannot tell two partners apart"),
        ("roles: [a, b]", "roles: [a, a]", "'a' is listed twice"),
        ("keys: {couple: couple, role: role}", "keys: {}", "roles tell partners apart, but the study has no couples"),
        ("roles: [a, b]", "languages: [en, fr]", "(collection.languages[1]): the words of the pages"),
        ("roles: [a, b]", "languages: [en, de]", "the instrument 'has' has no wording in 'de', only in en"),
        ("roles: [a, b]", "languages: [en, de]", "(collection.consent.text): the text in 'de' is missing"),
        ("roles: [a, b]", "languages: [en, de]", "(collection.questions[1].options.man): the text in 'de' is missing"),
        ("roles: [a, b]", "languages: [en, de]", "(collection.feedback.help_line): the text in 'de' is missing"),
        ("roles: [a, b]", "languages: [en, de]", "(collection.instructed[0].text): the text in 'de' is missing"),
        ("roles: [a, b]", "languages: [en, de]", "(collection.contact): the text in 'de' is missing"),
        ("roles: [a, b]", "languages: []", "'languages' must hold at least one entry"),
        ("roles: [a, b]", "store: mysql://x", "'store' must be a URL such as sqlite:///answers.db"),
        ("roles: [a, b]", "store: sqlite:///../x.db", "(collection.store): ../x.db lies outside the study's folder"),
        ("roles: [a, b]", "leave_to: 'javascript:alert(1)'", "'leave_to' must be about:blank or an https address"),
        ("roles: [a, b]", "timing: yes", "'timing' must be true or false"),
        ("roles: [a, b]", "order: shuffled", "'order' must be 'fixed' or 'random'"),
        ("roles: [a, b]", "token_days: 0", "'token_days' must be greater than or equal to 1"),
        ('consent: {version: "2026-11", ', "consent: {", "the key 'version' is missing"),
        ("Europe/Berlin", "Europe/Berln", "there is no time zone 'Europe/Berln'. Did you mean 'Europe/Berlin'?"),
        ("closes: 2027-06-30", "closes: 30.6.2027", "'30.6.2027' is not a date; write it as 2027-03-01"),
        ("closes: 2027-06-30", "closes: 2027-06-31", "there is no day 2027-06-31 in the calendar"),
        ("closes: 2027-06-30", "closes: 30", "30 is not a date"),
        ("closes: 2027-06-30", "closes: 2027-03-15", "the occasion closes on 2027-03-31, after the study's last day"),
        ("closes: 2027-03-31}", "closes: 2027-02-28}", "the occasion closes (2027-02-28) before it opens (2027-03-01)"),
        ("opens: 0, closes: 21", "opens: soon", "'soon' is not a date; write it as 2027-03-01"),
        ("opens: 0, closes: 21", "opens: -1", "-1 days after the consent lie outside 0 to 10,000"),
        ("opens: 0, closes: 21", "opens: 1.5", "1.5 is neither a whole number of days nor a date"),
        ("opens: 0, closes: 21", "opens: true", "True is neither a whole number of days nor a date"),
        ("opens: 0, closes: 21", "opens: 5, closes: 4", "the occasion closes (4) before it opens (5)"),
        ("opens: 0, closes: 21", "hours: [1, 2]", "`hours` belong to a diary; give `days`, too"),
        ("hours: [17, 26]", "hours: [17, 42]", "the hours 17 to 42 cannot be used"),
        ("hours: [17, 26]", "hours: [17, 17]", "the hours 17 to 17 cannot be used"),
        ("hours: [17, 26]", "hours: [24, 26]", "the hours 24 to 26 cannot be used"),
        ("hours: [17, 26]", "closes: 9", "a diary closes after its `days`"),
        ("days: 7, instruments: [day]", "days: 7", "the occasion asks nothing"),
        ("days: 7,", "days: 0,", "'days' must be greater than or equal to 1"),
        ("instruments: [has, rws], ", "instruments: [has, rwz], ", "the study has no instrument 'rwz'. Did you mean"),
        ("instruments: [has, rws], ", "instruments: [has, has], ", "'has' is listed twice"),
        ("questions: [age, gender]", "questions: [agee]", "the study has no question 'agee'. Did you mean 'age'?"),
        ("questions: [comment], ", "", "no occasion asks 'comment'; list it under the `questions` of one, or"),
        ("{wave: 2,", "{wave: 1,", "two occasions of the wave '1' cannot be told apart"),
        ("{wave: 2,", "{", "with several occasions each needs a `wave`"),
        (
            "opens: 2027-03-01, closes: 2027-03-31",
            "opens: 21",
            "line 16, column 7 (collection.occasions[2]): the occasion is open at the same time as the one in place 1",
        ),
        ("{id: age,", "{id: has01,", "'has01' is already an item of has"),
        ("{id: age,", "{id: gender,", "'gender' is already a question of this study"),
        ("{id: age,", "{id: late,", "'late' is already a column that every store gives"),
        ("{id: check1,", "{id: age,", "'age' is already a question of this study"),
        ("min: 16, max: 110", "min: 110, max: 16", "the range is upside down: min is 110, max is 16"),
        ("min: 16, max: 110", "max_length: 5", "`max_length` belongs to a question of the kind text, not number"),
        ("max_length: 200", "max: 5", "`min` and `max` belong to a question of the kind number, not text"),
        (", options: {woman: {en: Woman}, man: {en: Man}}", "", "a question of the kind choice has 0 options"),
        ("[has01, gender]", "[has02, bar01]", "'bar01' may not be required: nobody is pressed to answer"),
        ("[has01, gender]", "[bar14]", "(collection.required[0]): 'bar14' may not be required"),
        ("[has01, gender]", "[has99]", "there is no item or question 'has99'. Did you mean"),
        ("instrument: rws,", "instrument: rwss,", "the study has no instrument 'rwss'. Did you mean 'rws'?"),
        ("instrument: rws,", "instrument: bar,", "a trick item has no place beside items about danger"),
        ("answer: 3", "answer: 7", "(collection.instructed[0].answer): the answer 7 lies outside the range of rws (0"),
        ("after: rws05", "after: rws99", "rws shows no item 'rws99'. Did you mean"),
        ('{help_line: {en: "Call 1"}}', "{}", "feedback needs a `help_line`: some who answer live with a partner who"),
        ("[has, rws, bar], questions", "[has, rws], questions", "feedback needs bar.fear_of_conflict and bar.unsafety"),
        ("rws, bar, day, aps]", "rws, {id: bar, scales: [inadequacy]}, day]", "feedback needs bar.fear_of_conflict"),
        ("rws, bar, day, aps]", "rws, ecr, day]", "(collection.occasions[0].instruments[2]): the study has no"),
    ],
)  # fmt: skip
def test_each_fault_is_explained_at_its_place(tmp_path, old, new, expected):
    found = faults_of(tmp_path, old, new)
    assert any(expected in fault for fault in found), found
    assert all(fault.startswith("line ") for fault in found)


def test_an_instrument_of_keys_alone_cannot_be_asked(tmp_path):
    text = "study: s\ntitle: T\ninstruments: [ecr]\ncollection: {consent: {version: '1', text: Read}}\n"
    with pytest.raises(StudyError, match="the instrument 'ecr' has no wording, only keys, so it cannot be asked"):
        tk.read_study(written(tmp_path, text))


def test_a_study_needs_data_or_a_collection(tmp_path):
    with pytest.raises(StudyError, match="the key 'data' is missing; add it, or a `collection`"):
        tk.read_study(written(tmp_path, "study: s\ntitle: T\ninstruments: [rws6]\n"))


def test_a_german_study_is_read_where_everything_is_german(tmp_path):
    text = (
        "study: s\ntitle: T\ninstruments: [rws]\n"
        "collection: {languages: [de, en], consent: {version: '1', text: {de: Bitte lesen, en: Read}}}\n"
    )
    assert tk.read_study(written(tmp_path, text)).spec.collection.languages == ["de", "en"]


def test_a_store_outside_the_folder_is_used_where_the_study_says_so(tmp_path):
    text = STUDY.replace("roles: [a, b]", "store: sqlite:///../x.db") + "outside: true\n"
    assert tk.read_study(written(tmp_path, text)).spec.collection.store == "sqlite:///../x.db"


def test_items_that_nobody_is_pressed_to_answer():
    bar = tk.instrument("bar")
    assert sensitive_items(bar) == bar.item_ids
    assert sensitive_items(tk.instrument("rws")) == ()
    renamed = bar.model_copy(update={"id": "other"})
    assert sensitive_items(renamed) == ("bar13", "bar14", "bar15", "bar16", "bar17")


def test_safety_items_are_those_of_fear_and_unsafety():
    bar = tk.instrument("bar")
    assert sorted(safety_items(bar)) == ["bar02", "bar04", "bar07", "bar12", "bar13", "bar14", "bar15", "bar16"]
    assert safety_items(bar.only(["unsafety"])) == ()
    assert safety_items(tk.instrument("rws")) == ()


def test_pages_speak_english_and_german():
    assert interface_languages() == ("de", "en")


@some_examples
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_overlaps_are_found_whichever_comes_first(tmp_path, opens, length, other, other_length):
    plans = [
        {"wave": "1", "questions": ["q"], "opens": opens, "closes": opens + length},
        {"wave": "2", "questions": ["q"], "opens": other, "closes": other + other_length},
    ]
    question = {"id": "q", "kind": "text", "text": "Q"}
    consent = {"version": "1", "text": "Read"}
    days = set(range(opens, opens + length + 1)) & set(range(other, other + other_length + 1))
    for order in (plans, plans[::-1]):
        spec = Collection.model_validate({"consent": consent, "questions": [question], "occasions": order})
        found = [message for _, message in collection_faults(spec, (), couples=False)]
        assert any("open at the same time" in message for message in found) == bool(days)


def test_a_diary_past_midnight_meets_the_next_only_where_they_overlap():
    consent = {"version": "1", "text": "Read"}
    question = {"id": "q", "kind": "text", "text": "Q"}

    def faults(hours):
        first = OccasionPlan(wave="1", days=3, questions=["q"], opens=1, hours=(17, 26))
        second = OccasionPlan(wave="2", days=3, questions=["q"], opens=4, hours=hours)
        data = {"consent": consent, "questions": [question], "occasions": [first.model_dump(), second.model_dump()]}
        return collection_faults(Collection.model_validate(data), (), couples=False)

    assert faults((2, 20)) == []
    assert len(faults((1, 20))) == 1


LINES = STUDY.splitlines()


@some_examples
@given(
    st.lists(st.tuples(st.integers(4, len(LINES) - 1), st.integers(0, 90), st.integers(0, 8)), min_size=1, max_size=3),
    st.text(st.sampled_from(list("a1{}[]:,-'\"! \n#&*é./\\\t")), max_size=6),
)
def test_a_damaged_collection_is_read_or_refused_in_words(tmp_path, damages, insertion):
    lines = list(LINES)
    for line, column, length in damages:
        lines[line] = lines[line][:column] + insertion + lines[line][column + length :]
    path = written(tmp_path, "\n".join(lines))
    in_words(lambda: tk.read_study(path))
