"""Figures as tables: Markdown for the document, plain text for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from bench.results import Key, Results, Run, Spread
from bench.systems import DEFAULT_2, OURS_2

TWO_WORKERS = frozenset({OURS_2, DEFAULT_2})
BUSY = 0.9
"""A part of a core, or of the machine, above which it is what limits a run."""


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


HEAD = ("", "per second", "p50 ms", "p99 ms", "server us", "database us", "what limits it")
"""Of the rows that `row` makes."""


def row(results: Results, key: Key, label: str) -> list[str]:
    """One row: rate, latency, processor time for each answer, and what limits the run."""
    p50, p99 = results.spread(key, "p50_ms"), results.spread(key, "p99_ms")
    server, database = results.spread(key, "server_us"), results.spread(key, "database_us")
    return [
        label,
        count(results.spread(key)),
        _value(p50, "{:.2f}"),
        _value(p99, "{:.2f}"),
        _value(server, "{:.0f}"),
        _value(database, "{:.0f}"),
        limit_of(results.runs(key), 2 if key.system in TWO_WORKERS else 1),
    ]


def _value(spread: Spread | None, form: str) -> str:
    return form.format(spread.median) if spread is not None and spread.median else ""


def limit_of(runs: Sequence[Run], workers: int) -> str:
    """What was used up, and by whom; when nothing was, the run waited for commits and answers."""
    if not runs or not runs[0].shares:
        return ""
    server, database, machine = (
        Spread.of([run.shares.get(name, 0.0) for run in runs]).median for name in ("server", "database", "machine")
    )
    used = ", ".join(f"{name} {value:.0%}" for name, value in (("server", server), ("database", database)) if value)
    if server >= BUSY * workers:
        return f"the server's core ({used})"
    if machine >= BUSY:
        return f"all cores together ({used})"
    return f"waiting ({used}, machine {machine:.0%})"
