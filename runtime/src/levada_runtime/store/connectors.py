"""Installed connectors, as last described."""

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, insert_or_change, read_as
from levada_runtime.store.model import ConnectorRow
from levada_runtime.store.tables import connectors


class Connectors:
    """What is known of each connector of this installation."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def all(self) -> list[ConnectorRow]:
        return read_as(ConnectorRow, self._connection.execute(sa.select(connectors).order_by(connectors.c.key)))

    def get(self, key: str) -> ConnectorRow | None:
        query = sa.select(connectors).where(connectors.c.key == key)
        return next(iter(read_as(ConnectorRow, self._connection.execute(query))), None)

    def hash_of(self, key: str) -> str | None:
        """Return the hash of a connector's source as it was last described; None when it is not known."""
        query = sa.select(connectors.c.source_hash).where(connectors.c.key == key)
        found: str | None = self._connection.execute(query).scalar_one_or_none()
        return found

    def hashes(self) -> dict[str, str]:
        """Return the hash of each connector's source as it was last described, by key."""
        query = sa.select(connectors.c.key, connectors.c.source_hash)
        return {row.key: row.source_hash for row in self._connection.execute(query)}

    def keep(self, row: ConnectorRow) -> None:
        """Replace what was known of this connector."""
        insert_or_change(self._connection, connectors, as_columns(row), ("key",))

    def forget(self, key: str) -> None:
        self._connection.execute(sa.delete(connectors).where(connectors.c.key == key))
