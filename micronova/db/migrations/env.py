"""Alembic's entry: the connection comes from micronova.db.upgrade, or from ``make migration`` for a new one."""

from alembic import context

from micronova.db.schema import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("run migrations by `micronova db upgrade`, and make new ones by `make migration`")
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=False,  # the caller's transaction is the only one
)
context.run_migrations()
