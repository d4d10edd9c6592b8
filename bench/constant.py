"""Runs at a constant arrival rate: bench.arrivals with distinct ids, and h2load with one id repeated."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench.load import WrongAnswersError
from bench.rows import FIRST_ID, stride
from bench.tokens import Tokens

MIN_ACHIEVED = 0.98
"""A run that missed its rate by more says nothing about latency at that rate."""


class MissedRateError(WrongAnswersError):
    """The rate was not reached: the run does not count."""


class Paced(NamedTuple):
    """A run that held its rate: calls answered, calls a second, latencies in milliseconds."""

    answered: int
    per_second: float
    p50_ms: float
    p99_ms: float
    p999_ms: float


def arrivals(port: int, connections: int, rate: float, seconds: float, rows: int, tokens: Tokens) -> Paced:
    """Cancel distinct appointment-requests at a rate."""
    options = {
        "port": port,
        "connections": connections,
        "rate": rate,
        "seconds": seconds,
        "first": FIRST_ID,
        "rows": rows,
        "stride": stride(rows),
        "tokens": str(tokens.callers),
    }
    command = [sys.executable, "-m", "bench.arrivals"]
    done = subprocess.run(
        command, input=json.dumps(options), capture_output=True, text=True, timeout=seconds + 60, check=False
    )
    if done.returncode != 0:
        raise WrongAnswersError(f"bench.arrivals failed: {done.stderr[-500:]}")
    found = json.loads(done.stdout)
    if found["wrong"]:
        raise WrongAnswersError(f"{found['wrong']} calls were not answered 204")
    check_rate(found["achieved"], rate)
    return Paced(found["answered"], found["achieved"], found["p50_ms"], found["p99_ms"], found["p999_ms"])


def h2load(port: int, connections: int, rate: float, seconds: float, tokens: Tokens) -> Paced:
    """Cancel one appointment-request over and over at a rate; latencies count from the sending."""
    with tempfile.TemporaryDirectory() as folder:
        log, body = Path(folder) / "log", Path(folder) / "body"
        body.write_text(json.dumps({"appointmentRequestId": FIRST_ID}), "ascii")
        command = ["h2load", "--h1", "-t1", f"-c{connections}", f"--rps={rate / connections:.3f}"]
        command += [f"-n{int(rate * seconds)}", "-d", str(body), f"--log-file={log}"]
        command += ["-H", f"Authorization: Bearer {tokens.one}", "-H", "X-API-VERSION: 7"]
        command += ["-H", "Content-Type: application/json;charset=UTF-8"]
        command += [f"http://127.0.0.1:{port}/api/connect/orders/appointment-requests/cancel"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds * 3 + 60, check=False)
        if done.returncode != 0:
            raise WrongAnswersError(f"h2load failed: {(done.stderr or done.stdout)[-500:]}")
        lines = [tuple(map(int, line.split()[:3])) for line in log.read_text("ascii").splitlines()]
    return _paced(lines, rate)


def _paced(lines: list[tuple[int, ...]], rate: float) -> Paced:
    """From h2load's log: start in microseconds since 1970, status, microseconds to the end of the answer."""
    wrong = sum(1 for _, status, _ in lines if status != 204)
    if wrong or len(lines) < 2:
        raise WrongAnswersError(f"{wrong} of {len(lines)} calls were not answered 204")
    starts = [start for start, _, _ in lines]
    achieved = (len(lines) - 1) / (max(starts) - min(starts)) * 1e6
    check_rate(achieved, rate)
    took = sorted(took / 1000 for _, _, took in lines)
    return Paced(
        len(lines), achieved, statistics.median(took), took[int(len(took) * 0.99)], took[int(len(took) * 0.999)]
    )


def check_rate(achieved: float, wanted: float) -> None:
    """Raise `MissedRateError` for a run that did not hold its rate."""
    if achieved < MIN_ACHIEVED * wanted:
        raise MissedRateError(f"{achieved:,.0f} a second instead of {wanted:,.0f}")
