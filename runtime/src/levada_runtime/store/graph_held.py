"""Syncs of the graph that are held until somebody decides; what they say is kept among the parts of large batches."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, read_as
from levada_runtime.store.graph_held_model import HeldRow, HeldState
from levada_runtime.store.tables import graph_held


class GraphHeld:
    """The held syncs of all organisations."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, row: HeldRow) -> None:
        self._connection.execute(sa.insert(graph_held).values(as_columns(row)))

    def get(self, org_id: int, held_id: str) -> HeldRow | None:
        query = sa.select(graph_held).where(graph_held.c.org_id == org_id, graph_held.c.id == held_id)
        return next(iter(read_as(HeldRow, self._connection.execute(query))), None)

    def standing(self, org_id: int, source: str) -> list[str]:
        """Return the ids of what is held of a source."""
        still = graph_held.c.org_id == org_id, graph_held.c.state == "held", graph_held.c.source == source
        return list(self._connection.execute(sa.select(graph_held.c.id).where(*still)).scalars())

    def page_of(
        self, org_id: int, *, state: str | None, source: str | None, before: str | None, limit: int
    ) -> list[HeldRow]:
        """Return held syncs, newest first, from before the id `before`."""
        query = sa.select(graph_held).where(graph_held.c.org_id == org_id)
        if state is not None:
            query = query.where(graph_held.c.state == state)
        if source is not None:
            query = query.where(graph_held.c.source == source)
        if before is not None:
            query = query.where(graph_held.c.id < before)
        found = self._connection.execute(query.order_by(graph_held.c.id.desc()).limit(limit))
        return read_as(HeldRow, found)

    def decide(
        self, org_id: int, held_id: str, state: HeldState, at: datetime, counts: dict[str, Any] | None = None
    ) -> None:
        """Write down what became of it."""
        values: dict[str, Any] = {"state": state, "decided_at": at}
        if counts is not None:
            values["counts"] = counts
        one = graph_held.c.org_id == org_id, graph_held.c.id == held_id
        self._connection.execute(sa.update(graph_held).where(*one).values(values))
