"""THE table of targets: each a ratio of figures of the same run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from bench import reasons
from bench.measures import (
    AGAIN,
    DISTINCT,
    MEMORY_FEW,
    MEMORY_MANY,
    MEMORY_REQUESTS,
    PEAK,
    PLAIN,
    START,
    START_SQLITE,
    UNKNOWN,
)
from bench.plan import FAR_CONNECTIONS, Plan
from bench.results import Key, Results, Spread
from bench.systems import DEFAULT, DEFAULT_2, OURS, OURS_2, OURS_FAR, OURS_SQLITE, PGBENCH, RAW, RAW_OURS


@dataclass(frozen=True)
class Target:
    """One line of the table.

    limit: None for what is reported and no target.
    reason: why it is short, when it is, in the figures of the run.
    """

    title: str
    figure: Callable[[Results], Spread | None]
    limit: float | None
    at_least: bool = True
    reason: Callable[[Results], str] | None = None

    @property
    def wanted(self) -> str:
        if self.limit is None:
            return "reported"
        return f"{'>=' if self.at_least else '<='} {self.limit:g}"

    def judge(self, found: Spread | None) -> str:
        """`ok` or `short`; empty for what is no target."""
        if self.limit is None:
            return ""
        if found is None:
            return "short (not measured)"
        return "ok" if (found.median >= self.limit) is self.at_least or found.median == self.limit else "short"


class Line(NamedTuple):
    """A target with what was found."""

    target: Target
    found: Spread | None
    verdict: str


def lines(results: Results, plan: Plan) -> list[Line]:
    """Every target, judged."""
    found = [(target, target.figure(results)) for target in targets(plan)]
    return [Line(target, figure, target.judge(figure)) for target, figure in found]


def targets(plan: Plan) -> list[Target]:
    """The targets of a plan: a shorter one has smaller tables and fewer requests."""
    raw, pgbench = Key("cancel", RAW, PEAK), Key("cancel", PGBENCH, PEAK)
    far, largest = str(FAR_CONNECTIONS), f"{plan.growth[-1]:,}"
    return [
        Target("PostgreSQL / pgbench, same update", _ratio(Key("cancel", OURS, PEAK), pgbench), 0.9),
        Target(
            "PostgreSQL, 2 workers / pgbench, same update",
            _ratio(Key("cancel", OURS_2, PEAK), pgbench),
            1.0,
            reason=reasons.of_two_workers,
        ),
        Target("PostgreSQL / raw ASGI", _ratio(Key("cancel", OURS, PEAK), raw), 0.45, reason=reasons.CANCEL),
        Target(
            "PostgreSQL / raw ASGI on our server",
            _ratio(Key("cancel", OURS, PEAK), Key("cancel", RAW_OURS, PEAK)),
            None,
        ),
        Target("SQLite / raw ASGI", _ratio(Key("cancel", OURS_SQLITE, PEAK), raw), 0.25, reason=reasons.SQLITE),
        Target("GET of a request / raw ASGI", _ratio(Key("read", OURS, PEAK), raw), 0.40, reason=reasons.READ),
        Target(
            "p99 at 50 % of peak minus raw ASGI's, in bare commits", _late, 10, at_least=False, reason=reasons.of_tail
        ),
        Target("p99 of bare updates (pgbench) at that rate, in bare commits", _late_database, None),
        Target(
            "p50 on 1 connection minus raw ASGI's, in bare commits",
            _alone,
            2,
            at_least=False,
            reason=reasons.of_one_call,
        ),
        Target(
            f"{largest} rows / raw ASGI",
            _ratio(Key("growth", OURS, largest), Key("growth", RAW, largest)),
            0.40,
            reason=reasons.of_time(Key("growth", OURS, largest)),
        ),
        Target("all tokens distinct / raw ASGI", _mix(DISTINCT), 0.20, reason=reasons.of_signatures),
        Target("20 % unknown ids / raw ASGI", _mix(UNKNOWN), None),
        Target("20 % repeats / raw ASGI", _mix(AGAIN), None),
        Target(
            f"database 1 ms away, {far} connections / raw ASGI",
            _ratio(Key("far", OURS_FAR, far), Key("far", RAW, far)),
            0.35,
        ),
        Target(
            f"memory after {plan.many_requests:,} requests / after 10,000",
            _memory(plan.many_requests),
            1.1,
            at_least=False,
        ),
        Target("MiB of a worker after 10,000 requests", _figure(MEMORY_FEW), 120, at_least=False),
        Target("seconds from start to first answer, PostgreSQL", _figure(START), 1.5, at_least=False),
        Target("seconds from start to first answer, SQLite", _figure(START_SQLITE), 1.5, at_least=False),
        Target("PostgreSQL / default stack", _ratio(Key("cancel", OURS, PEAK), Key("cancel", DEFAULT, PEAK)), None),
        Target(
            "PostgreSQL / default stack, 2 workers each",
            _ratio(Key("cancel", OURS_2, PEAK), Key("cancel", DEFAULT_2, PEAK)),
            None,
        ),
    ]


def _ratio(one: Key, other: Key) -> Callable[[Results], Spread | None]:
    return lambda results: results.ratio(one, other)


def _mix(setting: str) -> Callable[[Results], Spread | None]:
    return _ratio(Key("mix", OURS, setting), Key("mix", RAW, PLAIN))


def _figure(name: str) -> Callable[[Results], Spread | None]:
    return lambda results: Spread.of(results.figures[name]) if name in results.figures else None


def bare_commit_ms(results: Results) -> float | None:
    """What one durable commit takes with nobody else there: pgbench's p50 on one connection."""
    found = results.spread(Key("cancel", PGBENCH, "1"), "p50_ms")
    return found.median if found else None


def _in_commits(results: Results, found: Spread | None) -> Spread | None:
    commit = bare_commit_ms(results)
    return Spread(*(value / commit for value in found)) if found and commit else None


def _late(results: Results) -> Spread | None:
    return _in_commits(results, results.difference(Key("arrivals", OURS, "50%"), Key("arrivals", RAW, "50%"), "p99_ms"))


def _late_database(results: Results) -> Spread | None:
    return _in_commits(results, results.spread(Key("pgbench", PGBENCH, "50%"), "p99_ms"))


def _alone(results: Results) -> Spread | None:
    return _in_commits(results, results.difference(Key("cancel", OURS, "1"), Key("cancel", RAW, "1"), "p50_ms"))


def _memory(requests: int) -> Callable[[Results], Spread | None]:
    def figure(results: Results) -> Spread | None:
        few, many, done = (results.figures.get(name) for name in (MEMORY_FEW, MEMORY_MANY, MEMORY_REQUESTS))
        # Out of time, it may have been far fewer.
        return Spread.of([many[0] / few[0]]) if few and many and done and done[0] >= requests else None

    return figure
