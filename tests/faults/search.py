"""The search for an order of the calls in which a history is one of the lifecycle."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from itertools import product
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from .history import CANCELLABLE, Meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .history import Call

UNLEARNED = -1_000_000
"""The attempt of a request that was already being booked, or booked, before the history began."""


MAX_CONFIGURATIONS = 200_000


class Situation(NamedTuple):
    """Where a request stands in the search.

    attempt: the running or successful booking attempt: its number, or a negative one that no caller was ever told.
    refused: the told numbers of refused attempts. spent: the unknown book calls that have taken effect.
    """

    status: str
    attempt: int | None = None
    refused: frozenset[int] = frozenset()
    spent: frozenset[int] = frozenset()


S = TypeVar("S")


class Linearization(ABC, Generic[S]):
    """The search over the calls of one resource, whose situations are of type S.

    answered: the calls with a documented answer, each with its meaning, in the order of their starts.
    """

    answered: list[tuple[Call, Meaning]]

    @abstractmethod
    def _starts(self) -> list[S]:
        """The situations before the first call."""

    @abstractmethod
    def _step(self, now: S, call: Call, meaning: Meaning) -> S | None:
        """The situation after the call, or None if the call cannot have had its answer now."""

    @abstractmethod
    def _silent(self, now: S, horizon: float) -> Iterator[S]:
        """The moves no caller is told of: the worker's, and those of unknown calls."""

    def succeeds(self) -> bool:
        """Whether the calls can be put in an order; raises OverflowError if that is too much to find out."""
        everything = (1 << len(self.answered)) - 1
        stack = [(everything, start) for start in self._starts()]
        seen = set(stack)
        while stack:
            undone, situation = stack.pop()
            undone, horizon, changes = self._absorb(undone, situation)
            if not undone:
                return True
            changes += [(undone, after) for after in self._silent(situation, horizon)]
            fresh = set(changes) - seen
            seen |= fresh
            stack += fresh
            if len(seen) > MAX_CONFIGURATIONS:
                raise OverflowError
        return False

    def _absorb(self, undone: int, situation: S) -> tuple[int, float, list[tuple[int, S]]]:
        """Do at once every call that may come next and changes nothing: to do it later is never better.

        Hands back what is left, the time before which the next call must have started, and the calls that may come
        next and do change something.
        """
        while True:
            horizon, changes, absorbed = math.inf, [], 0
            rest = undone
            while rest:
                bit = rest & -rest
                call, meaning = self.answered[bit.bit_length() - 1]
                if call.start_ns > horizon:
                    break
                rest ^= bit
                horizon = min(horizon, call.end_ns)
                after = self._step(situation, call, meaning)
                if after == situation:
                    absorbed |= bit
                elif after:
                    changes.append((undone ^ bit, after))
            if not absorbed:
                return undone, horizon, changes
            undone ^= absorbed


class Search(Linearization[Situation]):
    """The search over one request.

    calls: its owner's, each with a documented answer or of unknown outcome.
    slots: the slot id of each attempt that a caller named; None for one that no book call was told.
    created: whether the history holds the creation; if not, the request may have been anywhere before.
    """

    def __init__(self, calls: Iterable[Call], slots: Mapping[int, str | None], *, created: bool) -> None:
        ordered = sorted(calls, key=lambda call: (call.start_ns, call.end_ns))
        self.slots = slots
        self.created = created
        self.answered = [(call, meaning) for call in ordered if call.fate == "answered" and (meaning := call.meaning)]
        unknown = [call for call in ordered if call.fate == "unknown"]
        self.cancel_from = min((call.start_ns for call in unknown if call.op == "cancel"), default=math.inf)
        self.books = [call for call in unknown if call.op == "book"]

    def _starts(self) -> list[Situation]:
        if self.created:
            return [Situation("absent")]
        unborn = [Situation(status) for status in ("absent", "searching", "open", "failed", "cancelled")]
        held = product(("booking", "booked"), (UNLEARNED, *self.slots))
        return unborn + [Situation(status, attempt) for status, attempt in held]

    def _step(self, now: Situation, call: Call, meaning: Meaning) -> Situation | None:
        if now.status not in meaning.before:
            return None
        match call.op:
            case "create":
                return now._replace(status="searching") if now.status == "absent" else now
            case "cancel" if call.answer.status == 204:
                return now._replace(status="cancelled", attempt=None)
            case "book":
                return self._book(now, call)
            case "read-booking":
                return self._read_booking(now, call)
        return now

    def _book(self, now: Situation, call: Call) -> Situation | None:
        number, slot = call.answer.booking, call.answer.slot
        if call.answer.status == 201 and number is not None:
            if now.status == "open":
                return now._replace(status="booking", attempt=number) if self._on_offer(now, slot) else None
            return now if now.attempt == number else None
        if now.attempt is None or slot is None:
            return now
        return now if slot != self._slot_of(now.attempt) else None

    @staticmethod
    def _read_booking(now: Situation, call: Call) -> Situation | None:
        number, status = call.answer.booking, call.answer.status
        if status == 422:
            return now if number in now.refused else None
        if status == 404:
            return None if number == now.attempt or number in now.refused else now
        return now if number == now.attempt else None

    def _on_offer(self, now: Situation, slot: str | None) -> bool:
        """A refused slot is not on offer again (D29), so neither is its attempt's number."""
        return slot is None or slot not in {self.slots[number] for number in now.refused}

    def _slot_of(self, attempt: int) -> str | None:
        if attempt >= 0:
            return self.slots[attempt]
        return None if attempt == UNLEARNED else self.books[-attempt - 1].answer.slot

    def _silent(self, now: Situation, horizon: float) -> Iterator[Situation]:
        if now.status == "absent" and not self.created:
            yield now._replace(status="searching")
        if now.status == "searching":
            yield now._replace(status="open")
            yield now._replace(status="failed")
        if now.status == "booking" and now.attempt is not None:
            yield now._replace(status="booked")
            told = {now.attempt} if now.attempt >= 0 else frozenset[int]()
            yield now._replace(status="open", attempt=None, refused=now.refused | told)
        if now.status in CANCELLABLE and self.cancel_from <= horizon:
            yield now._replace(status="cancelled")
        if now.status == "open":
            yield from self._unknown_books(now, horizon)

    def _unknown_books(self, now: Situation, horizon: float) -> Iterator[Situation]:
        """Of unknown calls for one slot the first may stand for all: none of them has an end."""
        tried: set[str | None] = set()
        for place, call in enumerate(self.books):
            slot = call.answer.slot
            if place in now.spent or slot in tried or call.start_ns > horizon or not self._on_offer(now, slot):
                continue
            tried.add(slot)
            told = [number for number, its in self.slots.items() if its in {None, slot}]
            for attempt in (*told, -place - 1):
                yield now._replace(status="booking", attempt=attempt, spent=now.spent | {place})
