"""schemathesis: every check, and the links followed, on every version against a sandbox as its user starts it."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .judge import DOCUMENTS, FOLDER, LOGS, ROOT, JudgeError, Verdict, ask, program
from .known import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

COMMAND = Path(sys.executable).with_name("connect-appointments")
START_SECONDS = 60
AT_ONCE = 2
QUICK_REQUESTS = 100
FULL_REQUESTS = 20_000
ENOUGH_FOR_EVERY_LINK = 5_000
REQUESTS_PER_EXAMPLE = 5
"""About how many requests come of one example: one for each operation, and a walk along the links."""

LINKS_OF_A_MOMENT = 4
"""Those of the four 202 answers, which there are only while a worker is at it."""

LINKS = re.compile(r"API Links:\s+(\d+) covered / (\d+) selected")


class Sandbox(NamedTuple):
    """A sandbox that runs: where, and what its env file says."""

    folder: Path
    values: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.values["SANDBOX_URL"]

    @property
    def orders(self) -> Mapping[str, int]:
        """The first order of each owner."""
        found = {"alice": self.values["SANDBOX_ORDER_IDS"], "bob": self.values["SANDBOX_OTHER_ORDER_IDS"]}
        return {name: int(ids.partition("-")[0]) for name, ids in found.items()}

    @property
    def tokens(self) -> Mapping[str, str]:
        """A token of each owner."""
        return {"alice": self.values["SANDBOX_TOKEN"], "bob": self.values["SANDBOX_OTHER_TOKEN"]}


def judge(requests: int, source: Path | None = None) -> list[Verdict]:
    """Every version, until each has had so many requests; `source` is another tree's src folder to serve from."""
    LOGS.mkdir(parents=True, exist_ok=True)
    versions = [int(path.stem.removeprefix("v")) for path in DOCUMENTS]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(lambda version: fuzz(version, requests, source), versions))


def fuzz(version: int, requests: int, source: Path | None = None) -> Verdict:
    """One version, in rounds, each from its own seed."""
    seen, covered, findings = 0, set[tuple[int, int]](), list[str]()
    with sandbox(source) as running:
        prepare(running.url, running.tokens, running.orders, running.folder / "known.json")
        for seed in range(version, version + 1000, 10):
            told = _round(running, version, seed, requests - seen)
            seen += told.generated
            covered.add(told.links)
            findings += told.findings
            if seen >= requests or findings:
                break
        findings += _left_behind(running, source)
    links, of = max(covered)
    if links < (of - LINKS_OF_A_MOMENT if requests >= ENOUGH_FOR_EVERY_LINK else 1):
        findings.append(f"only {links} of {of} links led anywhere")
    return Verdict("schemathesis", f"v{version}", seen, "requests", findings, f"links {links}/{of}")


class Round(NamedTuple):
    """What one run of schemathesis has told."""

    generated: int
    links: tuple[int, int]
    findings: Sequence[str]


def _round(running: Sandbox, version: int, seed: int, requests: int) -> Round:
    report, log = running.folder / f"report-{seed}.json", LOGS / f"schemathesis-v{version}-{seed}.log"
    examples = max(10, -(-requests // REQUESTS_PER_EXAMPLE))
    command = [program("schemathesis"), "--config-file", FOLDER / "schemathesis.toml", "run"]
    command += [f"{running.url}/openapi/v{version}.json", "--checks", "all", f"--max-examples={examples}"]
    command += [f"--seed={seed}", "--generation-database=none", "--report=json", f"--report-json-path={report}"]
    result = ask(command, JUDGES_TOKENS=str(_tokens_file(running)), JUDGES_KNOWN=str(running.folder / "known.json"))
    log.write_text(result.stdout + result.stderr, encoding="utf-8")
    if not report.exists():
        raise JudgeError(f"schemathesis ended with {result.returncode} and no report: {log.relative_to(ROOT)}")
    told = json.loads(report.read_text("utf-8"))
    findings = [*_failures(told, log)]
    if result.returncode != 0 and not findings:
        findings = [f"schemathesis ended with {result.returncode}: {log.relative_to(ROOT)}"]
    links = LINKS.search(result.stdout)
    return Round(told["test_cases"]["generated"], (int(links[1]), int(links[2])) if links else (0, 1), findings)


def _failures(told: Mapping[str, Any], log: Path) -> Iterator[str]:
    for one in [*told["failures"], *told["errors"]]:
        where = ", ".join(one.get("operations", ()))
        yield f"{one.get('title', one)}: {one.get('count', 1)} times, {where} ({log.relative_to(ROOT)})"


def _tokens_file(running: Sandbox) -> Path:
    """Both owners, in the form that schemathesis reads (Web Fuzzing Commons)."""
    path = running.folder / "tokens.json"
    entries = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}
        for name, token in running.tokens.items()
    ]
    path.write_text(json.dumps({"auth": entries}), encoding="utf-8")
    return path


@contextlib.contextmanager
def sandbox(source: Path | None = None) -> Iterator[Sandbox]:
    """Start `connect-appointments sandbox` as its user does, and end it as its user does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env_file = folder / "env"
        command = [COMMAND, "sandbox", "--port=0", f"--data={folder / 'data'}", f"--env-file={env_file}"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, env=_serve_from(source), stdout=log, stderr=log)
        try:
            _wait_for(env_file, process, folder / "log")
            lines = [line.partition("=") for line in env_file.read_text("utf-8").splitlines()]
            yield Sandbox(folder, {key: shlex.split(value)[0] for key, _, value in lines})
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(START_SECONDS)


def _wait_for(env_file: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while not env_file.exists():
        if process.poll() is not None or time.monotonic() > give_up:
            raise JudgeError(f"the sandbox did not start: {log.read_text('utf-8', 'replace')[-800:]}")
        time.sleep(0.05)


def _serve_from(source: Path | None) -> dict[str, str] | None:
    return None if source is None else {"PYTHONPATH": str(source), "PATH": "/usr/bin:/bin"}


def _left_behind(running: Sandbox, source: Path | None) -> Iterator[str]:
    """Whatever was sent: no error of ours in the log, and every rule of `verify` holds."""
    said = (running.folder / "log").read_text("utf-8", "replace")
    if "unexpected-error" in said:
        yield f"the sandbox logged an unexpected error: {said[said.index('unexpected-error') :][:600]}"
    url = f"sqlite:///{running.folder / 'data' / 'sandbox.db'}"
    environment = {**(_serve_from(source) or {}), "CONNECT_APPOINTMENTS_DATABASE_URL": url}
    verified = subprocess.run([COMMAND, "verify"], env=environment, capture_output=True, text=True, check=False)
    if verified.returncode != 0:
        yield f"verify: {(verified.stdout + verified.stderr)[-600:]}"
