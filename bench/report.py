"""The document docs/performance.md, and the table at the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, plots, tables
from bench.flows import TITLE
from bench.measuring import Bench
from bench.parts.cancels import PEAK
from bench.parts.database_away import FAR_MS, NEAR_MS
from bench.parts.flowing import KINDS
from bench.parts.process import MEMORY_FEW, MEMORY_MANY, MEMORY_REQUESTS
from bench.plan import FAR_CONNECTIONS
from bench.results import Key, Results
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
)
from bench.targets import Line, bare_commit_ms, lines

INTRODUCTION = Path(__file__).with_name("introduction.md")
BUSY_BEFORE = "share of the machine that was busy before the start"
SYSTEMS = (RAW, RAW_SERVICE, SERVICE, SERVICE_2, SERVICE_SQLITE, DEFAULT, DEFAULT_2, PGBENCH, VERIFY)


def ratio_table(judged: Sequence[Line]) -> str:
    """One target a line: figure, target, `ok` or `short`."""
    rows = [
        f"{target.title:<74} {tables.ratio(spread):>24} {target.wanted:>9} {verdict}".rstrip()
        for target, spread, verdict in judged
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
    results = bench.results
    parts = [INTRODUCTION.read_text("utf-8"), _targets(bench), _flows(results), _cancels(results), _latency(results)]
    parts += [_rows(results, "mix", f"Other mixes of calls, {PEAK} connections"), _profiles(results)]
    parts += [_growth(results), _far(results), _process(results), _measured_with(bench), _failures(results)]
    return "\n".join(part for part in parts if part)


def _targets(bench: Bench) -> str:
    rows = [
        [target.title, tables.ratio(spread), target.wanted, verdict]
        for target, spread, verdict in lines(bench.results, bench.plan)
    ]
    return "## Ratios\n\n" + tables.table(["", "figure", "target", ""], rows)


def _flows(results: Results) -> str:
    parts = ["## Whole flows\n"]
    for kind in reversed(KINDS):
        rows = [tables.flow_row(results, key) for key in sorted(results.keys(f"flow {kind}"), key=_by_callers)]
        parts.append(f"### {TITLE[kind].capitalize()}\n\n" + tables.table(tables.FLOW_HEAD, rows))
    return "\n".join(parts)


def _by_callers(key: Key) -> tuple[str, int]:
    return key.system, int(key.setting.split()[0])


def _cancels(results: Results) -> str:
    parts = ["## Cancels\n"]
    for connections in _steps(results):
        keys = [Key("cancel", system, connections) for system in SYSTEMS]
        rows = [tables.row(results, key, key.system) for key in keys if results.runs(key)]
        number = "1 connection" if connections == "1" else f"{connections} connections"
        parts.append(f"### {number}\n\n" + tables.table(tables.HEAD, rows))
    parts.append("![Cancels per second by connections](performance/throughput.svg)\n")
    rows = [tables.row(results, key, key.system) for key in results.keys("read")]
    parts.append(f"## GET of an open appointment-request, {PEAK} connections\n\n" + tables.table(tables.HEAD, rows))
    return "\n".join(parts)


def _steps(results: Results) -> list[str]:
    return sorted({key.setting for key in results.keys("cancel") if key.system == RAW}, key=int)


def _latency(results: Results) -> str:
    head = ("rate", "generator", "system", "per second", "p50 ms", "p99 ms", "p99.9 ms")
    rows = []
    for generator in ("arrivals", "h2load", "pgbench"):
        for key in sorted(results.keys(generator), key=lambda key: (float(key.setting[:-1]), key.system)):
            spreads = [results.spread(key, name) for name in ("p50_ms", "p99_ms", "p999_ms")]
            rows.append([f"{key.setting} of peak", generator, key.system, tables.count(results.spread(key))])
            rows[-1] += [tables.ratio(spread) if spread and spread.median else "" for spread in spreads]
    title = f"## Latency at a constant arrival rate, {PEAK} connections\n\n"
    return title + tables.table(head, rows, words=3) + "\n![Latency by rate](performance/latency.svg)\n"


def _rows(results: Results, measure: str, title: str) -> str:
    rows = [tables.row(results, key, f"{key.system}: {key.setting}") for key in results.keys(measure)]
    return f"## {title}\n\n" + tables.table(tables.HEAD, rows)


def _profiles(results: Results) -> str:
    if not results.profiles:
        return ""
    names = [f"{key.measure}: {key.system}" for key in results.profiles]
    packages = sorted({package for shares in results.profiles.values() for package in shares})
    rows = [[package, *(_share(results, key, package) for key in results.profiles)] for package in packages]
    title = "## Server time by package, microseconds\n\n"
    return title + tables.table(["package of the innermost Python frame (py-spy)", *names], rows)


def _share(results: Results, key: Key, package: str) -> str:
    share, cost = results.profiles[key].get(package, 0.0), results.median(key, "server_us")
    return f"{share * cost:.1f}" if share and cost else ""


def _growth(results: Results) -> str:
    plot = "\n![Cancels per second by rows](performance/growth.svg)\n"
    return _rows(results, "growth", f"Growth, {PEAK} connections, ids without locality") + plot


def _far(results: Results) -> str:
    rows = [tables.row(results, key, key.system) for key in results.keys("far")]
    times = [
        f"\n`SELECT 1` took {_number(results, name):.2f} ms {way}.\n" for name, way in _WAYS if results.figure(name)
    ]
    title = f"## A database 1 ms away, {FAR_CONNECTIONS} connections\n\n"
    return title + tables.table(tables.HEAD, rows) + "".join(times)


_WAYS = ((NEAR_MS, "directly"), (FAR_MS, "through the proxy"))


def _number(results: Results, name: str) -> float:
    spread = results.figure(name)
    return spread.median if spread else 0.0


def _process(results: Results) -> str:
    rows = [[name, f"{_number(results, name):.1f}"] for name in (MEMORY_FEW, MEMORY_MANY) if results.figure(name)]
    rows.append([MEMORY_REQUESTS, f"{_number(results, MEMORY_REQUESTS):,.0f}"])
    return "## Memory\n\n" + tables.table(["", "figure"], rows)


def _measured_with(bench: Bench) -> str:
    found = bench.fleet.postgres().settings()
    version = found.pop("server_version")
    facts = {
        "Run": f"{bench.plan.name}, {datetime.now(UTC).date()}",
        **machine.facts(),
        "PostgreSQL": version,
        "its settings": ", ".join(f"{name} {value}" for name, value in found.items()),
        "Bare commit": f"{bare_commit_ms(bench.results) or 0:.3f} ms",
        "Busy before the start": f"{_number(bench.results, BUSY_BEFORE):.0%} of the machine",
    }
    return "## Measured with\n\n" + tables.table(["", ""], [[*fact] for fact in facts.items()], words=2)


def _failures(results: Results) -> str:
    left_out = [*results.failures, *results.left_out]
    return "## What did not count\n\n" + "\n".join(f"- {text}" for text in left_out) + "\n" if left_out else ""


def _plots(results: Results) -> dict[str, str]:
    steps = _steps(results)
    throughput = {
        system: [results.median(Key("cancel", system, step)) for step in steps]
        for system in SYSTEMS
        if system != VERIFY
    }
    shares = sorted({key.setting for key in results.keys("arrivals")}, key=lambda share: float(share[:-1]))
    latency = {
        f"{system}, {name[:3]}": [results.median(Key("arrivals", system, share), name) for share in shares]
        for system in (RAW, SERVICE)
        for name in ("p50_ms", "p99_ms")
    }
    sizes = [key.setting for key in results.keys("growth") if key.system == RAW]
    growth = {system: [results.median(Key("growth", system, size)) for size in sizes] for system in (RAW, SERVICE)}
    return {
        "throughput": plots.line_plot("Cancels per second by number of connections", "1/s", steps, throughput),
        "latency": plots.line_plot("Latency by part of the peak rate", "ms", shares, latency),
        "growth": plots.line_plot("Cancels per second by number of rows", "1/s", sizes, growth),
    }
