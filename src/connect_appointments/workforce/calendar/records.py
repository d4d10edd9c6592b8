"""What an operator records of a visit: the calendar's decision changes in the transaction of the record (D45)."""

from __future__ import annotations

from connect_appointments.core.reservations import ReservationState
from connect_appointments.store.queries import capacity
from connect_appointments.store.queries.capacity import Reservation
from connect_appointments.store.transaction import Transaction
from connect_appointments.workforce.calendar.decisions import give_back
from connect_appointments.workforce.port import NewsKind


async def lock_visit(transaction: Transaction, key: str) -> Reservation | None:
    """Lock the reservation of a key; None if another workforce system has it. The caller has locked the appointment."""
    return (await capacity.lock_decisions(transaction, [key])).get(key)


def fits(visit: Reservation | None, kind: NewsKind) -> bool:
    """Whether a record agrees with the calendar: a visit that it has cancelled neither begins nor ends."""
    return visit is None or visit.state is ReservationState.RESERVED or kind is NewsKind.CANCELLED


async def record(transaction: Transaction, visit: Reservation, kind: NewsKind) -> None:
    """Give the capacity of a cancelled visit back; refuse each later cancel and move of a visit that began or ended."""
    if visit.state is not ReservationState.RESERVED:
        return
    if kind is NewsKind.CANCELLED:
        await give_back(transaction, [visit])
    else:
        await capacity.close(transaction, visit.key)
