"""Durable work rows. A claim raises the row's fence; whoever holds an older one can no longer complete it.

Within one key only the oldest unfinished row may be claimed, and none while another is being done, which keeps one run
per stream and order per document. Where several write at once, a claim therefore takes the line of its key, and looks
again once it has it: what it saw before may be what another claimer is just changing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from levada_runtime.store import _lines
from levada_runtime.store._rows import as_columns, named, read_as
from levada_runtime.store.engine import is_writing
from levada_runtime.store.locks import Named, free_of, lock
from levada_runtime.store.model import WorkRow
from levada_runtime.store.tables import connections, work
from levada_runtime.store.work_model import DueWork, WaitingWork, WorkInFlight

UNFINISHED = ("queued", "running")


class Work:
    """What is to be done, by whom it is being done, and until when."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, row: WorkRow) -> None:
        self._connection.execute(sa.insert(work), as_columns(row))

    def add_all(self, rows: Sequence[WorkRow]) -> None:
        if rows:
            self._connection.execute(sa.insert(work), [as_columns(row) for row in rows])

    def in_line(self, lines: Sequence[tuple[int, int, str]]) -> list[tuple[int, int, str, str]]:
        """Return each unfinished row that stands in one of these lines: the line's three names, and its state."""
        line = (work.c.org_id, work.c.connection_id, work.c.key)
        found = self._connection.execute(sa.select(*line, work.c.state).where(named(line, lines), _unfinished(work)))
        return [(row[0], row[1], row[2], row[3]) for row in found if tuple(row[:3]) in set(lines)]

    def get(self, work_id: int) -> WorkRow | None:
        """Return a row; if a unit of work that writes asks, it stays as it is until that ends."""
        query = sa.select(work).where(work.c.id == work_id)
        asked = query.with_for_update() if is_writing(self._connection) else query
        return next(iter(read_as(WorkRow, self._connection.execute(asked))), None)

    def due(self, now: datetime, limit: int, versions: Sequence[str]) -> list[DueWork]:
        """Return what of these versions may be claimed now: of each organisation the `limit` most urgent pieces."""
        return _lines.due(self._connection, now, limit, versions)

    def waiting(self, now: datetime, versions: Sequence[str]) -> list[WaitingWork]:
        """Return what of these versions is due and not taken, by kind."""
        return _lines.waiting(self._connection, now, versions)

    def foreign(self, versions: Sequence[str]) -> dict[str, int]:
        """Return how much waits that is of none of these versions, by version."""
        of = work.c.code_version
        query = sa.select(of, sa.func.count()).where(_unfinished(work), work.c.state == "queued", of.not_in(versions))
        return {row[0]: row[1] for row in self._connection.execute(query.group_by(of).order_by(of))}

    def in_flight(self) -> list[WorkInFlight]:
        """Return what is being done, by organisation, kind and owner."""
        by = (work.c.org_id, work.c.kind, work.c.owner)
        query = sa.select(*by, sa.func.count().label("count")).where(_running(work), work.c.owner.is_not(None))
        return read_as(WorkInFlight, self._connection.execute(query.group_by(*by)))

    def dead(self) -> dict[str, int]:
        """Return how many pieces of work were given up or cancelled, by kind."""
        query = sa.select(work.c.kind, sa.func.count()).where(_dead(work)).group_by(work.c.kind).order_by(work.c.kind)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def take(self, work_ids: Sequence[int], now: datetime, versions: Sequence[str]) -> list[WorkRow]:
        """Return those of these rows that may still be claimed, in this order; nobody else can before the end.

        What another is at just now is left out.
        """
        query = sa.select(work).where(
            work.c.id.in_(work_ids),
            work.c.code_version.in_(versions),
            *_claimable(now),
            work.c.reserved_for.is_(None),
            _AT_HEAD,
        )
        found = read_as(WorkRow, self._connection.execute(query.with_for_update(skip_locked=True, of=work)))
        rows = sorted(found, key=lambda row: work_ids.index(row.id))
        free = free_of(self._connection, [_line(row.org_id, row.connection_id, row.key) for row in rows])
        return self._at_head_still([row for row, is_free in zip(rows, free, strict=True) if is_free])

    def head(self, org_id: int, connection_id: int, key: str) -> WorkRow | None:
        """Return the row of a key whose turn it is: the one that is being done, else the oldest unfinished one."""
        line = self.unfinished_of(org_id, connection_id, key)
        return next((row for row in line if row.state == "running"), line[0] if line else None)

    def unfinished_of(self, org_id: int, connection_id: int, key: str) -> list[WorkRow]:
        """Return a key's unfinished rows, oldest first."""
        return read_as(WorkRow, self._connection.execute(_unfinished_of(org_id, connection_id, key)))

    def first_of(self, org_id: int, connection_id: int, key: str) -> int | None:
        """Return the id of a key's oldest unfinished row."""
        oldest = _unfinished_of(org_id, connection_id, key).with_only_columns(work.c.id).limit(1)
        found: int | None = self._connection.execute(oldest).scalar_one_or_none()
        return found

    def last_of(self, org_id: int, connection_id: int, key: str) -> int | None:
        """Return the id of a key's newest unfinished row."""
        query = _unfinished_of(org_id, connection_id, key).with_only_columns(work.c.id)
        newest = query.order_by(None).order_by(work.c.id.desc()).limit(1)
        found: int | None = self._connection.execute(newest).scalar_one_or_none()
        return found

    def behind(self, row: WorkRow, limit: int) -> list[WorkRow]:
        """Return up to `limit` unfinished rows that stand behind one in its line, in order."""
        line = _unfinished_of(row.org_id, row.connection_id, row.key)
        return read_as(WorkRow, self._connection.execute(line.where(work.c.id > row.id).limit(limit)))

    def hold_line(self, org_id: int, connection_id: int, key: str) -> list[WorkRow]:
        """Return a key's unfinished rows; nobody else claims or changes any of them before the unit of work ends."""
        lock(self._connection, *_line(org_id, connection_id, key))
        query = _unfinished_of(org_id, connection_id, key).with_for_update()
        return read_as(WorkRow, self._connection.execute(query))

    def of_connection(self, org_id: int, connection_id: int, kinds: Sequence[str], after: int, limit: int) -> list[int]:
        """Return the ids of a connection's unfinished rows of these kinds above the id `after`, oldest first."""
        of = work.c.org_id == org_id, work.c.connection_id == connection_id, work.c.kind.in_(kinds), work.c.id > after
        query = sa.select(work.c.id).where(*of, _unfinished(work)).order_by(work.c.id).limit(limit)
        return list(self._connection.execute(query).scalars())

    def unlocked(self, work_ids: Sequence[int]) -> list[WorkRow]:
        """Return those of these rows that are unfinished and that nobody else is changing, for this unit of work."""
        query = sa.select(work).where(work.c.id.in_(work_ids), _unfinished(work)).order_by(work.c.id)
        return read_as(WorkRow, self._connection.execute(query.with_for_update(skip_locked=True)))

    def unfinished(self) -> list[WorkRow]:
        """Return every unfinished row that somebody holds or has reserved."""
        held = sa.or_(work.c.owner.is_not(None), work.c.reserved_for.is_not(None))
        return self._read(_unfinished(work), held)

    def oldest_queued(self) -> datetime | None:
        """Return when the oldest row that waits was queued."""
        query = sa.select(sa.func.min(work.c.queued_at)).where(_unfinished(work), work.c.state == "queued")
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

    def wake(self, connector: str, now: datetime) -> None:
        """Let what waits for a connector wait no longer; work that somebody is just at is being looked at anyway."""
        of_connector = sa.tuple_(work.c.org_id, work.c.connection_id).in_(
            sa.select(connections.c.org_id, connections.c.id).where(connections.c.connector == connector)
        )
        kinds = work.c.kind.in_(("webhook", "backfill"))
        waiting = (work.c.state == "queued", kinds, work.c.not_before > now)
        query = sa.select(work.c.id).where(_unfinished(work), *waiting, of_connector)
        free = query.with_for_update(skip_locked=True)
        self._connection.execute(sa.update(work).where(work.c.id.in_(free)).values(not_before=now))

    def cancel(self, row: WorkRow) -> None:
        """End a row whoever holds it."""
        self._change(row, state="dead", owner=None, reserved_for=None, lease_until=None)

    def renew(self, tokens: list[tuple[int, int]], lease_until: datetime) -> None:
        """Lengthen the leases of these claims; a row that its holder is just changing waits for the next time."""
        ids, claims = [work_id for work_id, _ in tokens], sa.tuple_(work.c.id, work.c.fence).in_(tokens)
        query = sa.select(work.c.id).where(work.c.id.in_(ids), claims, work.c.state == "running")
        held = query.with_for_update(skip_locked=True)
        self._connection.execute(sa.update(work).where(work.c.id.in_(held)).values(lease_until=lease_until))

    def holds(self, work_id: int, fence: int) -> bool:
        """Tell whether this claim is still the one that counts; if a unit of work that writes asks, until it ends."""
        query = sa.select(work.c.id).where(*_held(work_id, fence))
        asked = query.with_for_update() if is_writing(self._connection) else query
        return self._connection.execute(asked).first() is not None

    def progressed(self, work_id: int, fence: int) -> bool:
        """Count attempts from here: something is kept, so whoever comes next does not begin at the beginning.

        False when the claim is stale; nobody else can take it before the end.
        """
        return bool(self._connection.execute(_PROGRESSED, {"of_work": work_id, "of_fence": fence}).rowcount)

    def advance(self, work_id: int, fence: int, payload: dict[str, Any]) -> bool:
        """Keep how far a claim has come; False when the claim is stale. Nobody else can take it before the end."""
        moved = sa.update(work).where(*_held(work_id, fence)).values(payload=payload)
        return bool(self._connection.execute(moved).rowcount)

    def complete(self, work_id: int, fence: int, state: str = "done") -> bool:
        """End a row; False when the claim is stale."""
        values = {"state": state, "owner": None, "lease_until": None}
        return bool(self._connection.execute(sa.update(work).where(*_held(work_id, fence)).values(values)).rowcount)

    def complete_behind(self, work_ids: Sequence[int]) -> bool:
        """End rows that stand behind one that was just completed; False when somebody has changed any of them."""
        ended = sa.update(work).where(work.c.id.in_(work_ids), work.c.state == "queued").values(state="done")
        return self._connection.execute(ended).rowcount == len(work_ids)

    def _at_head_still(self, rows: Sequence[WorkRow]) -> list[WorkRow]:
        if not rows or self._connection.dialect.name == "sqlite":
            return list(rows)
        query = sa.select(work.c.id).where(work.c.id.in_([row.id for row in rows]), _AT_HEAD)
        still = set(self._connection.execute(query).scalars())
        return [row for row in rows if row.id in still]

    def _read(self, *conditions: sa.ColumnElement[bool]) -> list[WorkRow]:
        query = sa.select(work).where(*conditions).order_by(work.c.id)
        return read_as(WorkRow, self._connection.execute(query))

    def _change(self, row: WorkRow, **values: Any) -> WorkRow:
        self._connection.execute(sa.update(work).where(work.c.id == row.id, work.c.fence == row.fence).values(values))
        return WorkRow(**{**as_columns(row), **values})


