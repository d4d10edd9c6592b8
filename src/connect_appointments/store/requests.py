"""Appointment-requests: created, locked, led from state to state, read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.model import AppointmentRequest, Scope
from connect_appointments.core.requests import BOOK, CREATED, TRANSITIONS, State
from connect_appointments.core.transitions import Transition
from connect_appointments.store import events
from connect_appointments.store.events import NewEvent
from connect_appointments.store.locking import lock_statements
from connect_appointments.store.scope import visible
from connect_appointments.store.slots import decode_slots
from connect_appointments.store.statements import Row, given
from connect_appointments.store.tables import BigId, Instant, database_now, offers, orders
from connect_appointments.store.tables import appointment_requests as requests
from connect_appointments.store.transaction import Transaction, first

STATES: Mapping[str, State] = {state.value: state for state in State}


class NewRequest(NamedTuple):
    """An appointment-request to be created, and who creates it."""

    owner: str
    order_id: int
    date_from: date
    client: str
    trace: str


class Change(NamedTuple):
    """A change of an appointment-request's state: whose it is, who makes it, in which booking attempt."""

    request_id: int
    owner: str
    client: str
    trace: str
    booking_id: int | None = None


_owned = given(id=BigId, owner=sa.Text())
_is_owned = sa.and_(requests.c.id == _owned.c.id, requests.c.owner == _owned.c.owner)

LOCK_OWNED = lock_statements(
    _owned,
    _owned.join(requests, _is_owned),
    [requests.c[name] for name in ("id", "owner", "order_id", "state", "booking_id", "held_until")],
    locked=requests,
    there=sa.exists().where(_is_owned),
)
"""Locks appointment-requests by id and owner."""

_any = given(id=BigId)
LOCK_ANY = lock_statements(
    _any,
    _any.join(requests, requests.c.id == _any.c.id),
    [requests.c.id, requests.c.owner, requests.c.order_id, requests.c.state, requests.c.booking_id],
    locked=requests,
    there=sa.exists().where(requests.c.id == _any.c.id),
)
"""Locks appointment-requests by id: for the worker and the operator alone."""

LOCK_ORDERS_OF_OWNED = lock_statements(
    _owned,
    _owned.join(requests, _is_owned).join(orders, orders.c.id == requests.c.order_id),
    [orders.c.id, orders.c.owner, orders.c.occupancy],
    locked=orders,
    there=sa.exists().where(_is_owned),
    key_share=True,
)
"""Locks the orders of appointment-requests, by the id and owner of these: an appointment-request keeps its order."""

LOCK_ORDERS_OF_ANY = lock_statements(
    _any,
    _any.join(requests, requests.c.id == _any.c.id).join(orders, orders.c.id == requests.c.order_id),
    [orders.c.id, orders.c.owner, orders.c.occupancy],
    locked=orders,
    there=sa.exists().where(requests.c.id == _any.c.id),
    key_share=True,
)

_new = given(owner=sa.Text(), order_id=BigId, date_from=sa.Date())
_INSERT = (
    sa.insert(requests)
    .from_select(
        ["owner", "order_id", "date_from", "state", "created_on", "updated_on"],
        sa.select(
            _new.c.owner,
            _new.c.order_id,
            _new.c.date_from,
            sa.literal(State.SEARCHING.value),
            database_now(),
            database_now(),
        ).order_by(_new.c.place),
    )
    .returning(requests.c.id, requests.c.owner, requests.c.order_id, requests.c.date_from, requests.c.created_on)
)


def _transition(transition: Transition[State]) -> sa.sql.dml.ReturningUpdate[Any]:
    rows = given(id=BigId, booking_id=BigId)
    values: dict[str, Any] = {"state": transition.target.value, "updated_on": database_now()}
    if transition.target is State.CANCELLED:
        values["cancelled_on"] = database_now()
    if transition is BOOK:
        values["booking_id"] = rows.c.booking_id
    return (
        sa.update(requests)
        .where(requests.c.id == rows.c.id, requests.c.state.in_(sorted(transition.sources)))
        .values(values)
        .returning(requests.c.id, requests.c.updated_on)
    )


_TRANSITIONS = {transition: _transition(transition) for transition in TRANSITIONS}


async def insert(transaction: Transaction, wanted: Sequence[NewRequest]) -> list[int]:
    """Create appointment-requests in state `searching`, each with its event; return their ids in the same order."""
    made: dict[tuple[str, int, date], list[Row]] = {}
    for row in await transaction.fetch(_INSERT, [new[:3] for new in wanted]):
        made.setdefault((row.owner, row.order_id, row.date_from), []).append(row)
    # Two new ones of one order and date are alike until each has its event: any of them may be given to either.
    rows = [made[new[:3]].pop() for new in wanted]
    await events.record(
        transaction,
        [
            NewEvent(row.id, CREATED, row.created_on, new.owner, new.client, new.trace)
            for row, new in zip(rows, wanted, strict=True)
        ],
    )
    return [row.id for row in rows]


