"""Why a target is missed: the figures of the same run that say so."""

from __future__ import annotations

from collections.abc import Callable

from bench.measures import DISTINCT, PEAK
from bench.measuring import CORES
from bench.results import Key, Results
from bench.systems import OURS, OURS_2, OURS_SQLITE, PGBENCH, PGBENCH_ONE, RAW, VERIFY


def of_time(key: Key, more: str = "") -> Callable[[Results], str]:
    """The reason of a rate: what an answer costs the server, and how long it waits; and `more`."""

    def reason(results: Results) -> str:
        ours, raw = _median(results, key, "server_us"), _median(results, Key("cancel", RAW, PEAK), "server_us")
        busy = min(1.0, _share(results, key, "server"))
        return (
            f"An answer takes {ours:.0f} us of the server's one interpreter, raw ASGI's {raw:.0f}, so that it could be "
            f"{raw / ours:.2f} at most; and the server was busy for {busy:.0%} of the time. {more}".rstrip()
        )

    return reason


def of_two_workers(results: Results) -> str:
    """The reason of the rate of two workers."""
    key = Key("cancel", OURS_2, PEAK)
    return (
        f"Of {CORES} cores the workers take {_share(results, key, 'server'):.0%} of one, the database "
        f"{_share(results, key, 'database'):.0%}, and with the load generator {_share(results, key, 'machine'):.0%} of "
        f"all are in use; workers and database were ready without a core for {_share(results, key, 'queued'):.0%} of "
        f"the time."
    )


def of_tail(results: Results) -> str:
    """The reason of the slowest calls at a constant rate."""
    ours, raw = Key("arrivals", OURS, "50%"), Key("arrivals", RAW, "50%")
    server, database = _share(results, ours, "server"), _share(results, ours, "database")
    rest = _share(results, ours, "machine") * CORES - server - database
    told = (
        f"Of {CORES} cores the server takes {server:.0%} of one, the database {database:.0%}, caller and system "
        f"{rest:.0%}; server and database were ready without a core for {_share(results, ours, 'queued'):.0%} of "
        f"the time (raw ASGI {_share(results, raw, 'queued'):.0%})."
    )
    alone = results.spread(Key("pgbench", PGBENCH, "50%"), "p99_ms")
    if alone is not None:
        told += f" Bare updates at this rate, with pgbench as the caller, have a p99 of {alone.median:.2f} ms."
    return told


def of_one_call(results: Results) -> str:
    """The reason of the latency of one call alone."""
    ours, bare = (results.spread(Key("cancel", system, "1"), "p50_ms") for system in (PGBENCH_ONE, PGBENCH))
    cost = _median(results, Key("cancel", OURS, "1"), "server_us") - _median(
        results, Key("cancel", RAW, "1"), "server_us"
    )
    told = f"The server's own work is {cost:.0f} us more than raw ASGI's; the call wakes the database, then the server."
    if ours and bare:
        told = (
            f"The statement of the group commit, with its event, takes pgbench {ours.median:.3f} ms for one row, "
            f"a bare update {bare.median:.3f}. {told}"
        )
    return told


def of_signatures(results: Results) -> str:
    """The reason of the rate with tokens never seen before."""
    alone = results.spread(Key("cancel", VERIFY, "1"))
    checked = f"RS256 alone takes {1e6 / alone.median:.0f} us of it." if alone else ""
    return of_time(Key("mix", OURS, DISTINCT), checked)(results)


def _median(results: Results, key: Key, attribute: str) -> float:
    found = results.spread(key, attribute)
    return found.median if found else float("nan")


def _share(results: Results, key: Key, name: str) -> float:
    found = sorted(run.shares.get(name, 0.0) for run in results.runs(key))
    return found[len(found) // 2] if found else float("nan")


CANCEL = of_time(Key("cancel", OURS, PEAK), "Where they go is below, part by part.")
READ = of_time(Key("read", OURS, PEAK), "Where they go is below, part by part.")
SQLITE = of_time(
    Key("cancel", OURS_SQLITE, PEAK), "Its statements and its fsync are among them: SQLite has no process of its own."
)
