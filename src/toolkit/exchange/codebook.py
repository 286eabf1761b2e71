"""Codebooks: what every column of a study means, for people and machines."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ..catalogue import instrument
from ..checks import check_one_of
from ..errors import InstrumentError
from ..format import Table, to_csv
from ..instrument_model import Instrument, Item
from ..results import records
from ..specs import read_document
from ..study import Study, read_study

SCHEMA = "toolkit.codebook/1"
FORMATS = ("html", "csv", "json")
SCALE_COLUMNS = ("scale", "title", "kind", "made_of", "n_items", "score", "answers_needed", "description")
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;font-size:.9rem}caption{text-align:left;font-weight:600;padding:.5rem 0}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem 0;border-bottom:1px solid #ccc;"
    "overflow-wrap:anywhere}.number{text-align:right}.toolkit-table{overflow-x:auto}"
)
SECURITY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True)
class Codebook:
    """What every column means.

    Attributes
    ----------
    title : of the instrument or study.
    simulated : whether the data are simulated.
    items : one row per item: `column`, `instrument`, `scales`, `reverse`, `minimum`, `maximum`, `options`, `text` and
        what it allows.
    scales : one row per scale: its title, items or parts, rule and how many answers a score needs.
    columns : keys and covariates of a study: `column`, `kind`, `name`, `note`.
    missing : codes that mean "no answer" and their reasons.
    about : facts about the instruments: `instrument`, `fact`, `text`.
    """

    title: str
    simulated: bool
    items: pd.DataFrame
    scales: pd.DataFrame
    columns: pd.DataFrame
    missing: pd.DataFrame
    about: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give the tables that have rows, by name."""
        named = {name: getattr(self, name) for name in ("about", "columns", "items", "scales", "missing")}
        return {name: frame for name, frame in named.items() if len(frame)}

    def to_csv(self) -> str:
        """Give the items as CSV: one row per item column."""
        return to_csv(self.items)

    def to_json(self) -> str:
        """Give all tables as JSON (schema `toolkit.codebook/1`)."""
        head = {"schema": SCHEMA, "title": self.title, "simulated": self.simulated}
        tables = {name: records(frame) for name, frame in self.tables().items()}
        return json.dumps({**head, **tables}, ensure_ascii=False, indent=1) + "\n"

    def to_html(self) -> str:
        """Give a page that fetches nothing."""
        title = html.escape(f"Codebook: {self.title}")
        note = "<p><strong>Simulated data: no real people answered.</strong></p>" if self.simulated else ""
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f'<meta http-equiv="Content-Security-Policy" content="{SECURITY}">'
            f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
            f"<body><main><h1>{title}</h1>{note}{self._repr_html_()}</main></body></html>\n"
        )

    def write(self, path: str | Path, kind: str | None = None) -> Path:
        """Write the codebook; the kind is taken from the file's ending unless given."""
        target = Path(path)
        chosen = kind or target.suffix.removeprefix(".")
        target.write_text(self.rendered(chosen), encoding="utf-8")
        return target

    def rendered(self, kind: str) -> str:
        """Give the codebook as `html`, `csv` or `json`."""
        check_one_of("format", kind, FORMATS)
        return {"html": self.to_html, "csv": self.to_csv, "json": self.to_json}[kind]()

    def _repr_html_(self) -> str:
        captions = {
            "about": "Instruments",
            "columns": "Keys and covariates",
            "items": "Items",
            "scales": "Scales",
            "missing": "Missing codes",
        }
        return "".join(Table.from_frame(frame, captions[name]).to_html() for name, frame in self.tables().items())


def codebook(source: Instrument | Study | str | Path, *, language: str | None = None) -> Codebook:
    """Make the codebook of an instrument or of a study: an object, an id of the catalogue, or a file.

    Parameters
    ----------
    source : what to describe.
    language : of wording and labels; each instrument's own by default.

    Raises
    ------
    InstrumentError
        If the wording is missing in that language.

    Examples
    --------
    >>> book = codebook("rws")
    >>> book.items.loc[0, ["column", "scales", "options"]].tolist()
    ['rws01', 'rws.avoidance; rws.total', '0 = Never; 1 = Rarely; 2 = Sometimes; 3 = Often; 4 = Almost always']
    """
    described = _loaded(source)
    if isinstance(described, Study):
        return _of_study(described, language)
    return _of_instruments((described,), language)


