"""Figures as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence

from bench.results import Key, Results, Run, Spread


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> str:
    """A Markdown table; the first `words` columns are text, the others numbers."""
    lines = ["| " + " | ".join(head) + " |", "|---" * words + "|---:" * (len(head) - words) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def count(spread: Spread | None) -> str:
    """A rate with its range."""
    if spread is None:
        return "did not count"
    if spread.low == spread.high:
        return f"{spread.median:,.0f}"
    return f"{spread.median:,.0f} ({spread.low:,.0f} to {spread.high:,.0f})"


def ratio(spread: Spread | None) -> str:
    """A ratio with its range."""
    if spread is None:
        return "not measured"
    if spread.low == spread.high:
        return f"{spread.median:.2f}"
    return f"{spread.median:.2f} ({spread.low:.2f} to {spread.high:.2f})"


COSTS = ("server us", "database us", "server %", "database %", "machine %")
HEAD = ("", "per second", "p50 ms", "p99 ms", *COSTS)
"""Of the rows that `row` makes."""

FLOW_HEAD = (
    "",
    "flows per second",
    "calls a flow",
    "503s a flow",
    "polls a result",
    "p50 ms",
    "p99 ms",
    "client us",
    *COSTS,
)
"""Of the rows that `flow_row` makes."""


def row(results: Results, key: Key, label: str) -> list[str]:
    """Rate, latency and cost of a key."""
    latency = [_value(results, key, name, "{:.2f}") for name in ("p50_ms", "p99_ms")]
    return [label, count(results.spread(key)), *latency, *_costs(results, key)]


def flow_row(results: Results, key: Key) -> list[str]:
    """Rate, calls, latency and cost of a key of whole flows."""
    calls = [_value(results, key, name, "{:.1f}") for name in ("calls", "shed", "polls")]
    latency = [_value(results, key, name, "{:.0f}") for name in ("p50_ms", "p99_ms", "client_us")]
    return [f"{key.system}, {key.setting}", count(results.spread(key)), *calls, *latency, *_costs(results, key)]


def _costs(results: Results, key: Key) -> list[str]:
    times = [_value(results, key, name, "{:.0f}") for name in ("server_us", "database_us")]
    return [*times, *(_share(results.runs(key), name) for name in ("server", "database", "machine"))]


def _value(results: Results, key: Key, attribute: str, form: str) -> str:
    median = results.median(key, attribute)
    return form.format(median) if median else ""


def _share(runs: Sequence[Run], name: str) -> str:
    values = [run.shares[name] for run in runs if run.shares.get(name)]
    return f"{Spread.of(values).median * 100:.0f}" if values else ""
