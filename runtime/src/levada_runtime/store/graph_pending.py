"""Relationships that somebody claims and nobody sees yet, since one of their ends is not there."""

from collections import defaultdict

import sqlalchemy as sa

from levada_runtime.store.graph_model import RelationshipRow
from levada_runtime.store.tables import entities, relationship_claims, relationships

_COLUMNS = ("id", "from_id", "verb", "to_id", "properties", "first_seen", "last_written", "since")


class GraphPending:
    """The pending relationships of all organisations."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def page_of(self, org_id: int, *, source: str | None, before: int | None, limit: int) -> list[RelationshipRow]:
        """Return pending relationships, newest first, from below the id `before`."""
        query = sa.select(*(relationships.c[name] for name in _COLUMNS)).where(
            relationships.c.org_id == org_id, relationships.c.id.in_(_pending(org_id))
        )
        if source is not None:
            claimed = relationship_claims.c.org_id == org_id, relationship_claims.c.source == source
            query = query.where(
                relationships.c.id.in_(sa.select(relationship_claims.c.relationship_id).where(*claimed))
            )
        if before is not None:
            query = query.where(relationships.c.id < before)
        found = self._connection.execute(query.order_by(relationships.c.id.desc()).limit(limit))
        return [RelationshipRow(**row._asdict()) for row in found]

    def sources(self, org_id: int, relationship_ids: list[int]) -> dict[int, list[str]]:
        """Return who claims each of these relationships."""
        columns = relationship_claims.c.relationship_id, relationship_claims.c.source
        query = sa.select(*columns).where(
            relationship_claims.c.org_id == org_id, relationship_claims.c.relationship_id.in_(relationship_ids)
        )
        found: defaultdict[int, list[str]] = defaultdict(list)
        for relationship_id, source in self._connection.execute(query.order_by(relationship_claims.c.source)):
            found[relationship_id].append(source)
        return found


def _pending(org_id: int) -> sa.CompoundSelect[tuple[int]]:
    """Return the ids of relationships with a missing end, by way of the ends."""
    gone = sa.select(entities.c.id).where(entities.c.org_id == org_id, entities.c.deleted_at.is_not(None))
    return sa.union(
        *(
            sa.select(relationships.c.id).where(relationships.c.org_id == org_id, end.in_(gone))
            for end in (relationships.c.from_id, relationships.c.to_id)
        )
    )
