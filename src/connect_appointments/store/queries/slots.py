"""Slots as the store keeps them: JSON text, the same on both engines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from connect_appointments.core.model import Slot

REMEMBERED = 256
"""Offers at once: the slots of an area are the same text for every order there."""

_many = msgspec.json.Decoder(tuple[Slot, ...])
_one = msgspec.json.Decoder(Slot)


class Offer(tuple[Slot, ...]):  # noqa: SLOT001 - its hash is kept in its dictionary
    """Slots whose hash is computed once, so that what is made of them can be remembered."""

    def __hash__(self) -> int:
        """The hash of the tuple, which asks each slot for its own."""
        known: int | None = self.__dict__.get("hash")
        if known is None:
            known = self.__dict__["hash"] = super().__hash__()
        return known


def encode_slots(slots: Sequence[Slot]) -> str:
    """Many slots, as text."""
    return _encoded(slots) if isinstance(slots, Offer) else msgspec.json.encode(slots).decode()


@lru_cache(REMEMBERED)
def _encoded(offer: Offer) -> str:
    return msgspec.json.encode(offer).decode()


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
