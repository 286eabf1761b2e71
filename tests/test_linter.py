"""Item-writing rules: each finds its broken example and leaves a clean one alone; the catalogue has nothing open."""

import socket
from copy import deepcopy

import pytest

import toolkit as tk
from toolkit.catalogue import catalogue, instrument, instrument_from_keys
from toolkit.linter import Finding, findings_table, lint
from toolkit.linter_rules import RULES
from toolkit.wording import counts, found, negated_negatives, syllables

OPTIONS = ["Disagree strongly", "Disagree", "Disagree slightly", "Agree slightly", "Agree", "Agree strongly"]
CLEAN = {
    "id": "mine",
    "title": "A clean scale",
    "status": "new",
    "licence": "CC-BY-4.0",
    "source": {"citation": "Written for this test."},
    "evidence": "None yet.",
    "instructions": "Think about the past four weeks with your partner. Choose how much you agree.",
    "timeframe": "past four weeks",
    "response": {"agreement": {"min": 1, "max": 6, "labels": {"en": OPTIONS}}},
    "items": [
        {"id": "x1", "response": "agreement", "text": "I tell my partner early on what I need."},
        {"id": "x2", "response": "agreement", "text": "I ask for my partner's view."},
        {"id": "x3", "response": "agreement", "reverse": True, "text": "I wait for my partner to guess."},
        {"id": "x4", "response": "agreement", "text": "I feel calm when we talk."},
    ],
    "scales": {"calm": {"title": "Calm", "items": ["x1", "x2", "x3", "x4"]}},
}


def made(text=None, *, german=None, **changes):
    """Build the clean instrument with another first item, a German text, or other parts."""
    data = {**deepcopy(CLEAN), **changes}
    if text:
        data["items"][0]["text"] = text
    if german:
        data["language"] = "de"
        data["response"]["agreement"]["labels"] = {"de": ["a", "b", "c", "d", "e", "f"]}
        data["items"] = [{"id": "x1", "response": "agreement", "reverse": False, "text": german}]
        data["scales"] = {"calm": {"title": "Ruhe", "items": ["x1"]}}
    return tk.instrument(instrument_from(data))


def instrument_from(data):
    return type(instrument("rws")).from_mapping(data)


def of(rule, one, others=()):
    return [(finding.level, finding.item) for finding in lint(one, others) if finding.rule == rule]


def rekeyed(*reverse):
    """Give an instrument of ten items, of which the numbered ones are reversed."""
    items = [f"{'-' if number in reverse else ''}x{number}" for number in range(1, 11)]
    return instrument_from_keys({"calm": items}, min=1, max=5)


def with_options(labels=None, **bounds):
    options = {"min": 1, "max": 6, **bounds}
    return made(response={"agreement": {**options, "labels": {"en": labels}} if labels else options})


def mixed(*formats, scales=None):
    labels = {"en": [*OPTIONS]}
    items = [{**item, "response": name} for item, name in zip(CLEAN["items"], formats, strict=True)]
    other = {"min": 1, "max": 6, "labels": {"en": ["Never", "Rarely", "At times", "Often", "Mostly", "Always"]}}
    response = {"agreement": {"min": 1, "max": 6, "labels": labels}, "frequency": other}
    return made(items=items, response=response, **({"scales": scales} if scales else {}))


def two_languages(german):
    items = [{**item, "text": {"en": item["text"], "de": german}} for item in CLEAN["items"]]
    return made(items=items) if german else made()


TWO_SCALES = {"a": {"title": "A", "items": ["x1", "x4"]}, "b": {"title": "B", "items": ["x2", "x3"]}}
ITEM = "x1"

