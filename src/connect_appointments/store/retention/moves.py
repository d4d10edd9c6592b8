"""Moving whole families to the archive, and back (D50)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.store.archive_tables import ARCHIVE
from connect_appointments.store.columns import BigId
from connect_appointments.store.statements import given
from connect_appointments.store.tables import (
    appointment_requests,
    appointments,
    bookings,
    cancellations,
    events,
    offers,
    reschedules,
)
from connect_appointments.store.transaction import Transaction

OF_REQUESTS: Mapping[sa.Table, str] = {
    appointment_requests: "id",
    offers: "request_id",
    bookings: "request_id",
    appointments: "request_id",
    events: "request_id",
}
OF_APPOINTMENTS: Mapping[sa.Table, str] = {cancellations: "appointment_id", reschedules: "appointment_id"}
"""How the rows of a family are found: by its appointment-requests or by its appointments."""

_given = given(id=BigId)


class Move(NamedTuple):
    """The two statements that move the rows of a table; `of_appointments`: their rows are ids of appointments."""

    of_appointments: bool
    insert: Any
    delete: Any


def _move(source: sa.Table, target: sa.Table, key: str, *, of_appointments: bool) -> Move:
    query = sa.select(*source.columns).join(_given, _given.c.id == source.c[key])
    insert = sa.insert(target).from_select([column.name for column in source.columns], query)
    delete = sa.delete(source).where(source.c[key].in_(sa.select(_given.c.id)))
    return Move(of_appointments, insert, delete)


def _moves(*, back: bool) -> list[Move]:
    moves = []
    for table, archive in ARCHIVE.items():
        source, target = (archive, table) if back else (table, archive)
        of_appointments = table in OF_APPOINTMENTS
        key = (OF_APPOINTMENTS if of_appointments else OF_REQUESTS)[table]
        moves.append(_move(source, target, key, of_appointments=of_appointments))
    return moves


_TO_ARCHIVE, _BACK = _moves(back=False), _moves(back=True)


async def to_archive(transaction: Transaction, requests: Collection[int], appointments: Collection[int]) -> None:
    """Move whole families, whose orders and rows the caller has locked, to the archive."""
    await _run(transaction, _TO_ARCHIVE, requests, appointments)


async def back(transaction: Transaction, requests: Collection[int], appointments: Collection[int]) -> None:
    """Move whole families, whose orders the caller has locked, back from the archive."""
    await _run(transaction, _BACK, requests, appointments)


async def _run(
    transaction: Transaction, moves: Sequence[Move], requests: Collection[int], appointments: Collection[int]
) -> None:
    """Insert all rows, parents first; then delete them, parents last."""
    keys = {False: [(number,) for number in sorted(requests)], True: [(number,) for number in sorted(appointments)]}
    inserted = [await transaction.execute(move.insert, keys[move.of_appointments]) for move in moves]
    deleted = [await transaction.execute(move.delete, keys[move.of_appointments]) for move in reversed(moves)]
    if inserted != deleted[::-1]:
        raise AssertionError(f"{inserted} rows were inserted, {deleted[::-1]} were deleted")
