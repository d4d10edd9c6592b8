"""A PostgreSQL database under measurement: filled, emptied and read."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import asyncpg

from bench.rows import (
    AREA,
    CAPACITY,
    CAPACITY_DAYS,
    EMPTIED,
    FIRST_ID,
    ORDERS,
    SETTLING_SECONDS,
    STATE,
    TIME_ZONE,
    Changed,
    days,
    insert,
)
from bench.tokens import OWNER

T = TypeVar("T")

DEADLOCKS = 5
"""How often a reset is tried."""

OPTIONS = {
    "shared_buffers": "1GB",
    "max_wal_size": "6GB",
    "checkpoint_timeout": "30min",
    "effective_cache_size": "4GB",
    "max_connections": "400",
}
"""Everything else is PostgreSQL's default: fsync, synchronous_commit and full_page_writes are on."""

REQUEST = {
    "id": f"{FIRST_ID} + n",
    "owner": f"'{OWNER}'",
    "order_id": f"1 + n % {ORDERS}",
    "date_from": "current_date + 7",
    "state": "'open'",
    "created_on": "now()",
    "updated_on": "now()",
}
ORDER = {
    "id": "n",
    "owner": f"'{OWNER}'",
    "time_zone": f"'{TIME_ZONE}'",
    "state": f"'{STATE}'",
    "area": f"'{AREA}'",
    "demand_type": "'Standard Install'",
    "priority_assist": "false",
    "e_sla": "'Standard'",
    "customer_ref": "'CUST-REF-007'",
    "service_id": "n",
    "imported_on": "now()",
}
CAPACITY_ROW = {
    "area": f"'{AREA}'",
    "day": "day",
    "slot_type": "half",
    "places": str(CAPACITY),
    "capacity": str(CAPACITY),
    "taken": "0",
}
SERIES = " FROM generate_series({}, {}) AS n"
HALF_DAYS = " FROM unnest($1::date[]) AS day, unnest(ARRAY['AM', 'PM']) AS half"
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1"
# An index is built at once: row by row it takes longer than everything else.
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
    """A database of the running server, migrated already."""

    def __init__(self, url: str, progress: Callable[[str], None]) -> None:
        self.url = url
        self._progress = progress

    def reset(self, rows: int, *, fresh_orders: bool = False) -> None:
        started = time.monotonic()
        for _ in range(DEADLOCKS):
            # Calls that were cut off at the end of the last run may still hold locks.
            with contextlib.suppress(asyncpg.DeadlockDetectedError):
                run(self._reset(rows, fresh_orders=fresh_orders))
                break
        else:
            raise RuntimeError("the tables could not be locked")
        if rows >= 1_000_000:
            self._progress(f"  {rows:,} rows in {time.monotonic() - started:.1f} s")

    async def _reset(self, rows: int, *, fresh_orders: bool) -> None:
        async with self._connection() as connection:
            # New pages after a checkpoint owe no full-page images, so every run starts from the same state.
            await connection.execute("CHECKPOINT")
            # The trigger that keeps events append-only and the foreign keys of a million rows are not measured.
            await connection.execute("SET session_replication_role = replica")
            existing = {row["table_name"] for row in await connection.fetch(TABLES)}
            emptied = [*EMPTIED, *(["orders", "capacity"] if fresh_orders else [])]
            await connection.execute(f"TRUNCATE {', '.join(t for t in emptied if t in existing)} CASCADE")
            if not await connection.fetchval("SELECT EXISTS (SELECT 1 FROM orders)"):
                await self._fill_orders(connection)
            await self._fill_requests(connection, rows)

    async def _fill_orders(self, connection: Any) -> None:
        await connection.execute("TRUNCATE capacity")
        await self._insert(connection, "orders", ORDER, SERIES.format(1, ORDERS))
        await self._insert(connection, "capacity", CAPACITY_ROW, HALF_DAYS, days(CAPACITY_DAYS))
        await connection.execute("VACUUM ANALYZE orders, capacity")

    async def _fill_requests(self, connection: Any, rows: int) -> None:
        indexes = await connection.fetch(INDEXES)
        for index in indexes:
            await connection.execute(f'DROP INDEX "{index["name"]}"')
        await self._insert(connection, "appointment_requests", REQUEST, SERIES.format(0, rows - 1))
        for index in indexes:
            await connection.execute(index["definition"])
        await connection.execute("VACUUM ANALYZE appointment_requests, events")

    async def _insert(self, connection: Any, table: str, values: dict[str, str], source: str, *more: object) -> None:
        existing = [row["column_name"] for row in await connection.fetch(COLUMNS, table)]
        await connection.execute(insert(table, values, existing) + source, *more)

    def offer(self, request_id: int, rows: int) -> None:
        run(self._offer(request_id, rows))

    async def _offer(self, request_id: int, rows: int) -> None:
        async with self._connection() as connection:
            names = [row["column_name"] for row in await connection.fetch(COLUMNS, "offers")]
            values = {name: f"{FIRST_ID} + n" if name == "request_id" else name for name in names}
            source = f" FROM offers, generate_series(0, {rows - 1}) AS n WHERE request_id = $1"
            await self._insert(connection, "offers", values, source, request_id)
            await connection.execute("VACUUM ANALYZE offers")

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

    def create_database(self, name: str) -> None:
        """Make an empty database beside this one."""
        run(self._execute(f'CREATE DATABASE "{name}"'))

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
