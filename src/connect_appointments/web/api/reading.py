"""Reads what stands around a body: the headers that describe it, and the query string of a list (D44)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs

from connect_appointments.core.errors import InvalidFields, ParameterError
from connect_appointments.web.api.refusals import BodyTooLarge, UnsupportedContentEncoding, UnsupportedMediaType
from connect_appointments.web.api.request import MAX_BODY_BYTES, Request
from connect_appointments.web.api.values import DEFAULT_LIMIT, MAX_LIMIT, MAX_SAFE_INTEGER

_digits = re.compile(r"0|[1-9][0-9]*", re.ASCII)
_parameter = re.compile(rb""";[ \t]*([^=;*\s"]*)\*?(?:[ \t]*=[ \t]*("(?:\\.|[^"\\])*"|[^;\s"]*))?""")


def check_body_headers(request: Request) -> None:
    """Raise `UnsupportedMediaType` for anything but JSON in UTF-8, `UnsupportedContentEncoding`, `BodyTooLarge`."""
    headers = request.headers
    media_type = headers.get(b"content-type")
    if media_type is None or b"content-type" in request.repeated or not _is_json(media_type):
        raise UnsupportedMediaType
    if b"content-encoding" in headers:
        raise UnsupportedContentEncoding
    if int(headers.get(b"content-length", 0)) > MAX_BODY_BYTES:
        raise BodyTooLarge


@lru_cache(maxsize=64)
def _is_json(value: bytes) -> bool:
    essence, _, parameters = value.lower().partition(b";")
    charsets = {text.strip(b'"') for name, text in _parameter.findall(b";" + parameters) if name == b"charset"}
    return essence.strip(b" \t") == b"application/json" and charsets <= {b"utf-8"}


class ListQuery(NamedTuple):
    """The page of a list: the maximum number of rows, and the last id of the page before (None: the first page)."""

    limit: int
    after: int | None


def read_list_query(query: str) -> ListQuery:
    """The parameters of a query string; unknown parameters are ignored.

    Raises `InvalidFields` with every invalid parameter.
    """
    found = parse_qs(query, keep_blank_values=True)
    wrong: list[ParameterError] = []
    limit = _read(found, "limit", MAX_LIMIT, wrong)
    after = _read(found, "after", MAX_SAFE_INTEGER, wrong)
    if wrong:
        raise InvalidFields(*wrong)
    return ListQuery(limit or DEFAULT_LIMIT, after)


def _read(found: dict[str, list[str]], name: str, maximum: int, wrong: list[ParameterError]) -> int | None:
    values = found.get(name, [])
    error = _error(values, maximum)
    if error is not None:
        wrong.append(ParameterError(name, *error))
        return None
    return int(values[0]) if values else None


def _error(values: list[str], maximum: int) -> tuple[str, str] | None:
    if len(values) > 1:
        return "repeated", "must stand once"
    if values and not _digits.fullmatch(values[0]):
        return "not-an-integer", "must be an integer, in digits only"
    if values and (len(values[0]) > len(str(maximum)) or not 1 <= int(values[0]) <= maximum):
        return "out-of-range", f"must be from 1 to {maximum}"
    return None
