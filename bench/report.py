"""The document docs/performance.md, and the table at the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, plots, profiling, tables
from bench.measures import BUSY_BEFORE, FAR_MS, MEMORY_FEW, MEMORY_MANY, MEMORY_REQUESTS, NEAR_MS, PEAK, SERVERS
from bench.measuring import Bench
from bench.plan import FAR_CONNECTIONS
from bench.results import Key, Results
from bench.systems import OURS, PGBENCH, PGBENCH_BATCH, PGBENCH_ONE, RAW, VERIFY
from bench.targets import Line, bare_commit_ms, lines


def ratio_table(found: Sequence[Line]) -> str:
    """One target a line: figure, target, `ok` or `short`."""
    rows = [
        f"{target.title:<62} {tables.ratio(figure):>24} {target.wanted:>9} {verdict}".rstrip()
        for target, figure, verdict in found
    ]
    return "\n".join(rows)


def write(bench: Bench, folder: Path) -> None:
    """Write performance.md and its plots into a folder."""
    plots_folder = folder / "performance"
    plots_folder.mkdir(parents=True, exist_ok=True)
    for name, svg in _plots(bench.results).items():
        (plots_folder / f"{name}.svg").write_text(svg, "utf-8")
    (folder / "performance.md").write_text(_document(bench), "utf-8")


def _document(bench: Bench) -> str:
    parts = [_introduction(bench), _targets(bench), _peaks(bench), _latency(bench), _mixes(bench)]
    parts += [_profiles(bench.results), _growth(bench)]
    parts += [_far(bench), _flows(bench), _process(bench), _how(bench), _failures(bench.results)]
    return "\n".join(part for part in parts if part)


def _introduction(bench: Bench) -> str:
    today = datetime.now(UTC).date()
    return f"""# Performance

Written by `make bench` ({bench.plan.name}) on {today}. Do not edit: run it again.

Everything ran side by side on one machine: server, database and load generator share its cores. Only ratios of one
run mean anything elsewhere. A figure is the median of its rounds, with the range in brackets. An answer counts when it
was right and, for a cancel, when its row and its one event are in the database afterwards; fsync was on everywhere.
"""


def _targets(bench: Bench) -> str:
    rows = [
        [target.title, tables.ratio(figure), target.wanted, verdict]
        for target, figure, verdict in lines(bench.results, bench.plan)
    ]
    commit = bare_commit_ms(bench.results)
    note = f"\nA bare commit (pgbench, one client, p50) took {commit:.3f} ms.\n" if commit else ""
    return "## Ratios\n\n" + tables.table(["", "found", "target", ""], rows) + note + _busy(bench) + _short(bench)


def _short(bench: Bench) -> str:
    """Why, for each target that is."""
    found = [
        f"- {target.title}: {target.reason(bench.results)}"
        for target, _, verdict in lines(bench.results, bench.plan)
        if verdict == "short" and target.reason is not None
    ]
    return "\n### What is short, and why\n\n" + "\n".join(found) + "\n" if found else ""


def _busy(bench: Bench) -> str:
    busy = bench.results.figures[BUSY_BEFORE][0]
    return f"\nBefore anything was started, the machine was {busy:.0%} busy with something else.\n"


def _steps(results: Results) -> list[str]:
    found = {key.setting for key in results.keys("cancel") if key.system == RAW}
    return sorted(found, key=int)


def _connections(number: str) -> str:
    return "1 connection" if number == "1" else f"{number} connections"


def _peaks(bench: Bench) -> str:
    results, parts = bench.results, ["## Cancels per second\n"]
    for connections in _steps(results):
        rows = [
            tables.row(results, Key("cancel", system, connections), system)
            for system in (*SERVERS, PGBENCH)
            if results.runs(Key("cancel", system, connections))
        ]
        parts.append(f"### {_connections(connections)}\n\n" + tables.table(tables.HEAD, rows))
    rows = [tables.row(results, key, key.system) for key in results.keys("read")]
    parts.append(f"### GET of an open appointment-request with 20 slots, {PEAK} connections\n\n")
    parts[-1] += tables.table(tables.HEAD, rows)
    rows = [tables.row(results, Key("cancel", PGBENCH_BATCH, n), f"{PGBENCH_BATCH}, {n} clients") for n in ("1", "2")]
    rows.insert(0, tables.row(results, Key("cancel", PGBENCH_ONE, "1"), f"{PGBENCH_ONE}, 1 client"))
    verify = tables.count(results.spread(Key("cancel", VERIFY, "1")))
    parts.append("### Limits\n\n" + tables.table(tables.HEAD, [*rows, [VERIFY, verify, "", "", "", "", "one core"]]))
    parts.append("![Cancels per second by connections](performance/throughput.svg)\n")
    return "\n".join(parts)


def _latency(bench: Bench) -> str:
    results = bench.results
    head = ("rate", "generator", "system", "per second", "p50 ms", "p99 ms", "p99.9 ms")
    rows = []
    for generator in ("arrivals", "h2load", "pgbench"):
        for key in sorted(results.keys(generator), key=lambda key: (float(key.setting[:-1]), key.system)):
            spreads = [results.spread(key, name) for name in ("p50_ms", "p99_ms", "p999_ms")]
            rows.append([f"{key.setting} of peak", generator, key.system, tables.count(results.spread(key))])
            rows[-1] += [tables.ratio(spread) if spread and spread.median else "" for spread in spreads]
    text = f"""## Latency at a constant arrival rate

