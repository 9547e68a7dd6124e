"""What recorded runs asked and were given: opaque bytes in order, the first of which says what the run began with."""

from collections.abc import Sequence

import sqlalchemy as sa

from levada_runtime.store.model import RunRow
from levada_runtime.store.tables import run_recordings

_ROWS_AT_ONCE = 50


class Recordings:
    """One recording a run: that of its last attempt."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def begin(self, run: RunRow, header: bytes) -> None:
        """Begin a run's recording, and forget that of an earlier attempt."""
        self._connection.execute(sa.delete(run_recordings).where(*_of_run(run)))
        self._insert(run, 0, [header])

    def add(self, run: RunRow, exchanges: Sequence[bytes]) -> None:
        """Add to a recording that was begun."""
        if not exchanges:
            return
        last = sa.select(sa.func.coalesce(sa.func.max(run_recordings.c.ordinal), 0)).where(*_of_run(run))
        first = self._connection.execute(last).scalar_one() + 1
        for start in range(0, len(exchanges), _ROWS_AT_ONCE):
            self._insert(run, first + start, exchanges[start : start + _ROWS_AT_ONCE])

    def of(self, run: RunRow) -> list[bytes]:
        """Return a run's recording, its beginning first; nothing when it was not recorded."""
        query = sa.select(run_recordings.c.exchange).where(*_of_run(run)).order_by(run_recordings.c.ordinal)
        return [bytes(row[0]) for row in self._connection.execute(query)]

    def _insert(self, run: RunRow, first: int, rows: Sequence[bytes]) -> None:
        key = {"org_id": run.org_id, "connection_id": run.connection_id, "run_id": run.id}
        values = [{**key, "ordinal": first + offset, "exchange": row} for offset, row in enumerate(rows)]
        self._connection.execute(sa.insert(run_recordings), values)


def _of_run(run: RunRow) -> tuple[sa.ColumnElement[bool], ...]:
    table = run_recordings
    return table.c.org_id == run.org_id, table.c.connection_id == run.connection_id, table.c.run_id == run.id
