"""The chapter on collection, for a study with a store."""

import pandas as pd
import pytest

import toolkit as tk
from tests.collected import FOREVER, STUDY, collect
from toolkit.errors import NoAnswers
from toolkit.store import Store


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    study = collect(tmp_path_factory.mktemp("collected"))
    out = tmp_path_factory.mktemp("reports")
    tk.report(study, out=out)
    return out / "collected"


def test_the_page_tells_the_flow_and_names_nobody(pages):
    html = (pages / "collection.html").read_text(encoding="utf-8")
    for words in ("32 persons were invited", "1 withdrew", "Missed instructed items", "no proof", "Flow diagram"):
        assert words in html
    assert "P001" not in html


def test_tables_and_figures_accompany_the_page_but_no_cases(pages):
    names = {path.name for path in (pages / "tables").iterdir()}
    for table in ("estimates", "completion", "dropout", "times", "compliance", "dates"):
        assert f"collection-participation-{table}.csv" in names
    assert not [name for name in names if "cases" in name]
    for path in (pages / "tables").iterdir():
        assert "P001" not in path.read_text(encoding="utf-8")
    for kind in ("flow", "completion", "dates", "dropout", "times", "diary"):
        assert (pages / "figures" / f"collection-participation-{kind}.svg").is_file()
    table = pd.read_csv(pages / "tables" / "collection-participation-estimates.csv")
    assert table["n"].tolist() == [32, 29, 28, 22, 28]


def test_before_anybody_has_answered_the_chapter_says_so_and_goes_on(tmp_path):
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    store = Store.open("sqlite:///answers.db", folder=tmp_path)
    store.invite("collected", 3, couples=True, roles=["a", "b"], expires_at=FOREVER)
    store.close()
    page = tk.report(tmp_path, out=tmp_path / "out").parent / "collection.html"
    text = page.read_text(encoding="utf-8")
    assert "6 persons were invited" in text
    assert "Nobody has answered anything yet." in text
    with pytest.raises(NoAnswers, match="--only collection"):
        tk.report(tmp_path, out=tmp_path / "out", only=["scales", "collection"])


def test_the_results_hold_both_analyses(pages):
    text = (pages / "results.json").read_text(encoding="utf-8")
    assert "P001" not in text
    for kind in ("participation", "quality"):
        assert f'"kind": "{kind}"' in text
