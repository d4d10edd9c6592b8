"""The judge is judged: good histories pass, planted bad ones are named, and a broken service is caught."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_appointments.core import requests

from . import history
from .checker import check, check_capacity, check_settled
from .search import Search, Situation
from .simulation import Simulation
from .stories import rows, tell

if TYPE_CHECKING:
    from pathlib import Path

    from .history import Call

GOOD = """
nothing at all |
searched, cancelled, cancelled again | create=201@0-1 read=searching@2-3 cancel=204@4-5 cancel=204@6-7
a failed search cancelled | create=201@0-1 read=failed@2-3 cancel=204@4-5 read=cancelled@6-7
booked while a cancel is refused | OPEN book=7@4-9 cancel=booking@5-6 cancel=booked@10-12 outcome=200@11-13
a slot refused, another booked | OPEN book=7@4-5 outcome=422@6-7 read=open@8-9 book=8@10-11,slot=pm read=booked@12-13
a slot refused, then cancelled | OPEN book=7@4-5 cancel=204@6-9 outcome=422@10-11 read=cancelled@12-13
cancel wins against books | OPEN cancel=204@4-8 book=broken@5-6 book=cancelled@7-9
a broken cancel was done | OPEN cancel=broken@4-5 read=cancelled@6-7
a broken cancel was not done | OPEN cancel=500@4-5 read=open@6-7 book=7@8-9 outcome=200@10-11
a broken cancel was done long after | OPEN cancel=broken@4-5 read=open@6-7 read=cancelled@8-9
a broken book was done | OPEN book=broken@4-5 cancel=booking@6-7 read=booked@8-9
a repeat is told the broken book's attempt | OPEN book=broken@4-5 cancel=booking@6-7 book=7@8-9 outcome=200@10-11
a broken book was refused, then cancelled | OPEN book=broken@4-5 read=booking@6-7 cancel=204@8-9 cancel=204@10-11
two books of one slot are one attempt | OPEN book=7@4-8 book=7@5-9,by=alice/2 outcome=202@10-11
another slot meanwhile and after | OPEN book=7@4-5 book=booking@6-7,slot=pm outcome=200@8-9 book=booked@10-11,slot=pm
books refused at once | create=201@0-1 book=not-open@2-3 read=open@4-5 book=not-offered@6-7,slot=never
overload and no connection did nothing | OPEN cancel=503@4-5 cancel=unsent@6-7 read=open@8-9
a stranger sees nothing | OPEN cancel=absent@4-5,by=bob/1 read=open@6-7
an id read before its creation | read=absent@0-3 create=201@2-4 read=open@5-6
a request older than the history | cancel=booking@1-2 read=open@3-4 cancel=204@5-6
a request cancelled before the history | read=cancelled@1-2 cancel=204@3-4
a keyed creation repeated | create=500@0-1,key=k create=201@2-3,key=k create=201@4-5,key=k read=open@6-7
a booking read by its number alone | BOOKED,id=none
"""

BAD = """
cancelled-and-booked | cancelled, yet an appointment | OPEN book=7@4-9 cancel=204@5-6 outcome=200@10-11
cancelled-and-booked | cancelled, yet read as booked | OPEN book=broken@4-9 cancel=204@5-6 read=booked@10-11
cancelled-and-booked | cancelled after it was booked | BOOKED cancel=204@8-9
cancelled-and-booked | a broken cancel done | OPEN cancel=broken@4-5 read=cancelled@6-7 book=7@4-9 outcome=200@10-11
booked-after-cancel | an attempt after a cancel | OPEN cancel=204@4-5 book=7@6-7
cancel-lost | open after a cancel | OPEN cancel=204@4-5 read=open@6-7
cancel-lost | booking after a cancel | OPEN book=7@3-4 cancel=204@5-6 read=booking@7-8
cancel-lost | a cancel refused after a cancel | OPEN book=7@3-9 cancel=204@4-5 cancel=booking@6-7
final-left | cancelled left | OPEN cancel=broken@4-5 read=cancelled@6-7 read=open@8-9
final-left | booked left | OPEN book=broken@4-5 read=booked@6-7 read=open@8-9
booking-lost | an appointment gone | BOOKED read=open@8-9
booking-lost | an attempt gone | OPEN book=7@4-5 outcome=404@6-7
booking-lost | an attempt without a x_request_id | OPEN book=7@4-5 read=searching@6-7
booking-lost | booking again after it was booked | BOOKED cancel=booking@8-9
request-lost | a request gone | create=201@0-1 read=absent@2-3
request-lost | a request gone for cancel | OPEN cancel=absent@4-5
request-lost | a request gone for the owner's other caller | create=201@0-1 read=absent@2-3,by=alice/2
went-back | searching again | OPEN read=searching@4-5
went-back | open after a failed search | create=201@0-1 read=failed@2-3 read=open@4-5
went-back | failed after open | OPEN read=failed@4-5
went-back | refused as not open when it was | OPEN book=not-open@4-5
refused-cancel-without-booking | nobody books | OPEN cancel=booking@4-5
refused-cancel-without-booking | the book came later | OPEN cancel=booking@4-5 book=7@6-7
refused-cancel-without-booking | the attempt was over | OPEN book=7@4-5 outcome=422@6-7 cancel=booking@8-9
refused-cancel-without-booking | booked by nobody | OPEN cancel=booked@4-5
refused-book-without-cancel | nobody cancels | OPEN book=cancelled@4-5
cancelled-without-cancel | read as cancelled, by nobody | OPEN read=cancelled@4-5
cancelled-without-cancel | only an overload cancelled | OPEN cancel=503@4-5 read=cancelled@6-7
answer-without-cause | booking, by nobody | OPEN read=booking@4-5
answer-without-cause | the broken book came later | OPEN read=booking@4-5 book=broken@6-7
outcome-changed | a refused attempt succeeds | OPEN book=7@4-5 outcome=422@6-7 outcome=200@8-9
outcome-changed | a refused attempt runs again | OPEN book=7@4-5 outcome=422@6-7 outcome=202@8-9
appointment-changed | two attempts succeed | BOOKED book=8@8-9,slot=pm outcome=200@10-11,booking=8,appointment=8
appointment-changed | a new number for an appointment | BOOKED outcome=200@8-9,appointment=1
not-linearizable | the same slot refused to itself | OPEN book=7@4-5 book=booking@6-7
not-linearizable | two attempts at once | OPEN book=7@4-5 book=8@6-7,slot=pm outcome=202@8-9
not-linearizable | a refused slot booked again | OPEN book=7@4-5 outcome=422@6-7 book=8@8-9
not-linearizable | a broken book done twice | OPEN book=broken@4-5 read=booking@6-7 read=open@8-9 read=booking@10-11
id-given-twice | an id given twice | create=201@0-1 create=201@2-3,order=11
foreign-id-answered | a stranger cancels | OPEN cancel=204@4-5,by=bob/1
foreign-id-answered | a stranger is refused by state | OPEN book=7@4-9 cancel=booking@5-6,by=bob/1
undocumented-answer | an answer nobody documented | OPEN cancel=200@4-5
undocumented-answer | a booking attempt without a number | OPEN book=201@4-5
undocumented-answer | a creation without an id | create=201@0-1,id=none
order-booked-twice | two visits of one order | BOOKED OTHER
refused-cancel-without-booking | no move takes the request | BOOKED NEXT cancel=booking@8-9,id=301
appointment-shared | two requests, one visit | BOOKED OTHER,appointment=507
booking-shared | two requests, one attempt | OPEN book=7@4-5 create=201@0-1,id=1,order=1 book=7@4-5,id=1
"""


@pytest.mark.parametrize("calls", rows(GOOD))
def test_a_good_history_passes(calls: list[Call]) -> None:
    assert check(calls) == []


@pytest.mark.parametrize(("rule", "calls"), rows(BAD))
def test_a_planted_bad_history_is_named(rule: str, calls: list[Call]) -> None:
    found = {violation.rule: violation for violation in check(calls)}
    assert rule in found, [str(violation) for violation in found.values()]
    assert found[rule].kind == ("lost" if rule.endswith("-lost") else "violation")
    assert found[rule].calls
    assert {violation.rule for violation in check(reversed(calls))} == set(found), "the order of the records matters"


def test_an_order_may_have_two_visits_where_the_operator_allows_it() -> None:
    assert check(tell("BOOKED OTHER"), one_per_order=False) == []


def test_a_violation_shows_its_calls() -> None:
    [lost] = check(tell("OPEN cancel=204@4000000-5000000 read=open@6000000-7000000"))
    assert str(lost).splitlines()[1:] == [
        "  4.000..5.000 alice/1 cancel 300: {'status': 204}",
        "  6.000..7.000 alice/1 read 300: {'status': 200, 'state': 'open'}",
    ]


def test_a_contradiction_without_a_name_is_boiled_down_to_the_calls_that_make_it() -> None:
    [found] = check(tell("OPEN read=open@4-5 book=7@6-7 read=booking@8-9 book=8@10-11,slot=pm outcome=202@12-13"))
    assert [call.op for call in found.calls] == ["create", "book", "book", "read-booking"]


def test_more_appointments_than_places_are_oversold_by_slot_and_by_start() -> None:
    calls = tell("BOOKED OTHER")
    assert check(calls, {"08:00": 2, "am": 2}, one_per_order=False) == []
    found = check(calls, {"08:00": 1, "am": 1}, one_per_order=False)
    assert [(violation.rule, len(violation.calls)) for violation in found] == [("oversold", 2)] * 2


@pytest.mark.parametrize(
    ("booked", "taken", "places", "rules"),
    [(1, 1, 1, ""), (2, 2, 1, "oversold"), (1, 2, 2, "capacity-leaked"), (2, 1, 2, "capacity-not-taken")],
)
def test_the_final_audit_compares_what_is_booked_taken_and_there(
    booked: int, taken: int, places: int, rules: str
) -> None:
    found = check_capacity({"am": booked}, {"am": taken}, {"am": places, "pm": 3})
    assert " ".join(violation.rule for violation in found) == rules


def test_a_request_that_ends_open_is_unsettled() -> None:
    assert [violation.rule for violation in check_settled(tell("OPEN"))] == ["unsettled"]
    assert check_settled(tell("OPEN cancel=204@4-5 read=cancelled@6-7")) == []


def test_a_history_survives_being_written(tmp_path: Path) -> None:
    calls = tell("BOOKED cancel=booked@8-9 read=absent@8-9,by=bob/1")
    history.write(tmp_path / "new" / "race.jsonl", calls)
    assert list(history.read(tmp_path / "new")) == calls
    first = json.loads((tmp_path / "new" / "race.jsonl").read_bytes().splitlines()[0])
    assert list(first) == ["op", "id", "caller", "start_ns", "end_ns", "answer"]


def test_the_judge_knows_the_same_lifecycle_as_the_service() -> None:
    reach = {str(state): {str(state)} for state in requests.State}
    steps = [step for step in requests.TRANSITIONS if step is not requests.ORDER_TRANSFERRED]  # no call causes it
    for _ in requests.State:
        for step in steps:
            for seen in reach.values():
                if seen & step.sources:
                    seen.add(str(step.target))
    assert reach == {state: set(after) for state, after in history.MAY_FOLLOW.items() if state != "absent"}


FAULTS = {
    "no compare-and-set": "cancelled-and-booked",
    "forgetful": "cancel-lost",
    "guesses": "cancel-lost",
    "zombie worker": "booked-after-cancel",
    "stale replica": "final-left",
    "two attempts": "not-linearizable",
}


@settings(max_examples=1000)
@given(st.integers(0, 2**64), st.integers(1, 90))
def test_whatever_a_correct_service_does_passes(seed: int, steps: int) -> None:
    assert check(Simulation(seed).run(steps)) == []


@pytest.mark.parametrize(("fault", "rule"), FAULTS.items())
def test_a_broken_service_is_caught_and_named(fault: str, rule: str) -> None:
    verdicts = [check(Simulation(seed, fault).run(60)) for seed in range(300)]
    assert sum(map(bool, verdicts)) >= 15
    assert any(violation.rule == rule for found in verdicts for violation in found)


class Exhaustive(Search):
    """The same search without its short cut: it tries every call that may come next."""

    def _absorb(self, undone: int, situation: Situation) -> tuple[int, float, list[Any]]:
        left = [(1 << place, *pair) for place, pair in enumerate(self.answered) if undone >> place & 1]
        horizon = min((call.end_ns for _, call, _ in left), default=0)
        nexts = [(bit, self._step(situation, call, means)) for bit, call, means in left if call.start_ns <= horizon]
        return undone, horizon, [(undone ^ bit, after) for bit, after in nexts if after]


@settings(max_examples=1000)
@given(st.integers(0, 2**64), st.sampled_from(["", *FAULTS]))
def test_the_short_cut_of_the_search_changes_no_verdict(seed: int, fault: str) -> None:
    calls = Simulation(seed, fault).run(25)
    slots = {call.told_attempt: call.answer.slot for call in calls if call.told_attempt is not None}
    quick, slow = (search(calls, slots, created=True).succeeds() for search in (Search, Exhaustive))
    assert quick is slow
