"""An order that gets another owner, and what the old and the new owner see of it (D31, D48)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from connect_appointments.core.model import Actor, Operator
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import orders
from connect_appointments.store.queries.verify import findings
from connect_appointments.usecases.order_imports import Imported, TransferRefused, import_orders
from tests.api_client import Api, number_of
from tests.build import ALICE, BOB, sample_order
from tests.store.given import execute, kinds, rows
from tests.worker.by_hand import capacity_taken, work_off
from tests.worker.workforces import Gated, calendar

pytestmark = pytest.mark.engines("sqlite", "postgresql")

Serve = Callable[..., AbstractAsyncContextManager[Api]]
OPERATOR = Actor(Operator("operator"), "operator", "import-1")
SECRET = {"contact_name": "Bob", "contact_phone": "0400000000", "contact_notes": "the key is under the mat"}


async def hand_over(database: Database, *, transfer: bool = False, order_id: int = 1) -> Imported:
    """Import Alice's order as one of Bob's, with another contact."""
    order = sample_order(order_id, BOB, customer_ref="BOBS-REF", service_id=77, **SECRET)
    return await import_orders(database, OPERATOR, [order], transfer=transfer, over_after_days=7)


def shows_bobs(answer: Any) -> bool:
    """Whether anything of Bob's is in an answer."""
    return any(text in answer.text for text in (*SECRET.values(), "BOBS-REF"))


async def test_d48_an_order_that_is_in_use_keeps_its_owner(api: Api, database: Database) -> None:
    request_id, _ = await api.opened(1)
    with pytest.raises(TransferRefused, match=f"order 1 .* appointment-request {request_id} is open"):
        await hand_over(database)
    assert (await api.alice.read(request_id)).json()["status"] == "open"
    assert [row.owner for row in await rows(database, "SELECT owner FROM orders WHERE id = 1")] == [ALICE]


async def test_d48_nothing_of_an_import_is_done_when_one_order_is_refused(api: Api, database: Database) -> None:
    await api.opened(1)
    found = [sample_order(1, BOB), sample_order(2, e_sla="Enhanced")]
    with pytest.raises(TransferRefused):
        await import_orders(database, OPERATOR, found, transfer=False, over_after_days=7)
    assert [row.e_sla for row in await rows(database, "SELECT e_sla FROM orders WHERE id = 2")] == ["Standard"]


@pytest.mark.parametrize("state", ["searching", "open", "failed"])
async def test_d48_a_transfer_cancels_what_can_no_longer_be_booked(
    serve: Serve, database: Database, state: str
) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        if state != "searching":
            await work_off(api.parts.worker, database)
        if state == "failed":
            await execute(database, "UPDATE appointment_requests SET state = 'failed'")
        done = await hand_over(database, transfer=True)
        assert (done.transferred, done.cancelled) == ([1], [request_id])
        await work_off(api.parts.worker, database)
        assert (await api.alice.read(request_id)).json()["status"] == "cancelled"
        refused = await api.alice.book(request_id, "any")
        assert (refused.status_code, refused.json()["code"]) == (422, "appointment-request-cancelled")
        assert (await api.alice.create(1)).status_code == 404
        assert (await api.bob.create(1)).status_code == 201
    assert (await kinds(database, request_id))[-1] == "order-transferred"


async def test_d48_a_booking_under_way_ends_as_transferred_and_gives_its_place_back(
    serve: Serve, database: Database
) -> None:
    workforce = Gated(calendar(database))
    workforce.reserving.shut()
    async with serve(workforce=workforce) as api:
        request_id, slots = await api.opened(1)
        booking_id = number_of(await api.alice.book(request_id, slots[0]["id"]))
        await workforce.reserving.until_asked()
        assert (await hand_over(database, transfer=True)).ending == [request_id]
        workforce.reserving.open()
        answer = await api.settled(lambda: api.alice.read_booking(booking_id))
        assert (answer.status_code, answer.json()["code"]) == (422, "order-transferred")
        assert (await api.alice.read(request_id)).json()["status"] == "cancelled"
        assert not shows_bobs(answer)
    assert await capacity_taken(database) == 0
    assert await database.read(findings) == []


async def test_d48_a_booked_appointment_stays_with_its_owner(api: Api, database: Database) -> None:
    request_id, before = await api.booked(1)
    with pytest.raises(TransferRefused, match=f"appointment {before.json()['id']} is not over"):
        await hand_over(database)
    assert (await hand_over(database, transfer=True)).keeping == [before.json()["id"]]
    assert (await api.alice.read(request_id)).json()["status"] == "booked"
    assert await database.read(findings) == []


async def test_d48_an_appointment_that_is_over_holds_no_order_back(api: Api, database: Database) -> None:
    await api.booked(1)
    await execute(database, "UPDATE appointments SET ends_on = '2026-01-01T00:00:00.000Z'") if database.is_sqlite else (
        await execute(database, "UPDATE appointments SET ends_on = '2026-01-01'")
    )
    assert (await hand_over(database)).keeping == []


async def test_d31_an_appointment_shows_the_order_as_it_was_when_it_was_booked(api: Api, database: Database) -> None:
    _, before = await api.booked(1)
    number = (await rows(database, "SELECT id FROM bookings"))[0].id
    changed = sample_order(1, e_sla="Enhanced", contact_name="Alice the second", customer_ref="NEW")
    await database.write(lambda transaction: orders.upsert(transaction, [changed]))
    assert (await api.alice.read_booking(number)).json() == before.json()
    await hand_over(database, transfer=True)
    after = await api.alice.read_booking(number)
    assert after.json() == before.json()
    assert not shows_bobs(after)


async def test_d48_an_order_changed_behind_our_back_is_not_booked(api: Api, database: Database) -> None:
    request_id, slots = await api.opened(1)
    await database.write(lambda transaction: orders.upsert(transaction, [sample_order(1, BOB, **SECRET)]))
    refused = await api.alice.book(request_id, slots[0]["id"])
    assert (refused.status_code, refused.json()["code"]) == (422, "order-transferred")
    assert not shows_bobs(refused)
    assert [one.rule for one in await database.read(findings)] == ["bookable-only-by-the-owner-of-the-order"]


async def test_an_import_that_keeps_the_owners_asks_nothing(api: Api, database: Database) -> None:
    request_id, _ = await api.opened(1)
    done = await import_orders(
        database, OPERATOR, [sample_order(1, e_sla="Enhanced")], transfer=False, over_after_days=7
    )
    assert (done.orders, done.transferred) == (1, [])
    assert (await api.alice.read(request_id)).json()["status"] == "open"
