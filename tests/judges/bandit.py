"""bandit on the product, every severity and confidence; what is no finding is named here, with its reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from .judge import ROOT, Verdict, ask, broke, program


class Excepted(NamedTuple):
    """One test in one file, and why it is wrong there."""

    test: str
    file: str
    why: str


EXCEPTIONS = (
    Excepted("B105", "cli/main.py", "the name of the command that prints a token"),
    Excepted("B105", "cli/token.py", "the token type that RFC 6749 5.1 names, Bearer"),
    Excepted("B105", "sandbox/issuer.py", "the path of the token endpoint, and the token type Bearer"),
    Excepted("B608", "store/statements.py", "names of columns of ours, and parameters; see values_in_sql.yaml"),
    Excepted("B608", "store/migrations/versions/0002_snapshots_and_keys.py", "names and constants of its own"),
    Excepted("B608", "store/migrations/versions/0004_the_life_of_an_appointment.py", "names and constants of its own"),
    Excepted("B608", "store/migrations/versions/0006_the_archive.py", "names and constants of its own"),
    Excepted("B311", "jobs/recurring.py", "jitter, which nobody gains from guessing"),
    Excepted("B311", "jobs/worker.py", "jitter, which nobody gains from guessing"),
)


def judge(source: Path = ROOT / "src") -> list[Verdict]:
    """One verdict on a folder of sources."""
    result = ask([program("bandit"), "--quiet", "--recursive", "--format", "json", source])
    try:
        told = json.loads(result.stdout)
    except ValueError:
        raise broke("bandit", result) from None
    counts = {exception: _count(told["results"], exception) for exception in EXCEPTIONS}
    findings = [
        f"{one['filename']}:{one['line_number']}: {one['issue_text']} ({one['test_id']}, {one['issue_severity']})"
        for one in told["results"]
        if not any(_is(one, exception) for exception in EXCEPTIONS)
    ]
    findings += [f"not read: {one['filename']}: {one['reason']}" for one in told["errors"]]
    findings += [f"{one.test} is excepted in {one.file} and not found there" for one, n in counts.items() if n == 0]
    files = len([name for name in told["metrics"] if name != "_totals"])
    return [Verdict("bandit", source.name, files, "files", findings, f"excepted {sum(counts.values())}")]


def _is(found: dict[str, str], exception: Excepted) -> bool:
    return found["test_id"] == exception.test and found["filename"].endswith(f"connect_appointments/{exception.file}")


def _count(found: list[dict[str, str]], exception: Excepted) -> int:
    return sum(_is(one, exception) for one in found)
