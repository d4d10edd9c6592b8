"""The limit of the database: pgbench with a bare update, one row a commit."""

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

CONNECTION_OPTIONS = "-c enable_seqscan=off -c jit=off -c plan_cache_mode=force_generic_plan"
"""No plan but the one through the primary key is ever right."""

# Each client updates other rows, in an order without locality. No event, no look at the state before.
ONE_ROW = """
\\set i :i + 1
\\set id :first + permute(:i * :clients + :client_id, :rows)
UPDATE appointment_requests SET state = 'cancelled', cancelled_on = now(), updated_on = now()
WHERE id = :id AND owner = :owner AND state IN ('searching', 'open', 'failed');
"""


class Measured(NamedTuple):
    """Transactions done, their rate, and their latency."""

    transactions: int
    per_second: float
    p50_ms: float
    p99_ms: float


def one_row(url: str, clients: int, seconds: int, rows: int, *, rate: float | None = None) -> Measured:
    """Cancel one row a commit.

    rate: transactions that fall due a second, at random moments, from which their latency counts; None: no limit.
    """
    paced = [] if rate is None else [f"--rate={rate:.1f}"]
    variables = {"first": FIRST_ID, "i": -1, "clients": clients, "rows": rows, "owner": OWNER}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "script.sql").write_text(ONE_ROW, "utf-8")
        command = [pgbench(), "-n", "-M", "prepared", f"-c{clients}", f"-j{min(clients, 2)}", f"-T{seconds}"]
        command += ["-f", f"{folder}/script.sql", "-l", f"--log-prefix={folder}/log", "--sampling-rate=0.2", *paced]
        for variable, value in variables.items():
            command += ["-D", f"{variable}={value}"]
        output = _run([*command, url], seconds)
        return _measured(output, _latencies_ms(folder))


def _run(command: Sequence[str], seconds: int) -> str:
    environment = {**os.environ, "PGOPTIONS": CONNECTION_OPTIONS}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds + 60, check=False)
    if done.returncode != 0:
        raise WrongAnswersError(f"pgbench failed: {done.stderr[-500:]}")
    return done.stdout


def _latencies_ms(folder: Path) -> list[float]:
    lines = (line for log in folder.glob("log*") for line in log.read_text("ascii").splitlines())
    return [int(line.split()[2]) / 1000 for line in lines]


def _measured(output: str, latencies_ms: Sequence[float]) -> Measured:
    transactions = re.search(r"actually processed: (\d+)", output)
    rate = re.search(r"tps = ([\d.]+)", output)
    failed = re.search(r"failed transactions: (\d+)", output)
    if not transactions or not rate or len(latencies_ms) < 2 or (failed and failed[1] != "0"):
        raise WrongAnswersError(f"pgbench printed: {output[-500:]}")
    quantiles = statistics.quantiles(latencies_ms, n=100)
    return Measured(int(transactions[1]), float(rate[1]), statistics.median(latencies_ms), quantiles[98])
