import csv
import io
import json

import pytest

import toolkit as tk
from tests.conftest import ROOT
from toolkit.errors import ArgumentError, InstrumentError


@pytest.mark.parametrize("name", tk.instruments()["id"])
def test_every_instrument_has_a_codebook_in_every_form(name):
    one = tk.instrument(name)
    book = tk.codebook(name)
    assert book.items["column"].tolist() == list(one.item_ids)
    assert book.scales["scale"].tolist() == [f"{name}.{scale}" for scale in one.scales]
    read = json.loads(book.to_json())
    assert [row["column"] for row in read["items"]] == list(one.item_ids)
    assert next(csv.reader(io.StringIO(book.to_csv())))[0] == "column"
    page = book.to_html()
    assert page.count("<h1>") == 1
    assert "://" not in page.split("</head>")[0]


def test_an_item_names_its_scales_options_and_key():
    row = tk.codebook("rws").items.set_index("column").loc["rws04"]
    assert row["scales"] == "rws.avoidance; rws.total"
    assert row["reverse"]
    assert row["options"].startswith("0 = Never; 1 = Rarely")
    assert row["text"] == tk.instrument("rws").by_id["rws04"].text["en"]


def test_wording_is_per_language_and_a_missing_one_is_an_error():
    assert "Partner" in tk.codebook("rws", language="de").items["text"][0]
    with pytest.raises(InstrumentError, match="'fr'"):
        tk.codebook("rws", language="fr")


def test_reserve_items_are_not_part_of_the_form():
    assert not any(tk.instrument("rws").by_id[item].reserve for item in tk.codebook("rws").items["column"])


def test_a_study_adds_keys_covariates_and_missing_codes():
    book = tk.codebook(tk.read_study(ROOT / "data" / "bfi"))
    assert book.columns["column"].tolist() == ["gender", "education", "age"]
    assert book.missing.to_dict("records") == [
        {"file": "bfi.csv", "column": "items", "code": "(blank)", "reason": "unknown"}
    ]


def test_written_by_its_ending(tmp_path):
    book = tk.codebook("rws")
    assert book.write(tmp_path / "book.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(ArgumentError, match="'xlsx'"):
        book.write(tmp_path / "book.xlsx")
