"""`contacts`: erase contacts, which are personal data."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Annotated

import typer

from connect_appointments.cli.database import opened
from connect_appointments.cli.failing import CommandFailed
from connect_appointments.cli.listing import AsJson, counted, group_of_commands
from connect_appointments.cli.operator import operator
from connect_appointments.core.errors import NotFound
from connect_appointments.core.model import MAX_ID, Actor
from connect_appointments.settings import StoreSettings, load
from connect_appointments.usecases import contact_erasures
from connect_appointments.usecases.contact_erasures import Erased

app = group_of_commands("Erase contacts: personal data.")


@app.callback()
def _group() -> None:
    """Make the application a group of commands, although it has one command."""


@app.command("erase")
def erase_contacts(
    order_id: Annotated[int, typer.Option("--order", metavar="ID", help="The id of the order.", min=1, max=MAX_ID)],
    as_json: AsJson = False,
) -> None:
    """Erase the contact of an order and of its appointments now: name, phone and notes.

    The command also erases the contact of a visit that is still to come. A repeated call succeeds too. A later import
    of the order may set its contact again.
    """
    erased = asyncio.run(_erase(load(StoreSettings), order_id))
    if as_json:
        print(json.dumps({"id": order_id, **erased._asdict()}))
    else:
        found = f"{counted(erased.orders, 'order')} and {counted(erased.appointments, 'appointment')}"
        print(f"erased the contacts of {found}")


async def _erase(settings: StoreSettings, order_id: int) -> Erased:
    who = operator()
    async with opened(settings) as database:
        try:
            return await contact_erasures.erase_order(database, Actor(who, who.name, str(uuid.uuid4())), order_id)
        except NotFound as error:
            raise CommandFailed(f"there is no order {order_id}") from error
