"""An appointment in memory whose callers write histories of its changes, correct or with one planted fault."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import msgspec

from .history import Answer, Call

STARTS = ("08:00", "13:00", "10:00")
AT_ONCE = 6
Job = tuple[str, int]


@dataclass
class Flight:
    """A call under way. answer: None until it has taken effect."""

    op: Any
    request: int | None
    start: int
    asked: Answer
    answer: Answer | None = None


class AppointmentSimulation:
    """Callers of one owner who cancel and reschedule appointment 507 at once; some answers get lost.

    seed: the same one gives the same history.
    fault: what is broken (a key of FAULTS in the tests of the judge of appointments); empty for nothing.
    """

    def __init__(self, seed: int, fault: str = "") -> None:
        self.chance, self.fault, self.now = random.Random(seed), fault, 10  # noqa: S311 - to repeat, not a secret
        self.status, self.slot, self.job = "booked", STARTS[0], ("", 0)
        self.told: list[Job] = []
        self.outcomes: dict[Job, Answer] = {}
        self.takes: dict[int, tuple[int, str]] = {}
        self.flights: list[Flight] = []
        self.ghosts: list[Flight] = []
        self.requests = 300
        visit = Answer(200, booking=7, appointment=507, slot=STARTS[0], state="booked")
        self.history = [
            Call("create", 300, "alice/1", 0, 1, Answer(201, order=10)),
            Call("book", 300, "alice/1", 4, 5, Answer(201, booking=7, slot="am")),
            Call("read-booking", 300, "alice/1", 6, 7, visit),
        ]

    def run(self, steps: int) -> list[Call]:
        """A history of some steps: each the start, the effect or the end of a call, or the worker's; then reads."""
        for _ in range(steps):
            self.now += 1
            self.chance.choice((self._start, self._start, self._effect, self._effect, self._end, self._work))()
        for flight in self.flights:
            self._tell(flight, Answer(None))
        self.flights, self.ghosts = [], []
        for kind, number in dict.fromkeys((("appointment", 0), *self.told)):
            self.now += 2
            asked = Answer(None, appointment=507, change=number or None)
            request = self.takes[number][0] if kind == "reschedule" else None
            self.flights.append(Flight(f"read-{kind}", request, self.now, asked))
            self._effect()
            self._end()
        return self.history

    def _start(self) -> None:
        if len(self.flights) >= AT_ONCE:
            return
        asked = Answer(None, appointment=507)
        op, request = self.chance.choice(("read-appointment", "cancel-appointment", "reschedule", "read")), None
        if op == "read":
            kind, number = self.chance.choice(self.told or [("", 0)])
            op, asked = f"read-{kind}" if kind else "read-appointment", msgspec.structs.replace(asked, change=number)
            request = self.takes[number][0] if kind == "reschedule" else None
        if op == "reschedule":
            self.requests += 1
            request, start = self.requests, self.chance.choice(STARTS)
            self.history.append(Call("create", request, "alice/1", self.now, self.now, Answer(201, order=10)))
            self.history.append(Call("read", request, "alice/1", self.now, self.now, Answer(200, state="open")))
            self.now += 1
            asked = msgspec.structs.replace(asked, slot=start, start=start)
        self.flights.append(Flight(op, request, self.now, asked))

    def _effect(self) -> None:
        waiting = [flight for flight in self.flights + self.ghosts if not flight.answer]
        if waiting:
            flight = self.chance.choice(waiting)
            told = getattr(self, f"_{flight.op.replace('-', '_')}")(flight)
            asked = {"appointment": 507, "slot": flight.asked.slot, "start": flight.asked.start}
            change = {"change": flight.asked.change} if flight.op != "read-appointment" else {}
            flight.answer = msgspec.convert({**asked, **change, **told}, Answer)

    def _end(self) -> None:
        flight = self.chance.choice(self.flights or [None])
        if flight is None or not flight.answer:
            return
        self.flights.remove(flight)
        is_lost = self.chance.random() < 0.15
        self._tell(flight, Answer(self.chance.choice((None, 500))) if is_lost else flight.answer)

    def _tell(self, flight: Flight, answer: Answer) -> None:
        if answer.status in {None, 500}:
            answer = msgspec.structs.replace(flight.asked, status=answer.status)
            self.ghosts += [] if flight.answer else [flight]
        elif answer.status == 201 and answer.change:
            self.told.append(("reschedule" if flight.op == "reschedule" else "cancellation", answer.change))
        self.history.append(Call(flight.op, flight.request, f"alice/{flight.start}", flight.start, self.now, answer))

    def _work(self) -> None:
        kind, number = self.job
        if not kind:
            return
        self.job = ("", 0)
        is_done = self.chance.random() < 0.6
        self.status = "cancelled" if is_done and kind == "cancellation" else "booked"
        if not is_done:
            code = "cancellation-refused" if kind == "cancellation" else "slot-unavailable"
            self.outcomes[kind, number] = Answer(422, code)
            return
        if kind == "reschedule" and self.fault != "keeps the start":
            self.slot = self.takes[number][1]
        self.outcomes[kind, number] = Answer(200)

    def _begin(self, kind: str, status: str) -> dict[str, Any]:
        self.job = kind, len(self.outcomes) + 1
        self.outcomes[self.job], self.status = Answer(202), status
        return {"status": 201, "change": self.job[1]}

    def _cancel_appointment(self, _: Flight) -> dict[str, Any]:
        its = {number: answer for (kind, number), answer in self.outcomes.items() if kind == "cancellation"}
        known = [number for number, answer in its.items() if answer.status != 422]
        if known and self.status in {"cancelling", "cancelled"} and self.fault != "a number a call":
            return {"status": 201, "change": known[-1]}
        if self.status == "rescheduling" and self.fault != "two changes":
            return {"status": 422, "code": "appointment-changing"}
        return self._begin("cancellation", "cancelling")

    def _reschedule(self, flight: Flight) -> dict[str, Any]:
        if self.status in {"cancelling", "rescheduling"}:
            return {"status": 422, "code": "appointment-changing"}
        assert flight.request
        self.takes[len(self.outcomes) + 1] = flight.request, flight.asked.start or ""
        if self.status == "booked" or self.fault == "revives":
            return self._begin("reschedule", "rescheduling")
        self.outcomes["reschedule", len(self.outcomes) + 1] = Answer(422, "appointment-ended")
        return {"status": 201, "change": len(self.outcomes)}

    def _read_appointment(self, _: Flight) -> dict[str, Any]:
        return {"status": 200, "slot": self.slot, "state": "cancelled" if self.status == "cancelled" else "booked"}

    def _read_cancellation(self, flight: Flight) -> dict[str, Any]:
        its = self.outcomes["cancellation", flight.asked.change or 0]
        return {"status": its.status, "code": its.code} | ({"state": "cancelled"} if its.status == 200 else {})

    def _read_reschedule(self, flight: Flight) -> dict[str, Any]:
        its = self.outcomes["reschedule", flight.asked.change or 0]
        return {"status": its.status, "code": its.code} | (self._read_appointment(flight) if its.status == 200 else {})
