"""The catalogue, and the three ways to an instrument: id, file, scoring keys."""

import json

import jsonschema
import pytest
import yaml

import toolkit as tk
from tests.builders import SCALE
from tests.conftest import ROOT
from toolkit.catalogue import catalogue, json_schema, outline
from toolkit.errors import InstrumentError
from toolkit.instrument_model import Instrument

NAMES = catalogue()


@pytest.mark.parametrize("name", NAMES)
def test_every_instrument_of_the_catalogue_loads_and_says_what_it_is(name):
    one = tk.instrument(name)
    assert one.id == name
    text = outline(one)
    assert all(f"{name}.{scale} [" in text for scale in one.scales)
    assert all(item.id in text for item in one.items)
    assert one.licence in text


@pytest.mark.parametrize("name", NAMES)
def test_the_json_schema_validates_every_file_of_the_catalogue(name):
    from importlib.resources import files

    text = (files("toolkit") / "instruments" / f"{name}.yaml").read_text(encoding="utf-8")
    jsonschema.validate(yaml.safe_load(text), json_schema())


def test_the_json_schema_is_a_schema_and_can_be_written():
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json.loads(json.dumps(json_schema())) == json_schema()


def problems(data):
    return [problem.message for problem in jsonschema.Draft202012Validator(json_schema()).iter_errors(data)]


def test_the_json_schema_allows_wording_as_a_plain_text():
    assert problems(yaml.safe_load(SCALE)) == []
    assert yaml.safe_load(SCALE)["title"] == "My scale"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("id: my", "id: 1 my"),
        ("licence: CC0-1.0\n", ""),
        ("reverse: true", "revers: true"),
        ("min: 1", "min: one"),
        ("status: validated", "status: old"),
        ("title: My scale", "title: [My scale]"),
        ("id: a1", "id: -a1"),
    ],
)
def test_the_json_schema_refuses_what_the_loader_refuses(old, new):
    changed = yaml.safe_load(SCALE.replace(old, new, 1))
    assert len(problems(changed)) >= 1
    with pytest.raises(InstrumentError):
        Instrument.from_mapping(changed)


def test_the_list_has_one_row_per_instrument():
    table = tk.instruments()
    assert list(table["id"]) == list(NAMES)
    rws = table.set_index("id").loc["rws"]
    assert (rws["n_items"], rws["status"], rws["languages"]) == (18, "new", "de, en")
    assert rws["scales"] == "avoidance, emotional_withdrawal, nontransparency, total"


def test_an_instrument_is_loaded_by_id_path_or_itself(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(SCALE)
    assert tk.instrument(path) == tk.instrument(str(path))
    assert tk.instrument(path) == tk.instrument(tk.instrument(path))
    assert tk.instrument("rws").id == "rws"


def test_a_file_in_the_working_directory_does_not_hide_the_catalogue(tmp_path, monkeypatch):
    (tmp_path / "rws").write_text(SCALE)
    monkeypatch.chdir(tmp_path)
    assert tk.instrument("rws").id == "rws"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("rwz", r"there is no instrument 'rwz' in the catalogue\. Did you mean 'rws'\? Known: .*rws"),
        ("", "'' is not an instrument"),
        (5, "5 is not an instrument"),
        (None, "None is not an instrument"),
        ("./absent.yaml", "the file cannot be read .* Check the path"),
        ("a\0.yaml", "the file cannot be read"),
        ("../", "the file cannot be read"),
    ],
)
def test_what_is_no_instrument_is_explained(given, expected):
    with pytest.raises(InstrumentError, match=expected):
        tk.instrument(given)


def test_no_module_hides_a_public_name():
    """Importing a submodule puts it on the package, where it would replace a function of the same name."""
    source = ROOT / "src" / "toolkit"
    modules = {path.stem for path in source.glob("*.py")} | {path.parent.name for path in source.glob("*/__init__.py")}
    assert not modules & set(tk.__all__)


def test_scoring_keys_make_an_instrument():
    keys = {"f": ["Q1", "-Q2"], "g": ["Q3"]}
    one = tk.instrument_from_keys(keys, min=0, max=4, id="q", score="sum", min_answered=1)
    assert [item.id for item in one.items] == ["Q1", "Q2", "Q3"]
    assert [item.reverse for item in one.items] == [False, True, False]
    assert one.scale_items("f") == ("Q1", "Q2")
    assert one.range("Q3") == (0, 4)
    assert (one.scales["f"].score, one.scales["f"].min_answered) == ("sum", 1)


def test_two_scales_may_share_an_item():
    one = tk.instrument_from_keys({"f": ["Q1", "-Q2"], "g": ["-Q2", "Q3"]}, min=1, max=5)
    assert len(one.items) == 3


@pytest.mark.parametrize(
    ("keys", "options", "expected"),
    [
        ({}, {}, "there is no scale in them"),
        ({"f": []}, {}, "'items' must hold at least one entry"),
        ({"f": "Q1"}, {}, r"'f' must be a list of item names, such as \['Q1', '-Q2'\]"),
        ({"f": [1, 2]}, {}, "'f' must be a list of item names"),
        ({"f": ["Q1"], "g": ["-Q1"]}, {}, "'Q1' stands both with and without a minus"),
        ({"f": ["Q1", "Q1"]}, {}, "the scale 'f' counts 'Q1' more than once"),
        ({"f f": ["Q1"]}, {}, "the key 'f f' must be a short name"),
        ({"f": ["-"]}, {}, "'id' must be a name without line breaks"),
        ({"f": ["-Q1"]}, {"min": 5, "max": 1}, "upside down"),
        ({"f": ["-Q1"]}, {"min": None}, "'min' must be a whole number"),
        ({"f": ["Q1"]}, {"score": "maen"}, "'score' must be 'mean'"),
        ({"f": ["Q1"]}, {"min_answered": 2}, "min_answered is 2, but the scale has 1 item"),
        ({"f": ["Q1"]}, {"id": "my keys"}, "'id' must be a short name"),
    ],
)
def test_keys_that_do_not_fit_are_explained_without_lines(keys, options, expected):
    with pytest.raises(InstrumentError, match=expected) as problem:
        tk.instrument_from_keys(keys, **{"min": 1, "max": 5, **options})
    assert str(problem.value).startswith("keys")
    assert "line 1, column" not in str(problem.value)
