"""Appointments keep a copy of their order; orders count their bookings; the calendar knows keys of its callers."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

DETAILS = (
    "demand_type",
    "priority_assist",
    "e_sla",
    "customer_ref",
    "service_id",
    "contact_name",
    "contact_type",
    "contact_phone",
    "contact_notes",
)
OF_THE_WORK = DETAILS[:3]
"""What describes the work alone. The others are the owner's, and are kept only for the owner of the order."""
STATES = "'booked', 'cancelling', 'rescheduling', 'in-progress', 'completed', 'incomplete', 'cancelled'"


def upgrade() -> None:
    is_postgresql = op.get_context().dialect.name == "postgresql"
    add_columns(is_postgresql=is_postgresql)
    name_the_installation(is_postgresql=is_postgresql)
    keep_appointments(is_postgresql=is_postgresql)
    keep_jobs(is_postgresql=is_postgresql)
    keep_reservations(is_postgresql=is_postgresql)


def add_columns(*, is_postgresql: bool) -> None:
    instant = "TIMESTAMP WITH TIME ZONE" if is_postgresql else "TEXT"
    op.execute("ALTER TABLE orders ADD COLUMN occupancy INTEGER DEFAULT '0' NOT NULL")
    op.execute("""
        UPDATE orders SET occupancy = (
            SELECT count(*) FROM appointment_requests r
            WHERE r.order_id = orders.id AND r.state IN ('booking', 'booked')
        )
    """)
    op.execute(f"ALTER TABLE appointment_requests ADD COLUMN held_until {instant}")
    op.execute("ALTER TABLE bookings ADD COLUMN refusal TEXT")
    op.execute("UPDATE bookings SET refusal = 'slot-unavailable' WHERE state = 'refused'")


def name_the_installation(*, is_postgresql: bool) -> None:
    characters = "substr(md5(random()::text || clock_timestamp()::text), 1, 8)"
    if not is_postgresql:
        characters = "lower(hex(randomblob(4)))"
    op.execute("CREATE TABLE installation (id TEXT NOT NULL, CONSTRAINT pk_installation PRIMARY KEY (id))")
    op.execute(f"INSERT INTO installation (id) VALUES ({characters})")  # noqa: S608 - a constant of ours


def keep_appointments(*, is_postgresql: bool) -> None:
    """Copy what the order says, but for what belongs to the owner where the order has changed hands since."""
    kept = ", ".join(
        f"o.{name}" if name in OF_THE_WORK else f"CASE WHEN o.owner = a.owner THEN o.{name} END" for name in DETAILS
    )
    if is_postgresql:
        keep_appointments_on_postgresql(kept)
    else:
        keep_appointments_on_sqlite(kept)


def keep_appointments_on_postgresql(kept: str) -> None:
    op.execute("ALTER TABLE appointments RENAME COLUMN nbn_appointment_id TO workforce_id")
    op.execute("""
        ALTER TABLE appointments
        RENAME CONSTRAINT uq_appointments_nbn_appointment_id TO uq_appointments_workforce_id
    """)
    op.execute("""
        ALTER TABLE appointments
        ADD COLUMN state TEXT, ADD COLUMN ends_on TIMESTAMP WITH TIME ZONE,
        ADD COLUMN demand_type TEXT, ADD COLUMN priority_assist BOOLEAN, ADD COLUMN e_sla TEXT,
        ADD COLUMN customer_ref TEXT, ADD COLUMN service_id BIGINT, ADD COLUMN contact_name TEXT,
        ADD COLUMN contact_type TEXT, ADD COLUMN contact_phone TEXT, ADD COLUMN contact_notes TEXT
    """)
    columns = ", ".join(DETAILS)
    op.execute(f"""
        UPDATE appointments SET state = 'booked', ends_on = (slot::json ->> 'end')::timestamptz, ({columns}) = (
            SELECT {kept} FROM orders o JOIN appointments a ON a.order_id = o.id WHERE a.id = appointments.id
        )
    """)  # noqa: S608 - the only things put in are constants of ours
    for name in ("state", "ends_on", *OF_THE_WORK):
        op.execute(f"ALTER TABLE appointments ALTER COLUMN {name} SET NOT NULL")
    op.execute(f"ALTER TABLE appointments ADD CONSTRAINT ck_appointments_known_state CHECK (state IN ({STATES}))")


