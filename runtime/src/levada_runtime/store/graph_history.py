"""How the graph stood at a moment: intervals that have ended beside what is now, and what lies between two moments.

An entity is there at a moment within one of its intervals. A relationship is there while both of its ends are, too, so
that nothing that is read ever leads to something that is gone. A moment of None is now.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from levada_runtime.store._found import find_rows
from levada_runtime.store._many import insert_rows
from levada_runtime.store.graph_history_model import (
    EntityIntervalRow,
    EntityThen,
    RelationshipIntervalRow,
    RelationshipThen,
)
from levada_runtime.store.graph_model import EntityRow
from levada_runtime.store.tables import entities, entity_history, relationship_history, relationships

Triple = tuple[int, str, int]
Moment = datetime | None
Value = TypeVar("Value", int, Triple)
_AT_ONCE = 500
"""How many ids one statement takes."""
_BY_INDEXES = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
"""As long as nobody analysed its tables PostgreSQL would rather read all of them."""


class Edge(NamedTuple):
    """A relationship as a walk follows it."""

    id: int
    from_id: int
    verb: str
    to_id: int


class GraphHistory:
    """The past and the present of all organisations' entities and relationships."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def go_by_indexes(self) -> None:
        """Have every thing of this unit of work looked up by an index, however few there seem to be."""
        if self._connection.dialect.name == "postgresql":
            self._connection.exec_driver_sql(_BY_INDEXES)

    def keep_entities(self, org_id: int, rows: Sequence[EntityIntervalRow]) -> None:
        """Keep how entities stood until now."""
        insert_rows(self._connection, entity_history, org_id, rows)

    def keep_relationships(self, org_id: int, rows: Sequence[RelationshipIntervalRow]) -> None:
        """Keep how relationships stood until now."""
        insert_rows(self._connection, relationship_history, org_id, rows)

    def entity_at(self, org_id: int, kind: str, external_id: str, at: Moment) -> EntityThen | None:
        """Return the entity of a key as it was at a moment."""
        if at is None:
            place = ((external_id, kind),)
            now = find_rows(self._connection, EntityRow, entities, ("external_id", "kind"), org_id, place)
            return next((_standing(row) for row in now if row.deleted_at is None), None)
        for query, _ in _entities_at(org_id, at):
            named = query.where(entities.c.kind == kind, entities.c.external_id == external_id)
            if row := self._connection.execute(named).first():
                return EntityThen(*row)
        return None

    def keys_of(self, org_id: int, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
        """Return the kinds and external ids of entities, whether they are there or gone."""
        query = sa.select(entities.c.id, entities.c.kind, entities.c.external_id).where(entities.c.org_id == org_id)
        return {
            row.id: (row.kind, row.external_id)
            for some in _some(ids)
            for row in self._connection.execute(query.where(entities.c.id.in_(some)))
        }

    def latest(self, org_id: int) -> datetime | None:
        """Return when anything last changed."""
        moments = (entities.c.since, relationships.c.since, entity_history.c.until, relationship_history.c.until)
        newest = (
            self._connection.execute(
                sa.select(moment).where(moment.table.c.org_id == org_id).order_by(moment.desc()).limit(1)
            ).scalar()
            for moment in moments
        )
        return max((moment for moment in newest if moment is not None), default=None)

    def entities_at(self, org_id: int, ids: Iterable[int], at: Moment) -> dict[int, EntityThen]:
        """Return those of these entities that were there at a moment."""
        found: dict[int, EntityThen] = {}
        for some in _some(ids):
            for query, column in _entities_at(org_id, at):
                rows = self._connection.execute(self._each_of(query, column, some))
                found.update((row.id, EntityThen(*row)) for row in rows)
        return found

    def edges_from(
        self, org_id: int, ids: Collection[int], verbs: Collection[str], at: Moment, limit: int
    ) -> list[Edge]:
        """Return up to `limit` relationships that led from these entities at a moment, of these verbs or of any."""
        return self._edges(org_id, "from_id", ids, verbs, at, limit)

    def edges_to(self, org_id: int, ids: Collection[int], verbs: Collection[str], at: Moment, limit: int) -> list[Edge]:
        """Return up to `limit` relationships that led to these entities at a moment, of these verbs or of any."""
        return self._edges(org_id, "to_id", ids, verbs, at, limit)

    def relationships_at(self, org_id: int, ids: Iterable[int], at: Moment) -> dict[int, RelationshipThen]:
        """Return those of these relationships that were there at a moment, whether or not their ends were."""
        found: dict[int, RelationshipThen] = {}
        for some in _some(ids):
            for table in _tables(at):
                named = table.c["relationship_id" if table is relationship_history else "id"]
                rows = self._connection.execute(self._each_of(_relationships_at(org_id, table, at), named, some))
                found.update((row.id, RelationshipThen(*row)) for row in rows)
        return found

    def triples_at(self, org_id: int, triples: Iterable[Triple], at: Moment) -> dict[Triple, RelationshipThen]:
        """Return the relationships of these ends and verbs that were there at a moment, with both of their ends."""
        found: dict[Triple, RelationshipThen] = {}
        for some in _some(triples):
            wanted, starts, verbs = set(some), sorted({one[0] for one in some}), {one[1] for one in some}
            stops = [stop for _, _, stop in some]
            for table in _tables(at):
                stop = table.c.to_id if table is relationships else _kept(table.c.to_id)
                among = table.c.verb.in_(verbs), stop.between(min(stops), max(stops))
                both = (_is_there(org_id, table.c[end], at) for end in ("from_id", "to_id"))
                query = _relationships_at(org_id, table, at).where(*among, *both)
                rows = self._connection.execute(self._each_of(query, table.c.from_id, starts))
                read = (RelationshipThen(*row) for row in rows)
                found.update((one.triple, one) for one in read if one.triple in wanted)
        return found

    def changed_entities(self, org_id: int, since: datetime, until: datetime, after: int, limit: int) -> list[int]:
        """Return ids, rising from above `after`, of entities that changed after one moment and by another."""
        changed = _changed_entities(org_id, since, until).subquery()
        query = sa.select(changed.c.id).where(changed.c.id > after).order_by(changed.c.id).limit(limit)
        return list(self._connection.execute(query).scalars())

    def changed_relationships(
        self, org_id: int, since: datetime, until: datetime, after: Triple, limit: int
    ) -> list[Triple]:
        """Return ends and verbs, rising from above `after`, of what changed after one moment and by another.

        A relationship changes with its properties, when it comes or goes, and when an end does.
        """
        changed = _changed_triples(org_id, since, until).subquery()
        place = sa.tuple_(changed.c.from_id, changed.c.verb, changed.c.to_id)
        above = sa.tuple_(*(sa.literal(one) for one in after))
        query = sa.select(changed).where(place > above).order_by(*changed.c).limit(limit)
        return [(row.from_id, row.verb, row.to_id) for row in self._connection.execute(query)]

    def _edges(
        self, org_id: int, near: str, ids: Collection[int], verbs: Collection[str], at: Moment, limit: int
    ) -> list[Edge]:
        found: list[Edge] = []
        for some in _some(ids):
            parts = (self._each_of(*part, some) for part in _edges_at(org_id, near, verbs, at))
            query = sa.union_all(*parts).subquery()
            ordered = sa.select(query).order_by(_kept(query.c.id)).limit(limit - len(found))
            found += (Edge(*row) for row in self._connection.execute(ordered))
            if len(found) >= limit:
                break
        return found

    def _each_of(self, query: sa.Select[Any], column: sa.Column[int], ids: Sequence[int]) -> sa.Select[Any]:
        """Narrow a query down to these ids, each of which is to be looked up by the index of the column."""
        if self._connection.dialect.name != "postgresql":
            return query.where(column.in_(ids))
        given = sa.func.unnest(sa.literal(ids, ARRAY(sa.BigInteger)))
        wanted = given.table_valued(sa.column("id", sa.BigInteger)).render_derived("wanted")
        found = query.where(column == wanted.c.id).offset(0).correlate(wanted).lateral("found")
        return sa.select(*found.c).select_from(wanted.join(found, sa.true()))


def _standing(row: EntityRow) -> EntityThen:
    return EntityThen(
        row.id,
        row.uid,
        row.kind,
        row.external_id,
        row.class_,
        row.display_name,
        row.traits,
        row.first_seen,
        since=row.since,
        until=None,
        last_written=row.last_written,
    )


def _entities_at(org_id: int, at: Moment) -> Iterator[tuple[sa.Select[Any], sa.Column[int]]]:
    row = entities.c
    same = row.id, row.uid, row.kind, row.external_id
    now = sa.select(
        *same,
        *(row[name] for name in ("class", "display_name", "traits", "first_seen", "since")),
        sa.null().label("until"),
        row.last_written,
    ).where(row.org_id == org_id, row.deleted_at.is_(None))
    if at is None:
        yield now, row.id
        return
    yield now.where(_kept(row.since) <= at), row.id
    was = entity_history.c
    both = sa.and_(row.org_id == was.org_id, row.id == was.entity_id)
    before = sa.select(
        *same,
        *(was[name] for name in ("class", "display_name", "traits", "first_seen", "since", "until")),
        sa.null().label("last_written"),
    ).select_from(entity_history.join(entities, both))
    yield before.where(was.org_id == org_id, *_within(entity_history, at)), was.entity_id


def _tables(at: Moment) -> Sequence[sa.Table]:
    """Return where relationships of a moment are; there is no history of now."""
    return (relationships,) if at is None else (relationship_history, relationships)


def _relationships_at(org_id: int, table: sa.Table, at: Moment) -> sa.Select[Any]:
    of, ended = table.c, table is relationship_history
    query = sa.select(
        (of.relationship_id if ended else of.id).label("id"),
        *(of[name] for name in ("from_id", "verb", "to_id", "properties", "first_seen", "since")),
        of.until if ended else sa.null().label("until"),
    ).where(of.org_id == org_id)
    return query if at is None else query.where(*_within(table, at))


def _edges_at(
    org_id: int, near: str, verbs: Collection[str], at: Moment
) -> Iterator[tuple[sa.Select[Any], sa.Column[int]]]:
    far = "to_id" if near == "from_id" else "from_id"
    for table in _tables(at):
        of = table.c
        name = of.id if table is relationships else of.relationship_id.label("id")
        query = sa.select(name, of.from_id, of.verb, of.to_id).where(
            of.org_id == org_id, _is_there(org_id, of[far], at)
        )
        if verbs:
            query = query.where(of.verb.in_(sorted(verbs)))
        yield query if at is None else query.where(*_within(table, at)), of[near]


def _is_there(org_id: int, end: sa.ColumnElement[int], at: Moment) -> sa.ColumnElement[bool]:
    """Say in SQL that an end of a relationship was there at a moment."""
    row, was = entities.alias(), entity_history.alias()
    same = row.c.org_id == org_id, row.c.id == end, row.c.deleted_at.is_(None)
    if at is None:
        return _each(same)
    then = was.c.org_id == org_id, was.c.entity_id == end, *_within(was, at)
    return sa.or_(_each((*same, _kept(row.c.since) <= at)), _each(then))


def _each(conditions: Iterable[sa.ColumnElement[bool]]) -> sa.ColumnElement[bool]:
    """Say that there is such a row, which is to be looked up for each; with an offset PostgreSQL joins nothing."""
    return sa.select(sa.literal_column("1")).where(*conditions).offset(0).exists()


def _within(table: sa.FromClause, at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    since = _kept(table.c.since) <= at
    return (since, _kept(table.c.until) > at) if "until" in table.c else (since,)


def _kept(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Keep a column out of the choice of an index: as long as nobody analysed the tables, moments seem to be rare."""
    return column.op("+")(sa.literal_column("0"))


def _changed_entities(org_id: int, since: datetime, until: datetime) -> sa.CompoundSelect[Any]:
    row, was = entities.c, entity_history.c
    now = sa.select(row.id.label("id")).where(row.org_id == org_id, row.since > since, row.since <= until)
    before = sa.select(was.entity_id.label("id")).where(
        was.org_id == org_id, was.until > since, _kept(was.since) <= until
    )
    return sa.union(now, before.where(_kept(was.since) <= until))


def _changed_triples(org_id: int, since: datetime, until: datetime) -> sa.CompoundSelect[Any]:
    changed = _changed_entities(org_id, since, until).subquery()
    came_or_went = sa.select(changed.c.id).where(
        _is_there(org_id, changed.c.id, since) != _is_there(org_id, changed.c.id, until)
    )
    found: list[sa.Select[Any]] = []
    for table in (relationships, relationship_history):
        of = table.c
        query = sa.select(of.from_id.label("from_id"), of.verb.label("verb"), of.to_id.label("to_id")).where(
            of.org_id == org_id
        )
        after = of.until > since if "until" in of else of.since > since
        found.append(query.where(after, (_kept(of.since) if "until" in of else of.since) <= until))
        then = query.where(_kept(of.since) <= until)
        then = then.where(_kept(of.until) > since) if "until" in of else then
        found += (then.where(of[end].in_(came_or_went)) for end in ("from_id", "to_id"))
    return sa.union(*found)


def _some(values: Iterable[Value]) -> Iterator[list[Value]]:
    listed = sorted(set(values))
    return (listed[start : start + _AT_ONCE] for start in range(0, len(listed), _AT_ONCE))
