"""The column types and functions of the tables, for both engines."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from connect_appointments.core.model import MAX_NUMBER

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""The names of constraints and indexes, and every table."""

SQLITE_INSTANT = "%Y-%m-%dT%H:%M:%fZ"


class Instant(sa.types.TypeDecorator[datetime]):
    """A timestamp in UTC: `timestamptz` on PostgreSQL, sortable text on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return sa.Text() if dialect.name == "sqlite" else sa.DateTime(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        return instant_text(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy passes it
        return datetime.fromisoformat(value) if isinstance(value, str) else value


def instant_text(moment: datetime) -> str:
    """The timestamp in SQLite's format: UTC, milliseconds, `Z`, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class database_now(GenericFunction[datetime]):  # noqa: N801 - a SQL function, spelled as one
    """The database's clock, the only clock for timestamps and leases: the moment at which the statement began.

    All rows and columns of a statement have the same timestamp. It is later than the acquisition of any lock that an
    earlier statement of the transaction waited for.
    """

    type = Instant()
    inherit_cache = True


@compiles(database_now, "postgresql")
def _now_on_postgresql(*_: Any, **__: Any) -> str:
    return "statement_timestamp()"


@compiles(database_now, "sqlite")
def _now_on_sqlite(*_: Any, **__: Any) -> str:
    return f"strftime('{SQLITE_INSTANT}', 'now')"


class seconds_from_now(GenericFunction[datetime]):  # noqa: N801 - a SQL function, spelled as one
    """The database's clock plus a number of seconds."""

    type = Instant()
    inherit_cache = True


@compiles(seconds_from_now, "postgresql")
def _later_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(statement_timestamp() + make_interval(secs => {compiler.process(element.clauses, **kw)}))"


@compiles(seconds_from_now, "sqlite")
def _later_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"strftime('{SQLITE_INSTANT}', 'now', {compiler.process(element.clauses, **kw)} || ' seconds')"


BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite never reuses row ids only in a column of the exact type INTEGER."""


def known_states(column: str, states: type[StrEnum], name: str = "known_state") -> sa.CheckConstraint:
    """The check that a column has one of the states."""
    names = ", ".join(f"'{state}'" for state in states)
    return sa.CheckConstraint(f"{column} IN ({names})", name=name)


def id_column() -> sa.Column[int]:
    """The primary key, which the database numbers."""
    return sa.Column("id", BigId, sa.Identity(maxvalue=MAX_NUMBER), primary_key=True)


def details() -> list[sa.Column[Any]]:
    """The details of the work and the contact in an order: the columns that are copied to an appointment."""
    return [
        sa.Column("demand_type", sa.Text, nullable=False),
        sa.Column("priority_assist", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("e_sla", sa.Text, nullable=False),
        sa.Column("customer_ref", sa.Text),
        sa.Column("service_id", BigId),
        sa.Column("contact_name", sa.Text),
        sa.Column("contact_type", sa.Text),
        sa.Column("contact_phone", sa.Text),
        sa.Column("contact_notes", sa.Text),
    ]


DETAILS = tuple(column.name for column in details())
CONTACT = ("contact_name", "contact_phone", "contact_notes")
"""The columns with personal data; they are erased (D49)."""


def contact_index(table: str, moment: str) -> sa.Index:
    """The index of the rows that have a contact, for finding those whose contact is due for erasure."""
    has_contact = sa.text(" OR ".join(f"{name} IS NOT NULL" for name in CONTACT))
    return sa.Index(f"ix_{table}_contact", moment, "id", postgresql_where=has_contact, sqlite_where=has_contact)