def keep_appointments_on_sqlite(kept: str) -> None:
    op.execute(f"""
        CREATE TABLE new_appointments (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            request_id INTEGER NOT NULL,
            booking_id INTEGER NOT NULL,
            owner TEXT NOT NULL,
            order_id INTEGER NOT NULL,
            workforce_id TEXT NOT NULL,
            state TEXT NOT NULL,
            slot TEXT NOT NULL,
            ends_on TEXT NOT NULL,
            demand_type TEXT NOT NULL,
            priority_assist BOOLEAN NOT NULL,
            e_sla TEXT NOT NULL,
            customer_ref TEXT,
            service_id INTEGER,
            contact_name TEXT,
            contact_type TEXT,
            contact_phone TEXT,
            contact_notes TEXT,
            created_on TEXT NOT NULL,
            CONSTRAINT ck_appointments_known_state CHECK (state IN ({STATES})),
            CONSTRAINT fk_appointments_booking_id FOREIGN KEY(booking_id) REFERENCES bookings (id),
            CONSTRAINT fk_appointments_order_id FOREIGN KEY(order_id) REFERENCES orders (id),
            CONSTRAINT fk_appointments_request_id FOREIGN KEY(request_id) REFERENCES appointment_requests (id),
            CONSTRAINT uq_appointments_booking_id UNIQUE (booking_id),
            CONSTRAINT uq_appointments_request_id UNIQUE (request_id),
            CONSTRAINT uq_appointments_workforce_id UNIQUE (workforce_id)
        )
    """)
    op.execute(f"""
        INSERT INTO new_appointments
        SELECT a.id, a.request_id, a.booking_id, a.owner, a.order_id, a.nbn_appointment_id, 'booked', a.slot,
               strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(a.slot, '$.end')), {kept}, a.created_on
        FROM appointments a JOIN orders o ON o.id = a.order_id
    """)  # noqa: S608 - the only thing put in is a constant of ours
    replace_on_sqlite("appointments", "CREATE INDEX ix_appointments_order_id ON appointments (order_id)")


def keep_jobs(*, is_postgresql: bool) -> None:
    indexes = (
        "CREATE INDEX ix_jobs_kind_due_at ON jobs (kind, due_at)",
        "CREATE INDEX ix_jobs_release_offer ON jobs (request_id) WHERE kind = 'release-offer'",
    )
    if is_postgresql:
        op.execute("ALTER TABLE jobs DROP CONSTRAINT ck_jobs_known_kind")
        op.execute("ALTER TABLE jobs ALTER COLUMN request_id DROP NOT NULL")
        op.execute("DROP INDEX ix_jobs_due_at")
        for index in indexes:
            op.execute(index)
        return
    op.execute("""
        CREATE TABLE new_jobs (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            request_id INTEGER,
            booking_id INTEGER,
            trace TEXT NOT NULL,
            tries INTEGER NOT NULL,
            due_at TEXT NOT NULL,
            last_error TEXT,
            CONSTRAINT fk_jobs_booking_id FOREIGN KEY(booking_id) REFERENCES bookings (id),
            CONSTRAINT fk_jobs_request_id FOREIGN KEY(request_id) REFERENCES appointment_requests (id)
        )
    """)
    op.execute("""
        INSERT INTO new_jobs
        SELECT id, kind, request_id, booking_id, trace, tries, due_at, last_error FROM jobs
    """)
    replace_on_sqlite("jobs", *indexes)


def keep_reservations(*, is_postgresql: bool) -> None:
    """What was decided on booking attempt 7 is decided on the key `<installation>-7`."""
    day = "DATE NOT NULL"
    op.execute(f"""
        CREATE TABLE new_reservations (
            key TEXT NOT NULL,
            area TEXT NOT NULL,
            day {day},
            slot_type TEXT NOT NULL,
            state TEXT NOT NULL,
            CONSTRAINT {"pk_new_reservations" if is_postgresql else "pk_reservations"} PRIMARY KEY (key),
            CONSTRAINT ck_reservations_known_state CHECK (state IN ('reserved', 'refused', 'cancelled'))
        )
    """)
    op.execute("""
        INSERT INTO new_reservations
        SELECT installation.id || '-' || booking_id, area, day, slot_type,
               CASE WHEN granted THEN 'reserved' ELSE 'refused' END
        FROM reservations, installation
    """)
    op.execute("DROP TABLE reservations")
    op.execute("ALTER TABLE new_reservations RENAME TO reservations")
    if is_postgresql:
        op.execute("ALTER TABLE reservations RENAME CONSTRAINT pk_new_reservations TO pk_reservations")
    op.execute("CREATE INDEX ix_reservations_area_day_slot_type ON reservations (area, day, slot_type)")


def replace_on_sqlite(table: str, *indexes: str) -> None:
    """Put the new table in the place of the old one; ids go on where they were."""
    op.execute(f"""
        INSERT OR REPLACE INTO sqlite_sequence (rowid, name, seq)
        SELECT (SELECT rowid FROM sqlite_sequence WHERE name = 'new_{table}'), 'new_{table}', seq
        FROM sqlite_sequence WHERE name = '{table}'
    """)  # noqa: S608 - the only thing put in is a constant of ours
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE new_{table} RENAME TO {table}")
    for index in indexes:
        op.execute(index)
