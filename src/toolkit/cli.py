"""The command line: parses, calls one function, prints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from . import __version__
from .cli_collection import add_to
from .errors import NotebookFailed, ToolkitError

app = typer.Typer(
    help="Collect, score and analyse survey scales, and make study reports.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
catalogue = typer.Typer(help="List, show and check instruments.", no_args_is_help=True)
app.add_typer(catalogue, name="instruments")

Out = Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file instead of the screen.")]


def main() -> NoReturn:
    """Run the command line; a user's mistake is one paragraph and exit code 2, a failed notebook exit code 1."""
    try:
        app()
    except ToolkitError as problem:
        typer.echo(f"toolkit: {problem}", err=True)
        sys.exit(1 if isinstance(problem, NotebookFailed) else 2)
    sys.exit(0)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"toolkit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Collect, score and analyse survey scales, and make study reports."""


def _pairs(option: str, texts: list[str], example: str) -> dict[str, str]:
    """Read `name=value` options."""
    from .errors import ArgumentError

    for text in texts:
        if "=" not in text:
            raise ArgumentError(f"{option} {text}: write it as name=value, such as {option} {example}.")
    return dict(text.partition("=")[::2] for text in texts)


@app.command()
def report(
    study: Annotated[Path, typer.Argument(help="The study file, or the folder that holds study.yaml.")],
    out: Annotated[Path, typer.Option("--out", help="The folder of reports; this one becomes OUT/<study>/.")] = Path(
        "reports"
    ),
    only: Annotated[list[str] | None, typer.Option("--only", help="Run only this notebook; may be repeated.")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", help="name=value for the notebooks that know it.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress bar.")] = False,
) -> None:
    """Make the report of a study, and print where it is."""
    given = _pairs("-p", parameter or [], "missing=pairwise")
    from .reporting.run import report as make_report

    index = make_report(study, out=out, only=only, parameters=given, progress=not quiet)
    typer.echo(str(index))


@app.command()
def score(
    answers: Annotated[Path, typer.Argument(help="A CSV or TSV file of answers.")],
    *,
    instrument: Annotated[
        list[str], typer.Option("-i", "--instrument", help="Instrument id or file; may be repeated.")
    ],
    out: Out = None,
    person: Annotated[str | None, typer.Option(help="Column of the person.")] = None,
    couple: Annotated[str | None, typer.Option(help="Column of the couple.")] = None,
    role: Annotated[str | None, typer.Option(help="Column of the role.")] = None,
    wave: Annotated[str | None, typer.Option(help="Column of the wave.")] = None,
    day: Annotated[str | None, typer.Option(help="Column of the day.")] = None,
    missing: Annotated[list[str] | None, typer.Option(help="A code for missing answers; may be repeated.")] = None,
    column: Annotated[list[str] | None, typer.Option(help="ours=theirs, such as as{n}=AS{n}; may be repeated.")] = None,
    scores: Annotated[str | None, typer.Option(help="mean, sum, sum_complete or pomp, for all scales.")] = None,
    n_answered: Annotated[bool, typer.Option(help="Add how many items each person answered.")] = False,
    log: Annotated[bool, typer.Option(help="Print what was recoded or left empty.")] = False,
) -> None:
    """Score the answers in a file: keys and one column per scale, as CSV."""
    from .format import Table, to_csv
    from .readers import read_responses
    from .scoring import score as score_responses

    if out is not None and out.exists() and answers.exists() and out.samefile(answers):
        raise ToolkitError(f"{out}: this would overwrite the answers; write the scores to another file.")
    responses = read_responses(
        answers,
        instrument,
        person=person,
        couple=couple,
        role=role,
        wave=wave,
        day=day,
        missing=missing,
        columns=_pairs("--column", column or [], "rws01=Q1"),
    )
    scored = score_responses(responses, scores=scores, n_answered=n_answered)  # type: ignore[arg-type]
    keys = responses.frame[list(responses.keys)]
    _write(to_csv(keys.join(scored)), out)
    if log:
        typer.echo(Table.from_frame(responses.log, "What happened to the answers").to_text(), err=True)


@app.command()
def codebook(
    source: Annotated[str, typer.Argument(help="An instrument (id or file) or a study file.")],
    out: Out = None,
    form: Annotated[str, typer.Option("--format", help="html, csv or json; by default as --out ends.")] = "",
    language: Annotated[str | None, typer.Option(help="Language of the wording.")] = None,
) -> None:
    """Write a codebook: what every column means."""
    from .exchange.codebook import codebook as describe_columns

    ending = out.suffix.removeprefix(".") if out is not None else "csv"
    _write(describe_columns(source, language=language).rendered(form or ending), out)


@app.command()
def simulate(
    design: Annotated[Path, typer.Argument(help="A simulation.yaml.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write to.")],
) -> None:
    """Write simulated answers, their codebook and the truth, as a design says."""
    from .simulation import write_simulation

    for written in write_simulation(design, out):
        typer.echo(str(written))


def _write(text: str, out: Path | None) -> None:
    """Write to a file, or to the screen."""
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise ToolkitError(f"{out}: the file cannot be written ({problem.strerror}).") from None
    typer.echo(str(out))


add_to(app)


@catalogue.command("list")
def list_instruments() -> None:
    """List the instruments that ship with the toolkit."""
    from .catalogue import instruments
    from .format import Table

    typer.echo(Table.from_frame(instruments(), "Instruments").to_text())


@catalogue.command()
def show(
    instrument: Annotated[str, typer.Argument(help="Instrument id or file.")],
    language: Annotated[str | None, typer.Option(help="Language of the wording.")] = None,
) -> None:
    """Show an instrument: scales, items and key."""
    from .catalogue import instrument as load
    from .catalogue import outline

    typer.echo(outline(load(instrument), language))


@catalogue.command()
def validate(files: Annotated[list[str], typer.Argument(help="Instrument files or ids.")]) -> None:
    """Check instrument files; every fault is named with its place."""
    from .catalogue import instrument as load

    problems = []
    for file in files:
        try:
            loaded = load(file)
            typer.echo(f"{file}: no fault ({len(loaded.item_ids)} items, {len(loaded.scales)} scales)")
        except ToolkitError as problem:
            problems.append(str(problem))
    if problems:
        raise ToolkitError("\n\n".join(problems))


@catalogue.command()
def lint(
    instruments: Annotated[
        list[str] | None, typer.Argument(help="Ids or files; the whole catalogue by default.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show advice that the file has answered, too.")] = False,
) -> None:
    """Check items by the rules of item writing; errors give exit code 2."""
    from .catalogue import catalogue as known
    from .catalogue import instrument as load
    from .format import Table
    from .linter import findings_table, lint_all

    found = lint_all([load(name) for name in instruments or known()])
    shown = {name: [one for one in findings if every or one.is_open] for name, findings in found.items()}
    table = findings_table(shown)
    typer.echo(
        Table.from_frame(table, "Findings").to_text() if len(table) else f"no open finding in {', '.join(found)}"
    )
    errors = sum(one.level == "error" for findings in found.values() for one in findings)
    if errors:
        raise ToolkitError(f"{errors} errors in the wording; each is named above with what to do.")


@catalogue.command()
def schema(out: Out = None) -> None:
    """Print the JSON Schema of instrument files, for editors."""
    import json

    from .catalogue import json_schema

    _write(json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n", out)
