"""What callers saw: a record per call, what its answer tells, what can be wrong; JSON lines.

The lifecycle is restated here from the contract on purpose: a judge does not read the law in the house of the judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Op = Literal[
    "create",
    "read",
    "book",
    "read-booking",
    "cancel",
    "read-appointment",
    "cancel-appointment",
    "read-cancellation",
    "reschedule",
    "read-reschedule",
]
Kind = Literal["violation", "lost"]
Fate = Literal["answered", "nothing-done", "unknown"]

NOT_CONNECTED = "not-connected"
"""The code of a call that never left: no server took the connection, so nothing was done."""
BROKEN = "connection-broken"
TIMED_OUT = "timed-out"

_SAYS_NOTHING = frozenset({400, 401, 405, 408, 409, 413, 415, 429, 431, 503})
_SAYS_NOTHING_CODES = frozenset({"invalid-fields", "idempotency-key-reused", NOT_CONNECTED})
_FIRST_SERVER_ERROR = 500


States = frozenset[str]

ABSENT, SEARCHING, OPEN, BOOKING, BOOKED, FAILED, CANCELLED = (
    frozenset({name}) for name in ("absent", "searching", "open", "booking", "booked", "failed", "cancelled")
)
EVERY = ABSENT | SEARCHING | OPEN | BOOKING | BOOKED | FAILED | CANCELLED
CANCELLABLE = SEARCHING | OPEN | FAILED
MAY_FOLLOW: dict[str, States] = {
    "absent": EVERY,
    "searching": EVERY - ABSENT,
    "open": OPEN | BOOKING | BOOKED | CANCELLED,
    "booking": OPEN | BOOKING | BOOKED | CANCELLED,
    "booked": BOOKED,
    "failed": FAILED | CANCELLED,
    "cancelled": CANCELLED,
}
"""What may be seen after each state, however much later."""


class Meaning(NamedTuple):
    """The states in which an answer can be given, and those in which it leaves the request."""

    before: States
    after: States


_ANSWERS: dict[tuple[str, int | None, str | None], Meaning] = {
    ("create", 201, None): Meaning(ABSENT, SEARCHING),
    ("cancel", 204, None): Meaning(CANCELLABLE | CANCELLED, CANCELLED),
    ("cancel", 422, "appointment-request-booking"): Meaning(BOOKING, BOOKING),
    ("cancel", 422, "appointment-request-booked"): Meaning(BOOKED, BOOKED),
    ("book", 201, None): Meaning(OPEN | BOOKING | BOOKED, BOOKING | BOOKED),
    ("book", 422, "appointment-request-booking"): Meaning(BOOKING, BOOKING),
    ("book", 422, "appointment-request-booked"): Meaning(BOOKED, BOOKED),
    ("book", 422, "appointment-request-cancelled"): Meaning(CANCELLED, CANCELLED),
    ("book", 422, "appointment-request-not-open"): Meaning(SEARCHING | FAILED, SEARCHING | FAILED),
    ("book", 422, "slot-not-offered"): Meaning(OPEN, OPEN),
    ("book", 422, "slot-unavailable"): Meaning(OPEN, OPEN),
    ("book", 422, "order-has-appointment"): Meaning(OPEN, OPEN),
    ("read-booking", 202, None): Meaning(BOOKING, BOOKING),
    ("read-booking", 200, None): Meaning(BOOKED, BOOKED),
    ("read-booking", 422, None): Meaning(MAY_FOLLOW["booking"], MAY_FOLLOW["booking"]),
    ("read-booking", 404, None): Meaning(EVERY, EVERY),
    ("read", 202, "searching"): Meaning(SEARCHING, SEARCHING),
    ("read", 200, "open"): Meaning(OPEN, OPEN),
    ("read", 200, "booking"): Meaning(BOOKING, BOOKING),
    ("read", 200, "booked"): Meaning(BOOKED, BOOKED),
    ("read", 200, "cancelled"): Meaning(CANCELLED, CANCELLED),
    ("read", 422, "failed"): Meaning(FAILED, FAILED),
    **{(op, 404, "not-found"): Meaning(ABSENT, ABSENT) for op in ("read", "cancel", "book")},
}
_KEYED_CREATE = Meaning(EVERY, EVERY - ABSENT)


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What came back, and what was asked where the answer alone does not tell.

    status: the HTTP status; None when no whole answer came.
    code: the problem's code, or why no answer came.
    state: the state a read told ("searching" for 202, "failed" for 422 `search-failed`); of the appointment, where a
        read tells one.
    booking: the number of the booking attempt, asked (read-booking) or told (book).
    appointment: the appointment's id, asked (a change, the read of a change) or told (all other reads).
    slot: the slot id asked (book, reschedule), or the start of the appointment (where a read tells one).
    order, key: the order and the Idempotency-Key of a create.
    change: the number of the cancellation or of the reschedule, asked (its read) or told (the change itself).
    start: the start of the slot asked (reschedule).
    """

    status: int | None
    code: str | None = None
    state: str | None = None
    booking: int | None = None
    appointment: int | None = None
    slot: str | None = None
    order: int | None = None
    key: str | None = None
    change: int | None = None
    start: str | None = None


