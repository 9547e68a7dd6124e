"""Streams with their schedules, and how far each of them has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, insert_or_change, named, read_as
from levada_runtime.store.connections import REMOVED
from levada_runtime.store.locks import lock
from levada_runtime.store.model import StreamRow
from levada_runtime.store.tables import checkpoints, connections, streams

_SCHEDULING = (
    streams.c.org_id,
    streams.c.connection_id,
    streams.c.stream,
    streams.c.schedule,
    streams.c.override,
    streams.c.timezone,
    streams.c.paused,
    streams.c.schedule_changed_at,
)
_HAS_SCHEDULE = sa.or_(streams.c.schedule.is_not(None), streams.c.override.is_not(None))


@dataclass(frozen=True, slots=True)
class NamedStream:
    """A stream with the name and the state of its connection."""

    row: StreamRow
    connection: str
    connection_state: str


class Streams:
    """The streams of each connection, with their schedules."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def of(self, org_id: int, connection_id: int) -> list[StreamRow]:
        query = sa.select(streams).where(*_owned(streams, org_id, connection_id)).order_by(streams.c.stream)
        return read_as(StreamRow, self._connection.execute(query))

    def get(self, org_id: int, connection_id: int, stream: str) -> StreamRow | None:
        query = sa.select(streams).where(*_owned(streams, org_id, connection_id), streams.c.stream == stream)
        return next(iter(read_as(StreamRow, self._connection.execute(query))), None)

    def several(self, names: Sequence[tuple[int, int, str]]) -> list[StreamRow]:
        """Return those of these streams that there are, by organisation, connection and stream."""
        wanted = named((streams.c.org_id, streams.c.connection_id, streams.c.stream), names)
        rows = read_as(StreamRow, self._connection.execute(sa.select(streams).where(wanted)))
        return [row for row in rows if (row.org_id, row.connection_id, row.stream) in set(names)]

    def replace(self, org_id: int, connection_id: int, rows: list[StreamRow]) -> None:
        lock(self._connection, "streams", org_id, connection_id)
        self._connection.execute(sa.delete(streams).where(*_owned(streams, org_id, connection_id)))
        if rows:
            self._connection.execute(sa.insert(streams), [as_columns(row) for row in rows])

    def change(self, row: StreamRow, values: Mapping[str, Any]) -> None:
        """Change what an operator sets of one stream; who replaces them all meanwhile waits."""
        lock(self._connection, "streams", row.org_id, row.connection_id)
        one = (*_owned(streams, row.org_id, row.connection_id), streams.c.stream == row.stream)
        self._connection.execute(sa.update(streams).where(*one).values(dict(values)))

    def scheduled(self) -> list[StreamRow]:
        """Return every stream with a schedule, of every living connection."""
        query = sa.select(streams).select_from(_living()).where(_HAS_SCHEDULE, connections.c.state != REMOVED)
        return read_as(StreamRow, self._connection.execute(query))

    def by_rest(self) -> dict[bool, int]:
        """Return how many scheduled streams rest because somebody paused them or their connection, and how many not."""
        rests = sa.or_(streams.c.paused, connections.c.state == "paused").label("rests")
        query = sa.select(rests, sa.func.count()).select_from(_living())
        of_living = query.where(_HAS_SCHEDULE, connections.c.state != REMOVED).group_by(rests)
        return {bool(row[0]): row[1] for row in self._connection.execute(of_living)}

    def scheduling(self) -> Sequence[tuple[Any, ...]]:
        """Return, cheaply and in order, what a scheduler goes by of every scheduled stream."""
        query = sa.select(*_SCHEDULING).select_from(_living()).where(_HAS_SCHEDULE, connections.c.state != REMOVED)
        ordered = query.order_by(streams.c.org_id, streams.c.connection_id, streams.c.stream)
        return [tuple(row) for row in self._connection.execute(ordered)]

    def page_of(
        self, org_id: int, *, connection: str | None, after: tuple[str, str] | None, limit: int
    ) -> list[NamedStream]:
        """Return streams with their connections by the connection's name and the stream, from behind `after`."""
        query = (
            sa.select(streams, connections.c.name.label("named"), connections.c.state.label("standing"))
            .select_from(_living())
            .where(streams.c.org_id == org_id, connections.c.state != REMOVED)
            .order_by(connections.c.name, streams.c.stream)
            .limit(limit)
        )
        if connection is not None:
            query = query.where(connections.c.name == connection)
        if after is not None:
            query = query.where(sa.tuple_(connections.c.name, streams.c.stream) > sa.tuple_(*after))
        found = self._connection.execute(query).all()
        rows = read_as(StreamRow, found)
        return [NamedStream(row, one.named, one.standing) for row, one in zip(rows, found, strict=True)]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A saved value, which run saved it, and when; without a run it was set by hand."""

    partition: str
    state: dict[str, Any]
    run_id: str
    updated_at: datetime


class Checkpoints:
    """How far each stream has come."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def of(self, org_id: int, connection_id: int, stream: str) -> dict[str, dict[str, Any]]:
        """Return the saved values by partition; the whole stream's is ""."""
        where = (*_owned(checkpoints, org_id, connection_id), checkpoints.c.stream == stream)
        query = sa.select(checkpoints.c.partition, checkpoints.c.state).where(*where)
        return {row.partition: row.state for row in self._connection.execute(query)}

    def saved(self, org_id: int, connection_id: int, stream: str) -> list[Checkpoint]:
        """Return the saved values with who saved them and when, by partition."""
        where = (*_owned(checkpoints, org_id, connection_id), checkpoints.c.stream == stream)
        query = sa.select(checkpoints).where(*where).order_by(checkpoints.c.partition)
        return read_as(Checkpoint, self._connection.execute(query))

    def keep(
        self,
        org_id: int,
        connection_id: int,
        stream: str,
        partition: str,
        state: dict[str, Any],
        run_id: str,
        at: datetime,
    ) -> None:
        key = {"org_id": org_id, "connection_id": connection_id, "stream": stream, "partition": partition}
        values = {"state": state, "run_id": run_id, "updated_at": at}
        insert_or_change(self._connection, checkpoints, {**key, **values}, tuple(key))

    def forget(self, org_id: int, connection_id: int, stream: str, partition: str | None = None) -> int:
        """Take a partition's value away, or all of a stream's; returns how many there were."""
        where = [*_owned(checkpoints, org_id, connection_id), checkpoints.c.stream == stream]
        if partition is not None:
            where.append(checkpoints.c.partition == partition)
        return self._connection.execute(sa.delete(checkpoints).where(*where)).rowcount


def _living() -> sa.Join:
    same = sa.and_(streams.c.org_id == connections.c.org_id, streams.c.connection_id == connections.c.id)
    return sa.join(streams, connections, same)


def _owned(table: sa.Table, org_id: int, connection_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.org_id == org_id, table.c.connection_id == connection_id
