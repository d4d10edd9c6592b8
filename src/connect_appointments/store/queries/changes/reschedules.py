"""Reschedules: begin, confirm, refuse, read.

A reschedule is `deciding` as long as its job exists. News of an appointment that is rescheduling changes the
appointment alone, with a transition of `appointments.transition`, and keeps its `reschedule_id`: nothing else is to be
written. The job of the reschedule sees the new state, gives the place of the new slot back, and only then ends the
reschedule and opens its appointment-request again, so that an ended reschedule has exactly one place (D46, D46a).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.appointments import RESCHEDULE, RESCHEDULED
from connect_appointments.core.decisions.reschedule import KnownReschedule
from connect_appointments.core.model import Reschedule, Slot
from connect_appointments.core.requests import BOOK, BOOKED
from connect_appointments.core.reschedules import RescheduleState
from connect_appointments.store.chains import Chain, Link
from connect_appointments.store.columns import BigId, Instant, database_now
from connect_appointments.store.queries.appointments import SHOWN, from_row
from connect_appointments.store.queries.jobs import Job, finish_statement
from connect_appointments.store.queries.requests import link_transition
from connect_appointments.store.queries.slots import encode_slot
from connect_appointments.store.retention.archive import fetch_everywhere
from connect_appointments.store.statements import Row, given, param
from connect_appointments.store.tables import appointment_requests as requests
from connect_appointments.store.tables import appointments, events, jobs, reschedules
from connect_appointments.store.transaction import Transaction

STATES = {state.value: state for state in RescheduleState}
_NO_BOOKING = sa.cast(sa.null(), BigId)


class NewReschedule(NamedTuple):
    """A new reschedule, and the actor.

    request_id: the appointment-request that offers the slot.
    current_request_id: the appointment-request whose slot the appointment has now.
    detail: the JSON of the appointment's event.
    refusal: the problem code of a reschedule that is refused at once; None for one that the workforce system decides.
    """

    appointment_id: int
    request_id: int
    current_request_id: int
    owner: str
    client: str
    x_request_id: str
    slot: Slot
    detail: str
    refusal: str | None = None


_new = given(
    appointment_id=BigId,
    request_id=BigId,
    current_request_id=BigId,
    owner=sa.Text(),
    client=sa.Text(),
    x_request_id=sa.Text(),
    detail=sa.Text(),
    slot_id=sa.Text(),
    slot=sa.Text(),
    refusal=sa.Text(),
)
_INSERTED = ("appointment_id", "request_id", "owner", "slot_id", "slot", "client", "refusal")


def _insert(state: RescheduleState) -> Any:
    """The statement that inserts reschedules in this state."""
    ended_on = sa.cast(sa.null(), Instant()) if state is RescheduleState.DECIDING else database_now()
    columns = (*(_new.c[name] for name in _INSERTED), sa.literal(state.value), database_now(), ended_on)
    return (
        sa.insert(reschedules)
        .from_select([*_INSERTED, "state", "requested_on", "ended_on"], sa.select(*columns).order_by(_new.c.place))
        .returning(reschedules.c.id, reschedules.c.appointment_id, reschedules.c.request_id, reschedules.c.slot_id)
    )


def _begin(link: Link) -> Any:
    begun = link("begun", _insert(RescheduleState.DECIDING))
    columns = (_new.c.appointment_id, _new.c.current_request_id, _new.c.detail, begun.c.id.label("reschedule_id"))
    who = (_new.c.owner, _new.c.client, _new.c.x_request_id)
    rows = (
        sa.select(_new.c.request_id.label("id"), *columns, *who, _NO_BOOKING.label("booking_id"))
        .join(begun, begun.c.request_id == _new.c.request_id)
        .subquery("begun_rows")
    )
    changed = link_transition(link, BOOK, rows, reschedule_id=rows.c.reschedule_id, booking_id=sa.null())
    moving = link("moving", _change(RESCHEDULE, rows, {"reschedule_id": rows.c.reschedule_id}))
    link("moving_noted", _event(RESCHEDULE.name, rows, moving, rows.c.current_request_id))
    job = (param("job", sa.Text()), rows.c.id, rows.c.reschedule_id, rows.c.x_request_id, sa.literal(0), database_now())
    names = ["kind", "request_id", "reschedule_id", "x_request_id", "tries", "due_at"]
    link("asked", sa.insert(jobs).from_select(names, sa.select(*job)))
    return (
        sa.select(begun.c.id, begun.c.request_id)
        .join(changed, changed.c.id == begun.c.request_id)
        .join(moving, moving.c.id == begun.c.appointment_id)
    )


def _change(step: Any, rows: Any, values: Mapping[str, Any]) -> Any:
    """The statement that applies a transition to appointments, and sets further columns."""
    is_left = sa.and_(appointments.c.id == rows.c.appointment_id, appointments.c.state.in_(sorted(step.sources)))
    return (
        sa.update(appointments)
        .where(is_left)
        .values({"state": step.target.value, "updated_on": database_now(), **values})
        .returning(appointments.c.id, appointments.c.updated_on)
    )


def _event(kind: str, rows: Any, changed: Any, request_id: Any) -> Any:
    columns = ["request_id", "kind", "at", "owner", "client", "x_request_id", "appointment_id", "detail"]
    who = (rows.c.owner, rows.c.client, rows.c.x_request_id, rows.c.appointment_id, rows.c.detail)
    query = sa.select(request_id, sa.literal(kind), changed.c.updated_on, *who)
    return sa.insert(events).from_select(columns, query.join(changed, changed.c.id == rows.c.appointment_id))


_BEGIN = Chain(_begin)
_REFUSED_AT_ONCE = _insert(RescheduleState.REFUSED)


async def begin(transaction: Transaction, wanted: Sequence[NewReschedule], *, job: str) -> dict[int, int]:
    """Begin reschedules, one per appointment-request; return their numbers by appointment-request id.

    The caller has locked the orders, the appointment-requests and the appointments. The requests become `booking`, the
    appointments `rescheduling`, and each reschedule gets a job. Raises AssertionError if a row is in another state: the
    caller has checked the locked rows.
    """
    begun = {row.request_id: row.id for row in await transaction.fetch(_BEGIN, _rows(wanted), job=job)}
    if len(begun) != len(wanted):
        raise AssertionError(f"{len(begun)} of {len(wanted)} reschedules were begun")
    return begun


async def insert_refused(transaction: Transaction, wanted: Sequence[NewReschedule]) -> dict[tuple[int, int, str], int]:
    """Insert refused reschedules; return their numbers by appointment, appointment-request and slot id."""
    inserted = await transaction.fetch(_REFUSED_AT_ONCE, _rows(wanted))
    return {(row.appointment_id, row.request_id, row.slot_id): row.id for row in inserted}


def _rows(wanted: Sequence[NewReschedule]) -> list[tuple[Any, ...]]:
    return [(*one[:6], one.detail, one.slot.id, encode_slot(one.slot), one.refusal) for one in wanted]


_asked = given(id=BigId)
_KNOWN = (
    sa.select(*(reschedules.c[name] for name in KnownReschedule._fields))
    .join(_asked, _asked.c.id == reschedules.c.id)
    .where(reschedules.c.state != RescheduleState.REFUSED.value)
)


async def known(transaction: Transaction, reschedule_ids: Collection[int]) -> dict[int, KnownReschedule]:
    """The reschedules that are not refused, by number."""
    rows = await transaction.fetch(_KNOWN, [(number,) for number in reschedule_ids])
    return {row.id: KnownReschedule(*row) for row in rows}


class Moved(NamedTuple):
    """A reschedule whose new slot is reserved: the claim of its job, and what the appointment becomes.

    request_id: the appointment-request that offered the slot.
    slot_as_of: the workforce system's time of its latest report of the slot; None if it tells none.
    detail: the JSON of the appointment's event.
    """

    job: Job
    appointment_id: int
    request_id: int
    owner: str
    client: str
    slot: Slot
    slot_as_of: datetime | None
    cancellable_until: datetime
    detail: str


_moved = given(
    job_id=BigId,
    tries=sa.Integer(),
    reschedule_id=BigId,
    appointment_id=BigId,
    id=BigId,
    owner=sa.Text(),
    client=sa.Text(),
    x_request_id=sa.Text(),
    slot=sa.Text(),
    slot_as_of=Instant(),
    ends_on=Instant(),
    cancellable_until=Instant(),
    detail=sa.Text(),
)


def _confirm(link: Link) -> Any:
    finished = link("finished", finish_statement(_moved.c.job_id, _moved.c.tries))
    is_finished = sa.and_(finished.c.id == _moved.c.job_id, finished.c.tries == _moved.c.tries)
    columns = [column for column in _moved.c if column.name != "place"]
    rows = sa.select(*columns, _NO_BOOKING.label("booking_id")).join(finished, is_finished).subquery("confirmed_rows")
    ended = link("ended", _end(rows.c.reschedule_id, {"state": RescheduleState.RESCHEDULED.value}))
    changed = link_transition(link, BOOKED, rows, appointment_id=rows.c.appointment_id)
    values = {name: rows.c[name] for name in ("slot", "slot_as_of", "ends_on", "cancellable_until")}
    moved = link("moved", _change(RESCHEDULED, rows, {**values, "request_id": rows.c.id}))
    link("moved_noted", _event(RESCHEDULED.name, rows, moved, rows.c.id))
    return (
        sa.select(
            rows.c.reschedule_id,
            ended.c.id.label("reschedule"),
            changed.c.id.label("request"),
            moved.c.id.label("appointment"),
        )
        .select_from(rows)
        .outerjoin(ended, ended.c.id == rows.c.reschedule_id)
        .outerjoin(changed, changed.c.id == rows.c.id)
        .outerjoin(moved, moved.c.id == rows.c.appointment_id)
    )


def _end(number: Any, values: Mapping[str, Any]) -> Any:
    """The statement that ends reschedules in progress and returns their numbers."""
    is_deciding = reschedules.c.state == RescheduleState.DECIDING.value
    changed = sa.update(reschedules).where(reschedules.c.id == number, is_deciding)
    return changed.values({**values, "ended_on": database_now()}).returning(reschedules.c.id)


_CONFIRM = Chain(_confirm)


async def confirm(transaction: Transaction, moved: Sequence[Moved]) -> None:
    """Give appointments their new slots, except where another worker has claimed the job since.

    The caller has locked the orders, the appointment-requests and the appointments. Raises AssertionError if a row is
    in another state: the caller has checked the locked rows.
    """
    rows = [
        (
            *(*one.job.key, one.job.reschedule_id, one.appointment_id, one.request_id),
            *(one.owner, one.client, one.job.x_request_id),
            *(encode_slot(one.slot), one.slot_as_of, one.slot.end, one.cancellable_until, one.detail),
        )
        for one in moved
    ]
    for row in await transaction.fetch(_CONFIRM, rows):
        if None in row:
            raise AssertionError(f"reschedule {row.reschedule_id} was confirmed in part: {row}")


_refused = given(id=BigId, refusal=sa.Text())
_REFUSE = _end(_refused.c.id, {"state": RescheduleState.REFUSED.value, "refusal": _refused.c.refusal})
_released = given(id=BigId)
_RELEASE = sa.update(requests).where(requests.c.id == _released.c.id).values(reschedule_id=None)


async def refuse(transaction: Transaction, refusals: Mapping[int, str], request_ids: Sequence[int]) -> None:
    """Refuse reschedules in progress, and release their appointment-requests, which are `booking` no longer.

    refusals: the problem code of each refused reschedule, by number.
    Raises AssertionError if a reschedule has already ended: the caller has finished its job.
    """
    ended = await transaction.fetch(_REFUSE, list(refusals.items()))
    if len(ended) != len(refusals):
        raise AssertionError(f"{len(ended)} of {len(refusals)} reschedules were refused")
    await transaction.execute(_RELEASE, [(request_id,) for request_id in request_ids])


_read = given(id=BigId, owner=sa.Text())
READ = (
    sa.select(
        _read.c.place, reschedules.c.id.label("number"), reschedules.c.state.label("outcome"), reschedules.c.refusal
    )
    .add_columns(*SHOWN)
    .select_from(_read)
    .join(reschedules, sa.and_(reschedules.c.id == _read.c.id, reschedules.c.owner == _read.c.owner))
    .join(appointments, appointments.c.id == reschedules.c.appointment_id)
)


async def get_owned(transaction: Transaction, keys: Sequence[tuple[int, str]]) -> list[Reschedule | None]:
    """Reschedules with their appointments, by number and owner, in key order; None for an unknown key."""
    found: list[Reschedule | None] = [None] * len(keys)
    for row in await fetch_everywhere(transaction, READ, keys):
        found[row.place - 1] = _from_row(row)
    return found


def _from_row(row: Row) -> Reschedule:
    return Reschedule(row.number, STATES[row.outcome], row.refusal, from_row(row))
