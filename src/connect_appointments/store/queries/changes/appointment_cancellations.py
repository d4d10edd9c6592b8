"""Cancellations of appointments: insert, end, read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.cancellations import CancellationState, CancelledBy
from connect_appointments.core.model import Cancellation
from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.columns import BigId, Instant, database_now
from connect_appointments.store.retention.archive import fetch_everywhere
from connect_appointments.store.statements import Row, given
from connect_appointments.store.tables import appointments, cancellations
from connect_appointments.store.transaction import Transaction

STATES = {state.value: state for state in CancellationState}

_asked = given(id=BigId)
_FACTS = (
    sa.select(
        appointments.c.id,
        (appointments.c.cancellable_until >= database_now()).label("in_time"),
        cancellations.c.state.label("cancellation_state"),
    )
    .join(_asked, _asked.c.id == appointments.c.id)
    .outerjoin(cancellations, cancellations.c.id == appointments.c.cancellation_id)
)


class Facts(NamedTuple):
    """What a decision to cancel needs besides the locked appointment.

    in_time: the database's clock is not after the point of no return.
    cancellation_state: the state of the latest cancellation; None if there is none.
    """

    in_time: bool
    cancellation_state: CancellationState | None


async def facts(transaction: Transaction, appointment_ids: Sequence[int]) -> dict[int, Facts]:
    """The facts of locked appointments, by id."""
    rows = await transaction.fetch(_FACTS, [(number,) for number in appointment_ids])
    return {row.id: Facts(bool(row.in_time), STATES.get(row.cancellation_state)) for row in rows}


class CancellationRow(NamedTuple):
    """A new cancellation of a locked appointment.

    ended_on: None for now; ignored while `state` is `deciding`.
    """

    appointment_id: int
    owner: str
    state: CancellationState
    refusal: str | None
    cancelled_by: CancelledBy
    reason: str | None
    client: str
    ended_on: datetime | None = None


def _insert(link: Link) -> Any:
    rows = given(
        appointment_id=BigId,
        owner=sa.Text(),
        state=sa.Text(),
        refusal=sa.Text(),
        cancelled_by=sa.Text(),
        reason=sa.Text(),
        client=sa.Text(),
        ended_on=Instant(),
    )
    copied = ("appointment_id", "owner", "state", "refusal", "cancelled_by", "reason", "client")
    is_deciding = rows.c.state == CancellationState.DECIDING.value
    ended_on = sa.case((is_deciding, None), else_=sa.func.coalesce(rows.c.ended_on, database_now()))
    made = link(
        "made",
        sa.insert(cancellations)
        .from_select(
            [*copied, "requested_on", "ended_on"],
            sa.select(*(rows.c[name] for name in copied), database_now(), ended_on).order_by(rows.c.place),
        )
        .returning(cancellations.c.id, cancellations.c.appointment_id, cancellations.c.cancelled_by),
    )
    # A cancellation in state `deciding` becomes the latest one with the transition of its appointment.
    latest = (
        sa.select(made.c.appointment_id, sa.func.max(made.c.id).label("id")).group_by(made.c.appointment_id).subquery()
    )
    link(
        "pointed",
        sa.update(appointments)
        .where(appointments.c.id == latest.c.appointment_id)
        .values(cancellation_id=latest.c.id)
        .returning(appointments.c.id),
    )
    return sa.select(made.c.appointment_id, made.c.cancelled_by, made.c.id)


_INSERT = Chain(_insert)


async def insert(transaction: Transaction, new: Sequence[CancellationRow]) -> dict[tuple[int, CancelledBy], int]:
    """Insert cancellations, at most one per appointment and actor; return their numbers.

    Each becomes the latest cancellation of its appointment.
    """
    rows = await transaction.fetch(_INSERT, new)
    made = {(row.appointment_id, CancelledBy(row.cancelled_by)): row.id for row in rows}
    if len(made) != len(new):
        raise AssertionError(f"{len(made)} of {len(new)} cancellations were inserted")
    return made


_ended = given(id=BigId, refusal=sa.Text())
_is_cancelled = _ended.c.refusal.is_(None)
_END = (
    sa.update(cancellations)
    .where(cancellations.c.id == _ended.c.id, cancellations.c.state == CancellationState.DECIDING.value)
    .values(
        state=sa.case((_is_cancelled, CancellationState.CANCELLED.value), else_=CancellationState.REFUSED.value),
        refusal=_ended.c.refusal,
        ended_on=database_now(),
    )
    .returning(cancellations.c.id)
)


async def end(transaction: Transaction, outcomes: Mapping[int, str | None]) -> None:
    """End cancellations in state `deciding`, by number: with the problem code of the refusal, or None for `cancelled`.

    Raises AssertionError if a cancellation has already ended: the caller has checked the locked appointment.
    """
    ended = await transaction.fetch(_END, list(outcomes.items()))
    if len(ended) != len(outcomes):
        raise AssertionError(f"{len(ended)} of {len(outcomes)} cancellations were ended")


_CAUSES = sa.select(cancellations.c.id, cancellations.c.cancelled_by, cancellations.c.reason).join(
    _asked, _asked.c.id == cancellations.c.id
)


class Cause(NamedTuple):
    """Who cancels an appointment, and why; the reason is None if no reason was given."""

    cancelled_by: CancelledBy
    reason: str | None


async def causes(transaction: Transaction, numbers: Sequence[int]) -> dict[int, Cause]:
    """The causes of cancellations of locked appointments, by number; a cause never changes."""
    rows = await transaction.fetch(_CAUSES, [(number,) for number in numbers])
    return {row.id: Cause(CancelledBy(row.cancelled_by), row.reason) for row in rows}


_read = given(id=BigId, owner=sa.Text())
READ = (
    sa.select(
        _read.c.place,
        *(cancellations.c[name] for name in ("id", "appointment_id", "state", "refusal", "requested_on")),
        appointments.c.order_id,
        appointments.c.cancelled_on,
    )
    .select_from(_read)
    .join(cancellations, sa.and_(cancellations.c.id == _read.c.id, cancellations.c.owner == _read.c.owner))
    .join(appointments, appointments.c.id == cancellations.c.appointment_id)
)


async def get_owned(transaction: Transaction, keys: Sequence[tuple[int, str]]) -> list[Cancellation | None]:
    """Cancellations by number and owner, in key order; None for an unknown key."""
    found: list[Cancellation | None] = [None] * len(keys)
    for row in await fetch_everywhere(transaction, READ, keys):
        found[row.place - 1] = _from_row(row)
    return found


def _from_row(row: Row) -> Cancellation:
    state = STATES[row.state]
    return Cancellation(
        id=row.id,
        appointment_id=row.appointment_id,
        order_id=row.order_id,
        state=state,
        refusal=row.refusal,
        requested_on=row.requested_on,
        cancelled_on=row.cancelled_on if state is CancellationState.CANCELLED else None,
    )
