"""semgrep with rules of our own, each in rules/ with examples that it must and must not find."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .judge import FOLDER, ROOT, Verdict, ask, broke, program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RULES = FOLDER / "rules"
OPTIONS = ("--metrics", "off", "--disable-version-check", "--timeout", "60")
"""It asks nobody for anything, and a machine that is busy gives no other verdict."""


def judge(paths: Sequence[Path] = (ROOT / "src",)) -> list[Verdict]:
    """A verdict on the rules, and one on the files."""
    return [judge_rules(), judge_files(paths)]


def judge_rules() -> Verdict:
    """Whether every rule finds what its examples say, and nothing else in them."""
    result = ask([program("semgrep"), "scan", "--test", "--json", *OPTIONS, RULES])
    try:
        told = json.loads(result.stdout)["results"]
    except (ValueError, KeyError):
        raise broke("semgrep", result) from None
    checks = {name: check for one in told.values() for name, check in one["checks"].items()}
    findings = [f"{name}: its examples are not as they say" for name, one in checks.items() if not one["passed"]]
    if len(checks) != len(list(RULES.glob("*.yaml"))):
        findings.append(f"only {len(checks)} rules have examples")
    return Verdict("semgrep", "rules", len(checks), "rules", findings)


def judge_files(paths: Sequence[Path]) -> Verdict:
    """What the rules find in the product's files."""
    command = [program("semgrep"), "scan", "--json", "--quiet", "--no-git-ignore", *OPTIONS, "--config", RULES]
    result = ask([*command, *paths])
    try:
        told = json.loads(result.stdout)
    except ValueError:
        raise broke("semgrep", result) from None
    findings = [
        f"{one['path']}:{one['start']['line']}: {one['extra']['message']} ({one['check_id'].rpartition('.')[2]})"
        for one in told["results"]
    ]
    findings += [f"not read: {one['message']}" for one in told["errors"]]
    return Verdict("semgrep", "src", len(told["paths"]["scanned"]), "files", findings)
