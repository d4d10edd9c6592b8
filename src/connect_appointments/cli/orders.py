"""`orders`: what the operator's own systems know, brought in and looked at."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from connect_appointments.cli.database import opened
from connect_appointments.cli.files import DryRun, ImportFile, progress, read_file
from connect_appointments.cli.importing.orders import read_orders
from connect_appointments.cli.listing import (
    After,
    AsJson,
    AsJsonLines,
    Limit,
    OfOwner,
    counted,
    group_of_commands,
    print_next,
    print_rows,
    scope_of,
)
from connect_appointments.core.model import Order, Scope
from connect_appointments.settings import StoreSettings, WorkSettings, load
from connect_appointments.store import orders

app = group_of_commands("Import orders, or list them.")


@app.command("import")
def import_orders(file: ImportFile, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Import orders: new ones are added, known ones overwritten; all of the file, or nothing.

    Columns, in any order: id, owner, timeZone (IANA), state, area, demandType, priorityAssist (true or false), eSla,
    customerRef, serviceId, contactName, contactType, contactPhone, contactNotes. The last six may be empty.
    """
    settings = load(WorkSettings)
    found = read_file(file, lambda content, form: read_orders(content, form, settings.holiday_country))
    if not dry_run:
        # By id, so that two imports at once wait for each other and do not deadlock.
        found.sort(key=lambda order: order.id)
        with progress("Importing orders", len(found), shown=not as_json) as done:
            asyncio.run(_import(settings, found, done))
    if as_json:
        print(json.dumps({"imported": 0, "checked": len(found)} if dry_run else {"imported": len(found)}))
    else:
        count = counted(len(found), "order")
        print(f"{count} can be imported; nothing was" if dry_run else f"imported {count}")


async def _import(settings: StoreSettings, found: Sequence[Order], done: Callable[[int], None]) -> None:
    async def work(connection: AsyncConnection) -> None:
        for start in range(0, len(found), orders.ROWS_A_STATEMENT):
            await orders.upsert(connection, found[start : start + orders.ROWS_A_STATEMENT])
            done(start + orders.ROWS_A_STATEMENT)

    async with opened(settings) as database:
        await database.write(work)


@app.command("list")
def list_orders(
    owner: OfOwner = None,
    after: After = 0,
    limit: Limit = 100,
    contacts: Annotated[bool, typer.Option("--contacts", help="Also the contacts: personal data.")] = False,
    as_json: AsJsonLines = False,
) -> None:
    """List orders by id. With --contacts --json the lines are what `orders import` takes."""
    found = asyncio.run(_page(load(StoreSettings), scope_of(owner), after, limit))
    rows = [_row(order, contacts=contacts) for order in found]
    print_rows(rows, as_json=as_json)
    if not as_json:
        print_next(rows, limit)


async def _page(settings: StoreSettings, scope: Scope, after: int, limit: int) -> Sequence[Order]:
    async with opened(settings) as database:
        return await database.read(lambda connection: orders.page(connection, scope, after=after, limit=limit))


def _row(order: Order, *, contacts: bool) -> dict[str, Any]:
    row = {
        "id": order.id,
        "owner": order.owner,
        "timeZone": order.site.time_zone,
        "state": order.site.state,
        "area": order.site.area,
        "demandType": order.demand_type,
        "priorityAssist": order.priority_assist,
        "eSla": order.e_sla,
        "customerRef": order.customer_ref,
        "serviceId": order.service_id,
    }
    return row | _contact(order) if contacts else row


def _contact(order: Order) -> dict[str, str | None]:
    return {
        "contactName": order.contact_name,
        "contactType": order.contact_type,
        "contactPhone": order.contact_phone,
        "contactNotes": order.contact_notes,
    }
