"""A constant arrival rate, open loop: a call falls due whether or not earlier ones were answered.

`python -m bench.arrivals` reads its options as JSON from standard input and prints what it saw as JSON. A latency
counts from the moment the call was due, so that a server that stalls cannot hide it. h2load sends one and the same
body over and over, which would cancel one appointment-request again and again; here each call names another one.
"""

from __future__ import annotations

import gc
import json
import select
import socket
import sys
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

HEAD_END = b"\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 "
GIVE_UP_SECONDS = 10.0


class Options(NamedTuple):
    """What to send: one call each 1/rate seconds, over keep-alive connections to 127.0.0.1."""

    port: int
    connections: int
    rate: float
    seconds: float
    first: int
    rows: int
    stride: int
    tokens: str


class Generator:
    """Sends each call when it is due, or as soon after as a connection is free."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._tokens = Path(options.tokens).read_text("ascii").split()
        self._free = deque(_connect(options.port) for _ in range(options.connections))
        self._busy: dict[socket.socket, float] = {}
        self._partial: dict[socket.socket, bytes] = {}
        self._sent = 0
        self.wrong = 0
        self.latencies: list[float] = []
        self.late: list[float] = []

    def run(self) -> float:
        """Send everything and wait for the answers; the seconds from the first due moment to the last sending."""
        count = int(self._options.rate * self._options.seconds)
        started = last = time.perf_counter()
        while self._sent < count or self._busy:
            now = time.perf_counter()
            while self._sent < count and self._free and (due := self._due(started)) <= now:
                self._send(due)
                last = now = time.perf_counter()
            self._receive(self._wait(started, count))
            if now > started + self._options.seconds + GIVE_UP_SECONDS:
                self.wrong += len(self._busy) + count - self._sent
                break
        return last - started

    def _due(self, started: float) -> float:
        return started + self._sent / self._options.rate

    def _wait(self, started: float, count: int) -> float:
        """How long to wait for answers before the next call can be sent."""
        if self._sent >= count or not self._free:
            return GIVE_UP_SECONDS
        return max(0.0, self._due(started) - time.perf_counter())

    def _send(self, due: float) -> None:
        connection = self._free.popleft()
        connection.send(self._request(self._sent))
        self._busy[connection] = due
        self.late.append(time.perf_counter() - due)
        self._sent += 1

    def _request(self, number: int) -> bytes:
        options = self._options
        request_id = options.first + number * options.stride % options.rows
        body = f'{{"appointmentRequestId":{request_id}}}'
        token = self._tokens[number % len(self._tokens)]
        return (
            "POST /api/connect/orders/appointment-requests/cancel HTTP/1.1\r\n"
            f"Content-Type: application/json;charset=UTF-8\r\nAuthorization: Bearer {token}\r\nX-API-VERSION: 7\r\n"
            f"Content-Length: {len(body)}\r\nHost: 127.0.0.1:{options.port}\r\n\r\n{body}"
        ).encode()

    def _receive(self, wait: float) -> None:
        ready, _, _ = select.select(list(self._busy), [], [], wait)
        now = time.perf_counter()
        for connection in ready:
            data = self._partial.pop(connection, b"") + connection.recv(65_536)
            if data and HEAD_END not in data:
                self._partial[connection] = data
                continue
            due = self._busy.pop(connection)
            if data.startswith(NO_CONTENT) and data.endswith(HEAD_END):
                self.latencies.append(now - due)
                self._free.append(connection)
            else:
                self.wrong += 1
                connection.close()
                self._free.append(_connect(self._options.port))


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _quantile_ms(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] * 1000


def main() -> None:
    """Measure once."""
    options = Options(**json.load(sys.stdin))
    generator = Generator(options)
    gc.disable()
    seconds = generator.run()
    found = {
        "answered": len(generator.latencies),
        "wrong": generator.wrong,
        "achieved": (len(generator.late) - 1) / seconds,
        "late_p99_ms": _quantile_ms(generator.late, 0.99),
        "p50_ms": _quantile_ms(generator.latencies, 0.5),
        "p99_ms": _quantile_ms(generator.latencies, 0.99),
        "p999_ms": _quantile_ms(generator.latencies, 0.999),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
