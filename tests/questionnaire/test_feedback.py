"""Feedback: nothing but help where speaking up may be unsafe; otherwise own answers only."""

import re
from itertools import product
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toolkit as tk
from tests.builders import some_examples
from toolkit.collection_rules import safety_items
from toolkit.questionnaire.feedback import SCALES, STEPS, feedback
from toolkit.questionnaire.texts import languages_of_pages, say, words
from toolkit.store.records import Answer

HAS, RWS, BAR, APS = (tk.instrument(name) for name in ("has", "rws", "bar", "aps"))
ALL = (HAS, RWS, BAR, APS)
SAFETY = safety_items(BAR)
HELP = "Call 1 <now>"
ANSWERABLE = {item: one.range(item) for one in ALL for item in one.item_ids}
SAFE = {item: Answer(item, value=1) for item in SAFETY}


def opening(language="en"):
    return (say(language, "feedback_opening"), f"{say(language, 'feedback_help')}: {HELP}")


def given_feedback(answers, instruments=ALL, language="en"):
    return feedback(instruments, answers, HELP, language)


def level(one, scale, share):
    """Answers that put a scale at a share of its range."""
    found = {}
    for item in one.scale_items(scale):
        low, high = one.range(item)
        value = round(low + share * (high - low))
        found[item] = Answer(item, value=low + high - value if one.by_id[item].reverse else value)
    return found


def everything(**levels):
    answers = dict(SAFE)
    for name, one in (("has", HAS), ("rws", RWS)):
        for scale in SCALES[name]:
            answers |= level(one, scale, levels.get(scale, 0.5))
    return answers


@st.composite
def any_answers(draw):
    found = {}
    for item, (low, high) in ANSWERABLE.items():
        kind = draw(st.sampled_from(["value", "value", "value", "refused", "skipped", "absent"]))
        if kind == "value":
            found[item] = Answer(item, value=draw(st.integers(low, high)))
        elif kind != "absent":
            found[item] = Answer(item, reason=kind)
    return found


def signs():
    """Every way in which one item can be a sign that speaking up may be unsafe."""
    high = [Answer("x", value=value) for value in (4, 5, 6)]
    reasons = [Answer("x", reason=reason) for reason in ("refused", "not_applicable", "skipped", "dropped_out")]
    return [*high, *reasons, Answer("x"), Answer("x", text="6"), None]


def put(answers, item, sign):
    changed = {name: answer for name, answer in answers.items() if name != item}
    if sign is not None:
        changed[item] = Answer(item, sign.value, sign.text, sign.reason)
    return changed


@pytest.mark.parametrize(("item", "sign"), list(product(SAFETY, signs())))
def test_one_sign_is_enough_for_help_alone(item, sign):
    answers = put(everything(proactive=1.0, avoidance=1.0), item, sign)
    found = given_feedback(answers)
    assert found.paragraphs == opening()
    assert found.figure is None
    assert found.figure_text == ""


@some_examples
@given(any_answers(), st.sampled_from(SAFETY), st.sampled_from(signs()), st.sampled_from(languages_of_pages()))
def test_whatever_else_is_answered_one_sign_leaves_help_alone(answers, item, sign, language):
    found = given_feedback(put(answers, item, sign), language=language)
    assert (found.paragraphs, found.figure, found.figure_text) == (opening(language), None, "")


@some_examples
@given(any_answers())
def test_more_than_help_is_said_only_where_every_safety_item_is_low(answers):
    found = given_feedback(answers)
    low = all(item in answers and answers[item].value in (1, 2, 3) for item in SAFETY)
    assert found.paragraphs[:2] == opening()
    assert len(found.paragraphs) == 2 or low


@pytest.mark.parametrize("value", [1, 2, 3])
def test_below_the_middle_there_is_feedback(value):
    answers = everything() | {item: Answer(item, value=value) for item in SAFETY}
    assert len(given_feedback(answers).paragraphs) > 2


def test_in_another_range_the_middle_itself_counts_as_a_sign():
    narrow = BAR.with_range(1, 5)
    instruments = (HAS, RWS, narrow)
    answers = everything() | {item: Answer(item, value=2) for item in SAFETY}
    assert len(given_feedback(answers, instruments).paragraphs) > 2
    assert given_feedback(put(answers, SAFETY[0], Answer("x", value=3)), instruments).paragraphs == opening()


@pytest.mark.parametrize(
    "instruments", [(), (HAS, RWS), (HAS, RWS, BAR.only(["unsafety"])), (HAS, RWS, BAR.only(["fear_of_conflict"]))]
)
def test_without_both_scales_there_is_no_feedback(instruments):
    assert given_feedback(everything(), instruments) is None


def test_other_barriers_and_history_are_no_sign():
    other = [item for item in BAR.item_ids if item not in SAFETY]
    answers = everything() | {item: Answer(item, value=BAR.range(item)[1]) for item in other}
    assert len(given_feedback(answers).paragraphs) > 2
    answers |= {item: Answer(item, reason="refused") for item in other}
    assert len(given_feedback(answers).paragraphs) > 2


@pytest.mark.parametrize("language", languages_of_pages())
@pytest.mark.parametrize("scale", SCALES["rws"])
def test_the_highest_withholding_scale_is_a_place_to_begin_with_its_steps(scale, language):
    found = given_feedback(everything(**{scale: 1.0}), language=language)
    begin = [text for text in found.paragraphs if text.startswith(say(language, "feedback_place") + ":")]
    assert begin == [f"{say(language, 'feedback_place')}: {say(language, f'rws_{scale}')}."]
    steps = [
        text
        for text in found.paragraphs
        if text in {say(language, f"step_{step}") for step in APS.scales if step != "total"}
    ]
    assert steps == [say(language, f"step_{step}") for step in STEPS[scale]]
    assert 2 <= len(steps) <= 3
    others = [say(language, f"rws_{other}") for other in SCALES["rws"] if other != scale]
    assert not [text for text in found.paragraphs for other in others if other in text]


