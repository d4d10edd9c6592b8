"""The proof, per appointment, that what callers saw of its cancellations and reschedules is one of its histories.

An appointment is judged as an appointment-request is: `search` looks for an order of the calls that its lifecycle
allows, and named rules say why where there is none. Source: contract D39 to D46a.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple

from .history import Meaning, violation
from .search import Linearization

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .history import Call, Violation

CHANGES = {"cancel-appointment": "cancellation", "reschedule": "reschedule"}
READS = {"read-cancellation": "cancellation", "read-reschedule": "reschedule"}
"""The kind of the change that a call makes or reads; a change is its kind and its number."""
_TELL = frozenset({"read-appointment", "read-booking", "read-reschedule"})

_BOOKED, _CANCELLING, _RESCHEDULING, _CANCELLED = (
    frozenset({name}) for name in ("booked", "cancelling", "rescheduling", "cancelled")
)
_STANDING = _BOOKED | _CANCELLING | _RESCHEDULING
_THERE = _STANDING | _CANCELLED
_ABSENT = frozenset({"absent"})
_OF_THE_REQUEST = frozenset(
    f"appointment-request-{reason}" for reason in ("booking", "booked", "cancelled", "not-open")
) | {"slot-not-offered"}
_BEFORE: dict[tuple[str, int | None, str | None], frozenset[str]] = {
    ("cancel-appointment", 201, None): _THERE,
    ("cancel-appointment", 422, "appointment-changing"): _RESCHEDULING,
    ("read-cancellation", 202, None): _CANCELLING,
    ("read-cancellation", 200, "cancelled"): _CANCELLED,
    ("reschedule", 201, None): _THERE,
    ("reschedule", 422, "appointment-changing"): _CANCELLING | _RESCHEDULING,
    ("read-reschedule", 202, None): _RESCHEDULING,
    **{(op, 404, "not-found"): _ABSENT for op in ("read-appointment", *CHANGES, *READS)},
    **{("reschedule", 422, code): _THERE for code in _OF_THE_REQUEST},
    **{(op, 200, "booked"): _STANDING for op in _TELL},
    **{(op, 200, "cancelled"): _CANCELLED for op in _TELL},
    **{("read-cancellation", 422, code): _THERE for code in ("past-point-of-no-return", "cancellation-refused")},
    **{
        ("read-reschedule", 422, code): _THERE
        for code in ("past-point-of-no-return", "slot-unavailable", "appointment-ended")
    },
}
"""The states of the appointment in which an answer can be given; a state that a read told stands for the code."""

Change = tuple[str, int]


def change_of(call: Call) -> Change | None:
    """The change that a call was told the Location of, or whose outcome it read."""
    kind = {**CHANGES, **READS}.get(call.op)
    return None if kind is None or call.answer.change is None else (kind, call.answer.change)


def means(call: Call) -> Meaning | None:
    """What the answer tells of the appointment's state; None if no such answer is documented."""
    answer = call.answer
    if call.op in CHANGES and answer.status == 201 and answer.change is None:
        return None
    before = _BEFORE.get((call.op, answer.status, answer.code or answer.state))
    return None if before is None else Meaning(before, before)


class Visit(NamedTuple):
    """Where an appointment stands in the search.

    change: the change under way, or the cancellation that has succeeded; its number is negative if no caller was told.
    slot: the start; None until a read tells it.
    moved, refused: the told reschedules that have succeeded, and the told changes that were refused.
    spent: the unknown changes that have taken effect.
    """

    status: str
    change: Change | None = None
    slot: str | None = None
    moved: frozenset[Change] = frozenset()
    refused: frozenset[Change] = frozenset()
    spent: frozenset[int] = frozenset()


class AppointmentSearch(Linearization[Visit]):
    """The search over one appointment; `calls` are its owner's, each documented or of unknown outcome."""

    def __init__(self, calls: Iterable[Call]) -> None:
        ordered = sorted(calls, key=lambda call: (call.start_ns, call.end_ns))
        self.answered = [
            (call, meaning) for call in ordered if call.fate == "answered" and (meaning := means(call)) is not None
        ]
        self.unknown = [call for call in ordered if call.fate == "unknown" and call.op in CHANGES]
        self.told = {change: call for call, _ in self.answered if call.op in CHANGES and (change := change_of(call))}

    def _starts(self) -> list[Visit]:
        return [Visit("absent")]

    def _step(self, now: Visit, call: Call, meaning: Meaning) -> Visit | None:
        if now.status not in meaning.before:
            return None
        change = change_of(call)
        if call.op in CHANGES:
            return now if call.answer.status != 201 or change is None else self._change(now, change)
        if change is not None and not self._is_outcome(now, change, call.answer.status):
            return None
        return self._tell(now, call)

    def _change(self, now: Visit, change: Change) -> Visit | None:
        """A change is acknowledged: it is new, or a repeat of the one under way or done."""
        if change == now.change or change in now.moved:
            return now
        if change in now.refused:
            return None
        if now.status == "booked":
            return now._replace(status="cancelling" if change[0] == "cancellation" else "rescheduling", change=change)
        is_too_late = now.status == "cancelled" and change[0] == "reschedule"
        return now._replace(refused=now.refused | {change}) if is_too_late else None

    @staticmethod
    def _is_outcome(now: Visit, change: Change, status: int | None) -> bool:
        if status in {404, 422}:
            return status == 404 or change in now.refused
        return change in now.moved if change[0] == "reschedule" and status == 200 else change == now.change

    @staticmethod
    def _tell(now: Visit, call: Call) -> Visit | None:
        """What a read told of the start must be what it is, or it is learnt."""
        slot = call.answer.slot if call.op in _TELL else None
        if slot is None or slot == now.slot:
            return now
        return now._replace(slot=slot) if now.slot is None else None

    def _silent(self, now: Visit, horizon: float) -> Iterator[Visit]:
        if now.status == "absent":
            yield now._replace(status="booked")
        if now.status in _CANCELLING | _RESCHEDULING and now.change is not None:
            told = {now.change} if now.change[1] >= 0 else frozenset[Change]()
            yield now._replace(status="booked", change=None, refused=now.refused | told)
            if now.status == "cancelling":
                yield now._replace(status="cancelled")
            else:
                by = self.told[now.change] if told else self.unknown[-now.change[1] - 1]
                yield now._replace(status="booked", change=None, slot=by.answer.start, moved=now.moved | told)
        if now.status == "booked":
            yield from self._unknown_changes(now, horizon)

    def _unknown_changes(self, now: Visit, horizon: float) -> Iterator[Visit]:
        """Of equal unknown changes the first may stand for all: none of them has an end.

        Equal reschedules begin once at most: a slot that was refused is withdrawn, and a success is not repeated.
        """
        tried: set[object] = {_asked(self.unknown[place]) for place in now.spent if self.unknown[place].id is not None}
        for place, call in enumerate(self.unknown):
            what = _asked(call)
            if place in now.spent or what in tried or call.start_ns > horizon:
                continue
            tried.add(what)
            told = [
                change
                for change, its in self.told.items()
                if _asked(its) == what and change not in now.refused | now.moved
            ]
            for change in (*told, (CHANGES[call.op], -place - 1)):
                changed = self._change(now, change)
                if changed is not None:
                    yield changed._replace(spent=now.spent | {place})


