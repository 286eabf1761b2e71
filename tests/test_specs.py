"""YAML files: what is read, what is refused, and where each fault stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import in_words, some_examples
from toolkit.errors import InstrumentError, StudyError
from toolkit.specs import known_keys, parse_document, read_document
from toolkit.study import StudyFile


def parse(text):
    return parse_document(text, "file.yaml", InstrumentError)


def message_of(text):
    with pytest.raises(InstrumentError) as problem:
        parse(text)
    return str(problem.value)


def test_words_that_other_readers_turn_into_booleans_and_dates_stay_text():
    data = parse("a: No\nb: on\nc: 2024-01-31\nd: 1_000\ne: 0x1F\nf: 12:30:00\ng: y").data
    assert list(data.values()) == ["No", "on", "2024-01-31", "1_000", "0x1F", "12:30:00", "y"]


def test_numbers_booleans_and_nothing_are_read():
    data = parse("a: 1\nb: -0.5\nc: 1e3\nd: true\ne:\nf: ~\ng: '1'").data
    assert list(data.values()) == [1, -0.5, 1000.0, True, None, None, "1"]


def test_places_are_line_and_column():
    document = parse("a: 1\nitems:\n  - {id: x,\n     text: y}\n")
    assert document.place(("items", 0, "text")) == "line 4, column 6 (items[0].text)"
    assert document.place(("items", 0, "absent")) == "line 3, column 5 (items[0])"
    assert document.place(()) == "line 1, column 1"


def test_data_without_a_file_have_no_line():
    from toolkit.specs import Document

    assert Document("keys", {}, {}).place(("items", 0, "id")) == "items[0].id"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("hello", "must hold `key: value` lines, but holds 'hello'"),
        ("- a\n- b\n", "must hold `key: value` lines"),
        ("a:\n\tb: 1\n", "line 2 has a tab"),
        ("a: 'open\n", "line 2"),
        ("a: [1, 2\nb: 3\n", "line 2"),
        ("a: 1\n---\nb: 2\n", "line 2 begins a second document"),
        ("a: *nobody\n", "undefined alias"),
        ("a: 1\nb: \x07\n", "line 2 holds a control character"),
        ("a: " + "[" * 5000, "nested too deeply"),
        ("a: " + "{a: " * 3000 + "}" * 3000, "nested too deeply"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_not_yaml_is_explained(text, expected):
    message = message_of(text)
    assert message.startswith("file.yaml: ")
    assert expected in message


def faults_of(text):
    return [str(fault) for fault in parse(text).faults]


@pytest.mark.parametrize(
    "text",
    [
        'a: !!python/object/apply:os.system ["touch {marker}"]',
        "a: !!python/object/new:os.system ['touch {marker}']",
        "a: !!python/name:os.system",
        "a: !!python/tuple [1, 2]",
        "a: !!python/object:toolkit.study.Keys {{person: x}}",
        "a: !local text",
        "a: !!set {{x, y}}",
        "a: !!binary aGVsbG8=",
    ],
)
def test_tags_are_refused_and_never_run(text, tmp_path):
    marker = tmp_path / "executed"
    (fault,) = faults_of(text.format(marker=marker))
    assert "line 1, column 1 (a): the tag !" in fault
    assert "is refused" in fault
    assert not marker.exists()


def test_a_tag_on_the_whole_file_is_refused():
    assert "the tag !!python/object/apply:os.system is refused" in message_of(
        '!!python/object/apply:os.system ["true"]'
    )


def test_keys_that_stand_twice_are_faults_and_the_first_one_counts():
    document = parse("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert [str(fault) for fault in document.faults] == [
        "line 2, column 1 (b): the key 'c' stands twice (again in line 2); keep one",
        "line 1, column 1: the key 'a' stands twice (again in line 3); keep one",
    ]
    assert document.data["a"] == 1


def test_a_number_that_cannot_be_read_is_a_fault():
    assert "'abc' cannot be read as a number" in faults_of("a: !!int abc")[0]
    assert "cannot be read as a number" in faults_of("a: " + "1" * 5000)[0]


def test_aliases_that_multiply_or_contain_themselves_are_one_fault():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{after}: &{after} [{','.join([f'*{before}'] * 9)}]\n"
        for before, after in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert len(faults_of(bomb)) == 1
    assert "an alias refers to itself or repeats too much" in faults_of("a: &a [*a]")[0]


def test_an_alias_that_repeats_a_little_is_read():
    assert parse("a: &a [1, 2]\nb: *a").data == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("é: 1".encode("latin-1"), "is not UTF-8 text (byte 0)"),
        ("a: 1".encode("utf-16"), "is not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n", "is not UTF-8 text"),
        (b"a: \x00", "line 1 holds a control character"),
    ],
)
def test_files_that_are_not_utf8_text_are_refused(tmp_path, content, expected):
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(StudyError) as problem:
        read_document(path, StudyError)
    assert expected in str(problem.value)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1")
    assert read_document(path, StudyError).data == {"a": 1}


@pytest.mark.parametrize("name", ["absent.yaml", ".", "a\0b", "x" * 5000])
def test_a_file_that_cannot_be_opened_is_explained(tmp_path, name):
    with pytest.raises(StudyError, match=r"the file cannot be read .* Check the path"):
        read_document(tmp_path / name, StudyError)


def test_a_huge_file_is_refused(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"#" * 20_000_001)
    with pytest.raises(StudyError, match="more than 20 MB"):
        read_document(path, StudyError)


def test_known_keys_are_found_at_every_depth():
    assert "person" in known_keys(StudyFile, ("keys",))
    assert "delimiter" in known_keys(StudyFile, ("data", 0))
    assert "instruments" in known_keys(StudyFile, ())


@some_examples
@given(st.text(st.sampled_from(list("ab:-[]{}&*!#|>'\"%@` \t\n0123?,~é\\")), max_size=60))
def test_any_text_is_read_or_refused(text):
    document = in_words(lambda: parse(text))
    assert document is None or isinstance(document.data, dict)
