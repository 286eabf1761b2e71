from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from toolkit.errors import ReportError
from toolkit.reporting.export import Cover, Page, write_report
from toolkit.reporting.pages import clean, markdown_html, maths_html, safe_name
from toolkit.results import MIME_TYPE, Result, fit_table

HOSTILE = '"><script>alert(1)</script>'
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>'
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n not a real picture").decode()
THIRD = 1 / 3

WORDS = """# Scales

How the scales behaved: $\\omega_t = \\frac{a}{b}$ and

$$\\alpha < 1$$

## Who answered

Text.

## Who answered

#### Too deep

| Term | n |
|---|--:|
| actor | 12 |
"""

TABLE = {"type": "array", "items": {"type": "object", "additionalProperties": {"not": {"type": "object"}}}}
RESULTS_SCHEMA = {
    "type": "object",
    "required": ["schema", "study", "title", "simulated", "provenance", "pages"],
    "additionalProperties": False,
    "properties": {
        "schema": {"const": "toolkit.report/1"},
        "study": {"type": "string"},
        "title": {"type": "string"},
        "simulated": {"type": "boolean"},
        "provenance": {"type": "object", "additionalProperties": {"type": "string"}},
        "pages": {
            "type": "object",
            "additionalProperties": {"type": "object", "additionalProperties": {"$ref": "#/$defs/result"}},
        },
    },
    "$defs": {
        "result": {
            "type": "object",
            "required": ["schema", "kind", "name", "title", "statement", "estimates", "fit", "tables", "settings"],
            "additionalProperties": False,
            "properties": {
                "schema": {"const": "toolkit.result/1"},
                "estimates": TABLE,
                "fit": TABLE,
                "tables": {"type": "object", "additionalProperties": TABLE},
                **{key: {"type": "string"} for key in ("kind", "name", "title", "statement")},
                "settings": {"type": "object"},
            },
        }
    },
}


def result() -> Result:
    return Result(
        kind="reliability",
        title=f"Reliability {HOSTILE}",
        estimates=pd.DataFrame({"scale": ["rws.total", "=1+1"], "n_used": [290, None], "alpha": [THIRD, None]}),
        fit=fit_table([{"model": "rws.total", "n_used": 290, "n_dropped": 10, "method": "listwise"}]),
        tables={"response_counts": pd.DataFrame({"=item": ["@a"], "n": [3]}), "empty": pd.DataFrame({"x": []})},
        cases=pd.DataFrame({"person": ["secret-person"], "score": [1.0]}),
    )


def shown(data: dict[str, Any], **about: str) -> nbformat.NotebookNode:
    return new_output("display_data", data=data, metadata={"image/svg+xml": about} if about else {})


def code(*outputs: nbformat.NotebookNode, source: str = "hidden_source()", **extra: Any) -> nbformat.NotebookNode:
    return new_code_cell(source, outputs=list(outputs), execution_count=1, **extra)


