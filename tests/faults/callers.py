"""Callers over real HTTP that record every call, and the race they run."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from .connection import Connection, NotConnectedError, Response
from .history import BROKEN, NOT_CONNECTED, TIMED_OUT, Answer, Call

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .history import Op, Recorder

REQUESTS = "/api/connect/orders/appointment-requests"
BOOKINGS = "/api/connect/orders/appointments/request"
APPOINTMENTS = "/api/connect/orders/appointments"
CANCELLATIONS = "/api/connect/orders/appointment-cancellations/request"
RESCHEDULES = "/api/connect/orders/appointment-reschedules/request"
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

    async def read_appointment(self, appointment_id: int) -> Call:
        """Read an appointment."""
        return await self._get("read-appointment", APPOINTMENTS, appointment_id, Answer(None))

    async def cancel_appointment(self, appointment_id: int) -> Call:
        """Begin to cancel an appointment."""
        asked = Answer(None, appointment=appointment_id)
        call, _ = await self._post("cancel-appointment", CANCELLATIONS, {"appointmentId": appointment_id}, None, asked)
        return call

    async def read_cancellation(self, number: int, appointment_id: int) -> Call:
        """Read a cancellation of an appointment."""
        return await self._get("read-cancellation", CANCELLATIONS, number, Answer(None, appointment=appointment_id))

    async def reschedule(self, appointment_id: int, request_id: int, offer: Offer) -> Call:
        """Begin to move an appointment to a slot on offer of another appointment-request."""
        body = {"appointmentId": appointment_id, "appointmentRequestId": request_id, "slotId": offer.slot_id}
        asked = Answer(None, appointment=appointment_id, slot=offer.slot_id, start=offer.start)
        call, _ = await self._post("reschedule", RESCHEDULES, body, request_id, asked)
        return call

    async def read_reschedule(self, number: int, appointment_id: int, request_id: int | None) -> Call:
        """Read a reschedule of an appointment to a slot of an appointment-request."""
        asked = Answer(None, appointment=appointment_id)
        return await self._get("read-reschedule", RESCHEDULES, number, asked, request_id)

    async def close(self) -> None:
        """End the connections."""
        for connection in self.connections:
            await connection.end()

    async def _get(self, op: Op, path: str, number: int, asked: Answer, request_id: int | None = None) -> Call:
        """Read an appointment, or a change of one."""
        name = "appointment" if op == "read-appointment" else "change"
        asked = msgspec.structs.replace(asked, **{name: number})
        call, _ = await self._call(op, f"GET {path}/{number} HTTP/1.1\r\n", b"", request_id, asked)
        return call

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
        state = _state(response.status, told)
        return msgspec.structs.replace(answer, state=state, appointment=told.get("appointmentId"))
    if op in _NUMBERED and response.status == _CREATED:
        return msgspec.structs.replace(answer, **{_NUMBERED[op]: _number_in_location(response)})
    if op == "read-cancellation" and response.status == _OK:
        return msgspec.structs.replace(answer, appointment=told["appointmentId"], state=told["status"])
    if op.startswith("read-") and response.status == _OK:
        visit = {"appointment": told["id"], "slot": told["startTime"], "state": told.get("status")}
        return msgspec.structs.replace(answer, **visit)
    return answer


_NUMBERED = {"book": "booking", "cancel-appointment": "change", "reschedule": "change"}
"""Where the number in the Location of an answer is kept."""


def _state(status: int, told: dict[str, Any]) -> str | None:
    if status == _ACCEPTED:
        return "searching"
    if status == _OK:
        return str(told["status"])
    return "failed" if told.get("code") == "search-failed" else None
