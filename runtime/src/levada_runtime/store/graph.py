"""The graph's rows: entities, relationships, the claims on them, and when their sources last synced.

Everything is read and written by many at a time; lists of values go to the database in chunks it can take.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from levada_runtime.store._found import Rows, find_rows, find_tuples
from levada_runtime.store._many import delete_rows, insert_rows, update_rows
from levada_runtime.store._said import said_of_entities, said_of_relationships
from levada_runtime.store.columns import from_micros
from levada_runtime.store.graph_model import EntityClaimRow, EntityRow, RelationshipClaimRow, RelationshipRow
from levada_runtime.store.tables import (
    entities,
    entity_claims,
    graph_sources,
    graph_undo,
    relationship_claims,
    relationships,
)

_RELATED = "id", "from_id", "verb", "to_id"
Row = TypeVar("Row", EntityRow, EntityClaimRow, RelationshipRow, RelationshipClaimRow)
Triple = tuple[int, str, int]
"""(from, verb, to), by the entities' ids"""


class Graph:
    """The entities and relationships of all organisations."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def entities_by_key(self, org_id: int, keys: Iterable[tuple[str, str]]) -> list[EntityRow]:
        """Return the entities of these (kind, external id), those that are not there any longer among them."""
        places = sorted((external_id, kind) for kind, external_id in keys)
        return find_rows(self._connection, EntityRow, entities, ("external_id", "kind"), org_id, places)

    def entities_by_id(self, org_id: int, ids: Iterable[int]) -> list[EntityRow]:
        return find_rows(self._connection, EntityRow, entities, ("id",), org_id, ((one,) for one in ids))

    def entity_by_uid(self, org_id: int, uid: str) -> EntityRow | None:
        """Return an entity that is there."""
        query = _rows_of(EntityRow, entities).where(*_living(org_id), entities.c.uid == uid)
        return next(iter(self._read(EntityRow, query)), None)

    def entity_by_key(self, org_id: int, kind: str, external_id: str) -> EntityRow | None:
        """Return an entity that is there."""
        found = self.entities_by_key(org_id, [(kind, external_id)])
        return next((row for row in found if row.deleted_at is None), None)

    def kinds(self, org_id: int, most: int) -> list[str]:
        """Return the kinds of entities, those that are gone among them, in order: for each a step through the index."""
        least = sa.select(sa.func.min(entities.c.kind)).where(entities.c.org_id == org_id)
        found: list[str] = []
        following = self._connection.execute(least).scalar()
        while following is not None and len(found) < most:
            found.append(following)
            following = self._connection.execute(least.where(entities.c.kind > following)).scalar()
        return found

    def page_of(
        self, org_id: int, *, kind: str | None, external_id: str | None, before: int | None, limit: int
    ) -> list[EntityRow]:
        """Return entities that are there, newest first, from below the id `before`."""
        conditions = list(_living(org_id))
        if kind is not None:
            conditions.append(entities.c.kind == kind)
        if external_id is not None:
            conditions.append(entities.c.external_id == external_id)
        if before is not None:
            conditions.append(entities.c.id < before)
        query = _rows_of(EntityRow, entities).where(*conditions)
        return self._read(EntityRow, query.order_by(entities.c.id.desc()).limit(limit))

    def said_of_entities(self, org_id: int, source: str) -> Iterable[Any]:
        """Return all that a source says of entities: the id, kind, external id, class, display name, traits' JSON."""
        return said_of_entities(self._connection, org_id, source)

    def said_of_relationships(self, org_id: int, source: str) -> Iterable[Any]:
        """Return all that a source says of relationships: the id, from, verb, to, properties' JSON."""
        return said_of_relationships(self._connection, org_id, source)

    def said_of(self, org_id: int, source: str, entity_ids: Iterable[int]) -> Rows:
        """Return what a source says of these entities: the id, class, display name, traits' JSON."""
        names, key = ("entity_id", "class", "display_name", "traits"), ("source", "entity_id")
        return find_tuples(self._connection, entity_claims, names, key, org_id, [(source, one) for one in entity_ids])

    def said_between(self, org_id: int, source: str, triples: Iterable[Triple]) -> dict[Triple, str]:
        """Return what a source says of these relationships, as JSON."""
        rows = find_tuples(self._connection, relationships, _RELATED, _RELATED[1:], org_id, sorted(triples))
        claims, key = ("relationship_id", "properties"), ("source", "relationship_id")
        places = [(source, row[0]) for row in rows]
        said = dict(find_tuples(self._connection, relationship_claims, claims, key, org_id, places))
        return {tuple(row[1:]): said[row[0]] for row in rows if row[0] in said}

    def places(self, org_id: int, keys: Iterable[tuple[str, str]]) -> Rows:
        """Return of these (kind, external id) the id, kind, external id, and since when nobody claims it."""
        names, key = ("id", "kind", "external_id", "deleted_at"), ("external_id", "kind")
        places = sorted((external_id, kind) for kind, external_id in keys)
        return find_tuples(self._connection, entities, names, key, org_id, places)

    def claims_on(self, org_id: int, entity_ids: Iterable[int]) -> list[EntityClaimRow]:
        places = ((one,) for one in entity_ids)
        return find_rows(self._connection, EntityClaimRow, entity_claims, ("entity_id",), org_id, places)

    def relationships_between(self, org_id: int, triples: Iterable[Triple]) -> list[RelationshipRow]:
        """Return the relationships of these ends and verbs."""
        key = "from_id", "verb", "to_id"
        return find_rows(self._connection, RelationshipRow, relationships, key, org_id, sorted(triples))

    def relationship_claims_on(self, org_id: int, relationship_ids: Iterable[int]) -> list[RelationshipClaimRow]:
        places = ((one,) for one in relationship_ids)
        key = ("relationship_id",)
        return find_rows(self._connection, RelationshipClaimRow, relationship_claims, key, org_id, places)

    def synced(self, org_id: int, sources: Iterable[str]) -> dict[str, datetime]:
        """Return when each of these sources last synced, where it ever did."""
        names, places = ("source", "synced_at"), [(one,) for one in sources]
        found = find_tuples(self._connection, graph_sources, names, ("source",), org_id, places)
        return {source: from_micros(at) for source, at in found}

    def last_syncs(self, org_id: int, entity_ids: Iterable[int]) -> dict[int, datetime]:
        """Return by entity when a source that claims it last synced."""
        # With the stamp, which no index holds, there is but one index that SQLite would look them up by.
        names, places = ("entity_id", "source", "stamp"), [(one,) for one in entity_ids]
        claims = find_tuples(self._connection, entity_claims, names, ("entity_id",), org_id, places)
        synced = self.synced(org_id, {source for _, source, _ in claims})
        found: dict[int, datetime] = {}
        for entity_id, source, _ in claims:
            if source in synced:
                found[entity_id] = max(synced[source], found.get(entity_id, synced[source]))
        return found

    def keep_sync(self, org_id: int, source: str, sync_id: str | None, at: datetime) -> None:
        """Remember a source's latest sync."""
        same = graph_sources.c.org_id == org_id, graph_sources.c.source == source
        values = {"sync_id": sync_id, "synced_at": at}
        if not self._connection.execute(sa.update(graph_sources).where(*same).values(values)).rowcount:
            self._connection.execute(sa.insert(graph_sources).values(org_id=org_id, source=source, **values))

    def keep_undo(self, org_id: int, run_id: str, number: int, changes: dict[str, Any]) -> None:
        """Keep what a run changed, after what it changed before."""
        row = {"org_id": org_id, "run_id": run_id, "id": number, "changes": changes}
        self._connection.execute(sa.insert(graph_undo).values(row))

    def undo_of(self, org_id: int, run_id: str) -> list[dict[str, Any]]:
        """Return what a run changed, in order."""
        mine = graph_undo.c.org_id == org_id, graph_undo.c.run_id == run_id
        query = sa.select(graph_undo.c.changes).where(*mine).order_by(graph_undo.c.id)
        return list(self._connection.execute(query).scalars())

    def add_entities(self, org_id: int, rows: Sequence[EntityRow]) -> None:
        self._insert(entities, org_id, rows)

    def change_entities(self, org_id: int, rows: Sequence[EntityRow]) -> None:
        self._update(entities, ("id",), org_id, rows)

    def add_claims(self, org_id: int, rows: Sequence[EntityClaimRow]) -> None:
        self._insert(entity_claims, org_id, rows)

    def change_claims(self, org_id: int, rows: Sequence[EntityClaimRow]) -> None:
        self._update(entity_claims, ("source", "entity_id"), org_id, rows)

    def drop_claims(self, org_id: int, places: Sequence[tuple[str, int]]) -> None:
        """Drop the claims of `(source, entity id)`."""
        self._delete(entity_claims, ("source", "entity_id"), org_id, places)

    def add_relationships(self, org_id: int, rows: Sequence[RelationshipRow]) -> None:
        self._insert(relationships, org_id, rows)

    def change_relationships(self, org_id: int, rows: Sequence[RelationshipRow]) -> None:
        self._update(relationships, ("id",), org_id, rows)

    def drop_relationships(self, org_id: int, ids: Sequence[int]) -> None:
        self._delete(relationships, ("id",), org_id, [(one,) for one in ids])

    def add_relationship_claims(self, org_id: int, rows: Sequence[RelationshipClaimRow]) -> None:
        self._insert(relationship_claims, org_id, rows)

    def change_relationship_claims(self, org_id: int, rows: Sequence[RelationshipClaimRow]) -> None:
        self._update(relationship_claims, ("source", "relationship_id"), org_id, rows)

    def drop_relationship_claims(self, org_id: int, places: Sequence[tuple[str, int]]) -> None:
        """Drop the claims of `(source, relationship id)`."""
        self._delete(relationship_claims, ("source", "relationship_id"), org_id, places)

    def _read(self, kind: type[Row], query: sa.Select[Any]) -> list[Row]:
        return [kind(*row) for row in self._connection.execute(query)]

    def _insert(self, table: sa.Table, org_id: int, rows: Sequence[Any]) -> None:
        insert_rows(self._connection, table, org_id, rows)

    def _update(self, table: sa.Table, key: tuple[str, ...], org_id: int, rows: Sequence[Any]) -> None:
        update_rows(self._connection, table, key, org_id, rows)

    def _delete(self, table: sa.Table, key: tuple[str, ...], org_id: int, places: Sequence[tuple[Any, ...]]) -> None:
        delete_rows(self._connection, table, key, org_id, places)


def _living(org_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return entities.c.org_id == org_id, entities.c.deleted_at.is_(None)


def _rows_of(kind: type[Any], table: sa.Table) -> sa.Select[Any]:
    """Select the columns of a row in the order of its fields."""
    return sa.select(*(table.c[name.rstrip("_")] for name in kind._fields))
