"""Study files: what is read, every fault with its place, and what a study may reach on disk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toolkit as tk
from tests.builders import ANSWERS, SCALE, STUDY, assert_same, in_words, some_examples, write_study
from tests.conftest import ROOT
from toolkit.errors import StudyError


def faults_of(path):
    with pytest.raises(StudyError) as problem:
        tk.read_study(path)
    return [str(fault) for fault in problem.value.faults]


def changed(folder, old, new, **files):
    assert STUDY.count(old) == 1
    return write_study(folder, STUDY.replace(old, new), **files)


def test_a_study_is_read_from_its_file_or_its_folder(tmp_path):
    path = write_study(tmp_path)
    study = tk.read_study(path)
    assert (study.name, study.title, study.folder) == ("small", "A small study", tmp_path)
    assert [one.id for one in study.instruments] == ["my"]
    assert tk.read_study(str(tmp_path)) == study
    assert tk.read_study(study) is study
    assert len(study.checksum(study.data_path(study.spec.data[0]))) == 64


def test_a_study_read_in_its_own_folder_needs_no_path(tmp_path, monkeypatch):
    write_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert tk.read_study("study.yaml").folder == tmp_path


def test_a_notebook_may_be_named_alone(tmp_path):
    path = write_study(tmp_path, STUDY.replace("[{notebook: scales}]", "[scales, {notebook: structure}]"))
    assert [(one.notebook, one.parameters) for one in tk.read_study(path).spec.reports] == [
        ("scales", {}),
        ("structure", {}),
    ]


def test_the_sample_studies_have_no_fault():
    found = list((ROOT / "data").glob("*/study.yaml"))
    assert found
    assert all(tk.read_study(path).instruments for path in found)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("title:", "titel:", "line 2, column 1 (titel): unknown key 'titel'. Did you mean 'title'?"),
        ("person: id", "persn: id", "line 3, column 8 (keys.persn): unknown key 'persn'. Did you mean 'person'?"),
        ("study: small", "study: a small one", "'study' must be a short name of letters, digits, _ and -"),
        ("study: small", "study: ../small", "'study' must be a short name"),
        (
            "answers.csv",
            "answer.csv",
            "there is no file answer.csv in the study's folder. Did you mean 'ans",
        ),
        ("./my.yaml", "rwz", "line 5, column 15 (instruments[0]): there is no instrument 'rwz'"),
        ("./my.yaml", "./absent.yaml", "(instruments[0]): "),
        ("[./my.yaml]", "[{id: ./my.yaml, range: [5, 1]}]", "the range is upside down: min is 5, max is 1"),
        ("[./my.yaml]", "[{id: ./my.yaml, range: [5]}]", "entry 2 of the list is missing"),
        ("[./my.yaml]", "[{id: ./my.yaml, scales: [mian]}]", "there is no scale 'mian'. Did you mean 'main'?"),
        ("[./my.yaml]", "[./my.yaml, ./my.yaml]", "'./my.yaml' is listed twice"),
        ("[./my.yaml]", "[]", "'instruments' must hold at least one entry"),
        ("[./my.yaml]", "./my.yaml", "'instruments' must be a list"),
        (
            "answers.csv}",
            "answers.csv, missing: {-9: skiped}}",
            "the reason 'skiped' of the missing code -9 is not known",
        ),
        ("answers.csv}", "answers.csv, missing: [[1]]}", "the missing code [1] must be a number or a text"),
        ("answers.csv}", "answers.csv, missing: true}", "the missing code True must be a number or a text"),
        ("answers.csv}", "answers.csv, delimiter: ab}", "'delimiter' must be one character, such as ; (here: 'ab')"),
        ("answers.csv}", "answers.csv, answers: lables}", "'answers' must be 'codes' or 'labels' (here: 'lables')"),
        ("answers.csv}", "answers.csv, format: xlsx}", "'format' must be 'csv'"),
        ("min: 10, max: 100", "min: 100, max: 10", "the range is upside down: min is 100, max is 10"),
        ("covariates:", "formats: [word]\ncovariates:", "(formats[0]): this entry must be"),
        (
            "covariates:",
            "privacy: {smallest_cell: 0}\ncovariates:",
            "'smallest_cell' must be greater than or",
        ),
        ("covariates:", "seed: -1\ncovariates:", "'seed' must be greater than or equal to 0"),
        (
            "covariates:",
            "confirmed_keys: [my.mian]\ncovariates:",
            "there is no scale 'my.mian'. Did you mean 'my.main'",
        ),
        ("covariates:", "title: Again\ncovariates:", "the key 'title' stands twice"),
        (
            "A small study",
            '!!python/object/apply:os.system ["true"]',
            "the tag !!python/object/apply:os.system is",
        ),
    ],
)
def test_each_fault_is_explained_at_its_place(tmp_path, old, new, expected):
    found = faults_of(changed(tmp_path, old, new))
    assert any(expected in fault for fault in found), found
    assert all(fault.startswith("line ") for fault in found)


def test_faults_of_different_parts_are_reported_together(tmp_path):
    text = STUDY.replace("title", "titel").replace("answers.csv", "a.csv").replace("./my.yaml", "rwz")
    found = faults_of(write_study(tmp_path, text))
    for expected in ("unknown key 'titel'", "there is no file a.csv", "there is no instrument 'rwz'"):
        assert any(expected in fault for fault in found), found


def test_faults_of_an_instrument_are_told_with_their_lines(tmp_path):
    (fault,) = faults_of(write_study(tmp_path, scale=SCALE.replace("max: 6", "max: 0")))
    assert "line 5, column 15 (instruments[0]): my.yaml: line 7, column 3 (response.agree): the range is" in fault


def test_a_study_without_a_file_is_explained(tmp_path):
    with pytest.raises(StudyError, match=r"study\.yaml: the file cannot be read .* Check the path"):
        tk.read_study(tmp_path)


@pytest.fixture
def secret(tmp_path):
    """Make a file outside the study's folder."""
    path = tmp_path / "secret.csv"
    path.write_text(ANSWERS)
    return path


