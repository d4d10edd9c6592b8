"""When a failover is too late, how long nobody could write, and what the table says of it."""

from __future__ import annotations

import pytest

from ..history import Answer, Call, violation
from ..trial import Amount
from . import table
from .cluster import is_whole
from .failover import Failover, Pause, cut, longest_pause

SECOND = 1_000_000_000


def call(op: str, start: float, end: float, status: int | None) -> Call:
    return Call(op, 300, "11001/0", int(start * SECOND), int(end * SECOND), Answer(status))  # type: ignore[arg-type]  # any


def failover(*again: float, **changes: object) -> Failover:
    trial = Failover("leader frozen", Amount(len(again), 0.0), limit_seconds=30.0, times=len(again))
    trial.again_seconds = list(again)
    for name, value in changes.items():
        setattr(trial, name, value)
    return trial


def test_the_pause_is_the_longest_time_without_an_acknowledged_write_after_the_fault() -> None:
    calls = [
        call("cancel", 0.0, 1.0, 204),
        call("book", 8.0, 9.0, 201),
        call("read", 9.5, 10.0, 200),
        call("cancel", 9.5, 11.0, 500),
        call("cancel", 9.5, 12.0, None),
        call("create", 9.5, 14.0, 201),
        call("cancel", 14.0, 15.0, 204),
    ]
    assert longest_pause(calls, int(9.2 * SECOND)) == (9 * SECOND, 14 * SECOND)


def test_without_a_write_after_the_fault_there_is_no_pause() -> None:
    with pytest.raises(ValueError, match=r"empty|iterable"):
        longest_pause([call("cancel", 0, 1, 204), call("cancel", 2, 3, 500)], 2 * SECOND)


def test_a_call_is_cut_when_it_fails_in_the_pause_or_is_held_by_it() -> None:
    pause = Pause(10 * SECOND, 20 * SECOND)
    whole = [
        call("read", 1, 2, 500),
        call("read", 9, 11, 200),
        call("read", 12, 19, 200),
        call("cancel", 16, 21, 204),
        call("cancel", 21, 22, 500),
    ]
    assert cut(whole, pause) == 0
    for failed in (call("cancel", 9, 11, 500), call("cancel", 12, 25, None), call("cancel", 14, 20, 204)):
        assert cut([*whole, failed], pause) == 1


def test_a_failover_passes_when_it_cut_something_lost_nothing_and_was_in_time() -> None:
    assert failover(20.0, 30.0).passed
    assert "TOO LATE" not in table.line(failover(20.0, 30.0))


@pytest.mark.parametrize(
    ("trial", "told"),
    [
        (failover(20.0, 30.1), "TOO LATE"),
        (failover(20.0, trouble="nft is missing"), "NOT DONE: nft is missing"),
        (failover(20.0, violations=[violation("cancel-lost", "it was cancelled")]), " 1           0 "),
        (failover(20.0, violations=[violation("oversold", "two in one place")]), " 0           1 "),
        (failover(), " - "),
    ],
)
def test_a_failover_that_was_late_or_lost_something_or_was_not_done_does_not_pass(trial: Failover, told: str) -> None:
    assert not trial.passed
    assert told in table.line(trial)


def test_the_page_has_a_row_for_each_kind_and_the_sum() -> None:
    page = table.page([failover(20.0, 21.5, count=1200), failover(2.0, count=300)], "make faults-ha")
    assert "| leader frozen | 2 | 1,200 | 0 | 0 | 20.0, 21.5 | 30 |" in page
    assert "| **total** | 3 | 1,500 | 0 | 0 | | |" in page


def member(role: str, state: str = "streaming", timeline: int = 2) -> dict[str, object]:
    return {"role": role, "state": state, "timeline": timeline}


def test_a_cluster_is_whole_when_all_follow_one_leader_and_one_confirms() -> None:
    leader = member("leader", "running")
    whole = [member("replica"), leader, member("sync_standby")]
    assert is_whole(whole, synchronous=True)
    assert not is_whole(whole, synchronous=False)
    assert is_whole([member("replica"), leader, member("replica")], synchronous=False)
    assert not is_whole([member("replica"), leader, member("sync_standby", timeline=1)], synchronous=True)
    assert not is_whole([member("replica", "starting"), leader, member("sync_standby")], synchronous=True)
    assert not is_whole([], synchronous=True)