def printed(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    return new_output("stream", name=name, text=text)


def executed(run: int = 1) -> nbformat.NotebookNode:
    """Give the notebook as run number `run` leaves it: all that differs between runs differs."""
    bundle = result()._repr_mimebundle_()
    pieces = [printed("one\ntwo <b>\n")] if run == 1 else [printed("one\n"), printed("two <b>\n")]
    warning = printed(f"/tmp/ipykernel_{run}{run}/123.py:3: UserWarning: careful\n", "stderr")
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": f"{run}"}, "text/plain": "Slider()"}
    cells = [
        new_markdown_cell(WORDS, id="words"),
        code(source="study = 'study.yaml'", metadata={"tags": ["injected-parameters"]}),
        code(shown(bundle), shown(bundle), id="results"),
        code(shown({"image/svg+xml": SVG, "image/png": PNG}, alt=HOSTILE, name="Loadings: α", caption=HOSTILE)),
        code(shown({"image/png": PNG})),
        code(*pieces, warning, id="prints"),
        code(shown({"text/plain": f"<Model at 0x7f{run}a>"}), shown(widget), id="plain"),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = cell["id"] if "injected-parameters" in cell.metadata.get("tags", []) else f"cell-{number}"
        cell.metadata["papermill"] = {"start_time": f"2026-01-0{run}", "duration": run}
        cell.metadata["execution"] = {"iopub.status.busy": f"2026-01-0{run}T00:00:00Z"}
    metadata = {"papermill": {"end_time": f"2026-01-0{run}"}, "widgets": {"state": {f"{run}": {}}}}
    return new_notebook(cells=cells, metadata=metadata)


def cover(**changes: Any) -> Cover:
    values: dict[str, Any] = {
        "study": "couples-demo",
        "title": f"Couples {HOSTILE}",
        "description": f"First {HOSTILE}.\n\nSecond.",
        "citation": f"Author (2026). https://example.org/x {HOSTILE}",
        "simulated": True,
        "facts": (("Persons", f"300 {HOSTILE}"),),
        "provenance": (("assertiveness-toolkit", "0.1.0"), ("numpy", "2.3")),
    }
    return Cover(**{**values, **changes})


def written(folder: Path, run: int = 1, **changes: Any) -> Path:
    folder.mkdir()
    pages = [Page("scales", "Scales", executed(run)), Page("scales", "Index & more", executed(run))]
    write_report(folder, pages, cover(**changes))
    return folder


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("export") / "report")


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files(report: Path) -> None:
    tables = ("estimates", "fit", "response_counts")
    stems = [f"{page}-{name}" for page in ("scales", "scales_2") for name in ("reliability", "reliability_2")]
    assert set(content(report)) == {
        "index.html",
        "results.json",
        *(f"scales{again}.{suffix}" for again in ("", "_2") for suffix in ("html", "ipynb")),
        *(f"tables/{stem}-{table}.csv" for stem in stems for table in tables),
        *(f"figures/scales{again}-Loadings.{suffix}" for again in ("", "_2") for suffix in ("svg", "png")),
    }


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    assert content(written(tmp_path / "first", run=1)) == content(written(tmp_path / "second", run=2))


def test_given_notebooks_are_left_as_they_are(tmp_path: Path) -> None:
    notebook = executed()
    before = nbformat.writes(notebook)
    write_report(tmp_path, [Page("scales", "Scales", notebook)], cover())
    assert nbformat.writes(notebook) == before


def test_tables_at_full_precision_without_formulas(report: Path) -> None:
    text = (report / "tables/scales-reliability-estimates.csv").read_text(encoding="utf-8")
    assert text == f"scale,n_used,alpha\nrws.total,290.0,{THIRD!r}\n'=1+1,,\n"
    assert pd.read_csv(io.StringIO(text))["alpha"][0] == THIRD
    counts = (report / "tables/scales-reliability-response_counts.csv").read_text(encoding="utf-8")
    assert counts == "'=item,n\n'@a,3\n"


def test_figures(report: Path) -> None:
    assert (report / "figures/scales-Loadings.svg").read_text(encoding="utf-8") == SVG
    assert (report / "figures/scales-Loadings.png").read_bytes() == base64.b64decode(PNG)


def test_results(report: Path) -> None:
    found = json.loads((report / "results.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(RESULTS_SCHEMA).validate(found)
    assert list(found["pages"]) == ["scales", "scales_2"]
    assert list(found["pages"]["scales"]) == ["reliability", "reliability_2"]
    assert found["pages"]["scales"]["reliability"]["estimates"][0]["alpha"] == THIRD
    assert found["provenance"] == {"assertiveness-toolkit": "0.1.0", "numpy": "2.3"}


def test_archived_notebook(report: Path) -> None:
    text = (report / "scales.ipynb").read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert not re.search(r"papermill|2026-01|iopub|widget|ipykernel_|0x7f", text)
    ids = [cell["id"] for cell in notebook.cells]
    assert ids == ["cell-0", "injected-parameters-2", *(f"cell-{number}" for number in range(2, 7))]
    assert notebook.cells[2].source == "hidden_source()"
    assert MIME_TYPE in notebook.cells[2].outputs[0].data


def test_no_case_leaves(report: Path) -> None:
    assert not [name for name, found in content(report).items() if b"secret-person" in found]


def test_page_shows_outputs_and_no_code(report: Path) -> None:
    page = soup(report / "scales.html")
    text = page.get_text()
    assert "hidden_source" not in text
    assert "study.yaml" not in text
    assert "UserWarning" not in text
    assert [found.get_text() for found in page.select("pre.printed")] == [
        "one\ntwo <b>\n",
        "<Model>",
        "Slider()",
    ]
    assert len(page.select("main table")) == 3
    assert page.find("math", display="block")


def test_page_headings_and_contents(report: Path) -> None:
    page = soup(report / "scales.html")
    headings = [(found.name, found.get("id"), found.get_text()) for found in page.select("h1, h2, h3, h4")]
    assert headings == [
        ("h1", None, "Scales"),
        ("h2", "who-answered", "Who answered"),
        ("h2", "who-answered_2", "Who answered"),
        ("h3", "too-deep", "Too deep"),
    ]
    links = [link["href"] for link in page.select("nav.contents a")]
    assert links == ["#who-answered", "#who-answered_2", "#too-deep"]
    assert "¶" not in page.get_text()


def test_hostile_text_is_text(report: Path) -> None:
    for name in ("index.html", "scales.html", "scales_2.html"):
        page = soup(report / name)
        assert not page.find_all("script")
        assert not page.find_all(lambda tag: any(key.startswith("on") for key in tag.attrs))
    page = soup(report / "scales.html")
    assert page.select("figure img")[0]["alt"] == HOSTILE
    assert page.select("figcaption")[0].get_text() == HOSTILE
    assert all(image["alt"] for image in page.select("img"))


def test_overview(report: Path) -> None:
    page = soup(report / "index.html")
    paths = [str(link["href"]) for link in page.select("main a[href]") if ":" not in str(link["href"])]
    files = {path for path in paths if not path.startswith("#")}
    assert files == set(content(report)) - {"index.html"}
    assert [found.get_text() for found in page.select("dl.facts dd")] == [f"300 {HOSTILE}"]
    assert page.select_one('a[href="https://example.org/x"]')


def test_every_page_says_that_data_are_simulated(report: Path, tmp_path: Path) -> None:
    sentence = "Simulated data: no real people answered."
    pages = sorted(report.glob("*.html"))
    assert all(sentence in page.read_text(encoding="utf-8") for page in pages)
    real = written(tmp_path / "real", simulated=False)
    assert not [page for page in real.glob("*.html") if sentence in page.read_text(encoding="utf-8")]


def test_little_on_the_cover(tmp_path: Path) -> None:
    bare = cover(description="", citation="", facts=(), provenance=())
    write_report(tmp_path, [], bare)
    headings = [found.get_text() for found in soup(tmp_path / "index.html").select("h2")]
    assert headings == ["Downloads"]


def test_folder_must_be_there_and_empty(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="is not a folder"):
        write_report(tmp_path / "absent", [], cover())
    (tmp_path / "file").write_text("x")
    with pytest.raises(ReportError, match="is not empty"):
        write_report(tmp_path, [], cover())


@pytest.mark.parametrize(
    "markup",
    [
        "<script>alert(1)</script>",
        "<script>alert(1)",
        '<p onclick="alert(1)">x</p>',
        '<a href="javascript:alert(1)">x</a>',
        '<a href="javascript:1">x</a>',
        '<a href=" JaVa\tscript:alert(1)">x</a>',
        '<img src="https://example.org/x.png" onerror="alert(1)">',
        '<math><mtext><img src="x" onerror="alert(1)"></mtext></math>',
        "<style>body { background: url(https://example.org) }</style>",
        '<td style="background: url(https://example.org)">x</td>',
        '<svg onload="alert(1)"></svg>',
        '<iframe src="https://example.org"></iframe>',
    ],
)
def test_clean_drops_what_runs_or_loads(markup: str) -> None:
    assert not re.search(r"script|alert|onerror|example\.org|<img|<svg|<iframe", clean(markup), re.IGNORECASE)


def test_clean_keeps_tables_and_maths() -> None:
    table = (
        '<div aria-label="x" class="toolkit-table" role="region" tabindex="0"><table><caption>x</caption>'
        '<thead><tr><th class="number" scope="col">n</th></tr></thead><tbody><tr><td style="text-align: right;">1</td>'
        "</tr></tbody></table></div>"
    )
    again = BeautifulSoup(clean(table), "html.parser")
    assert again == BeautifulSoup(table, "html.parser")
    assert clean(maths_html(r"\alpha", "inline")).startswith("<math ")


@pytest.mark.parametrize("tex", [r"\nosuchcommand{x}", r"\left( x", r"\text{<script>}", r"\text{<b>x</b>}", "a & b"])
def test_maths_that_cannot_be_written_is_shown_as_tex(tex: str) -> None:
    found = BeautifulSoup(maths_html(tex, "inline"), "html.parser")
    assert [tag.name for tag in found.find_all(True)] == ["code"]
    assert found.get_text() == tex


def test_latex_environment() -> None:
    assert 'display="block"' in markdown_html("\\begin{equation}x^2\\end{equation}")


def test_names_are_safe_unique_and_short() -> None:
    taken = {"index"}
    names = [safe_name(text, taken) for text in ("index", "../../etc/passwd", "α", "β", "x" * 300, "x" * 300)]
    assert names[:4] == ["index_2", "etc-passwd", "untitled", "untitled_2"]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,96}", name) for name in names)
