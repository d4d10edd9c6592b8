"""The service in this process, and callers of it whose every answer is checked against the documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2

from connect_appointments.store.engine import Database
from connect_appointments.web.api.tokens.token_rules import TokenRules
from connect_appointments.wiring import AppConfig, Running, running
from tests.build import ALICE, BOB, ISSUER, PUBLIC_URL, Clock, Issuer
from tests.documents import check_answer
from tests.in_process import InProcess

CANCEL = "/api/connect/orders/appointment-requests/cancel"
CREATE = "/api/connect/orders/appointment-requests/request"
BOOK = "/api/connect/orders/appointments/request"
CANCELLATIONS = "/api/connect/orders/appointment-cancellations/request"
RESCHEDULE = "/api/connect/orders/appointment-reschedules/request"


ORDERS = "/api/connect/orders"


class Caller:
    """One owner's client. Each method is one call; what is not given is as the documentation has it."""

    def __init__(self, transport: httpx2.AsyncBaseTransport, token: str, clock: Clock) -> None:
        self.token = token
        self._clock = clock
        self._http = httpx2.AsyncClient(
            transport=transport, base_url=PUBLIC_URL, event_hooks={"response": [check_answer]}
        )

    async def request(
        self,
        verb: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: dict[str, str | None] | list[tuple[str, str]] | None = None,
    ) -> httpx2.Response:
        """One call. In `headers` a None leaves a default out; a list replaces all of them."""
        if isinstance(headers, list):
            return await self._http.request(verb, path, json=json, content=content, headers=headers)
        defaults: dict[str, str | None] = {"Authorization": f"Bearer {self.token}", "X-API-VERSION": "7"}
        if content is not None:
            defaults["Content-Type"] = "application/json"
        sent = {name: value for name, value in {**defaults, **(headers or {})}.items() if value is not None}
        return await self._http.request(verb, path, json=json, content=content, headers=sent)

    async def cancel(self, request_id: object, **changes: Any) -> httpx2.Response:
        """Cancel an appointment-request."""
        return await self.request("POST", CANCEL, json={"appointmentRequestId": request_id}, **changes)

    async def create(self, order_id: object, date_from: object = None, **changes: Any) -> httpx2.Response:
        """Create an appointment-request; from tomorrow on unless a date is given."""
        day = date_from or str(self._clock().date() + timedelta(days=1))
        return await self.request("POST", CREATE, json={"orderId": order_id, "dateFrom": day}, **changes)

    async def read(self, request_id: object, **changes: Any) -> httpx2.Response:
        """Read an appointment-request."""
        return await self.request("GET", f"{CREATE}/{request_id}", **changes)

    async def book(self, request_id: object, slot_id: object, **changes: Any) -> httpx2.Response:
        """Book a slot."""
        body = {"appointmentRequestId": request_id, "slotId": slot_id}
        return await self.request("POST", BOOK, json=body, **changes)

    async def read_booking(self, booking_id: object, **changes: Any) -> httpx2.Response:
        """Read the outcome of a booking attempt."""
        return await self.request("GET", f"{BOOK}/{booking_id}", **changes)

    async def cancel_appointment(self, appointment_id: object, **changes: Any) -> httpx2.Response:
        """Cancel an appointment."""
        return await self.request("POST", CANCELLATIONS, json={"appointmentId": appointment_id}, **changes)

    async def read_cancellation(self, number: object, **changes: Any) -> httpx2.Response:
        """Read the outcome of a cancellation."""
        return await self.request("GET", f"{CANCELLATIONS}/{number}", **changes)

    async def reschedule(
        self, appointment_id: object, request_id: object, slot_id: object, **changes: Any
    ) -> httpx2.Response:
        """Reschedule an appointment."""
        body = {"appointmentId": appointment_id, "appointmentRequestId": request_id, "slotId": slot_id}
        return await self.request("POST", RESCHEDULE, json=body, **changes)

    async def read_reschedule(self, number: object, **changes: Any) -> httpx2.Response:
        """Read the outcome of a reschedule."""
        return await self.request("GET", f"{RESCHEDULE}/{number}", **changes)

    async def read_appointment(self, appointment_id: object, **changes: Any) -> httpx2.Response:
        """Read an appointment."""
        return await self.request("GET", f"{ORDERS}/appointments/{appointment_id}", **changes)

    async def list_appointments(self, order_id: object, query: str = "", **changes: Any) -> httpx2.Response:
        """List the appointments of an order."""
        return await self.request("GET", f"{ORDERS}/{order_id}/appointments{query}", **changes)

    async def list_requests(self, order_id: object, query: str = "", **changes: Any) -> httpx2.Response:
        """List the appointment-requests of an order."""
        return await self.request("GET", f"{ORDERS}/{order_id}/appointment-requests{query}", **changes)


