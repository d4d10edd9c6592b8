"""What is special about PostgreSQL: connecting to one of several hosts, and the statements that carry the load."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeAlias

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connect_appointments.core.lifecycle import CANCEL, State
from connect_appointments.store.failures import breaks_connection
from connect_appointments.store.hosts import hosts_of
from connect_appointments.store.lanes import LOCKED, Cancel, Found, Key, ReadRow
from connect_appointments.store.options import DatabaseOptions

Connection: TypeAlias = Any
"""asyncpg's connection; the library has no types."""

LANE_SETTINGS = {"enable_seqscan": "off", "jit": "off", "lock_timeout": "1000"}
"""A batch touches a few dozen rows by key: no plan but the one through the index is ever right."""

CANCEL_BATCH = """
WITH asked AS (
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS asked (id, owner, client, trace)
), seen AS (
    SELECT r.id, r.owner, r.state FROM appointment_requests r JOIN asked USING (id, owner)
    FOR UPDATE OF r SKIP LOCKED
), changed AS (
    UPDATE appointment_requests r SET state = $5, cancelled_on = now(), updated_on = now()
    FROM seen WHERE r.id = seen.id AND seen.state = ANY ($6::text[]) RETURNING r.id, r.owner
), noted AS (
    INSERT INTO events (request_id, kind, at, owner, client, trace)
    SELECT asked.id, $7, now(), asked.owner, asked.client, asked.trace FROM asked JOIN changed USING (id, owner)
)
SELECT asked.id, asked.owner, seen.state, r.id IS NOT NULL AS exists
FROM asked LEFT JOIN seen USING (id, owner) LEFT JOIN appointment_requests r USING (id, owner)
"""
"""Compare-and-set of many: what it returns is the state each visible row had before, null where there is none.

A row that another transaction holds is skipped, never waited for: it exists, yet was not seen.
"""

CANCEL_WAITING = CANCEL_BATCH.replace("SKIP LOCKED", "").replace("now()", "clock_timestamp()")

READS_ONLY = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"

READ_BATCH = """
SELECT r.id, r.owner, r.order_id, r.date_from, r.state, r.created_on, r.updated_on, r.cancelled_on, offers.slots
FROM unnest($1::bigint[], $2::text[]) AS asked (id, owner)
JOIN appointment_requests r USING (id, owner)
LEFT JOIN offers ON offers.request_id = r.id AND r.state = 'open'
"""


async def connect(url: str, options: DatabaseOptions, **settings: str) -> Connection:
    """Connect to the first host that answers in time and, if the URL asks so, accepts writes.

    Raises the last host's error when none does.
    """
    hosts = hosts_of(url)
    failure: Exception = ConnectionError("the database URL names no host")
    for host in hosts.urls:
        try:
            return await _connect_to(host, options, wants_writes=hosts.wants_writes, settings=settings)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            failure = error
    raise failure


async def _connect_to(
    host: str, options: DatabaseOptions, *, wants_writes: bool, settings: dict[str, str]
) -> Connection:
    connection = await asyncpg.connect(
        host,
        timeout=options.connect_timeout_seconds,
        command_timeout=options.statement_timeout_seconds + 5,
        statement_cache_size=100 if options.statement_cache else 0,
        server_settings={
            "application_name": "connect-appointments",
            "lock_timeout": str(int(options.lock_timeout_seconds * 1000)),
            "statement_timeout": str(int(options.statement_timeout_seconds * 1000)),
            **settings,
        },
    )
    try:
        if wants_writes:
            await _check_writes(connection, options.connect_timeout_seconds)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _check_writes(connection: Connection, timeout_seconds: float) -> None:
    if await connection.fetchval(READS_ONLY, timeout=timeout_seconds):
        raise ConnectionError("this host accepts no writes")


NOTHING_PREPARED = {
    "prepared_statement_cache_size": 0,
    # The connection behind a pooler may hold the statements of others.
    "prepared_statement_name_func": lambda: f"connect_{uuid.uuid4().hex}",
}


def create_engine(url: str, options: DatabaseOptions) -> AsyncEngine:
    """An engine whose connections are made by `connect`."""

    async def creator(**_: Any) -> Connection:
        return await connect(url, options)

    return create_async_engine(
        "postgresql+asyncpg://",
        connect_args={"async_creator_fn": creator, **({} if options.statement_cache else NOTHING_PREPARED)},
        pool_size=options.pool_size,
        max_overflow=0,
        pool_timeout=options.statement_timeout_seconds,
        hide_parameters=True,  # they are contact data; errors are logged
    )


class PostgresLanes:
    """The two statements of the hot path, each on a connection of its own."""

    def __init__(self, url: str, options: DatabaseOptions) -> None:
        self._url = url
        self._options = options
        self._kept: dict[str, Connection] = {}

    @contextlib.asynccontextmanager
    async def _lane(self, name: str) -> AsyncIterator[Connection]:
        """The lane's connection; the next batch gets a new one when this one is of no more use."""
        kept = self._kept.get(name)
        if kept is None or kept.is_closed():
            kept = self._kept[name] = await connect(self._url, self._options, **LANE_SETTINGS)
        try:
            yield kept
        except Exception as error:
            if breaks_connection(error):
                kept.terminate()
            raise

    async def cancel(self, members: Sequence[Cancel]) -> list[Found]:
        """Cancel what may be cancelled; a row held by another transaction is `LOCKED`."""
        async with self._lane("cancel") as connection:
            return await _cancel(connection, CANCEL_BATCH, members)

    async def cancel_waiting(self, member: Cancel) -> Found:
        """Cancel one, on a connection of its own, waiting for its row as long as `lock_timeout_seconds` says."""
        connection = await connect(self._url, self._options, enable_seqscan="off", jit="off")
        try:
            return (await _cancel(connection, CANCEL_WAITING, [member]))[0]
        finally:
            connection.terminate()

    async def read(self, keys: Sequence[Key]) -> list[ReadRow | None]:
        """Read many appointment-requests by id and owner."""
        async with self._lane("read") as connection:
            rows = await connection.fetch(READ_BATCH, [key.id for key in keys], [key.owner for key in keys])
        found: dict[tuple[int, str], Any] = {(row[0], row[1]): row for row in rows}
        return [found.get((key.id, key.owner)) for key in keys]

    async def close(self) -> None:
        """Close the connections."""
        for connection in self._kept.values():
            connection.terminate()
        self._kept.clear()


async def _cancel(connection: Connection, statement: str, members: Sequence[Cancel]) -> list[Found]:
    rows = await connection.fetch(
        statement,
        [member.id for member in members],
        [member.owner for member in members],
        [member.client for member in members],
        [member.trace for member in members],
        CANCEL.enters,
        list(CANCEL.leaves),
        CANCEL.name,
    )
    found: dict[tuple[int, str], Found] = {
        (row["id"], row["owner"]): State(row["state"]) if row["state"] else LOCKED
        for row in rows
        if row["exists"] or row["state"]
    }
    return [found.get((member.id, member.owner)) for member in members]
