"""One HTTP exchange over a raw socket, so that the demo can print the bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

HOST = "127.0.0.1"
SHOWN_BODY_CHARACTERS = 400
EXCHANGE_SECONDS = 30


@dataclass(frozen=True)
class Exchange:
    """A request and its response."""

    sent: str
    head: str
    body: bytes

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.head.split(" ", 2)[1])

    def header(self, name: str) -> str:
        """The value of a header; empty when the response lacks it."""
        lines = (line.partition(": ") for line in self.head.split("\r\n")[1:])
        return next((value for key, _, value in lines if key.lower() == name), "")

    def has_in_order(self, headers: Sequence[str]) -> bool:
        """Whether the response has these headers, adjacent and in this order; names are case-insensitive."""
        wanted = [_folded(line) for line in headers]
        found = [_folded(line) for line in self.head.split("\r\n")[1:]]
        return any(found[start : start + len(wanted)] == wanted for start in range(len(found)))

    def text(self, token: str) -> str:
        """Request and response as text; the token and a long body are shortened."""
        body = self.body.decode("utf-8", "replace")
        shown = body if len(body) <= SHOWN_BODY_CHARACTERS else f"{body[:SHOWN_BODY_CHARACTERS]}…"
        sent = self.sent.replace(token, f"{token[:12]}…")
        return f"{sent}\n\n{self.head}\n\n{shown}".replace("\r\n", "\n").rstrip()


def _folded(line: str) -> str:
    name, colon, value = line.partition(":")
    return f"{name.lower()}{colon}{value}"


async def exchange(port: int, method: str, path: str, token: str, body: str = "") -> Exchange:
    """Send one request to 127.0.0.1 and read the response; raises TimeoutError after half a minute."""
    lines = [f"{method} {path} HTTP/1.1"]
    if body:
        lines.append("Content-Type: application/json;charset=UTF-8")
    lines += [f"Authorization: Bearer {token}", "X-API-VERSION: 7"]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"Host: {HOST}:{port}", "Connection: close", "", body]
    sent = "\r\n".join(lines)
    async with asyncio.timeout(EXCHANGE_SECONDS):
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(sent.encode())
        received = await reader.read()
    writer.close()
    head, _, rest = received.partition(b"\r\n\r\n")
    return Exchange(sent, head.decode("latin-1"), rest)
