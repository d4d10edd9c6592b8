"""What searches found: written down for many at once, unless a request or a job has moved on."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.core.lifecycle import CANCEL, SLOTS_FOUND, State
from connect_appointments.core.model import Actor, Scope
from connect_appointments.store import jobs, requests, searches
from connect_appointments.store.engine import Database
from connect_appointments.store.jobs import Job, JobKind, Task
from connect_appointments.store.searches import Searched, Subject
from tests.build import BOB, sample_order
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import (
    ALICES,
    BOBS,
    BOBS_ORDER,
    DAY,
    EVERYBODYS,
    NOBODYS_ID,
    ORDER,
    created,
    kinds,
    moved,
    slot,
    state_of,
)


def _actor(job: Job) -> Actor:
    return Actor(EVERYBODYS, "worker", job.trace)


async def _claimed(database: Database, *ids: int, lease_seconds: float = 60) -> list[Job]:
    """A job for each, claimed, in their order; those that have one are claimed again."""

    async def work(connection: AsyncConnection) -> Sequence[Job]:
        if ids:
            await jobs.add(connection, JobKind.SEARCH, [Task(request_id, f"trace {request_id}") for request_id in ids])
        return await jobs.claim(connection, limit=100, lease_seconds=lease_seconds)

    return sorted(await database.write(work), key=lambda job: job.request_id)


async def _finish(database: Database, *searched: Searched, wait: bool = False) -> list[bool]:
    return await database.write(lambda connection: searches.finish(connection, _actor, searched, wait=wait))


async def _offered(database: Database, request_id: int) -> list[str]:
    found = await database.read(lambda connection: requests.offered(connection, request_id))
    return [one.id for one in found]


async def _job_count(database: Database) -> int:
    return await database.read(jobs.count)


async def test_each_request_is_opened_with_its_own_slots(database: Database) -> None:
    ids = [await created(database), await created(database), await created(database, BOBS_ORDER)]
    claimed = await _claimed(database, *ids)
    offers = [[slot(1), slot(2)], [], [slot(3)]]
    found = [Searched(job, offer) for job, offer in zip(claimed, offers, strict=True)]
    assert await _finish(database, *found) == [True, True, True]
    assert [await _offered(database, n) for n in ids] == [["slot-1", "slot-2"], [], ["slot-3"]]
    for request_id in ids:
        assert await state_of(database, request_id) is State.OPEN
        assert await kinds(database, request_id) == ["created", SLOTS_FOUND.name]
    assert await _job_count(database) == 0


async def test_a_search_of_a_cancelled_request_changes_nothing_and_is_done(database: Database) -> None:
    cancelled, wanted = await created(database), await created(database)
    claimed = await _claimed(database, cancelled, wanted)
    await moved(database, cancelled, CANCEL)
    assert await _finish(database, *(Searched(job, [slot()]) for job in claimed)) == [True, True]
    assert await state_of(database, cancelled) is State.CANCELLED
    assert await kinds(database, cancelled) == ["created", CANCEL.name]
    assert [await _offered(database, n) for n in (cancelled, wanted)] == [[], ["slot-1"]]
    assert await _job_count(database) == 0


async def test_a_search_that_outlived_its_lease_changes_nothing(database: Database) -> None:
    request_id = await created(database)
    (slept,) = await _claimed(database, request_id, lease_seconds=0)
    (awake,) = await _claimed(database)
    assert await _finish(database, Searched(slept, [slot(1)])) == [True]
    assert await state_of(database, request_id) is State.SEARCHING
    assert await _job_count(database) == 1
    assert await _finish(database, Searched(awake, [slot(2)])) == [True]
    assert await _offered(database, request_id) == ["slot-2"]


@pytest.mark.parametrize("later_first", [True, False])
async def test_of_two_claims_of_one_job_in_one_batch_the_later_counts(database: Database, *, later_first: bool) -> None:
    request_id = await created(database)
    (slept,) = await _claimed(database, request_id, lease_seconds=0)
    (awake,) = await _claimed(database)
    both = [Searched(slept, [slot(1)]), Searched(awake, [slot(2)])]
    assert await _finish(database, *(reversed(both) if later_first else both)) == [True, True]
    assert await _offered(database, request_id) == ["slot-2"]
    assert await kinds(database, request_id) == ["created", SLOTS_FOUND.name]


@ON_POSTGRESQL
async def test_a_request_that_is_held_is_left_out_with_its_job(database: Database, neighbour: Database) -> None:
    held, free = await created(database), await created(database)
    claimed = await _claimed(database, held, free)
    found = [Searched(job, [slot()]) for job in claimed]
    outcomes: list[list[bool]] = []

    async def work(connection: AsyncConnection) -> None:
        await requests.hold(connection, EVERYBODYS, held)
        outcomes.append(await _finish(neighbour, *found))

    await database.write(work)
    assert outcomes[0] == [False, True]
    assert await state_of(database, held) is State.SEARCHING
    assert await state_of(database, free) is State.OPEN
    assert await _finish(database, found[0], wait=True) == [True]
    assert await state_of(database, held) is State.OPEN
    assert await _job_count(database) == 0


async def test_a_job_is_about_its_requests_order_and_date(database: Database) -> None:
    alices, bobs = await created(database), await created(database, BOBS_ORDER)

    async def seen_by(scope: Scope) -> dict[int, Subject]:
        ids = [alices, bobs, NOBODYS_ID]
        return dict(await database.read(lambda connection: searches.subjects(connection, scope, ids)))

    of_alice = {alices: Subject(DAY, sample_order(ORDER))}
    of_bob = {bobs: Subject(DAY, sample_order(BOBS_ORDER, BOB))}
    assert await seen_by(EVERYBODYS) == of_alice | of_bob
    assert await seen_by(ALICES) == of_alice
    assert await seen_by(BOBS) == of_bob
