"""The columns of a file, and the key of its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connect_appointments.cli.importing.fields import Check
from connect_appointments.cli.importing.lines import Form, Row, read_rows
from connect_appointments.cli.importing.problems import BadFile, Problem


@dataclass(frozen=True)
class Column:
    """One column.

    check: returns the value to store; raises a ValueError that says what is wrong.
    optional: the value may be missing (an empty cell, or null), and is None then.
    """

    name: str
    check: Check
    optional: bool = False


@dataclass(frozen=True)
class Table:
    """The columns of a file, in any order; the columns of `key` are unique together."""

    columns: Sequence[Column]
    key: Sequence[str]

    def read(self, content: bytes, form: Form) -> list[dict[str, Any]]:
        """The checked values of every row, by column. Raises `BadFile` with every problem, line by line."""
        found: list[dict[str, Any]] = []
        problems: list[Problem] = []
        first_lines: dict[tuple[Any, ...], int] = {}
        for item in read_rows(content, form, [column.name for column in self.columns]):
            if isinstance(item, Problem):
                problems.append(item)
                continue
            values, wrong = self._checked(item)
            wrong += self._repeats(item.line, values, first_lines)
            if wrong:
                problems.append(Problem(item.line, "; ".join(wrong)))
            else:
                found.append(values)
        if problems:
            raise BadFile(*problems)
        return found

    def _checked(self, row: Row) -> tuple[dict[str, Any], list[str]]:
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for column in self.columns:
            try:
                values[column.name] = _value(column, row.values[column.name])
            except ValueError as error:
                wrong.append(f"{column.name} {error}")
        return values, wrong

    def _repeats(self, line: int, values: Mapping[str, Any], first_lines: dict[tuple[Any, ...], int]) -> list[str]:
        """The problem that an earlier line has the same key."""
        if any(name not in values for name in self.key):
            return []
        first = first_lines.setdefault(tuple(values[name] for name in self.key), line)
        return [] if first == line else [f"{', '.join(self.key)} repeats line {first}"]


def _value(column: Column, raw: object) -> Any:
    if raw not in ("", None):
        return column.check(raw)
    if column.optional:
        return None
    raise ValueError("is missing")
