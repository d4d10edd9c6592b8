"""`appointments list`, `show`, `cancel` and `record`."""

from __future__ import annotations

import getpass
import json
from typing import Any

import anyio.to_thread
import pytest

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import verify
from tests.api_client import Api, number_of
from tests.cli.program import invoke, run, settings
from tests.store.appointments import appointment_row, occupancy, past_point_of_no_return, put_into, timeline
from tests.store.given import until
from tests.worker.by_hand import capacity_taken, jobs_left


@pytest.fixture
def appointments(database_url: str) -> Any:
    """`appointments ...` in this process, while the service beside it goes on; `program` starts the real one."""

    async def command(*arguments: object, program: bool = False, group: str = "appointments") -> Any:
        env = settings(database_url=database_url)
        call: Any = run if program else invoke
        return await anyio.to_thread.run_sync(lambda: call(group, *map(str, arguments), env=env))

    return command


async def idle(database: Database) -> None:
    """Wait until the worker has done every job."""

    async def none_left() -> bool:
        return await jobs_left(database) == 0

    await until(none_left)


async def test_the_operator_lists_and_shows(api: Api, appointments: Any) -> None:
    first, second = await api.appointed(1), await api.appointed(11, api.bob)
    assert (await api.cancelled(first["id"])).status_code == 200
    for options, expected in (
        ([], [1, 2]),
        (["--owner", "11002"], [2]),
        (["--state", "cancelled"], [1]),
        (["--after", "1"], [2]),
        (["--limit", "1"], [1]),
        (["--owner", "nobody"], []),
    ):
        listed = await appointments("list", "--json", *options)
        assert [json.loads(line)["id"] for line in listed.output.splitlines()] == expected
    shown = json.loads((await appointments("show", first["id"], "--json", program=True)).stdout)
    assert (shown["owner"], shown["state"], shown["cancelledBy"]) == ("11001", "cancelled", "owner")
    assert (shown["startTime"], shown["nbnAppointmentId"]) == (first["startTime"], first["nbnAppointmentId"])
    assert [event["kind"] for event in shown["events"]] == [
        "created",
        "slots-found",
        "booking-started",
        "booked",
        "cancellation-requested",
        "cancelled",
    ]
    assert [(change["kind"], change["state"]) for change in shown["changes"]] == [("cancellation", "cancelled")]
    assert second["id"] == 2


async def test_the_tables_hold_what_json_holds(api: Api, appointments: Any) -> None:
    appointment = await api.appointed(1)
    assert (await api.cancelled(appointment["id"])).status_code == 200
    assert appointment["nbnAppointmentId"] in (await appointments("list")).output
    shown = (await appointments("show", appointment["id"])).output
    for word in ("changes", "cancellation", "events", "cancellation-requested", "portal-api"):
        assert word in shown


async def test_no_command_shows_a_contact(api: Api, appointments: Any) -> None:
    appointment = await api.appointed(1)
    for arguments in (("list", "--json"), ("show", appointment["id"], "--json")):
        output = (await appointments(*arguments)).output
        assert "0739076000" not in output


async def test_the_operator_cancels_past_the_point_of_no_return_as_the_network(
    api: Api, appointments: Any, database: Database
) -> None:
    appointment = await api.appointed(1)
    await past_point_of_no_return(database, appointment["id"])
    done = await appointments("cancel", appointment["id"], "--reason", "flood", "--json", program=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"id": appointment["id"], "cancellationId": 1, "state": "deciding"}
    await idle(database)
    found = (await api.alice.read_booking(1)).json()
    assert (found["status"], found["cancelledBy"], found["reason"]) == ("cancelled", "network", "flood")
    assert (await capacity_taken(database), await occupancy(database, 1)) == (0, 0)
    again = await appointments("cancel", appointment["id"], "--reason", "again")
    assert again.output == f"cancellation 1 of appointment {appointment['id']} is cancelled\n"
    assert number_of(await api.alice.cancel_appointment(appointment["id"])) == 1
    shown = json.loads((await appointments("show", appointment["id"], "--json")).output)
    assert shown["changes"][0]["client"] == f"operator:{getpass.getuser()}"
    assert await database.read(verify.findings) == []


