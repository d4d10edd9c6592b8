"""The process: how soon it answers, and how much memory it takes."""

from __future__ import annotations

from bench.load import Load, run_wrk
from bench.measuring import Bench
from bench.plan import FEW_REQUESTS, PEAK_CONNECTIONS
from bench.processes import memory_mib
from bench.rows import Store
from bench.systems import SERVICE, Served

MEMORY_FEW, MEMORY_MANY, MEMORY_REQUESTS = "MiB after 10,000 requests", "MiB after many requests", "many requests"
START, START_SQLITE = "seconds from start to first answer, PostgreSQL", "seconds from start to first answer, SQLite"
SPARE = "one more service"


def starts(bench: Bench) -> None:
    """From the start of the process to its first 204."""
    stores: dict[str, Store] = {START: bench.fleet.postgres(SPARE), START_SQLITE: bench.fleet.new_sqlite("start")}
    for _ in bench.rounds(bench.plan.starts):
        for name, store in stores.items():
            store.reset(1)
            with bench.fleet.launcher.service(SERVICE, store, store.url) as served:
                bench.results.note(name, served.start_seconds)
            bench.clock.say(f"{name}: {served.start_seconds:.2f}")


def memory(bench: Bench) -> None:
    """The memory of a process after ten thousand requests, and after a million."""
    store = bench.fleet.postgres(SPARE)
    store.reset(bench.plan.rows)
    with bench.fleet.launcher.service(SERVICE, store, store.url) as served:
        done = 0
        while done < FEW_REQUESTS:
            done += _answer_more(bench, served, FEW_REQUESTS - done, 1)
        bench.results.note(MEMORY_FEW, memory_mib(served.pid))
        while done < bench.plan.many_requests and bench.clock.elapsed() < bench.until_seconds:
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
