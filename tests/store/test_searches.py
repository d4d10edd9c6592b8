"""What searches found: written down for many at once, unless a request or a job has moved on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connect_appointments.core.model import Slot
from connect_appointments.core.requests import CANCEL, SEARCH_FAILED, SLOTS_FOUND, State
from connect_appointments.jobs.search import CLAIM, SearchResult, fail_searches, finish_searches
from connect_appointments.store.columns import database_now
from connect_appointments.store.engine import Database
from connect_appointments.store.locking import ROW_LOCKED, lock
from connect_appointments.store.queries import events, jobs, offers, requests
from connect_appointments.store.queries.jobs import RELEASE_OFFER, Job, NewJob
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.transaction import Transaction
from connect_appointments.workforce.port import Availability
from tests.build import ALICE, BOB
from tests.store.conftest import ON_POSTGRESQL
from tests.store.given import BOBS_ORDER, EVERYBODYS, created, kinds, moved, rows, slot, state_of


async def _claimed(database: Database, *ids: int, lease_seconds: float = 60) -> list[Job]:
    """A job for each, claimed, in their order; those that have one are claimed again."""

    async def work(transaction: Transaction) -> Sequence[Job]:
        await jobs.add(transaction, [NewJob("search", request_id, f"x_request_id {request_id}") for request_id in ids])
        return await jobs.claim(transaction, CLAIM, limit=100, lease_seconds=lease_seconds)

    return sorted(await database.write(work), key=lambda job: job.request_id or 0)


def _found(job: Job, *slots: Slot, held_until: datetime | None = None) -> SearchResult:
    return SearchResult(job, Availability(slots, held_until=held_until))


async def _finish(database: Database, *found: SearchResult, wait: bool = False) -> Sequence[Any]:
    return await database.write(lambda transaction: finish_searches(transaction, found, wait=wait))


async def _fail(database: Database, *failed: Job, wait: bool = False) -> Sequence[Any]:
    return await database.write(lambda transaction: fail_searches(transaction, failed, wait=wait))


async def _offered(database: Database, request_id: int) -> list[str]:
    found = await database.read(lambda transaction: offers.get(transaction, [request_id]))
    return [one.id for one in found.get(request_id, ())]


async def _job_count(database: Database) -> int:
    return await database.read(jobs.count)


async def test_each_request_is_opened_with_its_own_slots(database: Database) -> None:
    ids = [await created(database), await created(database), await created(database, BOBS_ORDER)]
    claimed = await _claimed(database, *ids)
    found = [[slot(1), slot(2)], [], [slot(3)]]
    results = [_found(job, *slots) for job, slots in zip(claimed, found, strict=True)]
    assert await _finish(database, *results) == [None, None, None]
    assert [await _offered(database, n) for n in ids] == [["slot-1", "slot-2"], [], ["slot-3"]]
    for request_id in ids:
        assert await state_of(database, request_id) is State.OPEN
        assert await kinds(database, request_id) == ["created", SLOTS_FOUND.name]
    assert await _job_count(database) == 0


async def test_each_event_is_of_its_owner_and_says_what_the_worker_followed(database: Database) -> None:
    ids = [await created(database), await created(database, BOBS_ORDER)]
    await _finish(database, *(_found(job, slot()) for job in await _claimed(database, *ids)))
    for request_id, owner in zip(ids, (ALICE, BOB), strict=True):
        found = await database.read(lambda transaction, n=request_id: events.of_request(transaction, EVERYBODYS, n))
        assert found[-1][2:8] == (SLOTS_FOUND.name, found[-1].at, owner, "worker", f"x_request_id {request_id}", None)


@pytest.mark.parametrize(
    ("expires_on", "seconds", "expected"),
    [
        pytest.param(None, None, None, id="none"),
        pytest.param(None, 600, None, id="none-of-an-empty-offer"),
        pytest.param(timedelta(hours=1), None, timedelta(hours=1), id="its-slots"),
        pytest.param(timedelta(hours=1), 600, timedelta(minutes=10), id="its-minutes"),
        pytest.param(timedelta(minutes=5), 600, timedelta(minutes=5), id="its-slots-before-its-minutes"),
    ],
)
async def test_d47_an_offer_ends_at_the_earlier_of_its_limits_by_the_clock_of_the_database(
    database: Database, expires_on: timedelta | None, seconds: float | None, expected: timedelta | None
) -> None:
    request_id = await created(database)
    (job,) = await _claimed(database, request_id)
    ((now,),) = await database.read(lambda transaction: transaction.fetch(sa.select(database_now())))
    found = _found(job, slot())._replace(expires_on=expires_on and now + expires_on, offer_seconds=seconds)
    await _finish(database, found)
    request = await database.read(lambda transaction: requests.get(transaction, EVERYBODYS, request_id))
    assert request is not None
    if expected == timedelta(minutes=10):
        assert request.slots_expire_on == request.updated_on + expected
    else:
        assert request.slots_expire_on == (expected and now + expected)


async def test_a_search_that_failed_for_good_leaves_no_offer(database: Database) -> None:
    failed, found = await created(database), await created(database)
    first, second = await _claimed(database, failed, found)
    assert await _fail(database, first) == [None]
    await _finish(database, _found(second, slot()))
    assert await state_of(database, failed) is State.FAILED
    assert await kinds(database, failed) == ["created", SEARCH_FAILED.name]
    assert [await _offered(database, n) for n in (failed, found)] == [[], ["slot-1"]]
    assert await _job_count(database) == 0


async def test_an_offer_that_is_held_gets_a_job_that_releases_it(database: Database) -> None:
    held, other = await created(database), await created(database)
    first, second = await _claimed(database, held, other)
    until = slot().start
    await _finish(database, _found(first, slot(), held_until=until), _found(second, slot()))
    query = "SELECT kind, request_id, x_request_id, tries, due_at FROM jobs"
    due = "2026-11-24T22:00:00.000Z" if database.is_sqlite else until
    assert await rows(database, query) == [(RELEASE_OFFER, held, f"x_request_id {held}", 0, due)]
    assert await rows(database, "SELECT id FROM appointment_requests WHERE held_until IS NOT NULL") == [(held,)]


async def test_a_search_of_a_cancelled_request_changes_nothing_and_is_done(database: Database) -> None:
    cancelled, wanted = await created(database), await created(database)
    claimed = await _claimed(database, cancelled, wanted)
    await moved(database, cancelled, CANCEL)
    until = slot().start
    assert await _finish(database, *(_found(job, slot(), held_until=until) for job in claimed)) == [None, None]
    assert await state_of(database, cancelled) is State.CANCELLED
    assert await kinds(database, cancelled) == ["created", CANCEL.name]
    assert [await _offered(database, n) for n in (cancelled, wanted)] == [[], ["slot-1"]]


@pytest.mark.parametrize("state", [State.CANCELLED, State.FAILED])
async def test_a_failure_of_a_request_that_no_longer_searches_changes_nothing(database: Database, state: State) -> None:
    request_id = await created(database)
    (job,) = await _claimed(database, request_id)
    await moved(database, request_id, CANCEL if state is State.CANCELLED else SEARCH_FAILED)
    before = await kinds(database, request_id)
    assert await _fail(database, job) == [None]
    assert (await state_of(database, request_id), await kinds(database, request_id)) == (state, before)
    assert await _job_count(database) == 0


@pytest.mark.parametrize("outcome", ["found", "failed"])
async def test_a_search_that_outlived_its_lease_changes_nothing(database: Database, outcome: str) -> None:
    request_id = await created(database)
    (slept,) = await _claimed(database, request_id, lease_seconds=0)
    (awake,) = await _claimed(database)
    late = _finish(database, _found(slept, slot(1))) if outcome == "found" else _fail(database, slept)
    assert await late == [None]
    assert await state_of(database, request_id) is State.SEARCHING
    assert await _job_count(database) == 1
    assert await _finish(database, _found(awake, slot(2))) == [None]
    assert await _offered(database, request_id) == ["slot-2"]


@pytest.mark.parametrize("later_first", [True, False])
async def test_of_two_claims_of_one_job_in_one_batch_the_later_counts(database: Database, *, later_first: bool) -> None:
    request_id = await created(database)
    (slept,) = await _claimed(database, request_id, lease_seconds=0)
    (awake,) = await _claimed(database)
    both = [_found(slept, slot(1)), _found(awake, slot(2))]
    assert await _finish(database, *(reversed(both) if later_first else both)) == [None, None]
    assert await _offered(database, request_id) == ["slot-2"]
    assert await kinds(database, request_id) == ["created", SLOTS_FOUND.name]


@ON_POSTGRESQL
@pytest.mark.parametrize("outcome", ["found", "failed"])
async def test_a_request_that_is_locked_is_left_out_with_its_job(
    database: Database, neighbour: Database, outcome: str
) -> None:
    locked, free = await created(database), await created(database)
    claimed = await _claimed(database, locked, free)
    target = State.OPEN if outcome == "found" else State.FAILED
    outcomes: list[Sequence[Any]] = []

    async def end(where: Database, *ended: Job, wait: bool) -> Sequence[Any]:
        if outcome == "found":
            return await _finish(where, *(_found(job, slot()) for job in ended), wait=wait)
        return await _fail(where, *ended, wait=wait)

    async def work(transaction: Transaction) -> None:
        await lock(transaction, request_locks.LOCK_ANY, [(locked,)], wait=True)
        outcomes.append(await end(neighbour, *claimed, wait=False))

    await database.write(work)
    assert outcomes[0] == [ROW_LOCKED, None]
    assert await state_of(database, locked) is State.SEARCHING
    assert await state_of(database, free) is target
    assert await _job_count(database) == 1
    assert await end(database, claimed[0], wait=True) == [None]
    assert await state_of(database, locked) is target
    assert await _job_count(database) == 0
