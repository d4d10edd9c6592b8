"""An appointment that is to be rescheduled, and what must hold of it in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

from connect_appointments.store.engine import Database
from connect_appointments.store.queries import verify
from tests.api_client import Api, number_of
from tests.store.given import rows
from tests.worker.by_hand import capacity_reserved, capacity_taken, jobs_left, work_off
from tests.worker.workforces import Behind, Gate

Serve = Callable[..., AbstractAsyncContextManager[Api]]


class Moving(NamedTuple):
    """An appointment at the first slot that is to be moved to the third: the number of the reschedule."""

    appointment: dict[str, Any]
    request_id: int
    slots: Sequence[Any]
    number: int

    @property
    def id(self) -> int:
        """The appointment's."""
        return int(self.appointment["id"])


async def to_be_moved(api: Api, database: Database) -> Moving:
    """Book the first slot of order 1, and begin to move it to the third one; the worker has not run."""
    first, slots = await opened(api, database)
    booking = number_of(await api.alice.book(first, slots[0]["id"]))
    await work_off(api.parts.worker, database)
    appointment = (await api.alice.read_booking(booking)).json()
    request_id, slots = await opened(api, database)
    number = number_of(await api.alice.reschedule(appointment["id"], request_id, slots[2]["id"]))
    return Moving(appointment, request_id, slots, number)


async def opened(api: Api, database: Database, order_id: int = 1) -> tuple[int, list[Any]]:
    """An open appointment-request of an order, with its slots."""
    request_id = await api.created(order_id)
    await work_off(api.parts.worker, database)
    return request_id, (await api.alice.read(request_id)).json()["slots"]


async def moved_once(api: Api, database: Database, moving: Moving) -> None:
    """The appointment has the third slot, and exactly that place is taken."""
    found = (await api.alice.read_reschedule(moving.number)).json()
    assert (found["startTime"], found["appointmentRequestId"]) == (moving.slots[2]["startTime"], moving.request_id)
    await settled(database, moving.slots[2])


async def stayed(api: Api, database: Database, moving: Moving, code: str) -> None:
    """The appointment has its old slot, exactly that place is taken, and the reschedule is refused."""
    answer = await api.alice.read_reschedule(moving.number)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await api.alice.read(moving.request_id)).json()["status"] == "open"
    await settled(database, moving.slots[0])


async def settled(database: Database, slot: Any) -> None:
    """One place is taken, the one of the slot; no job is left, and every rule holds."""
    taken = await rows(database, "SELECT day, slot_type FROM capacity WHERE taken > 0")
    assert [row.slot_type for row in taken] == [slot["slotType"]]
    assert (await capacity_taken(database), await capacity_reserved(database)) == (1, 1)
    assert await jobs_left(database) == 0
    assert await database.read(verify.findings) == []


async def kinds_of_request(database: Database, request_id: int) -> list[str]:
    """The kinds of the events of an appointment-request alone, oldest first."""
    query = "SELECT kind FROM events WHERE request_id = :id AND appointment_id IS NULL ORDER BY id"
    return [row.kind for row in await rows(database, query, id=request_id)]


async def kinds_of_appointment(database: Database, appointment_id: int) -> list[str]:
    """The kinds of the events of an appointment, oldest first."""
    query = "SELECT kind FROM events WHERE appointment_id = :id ORDER BY id"
    return [row.kind for row in await rows(database, query, id=appointment_id)]


class GatedMoves(Behind):
    """A workforce system with a gate before a move, and one behind it, before the answer."""

    def __init__(self, behind: Any) -> None:
        super().__init__(behind)
        self.asking, self.answering = Gate(), Gate()

    async def move(self, *arguments: Any) -> Any:
        await self.asking.pass_through()
        answers = await self._behind.move(*arguments)
        await self.answering.pass_through()
        return answers


class DoubledMoves(Behind):
    """A workforce system that is asked for each move twice at once."""

    async def move(self, *arguments: Any) -> Any:
        answers = await asyncio.gather(*(self._behind.move(*arguments) for _ in range(2)))
        assert answers[0] == answers[1]
        return answers[0]


class LostMoves(Behind):
    """A workforce system that makes its next so many moves, whose answers are lost."""

    def __init__(self, behind: Any, times: int) -> None:
        super().__init__(behind)
        self.times = times

    async def move(self, *arguments: Any) -> Any:
        answers = await self._behind.move(*arguments)
        self.times -= 1
        if self.times >= 0:
            raise ConnectionError("the answer is lost")
        return answers
