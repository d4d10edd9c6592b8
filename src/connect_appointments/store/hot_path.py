"""Cancelling and reading, many at once: what the service calls, whichever engine is behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from connect_appointments.core.errors import Overloaded
from connect_appointments.core.lifecycle import State
from connect_appointments.core.model import AppointmentRequest, Booking
from connect_appointments.store import bookings
from connect_appointments.store.engine import Database
from connect_appointments.store.group_commit import GroupCommit
from connect_appointments.store.lanes import LOCKED, Cancel, Found, Key, Lanes
from connect_appointments.store.postgres import PostgresLanes
from connect_appointments.store.sqlite import SqliteLanes

MAX_WAITING_FOR_ROWS = 8
"""Connections that may wait for locked rows at once."""


class HotPath:
    """A lane for cancelling, two for reading, and one for each row that is held by somebody else."""

    def __init__(self, database: Database, *, max_waiting: int = 4096) -> None:
        """Open nothing yet.

        max_waiting: calls that may wait in each lane; one more raises `Overloaded`.
        """
        self._database = database
        self._lanes = _lanes(database)
        self._cancels = GroupCommit[Cancel, Found](self._lanes.cancel, max_waiting=max_waiting)
        self._reads = GroupCommit[Key, AppointmentRequest | None](self._lanes.read, max_waiting=max_waiting)
        self._booking_reads = GroupCommit[Key, Booking | None](self._read_bookings, max_waiting=max_waiting)
        self._held: dict[tuple[int, str], GroupCommit[Cancel, Found]] = {}
        self._max_waiting = max_waiting
        self._waiting_for_rows = asyncio.Semaphore(MAX_WAITING_FOR_ROWS)

    async def cancel(self, wish: Cancel) -> State | None:
        """Cancel an appointment-request if its state allows.

        Returns the state it had before, None when its owner has no such one. Raises `Unavailable` when the
        outcome is unknown, `Overloaded` when nothing was done.
        """
        found = await self._cancels.submit(wish)
        return await self._cancel_held(wish) if found is LOCKED else found

    async def _cancel_held(self, wish: Cancel) -> State | None:
        """Wait for a row that somebody holds, once for all who want it, and hold up nobody else."""
        lane = self._held.get(wish.key)
        if lane is None:
            # Those whose last caller went away before its answer came.
            self._held = {key: found for key, found in self._held.items() if not found.idle}
            if len(self._held) >= self._max_waiting:
                raise Overloaded
            lane = self._held[wish.key] = GroupCommit(self._cancel_waiting, max_waiting=self._max_waiting)
        try:
            found = await lane.submit(wish)
        finally:
            if lane.idle:
                self._held.pop(wish.key, None)
        return None if found is LOCKED else found

    async def _cancel_waiting(self, members: Sequence[Cancel]) -> Sequence[Found]:
        async with self._waiting_for_rows:
            return [await self._lanes.cancel_waiting(member) for member in members]

    async def read(self, key: Key) -> AppointmentRequest | None:
        """The appointment-request, or None when its owner has no such one."""
        return await self._reads.submit(key)

    async def read_booking(self, key: Key) -> Booking | None:
        """The booking attempt, or None when its owner has no such one."""
        return await self._booking_reads.submit(key)

    async def _read_bookings(self, keys: Sequence[Key]) -> Sequence[Booking | None]:
        return await self._database.read(lambda connection: bookings.get_many(connection, keys))

    async def close(self) -> None:
        """Close the lanes' connections."""
        await self._lanes.close()


def _lanes(database: Database) -> Lanes:
    if database.is_sqlite:
        return SqliteLanes(database.url, database.write_lock, database.options.lock_timeout_seconds)
    return PostgresLanes(database.connector)
