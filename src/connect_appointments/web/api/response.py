"""An HTTP response: a status, header fields in the documented order, a body; and its encoding as bytes."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

Fields = Iterable[tuple[bytes, bytes]]

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-xss-protection", b"1; mode=block"),
    (b"cache-control", b"no-cache, no-store, max-age=0, must-revalidate"),
    (b"pragma", b"no-cache"),
    (b"expires", b"0"),
    (b"x-frame-options", b"DENY"),
)
"""The six headers of every response, together and in this order. Source: the page, "POST Response"."""

JSON = b"application/json"
PROBLEM = b"application/problem+json"
CLOSE = (b"connection", b"close")


class Response(NamedTuple):
    """A response.

    media_type: None if there is no body.
    headers_before: the fields before the six (a `Location`).
    headers_after: the fields after the six.
    """

    status: int
    body: bytes = b""
    media_type: bytes | None = None
    headers_before: Fields = ()
    headers_after: Fields = ()

    @property
    def closes(self) -> bool:
        """Whether the response itself has a `Connection: close` header."""
        return CLOSE in self.headers_after

    def head(self, date_line: bytes, request_id: str, more: Fields = (), *, is_last: bool = False) -> bytes:
        """The status line and all header fields; raises `ValueError` for a line break in a field.

        date_line: the first field, already encoded.
        more: the fields before the X-Request-Id.
        is_last: whether the connection is closed after the response.
        """
        return b"".join(
            (
                _STATUS_LINES[self.status],
                date_line,
                _lines(self.headers_before) if self.headers_before else b"",
                b"" if self.media_type is None else b"content-type: %b\r\n" % self.media_type,
                _SECURITY_LINES,
                b"" if self.status == _BODILESS else b"content-length: %d\r\n" % len(self.body),
                _lines(self.headers_after) if self.headers_after else b"",
                _lines(more) if more else b"",
                b"x-request-id: %b\r\n" % request_id.encode(),
                _CLOSE_LINE if is_last and not self.closes else b"",
                b"\r\n",
            )
        )


_BODILESS = HTTPStatus.NO_CONTENT.value
NO_CONTENT = Response(204)


def _lines(fields: Fields) -> bytes:
    """The encoded fields; raises `ValueError` for a line break, which would allow header injection."""
    lines = [b"%b: %b\r\n" % pair for pair in fields]
    found = b"".join(lines)
    if not found.count(b"\n") == found.count(b"\r") == len(lines):
        raise ValueError("a header field has a line end in it")
    return found


_CLOSE_LINE = b"connection: close\r\n"
_SECURITY_LINES = _lines(SECURITY_HEADERS)
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
