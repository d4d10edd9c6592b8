"""`python -m tests.attacks.timing`: the clock tells nobody that an id exists which is somebody else's.

A real server over loopback, on each engine; ids of another owner and ids of nobody, in turn, on one connection.
Exit 1 when the medians of any call differ by 20 us or by 5 %.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import socket
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tests.api.wire import spell
from tests.api_client import BOOK, CANCEL, CREATE
from tests.build import ALICE, BOB
from tests.faults.stage import Serving, Stage, open_stage

SAMPLES = 10_000
WARM_UP = 500
LARGEST_MICROSECONDS = 20.0
LARGEST_SHARE = 0.05
FOREIGN = range(100, 500)
UNKNOWN = range(500, 900)
"""As many digits, so that nothing but who owns it differs."""

HEAD = "| Engine | Call | Somebody else's, us | Nobody's, us | Difference, us | Share | Told apart |"
RULE = "|---|---|---|---|---|---|---|"


class Measured(NamedTuple):
    """The medians of one call, in microseconds."""

    engine: str
    call: str
    foreign: float
    unknown: float

    @property
    def difference(self) -> float:
        return abs(self.foreign - self.unknown)

    @property
    def share(self) -> float:
        return self.difference / self.unknown

    @property
    def told_apart(self) -> bool:
        """Whether the difference is beyond the limits."""
        return self.difference >= LARGEST_MICROSECONDS or self.share >= LARGEST_SHARE

    def row(self) -> str:
        """A row of the table."""
        numbers = f"{self.foreign:.1f} | {self.unknown:.1f} | {self.difference:.1f} | {self.share:.1%}"
        return f"| {self.engine} | {self.call} | {numbers} | {'yes' if self.told_apart else 'no'} |"


class Client:
    """One connection, without anything between it and the clock."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, data: bytes) -> tuple[int, int, bytes]:
        """The status, the nanoseconds it took, and all that was said."""
        begun = time.perf_counter_ns()
        self._socket.sendall(data)
        said = self._socket.recv(65_536)
        took = time.perf_counter_ns() - begun
        while not _is_whole(said):
            said += self._socket.recv(65_536)
        return int(said[9:12]), took, said

    def close(self) -> None:
        """Close it."""
        self._socket.close()


def _is_whole(said: bytes) -> bool:
    head, end, body = said.partition(b"\r\n\r\n")
    if not end:
        return False
    length = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), b":0")
    return len(body) >= int(length.partition(b":")[2])


def post(token: str, path: str, **values: object) -> bytes:
    """The bytes of a POST."""
    return spell(token, json.dumps(values).encode(), line=f"POST {path} HTTP/1.1", X_Request_Id="the-same")


def get(token: str, path: str, number: int) -> bytes:
    """The bytes of a GET."""
    return spell(token, line=f"GET {path}/{number} HTTP/1.1", Content_Length=None, X_Request_Id="the-same")


CALLS: dict[str, Callable[[str, int], bytes]] = {
    "cancel": lambda token, number: post(token, CANCEL, appointmentRequestId=number),
    "read": lambda token, number: get(token, CREATE, number),
    "book": lambda token, number: post(token, BOOK, appointmentRequestId=number, slotId="x"),
}


def measure(client: Client, token: str, engine: str, call: str, samples: int) -> Measured:
    """So many of each, in turn; which of a pair is first is left to chance."""
    chance = random.Random(300)  # noqa: S311 - the same order in every run
    spelled = {number: CALLS[call](token, number) for number in (*FOREIGN, *UNKNOWN)}
    times: dict[range, list[int]] = {FOREIGN: [], UNKNOWN: []}
    for sample in range(WARM_UP + samples):
        for kind in chance.sample([FOREIGN, UNKNOWN], 2):
            status, took, _ = client.ask(spelled[chance.choice(kind)])
            if status != 404:
                raise RuntimeError(f"{call} was answered {status}")
            if sample >= WARM_UP:
                times[kind].append(took)
    return Measured(engine, call, *(statistics.median(times[kind]) / 1000 for kind in (FOREIGN, UNKNOWN)))


async def _fill(stage: Stage, server: Serving) -> None:
    """Make Bob's appointment-requests, up to the last of the foreign numbers."""
    day = str(datetime.now(UTC).date() + timedelta(days=2))
    client = Client(server.url)
    order = stage.order_ids(BOB)[0]
    for _ in range(FOREIGN.stop - 1):
        status, _, said = client.ask(post(stage.token(BOB), CREATE, orderId=order, dateFrom=day))
        if status != 201:
            raise RuntimeError(f"no appointment-request could be made: {said!r}")
    client.close()


async def measure_engine(engine: str, calls: list[str], samples: int) -> list[Measured]:
    """Every call on one engine."""
    async with open_stage(engine, orders=5) as stage:
        server = await stage.serve("--no-worker")
        await _fill(stage, server)
        client = Client(server.url)
        gc.disable()
        try:
            return [measure(client, stage.token(ALICE), engine, call, samples) for call in calls]
        finally:
            gc.enable()
            client.close()


def main() -> int:
    """Measure, print the table; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.timing", description=__doc__)
    parser.add_argument("--samples", type=int, default=SAMPLES, help="of each kind of id, for each call")
    parser.add_argument("--call", action="append", choices=list(CALLS), help="only these calls")
    parser.add_argument("--engine", action="append", choices=["sqlite", "postgresql"], help="only these engines")
    options = parser.parse_args()
    print(HEAD, RULE, sep="\n", flush=True)
    told_apart = False
    for engine in options.engine or ["sqlite", "postgresql"]:
        for found in asyncio.run(measure_engine(engine, options.call or list(CALLS), options.samples)):
            print(found.row(), flush=True)
            told_apart |= found.told_apart
    return 1 if told_apart else 0


if __name__ == "__main__":
    sys.exit(main())
