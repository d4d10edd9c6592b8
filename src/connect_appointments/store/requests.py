"""Appointment-requests: created, moved from state to state, read. The hot path has its own statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.lifecycle import CREATED, OCCUPYING, Move, State
from connect_appointments.core.model import Actor, AppointmentRequest, Order, Scope, Slot
from connect_appointments.store import events
from connect_appointments.store.scope import visible
from connect_appointments.store.slots import decode_slots, encode_slots
from connect_appointments.store.tables import appointment_requests as requests
from connect_appointments.store.tables import database_now, offers


class Held(NamedTuple):
    """What a transaction that holds the row knows of it."""

    id: int
    order_id: int
    state: State
    booking_id: int | None


async def insert(connection: AsyncConnection, actor: Actor, order: Order, date_from: date) -> int:
    """Create an appointment-request in state `searching`, with its event; return its id."""
    statement = sa.insert(requests).values(
        owner=order.owner,
        order_id=order.id,
        date_from=date_from,
        state=State.SEARCHING,
        created_on=database_now(),
        updated_on=database_now(),
    )
    request_id: int = (await connection.execute(statement.returning(requests.c.id))).scalar_one()
    await events.record(connection, request_id=request_id, kind=CREATED, owner=order.owner, actor=actor)
    return request_id


async def number_from(connection: AsyncConnection, first: int) -> None:
    """Let the next appointment-request be number `first`; only while there is none."""
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.text(f"ALTER TABLE {requests.name} ALTER COLUMN id RESTART WITH {first:d}"))
        return
    statement = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)")
    await connection.execute(statement, {"name": requests.name, "last": first - 1})


async def order_id_of(connection: AsyncConnection, scope: Scope, request_id: int) -> int | None:
    """The id of the order it was created for; None when the scope has no such appointment-request."""
    query = sa.select(requests.c.order_id).where(requests.c.id == request_id, visible(requests, scope))
    return (await connection.execute(query)).scalar_one_or_none()


async def hold(connection: AsyncConnection, scope: Scope, request_id: int) -> Held:
    """Hold the row until the transaction ends. It must exist: nothing ever deletes one."""
    columns = [requests.c[name] for name in Held._fields]
    query = sa.select(*columns).where(requests.c.id == request_id, visible(requests, scope)).with_for_update()
    row = (await connection.execute(query)).one()
    return Held(row.id, row.order_id, State(row.state), row.booking_id)


async def order_is_occupied(connection: AsyncConnection, order_id: int) -> bool:
    """Whether an appointment-request of this order is being booked or is booked."""
    query = sa.select(requests.c.id).where(requests.c.order_id == order_id, requests.c.state.in_(OCCUPYING)).limit(1)
    return (await connection.execute(query)).first() is not None


async def move(
    connection: AsyncConnection,
    actor: Actor,
    request_id: int,
    move: Move,
    *,
    leaving_booking: int | None = None,
    entering_booking: int | None = None,
) -> bool:
    """Make a move and write its event, unless the row is no longer in a state the move may leave.

    leaving_booking: the booking attempt the row must be at, so that an older attempt's worker changes nothing.
    entering_booking: the booking attempt the row will be at.
    Returns whether it moved.
    """
    values: dict[str, Any] = {"state": move.enters, "updated_on": database_now()}
    conditions = [requests.c.id == request_id, requests.c.state.in_(move.leaves)]
    if leaving_booking is not None:
        conditions.append(requests.c.booking_id == leaving_booking)
    if entering_booking is not None:
        values["booking_id"] = entering_booking
    if move.enters is State.CANCELLED:
        values["cancelled_on"] = database_now()
    statement = sa.update(requests).where(*conditions).values(values).returning(requests.c.owner)
    owner = (await connection.execute(statement)).scalar_one_or_none()
    if owner is None:
        return False
    booking_id = leaving_booking or entering_booking
    await events.record(
        connection, request_id=request_id, kind=move.name, owner=owner, actor=actor, booking_id=booking_id
    )
    return True


async def offer(connection: AsyncConnection, request_id: int, slots: Sequence[Slot]) -> None:
    """Keep the slots that were found for an appointment-request."""
    await connection.execute(sa.insert(offers).values(request_id=request_id, slots=encode_slots(slots)))


async def offered(connection: AsyncConnection, request_id: int) -> tuple[Slot, ...]:
    """The slots on offer for an appointment-request; empty while none were looked up."""
    query = sa.select(offers.c.slots).where(offers.c.request_id == request_id)
    return decode_slots((await connection.execute(query)).scalar_one_or_none())


async def withdraw(connection: AsyncConnection, request_id: int, slot_id: str) -> None:
    """Take one slot off the offer."""
    left = [slot for slot in await offered(connection, request_id) if slot.id != slot_id]
    statement = sa.update(offers).where(offers.c.request_id == request_id).values(slots=encode_slots(left))
    await connection.execute(statement)


async def get(connection: AsyncConnection, scope: Scope, request_id: int) -> AppointmentRequest | None:
    """The appointment-request, or None when the scope has no such one."""
    row = (await connection.execute(_visible_to(scope).where(requests.c.id == request_id))).mappings().first()
    return None if row is None else _from_row(row)


async def page(
    connection: AsyncConnection, scope: Scope, *, after: int, limit: int, state: State | None = None
) -> Sequence[AppointmentRequest]:
    """Up to `limit` appointment-requests with ids above `after`, by id; `state` None is every state."""
    query = _visible_to(scope).where(requests.c.id > after).order_by(requests.c.id).limit(limit)
    if state is not None:
        query = query.where(requests.c.state == state)
    return [_from_row(row) for row in (await connection.execute(query)).mappings()]


def _visible_to(scope: Scope) -> sa.Select[Any]:
    on_offer = sa.and_(offers.c.request_id == requests.c.id, requests.c.state == State.OPEN)
    return sa.select(requests, offers.c.slots).outerjoin(offers, on_offer).where(visible(requests, scope))


def _from_row(row: sa.RowMapping) -> AppointmentRequest:
    return AppointmentRequest(
        id=row["id"],
        owner=row["owner"],
        order_id=row["order_id"],
        date_from=row["date_from"],
        state=State(row["state"]),
        slots=decode_slots(row["slots"]),
        created_on=row["created_on"],
        updated_on=row["updated_on"],
        cancelled_on=row["cancelled_on"],
    )
