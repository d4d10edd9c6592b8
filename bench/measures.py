"""What is measured, one function each, in the order it is done."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench import constant, flows, pgbench, probe, profiling
from bench.load import Load, WrongAnswersError, run_wrk
from bench.measuring import Bench, run_of
from bench.plan import FAR_CONNECTIONS, FEW_REQUESTS, PEAK_CONNECTIONS, READABLE_ROWS
from bench.postgres import PostgresStore
from bench.processes import Meter, memory_mib, started
from bench.results import Key, Run
from bench.rows import Store
from bench.systems import (
    DEFAULT,
    DEFAULT_2,
    OURS,
    OURS_2,
    OURS_FAR,
    OURS_SQLITE,
    PGBENCH,
    PGBENCH_BATCH,
    PGBENCH_ONE,
    RAW,
    RAW_OURS,
    VERIFY,
    Served,
)
from bench.verification import verifications_per_second
from tests.throwaway_postgres import free_port

ONE_WAY_SECONDS = 0.0005
PEAK = str(PEAK_CONNECTIONS)
SERVERS = (RAW, RAW_OURS, OURS, OURS_2, OURS_SQLITE, DEFAULT, DEFAULT_2)
DISTINCT, UNKNOWN, AGAIN, PLAIN = "all tokens distinct", "20 % unknown ids", "20 % repeats", "as it is"
MEMORY_FEW, MEMORY_MANY, MEMORY_REQUESTS = "MiB after 10,000 requests", "MiB after many requests", "many requests"
START, START_SQLITE = "seconds from start to first answer, PostgreSQL", "seconds from start to first answer, SQLite"
NEAR_MS, FAR_MS = "round trip to the database, ms", "round trip to the database 1 ms away, ms"
BUSY_BEFORE = "part of the machine that was busy before the start"
SEEDING = "seconds to fill {:,} rows"


def _there_and_back(systems: Sequence[str], number: int) -> Sequence[str]:
    """The order of a round: A B, then B A, so that nobody is always the first."""
    return systems if number % 2 == 0 else systems[::-1]


def warm_up(bench: Bench, until: float) -> None:
    """A second of load for each server: its connections to the database are open, its caches filled."""
    del until
    bench.postgres.reset(READABLE_ROWS)
    bench.sqlite.reset(READABLE_ROWS)
    for served in bench.served.values():
        run_wrk(served.port, PEAK_CONNECTIONS, 1, Load(READABLE_ROWS, bench.tokens.callers, cycle=True))
    bench.clock.say("every server is warm")


def peaks(bench: Bench, until: float) -> None:
    """(a) Cancels a second, latency and cost by number of connections; reads; the limits of the database."""
    for number in bench.rounds(bench.plan.rounds, until):
        extra = bench.plan.extra_connections if number == 0 else ()
        for connections in sorted((*bench.plan.connections, *extra)):
            for system in _there_and_back((*SERVERS, PGBENCH), number):
                _peak(bench, number, system, connections)
        _reads(bench, number)
        bench.counted(Key("cancel", PGBENCH_ONE, "1"), lambda number=number: _pgbench_one(bench, number))  # type: ignore[misc]
        for clients in (1, 2):
            _pgbench_batches(bench, number, clients)
        rate = verifications_per_second(bench.tokens, min(1.0, bench.plan.seconds))
        bench.counted(Key("cancel", VERIFY, "1"), lambda number=number, rate=rate: Run(number, rate))  # type: ignore[misc]


def _peak(bench: Bench, number: int, system: str, connections: int) -> None:
    key = Key("cancel", system, str(connections))
    if system == PGBENCH:
        bench.counted(key, lambda: _pgbench_rows(bench, number, connections))
        return
    load = Load(bench.plan.rows, bench.tokens.callers)
    bench.counted(key, lambda: bench.closed_loop(number, bench.served[system], connections, load))


def _reads(bench: Bench, number: int) -> None:
    load = Load(READABLE_ROWS, bench.tokens.callers, kind="read", cycle=True)
    for system in (OURS, OURS_SQLITE):
        served = bench.served[system]

        def work(served: Served = served) -> Run:
            run = bench.closed_loop(number, served, PEAK_CONNECTIONS, load, offers=READABLE_ROWS)
            probe.check_read(served.port, bench.tokens.one)
            return run

        bench.counted(Key("read", system, PEAK), work)


def _pgbench_rows(bench: Bench, number: int, clients: int) -> Run:
    bench.postgres.reset(bench.plan.rows)
    meter = Meter({"database": bench.server.pid})
    found = pgbench.one_row(bench.postgres.url, clients, bench.plan.pgbench_seconds, bench.plan.rows)
    used = meter.read()
    changed = bench.postgres.settled().cancelled
    if changed != found.transactions:
        raise WrongAnswersError(f"{found.transactions} transactions changed {changed} rows")
    cost = run_of(number, found.per_second, found.transactions, used)
    return Run(number, found.per_second, found.p50_ms, found.p99_ms, database_us=cost.database_us, shares=cost.shares)


def _pgbench_one(bench: Bench, number: int) -> Run:
    bench.postgres.reset(bench.plan.rows)
    found = pgbench.batch_of_one(bench.postgres.url, bench.plan.pgbench_seconds, bench.plan.rows)
    changed = bench.postgres.settled()
    if not changed.cancelled == changed.recorded == found.transactions:
        raise WrongAnswersError(f"{found.transactions} transactions: {changed}")
    return Run(number, found.per_second, found.p50_ms, found.p99_ms)


def _pgbench_batches(bench: Bench, number: int, clients: int) -> None:
    rows_there = 2 * bench.plan.rows  # with nothing else to do, it uses up more of them than any server

    def work() -> Run:
        bench.postgres.reset(rows_there)
        meter = Meter({"database": bench.server.pid})
        found = pgbench.batches(bench.postgres.url, clients, bench.plan.pgbench_seconds, rows_there)
        used = meter.read()
        rows = found.transactions * pgbench.BATCH
        changed = bench.postgres.settled()
        if not changed.cancelled == changed.recorded == rows:
            raise WrongAnswersError(f"{rows} rows to change: {changed}")
        rate = found.per_second * pgbench.BATCH
        cost = run_of(number, rate, rows, used)
        return Run(number, rate, found.p50_ms, found.p99_ms, database_us=cost.database_us, shares=cost.shares)

    bench.counted(Key("cancel", PGBENCH_BATCH, str(clients)), work)


def mixes(bench: Bench, until: float) -> None:
    """(d) Tokens never seen before, ids that nobody has, calls that repeat earlier ones."""
    rows, callers = bench.plan.rows, bench.tokens.callers
    loads = {
        DISTINCT: Load(rows, bench.tokens.distinct(bench.plan.tokens)),
        UNKNOWN: Load(rows, callers, unknown=20),
        AGAIN: Load(rows, callers, again=20),
    }
    for number in bench.rounds(bench.plan.rounds, until):
        plain = Load(rows, callers)
        key = Key("mix", RAW, PLAIN)
        bench.counted(key, lambda: bench.closed_loop(number, bench.served[RAW], PEAK_CONNECTIONS, plain))  # noqa: B023
        for setting, load in loads.items():

            def work(load: Load = load, number: int = number) -> Run:
                return bench.closed_loop(number, bench.served[OURS], PEAK_CONNECTIONS, load)

            bench.counted(Key("mix", OURS, setting), work)


def profiles(bench: Bench, until: float) -> None:
    """Where each server's processor time goes."""
    del until
    rows, callers = bench.plan.rows, bench.tokens.callers
    loads = {
        Key("cancel", RAW, PEAK): Load(rows, callers),
        Key("cancel", OURS, PEAK): Load(rows, callers),
        Key("mix", OURS, DISTINCT): Load(rows, bench.tokens.distinct(bench.plan.tokens)),
        Key("read", OURS, PEAK): Load(READABLE_ROWS, callers, kind="read", cycle=True),
        Key("cancel", OURS_SQLITE, PEAK): Load(rows, callers),
    }
    for key, load in loads.items() if bench.plan.profile_seconds else ():
        try:
            bench.results.profiles[key] = _profile(bench, bench.served[key.system], load)
        except WrongAnswersError as error:
            bench.results.left_out.append(f"{key.measure} {key.system}: {error}")