async def transition(transaction: Transaction, step: Transition[State], changes: Sequence[Change]) -> None:
    """Lead locked appointment-requests to the target of a transition, each with its event.

    Raises AssertionError where one of them is in none of the sources: whoever decides has locked the row and knows.
    """
    rows = [(change.request_id, change.booking_id) for change in changes]
    moments = {row.id: row.updated_on for row in await transaction.fetch(_TRANSITIONS[step], rows)}
    if len(moments) != len(changes):
        raise AssertionError(f"{step.name} changed {len(moments)} of {len(changes)} appointment-requests")
    await events.record(
        transaction,
        [
            NewEvent(
                change.request_id,
                step.name,
                moments[change.request_id],
                change.owner,
                change.client,
                change.trace,
                change.booking_id,
            )
            for change in changes
        ],
    )


_held = given(id=BigId, until=Instant())
_HOLD = sa.update(requests).where(requests.c.id == _held.c.id).values(held_until=_held.c.until)


async def hold_offers(transaction: Transaction, until: Mapping[int, datetime | None]) -> None:
    """Keep until when the workforce system holds offers, by the appointment-request's id; None: no longer."""
    await transaction.execute(_HOLD, list(until.items()))


_read = given(id=BigId, owner=sa.Text())
READ = (
    sa.select(
        _read.c.place,
        requests.c.id,
        requests.c.owner,
        requests.c.order_id,
        requests.c.date_from,
        requests.c.state,
        offers.c.slots,
        requests.c.created_on,
        requests.c.updated_on,
        requests.c.cancelled_on,
    )
    .select_from(_read)
    .join(requests, sa.and_(requests.c.id == _read.c.id, requests.c.owner == _read.c.owner))
    .outerjoin(offers, sa.and_(offers.c.request_id == requests.c.id, requests.c.state == State.OPEN.value))
)


async def get_owned(transaction: Transaction, keys: Sequence[tuple[int, str]]) -> list[AppointmentRequest | None]:
    """Appointment-requests by id and owner, in the order of the keys; None where the owner has no such one."""
    found: list[AppointmentRequest | None] = [None] * len(keys)
    for place, number, owner, order_id, date_from, state, slots, *moments in await transaction.fetch(READ, keys):
        found[place - 1] = AppointmentRequest(
            number, owner, order_id, date_from, STATES[state], decode_slots(slots), *moments
        )
    return found


async def get(transaction: Transaction, scope: Scope, request_id: int) -> AppointmentRequest | None:
    """The appointment-request, or None when the scope has no such one."""
    row = await first(transaction, _visible_to(scope).where(requests.c.id == request_id))
    return None if row is None else _from_row(row)


async def page(
    transaction: Transaction, scope: Scope, *, after: int, limit: int, state: State | None = None
) -> Sequence[AppointmentRequest]:
    """Up to `limit` appointment-requests with ids above `after`, by id; `state` None is every state."""
    query = _visible_to(scope).where(requests.c.id > after).order_by(requests.c.id).limit(limit)
    if state is not None:
        query = query.where(requests.c.state == state)
    return [_from_row(row) for row in await transaction.fetch(query)]


_SHOWN = [
    *(requests.c[name] for name in ("id", "owner", "order_id", "date_from", "state")),
    *(requests.c[name] for name in ("created_on", "updated_on", "cancelled_on")),
]


def _visible_to(scope: Scope) -> sa.Select[Any]:
    on_offer = sa.and_(offers.c.request_id == requests.c.id, requests.c.state == State.OPEN.value)
    return sa.select(*_SHOWN, offers.c.slots).outerjoin(offers, on_offer).where(visible(requests, scope))


def _from_row(row: Row) -> AppointmentRequest:
    return AppointmentRequest(
        id=row.id,
        owner=row.owner,
        order_id=row.order_id,
        date_from=row.date_from,
        state=State(row.state),
        slots=decode_slots(row.slots),
        created_on=row.created_on,
        updated_on=row.updated_on,
        cancelled_on=row.cancelled_on,
    )


async def number_from(transaction: Transaction, first_id: int) -> None:
    """Let the next appointment-request be number `first_id`; only while there is none."""
    if transaction.dialect == "postgresql":
        await transaction.script(f"ALTER TABLE {requests.name} ALTER COLUMN id RESTART WITH {first_id:d};")
        return
    statement = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)")
    await transaction.execute(statement, name=requests.name, last=first_id - 1)


_of_orders = given(order_id=BigId)
_NOT_ENDED = (
    sa.select(requests.c.id, requests.c.order_id, requests.c.owner, requests.c.state)
    .join(_of_orders, _of_orders.c.order_id == requests.c.order_id)
    .where(requests.c.state.not_in([State.BOOKED.value, State.CANCELLED.value]))
    .order_by(requests.c.id)
)


async def not_ended(transaction: Transaction, order_ids: Sequence[int]) -> list[Row]:
    """The appointment-requests of orders that are neither booked nor cancelled: id, order_id, owner and state."""
    return await transaction.fetch(_NOT_ENDED, [(order_id,) for order_id in order_ids])