class Call(msgspec.Struct, frozen=True, gc=False):
    """One call.

    id: the appointment-request's, of a reschedule the one that holds the new slot; None when a create was told none, a
        read-booking knows only its number, or the call is about an appointment alone.
    caller: `<owner>/<anything>`; callers of one owner share what they own.
    start_ns, end_ns: CLOCK_MONOTONIC, before the first byte was sent and after the last one was read.
    """

    op: Op
    id: int | None
    caller: str
    start_ns: int
    end_ns: int
    answer: Answer

    @property
    def owner(self) -> str:
        """The tenant in whose name the call was made."""
        return self.caller.partition("/")[0]

    @property
    def fate(self) -> Fate:
        """What the caller may conclude: a 503 did nothing (D26), any other 5xx may have done it (D23)."""
        status, code = self.answer.status, self.answer.code
        if status in _SAYS_NOTHING or code in _SAYS_NOTHING_CODES:
            return "nothing-done"
        return "unknown" if status is None or status >= _FIRST_SERVER_ERROR else "answered"

    @property
    def meaning(self) -> Meaning | None:
        """What the answer tells of the request's state; None if no such answer is documented."""
        answer = self.answer
        if answer.status == 201 and (self.id if self.op == "create" else answer.booking) is None:
            return None
        if self.op == "create" and answer.status == 201 and answer.key is not None:
            return _KEYED_CREATE
        detail = answer.state if self.op == "read" and answer.status != 404 else answer.code
        return _ANSWERS.get((self.op, answer.status, None if self.op == "read-booking" else detail))

    @property
    def told_attempt(self) -> int | None:
        """The number of the booking attempt whose Location a book call was given; None for all other calls."""
        return self.answer.booking if self.op == "book" and self.answer.status == 201 else None

    def __str__(self) -> str:
        """One line for a report: when in milliseconds, who, what, and the answer without its nulls."""
        told = {name: value for name, value in msgspec.structs.asdict(self.answer).items() if value is not None}
        return f"{self.start_ns / 1e6:.3f}..{self.end_ns / 1e6:.3f} {self.caller} {self.op} {self.id}: {told}"


LOST = frozenset(
    {"request-lost", "cancel-lost", "booking-lost", "appointment-lost", "cancellation-lost", "reschedule-lost"}
)
"""The rules about an acknowledged change that is no longer true."""


@dataclass(frozen=True)
class Violation:
    """One broken promise.

    rule: its name. kind: "lost" if something acknowledged is no longer true, else "violation".
    id: the appointment-request's; None when it is about a slot or an order.
    calls: the calls that show it, in the order of their starts.
    """

    rule: str
    kind: Kind
    id: int | None
    calls: tuple[Call, ...]
    detail: str

    def __str__(self) -> str:
        """Several lines: the sentence, then the calls."""
        return "\n  ".join([f"{self.kind} {self.rule} of {self.id}: {self.detail}", *map(str, self.calls)])


def violation(rule: str, detail: str, *calls: Call) -> Violation:
    """Name a broken promise; the calls that show it may be of several requests."""
    ids = {call.id for call in calls}
    ordered = tuple(sorted(calls, key=lambda call: call.start_ns))
    return Violation(
        rule, "lost" if rule in LOST else "violation", ids.pop() if len(ids) == 1 else None, ordered, detail
    )


def attributed(history: Iterable[Call]) -> list[Call]:
    """The calls, each read-booking with the id of the request whose book call was told its number."""
    calls = list(history)
    ids = {call.told_attempt: call.id for call in calls if call.told_attempt is not None}
    return [
        msgspec.structs.replace(call, id=ids.get(call.answer.booking or 0))
        if call.op == "read-booking" and call.id is None
        else call
        for call in calls
    ]


class Recorder:
    """The calls of one process, in the order in which they ended."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def add(self, call: Call) -> Call:
        """Keep one call and hand it back."""
        self.calls.append(call)
        return call


def write(path: Path, calls: Iterable[Call]) -> None:
    """Write a history as JSON lines; missing folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as file:
        file.writelines(encode(call) + b"\n" for call in calls)


def read(path: Path) -> Iterator[Call]:
    """Read one history, or every `*.jsonl` of a folder; raises msgspec.ValidationError on a line that is no call."""
    decode = msgspec.json.Decoder(Call).decode
    for part in sorted(path.glob("*.jsonl")) if path.is_dir() else [path]:
        with part.open("rb") as file:
            yield from map(decode, file)