def _asked(call: Call) -> object:
    return call.op, call.id, call.answer.slot


def check_appointments(calls: Iterable[Call]) -> list[Violation]:
    """Every broken promise about appointments; the calls are those of a whole history."""
    appointments: dict[int, list[Call]] = defaultdict(list)
    for call in calls:
        is_about = call.op in {*CHANGES, *READS, "read-appointment"} or call.op == "read-booking"
        if is_about and call.answer.appointment is not None and call.fate != "nothing-done":
            appointments[call.answer.appointment].append(call)
    return [broken for its in appointments.values() for broken in _judge(its)]


def _judge(calls: list[Call]) -> Iterator[Violation]:
    answered = [call for call in calls if call.fate == "answered"]
    told = [call for call in answered if call.answer.status != 404]
    if not told:
        return
    owner = min(told, key=lambda call: call.end_ns).owner
    for call in answered:
        if call.owner != owner and call.answer.status != 404:
            yield violation("foreign-id-answered", f"the appointment is {owner}'s", call)
        elif means(call) is None and call.op != "read-booking":
            yield violation("undocumented-answer", "the contract has no such answer", call)
    its = [call for call in calls if call.owner == owner and (call.fate == "unknown" or means(call))]
    try:
        if AppointmentSearch(its).succeeds():
            return
    except OverflowError:
        yield violation("undecided", "too many orders to try", *its)
        return
    reasons = {reason.rule: reason for reason in _reasons(its)}
    yield from reasons.values()
    if not reasons:
        yield violation("appointment-not-linearizable", "no order of these calls is one of the lifecycle's", *its)


def _reasons(calls: list[Call]) -> Iterator[Violation]:
    """Sentences for the usual contradictions."""
    answered = [call for call in calls if call.fate == "answered"]
    for earlier, later in permutations(answered, 2):
        if rule := _number_rule(earlier, later, answered):
            yield violation(rule, "a change keeps its number and its outcome (D42)", earlier, later)
        if earlier.end_ns < later.start_ns and (rule := _later_rule(earlier, later, calls)):
            yield violation(rule, "what the first call told rules out the second", earlier, later)
    for call in answered:
        begun = any(cause.op == "cancel-appointment" and cause.start_ns <= call.end_ns for cause in calls)
        if is_cancelled(call) and not begun:
            yield violation("cancelled-without-cancellation", "no cancellation was possibly in effect", call)


def _number_rule(one: Call, other: Call, answered: list[Call]) -> str | None:
    """Two calls that can never both have had their answers, whichever was first."""
    if one.op in READS and change_of(one) == change_of(other) and one.op == other.op:
        return "outcome-changed" if (one.answer.status, other.answer.status) == (200, 422) else None
    if {one.op, other.op} != {"cancel-appointment"} or None in {change_of(one), change_of(other)}:
        return None
    refused = {change_of(call) for call in answered if call.op == "read-cancellation" and call.answer.status == 422}
    is_second = change_of(one) != change_of(other) and not refused & {change_of(one), change_of(other)}
    return "cancellation-numbered-twice" if is_second else None


def _later_rule(earlier: Call, later: Call, calls: list[Call]) -> str | None:
    if later.answer.status == 404:
        return "appointment-lost"
    meaning = means(later)
    if is_cancelled(earlier) and meaning and not meaning.before & _CANCELLED:
        return "cancellation-lost"
    if earlier.op != "read-reschedule" or earlier.answer.status != 200 or later.op not in _TELL:
        return None
    others = [call for call in calls if call.op == "reschedule" and call.answer.change != earlier.answer.change]
    is_moved = later.answer.slot not in {None, earlier.answer.slot}
    return "reschedule-lost" if is_moved and not any(call.answer.status in {201, None} for call in others) else None


def is_cancelled(call: Call) -> bool:
    """Whether the call told that the appointment is cancelled."""
    return call.answer.status == 200 and call.answer.state == "cancelled" and call.op in {*_TELL, *READS}
