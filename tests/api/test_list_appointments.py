"""GET /api/connect/orders/{orderId}/appointments; test_list_requests has what both lists have in common (D44)."""

from __future__ import annotations

import pytest

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.store.engine import Database
from tests.api.test_list_requests import ids_of, next_of
from tests.api.test_read_appointment import set_state
from tests.api_client import Api
from tests.store.given import execute

pytestmark = pytest.mark.engines("sqlite", "postgresql")

VERSIONS = [str(number) for number in range(1, 8)]


async def ended(api: Api, database: Database, count: int) -> list[int]:
    """The ids of so many cancelled appointments of order 1."""
    ids = []
    for _ in range(count):
        ids.append((await api.booked(1))[1].json()["id"])
        await set_state(database, AppointmentState.CANCELLED)
        await execute(database, "UPDATE orders SET occupancy = 0")
    return ids


@pytest.mark.parametrize("version", VERSIONS, ids="D44 version {}".format)
async def test_d44_the_newest_is_first_and_each_is_as_it_is_read_alone(
    api: Api, database: Database, version: str
) -> None:
    ids = [*await ended(api, database, 2), (await api.booked(1))[1].json()["id"]]
    await api.booked(2)
    answer = await api.alice.list_appointments(1, headers={"X-API-VERSION": version})
    assert (answer.status_code, list(answer.json())) == (200, ["appointments"])
    found = answer.json()["appointments"]
    assert [(one["id"], one["status"]) for one in found] == [
        (ids[2], "booked"),
        (ids[1], "cancelled"),
        (ids[0], "cancelled"),
    ]
    assert found == [(await api.alice.read_appointment(number)).json() for number in ids[::-1]]
    assert next_of(answer) is None


async def test_d44_the_pages_follow_each_other_by_their_links(api: Api, database: Database) -> None:
    made = (await ended(api, database, 3))[::-1]
    first = await api.alice.list_appointments(1, "?limit=2")
    assert next_of(first) == f"/api/connect/orders/1/appointments?limit=2&after={made[1]}"
    second = await api.alice.request("GET", next_of(first) or "")
    assert (ids_of(first) + ids_of(second), next_of(second)) == (made, None)


async def test_d44_an_appointment_request_alone_makes_an_empty_list(api: Api) -> None:
    await api.opened(1)
    assert ids_of(await api.alice.list_appointments(1)) == []
