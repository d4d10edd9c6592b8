"""Appointment-requests: insert, transitions, read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.model import AppointmentRequest, Scope
from connect_appointments.core.requests import CREATED, ORDER_TRANSFERRED, TRANSITIONS, State, Status
from connect_appointments.core.transitions import Transition
from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.columns import BigId, Instant, database_now
from connect_appointments.store.queries.jobs import bring_forward
from connect_appointments.store.queries.scope import visible
from connect_appointments.store.queries.slots import decode_slots
from connect_appointments.store.retention.archive import fetch_everywhere, first_everywhere, page_everywhere
from connect_appointments.store.statements import Row, given, param
from connect_appointments.store.tables import appointment_requests as requests
from connect_appointments.store.tables import events as events_table
from connect_appointments.store.tables import jobs, offers
from connect_appointments.store.transaction import Transaction

STATES: Mapping[str, State] = {state.value: state for state in State}


class NewRequest(NamedTuple):
    """A new appointment-request, and the client that creates it."""

    owner: str
    order_id: int
    date_from: date
    client: str
    x_request_id: str


class Change(NamedTuple):
    """A state change of an appointment-request: the owner, the actor, and the booking attempt."""

    request_id: int
    owner: str
    client: str
    x_request_id: str
    booking_id: int | None = None


_new = given(owner=sa.Text(), order_id=BigId, date_from=sa.Date(), client=sa.Text(), x_request_id=sa.Text())
_ALIKE = ("owner", "order_id", "date_from")


def _numbered(rows: Any, order: Any) -> sa.Select[Any]:
    """The rows, numbered within each group of equal rows."""
    alike = [rows.c[name] for name in _ALIKE]
    return sa.select(*rows.c, sa.func.row_number().over(partition_by=alike, order_by=order).label("number"))


def link_creation(link: Link, rows: Any) -> Any:
    """Add the creation of appointment-requests, with events and jobs, to a chain; return the id for each place.

    rows: place, owner, order_id, date_from, client and x_request_id of each. The parameter `job` is the kind of their
    jobs.
    """
    searching = sa.literal(State.SEARCHING.value)
    created = link(
        "created",
        sa.insert(requests)
        .from_select(
            [*_ALIKE, "state", "created_on", "updated_on"],
            sa.select(*(rows.c[name] for name in _ALIKE), searching, database_now(), database_now()),
        )
        .returning(requests.c.id, *(requests.c[name] for name in _ALIKE), requests.c.created_on),
    )
    # Two new requests with the same order and date are interchangeable until they have events.
    wanted, made = _numbered(rows, rows.c.place).subquery("wanted"), _numbered(created, created.c.id).subquery("made")
    same = sa.and_(*(wanted.c[name] == made.c[name] for name in (*_ALIKE, "number")))
    columns = (wanted.c.place, made.c.id, made.c.owner, made.c.created_on, wanted.c.client, wanted.c.x_request_id)
    pairs = link("pairs", sa.select(*columns).join(made, same))
    noted = (pairs.c.id, sa.literal(CREATED), pairs.c.created_on, pairs.c.owner, pairs.c.client, pairs.c.x_request_id)
    link(
        "noted",
        sa.insert(events_table).from_select(
            ["request_id", "kind", "at", "owner", "client", "x_request_id"], sa.select(*noted)
        ),
    )
    job = param("job", sa.Text())
    asked = sa.select(job, pairs.c.id, pairs.c.x_request_id, sa.literal(0), database_now()).where(job.is_not(None))
    link("asked", sa.insert(jobs).from_select(["kind", "request_id", "x_request_id", "tries", "due_at"], asked))
    return pairs


def _insert(link: Link) -> Any:
    created = link_creation(link, _new)
    return sa.select(created.c.place, created.c.id)


_INSERT = Chain(_insert)


def link_transition(link: Link, step: Transition[State], rows: Any, **more: Any) -> Any:
    """Add a transition of appointment-requests, with its events, to a chain; return the ids of the changed requests.

    rows: id, owner, client, x_request_id and booking_id of each; an earlier statement has locked them.
    more: further columns to set.
    """
    values = _values(step, database_now(), more)
    changed = link(
        "changed",
        sa.update(requests)
        .where(requests.c.id == rows.c.id, requests.c.state.in_(sorted(step.sources)))
        .values(values)
        .returning(requests.c.id, requests.c.updated_on),
    )
    _link_events(link, step, rows, changed.c.updated_on, changed.c.id == rows.c.id)
    return changed


def link_locked_transition(link: Link, step: Transition[State], locked: Any, **more: str) -> Any:
    """Add a transition of the rows that an earlier link locked in a source state to a chain; return these rows.

    locked: state, and the moment `now`, in addition to the columns for `link_transition`.
    more: further columns to set, by the name of their column in `locked`.
    """
    leaving = sa.select(*locked.c).where(locked.c.state.in_(sorted(step.sources))).subquery("leaving")
    values = _values(step, leaving.c.now, {name: leaving.c[column] for name, column in more.items()})
    link("changed", sa.update(requests).where(requests.c.id == leaving.c.id).values(values))
    _link_events(link, step, leaving, leaving.c.now)
    return leaving


def _values(step: Transition[State], now: Any, more: Mapping[str, Any]) -> dict[str, Any]:
    values = {"state": step.target.value, "updated_on": now, **more}
    return values | {"cancelled_on": now} if step.target is State.CANCELLED else values


def _link_events(link: Link, step: Transition[State], rows: Any, at: Any, *where: Any) -> None:
    columns = ["request_id", "kind", "at", "owner", "client", "x_request_id", "booking_id"]
    who = [rows.c[name] for name in ("owner", "client", "x_request_id", "booking_id")]
    query = sa.select(rows.c.id, sa.literal(step.name), at, *who).where(*where)
    link("noted", sa.insert(events_table).from_select(columns, query))


def _transition(step: Transition[State]) -> Chain:
    rows = given(id=BigId, owner=sa.Text(), client=sa.Text(), x_request_id=sa.Text(), booking_id=BigId)

    def build(link: Link) -> Any:
        changed = link_transition(link, step, rows)
        if step is ORDER_TRANSFERRED:
            link("released", bring_forward(sa.select(changed.c.id)))
        return sa.select(changed.c.id)

    return Chain(build)


_TRANSITIONS = {step: _transition(step) for step in TRANSITIONS}


async def insert(transaction: Transaction, wanted: Sequence[NewRequest], *, job: str | None = None) -> list[int]:
    """Insert appointment-requests in state `searching`, each with its event; return their ids in the same order.

    job: the kind of job to add for each request, None for no job.
    """
    ids = {row.place: row.id for row in await transaction.fetch(_INSERT, wanted, job=job)}
    return [ids[number] for number in range(1, len(wanted) + 1)]


async def transition(transaction: Transaction, step: Transition[State], changes: Sequence[Change]) -> None:
    """Apply a transition to locked appointment-requests, each with its event.

    Raises AssertionError if a request is in no source state of the transition: the caller has checked the locked row.
    """
    changed = await transaction.fetch(_TRANSITIONS[step], changes)
    if len(changed) != len(changes):
        raise AssertionError(f"{step.name} changed {len(changed)} of {len(changes)} appointment-requests")


_held = given(id=BigId, until=Instant())
_HOLD = sa.update(requests).where(requests.c.id == _held.c.id).values(held_until=_held.c.until)


async def hold_offers(transaction: Transaction, until: Mapping[int, datetime | None]) -> None:
    """Set the end of the workforce system's hold on offers, by appointment-request id; None if there is no hold."""
    await transaction.execute(_HOLD, list(until.items()))


