"""Durable work rows. A claim raises the row's fence; whoever holds an older one can no longer complete it.

Within one key only the oldest unfinished row may be claimed, which keeps one run per stream and order per document.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, read_as
from levada_runtime.store.model import WorkRow
from levada_runtime.store.tables import work

UNFINISHED = ("queued", "running")


class Work:
    """What is to be done, by whom it is being done, and until when."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, row: WorkRow) -> None:
        self._connection.execute(sa.insert(work).values(as_columns(row)))

    def get(self, work_id: int) -> WorkRow | None:
        return next(iter(self._read(work.c.id == work_id)), None)

    def due(self, now: datetime, limit: int) -> list[WorkRow]:
        """Return unreserved rows that may be claimed now: queued and at the head of their key, most urgent first."""
        query = (
            sa.select(work)
            .where(work.c.state == "queued", work.c.not_before <= now, work.c.reserved_for.is_(None), _at_head())
            .order_by(work.c.priority, work.c.id)
            .limit(limit)
        )
        return read_as(WorkRow, self._connection.execute(query))

    def head(self, org_id: int, connection_id: int, key: str) -> WorkRow | None:
        """Return the oldest unfinished row of a key."""
        return next(iter(self.unfinished_of(org_id, connection_id, key)), None)

    def unfinished_of(self, org_id: int, connection_id: int, key: str) -> list[WorkRow]:
        """Return a key's unfinished rows, oldest first."""
        return self._read(
            work.c.org_id == org_id,
            work.c.connection_id == connection_id,
            work.c.key == key,
            work.c.state.in_(UNFINISHED),
        )

    def unfinished(self) -> list[WorkRow]:
        """Return every unfinished row that somebody holds or has reserved."""
        held = sa.or_(work.c.owner.is_not(None), work.c.reserved_for.is_not(None))
        return self._read(work.c.state.in_(UNFINISHED), held)

    def oldest_queued(self) -> datetime | None:
        """Return when the oldest row that waits was queued."""
        query = sa.select(sa.func.min(work.c.queued_at)).where(work.c.state == "queued")
        moment: datetime | None = self._connection.execute(query).scalar_one()
        return moment

    def claim(self, row: WorkRow, owner: str, lease_until: datetime) -> WorkRow:
        """Take a row that was read as queued in this same unit of work: its fence rises, and so does its attempt."""
        return self._change(
            row, state="running", fence=row.fence + 1, owner=owner, lease_until=lease_until, attempt=row.attempt + 1
        )

    def release(self, row: WorkRow, *, not_before: datetime, attempt: int) -> WorkRow:
        """Put a row back; the fence stays, so that its last holder cannot complete it once it is claimed again."""
        return self._change(
            row, state="queued", owner=None, reserved_for=None, lease_until=None, not_before=not_before, attempt=attempt
        )

    def cancel(self, row: WorkRow) -> None:
        """End a row whoever holds it."""
        self._change(row, state="dead", owner=None, reserved_for=None, lease_until=None)

    def renew(self, tokens: list[tuple[int, int]], lease_until: datetime) -> None:
        for work_id, fence in tokens:
            self._connection.execute(sa.update(work).where(*_held(work_id, fence)).values(lease_until=lease_until))

    def holds(self, work_id: int, fence: int) -> bool:
        """Tell whether this claim is still the one that counts."""
        return self._connection.execute(sa.select(sa.exists().where(*_held(work_id, fence)))).scalar_one()

    def progressed(self, work_id: int, fence: int) -> None:
        """Count attempts from here: something was kept, so whoever comes next does not begin at the beginning."""
        self._connection.execute(sa.update(work).where(*_held(work_id, fence)).values(attempt=1))

    def advance(self, work_id: int, fence: int, payload: dict[str, Any]) -> bool:
        """Keep how far a claim has come; False when the claim is stale. Nobody else can take it before the end."""
        moved = sa.update(work).where(*_held(work_id, fence)).values(payload=payload)
        return bool(self._connection.execute(moved).rowcount)

    def complete(self, work_id: int, fence: int, state: str = "done") -> bool:
        """End a row; False when the claim is stale."""
        values = {"state": state, "owner": None, "lease_until": None}
        return bool(self._connection.execute(sa.update(work).where(*_held(work_id, fence)).values(values)).rowcount)

    def _read(self, *conditions: sa.ColumnElement[bool]) -> list[WorkRow]:
        query = sa.select(work).where(*conditions).order_by(work.c.id)
        return read_as(WorkRow, self._connection.execute(query))

    def _change(self, row: WorkRow, **values: Any) -> WorkRow:
        self._connection.execute(sa.update(work).where(work.c.id == row.id, work.c.fence == row.fence).values(values))
        return WorkRow(**{**as_columns(row), **values})


def _held(work_id: int, fence: int) -> tuple[sa.ColumnElement[bool], ...]:
    return work.c.id == work_id, work.c.fence == fence, work.c.state == "running"


def _at_head() -> sa.ColumnElement[bool]:
    earlier = work.alias("earlier")
    return ~sa.exists().where(
        earlier.c.org_id == work.c.org_id,
        earlier.c.connection_id == work.c.connection_id,
        earlier.c.key == work.c.key,
        earlier.c.id < work.c.id,
        earlier.c.state.in_(UNFINISHED),
    )
