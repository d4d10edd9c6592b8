"""What was measured: runs, by measure, system and setting, paired by round."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Spread(NamedTuple):
    """The median and the range of some figures."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Run:
    """One run that counts.

    server_us, database_us: processor time for each answer, microseconds.
    shares: which part of one core the server and the database used, and of all of them everything on the machine; and
        which part of the time (together, so it may be more than all) server and database were ready and had no core.
    """

    round: int
    per_second: float
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    p999_ms: float = 0.0
    server_us: float = 0.0
    database_us: float = 0.0
    shares: dict[str, float] = field(default_factory=dict)


class Key(NamedTuple):
    """Which figure: of which measure, which system, and with which setting."""

    measure: str
    system: str
    setting: str


class Results:
    """All runs of one bench, and figures that are no rates.

    profiles: by what was measured, the share of each part in the server's processor time.
    failures: runs whose answers or rows were wrong.
    left_out: what was not measured because a rate was not held or time was up.
    """

    def __init__(self) -> None:
        self._runs: dict[Key, list[Run]] = {}
        self.figures: dict[str, list[float]] = {}
        self.profiles: dict[Key, Mapping[str, float]] = {}
        self.failures: list[str] = []
        self.left_out: list[str] = []

    def add(self, key: Key, run: Run) -> None:
        self._runs.setdefault(key, []).append(run)

    def note(self, name: str, value: float) -> None:
        """Keep a figure that is no rate."""
        self.figures.setdefault(name, []).append(value)

    def runs(self, key: Key) -> list[Run]:
        """The runs of a key; empty when none counted."""
        return self._runs.get(key, [])

    def keys(self, measure: str) -> list[Key]:
        """The keys of a measure, in the order they were first measured."""
        return [key for key in self._runs if key.measure == measure]

    def spread(self, key: Key, attribute: str = "per_second") -> Spread | None:
        """A figure of the runs of a key; None when none counted."""
        values = [getattr(run, attribute) for run in self.runs(key)]
        return Spread.of(values) if values else None

    def pairs(self, one: Key, other: Key) -> list[tuple[Run, Run]]:
        """The runs of two keys that belong to the same round."""
        others = {run.round: run for run in self.runs(other)}
        return [(run, others[run.round]) for run in self.runs(one) if run.round in others]

    def ratio(self, one: Key, other: Key) -> Spread | None:
        """Rates of one over rates of the other, round by round; None when no round has both."""
        found = [run.per_second / beside.per_second for run, beside in self.pairs(one, other)]
        return Spread.of(found) if found else None

    def difference(self, one: Key, other: Key, attribute: str) -> Spread | None:
        """A figure of one minus that of the other, round by round; None when no round has both."""
        found = [getattr(run, attribute) - getattr(beside, attribute) for run, beside in self.pairs(one, other)]
        return Spread.of(found) if found else None
