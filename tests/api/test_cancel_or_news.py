"""Cancellations and news at the same moment, from two processes: one outcome, which every caller is told (D42, D45)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from connect_appointments.core.model import Actor, Operator
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import verify
from connect_appointments.usecases.appointment_news import Report, record_report
from connect_appointments.wiring import default_policy
from connect_appointments.workforce.port import NewsKind
from tests.api_client import Api, number_of, serve_in_process
from tests.build import Clock, Issuer, fill
from tests.store.appointments import appointment_row, occupancy, timeline
from tests.store.given import rows, until
from tests.worker.by_hand import capacity_reserved, capacity_taken, jobs_left

pytestmark = pytest.mark.engines("sqlite", "postgresql")

CALLERS = 16
NETWORK = Actor(Operator("network"), "network", "x_request_id-of-the-network")


@pytest.fixture
async def processes(database_url: str, issuer: Issuer, clock: Clock) -> AsyncIterator[list[Api]]:
    """The service as two processes have it, over one database."""
    databases = [Database(database_url) for _ in range(2)]
    await fill(databases[0], clock())
    async with AsyncExitStack() as stack:
        for database in databases:
            stack.push_async_callback(database.close)
        serving = [serve_in_process(database, issuer, clock) for database in databases]
        yield [await stack.enter_async_context(one) for one in serving]


async def test_d42_many_callers_of_two_processes_cancel_once(processes: list[Api], database: Database) -> None:
    appointment = await processes[0].appointed(1)
    answers = await asyncio.gather(
        *(processes[n % 2].alice.cancel_appointment(appointment["id"]) for n in range(CALLERS))
    )
    (number,) = {number_of(answer) for answer in answers}
    for api in processes:
        assert (await api.settled(lambda api=api: api.alice.read_cancellation(number))).status_code == 200
    assert await timeline(database, appointment["id"]) == ["cancellation-requested", "cancelled"]
    assert (await capacity_taken(database), await capacity_reserved(database), await occupancy(database, 1)) == (
        0,
        0,
        0,
    )


@pytest.mark.parametrize("kind", [NewsKind.STARTED, NewsKind.COMPLETED, NewsKind.CANCELLED])
async def test_d46a_cancels_and_news_at_once_have_one_outcome(
    processes: list[Api], database: Database, kind: NewsKind
) -> None:
    for order_id in range(1, 7):
        await one_outcome(processes, database, order_id, kind)

    async def idle() -> bool:
        return await jobs_left(database) == 0

    await until(idle)
    assert await database.read(verify.findings) == []
    ((standing,),) = await rows(database, "SELECT count(*) FROM appointments WHERE state <> 'cancelled'")
    assert (await capacity_taken(database), await capacity_reserved(database)) == (standing, standing)


async def one_outcome(processes: list[Api], database: Database, order_id: int, kind: NewsKind) -> None:
    appointment = await processes[0].appointed(order_id)
    number = appointment["id"]
    news = [record_report(database, NETWORK, Report(number, kind, reason="flood"), default_policy()) for _ in range(2)]
    cancels = [processes[n % 2].alice.cancel_appointment(number) for n in range(4)]
    calls = [*news, *cancels]
    random.shuffle(calls)
    answers = await asyncio.gather(*calls)
    numbers = {number_of(answer) for answer in answers if not isinstance(answer, bool)}
    ended = [await processes[1].settled(lambda one=one: processes[1].alice.read_cancellation(one)) for one in numbers]
    state = (await appointment_row(database, number)).state
    fits = [answer for answer in answers if isinstance(answer, bool)].count(True)
    events = [event for event in await timeline(database, number) if event != "news-ignored"]
    if state == "cancelled":
        assert {answer.status_code for answer in ended} == {200}
        assert len(numbers) == 1
        assert fits <= 1
        assert (events[-1] == "cancelled") == ("cancellation-requested" in events)
    else:
        assert {answer.status_code for answer in ended} == {422}
        assert fits == 1
    assert await occupancy(database, order_id) == (state == "in-progress")
