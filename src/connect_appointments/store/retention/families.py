"""Families: appointment-requests and appointments that belong together, and move to the archive together (D50)."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from connect_appointments.core.appointments import CHANGING, FINAL
from connect_appointments.store.columns import BigId
from connect_appointments.store.retention.archive import in_archive
from connect_appointments.store.retention.endings import ENDED, has_ended, is_over
from connect_appointments.store.statements import Row, given, param
from connect_appointments.store.tables import (
    appointment_requests,
    appointments,
    bookings,
    cancellations,
    jobs,
    reschedules,
)
from connect_appointments.store.transaction import Transaction

_given = given(id=BigId)
_LINKS_OF_REQUESTS = sa.union(
    sa.select(appointment_requests.c.id.label("request_id"), appointment_requests.c.appointment_id)
    .join(_given, _given.c.id == appointment_requests.c.id)
    .where(appointment_requests.c.appointment_id.is_not(None)),
    sa.select(reschedules.c.request_id, reschedules.c.appointment_id).join(
        _given, _given.c.id == reschedules.c.request_id
    ),
)
_LINKS_OF_APPOINTMENTS = sa.union(
    sa.select(bookings.c.request_id, appointments.c.id.label("appointment_id"))
    .join(appointments, appointments.c.booking_id == bookings.c.id)
    .join(_given, _given.c.id == appointments.c.id),
    sa.select(appointments.c.request_id, appointments.c.id).join(_given, _given.c.id == appointments.c.id),
    sa.select(reschedules.c.request_id, reschedules.c.appointment_id).join(
        _given, _given.c.id == reschedules.c.appointment_id
    ),
)


class Links(NamedTuple):
    """The families of some appointment-requests.

    requests: the ids of all their appointment-requests.
    pairs: an appointment-request and an appointment each, which belong together.
    """

    requests: frozenset[int]
    pairs: frozenset[tuple[int, int]]

    @property
    def appointments(self) -> frozenset[int]:
        """The ids of all their appointments."""
        return frozenset(appointment_id for _, appointment_id in self.pairs)


@cache
def _links(statement: Any, *, archived: bool) -> Any:
    return in_archive(statement) if archived else statement


async def links(transaction: Transaction, request_ids: Collection[int], *, archived: bool = False) -> Links:
    """The families of appointment-requests whose orders the caller has locked; `archived`: in the archive."""
    requests, pairs, next_ones = set(request_ids), set[tuple[int, int]](), set(request_ids)
    while next_ones:
        found = await _pairs(transaction, _links(_LINKS_OF_REQUESTS, archived=archived), next_ones)
        new = {pair[1] for pair in found} - {pair[1] for pair in pairs}
        more = await _pairs(transaction, _links(_LINKS_OF_APPOINTMENTS, archived=archived), new)
        pairs |= found | more
        next_ones = {pair[0] for pair in more} - requests
        requests |= next_ones
    return Links(frozenset(requests), frozenset(pairs))


async def _pairs(transaction: Transaction, statement: Any, ids: Collection[int]) -> set[tuple[int, int]]:
    return {(row.request_id, row.appointment_id) for row in await transaction.fetch(statement, _rows(ids))}


def _rows(ids: Collection[int]) -> list[tuple[int]]:
    return [(number,) for number in sorted(ids)]


_WALK = (
    sa.select(appointment_requests.c.id, (appointment_requests.c.created_on <= ENDED).label("is_old"))
    .where(appointment_requests.c.id > param("after", BigId))
    .order_by(appointment_requests.c.id)
    .limit(param("limit", sa.Integer()))
)
_of_cancellations = (
    sa.select(appointments.c.request_id)
    .join(cancellations, cancellations.c.appointment_id == appointments.c.id)
    .join(jobs, jobs.c.cancellation_id == cancellations.c.id)
)
_of_reschedules = sa.select(reschedules.c.request_id).join(jobs, jobs.c.reschedule_id == reschedules.c.id)
_of_bookings = sa.select(bookings.c.request_id).join(jobs, jobs.c.booking_id == bookings.c.id)
_with_jobs = (
    sa.select(jobs.c.request_id).where(jobs.c.request_id.is_not(None)),
    _of_bookings,
    _of_cancellations,
    _of_reschedules,
)
_REQUESTS = sa.select(
    appointment_requests.c.id,
    appointment_requests.c.order_id,
    sa.and_(has_ended(), *(appointment_requests.c.id.not_in(query) for query in _with_jobs)).label("has_ended"),
).join(_given, _given.c.id == appointment_requests.c.id)
_APPOINTMENTS = sa.select(
    appointments.c.id,
    appointments.c.order_id,
    appointments.c.state.not_in(sorted(FINAL)).label("is_standing"),
    sa.and_(is_over(), appointments.c.state.not_in(sorted(CHANGING))).label("has_ended"),
).join(_given, _given.c.id == appointments.c.id)


async def requests_after(transaction: Transaction, after: int, ended: float, *, limit: int) -> list[Row]:
    """Up to `limit` appointment-requests with ids above `after`: id, and `is_old`: created before that moment."""
    return await transaction.fetch(_WALK, after=after, ended=ended, limit=limit)


async def read_requests(transaction: Transaction, ids: Collection[int], ages: dict[str, float]) -> list[Row]:
    """Locked appointment-requests: id, order_id, and `has_ended`: ended long enough ago, and has no job."""
    return await transaction.fetch(_REQUESTS, _rows(ids), **ages)


async def read_appointments(transaction: Transaction, ids: Collection[int], ages: dict[str, float]) -> list[Row]:
    """Locked appointments: id, order_id, `is_standing`: in no final state, and `has_ended`: over long enough ago."""
    return await transaction.fetch(_APPOINTMENTS, _rows(ids), **ages)


_STANDING = in_archive(
    sa.select(appointments.c.order_id)
    .join(_given, _given.c.id == appointments.c.id)
    .where(appointments.c.state.not_in(sorted(FINAL)))
)


async def archived_standing(transaction: Transaction, ids: Collection[int]) -> list[int]:
    """The orders of archived appointments in a state that is not final, once per appointment."""
    return [row.order_id for row in await transaction.fetch(_STANDING, _rows(ids))]


_ORDER = in_archive(sa.select(appointment_requests.c.order_id).join(_given, _given.c.id == appointment_requests.c.id))


async def archived_order(transaction: Transaction, request_id: int) -> int | None:
    """The order of an archived appointment-request; None if it is not in the archive."""
    found = await transaction.fetch(_ORDER, [(request_id,)])
    return found[0].order_id if found else None
