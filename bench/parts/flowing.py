"""Whole flows, many at once and one alone."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bench import flows
from bench.flows import Kind
from bench.load import Load
from bench.measuring import Bench, run_of, there_and_back
from bench.plan import MANY_CALLERS, PEAK_CONNECTIONS
from bench.results import Key, Run
from bench.systems import DEFAULT, RAW, SERVICE, SERVICE_SQLITE, Served

KINDS: tuple[Kind, ...] = ("cancel", "book")
RAW_SETTING = "a call"
IDLE_POLL_SECONDS = 0.001
IDLE_PAUSE_SECONDS = 0.02
SLOTS_MS = "ms from create to slots, {}"
BOOKED_MS = "ms from book to booked, {}"
SETTLE_SECONDS = 0.3
"""Background work that follows the last answer belongs to the cost of the flows."""


def flow_key(kind: Kind, system: str, callers: int) -> Key:
    """The key of the flows of a kind."""
    return Key(f"flow {kind}", system, f"{callers} callers")


def callers_of(bench_callers: Sequence[int]) -> list[int]:
    """The numbers of callers of the service."""
    return [PEAK_CONNECTIONS, MANY_CALLERS, *bench_callers]


def whole_flows(bench: Bench) -> None:
    """Flows of both kinds, by number of callers, beside a call of raw ASGI and the default stack's flows."""
    runs = [(SERVICE, callers) for callers in callers_of(bench.plan.callers)]
    runs += [(DEFAULT, callers) for callers in bench.plan.default_callers]
    for number in bench.rounds():
        raw, load = bench.fleet[RAW], Load(bench.plan.rows, bench.tokens.callers)
        bench.counted(
            Key("flow", RAW, RAW_SETTING),
            lambda number=number, raw=raw, load=load: bench.closed_loop(number, raw, PEAK_CONNECTIONS, load),  # type: ignore[misc]
        )
        for kind in KINDS:
            for system, callers in there_and_back([*runs, (SERVICE_SQLITE, PEAK_CONNECTIONS)], number):
                _run(bench, number, kind, system, callers)


def _run(bench: Bench, number: int, kind: Kind, system: str, callers: int) -> None:
    served = bench.fleet[system]
    bench.counted(flow_key(kind, system, callers), lambda: _flows(bench, number, kind, served, callers))


def _flows(bench: Bench, number: int, kind: Kind, served: Served, callers: int) -> Run:
    assert served.store is not None
    seconds = bench.plan.default_flow_seconds if served.name == DEFAULT else bench.plan.flow_seconds
    served.store.reset(1, fresh_orders=True)
    meter = bench.meter(served)
    ended = flows.run_flows(served.port, bench.tokens, kind, seconds, callers)
    time.sleep(SETTLE_SECONDS)
    used = meter.read()
    flows.check_states(served.store.ended(), kind, ended.flows)
    return run_of(number, ended.per_second, ended.flows, used)._replace(
        p50_ms=ended.p50_ms,
        p99_ms=ended.p99_ms,
        client_us=ended.client_us,
        calls=ended.calls,
        shed=ended.shed,
        polls=ended.polls,
    )


def idle_caller(bench: Bench) -> None:
    """One caller with nothing beside it: how soon slots are there, and how soon a slot is booked."""
    for _ in bench.rounds():
        for system in (SERVICE, SERVICE_SQLITE):
            served = bench.fleet[system]
            assert served.store is not None
            served.store.reset(1, fresh_orders=True)
            ended = flows.run_flows(
                served.port,
                bench.tokens,
                "book",
                bench.plan.idle_seconds,
                1,
                poll_seconds=IDLE_POLL_SECONDS,
                pause_seconds=IDLE_PAUSE_SECONDS,
            )
            flows.check_states(served.store.ended(), "book", ended.flows)
            bench.results.note(SLOTS_MS.format(system), ended.slots_p50_ms)
            bench.results.note(BOOKED_MS.format(system), ended.booked_p50_ms)
            times = f"slots after {ended.slots_p50_ms:.1f} ms, booked after {ended.booked_p50_ms:.1f} ms"
            bench.clock.say(f"one idle caller, {system}: {times}, {ended.flows} flows")
