"""Refused records, each kept once however often it comes back."""

from collections.abc import Sequence

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, insert_or_change, read_as
from levada_runtime.store.model import QuarantineRow
from levada_runtime.store.tables import quarantine

_SAME = ("org_id", "connection_id", "stream", "document_type", "fingerprint")


class Quarantine:
    """Records that failed, with what is wrong with them."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def keep(self, rows: Sequence[QuarantineRow]) -> None:
        """Keep each record; one that is here already is counted and opened again."""
        for row in rows:
            again = {
                "state": row.state,
                "times": quarantine.c.times + 1,
                "run_id": row.run_id,
                "last_seen_at": row.last_seen_at,
                "message": row.message,
                "errors": row.errors,
            }
            insert_or_change(self._connection, quarantine, as_columns(row), _SAME, again)

    def get(self, org_id: int, record_id: int) -> QuarantineRow | None:
        query = sa.select(quarantine).where(quarantine.c.org_id == org_id, quarantine.c.id == record_id)
        return next(iter(read_as(QuarantineRow, self._connection.execute(query))), None)

    def page_of(
        self, org_id: int, *, connection_id: int | None, state: str | None, before: int | None, limit: int
    ) -> list[QuarantineRow]:
        """Return refused records, newest first, from below the id `before`."""
        query = sa.select(quarantine).where(quarantine.c.org_id == org_id)
        if connection_id is not None:
            query = query.where(quarantine.c.connection_id == connection_id)
        if state is not None:
            query = query.where(quarantine.c.state == state)
        if before is not None:
            query = query.where(quarantine.c.id < before)
        return read_as(QuarantineRow, self._connection.execute(query.order_by(quarantine.c.id.desc()).limit(limit)))

    def set_state(self, org_id: int, record_id: int, state: str) -> None:
        matching = sa.update(quarantine).where(quarantine.c.org_id == org_id, quarantine.c.id == record_id)
        self._connection.execute(matching.values(state=state))
