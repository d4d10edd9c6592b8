"""The limit of new tokens: checking RS256 signatures, in one thread, and nothing else."""

from __future__ import annotations

import time

from joserfc import jws

from bench.tokens import Tokens


def verifications_per_second(tokens: Tokens, seconds: float) -> float:
    """How many signatures are checked in a second."""
    key = tokens.public_key()
    some = tokens.callers.read_text("ascii").split()
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        for token in some:
            jws.deserialize_compact(token, key, algorithms=["RS256"])
        count += len(some)
    return count / (time.perf_counter() - started)
