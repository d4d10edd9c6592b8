"""The SQLite database under measurement: filled, emptied and looked at beside the service that has it open."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from bench.postgres import migrate
from bench.rows import DAYS_WITH_PLACES, FIRST_ID, ORDERS, PLACES, SETTLING_SECONDS, SITE, Changed, days, offered_slots
from bench.tokens import OWNER

SERIES = "WITH RECURSIVE series (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n + 1 < ?)"
FILL = f"""
{SERIES} INSERT INTO appointment_requests (id, owner, order_id, date_from, state, created_on, updated_on)
SELECT ? + n, ?, 1 + n % ?, ?, 'open', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
FROM series
"""  # noqa: S608 - the only thing put in is a constant of ours
OFFER = f"{SERIES} INSERT INTO offers (request_id, slots) SELECT ? + n, ? FROM series"  # noqa: S608 - likewise
ORDER = f"""
{SERIES} INSERT INTO orders (id, owner, time_zone, state, area, demand_type, priority_assist, e_sla, service_id)
SELECT 1 + n, ?, ?, ?, ?, 'Standard Install', 0, 'Standard', n FROM series
"""  # noqa: S608 - likewise
PLACE = "INSERT INTO capacity (area, day, slot_type, places, taken) VALUES (?, ?, ?, ?, 0)"
CHANGED = """
SELECT (SELECT count(*) FROM appointment_requests WHERE state = 'cancelled'),
       (SELECT count(*) FROM (
            SELECT request_id FROM events WHERE kind = 'cancelled' GROUP BY request_id HAVING count(*) = 1
        ) AS e JOIN appointment_requests r ON r.id = e.request_id AND r.state = 'cancelled')
"""
TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'"


class SqliteStore:
    """One database file."""

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"
        self._path = path

    def create(self) -> None:
        """Migrate the empty database, and fill in what no run changes."""
        migrate(self.url)
        with self._transaction() as connection:
            connection.execute(ORDER, (ORDERS, OWNER, SITE.time_zone, SITE.state, SITE.area))
            rows = [(SITE.area, day.isoformat(), half) for day in days(DAYS_WITH_PLACES) for half in ("AM", "PM")]
            connection.executemany(PLACE, [(*row, PLACES) for row in rows])

    def reset(self, rows: int, *, offers: int = 0) -> None:
        with self._transaction() as connection:
            # Events refuse to be deleted: their triggers go for a moment.
            triggers = connection.execute(TRIGGERS).fetchall()
            for name, _ in triggers:
                connection.execute(f'DROP TRIGGER "{name}"')
            for table in ("events", "jobs", "offers", "appointment_requests"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a name from the line above
            for _, definition in triggers:
                connection.execute(definition)
            date_from = days(1, ahead=7)[0].isoformat()
            connection.execute(FILL, (rows, FIRST_ID, OWNER, ORDERS, date_from))
            if offers:
                connection.execute(OFFER, (offers, FIRST_ID, offered_slots()))
        with self._connection() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

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
