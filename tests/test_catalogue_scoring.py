"""Each instrument of the catalogue, scored by hand."""

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from toolkit import errors

NEW = ["has", "css", "rws", "bar", "rel", "bur", "aps", "day", "has10", "rws6"]
FORM_SIZES = {
    "has": 25,
    "css": 15,
    "rws": 18,
    "bar": 17,
    "rel": 20,
    "bur": 8,
    "aps": 14,
    "day": 10,
    "has10": 10,
    "rws6": 6,
}
RESERVE = {"has": 13, "rws": 9}
SCALES = {
    "has": {"proactive": 5, "relational": 5, "collaborative": 5, "solution_focused": 5, "flexible": 5, "total": 25},
    "css": {"passive": 5, "assertive": 5, "aggressive": 5},
    "rws": {"avoidance": 6, "emotional_withdrawal": 6, "nontransparency": 6, "total": 18},
    "bar": {"fear_of_conflict": 4, "inadequacy": 4, "unsafety": 4, "skill_gap": 4, "total": 16},
    "rel": {
        "trust_safety": 4,
        "shared_decisions": 4,
        "intimacy": 4,
        "resentment": 4,
        "distance": 4,
        "benefit": 12,
        "cost": 8,
    },
    "bur": {"initiating": 4, "avoiding": 4},
    "day": {"assertiveness": 3, "withholding": 3, "closeness": 3, "conflict": 1},
    "ipip_as": {"assertiveness": 10, "social_confidence": 10, "adventurousness": 10, "dominance": 10},
    "ecr": {"avoidance": 18, "anxiety": 18},
}


def answers(name, **changed):
    """Answer every item of the form at the lowest option, but for those named."""
    one = tk.instrument(name)
    row = {item: one.range(item)[0] for item in one.item_ids} | changed
    return one, tk.Responses.from_frame(pd.DataFrame([row], dtype="Int64"), one)


@pytest.mark.parametrize("name", FORM_SIZES)
def test_forms_have_the_size_of_the_construct_map(name):
    one = tk.instrument(name)
    assert len(one.item_ids) == FORM_SIZES[name]
    assert sum(item.reserve for item in one.items) == RESERVE.get(name, 0)
    assert one.status == "new"
    assert one.licence == "CC-BY-4.0"
    assert one.text(one.evidence)


@pytest.mark.parametrize("name", SCALES)
def test_scales_have_their_items(name):
    one = tk.instrument(name)
    assert {scale: len(one.scale_items(scale)) for scale in one.scales} == SCALES[name]


@pytest.mark.parametrize("name", NEW)
def test_the_lowest_answers_score_low_but_for_reversed_items(name):
    one, responses = answers(name)
    scores = tk.score(responses).iloc[0]
    for scale in one.scales:
        items = one.scale_items(scale)
        low, high = one.range(items[0])
        n_reversed = sum(one.by_id[item].reverse for item in items)
        assert scores[f"{name}.{scale}"] == pytest.approx(
            (n_reversed * high + (len(items) - n_reversed) * low) / len(items)
        )


@pytest.mark.parametrize(("name", "allowed"), [(name, name in ("has", "rws", "rel", "has10", "rws6")) for name in NEW])
def test_items_are_reversed_only_where_the_construct_allows_it(name, allowed):
    one = tk.instrument(name)
    share = np.mean([one.by_id[item].reverse for item in one.item_ids])
    assert (0.2 <= share <= 0.4) if allowed else share == 0


@pytest.mark.parametrize(("short", "full"), [("has10", "has"), ("rws6", "rws")])
def test_short_forms_repeat_items_of_their_parent(short, full):
    parent, child = tk.instrument(full), tk.instrument(short)
    for item in child.items:
        original = parent.by_id[item.id]
        assert (item.text, item.reverse, child.range(item.id)) == (
            original.text,
            original.reverse,
            parent.range(item.id),
        )
    both = tk.Responses.from_frame(pd.DataFrame({item: [1, 2] for item in parent.item_ids}), [full, short])
    assert {f"{short}.total", f"{full}.total"} <= set(tk.score(both))


