"""What a history tells of each order: when it was occupied for certain, and when it may have been (D27, D43)."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from .appointments import CHANGES, is_cancelled, means
from .history import violation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .history import Call, Violation

Calls = list["Call"]


class Span(NamedTuple):
    """A stretch of time, in nanoseconds, and the calls that tell it."""

    begin: float
    end: float
    calls: Calls

    def meets(self, begin: float, end: float) -> bool:
        """Whether the two have a moment in common."""
        return self.begin <= end and begin <= self.end


def check_orders(calls: Calls) -> list[Violation]:
    """Orders with two appointments at one moment, and orders that were called occupied when they were not."""
    made = [call for call in calls if call.op == "create" and call.answer.status == 201]
    orders = {call.id: call.answer.order for call in made if call.id is not None}
    of_request: dict[int | None, Calls] = defaultdict(list)
    of_appointment: dict[int | None, Calls] = defaultdict(list)
    for call in calls:
        if call.fate != "nothing-done":
            of_request[call.id].append(call)
            of_appointment[call.answer.appointment].append(call)
    requests: dict[int | None, list[int | None]] = defaultdict(list)
    for request, order in orders.items():
        requests[order].append(request)
    found: list[Violation] = []
    for order, its in requests.items():
        visits = {call.answer.appointment: None for request in its for call in of_request[request] if _shows(call)}
        found += _twice(order, [_standing(of_appointment[visit]) for visit in visits if visit is not None])
        found += _occupied_by_none({request: of_request[request] for request in its}, of_appointment)
    return found


def _shows(call: Call) -> bool:
    return call.op == "read-booking" and call.answer.status == 200


def _twice(order: int | None, standing: list[Span]) -> Iterator[Violation]:
    for one, other in combinations(standing, 2):
        if one.meets(other.begin, other.end):
            yield violation("order-booked-twice", f"order {order} (D27)", one.calls[0], other.calls[0])


def _standing(calls: Calls) -> Span:
    """When the appointment stood for certain."""
    shows = [call for call in calls if _shows(call) and not is_cancelled(call)]
    shows += [call for call in calls if (meaning := means(call)) and not meaning.before & {"absent", "cancelled"}]
    may_end = any(call.op == "cancel-appointment" and call.answer.status not in {404, 422} for call in calls)
    begin = min((call.end_ns for call in shows), default=math.inf)
    return Span(begin, max((call.start_ns for call in shows), default=-math.inf) if may_end else math.inf, shows)


def _occupied_by_none(
    requests: dict[int | None, Calls], of_appointment: dict[int | None, Calls]
) -> Iterator[Violation]:
    """Bookings that were refused for an order's appointment when it cannot have had one."""
    spans = [_occupying(its, of_appointment) for its in requests.values()]
    for call in (call for its in requests.values() for call in its):
        is_refused = call.op == "book" and call.answer.code == "order-has-appointment"
        if is_refused and not any(span.meets(call.start_ns, call.end_ns) for span in spans):
            yield violation("refused-without-appointment", "the order was free (D43)", call)


def _occupying(calls: Calls, of_appointment: dict[int | None, Calls]) -> Span:
    """When the request, or its appointment, may have occupied the order."""
    takes = [call for call in calls if call.op in {"book", "reschedule"} and call.answer.status in {None, 201, 500}]
    visits = {call.answer.appointment for call in calls if call.op != "reschedule"} - {None}
    over = [call.end_ns for visit in visits for call in of_appointment[visit] if is_cancelled(call)]
    over += [call.end_ns for call in calls if call.op == "read" and call.answer.state == "cancelled"]
    over += [call.end_ns for call in calls if call.op == "cancel" and call.answer.status == 204]
    ends = [_refused(take, calls) for take in takes]
    begin = min((call.start_ns for call in takes), default=math.inf)
    return Span(begin, min([*over, max(ends, default=-math.inf)]), takes)


def _refused(take: Call, calls: Calls) -> float:
    """When the booking attempt or the reschedule was known to be refused; endless if it was not."""
    number, read = (
        (take.answer.change, "read-reschedule") if take.op in CHANGES else (take.answer.booking, "read-booking")
    )
    ends = [
        call.end_ns
        for call in calls
        if call.op == read and call.answer.status == 422 and number in {call.answer.change, call.answer.booking}
    ]
    return min(ends, default=math.inf) if number is not None else math.inf
