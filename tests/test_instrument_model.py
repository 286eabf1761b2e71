"""Item, Scale, Instrument: parts, ranges, texts, copies; and that any file is read or refused in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toolkit as tk
from tests.builders import SCALE, in_words, my_scale, some_examples
from toolkit.errors import InstrumentError
from toolkit.instrument_model import Instrument, Scale, build
from toolkit.specs import parse_document


def load(text):
    return build(parse_document(text, "my.yaml", InstrumentError))


def faults_of(text):
    with pytest.raises(InstrumentError) as problem:
        load(text)
    return [str(fault) for fault in problem.value.faults]


def test_a_plain_text_is_wording_in_the_instruments_language():
    one = load(SCALE.replace("id: my", "id: my\nlanguage: pt-BR").replace("labels: {en:", "labels: {pt-BR:"))
    assert one.title == {"pt-BR": "My scale"}
    assert one.by_id["a1"].text == {"pt-BR": "One"}
    assert one.scales["main"].title == {"pt-BR": "Main"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("min: 1, max: 6", "min: 6, max: 1", "the range is upside down: min is 6, max is 1"),
        ("min: 1, max: 6", "min: 1, max: 1", "the range is upside down"),
        ("min: 1, max: 6", "min: 1, max: 100000", "more than 1,001 options"),
        ("min: 1, max: 6", "min: 1, max: 7", "6 labels in 'en' for 7 options (1 to 7)"),
        ("min: 1", "min: x", "'min' must be a whole number (here: 'x')"),
        ("min: 1", "min: 1.5", "'min' must be a whole number (here: 1.5)"),
        ("min: 1", "min: 1e999", "'min' must be a finite number"),
        ("id: my", "id: my scale", "'id' must be a short name of letters, digits and _ that begins with a letter"),
        ("id: a1", "id: -a1", "'id' must be a name without line breaks or control characters that does not begin with"),
        ("id: a1", "id: 1", "line 9, column 6 (items[0].id): 'id' must be text; put it in quotes (here: 1)"),
        ("id: my", "id: my\nversion: 1.0", "'version' must be text; put it in quotes"),
        ("id: my", "id: my\nversion: one", "'version' must be three numbers, such as 1.0.0 (here: 'one')"),
        ("id: my", "id: my\nlanguage: english speech", "'language' must be a language code, such as en or pt-BR"),
        ("title: My scale", "title: 5", "'title' must be `key: value` lines"),
        ("items: [a1", "min_answered: 0, items: [a1", "min_answered is 0: a share lies above 0"),
        ("items: [a1", "min_answered: 1.5, items: [a1", "min_answered is 1.5: a share lies above 0"),
        ("items: [a1", "min_answered: half, items: [a1", "min_answered is 'half': a share lies above 0"),
        ("items: [a1", "min_answered: true, items: [a1", "min_answered is True: a share lies above 0"),
        ("reverse: true", "reverse: yes", "'reverse' must be true or false (here: 'yes')"),
        (
            "items: [a1",
            "score: maen, items: [a1",
            "'score' must be 'mean', 'sum', 'sum_complete' or 'pomp'",
        ),
        ("reverse: true", "revers: true", "unknown key 'revers'. Did you mean 'reverse'?"),
        ("min: 1,", "minimum: 1,", "unknown key 'minimum'. Did you mean 'min'?"),
        ("licence: CC0-1.0\n", "", "the key 'licence' is missing; add it"),
    ],
)
def test_each_wrong_part_is_one_clear_fault(old, new, expected):
    found = faults_of(SCALE.replace(old, new, 1))
    assert sum(expected in fault for fault in found) == 1, found
    assert all(fault.startswith("line ") for fault in found)


def test_a_share_that_binary_numbers_miss_needs_no_further_answer():
    assert [Scale(items=["a"], min_answered=0.7).needed(n) for n in (1, 3, 10)] == [1, 3, 7]
    assert Scale(items=["a"], min_answered=1.0).needed(9) == 9
    assert Scale(items=["a"], min_answered=2).needed(9) == 2
    assert Scale(items=["a"], min_answered=1e-9).needed(9) == 1


def test_reserve_items_are_known_but_not_in_the_form():
    rws = tk.instrument("rws")
    assert len(rws.item_ids) == 18
    assert len(rws.by_id) == 27
    assert rws.by_id["rws22"].reserve


def test_a_scale_of_scales_pools_items():
    rws = tk.instrument("rws")
    assert len(rws.scale_items("total")) == 18
    assert set(rws.scale_items("avoidance")) < set(rws.scale_items("total"))


def test_texts_are_chosen_by_language():
    rws = tk.instrument("rws")
    assert rws.text(rws.title, "de") == "Skala zum Zurückhalten in der Partnerschaft"
    assert rws.text({}) == ""
    with pytest.raises(InstrumentError, match="no text in 'fr', only in de, en"):
        rws.text(rws.title, "fr")


def test_labels_are_the_numbers_where_there_are_none():
    assert my_scale().labels("a1") == ("1", "2", "3", "4", "5", "6")
    assert load(SCALE).labels("a1")[0] == "Never"


def test_another_range_drops_labels_that_no_longer_fit_and_keeps_those_that_do():
    one = load(SCALE)
    assert one.with_range(1, 5).range("a1") == (1, 5)
    assert one.with_range(1, 5).labels("a1") == ("1", "2", "3", "4", "5")
    assert one.with_range(0, 5).labels("a1")[0] == "Never"
    assert one.range("a1") == (1, 6)
    with pytest.raises(InstrumentError, match="upside down"):
        one.with_range(5, 1)


def test_some_scales_keep_the_items_and_parts_they_need():
    rws = tk.instrument("rws")
    part = rws.only(["avoidance"])
    assert list(part.scales) == ["avoidance"]
    assert part.item_ids == rws.scale_items("avoidance")
    assert "rws02" in part.left_out
    assert not rws.left_out
    assert set(rws.only(["total"]).scales) == set(rws.scales)
    with pytest.raises(InstrumentError, match=r"no scale 'avoidanse'\. Did you mean 'avoidance'"):
        rws.only(["avoidanse"])


def test_an_instrument_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        tk.instrument("rws").id = "other"


def test_plain_data_have_paths_instead_of_lines():
    with pytest.raises(InstrumentError) as problem:
        Instrument.from_mapping({"id": "x", "language": ["en"], "title": "t"}, "mine")
    assert str(problem.value).startswith("mine has ")
    assert "line" not in str(problem.value)
    assert "language: 'language' must be text" in str(problem.value)


def test_wording_with_markup_quotes_and_emoji_is_kept():
    text = "<script>alert(\"x\")</script> & 'quotes' 😀 " + "x" * 10_000
    one = Instrument.from_mapping({**load(SCALE).model_dump(), "title": text})
    assert one.text(one.title) == text


LINES = SCALE.splitlines()


@some_examples
@given(
    st.lists(st.tuples(st.integers(0, len(LINES) - 1), st.integers(0, 80), st.integers(0, 5)), min_size=1, max_size=4),
    st.text(st.sampled_from(list("a1{}[]:,-'\"! \n#&*é\x00\t")), max_size=6),
)
def test_a_damaged_file_is_read_or_refused_in_words(damages, insertion):
    lines = list(LINES)
    for line, column, length in damages:
        lines[line] = lines[line][:column] + insertion + lines[line][column + length :]
    in_words(lambda: load("\n".join(lines)))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["a1", "agree", "main"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=6,
)
PLACES = (
    "items items/0 items/1/id items/0/response items/2/text items/1/reverse scales scales/main scales/main/items "
    "scales/main/scales scales/main/min_answered response response/agree response/agree/min response/agree/labels "
    "language title norms source status extra lint"
)
PATHS = [[int(part) if part.isdigit() else part for part in place.split("/")] for place in PLACES.split()]


@some_examples
@given(st.sampled_from(PATHS), VALUES)
def test_any_value_in_any_place_is_read_or_refused_in_words(path, value):
    data = load(SCALE).model_dump()
    place = data
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    in_words(lambda: Instrument.from_mapping(data))


def test_a_refused_tag_is_one_fault():
    (fault,) = faults_of(SCALE.replace("My scale", '!!python/object/apply:os.system ["true"]'))
    assert "the tag !!python/object/apply:os.system is refused" in fault
