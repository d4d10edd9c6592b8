"""Refused slots leave the offer of their appointment-request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from connect_appointments.core.cutoffs import expiry_after_withdrawal
from connect_appointments.core.model import Site
from connect_appointments.core.windows import BookingPolicy
from connect_appointments.store.queries import offers
from connect_appointments.store.queries.offers import NO_OFFER
from connect_appointments.store.transaction import Transaction


class Withdrawal(NamedTuple):
    """A slot to remove from the offer of a locked appointment-request, and the site of its order."""

    request_id: int
    slot_id: str
    site: Site


async def withdraw(transaction: Transaction, withdrawals: Sequence[Withdrawal], policy: BookingPolicy) -> None:
    """Remove one slot from each offer, and reckon its end again (D47). The caller has locked the requests."""
    found = await offers.read(transaction, [one.request_id for one in withdrawals])
    left = {}
    for one in withdrawals:
        offer = found.get(one.request_id, NO_OFFER)
        slots = [slot for slot in offer.slots if slot.id != one.slot_id]
        left[one.request_id] = slots, expiry_after_withdrawal(offer.expires_on, slots, one.site, policy)
    await offers.change(transaction, left)
