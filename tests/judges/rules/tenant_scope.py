async def get_of_anybody(connection, order_id):
    # ruleid: tenant_scope
    query = sa.select(orders).where(orders.c.id == order_id)
    return (await connection.execute(query)).one_or_none()


async def cancel_of_anybody(connection, request_id):
    # ruleid: tenant_scope
    await connection.execute(sa.update(requests).where(requests.c.id == request_id).values(state="cancelled"))


async def column_of_anybody(connection, booking_id):
    # ruleid: tenant_scope
    return await connection.execute(sa.select(bookings.c.id, bookings.c.state).where(bookings.c.id == booking_id))


async def delete_of_anybody(connection, key):
    # ruleid: tenant_scope
    await connection.execute(sa.delete(idempotency_keys).where(idempotency_keys.c.key == key))


async def get(connection, scope, order_id):
    # ok: tenant_scope
    query = sa.select(orders).where(orders.c.id == order_id, visible(orders, scope))
    return (await connection.execute(query)).one_or_none()


async def keep(connection, owner, key):
    # ok: tenant_scope
    await connection.execute(sa.delete(table).where(table.c.owner == owner, table.c.key == key))


async def get_many(connection, keys):
    # ok: tenant_scope
    return await connection.execute(sa.select(orders).where(sa.tuple_(orders.c.id, orders.c.owner).in_(keys)))


async def is_empty(connection):
    # ok: tenant_scope
    return (await connection.execute(sa.select(orders.c.id).limit(1))).first() is None


async def places(connection, area):
    # ok: tenant_scope
    return await connection.execute(sa.select(capacity.c.places).where(capacity.c.area == area))