_marked = given(id=BigId)
_MARK_TRANSFERRED = sa.update(requests).where(requests.c.id == _marked.c.id).values(transferred_on=database_now())


async def mark_transferred(transaction: Transaction, request_ids: Sequence[int]) -> None:
    """Mark locked appointment-requests in state `booking`: their orders change the owner during the booking attempt."""
    await transaction.execute(_MARK_TRANSFERRED, [(number,) for number in request_ids])


_IS_OPEN = requests.c.state == State.OPEN.value
_IS_EXPIRED = sa.and_(_IS_OPEN, sa.func.coalesce(requests.c.offer_expires_on <= database_now(), sa.false()))
"""Whether an open request has the status `expired` (D47): the database's clock decides."""
_IS_ON_OFFER = sa.and_(offers.c.request_id == requests.c.id, _IS_OPEN, ~_IS_EXPIRED)

_SHOWN = (
    *(requests.c[name] for name in ("id", "owner", "order_id", "date_from", "state")),
    offers.c.slots,
    *(requests.c[name] for name in ("created_on", "updated_on", "cancelled_on", "offer_expires_on", "appointment_id")),
    _IS_EXPIRED.label("is_expired"),
)
"""The columns of `_from_columns`, in its order."""

_read = given(id=BigId, owner=sa.Text())
_is_asked = sa.and_(requests.c.id == _read.c.id, requests.c.owner == _read.c.owner)
READ = sa.select(_read.c.place, *_SHOWN).select_from(_read).join(requests, _is_asked).outerjoin(offers, _IS_ON_OFFER)


