"""Whole flows from a process of their own, and the check that every one of them ended."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Literal, NamedTuple

from bench.load import WrongAnswersError
from bench.rows import ORDERS
from bench.tokens import Tokens

Kind = Literal["cancel", "book"]
END_STATE: dict[Kind, str] = {"cancel": "cancelled", "book": "booked"}
CALLS: dict[Kind, int] = {"cancel": 4, "book": 6}
"""The calls of a flow in which each result is there at the second poll."""

TITLE: dict[Kind, str] = {"cancel": "create, poll, cancel", "book": "create, poll, book, poll"}
POLL_SECONDS = 0.1


class Ended(NamedTuple):
    """Flows that ended.

    per_second: from the begin of the first to the end of the last.
    calls: of one flow; shed: of these, those that were answered 503 and repeated.
    polls: until one result was there.
    client_us: processor time of the caller for one flow.
    slots_p50_ms, booked_p50_ms: from sending the call to the poll with the result.
    """

    flows: int
    per_second: float
    calls: float
    shed: float
    polls: float
    client_us: float
    p50_ms: float
    p99_ms: float
    slots_p50_ms: float
    booked_p50_ms: float


def run_flows(
    port: int,
    tokens: Tokens,
    kind: Kind,
    seconds: float,
    callers: int,
    *,
    poll_seconds: float = POLL_SECONDS,
    pause_seconds: float = 0.0,
) -> Ended:
    """Run flows on a server whose orders are fresh. Raises `WrongAnswersError` when a response is wrong."""
    options = {
        "port": port,
        "tokens": str(tokens.callers),
        "kind": kind,
        "seconds": seconds,
        "callers": callers,
        "first_order": 0,
        "poll_seconds": poll_seconds,
        "pause_seconds": pause_seconds,
    }
    command = [sys.executable, "-m", "bench.flow_client"]
    done = subprocess.run(
        command, input=json.dumps(options), capture_output=True, text=True, timeout=seconds + 60, check=False
    )
    if done.returncode != 0:
        raise WrongAnswersError(f"the flows failed: {done.stderr[-1500:]}")
    ended = Ended(**json.loads(done.stdout))
    if not 0 < ended.flows <= ORDERS:
        raise WrongAnswersError(f"{ended.flows} flows ended, with {ORDERS} orders")
    return ended


def check_states(states: dict[str, int], kind: Kind, flows: int) -> None:
    """Raise `WrongAnswersError` unless the rows agree; one appointment-request was there before, open."""
    if states != {"open": 1, END_STATE[kind]: flows}:
        raise WrongAnswersError(f"{flows} flows ended, and the states are {states}")
