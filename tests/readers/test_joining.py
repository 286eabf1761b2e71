"""Several files of one study: stacked, merged, and refused where they contradict each other."""

import pytest

import toolkit as tk
from tests.builders import SCALE, assert_each_empty_cell_has_one_reason, assert_same, cells, write_study
from toolkit.errors import ResponsesError

TWO = """\
study: two
title: Two files
keys: {person: id, wave: wave}
data: [{file: one.csv, missing: {-9: refused}}, {file: two.csv, missing: {-8: skipped}}]
instruments: [./my.yaml]
covariates: [{name: age, max: 100}]
"""
HEADER = "id,wave,a1,a2,a3,age\n"


def read(folder, one, two, study=TWO, **files):
    return tk.read_responses(tk.read_study(write_study(folder, study, one_csv=one, two_csv=two, **files)))


def message_of(folder, one, two, study=TWO, **files):
    with pytest.raises(ResponsesError) as problem:
        read(folder, one, two, study, **files)
    return str(problem.value)


def test_waves_in_two_files_are_stacked(tmp_path):
    first, second = "p1,1,1,2,3,30\np2,1,6,-9,4,41\n", "p1,2,1,-8,3,200\np2,2,2,2,,42\n"
    joined = read(tmp_path, HEADER + first, HEADER + second)
    data = "data: [{file: one.csv, missing: {-9: refused, -8: skipped}}]"
    single = "\n".join(data if line.startswith("data:") else line for line in TWO.splitlines())
    whole = read(tmp_path, HEADER + first + second, "", single)
    assert_same(joined, whole)
    assert cells(joined) == {(1, "a2", "refused"), (2, "a2", "skipped"), (3, "a3", "unknown")}
    assert joined.flags[["row", "value"]].values.tolist() == [[2, "200"]]
    assert_each_empty_cell_has_one_reason(joined)


OTHER = SCALE.replace("id: my", "id: other").replace("a1", "b1").replace("a2", "b2").replace("a3", "b3")


def test_instruments_in_two_files_are_merged_by_their_keys(tmp_path):
    study = TWO.replace("[./my.yaml]", "[./my.yaml, ./other.yaml]")
    one = HEADER + "p1,1,1,2,3,30\np2,1,6,-9,4,41\n"
    two = "wave,id,b1,b2,b3\n1,p3,1,1,1\n1,p1,4,5,-8\n"
    joined = read(tmp_path, one, two, study, other_yaml=OTHER)
    frame = joined.frame
    assert frame["person"].tolist() == ["p1", "p2", "p3"]
    assert joined.items == ("a1", "a2", "a3", "b1", "b2", "b3")
    assert frame.loc[0, ["a1", "b1", "b2"]].tolist() == [1, 4, 5]
    assert {str(frame[item].dtype) for item in joined.items} == {"Int8"}
    reasons = {(row, column): reason for row, column, reason in cells(joined)}
    assert reasons[1, "a2"] == "refused"
    assert reasons[0, "b3"] == "skipped"
    absent = {(1, "b1"), (1, "b2"), (1, "b3"), (2, "a1"), (2, "a2"), (2, "a3"), (2, "age")}
    assert {cell for cell, reason in reasons.items() if reason == "not_shown"} == absent
    assert_each_empty_cell_has_one_reason(joined)


def test_cells_that_no_file_holds_are_logged(tmp_path):
    log = read(tmp_path, HEADER + "p1,1,1,2,3,30\n", "id,wave,a1,a2,a3\np2,1,1,2,3\n").log
    assert ("age", "no cell", 1, "in no file → not_shown") in [tuple(line) for line in log.itertuples(index=False)]


def test_a_cell_of_one_file_fills_the_hole_of_another(tmp_path):
    joined = read(tmp_path, HEADER + "p1,1,1,-9,3,\n", HEADER + "p1,1,1,2,,30\n")
    assert joined.frame.loc[0, ["a1", "a2", "a3", "age"]].tolist() == [1, 2, 3, 30]
    assert cells(joined) == set()


def test_numbers_that_are_written_differently_do_not_contradict_each_other(tmp_path):
    """A column with a hole is read as decimals: 30.0 is 30."""
    one, two = HEADER + "p1,1,1,2,3,30\np2,1,1,2,3,\n", HEADER + "p1,1,1.0,2,3,30\np3,1,1,2,3,31\n"
    assert read(tmp_path, one, two).frame["age"].tolist()[0] == 30


