"""The sample data of a new sandbox: orders of two owners across the country, and capacity."""

from __future__ import annotations

from datetime import datetime, timedelta

from connect_appointments.core.capacity import Capacity, Window
from connect_appointments.core.model import Order, Site, SlotType
from connect_appointments.core.windows import BookingPolicy
from connect_appointments.sandbox.keys import TENANTS
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import capacity, orders, requests
from connect_appointments.store.transaction import Transaction

ORDERS_OF_EACH = 2000
CAPACITY_A_WINDOW = 2000
FIRST_REQUEST_ID = 300
"""The id in the page's example."""

SITES = (
    Site("Australia/Brisbane", "QLD", "Brisbane"),
    Site("Australia/Sydney", "NSW", "Sydney"),
    Site("Australia/Melbourne", "VIC", "Melbourne"),
    Site("Australia/Adelaide", "SA", "Adelaide"),
    Site("Australia/Perth", "WA", "Perth"),
    Site("Australia/Hobart", "TAS", "Hobart"),
    Site("Australia/Darwin", "NT", "Darwin"),
)


def order_ids(client: str) -> range:
    """The ids of a tenant's sample orders."""
    first = 1 + list(TENANTS).index(client) * ORDERS_OF_EACH
    return range(first, first + ORDERS_OF_EACH)


def _order(order_id: int, owner: str) -> Order:
    return Order(
        id=order_id,
        owner=owner,
        site=SITES[order_id % len(SITES)],
        demand_type="Standard Install",
        priority_assist=False,
        e_sla="Standard",
        customer_ref=f"CUST-REF-{order_id:03d}",
        service_id=order_id,
        contact_name="The occupant",
        contact_type="Primary Contact",
        contact_phone="0739076000",
        contact_notes=None,
    )


async def fill(database: Database, policy: BookingPolicy, now: datetime) -> None:
    """Fill a new database, and add capacity for the days that became bookable since the last start."""
    days = 1 + policy.horizon_days + policy.slot_days + 7

    async def work(transaction: Transaction) -> None:
        if await orders.is_empty(transaction):
            samples = [_order(order_id, owner) for client, owner in TENANTS.items() for order_id in order_ids(client)]
            await orders.upsert(transaction, samples)
            await requests.number_from(transaction, FIRST_REQUEST_ID)
        windows = [
            Window(site.area, now.date() + timedelta(days=n), slot_type)
            for site in SITES
            for n in range(days)
            for slot_type in SlotType
        ]
        rows = [Capacity(window, CAPACITY_A_WINDOW) for window in windows]
        await capacity.set_capacity(transaction, rows, overwrite=False)

    await database.write(work)