def codebook_of(
    instruments: tuple[Instrument, ...],
    *,
    title: str,
    simulated: bool,
    columns: Iterable[tuple[str, str, str, str]],
    missing: Iterable[tuple[str, str, str, str]],
) -> Codebook:
    """Make a codebook of instruments with the further columns and missing codes of a table of their answers."""
    return replace(
        _of_instruments(instruments, None),
        title=title,
        simulated=simulated,
        columns=pd.DataFrame(list(columns), columns=["column", "kind", "name", "note"]),
        missing=pd.DataFrame(list(missing), columns=["file", "column", "code", "reason"]),
    )


def _loaded(source: Instrument | Study | str | Path) -> Instrument | Study:
    """Load what a path or id names: a study file says so by its key `study`."""
    if isinstance(source, Instrument | Study):
        return source
    path = Path(source)
    is_file = path.suffix in (".yaml", ".yml") and path.is_file()
    if path.is_dir() or (is_file and "study" in read_document(path, InstrumentError).data):
        return read_study(path)
    return instrument(source)


def _of_study(study: Study, language: str | None) -> Codebook:
    book = _of_instruments(study.instruments, language)
    return Codebook(
        title=study.title,
        simulated=study.spec.simulated,
        items=book.items,
        scales=book.scales,
        columns=pd.DataFrame(list(_columns(study)), columns=["column", "kind", "name", "note"]),
        missing=pd.DataFrame(list(_missing(study)), columns=["file", "column", "code", "reason"]),
        about=book.about,
    )


def _of_instruments(several: tuple[Instrument, ...], language: str | None) -> Codebook:
    scales = [_scale(one, name, language) for one in several for name in one.scales]
    return Codebook(
        title=", ".join(one.text(one.title) for one in several),
        simulated=False,
        items=pd.DataFrame([_item(one, item, language) for one in several for item in one.items if item.in_form]),
        scales=pd.DataFrame(scales, columns=list(SCALE_COLUMNS)),
        columns=pd.DataFrame(),
        missing=pd.DataFrame(),
        about=pd.DataFrame([row for one in several for row in _about(one, language)]),
    )


def _item(one: Instrument, item: Item, language: str | None) -> dict[str, Any]:
    options = one.response[item.response]
    labels = options.labels.get(language or one.language, [])
    named = "; ".join(f"{option} = {label}" for option, label in zip(options.options, labels, strict=False))
    scales = [f"{one.id}.{name}" for name in one.scales if item.id in one.scale_items(name)]
    return {
        "column": item.id,
        "instrument": one.id,
        "scales": "; ".join(scales),
        "reverse": item.reverse,
        "minimum": options.min,
        "maximum": options.max,
        "options": named,
        "text": one.text(item.text, language),
        "not_applicable": item.not_applicable,
        "scored": item.scored,
    }


def _scale(one: Instrument, name: str, language: str | None) -> dict[str, Any]:
    scale = one.scales[name]
    items = one.scale_items(name)
    return {
        "scale": f"{one.id}.{name}",
        "title": one.text(scale.title, language) or name,
        "kind": scale.kind,
        "made_of": ", ".join(scale.scales or scale.items),
        "n_items": len(items),
        "score": scale.score,
        "answers_needed": len(items) if scale.score == "sum_complete" else scale.needed(len(items)),
        "description": one.text(scale.description, language),
    }


def _about(one: Instrument, language: str | None) -> Iterator[dict[str, str]]:
    facts = {
        "title": one.text(one.title, language),
        "version": one.version,
        "status": one.status,
        "evidence": one.text(one.evidence),
        "licence": one.licence,
        "source": one.source.citation,
        "citation": one.citation or "",
        "instructions": one.text(one.instructions, language),
        "time frame": one.text(one.timeframe, language),
        "unverified": "; ".join(one.unverified),
    }
    return ({"instrument": one.id, "fact": fact, "text": text} for fact, text in facts.items() if text)


def _columns(study: Study) -> Iterator[tuple[str, str, str, str]]:
    for name, column in study.spec.keys.model_dump(exclude_none=True).items():
        yield column, "key", name, ""
    for covariate in study.spec.covariates:
        bounds = (covariate.min, covariate.max)
        low, high = ("" if bound is None else f"{bound:g}" for bound in bounds)
        note = f"values outside {low} to {high} are flagged" if any(bound is not None for bound in bounds) else ""
        yield covariate.name, "covariate", covariate.name, note


def _missing(study: Study) -> Iterator[tuple[str, str, str, str]]:
    for data in study.spec.data:
        for code, reason in data.missing.items():
            yield data.file, "items", "(blank)" if code == "" else str(code), reason
        for column, codes in data.missing_by_column.items():
            for code, reason in codes.items():
                yield data.file, column, "(blank)" if code == "" else str(code), reason
