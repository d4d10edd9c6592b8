"""Paths are spelled exactly, numbers in them too; and the checks come in one order (D7, D11, D13)."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest

from connect_appointments.web.api.routes import ROUTES
from tests.api.wire import open_wire, spell
from tests.api_client import BOOK, CANCEL, CREATE, ORDERS, Api

pytestmark = pytest.mark.engines("sqlite")

BAD_PATHS = [
    "/",
    "//",
    "/api",
    "/api/connect/orders/appointment-requests",
    CANCEL + "/",
    CANCEL + "//",
    CANCEL + "/300",
    CANCEL + ";x=1",
    CANCEL + "%20",
    CANCEL + ".",
    "/" + CANCEL,
    CANCEL.replace("/cancel", "//cancel"),
    CANCEL.replace("/cancel", "/./cancel"),
    CANCEL.replace("/cancel", "/x/../cancel"),
    CANCEL.replace("/cancel", "%2Fcancel"),
    CANCEL.replace("/cancel", "%2fcancel"),
    CANCEL.replace("cancel", "%63ancel"),
    CANCEL.replace("cancel", "Cancel"),
    CANCEL.upper(),
    CANCEL.removeprefix("/api"),
    CREATE + "/",
    BOOK + "/",
    CREATE + "/300/",
    CREATE + "/300/slots",
    CREATE + "/300%2F",
    "/api/connect/orders/appointment-cancellations/request",
    ORDERS + "/appointments/",
    ORDERS + "/appointments",
    ORDERS + "/300",
    ORDERS + "/300/",
    ORDERS + "/300/appointments/",
    ORDERS + "/300/Appointments",
    ORDERS + "/300/appointments/1",
    ORDERS + "/300//appointments",
    ORDERS + "//appointments",
    ORDERS + "/%33/appointments",
    ORDERS + "/300/slots",
]


@pytest.mark.parametrize("path", [path for path in BAD_PATHS if path != "/"], ids="D13 {}".format)
async def test_d13_a_path_not_exactly_spelled_is_404_for_everybody(port: int, shared_api: Api, path: str) -> None:
    async with open_wire(port) as wire:
        for verb in ("POST", "GET", "OPTIONS"):
            for token in (shared_api.alice.token, "", "x"):
                await wire.send(spell(token, line=f"{verb} {path} HTTP/1.1", Content_Length="0"))
                answer = await wire.answer()
                assert (answer.status, answer.code) == (404, "path-not-found")
                assert answer.values("location") == []


async def ask(api: Api, verb: str, path: str, **changes: Any) -> httpx2.Response:
    """One call whose path is tidy already."""
    return await api.alice.request(verb, path, **changes)


async def test_d13_a_query_is_no_part_of_the_path(shared_api: Api) -> None:
    request_id = await shared_api.created(1)
    answer = await ask(shared_api, "POST", CANCEL + "?x=%00&y", json={"appointmentRequestId": request_id})
    assert answer.status_code == 204


@pytest.mark.parametrize("origin", ["", "http://connect.test"])
async def test_d44_the_query_of_a_list_is_read_on_the_wire(port: int, shared_api: Api, origin: str) -> None:
    async with open_wire(port) as wire:
        for query, status in (("", 200), ("?", 200), ("?limit=1", 200), ("?limit=0", 422), ("?limit=1?", 422)):
            line = f"GET {origin}{ORDERS}/1/appointments{query} HTTP/1.1"
            await wire.send(spell(shared_api.alice.token, line=line, Content_Length=None))
            assert (await wire.answer("GET")).status == status


NO_NUMBERS = [
    "0",
    "00",
    "0300",
    "-1",
    "-300",
    "+300",
    "300.0",
    "3e2",
    "0x12c",
    "300a",
    "abc",
    "null",
    "1" + "0" * 19,
    str(2**64),
    "9" * 5000,
]


@pytest.mark.parametrize("number", NO_NUMBERS, ids=lambda number: f"D7 {number[:25]}")
@pytest.mark.parametrize(
    "path",
    [
        CREATE + "/{}",
        BOOK + "/{}",
        ORDERS + "/appointments/{}",
        ORDERS + "/{}/appointments",
        ORDERS + "/{}/appointment-requests",
    ],
)
async def test_d7_a_number_nobody_has_in_a_path_is_the_404_of_an_unknown_id(
    shared_api: Api, path: str, number: str
) -> None:
    answer = await ask(shared_api, "GET", path.format(number))
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("number", ["%330", "3%30", "300%20", "300%00", "%EF%BC%93", "300;x"], ids="D7 {}".format)
async def test_d7_a_number_in_another_spelling_is_404(port: int, shared_api: Api, number: str) -> None:
    async with open_wire(port) as wire:
        await wire.send(spell(shared_api.alice.token, line=f"GET {CREATE}/{number} HTTP/1.1", Content_Length=None))
        assert (await wire.answer("GET")).status == 404


async def test_d7_an_id_one_has_is_404_in_any_other_spelling(port: int, shared_api: Api) -> None:
    request_id, _ = await shared_api.opened(1)
    async with open_wire(port) as wire:
        for spelling in ("{}", "0{}", "00000000{}", "+{}", "{}.0", "{}e0", "{}%20", "{};x", "{}/"):
            path = f"{CREATE}/{spelling.format(request_id)}"
            await wire.send(spell(shared_api.alice.token, line=f"GET {path} HTTP/1.1", Content_Length=None))
            assert (await wire.answer("GET")).status == (200 if spelling == "{}" else 404)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"D11 {route.operation}")
@pytest.mark.parametrize("verb", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_d11_any_other_verb_is_405_with_allow_whoever_asks(shared_api: Api, route: Any, verb: str) -> None:
    if verb == route.method:
        return
    for headers in ({}, {"Authorization": None, "X-API-VERSION": None}):
        answer = await shared_api.alice.request(verb, re.sub(r"{\w+}", "300", route.path), headers=headers)
        assert (answer.status_code, answer.headers["allow"]) == (405, route.method)


@pytest.mark.parametrize(
    "path", ["/livez", "/readyz", "/metrics", "/docs", "/docs/versions", "/problems", "/openapi/v1.json"]
)
async def test_d13_health_and_documentation_ask_for_neither_token_nor_version(shared_api: Api, path: str) -> None:
    nothing: dict[str, str | None] = {"Authorization": None, "X-API-VERSION": None}
    assert (await shared_api.alice.request("GET", path, headers=nothing)).status_code == 200
    answer = await shared_api.alice.request("POST", path, headers=nothing)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert (await ask(shared_api, "GET", path + "/", headers=nothing)).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/openapi/v0.json", "/openapi/v8.json", "/openapi/v07.json", "/problems/no-such-code", "/static/site.py"],
)
async def test_d13_documentation_that_does_not_exist_is_404(shared_api: Api, path: str) -> None:
    answer = await ask(shared_api, "GET", path)
    assert (answer.status_code, answer.json()["code"]) == (404, "path-not-found")


FAULTS: list[tuple[str, int, dict[str, Any]]] = [
    ("path-not-found", 404, {"path": CANCEL + "/"}),
    ("method-not-allowed", 405, {"verb": "PUT"}),
    ("invalid-host", 400, {"Host": ""}),
    ("invalid-token", 401, {"Authorization": "Bearer x"}),
    ("unsupported-api-version", 400, {"X-API-VERSION": "8"}),
    ("unsupported-media-type", 415, {"Content-Type": "text/plain"}),
    ("body-too-large", 413, {"body": b" " * 20_000}),
    ("malformed-body", 400, {"body": b"{"}),
    ("invalid-fields", 422, {"body": b"{}"}),
    ("appointment-request-booked", 422, {}),
]
PAIRS = [
    pytest.param(earlier, later, id=f"D13 {earlier[0]} before {later[0]}")
    for place, earlier in enumerate(FAULTS)
    for later in FAULTS[place + 1 :]
]


@pytest.fixture(scope="module")
async def booked_id(shared_api: Api) -> int:
    """An appointment-request that cannot be cancelled."""
    return (await shared_api.booked(9))[0]


@pytest.mark.parametrize(("earlier", "later"), PAIRS)
async def test_d13_of_two_faults_the_earlier_check_answers(
    shared_api: Api,
    booked_id: int,
    earlier: tuple[str, int, dict[str, Any]],
    later: tuple[str, int, dict[str, Any]],
) -> None:
    call = {"path": CANCEL, "verb": "POST", "body": b'{"appointmentRequestId":%d}' % booked_id}
    call = {**call, **later[2], **earlier[2]}
    body = call.pop("body")
    if earlier[0] == "body-too-large":
        body = body.rjust(20_000)
    answer = await ask(shared_api, call.pop("verb"), call.pop("path"), content=body, headers=call)
    assert (answer.json()["code"], answer.status_code) == (earlier[0], earlier[1])


@pytest.mark.parametrize(("code", "status", "changes"), FAULTS, ids=[f"D13 {fault[0]}" for fault in FAULTS])
async def test_d13_each_fault_alone_has_its_own_answer(
    shared_api: Api, booked_id: int, code: str, status: int, changes: dict[str, Any]
) -> None:
    call = {"path": CANCEL, "verb": "POST", "body": b'{"appointmentRequestId":%d}' % booked_id, **changes}
    body = call.pop("body")
    answer = await ask(shared_api, call.pop("verb"), call.pop("path"), content=body, headers=call)
    assert (answer.json()["code"], answer.status_code) == (code, status)


async def test_d13_a_foreign_id_is_404_before_any_state(shared_api: Api, booked_id: int) -> None:
    assert (await shared_api.bob.cancel(booked_id)).status_code == 404
    assert (await shared_api.bob.book(booked_id, "x")).status_code == 404