def _profile(bench: Bench, served: Served, load: Load) -> Mapping[str, float]:
    seconds = bench.plan.profile_seconds
    if served.store is not None:
        served.store.reset(load.rows, offers=load.rows if load.kind == "read" else 0)
    with ThreadPoolExecutor(max_workers=1) as thread:
        answered = thread.submit(run_wrk, served.port, PEAK_CONNECTIONS, seconds + 1, load)
        found = profiling.shares(served.pid, seconds)
        answered.result().check_answers()
    return found


def latencies(bench: Bench, until: float) -> None:
    """(b) Latency at a constant arrival rate, beside the server that does nothing at the same rate."""
    peak = bench.results.spread(Key("cancel", OURS, PEAK))
    if peak is None:
        return
    for number in bench.rounds(bench.plan.rounds, until):
        # What the target is about is measured in every round, the rest once.
        for share in bench.plan.shares_of_peak if number == 0 else (0.5,):
            for system in _there_and_back((RAW, OURS), number):
                for generator in ("arrivals", "h2load") if share == 0.5 else ("arrivals",):
                    _paced(bench, number, system, generator, share, peak.median * share)
            _paced_rows(bench, number, share, peak.median * share)


def _paced(bench: Bench, number: int, system: str, generator: str, share: float, rate: float) -> None:
    served, seconds = bench.served[system], bench.plan.arrival_seconds
    rows = max(bench.plan.rows, int(rate * seconds) + 1)

    def work() -> Run:
        if served.store is not None:
            served.store.reset(rows)
        meter = bench.meter(served)
        if generator == "h2load":
            paced = constant.h2load(served.port, PEAK_CONNECTIONS, rate, seconds, bench.tokens)
        else:
            paced = constant.arrivals(served.port, PEAK_CONNECTIONS, rate, seconds, rows, bench.tokens)
        used = meter.read()
        _check_paced(served, 1 if generator == "h2load" else paced.answered)
        cost = run_of(number, paced.per_second, paced.answered, used)
        return Run(
            number,
            paced.per_second,
            paced.p50_ms,
            paced.p99_ms,
            paced.p999_ms,
            server_us=cost.server_us,
            database_us=cost.database_us,
            shares=cost.shares,
        )

    bench.counted(Key(generator, system, f"{share:.0%}"), work)


