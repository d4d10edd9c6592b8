"""An issuer's keys and a clock, both as a test sets them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from connect_appointments.web.api.tokens.keys import KeyRing
from tests.build import Issuer

first, second = Issuer("first"), Issuer("second")


class Source:
    """An issuer's keys, as a test sets them; counts how often it was asked."""

    def __init__(self, *members: Any) -> None:
        self.members: list[Any] = list(members)
        self.asked = 0
        self.error: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self) -> list[Any]:
        self.asked += 1
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return self.members


class Seconds:
    """A clock that never goes by itself."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def source() -> Source:
    return Source(*first.jwks())


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
async def ring(source: Source, seconds: Seconds) -> KeyRing:
    """A ring that has fetched once."""
    found = KeyRing(source, seconds)
    await found.refresh()
    assert source.asked == 1
    return found
