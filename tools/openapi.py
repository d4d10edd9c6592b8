"""The committed OpenAPI documents: write them, or check that they are what the tables give."""

from __future__ import annotations

import sys
from pathlib import Path

from connect_appointments.web.api.openapi import encoded

FOLDER = Path("docs/openapi")


def main() -> None:
    """`python -m tools.openapi [--check]`."""
    check = sys.argv[1:] == ["--check"]
    stale = [path for path, text in _documents().items() if not path.exists() or path.read_bytes() != text]
    if check and stale:
        sys.exit(f"not current: {', '.join(map(str, stale))}; run make openapi")
    for path in stale:
        path.write_bytes(_documents()[path])


def _documents() -> dict[Path, bytes]:
    return {FOLDER / f"v{number}.json": text for number, text in encoded().items()}


if __name__ == "__main__":
    main()
