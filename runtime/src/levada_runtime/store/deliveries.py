"""Deliveries, the attempts at them, and the circuits of where they go."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, read_as
from levada_runtime.store.pipelines_model import AttemptRow, DeliveryRow
from levada_runtime.store.tables import circuits, deliveries, delivery_attempts

_AT_ONCE = 500


class Deliveries:
    """The deliveries of all organisations; each question names one."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, rows: Sequence[DeliveryRow]) -> None:
        if rows:
            self._connection.execute(sa.insert(deliveries), [as_columns(row) for row in rows])

    def get(self, org_id: int, connection_id: int, delivery_id: int) -> DeliveryRow | None:
        query = sa.select(deliveries).where(*_place(org_id, connection_id, delivery_id))
        return next(iter(read_as(DeliveryRow, self._connection.execute(query))), None)

    def change(self, row: DeliveryRow, at: datetime, **values: Any) -> None:
        matching = sa.update(deliveries).where(*_place(row.org_id, row.connection_id, row.id))
        self._connection.execute(matching.values(updated_at=at, **values))

    def page_of(
        self,
        org_id: int,
        *,
        states: Sequence[str] | None = None,
        pipeline: str | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[DeliveryRow]:
        """Return deliveries, newest first, from below the id `before`."""
        query = _matching(org_id, states, pipeline)
        if before is not None:
            query = query.where(deliveries.c.id < before)
        return read_as(DeliveryRow, self._connection.execute(query.order_by(deliveries.c.id.desc()).limit(limit)))

    def matching(
        self,
        org_id: int,
        *,
        states: Sequence[str],
        pipeline: str | None,
        since: datetime | None,
        until: datetime | None,
        after: int,
        limit: int,
    ) -> list[DeliveryRow]:
        """Return deliveries made from `since` to before `until`, oldest first, from above the id `after`."""
        query = _matching(org_id, states, pipeline).where(deliveries.c.id > after)
        if since is not None:
            query = query.where(deliveries.c.created_at >= since)
        if until is not None:
            query = query.where(deliveries.c.created_at < until)
        return read_as(DeliveryRow, self._connection.execute(query.order_by(deliveries.c.id).limit(limit)))

    def of_events(self, org_id: int, connection_id: int, event_ids: Sequence[int]) -> list[DeliveryRow]:
        """Return the deliveries that were made of these events of one connection."""
        of = deliveries.c.org_id == org_id, deliveries.c.connection_id == connection_id
        found: list[DeliveryRow] = []
        for start in range(0, len(event_ids), _AT_ONCE):
            some = event_ids[start : start + _AT_ONCE]
            query = sa.select(deliveries).where(*of, deliveries.c.event_id.in_(some)).order_by(deliveries.c.id)
            found += read_as(DeliveryRow, self._connection.execute(query))
        return found

    def by_state(self) -> dict[str, int]:
        """Return how many deliveries are in each state, everywhere."""
        query = sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def add_attempt(self, row: AttemptRow) -> None:
        self._connection.execute(sa.insert(delivery_attempts).values(as_columns(row)))

    def attempts(self, row: DeliveryRow) -> list[AttemptRow]:
        """Return the attempts at a delivery in their order."""
        query = sa.select(delivery_attempts).where(
            delivery_attempts.c.org_id == row.org_id,
            delivery_attempts.c.connection_id == row.connection_id,
            delivery_attempts.c.delivery_id == row.id,
        )
        return read_as(AttemptRow, self._connection.execute(query.order_by(delivery_attempts.c.ordinal)))

    def circuit(self, org_id: int, target: str) -> tuple[int, datetime | None]:
        """Return how often a target failed in a row, and until when it is left alone."""
        query = sa.select(circuits.c.failures, circuits.c.open_until).where(*_circuit(org_id, target))
        found = self._connection.execute(query).one_or_none()
        return (0, None) if found is None else (found.failures, found.open_until)

    def keep_circuit(self, org_id: int, target: str, failures: int, open_until: datetime | None) -> None:
        """Remember how a target does; whoever decided that holds the target's lock."""
        self._connection.execute(sa.delete(circuits).where(*_circuit(org_id, target)))
        if failures:
            row = {"org_id": org_id, "target": target, "failures": failures, "open_until": open_until}
            self._connection.execute(sa.insert(circuits).values(row))


def _matching(org_id: int, states: Sequence[str] | None, pipeline: str | None) -> sa.Select[Any]:
    query = sa.select(deliveries).where(deliveries.c.org_id == org_id)
    if states is not None:
        query = query.where(deliveries.c.state.in_(states))
    return query if pipeline is None else query.where(deliveries.c.pipeline == pipeline)


def _place(org_id: int, connection_id: int, delivery_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return deliveries.c.org_id == org_id, deliveries.c.connection_id == connection_id, deliveries.c.id == delivery_id


def _circuit(org_id: int, target: str) -> tuple[sa.ColumnElement[bool], ...]:
    return circuits.c.org_id == org_id, circuits.c.target == target
