"""What goes back on the wire: a status, headers in the documented order, a body."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import NamedTuple

from starlette.types import Send

Headers = Iterable[tuple[bytes, bytes]]

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-xss-protection", b"1; mode=block"),
    (b"cache-control", b"no-cache, no-store, max-age=0, must-revalidate"),
    (b"pragma", b"no-cache"),
    (b"expires", b"0"),
    (b"x-frame-options", b"DENY"),
)
"""The six headers of every answer, together and in this order. Source: the page, "POST Response"."""

JSON = b"application/json"
PROBLEM = b"application/problem+json"


class Answer(NamedTuple):
    """One answer.

    lead: the headers that stand before the six (a `Location`).
    media_type: None when there is no body.
    trail: the headers that stand after the six.
    """

    status: int
    body: bytes = b""
    media_type: bytes | None = None
    lead: Headers = ()
    trail: Headers = ()

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Every header, in the documented order."""
        found = list(self.lead)
        if self.media_type is not None:
            found.append((b"content-type", self.media_type))
        found += SECURITY_HEADERS
        if self.status != 204:
            found.append((b"content-length", b"%d" % len(self.body)))
        found += self.trail
        return found


NO_CONTENT = Answer(204)


async def send_answer(send: Send, answer: Answer, more: Headers) -> None:
    """Send it whole, with more headers behind its own."""
    await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers(), *more]})
    await send({"type": "http.response.body", "body": answer.body})


async def send_last_answer(send: Send, answer: Answer, more: Headers, linger: Awaitable[None]) -> None:
    """Send it whole, and let the connection close only after `linger`: closing at once could take the answer back."""
    await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers(), *more]})
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    await linger
    await send({"type": "http.response.body", "body": b""})
