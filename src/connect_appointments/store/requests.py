"""Appointment-requests: created, moved from state to state, read. The hot path has its own statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.lifecycle import CREATED, OCCUPYING, Move, State
from connect_appointments.core.model import Actor, AppointmentRequest, Order, Scope, Slot
from connect_appointments.store import events
from connect_appointments.store.events import Happened
from connect_appointments.store.failures import RowHeld
from connect_appointments.store.scope import visible
from connect_appointments.store.slots import decode_slots, encode_slots
from connect_appointments.store.tables import appointment_requests as requests
from connect_appointments.store.tables import database_now, offers, transaction_start


class Held(NamedTuple):
    """What a transaction that holds the row knows of it."""

    id: int
    order_id: int
    state: State
    booking_id: int | None


class New(NamedTuple):
    """One appointment-request to be created."""

    actor: Actor
    order: Order
    date_from: date


async def insert(connection: AsyncConnection, wanted: Sequence[New]) -> list[int]:
    """Create appointment-requests in state `searching`, each with its event; return their ids in the same order."""
    # No clock that goes on between the two: a new one was never updated.
    stamps = {"created_on": transaction_start(), "updated_on": transaction_start()}
    statement = sa.insert(requests).values(state=State.SEARCHING, **stamps)
    rows = [{"owner": new.order.owner, "order_id": new.order.id, "date_from": new.date_from} for new in wanted]
    returning = statement.returning(requests.c.id, sort_by_parameter_order=True)
    ids = list((await connection.execute(returning, rows)).scalars())
    await events.record(
        connection,
        CREATED,
        [Happened(n, new.order.owner, new.actor) for n, new in zip(ids, wanted, strict=True)],
    )
    return ids


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


async def hold(connection: AsyncConnection, scope: Scope, request_id: int, *, wait: bool = True) -> Held:
    """Hold the row until the transaction ends. It must exist: nothing ever deletes one.

    wait: wait while another transaction holds it, or raise `RowHeld`.
    """
    columns = [requests.c[name] for name in Held._fields]
    query = sa.select(*columns).where(requests.c.id == request_id, visible(requests, scope))
    row = (await connection.execute(query.with_for_update(skip_locked=not wait))).one_or_none()
    if row is None:
        raise RowHeld
    return Held(row.id, row.order_id, State(row.state), row.booking_id)


async def hold_many(connection: AsyncConnection, scope: Scope, request_ids: Collection[int], *, wait: bool) -> set[int]:
    """Hold the rows until the transaction ends; return the ids of those held.

    wait: wait for rows that another transaction holds, or leave them out.
    """
    query = sa.select(requests.c.id).where(requests.c.id.in_(request_ids), visible(requests, scope))
    # In one order for all, so that two who wait for rows never wait for each other.
    query = query.order_by(requests.c.id).with_for_update(skip_locked=not wait)
    return set((await connection.execute(query)).scalars())


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
    if move.enters is State.CANCELLED:
        # A second call of the clock would answer a second moment.
        stamp = {"updated_on": requests.c.cancelled_on}
        await connection.execute(sa.update(requests).where(requests.c.id == request_id).values(stamp))
    booking_id = leaving_booking or entering_booking
    await events.record(connection, move.name, [Happened(request_id, owner, actor, booking_id)])
    return True


async def move_many(connection: AsyncConnection, actors: Mapping[int, Actor], move: Move) -> list[int]:
    """Make one move of many appointment-requests, each for its actor, and write the events.

    Returns the ids of those that were in a state the move may leave.
    """
    statement = (
        sa.update(requests)
        .where(requests.c.id.in_(actors), requests.c.state.in_(move.leaves))
        .values(state=move.enters, updated_on=database_now())
        .returning(requests.c.id, requests.c.owner)
    )
    moved = (await connection.execute(statement)).all()
    await events.record(connection, move.name, [Happened(row.id, row.owner, actors[row.id]) for row in moved])
    return [row.id for row in moved]


async def offer(connection: AsyncConnection, found: Mapping[int, Sequence[Slot]]) -> None:
    """Keep the slots that were found, by the appointment-request's id."""
    rows = [{"request_id": request_id, "slots": encode_slots(slots)} for request_id, slots in found.items()]
    if rows:
        await connection.execute(sa.insert(offers), rows)


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
