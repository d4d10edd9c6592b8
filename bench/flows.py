"""Whole flows: create, poll until the slots are there, then cancel, or book and poll until it is booked.

`python -m bench.flows PORT TOKENS_FILE KIND SECONDS FIRST_ORDER` prints how many flows ended as JSON.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal, NamedTuple

import uvloop

from bench.load import WrongAnswersError
from bench.probe import CANCEL_PATH, REQUEST_PATH
from bench.rows import days
from bench.tokens import Tokens

APPOINTMENT_PATH = "/api/connect/orders/appointments/request"
FLOWS_AT_ONCE = 64
POLL_SECONDS = 0.05
"""Far more often than a caller should: the flow is to show what the service takes, not what politeness does."""

Kind = Literal["cancel", "book"]


class Ended(NamedTuple):
    """Flows that came to their end, by second and by time each took."""

    flows: int
    per_second: float
    p50_ms: float
    p99_ms: float


class Caller:
    """One keep-alive connection, one call at a time."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._common = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nX-API-VERSION: 7\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: dict[str, object], status: int) -> str:
        """The Location of an answer that must have this status."""
        encoded = json.dumps(body)
        head = f"Content-Type: application/json\r\nContent-Length: {len(encoded)}\r\n"
        found, headers, _ = await self._exchange(f"POST {path} HTTP/1.1\r\n{self._common}{head}\r\n{encoded}")
        _check(found, status, path)
        return headers.get("location", "")

    async def until_there(self, url: str) -> dict[str, object]:
        """Poll while the answer is 202; the JSON of the 200."""
        path = "/" + url.split("/", 3)[3]
        while True:
            status, _, body = await self._exchange(f"GET {path} HTTP/1.1\r\n{self._common}\r\n")
            if status != 202:
                _check(status, 200, path)
                found: dict[str, object] = json.loads(body)
                return found
            await asyncio.sleep(POLL_SECONDS)

    async def _exchange(self, request: str) -> tuple[int, dict[str, str], bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request.encode())
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return int(lines[0].split(" ", 2)[1]), headers, body


def _check(status: int, wanted: int, path: str) -> None:
    if status != wanted:
        raise WrongAnswersError(f"{path} answered {status}")


class Flows:
    """Many callers at once, each with flow after flow, until the time is up."""

    def __init__(self, kind: Kind, seconds: float, first_order: int) -> None:
        self._kind = kind
        self._until = time.monotonic() + seconds
        self._order = first_order
        self._date_from = days(1, ahead=7)[0].isoformat()
        self.took: list[float] = []

    async def run(self, caller: Caller) -> None:
        while time.monotonic() < self._until:
            started = time.monotonic()
            self._order += 1
            await self._flow(caller, self._order)
            self.took.append(time.monotonic() - started)

    async def _flow(self, caller: Caller, order_id: int) -> None:
        body: dict[str, object] = {"orderId": order_id, "dateFrom": self._date_from}
        found = await caller.until_there(await caller.post(REQUEST_PATH, body, 201))
        if self._kind == "cancel":
            await caller.post(CANCEL_PATH, {"appointmentRequestId": found["id"]}, 204)
            return
        slots = found["slots"]
        assert isinstance(slots, list)
        body = {"appointmentRequestId": found["id"], "slotId": slots[order_id % len(slots)]["id"]}
        booked = await caller.until_there(await caller.post(APPOINTMENT_PATH, body, 201))
        assert booked["status"] == "booked", booked


async def _measure(port: int, tokens: list[str], kind: Kind, seconds: float, first_order: int) -> dict[str, float]:
    flows = Flows(kind, seconds, first_order)
    started = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for n in range(FLOWS_AT_ONCE):
            tasks.create_task(flows.run(Caller(port, tokens[n % len(tokens)])))
    took = sorted(value * 1000 for value in flows.took)
    return {
        "flows": len(took),
        "per_second": len(took) / (time.monotonic() - started),
        "p50_ms": took[len(took) // 2],
        "p99_ms": took[int(len(took) * 0.99)],
    }


def run_flows(port: int, tokens: Tokens, kind: Kind, seconds: float, first_order: int) -> Ended:
    """Run flows from a process of their own. No order is used twice, so that each may be booked."""
    command = [
        sys.executable,
        "-m",
        "bench.flows",
        str(port),
        str(tokens.callers),
        kind,
        str(seconds),
        str(first_order),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    if done.returncode != 0:
        raise WrongAnswersError(f"flows failed: {done.stderr[-1500:]}")
    return Ended(**json.loads(done.stdout))


def main(port: str, tokens: str, kind: Kind, seconds: str, first_order: str) -> None:
    """Measure once."""
    found = Path(tokens).read_text("ascii").split()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(_measure(int(port), found, kind, float(seconds), int(first_order)))))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], "book" if sys.argv[3] == "book" else "cancel", sys.argv[4], sys.argv[5])
