"""Redocly's linter: no error in any document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .judge import FOLDER, Verdict, ask, broke, node_program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def judge(documents: Sequence[Path]) -> list[Verdict]:
    """One verdict on all documents."""
    errors, warnings = list[str](), 0
    for document in documents:  # of several at once, its JSON is several documents too
        command = [node_program("redocly"), "lint", "--config", FOLDER / "redocly.yaml", "--format=json"]
        result = ask([*command, "--max-problems=1000", document])
        try:
            told = json.loads(result.stdout)
        except ValueError:
            raise broke("redocly", result) from None
        warnings += told["totals"]["warnings"]
        errors += [
            f"{document.name} {one['location'][0].get('pointer', '')}: {one['message']} ({one['ruleId']})"
            for one in told["problems"]
            if one["severity"] == "error"
        ]
    return [Verdict("redocly", "docs/openapi", len(documents), "documents", errors, f"warnings {warnings}")]
