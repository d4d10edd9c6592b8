async def book_of_anybody(connection, actor, request_id, slot_id):
    # ruleid: unscoped_behind_hold
    found = await requests.offered(connection, request_id)
    # ruleid: unscoped_behind_hold
    await requests.move(connection, actor, request_id, BOOK)
    held = await requests.hold(connection, actor.scope, request_id, wait=True)
    return held, found


async def book(connection, actor, request_id, slot_id, wait):
    held = await requests.hold(connection, actor.scope, request_id, wait=wait)
    # ok: unscoped_behind_hold
    if held.booking_id is not None and await bookings.slot_id_of(connection, held.booking_id) == slot_id:
        return held.booking_id
    # ok: unscoped_behind_hold
    await orders.hold(connection, held.order_id, wait=wait)
    return await begin(connection, actor, held, slot_id)


async def begin(connection, actor: Actor, held: Held, slot_id: str) -> int:
    # ok: unscoped_behind_hold
    return await requests.offered(connection, held.id)
