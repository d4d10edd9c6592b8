"""The security page says nothing that no test says."""

from __future__ import annotations

import ast
import re

import pytest

from tests.api.attacks.table import rows
from tests.docs.pages import ROOT, table_under

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)


@pytest.mark.parametrize(("file", "function"), NAMED)
def test_every_test_it_names_exists(file: str, function: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    assert not function or function in functions


def test_every_defence_has_a_test() -> None:
    defences = table_under("Defences", PAGE)
    assert len(defences) > 20
    assert all(re.fullmatch(r"`tests/[\w/]+\.py(::test_\w+)?`", row[2]) for row in defences)


def test_the_attacks_on_the_token_are_those_of_the_table() -> None:
    assert table_under("Attacks on the token", PAGE) == rows()
