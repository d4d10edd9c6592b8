"""The PostgreSQL under measurement: how it is set up, filled, emptied and looked at."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import asyncpg

from bench.rows import DAYS_WITH_PLACES, FIRST_ID, ORDERS, PLACES, SETTLING_SECONDS, SITE, Changed, days, offered_slots
from bench.tokens import OWNER
from connect_appointments.store import schema
from connect_appointments.store.engine import Database

T = TypeVar("T")

OPTIONS = {
    "shared_buffers": "1GB",
    "max_wal_size": "6GB",
    "checkpoint_timeout": "30min",
    "effective_cache_size": "4GB",
    "max_connections": "400",
}
"""Everything else is PostgreSQL's default: fsync, synchronous_commit and full_page_writes are on."""

EMPTY = "TRUNCATE appointment_requests, events CASCADE"
FILL = """
INSERT INTO appointment_requests (id, owner, order_id, date_from, state, created_on, updated_on)
SELECT $1::bigint + n, $2, 1 + n % $3::int, current_date + 7, 'open', now(), now()
FROM generate_series(0, $4::int - 1) AS n
"""
OFFER = "INSERT INTO offers SELECT $1::bigint + n, $2 FROM generate_series(0, $3::int - 1) AS n"
ORDER = """
INSERT INTO orders (id, owner, time_zone, state, area, demand_type, priority_assist, e_sla, customer_ref, service_id)
SELECT n, $1, $2, $3, $4, 'Standard Install', false, 'Standard', 'CUST-REF-007', n FROM generate_series(1, $5::int) AS n
"""
PLACE = """
INSERT INTO capacity (area, day, slot_type, places, taken)
SELECT $1, day, half, $3, 0 FROM unnest($2::date[]) AS day, unnest(ARRAY['AM', 'PM']) AS half
"""
# A seeded index is built at once: row by row it takes longer than everything else.
INDEXES = """
SELECT i.relname AS name, pg_get_indexdef(i.oid) AS definition
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
WHERE x.indrelid = 'appointment_requests'::regclass AND NOT x.indisunique
"""
CHANGED = """
SELECT count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
       (SELECT count(*) FROM (
            SELECT request_id FROM events WHERE kind = 'cancelled' GROUP BY request_id HAVING count(*) = 1
        ) AS e JOIN appointment_requests r ON r.id = e.request_id AND r.state = 'cancelled') AS recorded
FROM appointment_requests
"""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Wait for a coroutine."""
    return asyncio.run(work)


class PostgresStore:
    """A database of the running server."""

    def __init__(self, url: str, progress: Callable[[str], None]) -> None:
        self.url = url
        self._progress = progress

    def create(self) -> None:
        """Migrate the empty database, and fill in what no run changes."""
        migrate(self.url)
        run(self._create())

    async def _create(self) -> None:
        async with self._connection() as connection:
            await connection.execute(ORDER, OWNER, SITE.time_zone, SITE.state, SITE.area, ORDERS)
            await connection.execute(PLACE, SITE.area, days(DAYS_WITH_PLACES), PLACES)
            await connection.execute("VACUUM ANALYZE orders")

    def reset(self, rows: int, *, offers: int = 0) -> None:
        started = time.monotonic()
        run(self._reset(rows, offers))
        if rows >= 1_000_000:
            self._progress(f"  {rows:,} rows in {time.monotonic() - started:.1f} s")

    async def _reset(self, rows: int, offers: int) -> None:
        async with self._connection() as connection:
            # New pages after a checkpoint owe no full-page images, so every run starts from the same state.
            await connection.execute("CHECKPOINT")
            # Events refuse to be emptied, and a foreign key asks for each row: not here.
            await connection.execute("SET session_replication_role = replica")
            await connection.execute(EMPTY)
            indexes = await connection.fetch(INDEXES)
            for index in indexes:
                await connection.execute(f'DROP INDEX "{index["name"]}"')
            await connection.execute(FILL, FIRST_ID, OWNER, ORDERS, rows)
            for index in indexes:
                await connection.execute(index["definition"])
            if offers:
                await connection.execute(OFFER, FIRST_ID, offered_slots(), offers)
            await connection.execute("VACUUM ANALYZE appointment_requests, offers, events")

    def checkpoint(self) -> None:
        """Write everything out, so that the next change of each page costs its full image."""
        run(self._execute("CHECKPOINT"))

    async def _execute(self, statement: str) -> None:
        async with self._connection() as connection:
            await connection.execute(statement)

    def settled(self) -> Changed:
        return run(self._settled())

    async def _settled(self) -> Changed:
        async with self._connection() as connection:
            before = -1
            while (now := await connection.fetchval("SELECT count(*) FROM events")) != before:
                before = now
                await asyncio.sleep(SETTLING_SECONDS)
            return Changed(**dict(await connection.fetchrow(CHANGED)))

    def ended(self) -> dict[str, int]:
        return run(self._ended())

    async def _ended(self) -> dict[str, int]:
        async with self._connection() as connection:
            rows = await connection.fetch("SELECT state, count(*) FROM appointment_requests GROUP BY state")
            return {row["state"]: row["count"] for row in rows}

    def settings(self) -> dict[str, str]:
        """The settings that decide what a commit costs, as they are."""
        return run(self._settings())

    async def _settings(self) -> dict[str, str]:
        names = [*OPTIONS, "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "server_version"]
        async with self._connection() as connection:
            return {name: await connection.fetchval(f"SHOW {name}") for name in names}

    def round_trip_ms(self) -> float:
        """The median time of `SELECT 1`."""
        return run(self._round_trip_ms())

    async def _round_trip_ms(self) -> float:
        async with self._connection() as connection:
            times = []
            for _ in range(200):
                started = time.perf_counter()
                await connection.fetchval("SELECT 1")
                times.append(time.perf_counter() - started)
            return sorted(times)[len(times) // 2] * 1000

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(self.url)
        try:
            yield connection
        finally:
            await connection.close()


async def _migrate(url: str) -> None:
    database = Database(url)
    try:
        await schema.migrate(database)
    finally:
        await database.close()


def migrate(url: str) -> None:
    """Bring an empty database's schema up to date."""
    run(_migrate(url))
