"""The tables of a store, the same in SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData()


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no zone, so it is taken off on the way in and put on again on the way out."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name != "sqlite"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn a moment of any zone into UTC."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give every moment its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _number() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _owned_by(table: str) -> Column[int]:
    key = ForeignKey(f"{table}.id", ondelete="CASCADE")
    return Column(f"{table.removesuffix('s')}_id", Integer, key, nullable=False, index=True)


about = Table("toolkit_store", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

definitions = Table(
    "definitions",
    metadata,
    _number(),
    Column("study", Text, nullable=False),
    Column("checksum", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("registered_at", Moment, nullable=False),
    UniqueConstraint("study", "checksum"),
    sqlite_autoincrement=True,
)

couples = Table(
    "couples",
    metadata,
    _number(),
    Column("study", Text, nullable=False),
    Column("couple", Text, nullable=False),
    Column("code_checksum", Text, nullable=False, unique=True),
    Column("roles", Text, nullable=False),
    UniqueConstraint("study", "couple"),
    sqlite_autoincrement=True,
)

participants = Table(
    "participants",
    metadata,
    _number(),
    Column("study", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("invited_couple_id", Integer, ForeignKey("couples.id")),
    Column("couple_id", Integer, ForeignKey("couples.id"), index=True),
    Column("role", Text),
    Column("language", Text),
    Column("invited_at", Moment, nullable=False),
    Column("consented_at", Moment),
    Column("consent_version", Text),
    Column("consent_checksum", Text),
    Column("withdrawal_checksum", Text, unique=True),
    UniqueConstraint("study", "person"),
    UniqueConstraint("couple_id", "role"),
    sqlite_autoincrement=True,
)

tokens = Table(
    "tokens",
    metadata,
    _number(),
    _owned_by("participants"),
    Column("token_checksum", Text, nullable=False, unique=True),
    Column("issued_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    sqlite_autoincrement=True,
)

sittings = Table(
    "sittings",
    metadata,
    _number(),
    _owned_by("participants"),
    Column("wave", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("item_order", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("submitted_at", Moment),
    Column("late", Boolean, nullable=False, server_default=false()),
    Column("lease", Text, nullable=False),
    Column("position", Integer, nullable=False),
    UniqueConstraint("participant_id", "wave", "day"),
    sqlite_autoincrement=True,
)

answers = Table(
    "answers",
    metadata,
    Column("sitting_id", Integer, ForeignKey("sittings.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("item", Text, primary_key=True),
    Column("value", Integer),
    Column("text", Text),
    Column("reason", Text),
    Column("milliseconds", Integer),
    Column("lease", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("answered_at", Moment, nullable=False),
    CheckConstraint(
        "(CASE WHEN value IS NULL THEN 0 ELSE 1 END) + (CASE WHEN text IS NULL THEN 0 ELSE 1 END)"
        " + (CASE WHEN reason IS NULL THEN 0 ELSE 1 END) <= 1",
        name="one_answer",
    ),
)

audit = Table(
    "audit",
    metadata,
    _number(),
    _owned_by("sittings"),
    Column("item", Text, nullable=False),
    Column("value", Integer),
    Column("text", Text),
    Column("reason", Text),
    Column("milliseconds", Integer),
    Column("sequence", Integer, nullable=False),
    Column("written_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

page_times = Table(
    "page_times",
    metadata,
    _number(),
    _owned_by("sittings"),
    Column("position", Integer, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("lease", Text, nullable=False),
    Column("sequence", Integer),
    Column("left_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

withdrawals = Table(
    "withdrawals", metadata, Column("study", Text, nullable=False), Column("withdrawn_on", Date, nullable=False)
)

refusals = Table(
    "refusals",
    metadata,
    _number(),
    Column("study", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("refused_on", Date, nullable=False),
    Index("refusals_by_study", "study"),
    sqlite_autoincrement=True,
)
