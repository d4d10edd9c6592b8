"""Run the migrations on the connection that `schema.migrate` hands over, inside its transaction."""

from alembic import context

from connect_appointments.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can undo DDL; alembic supposes it cannot.
    transactional_ddl=True,
    render_as_batch=False,
)
context.run_migrations()
