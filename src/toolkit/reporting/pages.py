"""Pages of a report: an executed notebook, or the overview, as HTML that needs nothing from outside."""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count, takewhile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import jinja2
import nbformat
from bs4 import BeautifulSoup, Tag
from bs4.element import PageElement
from latex2mathml.converter import convert
from markupsafe import Markup
from nbconvert.exporters.html import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors.sanitize import SanitizeHTML

from ..results import MIME_TYPE

TEMPLATE = Path(__file__).parent / "template"
SVG, PNG = "image/svg+xml", "image/png"
LONGEST_NAME = 90
LONG_CELL = 30
NO_DESCRIPTION = "Figure without a description"
SCHEMES = ("", "http", "https", "mailto")
DROPPED = re.compile(r"<(script|style)\b.*?(</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
ALLOWED = json.loads((TEMPLATE / "allowed.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Page:
    """One page to be: its name, its title and the executed notebook."""

    name: str
    title: str
    notebook: nbformat.NotebookNode


@dataclass(frozen=True)
class Cover:
    """What the overview says of the whole study.

    Attributes
    ----------
    study : the study's short name.
    title : a heading for people.
    description : what the study is; an empty line parts paragraphs.
    citation : how to cite it.
    simulated : whether no real people answered; every page then says so.
    facts : label and text: persons, couples, data files with their checksum.
    provenance : label and text: versions of the packages.
    """

    study: str
    title: str
    description: str
    citation: str
    simulated: bool
    facts: tuple[tuple[str, str], ...]
    provenance: tuple[tuple[str, str], ...]

    @property
    def made_with(self) -> str:
        """Name the toolkit with its version, as the provenance has it."""
        return next((f"{label} {text}" for label, text in self.provenance if "toolkit" in label.lower()), "")


@dataclass(frozen=True)
class Download:
    """One thing to download: a name for people, and its files by kind (`CSV`, `SVG`)."""

    label: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Entry:
    """A page as the overview lists it: file stem, title and what can be downloaded."""

    stem: str
    title: str
    tables: tuple[Download, ...] = ()
    figures: tuple[Download, ...] = ()

    @property
    def notebook(self) -> Download:
        """The executed notebook of this page."""
        return Download("Executed notebook", (("IPYNB", f"{self.stem}.ipynb"),))


@dataclass(frozen=True)
class Heading:
    """A heading of a page: level, anchor and text."""

    level: int
    anchor: str
    text: str


@dataclass(frozen=True)
class Section:
    """A second-level heading with the third-level headings under it."""

    heading: Heading
    parts: tuple[Heading, ...] = ()


def page_html(page: Page, stem: str, cover: Cover, entries: Sequence[Entry]) -> str:
    """Write one executed notebook as a page: words, tables and figures, never code.

    Parameters
    ----------
    page : the notebook with its title.
    stem : the file name of the page without `.html`.
    cover : the study.
    entries : all pages of the report, for the links between them.
    """
    body, headings = arranged(notebook_html(page.notebook))
    return _written("page", cover, entries, stem=stem, title=page.title, body=Markup(body), headings=headings)


def overview_html(cover: Cover, entries: Sequence[Entry], general: Sequence[Download]) -> str:
    """Write the overview: the study, its pages, what can be downloaded, and how it was made."""
    present = {
        "The study": cover.facts,
        "Pages": entries,
        "How to cite": cover.citation,
        "Downloads": True,
        "Provenance": cover.provenance,
    }
    headings = [Heading(2, title.lower().replace(" ", "-"), title) for title, content in present.items() if content]
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", cover.description) if part.strip()]
    return _written("overview", cover, entries, paragraphs=paragraphs, general=general, headings=headings)


def _written(name: str, cover: Cover, entries: Sequence[Entry], **values: Any) -> str:
    style = Markup((TEMPLATE / "style.css").read_text(encoding="utf-8"))
    values = {"stem": "", "style": style, "sections": sections(values["headings"]), **values}
    return _layouts().get_template(f"{name}.html.j2").render(cover=cover, entries=entries, **values)


@cache
def _layouts() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def notebook_html(notebook: nbformat.NotebookNode) -> str:
    """Render the words and outputs of a notebook through nbconvert, cleaned, with nothing around them."""
    body, _ = _exporter().from_notebook_node(notebook)
    return str(body)


@cache
def _exporter() -> HTMLExporter:
    return HTMLExporter(  # type: ignore[no-untyped-call]
        template_name=TEMPLATE.name,
        extra_template_basedirs=[str(TEMPLATE.parent)],
        template_file="notebook.html.j2",
        filters={"markdown2html": markdown_html, "shown": output_html},
        exclude_input=True,
        exclude_raw=True,
    )


def output_html(output: nbformat.NotebookNode) -> str:
    """Show one output by the richest kind it has; a result without a table of its own shows nothing."""
    data = output["data"]
    if SVG in data or PNG in data:
        return figure_html(output)
    if "text/html" in data:
        return clean(data["text/html"])
    for kind in ("text/markdown", "text/latex"):
        if kind in data:
            return markdown_html(data[kind])
    if MIME_TYPE in data or "text/plain" not in data:
        return ""
    return f'<pre class="printed">{html.escape(data["text/plain"])}</pre>'


def figure_html(output: nbformat.NotebookNode) -> str:
    """Show an image with its description and caption, which come from the output's metadata."""
    kind = SVG if SVG in output["data"] else PNG
    content = output["data"][kind]
    encoded = base64.b64encode(content.encode()).decode() if kind == SVG else "".join(content.split())
    about = about_figure(output)
    alt = html.escape(about.get("alt") or NO_DESCRIPTION, quote=True)
    caption = about.get("caption")
    under = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img src="data:{kind};base64,{encoded}" alt="{alt}">{under}</figure>'


def about_figure(output: nbformat.NotebookNode) -> dict[str, str]:
    """Read what an output's metadata says of its figure: `alt`, `name` and `caption`, where given."""
    about = output.get("metadata", {}).get(SVG, {})
    return {key: str(about[key]) for key in ("alt", "name", "caption") if about.get(key)}


class _Renderer(IPythonRenderer):
    """Markdown as nbconvert reads it, with maths as MathML."""

    def block_math(self, body: str) -> str:
        return maths_html(body, "block")

    def inline_math(self, body: str) -> str:
        return maths_html(body, "inline")

    def latex_environment(self, name: str, body: str) -> str:
        return maths_html(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")


def markdown_html(source: str) -> str:
    """Turn Markdown into cleaned HTML with maths as MathML and without anchor links."""
    renderer = _Renderer(escape=False, exclude_anchor_links=True)
    return clean(MarkdownWithMath(renderer=renderer).render(source))


def maths_html(tex: str, display: str) -> str:
    r"""Turn TeX into MathML; where that fails, show the TeX itself.

    Examples
    --------
    >>> maths_html(r"\left( x", "inline")
    '<code>\\left( x</code>'
    """
    shown_as_is = f"<code>{html.escape(tex.strip())}</code>"
    try:
        written = str(convert(tex.strip(), display=display))
        parts = list(ElementTree.fromstring(written).iter())
    except Exception:  # latex2mathml fails with errors of many types
        return shown_as_is
    known = all(part.tag.rpartition("}")[2] in ALLOWED["maths_tags"] for part in parts)
    understood = not any((part.text or "").startswith("\\") for part in parts)
    return written if known and understood else shown_as_is


def clean(markup: str) -> str:
    """Keep text, tables and maths; drop scripts, styles, images, handlers and unsafe links."""
    return str(_cleaner().sanitize_html_tags(DROPPED.sub("", markup)))


@cache
def _cleaner() -> Any:
    maths = dict.fromkeys(ALLOWED["maths_tags"], ALLOWED["maths_attributes"])
    return SanitizeHTML(  # type: ignore[no-untyped-call]
        tags=[*ALLOWED["tags"], *ALLOWED["maths_tags"]],
        attributes={**ALLOWED["attributes"], **maths, "a": _is_safe_link},
        styles=ALLOWED["styles"],
        strip=True,
    )


def _is_safe_link(tag: str, name: str, value: str) -> bool:
    return name == "href" and urlsplit(value.strip()).scheme.lower() in SCHEMES


def arranged(body: str) -> tuple[str, list[Heading]]:
    """Prepare a body to stand under the page's title, which replaces a first-level heading at its start."""
    soup = BeautifulSoup(body, "html.parser")
    first = soup.find(True)
    if isinstance(first, Tag) and first.name == "h1":
        first.decompose()
    headings = list(_anchored(soup))
    for table in soup.find_all("table"):
        _reachable(soup, table)
    return str(soup), headings


def _anchored(soup: BeautifulSoup) -> Iterator[Heading]:
    """Give each heading a level that follows the one before it, and an anchor."""
    found = soup.find_all(re.compile("^h[1-6]$"))
    for tag in found:
        del tag["id"]
    taken = {"main", "contents", *(str(tag["id"]).lower() for tag in soup.find_all(id=True))}
    level = 1
    for tag in found:
        level = min(max(int(tag.name[1]), 2), level + 1)
        tag.name = f"h{level}"
        tag["id"] = safe_name(_text(tag).lower(), taken)
        yield Heading(level, str(tag["id"]), _text(tag))


def _reachable(soup: BeautifulSoup, table: Tag) -> None:
    """Say what each header heads, give long text room, and let every table scroll in a region."""
    for header in table.find_all("th", scope=False):
        header["scope"] = "row" if header.find_parent("tbody") else "col"
    for cell in table.find_all(["th", "td"]):
        if len(_text(cell)) > LONG_CELL and cell.find_parent("tbody"):
            cell["class"] = " ".join([*filter(None, cell.get_attribute_list("class")), "long"])
    region = table.find_parent("div", class_="toolkit-table")
    if region is None:
        caption = table.find("caption")
        label = _text(caption) if caption else "Table"
        attributes = {"class": "toolkit-table", "role": "region", "tabindex": "0", "aria-label": label}
        region = table.wrap(soup.new_tag("div", attrs=attributes))
    notes = list(takewhile(_is_note, [sibling for sibling in region.next_siblings if str(sibling).strip()]))
    region.wrap(soup.new_tag("div", attrs={"class": "table-with-notes"})).extend(notes)


def _is_note(part: PageElement) -> bool:
    return isinstance(part, Tag) and part.name == "p" and part.get("class") == ["note"]


def _text(tag: Tag) -> str:
    return " ".join(tag.get_text().split())


def sections(headings: Sequence[Heading]) -> list[Section]:
    """Group third-level headings under the second-level heading before them; deeper ones are left out."""
    starts = [index for index, heading in enumerate(headings) if heading.level == 2]
    ends = [*starts[1:], len(headings)]
    return [
        Section(headings[start], tuple(part for part in headings[start:end] if part.level == 3))
        for start, end in zip(starts, ends, strict=False)
    ]


def safe_name(text: str, taken: set[str]) -> str:
    """Make a name of ASCII letters, digits, - and _ that is not among those taken, and take it.

    Examples
    --------
    >>> taken = set()
    >>> safe_name("Relations: α & ω/été", taken), safe_name("relations-ete", taken)
    ('Relations-ete', 'relations-ete_2')
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", ascii_text).strip("-_")[:LONGEST_NAME] or "untitled"
    return unique_name(stem, taken)


def unique_name(name: str, taken: set[str]) -> str:
    """Add _2, _3 … to a name that is taken already, whatever its case, and take it."""
    candidates = (name if number == 1 else f"{name}_{number}" for number in count(1))
    found = next(candidate for candidate in candidates if candidate.lower() not in taken)
    taken.add(found.lower())
    return found
