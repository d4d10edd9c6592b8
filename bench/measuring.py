"""What every measure works with: the servers, the databases, the clock, and the rule of what counts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench.constant import MissedRateError
from bench.load import Answered, Load, WrongAnswersError, run_wrk
from bench.plan import Plan
from bench.postgres import PostgresStore
from bench.processes import Meter
from bench.results import Key, Results, Run
from bench.rows import Changed, Store
from bench.sqlite import SqliteStore
from bench.systems import Launcher, Served
from bench.tokens import Tokens
from tests.throwaway_postgres import Server

TRIES = 2
NOTHING = Changed(0, 0)
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
    """One bench under way. `served` holds the servers that run all the time, by name."""

    plan: Plan
    clock: Clock
    tokens: Tokens
    launcher: Launcher
    server: Server
    postgres: PostgresStore
    sqlite: SqliteStore
    served: dict[str, Served] = field(default_factory=dict)
    results: Results = field(default_factory=Results)

    def rounds(self, count: int, until: float) -> Iterator[int]:
        """The numbers of the rounds to do: the first always, a further one while it would end in time.

        until: the part of the whole time by which the measure is over.
        """
        for number in range(count):
            started = self.clock.elapsed()
            yield number
            now = self.clock.elapsed()
            if now + (now - started) > until * self.plan.total_seconds:
                return

    def counted(self, key: Key, work: Callable[[], Run]) -> Run | None:
        """Do a run; one whose answers or rows were wrong is done once more, and then written down as a failure."""
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
                self.clock.say(f"{_title(key)}: {run.per_second:,.0f}/s, p50 {run.p50_ms:.2f}, p99 {run.p99_ms:.2f} ms")
                return run
        return None

    def meter(self, served: Served) -> Meter:
        """A meter of a server, and of PostgreSQL where it stores there."""
        pids = {"server": served.pid}
        if served.store is self.postgres:
            pids["database"] = self.server.pid
        return Meter(pids)

    def closed_loop(self, number: int, served: Served, connections: int, load: Load, *, offers: int = 0) -> Run:
        """One run of a closed loop over freshly made rows, checked."""
        if served.store is not None:
            served.store.reset(load.rows, offers=offers)
        return self.loop_on(number, served, connections, load)

    def loop_on(self, number: int, served: Served, connections: int, load: Load) -> Run:
        """One run of a closed loop over the rows as they are, checked."""
        before = _changed(served.store) if load.skip else NOTHING
        meter = self.meter(served)
        answered = run_wrk(served.port, connections, self.plan.seconds, load)
        used = meter.read()
        answered.check_answers()
        if served.store is not None and load.kind == "cancel":
            answered.check_rows(load, before, served.store.settled())
        return _run(number, answered, used)


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
            "queued": used["queued"] / used["wall"],
            "machine": used["machine"] / used["wall"] / CORES,
        },
    )


def _run(number: int, answered: Answered, used: dict[str, float]) -> Run:
    cost = run_of(number, answered.per_second, answered.answered, used)
    return Run(
        number,
        answered.per_second,
        answered.p50_ms,
        answered.p99_ms,
        server_us=cost.server_us,
        database_us=cost.database_us,
        shares=cost.shares,
    )


def _changed(store: Store | None) -> Changed:
    return store.settled() if store is not None else NOTHING


def _title(key: Key) -> str:
    return f"{key.measure:9} {key.system:29} {key.setting:>8}"