def test_contradictions_are_reported_together_with_their_keys(tmp_path):
    message = message_of(tmp_path, HEADER + "p1,1,1,2,3,30\np2,1,1,1,1,1\n", HEADER + "p1,1,2,2,3,31\np2,1,1,1,1,1\n")
    assert message == (
        "the study's files has 2 faults: (1) column 'a1': the files give different values for ('p1', 1); "
        "(2) column 'age': the files give different values for ('p1', 1)."
    )


def test_contradicting_couples_are_found(tmp_path):
    study = TWO.replace("wave: wave", "couple: c")
    message = message_of(tmp_path, "id,c,a1,a2,a3,age\np1,x,1,1,1,1\n", "id,c,a1,a2,a3,age\np1,y,1,1,1,1\n", study)
    assert "column 'couple': the files give different values for 'p1'" in message


def test_three_people_of_a_couple_are_found_across_files(tmp_path):
    study = TWO.replace("wave: wave", "couple: c")
    one = "id,c,a1,a2,a3,age\np1,x,1,1,1,1\np2,x,1,1,1,1\n"
    message = message_of(tmp_path, one, "id,c,a1,a2,a3,age\np3,x,1,1,1,1\n", study)
    assert "couple 'x': 3 people ('p1', 'p2', 'p3')" in message


def test_ids_that_are_text_in_one_file_are_text_in_all(tmp_path):
    joined = read(tmp_path, HEADER + "1,1,1,2,3,30\n2,1,1,2,3,31\n", HEADER + "1,2,1,2,3,30\nx9,1,1,2,3,31\n")
    assert joined.frame["person"].tolist() == ["1", "2", "1", "x9"]
    assert joined.frame["person"].nunique() == 3
    assert ("person", "number to text") in set(joined.log[["column", "action"]].itertuples(index=False, name=None))


def test_whole_numbers_stay_whole(tmp_path):
    joined = read(tmp_path, HEADER + "1,1,1,2,3,30\n", HEADER + "2,1,1,2,3,31\n")
    assert joined.frame["person"].tolist() == [1, 2]
    assert {str(joined.frame[name].dtype) for name in ("person", "wave", "age")} == {"int64"}


def test_files_with_different_occasions_are_refused(tmp_path):
    study = TWO.replace("{file: two.csv,", "{file: two.csv, keys: {wave: null, day: day},")
    message = message_of(tmp_path, HEADER + "1,1,1,2,3,30\n", "id,day,a1,a2,a3,age\n2,1,1,2,3,31\n", study)
    assert "two.csv: its rows are keyed by 'person', 'day', those of 'one.csv' by 'person', 'wave'" in message


def test_items_and_covariates_in_no_file_are_reported(tmp_path):
    message = message_of(tmp_path, "id,wave,a1\n1,1,1\n", "id,wave,a2\n1,1,1\n")
    assert "instrument my: no file has a column for 1 item: 'a3'" in message
    assert "covariates: no file has a column 'age'" in message


def test_faults_of_a_file_name_the_file(tmp_path):
    assert message_of(tmp_path, HEADER + "1,1,1,2,3,30\n", HEADER + "1,2,7,2,3,30\n").startswith(
        "two.csv: column 'a1', row 1: 7 lies outside 1 to 6"
    )


def test_a_file_may_have_keys_and_names_of_its_own(tmp_path):
    study = TWO.replace(
        "{file: two.csv,", '{file: two.csv, keys: {person: Code}, columns: {"a{n}": "Q{n}"}, format: tsv,'
    )
    two = "Code\twave\tQ1\tQ2\tQ3\tage\np1\t2\t6\t5\t-8\t31\n"
    joined = read(tmp_path, HEADER + "p1,1,1,2,3,30\n", two, study)
    assert joined.frame[["person", "wave", "a1"]].values.tolist() == [["p1", 1, 1], ["p1", 2, 6]]
    assert cells(joined) == {(1, "a3", "skipped")}


def test_a_missing_code_named_not_shown_is_not_counted_as_absent(tmp_path):
    study = TWO.replace("{-8: skipped}", "{-8: not_shown}")
    log = read(tmp_path, HEADER + "p1,1,1,2,3,30\n", HEADER + "p1,2,-8,2,3,30\n", study).log
    assert "no cell" not in set(log["action"])


def test_the_order_of_the_files_changes_nothing_but_order(tmp_path):
    one, two = HEADER + "p1,1,1,2,3,30\np2,1,1,-9,3,\n", HEADER + "p1,2,1,2,3,30\np3,1,-9,2,,31\n"
    study = TWO.replace("{-8: skipped}", "{-9: refused}")
    forward, back = read(tmp_path, one, two, study), read(tmp_path, two, one, study)
    keys = ["person", "wave"]
    left, right = (part.frame.sort_values(keys).reset_index(drop=True) for part in (forward, back))
    assert left.equals(right)