def _paced_rows(bench: Bench, number: int, share: float, rate: float) -> None:
    """The database alone at that rate."""
    rows = max(bench.plan.rows, int(rate * bench.plan.arrival_seconds) + 1)

    def work() -> Run:
        bench.postgres.reset(rows)
        seconds = math.ceil(bench.plan.arrival_seconds)
        found = pgbench.one_row(bench.postgres.url, PEAK_CONNECTIONS, seconds, rows, rate=rate)
        constant.check_rate(found.per_second, rate)
        return Run(number, found.per_second, found.p50_ms, found.p99_ms)

    bench.counted(Key("pgbench", PGBENCH, f"{share:.0%}"), work)


def _check_paced(served: Served, cancelled: int) -> None:
    changed = served.store.settled() if served.store is not None else None
    if changed is not None and not changed.cancelled == changed.recorded == cancelled:
        raise WrongAnswersError(f"{cancelled} were cancelled: {changed}")


def far(bench: Bench, until: float) -> None:
    """(g) A database 1 ms away: half a millisecond there, half a millisecond back."""
    port = free_port()
    url = bench.postgres.url.replace(f":{bench.server.port}/", f":{port}/")
    command = [sys.executable, "-m", "bench.proxy", str(port), str(bench.server.port), str(ONE_WAY_SECONDS)]
    with contextlib.ExitStack() as stack:
        stack.enter_context(started(command, bench.launcher.environment({}), bench.launcher.folder / "proxy.log"))
        served = stack.enter_context(bench.launcher.ours(OURS_FAR, bench.postgres, url))
        bench.results.note(NEAR_MS, bench.postgres.round_trip_ms())
        bench.results.note(FAR_MS, PostgresStore(url, bench.clock.say).round_trip_ms())
        load = Load(bench.plan.rows, bench.tokens.callers)
        for number in bench.rounds(bench.plan.rounds, until):
            for one in (bench.served[RAW], served)[:: 1 if number % 2 == 0 else -1]:
                key = Key("far", one.name, str(FAR_CONNECTIONS))

                def work(one: Served = one, number: int = number) -> Run:
                    return bench.closed_loop(number, one, FAR_CONNECTIONS, load)

                bench.counted(key, work)


