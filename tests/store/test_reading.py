"""Reading many at once, each by its own owner, on either engine."""

from __future__ import annotations

import asyncio

import pytest

from connect_appointments.core.errors import NotFound, SearchFailed
from connect_appointments.core.model import AppointmentRequest, Owner
from connect_appointments.core.requests import State
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import requests
from connect_appointments.usecases.appointment_requests import AppointmentRequests
from connect_appointments.wiring import default_policy, utc_now
from tests.build import ALICE
from tests.store.given import BOBS_ORDER, EVERYBODYS, created, in_state, opened
from tests.store.test_cancelling import IDS_NOBODY_HAS, cancels, command


def reads(database: Database) -> AppointmentRequests:
    """What a process reads with."""
    return AppointmentRequests(database, default_policy(), utc_now)


async def _read(service: AppointmentRequests, request_id: int, owner: str = ALICE) -> AppointmentRequest | None:
    try:
        return await service.read_request(Owner(owner), request_id)
    except NotFound:
        return None


async def test_what_is_read_is_what_the_other_queries_see(database: Database) -> None:
    keys = [(await in_state(database, state), ALICE) for state in State]
    found = await database.read(lambda transaction: requests.get_owned(transaction, keys), batch=True)
    for (request_id, _), read in zip(keys, found, strict=True):
        assert read == await database.read(lambda transaction, n=request_id: requests.get(transaction, EVERYBODYS, n))
    assert [len(read.slots) for read in found if read is not None] == [0, 3, 0, 0, 0, 0]


async def test_those_who_read_at_once_get_each_their_own(database: Database) -> None:
    service = reads(database)
    ids = [await opened(database) for _ in range(20)]
    found = await asyncio.gather(*(_read(service, request_id) for request_id in ids * 3))
    assert [one and one.id for one in found] == ids * 3


async def test_a_search_that_failed_is_refused_to_its_reader_alone(database: Database) -> None:
    service = reads(database)
    failed, fine = await in_state(database, State.FAILED), await opened(database)
    answers = await asyncio.gather(_read(service, failed), _read(service, fine), return_exceptions=True)
    assert isinstance(answers[0], SearchFailed)
    assert isinstance(answers[1], AppointmentRequest)


async def test_what_is_anothers_or_nobodys_is_not_read(database: Database) -> None:
    service = reads(database)
    bobs = await opened(database, BOBS_ORDER)
    keys = [(bobs, ALICE), *((n, ALICE) for n in IDS_NOBODY_HAS), (bobs, "")]
    assert await asyncio.gather(*(_read(service, *key) for key in keys)) == [None] * len(keys)


async def test_a_cancel_that_was_answered_is_seen_by_every_later_read(database: Database, neighbour: Database) -> None:
    group, here, elsewhere = cancels(database), reads(database), reads(neighbour)

    async def caller() -> State | None:
        request_id = await created(database)
        await _read(here, request_id)
        await group.submit(command(request_id))
        seen = await _read(elsewhere, request_id)
        return seen.state if seen else None

    assert set(await asyncio.gather(*(caller() for _ in range(20)))) == {State.CANCELLED}


@pytest.mark.parametrize("batch", [False, True])
async def test_reading_none_asks_nothing(database: Database, *, batch: bool) -> None:
    assert await database.read(lambda transaction: requests.get_owned(transaction, []), batch=batch) == []
