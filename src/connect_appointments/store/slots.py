"""Slots as the store keeps them: JSON text, the same on both engines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from connect_appointments.core.model import Slot

REMEMBERED = 256
"""Offers at once: what is on offer in one area is the same text for every order there."""

_many = msgspec.json.Decoder(tuple[Slot, ...])
_one = msgspec.json.Decoder(Slot)


class Offer(tuple[Slot, ...]):  # noqa: SLOT001 - its hash is kept in its dictionary
    """Slots, the same object for the same text, so that what is made of them can be remembered too."""

    def __hash__(self) -> int:
        """Reckoned once: each slot has a hash of its own to reckon."""
        known: int | None = self.__dict__.get("hash")
        if known is None:
            known = self.__dict__["hash"] = super().__hash__()
        return known


def encode_slots(slots: Sequence[Slot]) -> str:
    """Many slots, as text."""
    return msgspec.json.encode(slots).decode()


def decode_slots(text: str | None) -> tuple[Slot, ...]:
    """What `encode_slots` was given; None is no slots."""
    return () if text is None else _offer(text)


@lru_cache(REMEMBERED)
def _offer(text: str) -> Offer:
    return Offer(_many.decode(text))


def encode_slot(slot: Slot) -> str:
    """One slot, as text."""
    return msgspec.json.encode(slot).decode()


def decode_slot(text: str) -> Slot:
    """What `encode_slot` was given."""
    return _one.decode(text)
