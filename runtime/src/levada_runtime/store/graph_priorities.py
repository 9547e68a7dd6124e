"""The orders in which sources go before one another, by the kind of what they assert."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, read_as
from levada_runtime.store.graph_model import EntityRow
from levada_runtime.store.tables import entities, entity_claims, graph_priorities


@dataclass(frozen=True, slots=True)
class PriorityRow:
    """The order of sources for one kind, the foremost first; each is a name, or a pattern of names."""

    org_id: int
    kind: str
    sources: list[str]
    set_at: datetime


class GraphPriorities:
    """The orders of all organisations."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def of(self, org_id: int) -> list[PriorityRow]:
        """Return an organisation's orders, by their kinds."""
        query = sa.select(graph_priorities).where(graph_priorities.c.org_id == org_id)
        return read_as(PriorityRow, self._connection.execute(query.order_by(graph_priorities.c.kind)))

    def orders(self, org_id: int) -> dict[str, list[str]]:
        """Return the order of each kind that has one."""
        return {row.kind: row.sources for row in self.of(org_id)}

    def put(self, row: PriorityRow) -> None:
        """Set the order of a kind, in place of an earlier one."""
        self.drop(row.org_id, row.kind)
        self._connection.execute(sa.insert(graph_priorities).values(as_columns(row)))

    def drop(self, org_id: int, kind: str) -> bool:
        """Forget the order of a kind, and say whether there was one."""
        same = graph_priorities.c.org_id == org_id, graph_priorities.c.kind == kind
        return bool(self._connection.execute(sa.delete(graph_priorities).where(*same)).rowcount)

    def contested(self, org_id: int, kind: str, after: int, limit: int) -> list[EntityRow]:
        """Return entities of a kind that several sources claim, above the id `after`, in order of their ids."""
        columns: list[Any] = [entities.c[name.rstrip("_")] for name in EntityRow._fields]
        on = entity_claims.c.org_id == entities.c.org_id, entity_claims.c.entity_id == entities.c.id
        claims = sa.select(sa.func.count()).where(*on).correlate(entities).scalar_subquery()
        of = entities.c.org_id == org_id, entities.c.kind == kind, entities.c.id > after, claims > 1
        query = sa.select(*columns).where(*of).order_by(entities.c.id).limit(limit)
        return [EntityRow(*row) for row in self._connection.execute(query)]
