"""Callers over real HTTP that record every call, and the race they run."""

from __future__ import annotations

import asyncio
import itertools
import random
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from .connection import Connection, NotConnectedError, Response
from .history import BROKEN, NOT_CONNECTED, TIMED_OUT, Answer, Call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from .history import Op, Recorder

REQUESTS = "/api/connect/orders/appointment-requests"
BOOKINGS = "/api/connect/orders/appointments/request"
CANCEL_AGAIN = 0.25
"""Which part of the looks after a caller's own call of the clash are cancellations."""
_OK, _CREATED, _ACCEPTED = 200, 201, 202
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Offer(NamedTuple):
    """A slot on offer: what a book call names, and when it starts, as a read-booking tells it."""

    slot_id: str
    start: str


class Reading(NamedTuple):
    """A recorded read, and the slots it showed."""

    call: Call
    slots: Sequence[dict[str, str]]

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The slots, as a book call and a read-booking name them."""
        return tuple(Offer(slot["id"], slot["startTime"]) for slot in self.slots)


class Caller:
    """One caller of the API, one call at a time, going round the servers; it records whatever comes back.

    base_urls: `http://host:port` of each server. name: `<owner>/<anything>`, see `history.Call`.
    timeout_seconds: of a whole call, after which its outcome is unknown.
    pause_seconds: after a call without an answer, so that a dead server is not hammered.
    """

    def __init__(
        self,
        base_urls: Sequence[str],
        token: str,
        recorder: Recorder,
        name: str,
        *,
        timeout_seconds: float = 10.0,
        pause_seconds: float = 0.05,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.token = token
        self.name = name
        self.connections = [Connection(base_url) for base_url in base_urls]
        self._turn = itertools.cycle([(connection, self._last_headers(connection)) for connection in self.connections])
        self._chance = random.Random(name)  # noqa: S311 - a choice to repeat, not a secret
        self._recorder = recorder
        self._timeout_seconds = timeout_seconds
        self._pause_seconds = pause_seconds
        self._clock = clock

    async def create(self, order_id: int, date_from: str, key: str | None = None) -> Call:
        """Create an appointment-request; `key` is an Idempotency-Key, with which it is safe to repeat."""
        body = {"orderId": order_id, "dateFrom": date_from}
        call, _ = await self._post("create", f"{REQUESTS}/request", body, None, Answer(None, order=order_id, key=key))
        return call

    async def read(self, request_id: int) -> Reading:
        """Read an appointment-request."""
        path = f"{REQUESTS}/request/{request_id}"
        call, body = await self._call("read", f"GET {path} HTTP/1.1\r\n", b"", request_id, Answer(None))
        return Reading(call, body.get("slots", ()))

    async def book(self, request_id: int, slot_id: str) -> Call:
        """Begin to book a slot."""
        body = {"appointmentRequestId": request_id, "slotId": slot_id}
        call, _ = await self._post("book", BOOKINGS, body, request_id, Answer(None, slot=slot_id))
        return call

    async def read_booking(self, number: int, request_id: int | None = None) -> Call:
        """Read a booking attempt; `request_id` None leaves it to the checker to find out whose it is."""
        path = f"{BOOKINGS}/{number}"
        asked = Answer(None, booking=number)
        call, _ = await self._call("read-booking", f"GET {path} HTTP/1.1\r\n", b"", request_id, asked)
        return call

    async def cancel(self, request_id: int) -> Call:
        """Cancel an appointment-request."""
        body = {"appointmentRequestId": request_id}
        call, _ = await self._post("cancel", f"{REQUESTS}/cancel", body, request_id, Answer(None))
        return call

    async def close(self) -> None:
        """End the connections."""
        for connection in self.connections:
            await connection.end()

    async def _post(
        self, op: Op, path: str, body: dict[str, Any], request_id: int | None, asked: Answer
    ) -> tuple[Call, dict[str, Any]]:
        encoded = _encode(body)
        head = f"POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {len(encoded)}\r\n"
        head += f"Idempotency-Key: {asked.key}\r\n" if asked.key else ""
        return await self._call(op, head, encoded, request_id, asked)

    async def _call(
        self, op: Op, head: str, body: bytes, request_id: int | None, asked: Answer
    ) -> tuple[Call, dict[str, Any]]:
        """Make one call and record it; hand it back with the members of its JSON answer, if it has any."""
        connection, last_headers = next(self._turn)
        request = head.encode() + last_headers + body
        start_ns = self._clock()
        response = await self._exchange(connection, request)
        end_ns = self._clock()
        if isinstance(response, str):
            failed = msgspec.structs.replace(asked, code=response)
            call = self._recorder.add(Call(op, request_id, self.name, start_ns, end_ns, failed))
            await asyncio.sleep(self._pause_seconds)
            if self._chance.random() < 0.5:
                # Who reads and cancels in strict turn would cancel at the dead one of two servers for ever.
                next(self._turn)
            return call, {}
        told = _json_of(response)
        answer = _answer(op, asked, response, told)
        if op == "create" and response.status == _CREATED:
            request_id = _number_in_location(response)
        return self._recorder.add(Call(op, request_id, self.name, start_ns, end_ns, answer)), told

    def _last_headers(self, connection: Connection) -> bytes:
        host = f"Host: {connection.host}:{connection.port}\r\n"
        return f"{host}Authorization: Bearer {self.token}\r\nX-API-VERSION: 7\r\n\r\n".encode()

    async def _exchange(self, connection: Connection, request: bytes) -> Response | str:
        """The answer, or the code that says why there is none."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await connection.exchange(request)
        except NotConnectedError:
            return NOT_CONNECTED
        except TimeoutError:
            return TIMED_OUT
        except (OSError, EOFError):
            return BROKEN