class Api:
    """The service in this process."""

    def __init__(self, parts: Running, transport: httpx2.AsyncBaseTransport, issuer: Issuer, clock: Clock) -> None:
        self.parts = parts
        self.alice = Caller(transport, issuer.token(ALICE), clock)
        self.bob = Caller(transport, issuer.token(BOB), clock)
        self._caller: Callable[[str], Caller] = lambda token: Caller(transport, token, clock)

    def caller(self, token: str) -> Caller:
        """Somebody else, by token."""
        return self._caller(token)

    async def created(self, order_id: int, caller: Caller | None = None, **changes: Any) -> int:
        """Create an appointment-request; return its id."""
        return number_of(await (caller or self.alice).create(order_id, **changes))

    async def opened(self, order_id: int, caller: Caller | None = None, **changes: Any) -> tuple[int, list[Any]]:
        """Create an appointment-request and wait for its slots; return its id and the slots."""
        request_id = await self.created(order_id, caller, **changes)
        answer = await self.settled(lambda: (caller or self.alice).read(request_id))
        return request_id, answer.json()["slots"]

    async def booked(self, order_id: int, caller: Caller | None = None) -> tuple[int, httpx2.Response]:
        """Create, book the first slot, wait for the outcome; return the request's id and the booking's answer."""
        who = caller or self.alice
        request_id, slots = await self.opened(order_id, who)
        booking_id = number_of(await who.book(request_id, slots[0]["id"]))
        return request_id, await self.settled(lambda: who.read_booking(booking_id))

    async def appointed(self, order_id: int, caller: Caller | None = None) -> dict[str, Any]:
        """Book the last slot on offer, which can be cancelled for days; return the appointment."""
        who = caller or self.alice
        request_id, slots = await self.opened(order_id, who)
        booking_id = number_of(await who.book(request_id, slots[-1]["id"]))
        answer = await self.settled(lambda: who.read_booking(booking_id))
        found: dict[str, Any] = answer.json()
        return found

    async def cancelled(self, appointment_id: int, caller: Caller | None = None) -> httpx2.Response:
        """Cancel an appointment and wait for the outcome."""
        who = caller or self.alice
        number = number_of(await who.cancel_appointment(appointment_id))
        return await self.settled(lambda: who.read_cancellation(number))

    async def settled(self, ask: Callable[[], Any]) -> httpx2.Response:
        """Ask until the answer is no longer 202."""
        while True:
            answer: httpx2.Response = await ask()
            if answer.status_code != 202:
                return answer


def number_of(answer: httpx2.Response) -> int:
    """The number at the end of the Location of a 201."""
    assert answer.status_code == 201, answer.text
    return int(answer.headers["location"].rpartition("/")[2])


@asynccontextmanager
async def serve_in_process(
    database: Database, issuer: Issuer, clock: Clock, *, with_worker: bool = True, **changes: Any
) -> AsyncIterator[Api]:
    """Run the service on a database, with anything in its `AppConfig` changed."""

    async def keys() -> list[Any]:
        return issuer.jwks()

    config = {
        "database": database,
        "keys": keys,
        "tokens": TokenRules(frozenset({ISSUER})),
        "public_url": PUBLIC_URL,
        "clock": clock,
        **changes,
    }
    async with running(AppConfig(**config), with_worker=with_worker) as parts:
        yield Api(parts, InProcess(parts.app, parts.context), issuer, clock)
