"""`orders show`."""

from __future__ import annotations

import json
from typing import Any

import anyio.to_thread
import pytest

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import orders
from tests.api.test_archived import archived
from tests.api_client import Api
from tests.build import BOB, sample_order
from tests.cli.program import invoke, run, settings
from tests.store.given import execute

PHONE = "0739076000"


@pytest.fixture
def show(database_url: str) -> Any:
    """`orders show ...` in this process; `program` starts the real one."""

    async def command(*arguments: object, program: bool = False) -> Any:
        env = settings(database_url=database_url)
        call: Any = run if program else invoke
        return await anyio.to_thread.run_sync(lambda: call("orders", "show", *map(str, arguments), env=env))

    return command


async def test_an_order_is_shown_with_what_is_under_it(api: Api, show: Any) -> None:
    await api.appointed(2)
    appointment = await api.appointed(1)
    still_open, slots = await api.opened(1)
    done = await show(1, "--json", program=True)
    assert (done.returncode, done.stderr) == (0, "")
    shown = json.loads(done.stdout)
    assert (shown["id"], shown["owner"], shown["area"], shown["occupancy"]) == (1, "11001", "4000", 1)
    assert [(one["id"], one["state"], one["slots"], one["appointmentId"]) for one in shown["appointmentRequests"]] == [
        (still_open, "open", len(slots), None),
        (appointment["appointmentRequestId"], "booked", 0, appointment["id"]),
    ]
    (found,) = shown["appointments"]
    assert found == {
        "id": appointment["id"],
        "owner": "11001",
        "state": "booked",
        **{name: appointment[name] for name in ("appointmentRequestId", "nbnAppointmentId", "slotType")},
        **{name: appointment[name] for name in ("startTime", "endTime")},
    }


async def test_the_archive_is_read_too_and_the_newest_come_first(api: Api, show: Any, database: Database) -> None:
    appointment = await api.appointed(1)
    await api.cancelled(appointment["id"])
    old, _ = await api.opened(1)
    await api.alice.cancel(old)
    await execute(database, "UPDATE appointments SET ended_on = '2026-01-05T00:00:00.000Z'")
    await archived(database)
    new, _ = await api.opened(1)
    shown = json.loads((await show(1, "--json")).output)
    assert [one["id"] for one in shown["appointmentRequests"]] == [new, old, appointment["appointmentRequestId"]]
    assert [(one["id"], one["state"]) for one in shown["appointments"]] == [(appointment["id"], "cancelled")]
    assert shown["occupancy"] == 0
    limited = json.loads((await show(1, "--json", "--limit", 2)).output)
    assert [one["id"] for one in limited["appointmentRequests"]] == [new, old]


async def test_d50_an_appointment_in_the_archive_is_shown_as_before(
    api: Api, database: Database, database_url: str
) -> None:
    appointment = await api.appointed(1)
    await api.cancelled(appointment["id"])
    env = settings(database_url=database_url)

    async def shown() -> dict[str, Any]:
        arguments = ("appointments", "show", str(appointment["id"]), "--json")
        done = await anyio.to_thread.run_sync(lambda: invoke(*arguments, env=env))
        found: dict[str, Any] = json.loads(done.output)
        return {name: value for name, value in found.items() if name not in {"createdOn", "updatedOn"}}

    before = await shown()
    await execute(database, "UPDATE appointments SET ended_on = '2026-01-05T00:00:00.000Z'")
    await archived(database)
    assert await shown() == before
    assert (len(before["changes"]), before["events"][-1]["kind"]) == (1, "cancelled")


async def test_d48_rows_of_the_owner_before_are_shown_with_their_owner(api: Api, show: Any, database: Database) -> None:
    appointment = await api.appointed(1)
    await database.write(lambda transaction: orders.upsert(transaction, [sample_order(1, BOB)]))
    shown = json.loads((await show(1, "--json")).output)
    owners = (shown["owner"], shown["appointmentRequests"][0]["owner"], shown["appointments"][0]["owner"])
    assert owners == ("11002", "11001", "11001")
    assert shown["appointments"][0]["id"] == appointment["id"]


async def test_the_contact_is_shown_only_on_demand(api: Api, show: Any) -> None:
    await api.appointed(1)
    for form in ([], ["--json"]):
        assert PHONE not in (await show(1, *form)).output
        assert PHONE in (await show(1, "--contact", *form)).output


async def test_the_tables_hold_what_json_holds(api: Api, show: Any) -> None:
    assert "appointments none" in (await show(1)).output
    appointment = await api.appointed(1)
    output = (await show(1)).output
    for word in ("occupancy", "appointmentRequests", "appointments", appointment["nbnAppointmentId"], "booked"):
        assert word in output


async def test_an_unknown_order_is_said_to_be_unknown(show: Any) -> None:
    failed = (await show(7)).exception
    assert isinstance(failed, CommandFailed)
    assert str(failed) == "there is no order 7"
