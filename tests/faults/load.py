"""The load under which faults happen, and what must be true when it is over."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from connect_appointments.core.appointments import AppointmentState
from connect_appointments.store.queries import jobs, verify
from connect_appointments.store.tables import appointments, capacity, installation, reservations

from .callers import Caller
from .checker import check, check_capacity, check_settled
from .history import Answer, Recorder, violation
from .process import until
from .race import Plan, race
from .stage import OWNERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from connect_appointments.store.engine import Database
    from connect_appointments.store.statements import Row
    from connect_appointments.store.transaction import Transaction

    from .history import Call, Violation
    from .stage import Stage

QUIET_SECONDS = 90.0
"""How long, after the last fault, all work may take to be done."""
READERS = 16


@dataclass
class Load:
    """Callers at work, who race for the requests of their owner until told to stop.

    urls: the servers they go round.
    callers: how many, half of each owner.
    """

    stage: Stage
    urls: Sequence[str]
    callers: int = 32
    plan: Plan = field(default_factory=lambda: Plan(date_from(), batch=2, poll_seconds=0.1))
    timeout_seconds: float = 10.0
    recorder: Recorder = field(default_factory=Recorder)
    stopping: bool = False

    @property
    def calls(self) -> list[Call]:
        """What was seen so far."""
        return self.recorder.calls

    async def run(self) -> None:
        """Race until stopped, and until what was begun is settled."""
        async with asyncio.TaskGroup() as tasks:
            for seed, owner in enumerate(OWNERS):
                tasks.create_task(self._race(owner, replace(self.plan, seed=self.plan.seed + seed)))
            tasks.create_task(self._intrude())

    async def _race(self, owner: str, plan: Plan) -> None:
        callers = [self.caller(owner, str(number)) for number in range(max(1, self.callers // len(OWNERS)))]
        try:
            await race(callers, self._orders(owner), plan)
        finally:
            await _close(callers)

    def _orders(self, owner: str) -> Iterator[int]:
        """Orders, from the first again after the last one, until the load is to stop."""
        return itertools.takewhile(lambda _: not self.stopping, itertools.cycle(self.stage.order_ids(owner)))

    async def _intrude(self) -> None:
        """Ask for what is another owner's, which does not exist for the one who asks."""
        chance = random.Random(self.plan.seed)  # noqa: S311 - a choice to repeat, not a secret
        intruders = {owner: self.caller(owner, "intruder") for owner in OWNERS}
        while not self.stopping:
            await asyncio.sleep(0.2)
            made = [call for call in self.calls[-500:] if call.id is not None and call.op == "create"]
            visits = [call for call in self.calls[-500:] if call.op == "read-booking" and call.answer.appointment]
            for call in chance.sample(made, min(2, len(made))):
                other = next(caller for owner, caller in intruders.items() if owner != call.owner)
                assert call.id
                await other.cancel(call.id)
                await other.read(call.id)
            for call in chance.sample(visits, min(1, len(visits))):
                other = next(caller for owner, caller in intruders.items() if owner != call.owner)
                assert call.answer.appointment
                await other.cancel_appointment(call.answer.appointment)
                await other.read_appointment(call.answer.appointment)
        await _close(list(intruders.values()))

    def caller(self, owner: str, name: str) -> Caller:
        """One more caller."""
        token, full = self.stage.token(owner), f"{owner}/{name}"
        return Caller(self.urls, token, self.recorder, full, timeout_seconds=self.timeout_seconds)

    def cut_at(self, moment_ns: int, back_ns: int | None = None) -> int:
        """How many calls were in flight at a moment and got no answer, or a 500.

        back_ns: when what failed behind the servers was back; a call answered only after that was cut as well.
        """
        back = math.inf if back_ns is None else back_ns
        late = itertools.takewhile(lambda call: call.end_ns >= moment_ns, reversed(self.calls))
        return sum(call.start_ns < moment_ns and (call.fate == "unknown" or call.end_ns > back) for call in late)

    @property
    def failures(self) -> int:
        """How many calls have failed so far without an answer, or with a 500."""
        return sum(call.fate == "unknown" for call in self.calls)

    async def answered_after(self, moment_ns: int) -> None:
        """Wait for an answer to a call begun after a moment; raises TimeoutError when the service stays away."""

        def answered() -> bool:
            return any(call.start_ns > moment_ns and call.fate == "answered" for call in self.calls[-100:])

        if not await until(answered, QUIET_SECONDS):
            raise TimeoutError

    async def verdict(self, *, room_for_all: bool = False) -> list[Violation]:
        """Wait until all is quiet, read everything again, and hold what callers saw against the lifecycle.

        room_for_all: whether each request must have ended cancelled or booked.
        """
        found = await self._quiet()
        await self._read_again()
        found += check(self.calls)
        found += check_settled(self.calls) if room_for_all else []
        async with self.stage.database() as database:
            return found + await _audit(database)

    async def _quiet(self) -> list[Violation]:
        """Wait until no job is left; one that nobody does is lost."""
        until = asyncio.get_running_loop().time() + QUIET_SECONDS
        async with self.stage.database() as database:
            while left := await database.read(jobs.count):
                if asyncio.get_running_loop().time() > until:
                    return [violation("jobs-left", f"{left} jobs were never finished")]
                await asyncio.sleep(0.1)
        return []

    async def _read_again(self) -> None:
        """Read every request, booking attempt, appointment and change that anybody was told of."""
        for owner in OWNERS:
            mine = [call for call in self.calls if call.owner == owner and call.fate == "answered"]
            work = iter({_what(call): call for call in mine if _what(call) is not None}.values())
            readers = [self.caller(owner, f"reader-{number}") for number in range(READERS)]
            await asyncio.gather(*(_read(reader, work) for reader in readers))
            await _close(readers)


