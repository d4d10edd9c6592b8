"""What the contract of the port stands on: an adapter on a system of its own, and questions asked until answered."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from connect_appointments.core.model import Site, Slot
from connect_appointments.workforce.port import (
    Availability,
    AvailabilityQuery,
    CancelCommand,
    MoveCommand,
    NotYet,
    ReserveCommand,
    Visit,
    Workforce,
)
from tests.build import BRISBANE, sample_order

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
"""Monday, 11 in the morning in Brisbane."""
TUESDAY = date(2026, 11, 24)
LONG_PAST = NOW + timedelta(days=60)
"""Every slot that was offered on `NOW` has begun by then."""
ELSEWHERE = Site("Australia/Brisbane", "QLD", "4870")
KEY, OTHER, THIRD = "abcdefgh-1", "abcdefgh-2", "abcdefgh-3"
TRIES = 50
next_move = itertools.count(1).__next__
"""The number of another move."""


class SetCapacity(Protocol):
    """Gives every window of an area so many visits, those that are reserved included."""

    async def __call__(self, visits: int, area: str = BRISBANE.area) -> None: ...


@dataclass(frozen=True)
class Stage:
    """An adapter on a workforce system that nobody else uses.

    neighbour: another adapter on the same system, as another process has it.
    set_capacity: may be called again at any time.
    """

    workforce: Workforce
    neighbour: Workforce
    set_capacity: SetCapacity


def visit(site: Site = BRISBANE) -> Visit:
    """A visit to a site."""
    return Visit(sample_order(1, site=site), site)


async def availability(stage: Stage, site: Site = BRISBANE, now: datetime = NOW) -> Availability:
    """What is on offer at a site, from Tuesday on."""
    (found,) = await stage.workforce.find_slots([AvailabilityQuery("abcdefgh-o1", visit(site), TUESDAY)], now)
    assert isinstance(found, Availability)
    return found


async def slots_of(stage: Stage, site: Site = BRISBANE, now: datetime = NOW) -> Sequence[Slot]:
    """The slots on offer at a site, from Tuesday on."""
    return (await availability(stage, site, now)).slots


async def reserve(stage: Stage, key: str, slot: Slot, now: datetime = NOW) -> Any:
    """Reserve a slot under a key, asked again while nothing is decided."""
    return await decided(lambda: stage.workforce.reserve([ReserveCommand(key, visit(), slot)], now))


async def cancel(stage: Stage, key: str, number: int | None = None) -> Any:
    """Cancel what is reserved under a key, asked again while nothing is decided; `number` of a cancellation."""
    return await decided(lambda: stage.workforce.cancel([CancelCommand(key, "a test", number)]))


async def move(
    stage: Stage, key: str, slot: Slot, now: datetime = NOW, *, number: int | None = None, undo: bool = False
) -> Any:
    """Move what is reserved under a key, asked again while nothing is decided; a new move, or the one of a number."""
    command = MoveCommand(key, visit(), slot, number or next_move(), undo)
    return await decided(lambda: stage.workforce.move([command], now))


async def find(stage: Stage, key: str) -> Any:
    """What stands under a key."""
    return (await stage.workforce.find([key]))[0]


async def decided(ask: Any) -> Any:
    """The answer to a group of one: what is unknown or not yet decided is asked for again, as the worker does."""
    for _ in range(TRIES):
        (answer,) = await ask()
        if not isinstance(answer, (NotYet, Exception)):
            return answer
    raise AssertionError(f"asked {TRIES} times, and there is no answer: {answer!r}")
