"""Commands around the collection of answers: serve, invite, watch, keep safe, delete."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

COLLECTING = "Collecting answers"
answers = typer.Typer(help="Back up, export and delete collected answers; block and renew links.", no_args_is_help=True)

StudyFile = Annotated[Path, typer.Argument(help="The study file, or the folder that holds study.yaml.")]
STORE_HELP = (
    "sqlite:///… or postgresql://user@host/database, if not the store of the study file. No password here: everybody "
    "on this computer can read command lines. PostgreSQL takes it from ~/.pgpass, PGPASSFILE or PGPASSWORD."
)
StoreUrl = Annotated[str | None, typer.Option("--store", help=STORE_HELP)]
Person = Annotated[str, typer.Option("--person", help="The person, such as P001.")]


def serve(
    study: StudyFile,
    *,
    store: StoreUrl = None,
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8866,
    host: Annotated[
        str, typer.Option(help="The address to listen on; 0.0.0.0 for all, behind HTTPS only.")
    ] = "127.0.0.1",
    base_url: Annotated[str, typer.Option(help="The path of the questionnaire behind a reverse proxy.")] = "/",
    ready: Annotated[int, typer.Option(help="Kernels that are kept warm, so that the page opens at once.")] = 3,
    places: Annotated[int, typer.Option(help="How many may answer at once; each takes 40 to 90 MB.")] = 100,
) -> None:
    """Serve the questionnaire of a study in the browser, until Ctrl-C."""
    from .questionnaire.serve import Door
    from .questionnaire.serve import serve as serve_study

    door = Door(host=host, port=port, base_url=base_url, ready=ready, places=places)
    serve_study(study, store=store, door=door, say=typer.echo)


def invite(
    study: StudyFile,
    *,
    n: Annotated[int, typer.Option("--n", "-n", help="How many persons, or couples in a study of couples.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The CSV file to write; never an existing one.")] = Path(
        "invitations.csv"
    ),
    url: Annotated[str, typer.Option(help="Where participants reach the questionnaire.")] = "http://127.0.0.1:8866/",
    store: StoreUrl = None,
) -> None:
    """Make personal links, couple codes and withdrawal codes."""
    from .questionnaire.fieldwork import invite as make_invitations

    typer.echo(str(make_invitations(study, n, out, url=url, store=store)))
    if not url.startswith("https://"):
        typer.echo("These links are not encrypted on their way: serve the study over HTTPS, and give --url.", err=True)


def collect(
    study: StudyFile,
    *,
    once: Annotated[bool, typer.Option("--once", help="Look once instead of again and again.")] = False,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between looks.")] = 5,
    store: StoreUrl = None,
) -> None:
    """Watch the answers of a study come in."""
    from .questionnaire.watching import watch

    watch(study, store=store, every=every, once=once)


@answers.command()
def backup(
    study: StudyFile,
    file: Annotated[Path, typer.Argument(help="The file to write; never an existing one.")],
    store: StoreUrl = None,
) -> None:
    """Copy the store while people answer. Deleting for a withdrawal does not reach copies: see the README."""
    from .questionnaire.fieldwork import back_up

    typer.echo(str(back_up(study, file, store=store)))


@answers.command()
def export(
    study: StudyFile,
    folder: Annotated[Path, typer.Argument(help="The folder to write to.")],
    store: StoreUrl = None,
) -> None:
    """Write the answers as CSV with their codebook."""
    from .questionnaire.fieldwork import export as write_answers

    for written in write_answers(study, folder, store=store):
        typer.echo(str(written))


@answers.command()
def withdraw(study: StudyFile, store: StoreUrl = None) -> None:
    """Delete everything of the person whose withdrawal code is entered at the prompt."""
    from .questionnaire.fieldwork import withdraw as delete_answers

    code = typer.prompt("Withdrawal code")
    delete_answers(study, code, store=store)
    typer.echo("Deleted: the answers, their times, the consent, the link. Delete them from backups, too.")


@answers.command()
def revoke(study: StudyFile, person: Person, store: StoreUrl = None) -> None:
    """Block a person's link; what they answered stays."""
    from .questionnaire.fieldwork import revoke as block

    block(study, person, store=store)
    typer.echo(f"The link of {person} no longer opens anything.")


@answers.command()
def renew(
    study: StudyFile,
    person: Person,
    url: Annotated[str, typer.Option(help="Where participants reach the questionnaire.")] = "http://127.0.0.1:8866/",
    store: StoreUrl = None,
) -> None:
    """Block a person's link and print a new one, for somebody who lost theirs."""
    from .questionnaire.fieldwork import renew as make_link

    typer.echo(make_link(study, person, url=url, store=store))


def add_to(app: typer.Typer) -> None:
    """Put the commands on the command line."""
    for command in (serve, invite, collect):
        app.command(rich_help_panel=COLLECTING)(command)
    app.add_typer(answers, name="answers", rich_help_panel=COLLECTING)
