"""Old rows move to archive tables; jobs and idempotency keys do without foreign keys."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

HAS_CONTACT = "contact_name IS NOT NULL OR contact_phone IS NOT NULL OR contact_notes IS NOT NULL"
TABLES = {
    "archived_appointment_requests": [
        "id {integer} NOT NULL",
        "owner TEXT NOT NULL",
        "order_id {integer} NOT NULL",
        "date_from DATE NOT NULL",
        "state TEXT NOT NULL",
        "booking_id {integer}",
        "created_on {instant} NOT NULL",
        "updated_on {instant} NOT NULL",
        "cancelled_on {instant}",
        "held_until {instant}",
        "offer_expires_on {instant}",
        "appointment_id {integer}",
        "reschedule_id {integer}",
        "transferred_on {instant}",
    ],
    "archived_offers": [
        "request_id {integer} NOT NULL",
        "slots TEXT NOT NULL",
    ],
    "archived_bookings": [
        "id {integer} NOT NULL",
        "request_id {integer} NOT NULL",
        "owner TEXT NOT NULL",
        "slot_id TEXT NOT NULL",
        "slot TEXT NOT NULL",
        "state TEXT NOT NULL",
        "created_on {instant} NOT NULL",
        "ended_on {instant}",
        "refusal TEXT",
    ],
    "archived_appointments": [
        "id {integer} NOT NULL",
        "request_id {integer} NOT NULL",
        "booking_id {integer} NOT NULL",
        "owner TEXT NOT NULL",
        "order_id {integer} NOT NULL",
        "workforce_id TEXT NOT NULL",
        "state TEXT NOT NULL",
        "slot TEXT NOT NULL",
        "ends_on {instant} NOT NULL",
        "slot_as_of {instant}",
        "demand_type TEXT NOT NULL",
        "priority_assist BOOLEAN NOT NULL",
        "e_sla TEXT NOT NULL",
        "customer_ref TEXT",
        "service_id {integer}",
        "contact_name TEXT",
        "contact_type TEXT",
        "contact_phone TEXT",
        "contact_notes TEXT",
        "created_on {instant} NOT NULL",
        "updated_on {instant} NOT NULL",
        "cancellable_until {instant} NOT NULL",
        "cancelled_on {instant}",
        "cancelled_by TEXT",
        "reason TEXT",
        "ended_on {instant}",
        "cancellation_id {integer}",
        "reschedule_id {integer}",
    ],
    "archived_cancellations": [
        "id {integer} NOT NULL",
        "appointment_id {integer} NOT NULL",
        "owner TEXT NOT NULL",
        "state TEXT NOT NULL",
        "refusal TEXT",
        "cancelled_by TEXT NOT NULL",
        "reason TEXT",
        "client TEXT NOT NULL",
        "requested_on {instant} NOT NULL",
        "ended_on {instant}",
    ],
    "archived_reschedules": [
        "id {integer} NOT NULL",
        "appointment_id {integer} NOT NULL",
        "request_id {integer} NOT NULL",
        "owner TEXT NOT NULL",
        "slot_id TEXT NOT NULL",
        "slot TEXT NOT NULL",
        "state TEXT NOT NULL",
        "refusal TEXT",
        "client TEXT NOT NULL",
        "requested_on {instant} NOT NULL",
        "ended_on {instant}",
    ],
    "archived_events": [
        "id {integer} NOT NULL",
        "request_id {integer} NOT NULL",
        "kind TEXT NOT NULL",
        "at {instant} NOT NULL",
        "owner TEXT NOT NULL",
        "client TEXT NOT NULL",
        "x_request_id TEXT NOT NULL",
        "booking_id {integer}",
        "appointment_id {integer}",
        "detail TEXT",
    ],
}
INDEXES = {
    "archived_appointment_requests": ["order_id"],
    "archived_bookings": ["request_id"],
    "archived_appointments": ["request_id", "booking_id", "order_id"],
    "archived_cancellations": ["appointment_id"],
    "archived_reschedules": ["appointment_id", "request_id"],
    "archived_events": ["request_id"],
}


def upgrade() -> None:
    is_postgresql = op.get_context().dialect.name == "postgresql"
    add_tables(is_postgresql=is_postgresql)
    if is_postgresql:
        drop_references_on_postgresql()
        allow_archiving_events_on_postgresql()
    else:
        drop_references_on_sqlite()
        allow_archiving_events_on_sqlite()


def add_tables(*, is_postgresql: bool) -> None:
    kinds = {"integer": "BIGINT", "instant": "TIMESTAMP WITH TIME ZONE"}
    if not is_postgresql:
        kinds = {"integer": "INTEGER", "instant": "TEXT"}
    for table, columns in TABLES.items():
        key = columns[0].partition(" ")[0]
        lines = [*(column.format(**kinds) for column in columns), f"CONSTRAINT pk_{table} PRIMARY KEY ({key})"]
        op.execute(f"CREATE TABLE {table} ({', '.join(lines)})")
    for table, names in INDEXES.items():
        for name in names:
            op.execute(f"CREATE INDEX ix_{table}_{name} ON {table} ({name})")
    op.execute(
        f"CREATE INDEX ix_archived_appointments_contact ON archived_appointments (created_on, id) WHERE {HAS_CONTACT}"
    )


def drop_references_on_postgresql() -> None:
    op.execute("ALTER TABLE jobs DROP CONSTRAINT fk_jobs_request_id, DROP CONSTRAINT fk_jobs_booking_id")
    op.execute("ALTER TABLE idempotency_keys DROP CONSTRAINT fk_idempotency_keys_request_id")


def drop_references_on_sqlite() -> None:
    """Make the tables anew: SQLite cannot drop a foreign key."""
    op.execute("CREATE TEMPORARY TABLE kept_numbers AS SELECT seq FROM sqlite_sequence WHERE name = 'jobs'")
    replace(
        "jobs",
        """
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            request_id INTEGER,
            booking_id INTEGER,
            x_request_id TEXT NOT NULL,
            tries INTEGER NOT NULL,
            due_at TEXT NOT NULL,
            last_error TEXT,
            cancellation_id INTEGER,
            reschedule_id INTEGER
        """,
    )
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'jobs'")
    op.execute("INSERT INTO sqlite_sequence (name, seq) SELECT 'jobs', seq FROM kept_numbers")
    op.execute("DROP TABLE kept_numbers")
    op.execute("CREATE INDEX ix_jobs_kind_due_at ON jobs (kind, due_at)")
    op.execute("CREATE INDEX ix_jobs_release_offer ON jobs (request_id) WHERE kind = 'release-offer'")
    replace(
        "idempotency_keys",
        """
            owner TEXT NOT NULL,
            "key" TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            request_id INTEGER NOT NULL,
            created_on TEXT NOT NULL,
            CONSTRAINT pk_idempotency_keys PRIMARY KEY (owner, "key")
        """,
    )
    op.execute("CREATE INDEX ix_idempotency_keys_created_on ON idempotency_keys (created_on)")


def replace(table: str, definition: str) -> None:
    """Replace a table by one with the same rows."""
    names = [line.split()[0] for line in definition.strip().splitlines() if "CONSTRAINT" not in line]
    op.execute(f"CREATE TEMPORARY TABLE kept AS SELECT {', '.join(names)} FROM {table}")  # noqa: S608 - a constant of ours
    op.execute(f"DROP TABLE {table}")
    op.execute(f"CREATE TABLE {table} ({definition})")
    op.execute(f"INSERT INTO {table} SELECT * FROM kept")  # noqa: S608 - a constant of ours
    op.execute("DROP TABLE kept")


def allow_archiving_events_on_postgresql() -> None:
    op.execute("DROP TRIGGER events_append_only ON events")
    op.execute("""
        CREATE TRIGGER events_append_only BEFORE UPDATE OR TRUNCATE ON events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_events()
    """)
    op.execute("""
        CREATE FUNCTION refuse_to_delete_events() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF EXISTS (
                SELECT 1 FROM gone LEFT JOIN archived_events a ON a.id = gone.id AND a.kind = gone.kind
                WHERE a.id IS NULL
            )
            THEN RAISE EXCEPTION 'events are append-only'; END IF;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER events_archived AFTER DELETE ON events REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_delete_events()
    """)
    op.execute("""
        CREATE TRIGGER archived_events_never_change BEFORE UPDATE ON archived_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_events()
    """)


def allow_archiving_events_on_sqlite() -> None:
    op.execute("DROP TRIGGER events_append_only_delete")
    op.execute("""
        CREATE TRIGGER events_append_only_delete BEFORE DELETE ON events
        WHEN NOT EXISTS (SELECT 1 FROM archived_events WHERE id = OLD.id AND kind = OLD.kind)
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END
    """)
    op.execute("""
        CREATE TRIGGER archived_events_never_change BEFORE UPDATE ON archived_events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END
    """)
