"""The outcome of searches, many in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.lifecycle import SLOTS_FOUND
from connect_appointments.core.model import Actor, Order, Scope, Slot
from connect_appointments.store import jobs, requests
from connect_appointments.store.jobs import Job
from connect_appointments.store.orders import from_row
from connect_appointments.store.scope import visible
from connect_appointments.store.tables import appointment_requests, orders


class Subject(NamedTuple):
    """What a job is about: an appointment-request's order, and the date it was created for."""

    date_from: date
    order: Order


class Searched(NamedTuple):
    """The slots that the search of a job has found."""

    job: Job
    slots: Sequence[Slot]

    @property
    def key(self) -> Job:
        """One result a claim."""
        return self.job


async def subjects(connection: AsyncConnection, scope: Scope, request_ids: Collection[int]) -> Mapping[int, Subject]:
    """What jobs of these appointment-requests are about, by their ids."""
    table = appointment_requests
    query = sa.select(table.c.id, table.c.date_from, orders).join(orders)
    query = query.where(table.c.id.in_(request_ids), visible(table, scope))
    rows = (await connection.execute(query)).mappings()
    return {row[table.c.id]: Subject(row[table.c.date_from], from_row(row)) for row in rows}


async def finish(
    connection: AsyncConnection, actor: Callable[[Job], Actor], searched: Sequence[Searched], *, wait: bool
) -> list[bool]:
    """Write down what was found, but for jobs claimed by others since and requests that no longer search.

    actor: who did a job.
    wait: wait for rows that another transaction holds, or leave them out.
    Returns for each whether it was settled, one way or the other; False is for those left out.
    """
    ids = {one.job.request_id for one in searched}
    held = await requests.hold_many(connection, actor(searched[0].job).scope, ids, wait=wait)
    # One job may be there twice, as it was claimed before its lease ran out and after: the later claim counts.
    finished = await jobs.finish_many(connection, [one.job for one in searched if one.job.request_id in held])
    moved = await requests.move_many(connection, {job.request_id: actor(job) for job in finished}, SLOTS_FOUND)
    found = {one.job.request_id: one.slots for one in searched if one.job in finished}
    await requests.offer(connection, {n: found[n] for n in moved})
    return [one.job.request_id in held for one in searched]