def whole_flows(bench: Bench, until: float) -> None:
    """(e) Create, poll, cancel; create, poll, book, poll."""
    del until
    served = bench.served[OURS]
    for kind, end in (("cancel", "cancelled"), ("book", "booked")):

        def work(kind: flows.Kind = "book" if kind == "book" else "cancel", end: str = end) -> Run:
            bench.postgres.reset(1)
            meter = bench.meter(served)
            first = 0 if kind == "cancel" else bench.plan.rows // 4
            ended = flows.run_flows(served.port, bench.tokens, kind, bench.plan.flow_seconds, first)
            used = meter.read()
            states = bench.postgres.ended()
            if states != {"open": 1, end: ended.flows}:
                raise WrongAnswersError(f"{ended.flows} flows, and the rows say {states}")
            cost = run_of(0, ended.per_second, ended.flows, used)
            return Run(
                0,
                ended.per_second,
                ended.p50_ms,
                ended.p99_ms,
                server_us=cost.server_us,
                database_us=cost.database_us,
                shares=cost.shares,
            )

        bench.counted(Key("flow", OURS, f"create, poll, {kind}"), work)


def starts(bench: Bench, until: float) -> None:
    """(f) From the start of the process to its first 204."""
    engines: tuple[tuple[str, Store, str], ...] = (
        (START, bench.postgres, bench.postgres.url),
        (START_SQLITE, bench.sqlite, bench.sqlite.url),
    )
    for _ in bench.rounds(bench.plan.starts, until):
        for name, store, url in engines:
            store.reset(1)
            with bench.launcher.ours(OURS, store, url) as served:
                bench.results.note(name, served.start_seconds)
            bench.clock.say(f"{name}: {served.start_seconds:.2f}")


def memory(bench: Bench, until: float) -> None:
    """(f) The memory of a worker after ten thousand requests, and after a million."""
    limit = until * bench.plan.total_seconds
    bench.postgres.reset(bench.plan.rows)
    with bench.launcher.ours(OURS, bench.postgres, bench.postgres.url) as served:
        done = 0
        while done < FEW_REQUESTS:
            done += _answer_more(bench, served, FEW_REQUESTS - done, 1)
        bench.results.note(MEMORY_FEW, memory_mib(served.pid))
        while done < bench.plan.many_requests and bench.clock.elapsed() < limit:
            done += _answer_more(bench, served, bench.plan.many_requests - done, min(10, 3 * bench.plan.seconds))
            bench.clock.say(f"memory after {done:,} requests: {memory_mib(served.pid):.1f} MiB")
        bench.results.note(MEMORY_MANY, memory_mib(served.pid))
        bench.results.note(MEMORY_REQUESTS, done)


def _answer_more(bench: Bench, served: Served, requests: int, seconds: int) -> int:
    # The calls under way when it stops are not counted as answered.
    load = Load(bench.plan.rows, bench.tokens.callers, cycle=True, limit=requests + PEAK_CONNECTIONS)
    answered = run_wrk(served.port, PEAK_CONNECTIONS, seconds, load)
    answered.check_answers()
    return answered.answered


def growth(bench: Bench, until: float) -> None:
    """(c) The same with ever more rows, named without locality."""
    seconds_a_row = 0.0
    for rows in bench.plan.growth:
        if seconds_a_row and bench.clock.elapsed() + seconds_a_row * rows > until * bench.plan.total_seconds:
            bench.results.left_out.append(f"{rows:,} rows: not measured, filling them would have taken too long")
            return
        before = bench.clock.elapsed()
        bench.postgres.reset(rows)
        seconds_a_row = (bench.clock.elapsed() - before) / rows
        bench.results.note(SEEDING.format(rows), bench.clock.elapsed() - before)
        _grown(bench, rows, until)


def _grown(bench: Bench, rows: int, until: float) -> None:
    used = 0
    step = min(rows, bench.plan.rows)
    for number in bench.rounds(bench.plan.rounds, until):
        for system in _there_and_back((RAW, OURS), number):
            if used + step > rows:
                bench.postgres.reset(rows)
                used = 0
            load = Load(rows, bench.tokens.callers, skip=used, limit=step)

            def work(system: str = system, load: Load = load, number: int = number) -> Run:
                return bench.loop_on(number, bench.served[system], PEAK_CONNECTIONS, load)

            bench.counted(Key("growth", system, f"{rows:,}"), work)
            used += step if system == OURS else 0
    if rows == bench.plan.growth[-1] and used + step <= rows:
        bench.postgres.checkpoint()
        load = Load(rows, bench.tokens.callers, skip=used, limit=step)
        key = Key("growth", OURS, f"{rows:,}, right after a checkpoint")
        bench.counted(key, lambda: bench.loop_on(0, bench.served[OURS], PEAK_CONNECTIONS, load))
