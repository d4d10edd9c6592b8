async def find(connection, name):
    # ruleid: values_in_sql
    query = f"SELECT id FROM orders WHERE owner = '{name}'"
    await connection.execute(query)
    # ruleid: values_in_sql
    await connection.execute(sa.text("SELECT id FROM orders WHERE owner = '%s'" % name))
    # ruleid: values_in_sql
    await connection.execute(sa.text("SELECT id FROM orders WHERE owner = '{}'".format(name)))
    # ruleid: values_in_sql
    await connection.fetch("SELECT id FROM orders WHERE owner = " + name)
    # ruleid: values_in_sql
    connection.exec_driver_sql(f"PRAGMA journal_mode = {name}")
    # ok: values_in_sql
    await connection.execute(sa.text("SELECT id FROM orders WHERE owner = :owner"), {"owner": name})
    # ok: values_in_sql
    await connection.fetch("SELECT id FROM orders WHERE owner = $1", name)


# ok: values_in_sql
NOW = f"""
UPDATE orders SET updated_on = strftime('{SQLITE_INSTANT}', 'now') WHERE owner = ?
"""
