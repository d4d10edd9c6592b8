"""How long everything takes: the full bench and the quick one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Durations in seconds, sizes in rows.

    rounds: how often what a target is about is measured, as long as time allows.
    profile_seconds: how long each server is looked at; 0 makes no profiles.
    connections: to how many connections it is measured; those in `extra_connections` only once.
    total_seconds: when no further round begins.
    """

    name: str
    rounds: int
    seconds: int
    pgbench_seconds: int
    connections: tuple[int, ...]
    extra_connections: tuple[int, ...]
    arrival_seconds: float
    shares_of_peak: tuple[float, ...]
    rows: int
    growth: tuple[int, ...]
    tokens: int
    flow_seconds: float
    profile_seconds: int
    starts: int
    many_requests: int
    total_seconds: float


FULL = Plan(
    name="full",
    rounds=3,
    seconds=3,
    pgbench_seconds=3,
    connections=(1, 64),
    extra_connections=(16, 256),
    arrival_seconds=5,
    shares_of_peak=(0.25, 0.5, 0.8),
    rows=200_000,
    growth=(10_000, 1_000_000, 10_000_000),
    tokens=20_000,
    flow_seconds=6,
    profile_seconds=3,
    starts=5,
    many_requests=1_000_000,
    total_seconds=860,
)
QUICK = Plan(
    name="quick",
    rounds=1,
    seconds=1,
    pgbench_seconds=1,
    connections=(1, 64),
    extra_connections=(),
    arrival_seconds=2,
    shares_of_peak=(0.5,),
    rows=50_000,
    growth=(10_000, 200_000),
    tokens=11_000,
    flow_seconds=2,
    profile_seconds=0,
    starts=1,
    many_requests=30_000,
    total_seconds=100,
)
FEW_REQUESTS = 10_000
PEAK_CONNECTIONS = 64
FAR_CONNECTIONS = 256
READABLE_ROWS = 10_000