# rule, level, item, broken
BROKEN = [
    ("reading_grade", "error", ITEM, made("I communicate expectations to my partner.")),
    ("reading_grade", "advice", ITEM, made("I discuss disagreements with my partner.")),
    (
        "reading_grade",
        "error",
        "",
        made(instructions="In the past four weeks: interpersonal accountability evaluation."),
    ),
    ("two_ideas", "advice", ITEM, made("I tell my partner what I think and feel.")),
    ("two_ideas", "error", ITEM, made("I ask my partner and I listen.")),
    ("two_ideas", "error", ITEM, made("I hold back because my partner gets angry.")),
    ("two_ideas", "error", ITEM, made(german="Ich schweige, weil mein Partner / meine Partnerin laut wird.")),
    ("two_ideas", "advice", ITEM, made(german="Ich zeige Ärger und Trauer.")),
    ("negation", "advice", ITEM, made("I do not tell my partner what I need.")),
    ("negation", "advice", ITEM, made("I don’t share news with my partner.")),
    ("negation", "advice", ITEM, made("I feel uneasy with my partner.")),
    ("negation", "advice", ITEM, made(german="Ich sage keinem, was ich brauche.")),
    ("double_negative", "error", ITEM, made("I never feel unsafe with my partner.")),
    ("double_negative", "error", ITEM, made("I do not avoid hard talks with my partner.")),
    ("double_negative", "error", ITEM, made(german="Ich bin nie unsicher.")),
    ("absolute", "advice", ITEM, made("I always tell my partner what I need.")),
    ("absolute", "advice", ITEM, made(german="Ich sage immer, was ich brauche.")),
    ("gendered_word", "error", ITEM, made("I tell my partner what she means to me.")),
    ("gendered_word", "error", ITEM, made(german="Ich frage meinen Partner.")),
    ("gendered_word", "error", ITEM, made(german="Ich frage meine Partnerin nach ihrer Sicht.")),
    ("partner_term", "error", ITEM, made("I tell my spouse early on what I need.")),
    ("partner_term", "error", ITEM, made("I tell your partner early on what I need.")),
    ("partner_term", "error", "", made(instructions="Think about the past four weeks with your spouse.")),
    ("time_frame_repeated", "advice", ITEM, made("In the past week I told my partner what I need.")),
    ("time_frame_repeated", "advice", ITEM, made("I am close to my partner today.")),
    ("time_frame_repeated", "advice", ITEM, made("I am calm at work.", timeframe="at work", instructions="At work.")),
    ("time_frame_repeated", "advice", ITEM, made(german="In den letzten zwei Wochen war ich ruhig.")),
    ("time_frame_stated", "advice", "", made(timeframe={})),
    ("time_frame_stated", "advice", "", made(instructions="Choose how much you agree.")),
    ("item_length", "advice", ITEM, made("I say it " + "a lot " * 9 + "to my partner.")),
    ("item_length", "error", ITEM, made("I say it " + "a lot " * 14 + "to my partner.")),
    ("near_duplicate", "advice", "x2", made("I ask for my partner's honest view.")),
    ("near_duplicate", "error", "x4", made("When I talk with my partner, I am feeling calm.")),
    ("reversed_share", "advice", "", rekeyed(1)),
    ("reversed_share", "advice", "", rekeyed(1, 3, 5, 7, 9)),
    ("reversed_run", "advice", "x2", rekeyed(2, 3, 4, 5)),
    ("attention_checks", "advice", "", rekeyed()),
    ("unlabelled_options", "error", "", with_options()),
    ("unlabelled_options", "error", "", with_options([*OPTIONS[:5], " "])),
    ("unlabelled_options", "error", "", with_options([*OPTIONS[:5], OPTIONS[0]])),
    ("option_count", "advice", "", with_options(["No", "Yes"], max=2)),
    ("option_count", "advice", "", with_options([str(option) for option in range(1, 12)], max=11)),
    ("mixed_anchors", "error", "calm", mixed("agreement", "agreement", "frequency", "frequency")),
    ("mixed_anchors", "advice", "x4", mixed("agreement", "frequency", "frequency", "agreement", scales=TWO_SCALES)),
    ("licence_and_source", "error", "", made(licence="unknown")),
    ("licence_and_source", "error", "", made(source={"citation": " "})),
]

