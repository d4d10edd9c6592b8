"""Reading a body off the wire: its media type and its size."""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache
from typing import Protocol

from starlette.types import Receive

from connect_appointments.web.api.refusals import (
    BodyTimeout,
    BodyTooLarge,
    UnsupportedContentEncoding,
    UnsupportedMediaType,
)

MAX_BODY_BYTES = 16 * 1024
DRAIN_SECONDS = 1

_parameter = re.compile(rb""";[ \t]*([^=;*\s"]*)\*?(?:[ \t]*=[ \t]*("(?:\\.|[^"\\])*"|[^;\s"]*))?""")


class CallerGone(Exception):
    """The caller closed the connection before its request was complete: there is nobody to answer."""


class HasHeaders(Protocol):
    """Headers by name."""

    def get(self, name: bytes) -> bytes | None: ...


def check_media_type(value: bytes | None, *, repeated: bool) -> None:
    """Raise `UnsupportedMediaType` for anything but JSON in UTF-8."""
    if value is None or repeated or not _is_json(value):
        raise UnsupportedMediaType


@lru_cache(maxsize=64)
def _is_json(value: bytes) -> bool:
    essence, _, parameters = value.lower().partition(b";")
    charsets = {text.strip(b'"') for name, text in _parameter.findall(b";" + parameters) if name == b"charset"}
    return essence.strip(b" \t") == b"application/json" and charsets <= {b"utf-8"}


async def read_body(receive: Receive, headers: HasHeaders) -> bytes:
    """The whole body; how long it may take is up to the connection.

    Raises `UnsupportedContentEncoding`, `BodyTooLarge`, `BodyTimeout`, or `CallerGone`.
    """
    if headers.get(b"content-encoding") is not None:
        raise UnsupportedContentEncoding
    length = headers.get(b"content-length")
    if length is not None and int(length) > MAX_BODY_BYTES:
        raise BodyTooLarge
    return await receive_body(receive)


async def receive_body(receive: Receive) -> bytes:
    """The whole body, whatever was said of it. Raises `BodyTooLarge`, `BodyTimeout`, or `CallerGone`."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyTimeout if message.get("late") else CallerGone
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge
        if not message.get("more_body", False):
            return body


async def drain(receive: Receive) -> None:
    """Read on for a moment before the connection is closed, or the caller may never see the answer."""
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while (await receive()).get("more_body", False):
                pass
    except TimeoutError:
        pass
