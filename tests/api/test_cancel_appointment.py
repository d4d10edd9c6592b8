"""POST /api/connect/orders/appointment-cancellations/request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from connect_appointments.store.engine import Database
from connect_appointments.store.queries import verify
from tests.api_client import Api, number_of
from tests.build import PUBLIC_URL
from tests.store.appointments import appointment_row, occupancy, past_point_of_no_return, put_into, timeline
from tests.store.given import execute, rows
from tests.worker.by_hand import appointments_made, capacity_reserved, capacity_taken, jobs_left, work_off

pytestmark = pytest.mark.engines("sqlite", "postgresql")

Serve = Callable[..., AbstractAsyncContextManager[Api]]


async def test_d39_cancel_is_201_with_a_location_and_the_appointment_becomes_cancelled(
    api: Api, database: Database
) -> None:
    appointment = await api.appointed(1)
    answer = await api.alice.cancel_appointment(appointment["id"])
    assert (answer.status_code, answer.content) == (201, b"")
    number = number_of(answer)
    path = f"/api/connect/orders/appointment-cancellations/request/{number}"
    assert answer.headers["location"] == PUBLIC_URL + path
    assert (await api.settled(lambda: api.alice.read_cancellation(number))).status_code == 200
    assert await timeline(database, appointment["id"]) == ["cancellation-requested", "cancelled"]
    assert await database.read(verify.findings) == []


@pytest.mark.parametrize("version", ["1", "2", "3", "4", "5", "6", "7"])
async def test_d39_cancel_is_201_in_every_version(api: Api, version: str) -> None:
    appointment = await api.appointed(1)
    answer = await api.alice.cancel_appointment(appointment["id"], headers={"X-API-VERSION": version})
    assert answer.status_code == 201
    assert ("deprecation" in answer.headers) == (version in {"1", "2"})


async def test_d43_a_cancelled_appointment_gives_its_place_back_and_the_order_can_be_booked_again(
    api: Api, database: Database
) -> None:
    appointment = await api.appointed(1)
    assert (await capacity_taken(database), await occupancy(database, 1)) == (1, 1)
    assert (await api.cancelled(appointment["id"])).status_code == 200
    assert (await capacity_taken(database), await capacity_reserved(database)) == (0, 0)
    assert await occupancy(database, 1) == 0
    again = await api.appointed(1)
    assert again["id"] != appointment["id"]
    assert (again["status"], again["startTime"]) == ("booked", appointment["startTime"])
    assert (await capacity_taken(database), await occupancy(database, 1)) == (1, 1)
    assert await database.read(verify.findings) == []


async def test_d43_the_booking_shows_the_appointment_as_it_now_is_and_the_request_stays_booked(
    api: Api, database: Database
) -> None:
    request_id, slots = await api.opened(1)
    booking_id = number_of(await api.alice.book(request_id, slots[-1]["id"]))
    before = (await api.settled(lambda: api.alice.read_booking(booking_id))).json()
    cancellation = (await api.cancelled(before["id"])).json()
    after = (await api.alice.read_booking(booking_id)).json()
    changed = {name for name, value in after.items() if value != before[name]}
    assert changed == {"status", "cancelledOn", "cancellableUntil", "cancelledBy"}
    assert (after["status"], after["cancelledBy"], after["reason"]) == ("cancelled", "owner", None)
    assert (after["cancelledOn"], after["cancellableUntil"]) == (cancellation["cancelledOn"], None)
    request = (await api.alice.read(request_id)).json()
    assert (request["status"], request["cancelledOn"]) == ("booked", None)
    assert await kinds_of_request(database) == ["created", "slots-found", "booking-started", "booked"]


async def kinds_of_request(database: Database) -> list[str]:
    found = await rows(database, "SELECT kind FROM events WHERE appointment_id IS NULL ORDER BY id")
    return [row.kind for row in found]


async def test_the_page_cancelling_an_appointment_request_is_not_cancelling_an_appointment(
    api: Api, database: Database
) -> None:
    """The page, in both directions: neither call has any effect on the resource of the other."""
    request_id, slots = await api.opened(1)
    booking_id = number_of(await api.alice.book(request_id, slots[-1]["id"]))
    appointment = (await api.settled(lambda: api.alice.read_booking(booking_id))).json()
    answer = await api.alice.cancel(request_id)
    assert (answer.status_code, answer.json()["code"]) == (422, "appointment-request-booked")
    assert "/api/connect/orders/appointment-cancellations/request" in answer.json()["detail"]
    assert (await api.alice.read_booking(booking_id)).json() == appointment
    before = (await api.alice.read(request_id)).json()
    assert (await api.cancelled(appointment["id"])).status_code == 200
    assert (await api.alice.read(request_id)).json() == before
    assert (await api.alice.cancel(request_id)).json()["code"] == "appointment-request-booked"
    assert (await api.alice.book(request_id, slots[0]["id"])).json()["code"] == "appointment-request-booked"
    assert (await appointment_row(database, appointment["id"])).state == "cancelled"


async def test_the_page_an_open_appointment_request_has_no_appointment_to_cancel(api: Api) -> None:
    request_id, _ = await api.opened(1)
    assert (await api.alice.cancel_appointment(request_id)).status_code == 404
    assert (await api.alice.read(request_id)).json()["status"] == "open"


async def test_d42_cancel_twice_while_undecided_is_the_same_location(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        appointment = await appointed_by_hand(api, database)
        answers = await asyncio.gather(*(api.alice.cancel_appointment(appointment) for _ in range(5)))
        answers.append(await api.alice.cancel_appointment(appointment))
        assert len({number_of(answer) for answer in answers}) == 1
        assert await jobs_left(database) == 1
        number = number_of(answers[0])
        assert (await api.alice.read_cancellation(number)).status_code == 202
        booking = (await api.alice.read_booking(1)).json()
        assert (booking["status"], booking["cancelledOn"]) == ("booked", None), "callers read booked meanwhile"
        assert await database.read(verify.findings) == []
        await work_off(api.parts.worker, database)
        assert number_of(await api.alice.cancel_appointment(appointment)) == number
        assert await jobs_left(database) == 0
    assert await timeline(database, appointment) == ["cancellation-requested", "cancelled"]


async def test_d41_d42_past_the_point_of_no_return_the_outcome_is_422_and_each_attempt_has_a_number(
    api: Api, database: Database
) -> None:
    appointment = await api.appointed(1)
    await past_point_of_no_return(database, appointment["id"])
    first = number_of(await api.alice.cancel_appointment(appointment["id"]))
    second = number_of(await api.alice.cancel_appointment(appointment["id"]))
    assert first != second
    for number in (first, second):
        answer = await api.alice.read_cancellation(number)
        assert (answer.status_code, answer.json()["code"]) == (422, "past-point-of-no-return")
    assert (await appointment_row(database, appointment["id"])).state == "booked"
    assert (await timeline(database, appointment["id"]), await jobs_left(database)) == ([], 0)
    assert await capacity_taken(database) == 1
    assert await database.read(verify.findings) == []


async def test_d41_the_moment_of_the_post_counts_and_not_that_of_the_job(serve: Serve, database: Database) -> None:
    async with serve(with_worker=False) as api:
        appointment = await appointed_by_hand(api, database)
        number = number_of(await api.alice.cancel_appointment(appointment))
        await past_point_of_no_return(database, appointment)
        await work_off(api.parts.worker, database)
        assert (await api.alice.read_cancellation(number)).status_code == 200
    assert await capacity_taken(database) == 0


async def test_d41_the_last_moment_of_the_point_of_no_return_is_by_the_clock_of_the_database(
    api: Api, database: Database
) -> None:
    appointment = await api.appointed(1)
    shift = {"sqlite": "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 hour')", "postgresql": "now() + interval '1 hour'"}
    moment = shift["sqlite" if database.is_sqlite else "postgresql"]
    await execute(database, f"UPDATE appointments SET cancellable_until = {moment}")  # noqa: S608 - ours
    assert (await api.cancelled(appointment["id"])).status_code == 200


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("in-progress", "appointment-in-progress"),
        ("completed", "appointment-ended"),
        ("incomplete", "appointment-ended"),
    ],
)
async def test_d42_an_appointment_that_has_begun_or_ended_is_201_and_the_outcome_is_422(
    api: Api, database: Database, state: str, code: str
) -> None:
    appointment = await api.appointed(1)
    await put_into(database, appointment["id"], state)
    numbers = [number_of(await api.alice.cancel_appointment(appointment["id"])) for _ in range(2)]
    assert len(set(numbers)) == 2
    for number in numbers:
        answer = await api.alice.read_cancellation(number)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert ((await appointment_row(database, appointment["id"])).state, await jobs_left(database)) == (state, 0)


async def test_d42_cancelled_by_the_network_the_post_makes_a_cancellation_that_is_decided(
    api: Api, database: Database
) -> None:
    appointment = await api.appointed(1)
    await put_into(database, appointment["id"], "cancelled")
    answers = await asyncio.gather(*(api.alice.cancel_appointment(appointment["id"]) for _ in range(3)))
    (number,) = {number_of(answer) for answer in answers}
    assert number_of(await api.alice.cancel_appointment(appointment["id"])) == number
    found = await api.alice.read_cancellation(number)
    assert found.status_code == 200
    assert (found.json()["status"], found.json()["cancelledOn"]) == ("cancelled", "2026-11-20T01:02:03Z")
    assert (await timeline(database, appointment["id"]), await jobs_left(database)) == ([], 0)
    ((by, reason, ended_on),) = await rows(database, "SELECT cancelled_by, reason, ended_on FROM cancellations")
    assert (by, reason, str(ended_on)[:10]) == ("network", "flood", "2026-11-20")


async def test_d42_the_network_cancels_after_a_refused_cancellation_and_the_post_makes_another(
    api: Api, database: Database
) -> None:
    appointment = await api.appointed(1)
    await past_point_of_no_return(database, appointment["id"])
    refused = number_of(await api.alice.cancel_appointment(appointment["id"]))
    await put_into(database, appointment["id"], "cancelled")
    number = number_of(await api.alice.cancel_appointment(appointment["id"]))
    assert number != refused
    assert (await api.alice.read_cancellation(number)).status_code == 200
    assert (await api.alice.read_cancellation(refused)).json()["code"] == "past-point-of-no-return"


async def test_d46a_while_it_is_rescheduling_a_cancel_is_422_with_retry_after(api: Api, database: Database) -> None:
    appointment = await api.appointed(1)
    await execute(database, "UPDATE appointments SET state = 'rescheduling', reschedule_id = 1")
    answer = await api.alice.cancel_appointment(appointment["id"])
    assert (answer.status_code, answer.json()["code"]) == (422, "appointment-changing")
    assert int(answer.headers["retry-after"]) >= 1
    assert await rows(database, "SELECT id FROM cancellations") == []


@pytest.mark.parametrize("number", [999, 0, -1, 2**63 - 1, 2**63, 10**30])
async def test_d40_an_id_that_nobody_has_is_404(api: Api, number: int) -> None:
    answer = await api.alice.cancel_appointment(number)
    assert (answer.status_code, answer.json()["title"]) == (404, "You do not have permission to perform this task")


async def test_d40_another_owners_appointment_is_404_as_an_unknown_one_is_and_nothing_changes(
    api: Api, database: Database
) -> None:
    appointment = await api.appointed(1)
    answers = [await api.bob.cancel_appointment(number) for number in (appointment["id"], 999)]
    foreign, unknown = (without_ids(answer.json()) for answer in answers)
    assert foreign == unknown
    assert [answer.status_code for answer in answers] == [404, 404]
    assert (await appointment_row(database, appointment["id"])).state == "booked"
    assert await rows(database, "SELECT id FROM cancellations") == []


def without_ids(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name not in {"instance", "requestId"}}


@pytest.mark.parametrize("value", [None, "583", True, 1.5, {}, []])
async def test_d9_an_appointment_id_that_is_no_integer_is_422_naming_the_field(api: Api, value: object) -> None:
    answer = await api.alice.cancel_appointment(value)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-fields")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/appointmentId"]


async def test_cancelling_one_appointment_leaves_the_others(api: Api, database: Database) -> None:
    first, second = await api.appointed(1), await api.appointed(2)
    assert (await api.cancelled(first["id"])).status_code == 200
    assert [(await appointment_row(database, one["id"])).state for one in (first, second)] == ["cancelled", "booked"]
    assert (await capacity_taken(database), await appointments_made(database)) == (1, 2)


async def test_a_batch_of_cancels_of_many_appointments_cancels_each(api: Api, database: Database) -> None:
    found = [await api.appointed(number) for number in range(1, 7)]
    answers = await asyncio.gather(*(api.cancelled(one["id"]) for one in found * 2))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 6
    assert await capacity_taken(database) == 0
    assert await database.read(verify.findings) == []


async def appointed_by_hand(api: Api, database: Database) -> int:
    """The id of an appointment of order 1, with a worker that does its jobs one by one."""
    request_id = await api.created(1)
    await work_off(api.parts.worker, database)
    slots = (await api.alice.read(request_id)).json()["slots"]
    booking_id = number_of(await api.alice.book(request_id, slots[-1]["id"]))
    await work_off(api.parts.worker, database)
    number: int = (await api.alice.read_booking(booking_id)).json()["id"]
    return number
