"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")

revision = "0001"
down_revision = None


def numbered() -> sa.Column[int]:
    """A column of ids that are never used twice."""
    return sa.Column("id", BIG_ID, sa.Identity(maxvalue=2**53 - 1), nullable=False)


def upgrade() -> None:
    create_tables()
    if op.get_context().dialect.name == "postgresql":
        forbid_changing_events_on_postgresql()
    else:
        forbid_changing_events_on_sqlite()


def forbid_changing_events_on_postgresql() -> None:
    op.execute("""
        CREATE FUNCTION refuse_to_change_events() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$
    """)
    op.execute("""
        CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_events()
    """)


def forbid_changing_events_on_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"""
            CREATE TRIGGER events_append_only_{verb.lower()} BEFORE {verb} ON events
            BEGIN SELECT RAISE(ABORT, 'events are append-only'); END
        """)
    # INSERT OR REPLACE deletes without asking the trigger on DELETE.
    op.execute("""
        CREATE TRIGGER events_append_only_insert BEFORE INSERT ON events
        WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END
    """)


def create_tables() -> None:
    op.create_table(
        "capacity",
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slot_type", sa.Text(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.CheckConstraint("places >= 0", name=op.f("ck_capacity_places_count")),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_capacity_taken_counts")),
        sa.PrimaryKeyConstraint("area", "day", "slot_type", name="pk_capacity"),
    )
    op.create_table(
        "events",
        numbered(),
        sa.Column("request_id", BIG_ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("booking_id", BIG_ID),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_request_id", "events", ["request_id"])
    op.create_table(
        "orders",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("demand_type", sa.Text(), nullable=False),
        sa.Column("priority_assist", sa.Boolean(), nullable=False),
        sa.Column("e_sla", sa.Text(), nullable=False),
        sa.Column("customer_ref", sa.Text()),
        sa.Column("service_id", BIG_ID),
        sa.Column("contact_name", sa.Text()),
        sa.Column("contact_type", sa.Text()),
        sa.Column("contact_phone", sa.Text()),
        sa.Column("contact_notes", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
    )
    op.create_table(
        "reservations",
        sa.Column("booking_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slot_type", sa.Text(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("booking_id", name="pk_reservations"),
    )
    op.create_table(
        "appointment_requests",
        numbered(),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("order_id", BIG_ID, nullable=False),
        sa.Column("date_from", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("booking_id", BIG_ID),
        sa.Column("created_on", INSTANT, nullable=False),
        sa.Column("updated_on", INSTANT, nullable=False),
        sa.Column("cancelled_on", INSTANT),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_on IS NOT NULL)", name=op.f("ck_appointment_requests_cancelled_on")
        ),
        sa.CheckConstraint(
            "state IN ('searching', 'open', 'booking', 'booked', 'failed', 'cancelled')",
            name=op.f("ck_appointment_requests_known_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('booking', 'booked') OR booking_id IS NOT NULL",
            name=op.f("ck_appointment_requests_booking_id"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_appointment_requests_order_id"),
        sa.PrimaryKeyConstraint("id", name="pk_appointment_requests"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_appointment_requests_order_id", "appointment_requests", ["order_id"])
    op.create_table(
        "bookings",
        numbered(),
        sa.Column("request_id", BIG_ID, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("slot_id", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_on", INSTANT, nullable=False),
        sa.Column("ended_on", INSTANT),
        sa.CheckConstraint("(state = 'booking') = (ended_on IS NULL)", name=op.f("ck_bookings_ended_on")),
        sa.CheckConstraint("state IN ('booking', 'booked', 'refused')", name=op.f("ck_bookings_known_state")),
        sa.ForeignKeyConstraint(["request_id"], ["appointment_requests.id"], name="fk_bookings_request_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bookings"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bookings_request_id", "bookings", ["request_id"])
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("request_id", BIG_ID, nullable=False),
        sa.Column("created_on", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["appointment_requests.id"], name="fk_idempotency_keys_request_id"),
        sa.PrimaryKeyConstraint("owner", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_on", "idempotency_keys", ["created_on"])
    op.create_table(
        "offers",
        sa.Column("request_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("slots", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["appointment_requests.id"], name="fk_offers_request_id"),
        sa.PrimaryKeyConstraint("request_id", name="pk_offers"),
    )
    op.create_table(
        "appointments",
        numbered(),
        sa.Column("request_id", BIG_ID, nullable=False),
        sa.Column("booking_id", BIG_ID, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("order_id", BIG_ID, nullable=False),
        sa.Column("nbn_appointment_id", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("created_on", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_appointments_booking_id"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_appointments_order_id"),
        sa.ForeignKeyConstraint(["request_id"], ["appointment_requests.id"], name="fk_appointments_request_id"),
        sa.PrimaryKeyConstraint("id", name="pk_appointments"),
        sa.UniqueConstraint("booking_id", name="uq_appointments_booking_id"),
        sa.UniqueConstraint("nbn_appointment_id", name="uq_appointments_nbn_appointment_id"),
        sa.UniqueConstraint("request_id", name="uq_appointments_request_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_appointments_order_id", "appointments", ["order_id"])
    op.create_table(
        "jobs",
        numbered(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("request_id", BIG_ID, nullable=False),
        sa.Column("booking_id", BIG_ID),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.CheckConstraint("kind IN ('search', 'book')", name=op.f("ck_jobs_known_kind")),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_jobs_booking_id"),
        sa.ForeignKeyConstraint(["request_id"], ["appointment_requests.id"], name="fk_jobs_request_id"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_due_at", "jobs", ["due_at"])
