"""Failures of a database in words: what happened and what to do, never with an answer or a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from ..errors import StoreError

MEANINGS = (
    ("no such file", "it does not exist. Check the path."),
    (
        "disk is full",
        "the disk, or the space allowed for it, is full; what was being saved is not saved. Make room and try again.",
    ),
    ("no space left", "the disk is full; what was being saved is not saved. Make room and try again."),
    ("readonly", "it may only be read. Check the permissions of the file and of its folder."),
    ("read-only", "it may only be read. Check the permissions of the file and of its folder."),
    (
        "database is locked",
        "another program holds it locked. Close that program (a database browser, say), and try again.",
    ),
    ("unable to open", "it cannot be opened. Check that its folder exists and may be written to."),
    ("not a database", "it is not a store of answers, but some other file. Check the path."),
    ("malformed", "the file is damaged. Go back to the last copy (`toolkit store backup` makes them)."),
    ("disk i/o error", "the disk failed while it was read or written. Check the disk and its free space."),
    (
        "password authentication failed",
        "the server does not accept the user name or password. Check the URL, ~/.pgpass and PGPASSWORD.",
    ),
    (
        "no password supplied",
        "the server asks for a password. Put it into ~/.pgpass, or the file that PGPASSFILE names, or PGPASSWORD.",
    ),
    ("connection refused", "no server answers there. Check host and port, and that PostgreSQL runs."),
    ("could not translate host", "there is no such host. Check the URL."),
    ("failed to resolve host", "there is no such host. Check the URL."),
    ("does not exist", "the database or user of the URL does not exist on the server. Create it, or check the URL."),
    ("permission denied", "the user of the URL may not do this. Grant it the right to create and change tables."),
    ("too many", "the server has no free connection. Raise its max_connections or start fewer kernels."),
    ("remaining connection slots", "the server has no free connection. Raise its max_connections."),
    ("terminating connection", "the server ended the connection. Check that PostgreSQL runs, and try again."),
    ("server closed the connection", "the server ended the connection. Check that PostgreSQL runs, and try again."),
    ("connection", "the connection to the server failed. Check that PostgreSQL runs, and try again."),
    ("queuepool", "all of this program's connections are in use. Try again in a moment."),
)
UNKNOWN = "the database refused to do this"


@contextmanager
def in_words(name: str) -> Iterator[None]:
    """Turn a database's failure into a StoreError that says what to do."""
    try:
        yield
    except SQLAlchemyError as problem:
        raise StoreError(f"the store {name}: {_meaning(problem)}") from None


def _meaning(problem: SQLAlchemyError) -> str:
    """Find what a failure means; the database's own words may quote an answer, so they are not passed on."""
    cause = getattr(problem, "orig", None) or problem
    told = str(cause).lower()
    for words, meaning in MEANINGS:
        if words in told:
            return meaning
    return f"{UNKNOWN} ({type(cause).__name__}). Nothing of it was saved."
