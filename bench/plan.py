"""How long everything takes: the full bench and the quick one."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Durations in seconds, sizes in rows.

    rounds: how often what a target is about is measured, as long as time allows.
    connections: numbers of connections beside 64, measured once.
    callers: of flows, beside 64 and 256: enough that polling is not the limit.
    default_callers: of flows on the default stack, whose flows take longer.
    profiles: how many profiles are made.
    total_seconds: when no further round begins.
    """

    name: str
    rounds: int
    seconds: int
    connections: tuple[int, ...]
    arrival_seconds: float
    shares_of_peak: tuple[float, ...]
    rows: int
    growth: tuple[int, ...]
    tokens: int
    flow_seconds: float
    callers: tuple[int, ...]
    default_callers: tuple[int, ...]
    default_flow_seconds: float
    idle_seconds: float
    profile_seconds: int
    profiles: int
    starts: int
    many_requests: int
    total_seconds: float


FULL = Plan(
    name="full",
    rounds=3,
    seconds=3,
    connections=(16, 256),
    arrival_seconds=5,
    shares_of_peak=(0.25, 0.5, 0.8),
    rows=200_000,
    growth=(10_000, 1_000_000, 10_000_000),
    tokens=20_000,
    flow_seconds=4,
    callers=(512,),
    default_callers=(16, 64),
    default_flow_seconds=5,
    idle_seconds=3,
    profile_seconds=3,
    profiles=7,
    starts=5,
    many_requests=1_000_000,
    total_seconds=860,
)
QUICK = Plan(
    name="quick",
    rounds=1,
    seconds=1,
    connections=(256,),
    arrival_seconds=2,
    shares_of_peak=(0.5,),
    rows=50_000,
    growth=(10_000, 200_000),
    tokens=11_000,
    flow_seconds=2,
    callers=(),
    default_callers=(16,),
    default_flow_seconds=2,
    idle_seconds=1,
    profile_seconds=1,
    profiles=2,
    starts=1,
    many_requests=30_000,
    total_seconds=math.inf,
)
PEAK_CONNECTIONS = 64
MANY_CALLERS = 256
FAR_CONNECTIONS = 256
READABLE_ROWS = 10_000
FEW_REQUESTS = 10_000
