"""Cancels and reads in a closed loop."""

from __future__ import annotations

from bench import pgbench, probe
from bench.load import Load, WrongAnswersError
from bench.measuring import Bench, run_of, there_and_back
from bench.plan import PEAK_CONNECTIONS, READABLE_ROWS
from bench.processes import Meter
from bench.results import Key, Run
from bench.systems import (
    DEFAULT,
    DEFAULT_2,
    PGBENCH,
    RAW,
    RAW_SERVICE,
    SERVICE,
    SERVICE_2,
    SERVICE_SQLITE,
    VERIFY,
    Served,
)
from bench.verification import verifications_per_second

PEAK = str(PEAK_CONNECTIONS)
DISTINCT, UNKNOWN, AGAIN, PLAIN = "all tokens distinct", "20 % unknown ids", "20 % repeats", "as it is"


def at_peak(bench: Bench) -> None:
    """Rate, latency and cost of a cancel on 64 connections."""
    for number in bench.rounds():
        for system in there_and_back((RAW, SERVICE, SERVICE_SQLITE, PGBENCH), number):
            cancel(bench, number, system, PEAK_CONNECTIONS)


def peers(bench: Bench) -> None:
    """The same of two processes, of the service's HTTP server alone, and of the default stack."""
    for number in bench.rounds():
        for system in there_and_back((RAW_SERVICE, SERVICE_2, DEFAULT, DEFAULT_2), number):
            cancel(bench, number, system, PEAK_CONNECTIONS)
        rate = verifications_per_second(bench.tokens, min(1.0, bench.plan.seconds))
        bench.results.add(Key("cancel", VERIFY, "1"), Run(number, rate))


def alone(bench: Bench) -> None:
    """The same on one connection."""
    for number in bench.rounds():
        for system in there_and_back((RAW, SERVICE, PGBENCH), number):
            cancel(bench, number, system, 1)


def other_connections(bench: Bench) -> None:
    """The same on other numbers of connections, once."""
    for connections in bench.plan.connections:
        for system in (RAW, SERVICE, SERVICE_2, SERVICE_SQLITE, DEFAULT, PGBENCH):
            cancel(bench, 0, system, connections)


def cancel(bench: Bench, number: int, system: str, connections: int) -> None:
    """One run of one system."""
    key = Key("cancel", system, str(connections))
    if system == PGBENCH:
        bench.counted(key, lambda: _bare_updates(bench, number, connections))
        return
    served, load = bench.fleet[system], Load(bench.plan.rows, bench.tokens.callers)
    bench.counted(key, lambda: bench.closed_loop(number, served, connections, load))


def _bare_updates(bench: Bench, number: int, clients: int) -> Run:
    store, rows = bench.fleet.postgres(), bench.plan.rows
    store.reset(rows)
    meter = Meter({"database": bench.fleet.server.pid})
    done = pgbench.one_row(store.url, clients, bench.plan.seconds, rows)
    used = meter.read()
    changed = store.settled().cancelled
    if changed != done.transactions:
        raise WrongAnswersError(f"{done.transactions} transactions changed {changed} rows")
    cost = run_of(number, done.per_second, done.transactions, used)
    return cost._replace(p50_ms=done.p50_ms, p99_ms=done.p99_ms)


def reads(bench: Bench) -> None:
    """Reads of open appointment-requests with their slots."""
    for number in bench.rounds():
        for system in (SERVICE, SERVICE_SQLITE):
            served = bench.fleet[system]
            bench.counted(Key("read", system, PEAK), lambda served=served, number=number: _read(bench, number, served))  # type: ignore[misc]


def _read(bench: Bench, number: int, served: Served) -> Run:
    make_readable(bench, served)
    return bench.loop_on(number, served, PEAK_CONNECTIONS, read_load(bench))


def read_load(bench: Bench) -> Load:
    """Reads of the rows that `make_readable` makes."""
    return Load(READABLE_ROWS, bench.tokens.callers, kind="read", cycle=True)


def make_readable(bench: Bench, served: Served) -> None:
    """Give the slots of one appointment-request, created through the API, to all the rows."""
    assert served.store is not None
    served.store.reset(READABLE_ROWS)
    served.store.offer(probe.create_open(served.port, bench.tokens.one), READABLE_ROWS)
    probe.check_read(served.port, bench.tokens.one)


def distinct_load(bench: Bench) -> Load:
    """Cancels with more tokens than the service remembers."""
    return Load(bench.plan.rows, bench.tokens.distinct(bench.plan.tokens))


def mixes(bench: Bench) -> None:
    """Tokens never seen before, ids that do not exist, calls that repeat earlier ones."""
    rows, callers = bench.plan.rows, bench.tokens.callers
    loads = {
        (RAW, PLAIN): Load(rows, callers),
        (SERVICE, DISTINCT): distinct_load(bench),
        (SERVICE, UNKNOWN): Load(rows, callers, unknown=20),
        (SERVICE, AGAIN): Load(rows, callers, again=20),
    }
    for number in bench.rounds():
        for (system, setting), load in loads.items():
            served = bench.fleet[system]

            def work(served: Served = served, load: Load = load, number: int = number) -> Run:
                return bench.closed_loop(number, served, PEAK_CONNECTIONS, load)

            bench.counted(Key("mix", system, setting), work)
