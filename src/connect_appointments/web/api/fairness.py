"""An optional rate limit per owner.

Source: draft-ietf-httpapi-ratelimit-headers, with one policy, named "default".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from connect_appointments.web.api.refusals import HttpRefusal, TooManyRequests

Headers = tuple[tuple[bytes, bytes], ...]

MAX_OWNERS = 10_000
"""Above this number of owners, the owners with a full bucket are removed."""


@dataclass(frozen=True)
class Limit:
    """Calls allowed per owner and period; the bucket is refilled continuously."""

    calls: int
    seconds: int


@dataclass(slots=True)
class Bucket:
    """The remaining calls of an owner, and the time of that count, in seconds of the limiter's clock."""

    left: float
    at: float


class Limiter:
    """A token bucket for each owner with recent calls."""

    def __init__(self, limit: Limit, clock: Callable[[], float]) -> None:
        """`clock` returns seconds."""
        self._limit = limit
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}
        self._policy = b'"default";q=%d;w=%d' % (limit.calls, limit.seconds)
        self._calls_a_second = limit.calls / limit.seconds

    @property
    def owners(self) -> int:
        """The number of owners with a bucket."""
        return len(self._buckets)

    def admit(self, owner: str) -> tuple[Headers, HttpRefusal | None]:
        """Count a call of an owner; return the response headers, and a refusal if the limit is exceeded."""
        bucket = self._refilled(owner)
        refusal = None
        if bucket.left >= 1:
            bucket.left -= 1
        else:
            refusal = TooManyRequests(math.ceil((1 - bucket.left) / self._calls_a_second))
        full_in = math.ceil((self._limit.calls - bucket.left) / self._calls_a_second)
        state = b'"default";r=%d;t=%d' % (int(bucket.left), full_in)
        return ((b"ratelimit-policy", self._policy), (b"ratelimit", state)), refusal

    def _refilled(self, owner: str) -> Bucket:
        now = self._clock()
        bucket = self._buckets.get(owner)
        if bucket is None:
            self._forget(now)
            bucket = self._buckets[owner] = Bucket(self._limit.calls, now)
        bucket.left = min(self._limit.calls, bucket.left + max(0, now - bucket.at) * self._calls_a_second)
        bucket.at = now
        return bucket

    def _forget(self, now: float) -> None:
        """Remove full buckets: they are equivalent to new ones."""
        if len(self._buckets) >= MAX_OWNERS:
            full_before = now - self._limit.seconds
            self._buckets = {owner: found for owner, found in self._buckets.items() if found.at > full_before}
