"""Who owns what, and that nobody can tell what others have (D7, D8)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator

import httpx2
import pytest

from connect_appointments.web.api.tokens.token_rules import TokenRules
from tests.api.wire import Serve
from tests.api_client import Api, Caller, number_of
from tests.build import ALICE, BOB, BOBS_ORDERS, ISSUER, Issuer

pytestmark = pytest.mark.engines("sqlite", "postgresql")

UNKNOWN = 4_000_000_000

Call = Callable[[Caller, int], Awaitable[httpx2.Response]]
CALLS: dict[str, Call] = {
    "cancel": lambda caller, number: caller.cancel(number),
    "read": lambda caller, number: caller.read(number),
    "book": lambda caller, number: caller.book(number, "x"),
    "read_booking": lambda caller, number: caller.read_booking(number),
    "create": lambda caller, number: caller.create(number),
    "read_appointment": lambda caller, number: caller.read_appointment(number),
    "list_appointments": lambda caller, number: caller.list_appointments(number),
    "list_requests": lambda caller, number: caller.list_requests(number),
}


@pytest.fixture(scope="module")
def bobs_orders(shared_api: Api) -> Iterator[int]:
    """Orders of Bob that no test has booked anything for."""
    return iter(BOBS_ORDERS[1:])


async def number_of_bobs(api: Api, call: str, orders: Iterator[int]) -> int:
    """The number of something of Bob's that this call takes."""
    if call in {"create", "list_appointments", "list_requests"}:
        return BOBS_ORDERS[0]
    if call == "read_appointment":
        return int((await api.booked(next(orders), api.bob))[1].json()["id"])
    request_id, slots = await api.opened(next(orders) if call == "read_booking" else BOBS_ORDERS[0], api.bob)
    if call != "read_booking":
        return request_id
    return number_of(await api.bob.book(request_id, slots[0]["id"]))


def without_what_may_differ(answer: httpx2.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """The answer but for `instance`, the request id and the length."""
    body = re.sub(rb'"(instance|requestId)":"[^"]*"', b"", answer.content)
    headers = [(name, value) for name, value in answer.headers.multi_items() if name not in {"x-request-id", "date"}]
    return answer.status_code, body, headers


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("version", ["1", "7"])
async def test_d7_foreign_unknown_and_impossible_ids_get_the_same_bytes(
    shared_api: Api, bobs_orders: Iterator[int], call: str, version: str
) -> None:
    ask = CALLS[call]
    foreign = await number_of_bobs(shared_api, call, bobs_orders)
    same = {"X-API-VERSION": version, "X-Request-Id": "the-same-length"}
    alice = _Fixed(shared_api.alice, same)
    numbers = [foreign, UNKNOWN, 2**53, 2**63 - 1, 2**63]
    if version == "7" or not call.startswith(("read", "list")):
        # In a path these are refused before the version is looked at (D13), so without what a deprecated one says.
        numbers += [0, -1, 10**30, 10**4000]
    answers = [await ask(alice, number) for number in numbers]  # type: ignore[arg-type]  # has a Caller's methods
    assert {answer.status_code for answer in answers} == {404}
    assert len({repr(without_what_may_differ(answer)) for answer in answers}) == 1
    assert "Deprecation" in answers[0].headers or version == "7"


class _Fixed:
    """A caller whose calls all carry the same headers."""

    def __init__(self, caller: Caller, headers: dict[str, str]) -> None:
        self._caller = caller
        self._headers = headers

    def __getattr__(self, name: str) -> Callable[..., Awaitable[httpx2.Response]]:
        call = getattr(self._caller, name)
        return lambda *values: call(*values, headers=self._headers)


@pytest.mark.parametrize("call", CALLS)
async def test_d7_what_is_foreign_stays_as_it_was(shared_api: Api, bobs_orders: Iterator[int], call: str) -> None:
    foreign = await number_of_bobs(shared_api, call, bobs_orders)
    await CALLS[call](shared_api.alice, foreign)
    if call in {"cancel", "read", "book"}:
        assert (await shared_api.bob.read(foreign)).json()["status"] == "open"


async def test_d7_the_same_call_by_its_owner_is_no_404(shared_api: Api, bobs_orders: Iterator[int]) -> None:
    for call, ask in CALLS.items():
        assert (await ask(shared_api.bob, await number_of_bobs(shared_api, call, bobs_orders))).status_code != 404


OWNERS: dict[str, object] = {
    "a text": "11001",
    "one character": "x",
    "255 characters": "x" * 255,
    "255 characters beyond the BMP": "😀" * 255,
    "white space": " ",
    "quotes and SQL": "'; DROP TABLE orders; --",
    "an integer": 11001,
    "zero": 0,
    "a negative integer": -5,
    "a large integer": 10**200,
}


@pytest.mark.parametrize("owner", OWNERS.values(), ids=[f"D8 {name}" for name in OWNERS])
async def test_d8_an_owner_may_be(shared_api: Api, issuer: Issuer, owner: object) -> None:
    assert (await shared_api.caller(issuer.token(owner)).cancel(UNKNOWN)).status_code == 404


async def test_d8_an_integer_is_its_decimal_text(shared_api: Api, issuer: Issuer) -> None:
    request_id = await shared_api.created(1)
    assert (await shared_api.caller(issuer.token(int(ALICE))).cancel(request_id)).status_code == 204


async def test_d8_no_other_spelling_is_the_same_owner(shared_api: Api, issuer: Issuer) -> None:
    request_id = await shared_api.created(1)
    for owner in ("011001", "11001 ", " 11001", "\uff11\uff11\uff10\uff10\uff11", "11001\u200b", -11001, 110010):
        assert (await shared_api.caller(issuer.token(owner)).cancel(request_id)).status_code == 404


async def test_d8_the_claim_is_another_one_where_it_is_configured(serve: Serve, issuer: Issuer) -> None:
    async with serve(tokens=TokenRules(frozenset({ISSUER}), owner_claim="sub")) as api:
        alice = api.caller(issuer.token(BOB, sub=ALICE))
        request_id = number_of(await alice.create(1))
        assert (await api.alice.cancel(request_id)).status_code == 404
        assert (await alice.cancel(request_id)).status_code == 204
        assert (await api.caller(issuer.token(ALICE, sub=None)).cancel(request_id)).status_code == 401


async def test_d8_the_owner_is_the_one_at_creation(shared_api: Api, issuer: Issuer) -> None:
    request_id = await shared_api.created(1)
    assert (await shared_api.caller(issuer.token(BOB, sub="the same subject")).read(request_id)).status_code == 404
    assert (
        await shared_api.caller(issuer.token(ALICE, azp="another-client", sub="another")).cancel(request_id)
    ).status_code == 204
