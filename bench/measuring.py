"""What every part works with: the servers, the clock, and the rule of which runs count."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from bench.constant import MissedRateError
from bench.fleet import Fleet
from bench.load import Answered, Load, WrongAnswersError, run_wrk
from bench.plan import Plan
from bench.processes import Meter
from bench.results import Key, Results, Run
from bench.rows import Changed, Store
from bench.systems import Served
from bench.tokens import Tokens

T = TypeVar("T")

TRIES = 2
UNCHANGED = Changed(0, 0)
CORES = os.cpu_count() or 1


class Clock:
    """The time since the bench began."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def say(self, text: str) -> None:
        """Show progress on standard error."""
        print(f"[{self.elapsed():4.0f} s] {text}", file=sys.stderr, flush=True)


@dataclass
class Bench:
    """One bench under way.

    until_seconds: when the part under way begins no further round.
    """

    plan: Plan
    clock: Clock
    tokens: Tokens
    fleet: Fleet
    until_seconds: float = math.inf
    results: Results = field(default_factory=Results)

    def rounds(self, count: int | None = None) -> Iterator[int]:
        """The numbers of the rounds to do: the first always, a further one when it would end in time."""
        for number in range(count or self.plan.rounds):
            started = self.clock.elapsed()
            yield number
            now = self.clock.elapsed()
            if now + (now - started) > self.until_seconds:
                return

    def counted(self, key: Key, work: Callable[[], Run]) -> Run | None:
        """Do a run; one with a wrong answer or a wrong row is repeated once, and then recorded as a failure."""
        for attempt in range(TRIES):
            try:
                run = work()
            except (WrongAnswersError, AssertionError, OSError, subprocess.TimeoutExpired) as error:
                self.clock.say(f"{_title(key)}: does not count: {error}")
                if attempt == TRIES - 1:
                    missed = isinstance(error, MissedRateError)
                    (self.results.left_out if missed else self.results.failures).append(f"{_title(key)}: {error}")
            else:
                self.results.add(key, run)
                self.clock.say(f"{_title(key)}: {_summary(run)}")
                return run
        return None

    def meter(self, served: Served) -> Meter:
        """A meter of a server, and of PostgreSQL where it stores there."""
        pids = {"server": served.pid}
        if self.fleet.uses_postgres(served):
            pids["database"] = self.fleet.server.pid
        return Meter(pids)

    def closed_loop(self, number: int, served: Served, connections: int, load: Load) -> Run:
        """One run of a closed loop over freshly made rows, checked."""
        if served.store is not None:
            served.store.reset(load.rows)
        return self.loop_on(number, served, connections, load)

    def loop_on(self, number: int, served: Served, connections: int, load: Load) -> Run:
        """One run of a closed loop over the rows as they are, checked."""
        before = _changed(served.store) if load.skip else UNCHANGED
        meter = self.meter(served)
        answered = run_wrk(served.port, connections, self.plan.seconds, load)
        used = meter.read()
        answered.check_answers()
        if served.store is not None and load.kind == "cancel":
            answered.check_rows(load, before, served.store.settled())
        return _run(number, answered, used)


def there_and_back(systems: Sequence[T], number: int) -> Sequence[T]:
    """The order of a round: A B, then B A, so that no system is always the first."""
    return systems if number % 2 == 0 else systems[::-1]


def run_of(number: int, per_second: float, answered: int, used: dict[str, float]) -> Run:
    """A run with what it cost."""
    return Run(
        round=number,
        per_second=per_second,
        server_us=used.get("server", 0.0) / answered * 1e6,
        database_us=used.get("database", 0.0) / answered * 1e6,
        shares={
            "server": used.get("server", 0.0) / used["wall"],
            "database": used.get("database", 0.0) / used["wall"],
            "machine": used["machine"] / used["wall"] / CORES,
        },
    )


def _run(number: int, answered: Answered, used: dict[str, float]) -> Run:
    cost = run_of(number, answered.per_second, answered.answered, used)
    return cost._replace(p50_ms=answered.p50_ms, p99_ms=answered.p99_ms)


def _changed(store: Store | None) -> Changed:
    return store.settled() if store is not None else UNCHANGED


def _title(key: Key) -> str:
    return f"{key.measure:9} {key.system:33} {key.setting:>12}"


def _summary(run: Run) -> str:
    cost = f", server {run.server_us:.0f} us" if run.server_us else ""
    calls = f", {run.calls:.1f} calls" if run.calls else ""
    return f"{run.per_second:,.0f}/s, p50 {run.p50_ms:.2f}, p99 {run.p99_ms:.2f} ms{cost}{calls}"
