"""What a source claims, by name and a page at a time: however much it is, no more than a page of it is in memory."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from levada_runtime.store.tables import entities, entity_claims, graph_sources, relationship_claims, relationships


class ClaimedEntity(NamedTuple):
    """An entity that a source claims."""

    id: int
    kind: str
    external_id: str


class ClaimedRelationship(NamedTuple):
    """A relationship that a source claims."""

    id: int
    from_kind: str
    from_key: str
    verb: str
    to_kind: str
    to_key: str


class GraphClaims:
    """The names of what sources claim, in the order of the claims."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def entities(self, org_id: int, source: str, after: int, limit: int) -> list[ClaimedEntity]:
        """Return up to `limit` entities that a source claims, those after the id `after`."""
        claims = entity_claims
        same = sa.and_(claims.c.org_id == entities.c.org_id, claims.c.entity_id == entities.c.id)
        mine = claims.c.org_id == org_id, claims.c.source == source, claims.c.entity_id > after
        query = (
            sa.select(entities.c.id, entities.c.kind, entities.c.external_id)
            .select_from(claims.join(entities, same))
            .where(*mine)
            .order_by(claims.c.entity_id)
            .limit(limit)
        )
        return list(map(ClaimedEntity._make, self._connection.execute(query).fetchall()))

    def any(self, org_id: int, source: str) -> bool:
        """Tell whether a source claims any entity."""
        mine = entity_claims.c.org_id == org_id, entity_claims.c.source == source
        return self._connection.execute(sa.select(entity_claims.c.stamp).where(*mine).limit(1)).first() is not None

    def changes(self, org_id: int, source: str) -> int | None:
        """Return how often claims of a source on entities have been changed; None of one that never synced."""
        same = graph_sources.c.org_id == org_id, graph_sources.c.source == source
        return self._connection.execute(sa.select(graph_sources.c.changes).where(*same)).scalar()

    def count_change(self, org_id: int, sources: Sequence[str]) -> None:
        """Count that claims of sources on entities are changed; of those that never synced nobody counts it."""
        if sources:
            mine = graph_sources.c.org_id == org_id, graph_sources.c.source.in_(sources)
            change = sa.update(graph_sources).where(*mine).values(changes=graph_sources.c.changes + 1)
            self._connection.execute(change)

    def relationships(self, org_id: int, source: str, after: int, limit: int) -> list[ClaimedRelationship]:
        """Return up to `limit` relationships that a source claims, those after the id `after`."""
        claims, start, stop = relationship_claims, entities.alias(), entities.alias()
        same = sa.and_(claims.c.org_id == relationships.c.org_id, claims.c.relationship_id == relationships.c.id)
        mine = claims.c.org_id == org_id, claims.c.source == source, claims.c.relationship_id > after
        joined = (
            claims.join(relationships, same)
            .join(start, sa.and_(start.c.org_id == org_id, start.c.id == relationships.c.from_id))
            .join(stop, sa.and_(stop.c.org_id == org_id, stop.c.id == relationships.c.to_id))
        )
        query = (
            sa.select(
                relationships.c.id,
                start.c.kind,
                start.c.external_id,
                relationships.c.verb,
                stop.c.kind,
                stop.c.external_id,
            )
            .select_from(joined)
            .where(*mine)
            .order_by(claims.c.relationship_id)
            .limit(limit)
        )
        return list(map(ClaimedRelationship._make, self._connection.execute(query).fetchall()))
