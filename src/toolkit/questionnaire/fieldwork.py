"""Fieldwork: invitations for a study, and what else its researcher does with its store from outside."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ..checks import quoted
from ..collection import Collection
from ..errors import ArgumentError, StudyError
from ..store import Invitation, Store, utc_now
from ..store.definition import define
from ..study import Study, read_study
from .schedule import study_closes

COLUMNS = ("person", "role", "couple_code", "withdrawal_code", "token", "link", "expires")
MOST_INVITATIONS = 100_000
OWN_ADDRESS = "http://127.0.0.1:8866/"  # where `toolkit serve` listens unless told otherwise


def collecting(study: str | Path | Study) -> tuple[Study, Collection]:
    """Read a study that collects answers.

    Raises
    ------
    StudyError
        If the study file has faults, or no `collection`.
    """
    loaded = read_study(study)
    if loaded.spec.collection is None:
        raise StudyError(
            f"{loaded.path}: this study collects no answers. Write a `collection` into it (consent, languages, what is "
            "asked and when); data/questionnaire_demo/study.yaml is an example."
        )
    return loaded, loaded.spec.collection


def store_of(study: Study, url: str | None = None, *, create: bool = True) -> Store:
    """Open the store of a study, or the one at another URL; one that may be made is told what the study asks."""
    collection = study.spec.collection
    own = "" if collection is None else collection.store
    opened = Store.open(own if url is None else url, folder=study.folder if url is None else None, create=create)
    if create:
        simulated = study.spec.simulated
        definition = define(study.instruments, title=study.title, simulated=simulated, collection=collection)
        opened.register(study.name, definition)
    return opened


def invite(
    study: str | Path | Study,
    n: int,
    out: str | Path = "invitations.csv",
    *,
    url: str = OWN_ADDRESS,
    store: str | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Path:
    """Invite n persons, or n couples of two, and write what each is to be sent.

    The store keeps only checksums of the tokens and codes: this file is the one place where they can be read. It is
    readable for its owner alone, and an existing file is never written over.

    Parameters
    ----------
    study : the study file with a `collection`.
    n : how many persons, or couples where the study has couples.
    out : the CSV file to write: person, role, couple code, withdrawal code, token, personal link, last moment.
    url : where the questionnaire can be reached. The token stands behind the `#`, which a browser sends to no server.
    store : the store, if not the one that the study file names.
    now : the clock.

    Raises
    ------
    ToolkitError
        If the file is there already or cannot be written, n is not positive, the study has closed, or the address is
        not one of the web.
    """
    loaded, collection = collecting(study)
    if not 1 <= n <= MOST_INVITATIONS:
        raise ArgumentError(f"n is {n}, but must lie from 1 to {MOST_INVITATIONS:,}.")
    address = _address(url)
    expires_at = _expiry(collection, now())
    opened = store_of(loaded, store)
    path = Path(out)
    with _owner_only(path) as file:
        invited = opened.invite(
            loaded.name, n, couples=loaded.has_couples, roles=collection.roles, expires_at=expires_at
        )
        _write(file, ((*_fields(one, address), _day(collection, one.expires_at)) for one in invited))
    opened.close()
    return path


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.fragment or parts.query:
        raise ArgumentError(f"--url is {quoted(url)}, but must be an address such as https://study.example.org/.")
    return url if url.endswith("/") else f"{url}/"


def _expiry(collection: Collection, now: datetime) -> datetime:
    """Find until when a token is valid: the study's days of validity, or its end if that is sooner."""
    closes = study_closes(collection)
    if closes is not None and closes <= now:
        raise ArgumentError(f"the study closed on {collection.closes}: nobody can be invited any more.")
    valid = now + timedelta(days=collection.token_days)
    return valid if closes is None else min(valid, closes)


def _day(collection: Collection, moment: datetime) -> str:
    return moment.astimezone(collection.zone).isoformat(timespec="minutes")


def _fields(one: Invitation, address: str) -> tuple[str, ...]:
    link = _link(address, one.token, one.couple_code)
    return one.person, one.role or "", one.couple_code or "", one.withdrawal_code, one.token, link


def _link(address: str, token: str, couple_code: str | None) -> str:
    return f"{address}#token={quote(token)}" + (f"&couple={quote(couple_code)}" if couple_code else "")


def _owner_only(path: Path) -> Any:
    """Open a new file that only its owner can read."""
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline="")
    except FileExistsError:
        raise ArgumentError(
            f"{path} is there already. It may hold the only copy of invitations, so nothing is written over it: name "
            "another file with --out."
        ) from None
    except OSError as problem:
        raise ArgumentError(f"{path}: the file cannot be written ({problem.strerror}).") from None


def _write(file: Any, rows: Iterable[tuple[str, ...]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)


@contextmanager
def _existing(study: str | Path | Study, url: str | None) -> Iterator[tuple[Study, Store]]:
    """Open the store of a study that has begun, and close it again."""
    loaded, _ = collecting(study)
    opened = store_of(loaded, url, create=False)
    try:
        yield loaded, opened
    finally:
        opened.close()


def back_up(study: str | Path | Study, file: str | Path, *, store: str | None = None) -> Path:
    """Copy the store of a study to a new file, safely while people answer."""
    with _existing(study, store) as (_, opened):
        return opened.backup(file)


def export(study: str | Path | Study, folder: str | Path, *, store: str | None = None) -> list[Path]:
    """Write the answers of a study as CSV with their codebook."""
    from ..exchange.collected import export_answers

    loaded, _ = collecting(study)
    return export_answers(loaded if store is None else store, folder, study=None if store is None else loaded.name)


def withdraw(study: str | Path | Study, code: str, *, store: str | None = None) -> None:
    """Delete everything of the person whom a withdrawal code belongs to.

    Raises
    ------
    ArgumentError
        If the code belongs to nobody in the study.
    """
    with _existing(study, store) as (loaded, opened):
        if not opened.withdraw(loaded.name, code):
            raise ArgumentError("this withdrawal code belongs to nobody in the study; nothing was deleted.")


def revoke(study: str | Path | Study, person: str, *, store: str | None = None) -> None:
    """Block a person's links.

    Raises
    ------
    ArgumentError
        If the person has no link that is valid.
    """
    with _existing(study, store) as (loaded, opened):
        if not opened.revoke(loaded.name, person):
            raise ArgumentError(f"{quoted(person)} has no valid link in the study; nothing was changed.")


def renew(
    study: str | Path | Study,
    person: str,
    *,
    url: str = OWN_ADDRESS,
    store: str | None = None,
    now: Callable[[], datetime] = utc_now,
) -> str:
    """Block a person's links and make a new one.

    Raises
    ------
    ArgumentError
        If there is no such person in the study.
    """
    address = _address(url)
    loaded, collection = collecting(study)
    with _existing(loaded, store) as (_, opened):
        token = opened.renew_token(loaded.name, person, expires_at=_expiry(collection, now()))
        if token is None:
            raise ArgumentError(f"there is no person {quoted(person)} in the study.")
        return _link(address, token, None)
