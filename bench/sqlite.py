"""An SQLite database under measurement: filled, emptied and read beside the service that has it open."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from bench.rows import (
    AREA,
    CAPACITY,
    CAPACITY_DAYS,
    FIRST_ID,
    ORDERS,
    SETTLING_SECONDS,
    SLOT_TYPES,
    STATE,
    TIME_ZONE,
    Changed,
    days,
    insert,
)
from bench.tokens import OWNER

EMPTIED = ("events", "jobs", "offers", "appointments", "bookings", "reservations", "idempotency_keys")
"""Tables that a reset empties, before the appointment-requests that they reference."""

NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
REQUEST = {
    "id": f"{FIRST_ID} + n",
    "owner": f"'{OWNER}'",
    "order_id": f"1 + n % {ORDERS}",
    "date_from": "date('now', '+7 days')",
    "state": "'open'",
    "created_on": NOW,
    "updated_on": NOW,
}
ORDER = {
    "id": "1 + n",
    "owner": f"'{OWNER}'",
    "time_zone": f"'{TIME_ZONE}'",
    "state": f"'{STATE}'",
    "area": f"'{AREA}'",
    "demand_type": "'Standard Install'",
    "priority_assist": "0",
    "e_sla": "'Standard'",
    "service_id": "n",
    "imported_on": NOW,
}
CAPACITY_ROW = {
    "area": f"'{AREA}'",
    "day": "?",
    "slot_type": "?",
    "places": str(CAPACITY),
    "capacity": str(CAPACITY),
    "taken": "0",
}
SERIES = " FROM (WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n + 1 < ?) SELECT n FROM s)"
CHANGED = """
SELECT (SELECT count(*) FROM appointment_requests WHERE state = 'cancelled'),
       (SELECT count(*) FROM (
            SELECT request_id FROM events WHERE kind = 'cancelled' GROUP BY request_id HAVING count(*) = 1
        ) AS e JOIN appointment_requests r ON r.id = e.request_id AND r.state = 'cancelled')
"""
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'"


class SqliteStore:
    """One database file, migrated already."""

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"
        self._path = path

    def reset(self, rows: int, *, fresh_orders: bool = False) -> None:
        with self._transaction() as connection:
            self._empty(connection, fresh_orders=fresh_orders)
            if not connection.execute("SELECT EXISTS (SELECT 1 FROM orders)").fetchone()[0]:
                self._fill_orders(connection)
            connection.execute(_insert(connection, "appointment_requests", REQUEST) + SERIES, (rows,))
        with self._connection() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _empty(self, connection: sqlite3.Connection, *, fresh_orders: bool) -> None:
        # The triggers that keep events append-only are dropped for the length of this transaction.
        triggers = connection.execute(TRIGGERS).fetchall()
        for name, _ in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        existing = {name for (name,) in connection.execute(TABLES)}
        emptied = [*EMPTIED, "appointment_requests", *(["orders", "capacity"] if fresh_orders else [])]
        for table in emptied:
            if table in existing:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a name from the line above
        for _, definition in triggers:
            connection.execute(definition)

    def _fill_orders(self, connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM capacity")
        connection.execute(_insert(connection, "orders", ORDER) + SERIES, (ORDERS,))
        rows = [(day.isoformat(), slot_type) for day in days(CAPACITY_DAYS) for slot_type in SLOT_TYPES]
        connection.executemany(_insert(connection, "capacity", CAPACITY_ROW), rows)

    def offer(self, request_id: int, rows: int) -> None:
        with self._transaction() as connection:
            values = {name: f"{FIRST_ID} + n" if name == "request_id" else name for name in _columns(connection)}
            source = f"{SERIES}, offers WHERE request_id = ?"
            connection.execute(_insert(connection, "offers", values) + source, (rows, request_id))

    def settled(self) -> Changed:
        with self._connection() as connection:
            before = -1
            while (now := connection.execute("SELECT count(*) FROM events").fetchone()[0]) != before:
                before = now
                time.sleep(SETTLING_SECONDS)
            return Changed(*connection.execute(CHANGED).fetchone())

    def ended(self) -> dict[str, int]:
        with self._connection() as connection:
            return dict(connection.execute("SELECT state, count(*) FROM appointment_requests GROUP BY state"))

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        try:
            yield connection
        finally:
            connection.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")


def _columns(connection: sqlite3.Connection, table: str = "offers") -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]


def _insert(connection: sqlite3.Connection, table: str, values: dict[str, str]) -> str:
    return insert(table, values, _columns(connection, table))
