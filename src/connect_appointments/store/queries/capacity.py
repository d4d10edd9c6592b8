"""The capacity of the built-in calendar: visits per area, day and half-day, and the decision for each key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.capacity import Capacity, Usage, Window
from connect_appointments.core.model import SlotType
from connect_appointments.core.reservations import ReservationState
from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.columns import BigId, database_now
from connect_appointments.store.statements import given, param
from connect_appointments.store.tables import capacity, reservations
from connect_appointments.store.transaction import Transaction
from connect_appointments.store.upserts import upsert_statement

ROWS_A_STATEMENT = 1000


class Reservation(NamedTuple):
    """The decision for a key, and its window.

    move_number: the number of the last decided move, 0 for a key that was never moved.
    is_closed: the work has begun or ended; only `close` writes it.
    """

    key: str
    window: Window
    state: ReservationState
    move_number: int = 0
    is_closed: bool = False


_WINDOW = (capacity.c.area, capacity.c.day, capacity.c.slot_type)
_USAGE = (*_WINDOW, capacity.c.capacity, capacity.c.taken)
_window_rows = given(area=sa.Text(), day=sa.Date(), slot_type=sa.Text())
_is_window = sa.and_(
    capacity.c.area == _window_rows.c.area,
    capacity.c.day == _window_rows.c.day,
    capacity.c.slot_type == _window_rows.c.slot_type,
)
# Without SKIP LOCKED: all bookings compete for the same few rows.
_LOCK = sa.select(*_USAGE).join(_window_rows, _is_window).order_by(*_WINDOW).with_for_update(of=capacity)
_days = given(area=sa.Text(), day=sa.Date())
_FREE = (
    sa.select(*_WINDOW)
    .join(_days, sa.and_(capacity.c.area == _days.c.area, capacity.c.day == _days.c.day))
    .where(capacity.c.taken < capacity.c.capacity)
)
_taken = given(area=sa.Text(), day=sa.Date(), slot_type=sa.Text(), by=sa.Integer())


def _take_statement(rows: Any) -> Any:
    """The statement that adds to the taken capacity of the given windows and returns the windows."""
    is_named = sa.and_(*(capacity.c[name] == rows.c[name] for name in ("area", "day", "slot_type")))
    taken = capacity.c.taken + rows.c.by
    return sa.update(capacity).where(is_named).values(taken=taken).returning(*_WINDOW)


_TAKE = _take_statement(_taken)

_RESERVATION = (*(reservations.c[name] for name in ("key", "area", "day", "slot_type", "state", "move_number")),)
_IS_CLOSED = reservations.c.closed_on.is_not(None).label("is_closed")
_key = given(key=sa.Text())
_DECIDED = sa.select(*_RESERVATION, _IS_CLOSED).join(_key, _key.c.key == reservations.c.key)
_LOCK_DECIDED = _DECIDED.order_by(reservations.c.key).with_for_update(of=reservations)
_decided = given(key=sa.Text(), area=sa.Text(), day=sa.Date(), slot_type=sa.Text(), state=sa.Text(), move_number=BigId)
_INSERT = sa.insert(reservations).from_select(
    ["key", "area", "day", "slot_type", "state"],
    sa.select(_decided.c.key, _decided.c.area, _decided.c.day, _decided.c.slot_type, _decided.c.state),
)
_CHANGE = (
    sa.update(reservations)
    .where(reservations.c.key == _decided.c.key)
    .values({name: _decided.c[name] for name in ("area", "day", "slot_type", "state", "move_number")})
    .returning(reservations.c.key)
)
_CLOSE = (
    sa.update(reservations)
    .where(reservations.c.key == param("key", sa.Text()), reservations.c.state == ReservationState.RESERVED.value)
    .values(closed_on=sa.func.coalesce(reservations.c.closed_on, database_now()))
    .returning(reservations.c.key)
)


async def usage(transaction: Transaction, *, area: str | None, first: date, limit: int) -> Sequence[Usage]:
    """Up to `limit` windows from a day on, by day and area; `area` None means every area."""
    query = sa.select(*_USAGE).where(capacity.c.day >= first).order_by(capacity.c.day, capacity.c.area, _WINDOW[2])
    if area is not None:
        query = query.where(capacity.c.area == area)
    return [_used(row) for row in await transaction.fetch(query.limit(limit))]


async def overfull(transaction: Transaction) -> Sequence[Usage]:
    """The windows whose capacity is less than the taken capacity."""
    query = sa.select(*_USAGE).where(capacity.c.taken > capacity.c.capacity)
    return [_used(row) for row in await transaction.fetch(query)]


def _used(row: Any) -> Usage:
    return Usage(_window(row), row.capacity, row.taken)


def _window(row: Any) -> Window:
    return Window(row.area, row.day, SlotType(row.slot_type))


async def free_windows(transaction: Transaction, days: Sequence[tuple[str, date]]) -> set[Window]:
    """The windows of these areas and days that have free capacity."""
    return {_window(row) for row in await transaction.fetch(_FREE, days)}


async def lock_windows(transaction: Transaction, windows: Sequence[Window]) -> dict[Window, Usage]:
    """Lock windows in key order, waiting for other transactions; unknown windows are omitted."""
    rows = await transaction.fetch(_LOCK, windows)
    return {found.window: found for found in map(_used, rows)}


def _reserve(link: Link) -> Any:
    rows = given(key=sa.Text(), area=sa.Text(), day=sa.Date(), slot_type=sa.Text(), state=sa.Text(), by=sa.Integer())
    columns = ("key", "area", "day", "slot_type", "state")
    link("decided", sa.insert(reservations).from_select(list(columns), sa.select(*(rows.c[name] for name in columns))))
    window = (rows.c.area, rows.c.day, rows.c.slot_type)
    by = sa.func.sum(rows.c.by)
    taken = sa.select(*window, sa.cast(by, sa.Integer).label("by")).group_by(*window).having(by > 0).subquery("wanted")
    changed = link("changed", _take_statement(taken))
    return sa.select(sa.func.count().label("windows")).select_from(changed)


_RESERVE = Chain(_reserve)


async def reserve(transaction: Transaction, new: Sequence[Reservation]) -> None:
    """Insert decisions for new keys, and take capacity for the reserved ones; the caller has locked the windows."""
    is_reserved = [one.state is ReservationState.RESERVED for one in new]
    rows = [(one.key, *one.window, one.state.value, int(by)) for one, by in zip(new, is_reserved, strict=True)]
    windows = len({one.window for one, by in zip(new, is_reserved, strict=True) if by})
    for row in await transaction.fetch(_RESERVE, rows):
        if row.windows != windows:
            raise AssertionError(f"{row.windows} of {windows} windows were changed")


async def take(transaction: Transaction, changes: Mapping[Window, int]) -> None:
    """Add to the taken capacity of locked windows; a negative number releases capacity."""
    rows = [(*window, by) for window, by in changes.items() if by]
    changed = await transaction.fetch(_TAKE, rows)
    if len(changed) != len(rows):
        raise AssertionError(f"{len(changed)} of {len(rows)} windows were changed")


async def lock_decisions(transaction: Transaction, keys: Sequence[str]) -> dict[str, Reservation]:
    """Lock the decisions for keys, in key order, waiting for other transactions; undecided keys are omitted."""
    return await _decisions(transaction, _LOCK_DECIDED, keys)


async def decisions(transaction: Transaction, keys: Sequence[str]) -> dict[str, Reservation]:
    """The decisions for keys; undecided keys are omitted."""
    return await _decisions(transaction, _DECIDED, keys)


async def _decisions(transaction: Transaction, query: Any, keys: Sequence[str]) -> dict[str, Reservation]:
    rows = await transaction.fetch(query, [(key,) for key in keys])
    return {
        row.key: Reservation(
            row.key, _window(row), ReservationState(row.state), row.move_number, is_closed=bool(row.is_closed)
        )
        for row in rows
    }


async def close(transaction: Transaction, key: str) -> None:
    """Record that the work of a locked reservation has begun or ended; its capacity stays taken."""
    if not await transaction.fetch(_CLOSE, key=key):
        raise AssertionError(f"nothing is reserved under {key}")


async def decide(transaction: Transaction, new: Sequence[Reservation], changed: Sequence[Reservation] = ()) -> None:
    """Insert decisions for new keys, and update the locked decisions."""
    await transaction.execute(_INSERT, [_decision(one) for one in new])
    rows = await transaction.fetch(_CHANGE, [_decision(one) for one in changed])
    if len(rows) != len(changed):
        raise AssertionError(f"{len(rows)} of {len(changed)} decisions were changed")


def _decision(one: Reservation) -> tuple[Any, ...]:
    return one.key, *one.window, one.state.value, one.move_number


async def set_capacity(transaction: Transaction, found: Sequence[Capacity], *, overwrite: bool = True) -> None:
    """Set the capacity of windows; the taken capacity is unchanged. The windows must be distinct.

    overwrite: update known windows, instead of leaving them unchanged.
    """
    statement = upsert_statement(
        transaction.dialect,
        capacity,
        ("area", "day", "slot_type", "capacity", "taken"),
        key=("area", "day", "slot_type"),
        change=("capacity",) if overwrite else (),
    )
    await transaction.execute(statement, [(*item.window, item.capacity, 0) for item in found])
