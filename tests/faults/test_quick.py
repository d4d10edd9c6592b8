"""A little of what `python -m tests.faults` does, on both engines: real servers, real kills, judged by the checker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from .kinds import races, servers, stops, workers
from .trial import Amount, Trial

Run = Callable[[Trial], Awaitable[None]]
REQUESTS = 6
PATIENCE_SECONDS = 120.0
"""A bound for a machine that is busy with other things; usually each takes a few seconds."""


@pytest.mark.parametrize("run", [races.on_postgresql, races.on_sqlite])
async def test_d39_d46_64_callers_who_book_cancel_and_reschedule_at_once_see_one_of_the_lifecycles_histories(
    run: Run,
) -> None:
    trial = Trial("race", Amount(REQUESTS, PATIENCE_SECONDS))
    await run(trial)
    assert trial.times == REQUESTS
    assert {call.answer.status for call in trial.calls if call.op in {"cancel", "book"}} >= {201, 204, 422}
    assert {call.op for call in trial.calls if call.answer.status == 200} >= {"read-cancellation", "read-reschedule"}
    assert [str(broken) for broken in trial.violations] == []


@pytest.mark.parametrize("run", [servers.on_postgresql, servers.on_sqlite])
async def test_what_was_acknowledged_before_a_server_was_killed_is_true_after_it(run: Run) -> None:
    trial = Trial("kill", Amount(1, PATIENCE_SECONDS))
    await run(trial)
    assert trial.times == 1, "no kill left a caller without an answer"
    assert [str(broken) for broken in trial.violations] == []


async def test_a_server_told_to_stop_in_full_load_answers_every_request_it_has_begun_to_read() -> None:
    trial = Trial("stop", Amount(1, PATIENCE_SECONDS))
    await stops.stopped(trial)
    assert trial.times == 1
    assert [str(broken) for broken in trial.violations] == []


async def test_d46_workers_killed_while_they_reschedule_leave_one_place_and_one_truth() -> None:
    trial = Trial("kill", Amount(4, PATIENCE_SECONDS))
    await workers.rescheduling(trial)
    assert trial.times == 4
    assert trial.count > 0, "no reschedule has ended"
    assert [str(broken) for broken in trial.violations] == []
