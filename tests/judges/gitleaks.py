"""gitleaks: no secret in any commit, nor in any file that could become part of one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from .judge import FOLDER, ROOT, JudgeError, Verdict, ask, program

COMMITS = re.compile(r"(\d+) commits scanned")


def judge(root: Path = ROOT) -> list[Verdict]:
    """A verdict on the history, and one on the files as they are now."""
    return [_scan("git", root)._replace(subject="history"), judge_files(root)]


def judge_files(root: Path) -> Verdict:
    """What is in the files that git has or would take."""
    files = _listed(root)
    with tempfile.TemporaryDirectory() as name:
        _copy(files, root, Path(name))
        found = _scan("dir", Path(name))
    return Verdict("gitleaks", "files", len(files), "files", found.findings)


def _scan(kind: str, folder: Path) -> Verdict:
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        options = [
            "--config",
            FOLDER / "gitleaks.toml",
            "--no-banner",
            "--no-color",
            "--redact",
            "--report-format=json",
            f"--report-path={report.name}",
        ]
        result = ask([program("gitleaks"), kind, *options, folder])
        told = json.loads(Path(report.name).read_text("utf-8") or "null")
    if told is None or (result.returncode != 0 and not told):
        raise JudgeError(f"gitleaks ended with {result.returncode}: {result.stderr.strip()[-800:]}")
    findings = [
        f"{one['File'].removeprefix(f'{folder}/')}:{one['StartLine']}: {one['RuleID']} {one['Commit'][:10]}".rstrip()
        for one in told
    ]
    commits = COMMITS.search(result.stderr)
    return Verdict("gitleaks", kind, int(commits[1]) if commits else 0, "commits", findings)


def _listed(root: Path) -> list[str]:
    """What git has or would take: neither environments nor what tests leave behind."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in names if (root / name).is_file()]


def _copy(names: list[str], root: Path, folder: Path) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, path)
