"""GET /api/connect/orders/appointment-cancellations/request/{n}."""

from __future__ import annotations

import re

import pytest

from connect_appointments.store.engine import Database
from tests.api_client import Api, number_of
from tests.documents import documented
from tests.store.given import execute, rows

pytestmark = pytest.mark.engines("sqlite", "postgresql")

KEYS = ["id", "appointmentId", "orderId", "status", "requestedOn", "cancelledOn"]
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


async def test_d39_a_cancellation_has_these_keys_in_this_order(api: Api) -> None:
    appointment = await api.appointed(1)
    answer = await api.cancelled(appointment["id"])
    found = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert list(found) == KEYS
    assert (found["appointmentId"], found["orderId"], found["status"]) == (appointment["id"], 1, "cancelled")
    assert MOMENT.fullmatch(found["requestedOn"])
    assert MOMENT.fullmatch(found["cancelledOn"])
    assert found["requestedOn"] <= found["cancelledOn"]


@pytest.mark.parametrize("version", ["1", "7"])
def test_d39_the_documentation_has_the_same_keys(version: str) -> None:
    schema = documented(version)["components"]["schemas"]["CancellationMessage"]
    assert list(schema["properties"]) == schema["required"] == KEYS


async def test_d39_its_number_is_not_that_of_the_appointment(api: Api) -> None:
    await api.appointed(1)
    second = await api.appointed(2)
    found = (await api.cancelled(second["id"])).json()
    assert (found["id"], found["appointmentId"]) == (1, 2)


async def test_d39_undecided_it_is_202_with_retry_after_and_no_body(api: Api, database: Database) -> None:
    appointment = await api.appointed(1)
    number = number_of(await api.alice.cancel_appointment(appointment["id"]))
    await api.settled(lambda: api.alice.read_cancellation(number))
    await _undecided(database)
    answer = await api.alice.read_cancellation(number)
    assert (answer.status_code, answer.content) == (202, b"")
    assert int(answer.headers["retry-after"]) >= 1


async def _undecided(database: Database) -> None:
    await execute(database, "UPDATE cancellations SET state = 'deciding', ended_on = NULL")


@pytest.mark.parametrize(
    "code", ["past-point-of-no-return", "cancellation-refused", "appointment-in-progress", "appointment-ended"]
)
async def test_d39_a_refused_cancellation_answers_its_422_for_ever(api: Api, database: Database, code: str) -> None:
    appointment = await api.appointed(1)
    number = (await api.cancelled(appointment["id"])).json()["id"]
    await execute(database, "UPDATE cancellations SET state = 'refused', refusal = :code", code=code)
    answers = [await api.alice.read_cancellation(number) for _ in range(2)]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(422, code)}
    assert await rows(database, "SELECT refusal FROM cancellations") == [(code,)]


@pytest.mark.parametrize("number", [2, 0, 2**63 - 1, 2**63, 10**18])
async def test_d40_a_number_that_nobody_has_is_404(api: Api, number: int) -> None:
    assert (await api.alice.read_cancellation(number)).status_code == 404


async def test_d40_another_owners_cancellation_is_404(api: Api) -> None:
    appointment = await api.appointed(1)
    number = (await api.cancelled(appointment["id"])).json()["id"]
    assert (await api.bob.read_cancellation(number)).status_code == 404
    assert (await api.alice.read_cancellation(number)).status_code == 200
