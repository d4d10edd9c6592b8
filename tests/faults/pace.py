"""Calls at a constant rate, whether or not earlier ones were answered: only so does a server meet more than it can."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from .process import until

if TYPE_CHECKING:
    from collections.abc import Iterable

ANSWERED_SECONDS = 20.0
"""How long, after the last call, the answers may take."""
OPENED_AT_ONCE = 100


class Seen(NamedTuple):
    """A call and its answer.

    number: its place among the calls. due, answered: seconds of the loop's clock.
    """

    number: int
    due: float
    answered: float
    status: int
    has_retry_after: bool

    @property
    def seconds(self) -> float:
        """How long it took since it was due, so that a caller held up by a stalled server counts too."""
        return self.answered - self.due


class Pace:
    """Keep-alive connections to one port of 127.0.0.1, and what was seen on them."""

    def __init__(self, port: int) -> None:
        """Open nothing yet."""
        self.seen: list[Seen] = []
        self.cut = 0
        self._port = port
        self._free: deque[_Line] = deque()
        self._busy = 0
        self._all: list[_Line] = []

    async def open(self, connections: int) -> None:
        """Open so many connections; more are opened when all of them are in use."""
        for first in range(0, connections, OPENED_AT_ONCE):
            lines = [self._line() for _ in range(first, min(first + OPENED_AT_ONCE, connections))]
            self._free += await asyncio.gather(*lines)

    async def offer(self, requests: Iterable[bytes], rate: float) -> float:
        """Send one request every 1/rate seconds, and wait for all answers; the rate that was reached."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        count = 0
        for number, request in enumerate(requests):
            due = begun + number / rate
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            line = self._free.popleft() if self._free else await self._line()
            self._busy += 1
            line.ask(number, due, request)
            count += 1
        # The loop's clock stands still within one of its turns, in which a single request is sent.
        reached = count / max(loop.time() - begun, 1 / rate)
        await until(lambda: not self._busy, ANSWERED_SECONDS)
        self.cut += self._busy
        return reached

    def close(self) -> None:
        """Close every connection."""
        for line in self._all:
            line.transport.abort()

    def answered(self, line: _Line, seen: Seen) -> None:
        """Note an answer; its connection is free again."""
        self._busy -= 1
        self.seen.append(seen)
        self._free.append(line)

    def broken(self) -> None:
        """Note that a connection ended before its answer."""
        self._busy -= 1
        self.cut += 1

    async def _line(self) -> _Line:
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(lambda: _Line(self, loop), "127.0.0.1", self._port)
        self._all.append(line)
        return line


class _Line(asyncio.Protocol):
    """One connection; one call at a time."""

    transport: asyncio.Transport

    def __init__(self, pace: Pace, loop: asyncio.AbstractEventLoop) -> None:
        self._pace = pace
        self._loop = loop
        self._asked: tuple[int, float] | None = None
        self._data = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def ask(self, number: int, due: float, request: bytes) -> None:
        self._asked = number, due
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, body = self._data.partition(b"\r\n\r\n")
        if not end or self._asked is None or len(body) < _length(head):
            return
        (number, due), self._asked, self._data = self._asked, None, b""
        status, has_retry_after = int(head[9:12]), b"\r\nretry-after: " in head
        self._pace.answered(self, Seen(number, due, self._loop.time(), status, has_retry_after))

    def connection_lost(self, _: Exception | None) -> None:
        if self._asked is not None:
            self._asked = None
            self._pace.broken()


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"\r\ncontent-length: ")
    return int(rest.partition(b"\r\n")[0]) if found else 0
