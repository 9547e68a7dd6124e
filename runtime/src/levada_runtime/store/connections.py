"""Connections and their sealed secrets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, insert_or_change, named, read_as
from levada_runtime.store.model import ConnectionRow
from levada_runtime.store.tables import connections, secrets

REMOVED = "removed"


class Connections:
    """The connections of all organisations; each question names one."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, row: ConnectionRow) -> None:
        self._connection.execute(sa.insert(connections).values(as_columns(row)))

    def get(self, org_id: int, connection_id: int) -> ConnectionRow | None:
        """Return a connection by its row id, removed ones included."""
        query = sa.select(connections).where(connections.c.org_id == org_id, connections.c.id == connection_id)
        return next(iter(read_as(ConnectionRow, self._connection.execute(query))), None)

    def several(self, ids: Sequence[tuple[int, int]]) -> list[ConnectionRow]:
        """Return those of these connections that there are, by organisation and row id, removed ones included."""
        query = sa.select(connections).where(named((connections.c.org_id, connections.c.id), ids))
        rows = read_as(ConnectionRow, self._connection.execute(query))
        return [row for row in rows if (row.org_id, row.id) in set(ids)]

    def referred(self, org_id: int, reference: str) -> ConnectionRow | None:
        """Return the connection of that name or public id."""
        either = sa.or_(connections.c.name == reference, connections.c.uid == reference)
        query = self._living().where(connections.c.org_id == org_id, either)
        return next(iter(read_as(ConnectionRow, self._connection.execute(query))), None)

    def anywhere(self, reference: str) -> list[ConnectionRow]:
        """Return the living connections of any organisation by that name or public id."""
        either = sa.or_(connections.c.name == reference, connections.c.uid == reference)
        return read_as(ConnectionRow, self._connection.execute(self._living().where(either)))

    def of(self, org_id: int) -> list[ConnectionRow]:
        query = self._living().where(connections.c.org_id == org_id).order_by(connections.c.name)
        return read_as(ConnectionRow, self._connection.execute(query))

    def names(self, org_id: int) -> dict[int, str]:
        """Return every connection's name by its row id, removed ones included."""
        query = sa.select(connections.c.id, connections.c.name).where(connections.c.org_id == org_id)
        return {row.id: row.name for row in self._connection.execute(query)}

    def everywhere(self) -> list[ConnectionRow]:
        """Return the living connections of every organisation."""
        return read_as(ConnectionRow, self._connection.execute(self._living()))

    def by_connector(self) -> list[tuple[str, str, int]]:
        """Return how many living connections there are of each connector in each state: connector, state, number."""
        of = connections.c.connector, connections.c.state
        query = sa.select(*of, sa.func.count()).where(connections.c.state != REMOVED).group_by(*of).order_by(*of)
        return [(row[0], row[1], row[2]) for row in self._connection.execute(query)]

    def change(self, org_id: int, connection_id: int, at: datetime, **values: Any) -> None:
        matching = sa.update(connections).where(connections.c.org_id == org_id, connections.c.id == connection_id)
        self._connection.execute(matching.values(updated_at=at, **values))

    @staticmethod
    def _living() -> sa.Select[Any]:
        return sa.select(connections).where(connections.c.state != REMOVED)


class Secrets:
    """Sealed secrets of connections."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def of(self, org_id: int, connection_id: int) -> dict[str, bytes]:
        query = sa.select(secrets.c.name, secrets.c.sealed).where(*_owned(secrets, org_id, connection_id))
        return {row.name: row.sealed for row in self._connection.execute(query)}

    def keep(self, org_id: int, connection_id: int, name: str, sealed: bytes, at: datetime) -> None:
        values = {"org_id": org_id, "connection_id": connection_id, "name": name, "sealed": sealed, "updated_at": at}
        insert_or_change(self._connection, secrets, values, ("org_id", "connection_id", "name"))

    def everywhere(self) -> list[tuple[int, int, str, bytes]]:
        """Return every organisation's: organisation, connection, name and what is sealed."""
        columns = secrets.c.org_id, secrets.c.connection_id, secrets.c.name, secrets.c.sealed
        return [(row[0], row[1], row[2], row[3]) for row in self._connection.execute(sa.select(*columns))]

    def seal_anew(self, place: tuple[int, int, str], before: bytes, after: bytes) -> bool:
        """Put a sealed value in the place of another; False when that is not there any more."""
        same = *_owned(secrets, place[0], place[1]), secrets.c.name == place[2], secrets.c.sealed == before
        return self._connection.execute(sa.update(secrets).where(*same).values(sealed=after)).rowcount == 1

    def forget(self, org_id: int, connection_id: int) -> None:
        self._connection.execute(sa.delete(secrets).where(*_owned(secrets, org_id, connection_id)))


def _owned(table: sa.Table, org_id: int, connection_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.org_id == org_id, table.c.connection_id == connection_id
