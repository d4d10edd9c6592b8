"""A closed loop of callers (wrk): as fast as answers come back, every answer and every row accounted for."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from bench.rows import FIRST_ID, Changed, stride

SCRIPT = Path(__file__).with_name("load.lua")
NO_LIMIT = 10**12


class WrongAnswersError(Exception):
    """A run whose answers or rows are not what they must be: it does not count."""


@dataclass(frozen=True)
class Load:
    """What is sent.

    rows: over how many appointment-requests; each is named once, unless `cycle` says to begin again.
    skip: how many of them were named by earlier runs.
    unknown, again: of a hundred calls, how many name an id that nobody has, or one that was named before.
    limit: calls after which to stop early.
    """

    rows: int
    tokens: Path
    kind: Literal["cancel", "read"] = "cancel"
    skip: int = 0
    unknown: int = 0
    again: int = 0
    cycle: bool = False
    limit: int = NO_LIMIT


class Answered(NamedTuple):
    """What came back. `seconds` ends when the rows or the limit were used up.

    fresh: calls sent that name an id for the first time; unknown: calls sent that name nobody's.
    """

    answered: int
    sent: int
    fresh: int
    unknown: int
    refused: int
    broken: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds

    def check_answers(self) -> None:
        """Raise `WrongAnswersError` unless exactly the calls that name nobody's id were refused."""
        unanswered = self.sent - self.answered
        if self.broken or not self.unknown - unanswered <= self.refused <= self.unknown:
            raise WrongAnswersError(f"{self.refused} refused where {self.unknown} must be, {self.broken} broken")
        if not self.answered:
            raise WrongAnswersError("nothing was answered")

    def check_rows(self, load: Load, before: Changed, after: Changed) -> None:
        """Raise `WrongAnswersError` unless the rows say the same; calls cut off at the end may be either."""
        named = min(self.fresh, load.rows - load.skip)
        cut_off = self.sent - self.answered
        cancelled = after.cancelled - before.cancelled
        if after.recorded != after.cancelled or not named - cut_off <= cancelled <= named:
            raise WrongAnswersError(
                f"{named} to cancel, {cut_off} of them cut off at the end: from {before} to {after}"
            )


def run_wrk(port: int, connections: int, seconds: int, load: Load) -> Answered:
    """Load a server on 127.0.0.1; `seconds` at most. Raises `WrongAnswersError` when wrk itself fails."""
    arguments = {
        "kind": load.kind,
        "first": FIRST_ID,
        "rows": load.rows,
        "stride": stride(load.rows),
        "tokens": load.tokens,
        "skip": load.skip,
        "unknown": load.unknown,
        "again": load.again,
        "cycle": int(load.cycle),
        "limit": load.limit,
    }
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT)]
    command += [f"http://127.0.0.1:{port}/", *(f"{name}={value}" for name, value in arguments.items())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            return Answered(**json.loads(line))
    raise WrongAnswersError(f"wrk failed: {(done.stderr or done.stdout)[-500:]}")