@pytest.mark.parametrize(("scales", "steps"), [
    (("avoidance", "nontransparency"), ("triggers", "costs", "practice")),
    (SCALES["rws"], ("triggers", "noticing", "costs")),
])  # fmt: skip
def test_of_scales_that_are_equally_high_none_is_made_the_highest(scales, steps):
    found = given_feedback(everything(**dict.fromkeys(scales, 1.0)))
    named = "; ".join(say("en", f"rws_{scale}") for scale in scales)
    assert f"{say('en', 'feedback_place')}: {named}." in found.paragraphs
    assert [
        text
        for text in found.paragraphs
        if text in [say("en", f"step_{step}") for step in APS.scales if step != "total"]
    ] == [say("en", f"step_{step}") for step in steps]


def test_steps_are_those_of_the_practice_instrument():
    assert {step for steps in STEPS.values() for step in steps} <= APS.scales.keys()
    assert set(STEPS) == set(SCALES["rws"]) <= RWS.scales.keys()
    assert set(SCALES["has"]) <= HAS.scales.keys()


def test_strengths_come_first_and_are_two_at_most():
    found = given_feedback(everything(proactive=1.0, flexible=0.8, relational=0.6, avoidance=1.0))
    strengths = say("en", "feedback_strength")
    (place,) = [number for number, text in enumerate(found.paragraphs) if text.startswith(strengths)]
    assert found.paragraphs[place] == f"{strengths}: {say('en', 'has_proactive')}; {say('en', 'has_flexible')}."
    assert found.paragraphs[place + 1].startswith(say("en", "feedback_place"))


def test_without_a_strength_nothing_is_made_up():
    found = given_feedback(everything(**dict.fromkeys(SCALES["has"], 0.0)))
    assert say("en", "feedback_no_strength") in found.paragraphs


def test_who_holds_back_seldom_is_given_no_place_to_begin_and_no_step():
    found = given_feedback(everything(**dict.fromkeys(SCALES["rws"], 0.0)))
    assert say("en", "feedback_place_low") in found.paragraphs
    assert not [text for text in found.paragraphs if text.startswith("Some people")]


def test_scales_without_enough_answers_are_not_named():
    answers = {item: answer for item, answer in everything(avoidance=1.0).items() if item not in RWS.item_ids}
    found = given_feedback(answers)
    assert not [text for text in found.paragraphs if "rws" in text or text.startswith(say("en", "feedback_place"))]
    assert say("en", "rws_avoidance") not in found.figure_text
    assert given_feedback(SAFE).paragraphs == opening()


def test_short_forms_do_as_well_and_the_long_form_goes_first():
    has10, rws6 = tk.instrument("has10"), tk.instrument("rws6")
    answers = everything(avoidance=1.0, proactive=1.0)
    short = given_feedback(answers, (has10, rws6, BAR))
    assert f"{say('en', 'feedback_place')}: {say('en', 'rws_avoidance')}." in short.paragraphs
    assert given_feedback(answers, (has10, rws6, *ALL)) == given_feedback(answers)


def test_reversed_items_are_turned():
    assert any(RWS.by_id[item].reverse for item in RWS.scale_items("avoidance"))
    found = given_feedback(everything(avoidance=1.0, proactive=1.0))
    assert f"{say('en', 'rws_avoidance')}: 4.0 on a scale from 0 to 4" in found.figure_text
    assert f"{say('en', 'has_proactive')}: 6.0 on a scale from 1 to 6" in found.figure_text


@pytest.mark.parametrize("language", languages_of_pages())
def test_the_figure_says_what_its_text_says(language):
    found = given_feedback(everything(avoidance=0.75, flexible=0.25), language=language)
    tree = ElementTree.fromstring(found.figure)
    spoken = [node.text for node in tree.iter("{http://www.w3.org/2000/svg}text")]
    bars = [node for node in tree.iter("{http://www.w3.org/2000/svg}rect") if node.get("fill") != "none"]
    assert tree.get("aria-label") == found.figure_text
    assert len(bars) == 8 == len(spoken) / 2
    assert max(map(len, spoken[::2])) <= 46  # what the width of the figure has room for
    for name, value in zip(spoken[::2], spoken[1::2], strict=True):
        mean, low, high = re.fullmatch(r"([\d.,]+) \((\d)–(\d)\)", value).groups()
        assert say(language, "feedback_bar", name=name, mean=mean, low=low, high=high) in found.figure_text
    assert not re.search(r"style=|<script|href|url\(", found.figure)


def test_nothing_of_a_partner_or_a_norm_is_there():
    text = " ".join(given_feedback(everything()).paragraphs).lower()
    assert not [word for word in ("partner", "average", "normal", "percentile", "should", "must") if word in text]


def test_titles_of_scales_are_never_shown():
    text = " ".join([*given_feedback(everything()).paragraphs, given_feedback(everything()).figure_text]).lower()
    titles = ["withholding", "withdrawal", "nontransparency", "avoidance", "barrier", "fear", "unsafe ", "assertive"]
    assert not [title for title in titles if title in text]


def test_every_paragraph_is_one_of_the_known_texts():
    known = set(words("en").values())
    found = given_feedback(everything(avoidance=1.0))
    unknown = [text for text in found.paragraphs if text not in known]
    assert all(text.partition(":")[0] in known for text in unknown)