CLEANS = {
    "reading_grade": [
        made(),
        made("I tell my partner what is going well between us."),
        made(german="Verlässlichkeit."),
    ],
    "two_ideas": [
        made("I raise my worries again and again."),
        made("I tune out while my partner talks."),
        made("I ask my partner before I decide."),
        made(german="Ich frage meinen Partner oder meine Partnerin."),
        made(german="Ich gehe auf ihn oder sie ein."),
    ],
    "negation": [
        made("I say no to my partner."),
        made("I understand my partner until late under stress, as a unit."),
        made(german="Ich unterstütze uns unter Druck und unser Leben."),
    ],
    "double_negative": [made("I do not share my feelings."), made("I avoid hard talks."), made("I dislike it.")],
    "absolute": [made("I often tell my partner what I need."), made(german="Ich sage oft, was ich brauche.")],
    "gendered_word": [
        made("I heard them out there when the theme was human."),
        made(german="Ich frage meinen Partner / meine Partnerin."),
        made(german="Ich frage meine:n Partner:in."),
        made(german="Man spricht darüber."),
    ],
    "partner_term": [
        made("My partner's view matters to me."),
        made("I talk with a friend about my partner."),
        made(german="Mein Partner / meine Partnerin spricht mit meinem Partner / meiner Partnerin."),
    ],
    "time_frame_repeated": [made("I let past hurts go."), made("I speak last.")],
    "time_frame_stated": [made(), rekeyed()],
    "item_length": [made("I say it " + "a lot " * 7 + "to my partner.")],
    "near_duplicate": [made("I ask my partner for help."), made("I give my partner my view.")],
    "reversed_share": [rekeyed(1, 4), rekeyed(1, 4, 7, 9), rekeyed()],
    "reversed_run": [rekeyed(1, 2, 3), rekeyed(1, 2, 3, 5)],
    "attention_checks": [rekeyed(3)],
    "unlabelled_options": [made(), rekeyed()],
    "option_count": [made(), rekeyed()],
    "mixed_anchors": [
        made(),
        mixed(
            "agreement",
            "agreement",
            "frequency",
            "frequency",
            scales={
                "a": {"title": "A", "items": ["x1", "x2"]},
                "b": {"title": "B", "items": ["x3", "x4"]},
            },
        ),
    ],
    "missing_translation": [made()],
    "licence_and_source": [made()],
    "repeated_elsewhere": [made()],
}


@pytest.mark.parametrize(("rule", "level", "item", "broken"), BROKEN)
def test_a_broken_example_is_found(rule, level, item, broken):
    assert of(rule, broken) == [(level, item)]


@pytest.mark.parametrize("rule", RULES)
def test_a_clean_example_raises_no_alarm(rule):
    for clean in CLEANS[rule]:
        assert of(rule, clean) == []


def test_every_rule_has_a_broken_and_a_clean_example():
    elsewhere = {"missing_translation", "repeated_elsewhere"}
    assert {rule for rule, *_ in BROKEN} | elsewhere == set(RULES) == set(CLEANS)


def test_a_clean_instrument_has_no_finding_at_all():
    assert lint(made()) == ()


def test_every_finding_names_rule_source_and_remedy():
    for _, _, _, broken in BROKEN:
        for finding in lint(broken):
            assert finding.source == RULES[finding.rule].source != ""
            assert len(finding.message) > 30
            assert finding.message.endswith((".", ")"))


# ---- Languages -----------------------------------------------------------------------------------------------------


def test_a_missing_translation_is_named():
    data = made().model_dump()
    data["items"][0]["text"]["de"] = "Ich sage früh, was ich brauche."
    half = type(made())(**data)  # the loader refuses such a file; the constructor checks each part alone
    assert ("error", "x2") in of("missing_translation", half)
    assert ("error", "calm") in of("missing_translation", half)
    assert ("error", ITEM) not in of("missing_translation", half)


def test_a_text_that_was_copied_is_not_a_translation():
    data = made().model_dump()
    data["items"][0]["text"]["de"] = data["items"][0]["text"]["en"]
    assert ("error", ITEM) in of("missing_translation", type(made())(**data))


def test_findings_in_a_translation_name_the_language():
    data = instrument("rws").model_dump()
    data["items"][0]["text"]["de"] = "Ich rede nie mit meinem Partner / meiner Partnerin."
    [negation] = [finding for finding in lint(instrument_from(data)) if finding.rule == "negation"]
    assert negation.message.startswith("(de) 'nie'")


def test_a_language_without_lists_gets_only_the_rules_that_need_none():
    data = deepcopy(CLEAN)
    data["language"] = "fr"
    data["items"][0]["text"] = "Je ne dis jamais non et always never because her " + "mot " * 15
    data["response"]["agreement"]["labels"] = {"fr": OPTIONS}
    assert {finding.rule for finding in lint(instrument_from(data))} == {"item_length"}


def test_a_region_uses_the_lists_of_its_language():
    assert found("negation", "I do not.", "en-GB") == ["not"]


