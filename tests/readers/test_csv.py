"""CSV and TSV: how a table is written changes nothing; what is no table is explained."""

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import toolkit as tk
from tests.builders import assert_same, cells, in_words, my_scale, some_examples
from toolkit.errors import ArgumentError, ResponsesError

PLAIN = "id,a1,a2,a3,name,height\np1,1,2,3,Zoë,1.75\np2,6,,4,Jürgen,1.5\np3,2,2,5,Ana,2\n"


def read(folder, content, **options):
    path = folder / "answers.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return tk.read_responses(path, my_scale(), **{"person": "id", **options})


@pytest.fixture
def plain(tmp_path):
    return read(tmp_path, PLAIN)


def message_of(folder, content, **options):
    with pytest.raises(ResponsesError) as problem:
        read(folder, content, **options)
    return str(problem.value)


SEMICOLON = PLAIN.replace(",", ";").replace(".", ",")
ROWS = PLAIN.splitlines()
WAYS = {
    "byte order mark": PLAIN.encode("utf-8-sig"),
    "latin-1": PLAIN.encode("latin-1"),
    "utf-16": PLAIN.encode("utf-16"),
    "utf-16 big-endian": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "utf-16 tabs": PLAIN.replace(",", "\t").encode("utf-16"),
    "tabs": PLAIN.replace(",", "\t"),
    "semicolons and decimal commas": SEMICOLON,
    "decimal comma at the very end": SEMICOLON.replace(";2\n", ";2,0\n").rstrip("\n"),
    "windows line ends": PLAIN.replace("\n", "\r\n"),
    "old mac line ends": PLAIN.replace("\n", "\r"),
    "no line end": PLAIN.rstrip("\n"),
    "blank lines": PLAIN.replace("\n", "\n\n") + "\n \n",
    "quotes": "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in ROWS),
    "spaces around names": PLAIN.replace("id,a1", "id , a1"),
    "trailing delimiters": "\n".join(f"{line}," for line in ROWS),
    "two trailing delimiters": "\n".join(f"{line},," for line in ROWS),
    "row names of R": "\n".join([f'"",{ROWS[0]}', *(f'"{i}",{line}' for i, line in enumerate(ROWS[1:], 1))]),
    "NA of R": PLAIN.replace(",,", ",NA,"),
    "numbers as decimals": PLAIN.replace(",6,", ",6.0,").replace(",3,", ",3.0,"),
    "leading zeros in answers": PLAIN.replace(",6,", ",06,"),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_way_a_table_is_written_changes_nothing(tmp_path, plain, way):
    assert_same(read(tmp_path, WAYS[way]), plain)


@pytest.mark.parametrize(
    ("way", "action"),
    [("latin-1", "encoding"), ("blank lines", "blank lines"), ("row names of R", "not read"),
     ("trailing delimiters", "not read"), ("semicolons and decimal commas", "decimal comma")],
)  # fmt: skip
def test_what_is_unusual_is_logged(tmp_path, plain, way, action):
    log = read(tmp_path, WAYS[way]).log
    assert log.iloc[0]["column"] == "answers.csv"
    assert action in set(log["action"])
    assert action not in set(plain.log["action"])


@pytest.mark.parametrize(
    "dialect",
    [
        tk.Dialect(encoding="cp1250"),
        tk.Dialect(encoding="cp1250", delimiter="|"),
        tk.Dialect(delimiter="|", decimal=","),
    ],
)
def test_a_dialect_may_be_said(tmp_path, plain, dialect):
    text = PLAIN.replace(",", dialect.delimiter or ",")
    text = text.replace(".", ",") if dialect.decimal else text
    assert_same(read(tmp_path, text.encode(dialect.encoding or "utf-8"), dialect=dialect), plain)


@pytest.mark.parametrize("delimiter", ["ab", "", '"', "\n"])
def test_a_dialect_that_cannot_be_is_refused(delimiter):
    with pytest.raises(ArgumentError, match="must be one character, such as ';'"):
        tk.Dialect(delimiter=delimiter)
    with pytest.raises(ArgumentError, match="decimal is 'x', but must be one of"):
        tk.Dialect(decimal="x")


@pytest.mark.parametrize("encoding", ["nonsense", "utf-16", "ascii", "a\0b", "hex"])
def test_a_wrong_encoding_is_explained(tmp_path, encoding):
    message = message_of(tmp_path, PLAIN[:-1], dialect=tk.Dialect(encoding=encoding))
    assert "answers.csv: it cannot be read as" in message
    assert "Leave `encoding` out, or name the right one" in message


def test_quoted_cells_hold_delimiters_quotes_and_line_ends(tmp_path):
    text = 'id,a1,a2,a3,note\np1,1,2,3,"one, ""two""\nthree"\np2,4,5,6,"a;b\tc"\n'
    assert read(tmp_path, text).frame["note"].tolist() == ['one, "two"\nthree', "a;b\tc"]


@pytest.mark.parametrize(
    "ids",
    [["007", "7", "x"], ["007", "08", "9"], ["1e5", "2", "3"], ["1.10", "1.1", "1"], ["12345678901234567890", "1", "2"],
     ["inf", "1", "2"], ["True", "False", "x"]],
)  # fmt: skip
@pytest.mark.parametrize("delimiter", [",", "|"])
def test_ids_that_are_no_plain_whole_numbers_stay_text(tmp_path, ids, delimiter):
    lines = ["id,a1,a2,a3", *(f"{name},1,2,3" for name in ids)]
    text = "\n".join(lines).replace(",", delimiter)
    assert read(tmp_path, text, dialect=tk.Dialect(delimiter=delimiter)).frame["person"].tolist() == ids


def test_ids_that_are_plain_whole_numbers_are_numbers(tmp_path):
    assert read(tmp_path, "id,a1,a2,a3\n1,1,2,3\n-2,1,2,3\n").frame["person"].tolist() == [1, -2]


def test_postal_codes_keep_their_zeros_and_other_columns_are_numbers(tmp_path):
    frame = read(tmp_path, "id,a1,a2,a3,zip,age\n1,1,2,3,01067,30\n2,1,2,3,,31\n").frame
    assert frame["zip"].tolist()[0] == "01067"
    assert frame["age"].tolist() == [30, 31]


def test_words_for_nothing_are_blank_in_columns_of_numbers_only(tmp_path):
    text = "id,a1,a2,a3,age,country\n1,1,2,NA,NA,NA\n2,1,n/a,3,31,DE\n3,NaN,2,3,32,\n"
    responses = read(tmp_path, text)
    assert responses.frame["age"].tolist()[1:] == [31, 32]
    assert responses.frame["country"].tolist()[:2] == ["NA", "DE"]
    empty = {(0, "a3"), (0, "age"), (1, "a2"), (2, "a1"), (2, "country")}
    assert cells(responses) == {(*cell, "unknown") for cell in empty}


def test_words_that_are_missing_codes_keep_their_reason(tmp_path):
    responses = read(tmp_path, "id,a1,a2,a3\n1,NA,,3\n", missing={"NA": "refused", "": "skipped"})
    assert cells(responses) == {(0, "a1", "refused"), (0, "a2", "skipped")}


def test_labels_that_are_words_for_nothing_are_answers(tmp_path):
    data = my_scale(max=2).model_dump()
    data["response"]["options"]["labels"] = {"en": ["None", "All"]}
    path = tmp_path / "x.csv"
    path.write_text("a1,a2,a3\nNone,All,\nAll,NA,None\n")
    responses = tk.read_responses(path, tk.Instrument.from_mapping(data), answers="labels")
    assert responses.frame[["a1", "a3"]].astype(object).values.tolist()[0][0] == 1
    assert cells(responses) == {(0, "a3", "unknown"), (1, "a2", "unknown")}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file is empty; export it again"),
        (b" \r\n\n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"\xff\xfe", "the file is empty"),
        (b"\xff\xfe\n\x00", "the file is empty"),
        (b"\nid,a1\n1,2\n", "line 1 is blank, but must hold the column names"),
        (ROWS[0], "there are no rows of answers; check that the export is complete"),
        (ROWS[0] + "\n\n", "there are no rows of answers"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "this is a picture, not a text table"),
        (b"PK\x03\x04" + bytes(range(256)), "this is an Excel workbook or zip archive"),
        (b"\xd0\xcf\x11\xe0" + bytes(range(256)), "this is an old Excel workbook"),
        (b"%PDF-1.7", "this is a PDF"),
        (bytes(range(1, 32)) * 5, "this is not a text file"),
        (PLAIN.replace("p2", "p\0"), "line 3 holds NUL bytes"),
        (PLAIN.encode("utf-16-le"), "then say `encoding: utf-16-le`"),
        (b"\xff\xfea", "it cannot be read as utf-16"),
        (PLAIN.replace("a2", "a1"), "line 1: the column 'a1' stands more than once"),
        (PLAIN + "p4,1,2\n", "line 5: 3 fields, but the header has 6; a cell that holds ',' must be in quotes"),
        (PLAIN + "p4,1,2", "line 5: 3 fields, but the header has 6"),
        (PLAIN + "p4\n", "line 5: 1 field, but the header has 6"),
        (PLAIN + "p4,1,2,3,x,1,9\n", "line 5: 7 fields, but the header has 6"),
        (PLAIN.replace("Zoë", '"Z\no, ë"') + "p4,1,2\n", "line 6: 3 fields"),
        (PLAIN.replace("Zoë", '"Zoë'), "line 2: a quote is opened and not closed"),
        (PLAIN.replace("id", '"id'), "line 1: a quote is opened and not closed"),
        (PLAIN.replace("Zoë", '"Zo"ë'), "line 2: a quote is opened and not closed, or text follows a closing quote"),
        (PLAIN.replace("height", ""), "holds values; give it a name in line 1"),
        (SEMICOLON + "p4;1;2;3;Eva;1.5\n", "numbers are written both with a decimal comma and with a point (line 5)"),
    ],
)
def test_what_is_no_table_is_explained(tmp_path, content, expected):
    message = message_of(tmp_path, content)
    assert message.startswith("answers.csv")
    assert expected in message


