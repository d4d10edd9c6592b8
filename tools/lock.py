"""The lock files: write them anew, or check that they still fit pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import uv

LOCKS = {
    "requirements.lock": ["pyproject.toml"],
    "requirements-test.lock": ["pyproject.toml", "--extra", "test"],
    "requirements-bench.lock": ["pyproject.toml", "--extra", "test", "--extra", "bench"],
    "requirements-ha.lock": ["pyproject.toml", "--extra", "ha"],
    "requirements-judges.lock": ["--group", "judges"],
}
OPTIONS = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-header"]


def main() -> None:
    """`python -m tools.lock [--check]`."""
    if sys.argv[1:] == ["--check"]:
        stale = [lock for lock in LOCKS if not _is_current(lock)]
        if stale:
            sys.exit(f"not current: {', '.join(stale)}; run make lock")
        return
    for lock in LOCKS:
        _compile(lock, Path(lock), "--upgrade")


def _is_current(lock: str) -> bool:
    """Compile from the committed file, so that a release elsewhere changes nothing."""
    committed = Path(lock).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / lock
        again.write_text(committed, encoding="utf-8")
        _compile(lock, again)
        return again.read_text(encoding="utf-8") == committed


def _compile(lock: str, output: Path, *more: str) -> None:
    command = [uv.find_uv_bin(), "pip", "compile", "--quiet", *OPTIONS, *LOCKS[lock], *more]
    subprocess.run([*command, "--output-file", str(output)], check=True)  # noqa: S603 - our own words


if __name__ == "__main__":
    main()