def _json_of(response: Response) -> dict[str, Any]:
    if b"json" not in response.header(b"content-type") or not response.body:
        return {}
    members: dict[str, Any] = _decode(response.body)
    return members


def _number_in_location(response: Response) -> int | None:
    number = response.header(b"location").rpartition(b"/")[2]
    return int(number) if number.isdigit() else None


def _answer(op: Op, asked: Answer, response: Response, told: dict[str, Any]) -> Answer:
    answer = msgspec.structs.replace(asked, status=response.status, code=told.get("code"))
    if op == "read":
        return msgspec.structs.replace(answer, state=_state(response.status, told))
    if op == "book" and response.status == _CREATED:
        return msgspec.structs.replace(answer, booking=_number_in_location(response))
    if op == "read-booking" and response.status == _OK:
        return msgspec.structs.replace(answer, appointment=told["id"], slot=told["startTime"])
    return answer


def _state(status: int, told: dict[str, Any]) -> str | None:
    if status == _ACCEPTED:
        return "searching"
    if status == _OK:
        return str(told["status"])
    return "failed" if told.get("code") == "search-failed" else None


@dataclass(frozen=True)
class Plan:
    """How a race goes.

    group: callers (all of one owner) that race for the same requests; batch: how many requests they race for at once.
    book_share: which part of the calls of the clash are book calls; the others cancel.
    slots: among how many of the first slots on offer the book calls choose.
    looks: how many more calls each caller makes at each request of the clash, around its own: reads, and after it some
        cancellations too.
    finish: cancel what is still open at the end, so that every request gets to a final state.
    deadline_seconds: after which a batch is left as it is.
    """

    date_from: str
    group: int = 4
    batch: int = 1
    book_share: float = 0.5
    slots: int = 3
    looks: int = 0
    finish: bool = True
    poll_seconds: float = 0.05
    deadline_seconds: float = 60.0
    seed: int = 0


async def race(callers: Sequence[Caller], orders: Iterable[int], plan: Plan) -> dict[int, str | None]:
    """Create requests, then cancel and book the same ones at once, then follow each until it is settled.

    orders: one request is made for each; a generator that ends when the harness has seen enough.
    Returns the last state read of each request (None: never read). Everything else is in the recorder.
    """
    queue, settled = iter(orders), dict[int, str | None]()
    async with asyncio.TaskGroup() as tasks:
        for first in range(0, len(callers), plan.group):
            group = callers[first : first + plan.group]
            tasks.create_task(_Race(group, plan, f"{plan.seed}/{first}", settled).run(queue))
    return settled


