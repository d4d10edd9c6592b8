"""What has become of appointments, as the tests read it from the database."""

from __future__ import annotations

from typing import Any

from connect_appointments.store.engine import Database
from tests.store.given import execute, rows


async def appointment_row(database: Database, appointment_id: int) -> Any:
    """The row of an appointment."""
    (found,) = await rows(database, "SELECT * FROM appointments WHERE id = :id", id=appointment_id)
    return found


async def timeline(database: Database, appointment_id: int) -> list[str]:
    """The kinds of the events of an appointment, oldest first."""
    found = await rows(database, "SELECT kind FROM events WHERE appointment_id = :id ORDER BY id", id=appointment_id)
    return [row.kind for row in found]


async def occupancy(database: Database, order_id: int) -> int:
    """How many booking attempts and appointments occupy an order."""
    ((found,),) = await rows(database, "SELECT occupancy FROM orders WHERE id = :id", id=order_id)
    return int(found)


async def past_point_of_no_return(database: Database, appointment_id: int) -> None:
    """The point of no return of an appointment has passed, by the database's clock."""
    await execute(
        database,
        "UPDATE appointments SET cancellable_until = '2020-01-01T00:00:00.000Z' WHERE id = :id",
        id=appointment_id,
    )


ENDED = ("completed", "incomplete", "cancelled")


async def put_into(database: Database, appointment_id: int, state: str) -> None:
    """Put a booked appointment into a state, as news of the network would."""
    moment = "'2026-11-20T01:02:03.456Z'"
    ended = moment if state in ENDED else "NULL"
    cancelled = f"cancelled_on = {moment}, cancelled_by = 'network', reason = 'flood'" if state == "cancelled" else ""
    also = f", {cancelled}" if cancelled else ""
    await execute(
        database,
        f"UPDATE appointments SET state = '{state}', ended_on = {ended}{also} WHERE id = :id",  # noqa: S608 - ours
        id=appointment_id,
    )