def test_files_outside_the_folder_are_refused(tmp_path, secret):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "link.csv").symlink_to(secret)
    (folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    for name in ("../secret.csv", str(secret), "link.csv", "linked/secret.csv", "x/../../secret.csv"):
        (fault,) = faults_of(changed(folder, "answers.csv", name))
        assert "(data[0].file)" in fault
        assert f"{name} lies outside the study's folder; move it there, or write `outside: true`" in fault


def test_instruments_outside_the_folder_are_refused(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (tmp_path / "other.yaml").write_text(SCALE)
    (folder / "link.yaml").symlink_to(tmp_path / "other.yaml")
    for name in ("../other.yaml", str(tmp_path / "other.yaml"), "link.yaml"):
        (fault,) = faults_of(changed(folder, "./my.yaml", name))
        assert "lies outside the study's folder" in fault
        tk.read_study(write_study(folder, STUDY.replace("./my.yaml", name) + "outside: true\n"))


@pytest.mark.parametrize("text", ["{file: ../secret.csv, outside: true}", "{file: ../secret.csv}"])
def test_files_outside_are_read_where_the_study_says_so(tmp_path, secret, text):
    folder = tmp_path / "study"
    folder.mkdir()
    more = "" if "outside" in text else "outside: true\n"
    study = tk.read_study(write_study(folder, STUDY.replace("{file: answers.csv}", text) + more))
    assert_same(tk.read_responses(study), tk.read_responses(tk.read_study(write_study(folder))))


def test_a_link_inside_the_folder_is_read(tmp_path):
    path = changed(tmp_path, "answers.csv", "link.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "answers.csv")
    assert len(tk.read_responses(tk.read_study(path)).frame) == 3


@pytest.mark.parametrize("name", ["loop.csv", '"a\\0b"'])
def test_paths_that_cannot_be_followed_are_refused(tmp_path, name):
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    (fault,) = faults_of(changed(tmp_path, "answers.csv", name))
    assert "is not a path that can be followed" in fault


def two_instruments(folder, other):
    return changed(folder, "[./my.yaml]", "[./my.yaml, ./other.yaml]", other_yaml=other)


SHORT = SCALE.replace("id: my\n", "id: short\n").replace("  - {id: a3, response: agree, text: Three}\n", "")
SHORT = SHORT.replace("[a1, a2, a3]", "[a1, a2]")


def test_a_short_form_may_repeat_items(tmp_path):
    study = tk.read_study(two_instruments(tmp_path, SHORT))
    assert tk.score(tk.read_responses(study)).columns.tolist() == ["my.main", "short.main"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("max: 6, labels: {en: [Never, Rarely, Sometimes, Often, Very often, Always]}", "max: 5"),
     ("reverse: true, ", ""), ("text: One", "text: Another"), ("Never", "At no time")],
)  # fmt: skip
def test_items_that_are_defined_in_two_ways_are_refused(tmp_path, old, new):
    assert old in SHORT
    found = faults_of(two_instruments(tmp_path, SHORT.replace(old, new)))
    assert any("is defined differently in my and short; rename it in one of them" in fault for fault in found)


def test_two_instruments_with_one_id_are_refused(tmp_path):
    (fault,) = faults_of(two_instruments(tmp_path, SHORT.replace("id: short", "id: my")))
    assert "two instruments have the id 'my'" in fault


def test_several_files_need_a_person(tmp_path):
    text = STUDY.replace("[{file: answers.csv}]", "[{file: answers.csv}, {file: b.csv}]").replace(
        "keys: {person: id}\n", ""
    )
    (fault,) = faults_of(write_study(tmp_path, text, b_csv=ANSWERS))
    assert "several files can be joined only by a `person` key" in fault


def test_some_scales_of_an_instrument_leave_its_other_items_in_peace(tmp_path):
    """Items that only other scales need are not taken for typing errors."""
    scale = SCALE.replace("items: [a1, a2, a3]}", "items: [a1, a2]}\n  rest: {title: Rest, items: [a3]}")
    path = changed(tmp_path, "[./my.yaml]", "[{id: ./my.yaml, scales: [main]}]", my_yaml=scale)
    responses = tk.read_responses(tk.read_study(path))
    assert responses.items == ("a1", "a2")
    assert ("a3", "not read") in set(responses.log[["column", "action"]].itertuples(index=False, name=None))


LINES = STUDY.splitlines()


@some_examples
@given(
    st.lists(st.tuples(st.integers(0, len(LINES) - 1), st.integers(0, 60), st.integers(0, 8)), min_size=1, max_size=3),
    st.text(st.sampled_from(list("a1{}[]:,-'\"! \n#&*é./\\\t")), max_size=6),
)
def test_a_damaged_study_is_read_or_refused_in_words(tmp_path, damages, insertion):
    lines = list(LINES)
    for line, column, length in damages:
        lines[line] = lines[line][:column] + insertion + lines[line][column + length :]
    path = write_study(tmp_path, "\n".join(lines))
    in_words(lambda: tk.read_responses(tk.read_study(path)))


@some_examples
@given(st.binary(max_size=80))
def test_any_bytes_as_a_study_are_refused_in_words(tmp_path, content):
    path = tmp_path / "study.yaml"
    path.write_bytes(content)
    assert in_words(lambda: tk.read_study(path)) is None
