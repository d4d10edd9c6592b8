"""The proof, per appointment-request, that what callers saw is one of the lifecycle's histories.

Those of appointments are judged in `appointments`, what a history tells of orders in `occupancy`.

For each request the calls are put in an order that respects their real times and that the lifecycle allows (Wing and
Gong's search for linearizability). The worker's moves may happen at any moment; a call of unknown outcome may take
effect at any moment after its start, or never, but not twice. Only where no order exists do the named rules look for
a sentence that says why, so no rule can flag what the lifecycle allows.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING

import msgspec

from .appointments import CHANGES, READS, check_appointments
from .history import BOOKED, BOOKING, CANCELLED, MAY_FOLLOW, Meaning, attributed, violation
from .occupancy import check_orders
from .search import Search

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from .history import Call, Violation


FIRST_RESCHEDULE = 10**15
"""Added to the numbers of reschedules where they stand beside those of booking attempts."""
_NOT_OF_THE_REQUEST = frozenset({"appointment-changing", "appointment-request-other-order"})


def check(
    history: Iterable[Call], capacity: Mapping[str, int] | None = None, *, one_per_order: bool = True
) -> list[Violation]:
    """Every broken promise in a history; an empty list is the proof that there is none.

    history: the calls of all callers, in any order.
    capacity: the places of each slot, by slot id or by start; None if oversold slots are looked for elsewhere.
    one_per_order: whether the service ran with D27 on.
    """
    whole = attributed(history)
    calls = [call for call in map(_of_request, whole) if call is not None]
    requests: dict[int, list[Call]] = defaultdict(list)
    for call in calls:
        if call.id is not None and call.fate != "nothing-done":
            requests[call.id].append(call)
    found = [broken for its in requests.values() for broken in _judge(its)]
    orphans = [call for call in calls if call.op == "create" and call.answer.status == 201 and call.id is None]
    found += [violation("undocumented-answer", "a creation that names no request", call) for call in orphans]
    found += check_appointments(whole)
    found += check_orders(whole) if one_per_order else []
    return found + _shared(calls, _takers(whole)) + _oversold(calls, capacity or {}, set(_takers(whole).values()))


def _of_request(call: Call) -> Call | None:
    """What a call is to its appointment-request; None if it is about an appointment alone.

    A reschedule books its request, and its outcome is that of a booking attempt (D46).
    """
    if call.op not in {"reschedule", "read-reschedule"}:
        return None if call.op in {*CHANGES, *READS, "read-appointment"} else call
    if call.answer.code in _NOT_OF_THE_REQUEST or (call.op == "reschedule" and call.answer.status == 404):
        return None
    answer, number = call.answer, call.answer.change
    booking = None if number is None else FIRST_RESCHEDULE + number
    if call.op == "reschedule":
        answer = msgspec.structs.replace(answer, booking=booking, appointment=None)
        return msgspec.structs.replace(call, op="book", answer=answer)
    seen = answer.appointment if answer.status == 200 else None
    answer = msgspec.structs.replace(answer, booking=booking, appointment=seen)
    return msgspec.structs.replace(call, op="read-booking", answer=answer)


def _takers(calls: list[Call]) -> dict[int | None, int | None]:
    """The appointment that each request may have been taken by, with a reschedule."""
    takes = [call for call in calls if call.op == "reschedule" and call.fate != "nothing-done"]
    return {call.id: call.answer.appointment for call in takes}


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
        call.answer.appointment: call
        for call in answered
        if call.op in {"read", "read-booking"} and call.answer.status == 200 and call.answer.appointment is not None
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


def _shared(calls: list[Call], takers: Mapping[int | None, int | None]) -> list[Violation]:
    """Appointments and booking attempts that two requests were given, unless a reschedule took the second one."""
    found = []
    for rule, name in (("appointment-shared", "appointment"), ("booking-shared", "booking")):
        users: dict[int, dict[int | None, Call]] = defaultdict(dict)
        for call in calls:
            number = getattr(call.answer, name)
            is_taken = name == "appointment" and number == takers.get(call.id)
            if number is not None and not is_taken and call.answer.status in {200, 201}:
                users[number].setdefault(call.id, call)
        found += [
            violation(rule, f"{name} {number} of two", *its.values()) for number, its in users.items() if len(its) > 1
        ]
    return found


def _booked(calls: list[Call]) -> dict[int | None, Call]:
    """One call that shows the appointment of each booked request."""
    return {call.id: call for call in calls if call.op == "read-booking" and call.answer.status == 200}


def _oversold(calls: list[Call], capacity: Mapping[str, int], moved: AbstractSet[int | None]) -> list[Violation]:
    asked = {call.told_attempt: call.answer.slot for call in calls}
    sold: dict[str, list[Call]] = defaultdict(list)
    for call in _booked(calls).values():
        if call.answer.state == "cancelled" or call.answer.appointment in moved:
            continue
        for slot in {call.answer.slot, asked.get(call.answer.booking)}:
            sold[slot or ""].append(call)
    return [
        violation("oversold", f"slot {slot}: {len(sold[slot])} booked, {places} places", *sold[slot])
        for slot, places in capacity.items()
        if len(sold[slot]) > places
    ]