def _what(call: Call) -> tuple[str, int] | None:
    """What an answer told of for the first time: its kind, and its number."""
    answer = call.answer
    told = {
        "create": call.id,
        "book": call.told_attempt,
        "read-booking": answer.appointment,
        "cancel-appointment": answer.change,
        "reschedule": answer.change,
    }
    number = told.get(call.op)
    return None if number is None else (call.op, number)


async def _read(reader: Caller, work: Iterator[Call]) -> None:
    """Read what each of some calls was told of."""
    for call in work:
        match call.op, call.id, call.answer:
            case "create", int(request_id), _:
                await reader.read(request_id)
            case "book", request_id, Answer(booking=int(number)):
                await reader.read_booking(number, request_id)
            case "read-booking", _, Answer(appointment=int(number)):
                await reader.read_appointment(number)
            case "cancel-appointment", _, Answer(appointment=int(appointment_id), change=int(number)):
                await reader.read_cancellation(number, appointment_id)
            case "reschedule", request_id, Answer(appointment=int(appointment_id), change=int(number)):
                await reader.read_reschedule(number, appointment_id, request_id)


async def _close(callers: Sequence[Caller]) -> None:
    for caller in callers:
        await caller.close()


def date_from() -> str:
    """A date that may be asked for, long before the point of no return, whose slots are in the stage's capacity."""
    return str(datetime.now(UTC).date() + timedelta(days=10))


@contextlib.asynccontextmanager
async def under_load(load: Load) -> AsyncIterator[Load]:
    """Let the load run while the context lasts, and settle after it."""
    task = asyncio.create_task(load.run())
    try:
        yield load
    finally:
        load.stopping = True
        await task


async def _audit(database: Database) -> list[Violation]:
    """Hold the capacity table against the appointments that stand, and every rule of `verify` against all rows."""

    async def work(transaction: Transaction) -> list[Violation]:
        key = installation.c.id + "-" + sa.cast(appointments.c.booking_id, sa.Text)
        joined = (
            sa.select(reservations.c.area, reservations.c.day, reservations.c.slot_type)
            .select_from(appointments)
            .join(installation, installation.c.id != "")
            .join(reservations, reservations.c.key == key)
            .where(appointments.c.state != AppointmentState.CANCELLED.value)
        )
        booked = Counter(_window(row) for row in await transaction.fetch(joined))
        rows = await transaction.fetch(sa.select(capacity))
        taken = {_window(row): row.taken for row in rows if row.taken}
        places = {_window(row): row.capacity for row in rows}
        rules = [violation("verify", f"{one.rule}: {dict(one.row)}") for one in await verify.findings(transaction)]
        return rules + check_capacity(booked, taken, places)

    return await database.read(work)


def _window(row: Row) -> str:
    return f"{row.area} {row.day} {row.slot_type}"