def test_never_avoiding_is_a_double_negative_but_avoiding_never_is_not():
    assert negated_negatives("I never refuse a talk.", "en") == ["never", "refuse"]
    assert negated_negatives("I refuse a talk that would never end.", "en") == []


# ---- Partner terms -------------------------------------------------------------------------------------------------


def who_does_it(*labels):
    items = [{**item, "text": text, "reverse": False} for item, text in zip(CLEAN["items"], WHO, strict=True)]
    response = {"agreement": {"min": -2, "max": 2, "labels": {"en": list(labels)}}}
    return made(items=items, response=response)


WHO = ("Who brings up a problem", "Who delays a talk", "Who asks for a change", "Who goes silent")


def test_phrases_about_who_does_what_need_not_name_the_partner():
    one = who_does_it("Always me", "Mostly me", "Equally", "Mostly my partner", "Always my partner")
    assert of("partner_term", one) == []


def test_options_that_call_the_partner_by_two_names_are_found():
    one = who_does_it("Always me", "Mostly me", "My partner a bit", "Mostly my partner", "Always my spouse")
    assert of("partner_term", one) == [("error", "")]


# ---- Items that stand in two instruments ---------------------------------------------------------------------------


def test_short_forms_repeat_nothing():
    for short, full in (("rws6", "rws"), ("has10", "has")):
        one, whole = instrument(short), instrument(full)
        assert of("repeated_elsewhere", one, [whole]) == of("repeated_elsewhere", whole, [one]) == []


def test_one_id_with_two_definitions_is_an_error():
    other = made("I tell my partner what I want.", id="other")
    assert of("repeated_elsewhere", made(), [other]) == [("error", ITEM)]


def test_a_like_item_of_another_instrument_is_advice():
    items = [{**item, "id": f"y{item['id']}"} for item in CLEAN["items"]]
    items[0]["text"] = "I tell my partner early on what I really need."
    other = made(items=items[:1], id="other", scales={"calm": {"items": ["yx1"]}})
    assert of("repeated_elsewhere", made(), [other]) == [("advice", ITEM)]
    assert of("repeated_elsewhere", made(), [made()]) == []  # itself
    items[0]["text"] = CLEAN["items"][0]["text"]
    assert of("repeated_elsewhere", made(), [made(items=items[:1], id="other", scales={"calm": {"items": ["yx1"]}})])


def test_the_same_words_twice_are_an_error_in_every_language():
    data = deepcopy(CLEAN)
    data["language"] = "fr"
    data["response"]["agreement"]["labels"] = {"fr": OPTIONS}
    data["items"][0]["text"] = "Je dors."
    data["items"][1]["text"] = "Je dors."
    data["items"][2]["text"] = "Je parle de mes soucis avec mon partenaire."
    data["items"][3]["text"] = "Je parle de mes amis avec mon partenaire."
    one = instrument_from(data)
    assert of("near_duplicate", one) == [("error", "x2"), ("advice", "x4")]


# ---- Answers -------------------------------------------------------------------------------------------------------


def answered(text, item_lint=None, lint_=None):
    data = deepcopy(CLEAN)
    data["items"][0] |= {"text": text, "lint": item_lint or {}}
    return lint(instrument_from({**data, "lint": lint_ or {}}))


def test_advice_keeps_its_answer_and_is_no_longer_open():
    [finding] = answered("I do not yell at my partner.", {"negation": "The opposite has no word."})
    assert (finding.answer, finding.is_open) == ("The opposite has no word.", False)
    [finding] = answered("I do not yell at my partner.", lint_={"negation": "All of them."})
    assert (finding.answer, finding.is_open) == ("All of them.", False)


def test_advice_without_a_reason_stays_open():
    [finding] = answered("I do not yell at my partner.", {"negation": " "})
    assert finding.is_open


def test_an_error_cannot_be_answered_away():
    [finding] = answered("I ask what she needs.", {"gendered_word": "We like it."})
    assert (finding.level, finding.is_open) == ("error", True)