Calls fall due at a constant rate, over {PEAK} connections, at parts of what ours does at its peak with {PEAK}
connections. `arrivals` is the open loop of this bench (bench/arrivals.py): every call cancels another
appointment-request, and its latency counts from the moment it was due. `h2load --h1 --rps` sends one and the same body
over and over, so it cancels one appointment-request again and again; its connections keep step, so calls come in bursts
of {PEAK}; and it counts from the sending. It is here to check the other. `pgbench --rate` commits one bare update a
call at the same rate, at random moments, with no HTTP and no service: what the database alone makes of it on these
cores. A run that did not reach 98 % of its rate does not count.

"""
    return text + tables.table(head, rows, words=3) + "\n![Latency by rate](performance/latency.svg)\n"


def _mixes(bench: Bench) -> str:
    rows = [tables.row(bench.results, key, f"{key.system}: {key.setting}") for key in bench.results.keys("mix")]
    text = f"""## Other mixes of calls

{PEAK} connections. Elsewhere 100 tokens are in use, which the service has seen before; here also {bench.plan.tokens:,}
different ones in turn, more than it remembers, so that every signature is checked.

"""
    return text + tables.table(tables.HEAD, rows)


def _profiles(results: Results) -> str:
    if not results.profiles:
        return ""
    head = ["microseconds of the server, by part", *(f"{key.measure}: {key.system}" for key in results.profiles)]
    parts = sorted({part for found in results.profiles.values() for part in found})
    rows = [[part, *(_part(results, key, part) for key in results.profiles)] for part in parts]
    rows.append(["all", *(_us(results, key) for key in results.profiles)])
    rows.append(["the ratio to raw ASGI is at most", *(_bound(results, key) for key in results.profiles)])
    text = f"""## Where the server's time goes

{PEAK} connections; `mix` is with all tokens distinct. py-spy looked at each server {profiling.LOOKS_A_SECOND} times a
second, and each look counts for the file of the innermost Python function: what C code does counts for its caller, so
the system calls that write an answer count for uvicorn. One process has one interpreter: if it never waited, and the
other core had room for database and load generator, its rate over that of raw ASGI would be raw ASGI's microseconds
over its own.

"""
    return text + tables.table(head, rows)


def _part(results: Results, key: Key, part: str) -> str:
    cost = _median(results, key, "server_us")
    return f"{results.profiles[key].get(part, 0.0) * cost:.1f}" if cost else ""


def _us(results: Results, key: Key) -> str:
    cost = _median(results, key, "server_us")
    return f"{cost:.1f}" if cost else ""


def _bound(results: Results, key: Key) -> str:
    cost, least = _median(results, key, "server_us"), _median(results, Key("cancel", RAW, PEAK), "server_us")
    return f"{least / cost:.2f}" if cost and least else ""


def _growth(bench: Bench) -> str:
    rows = [tables.row(bench.results, key, f"{key.system}: {key.setting} rows") for key in bench.results.keys("growth")]
    text = f"""## Growth

