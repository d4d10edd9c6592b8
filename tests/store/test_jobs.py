"""Jobs: each leased to one worker at a time, by the database's clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from connect_appointments.jobs import book, release_offer, search
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import cancellations, jobs, requests
from connect_appointments.store.queries.jobs import RELEASE_OFFER, Job, NewJob, Postponed
from connect_appointments.store.transaction import Transaction
from tests.build import ALICE, sample_order
from tests.store.given import DAY, ORDER, being_booked, created, execute, opened, rows, slot


@pytest.fixture
async def request_id(database: Database) -> int:
    """An appointment-request to have jobs for."""
    return await created(database)


async def add_jobs(database: Database, request_id: int, count: int = 1) -> None:
    new = [NewJob("search", request_id, f"x_request_id-{n}") for n in range(count)]
    await database.write(lambda transaction: jobs.add(transaction, new))


async def claim_jobs(
    database: Database, limit: int = 10, lease_seconds: float = 60, statement: Any = search.CLAIM
) -> Sequence[Job]:
    return await database.write(
        lambda transaction: jobs.claim(transaction, statement, limit=limit, lease_seconds=lease_seconds)
    )


async def _finish(database: Database, *done: Job) -> list[bool]:
    keys = await database.write(lambda transaction: jobs.finish(transaction, done))
    assert keys <= {job.key for job in done}
    return [job.key in keys for job in done]


async def _postpone(database: Database, job: Job, seconds: float, error: str | None) -> None:
    later = [Postponed(job, seconds, error)]
    await database.write(lambda transaction: jobs.postpone(transaction, later))


async def _count(database: Database) -> int:
    return await database.read(jobs.count)


async def _let_leases_run_out(database: Database) -> None:
    if database.is_sqlite:
        await execute(database, "UPDATE jobs SET due_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 seconds')")
    else:
        await execute(database, "UPDATE jobs SET due_at = now() - interval '1 second'")


async def test_a_claimed_job_says_what_to_do(database: Database) -> None:
    request_id, booking_id = await being_booked(database)
    (found,) = await claim_jobs(database, statement=book.CLAIM)
    assert found[:6] == (found.id, "book", request_id, booking_id, "x_request_id", 1)
    assert (found.context.owner, found.context.transferred_on, found.context.order_id) == (ALICE, None, ORDER)


async def test_a_job_to_search_comes_with_its_order_and_date(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id)
    (found,) = await claim_jobs(database)
    order = sample_order(ORDER)
    context = found.context
    assert (context.date_from, context.order_id, context.contact_notes) == (DAY, ORDER, None)
    assert (context.contact_name, context.priority_assist, context.area) == ("Alice", False, order.site.area)
    assert [(context.installation,)] == await rows(database, "SELECT id FROM installation")


async def test_a_job_to_release_an_offer_comes_with_the_slots_and_the_one_that_is_chosen(database: Database) -> None:
    (chosen, _), unchosen = await being_booked(database), await opened(database)
    new = [NewJob(RELEASE_OFFER, request_id, "x_request_id") for request_id in (chosen, unchosen)]
    await database.write(lambda transaction: jobs.add(transaction, new))
    found = await claim_jobs(database, statement=release_offer.CLAIM)
    assert {job.request_id: job.context.chosen for job in found} == {chosen: slot().id, unchosen: None}
    assert all(job.context.slots for job in found)


async def test_each_kind_of_job_is_claimed_by_its_own_statement(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id)
    await being_booked(database)
    assert [job.kind for job in await claim_jobs(database)] == ["search"]
    assert [job.kind for job in await claim_jobs(database, statement=book.CLAIM)] == ["book"]


async def test_a_job_that_is_not_committed_is_nobodys(database: Database, request_id: int) -> None:
    async def work(transaction: Transaction) -> None:
        await jobs.add(transaction, [NewJob("search", request_id, "x_request_id")])
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)
    assert await claim_jobs(database) == []


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=10)), timezone(timedelta(hours=-10))], ids=str)
async def test_a_job_is_due_when_it_says_in_whatever_time_zone(database: Database, zone: timezone) -> None:
    ids = [await created(database) for _ in range(2)]
    now = datetime.now(zone)
    moments = (now - timedelta(hours=1), now + timedelta(hours=1))
    new = [NewJob("search", request_id, "x_request_id", due_at=at) for request_id, at in zip(ids, moments, strict=True)]
    await database.write(lambda transaction: jobs.add(transaction, new))
    assert [job.request_id for job in await claim_jobs(database)] == ids[:1]


async def test_no_more_jobs_are_claimed_than_asked_for(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id, 5)
    assert [len(await claim_jobs(database, limit=2)) for _ in range(4)] == [2, 2, 1, 0]


async def test_the_longest_due_job_comes_first(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id, 3)
    await _let_leases_run_out(database)
    await add_jobs(database, request_id)
    first = await claim_jobs(database, limit=3)
    (last,) = await claim_jobs(database)
    assert last.id > max(job.id for job in first)


async def test_a_leased_job_is_not_claimed_again(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id)
    assert len(await claim_jobs(database)) == 1
    assert await claim_jobs(database) == []
    assert await _count(database) == 1


async def test_a_job_whose_lease_ran_out_is_claimed_again_and_counts_its_tries(
    database: Database, request_id: int
) -> None:
    await add_jobs(database, request_id)
    (first,) = await claim_jobs(database)
    await _let_leases_run_out(database)
    (second,) = await claim_jobs(database)
    assert second._replace(context=None) == first._replace(tries=2, context=None)


async def test_a_lease_lasts_as_long_as_asked_by_the_clock_of_the_database(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id)
    await claim_jobs(database, lease_seconds=90.5)
    left = (
        "SELECT (julianday(due_at) - julianday('now')) * 86400 FROM jobs"
        if database.is_sqlite
        else "SELECT extract(epoch FROM due_at - clock_timestamp()) FROM jobs"
    )
    ((seconds,),) = await rows(database, left)
    assert 80 < seconds < 90.6


async def test_a_finished_job_is_gone(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id)
    (job,) = await claim_jobs(database)
    assert await _finish(database, job) == [True]
    assert await _finish(database, job) == [False]
    assert await _count(database) == 0


async def test_the_id_of_a_finished_job_is_never_another_jobs(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id)
    (first,) = await claim_jobs(database)
    await _finish(database, first)
    await add_jobs(database, request_id)
    (second,) = await claim_jobs(database)
    assert second.id > first.id


async def test_a_worker_that_slept_through_its_lease_finishes_nothing(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id)
    (slept,) = await claim_jobs(database)
    await _let_leases_run_out(database)
    (awake,) = await claim_jobs(database)
    assert await _finish(database, slept) == [False]
    assert await _count(database) == 1
    assert await _finish(database, awake) == [True]


async def test_of_many_those_are_finished_that_are_still_ones_own(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id, 3)
    slept = await claim_jobs(database)
    await _let_leases_run_out(database)
    (taken,) = await claim_jobs(database, limit=1)
    assert await _finish(database, *slept) == [job.id != taken.id for job in slept]
    assert await _finish(database, *slept, taken) == [False] * 3 + [True]
    assert await _count(database) == 0


async def test_a_postponed_job_is_due_later_and_keeps_its_error(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id)
    (job,) = await claim_jobs(database)
    await _postpone(database, job, 3600, "no answer")
    assert await claim_jobs(database) == []
    assert await rows(database, "SELECT tries, last_error FROM jobs") == [(1, "no answer")]
    await _let_leases_run_out(database)
    assert [found.tries for found in await claim_jobs(database)] == [2]


async def test_a_job_postponed_to_now_is_due_at_once(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id)
    (job,) = await claim_jobs(database)
    await _postpone(database, job, 0, "busy")
    assert [found.id for found in await claim_jobs(database)] == [job.id]


async def test_a_worker_that_slept_through_its_lease_postpones_nothing(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id)
    (slept,) = await claim_jobs(database)
    await _let_leases_run_out(database)
    await claim_jobs(database)
    await _postpone(database, slept, 0, "late")
    assert await claim_jobs(database) == []
    assert await rows(database, "SELECT last_error FROM jobs") == [(None,)]


async def test_jobs_are_postponed_each_by_its_own_time(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id, 2)
    now, later = await claim_jobs(database)
    put_off = [Postponed(now, 0, "first"), Postponed(later, 3600, None)]
    await database.write(lambda transaction: jobs.postpone(transaction, put_off))
    assert await rows(database, "SELECT last_error FROM jobs ORDER BY id") == [("first",), (None,)]
    assert [job.id for job in await claim_jobs(database)] == [now.id]


async def test_a_leased_job_has_no_error(database: Database, request_id: int) -> None:
    await add_jobs(database, request_id)
    (job,) = await claim_jobs(database)
    await _postpone(database, job, 0, "no answer")
    await claim_jobs(database)
    assert await rows(database, "SELECT tries, last_error FROM jobs") == [(2, None)]


async def test_the_release_of_an_offer_is_brought_forward_when_its_request_is_cancelled(database: Database) -> None:
    cancelled, other = await opened(database), await opened(database)
    until = datetime.now(UTC) + timedelta(hours=1)
    new = [NewJob(RELEASE_OFFER, request_id, "x_request_id", due_at=until) for request_id in (cancelled, other)]

    async def work(transaction: Transaction) -> None:
        await requests.hold_offers(transaction, {cancelled: until, other: until})
        await jobs.add(transaction, [*new, NewJob("search", cancelled, "x_request_id", due_at=until)])

    await database.write(work)
    assert await claim_jobs(database, statement=release_offer.CLAIM) == []
    wanted = [(cancelled, ALICE, "portal-api", "x_request_id")]
    await database.write(lambda transaction: cancellations.cancel(transaction, wanted, wait=False))
    found = await claim_jobs(database, statement=release_offer.CLAIM)
    assert [job.request_id for job in found] == [cancelled]
    assert await claim_jobs(database) == []
