"""What an engine tells of its tables, a line for each thing; two databases of one shape have the same lines."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from connect_appointments.core.reservations import ReservationState
from connect_appointments.store.engine import Database
from tests.store.given import rows

VERSIONS = "alembic_version"
RESERVED = ReservationState.RESERVED

ON_POSTGRESQL = f"""
    SELECT table_name, 'column', column_name, concat_ws(
        ' ', data_type, is_nullable, column_default, is_identity, identity_generation, identity_start,
        identity_increment, identity_minimum, identity_maximum, identity_cycle, is_generated
    )
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '{VERSIONS}'
    UNION ALL
    SELECT conrelid::regclass::text, 'constraint', conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> '{VERSIONS}'
    UNION ALL
    SELECT tablename, 'index', indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND tablename <> '{VERSIONS}'
"""  # noqa: S608 - the only thing put in is a constant of ours


async def shape(database: Database) -> set[str]:
    """Columns, keys, checks and indexes of every table but alembic's, each beginning with the table's name."""
    if not database.is_sqlite:
        return {": ".join(row) for row in await rows(database, ON_POSTGRESQL)}
    engine = sa.create_engine(database.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        tables = [name for name in inspector.get_table_names() if name != VERSIONS]
        return {f"{name}: {line}" for name in tables for line in _on_sqlite(connection, inspector, name)}


def tables_of(lines: set[str]) -> set[str]:
    """The tables that a shape tells of."""
    return {line.partition(":")[0] for line in lines}


def _on_sqlite(connection: sa.Connection, inspector: sa.Inspector, table: str) -> list[str]:
    numbering = sa.text("SELECT sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE name = :table")
    return [
        *(f"column {_column(column)}" for column in inspector.get_columns(table)),
        f"primary key {inspector.get_pk_constraint(table)}",
        *(f"foreign key {key}" for key in inspector.get_foreign_keys(table)),
        *(f"unique {constraint}" for constraint in inspector.get_unique_constraints(table)),
        *(f"check {constraint}" for constraint in inspector.get_check_constraints(table)),
        *(f"index {_index(connection, index)}" for index in inspector.get_indexes(table)),
        f"numbered without reuse: {connection.scalar(numbering, {'table': table})}",
    ]


def _column(column: Any) -> dict[str, Any]:
    return {**column, "type": str(column["type"])}


def _index(connection: sa.Connection, index: Any) -> str:
    """An index as its statement says it, for the condition of a partial one is told nowhere else."""
    text = connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": index["name"]})
    return " ".join(str(text).split())
