"""SIGTERM of a server in full load."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.build import ALICE

from ..callers import REQUESTS, Caller
from ..connection import Connection, NotConnectedError
from ..history import BROKEN, Answer, Call, violation
from ..load import Load, date_from
from ..stage import open_stage

if TYPE_CHECKING:
    from ..history import Violation
    from ..stage import Serving, Stage
    from ..trial import Trial

CLIENTS = 200
IDLE = 20
SLOW = 10
REQUESTS_MADE = 20
DRAIN_SECONDS = 2.0
FIRST_HALF_READ_SECONDS = 0.5
LAST_PIECE_SECONDS = DRAIN_SECONDS + 1.0
"""When the slow ones send the rest of their requests: after idle connections were closed."""


async def stopped(trial: Trial) -> None:
    """SIGTERM with 200 clients that keep their connections, idle connections, and incomplete requests."""
    async with open_stage(settings={"DRAIN_SECONDS": str(DRAIN_SECONDS)}) as stage:
        load = Load(stage, [(await stage.serve("--no-worker")).url])
        for number in trial.rounds():
            server = await stage.serve(*(("--processes", "2") if number % 2 else ()))
            trial.violations += await _Stop(stage, server, load).run()
            trial.times += 1
        await trial.judge(load)


@dataclass
class _Stop:
    """One server that is told to stop, and its clients."""

    stage: Stage
    server: Serving
    load: Load
    red_ns: int | None = None
    ended: bool = False
    found: list[Violation] = field(default_factory=list)

    async def run(self) -> list[Violation]:
        """What went wrong."""
        callers = [self._caller(f"{self.server.pid}-{number}") for number in range(CLIENTS)]
        made = await asyncio.gather(*(caller.create(n + 1, date_from()) for n, caller in enumerate(callers[:20])))
        requests = [call.id for call in made if call.id]
        idle, slow = [self._caller("idle") for _ in range(IDLE)], [_Slow(self, requests[0]) for _ in range(SLOW)]
        await asyncio.gather(*(caller.read(requests[0]) for caller in idle), *(one.begin() for one in slow))
        async with asyncio.TaskGroup() as tasks:
            for number, caller in enumerate(callers):
                tasks.create_task(self._use(caller, requests, number))
            tasks.create_task(self._watch_readiness())
            ends = [tasks.create_task(caller.connections[0].ended()) for caller in idle]
            await asyncio.sleep(FIRST_HALF_READ_SECONDS)
            self.server.signal(signal.SIGTERM)
            stopped = asyncio.get_running_loop().time()
            for one in slow:
                tasks.create_task(one.finish(stopped + LAST_PIECE_SECONDS))
            code = await self.server.ended()
            self.ended = True
        early = [end.result() for end in ends if end.result() < stopped + DRAIN_SECONDS]
        if early:
            self.blame("idle-ended-early", f"{len(early)} idle connections ended before the drain was over")
        self._judge(code, callers)
        for caller in (*callers, *idle):
            await caller.close()
        return self.found

    def blame(self, rule: str, detail: str) -> None:
        """Name something that went wrong."""
        self.found.append(violation(rule, detail))

    def _caller(self, name: str) -> Caller:
        return Caller([self.server.url], self.stage.token(ALICE), self.load.recorder, f"{ALICE}/{name}")

    async def _use(self, caller: Caller, requests: list[int], number: int) -> None:
        """Read and cancel without a pause until the server has gone; once it is red, every answer must say close."""
        for turn in range(number, 1_000_000_000):
            if self.ended:
                return
            request_id = requests[turn % len(requests)]
            call = await caller.cancel(request_id) if turn % 2 else (await caller.read(request_id)).call
            late = self.red_ns is not None and call.start_ns > self.red_ns
            if late and call.fate == "answered" and not caller.connections[0].told_to_close:
                self.blame("drain-not-announced", f"readiness was red, the answer without Connection: close: {call}")

    async def _watch_readiness(self) -> None:
        """Ask /readyz until nobody answers; once red it stays red."""
        while not self.ended:
            connection = Connection(self.server.url)
            try:
                answer = await connection.exchange(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            except (NotConnectedError, OSError, EOFError):
                await asyncio.sleep(0.02)
                continue
            if answer.status == 503 and json.loads(answer.body)["serving"] != "ok":
                self.red_ns = self.red_ns or time.monotonic_ns()
            elif self.red_ns:
                self.blame("ready-while-stopping", f"readiness was red, then {answer.status}")
            await asyncio.sleep(0.02)

    def _judge(self, code: int, callers: list[Caller]) -> None:
        if code != 0:
            self.blame("exit-code", f"{code}: {self.server.said()[-500:]}")
        if self.red_ns is None:
            self.blame("never-red", "readiness was never seen red")
        dropped = sum(connection.dropped for caller in callers for connection in caller.connections)
        if dropped:
            self.blame("request-dropped", f"{dropped} requests were read and never answered")


class _Slow:
    """A client that sends its request in two halves, the second when idle connections have ended."""

    def __init__(self, stop: _Stop, request_id: int) -> None:
        self._stop = stop
        self._request_id = request_id
        self._start_ns = 0
        body = json.dumps({"appointmentRequestId": request_id})
        head = f"POST {REQUESTS}/cancel HTTP/1.1\r\nHost: x\r\nX-API-VERSION: 7\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\nAuthorization: Bearer {stop.stage.token(ALICE)}\r\n\r\n"
        self._connection = Connection(stop.server.url)
        self._pieces = (head + body)[:60].encode(), (head + body)[60:].encode()

    async def begin(self) -> None:
        """Send the first half."""
        self._start_ns = time.monotonic_ns()
        await self._connection.send(self._pieces[0])

    async def finish(self, at: float) -> None:
        """Send the second half, and have the answer."""
        await asyncio.sleep(at - asyncio.get_running_loop().time())
        try:
            answer = await self._connection.exchange(self._pieces[1])
        except (NotConnectedError, OSError, EOFError) as error:
            self._stop.blame("request-dropped", f"a request half read at SIGTERM was never answered: {error!r}")
            self._record(Answer(None, BROKEN))
        else:
            self._record(Answer(answer.status))

    def _record(self, answer: Answer) -> None:
        call = Call("cancel", self._request_id, f"{ALICE}/slow", self._start_ns, time.monotonic_ns(), answer)
        self._stop.load.recorder.add(call)
