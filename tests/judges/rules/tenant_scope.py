# ok: tenant_scope
OF_A_MODULE = sa.select(orders.c.id).where(orders.c.id == rows.c.id)


async def get_of_anybody(transaction, order_id):
    # ruleid: tenant_scope
    return await first(transaction, sa.select(orders).where(orders.c.id == order_id))


async def columns_of_anybody(transaction, request_id):
    # ruleid: tenant_scope
    return await transaction.fetch(sa.select(*COLUMNS).where(events.c.request_id == request_id))


async def joined_of_anybody(transaction):
    # ruleid: tenant_scope
    query = sa.select(*COLUMNS).select_from(bookings.outerjoin(appointments, IS_ITS))
    return await transaction.fetch(query)


async def batch_of_anybody(transaction, asked):
    # ruleid: tenant_scope
    query = sa.select(*COLUMNS).select_from(rows.join(orders, IS_ASKED))
    return await transaction.fetch(query, asked)


async def labelled_of_anybody(transaction):
    # ruleid: tenant_scope
    return await transaction.fetch(sa.select(rows.c.place, requests.c.id.label("request_id")))


async def cancel_of_anybody(transaction, request_id):
    # ruleid: tenant_scope
    await transaction.execute(sa.update(requests).where(requests.c.id == request_id).values(state="cancelled"))


async def column_of_anybody(transaction, booking_id):
    # ruleid: tenant_scope
    return await transaction.fetch(sa.select(bookings.c.id, bookings.c.state).where(bookings.c.id == booking_id))


async def delete_of_anybody(transaction, key):
    # ruleid: tenant_scope
    await transaction.execute(sa.delete(idempotency_keys).where(idempotency_keys.c.key == key))


def chain_of_anybody():
    def build(link):
        # ruleid: tenant_scope
        return link("locked", sa.select(orders.c.id).where(orders.c.id == rows.c.order_id).with_for_update(of=orders))

    return Chain(build)


async def get(transaction, scope, order_id):
    # ok: tenant_scope
    return await first(transaction, sa.select(orders).where(orders.c.id == order_id, visible(orders, scope)))


async def page(transaction, scope, after):
    # ok: tenant_scope
    return await transaction.fetch(_visible_to(scope).where(orders.c.id > after))


async def keep(transaction, owner, key):
    # ok: tenant_scope
    await transaction.execute(sa.delete(table).where(table.c.owner == owner, table.c.key == key))


def chain():
    is_owned = sa.and_(orders.c.id == rows.c.order_id, orders.c.owner == rows.c.owner)

    def build(link):
        # ok: tenant_scope
        return link("locked", sa.select(orders.c.id).select_from(rows.join(orders, is_owned)))

    return Chain(build)


async def is_empty(transaction):
    # ok: tenant_scope
    return await first(transaction, sa.select(orders.c.id).limit(1)) is None


async def capacity_of(transaction, area):
    # ok: tenant_scope
    return await transaction.fetch(sa.select(capacity.c.capacity).where(capacity.c.area == area))
