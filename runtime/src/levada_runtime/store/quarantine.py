"""Refused records, each kept once however often it comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, insert_or_change, read_as
from levada_runtime.store.model import QuarantineRow
from levada_runtime.store.tables import quarantine

_SAME = ("org_id", "connection_id", "stream", "document_type", "fingerprint")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which refused records are meant, by what they have in common; what is None does not matter."""

    connection_id: int | None = None
    stream: str | None = None
    document_type: str | None = None
    reason: str | None = None
    state: str | None = None


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
                "replayed_run_id": None,
            }
            insert_or_change(self._connection, quarantine, as_columns(row), _SAME, again)

    def get(self, org_id: int, record_id: int) -> QuarantineRow | None:
        return next(iter(self.of(org_id, [record_id])), None)

    def of(self, org_id: int, record_ids: Sequence[int]) -> list[QuarantineRow]:
        """Return those of these records that there are, oldest first."""
        query = sa.select(quarantine).where(quarantine.c.org_id == org_id, quarantine.c.id.in_(record_ids))
        return read_as(QuarantineRow, self._connection.execute(query.order_by(quarantine.c.id)))

    def page_of(self, org_id: int, wanted: Wanted, *, before: int | None, limit: int) -> list[QuarantineRow]:
        """Return refused records, newest first, from below the id `before`."""
        query = sa.select(quarantine).where(*_conditions(org_id, wanted))
        if before is not None:
            query = query.where(quarantine.c.id < before)
        return read_as(QuarantineRow, self._connection.execute(query.order_by(quarantine.c.id.desc()).limit(limit)))

    def matching(self, org_id: int, wanted: Wanted, *, after: int, limit: int) -> list[tuple[int, int, str]]:
        """Return the ids of refused records above `after`, oldest first, each with its connection and its stream."""
        query = sa.select(quarantine.c.id, quarantine.c.connection_id, quarantine.c.stream)
        query = query.where(*_conditions(org_id, wanted), quarantine.c.id > after)
        found = self._connection.execute(query.order_by(quarantine.c.id).limit(limit))
        return [(row[0], row[1], row[2]) for row in found]

    def by_reason(self, org_id: int, wanted: Wanted) -> dict[str, int]:
        """Return how many records were refused for which reason."""
        query = sa.select(quarantine.c.reason, sa.func.count()).where(*_conditions(org_id, wanted))
        grouped = query.group_by(quarantine.c.reason).order_by(quarantine.c.reason)
        return {row[0]: row[1] for row in self._connection.execute(grouped)}

    def change(self, row: QuarantineRow, **values: Any) -> None:
        self._connection.execute(sa.update(quarantine).where(*_place(row)).values(values))

    def discard(self, org_id: int, record_ids: Sequence[int]) -> int:
        """Say of open records that nothing is to be done about them; return of how many."""
        query = sa.update(quarantine).where(
            quarantine.c.org_id == org_id, quarantine.c.id.in_(record_ids), quarantine.c.state == "open"
        )
        changed = self._connection.execute(
            query.values(state="discarded"), execution_options={"preserve_rowcount": True}
        )
        return changed.rowcount


def _conditions(org_id: int, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    given = {
        quarantine.c.connection_id: wanted.connection_id,
        quarantine.c.stream: wanted.stream,
        quarantine.c.document_type: wanted.document_type,
        quarantine.c.reason: wanted.reason,
        quarantine.c.state: wanted.state,
    }
    return [quarantine.c.org_id == org_id, *(column == value for column, value in given.items() if value is not None)]


def _place(row: QuarantineRow) -> list[sa.ColumnElement[bool]]:
    return [
        quarantine.c.org_id == row.org_id,
        quarantine.c.connection_id == row.connection_id,
        quarantine.c.id == row.id,
    ]
