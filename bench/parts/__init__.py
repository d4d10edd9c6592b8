"""What is measured: one part a row, in the order they are done."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bench.measuring import Bench
from bench.parts import cancels, constant_rate, database_away, flowing, growth, process, profiles


class Part(NamedTuple):
    """A part that can be measured alone.

    until: the share of the whole time after which it begins no further round.
    """

    name: str
    help: str
    work: Callable[[Bench], None]
    until: float


PARTS = (
    Part("cancel", "cancel at 64 connections: raw ASGI, both engines, pgbench", cancels.at_peak, 0.09),
    Part("flows", "whole flows at 64, 256 and more callers; the default stack's", flowing.whole_flows, 0.32),
    Part("idle", "one idle caller that polls every millisecond", flowing.idle_caller, 0.34),
    Part("tail", "latency of a cancel at a constant rate, beside pgbench's", constant_rate.latencies, 0.46),
    Part("peers", "cancel at 64 connections: two processes, the default stack", cancels.peers, 0.53),
    Part("alone", "cancel on 1 connection", cancels.alone, 0.57),
    Part("connections", "cancel on other numbers of connections", cancels.other_connections, 0.63),
    Part("reads", "GET of an open appointment-request", cancels.reads, 0.65),
    Part("mixes", "new tokens, unknown ids, repeated cancels", cancels.mixes, 0.71),
    Part("profiles", "the server's time by package", profiles.profiles, 0.74),
    Part("far", "a database 1 ms away", database_away.far, 0.77),
    Part("starts", "from start to first answer", process.starts, 0.80),
    Part("memory", "memory after many requests", process.memory, 0.88),
    Part("growth", "cancel with up to ten million rows", growth.growth, 1.0),
)
