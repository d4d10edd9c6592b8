"""Our own calendar keeps what the port promises, on both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from connect_appointments.store.engine import Database
from connect_appointments.workforce.calendar.calendar import Calendar
from tests.build import BRISBANE, days_from, set_capacity
from tests.workforce.contract import WorkforceContract
from tests.workforce.places import policy
from tests.workforce.stage import NOW, Stage


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """The calendar, and the same one in another process: other connections, other locks."""

    async def set_visits(visits: int, area: str = BRISBANE.area) -> None:
        await set_capacity(database, visits, days_from(NOW, 30), area)

    other = Database(database.url)
    yield Stage(Calendar(database, policy()), Calendar(other, policy()), set_visits)
    await other.close()


class TestCalendar(WorkforceContract):
    """The contract of the port."""
