"""How the parts of an instrument fit together: each rule finds its fault, at its place."""

import pytest

import toolkit as tk
from tests.builders import SCALE
from toolkit.errors import InstrumentError
from toolkit.instrument_model import build
from toolkit.specs import parse_document


def faults_of(text):
    with pytest.raises(InstrumentError) as problem:
        build(parse_document(text, "my.yaml", InstrumentError))
    return [str(fault) for fault in problem.value.faults]


def changed(*pairs):
    text = SCALE
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


EXTRA = "  main: {title: Main, items: [a1, a2, a3]}\n"
CASES = {
    "repeated id": (("id: a3", "id: a1"), "line 11, column 6 (items[2].id): the item id 'a1' stands twice"),
    "unknown format": (
        ("id: a3, response: agree", "id: a3, response: agre"),
        "(items[2].response): item 'a3' uses the response format 'agre', which is not declared. Did you mean 'agree'?",
    ),
    "reversed without range": (
        ("agree: {min: 1, max: 6, ", "agree: {"),
        "line 10, column 31 (items[1].reverse): item 'a2' is reversed, but its response format declares no range",
    ),
    "no items": (("items: [a1, a2, a3]", "score: mean"), "(scales.main): the scale 'main' must list either `items`"),
    "unknown item": (
        ("[a1, a2, a3]", "[a1, a2, a3, a33]"),
        "line 13, column 43 (scales.main.items[3]): the scale 'main' names an unknown item 'a33'. Did you mean 'a3'?",
    ),
    "reserve item": (("text: Three", "text: Three, reserve: true"), "names 'a3', which is a reserve or unscored item"),
    "unscored item": (("text: Three", "text: Three, scored: false"), "names 'a3', which is a reserve or unscored"),
    "unknown part": (
        (EXTRA, EXTRA + "  all: {title: All, scales: [mian]}\n"),
        "(scales.all.scales[0]): the scale 'all' pools an unknown scale 'mian'. Did you mean 'main'?",
    ),
    "circle": (
        (EXTRA, EXTRA + "  x: {title: X, scales: [y]}\n  y: {title: Y, scales: [x]}\n"),
        "the scale 'x' pools itself, directly or through another",
    ),
    "repeated item": (("[a1, a2, a3]", "[a1, a2, a3, a1]"), "the scale 'main' counts 'a1' more than once"),
    "repeated through parts": (
        (EXTRA, EXTRA + "  all: {title: All, scales: [main, main]}\n"),
        "the scale 'all' counts 'a1' more than once",
    ),
    "mixed ranges": (
        ("items:\n  - {id: a1, response: agree", "  yes_no: {min: 0, max: 1}\nitems:\n  - {id: a1, response: yes_no"),
        "the scale 'main' mixes items with different response ranges",
    ),
    "impossible count": (
        ("[a1, a2, a3]", "[a1, a2, a3], min_answered: 4"),
        "(scales.main.min_answered): min_answered is 4, but the scale has 3 items",
    ),
    "outside": (("[a1, a2, a3]", "[a1, a2]"), "line 11, column 5 (items[2]): item 'a3' belongs to no scale"),
    "unknown home": (
        ("text: Three", "text: Three, scale: mian"),
        "item 'a3' is meant for an unknown scale 'mian'.",
    ),
    "unknown norm": (
        (EXTRA, EXTRA + "norms:\n  - {group: g, scale: man, n: 9, mean: 1, sd: 1, source: s}\n"),
        "line 15, column 16 (norms[0].scale): a norm of an unknown scale 'man'. Did you mean 'main'?",
    ),
    "no wording": ((", text: Three", ""), "item 'a3' has no text (only `status: keys-only` may leave it out)"),
    "new without evidence": (("status: validated", "status: new"), "`evidence` is missing"),
    "translation": (
        ("text: Three", "text: {en: Three, de: Drei}"),
        "(items[0].text): the text in language 'de' is missing",
    ),
    "own language": (
        ("title: My scale", "language: de\ntitle: {en: My scale}"),
        "(title): the text in language 'de'",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_rule_finds_its_fault(name):
    change, expected = CASES[name]
    assert any(expected in fault for fault in faults_of(changed(change))), faults_of(changed(change))


def test_an_instrument_without_faults_has_none():
    assert build(parse_document(SCALE, "my.yaml", InstrumentError)).id == "my"


def test_all_faults_are_reported_at_once_with_their_lines():
    text = changed(
        ("id: my", "id: 1my"),
        ("status: validated", "status: valid"),
        ("licence", "license"),
        ("max: 6", "max: 6.5"),
        ("reverse: true", "reverse: perhaps"),
        ("[a1, a2, a3]", "[a1, a2, a9]"),
    )
    found = faults_of(text)
    starts = ("line 1,", "line 3,", "line 4,", "line 7,", "line 10,", "line 11,", "line 13,")
    assert all(any(fault.startswith(start) for fault in found) for start in starts), found


def test_keys_only_instruments_need_no_wording():
    text = changed(("status: validated", "status: keys-only"), (", text: Three", ""))
    assert build(parse_document(text, "my.yaml", InstrumentError)).by_id["a3"].text == {}


@pytest.mark.parametrize("parts", ["main", "main, main"])
def test_very_many_nested_scales_are_refused_quickly(parts):
    """Pools that double at each level would have 2^200 entries."""
    names = parts.split(", ")
    nested = "".join(
        f"  s{i}: {{title: S, scales: [{', '.join(names if i == 0 else [f's{i - 1}'] * len(names))}]}}\n"
        for i in range(201)
    )
    assert any("at most 200" in fault for fault in faults_of(SCALE + nested))


def test_a_pool_keeps_the_order_of_its_parts():
    parts = "  first: {title: F, items: [a3]}\n  rest: {title: R, items: [a2, a1]}\n"
    parts += "  all: {title: A, scales: [rest, first]}\n"
    one = build(parse_document(SCALE.replace(EXTRA, parts), "my.yaml", InstrumentError))
    assert one.scale_items("all") == ("a2", "a1", "a3")


def test_the_catalogue_has_no_fault():
    assert [tk.instrument(name).id for name in tk.instruments()["id"]] == list(tk.instruments()["id"])
