"""Callers who book and reschedule over real HTTP while workers die, and what must be true when it is over."""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2

from connect_appointments.store.queries import jobs, verify
from tests.build import ALICE

from .history import violation
from .load import QUIET_SECONDS, date_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .history import Violation
    from .stage import Stage

CALLERS = 12
POLL_SECONDS = 0.05
CHOICE = 6
"""Among how many of the first slots on offer a caller chooses: windows run full, and some moves are refused."""
REQUESTS = "/api/connect/orders/appointment-requests/request"
BOOKINGS = "/api/connect/orders/appointments/request"
RESCHEDULES = "/api/connect/orders/appointment-reschedules/request"


@dataclass
class Rescheduling:
    """Callers of one owner, each with orders of its own, until told to stop.

    outcomes: by the Location of each reschedule that was acknowledged, the answer that ended it.
    latest: by appointment id, the start of the slot that the last successful reschedule told.
    """

    stage: Stage
    stopping: bool = False
    outcomes: dict[str, httpx2.Response] = field(default_factory=dict)
    latest: dict[int, str] = field(default_factory=dict)
    broken: list[Violation] = field(default_factory=list)

    async def run(self) -> None:
        """Book and reschedule until stopped; what was begun is waited for."""
        orders = iter(self.stage.order_ids(ALICE))
        async with asyncio.TaskGroup() as tasks:
            for seed in range(CALLERS):
                tasks.create_task(self._call(orders, random.Random(seed)))  # noqa: S311 - a choice to repeat

    async def _call(self, orders: Iterator[int], chance: random.Random) -> None:
        async with self._client() as client:
            for order_id in itertools.takewhile(lambda _: not self.stopping, orders):
                request_id, slot_id = await self._slot(client, order_id, chance)
                body = {"appointmentRequestId": request_id, "slotId": slot_id}
                booked = await _outcome(client, await _post(client, BOOKINGS, body))
                if booked.status_code == 200:
                    await self._reschedule(client, order_id, booked.json()["id"], chance)

    async def _reschedule(
        self, client: httpx2.AsyncClient, order_id: int, appointment_id: int, chance: random.Random
    ) -> None:
        for _ in range(3):
            request_id, slot_id = await self._slot(client, order_id, chance)
            body = {"appointmentId": appointment_id, "appointmentRequestId": request_id, "slotId": slot_id}
            location = await _post(client, RESCHEDULES, body)
            again = await _post(client, RESCHEDULES, body)
            ended = self.outcomes[location] = await _outcome(client, location)
            if ended.status_code == 200:
                self.latest[appointment_id] = ended.json()["startTime"]
                if again != location:
                    self.broken.append(violation("repeat-of-a-reschedule", f"{location} and {again}"))
            elif ended.json()["code"] != "slot-unavailable":
                self.broken.append(violation("reschedule-outcome", ended.text))

    async def _slot(self, client: httpx2.AsyncClient, order_id: int, chance: random.Random) -> tuple[int, str]:
        location = await _post(client, REQUESTS, {"orderId": order_id, "dateFrom": date_from()})
        request = (await _outcome(client, location)).json()
        return request["id"], chance.choice(request["slots"][:CHOICE])["id"]

    def _client(self) -> httpx2.AsyncClient:
        headers = {"Authorization": f"Bearer {self.stage.token(ALICE)}", "X-API-VERSION": "7"}
        return httpx2.AsyncClient(base_url=self.stage.urls[0], headers=headers, timeout=60)

    async def verdict(self) -> list[Violation]:
        """Wait until no job is left; then every outcome stands, and every rule of `verify` holds."""
        found = [*self.broken]
        async with self.stage.database() as database, asyncio.timeout(QUIET_SECONDS):
            while await database.read(jobs.count):  # noqa: ASYNC110 - the jobs are of other processes
                await asyncio.sleep(0.1)
            rules = await database.read(verify.findings)
            found += [violation("verify", f"{finding.rule}: {dict(finding.row)}") for finding in rules]
        async with self._client() as client:
            for location, ended in self.outcomes.items():
                found += self._changed(location, ended, await client.get(location))
        return found

    def _changed(self, location: str, ended: httpx2.Response, now: httpx2.Response) -> list[Violation]:
        """What a reschedule's Location tells now, against what it told when the reschedule ended."""
        if now.status_code != ended.status_code:
            return [violation("outcome-changed", f"{location}: {ended.text}, then {now.text}")]
        if now.status_code == 200 and now.json()["startTime"] != self.latest[now.json()["id"]]:
            return [violation("reschedule-lost", f"{location}: {ended.text}, then {now.text}")]
        return []


async def _post(client: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> str:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def _outcome(client: httpx2.AsyncClient, location: str) -> httpx2.Response:
    while (answer := await client.get(location)).status_code == 202:  # noqa: ASYNC110 - a caller polls
        await asyncio.sleep(POLL_SECONDS)
    return answer
