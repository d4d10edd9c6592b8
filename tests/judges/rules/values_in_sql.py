async def find(transaction, connection, name):
    # ruleid: values_in_sql
    query = f"SELECT id FROM orders WHERE owner = '{name}'"
    # ruleid: values_in_sql
    await transaction.fetch(query)
    # ruleid: values_in_sql
    await transaction.fetch(sa.text("SELECT id FROM orders WHERE owner = '%s'" % name))
    # ruleid: values_in_sql
    await transaction.execute(sa.text("DELETE FROM orders WHERE owner = '{}'".format(name)))
    # ruleid: values_in_sql
    await transaction.execute(sa.text(f"REVOKE ALL ON orders FROM {name}"))
    # ruleid: values_in_sql
    await transaction.fetch("SELECT id FROM orders WHERE owner = " + name)
    # ruleid: values_in_sql
    await transaction.script(f"SAVEPOINT {name}")
    # ruleid: values_in_sql
    await transaction.script("SAVEPOINT %s" % name)
    savepoint = f"SAVEPOINT {name}"
    # ruleid: values_in_sql
    await transaction.script(savepoint)
    # ruleid: values_in_sql
    connection.execute(f"PRAGMA journal_mode = {name}")
    # ruleid: values_in_sql
    await transaction.script(f"ALTER TABLE {name} ALTER COLUMN id RESTART WITH 1;")
    # ok: values_in_sql
    await transaction.script("SAVEPOINT waiting")
    # ok: values_in_sql
    await transaction.fetch(sa.text("SELECT id FROM orders WHERE owner = :owner"), owner=name)
    # ok: values_in_sql
    await connection.fetch("SELECT id FROM orders WHERE owner = $1", name)


def rows_of(element, name):
    # ruleid: values_in_sql
    return f"(SELECT id FROM json_each({name}))"


def numbers(connection, timeout_seconds):
    # ok: values_in_sql
    connection.execute(f"PRAGMA busy_timeout = {int(timeout_seconds * 1000)}")


async def number_from(transaction, first_id):
    # ok: values_in_sql
    await transaction.script(f"ALTER TABLE {requests.name} ALTER COLUMN id RESTART WITH {first_id:d};")


def rows_of_a_batch(columns, text, arrays, names):
    # ok: values_in_sql
    on_sqlite = f"(SELECT {columns}, key + 1 AS place FROM json_each({text}))"
    # ok: values_in_sql
    return on_sqlite, f"(SELECT {columns}, place FROM unnest({arrays}) WITH ORDINALITY AS arrays ({names}))"


# ok: values_in_sql
NOW = f"""
UPDATE orders SET updated_on = strftime('{SQLITE_INSTANT}', 'now') WHERE owner = ?
"""
