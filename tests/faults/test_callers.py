"""What a caller records of the answers that it gets."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest

from .callers import Caller, Offer
from .history import BROKEN, NOT_CONNECTED, TIMED_OUT, Answer, Call, Recorder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Cut(bytes):
    """A reply after which the server hangs up."""


def reply(status: int, body: str = "", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} It", *headers]
    lines += [f"Content-Length: {len(body)}", "Content-Type: application/json"] if status != 204 else []
    return "\r\n".join([*lines, "", body]).encode()


def talk(script: Callable[[Caller], Awaitable[object]], *replies: bytes) -> tuple[list[Call], list[bytes]]:
    """What a caller records and what a server receives, after the number of its connection.

    The server gives the replies in turn; an empty one is silence. The caller goes round two URLs, both of this server.
    """
    received, left, recorder, serving = list[bytes](), list(replies), Recorder(), list[Any]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        connection = b"%d " % len(serving)
        with contextlib.suppress(asyncio.IncompleteReadError):
            answer = b""
            while not isinstance(answer, Cut):
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"Content-Length: (\d+)", head)
                received.append(connection + head + await reader.readexactly(int(length[1]) if length else 0))
                writer.write(answer := left.pop(0))
        writer.close()
        await writer.wait_closed()

    async def run() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            caller = Caller([url, url], "ey.token", recorder, "alice/1", timeout_seconds=0.2, pause_seconds=0)
            await script(caller)
            await caller.close()
            await asyncio.gather(*serving)

    asyncio.run(run())
    return recorder.calls, received


PROBLEM = '{"type": "x", "status": 422, "code": "appointment-request-booking"}'


@pytest.mark.parametrize(
    ("first_reply", "status", "code", "fate"),
    [
        (reply(204), 204, None, "answered"),
        (reply(422, PROBLEM), 422, "appointment-request-booking", "answered"),
        (reply(503, '{"code": "overloaded"}'), 503, "overloaded", "nothing-done"),
        (reply(500), 500, None, "unknown"),
        (Cut(reply(204)[:-4]), None, BROKEN, "unknown"),
        (Cut(reply(422, PROBLEM)[:-9]), None, BROKEN, "unknown"),
        (Cut(), None, BROKEN, "unknown"),
        (b"", None, TIMED_OUT, "unknown"),
    ],
)
def test_a_call_is_recorded_as_what_its_caller_may_conclude(
    first_reply: bytes, status: int | None, code: str | None, fate: str
) -> None:
    async def cancel_twice(caller: Caller) -> None:
        await caller.cancel(300)
        await caller.cancel(300)

    [first, second], received = talk(cancel_twice, first_reply, reply(204))
    assert (first.answer, first.fate) == (Answer(status, code), fate)
    assert (second.answer, second.id, second.op, second.caller) == (Answer(204), 300, "cancel", "alice/1")
    assert first.start_ns < first.end_ns < second.start_ns
    assert b"\r\nAuthorization: Bearer ey.token\r\nX-API-VERSION: 7\r\n\r\n{" in received[0]


def test_the_way_of_a_request_is_recorded() -> None:
    async def way(caller: Caller) -> None:
        number = (await caller.create(10, "2026-11-24", "k")).id or 0
        await caller.read(number)
        [offer] = (await caller.read(number)).offers
        await caller.read_booking((await caller.book(number, offer.slot_id)).told_attempt or 0, number)

    slots, visit = '{"status": "open", "slots": [{"id": "am", "startTime": "8Z"}]}', '{"id": 507, "startTime": "8Z"}'
    made, booked = (reply(201, "", f"Location: http://x/request/{number}") for number in (300, 7))
    calls, received = talk(way, made, reply(202, "", "Connection: close"), reply(200, slots), booked, reply(200, visit))
    assert [(call.op, call.id, call.answer) for call in calls] == [
        ("create", 300, Answer(201, order=10, key="k")),
        ("read", 300, Answer(202, state="searching")),
        ("read", 300, Answer(200, state="open")),
        ("book", 300, Answer(201, booking=7, slot="am")),
        ("read-booking", 300, Answer(200, booking=7, appointment=507, slot="8Z")),
    ]
    assert b"\r\nIdempotency-Key: k\r\n" in received[0]
    assert [head[:2] for head in received] == [b"1 ", b"2 ", b"1 ", b"3 ", b"1 "], "the second was asked to close"


def test_d39_d46_the_changes_of_an_appointment_are_recorded() -> None:
    async def way(caller: Caller) -> None:
        number = (await caller.reschedule(507, 301, Offer("pm", "13Z"))).answer.change or 0
        await caller.read_reschedule(number, 507, 301)
        number = (await caller.cancel_appointment(507)).answer.change or 0
        await caller.read_cancellation(number, 507)
        await caller.read_cancellation(number, 507)
        await caller.read_appointment(507)

    moved, cancelled = (
        f'{{"id": 507, "startTime": "13Z", "status": "{status}"}}' for status in ("booked", "cancelled")
    )
    told = '{"id": 9, "appointmentId": 507, "status": "cancelled"}'
    three, nine = (reply(201, "", f"Location: http://x/request/{number}") for number in (3, 9))
    calls, received = talk(way, three, reply(200, moved), nine, reply(202), reply(200, told), reply(200, cancelled))
    assert [(call.op, call.id, call.answer) for call in calls] == [
        ("reschedule", 301, Answer(201, appointment=507, change=3, slot="pm", start="13Z")),
        ("read-reschedule", 301, Answer(200, appointment=507, change=3, slot="13Z", state="booked")),
        ("cancel-appointment", None, Answer(201, appointment=507, change=9)),
        ("read-cancellation", None, Answer(202, appointment=507, change=9)),
        ("read-cancellation", None, Answer(200, appointment=507, change=9, state="cancelled")),
        ("read-appointment", None, Answer(200, appointment=507, slot="13Z", state="cancelled")),
    ]
    assert b'{"appointmentId":507,"appointmentRequestId":301,"slotId":"pm"}' in received[0]
    assert b"GET /api/connect/orders/appointment-cancellations/request/9 " in received[3]


def test_a_server_that_is_not_there_did_nothing() -> None:
    recorder = Recorder()
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
    asyncio.run(Caller([url], "t", recorder, "alice/1", pause_seconds=0).cancel(300))
    assert [(call.answer.code, call.fate) for call in recorder.calls] == [(NOT_CONNECTED, "nothing-done")]
