"""What the tests of the worker can ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from connect_appointments.store.engine import Database
from connect_appointments.store.queries import verify
from tests.api_client import Api
from tests.worker.network import Network
from tests.worker.workforces import Reporting, calendar

Serve = Callable[..., AbstractAsyncContextManager[Api]]


@pytest.fixture
async def network(serve: Serve, database: Database) -> AsyncIterator[Network]:
    workforce = Reporting(calendar(database))
    async with serve(with_worker=False, workforce=workforce) as api:
        yield Network(api, database, workforce)
        broken = {finding.rule for finding in await database.read(verify.findings)}
    # The calendar behind the reports does not know of them: such a network has a workforce system of its own.
    assert broken <= {"cancelled-appointment-has-no-capacity", "place-is-the-slot-of-the-appointment"}
