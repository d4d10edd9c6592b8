"""News of appointments: find them, move their windows, and record the news that does not fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.appointments import FINAL, AppointmentState
from connect_appointments.core.model import Site, Slot
from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.columns import BigId, Instant, database_now
from connect_appointments.store.queries.orders import site_of
from connect_appointments.store.queries.slots import encode_slot
from connect_appointments.store.statements import Row, given, param
from connect_appointments.store.tables import appointments, events, installation, orders
from connect_appointments.store.transaction import Transaction

MOVED = "moved-by-network"
"""The kind of the event of an appointment whose window the network has moved."""
IGNORED = "news-ignored"
"""The kind of the event that records news that does not fit the state of an appointment."""

_named = given(workforce_id=sa.Text())
_IDS = sa.select(appointments.c.workforce_id, appointments.c.id).join(
    _named, _named.c.workforce_id == appointments.c.workforce_id
)
_INSTALLATION = sa.select(installation.c.id)
_order = given(id=BigId)
_SITES = sa.select(orders.c.id, orders.c.time_zone, orders.c.state, orders.c.area).join(
    _order, _order.c.id == orders.c.id
)
_DECIDED_ELSEWHERE = (*FINAL, AppointmentState.CANCELLING)
_OPEN = (
    sa.select(appointments.c.id, (installation.c.id + "-" + sa.cast(appointments.c.booking_id, sa.Text)).label("key"))
    .join(installation, installation.c.id != "")
    .where(appointments.c.id > param("after", BigId), appointments.c.state.not_in(sorted(_DECIDED_ELSEWHERE)))
    .order_by(appointments.c.id)
    .limit(param("limit", sa.Integer()))
)


async def ids(transaction: Transaction, workforce_ids: Collection[str]) -> dict[str, int]:
    """The ids of appointments, by the workforce system's id; unknown ones are omitted."""
    rows = await transaction.fetch(_IDS, [(name,) for name in workforce_ids])
    return {row.workforce_id: row.id for row in rows}


async def key_of(transaction: Transaction, booking_id: int) -> str:
    """The key of a booking attempt in the workforce system."""
    (row,) = await transaction.fetch(_INSTALLATION)
    return f"{row.id}-{booking_id}"


async def sites(transaction: Transaction, order_ids: Collection[int]) -> dict[int, Site]:
    """The sites of orders, by id."""
    return {row.id: site_of(row) for row in await transaction.fetch(_SITES, [(number,) for number in order_ids])}


async def open_appointments(transaction: Transaction, *, after: int, limit: int) -> Sequence[Row]:
    """Up to `limit` appointments with ids above `after`, by id, whose state can change by news: id and key.

    Without those in state `cancelling`: their jobs look up their keys.
    """
    return await transaction.fetch(_OPEN, after=after, limit=limit)


class NewsChange(NamedTuple):
    """The author of an event of a locked appointment, and its detail in JSON."""

    id: int
    request_id: int
    owner: str
    client: str
    x_request_id: str
    detail: str


class NewWindow(NamedTuple):
    """The new slot of a locked appointment, the time of its report, and its point of no return."""

    change: NewsChange
    slot: Slot
    at: datetime | None
    cancellable_until: datetime


_WHO: dict[str, sa.types.TypeEngine[Any]] = {
    "id": BigId,
    "request_id": BigId,
    "owner": sa.Text(),
    "client": sa.Text(),
    "x_request_id": sa.Text(),
}
_EVENT = ("appointment_id", "request_id", "owner", "client", "x_request_id", "detail", "kind", "at")


def _event(rows: Any, kind: str, at: Any) -> sa.Select[Any]:
    who = (rows.c[name] for name in (*_WHO, "detail"))
    return sa.select(*who, sa.literal(kind), at)


def _move(link: Link) -> Any:
    rows = given(**_WHO, detail=sa.Text(), slot=sa.Text(), at=Instant(), ends_on=Instant(), cancellable_until=Instant())
    new: dict[str, Any] = {name: rows.c[name] for name in ("slot", "ends_on", "cancellable_until")}
    new["slot_as_of"] = sa.func.coalesce(rows.c.at, appointments.c.slot_as_of)
    changed = link(
        "changed",
        sa.update(appointments)
        .where(appointments.c.id == rows.c.id)
        .values(new | {"updated_on": database_now()})
        .returning(appointments.c.id, appointments.c.updated_on),
    )
    noted = _event(rows, MOVED, changed.c.updated_on).join(changed, changed.c.id == rows.c.id)
    link("noted", sa.insert(events).from_select(list(_EVENT), noted))
    return sa.select(changed.c.id)


_MOVE = Chain(_move)
_confirmed = given(id=BigId, at=Instant())
_CONFIRM = (
    sa.update(appointments)
    .where(appointments.c.id == _confirmed.c.id)
    .values(slot_as_of=_confirmed.c.at)
    .returning(appointments.c.id)
)
_ignored = given(**_WHO, detail=sa.Text())
_IGNORE = sa.insert(events).from_select(list(_EVENT), _event(_ignored, IGNORED, database_now()))


async def move(transaction: Transaction, moved: Sequence[NewWindow]) -> None:
    """Move the windows of locked appointments, each with its event."""
    rows = [(*one.change, encode_slot(one.slot), one.at, one.slot.end, one.cancellable_until) for one in moved]
    changed = await transaction.fetch(_MOVE, rows)
    if len(changed) != len(moved):
        raise AssertionError(f"{len(changed)} of {len(moved)} appointments were moved")


async def confirm_slots(transaction: Transaction, times: Mapping[int, datetime]) -> None:
    """Set the time of the latest report of the slots of locked appointments, by id; the slots are unchanged."""
    changed = await transaction.fetch(_CONFIRM, list(times.items()))
    if len(changed) != len(times):
        raise AssertionError(f"{len(changed)} of {len(times)} slots were confirmed")


async def ignore(transaction: Transaction, ignored: Sequence[NewsChange]) -> None:
    """Record news that changes nothing, each with an event."""
    await transaction.execute(_IGNORE, ignored)
