"""A service in memory that writes histories, correct or with one planted fault."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import msgspec

from .history import Answer, Call

READS = {"searching": 202, "open": 200, "booking": 200, "booked": 200, "cancelled": 200, "failed": 422}
"""The status of a read in each state."""


@dataclass
class Flight:
    """A call under way in the simulation. seen: the state at its start; answer: None until it has taken effect."""

    op: Any
    start: int
    asked: Answer
    seen: str
    answer: Answer | None = None


class Simulation:
    """A service in a few lines: each call takes effect at one moment of its flight, and some answers get lost.

    seed: the same one gives the same history.
    fault: what is broken in it (a key of FAULTS in the tests of the checker); empty for nothing.
    """

    def __init__(self, seed: int, fault: str = "") -> None:
        self.chance, self.fault, self.now = random.Random(seed), fault, 2  # noqa: S311 - to repeat, not a secret
        self.status = self.previous = self.job = "searching"
        self.slots = {"am", "pm", "eve"}
        self.attempts: dict[int, str] = {}
        self.outcomes: dict[int, int] = {}
        self.flights: list[Flight] = []
        self.ghosts: list[Flight] = []
        self.history = [Call("create", 300, "alice/1", 0, 1, Answer(201, order=10))]

    def run(self, steps: int) -> list[Call]:
        """A history of some steps, each the start, the effect or the end of a call, or the worker's; then reads."""
        for _ in range(steps):
            self.now += 1
            self.chance.choice((self._start, self._start, self._effect, self._effect, self._end, self._work))()
        for flight in self.flights:
            self._tell(flight, None)
        self.flights, self.ghosts = [], []
        for number in (None, *self.attempts):
            self.now += 2
            op = "read-booking" if number else "read"
            self.flights.append(Flight(op, self.now, Answer(None, booking=number), self.status))
            self._effect()
            self._tell(self.flights.pop())
        return self.history

    def _start(self) -> None:
        op = self.chance.choice(("read", "book", "cancel", "read", "book", "read-booking" if self.attempts else "read"))
        number = self.chance.choice(list(self.attempts)) if op == "read-booking" else None
        slot = self.chance.choice(("am", "pm", "eve")) if op == "book" else None
        self.flights.append(Flight(op, self.now, Answer(None, booking=number, slot=slot), self.status))

    def _effect(self) -> None:
        waiting = [flight for flight in self.flights + self.ghosts if not flight.answer]
        if waiting:
            flight = self.chance.choice(waiting)
            flight.answer = getattr(self, f"_{flight.op.replace('-', '_')}")(flight)

    def _end(self) -> None:
        flight = self.chance.choice(self.flights or [None])
        if flight is None or (not flight.answer and self.chance.random() < 0.7):
            return
        self.flights.remove(flight)
        if flight.answer and self.chance.random() < 0.8:
            self._tell(flight)
        elif self.fault == "guesses" and flight.op == "cancel":
            flight.answer = msgspec.structs.replace(flight.asked, status=204)
            self._tell(flight)
        elif not flight.answer and self.chance.random() < 0.3:
            self._tell(flight, 503)
        else:
            self.ghosts.append(flight)
            self._tell(flight, self.chance.choice((None, 500)))

    def _tell(self, flight: Flight, status: int | None = 0) -> None:
        answer = msgspec.structs.replace(flight.asked, status=status) if status != 0 else flight.answer
        assert answer
        self.history.append(Call(flight.op, 300, f"alice/{flight.start}", flight.start, self.now, answer))

    def _enter(self, status: str) -> None:
        self.previous, self.status = self.status, status

    def _work(self) -> None:
        if self.status != self.job and self.fault != "zombie worker":
            return
        if self.job == "searching":
            self._enter(self.chance.choice(("open", "open", "open", "failed")))
        elif self.job == "booking":
            booked = self.chance.random() < 0.6
            self._enter("booked" if booked else "open")
            self.outcomes[max(self.attempts)] = 200 if booked else 422
            self.slots -= set() if booked else {self.attempts[max(self.attempts)]}
        self.job = ""

    def _cancel(self, flight: Flight) -> Answer:
        status = flight.seen if self.fault == "no compare-and-set" else self.status
        if status in {"booking", "booked"}:
            return Answer(422, f"appointment-request-{status}")
        if self.fault != "forgetful" or self.chance.random() < 0.5:
            self._enter("cancelled")
        return Answer(204)

    def _book(self, flight: Flight) -> Answer:
        slot, number = flight.asked.slot or "", len(self.attempts)
        if self.status in {"booking", "booked"} and self.attempts[number] == slot:
            return Answer(201, booking=number, slot=slot)
        if self.status != "open" and not (self.fault == "two attempts" and self.status == "booking"):
            reason = "not-open" if self.status in {"searching", "failed"} else self.status
            return Answer(422, f"appointment-request-{reason}", slot=slot)
        if slot not in self.slots:
            return Answer(422, "slot-not-offered", slot=slot)
        self.attempts[number + 1], self.outcomes[number + 1], self.job = slot, 202, "booking"
        self._enter("booking")
        return Answer(201, booking=number + 1, slot=slot)

    def _read(self, _: Flight) -> Answer:
        state = self.previous if self.fault == "stale replica" else self.status
        return Answer(READS[state], state=state)

    def _read_booking(self, flight: Flight) -> Answer:
        number = flight.asked.booking or 0
        status = self.outcomes[number]
        return Answer(status, booking=number, appointment=number if status == 200 else None)
