"""Slots as the store keeps them: JSON text, the same on both engines."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from connect_appointments.core.model import Slot

_many = msgspec.json.Decoder(tuple[Slot, ...])
_one = msgspec.json.Decoder(Slot)


def encode_slots(slots: Sequence[Slot]) -> str:
    """Many slots, as text."""
    return msgspec.json.encode(slots).decode()


def decode_slots(text: str | None) -> tuple[Slot, ...]:
    """What `encode_slots` was given; None is no slots."""
    return () if text is None else _many.decode(text)


def encode_slot(slot: Slot) -> str:
    """One slot, as text."""
    return msgspec.json.encode(slot).decode()


def decode_slot(text: str) -> Slot:
    """What `encode_slot` was given."""
    return _one.decode(text)