async def test_the_operator_cannot_cancel_what_has_begun(api: Api, appointments: Any, database: Database) -> None:
    appointment = await api.appointed(1)
    await put_into(database, appointment["id"], "in-progress")
    refused = await appointments("cancel", appointment["id"], "--reason", "flood", program=True)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "has begun the work" in refused.stderr


@pytest.mark.parametrize(
    ("what", "state", "taken"),
    [("started", "in-progress", 1), ("completed", "completed", 1), ("incomplete", "incomplete", 1)],
)
async def test_d45_the_operator_records_what_became_of_an_appointment(
    api: Api, appointments: Any, database: Database, what: str, state: str, taken: int
) -> None:
    appointment = await api.appointed(1)
    done = await appointments("record", what, appointment["id"])
    assert (done.exit_code, done.output) == (0, f"appointment {appointment['id']} is {state}\n")
    assert (await api.alice.read_booking(1)).json()["status"] == state
    assert (await capacity_taken(database), await occupancy(database, 1)) == (taken, state == "in-progress")
    assert await database.read(verify.findings) == []
    failed = await appointments("record", what, appointment["id"], program=True)
    assert failed.returncode == 1
    assert failed.stderr == f"connect-appointments: appointment {appointment['id']} is {state}; nothing was changed\n"
    assert await timeline(database, appointment["id"]) == [state, "news-ignored"]


async def test_d45_a_recorded_cancel_gives_the_place_back_once(api: Api, appointments: Any, database: Database) -> None:
    appointment = await api.appointed(1)
    await api.appointed(2)
    done = await appointments("record", "cancelled", appointment["id"], "--reason", "flood", "--json", program=True)
    assert json.loads(done.stdout) == {"id": appointment["id"], "state": "cancelled"}
    await idle(database)
    assert (await capacity_taken(database), await occupancy(database, 1)) == (1, 0)
    again = await appointments("record", "cancelled", appointment["id"])
    assert isinstance(again.exception, CommandFailed)
    await idle(database)
    assert await capacity_taken(database) == 1
    found = await appointment_row(database, appointment["id"])
    assert (found.cancelled_by, found.reason) == ("network", "flood")
    assert await database.read(verify.findings) == []


async def test_a_request_is_shown_with_its_appointment(api: Api, appointments: Any) -> None:
    request_id, booking = await api.booked(1)
    assert (await api.cancelled(booking.json()["id"])).status_code in {200, 422}
    shown = json.loads((await appointments("show", request_id, "--json", group="requests")).output)
    assert shown["appointment"]["id"] == booking.json()["id"]
    table = (await appointments("show", request_id, group="requests")).output
    assert "appointment" in table
    unbooked, _ = await api.opened(2)
    assert json.loads((await appointments("show", unbooked, "--json", group="requests")).output)["appointment"] is None


@pytest.mark.parametrize(
    "arguments", [("show", 7), ("cancel", 7, "--reason", "flood"), ("record", "started", 7)], ids=lambda one: one[0]
)
async def test_an_unknown_id_is_said_to_be_unknown(api: Api, appointments: Any, arguments: Any) -> None:
    assert api
    failed = (await appointments(*arguments)).exception
    assert isinstance(failed, CommandFailed)
    assert str(failed) == "there is no appointment 7"


@pytest.mark.parametrize(
    "arguments",
    [
        ("cancel", 1),
        ("cancel", 1, "--reason", "x" * 256),
        ("cancel", 1, "--reason", "two\nlines"),
        ("record", "moved", 1),
        ("record", "started", 0),
    ],
)
async def test_a_wrong_call_is_refused_before_anything_is_changed(
    api: Api, appointments: Any, database: Database, arguments: Any
) -> None:
    appointment = await api.appointed(1)
    done = await appointments(*arguments, program=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert (await appointment_row(database, appointment["id"])).state == "booked"
