"""Plan: what is asked, in which order, on which pages, in which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toolkit as tk
from tests.builders import some_examples
from tests.questionnaire.visits import PAGES, START, STUDY, read_plan
from toolkit.errors import ArgumentError
from toolkit.questionnaire.plan import (
    ITEMS_ON_A_PAGE,
    Entry,
    entries,
    in_order,
    item,
    layout,
    pages,
    paragraphs,
    plan_instruments,
    plan_study,
    section,
)
from toolkit.questionnaire.schedule import occasions
from toolkit.questionnaire.texts import page_words


def first_occasion(plan):
    return occasions(plan.collection, plan.occasion_plans, START)[0]


def asked(plan, person="P001"):
    return entries(plan, first_occasion(plan), person)


def test_items_come_in_the_order_of_the_files_with_the_check_and_then_the_questions(plan):
    ids = [entry.id for entry in asked(plan)]
    rws = list(tk.instrument("rws6").item_ids)
    rws.insert(rws.index("rws07") + 1, "check1")
    expected = [*rws, *(name for other in ("bar", "aps", "has10") for name in tk.instrument(other).item_ids)]
    assert ids == [*expected, "age", "gender", "comment"]


def test_reserve_items_are_never_asked():
    plan = plan_instruments([tk.instrument("has")])
    reserve = {one.id for one in tk.instrument("has").items if one.reserve}
    assert reserve
    assert not reserve & {entry.id for entry in asked(plan)}


def test_an_item_of_two_instruments_is_asked_once():
    ids = [entry.id for entry in asked(plan_instruments([tk.instrument("rws6"), tk.instrument("rws")]))]
    assert len(ids) == len(set(ids)) == 18


def test_items_after_a_content_note_stand_on_pages_of_their_own(plan):
    divided = pages(asked(plan))
    bar = [[entry.id for entry in page] for page in divided if page[0].source == "bar"]
    assert bar[-2:] == [["bar13", "bar14", "bar15", "bar16"], ["bar17"]]
    assert sum(len(page) for page in bar) == 17
    noted = [item(entry, "en", noted=place == 0)["note"] for page in divided for place, entry in enumerate(page)]
    assert [note for note in noted if note] == [
        tk.instrument("bar").by_id[name].content_note["en"] for name in ("bar13", "bar17")
    ]


def test_pages_hold_six_items_at_most_and_are_of_about_equal_length(plan):
    divided = pages(asked(plan))
    assert len(divided) == PAGES
    assert max(len(page) for page in divided) <= ITEMS_ON_A_PAGE
    for lengths in ([6], [3, 4], [5, 5], [5, 5, 5], [5, 5, 6], [6, 6, 6]):
        found = pages([Entry(str(number), {}, "text", "x") for number in range(sum(lengths))])
        assert [len(page) for page in found] == lengths


def test_instructions_and_time_frame_go_to_each_page_with_what_continues_another(plan):
    divided = pages(asked(plan))
    found = [section(plan, divided, number, "en") for number in range(len(divided))]
    of_bar = [one for one, page in zip(found, divided, strict=True) if page[0].source == "bar"]
    assert all(one["instructions"] for one in of_bar)
    assert [one["continued"] for one in of_bar] == [False, True, True, True]
    assert {one["timeframe"] for one in of_bar} == {"at present"}
    assert found[-1]["timeframe"] == ""
    assert [one["title"] for one in found[:2]] == [f"Page 1 of {PAGES}", f"Page 2 of {PAGES}"]
    names = [title for one in plan.instruments for title in one.title.values()]
    assert not [one for one in found if one["title"] in names]  # a title such as "Unsafety" is nobody else's business


def test_a_matrix_shares_a_few_options(plan):
    divided = pages(asked(plan))
    kinds = {page[0].id: layout(page) for page in divided}
    assert (kinds["rws01"], kinds["bar17"], kinds["age"]) == ("matrix", "list", "list")
    assert layout(pages(asked(plan_instruments([tk.instrument("bur")])))[0]) == "matrix"


def test_other_options_begin_another_page():
    divided = pages(asked(plan_instruments([tk.instrument("day")])))
    assert [[entry.id for entry in page][-1] for page in divided] == ["day04", "day09", "day10"]


def test_labels_and_ranges_are_those_of_the_instrument(plan):
    by_id = {entry.id: entry for entry in asked(plan)}
    shown = item(by_id["rws01"], "en", noted=False)
    assert [option["value"] for option in shown["options"]] == [0, 1, 2, 3, 4]
    assert [option["label"] for option in shown["options"]] == list(tk.instrument("rws6").labels("rws01"))
    assert (shown["required"], shown["not_applicable"], shown["refusable"]) == (True, False, True)
    assert item(by_id["aps07"], "en", noted=False)["not_applicable"] is True
    age = item(by_id["age"], "en", noted=False)
    assert (age["kind"], age["min"], age["max"], age["options"]) == ("number", 16, 110, [])
    comment = item(by_id["comment"], "en", noted=False)
    assert (comment["kind"], comment["max_length"], comment["min"]) == ("text", 200, None)
    check = item(by_id["check1"], "en", noted=False)
    assert (check["text"], check["options"]) == ("Please choose Often here.", shown["options"])


def test_prefer_not_to_say_is_not_offered_twice(plan):
    shown = [item(entry, "en", noted=False) for entry in asked(plan)]
    assert [one["id"] for one in shown if not one["refusable"]] == ["bar17"]
    labels = [option["label"] for one in shown if one["id"] == "bar17" for option in one["options"]]
    assert page_words("en")["refused"] in labels


def test_a_wide_range_is_typed_as_a_number():
    wide = tk.instrument_from_keys({"s": ["x1", "x2"]}, min=0, max=100)
    data = wide.model_dump()
    data["items"] = [{**one, "text": {"en": one["id"]}} for one in data["items"]]
    plan = plan_instruments([tk.Instrument.from_mapping(data)])
    shown = item(asked(plan)[0], "en", noted=False)
    assert (shown["kind"], shown["min"], shown["max"], shown["options"]) == ("number", 0, 100, [])


def test_an_instrument_is_shown_in_the_language_that_was_chosen():
    plan = plan_instruments([tk.instrument("rws")], "de")
    one = tk.instrument("rws")
    shown = item(asked(plan)[0], "de", noted=False)
    assert shown["text"] == one.by_id["rws01"].text["de"]
    assert [option["label"] for option in shown["options"]] == one.response["frequency"].labels["de"]
    assert section(plan, pages(asked(plan)), 0, "de")["instructions"] == paragraphs(one.instructions["de"])


@pytest.mark.parametrize(("name", "language"), [("ecr", "en"), ("has", "de"), ("rws", "fr")])
def test_an_instrument_without_wording_is_refused(name, language):
    with pytest.raises(ArgumentError, match=r"cannot be asked in|there are no pages in"):
        plan_instruments([tk.instrument(name)], language)


def test_nothing_to_ask_is_refused():
    with pytest.raises(ArgumentError, match="give one"):
        plan_instruments([])


def test_a_study_without_a_collection_is_refused():
    from tests.conftest import ROOT

    with pytest.raises(ArgumentError, match="the study collects no answers; write a `collection`"):
        plan_study(tk.read_study(ROOT / "data" / "bfi" / "study.yaml"))


@pytest.fixture(scope="module")
def shuffling(tmp_path_factory):
    text = STUDY.replace("  roles: [a, b]\n", "  roles: [a, b]\n  order: random\n")
    return read_plan(tmp_path_factory.mktemp("shuffling"), text)


@some_examples
@given(person=st.text(max_size=8), other=st.text(max_size=8))
def test_a_random_order_is_the_person_s_own_and_keeps_to_its_bounds(shuffling, person, other):
    drawn = asked(shuffling, person)
    fixed = asked(read_order(shuffling, "fixed"), person)
    assert drawn == asked(shuffling, person)
    assert sorted(entry.id for entry in drawn) == sorted(entry.id for entry in fixed)
    assert [entry.source for entry in drawn] == [entry.source for entry in fixed]
    ids = [entry.id for entry in drawn]
    bar = [entry.id for entry in drawn if entry.source == "bar"]
    assert set(bar[12:16]) == {"bar13", "bar14", "bar15", "bar16"}
    assert bar[16] == "bar17"
    assert ids[ids.index("rws07") + 1] == "check1"
    assert ids[-3:] == ["age", "gender", "comment"]
    if person != other:
        assert drawn != asked(shuffling, other)


def read_order(plan, order):
    from dataclasses import replace

    return replace(plan, collection=plan.collection.model_copy(update={"order": order}))


def test_a_random_order_differs_between_occasions_seeds_and_instruments_alone(shuffling):
    from dataclasses import replace

    first = first_occasion(shuffling)
    again = replace(first, wave="2")
    assert entries(shuffling, first, "P001") != entries(shuffling, again, "P001")
    assert asked(replace(shuffling, seed=1)) != asked(replace(shuffling, seed=2))
    fewer = replace(first, plan=first.plan.model_copy(update={"instruments": ["has10", "rws6"]}))
    whole = {source: [one.id for one in asked(shuffling) if one.source == source] for source in ("rws6", "has10")}
    part = entries(shuffling, fewer, "P001")
    assert whole == {source: [one.id for one in part if one.source == source] for source in ("rws6", "has10")}


def test_the_note_of_shuffled_items_stands_first_on_their_page(shuffling):
    for person in ("P001", "P002", "P003"):
        for page in pages(asked(shuffling, person)):
            notes = {tuple(entry.note.items()) for entry in page}
            assert len(notes) == 1


def test_the_stored_order_is_kept_and_what_it_does_not_hold_is_not_asked(plan):
    known = asked(plan)
    order = [entry.id for entry in reversed(known[:5])]
    assert [entry.id for entry in in_order(known, [*order, "gone"])] == order


def test_paragraphs_are_divided_at_blank_lines():
    assert paragraphs("One\ntwo.\r\n\r\nThree.\n\n\n") == ["One two.", "Three."]


def test_a_check_without_a_place_stands_in_the_middle(tmp_path):
    plan = read_plan(tmp_path, STUDY.replace(", after: rws07}", "}"))
    ids = [entry.id for entry in asked(plan) if entry.source == "rws6"]
    assert ids.index("check1") == 3
