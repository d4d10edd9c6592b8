"""Render the migrations as the SQL text of one engine; `schema.migrate` runs it, inside its transaction."""

from alembic import context

context.configure(
    dialect_name=context.config.attributes["dialect"],
    literal_binds=True,
    # The transaction is that of the caller.
    transactional_ddl=False,
)
context.run_migrations()
