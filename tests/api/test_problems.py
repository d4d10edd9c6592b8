"""The bodies of errors, their pages, and request ids (D14, D38)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from connect_appointments.store.engine import Database
from connect_appointments.web.api.problems import PROBLEMS
from tests.api.sending import post
from tests.api.wire import cancel_bytes, open_wire
from tests.api_client import CANCEL, Api, number_of
from tests.build import PUBLIC_URL
from tests.documents import documented

pytestmark = pytest.mark.engines("sqlite")

Ask = Callable[[Api], Awaitable[httpx2.Response]]


async def cancel(api: Api, number: object = 1, **headers: str | None) -> httpx2.Response:
    return await api.alice.cancel(number, headers={name.replace("_", "-"): value for name, value in headers.items()})


async def cancel_booked(api: Api) -> httpx2.Response:
    return await api.alice.cancel((await api.booked(3))[0])


async def book_cancelled(api: Api) -> httpx2.Response:
    request_id, slots = await api.opened(1)
    await api.alice.cancel(request_id)
    return await api.alice.book(request_id, slots[0]["id"])


async def book_another_of_the_order(api: Api) -> httpx2.Response:
    request_id, slots = await api.opened(4)
    await api.booked(4)
    return await api.alice.book(request_id, slots[0]["id"])


async def book_what_was_not_offered(api: Api) -> httpx2.Response:
    return await api.alice.book((await api.opened(1))[0], "x")


async def create_with_a_used_key(api: Api) -> httpx2.Response:
    await api.alice.create(1, headers={"Idempotency-Key": "k"})
    return await api.alice.create(2, headers={"Idempotency-Key": "k"})


REACHED: dict[str, Ask] = {
    "malformed-body": lambda api: post(api, b"{"),
    "unsupported-api-version": lambda api: cancel(api, X_API_VERSION="8"),
    "invalid-host": lambda api: cancel(api, Host=""),
    "invalid-idempotency-key": lambda api: api.alice.create(1, headers={"Idempotency-Key": ""}),
    "invalid-token": lambda api: cancel(api, Authorization=None),
    "not-found": lambda api: cancel(api, 0),
    "path-not-found": lambda api: api.alice.request("GET", "/nowhere"),
    "method-not-allowed": lambda api: api.alice.request("GET", CANCEL),
    "body-too-large": lambda api: post(api, b" " * 20_000),
    "unsupported-media-type": lambda api: post(api, b"{}", Content_Type="text/plain"),
    "unsupported-content-encoding": lambda api: post(api, b"{}", Content_Encoding="gzip"),
    "invalid-fields": lambda api: post(api, b"{}"),
    "appointment-request-booked": cancel_booked,
    "appointment-request-cancelled": book_cancelled,
    "order-has-appointment": book_another_of_the_order,
    "slot-not-offered": book_what_was_not_offered,
    "idempotency-key-reused": create_with_a_used_key,
}
REACHED_ELSEWHERE = {
    "malformed-request": "bytes that are not HTTP: test_on_the_wire.py",
    "head-timeout": "a head that stops half way: test_slow_callers.py",
    "too-many-requests": "a limit that an operator set: test_rate_limits.py",
    "head-too-large": "more than 32 KiB, or 100 fields: test_heads.py",
    "body-timeout": "a body that stops half way: test_bodies_on_the_wire.py",
    "idempotency-key-in-use": "two creations at once: the tests of D36",
    "appointment-request-booking": "a worker that has not finished: the tests of D3 and D33",
    "appointment-request-not-open": "a worker that has not finished: the tests of D32",
    "slot-unavailable": "the last place taken by another: the tests of D29",
    "order-transferred": "an order that changed hands: test_orders_that_change_hands.py",
    "search-failed": "a workforce system that fails: the tests of D19",
    "unexpected-error": "a bug: test_outages.py",
    "temporarily-unavailable": "a database that is gone: test_outages.py",
    "overloaded": "more than can wait: test_overload.py",
    "offer-expired": "an offer that has ended: test_expired_offers.py",
    "past-point-of-no-return": "an outcome: test_read_cancellation.py",
    "cancellation-refused": "an outcome: test_read_cancellation.py",
    "appointment-in-progress": "an outcome: test_read_cancellation.py",
    "appointment-ended": "an outcome: test_read_cancellation.py",
    "appointment-changing": "a change under way: test_reschedule_appointment.py",
    "appointment-request-other-order": "another order: test_reschedule_appointment.py",
}


@pytest.fixture(params=PROBLEMS, ids=lambda problem: f"D14 {problem.code}")
def problem(request: pytest.FixtureRequest) -> Any:
    """Each row of the table."""
    return request.param


def test_d14_every_code_is_reached_here_or_elsewhere() -> None:
    codes = {problem.code for problem in PROBLEMS}
    assert codes == REACHED.keys() | REACHED_ELSEWHERE.keys()
    assert len(codes) == len(PROBLEMS)


@pytest.mark.parametrize("code", REACHED, ids="D14 {}".format)
async def test_d14_an_error_is_a_problem_of_the_table(shared_api: Api, code: str) -> None:
    problem = next(problem for problem in PROBLEMS if problem.code == code)
    answer = await REACHED[code](shared_api)
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code
    assert body["type"] == f"{PUBLIC_URL}/problems/{code}"
    assert (body["status"], answer.status_code) == (problem.status, problem.status)
    assert body["title"] == (CANCEL_NOT_FOUND if code == "not-found" else problem.title)
    assert body["detail"]
    assert uuid.UUID(body["instance"].removeprefix("urn:uuid:")).version == 4
    assert body["requestId"] == answer.headers["x-request-id"]
    expected = {"type", "title", "status", "code", "detail", "instance", "requestId"}
    expected |= {"errors"} if code == "invalid-fields" else set()
    expected |= {"supported"} if code == "unsupported-api-version" else set()
    assert body.keys() == expected


async def test_d14_the_type_is_a_page_that_exists(shared_api: Api, problem: Any) -> None:
    answer = await shared_api.alice.request("GET", f"/problems/{problem.code}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert problem.code in answer.text


CANCEL_NOT_FOUND = "You are not authorised or The id (of the appointment-request) provided does not exist"


async def test_d22_the_title_of_an_unknown_id_belongs_to_the_route(shared_api: Api) -> None:
    alice = shared_api.alice
    unknown = 4_000_000_000
    assert (await alice.cancel(unknown)).json()["title"] == CANCEL_NOT_FOUND
    assert (await alice.cancel(0)).json()["title"] == CANCEL_NOT_FOUND
    calls = (alice.create(unknown), alice.read(unknown), alice.read(0), alice.book(unknown, "x"))
    for call in (*calls, alice.read_booking(unknown)):
        assert (await call).json()["title"] == "You do not have permission to perform this task"


def test_d22_the_documents_have_the_title_of_each_route() -> None:
    for path, methods in documented("7")["paths"].items():
        for operation in methods.values():
            description = operation["responses"]["404"]["description"]
            assert description.startswith(CANCEL_NOT_FOUND) is (path == CANCEL)
            assert description.startswith("You do not have permission to perform this task") is (path != CANCEL)


DOCUMENTED = {
    401: {"Bearer Token missing or invalid"},
    404: {
        "You do not have permission to perform this task",
        "There is nothing at this path",
    },
    500: {"There was an unexpected error processing the request"},
}


@pytest.mark.parametrize("status", DOCUMENTED, ids="D14 {}".format)
def test_d14_the_title_is_the_documented_sentence_where_there_is_one(status: int) -> None:
    assert {problem.title for problem in PROBLEMS if problem.status == status} == DOCUMENTED[status]


def test_d14_a_validation_error_has_the_documented_sentence() -> None:
    title = next(problem.title for problem in PROBLEMS if problem.code == "invalid-fields")
    assert title == (
        "There are validation errors on the request you made. Check the response body to see what fields had issues"
    )


async def test_d14_a_field_is_named_by_a_pointer_a_code_and_a_sentence(shared_api: Api) -> None:
    answer = await post(shared_api, b'{"appointmentRequestId":"300"}')
    assert answer.json()["errors"] == [
        {"pointer": "#/appointmentRequestId", "code": "not-an-integer", "detail": "must be an integer"}
    ]


async def test_d14_every_problem_is_an_instance_of_its_own(shared_api: Api) -> None:
    instances = {(await cancel(shared_api, 0)).json()["instance"] for _ in range(10)}
    assert len(instances) == 10


GOOD_IDS = ["x", "0", "a" * 128, "A.b_c-9", "..", "5b074ea2-7820-4440-bc72-209d2be83917"]
BAD_IDS = ["", "a" * 129, "a b", "a,b", "a/b", "a:b", '"a"', "<script>", "{}", "a\tb", "a%0d%0aX: y", "a=b"]


@pytest.mark.parametrize("name", GOOD_IDS, ids=lambda name: f"D38 {name[:20]}")
async def test_d38_a_plain_request_id_of_the_caller_is_kept(shared_api: Api, name: str) -> None:
    for number in (0, await shared_api.created(1)):
        assert (await cancel(shared_api, number, X_Request_Id=name)).headers["x-request-id"] == name


@pytest.mark.parametrize("name", BAD_IDS, ids=lambda name: f"D38 {name[:20]!r}")
async def test_d38_any_other_is_replaced_by_ours(shared_api: Api, name: str) -> None:
    found = (await cancel(shared_api, 0, X_Request_Id=name)).headers["x-request-id"]
    assert found != name
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", found)


async def test_d38_bytes_beyond_ascii_and_two_of_them_are_replaced(port: int, shared_api: Api) -> None:
    async with open_wire(port) as wire:
        for sent in ["\xe9", ["a", "a"], ["a", "b"]]:
            await wire.send(cancel_bytes(shared_api.alice.token, 0, X_Request_Id=sent))
            assert (await wire.answer()).values("x-request-id")[0] not in {"\xe9", "a", "b"}


async def test_d38_ours_is_never_the_same_twice(shared_api: Api) -> None:
    assert len({(await cancel(shared_api, 0)).headers["x-request-id"] for _ in range(100)}) == 100


async def test_d38_pages_health_and_unknown_paths_have_one_too(shared_api: Api) -> None:
    for path in ("/", "/livez", "/docs", "/openapi/v1.json", "/nowhere", CANCEL):
        answer = await shared_api.alice.request("GET", path, headers={"X-Request-Id": "mine"})
        assert answer.headers["x-request-id"] == "mine"


@pytest.mark.engines("sqlite", "postgresql")  # the store writes it with the event
async def test_d38_it_stands_in_every_event(database: Database, api: Api) -> None:
    created = await api.alice.create(1, headers={"X-Request-Id": "create-1"})
    request_id = number_of(created)
    await api.settled(lambda: api.alice.read(request_id))
    assert (await cancel(api, request_id, X_Request_Id="cancel-1")).status_code == 204
    ours = await api.alice.create(1)
    traces = await database.read(_traces)
    assert {"create-1", "cancel-1", ours.headers["x-request-id"]} <= set(traces)


async def _traces(transaction: Any) -> list[str]:
    return [row.x_request_id for row in await transaction.fetch(sa.text("SELECT x_request_id FROM events"))]
