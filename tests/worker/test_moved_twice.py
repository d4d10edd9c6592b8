"""Of two reports of where a visit is, the later one is true, whichever is read first (D45, D46)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.store.appointments import appointment_row, timeline
from tests.worker.network import K, Network, moment, moved
from tests.worker.rescheduling import Moving, to_be_moved

EARLIER, LATER = timedelta(hours=-1), timedelta(hours=1)


async def shown(network: Network, moving: Moving) -> tuple[str, str]:
    """Start and status of the appointment, as its owner reads them."""
    found = (await network.api.alice.read_appointment(moving.id)).json()
    return found["startTime"], found["status"]


async def reported_move(network: Network, moving: Moving, by: timedelta, *, days: int = 7) -> Any:
    """Read a report that the network moved the visit, so long after its clock; the slot of the report."""
    appointment = await appointment_row(network.database, moving.id)
    slot = moved(appointment.slot, days=days)
    now = network.workforce.now
    network.workforce.now += by
    network.workforce.report(appointment.workforce_id, K.MOVED, slot=slot)
    network.workforce.now = now
    await network.read()
    return slot


async def test_d45_an_older_move_of_the_network_does_not_replace_a_reschedule(network: Network) -> None:
    moving = await to_be_moved(network.api, network.database)
    network.workforce.now += 2 * LATER
    await network.work_off()
    await reported_move(network, moving, EARLIER)
    assert await shown(network, moving) == (moving.slots[2]["startTime"], "booked")
    assert (await timeline(network.database, moving.id))[-2:] == ["rescheduled", "news-ignored"]


async def test_d45_a_newer_move_of_the_network_replaces_a_reschedule(network: Network) -> None:
    moving = await to_be_moved(network.api, network.database)
    await network.work_off()
    slot = await reported_move(network, moving, LATER)
    found = await appointment_row(network.database, moving.id)
    assert (moment(found.ends_on), moment(found.slot_as_of)) == (slot.end, network.workforce.now + LATER)
    assert (await timeline(network.database, moving.id))[-2:] == ["rescheduled", "moved-by-network"]


@pytest.mark.parametrize("days", [7, 0], ids=["elsewhere", "back"])
async def test_d46_the_late_answer_of_a_reschedule_does_not_replace_a_newer_move(network: Network, days: int) -> None:
    """The network has moved the visit after the reschedule, to another window or back."""
    moving = await to_be_moved(network.api, network.database)
    slot = await reported_move(network, moving, LATER, days=days)
    await network.work_off()
    found = await appointment_row(network.database, moving.id)
    assert (found.state, moment(found.ends_on), found.request_id) == ("booked", slot.end, moving.request_id)
    assert moment(found.slot_as_of) == network.workforce.now + LATER
    assert (await network.api.alice.read_reschedule(moving.number)).status_code == 200
    assert (await network.api.alice.read(moving.request_id)).json()["status"] == "booked"


async def test_d46_a_reschedule_replaces_an_older_move(network: Network) -> None:
    moving = await to_be_moved(network.api, network.database)
    network.workforce.now += 2 * LATER
    await reported_move(network, moving, EARLIER)
    await network.work_off()
    assert await shown(network, moving) == (moving.slots[2]["startTime"], "booked")
    assert (await timeline(network.database, moving.id))[-2:] == ["moved-by-network", "rescheduled"]


async def test_d45_a_move_from_before_the_reservation_is_ignored(network: Network) -> None:
    appointment = await network.appointed()
    network.workforce.now += EARLIER
    after = await network.reported(appointment, K.MOVED, slot=moved(appointment.slot, days=7))
    assert after == appointment


async def test_d45_moves_of_one_run_that_are_out_of_order_end_at_the_latest(network: Network) -> None:
    appointment = await network.appointed()
    start = network.workforce.now
    for hours, days in [(2, 7), (1, 14), (4, 0), (3, 21)]:
        network.workforce.now = start + timedelta(hours=hours)
        network.workforce.report(appointment.workforce_id, K.MOVED, slot=moved(appointment.slot, days=days))
    await network.read()
    found = await appointment_row(network.database, appointment.id)
    assert (moment(found.ends_on), moment(found.slot_as_of)) == (moment(appointment.ends_on), start + 4 * LATER)
    kinds = ["moved-by-network", "news-ignored", "moved-by-network", "news-ignored"]
    assert await timeline(network.database, appointment.id) == kinds
