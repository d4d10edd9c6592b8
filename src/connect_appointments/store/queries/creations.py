"""Creating appointment-requests in one statement, for commands that need no check but the order's owner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from connect_appointments.core.errors import NotFound
from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.columns import BigId
from connect_appointments.store.locking import ROW_LOCKED
from connect_appointments.store.queries.requests import NewRequest, link_creation
from connect_appointments.store.statements import Row, given
from connect_appointments.store.tables import orders
from connect_appointments.store.transaction import Transaction


def _create(*, skip_locked: bool) -> Chain:
    """The chain that locks orders against a change of owner and inserts their appointment-requests."""
    rows = given(owner=sa.Text(), order_id=BigId, date_from=sa.Date(), client=sa.Text(), x_request_id=sa.Text())
    is_owned = sa.and_(orders.c.id == rows.c.order_id, orders.c.owner == rows.c.owner)

    def build(link: Link) -> Any:
        locked = link(
            "locked",
            sa.select(*rows.c)
            .select_from(rows.join(orders, is_owned))
            .order_by(orders.c.id)
            .with_for_update(of=orders, read=True, skip_locked=skip_locked),
        )
        created = link_creation(link, locked)
        is_there = sa.case((created.c.id.is_not(None), sa.true()), else_=sa.exists().where(is_owned))
        return sa.select(rows.c.place, created.c.id, is_there.label("is_there")).select_from(
            rows.outerjoin(created, created.c.place == rows.c.place)
        )

    return Chain(build)


_CREATE, _CREATE_WAITING = _create(skip_locked=True), _create(skip_locked=False)


async def create(transaction: Transaction, wanted: Sequence[NewRequest], *, job: str, wait: bool) -> list[Any]:
    """Create appointment-requests, each with its event and its job.

    Returns the id of each; `NotFound` if its owner has no such order; `ROW_LOCKED` if another transaction has locked
    the
    order.
    """
    answers: list[Any] = [None] * len(wanted)
    for row in await transaction.fetch(_CREATE_WAITING if wait else _CREATE, wanted, job=job):
        answers[row.place - 1] = _answer(row, wait=wait)
    return answers


def _answer(row: Row, *, wait: bool) -> Any:
    if row.id is not None:
        return row.id
    # If the wait ended without a lock on the order, the order has changed its owner meanwhile.
    return ROW_LOCKED if row.is_there and not wait else NotFound()
