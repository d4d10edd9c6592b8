"""Importing orders, including the appointment-requests of orders that change their owner (D48)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connect_appointments.core.model import Actor, Order
from connect_appointments.core.requests import ORDER_TRANSFERRED, State
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import lock
from connect_appointments.store.queries import bookings, orders, requests
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.queries.requests import Change
from connect_appointments.store.statements import Row
from connect_appointments.store.transaction import Transaction


class TransferRefused(Exception):
    """Orders would change hands while their old owners still use them; `reasons` says which, order by order."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass
class Imported:
    """The result of an import.

    orders: the number of orders written.
    transferred: the ids of the orders that changed their owner.
    cancelled: the ids of the appointment-requests that were cancelled because of the change.
    ending: the ids of the appointment-requests in state `booking`, which the worker ends as transferred.
    keeping: the ids of the appointments that are not over and remain with their old owner.
    """

    orders: int = 0
    transferred: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    ending: list[int] = field(default_factory=list)
    keeping: list[int] = field(default_factory=list)


async def import_orders(
    database: Database,
    actor: Actor,
    found: Sequence[Order],
    *,
    transfer: bool,
    over_after_days: int,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Write orders, all or none: new orders are inserted, known orders are overwritten.

    found: order ids must be distinct.
    transfer: orders may change their owner even if they have appointment-requests or appointments that are not over.
    over_after_days: an appointment counts as over this many days after its end.
    on_progress: called with the number of orders written so far.
    Raises `TransferRefused`.
    """
    # In id order, so that concurrent imports wait for each other instead of deadlocking.
    in_order = sorted(found, key=lambda order: order.id)

    async def work(transaction: Transaction) -> Imported:
        done = Imported()
        refused: list[str] = []
        for start in range(0, len(in_order), orders.ROWS_A_STATEMENT):
            chunk = in_order[start : start + orders.ROWS_A_STATEMENT]
            changed = await _changing_hands(transaction, chunk)
            if changed:
                refused += await _transfer(transaction, actor, changed, done, transfer=transfer, days=over_after_days)
            await orders.upsert(transaction, chunk)
            done.orders += len(chunk)
            on_progress(done.orders)
        if refused:
            raise TransferRefused(refused)
        return done

    return await database.write(work)


async def _changing_hands(transaction: Transaction, chunk: Sequence[Order]) -> dict[int, str]:
    """Lock the known orders; return the old owners of the orders that change their owner, by id."""
    locked = await lock(transaction, orders.LOCK_ANY, [(order.id,) for order in chunk], wait=True)
    return {
        order.id: row.owner
        for order, row in zip(chunk, locked, strict=True)
        if row is not None and row.owner != order.owner
    }


async def _transfer(
    transaction: Transaction, actor: Actor, owners: dict[int, str], done: Imported, *, transfer: bool, days: int
) -> list[str]:
    """End what the old owners have begun; return the reasons why orders may not change their owner."""
    # Read after the orders are locked: creating and booking need the same lock.
    begun = await requests.not_ended(transaction, list(owners))
    standing = await bookings.not_over(transaction, list(owners), days=days)
    if not transfer:
        return [_reason(order_id, begun, standing) for order_id in owners if _uses(order_id, [*begun, *standing])]
    await _end(transaction, actor, begun)
    done.transferred += list(owners)
    done.cancelled += [row.id for row in begun if row.state != State.BOOKING.value]
    done.ending += [row.id for row in begun if row.state == State.BOOKING.value]
    done.keeping += [row.id for row in standing]
    return []


def _uses(order_id: int, rows: Sequence[Row]) -> bool:
    return any(row.order_id == order_id for row in rows)


def _reason(order_id: int, begun: Sequence[Row], standing: Sequence[Row]) -> str:
    uses = [f"appointment-request {row.id} is {row.state}" for row in begun if row.order_id == order_id]
    uses += [f"appointment {row.id} is not over" for row in standing if row.order_id == order_id]
    return f"order {order_id} belongs to another owner: {' and '.join(uses)}"


async def _end(transaction: Transaction, actor: Actor, begun: Sequence[Row]) -> None:
    """Cancel appointment-requests; mark those in state `booking`, so that the worker undoes the booking attempt."""
    found = await lock(transaction, request_locks.LOCK_ANY, [(row.id,) for row in begun], wait=True)
    locked = [row for row in found if row is not None]
    changes = [
        Change(row.id, row.owner, actor.client, actor.x_request_id)
        for row in locked
        if row.state in ORDER_TRANSFERRED.sources and row.state != State.BOOKING.value
    ]
    await requests.transition(transaction, ORDER_TRANSFERRED, changes)
    # A request that a reschedule takes has no booking attempt: its appointment stays with the old owner.
    being_booked = [row.id for row in locked if row.state == State.BOOKING.value and row.booking_id is not None]
    await requests.mark_transferred(transaction, being_booked)