{PEAK} connections, ids in an order without locality, so that almost every call touches another page of the table and of
its index. Right after a checkpoint the first change of each page writes the whole page to the log
(`full_page_writes`), which is the worst moment of a large table.

"""
    return text + tables.table(tables.HEAD, rows) + "\n![Cancels per second by rows](performance/growth.svg)\n"


def _far(bench: Bench) -> str:
    found = bench.results.figures
    near, away = (found.get(name, [0.0])[0] for name in (NEAR_MS, FAR_MS))
    rows = [tables.row(bench.results, key, key.system) for key in bench.results.keys("far")]
    text = f"""## A database 1 ms away

{FAR_CONNECTIONS} connections. A TCP proxy delivers everything half a millisecond late in each direction: `SELECT 1`
takes {away:.2f} ms through it, {near:.2f} ms without.

"""
    return text + tables.table(tables.HEAD, rows)


def _flows(bench: Bench) -> str:
    rows = [tables.row(bench.results, key, key.setting) for key in bench.results.keys("flow")]
    text = """## Whole flows

64 callers at once, each creating an appointment-request, polling every 50 ms until its slots are there, then cancelling
it or booking a slot and polling until it is booked. The caller is a Python program on the same cores. Rows at the end
are counted: every flow ended as it should.

"""
    return text + tables.table(tables.HEAD, rows)


def _process(bench: Bench) -> str:
    found = bench.results.figures
    rows = [
        [name, tables.ratio(line.found)]
        for line in lines(bench.results, bench.plan)
        if "start" in (name := line.target.title)
    ]
    if MEMORY_FEW in found and MEMORY_MANY in found:
        rows.append([MEMORY_FEW, f"{found[MEMORY_FEW][0]:.1f}"])
        rows.append([f"MiB after {found[MEMORY_REQUESTS][0]:,.0f} requests", f"{found[MEMORY_MANY][0]:.1f}"])
    return "## The process\n\n" + tables.table(["", "found"], rows)


def _how(bench: Bench) -> str:
    rows = [[name, value] for name, value in {**machine.facts(), **_postgres(bench)}.items()]
    text = """## How to repeat it

`make bench` (under fifteen minutes) or `make bench BENCH=--quick` (under two). It needs `wrk`, `h2load` and `pgbench`,
and says what to install when one is missing. What limits a run is read from the processor time that the server, the
database and the whole machine used during it. The peers are explained in `bench/peers/README.md`.

"""
    return text + tables.table(["", "measured with"], rows, words=2)


def _postgres(bench: Bench) -> dict[str, str]:
    found = bench.postgres.settings()
    version = found.pop("server_version")
    return {"PostgreSQL": version, "its settings": ", ".join(f"{name} {value}" for name, value in found.items())}


def _failures(results: Results) -> str:
    found = [*results.failures, *results.left_out]
    return "## What did not count\n\n" + "\n".join(f"- {text}" for text in found) + "\n" if found else ""


def _plots(results: Results) -> dict[str, str]:
    steps = _steps(results)
    throughput = {
        system: [_median(results, Key("cancel", system, step)) for step in steps] for system in (*SERVERS, PGBENCH)
    }
    shares = sorted({key.setting for key in results.keys("arrivals")}, key=lambda share: float(share[:-1]))
    latency = {
        f"{system}, {name[:3]}": [_median(results, Key("arrivals", system, share), name) for share in shares]
        for system in (RAW, OURS)
        for name in ("p50_ms", "p99_ms")
    }
    sizes = [key.setting for key in results.keys("growth") if key.system == RAW]
    growth = {system: [_median(results, Key("growth", system, size)) for size in sizes] for system in (RAW, OURS)}
    return {
        "throughput": plots.line_plot("Cancels per second by number of connections", "1/s", steps, throughput),
        "latency": plots.line_plot("Latency by part of the peak rate", "ms", shares, latency),
        "growth": plots.line_plot("Cancels per second by number of rows", "1/s", sizes, growth),
    }


def _median(results: Results, key: Key, attribute: str = "per_second") -> float | None:
    found = results.spread(key, attribute)
    return found.median if found else None
