"""Location, and the Host it may come from (D13, D17)."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest

from tests.api.wire import Serve, cancel_bytes, on_the_wire, open_wire, spell
from tests.api_client import BOOK, CREATE, Api, number_of
from tests.build import PUBLIC_URL

pytestmark = pytest.mark.engines("sqlite")

FORWARDED = {
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": "/evil",
    "Forwarded": "host=evil.test;proto=http",
    "X-Original-Host": "evil.test",
}


@pytest.mark.parametrize("host", ["connect.test", "evil.test", "evil.test:666"], ids="D17 Host {}".format)
async def test_d17_location_is_on_the_public_url_whatever_the_headers_say(api: Api, host: str) -> None:
    created = await api.alice.create(1, headers={"Host": host, **FORWARDED})
    request_id = number_of(created)
    assert created.headers["location"] == f"{PUBLIC_URL}{CREATE}/{request_id}"
    assert re.fullmatch(r"[1-9][0-9]*", created.headers["location"].rpartition("/")[2])
    slots = (await api.settled(lambda: api.alice.read(request_id))).json()["slots"]
    booked = await api.alice.book(request_id, slots[0]["id"], headers={"Host": host, **FORWARDED})
    assert booked.headers["location"] == f"{PUBLIC_URL}{BOOK}/{number_of(booked)}"
    problem = await api.alice.cancel(0, headers={"Host": host, **FORWARDED})
    assert problem.json()["type"] == f"{PUBLIC_URL}/problems/not-found"


async def test_d17_a_201_is_blank_and_its_location_is_the_outcome(api: Api) -> None:
    created = await api.alice.create(1)
    assert (created.status_code, created.content) == (201, b"")
    path = created.headers["location"].removeprefix(PUBLIC_URL)
    found = await api.settled(lambda: api.alice.request("GET", path))
    assert (found.status_code, found.json()["id"]) == (200, number_of(created))


async def located(port: int, token: str, **changes: str) -> str:
    """The Location of an appointment-request that is created now."""
    body = b'{"orderId":1,"dateFrom":"%b"}' % str(date.today() + timedelta(days=2)).encode()  # noqa: DTZ011 - far enough
    async with open_wire(port) as wire:
        await wire.send(spell(token, body, line=f"POST {CREATE} HTTP/1.1", **changes))
        answer = await wire.answer()
    assert answer.status == 201
    return answer.values("location")[0].rpartition("/")[0]


async def test_d17_without_a_public_url_the_host_is_believed_and_forwarded_headers_are_not(serve: Serve) -> None:
    async with serve(public_url=None) as api, on_the_wire(api) as port:
        assert await located(port, api.alice.token, **FORWARDED) == f"http://localhost:8080{CREATE}"


async def test_d17_forwarded_headers_are_believed_from_a_named_proxy(serve: Serve) -> None:
    proxied = {"X-Forwarded-Host": "api.test", "X-Forwarded-Proto": "https"}
    async with (
        serve(public_url=None, trusted_proxies=frozenset({"127.0.0.1"})) as api,
        on_the_wire(api) as port,
    ):
        assert await located(port, api.alice.token, **proxied) == f"https://api.test{CREATE}"
        assert await located(port, api.alice.token) == f"http://localhost:8080{CREATE}"
    async with (
        serve(public_url=None, trusted_proxies=frozenset({"127.0.0.2"})) as api,
        on_the_wire(api) as port,
    ):
        assert await located(port, api.alice.token, **proxied) == f"http://localhost:8080{CREATE}"


HOSTS = ["a b", "a/b", "a\\b", "a,b", "user@a", "a?b", "a#b", "<a>", '"a"', "", " ", "a\x80", "a" * 256]


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: f"D13 {host[:10]!r}")
async def test_d13_a_host_that_is_none_is_400(port: int, shared_api: Api, host: str) -> None:
    async with open_wire(port) as wire:
        await wire.send(cancel_bytes(shared_api.alice.token, 1, Host=host))
        answer = await wire.answer()
        assert (answer.status, answer.code) == (400, "invalid-host")


async def test_d13_a_host_that_is_none_stands_nowhere_in_the_answer(serve: Serve) -> None:
    async with serve(public_url=None) as api, on_the_wire(api) as port:
        for host in HOSTS:
            async with open_wire(port) as wire:
                await wire.send(cancel_bytes(api.alice.token, 1, Host=host))
                assert json.loads((await wire.answer()).body)["type"] == "/problems/invalid-host"


@pytest.mark.parametrize("hosts", [["a", "a"], ["a", "b"], ["localhost:8080", ""]], ids="D13 {}".format)
async def test_d13_two_hosts_are_400(port: int, shared_api: Api, hosts: list[str]) -> None:
    async with open_wire(port) as wire:
        await wire.send(cancel_bytes(shared_api.alice.token, 1, Host=hosts))
        answer = await wire.answer()
        assert (answer.status, answer.code) == (400, "invalid-host")


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "a.b-c.test", "xn--e1afmkfd.test"]
)
async def test_d13_an_ordinary_host_is_taken(shared_api: Api, host: str) -> None:
    assert (await shared_api.alice.cancel(0, headers={"Host": host})).status_code == 404
