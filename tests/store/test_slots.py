"""Slots as the store keeps them."""

from __future__ import annotations

from connect_appointments.core.model import Slot
from connect_appointments.store.queries.slots import decode_slot, decode_slots, encode_slot, encode_slots
from tests.store.given import slot

SLOTS = (slot(1), slot(2))


def test_slots_come_back_as_they_were() -> None:
    assert decode_slots(encode_slots(SLOTS)) == SLOTS
    assert decode_slot(encode_slot(slot(1))) == slot(1)
    assert decode_slots(encode_slots(())) == decode_slots(None) == ()


def test_the_same_text_is_the_same_object_and_another_is_another() -> None:
    text = encode_slots(SLOTS)
    assert decode_slots(text) is decode_slots("".join(text))
    assert decode_slots(encode_slots(SLOTS[:1])) != decode_slots(text)


def test_an_offer_is_found_by_what_is_in_it() -> None:
    offer = decode_slots(encode_slots(SLOTS))
    remembered: dict[tuple[Slot, ...], str] = {offer: "found"}
    assert remembered[SLOTS] == remembered[offer] == "found"
