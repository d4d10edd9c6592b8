"""THE table of faults: what is tried, and how much of it in a short and in a full run."""

from __future__ import annotations

from ..trial import Amount, Kind
from . import databases, networks, overload, planted, races, rows, servers, stops, workers

KINDS = (
    Kind("race on PostgreSQL", races.on_postgresql, Amount(50, 10), Amount(1000, 600)),
    Kind("race on SQLite", races.on_sqlite, Amount(25, 8), Amount(300, 200)),
    Kind("row held by another", rows.held_row, Amount(1, 10), Amount(20, 60)),
    Kind("server killed on PostgreSQL", servers.on_postgresql, Amount(4, 8), Amount(220, 900)),
    Kind("server killed on SQLite", servers.on_sqlite, Amount(3, 8), Amount(80, 400)),
    Kind("worker killed at every step", workers.killed, Amount(6, 10), Amount(100, 500)),
    Kind("worker killed while it reschedules", workers.rescheduling, Amount(6, 10), Amount(100, 500)),
    Kind("worker stopped beyond its lease", workers.stopped, Amount(3, 10), Amount(40, 300)),
    Kind("worker ten minutes ahead killed", workers.ahead, Amount(3, 8), Amount(60, 300)),
    Kind("postmaster killed", databases.killed, Amount(3, 8), Amount(80, 300)),
    Kind("I/O error at commit", databases.commit_fails, Amount(2, 8), Amount(40, 300)),
    Kind("disk full", databases.disk_full, Amount(1, 8), Amount(10, 300)),
    Kind("database unreachable", networks.unreachable, Amount(2, 10), Amount(40, 300)),
    Kind("database slow", networks.slow, Amount(1, 6), Amount(20, 120)),
    Kind("three times too many calls", overload.overloaded, Amount(1, 10), Amount(5, 120)),
    Kind("SIGTERM in full load", stops.stopped, Amount(2, 8), Amount(20, 300)),
    Kind("build without compare-and-set", planted.without_compare_and_set, Amount(1, 30), Amount(5, 60)),
    Kind("calls without a fault", races.many, Amount(1000, 5), Amount(800_000, 600)),
)
