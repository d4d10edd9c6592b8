"""Booking attempts and the appointments that come of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.model import Appointment, Booking, BookingState, Scope, Slot
from connect_appointments.store.orders import from_row
from connect_appointments.store.scope import visible
from connect_appointments.store.slots import decode_slot, encode_slot
from connect_appointments.store.tables import appointments, bookings, database_now, orders


class Attempt(NamedTuple):
    """What the worker has to do for a booking attempt."""

    id: int
    request_id: int
    owner: str
    slot: Slot


async def insert(connection: AsyncConnection, owner: str, request_id: int, slot: Slot) -> int:
    """Begin an attempt to book a slot; return its number."""
    statement = sa.insert(bookings).values(
        request_id=request_id,
        owner=owner,
        slot_id=slot.id,
        slot=encode_slot(slot),
        state=BookingState.BOOKING,
        created_on=database_now(),
    )
    return int((await connection.execute(statement.returning(bookings.c.id))).scalar_one())


async def slot_id_of(connection: AsyncConnection, booking_id: int) -> str:
    """Which slot an attempt is for."""
    query = sa.select(bookings.c.slot_id).where(bookings.c.id == booking_id)
    return str((await connection.execute(query)).scalar_one())


async def attempt(connection: AsyncConnection, booking_id: int) -> Attempt:
    """The attempt itself. It must exist: nothing ever deletes one."""
    query = sa.select(bookings).where(bookings.c.id == booking_id)
    row = (await connection.execute(query)).one()
    return Attempt(row.id, row.request_id, row.owner, decode_slot(row.slot))


async def end(connection: AsyncConnection, booking_id: int, state: BookingState) -> bool:
    """Settle an attempt for ever; return whether it was still under way."""
    statement = (
        sa.update(bookings)
        .where(bookings.c.id == booking_id, bookings.c.state == BookingState.BOOKING)
        .values(state=state, ended_on=database_now())
    )
    return (await connection.execute(statement)).rowcount == 1


async def insert_appointment(
    connection: AsyncConnection, done: Attempt, order_id: int, nbn_appointment_id: str
) -> None:
    """Keep the appointment that a booking attempt became."""
    await connection.execute(
        sa.insert(appointments).values(
            request_id=done.request_id,
            booking_id=done.id,
            owner=done.owner,
            order_id=order_id,
            nbn_appointment_id=nbn_appointment_id,
            slot=encode_slot(done.slot),
            created_on=database_now(),
        )
    )


async def get(connection: AsyncConnection, scope: Scope, booking_id: int) -> Booking | None:
    """The attempt with its appointment, or None when the scope has no such one."""
    query = _attempts().where(bookings.c.id == booking_id, visible(bookings, scope))
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _from_row(row)


async def get_many(connection: AsyncConnection, keys: Sequence[tuple[int, str]]) -> list[Booking | None]:
    """The attempts with their appointments, by id and owner; None where the owner has no such one."""
    # As many keys as the next power of two, or each number of them would be another statement to prepare.
    padding = [keys[-1]] * ((1 << (len(keys) - 1).bit_length()) - len(keys))
    query = _attempts().where(sa.tuple_(bookings.c.id, bookings.c.owner).in_([*keys, *padding]))
    rows = (await connection.execute(query)).mappings()
    found = {(row[bookings.c.id], row[bookings.c.owner]): _from_row(row) for row in rows}
    return [found.get(key) for key in keys]


def _attempts() -> sa.Select[Any]:
    return (
        sa.select(bookings.c.id, bookings.c.owner, bookings.c.state, appointments, orders)
        .outerjoin(appointments, appointments.c.booking_id == bookings.c.id)
        .outerjoin(orders, orders.c.id == appointments.c.order_id)
    )


def _from_row(row: sa.RowMapping) -> Booking:
    state = BookingState(row[bookings.c.state])
    return Booking(row[bookings.c.id], state, _appointment(row) if state is BookingState.BOOKED else None)


def _appointment(row: sa.RowMapping) -> Appointment:
    return Appointment(
        id=row[appointments.c.id],
        order=from_row(row),
        nbn_appointment_id=row[appointments.c.nbn_appointment_id],
        slot=decode_slot(row[appointments.c.slot]),
    )
