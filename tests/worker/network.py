"""The service over a workforce system that reports about appointments."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

from connect_appointments.core.model import Slot
from connect_appointments.store.engine import Database
from connect_appointments.store.queries.slots import decode_slot
from connect_appointments.workforce.port import NewsKind
from tests.api_client import Api, number_of
from tests.store.appointments import appointment_row
from tests.store.given import execute, rows
from tests.worker.by_hand import work_off
from tests.worker.workforces import Reporting

Serve = Callable[..., AbstractAsyncContextManager[Api]]
K = NewsKind


class Network:
    """The service over a workforce system that reports, with an appointment of each order that is asked for."""

    def __init__(self, api: Api, database: Database, workforce: Reporting) -> None:
        self.api = api
        self.database = database
        self.workforce = workforce

    async def appointed(self, order_id: int = 1) -> Any:
        """The row of a booked appointment."""
        request_id = await self.api.created(order_id)
        await self.work_off()
        slots = (await self.api.alice.read(request_id)).json()["slots"]
        number_of(await self.api.alice.book(request_id, slots[-1]["id"]))
        await self.work_off()
        ((number,),) = await rows(self.database, "SELECT max(id) FROM appointments")
        return await appointment_row(self.database, number)

    async def work_off(self) -> None:
        await work_off(self.api.parts.worker, self.database)

    async def reported(self, about: Any, *kinds: NewsKind, reason: str | None = None, slot: Slot | None = None) -> Any:
        """Report about an appointment, and read the news; the row of the appointment after it."""
        for kind in kinds:
            self.workforce.report(about.workforce_id, kind, reason, slot)
        await self.read()
        return await appointment_row(self.database, about.id)

    async def read(self) -> None:
        """Read the news until there is no more."""
        await make_due(self.database)
        while await self.api.parts.worker.recur("news"):
            pass


async def make_due(database: Database) -> None:
    await execute(database, "UPDATE recurring_jobs SET due_at = '2020-01-01T00:00:00.000Z'")


def moved(slot: str, *, days: int) -> Slot:
    """A slot so many days after another one, as it is stored."""
    found = decode_slot(slot)
    return Slot(
        f"{found.id}-later",
        found.slot_type,
        *(moment(at) + timedelta(days=days) for at in (found.start, found.end)),
        found.timezone_offset,
    )


def moment(value: Any) -> datetime:
    """A moment as it is stored on either engine."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
