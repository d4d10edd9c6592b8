"""Cancelling appointment-requests: lock, decide and write in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from connect_appointments.core.requests import CANCEL
from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.columns import BigId, database_now
from connect_appointments.store.locking import ROW_LOCKED
from connect_appointments.store.queries.jobs import bring_forward
from connect_appointments.store.queries.requests import STATES, link_locked_transition
from connect_appointments.store.statements import gathered, given
from connect_appointments.store.tables import appointment_requests as requests
from connect_appointments.store.transaction import Transaction


def _cancel(*, skip_locked: bool) -> Chain:
    rows = given(id=BigId, owner=sa.Text(), client=sa.Text(), x_request_id=sa.Text())
    is_owned = sa.and_(requests.c.id == rows.c.id, requests.c.owner == rows.c.owner)
    no_booking = sa.cast(sa.null(), BigId).label("booking_id")
    columns = (rows.c.place, rows.c.client, rows.c.x_request_id, no_booking)

    def build(link: Link) -> Any:
        locked = link(
            "locked",
            sa.select(
                *columns,
                requests.c.id,
                requests.c.owner,
                requests.c.state,
                requests.c.held_until,
                database_now().label("now"),
            )
            .select_from(rows.join(requests, is_owned))
            .order_by(requests.c.id)
            .with_for_update(of=requests, skip_locked=skip_locked),
        )
        leaving = link_locked_transition(link, CANCEL, locked)
        link("released", bring_forward(sa.select(leaving.c.id).where(leaving.c.held_until.is_not(None))))
        # A row per state, not per command: most commands of a batch find the same state.
        before = sa.select(locked.c.state, gathered(locked.c.place).label("places")).group_by(locked.c.state)
        elsewhere = sa.select(sa.literal(LOCKED_ELSEWHERE), gathered(rows.c.place)).where(
            rows.c.place.not_in(sa.select(locked.c.place)), sa.exists().where(is_owned)
        )
        return before.union_all(elsewhere.having(sa.func.count() > 0))

    return Chain(build)


LOCKED_ELSEWHERE = "locked"
_CANCEL, _CANCEL_WAITING = _cancel(skip_locked=True), _cancel(skip_locked=False)
_BEFORE: Mapping[str, Any] = {LOCKED_ELSEWHERE: ROW_LOCKED, **STATES}


async def cancel(transaction: Transaction, wanted: Sequence[tuple[int, str, str, str]], *, wait: bool) -> list[Any]:
    """Cancel all cancellable appointment-requests in one statement: a set-based compare-and-set.

    wanted: rows of id, owner, client and x_request_id.
    Returns the state before the cancel for each row; None if the owner has no such request; `ROW_LOCKED` if another
    transaction has locked it.
    """
    before: list[Any] = [None] * len(wanted)
    for state, places in await transaction.fetch(_CANCEL_WAITING if wait else _CANCEL, wanted):
        for place in places:
            before[place - 1] = _BEFORE[state]
    return before