async def get_owned(transaction: Transaction, keys: Sequence[tuple[int, str]]) -> list[AppointmentRequest | None]:
    """Appointment-requests by id and owner, in key order; None for an unknown key."""
    found: list[AppointmentRequest | None] = [None] * len(keys)
    for place, *columns in await fetch_everywhere(transaction, READ, keys):
        found[place - 1] = _from_columns(*columns)
    return found


async def get(transaction: Transaction, scope: Scope, request_id: int) -> AppointmentRequest | None:
    """The appointment-request; None if it does not exist in the scope."""
    row = await first_everywhere(transaction, _visible_to(scope).where(requests.c.id == request_id))
    return None if row is None else _from_columns(*row)


async def page(
    transaction: Transaction, scope: Scope, *, after: int, limit: int, status: Status | None = None
) -> Sequence[AppointmentRequest]:
    """Up to `limit` appointment-requests with ids above `after`, by id; `status` None means every status."""
    query = _visible_to(scope).where(requests.c.id > after).order_by(requests.c.id).limit(limit)
    if status is not None:
        query = query.where(_has_status(status))
    return [_from_columns(*row) for row in await transaction.fetch(query)]


def _has_status(status: Status) -> sa.ColumnElement[bool]:
    if status is Status.EXPIRED:
        return _IS_EXPIRED
    return sa.and_(_IS_OPEN, ~_IS_EXPIRED) if status is Status.OPEN else requests.c.state == status.value


def _visible_to(scope: Scope) -> sa.Select[Any]:
    return sa.select(*_SHOWN).select_from(requests).outerjoin(offers, _IS_ON_OFFER).where(visible(requests, scope))


def _from_columns(
    number: int, owner: str, order_id: int, date_from: date, state: str, slots: str | None, *more: Any
) -> AppointmentRequest:
    return AppointmentRequest(number, owner, order_id, date_from, STATES[state], decode_slots(slots), *more)


_OF_ORDER = (
    sa.select(*_SHOWN)
    .select_from(requests)
    .outerjoin(offers, _IS_ON_OFFER)
    .where(requests.c.order_id == param("order_id", BigId), requests.c.owner == param("owner", sa.Text()))
    .where(requests.c.id < param("before", BigId))
    .order_by(requests.c.id.desc())
    .limit(param("limit", sa.Integer()))
)


async def of_order(
    transaction: Transaction, owner: str, *, order_id: int, before: int, limit: int
) -> Sequence[AppointmentRequest]:
    """Up to `limit` appointment-requests of an order with ids below `before`, newest first."""
    values = {"owner": owner, "order_id": order_id, "before": before}
    found = await page_everywhere(transaction, _OF_ORDER, limit=limit, newest_first=True, **values)
    return [_from_columns(*row) for row in found]


async def number_from(transaction: Transaction, first_id: int) -> None:
    """Set the id of the first appointment-request; only while the table is empty."""
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
    """Appointment-requests of orders, neither booked nor cancelled: id, order_id, owner and state."""
    return await transaction.fetch(_NOT_ENDED, [(order_id,) for order_id in order_ids])
