"""The validator of IBM's API handbook: no error in any document."""

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
        result = ask([node_program("lint-openapi"), "--ruleset", FOLDER / "ibm.js", "--json", document])
        try:
            told = json.loads(result.stdout)
        except ValueError:
            raise broke("lint-openapi", result) from None
        warnings += told["warning"]["summary"]["total"]
        errors += [
            f"{document.name} {'.'.join(one['path'])}: {one['message']} ({one['rule']})"
            for one in told["error"]["results"]
        ]
    return [Verdict("ibm", "docs/openapi", len(documents), "documents", errors, f"warnings {warnings}")]
