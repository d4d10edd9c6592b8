"""X-API-VERSION, and what deprecated versions say (D12, D16)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from connect_appointments.web.api.versions import Deprecation
from connect_appointments.web.server.timeouts import Timeouts
from tests.api.wire import Serve, cancel_bytes, on_the_wire, open_wire, spell
from tests.api_client import CANCEL, Api
from tests.build import PUBLIC_URL

pytestmark = pytest.mark.engines("sqlite")

ALL = ["1", "2", "3", "4", "5", "6", "7"]
BAD = [
    "",
    "0",
    "8",
    "-1",
    "07",
    "007",
    "7.0",
    "7.",
    "+7",
    "7, 7",
    "7,7",
    "7 7",
    "1 7",
    "v7",
    "seven",
    "VII",
    "0x7",
    "7e0",
    '"7"',
    "1" * 5000,
]
BAD_BYTES = [b"\xd9\xa7", b"\xef\xbc\x97", b"\xb7", b"7\xa0", b"\x0b7", b"7\x0c", b"7\x00", b"\xc2\xb2"]


@pytest.mark.parametrize("version", BAD, ids=lambda version: f"D12 {version[:20]!r}")
async def test_d12_any_other_version_is_400_naming_the_supported_ones(shared_api: Api, version: str) -> None:
    answer = await shared_api.alice.cancel(1, headers={"X-API-VERSION": version})
    assert (answer.status_code, answer.json()["code"]) == (400, "unsupported-api-version")
    assert answer.json()["supported"] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("version", BAD_BYTES, ids="D12 {}".format)
async def test_d12_digits_and_spaces_beyond_ascii_are_400(shared_api: Api, version: bytes) -> None:
    headers: Any = {"X-API-VERSION": version}
    assert (await shared_api.alice.cancel(1, headers=headers)).json()["code"] == "unsupported-api-version"


async def test_d12_missing_is_400(shared_api: Api) -> None:
    answer = await shared_api.alice.cancel(1, headers={"X-API-VERSION": None})
    assert (answer.status_code, answer.json()["supported"]) == (400, [1, 2, 3, 4, 5, 6, 7])


@pytest.mark.parametrize("versions", [["7", "7"], ["6", "7"], ["7", ""], ["", "7"], ["7", "x"]], ids="D12 {}".format)
async def test_d12_repeated_is_400(port: int, shared_api: Api, versions: list[str]) -> None:
    async with open_wire(port) as wire:
        await wire.send(cancel_bytes(shared_api.alice.token, 1, X_API_VERSION=versions))
        answer = await wire.answer()
        assert (answer.status, answer.code) == (400, "unsupported-api-version")


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("spelling", ["{}", " {}", "{} ", "\t{}\t", "   {} \t "], ids="D12 {!r}".format)
async def test_d12_white_space_around_it_is_no_part_of_it(
    port: int, shared_api: Api, version: str, spelling: str
) -> None:
    async with open_wire(port) as wire:
        await wire.send(cancel_bytes(shared_api.alice.token, 4_000_000_000, X_API_VERSION=spelling.format(version)))
        assert (await wire.answer()).status == 404
    found = await shared_api.alice.cancel(4_000_000_000, headers={"X-API-VERSION": spelling.format(version)})
    assert found.status_code == 404


async def test_d12_the_name_of_the_header_has_no_case(port: int, shared_api: Api) -> None:
    async with open_wire(port) as wire:
        sent = cancel_bytes(shared_api.alice.token, 4_000_000_000).replace(b"X-API-VERSION", b"x-Api-vErsion")
        await wire.send(sent)
        assert (await wire.answer()).status == 404


NO_FIELDS: dict[str, Any] = {"json": {}}
ANSWERS_AFTER_THE_VERSION: dict[str, tuple[int, dict[str, Any]]] = {
    "404": (404, {"json": {"appointmentRequestId": 4_000_000_000}}),
    "400 of the body": (400, {"content": b"{"}),
    "413": (413, {"content": b" " * 20_000}),
    "415 of the type": (415, {"content": b"{}", "headers": {"Content-Type": "text/plain"}}),
    "415 of the encoding": (415, {"content": b"{}", "headers": {"Content-Encoding": "gzip"}}),
    "422": (422, NO_FIELDS),
}
ANSWERS_BEFORE_THE_VERSION: dict[str, tuple[int, dict[str, Any]]] = {
    "401": (401, {**NO_FIELDS, "headers": {"Authorization": None}}),
    "400 of the host": (400, {**NO_FIELDS, "headers": {"Host": ""}}),
}


async def answer_in(api: Api, version: str, call: dict[str, Any]) -> Any:
    """The answer of cancel to a call in a version."""
    headers = {**call.get("headers", {}), "X-API-VERSION": version}
    return await api.alice.request("POST", CANCEL, **{**call, "headers": headers})


@pytest.mark.parametrize(
    ("status", "call"), ANSWERS_AFTER_THE_VERSION.values(), ids=[f"D16 {name}" for name in ANSWERS_AFTER_THE_VERSION]
)
async def test_d16_every_answer_after_the_version_says_that_1_and_2_are_deprecated(
    shared_api: Api, status: int, call: dict[str, Any]
) -> None:
    for version in ALL:
        answer = await answer_in(shared_api, version, call)
        assert answer.status_code == status
        check_deprecation(answer.headers, deprecated=version in {"1", "2"})


def check_deprecation(headers: Any, *, deprecated: bool) -> None:
    assert headers.get("deprecation") == ("@1748217600" if deprecated else None)
    link = f'<{PUBLIC_URL}/docs/versions>; rel="deprecation"; type="text/html"'
    assert headers.get("link") == (link if deprecated else None)
    assert "sunset" not in headers


@pytest.mark.parametrize("version", ALL, ids="D16 {}".format)
async def test_d16_successes_say_it_too(shared_api: Api, version: str) -> None:
    headers = {"X-API-VERSION": version}
    created = await shared_api.alice.create(1, headers=headers)
    request_id = created.headers["location"].rpartition("/")[2]
    read = await shared_api.settled(lambda: shared_api.alice.read(request_id, headers=headers))
    cancelled = await shared_api.alice.cancel(int(request_id), headers=headers)
    assert [created.status_code, read.status_code, cancelled.status_code] == [201, 200, 204]
    for answer in (created, read, cancelled):
        check_deprecation(answer.headers, deprecated=version in {"1", "2"})


@pytest.mark.parametrize(
    ("status", "call"), ANSWERS_BEFORE_THE_VERSION.values(), ids=[f"D16 {name}" for name in ANSWERS_BEFORE_THE_VERSION]
)
async def test_d16_an_answer_before_the_version_says_nothing(
    shared_api: Api, status: int, call: dict[str, Any]
) -> None:
    answer = await answer_in(shared_api, "1", call)
    assert answer.status_code == status
    check_deprecation(answer.headers, deprecated=False)


async def test_d16_a_202_says_it_too(serve: Serve) -> None:
    async with serve(with_worker=False) as api:
        request_id = await api.created(1)
        answer = await api.alice.read(request_id, headers={"X-API-VERSION": "2"})
        assert answer.status_code == 202
        check_deprecation(answer.headers, deprecated=True)


async def test_d16_a_408_says_it_too(serve: Serve) -> None:
    async with (
        serve() as api,
        on_the_wire(api, Timeouts(body_seconds=0.1)) as port,
        open_wire(port) as wire,
    ):
        await wire.send(spell(api.alice.token, X_API_VERSION="1", Content_Length="1"))
        answer = await wire.answer()
        assert answer.status == 408
        check_deprecation(dict(answer.fields), deprecated=True)


async def test_d16_the_page_it_links_to_exists(shared_api: Api) -> None:
    link = (await shared_api.alice.cancel(0, headers={"X-API-VERSION": "1"})).headers["link"]
    path = link.partition(">")[0].removeprefix(f"<{PUBLIC_URL}")
    answer = await shared_api.alice.request("GET", path)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/html")


async def test_d16_since_and_sunset_are_settings(serve: Serve) -> None:
    async with serve(deprecation=Deprecation(since=date(1970, 1, 2), sunset=date(2030, 12, 31))) as api:
        answer = await api.alice.cancel(0, headers={"X-API-VERSION": "1"})
        assert answer.headers["deprecation"] == "@86400"
        assert answer.headers["sunset"] == "Tue, 31 Dec 2030 00:00:00 GMT"
        assert "sunset" not in (await api.alice.cancel(0)).headers


async def test_d16_versions_1_and_2_answer_as_7_does(shared_api: Api) -> None:
    for call in [call for _, call in ANSWERS_AFTER_THE_VERSION.values()]:
        answers = [(await answer_in(shared_api, version, call)) for version in ("1", "2", "7")]
        bodies = [{**answer.json(), "instance": "", "requestId": ""} for answer in answers]
        assert bodies[0] == bodies[1] == bodies[2]
