"""Alembic's entry: runs migrations in the transaction it is handed."""

from alembic import context
from sqlalchemy import Connection

connection: Connection = context.config.attributes["connection"]

context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
