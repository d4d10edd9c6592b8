"""The proof, per appointment-request, that what callers saw is one of the lifecycle's histories.

For each request the calls are put in an order that respects their real times and that the lifecycle allows (Wing and
Gong's search for linearizability). The worker's moves may happen at any moment; a call of unknown outcome may take
effect at any moment after its start, or never, but not twice. Only where no order exists do the named rules look for
a sentence that says why, so no rule can flag what the lifecycle allows.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from .history import BOOKED, BOOKING, CANCELLABLE, CANCELLED, MAY_FOLLOW, Meaning, attributed, violation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .history import Call, Violation

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


class Search:
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

    def _starts(self) -> list[Situation]:
        if self.created:
            return [Situation("absent")]
        unborn = [Situation(status) for status in ("absent", "searching", "open", "failed", "cancelled")]
        held = product(("booking", "booked"), (UNLEARNED, *self.slots))
        return unborn + [Situation(status, attempt) for status, attempt in held]

    def _absorb(self, undone: int, situation: Situation) -> tuple[int, float, list[tuple[int, Situation]]]:
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

    def _step(self, now: Situation, call: Call, meaning: Meaning) -> Situation | None:
        """The situation after the call, or None if the call cannot have had its answer now."""
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
        """The moves no caller is told of: the worker's, and those of unknown calls."""
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


def check(
    history: Iterable[Call], capacity: Mapping[str, int] | None = None, *, one_per_order: bool = True
) -> list[Violation]:
    """Every broken promise in a history; an empty list is the proof that there is none.

    history: the calls of all callers, in any order.
    capacity: the places of each slot, by slot id or by start; None if oversold slots are looked for elsewhere.
    one_per_order: whether the service ran with D27 on.
    """
    calls = attributed(history)
    requests: dict[int, list[Call]] = defaultdict(list)
    for call in calls:
        if call.id is not None and call.fate != "nothing-done":
            requests[call.id].append(call)
    found = [broken for its in requests.values() for broken in _judge(its)]
    orphans = [call for call in calls if call.op == "create" and call.answer.status == 201 and call.id is None]
    found += [violation("undocumented-answer", "a creation that names no request", call) for call in orphans]
    twice = _order_booked_twice(calls) if one_per_order else []
    return found + _shared(calls) + _oversold(calls, capacity or {}) + twice


def check_capacity(booked: Mapping[str, int], taken: Mapping[str, int], places: Mapping[str, int]) -> list[Violation]:
    """The final audit of each slot: its booked appointments, the places the database calls taken, all its places."""
    found = []
    for slot in sorted({*booked, *taken, *places}):
        sold, held, room = booked.get(slot, 0), taken.get(slot, 0), places.get(slot, 0)
        broken = {"oversold": max(sold, held) > room, "capacity-leaked": held > sold, "capacity-not-taken": held < sold}
        detail = f"slot {slot}: {sold} booked, {held} taken, {room} places"
        found += [violation(rule, detail) for rule, is_broken in broken.items() if is_broken]
    return found


def check_settled(history: Iterable[Call]) -> list[Violation]:
    """The requests whose last answered read is neither cancelled nor booked, for a history ended with room for all."""
    reads = [call for call in history if call.op == "read" and call.answer.state is not None]
    last = {call.id: call for call in sorted(reads, key=lambda call: call.end_ns)}
    unsettled = [call for call in last.values() if call.answer.state not in BOOKED | CANCELLED]
    return [violation("unsettled", "the last read is neither cancelled nor booked", call) for call in unsettled]


def _judge(calls: list[Call]) -> Iterator[Violation]:
    """The broken promises of one request."""
    answered = [call for call in calls if call.fate == "answered"]
    creates = [call for call in answered if call.op == "create"]
    told = creates or [call for call in answered if call.answer.status != 404]
    if not told:
        return
    owner = min(told, key=lambda call: call.end_ns).owner
    for call in answered:
        if not call.meaning:
            yield violation("undocumented-answer", "the contract has no such answer", call)
        elif call.owner != owner and call.answer.status != 404:
            yield violation("foreign-id-answered", f"the request is {owner}'s", call)
    if len({call.answer.key or call.start_ns for call in creates}) > 1:
        yield violation("id-given-twice", "ids are never reused (D20)", *creates)
    visits = {
        (call.answer.appointment, call.answer.slot): call
        for call in answered
        if call.op == "read-booking" and call.answer.status == 200
    }
    if len(visits) > 1:
        yield violation("appointment-changed", "one request, two appointments", *visits.values())
    yield from _unordered([call for call in calls if call.owner == owner and (call.fate == "unknown" or call.meaning)])


def _unordered(calls: list[Call]) -> Iterator[Violation]:
    """Nothing if the calls can be put in an order, else why not."""
    slots: dict[int, str | None] = {call.answer.booking: None for call in calls if call.answer.booking is not None}
    slots |= {call.told_attempt: call.answer.slot for call in calls if call.told_attempt is not None}
    created = any(call.op == "create" and call.fate == "answered" for call in calls)
    try:
        if Search(calls, slots, created=created).succeeds():
            return
    except OverflowError:
        yield violation("undecided", "too many orders to try", *calls)
        return
    reasons = {reason.rule: reason for reason in _reasons(calls)}
    yield from reasons.values()
    if not reasons:
        core = _core(calls, slots, created=created)
        yield violation("not-linearizable", "no order of these calls is one of the lifecycle's", *core)


