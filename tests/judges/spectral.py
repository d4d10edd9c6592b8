"""Spectral with the OWASP rules: no error in any document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from .judge import FOLDER, Verdict, ask, broke, node_program

if TYPE_CHECKING:
    from collections.abc import Sequence

ERROR = 0


def judge(documents: Sequence[Path]) -> list[Verdict]:
    """One verdict on all documents."""
    command = [node_program("spectral"), "lint", "--ruleset", FOLDER / "spectral.yaml", "--format", "json", "--quiet"]
    result = ask([*command, *documents])
    try:
        found = json.loads(result.stdout or "[]")
    except ValueError:
        raise broke("spectral", result) from None
    errors = [
        f"{Path(one['source']).name} {'.'.join(map(str, one['path']))}: {one['message']} ({one['code']})"
        for one in found
        if one["severity"] == ERROR
    ]
    if result.returncode != 0 and not errors:
        raise broke("spectral", result)
    return [
        Verdict("spectral", "docs/openapi", len(documents), "documents", errors, f"warnings {len(found) - len(errors)}")
    ]
