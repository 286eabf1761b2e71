"""The store of answers: SQLite by default, PostgreSQL by URL, the same code for both. It knows no pandas."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from ..errors import StoreError, StoreWarning
from . import counts, linking, people, sittings, studies, times, withdrawal
from .backup import backup
from .definition import Definition, define, read_definition
from .engine import TIMEOUT, Place, can_be_written, connect, locate, make_file, tighten
from .failures import in_words
from .records import (
    Answer,
    Counts,
    Invitation,
    OccasionAnswers,
    OccasionCount,
    Outcome,
    OwnAnswer,
    PageTime,
    Participant,
    Progress,
    Sitting,
)
from .rows import rows
from .schema import prepare

__all__ = [
    "Answer",
    "Counts",
    "Definition",
    "Invitation",
    "OccasionAnswers",
    "OccasionCount",
    "Outcome",
    "OwnAnswer",
    "PageTime",
    "Participant",
    "Progress",
    "Sitting",
    "Store",
    "define",
    "read_definition",
]

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Read the clock; every other moment of a store comes from here or from the caller."""
    return datetime.now(UTC)


class Store:
    """Answers, and who may give them, in one database. Every call is one transaction.

    A failure of the database is a `StoreError` in words; what such a call was to save is then not saved.
    """

    def __init__(self, engine: Engine, place: Place, now: Clock) -> None:
        self._engine = engine
        self._place = place
        self._now = now

    @classmethod
    def open(
        cls,
        url: str,
        *,
        folder: Path | None = None,
        now: Clock = utc_now,
        create: bool = True,
        timeout: float = TIMEOUT,
    ) -> Store:
        """Open a store, make it if there is none, and move an older schema forward.

        Parameters
        ----------
        url : `sqlite:///answers.db`, or `postgresql+psycopg://user@host/database`.
        folder : what the relative path of a SQLite file is relative to; the working directory by default.
        now : the clock, aware of its zone.
        create : whether to make a store that is not there.
        timeout : seconds to wait for other writers.

        Raises
        ------
        StoreError
            If the URL names no database that can be a store, another program's database, a schema newer than this
            toolkit, or a file that others can read and whose permissions cannot be changed.

        Warns
        -----
        StoreWarning
            If the file could be read by others: their rights are taken away.
        """
        place = locate(url, folder)
        if place.file is not None and create:
            make_file(place.file)
        if place.file is not None and not place.file.is_file():
            raise StoreError(f"there is no store {place.name}. Check the path; nothing was made.")
        read_only = place.file is not None and not create and not can_be_written(place.file)
        with in_words(place.name):
            engine = connect(place, timeout=timeout, read_only=read_only)
            try:
                prepare(engine, place, create=create, read_only=read_only)
            except BaseException:
                engine.dispose()
                raise
        if read_only:
            return cls(engine, place, now)
        if place.file is not None:
            tighten(place.file)
        store = cls(engine, place, now)
        store.scrub()
        return store

    def __repr__(self) -> str:
        return f"<Store {self._place.name}>"

    @property
    def name(self) -> str:
        """Where the store is, without a password."""
        return self._place.name

    def now(self) -> datetime:
        """Read the clock of the store."""
        return self._now()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with in_words(self._place.name), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with in_words(self._place.name), self._engine.execution_options(reading=True).connect() as connection:
            yield connection

    def studies(self) -> list[str]:
        """List the studies of the store."""
        with self._reading() as connection:
            return studies.names(connection)

    def register(self, study: str, definition: str) -> None:
        """Keep what a study asks, as JSON (see `define`), so that the store alone can be read."""
        with self._writing() as connection:
            studies.register(connection, study, definition, self._now())

    def definition(self, study: str) -> Definition | None:
        """Read what was registered last; None where nothing was."""
        with self._reading() as connection:
            found = studies.definition(connection, study)
        return None if found is None else read_definition(found)

    def refuse(self, study: str, rule: str) -> None:
        """Count a refused input by its rule and date; never its content, nor whose it was."""
        with self._writing() as connection:
            studies.refuse(connection, study, rule, self._now())

    def invite(
        self, study: str, n: int, *, couples: bool = False, roles: Sequence[str] = (), expires_at: datetime
    ) -> list[Invitation]:
        """Invite n persons (P001, …), or n couples (C001, …) of two persons; nothing of it can be read again."""
        with self._writing() as connection:
            return people.invite(connection, study, n, roles if couples else None, expires_at, self._now())

    def walk_in(self, study: str, person: str | None = None) -> Participant:
        """Find or make a participant without an invitation, as in a notebook."""
        with self._writing() as connection:
            return people.walk_in(connection, study, person, self._now())

    def admit(self, study: str, token: str) -> Participant | None:
        """Find whom a token belongs to; None if it is unknown, malformed, expired, revoked or of another study."""
        with self._reading() as connection:
            return people.admit(connection, study, token, self._now())

    def revoke(self, study: str, person: str) -> int:
        """Revoke a person's tokens; tell how many were valid."""
        with self._writing() as connection:
            return people.revoke(connection, study, person, self._now())

    def renew_token(self, study: str, person: str, *, expires_at: datetime) -> str | None:
        """Revoke a person's tokens and make a new one; None where there is no such person."""
        with self._writing() as connection:
            return people.renew_token(connection, study, person, expires_at, self._now())

    def renew_withdrawal_code(self, participant: int) -> str:
        """Make a new code to withdraw with, for a person who came without an invitation or lost theirs."""
        with self._writing() as connection:
            return people.renew_withdrawal_code(connection, participant)

    def consent(self, participant: int, *, version: str, language: str, text_checksum: str) -> Participant:
        """Record to which text a person agreed, and when."""
        with self._writing() as connection:
            return people.consent(connection, participant, (version, language, text_checksum), self._now())

    def join(self, participant: int, couple_code: str) -> bool:
        """Join the couple that a person was invited to, by its code, whether or not the partner has, and again.

        False for every other code, forged or not, and for who was invited alone or came without an invitation.
        """
        with self._writing() as connection:
            return linking.join(connection, participant, couple_code)

    def sit(
        self,
        participant: int,
        *,
        wave: str | None,
        day: str | None,
        order: Sequence[str],
        lease: str,
        held: str | None = None,
    ) -> Sitting:
        """Begin an occasion or resume it, and take the lease.

        An occasion that was submitted is given as it is, and so is one whose lease is not the one that was `held`.
        """
        with self._writing() as connection:
            stamp = sittings.Stamp(lease, None, self._now())
            return sittings.sit(connection, participant, (wave, day), order, stamp, held)

    def sittings(self, participant: int) -> list[Sitting]:
        """List a person's occasions."""
        with self._reading() as connection:
            return sittings.of_participant(connection, participant)

    def save(self, sitting: int, answer: Answer, *, lease: str, sequence: int) -> Outcome:
        """Save an answer and its audit row in one transaction.

        A sequence that is not newer than the last one of that item and lease changes nothing and is still `saved`.
        `elsewhere`: another page has taken the lease. `closed`: the occasion was submitted, or the person withdrew.
        """
        with self._writing() as connection:
            stamp = sittings.Stamp(lease, sequence, self._now())
            return sittings.save(connection, sitting, answer, stamp)

    def place(
        self, sitting: int, position: int, milliseconds: int | None, *, lease: str, sequence: int | None = None
    ) -> Outcome:
        """Note the page that was reached, and the time on the page that was left."""
        with self._writing() as connection:
            stamp = sittings.Stamp(lease, sequence, self._now())
            return sittings.place(connection, sitting, position, milliseconds, stamp)

    def submit(self, sitting: int, *, lease: str, late: bool) -> Outcome:
        """Close an occasion; items without an answer get the reason `skipped`."""
        with self._writing() as connection:
            return sittings.submit(connection, sitting, lease, late, self._now())

    def answers(self, sitting: int) -> dict[str, Answer]:
        """Read the answers of an occasion, by item."""
        with self._reading() as connection:
            return sittings.given(connection, sitting)

    def own_answers(self, participant: int) -> list[OwnAnswer]:
        """Read everything that one person answered, for that person."""
        with self._reading() as connection:
            return sittings.own(connection, participant)

    def withdraw(
        self, study: str, withdrawal_code: str, *, closes: datetime | None = None, owner: int | None = None
    ) -> bool:
        """Erase the person who has this code: answers, audit, times, consent, tokens, couple link, name.

        With `owner`, the code of anybody but that participant counts as unknown.

        A date without identity stays, and the partner's data stay as they are. In SQLite the file is rewritten and its
        log emptied, so that nothing can be read from its bytes; while another program reads the file for long, or the
        disk is full, that waits until the store is opened next. Copies made earlier, and PostgreSQL's own logs, are not
        reached.

        Returns
        -------
        bool
            False for an unknown or used code, or once the study has closed.

        Warns
        -----
        StoreWarning
            If the bytes could not be overwritten yet.
        """
        if closes is not None and self._now() > closes:
            return False
        with self._writing() as connection:
            found = withdrawal.withdraw(connection, study, withdrawal_code, self._now(), owner)
        if found and not self.scrub():
            warnings.warn(
                f"{self._place.name}: the rows are deleted, but their bytes stand in the file until the store is "
                "opened next without another program in the way, and with room on the disk for a second copy.",
                StoreWarning,
                stacklevel=2,
            )
        return found

    def scrub(self) -> bool:
        """Overwrite what is left of the bytes of those who withdrew; False where that is not possible now.

        In PostgreSQL the server's own vacuum, log and backups are its administrator's.
        """
        with self._reading() as connection:
            mark = withdrawal.pending(connection)
        if mark is None:
            return True
        with in_words(self._place.name):
            if self._place.file is not None and not mark.startswith(withdrawal.IN_LOG):
                if not withdrawal.rewrite(self._engine):
                    return False
                mark = self._remark(mark, f"{withdrawal.IN_LOG}{mark}")
            done = self._place.file is None or withdrawal.empty_log(self._engine)
        if done:
            self._remark(mark, None)
        return done

    def _remark(self, mark: str, then: str | None) -> str:
        with self._writing() as connection:
            withdrawal.marked(connection, mark, then)
        return then or mark

    def progress(self, study: str) -> list[Progress]:
        """Say how far everybody came on every occasion they began; for the researcher alone."""
        with self._reading() as connection:
            return counts.progress(connection, study)

    def counts(self, study: str) -> Counts:
        """Count people, couples and occasions; for the researcher alone."""
        with self._reading() as connection:
            return counts.counts(connection, study)

    def page_times(self, study: str) -> list[PageTime]:
        """Say how long occasions stayed on their pages, without saying whose they are."""
        with self._reading() as connection:
            return times.page_seconds_by_place(connection, study)

    def rows(self, study: str) -> list[OccasionAnswers]:
        """Read all answers of a study, one record per person and occasion."""
        with self._reading() as connection:
            return rows(connection, study)

    def backup(self, path: str | Path) -> Path:
        """Copy a SQLite store to a new file while people answer; the copy holds whole transactions only.

        It holds no byte of those who withdrew before, even where the store's own file still does.

        Raises
        ------
        StoreError
            If the file is there already or cannot be written; for PostgreSQL, with the command to use.
        """
        self.scrub()
        with in_words(self._place.name):
            return backup(self._engine, self._place, Path(path))
