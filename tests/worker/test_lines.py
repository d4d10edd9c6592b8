"""Each kind of job in a line of its own: slots that are used up, groups of which one member fails, late answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY

from connect_appointments.jobs.options import WorkerOptions
from connect_appointments.store.columns import DETAILS
from connect_appointments.store.engine import Database
from connect_appointments.workforce.port import AvailabilityQuery, NotYet, ReserveCommand
from tests.api_client import Api, number_of
from tests.store.given import kinds, rows, until
from tests.worker.by_hand import (
    appointments_made,
    capacity_taken,
    claimed,
    jobs_left,
    run_out,
    work_off,
    worker_of,
)
from tests.worker.workforces import Behind, Failing, Gated, Scripted, calendar, morning

Serve = Callable[..., AbstractAsyncContextManager[Api]]
NEVER_LOOKS = 3600
"""Seconds between two looks of a worker that works only because it is woken."""


async def to_be_booked(api: Api, database: Database, *order_ids: int) -> list[int]:
    """Booking attempts, one of each order, whose jobs are due: their numbers."""
    requests = [await api.created(order_id) for order_id in order_ids]
    await work_off(api.parts.worker, database)
    slot = (await api.alice.read(requests[0])).json()["slots"][0]["id"]
    return [number_of(await api.alice.book(request_id, slot)) for request_id in requests]


async def test_a_blocked_search_never_holds_up_a_booking(serve: Serve, database: Database) -> None:
    """Searches use up every slot of their kind, and more of them wait."""
    workforce = Gated(calendar(database))
    async with serve(workforce=workforce, worker=WorkerOptions(slots=1, poll_seconds=NEVER_LOOKS)) as api:
        request_id, slots = await api.opened(1)
        workforce.searching.shut()
        blocked = [await api.created(2), await api.created(3)]
        await until(lambda: _asked(workforce.searching, 2))
        booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
        booking = await api.settled(lambda: api.alice.read_booking(booking_id))
        assert booking.status_code == 200
        assert [(await api.alice.read(number)).status_code for number in blocked] == [202, 202]
        workforce.searching.open()
        for number in blocked:
            await api.settled(lambda number=number: api.alice.read(number))


async def test_a_blocked_booking_never_holds_up_a_search(serve: Serve, database: Database) -> None:
    workforce = Gated(calendar(database))
    async with serve(workforce=workforce, worker=WorkerOptions(slots=1, poll_seconds=NEVER_LOOKS)) as api:
        request_id, slots = await api.opened(1)
        workforce.reserving.shut()
        booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
        await workforce.reserving.until_asked()
        assert (await api.opened(2))[1]
        assert (await api.alice.read_booking(booking_id)).status_code == 202
        workforce.reserving.open()
        assert (await api.settled(lambda: api.alice.read_booking(booking_id))).status_code == 200


async def _asked(gate: Any, count: int) -> bool:
    return gate.asked >= count


class OneByOne(Behind):
    """A workforce system in which each group of searches waits for a door of its own."""

    def __init__(self, behind: Any) -> None:
        super().__init__(behind)
        self.doors: list[asyncio.Event] = []

    async def find_slots(self, queries: Sequence[AvailabilityQuery], now: datetime) -> Any:
        self.doors.append(asyncio.Event())
        await self.doors[-1].wait()
        return await self._behind.find_slots(queries, now)

    async def until_asked(self, count: int) -> None:
        async def is_asked() -> bool:
            return len(self.doors) >= count

        await until(is_asked)


@pytest.mark.parametrize("first", [0, 1])
async def test_a_slot_that_comes_free_is_used_at_once(serve: Serve, database: Database, first: int) -> None:
    """Whichever of the groups that fill the slots is done first."""
    workforce = OneByOne(calendar(database))
    async with serve(workforce=workforce, worker=WorkerOptions(slots=2, poll_seconds=NEVER_LOOKS)) as api:
        found = []
        for count in (1, 2):
            found.append(await api.created(1))
            await workforce.until_asked(count)
        found.append(await api.created(1))
        workforce.doors[first].set()
        await workforce.until_asked(3)
        assert (await api.alice.read(found[first])).status_code == 200
        for door in workforce.doors:
            door.set()
        for request_id in found:
            await api.settled(lambda request_id=request_id: api.alice.read(request_id))


class Picky(Behind):
    """A workforce system that fails for the visits of some orders, and answers for the others of the same group."""

    def __init__(self, behind: Any, *order_ids: int) -> None:
        super().__init__(behind)
        self._order_ids = order_ids
        self.groups: list[int] = []

    def _picked(self, asked: Sequence[Any], answers: Sequence[Any]) -> list[Any]:
        self.groups.append(len(asked))
        return [
            ConnectionError("down") if one.visit.order.id in self._order_ids else answer
            for one, answer in zip(asked, answers, strict=True)
        ]

    async def find_slots(self, queries: Sequence[AvailabilityQuery], now: datetime) -> Any:
        return self._picked(queries, await self._behind.find_slots(queries, now))

    async def reserve(self, commands: Sequence[ReserveCommand], now: datetime) -> Any:
        return self._picked(commands, await self._behind.reserve(commands, now))


async def test_a_search_that_fails_puts_off_no_other_of_its_group(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        requests = [await api.created(order_id) for order_id in (1, 2, 3)]
        picky = Picky(calendar(database), 2)
        await worker_of(database, picky).do(await claimed(database))
        assert picky.groups == [3]
        assert [(await api.alice.read(number)).status_code for number in requests] == [200, 202, 200]
    found = await rows(database, "SELECT request_id, tries, last_error FROM jobs")
    assert [tuple(row) for row in found] == [(requests[1], 1, "ConnectionError: down")]


async def test_a_search_that_fails_for_good_fails_no_other_of_its_group(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        requests = [await api.created(order_id) for order_id in (1, 2, 3)]
        await worker_of(database, Picky(calendar(database), 2), search_tries=1).do(await claimed(database))
        assert [(await api.alice.read(number)).status_code for number in requests] == [200, 422, 200]
    assert await jobs_left(database) == 0


async def test_a_booking_that_fails_puts_off_no_other_of_its_group(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        attempts = await to_be_booked(api, database, 1, 2, 3)
        picky = Picky(calendar(database), 2)
        await worker_of(database, picky).do(await claimed(database))
        assert picky.groups == [3]
        assert [(await api.alice.read_booking(number)).status_code for number in attempts] == [200, 202, 200]
        found = await rows(database, "SELECT booking_id, tries, last_error FROM jobs")
        assert [tuple(row) for row in found] == [(attempts[1], 1, "ConnectionError: down")]
        await run_out(database)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_booking(attempts[1])).status_code == 200
    assert (await capacity_taken(database), await appointments_made(database)) == (3, 3)


async def test_each_job_of_a_group_is_about_its_own_order(serve: Serve, database: Database) -> None:
    """What a claim carries of orders is not mixed up between the members of a group."""
    seen: dict[int, Any] = {}

    class Seeing(Behind):
        async def reserve(self, commands: Sequence[ReserveCommand], now: datetime) -> Any:
            seen.update({int(one.key.rpartition("-")[2]): one.visit for one in commands})
            return await self._behind.reserve(commands, now)

    async with serve(with_worker=False) as api:
        attempts = await to_be_booked(api, database, 3, 1, 2)
        await worker_of(database, Seeing(calendar(database))).do(await claimed(database))
        answers = [(await api.alice.read_booking(number)).json()["orderId"] for number in attempts]
    assert [seen[number].order.id for number in attempts] == answers == [3, 1, 2]
    assert {(visit.site.area, visit.order.contact_name) for visit in seen.values()} == {("4000", "Alice")}
    assert all(hasattr(visit.order, name) for visit in seen.values() for name in DETAILS)


class Undecided(Behind):
    """A workforce system that has not decided yet, so many times."""

    def __init__(self, behind: Any, *, seconds: float, times: int) -> None:
        super().__init__(behind)
        self._seconds = seconds
        self._times = times

    async def reserve(self, commands: Sequence[ReserveCommand], now: datetime) -> Any:
        if self._times == 0:
            return await self._behind.reserve(commands, now)
        self._times -= 1
        return [NotYet(self._seconds) for _ in commands]


def failures() -> float:
    return REGISTRY.get_sample_value("connect_job_failures_total", {"kind": "book"}) or 0


async def test_a_booking_that_is_not_decided_yet_is_put_off_and_has_not_failed(
    serve: Serve, database: Database
) -> None:
    async with serve(with_worker=False) as api:
        (booking_id,) = await to_be_booked(api, database, 1)
        before = failures()
        worker = worker_of(database, Undecided(calendar(database), seconds=600, times=1))
        with structlog.testing.capture_logs() as logs:
            await worker.do(await claimed(database))
        assert (failures(), logs) == (before, [])
        assert (await api.alice.read_booking(booking_id)).status_code == 202
        assert await claimed(database) == []
        assert [row[0] for row in await rows(database, "SELECT last_error FROM jobs")] == [None]
        await run_out(database)
        await worker.do(await claimed(database))
        assert (await api.alice.read_booking(booking_id)).status_code == 200
    assert (await capacity_taken(database), await jobs_left(database)) == (1, 0)


async def test_a_booking_that_fails_is_counted(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        await to_be_booked(api, database, 1)
        before = failures()
        await worker_of(database, Failing(Scripted(), ConnectionError("down"), times=1)).do(await claimed(database))
    assert failures() == before + 1


async def test_a_booking_is_asked_for_again_as_soon_as_the_workforce_system_said(
    serve: Serve, database: Database
) -> None:
    undecided = Undecided(calendar(database), seconds=0, times=9)
    async with serve(workforce=undecided, worker=WorkerOptions(poll_seconds=0.01)) as api:
        request_id, booking = await api.booked(1)
    assert booking.status_code == 200
    assert await kinds(database, request_id) == ["created", "slots-found", "booking-started", "booked"]


async def test_a_group_of_which_some_are_not_decided_yet_decides_the_others(serve: Serve, database: Database) -> None:
    class Half(Behind):
        async def reserve(self, commands: Sequence[ReserveCommand], now: datetime) -> Any:
            answers = await self._behind.reserve(commands, now)
            return [
                NotYet(600) if one.visit.order.id == 2 else answer
                for one, answer in zip(commands, answers, strict=True)
            ]

    async with serve(with_worker=False) as api:
        attempts = await to_be_booked(api, database, 1, 2, 3)
        await worker_of(database, Half(Scripted([morning("a")]))).do(await claimed(database))
        assert [(await api.alice.read_booking(number)).status_code for number in attempts] == [200, 202, 200]
    assert [row[0] for row in await rows(database, "SELECT booking_id FROM jobs")] == [attempts[1]]