def _line(org_id: int, connection_id: int, key: str) -> Named:
    return "work", org_id, connection_id, key


def _unfinished(table: Any) -> sa.ColumnElement[bool]:
    """Return the condition word for word as it stands in the indexes of unfinished rows, so that they are of use."""
    found: sa.ColumnElement[bool] = table.c.state.in_(
        sa.bindparam("unfinished", UNFINISHED, expanding=True, literal_execute=True)
    )
    return found


def _unfinished_of(org_id: int, connection_id: int, key: str) -> sa.Select[Any]:
    of_key = (work.c.org_id == org_id, work.c.connection_id == connection_id, work.c.key == key)
    return sa.select(work).where(*of_key, _unfinished(work)).order_by(work.c.id)


def _held(work_id: Any, fence: Any) -> tuple[sa.ColumnElement[bool], ...]:
    return work.c.id == work_id, work.c.fence == fence, work.c.state == "running"


def _claimable(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return _unfinished(work), work.c.state == "queued", work.c.not_before <= now


def _running(table: Any) -> sa.ColumnElement[bool]:
    """Return the condition as it stands in the index of what is being done."""
    return sa.literal_column(f"{table.name}.state") == sa.literal_column("'running'")


def _dead(table: Any) -> sa.ColumnElement[bool]:
    """Return the condition as it stands in the index of dead work."""
    return sa.literal_column(f"{table.name}.state") == sa.literal_column("'dead'")


def _at_head() -> sa.ColumnElement[bool]:
    """Nothing of the same key is being done, and nothing older waits."""
    older, busy = work.alias("older"), work.alias("busy")
    return ~sa.or_(
        sa.exists().where(*_same_line(older), _unfinished(older), older.c.id < work.c.id),
        sa.exists().where(*_same_line(busy), _running(busy), busy.c.id != work.c.id),
    )


def _same_line(other: Any) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(other.c[name] == work.c[name] for name in ("org_id", "connection_id", "key"))


_AT_HEAD = _at_head()
# Spelled once: it is asked with every page that any run commits.
_PROGRESSED = sa.update(work).where(*_held(sa.bindparam("of_work"), sa.bindparam("of_fence"))).values(attempt=1)