class _Race:
    """The race of one group of callers."""

    def __init__(self, group: Sequence[Caller], plan: Plan, seed: str, settled: dict[int, str | None]) -> None:
        self._group = group
        self._plan = plan
        self._chance = random.Random(seed)  # noqa: S311 - a choice to repeat, not a secret
        self._settled = settled
        self._offers: dict[int, tuple[Offer, ...]] = {}
        self._attempts: dict[int, set[int]] = {}
        self._until = 0.0

    async def run(self, queue: Iterator[int]) -> None:
        """Race for one batch after the other until there are no orders left."""
        while orders := list(itertools.islice(queue, self._plan.batch)):
            self._until = asyncio.get_running_loop().time() + self._plan.deadline_seconds
            self._offers, self._attempts = {}, {}
            await self._share(orders, self._open)
            async with asyncio.TaskGroup() as tasks:
                for caller in self._group:
                    tasks.create_task(self._clash(caller))
            await self._share(self._offers, self._settle)

    async def _share(self, items: Iterable[int], work: Callable[[Caller, int], Awaitable[None]]) -> None:
        """Let each caller take the next item as soon as it is done with its last one."""
        left = iter(items)

        async def take(caller: Caller) -> None:
            for item in left:
                await work(caller, item)

        async with asyncio.TaskGroup() as tasks:
            for caller in self._group:
                tasks.create_task(take(caller))

    async def _open(self, caller: Caller, order_id: int) -> None:
        """Create a request and wait until its search is over; the key makes it safe to repeat the creation."""
        key = secrets.token_hex(8)
        call = await caller.create(order_id, self._plan.date_from, key)
        while call.fate != "answered" and not await self._too_late():
            call = await caller.create(order_id, self._plan.date_from, key)
        if call.id is not None:
            self._offers[call.id] = await self._slots(caller, call.id)

    async def _slots(self, caller: Caller, request_id: int) -> tuple[Offer, ...]:
        reading = await caller.read(request_id)
        while reading.call.answer.state in {None, "searching"} and not await self._too_late():
            reading = await caller.read(request_id)
        return reading.offers

    async def _clash(self, caller: Caller) -> None:
        """Book or cancel every request of the batch, in the same order as all others of the group."""
        for request_id, offers in self._offers.items():
            before = self._chance.randint(0, self._plan.looks)
            for _ in range(before):
                await caller.read(request_id)
            await self._book_or_cancel(caller, request_id, offers)
            for _ in range(before, self._plan.looks):
                again = self._chance.random() < CANCEL_AGAIN
                await (caller.cancel(request_id) if again else caller.read(request_id))

    async def _book_or_cancel(self, caller: Caller, request_id: int, offers: Sequence[Offer]) -> None:
        if not offers or self._chance.random() >= self._plan.book_share:
            await caller.cancel(request_id)
            return
        slot = self._chance.choice(offers[: self._plan.slots])
        number = (await caller.book(request_id, slot.slot_id)).told_attempt
        if number is not None:
            self._attempts.setdefault(request_id, set()).add(number)
            await caller.read_booking(number, request_id)

    async def _settle(self, caller: Caller, request_id: int) -> None:
        """Read until nothing can change any more, and what became of each booking attempt."""
        state = (await caller.read(request_id)).call.answer.state
        while state not in {"booked", "cancelled"} and not await self._too_late():
            if state in {"open", "failed"}:
                if not self._plan.finish:
                    break
                await caller.cancel(request_id)
            state = (await caller.read(request_id)).call.answer.state
        self._settled[request_id] = state
        for number in self._attempts.get(request_id, ()):
            while (await caller.read_booking(number, request_id)).answer.status not in {200, 404, 422}:
                if await self._too_late():
                    return

    async def _too_late(self) -> bool:
        """Wait a moment before the next poll; whether the batch is past its deadline."""
        await asyncio.sleep(self._plan.poll_seconds)
        return asyncio.get_running_loop().time() > self._until