def test_all_ragged_rows_and_repeated_names_are_reported_together(tmp_path):
    text = PLAIN.replace("a2", "a1") + "".join(f"q{i},1\n" for i in range(70))
    message = message_of(tmp_path, text)
    assert message.startswith("answers.csv has 71 faults: (1) line 1: the column 'a1' stands more than once")
    assert "line 5: 2 fields" in message
    assert message.endswith("and 59 more.")


@pytest.mark.parametrize("name", ["absent.csv", ".", "a\0b.csv"])
def test_a_file_that_cannot_be_opened_is_explained(tmp_path, name):
    with pytest.raises(ResponsesError, match=r"the file cannot be read .* Check the path"):
        tk.read_responses(tmp_path / name, my_scale())


def test_wrong_answers_are_told_with_file_column_and_row(tmp_path):
    assert message_of(tmp_path, PLAIN.replace(",6,", ",7,")) == (
        "answers.csv: column 'a1', row 2: 7 lies outside 1 to 6; if it means that there is no answer, declare it under "
        "`missing`."
    )


def test_reading_needs_no_more_precision_than_the_file_has(tmp_path):
    assert read(tmp_path, PLAIN.replace("1.75", "0.1")).frame["height"].tolist()[0] == 0.1


@some_examples
@given(st.binary(max_size=200))
@example(b"a1,a2,a3\n1,2,3\n")
def test_any_bytes_are_read_or_refused_in_words(tmp_path, content):
    in_words(lambda: read(tmp_path, content, person=None))
    in_words(lambda: read(tmp_path, b"id,a1,a2,a3,x\n" + content))


@some_examples
@given(st.text(st.sampled_from(list("1236,;\t\n\r\" x'=é0.-")), max_size=60))
def test_any_text_is_read_or_refused_in_words(tmp_path, text):
    in_words(lambda: read(tmp_path, "id,a1,a2,a3\np0,1,2,3\n" + text))
    in_words(lambda: read(tmp_path, text, person=None))


CELL = st.text(st.sampled_from(list("ab1, ;\"\n'=é😀")), max_size=8)


@some_examples
@given(st.lists(CELL, min_size=1, max_size=5))
def test_any_text_in_a_quoted_cell_is_kept(tmp_path, texts):
    notes = [f"a{text}" for text in texts]
    frame = pd.DataFrame({"id": [f"p{i}" for i in range(len(texts))], "a1": 1, "a2": 2, "a3": 3, "note": notes})
    assert read(tmp_path, frame.to_csv(index=False, quoting=1)).frame["note"].tolist() == notes
