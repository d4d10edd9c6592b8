"""Columns are called what the field calls them: the X-Request-Id, and the capacity of a window."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for table in ("events", "jobs"):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN trace TO x_request_id")
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE capacity RENAME COLUMN places TO capacity")
        op.execute("ALTER TABLE capacity RENAME CONSTRAINT ck_capacity_places_count TO ck_capacity_capacity_counts")
    else:
        rename_capacity_on_sqlite()


def rename_capacity_on_sqlite() -> None:
    """Make the table anew: SQLite cannot rename a constraint."""
    op.execute("""
        CREATE TABLE new_capacity (
            area TEXT NOT NULL, day DATE NOT NULL, slot_type TEXT NOT NULL,
            capacity INTEGER NOT NULL, taken INTEGER NOT NULL,
            CONSTRAINT pk_capacity PRIMARY KEY (area, day, slot_type),
            CONSTRAINT ck_capacity_capacity_counts CHECK (capacity >= 0),
            CONSTRAINT ck_capacity_taken_counts CHECK (taken >= 0)
        )
    """)
    op.execute("INSERT INTO new_capacity SELECT area, day, slot_type, places, taken FROM capacity")
    op.execute("DROP TABLE capacity")
    op.execute("ALTER TABLE new_capacity RENAME TO capacity")
