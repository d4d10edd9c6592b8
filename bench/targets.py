"""THE table of targets: each a ratio of figures of the same run, or milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from bench.flows import CALLS, TITLE, Kind
from bench.parts.cancels import AGAIN, DISTINCT, PEAK, PLAIN, UNKNOWN
from bench.parts.flowing import BOOKED_MS, KINDS, RAW_SETTING, SLOTS_MS, callers_of, flow_key
from bench.parts.growth import setting
from bench.parts.process import MEMORY_FEW, MEMORY_MANY, MEMORY_REQUESTS, START, START_SQLITE
from bench.plan import FAR_CONNECTIONS, MANY_CALLERS, PEAK_CONNECTIONS, Plan
from bench.results import Key, Results, Spread
from bench.systems import (
    DEFAULT,
    DEFAULT_2,
    PGBENCH,
    RAW,
    RAW_SERVICE,
    SERVICE,
    SERVICE_2,
    SERVICE_FAR,
    SERVICE_SQLITE,
)

Figure = Callable[[Results], Spread | None]
FLOW_COST_LIMIT: dict[Kind, float] = {"book": 12, "cancel": 7}
RAW_PEAK = Key("cancel", RAW, PEAK)
SERVICE_PEAK = Key("cancel", SERVICE, PEAK)
PGBENCH_PEAK = Key("cancel", PGBENCH, PEAK)


@dataclass(frozen=True)
class Target:
    """One line of the table. `limit` is None for what is reported and no target."""

    title: str
    figure: Figure
    limit: float | None = None
    at_least: bool = True

    @property
    def wanted(self) -> str:
        if self.limit is None:
            return "reported"
        return f"{'>=' if self.at_least else '<='} {self.limit:g}"

    def judge(self, spread: Spread | None) -> str:
        """`ok` or `short`; empty for what is no target."""
        if self.limit is None:
            return ""
        if spread is None:
            return "short (not measured)"
        is_beyond = (spread.median >= self.limit) is self.at_least
        return "ok" if is_beyond or spread.median == self.limit else "short"


class Line(NamedTuple):
    """A target with its figure."""

    target: Target
    spread: Spread | None
    verdict: str


def lines(results: Results, plan: Plan) -> list[Line]:
    """Every target, judged."""
    figures = [(target, target.figure(results)) for target in targets(plan)]
    return [Line(target, spread, target.judge(spread)) for target, spread in figures]


def targets(plan: Plan) -> list[Target]:
    """The targets of a plan: a shorter one has smaller tables and fewer requests."""
    return [*_flows(plan), *_cancels(), *_rates(), *_process(plan)]


def _flows(plan: Plan) -> list[Target]:
    found: list[Target] = []
    for kind in reversed(KINDS):
        at_64, at_256 = (flow_key(kind, SERVICE, callers) for callers in (PEAK_CONNECTIONS, MANY_CALLERS))
        title, calls, raw = TITLE[kind], CALLS[kind], Key("flow", RAW, RAW_SETTING)
        ours = [flow_key(kind, SERVICE, callers) for callers in callers_of(plan.callers)]
        default = [flow_key(kind, DEFAULT, callers) for callers in plan.default_callers]
        on_sqlite = flow_key(kind, SERVICE_SQLITE, PEAK_CONNECTIONS)
        found += [
            Target(
                f"{title}: server time / {calls} calls of raw ASGI",
                _ratio(at_64, raw, "server_us", times=calls),
                FLOW_COST_LIMIT[kind],
                at_least=False,
            ),
            Target(f"{title}: polls a result", _of(at_64, "polls")),
            Target(f"{title}: flows per second / default stack", _best(ours, default), 10),
            Target(
                f"{title}: server time with 256 callers / with 64",
                _ratio(at_256, at_64, "server_us"),
                0.8,
                at_least=False,
            ),
            Target(
                f"{title} on SQLite: server time / {calls} calls of raw ASGI",
                _ratio(on_sqlite, raw, "server_us", times=calls),
            ),
        ]
    return found


def _cancels() -> list[Target]:
    sqlite = Key("cancel", SERVICE_SQLITE, PEAK)
    half, bare = Key("arrivals", SERVICE, "50%"), Key("pgbench", PGBENCH, "50%")
    return [
        Target("cancel: server time / raw ASGI", _ratio(SERVICE_PEAK, RAW_PEAK, "server_us"), 1.8, at_least=False),
        Target("cancel on SQLite: server time / raw ASGI", _ratio(sqlite, RAW_PEAK, "server_us"), 3.5, at_least=False),
        Target("one idle caller: p50 ms from create to slots", _figure(SLOTS_MS.format(SERVICE)), 10, at_least=False),
        Target("one idle caller: p50 ms from book to booked", _figure(BOOKED_MS.format(SERVICE)), 10, at_least=False),
        Target("the same on SQLite, create to slots", _figure(SLOTS_MS.format(SERVICE_SQLITE))),
        Target("the same on SQLite, book to booked", _figure(BOOKED_MS.format(SERVICE_SQLITE))),
        Target("p99 of a cancel at 50 % of peak / pgbench's", _ratio(half, bare, "p99_ms"), 0.2, at_least=False),
        Target("p99 at 50 % of peak minus raw ASGI's, in bare commits", _late, 10, at_least=False),
        Target("p99 of bare updates (pgbench) at that rate, in bare commits", _late_database),
        Target("p50 on 1 connection minus raw ASGI's, in bare commits", _alone, 2, at_least=False),
    ]


def _rates() -> list[Target]:
    two = Key("cancel", SERVICE_2, PEAK)
    far = str(FAR_CONNECTIONS)
    return [
        Target("PostgreSQL / pgbench, same update", _ratio(SERVICE_PEAK, PGBENCH_PEAK), 0.9),
        Target("PostgreSQL, 2 processes / pgbench, same update", _ratio(two, PGBENCH_PEAK), 1.0),
        Target("PostgreSQL / raw ASGI", _ratio(SERVICE_PEAK, RAW_PEAK), 0.45),
        Target("PostgreSQL / raw ASGI on the service's server", _ratio(SERVICE_PEAK, Key("cancel", RAW_SERVICE, PEAK))),
        Target("SQLite / raw ASGI", _ratio(Key("cancel", SERVICE_SQLITE, PEAK), RAW_PEAK), 0.25),
        Target("GET of a request / raw ASGI", _ratio(Key("read", SERVICE, PEAK), RAW_PEAK), 0.40),
        Target("all tokens distinct / raw ASGI", _mix(DISTINCT), 0.20),
        Target("20 % unknown ids / raw ASGI", _mix(UNKNOWN)),
        Target("20 % repeats / raw ASGI", _mix(AGAIN)),
        Target(
            f"database 1 ms away, {far} connections / raw ASGI",
            _ratio(Key("far", SERVICE_FAR, far), Key("far", RAW, far)),
            0.35,
        ),
        Target("PostgreSQL / default stack", _ratio(SERVICE_PEAK, Key("cancel", DEFAULT, PEAK))),
        Target("PostgreSQL / default stack, 2 processes each", _ratio(two, Key("cancel", DEFAULT_2, PEAK))),
    ]


def _process(plan: Plan) -> list[Target]:
    largest, requests = setting(plan.growth[-1]), plan.many_requests
    return [
        Target(f"{largest} / raw ASGI", _ratio(Key("growth", SERVICE, largest), Key("growth", RAW, largest)), 0.40),
        Target(f"memory after {requests:,} requests / after 10,000", _memory(requests), 1.1, at_least=False),
        Target("MiB of a process after 10,000 requests", _figure(MEMORY_FEW), 120, at_least=False),
        Target(START, _figure(START), 1.5, at_least=False),
        Target(START_SQLITE, _figure(START_SQLITE), 1.5, at_least=False),
    ]


def _ratio(one: Key, other: Key, attribute: str = "per_second", *, times: float = 1.0) -> Figure:
    return lambda results: results.ratio(one, other, attribute, times=times)


def _best(ones: list[Key], others: list[Key]) -> Figure:
    return lambda results: results.best_ratio(ones, others)


def _of(key: Key, attribute: str) -> Figure:
    return lambda results: results.spread(key, attribute)


def _mix(setting: str) -> Figure:
    return _ratio(Key("mix", SERVICE, setting), Key("mix", RAW, PLAIN))


def _figure(name: str) -> Figure:
    return lambda results: results.figure(name)


def bare_commit_ms(results: Results) -> float | None:
    """What one durable commit takes on an idle database: pgbench's p50 on one connection."""
    return results.median(Key("cancel", PGBENCH, "1"), "p50_ms")


def _in_commits(results: Results, spread: Spread | None) -> Spread | None:
    commit = bare_commit_ms(results)
    return Spread(*(value / commit for value in spread)) if spread and commit else None


def _late(results: Results) -> Spread | None:
    return _in_commits(
        results, results.difference(Key("arrivals", SERVICE, "50%"), Key("arrivals", RAW, "50%"), "p99_ms")
    )


def _late_database(results: Results) -> Spread | None:
    return _in_commits(results, results.spread(Key("pgbench", PGBENCH, "50%"), "p99_ms"))


def _alone(results: Results) -> Spread | None:
    return _in_commits(results, results.difference(Key("cancel", SERVICE, "1"), Key("cancel", RAW, "1"), "p50_ms"))


def _memory(requests: int) -> Figure:
    def figure(results: Results) -> Spread | None:
        few, many, done = (results.figures.get(name) for name in (MEMORY_FEW, MEMORY_MANY, MEMORY_REQUESTS))
        # Out of time, it may have been far fewer.
        return Spread.of([many[0] / few[0]]) if few and many and done and done[0] >= requests else None

    return figure
