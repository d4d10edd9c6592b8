"""The caller of whole flows, in one process on plain sockets, because a heavier client would take the server's core.

`python -m bench.flow_client` reads its options as JSON from standard input and prints what it saw as JSON. A flow is
create, poll until the slots are there, then cancel; or create, poll, book, poll until the slot is booked. The first
poll follows the answer at once, each further one `poll_seconds` after the previous answer, whatever Retry-After says.
"""

from __future__ import annotations

import gc
import heapq
import json
import select
import socket
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

REQUEST_PATH = "/api/connect/orders/appointment-requests/request"
CANCEL_PATH = "/api/connect/orders/appointment-requests/cancel"
APPOINTMENT_PATH = "/api/connect/orders/appointments/request"
BUFFER_BYTES = 65_536
GIVE_UP_SECONDS = 30.0

Flow = Generator[bytes | float, bytes, None]
"""Yields a request, to be resumed with its response; or the time until which the caller waits."""

Call = Generator[bytes | float, bytes, bytes]
"""The same, and returns the last response."""


class Options(NamedTuple):
    """What is called, and how.

    kind: "cancel" or "book".
    seconds: when no flow begins any more; those under way are finished.
    first_order: each flow has an order of its own, counted from here.
    pause_seconds: between two flows of a caller.
    """

    port: int
    tokens: str
    kind: str
    seconds: float
    callers: int
    first_order: int
    poll_seconds: float
    pause_seconds: float


class WrongAnswerError(Exception):
    """A response is not what it must be."""


