"""Importing orders, and what happens to the appointment-requests of an order that changes hands (D48)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connect_appointments.core.model import Actor, Order
from connect_appointments.core.requests import ORDER_TRANSFERRED, State
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import lock
from connect_appointments.store.queries import bookings, orders, request_locks, requests
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
    """What an import did.

    orders: how many were written.
    transferred: the ids of those that changed hands.
    cancelled: the ids of the appointment-requests that were cancelled because of it.
    ending: the ids of those being booked, which the worker ends as transferred.
    keeping: the ids of appointments that are not over and stay with their old owner.
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
    """Write orders: new ones are added, known ones overwritten; all of them, or none.

    found: without two of one id.
    transfer: orders may change hands although an appointment-request or an appointment of them is not over.
    over_after_days: an appointment that ended longer ago is over.
    on_progress: called with the number of orders written so far.
    Raises `TransferRefused`.
    """
    # By id, so that two imports at once wait for each other and do not deadlock.
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
    """Lock the orders that are known; return the old owners of those that get another one, by id."""
    locked = await lock(transaction, orders.LOCK_ANY, [(order.id,) for order in chunk], wait=True)
    return {
        order.id: row.owner
        for order, row in zip(chunk, locked, strict=True)
        if row is not None and row.owner != order.owner
    }


async def _transfer(
    transaction: Transaction, actor: Actor, owners: dict[int, str], done: Imported, *, transfer: bool, days: int
) -> list[str]:
    """Cancel what the old owners have begun; return why an order may not change hands where it may not."""
    # Read after the orders were locked: creating and booking need that lock as well.
    begun = await requests.not_ended(transaction, list(owners))
    standing = await bookings.not_over(transaction, list(owners), days=days)
    if not transfer:
        return [_reason(order_id, begun, standing) for order_id in owners if _uses(order_id, [*begun, *standing])]
    await _cancel(transaction, actor, [row for row in begun if row.state != State.BOOKING.value])
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
    return f"order {order_id} has another owner, whose {', and '.join(uses)}"


async def _cancel(transaction: Transaction, actor: Actor, begun: Sequence[Row]) -> None:
    locked = await lock(transaction, request_locks.LOCK_ANY, [(row.id,) for row in begun], wait=True)
    changes = [
        Change(row.id, row.owner, actor.client, actor.trace)
        for row in locked
        if row is not None and row.state in ORDER_TRANSFERRED.sources
    ]
    await requests.transition(transaction, ORDER_TRANSFERRED, changes)
