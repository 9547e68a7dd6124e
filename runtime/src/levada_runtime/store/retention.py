"""What may be forgotten once it is old, and taking it away a little at a time.

A place is one line of rows in the order of their key, which is the order in which they were made: an organisation's
connection, or a stream of it. Whoever prunes goes along each line from its old end and stops at the first row that is
too young, so that what stays is not looked at again and again, and needs no index of its own. Turns are events that
tell of a document's past, and stay with it. A run goes last: once nothing is kept of it, or because of it.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from levada_runtime.store._lasting import bare_pages, left_behind_nothing
from levada_runtime.store.history import is_turn
from levada_runtime.store.tables import (
    backfills,
    deliveries,
    delivery_attempts,
    event_keys,
    events,
    graph_held,
    pages,
    plans,
    quarantine,
    receipts,
    run_exchanges,
    run_logs,
    run_recordings,
    runs,
    ticks,
    work,
)

Place = tuple[Any, ...]
Key = tuple[Any, ...]
Old = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Before when something may go; None keeps it for ever."""

    usual: datetime | None
    dead: datetime | None = None
    """The same for what was given up."""

    @property
    def newest(self) -> datetime | None:
        """What is not older than this stays in any case; None when nothing goes."""
        return max((one for one in (self.usual, self.dead) if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class Found:
    """Some rows of a line that may be gone over."""

    last: Key
    """The last row of them."""
    any_old: bool
    ended: bool
    """Whether nothing beyond them is old enough."""


@dataclass(frozen=True, slots=True)
class _Kind:
    table: sa.Table
    place: int
    """How many columns of the primary key say which line a row is in; the others order it."""
    born: sa.ColumnElement[Any]
    old: Callable[[Cutoffs], Sequence[Old]]
    in_time: bool = True
    """Whether a line is in the order in which its rows were made."""
    along: Callable[[sa.Select[Any]], sa.Delete] | None = None
    """What goes along with the rows."""
    lasting: bool = False
    """Whether most of what is old stays for ever, so that nobody should go over it each time."""

    @property
    def key(self) -> tuple[sa.Column[Any], ...]:
        return tuple(self.table.primary_key.columns)


class Retention:
    """Finds and takes away what is old, of all organisations."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def next_place(self, kind: str, after: Place | None) -> Place | None:
        """Return the next line that has any rows."""
        one = KINDS[kind]
        columns = one.key[: one.place]
        query = sa.select(*columns).order_by(*columns).limit(1)
        if after is None:
            looks = [query]
        elif self._connection.dialect.name == "postgresql":
            looks = [query.where(_compared(columns, after, operator.gt))]
        else:  # SQLite compares rows by their first column only, and would go over all that it has seen
            looks = [query.where(*_just_beyond(columns, after, at)) for at in reversed(range(one.place))]
        found = (self._connection.execute(look).first() for look in looks)
        return next((tuple(row) for row in found if row is not None), None)

    def look(self, kind: str, place: Place, after: Key | None, cutoffs: Cutoffs, limit: int) -> Found | None:
        """Look at up to `limit` rows of a line beyond the key `after`; None when none of them is old enough."""
        one, newest = KINDS[kind], cutoffs.newest
        if newest is None:
            return None
        order = one.key[one.place :]
        query = (
            sa.select(*order, one.born.label("born"), _any(one.old(cutoffs)).label("old"))
            .where(*_in(one, place, after, None))
            .order_by(*order)
            .limit(limit)
        )
        rows = self._connection.execute(query).all()
        young = next((at for at, row in enumerate(rows) if one.in_time and row.born >= newest), len(rows))
        if young == 0:
            return None
        return Found(tuple(rows[young - 1][:-2]), any(row.old for row in rows[:young]), ended=young < limit)

    def forget(self, kind: str, place: Place, after: Key | None, found: Found, cutoffs: Cutoffs) -> int:
        """Take away what is old among the rows that were looked at; return how many."""
        one = KINDS[kind]
        meant = (*_in(one, place, after, found.last), _any(one.old(cutoffs)), *self._held(kind, place))
        if one.along is not None:
            self._connection.execute(one.along(sa.select(one.table.c.id).where(*meant)))
        gone = self._connection.execute(sa.delete(one.table).where(*meant), execution_options=_COUNTED)
        return gone.rowcount

    def _held(self, kind: str, place: Place) -> Sequence[Old]:
        """Keep the events that a pipeline has still to be told of, however old they are."""
        if kind != "events":
            return ()
        waiting = sa.select(work.c.payload).where(
            work.c.org_id == place[0],
            work.c.connection_id == place[1],
            work.c.kind == "pipeline",
            work.c.state.in_(sa.bindparam("unfinished", ("queued", "running"), expanding=True, literal_execute=True)),
        )
        firsts = [payload["first"] for (payload,) in self._connection.execute(waiting)]
        return (events.c.id < min(firsts),) if firsts else ()


_COUNTED: Final = {"preserve_rowcount": True}


def _compared(columns: Sequence[sa.Column[Any]], key: Key, how: Callable[[Any, Any], Any]) -> Old:
    """Compare a row's key with another, in the order of these columns."""
    values = [sa.literal(one, column.type) for column, one in zip(columns, key, strict=True)]
    compared: Old = how(columns[0], values[0]) if len(columns) == 1 else how(sa.tuple_(*columns), sa.tuple_(*values))
    return compared


def _just_beyond(columns: Sequence[sa.Column[Any]], key: Key, at: int) -> list[Old]:
    """Return what tells the rows that are beyond a key in one column, and like it in those before."""
    like = [column == value for column, value in zip(columns[:at], key[:at], strict=True)]
    return [*like, columns[at] > key[at]]


def _in(one: _Kind, place: Place, after: Key | None, last: Key | None) -> list[Old]:
    order = one.key[one.place :]
    found = [column == value for column, value in zip(one.key[: one.place], place, strict=True)]
    if after is not None:
        found.append(_compared(order, after, operator.gt))
    if last is not None:
        found.append(_compared(order, last, operator.le))
    return found


def _any(conditions: Sequence[Old]) -> Old:
    return sa.or_(sa.false(), *conditions)


def _since(column: sa.Column[Any]) -> Callable[[Cutoffs], Sequence[Old]]:
    return lambda cutoffs: [] if cutoffs.usual is None else [column < cutoffs.usual]


def _ended(column: sa.Column[Any], state: sa.Column[Any], ended: Sequence[str]) -> Callable[[Cutoffs], Sequence[Old]]:
    """Return what tells rows that have ended well, and those that were given up, each by its own cutoff."""

    def old(cutoffs: Cutoffs) -> Sequence[Old]:
        well = [] if cutoffs.usual is None else [sa.and_(state.in_(ended), column < cutoffs.usual)]
        return well if cutoffs.dead is None else [*well, sa.and_(state == "dead", column < cutoffs.dead)]

    return old


def _no_turn(cutoffs: Cutoffs) -> Sequence[Old]:
    plain = sa.or_(events.c.version.is_(None), events.c.previous.is_(None), sa.not_(is_turn(events)))
    return [] if cutoffs.usual is None else [sa.and_(events.c.received_at < cutoffs.usual, plain)]


def _run(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    of = (runs.c.org_id, run_recordings.c.org_id), (runs.c.connection_id, run_recordings.c.connection_id)
    same = [one == other for one, other in (*of, (runs.c.id, run_recordings.c.run_id))]
    return sa.select(column).where(*same).scalar_subquery()


def _run_ended(cutoffs: Cutoffs) -> Sequence[Old]:
    return [] if cutoffs.usual is None else [_run(runs.c.finished_at) < cutoffs.usual]


def _unapplied(cutoffs: Cutoffs) -> Sequence[Old]:
    return [] if cutoffs.usual is None else [sa.and_(plans.c.applied_at.is_(None), plans.c.created_at < cutoffs.usual)]


def _bare(cutoffs: Cutoffs) -> Sequence[Old]:
    return [] if cutoffs.usual is None else [sa.and_(bare_pages(), pages.c.committed_at < cutoffs.usual)]


def _left_nothing(cutoffs: Cutoffs) -> Sequence[Old]:
    return [] if cutoffs.usual is None else [sa.and_(runs.c.finished_at < cutoffs.usual, *left_behind_nothing())]


def _attempts(of: sa.Select[Any]) -> sa.Delete:
    """Return what takes away the attempts at deliveries, which are few for each."""
    places = of.with_only_columns(deliveries.c.org_id, deliveries.c.connection_id, deliveries.c.id)
    columns = delivery_attempts.c.org_id, delivery_attempts.c.connection_id, delivery_attempts.c.delivery_id
    return sa.delete(delivery_attempts).where(sa.tuple_(*columns).in_(places))


KINDS: Final[Mapping[str, _Kind]] = {
    "events": _Kind(events, 2, events.c.received_at, _no_turn),
    "event_keys": _Kind(event_keys, 1, event_keys.c.received_at, _since(event_keys.c.received_at), in_time=False),
    "receipts": _Kind(
        receipts, 2, receipts.c.received_at, _ended(receipts.c.processed_at, receipts.c.state, ("processed",))
    ),
    "ticks": _Kind(ticks, 3, ticks.c.scheduled_for, _since(ticks.c.decided_at)),
    "logs": _Kind(run_logs, 2, run_logs.c.at, _since(run_logs.c.at)),
    "exchanges": _Kind(run_exchanges, 2, run_exchanges.c.at, _since(run_exchanges.c.at)),
    "recordings": _Kind(run_recordings, 2, _run(runs.c.queued_at), _run_ended),
    "deliveries": _Kind(
        deliveries,
        2,
        deliveries.c.created_at,
        _ended(deliveries.c.updated_at, deliveries.c.state, ("delivered", "dropped")),
        along=_attempts,
    ),
    "work": _Kind(work, 2, work.c.queued_at, _ended(work.c.queued_at, work.c.state, ("done",))),
    "quarantine": _Kind(quarantine, 2, quarantine.c.first_seen_at, _since(quarantine.c.last_seen_at)),
    "held": _Kind(
        graph_held,
        1,
        graph_held.c.held_at,
        _ended(graph_held.c.decided_at, graph_held.c.state, ("approved", "discarded", "superseded")),
    ),
    "plans": _Kind(plans, 2, plans.c.created_at, _unapplied),
    "backfills": _Kind(backfills, 2, backfills.c.created_at, _since(backfills.c.finished_at)),
    "pages": _Kind(pages, 2, pages.c.committed_at, _bare, lasting=True),
    "runs": _Kind(runs, 2, runs.c.queued_at, _left_nothing, lasting=True),
}