def _core(calls: list[Call], slots: Mapping[int, str | None], *, created: bool) -> list[Call]:
    """A smallest set of answers that contradict each other, all others taken as unknown."""
    kept = list(calls)
    for place, call in sorted(enumerate(calls), key=lambda placed: placed[1].op in {"book", "cancel"}):
        if call.fate == "answered" and call.op != "create":
            kept[place] = msgspec.structs.replace(call, answer=msgspec.structs.replace(call.answer, status=None))
            if Search(kept, slots, created=created).succeeds():
                kept[place] = call
    return [call for call in kept if call.fate == "answered"]


def _reasons(calls: list[Call]) -> Iterator[Violation]:
    """Sentences for the usual contradictions."""
    told = [(call, call.meaning) for call in calls if call.fate == "answered" and call.meaning]
    ended = {state: [call for call, means in told if means.after == state] for state in (CANCELLED, BOOKED)}
    if all(ended.values()):
        first = [min(its, key=lambda call: call.end_ns) for its in ended.values()]
        yield violation("cancelled-and-booked", "never both a cancellation and an appointment (D6)", *first)
    for (earlier, before), (later, after) in product(told, told):
        if earlier.end_ns < later.start_ns and not after.before & _may_follow(before.after):
            yield violation(_went_back(earlier, later), "what the first call told rules out the second", earlier, later)
        if earlier.end_ns < later.start_ns and (rule := _attempt_rule(earlier, later)):
            yield violation(rule, "an attempt keeps its number and its outcome (D34)", earlier, later)
    for call, means in told:
        if not _has_cause(call, means, calls):
            rule = _WITHOUT_CAUSE.get((call.op, means.before), "answer-without-cause")
            yield violation(rule, "no call that could have led to this answer was possibly in effect", call)


def _may_follow(states: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*(MAY_FOLLOW[state] for state in states))


def _went_back(earlier: Call, later: Call) -> str:
    if later.answer.status == 404:
        return "request-lost"
    if earlier.op == "cancel" and earlier.answer.status == 204:
        return "booked-after-cancel" if later.told_attempt is not None else "cancel-lost"
    if earlier.op == "read-booking" or earlier.told_attempt is not None:
        return "booking-lost"
    return "final-left" if earlier.meaning and earlier.meaning.after in {BOOKED, CANCELLED} else "went-back"


def _attempt_rule(earlier: Call, later: Call) -> str | None:
    number, was, status = earlier.answer.booking, earlier.answer.status, later.answer.status
    if later.op != "read-booking" or number is None or number != later.answer.booking or was == 404:
        return None
    if status == 404:
        return "booking-lost"
    return "outcome-changed" if earlier.op == "read-booking" and was not in {202, status} else None


_WITHOUT_CAUSE = {
    ("cancel", BOOKING): "refused-cancel-without-booking",
    ("cancel", BOOKED): "refused-cancel-without-booking",
    ("book", CANCELLED): "refused-book-without-cancel",
    ("read", CANCELLED): "cancelled-without-cancel",
}


def _has_cause(call: Call, means: Meaning, calls: list[Call]) -> bool:
    """Whether a cancel, or a booking attempt not known to be over, had begun that the answer can be due to."""
    begun = [cause for cause in calls if cause.start_ns <= call.end_ns]
    if means.before == CANCELLED:
        return any(cause.op == "cancel" and cause.answer.status != 422 for cause in begun)
    if not means.before <= BOOKING | BOOKED:
        return True
    over = {
        read.answer.booking
        for read in calls
        if read.op == "read-booking" and read.answer.status in {200, 422} and read.end_ns < call.start_ns
    }
    return any(
        cause.fate == "unknown"
        or (cause.told_attempt is not None and (means.before == BOOKED or cause.told_attempt not in over))
        for cause in begun
        if cause.op == "book"
    )


def _shared(calls: list[Call]) -> list[Violation]:
    """Appointments and booking attempts that two requests were given."""
    found = []
    for rule, name in (("appointment-shared", "appointment"), ("booking-shared", "booking")):
        users: dict[int, dict[int | None, Call]] = defaultdict(dict)
        for call in calls:
            if (number := getattr(call.answer, name)) is not None and call.answer.status in {200, 201}:
                users[number].setdefault(call.id, call)
        found += [
            violation(rule, f"{name} {number} of two", *its.values()) for number, its in users.items() if len(its) > 1
        ]
    return found


def _booked(calls: list[Call]) -> dict[int | None, Call]:
    """One call that shows the appointment of each booked request."""
    return {call.id: call for call in calls if call.op == "read-booking" and call.answer.status == 200}


def _oversold(calls: list[Call], capacity: Mapping[str, int]) -> list[Violation]:
    asked = {call.told_attempt: call.answer.slot for call in calls}
    sold: dict[str, list[Call]] = defaultdict(list)
    for call in _booked(calls).values():
        for slot in {call.answer.slot, asked.get(call.answer.booking)}:
            sold[slot or ""].append(call)
    return [
        violation("oversold", f"slot {slot}: {len(sold[slot])} booked, {places} places", *sold[slot])
        for slot, places in capacity.items()
        if len(sold[slot]) > places
    ]


def _order_booked_twice(calls: list[Call]) -> list[Violation]:
    orders = {call.id: call.answer.order for call in calls if call.op == "create" and call.answer.status == 201}
    visits: dict[int, list[Call]] = defaultdict(list)
    for call in _booked(calls).values():
        if (order := orders.get(call.id)) is not None:
            visits[order].append(call)
    return [
        violation("order-booked-twice", f"order {order} (D27)", *its) for order, its in visits.items() if len(its) > 1
    ]
