"""From the bytes of a file to rows: CSV with a header, or one JSON object per line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import PurePath
from typing import Any, NamedTuple

from connect_appointments.cli.importing.problems import BadFile, Problem, quoted


class Form(Enum):
    """The format of a file."""

    CSV = "CSV"
    JSON_LINES = "JSON lines"


class Row(NamedTuple):
    """The values of one row by column; `line` counts from 1, and is the first line of the row."""

    line: int
    values: Mapping[str, Any]


ENDINGS = {".csv": Form.CSV, ".jsonl": Form.JSON_LINES, ".ndjson": Form.JSON_LINES}


def form_of(name: str, content: bytes) -> Form:
    """The format of a file, by the ending of its name, otherwise by its first character."""
    named = ENDINGS.get(PurePath(name).suffix.lower())
    if named is not None:
        return named
    return Form.JSON_LINES if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" else Form.CSV


def read_rows(content: bytes, form: Form, columns: Sequence[str]) -> Iterator[Row | Problem]:
    """Every row that has exactly these columns, and the problems of the others.

    Raises `BadFile` when the file is empty or not UTF-8.
    """
    text = _decoded(content)
    if not text.strip():
        raise BadFile(Problem(None, "is empty"))
    # Only CR, LF and CRLF end a line, and they stay unchanged: a quoted value may contain them.
    lines = io.StringIO(text, newline="")
    return _csv_rows(lines, columns) if form is Form.CSV else _json_rows(lines, columns)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        lines = enumerate(content.splitlines(), 1)
        raise BadFile(*(Problem(number, "is not UTF-8") for number, line in lines if not _is_utf8(line))) from None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _csv_rows(lines: io.StringIO, columns: Sequence[str]) -> Iterator[Row | Problem]:
    records = _csv_records(lines)
    line, header = next(records)
    wrong = [header] if isinstance(header, str) else [f"the header {text}" for text in _misfits(header, columns)]
    if wrong:
        yield from (Problem(line, text) for text in wrong)
        return
    for line, cells in records:
        if isinstance(cells, str):
            yield Problem(line, cells)
        elif len(cells) != len(header):
            yield Problem(line, f"has {len(cells)} values, and the header has {len(header)}")
        else:
            yield Row(line, dict(zip(header, cells, strict=True)))


def _csv_records(lines: io.StringIO) -> Iterator[tuple[int, list[str] | str]]:
    """The cells of each record, or its problem; blank lines are skipped."""
    reader = csv.reader(lines, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"is not CSV: {error}"
        else:
            if cells:
                yield line, cells


def _json_rows(lines: io.StringIO, columns: Sequence[str]) -> Iterator[Row | Problem]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            pairs = _pairs(line)
        except ValueError as error:
            yield Problem(number, str(error))
            continue
        wrong = _misfits([name for name, _ in pairs], columns)
        if wrong:
            yield Problem(number, "; ".join(wrong))
        else:
            yield Row(number, dict(pairs))


class _Object(list[tuple[str, Any]]):
    """A JSON object as its pairs, repeated keys included."""


def _pairs(line: str) -> _Object:
    """The pairs of a JSON object. The ValueError says what is wrong with the line."""
    try:
        found = json.loads(line, object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if not isinstance(found, _Object):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - a problem of the file, like all others
    return found


def _misfits(names: Sequence[str], columns: Sequence[str]) -> list[str]:
    """The differences between the names of a row and the columns; their order does not matter."""
    if len(names) == len(columns) and set(names) == set(columns):
        return []
    unknown = [quoted(name) for name in dict.fromkeys(names) if name not in columns]
    missing = [name for name in columns if name not in names]
    repeated = [name for name in columns if names.count(name) > 1]
    kinds = {"has unknown columns": unknown, "lacks": missing, "repeats": repeated}
    return [f"{what} {', '.join(which)}" for what, which in kinds.items() if which]
