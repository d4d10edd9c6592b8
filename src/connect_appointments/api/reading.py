"""Reading a body off the wire: its media type, its size, and the time it may take."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from starlette.types import Receive

from connect_appointments.api.refusals import (
    BodyTimeout,
    BodyTooLarge,
    UnsupportedContentEncoding,
    UnsupportedMediaType,
)

T = TypeVar("T")

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


class BodyReader:
    """Reads bodies within limits."""

    def __init__(self, *, max_body_bytes: int = 16 * 1024, body_timeout_seconds: float = 10) -> None:
        """`body_timeout_seconds` is how long a body may take; it may be a tenth more."""
        self.body_timeout_seconds = body_timeout_seconds
        self._max_body_bytes = max_body_bytes
        self._deadline = Deadline(body_timeout_seconds)

    async def read(self, receive: Receive, headers: HasHeaders) -> bytes:
        """The whole body.

        Raises `UnsupportedContentEncoding`, `BodyTooLarge`, `BodyTimeout`, or `CallerGone`.
        """
        if headers.get(b"content-encoding") is not None:
            raise UnsupportedContentEncoding
        length = headers.get(b"content-length")
        if length is not None and int(length) > self._max_body_bytes:
            raise BodyTooLarge
        try:
            return await self._deadline.keep(self._read(receive))
        except TimeoutError:
            raise BodyTimeout from None

    async def _read(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise CallerGone
            body += message.get("body", b"")
            if len(body) > self._max_body_bytes:
                raise BodyTooLarge
            if not message.get("more_body", False):
                return bytes(body)


class Deadline:
    """One timer for everybody who waits for the same kind of thing: a timer each costs more than a whole body."""

    def __init__(self, seconds: float) -> None:
        """`seconds` is how long one may wait."""
        self._seconds = seconds
        self._waiting: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def keep(self, work: Awaitable[T]) -> T:
        """Await it; raise `TimeoutError` when that takes too long."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be told that time is up")
        self._waiting[task] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds / 10, self._look, loop)
        try:
            return await work
        except asyncio.CancelledError:
            if task in self._late and task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            del self._waiting[task]
            self._late.discard(task)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, until in self._waiting.items():
            if now >= until and task not in self._late:
                self._late.add(task)
                task.cancel()
        self._timer = loop.call_later(self._seconds / 10, self._look, loop) if self._waiting else None


async def drain(receive: Receive) -> None:
    """Read on for a moment before the connection is closed, or the caller may never see the answer."""
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while (await receive()).get("more_body", False):
                pass
    except TimeoutError:
        pass
