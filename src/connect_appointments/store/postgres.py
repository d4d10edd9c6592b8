"""What is special about PostgreSQL: its engine, and the statements that carry the load."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connect_appointments.core.lifecycle import CANCEL, State
from connect_appointments.core.model import AppointmentRequest
from connect_appointments.store.connector import Connector
from connect_appointments.store.failures import breaks_connection
from connect_appointments.store.lanes import LOCKED, Cancel, Found, Key
from connect_appointments.store.one_host import Connection
from connect_appointments.store.options import DatabaseOptions
from connect_appointments.store.slots import decode_slots

LANE_SETTINGS = {"enable_seqscan": "off", "jit": "off", "lock_timeout": "1000"}
"""A batch touches a few dozen rows by key: no plan but the one through the index is ever right."""

CANCEL_BATCH = """
WITH asked AS (
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[])
    WITH ORDINALITY AS asked (id, owner, client, trace, place)
), seen AS (
    SELECT asked.*, r.state FROM appointment_requests r JOIN asked USING (id, owner)
    FOR UPDATE OF r SKIP LOCKED
), changed AS (
    UPDATE appointment_requests r SET state = $5, cancelled_on = held.at, updated_on = held.at
    FROM (SELECT *, now() AS at FROM seen) AS held WHERE r.id = held.id AND held.state = ANY ($6::text[])
    RETURNING held.id, held.owner, held.client, held.trace
), noted AS (
    INSERT INTO events (request_id, kind, at, owner, client, trace)
    SELECT id, $7, now(), owner, client, trace FROM changed
)
SELECT place, coalesce(seen.state, (
    SELECT 'locked' FROM appointment_requests r WHERE r.id = asked.id AND r.owner = asked.owner
)) FROM asked LEFT JOIN seen USING (place)
"""
"""Compare-and-set of many: what it returns is the state each visible row had before, null where there is none.

A row that another transaction holds is skipped, never waited for: it exists, yet was not seen, and is `locked`.
"""

STATES = {state.value: state for state in State}
FOUND: Mapping[str | None, Found] = {None: None, LOCKED.value: LOCKED} | {state.value: state for state in State}

CANCEL_WAITING = CANCEL_BATCH.replace("SKIP LOCKED", "").replace("now()", "clock_timestamp()")

READ_BATCH = """
SELECT place, r.id, r.owner, r.order_id, r.date_from, r.state, slots, r.created_on, r.updated_on, r.cancelled_on
FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS asked (id, owner, place)
JOIN appointment_requests r USING (id, owner)
LEFT JOIN offers ON offers.request_id = r.id AND r.state = 'open'
"""


NOTHING_PREPARED = {
    "prepared_statement_cache_size": 0,
    # The connection behind a pooler may hold the statements of others.
    "prepared_statement_name_func": lambda: f"connect_{uuid.uuid4().hex}",
}


def create_engine(connector: Connector, options: DatabaseOptions) -> AsyncEngine:
    """An engine whose connections are made by a connector."""

    async def creator(**_: Any) -> Connection:
        return await connector.connect()

    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args={"async_creator_fn": creator, **({} if options.statement_cache else NOTHING_PREPARED)},
        pool_size=options.pool_size,
        max_overflow=0,
        pool_timeout=options.statement_timeout_seconds,
        hide_parameters=True,  # they are contact data; errors are logged
    )
    sa.event.listen(engine.sync_engine, "checkout", _pass_over_closed)
    return engine


def _pass_over_closed(connection: Any, *_: object) -> None:
    """Let the pool make a new connection for one that ended while nobody used it."""
    if connection.driver_connection.is_closed():
        raise sa.exc.DisconnectionError


class PostgresLanes:
    """The two statements of the hot path, each on a connection of its own."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._kept: dict[str, Connection] = {}

    @contextlib.asynccontextmanager
    async def _lane(self, name: str) -> AsyncIterator[Connection]:
        """The lane's connection; the next batch gets a new one when this one is of no more use."""
        kept = self._kept.get(name)
        if kept is None or kept.is_closed():
            kept = self._kept[name] = await self._connector.connect(**LANE_SETTINGS)
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
        connection = await self._connector.connect(enable_seqscan="off", jit="off")
        try:
            return (await _cancel(connection, CANCEL_WAITING, [member]))[0]
        finally:
            connection.terminate()

    async def read(self, keys: Sequence[Key]) -> list[AppointmentRequest | None]:
        """Read many appointment-requests by id and owner."""
        async with self._lane("read") as connection:
            rows = await connection.fetch(READ_BATCH, [key.id for key in keys], [key.owner for key in keys])
        found: list[AppointmentRequest | None] = [None] * len(keys)
        for place, number, owner, order_id, date_from, state, slots, *moments in rows:
            offered = decode_slots(slots)
            found[place - 1] = AppointmentRequest(number, owner, order_id, date_from, STATES[state], offered, *moments)
        return found

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
    found: list[Found] = [None] * len(members)
    for place, state in rows:
        found[place - 1] = FOUND[state]
    return found