class Counts:
    """What all callers saw.

    waits: results that were polled for.
    shed: calls that were answered 503 and repeated.
    flows: begin and end of each flow, seconds; the other lists hold durations in seconds.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.order = options.first_order
        self.calls = 0
        self.shed = 0
        self.polls = 0
        self.waits = 0
        self.flows: list[tuple[float, float]] = []
        self.until_slots: list[float] = []
        self.until_booked: list[float] = []


class Caller:
    """One keep-alive connection, one call at a time, flow after flow."""

    def __init__(self, number: int, token: str, counts: Counts, started: float) -> None:
        options = counts.options
        self._counts = counts
        self._options = options
        self._start_at = started + number * options.poll_seconds / options.callers
        self._until = started + options.seconds
        self._headers = f"Host: 127.0.0.1:{options.port}\r\nAuthorization: Bearer {token}\r\nX-API-VERSION: 7\r\n"
        self._date_from = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 7 * 86_400))
        self.socket = connect(options.port)
        self.buffer = b""
        self.flow = self._flows()

    def _flows(self) -> Flow:
        yield self._start_at
        counts = self._counts
        while (began := time.perf_counter()) < self._until:
            counts.order += 1
            yield from self._flow(counts.order)
            now = time.perf_counter()
            counts.flows.append((began, now))
            if self._options.pause_seconds:
                yield now + self._options.pause_seconds

    def _flow(self, order_id: int) -> Flow:
        began = time.perf_counter()
        body = f'{{"orderId":{order_id},"dateFrom":"{self._date_from}"}}'
        path = location((yield from self._post(REQUEST_PATH, body)))
        request_id = path.rpartition("/")[2]
        found = yield from self._until_done(path)
        self._counts.until_slots.append(time.perf_counter() - began)
        if self._options.kind == "cancel":
            body = f'{{"appointmentRequestId":{request_id}}}'
            check((yield from self._post(CANCEL_PATH, body)), b"204")
            return
        began = time.perf_counter()
        slot = slot_id(found, order_id)
        body = f'{{"appointmentRequestId":{request_id},"slotId":"{slot}"}}'
        path = location((yield from self._post(APPOINTMENT_PATH, body)))
        booked = yield from self._until_done(path)
        if b'"status":"booked"' not in booked:
            raise WrongAnswerError(f"not booked: {booked[-300:]!r}")
        self._counts.until_booked.append(time.perf_counter() - began)

    def _post(self, path: str, body: str) -> Call:
        content = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        return self._call(f"POST {path} HTTP/1.1\r\n{self._headers}{content}".encode())

    def _call(self, request: bytes) -> Call:
        """The response to a request, which is repeated while the service is overloaded."""
        while True:
            response = yield request
            if response[9:12] != b"503":
                return response
            self._counts.shed += 1
            yield time.perf_counter() + self._options.poll_seconds

    def _until_done(self, path: str) -> Call:
        request = f"GET {path} HTTP/1.1\r\n{self._headers}\r\n".encode()
        self._counts.waits += 1
        while True:
            self._counts.polls += 1
            response = yield from self._call(request)
            if response[9:12] != b"202":
                check(response, b"200")
                return response
            yield time.perf_counter() + self._options.poll_seconds


def connect(port: int) -> socket.socket:
    """A connection that sends at once."""
    found = socket.create_connection(("127.0.0.1", port))
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found


def check(response: bytes, status: bytes) -> None:
    """Raise `WrongAnswerError` unless the response has this status."""
    if response[9:12] != status:
        raise WrongAnswerError(f"{response[-300:]!r} instead of {status!r}")


def location(response: bytes) -> str:
    """The path of the Location of a 201."""
    check(response, b"201")
    start = response.index(b"ocation: ") + 9
    url = response[start : response.index(b"\r", start)].decode("ascii")
    return "/" + url.split("/", 3)[3]


def slot_id(response: bytes, order_id: int) -> str:
    """The id of one of the slots on offer, another one for each order."""
    slots = response.partition(b'"slots":[')[2].split(b'{"id":"')[1:]
    return slots[order_id % len(slots)].partition(b'"')[0].decode("ascii")


def is_whole(response: bytes) -> bool:
    """Whether the response has arrived to its end."""
    end = response.find(b"\r\n\r\n")
    if end < 0:
        return False
    at = response.find(b"ength: ", 0, end)
    return at < 0 or len(response) - end - 4 >= int(response[at + 7 : response.index(b"\r", at)])


class Loop:
    """Many callers at once, on epoll."""

    def __init__(self, callers: list[Caller], counts: Counts) -> None:
        self._callers = {caller.socket.fileno(): caller for caller in callers}
        self._counts = counts
        self._waiting: list[tuple[float, int]] = []
        self._epoll = select.epoll()
        for number in self._callers:
            self._epoll.register(number, select.EPOLLIN)

    def run(self, give_up: float) -> None:
        """Run every caller to the end of its last flow."""
        for number in list(self._callers):
            self._resume(number, None)
        while self._callers:
            now = time.perf_counter()
            if now > give_up:
                raise WrongAnswerError(f"{len(self._callers)} callers still wait for the end of their flows")
            while self._waiting and self._waiting[0][0] <= now:
                self._resume(heapq.heappop(self._waiting)[1], b"")
            for number, _ in self._epoll.poll(self._waiting[0][0] - now if self._waiting else 1.0):
                self._receive(number)

    def _resume(self, number: int, response: bytes | None) -> None:
        caller = self._callers[number]
        try:
            action = next(caller.flow) if response is None else caller.flow.send(response)
        except StopIteration:
            del self._callers[number]
            self._epoll.unregister(number)
            return
        if isinstance(action, bytes):
            self._counts.calls += 1
            caller.socket.send(action)
        else:
            heapq.heappush(self._waiting, (action, number))

    def _receive(self, number: int) -> None:
        caller = self._callers[number]
        data = caller.socket.recv(BUFFER_BYTES)
        if not data:
            raise WrongAnswerError("the server closed a connection")
        response = caller.buffer + data
        if not is_whole(response):
            caller.buffer = response
            return
        caller.buffer = b""
        self._resume(number, response)


def run_alone(caller: Caller, counts: Counts) -> None:
    """Run one caller to the end of its last flow; it waits more exactly than `Loop` does."""
    action = next(caller.flow)
    while True:
        response = b""
        if isinstance(action, bytes):
            counts.calls += 1
            caller.socket.send(action)
            while not is_whole(response):
                data = caller.socket.recv(BUFFER_BYTES)
                if not data:
                    raise WrongAnswerError("the server closed the connection")
                response += data
        else:
            time.sleep(max(0.0, action - time.perf_counter()))
        try:
            action = caller.flow.send(response)
        except StopIteration:
            return


def measure(options: Options) -> dict[str, float]:
    """Run the flows, and sum up."""
    counts = Counts(options)
    tokens = Path(options.tokens).read_text("ascii").split()
    started = time.perf_counter()
    callers = [Caller(n, tokens[n % len(tokens)], counts, started) for n in range(options.callers)]
    cpu = time.process_time()
    if options.callers == 1:
        run_alone(callers[0], counts)
    else:
        Loop(callers, counts).run(started + options.seconds + GIVE_UP_SECONDS)
    return summary(counts, started, time.process_time() - cpu)


def summary(counts: Counts, started: float, cpu_seconds: float) -> dict[str, float]:
    """What is printed."""
    flows = len(counts.flows)
    took = [end - begin for begin, end in counts.flows]
    return {
        "flows": flows,
        "per_second": flows / (max(end for _, end in counts.flows) - started) if flows else 0.0,
        "calls": counts.calls / flows if flows else 0.0,
        "shed": counts.shed / flows if flows else 0.0,
        "polls": counts.polls / counts.waits if counts.waits else 0.0,
        "client_us": cpu_seconds / flows * 1e6 if flows else 0.0,
        "p50_ms": quantile_ms(took, 0.5),
        "p99_ms": quantile_ms(took, 0.99),
        "slots_p50_ms": quantile_ms(counts.until_slots, 0.5),
        "booked_p50_ms": quantile_ms(counts.until_booked, 0.5),
    }


def quantile_ms(seconds: list[float], part: float) -> float:
    """A quantile in milliseconds; 0 of nothing."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * part))] * 1000 if seconds else 0.0


if __name__ == "__main__":
    gc.disable()
    print(json.dumps(measure(Options(**json.load(sys.stdin)))))
