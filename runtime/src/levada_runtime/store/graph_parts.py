"""Parts of large batches of the graph: rows packed into bytes, kept in order until the batch is done or given up."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from levada_runtime.store.tables import graph_parts

STAGED: Final = "snapshot/"
"""What the names of the batches begin with that are only staged, and no longer of use once their run is dead."""


class GraphParts:
    """The parts of all batches, each batch under a name of its own."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def keep(self, org_id: int, of: str, ordinal: int, rows: bytes, at: datetime) -> None:
        """Keep one part of a batch."""
        values = {"org_id": org_id, "of": of, "ordinal": ordinal, "rows": rows, "kept_at": at}
        self._connection.execute(sa.insert(graph_parts).values(values))

    def of(self, org_id: int, of: str, *, start: int = 0, stop: int = (1 << 63) - 1) -> Iterator[bytes]:
        """Yield the parts of a batch in order, those from `start` and before `stop`; one at a time is in memory."""
        rows, last = graph_parts.c.rows, start - 1
        mine = graph_parts.c.org_id == org_id, graph_parts.c.of == of, graph_parts.c.ordinal < stop
        query = sa.select(graph_parts.c.ordinal, rows).where(*mine).order_by(graph_parts.c.ordinal).limit(1)
        while (found := self._connection.execute(query.where(graph_parts.c.ordinal > last)).first()) is not None:
            last = found[0]
            yield bytes(found[1])

    def one(self, org_id: int, of: str, ordinal: int) -> bytes | None:
        """Return one part of a batch; None when there is none."""
        query = sa.select(graph_parts.c.rows).where(*_mine(org_id, of), graph_parts.c.ordinal == ordinal)
        found = self._connection.execute(query).scalar()
        return None if found is None else bytes(found)

    def count(self, org_id: int, of: str, *, stop: int) -> int:
        """Return how many parts there are of a batch before `stop`."""
        counted = sa.select(sa.func.count(graph_parts.c.ordinal))
        return self._connection.execute(counted.where(*_mine(org_id, of), graph_parts.c.ordinal < stop)).scalar_one()

    def rename(self, org_id: int, of: str, name: str) -> None:
        """Let a batch have another name from now on."""
        mine = graph_parts.c.org_id == org_id, graph_parts.c.of == of
        self._connection.execute(sa.update(graph_parts).where(*mine).values(of=name))

    def drop(self, org_id: int, of: str) -> None:
        """Drop a batch."""
        self._connection.execute(sa.delete(graph_parts).where(graph_parts.c.org_id == org_id, graph_parts.c.of == of))

    def drop_all(self, org_id: int, prefix: str) -> None:
        """Drop every batch of an organisation whose name begins so."""
        begins = graph_parts.c.of.startswith(prefix, autoescape=True)
        self._connection.execute(sa.delete(graph_parts).where(graph_parts.c.org_id == org_id, begins))

    def any_stale(self, before: datetime) -> bool:
        """Tell whether anything is staged since before a moment."""
        return (
            self._connection.execute(sa.select(graph_parts.c.org_id).where(*_stale(before)).limit(1)).first()
            is not None
        )

    def drop_stale(self, before: datetime) -> None:
        """Drop what is staged since before a moment."""
        self._connection.execute(sa.delete(graph_parts).where(*_stale(before)))


def _mine(org_id: int, of: str) -> tuple[sa.ColumnElement[bool], ...]:
    return graph_parts.c.org_id == org_id, graph_parts.c.of == of


def _stale(before: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return graph_parts.c.of.startswith(STAGED, autoescape=True), graph_parts.c.kept_at < before
