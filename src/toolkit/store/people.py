"""Who takes part: invitations, tokens, consent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from ..checks import check_count, quoted
from ..errors import ArgumentError, ParticipantGone
from .codes import code_checksum, new_code, new_token, token_checksum
from .records import Invitation, Participant
from .tables import about, couples, participants, tokens

WIDTH = 3  # P001: more digits where a study has more people
_PARTICIPANT = select(participants, couples.c.couple).outerjoin_from(
    participants, couples, participants.c.couple_id == couples.c.id
)


class _Couple(NamedTuple):
    """A new couple and its code; nothing of it for a person who is invited alone."""

    number: int | None = None
    code: str | None = None


def no_participant() -> ParticipantGone:
    """Say that a person is not, or no longer, in the store."""
    return ParticipantGone("there is no such participant in the store; they may have withdrawn.")


def participant(connection: Connection, number: int) -> Participant:
    """Read one participant; who is gone has withdrawn."""
    row = connection.execute(_PARTICIPANT.where(participants.c.id == number)).one_or_none()
    if row is None:
        raise no_participant()
    return _record(row)


def _record(row: Row[Any]) -> Participant:
    return Participant(
        number=row.id,
        study=row.study,
        person=row.person,
        couple=row.couple,
        role=row.role,
        language=row.language,
        consented_at=row.consented_at,
        consent_version=row.consent_version,
    )


def invite(
    connection: Connection, study: str, n: int, roles: Sequence[str] | None, expires_at: datetime, now: datetime
) -> list[Invitation]:
    """Make invitations for n persons, or, where roles are given, for n couples."""
    check_count("n", n)
    partners: Sequence[str | None] = [None]
    if roles is not None:
        partners = _partners(roles)
    _hold(connection, study)
    persons = iter(_take_names(connection, study, participants.c.person, "P", n * len(partners)))
    pairs: Sequence[str | None] = (
        [None] * n if roles is None else _take_names(connection, study, couples.c.couple, "C", n)
    )
    made: list[Invitation] = []
    for pair in pairs:
        couple = _Couple() if pair is None else _new_couple(connection, study, pair, roles or ())
        made += [_invited(connection, (study, next(persons), role), couple, expires_at, now) for role in partners]
    return made


def _partners(roles: Sequence[str]) -> Sequence[str | None]:
    if roles and (len(roles) != 2 or roles[0] == roles[1]):
        raise ArgumentError(f"roles are {', '.join(map(quoted, roles))}, but a couple has two different ones, or none.")
    return roles or [None, None]


def _hold(connection: Connection, study: str) -> None:
    """Let one caller at a time give out the names of a study; SQLite's writers are alone anyway."""
    if connection.dialect.name != "sqlite":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(study))))


def _take_names(connection: Connection, study: str, column: Any, letter: str, n: int) -> list[str]:
    """Give out n new names; those of people who withdrew are never given again."""
    held = f"last {letter} of {study}"
    last = int(connection.execute(select(about.c.value).where(about.c.name == held)).scalar_one_or_none() or 0)
    names = connection.execute(select(column).where(column.table.c.study == study, column.like(f"{letter}%"))).scalars()
    numbers = [int(name[1:]) for name in names if name[1:].isascii() and name[1:].isdigit()]
    first = max([last, *numbers]) + 1
    connection.execute(delete(about).where(about.c.name == held))
    connection.execute(insert(about).values(name=held, value=str(first + n - 1)))
    return [f"{letter}{number:0{WIDTH}d}" for number in range(first, first + n)]


def _new_couple(connection: Connection, study: str, couple: str, roles: Sequence[str]) -> _Couple:
    code = new_code()
    values = {"study": study, "couple": couple, "code_checksum": code_checksum(code), "roles": json.dumps(list(roles))}
    number = connection.execute(insert(couples).values(values).returning(couples.c.id)).scalar_one()
    return _Couple(number, code)


def _invited(
    connection: Connection, who: tuple[str, str, str | None], couple: _Couple, expires_at: datetime, now: datetime
) -> Invitation:
    study, person, role = who
    withdrawal, token = new_code(), new_token()
    held = {"role": role, "invited_couple_id": couple.number, "withdrawal_checksum": code_checksum(withdrawal)}
    number = _new_person(connection, study, person, now, **held)
    values = {"token_checksum": token_checksum(token), "issued_at": now, "expires_at": expires_at}
    connection.execute(insert(tokens).values(participant_id=number, **values))
    return Invitation(person, role, token, couple.code, withdrawal, expires_at)


def _new_person(connection: Connection, study: str, person: str, now: datetime, **held: str | int | None) -> int:
    person_of = insert(participants).values(study=study, person=person, invited_at=now, **held)
    return int(connection.execute(person_of.returning(participants.c.id)).scalar_one())


def walk_in(connection: Connection, study: str, person: str | None, now: datetime) -> Participant:
    """Find the participant of that name, or make one."""
    _hold(connection, study)
    name = person or _take_names(connection, study, participants.c.person, "P", 1)[0]
    found = _PARTICIPANT.where(participants.c.study == study, participants.c.person == name)
    row = connection.execute(found).one_or_none()
    if row is not None:
        return _record(row)
    number = _new_person(connection, study, name, now)
    return participant(connection, number)


def admit(connection: Connection, study: str, token: str, now: datetime) -> Participant | None:
    """Find whom a token belongs to: one query, whatever is wrong with it."""
    query = (
        _PARTICIPANT.add_columns(tokens.c.expires_at, tokens.c.revoked_at)
        .join(tokens, tokens.c.participant_id == participants.c.id)
        .where(tokens.c.token_checksum == token_checksum(token), participants.c.study == study)
    )
    row = connection.execute(query).one_or_none()
    usable = row is not None and row.revoked_at is None and now < row.expires_at
    return _record(row) if row is not None and usable else None


def revoke(connection: Connection, study: str, person: str, now: datetime) -> int:
    """Revoke all tokens of a person; tell how many there were to revoke."""
    owned = select(participants.c.id).where(participants.c.study == study, participants.c.person == person)
    valid = tokens.c.participant_id.in_(owned.scalar_subquery()) & tokens.c.revoked_at.is_(None)
    return connection.execute(update(tokens).where(valid).values(revoked_at=now)).rowcount


def renew_token(connection: Connection, study: str, person: str, expires_at: datetime, now: datetime) -> str | None:
    """Give a person a new token in place of all earlier ones; None where there is no such person."""
    revoke(connection, study, person, now)
    owned = select(participants.c.id).where(participants.c.study == study, participants.c.person == person)
    number = connection.execute(owned).scalar_one_or_none()
    if number is None:
        return None
    token = new_token()
    values = {"token_checksum": token_checksum(token), "issued_at": now, "expires_at": expires_at}
    connection.execute(insert(tokens).values(participant_id=number, **values))
    return token


def renew_withdrawal_code(connection: Connection, number: int) -> str:
    """Give a person a new code to withdraw with, in place of an earlier one."""
    code = new_code()
    held = update(participants).where(participants.c.id == number).values(withdrawal_checksum=code_checksum(code))
    if connection.execute(held).rowcount == 0:
        raise no_participant()
    return code


def consent(connection: Connection, number: int, given: tuple[str, str, str], now: datetime) -> Participant:
    """Record which version of which text a person agreed to, in which language, and when."""
    version, language, checksum = given
    values = {"consent_version": version, "language": language, "consent_checksum": checksum, "consented_at": now}
    connection.execute(update(participants).where(participants.c.id == number).values(values))
    return participant(connection, number)
