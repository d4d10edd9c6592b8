"""News can arrive before the booking of its appointment is confirmed, and is not lost (D45)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from connect_appointments.store.columns import seconds_from_now
from connect_appointments.store.queries import verify
from connect_appointments.store.tables import early_news
from tests.api_client import number_of
from tests.store.appointments import appointment_row, occupancy, timeline
from tests.store.given import rows
from tests.worker.by_hand import claimed_one, run_out
from tests.worker.network import K, Network, moved
from tests.worker.test_killed_workers import killed_after

WORKFORCE_ID = "APT000000000001"


async def reserved(network: Network, order_id: int = 1) -> str:
    """The slot of a booking whose worker was killed after the workforce system had reserved it."""
    request_id = await network.api.created(order_id)
    await network.work_off()
    slots = (await network.api.alice.read(request_id)).json()["slots"]
    number_of(await network.api.alice.book(request_id, slots[-1]["id"]))
    await killed_after(network.database, await claimed_one(network.database), "reserve")
    ((slot,),) = await rows(network.database, "SELECT slot FROM bookings ORDER BY id DESC LIMIT 1")
    return str(slot)


async def confirmed(network: Network) -> Any:
    """The row of the appointment after another worker has confirmed the booking."""
    await run_out(network.database)
    await network.work_off()
    return await appointment_row(network.database, 1)


def _received(days: int) -> Any:
    """All early news was received so many days ago, by the database's clock."""
    return sa.update(early_news).values(received_on=seconds_from_now(-days * 24 * 3600))


async def kept(network: Network) -> int:
    ((count,),) = await rows(network.database, "SELECT count(*) FROM early_news")
    return int(count)


async def test_d45_news_before_the_booking_is_confirmed_is_applied_after_it(network: Network) -> None:
    await reserved(network)
    network.workforce.report(WORKFORCE_ID, K.CANCELLED, "flood")
    with structlog.testing.capture_logs() as logs:
        await network.read()
    assert ([line["event"] for line in logs], await kept(network)) == ([], 1)
    assert (await confirmed(network)).state == "booked"
    await network.read()
    found = await appointment_row(network.database, 1)
    assert (found.state, found.cancelled_by, found.reason) == ("cancelled", "network", "flood")
    assert (await kept(network), await occupancy(network.database, 1)) == (0, 0)
    assert await timeline(network.database, 1) == ["cancelled-by-network"]
    await network.read()
    assert await timeline(network.database, 1) == ["cancelled-by-network"]


async def test_d45_early_news_is_applied_in_its_order_and_before_later_news(network: Network) -> None:
    slot = await reserved(network)
    network.workforce.report(WORKFORCE_ID, K.MOVED, slot=moved(slot, days=7))
    network.workforce.report(WORKFORCE_ID, K.STARTED)
    await network.read()
    await network.read()
    assert await kept(network) == 2
    await confirmed(network)
    network.workforce.report(WORKFORCE_ID, K.COMPLETED)
    await network.read()
    assert await timeline(network.database, 1) == ["moved-by-network", "in-progress", "completed"]
    assert (await appointment_row(network.database, 1)).state == "completed"


async def test_d45_early_news_outlives_another_booking_and_is_dropped_once_nobody_can_be_meant(
    network: Network,
) -> None:
    await reserved(network)
    network.workforce.report("APT-unknown", K.STARTED)
    await network.read()
    assert await kept(network) == 1
    await confirmed(network)
    await reserved(network, order_id=2)
    with structlog.testing.capture_logs() as logs:
        await network.read()
    dropped = [(line["event"], line["workforce_id"]) for line in logs]
    assert (dropped, await kept(network)) == ([("news-of-unknown-appointment", "APT-unknown")], 0)
    assert await network.database.read(verify.findings) == []


@pytest.mark.parametrize(("days", "left"), [(29, 1), (31, 0)])
async def test_d45_early_news_is_kept_for_thirty_days_at_most(network: Network, days: int, left: int) -> None:
    await reserved(network)
    network.workforce.report(WORKFORCE_ID, K.CANCELLED)
    await network.read()
    await network.database.write(lambda transaction: transaction.execute(_received(days)))
    await network.read()
    assert await kept(network) == left
