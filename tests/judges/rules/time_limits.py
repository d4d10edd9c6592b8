async def fetch(url):
    # ruleid: time_limits
    async with httpx2.AsyncClient() as client:
        return await client.get(url)


async def fetch_in_time(url):
    # ok: time_limits
    async with httpx2.AsyncClient(timeout=5) as client:
        return await client.get(url)


async def connect(host):
    # ruleid: time_limits
    connection = await asyncpg.connect(host, statement_cache_size=0)
    # ruleid: time_limits
    reader, writer = await asyncio.open_connection(host, 80)
    return connection, reader, writer


async def connect_in_time(host):
    # ok: time_limits
    connection = await asyncpg.connect(host, timeout=2)
    async with asyncio.timeout(2):
        # ok: time_limits
        reader, writer = await asyncio.open_connection(host, 80)
    return connection, reader, writer
