"""GET /api/connect/orders/{orderId}/appointment-requests; and what both lists have in common (D44)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from connect_appointments.core.requests import SEARCH_FAILED
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import orders
from tests.api_client import Api, Caller
from tests.build import ALICE, BOB, PUBLIC_URL, sample_order
from tests.documents import documented
from tests.store.given import let_expire, moved
from tests.worker.workforces import Gated, calendar

pytestmark = pytest.mark.engines("sqlite", "postgresql")

VERSIONS = [str(number) for number in range(1, 8)]
LISTS: dict[str, Callable[..., Awaitable[httpx2.Response]]] = {
    "appointments": Caller.list_appointments,
    "appointment-requests": Caller.list_requests,
}
EITHER = pytest.mark.parametrize("name", LISTS)


def ids_of(answer: httpx2.Response) -> list[int]:
    """The ids of a list."""
    assert answer.status_code == 200, answer.text
    (found,) = answer.json().values()
    return [one["id"] for one in found]


def next_of(answer: httpx2.Response) -> str | None:
    """The path of the next page, None for none."""
    links = [value for value in answer.headers.get_list("link") if 'rel="next"' in value]
    if not links:
        return None
    (link,) = links
    found = re.fullmatch(rf'<{re.escape(PUBLIC_URL)}(/[^>]*)>; rel="next"', link)
    assert found, link
    return found.group(1)


@pytest.mark.parametrize("version", VERSIONS, ids="D44 version {}".format)
async def test_d44_the_newest_is_first_and_each_is_as_it_is_read_alone(
    api: Api, database: Database, version: str
) -> None:
    ids = [(await api.opened(1))[0] for _ in range(4)]
    await api.opened(2)
    await api.alice.cancel(ids[0])
    await let_expire(database, ids[1])
    await api.booked(1)
    answer = await api.alice.list_requests(1, headers={"X-API-VERSION": version})
    (found,) = answer.json().values()
    assert list(answer.json()) == ["appointmentRequests"]
    assert [one["status"] for one in found] == ["booked", "open", "open", "expired", "cancelled"]
    assert [one["id"] for one in found][1:] == ids[::-1]
    assert found == [(await api.alice.read(one["id"])).json() for one in found]
    assert [list(one) for one in found] == [list((await api.alice.read(ids[0])).json())] * 5
    assert next_of(answer) is None


async def test_d44_one_that_is_searching_or_failed_is_listed(serve: Any, database: Database) -> None:
    workforce = Gated(calendar(database))
    workforce.searching.shut()
    async with serve(workforce=workforce) as api:
        failed, searching = await api.created(1), await api.created(1)
        assert await moved(database, failed, SEARCH_FAILED)
        (found,) = (await api.alice.list_requests(1)).json().values()
        workforce.searching.open()
    assert [(one["id"], one["status"], one["slots"]) for one in found] == [
        (searching, "searching", []),
        (failed, "failed", []),
    ]


async def test_d44_the_pages_follow_each_other_by_their_links(api: Api) -> None:
    made = [await api.created(1) for _ in range(7)][::-1]
    seen, path = [], "/api/connect/orders/1/appointment-requests?limit=3"
    sizes = []
    while path:
        answer = await api.alice.request("GET", path)
        seen += ids_of(answer)
        sizes.append(len(ids_of(answer)))
        path = next_of(answer) or ""
    assert (seen, sizes) == (made, [3, 3, 1])


async def test_d44_a_page_that_ends_with_the_oldest_has_no_link(api: Api) -> None:
    made = [await api.created(1) for _ in range(3)][::-1]
    answer = await api.alice.list_requests(1, "?limit=3")
    assert (ids_of(answer), next_of(answer)) == (made, None)
    assert next_of(await api.alice.list_requests(1, "?limit=2")) == (
        f"/api/connect/orders/1/appointment-requests?limit=2&after={made[1]}"
    )
    assert ids_of(await api.alice.list_requests(1, f"?after={made[2]}")) == []
    assert ids_of(await api.alice.list_requests(1, "?after=9007199254740991")) == made


async def test_d44_one_made_meanwhile_shifts_no_page(api: Api) -> None:
    made = [await api.created(1) for _ in range(4)][::-1]
    first = await api.alice.list_requests(1, "?limit=2")
    await api.created(1)
    second = await api.alice.request("GET", next_of(first) or "")
    assert ids_of(first) + ids_of(second) == made


async def test_d44_twenty_are_on_a_page_unless_limited_otherwise(api: Api) -> None:
    made = [await api.created(1) for _ in range(22)][::-1]
    answer = await api.alice.list_requests(1)
    assert ids_of(answer) == made[:20]
    assert (next_of(answer) or "").endswith(f"?limit=20&after={made[19]}")
    assert ids_of(await api.alice.list_requests(1, "?limit=100")) == made


@EITHER
async def test_d44_an_order_without_any_is_an_empty_list(api: Api, name: str) -> None:
    answer = await LISTS[name](api.alice, 1)
    (found,) = answer.json().values()
    assert (answer.status_code, found, next_of(answer)) == (200, [], None)


@EITHER
@pytest.mark.parametrize(
    ("query", "errors"),
    [
        pytest.param("?limit=0", [("limit", "out-of-range")], id="D44 0"),
        pytest.param("?limit=101", [("limit", "out-of-range")], id="D44 101"),
        pytest.param("?limit=" + "9" * 5000, [("limit", "out-of-range")], id="D44 5000 digits"),
        pytest.param("?limit=-1", [("limit", "not-an-integer")], id="D44 -1"),
        pytest.param("?limit=05", [("limit", "not-an-integer")], id="D44 05"),
        pytest.param("?limit=5.0", [("limit", "not-an-integer")], id="D44 5.0"),
        pytest.param("?limit=+5", [("limit", "not-an-integer")], id="D44 +5"),
        pytest.param("?limit=", [("limit", "not-an-integer")], id="D44 empty"),
        pytest.param("?limit", [("limit", "not-an-integer")], id="D44 no value"),
        pytest.param("?limit=%D9%A5", [("limit", "not-an-integer")], id="D44 another five"),
        pytest.param("?limit=%ff", [("limit", "not-an-integer")], id="D44 bad UTF-8"),
        pytest.param("?limit=5&limit=5", [("limit", "repeated")], id="D44 repeated"),
        pytest.param("?after=0", [("after", "out-of-range")], id="D44 after 0"),
        pytest.param("?after=9007199254740992", [("after", "out-of-range")], id="D44 after 2^53"),
        pytest.param("?after=9223372036854775808", [("after", "out-of-range")], id="D44 after 2^63"),
        pytest.param("?after=abc", [("after", "not-an-integer")], id="D44 after abc"),
        pytest.param("?after=1&after=2", [("after", "repeated")], id="D44 after repeated"),
        pytest.param("?after=x&limit=x", [("limit", "not-an-integer"), ("after", "not-an-integer")], id="D44 both"),
    ],
)
async def test_d44_a_bad_parameter_is_422_naming_it(
    shared_api: Api, name: str, query: str, errors: list[tuple[str, str]]
) -> None:
    answer = await LISTS[name](shared_api.alice, 1, query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-fields")
    found = answer.json()["errors"]
    assert [(one["parameter"], one["code"]) for one in found] == errors
    assert all(list(one) == ["parameter", "code", "detail"] for one in found)


@EITHER
@pytest.mark.parametrize("query", ["?limit=%31%30", "?x=1&limit=100&&y", "?", "?after=1&x=%00"])
async def test_d44_a_parameter_may_be_escaped_and_an_unknown_one_is_ignored(
    shared_api: Api, name: str, query: str
) -> None:
    assert (await LISTS[name](shared_api.alice, 1, query)).status_code == 200


@EITHER
async def test_d44_parameters_are_checked_after_the_version_and_before_the_order(shared_api: Api, name: str) -> None:
    ask = LISTS[name]
    answer = await ask(shared_api.alice, 1, "?limit=0", headers={"X-API-VERSION": "8"})
    assert answer.json()["code"] == "unsupported-api-version"
    answer = await ask(shared_api.alice, 1, "?limit=0", headers={"Authorization": "Bearer x"})
    assert answer.json()["code"] == "invalid-token"
    answer = await ask(shared_api.bob, 1, "?limit=0")
    assert answer.json()["code"] == "invalid-fields"


async def test_d44_with_a_deprecated_version_both_links_are_there(api: Api) -> None:
    for _ in range(2):
        await api.created(1)
    answer = await api.alice.list_requests(1, "?limit=1", headers={"X-API-VERSION": "1"})
    assert len(answer.headers.get_list("link")) == 2
    assert next_of(answer)


@EITHER
async def test_d44_an_order_of_another_owner_is_404_until_a_row_under_it_is_ones_own(
    api: Api, database: Database, name: str
) -> None:
    async def transfer(owner: str) -> None:
        await database.write(lambda transaction: orders.upsert(transaction, [sample_order(1, owner)]))

    ask = LISTS[name]
    assert (await ask(api.bob, 1)).status_code == 404
    _, booking = await api.booked(1)
    before = ids_of(await ask(api.alice, 1))
    await transfer(BOB)
    assert ids_of(await ask(api.alice, 1)) == before != []
    assert ids_of(await ask(api.alice, 1, f"?after={min(before)}")) == []
    assert ids_of(await ask(api.bob, 1)) == []
    request_id = await api.created(1, api.bob)
    await transfer(ALICE)
    assert ids_of(await ask(api.bob, 1)) == ([request_id] if name == "appointment-requests" else [])
    assert ids_of(await ask(api.alice, 1)) == before
    assert booking.status_code == 200


@pytest.mark.parametrize("version", VERSIONS, ids="D44 version {}".format)
async def test_d44_the_documentation_lists_the_statuses_and_the_parameters(version: str) -> None:
    document = documented(version)
    found = document["components"]["schemas"]["ListedRequestMessage"]["properties"]["status"]
    assert set(found["enum"]) == {"searching", "open", "expired", "booking", "booked", "failed", "cancelled"}
    for name in LISTS:
        operation = document["paths"][f"/api/connect/orders/{{orderId}}/{name}"]["get"]
        assert {one["name"] for one in operation["parameters"]} == {"X-API-VERSION", "orderId", "limit", "after"}
