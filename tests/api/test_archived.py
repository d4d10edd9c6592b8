"""D50: what the archive has answers as before, and what it has not is D7's 404."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx2
import pytest

from connect_appointments.store.engine import Database
from connect_appointments.store.locking import lock
from connect_appointments.store.queries.locks import request_locks
from connect_appointments.store.queries.verify import findings
from connect_appointments.store.retention import moves
from connect_appointments.store.transaction import Transaction
from connect_appointments.usecases.archives import archive_families
from tests.api_client import Api, number_of
from tests.store.given import execute, rows, until_one_waits

pytestmark = pytest.mark.engines("sqlite", "postgresql")


async def _age(database: Database, table: str, column: str) -> None:
    old = f"UPDATE {table} SET {column} = '2026-01-05T00:00:00.000Z' WHERE {column} IS NOT NULL"  # noqa: S608 - names of ours
    await execute(database, old)


async def archived(database: Database) -> None:
    """Everything that has ended, as if it were long ago."""
    for column in ("created_on", "updated_on", "cancelled_on", "offer_expires_on"):
        await _age(database, "appointment_requests", column)
    for column in ("created_on", "ends_on"):
        await _age(database, "appointments", column)
    await archive_families(database, 0, keep_days=2, assume_over_days=7)
    assert await rows(database, "SELECT id FROM appointment_requests") == []


async def events(database: Database, request_id: int) -> list[str]:
    query = "SELECT kind FROM {} WHERE request_id = :request_id ORDER BY id"
    found = [
        await rows(database, query.format(table), request_id=request_id) for table in ("archived_events", "events")
    ]
    return [kind for part in found for (kind,) in part]


def shown(answer: httpx2.Response) -> tuple[int, str]:
    """Status and body, without what differs from answer to answer."""
    text = re.sub(r'"(instance|requestId)":"[^"]*"', "", answer.text)
    return answer.status_code, re.sub(r'"(created|updated|cancelled|slotsExpire)On":"[^"]*"', "", text)


async def cancelled(api: Api) -> int:
    request_id, _ = await api.opened(1)
    assert (await api.alice.cancel(request_id)).status_code == 204
    return request_id


async def test_d1_an_archived_cancelled_one_is_204_again_without_a_second_event(api: Api, database: Database) -> None:
    request_id = await cancelled(api)
    await archived(database)
    assert (await api.alice.cancel(request_id)).status_code == 204
    assert (await events(database, request_id)).count("cancelled") == 1
    assert await rows(database, "SELECT id FROM appointment_requests") == [], "it stays in the archive"


async def test_d3_an_archived_booked_one_is_422_and_stays(api: Api, database: Database) -> None:
    request_id, _ = await api.booked(1)
    await archived(database)
    answer = await api.alice.cancel(request_id)
    assert (answer.status_code, answer.json()["code"]) == (422, "appointment-request-booked")
    assert await rows(database, "SELECT id FROM appointment_requests") == []


async def test_d4_an_archived_one_that_can_be_cancelled_is_cancelled(api: Api, database: Database) -> None:
    """An expired offer, which is 204 as long as it is there (D47)."""
    request_id, _ = await api.opened(1)
    await archived(database)
    assert (await api.alice.cancel(request_id)).status_code == 204
    assert (await api.alice.read(request_id)).json()["status"] == "cancelled"
    assert (await events(database, request_id))[-1] == "cancelled"
    assert await database.read(findings) == []


async def test_d5_booking_an_archived_cancelled_one_is_refused(api: Api, database: Database) -> None:
    request_id = await cancelled(api)
    await archived(database)
    answer = await api.alice.book(request_id, "any")
    assert (answer.status_code, answer.json()["code"]) == (422, "appointment-request-cancelled")


async def test_d33_booking_an_archived_booked_one_again_is_the_same_attempt(api: Api, database: Database) -> None:
    request_id, slots = await api.opened(1)
    first = await api.alice.book(request_id, slots[0]["id"])
    await api.settled(lambda: api.alice.read_booking(number_of(first)))
    await archived(database)
    again = await api.alice.book(request_id, slots[0]["id"])
    assert (again.status_code, again.headers["location"]) == (201, first.headers["location"])
    other = await api.alice.book(request_id, slots[1]["id"])
    assert (other.status_code, other.json()["code"]) == (422, "appointment-request-booked")
    assert await database.read(findings) == []


async def test_d50_what_was_archived_reads_as_before(api: Api, database: Database) -> None:
    request_id, booking = await api.booked(1)
    number = int(booking.request.url.path.rpartition("/")[2])
    gone = await cancelled(api)

    async def read() -> list[tuple[int, str]]:
        return [shown(await api.alice.read(request_id)), shown(await api.alice.read(gone)), await _booking(number)]

    async def _booking(number: int) -> tuple[int, str]:
        return shown(await api.alice.read_booking(number))

    before = await read()
    await archived(database)
    assert await read() == before


async def test_d7_a_foreign_archived_id_is_the_404_of_an_unknown_one(api: Api, database: Database) -> None:
    request_id, booking = await api.booked(1)
    gone = await cancelled(api)
    number = int(booking.request.url.path.rpartition("/")[2])
    await archived(database)
    calls: list[tuple[Any, int]] = [
        (api.bob.cancel, request_id),
        (api.bob.cancel, gone),
        (api.bob.read, request_id),
        (api.bob.read_booking, number),
        (lambda found: api.bob.book(found, "any"), gone),
    ]
    for call, foreign in calls:
        assert shown(await call(foreign)) == shown(await call(987_654))
        assert (await call(foreign)).status_code == 404
    assert await rows(database, "SELECT id FROM appointment_requests") == []


@pytest.mark.engines("postgresql")
async def test_d50_a_cancel_that_waits_while_its_request_is_archived_finds_it_there(
    api: Api, database: Database
) -> None:
    request_id = await cancelled(api)
    neighbour = Database(database.url)

    async def work(transaction: Transaction) -> asyncio.Task[httpx2.Response]:
        await lock(transaction, request_locks.LOCK_ANY, [(request_id,)], wait=True)
        waiting = asyncio.create_task(api.alice.cancel(request_id))
        await until_one_waits(database.url)
        await moves.to_archive(transaction, [request_id], [])
        return waiting

    waiting = await neighbour.write(work)
    assert (await waiting).status_code == 204
    await neighbour.close()


async def test_d44_lists_have_archived_rows_in_their_order(api: Api, database: Database) -> None:
    booked, _ = await api.booked(1)
    await archived(database)
    younger = await api.created(1)
    path = "/api/connect/orders/1"
    listed = (await api.alice.request("GET", f"{path}/appointment-requests")).json()["appointmentRequests"]
    assert [item["id"] for item in listed] == [younger, booked]
    first = await api.alice.request("GET", f"{path}/appointment-requests?limit=1")
    assert [item["id"] for item in first.json()["appointmentRequests"]] == [younger]
    assert f"after={younger}" in first.headers["link"]
    second = await api.alice.request("GET", f"{path}/appointment-requests?limit=1&after={younger}")
    assert [item["id"] for item in second.json()["appointmentRequests"]] == [booked]
    appointments = (await api.alice.request("GET", f"{path}/appointments")).json()["appointments"]
    assert [item["appointmentRequestId"] for item in appointments] == [booked]


async def test_d42_an_archived_appointment_is_found_by_its_cancel(api: Api, database: Database) -> None:
    _, booking = await api.booked(1)
    appointment_id = booking.json()["id"]
    await archived(database)
    path = "/api/connect/orders/appointment-cancellations/request"
    foreign = await api.bob.request("POST", path, json={"appointmentId": appointment_id})
    assert foreign.status_code == 404
    assert await rows(database, "SELECT id FROM appointments") == []
    number = number_of(await api.alice.request("POST", path, json={"appointmentId": appointment_id}))
    await api.settled(lambda: api.alice.request("GET", f"{path}/{number}"))
    assert await rows(database, "SELECT id FROM appointments") == [(appointment_id,)]
    broken = {finding.rule for finding in await database.read(findings)}
    assert broken == set()
