"""The limit of the database: pgbench, with a bare update and with the very statement of our group commit."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.load import WrongAnswersError
from bench.rows import FIRST_ID
from bench.tokens import OWNER
from bench.tools import pgbench
from connect_appointments.core.lifecycle import CANCEL
from connect_appointments.store.postgres import CANCEL_BATCH, LANE_SETTINGS

BATCH = 64
AS_THE_SERVICE = " ".join(f"-c {name}={value}" for name, value in LANE_SETTINGS.items() if name != "lock_timeout")
# So runs the service anyway: forcing it there changes nothing.
AS_THE_SERVICE += " -c plan_cache_mode=force_generic_plan"

NEXT_ID = """
\\set i :i + 1
\\set id :first + permute(:i * :clients + :client_id, :rows)
"""
ONE_ROW = """
UPDATE appointment_requests SET state = 'cancelled', cancelled_on = now(), updated_on = now()
WHERE id = :id AND owner = :owner AND state IN ('searching', 'open', 'failed');
"""
"""A bare update of distinct random rows: no event, no look at what was there before."""

# The ids of a batch come from a query of their own, because pgbench has no arrays. It changes nothing.
IDS = """
\\set i :i + 1
\\set start (:i * :clients + :client_id) * 64
SELECT array_agg(:first::bigint + id ORDER BY id)::text AS p1 FROM (
    SELECT (:start::bigint + n) * 7368787 % :rows::bigint AS id FROM generate_series(0, 63) AS n
) AS batch \\gset
"""


class Measured(NamedTuple):
    """Transactions done, their rate, and their latency."""

    transactions: int
    per_second: float
    p50_ms: float
    p99_ms: float


def one_row(url: str, clients: int, seconds: int, rows: int, *, rate: float | None = None) -> Measured:
    """Cancel one row a commit.

    rate: how many fall due a second, at random moments, from which their latency counts; None is as fast as it can.
    """
    paced = [] if rate is None else [f"--rate={rate:.1f}"]
    return _run(url, NEXT_ID + ONE_ROW, {"rows": str(rows), "owner": OWNER}, clients, seconds, paced)


def batch_of_one(url: str, seconds: int, rows: int) -> Measured:
    """Cancel one row a commit on one connection, with the statement of our group commit."""
    statement = CANCEL_BATCH.replace("$1::bigint[]", "ARRAY[:id::bigint]")
    return _run(url, NEXT_ID + _ours(statement), {"rows": str(rows), **_parameters(1)}, 1, seconds)


def batches(url: str, clients: int, seconds: int, rows: int) -> Measured:
    """Cancel 64 rows a commit with the statement of our group commit; the rates are of batches."""
    return _run(url, IDS + _ours(CANCEL_BATCH), {"rows": str(rows), **_parameters(BATCH)}, clients, seconds)


def _ours(statement: str) -> str:
    return re.sub(r"\$(\d+)", r":p\1", statement).strip() + ";\n"


def _parameters(members: int) -> dict[str, str]:
    """All but the ids."""
    many = {"p2": OWNER, "p3": "portal-api", "p4": "0123456789abcdef01234567"}
    return {
        **{name: "{" + ",".join([value] * members) + "}" for name, value in many.items()},
        "p5": CANCEL.enters,
        "p6": "{" + ",".join(CANCEL.leaves) + "}",
        "p7": CANCEL.name,
    }


def _run(
    url: str, script: str, variables: dict[str, str], clients: int, seconds: int, more: Sequence[str] = ()
) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "script.sql"
        file.write_text(script, "utf-8")
        command = [pgbench(), "-n", "-M", "prepared", f"-c{clients}", f"-j{min(clients, 2)}", f"-T{seconds}"]
        command += ["-f", str(file), "-l", f"--log-prefix={folder}/log", "--sampling-rate=0.2", *more, url]
        for name, value in {"first": str(FIRST_ID), "i": "-1", "clients": str(clients), **variables}.items():
            command += ["-D", f"{name}={value}"]
        environment = {**os.environ, "PGOPTIONS": AS_THE_SERVICE}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=seconds + 60, check=False
        )
        if done.returncode != 0:
            raise WrongAnswersError(f"pgbench failed: {done.stderr[-500:]}")
        times = [
            int(line.split()[2]) / 1000
            for log in Path(folder).glob("log*")
            for line in log.read_text("ascii").splitlines()
        ]
    return _measured(done.stdout, times)


def _measured(output: str, times: list[float]) -> Measured:
    transactions = re.search(r"actually processed: (\d+)", output)
    rate = re.search(r"tps = ([\d.]+)", output)
    failed = re.search(r"failed transactions: (\d+)", output)
    if not transactions or not rate or len(times) < 2 or (failed and failed[1] != "0"):
        raise WrongAnswersError(f"pgbench says: {output[-500:]}")
    quantiles = statistics.quantiles(times, n=100)
    return Measured(int(transactions[1]), float(rate[1]), statistics.median(times), quantiles[98])
