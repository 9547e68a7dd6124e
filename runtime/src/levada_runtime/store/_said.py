"""All that one source says: its claims with what they are on.

SQLite joins the two. PostgreSQL may take any way to do so of a source that its statistics have not heard of, also one
that reads everything for every claim, so that it is asked for the claims, and then for what they are on by its ids.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from levada_runtime.store._found import find_tuples
from levada_runtime.store.tables import entities, entity_claims, relationship_claims, relationships

_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class _Claims:
    """Claims, what they are on, and what is told of both."""

    table: sa.Table
    on: str
    things: sa.Table
    named: tuple[str, ...]
    said: tuple[str, ...]


_ENTITIES = _Claims(
    entity_claims, "entity_id", entities, ("id", "kind", "external_id"), ("class", "display_name", "traits")
)
_RELATIONSHIPS = _Claims(
    relationship_claims, "relationship_id", relationships, ("id", "from_id", "verb", "to_id"), ("properties",)
)


def said_of_entities(connection: sa.Connection, org_id: int, source: str) -> Iterable[Any]:
    """Return all that a source says of entities: the id, kind, external id, class, display name, traits' JSON."""
    return _said(connection, _ENTITIES, org_id, source)


def said_of_relationships(connection: sa.Connection, org_id: int, source: str) -> Iterable[Any]:
    """Return all that a source says of relationships: the id, from, verb, to, properties' JSON."""
    return _said(connection, _RELATIONSHIPS, org_id, source)


def _said(connection: sa.Connection, of: _Claims, org_id: int, source: str) -> Iterable[Any]:
    if connection.dialect.name == "postgresql":
        return _one_after_the_other(connection, of, org_id, source)
    columns = ", ".join([*(f"thing.{name}" for name in of.named), *(f"claim.{name}" for name in of.said)])
    joined = f"{of.table.name} AS claim JOIN {of.things.name} AS thing"
    same = f"thing.org_id = claim.org_id AND thing.id = claim.{of.on}"
    query = f"SELECT {columns} FROM {joined} ON {same} WHERE claim.org_id = ? AND claim.source = ?"  # noqa: S608 - names stand above
    return connection.exec_driver_sql(query, (org_id, source)).fetchall()


def _one_after_the_other(connection: sa.Connection, of: _Claims, org_id: int, source: str) -> Iterator[tuple[Any, ...]]:
    columns = ", ".join((of.on, *of.said))
    query = f"SELECT {columns} FROM {of.table.name} WHERE org_id = %s AND source = %s ORDER BY {of.on}"  # noqa: S608 - the same
    claims = connection.exec_driver_sql(query, (org_id, source)).fetchall()
    for start in range(0, len(claims), _AT_ONCE):
        some = claims[start : start + _AT_ONCE]
        found = find_tuples(connection, of.things, of.named, ("id",), org_id, [claim[:1] for claim in some])
        known = {thing[0]: thing for thing in found}
        yield from ((*known[claim[0]], *claim[1:]) for claim in some)
