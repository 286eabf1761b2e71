"""Executed notebooks to a report: pages, tables, figures, results and the notebooks themselves."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd

from .. import format as fmt
from ..checks import quoted
from ..errors import ReportError
from ..results import MIME_TYPE
from .pages import (
    PNG,
    SVG,
    Cover,
    Download,
    Entry,
    Page,
    about_figure,
    overview_html,
    page_html,
    safe_name,
    unique_name,
)

__all__ = ["Cover", "Page", "write_report"]

SCHEMA = "toolkit.report/1"
RUN_METADATA = ("papermill", "execution", "ExecuteTime", "widgets")
WIDGET = re.compile(r"^application/vnd\.jupyter\.widget-")
KERNEL_FILE = re.compile(r"\S*ipykernel_\d+[/\\]\d+\.py")
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def write_report(folder: Path, pages: Sequence[Page], cover: Cover) -> None:
    """Write a whole report into an existing empty folder; the same notebooks give the same bytes.

    Parameters
    ----------
    folder : where `index.html`, the pages, `tables/`, `figures/`, the notebooks and `results.json` go.
    pages : executed notebooks in the order of reading.
    cover : what the overview says.
    """
    check_folder(folder)
    pages = [dataclasses.replace(page, notebook=archived(page.notebook)) for page in pages]
    taken = {"index"}
    stems = [safe_name(page.name, taken) for page in pages]
    results = {stem: page_results(page.notebook) for stem, page in zip(stems, pages, strict=True)}
    tables = [write_tables(folder, stem, results[stem]) for stem in stems]
    figures = [write_figures(folder, stem, page.notebook) for stem, page in zip(stems, pages, strict=True)]
    entries = [
        Entry(stem, page.title, tuple(of_tables), tuple(of_figures))
        for stem, page, of_tables, of_figures in zip(stems, pages, tables, figures, strict=True)
    ]
    for stem, page in zip(stems, pages, strict=True):
        write_text(folder / f"{stem}.html", page_html(page, stem, cover, entries))
        write_text(folder / f"{stem}.ipynb", notebook_text(page.notebook))
    everything = Download("All results at full precision", (("JSON", "results.json"),))
    write_text(folder / "index.html", overview_html(cover, entries, [everything]))
    write_text(folder / "results.json", results_text(cover, results))


def check_folder(folder: Path) -> None:
    """Refuse a folder that is not there or holds anything."""
    if not folder.is_dir():
        raise ReportError(f"{quoted(str(folder))} is not a folder; make it before the report is written.")
    if any(folder.iterdir()):
        raise ReportError(f"{quoted(str(folder))} is not empty; a report is written into an empty folder.")


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8 with the same line ends on every system."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def outputs(notebook: nbformat.NotebookNode) -> Iterator[nbformat.NotebookNode]:
    """Go through the outputs that carry data, in order."""
    for cell in notebook.cells:
        yield from (output for output in cell.get("outputs", []) if "data" in output)


def page_results(notebook: nbformat.NotebookNode) -> dict[str, Any]:
    """Collect the results that a notebook shows, by name; a repeated name gets _2, _3 …."""
    taken: set[str] = set()
    found = [output["data"][MIME_TYPE] for output in outputs(notebook) if MIME_TYPE in output["data"]]
    return {unique_name(str(result["name"]), taken): result for result in found}


def result_tables(result: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Give every table of a result that has rows, with whole numbers kept whole."""
    records = {"estimates": result["estimates"], "fit": result["fit"], **result["tables"]}
    return {name: pd.DataFrame(rows, dtype=object) for name, rows in records.items() if rows}


def write_tables(folder: Path, stem: str, results: Mapping[str, Any]) -> list[Download]:
    """Write each table of each result of a page as CSV."""
    downloads = []
    taken = _files_in(folder / "tables")
    for name, result in results.items():
        for table, frame in result_tables(result).items():
            path = f"tables/{safe_name(f'{stem}-{name}-{table}', taken)}.csv"
            write_text(folder / path, fmt.to_csv(frame))
            downloads.append(Download(_table_label(name, result, table), (("CSV", path),)))
    return downloads


def _table_label(name: str, result: Mapping[str, Any], table: str) -> str:
    again = name.removeprefix(str(result["name"])).removeprefix("_")
    title = f"{result['title']} ({again})" if again else str(result["title"])
    return f"{title}: {table.replace('_', ' ')}"


def write_figures(folder: Path, stem: str, notebook: nbformat.NotebookNode) -> list[Download]:
    """Write each figure of a page that has a name, as SVG and PNG where it has them."""
    downloads = []
    taken = _files_in(folder / "figures")
    for output in outputs(notebook):
        name = about_figure(output).get("name")
        kinds = [kind for kind in (SVG, PNG) if kind in output["data"]]
        if name and kinds:
            path = f"figures/{safe_name(f'{stem}-{name}', taken)}"
            files = tuple(_write_image(folder, path, kind, output["data"][kind]) for kind in kinds)
            downloads.append(Download(fmt.heading(name.replace("-", "_")), files))
    return downloads


def _write_image(folder: Path, path: str, kind: str, content: str) -> tuple[str, str]:
    suffix = "svg" if kind == SVG else "png"
    target = folder / f"{path}.{suffix}"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(content.encode("utf-8") if kind == SVG else base64.b64decode(content))
    return suffix.upper(), f"{path}.{suffix}"


def _files_in(folder: Path) -> set[str]:
    return {path.stem.lower() for path in folder.glob("*")}


def results_text(cover: Cover, results: Mapping[str, Any]) -> str:
    """Give all results of a report as JSON (schema `toolkit.report/1`)."""
    content = {
        "schema": SCHEMA,
        "study": cover.study,
        "title": cover.title,
        "simulated": cover.simulated,
        "provenance": dict(cover.provenance),
        "pages": results,
    }
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def archived(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Copy an executed notebook without what differs from run to run: clock, process, state of widgets."""
    cleaned = copy.deepcopy(notebook)
    _without_run(cleaned.metadata)
    for number, cell in enumerate(cleaned.cells, start=1):
        _without_run(cell.metadata)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = f"injected-parameters-{number}"
        if cell.cell_type == "code":
            cell["outputs"] = [output for output in cell.outputs if output.get("name") != "stderr"]
            for output in cell.outputs:
                _without_process(output)
            cell["outputs"] = _merged(cell.outputs)
    return cleaned


def notebook_text(notebook: nbformat.NotebookNode) -> str:
    """Give a notebook as the text of its file."""
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"  # type: ignore[no-untyped-call]


def _without_run(metadata: nbformat.NotebookNode) -> None:
    """Drop what a run leaves in metadata."""
    for key in RUN_METADATA:
        metadata.pop(key, None)


def _without_process(output: nbformat.NotebookNode) -> None:
    """Drop from one output what differs from run to run: process numbers, addresses, widgets."""
    output.pop("transient", None)
    if "text" in output:
        output["text"] = KERNEL_FILE.sub("<cell>", output["text"])
    data = output.get("data", {})
    for kind in [kind for kind in data if WIDGET.match(kind)]:
        del data[kind]
    if "text/plain" in data:
        data["text/plain"] = ADDRESS.sub("", data["text/plain"])


def _merged(found: Sequence[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Join printed pieces that follow one another: where a stream is cut depends on the clock."""
    joined: list[nbformat.NotebookNode] = []
    for output in found:
        if joined and output.output_type == "stream" and joined[-1].get("name") == output.name:
            joined[-1]["text"] += output.text
        else:
            joined.append(output)
    return joined
