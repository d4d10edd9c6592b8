"""A record of the operator and the decision of the calendar are one: no place is given back under a visit (D45)."""

from __future__ import annotations

from typing import Any

import pytest

from connect_appointments.core.model import Actor, Operator
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import verify
from connect_appointments.usecases.appointment_news import Report, record_report
from connect_appointments.wiring import default_policy
from connect_appointments.workforce.port import NewsKind
from tests.api_client import Api, number_of
from tests.store.appointments import appointment_row, occupancy, timeline
from tests.store.given import execute, rows
from tests.worker.by_hand import capacity_reserved, capacity_taken, claimed_one, jobs_left, run_out, work_off, worker_of
from tests.worker.network import K
from tests.worker.rescheduling import Serve, opened, to_be_moved
from tests.worker.test_killed_workers import killed_after
from tests.worker.test_rescheduling_and_news import BEGUN, ENDED, overtaken
from tests.worker.workforces import Scripted, calendar

OPERATOR = Actor(Operator("test"), "test", "x_request_id-of-the-operator")
WORK = [(K.STARTED, BEGUN), (K.COMPLETED, ENDED), (K.INCOMPLETE, ENDED)]


async def record(database: Database, appointment_id: int, kind: NewsKind) -> bool:
    return await record_report(database, OPERATOR, Report(appointment_id, kind), default_policy())


async def appointed(api: Api, database: Database) -> int:
    """The id of an appointment."""
    request_id, slots = await opened(api, database)
    booking = number_of(await api.alice.book(request_id, slots[0]["id"]))
    await work_off(api.parts.worker, database)
    return int((await api.alice.read_booking(booking)).json()["id"])


async def places(database: Database) -> tuple[int, int]:
    return await capacity_taken(database), await capacity_reserved(database)


@pytest.mark.parametrize(("kind", "code"), WORK)
async def test_d45_a_cancel_on_its_way_gives_no_place_back_once_work_is_recorded(
    serve: Serve, database: Database, kind: NewsKind, code: str
) -> None:
    async with serve(with_worker=False) as api:
        appointment_id = await appointed(api, database)
        number = number_of(await api.alice.cancel_appointment(appointment_id))
        on_its_way = await claimed_one(database)
        assert await record(database, appointment_id, kind)
        await worker_of(database, calendar(database)).do([on_its_way])
        answer = await api.alice.read_cancellation(number)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert (await places(database), await jobs_left(database)) == ((1, 1), 0)
        assert await database.read(verify.findings) == []


@pytest.mark.parametrize("kind", [kind for kind, _ in WORK])
async def test_d45_work_is_not_recorded_once_the_calendar_has_cancelled_the_visit(
    serve: Serve, database: Database, kind: NewsKind
) -> None:
    async with serve(with_worker=False) as api:
        appointment_id = await appointed(api, database)
        number = number_of(await api.alice.cancel_appointment(appointment_id))
        await killed_after(database, await claimed_one(database), "cancel")
        assert not await record(database, appointment_id, kind)
        assert (await appointment_row(database, appointment_id)).state == "cancelling"
        await run_out(database)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_cancellation(number)).status_code == 200
        assert await timeline(database, appointment_id) == ["cancellation-requested", "news-ignored", "cancelled"]
        assert (await places(database), await occupancy(database, 1)) == ((0, 0), 0)


@pytest.mark.parametrize(("kind", "code"), WORK)
async def test_d45_a_move_on_its_way_takes_no_place_once_work_is_recorded(
    serve: Serve, database: Database, kind: NewsKind, code: str
) -> None:
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        on_its_way = await claimed_one(database)
        assert await record(database, moving.id, kind)
        await worker_of(database, calendar(database)).do([on_its_way])
        await overtaken(api, database, moving, code)


@pytest.mark.parametrize(("kind", "code"), [*WORK, (K.CANCELLED, ENDED)])
async def test_d46a_a_move_before_the_record_is_given_back(
    serve: Serve, database: Database, kind: NewsKind, code: str
) -> None:
    async with serve(with_worker=False) as api:
        moving = await to_be_moved(api, database)
        await killed_after(database, await claimed_one(database), "move")
        assert await record(database, moving.id, kind)
        await run_out(database)
        await work_off(api.parts.worker, database)
        await overtaken(api, database, moving, code)


@pytest.mark.parametrize("before", ["booked", "in-progress", "cancelling", "cancelled by the calendar"])
async def test_d45_a_recorded_cancel_gives_the_place_back_in_its_transaction(
    serve: Serve, database: Database, before: str
) -> None:
    async with serve(with_worker=False) as api:
        appointment_id = await appointed(api, database)
        if before == "in-progress":
            assert await record(database, appointment_id, K.STARTED)
        if before.startswith("cancel"):
            await api.alice.cancel_appointment(appointment_id)
        if before == "cancelled by the calendar":
            await killed_after(database, await claimed_one(database), "cancel")
        assert await record(database, appointment_id, K.CANCELLED)
        assert (await places(database), await jobs_left(database)) == ((0, 0), before.startswith("cancel"))
        await run_out(database)
        await work_off(api.parts.worker, database)
        assert (await places(database), await jobs_left(database)) == ((0, 0), 0)
        assert await database.read(verify.findings) == []


async def test_d45_another_workforce_system_is_told_of_a_recorded_cancel(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        appointment_id = await appointed(api, database)
        await execute(database, "DELETE FROM reservations")
        await execute(database, "UPDATE capacity SET taken = 0")
        assert await record(database, appointment_id, K.STARTED)
        assert await record(database, appointment_id, K.CANCELLED)
        workforce: Any = Scripted()
        await work_off(worker_of(database, workforce), database)
        ((installation,),) = await rows(database, "SELECT id FROM installation")
        assert workforce.cancelled == [f"{installation}-1"]
        assert await jobs_left(database) == 0
