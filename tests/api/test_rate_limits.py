"""How often an owner may call, where the operator says so: 429, and what is left in the headers of every answer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest

from connect_appointments.settings import ServeSettings, load
from connect_appointments.store.engine import Database
from connect_appointments.web.api.fairness import MAX_OWNERS, Limit, Limiter
from connect_appointments.wiring import config_of
from tests.api.wire import Serve
from tests.api_client import Api
from tests.build import Clock
from tests.cli.program import settings

pytestmark = pytest.mark.engines("sqlite")


class StillClock(Clock):
    """The time at which the test began, until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self._begun + self.moved


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return StillClock()


@pytest.fixture
async def api(serve: Serve) -> AsyncIterator[Api]:
    """The service where an owner may call three times a minute."""
    async with serve(limit=Limit(3, 60), with_worker=False) as found:
        yield found


def left(answer: httpx2.Response) -> tuple[int, int]:
    """How many calls are left, and in how many seconds all are back."""
    assert answer.headers["ratelimit-policy"] == '"default";q=3;w=60'
    found = re.fullmatch(r'"default";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    assert found
    return int(found[1]), int(found[2])


async def test_every_answer_says_what_is_left_and_the_fourth_call_is_429(api: Api) -> None:
    assert [left(await api.alice.cancel(n)) for n in range(3)] == [(2, 20), (1, 40), (0, 60)]
    answer = await api.alice.cancel(1)
    assert (answer.status_code, answer.json()["code"], left(answer)) == (429, "too-many-requests", (0, 60))
    assert answer.headers["retry-after"] == "20"


async def test_calls_are_given_back_evenly_and_never_more_than_all(api: Api, clock: Clock) -> None:
    for _ in range(3):
        await api.alice.cancel(1)
    clock.move(seconds=19)
    assert (await api.alice.cancel(1)).headers["retry-after"] == "1"
    clock.move(seconds=1)
    assert left(await api.alice.cancel(1)) == (0, 60)
    assert (await api.alice.cancel(1)).status_code == 429
    clock.move(seconds=600)
    assert left(await api.alice.cancel(1)) == (2, 20)


async def test_one_owner_does_not_spend_anothers_calls(api: Api) -> None:
    while (await api.alice.cancel(1)).status_code != 429:
        pass
    assert left(await api.bob.cancel(1)) == (2, 20)


async def test_a_429_changes_nothing(api: Api, clock: Clock) -> None:
    request_id = await api.created(1)
    await api.alice.cancel(0)
    await api.alice.cancel(0)
    assert (await api.alice.cancel(request_id)).status_code == 429
    clock.move(seconds=60)
    assert (await api.alice.read(request_id)).status_code == 202


async def test_who_has_no_valid_token_is_not_counted(api: Api) -> None:
    for _ in range(9):
        answer = await api.alice.cancel(1, headers={"Authorization": None})
        assert (answer.status_code, "ratelimit" in answer.headers) == (401, False)
    assert left(await api.alice.cancel(1)) == (2, 20)


@pytest.mark.parametrize("version", ["1", "7"])
async def test_d16_a_deprecated_version_says_so_beside_the_limit(api: Api, version: str) -> None:
    answer = await api.alice.cancel(1, headers={"X-API-VERSION": version})
    assert left(answer) == (2, 20)
    assert ("deprecation" in answer.headers) is (version == "1")


async def test_without_a_limit_nobody_is_counted(serve: Serve) -> None:
    async with serve(with_worker=False) as api:
        answers = [await api.alice.cancel(n) for n in range(50)]
    assert {answer.status_code for answer in answers} == {404}
    assert not any("ratelimit" in answer.headers for answer in answers)


def test_owners_who_have_not_called_for_a_while_are_forgotten_and_no_other() -> None:
    now = 0.0
    limiter = Limiter(Limit(1, 60), lambda: now)
    for number in range(MAX_OWNERS - 1):
        limiter.admit(f"{number}")
    now = 61.0
    limiter.admit("late")
    assert limiter.owners == MAX_OWNERS
    limiter.admit("one more")
    assert limiter.owners == 2
    _, refusal = limiter.admit("late")
    assert refusal is not None


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    now = 100.0
    limiter = Limiter(Limit(3, 60), lambda: now)
    limiter.admit("alice")
    now = 0.0
    assert limiter.admit("alice")[0][1] == (b"ratelimit", b'"default";r=1;t=40')


@pytest.mark.parametrize(("given", "limit"), [({}, None), ({"rate_limit": 7}, Limit(7, 60))])
async def test_the_operator_sets_it_or_there_is_none(
    database: Database, given: dict[str, object], limit: Limit | None
) -> None:
    required = {"database_url": "sqlite:///x", "public_url": "https://a.test", "issuer": "https://b.test"}
    found = load(ServeSettings, settings(**required, audience="any", **given))
    async with httpx2.AsyncClient() as client:
        assert config_of(found, database, client).limit == limit
