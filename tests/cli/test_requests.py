"""`requests list`, `show` and `cancel`."""

from __future__ import annotations

import asyncio
import getpass
import json
from typing import Any

import anyio.to_thread
import pytest

from connect_appointments.cli.failing import CommandFailed
from connect_appointments.core.model import Operator
from connect_appointments.core.requests import SEARCH_FAILED
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import events, orders
from connect_appointments.store.queries import requests as store
from connect_appointments.store.queries.requests import Change
from connect_appointments.store.transaction import Transaction
from tests.api_client import Api
from tests.build import ALICE, BOB, sample_order
from tests.cli.files import database_at
from tests.cli.program import invoke, run, settings
from tests.store.given import DAY, created, let_expire

ALICES, BOBS = sample_order(1), sample_order(11, BOB)


@pytest.fixture
def requests(database_url: str) -> Any:
    """`requests ...` in this process, while the service beside it goes on; `program` starts the real one."""

    async def command(*arguments: str, program: bool = False) -> Any:
        env = settings(database_url=database_url)
        call: Any = run if program else invoke
        return await anyio.to_thread.run_sync(lambda: call("requests", *arguments, env=env))

    return command


async def test_the_operator_lists_shows_and_cancels(api: Api, requests: Any, database: Database) -> None:
    request_id, slots = await api.opened(1)
    other, _ = await api.opened(11, api.bob)

    listed = await requests("list", "--json")
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [(row["id"], row["owner"], row["orderId"], row["state"]) for row in rows] == [
        (request_id, "11001", 1, "open"),
        (other, "11002", 11, "open"),
    ]

    done = await requests("cancel", str(request_id), "--json", program=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"id": request_id, "state": "cancelled"}
    assert (await api.alice.read(request_id)).json()["status"] == "cancelled"
    assert (await api.alice.book(request_id, slots[0]["id"])).json()["code"] == "appointment-request-cancelled"
    assert (await api.bob.read(other)).json()["status"] == "open"

    shown = json.loads((await requests("show", str(request_id), "--json")).stdout)
    assert [event["kind"] for event in shown["events"]] == ["created", "slots-found", "cancelled"]
    assert shown["events"][-1]["client"] == f"operator:{getpass.getuser()}"
    assert (shown["state"], shown["slots"], shown["bookings"]) == ("cancelled", [], [])
    assert shown["cancelledOn"].endswith("Z")

    again = await requests("cancel", str(request_id))
    assert (again.exit_code, again.output) == (0, f"appointment-request {request_id} is cancelled\n")
    happened = await database.read(lambda transaction: events.of_request(transaction, Operator("test"), request_id))
    assert [event.kind for event in happened].count("cancelled") == 1


async def test_d47_an_expired_one_is_listed_and_shown_as_expired(api: Api, requests: Any, database: Database) -> None:
    expired, (still_open, _) = (await api.opened(1))[0], await api.opened(1)
    await let_expire(database, expired)
    for state, expected in (("expired", expired), ("open", still_open)):
        listed = await requests("list", "--json", "--state", state)
        assert [json.loads(line)["id"] for line in listed.stdout.splitlines()] == [expected]
    shown = json.loads((await requests("show", str(expired), "--json")).stdout)
    assert (shown["state"], shown["slots"]) == ("expired", [])
    assert (await requests("cancel", str(expired))).exit_code == 0


async def test_what_is_booked_is_shown_with_its_appointment_and_not_cancelled(api: Api, requests: Any) -> None:
    request_id, booking = await api.booked(1)
    refused = await requests("cancel", str(request_id), program=True)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.count("\n") == 1
    assert "has become an appointment" in refused.stderr

    shown = json.loads((await requests("show", str(request_id), "--json")).stdout)
    assert shown["state"] == "booked"
    [found] = shown["bookings"]
    assert (found["state"], found["appointmentId"]) == ("booked", booking.json()["id"])
    assert found["nbnAppointmentId"] == booking.json()["nbnAppointmentId"]
    assert found["startTime"] == booking.json()["startTime"]


async def fail(transaction: Transaction, request_id: int, owner: str) -> None:
    await store.transition(transaction, SEARCH_FAILED, [Change(request_id, owner, "test", "x_request_id")])


@pytest.fixture
def filled_url(database_url: str) -> str:
    """Six appointment-requests, in turn of Alice and Bob; the searches of the first two have failed."""

    async def write() -> None:
        async with database_at(database_url) as database:
            await database.write(lambda transaction: orders.upsert(transaction, [ALICES, BOBS]))
            ids = [await created(database, order.id) for order in (ALICES, BOBS) * 3]
            for request_id, owner in zip(ids, (ALICE, BOB), strict=False):
                await database.write(lambda transaction, n=request_id, owner=owner: fail(transaction, n, owner))

    asyncio.run(write())
    return database_url


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ([], [1, 2, 3, 4, 5, 6]),
        (["--owner", ALICE], [1, 3, 5]),
        (["--owner", "nobody"], []),
        (["--state", "failed"], [1, 2]),
        (["--state", "open"], []),
        (["--state", "searching", "--owner", BOB], [4, 6]),
        (["--after", "4"], [5, 6]),
        (["--after", "1", "--limit", "3"], [2, 3, 4]),
    ],
)
def test_the_list_is_by_id_and_only_what_was_asked_for(filled_url: str, options: list[str], ids: list[int]) -> None:
    done = invoke("requests", "list", "--json", *options, env=settings(database_url=filled_url))
    assert [json.loads(line)["id"] for line in done.output.splitlines()] == ids


def test_the_tables_hold_what_json_holds(filled_url: str) -> None:
    env = settings(database_url=filled_url)
    listed = invoke("requests", "list", "--limit", "4", env=env).output
    assert [listed.count(word) for word in ("failed", "searching", ALICE, BOB)] == [2, 2, 2, 2]
    assert listed.splitlines()[-1] == "For the next page: --after 4"
    shown = invoke("requests", "show", "2", env=env).output
    for word in (str(DAY), "slots none", "bookings none", "events", "created", "search-failed", "x_request_id"):
        assert word in shown


@pytest.mark.parametrize("command", ["show", "cancel"])
@pytest.mark.parametrize("unknown", [7, 2**53 - 1])
def test_an_unknown_id_is_said_to_be_unknown(filled_url: str, command: str, unknown: int) -> None:
    failed = invoke("requests", command, str(unknown), env=settings(database_url=filled_url)).exception
    assert isinstance(failed, CommandFailed)
    assert str(failed) == f"there is no appointment-request {unknown}"
