"""The use cases of capacity: the operator imports and lists it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from connect_appointments.core.capacity import Capacity, Usage
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import capacity
from connect_appointments.store.transaction import Transaction


async def import_capacity(
    database: Database, found: Sequence[Capacity], on_progress: Callable[[int], None] = lambda _: None
) -> int:
    """Set the capacity of windows, all or none; return the number of windows with less capacity than bookings.

    found: windows must be distinct.
    on_progress: called with the number of windows set so far.
    """
    windows = {item.window for item in found}

    async def work(transaction: Transaction) -> int:
        for start in range(0, len(found), capacity.ROWS_A_STATEMENT):
            await capacity.set_capacity(transaction, found[start : start + capacity.ROWS_A_STATEMENT])
            on_progress(start + capacity.ROWS_A_STATEMENT)
        return sum(usage.window in windows for usage in await capacity.overfull(transaction))

    return await database.write(work)


async def list_usage(database: Database, *, area: str | None, first: date, limit: int) -> Sequence[Usage]:
    """Up to `limit` windows from a date on; `area` None means every area."""
    return await database.read(lambda transaction: capacity.usage(transaction, area=area, first=first, limit=limit))