def test_half_rule_by_hand():
    one, responses = answers("rws")
    items = list(one.scale_items("avoidance"))
    responses.frame.loc[0, items[:3]] = pd.NA
    assert not np.isnan(tk.score(responses)["rws.avoidance"][0])
    responses.frame.loc[0, items[3]] = pd.NA
    assert np.isnan(tk.score(responses)["rws.avoidance"][0])


def test_not_applicable_is_an_empty_cell_with_its_reason():
    one = tk.instrument("aps")
    items = [item.id for item in one.items if item.not_applicable]
    assert items == list(one.scale_items("seeking_help"))
    frame = pd.DataFrame([dict.fromkeys(one.item_ids, 2) | dict.fromkeys(items, -9)])
    responses = tk.Responses.from_frame(frame, one, missing={-9: "not_applicable"})
    scores = tk.score(responses).iloc[0]
    assert np.isnan(scores["aps.seeking_help"])
    assert scores["aps.total"] == 2
    assert set(responses.reasons["reason"]) == {"not_applicable"}


def test_composites_pool_and_have_no_alpha():
    one, responses = answers("rel")
    assert one.scales["benefit"].kind == one.scales["cost"].kind == "composite"
    several = pd.concat([responses.frame] * 6, ignore_index=True).drop(columns="person")
    with pytest.warns(errors.UndefinedStatisticWarning):
        found = tk.reliability(tk.Responses.from_frame(several, one), ["rel.benefit", "rel.trust_safety"])
    assert "composite" in found.fit["note"][0]


def test_the_unscored_question_counts_nowhere():
    one = tk.instrument("bar")
    question = next(item for item in one.items if not item.scored)
    assert not any(question.id in one.scale_items(scale) for scale in one.scales)
    assert question.content_note


def test_unsafety_items_carry_a_content_note_and_state_the_present():
    one = tk.instrument("bar")
    items = [one.by_id[item] for item in one.scale_items("unsafety")]
    assert items[0].content_note
    assert not any(
        word in item.text["en"].lower() for item in items for word in ("because", "used to", "was ", "were ")
    )


@pytest.mark.parametrize("reversed_items", [{3, 15, 19, 25, 27, 29, 31, 33, 35, 22}])
def test_ecr_key(reversed_items):
    one = tk.instrument("ecr")
    assert {int(item.id.removeprefix("ecr")) for item in one.items if item.reverse} == reversed_items
    assert all(int(item.removeprefix("ecr")) % 2 == 1 for item in one.scale_items("avoidance"))


def test_ipip_key():
    reversed_items = {item.id for item in tk.instrument("ipip_as").items if item.reverse}
    ranges = {"as": range(7, 11), "sc": range(6, 11), "ad": range(5, 11)}
    assert reversed_items == {f"{scale}{n}" for scale, numbers in ranges.items() for n in numbers}


@pytest.mark.parametrize("name", tk.instruments()["id"])
def test_every_instrument_lints_clean_against_the_others(name):
    others = [tk.instrument(other) for other in tk.instruments()["id"] if other != name]
    assert [finding for finding in tk.lint(tk.instrument(name), others) if finding.is_open] == []


@pytest.mark.parametrize("name", tk.instruments()["id"])
def test_every_instrument_goes_round_through_its_schema(name):
    one = tk.instrument(name)
    assert tk.Instrument.from_mapping(one.model_dump(mode="json")) == one


def test_german_stands_beside_english_and_a_missing_translation_is_named():
    one = tk.instrument("rws")
    assert set(one.title) == {"en", "de"}
    data = one.model_dump(mode="json")
    del data["items"][2]["text"]["de"]
    with pytest.raises(errors.InstrumentError, match=r"language 'de' is missing"):
        tk.Instrument.from_mapping(data)
