"""What was measured: runs, by measure, system and setting, paired by round."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """The median and the range of some figures."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(statistics.median(values), min(values), max(values))


class Run(NamedTuple):
    """One run that counts.

    server_us, database_us, client_us: processor time for each answer or flow, microseconds.
    calls, shed, polls: of a flow, its calls, those of them that were shed, and the polls until one result was there.
    shares: how much of one core the server and the database used, and of all cores everything on the machine.
    """

    round: int
    per_second: float
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    p999_ms: float = 0.0
    server_us: float = 0.0
    database_us: float = 0.0
    client_us: float = 0.0
    calls: float = 0.0
    shed: float = 0.0
    polls: float = 0.0
    shares: Mapping[str, float] = {}


class Key(NamedTuple):
    """Which figure: of which measure, which system, and with which setting."""

    measure: str
    system: str
    setting: str


class Results:
    """All runs of one bench, and figures that are no rates.

    profiles: by what was measured, the share of each package in the server's processor time.
    failures: runs with wrong answers or wrong rows.
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

    def median(self, key: Key, attribute: str = "per_second") -> float | None:
        """The median of a figure; None when none counted, or where it does not apply."""
        spread = self.spread(key, attribute)
        return spread.median if spread else None

    def figure(self, name: str) -> Spread | None:
        """A figure that is no rate; None when it was not measured."""
        return Spread.of(self.figures[name]) if name in self.figures else None

    def ratio(self, one: Key, other: Key, attribute: str = "per_second", *, times: float = 1.0) -> Spread | None:
        """A figure of one over `times` that of the other, round by round; None when no round has both."""
        return self._paired(one, other, attribute, lambda a, b: a / (b * times))

    def difference(self, one: Key, other: Key, attribute: str) -> Spread | None:
        """A figure of one minus that of the other, round by round; None when no round has both."""
        return self._paired(one, other, attribute, lambda a, b: a - b)

    def best_ratio(self, ones: Sequence[Key], others: Sequence[Key]) -> Spread | None:
        """The best rate of some keys over the best rate of others, round by round; None when no round has both."""
        above, below = self._best(ones), self._best(others)
        found = [above[number] / below[number] for number in above if number in below]
        return Spread.of(found) if found else None

    def _best(self, keys: Sequence[Key]) -> dict[int, float]:
        found: dict[int, float] = {}
        for key in keys:
            for run in self.runs(key):
                found[run.round] = max(run.per_second, found.get(run.round, 0.0))
        return found

    def _paired(self, one: Key, other: Key, attribute: str, combine: Callable[[float, float], float]) -> Spread | None:
        others = {run.round: getattr(run, attribute) for run in self.runs(other)}
        found = [combine(getattr(run, attribute), others[run.round]) for run in self.runs(one) if others.get(run.round)]
        return Spread.of(found) if found else None