@pytest.mark.parametrize(
    ("item_lint", "lint_", "place", "words"),
    [
        ({"negation": "Why"}, {}, ITEM, "nothing to say"),
        ({}, {"negation": "Why"}, "", "nothing to say"),
        ({"negatoin": "Why"}, {}, ITEM, "Did you mean 'negation'?"),
        ({}, {"stale_answer": "Why"}, "", "unknown rule"),
    ],
)
def test_an_answer_that_answers_nothing_is_stale(item_lint, lint_, place, words):
    [finding] = answered("I ask for help.", item_lint, lint_)
    assert (finding.level, finding.rule, finding.item, finding.is_open) == ("advice", "stale_answer", place, True)
    assert words in finding.message


def test_an_answer_of_the_instrument_that_every_item_overrides_is_stale():
    found_here = answered("I do not yell at my partner.", {"negation": "Mine."}, {"negation": "All."})
    assert [(finding.rule, finding.item) for finding in found_here] == [("negation", ITEM), ("stale_answer", "")]


def test_an_answer_about_another_instrument_is_stale_only_when_compared():
    data = {**deepcopy(CLEAN), "lint": {"repeated_elsewhere": "On purpose."}}
    assert lint(instrument_from(data)) == ()
    assert [one.rule for one in lint(instrument_from(data), [instrument("cpq")])] == ["stale_answer"]


# ---- Reading grade -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size", "flesch_kincaid", "automated"),
    [  # sentences, words, letters, syllables counted by hand, and the formulas worked out by hand
        ("The cat sat on the mat.", (1, 6, 17, 6), -1.45, -5.085),
        # I keep bus-y to put off a hard talk with my part-ner
        ("I keep busy to put off a hard talk with my partner.", (1, 12, 39, 14), 2.856667, -0.1225),
        # My part-ner lis-tens when I speak. We set-tle one prob-lem to-geth-er.
        ("My partner listens when I speak. We settle one problem together.", (2, 11, 52, 17), 4.791364, 3.585455),
    ],
)
def test_formulas_agree_with_a_count_by_hand(text, size, flesch_kincaid, automated):
    counted = counts([text])
    assert (counted.sentences, counted.words, counted.letters, counted.syllables) == size
    assert counted.flesch_kincaid == pytest.approx(flesch_kincaid, abs=1e-6)
    assert counted.automated_readability == pytest.approx(automated, abs=1e-6)


def test_texts_add_up_and_each_is_a_sentence():
    assert counts(["Who asks", "Who waits", ""]) == counts(["Who asks. Who waits."])
    assert counts(["", "…"]) is None


@pytest.mark.parametrize(
    ("word", "number"),
    [("I", 1), ("me", 1), ("the", 1), ("agree", 2), ("relationship", 4), ("communication", 5), ("body", 2), ("use", 1)],
)
def test_syllables(word, number):
    assert syllables(word) == number


def test_the_form_as_a_whole_is_held_to_grade_six():
    long = "I communicate my personal expectations to my partner."
    items = [{**item, "text": f"{long[:-1]} {number}."} for number, item in enumerate(CLEAN["items"])]
    assert ("error", "") in of("reading_grade", made(items=items))


def test_no_network_is_needed(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the linter tried to reach the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    syllables.cache_clear()
    assert lint(made()) == ()


# ---- Catalogue -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", catalogue())
def test_the_catalogue_has_no_error_and_every_advice_is_answered(name):
    others = [instrument(other) for other in catalogue() if other != name]
    assert [finding for finding in lint(instrument(name), others) if finding.is_open] == []


def test_two_item_scales_need_both_answers():
    for one in map(instrument, catalogue()):
        for name, scale in one.scales.items():
            if len(one.scale_items(name)) == 2:
                assert scale.needed(2) == 2, f"{one.id}.{name}"


def test_instruments_without_wording_are_checked_where_no_wording_is_needed():
    assert {finding.rule for finding in lint(instrument("cpq"))} == {"reversed_share", "option_count"}


def test_a_table_shows_every_finding():
    findings = {name: lint(instrument(name)) for name in ("cpq", "has")}
    table = findings_table(findings)
    assert list(table.columns) == ["instrument", "level", "rule", "item", "message", "source", "answer"]
    assert list(table["instrument"]) == ["cpq", "cpq"]
    assert list(findings_table([]).columns) == ["level", "rule", "item", "message", "source", "answer"]
    assert findings_table({}).empty
    one = Finding("error", "negation", "x", "m", "s")
    assert findings_table([one]).loc[0].to_list() == ["error", "negation", "x", "m", "s", ""]
