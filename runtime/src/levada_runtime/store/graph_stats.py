"""How much there is in the graph, counted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from levada_runtime.store.projections import of_many
from levada_runtime.store.tables import entities, entity_claims, graph_sources, relationship_claims, relationships


@dataclass(frozen=True, slots=True)
class SourceCount:
    """How much one source claims, and when it last synced, if ever."""

    source: str
    entities: int
    relationships: int
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many entities and relationships there are, the commonest first."""

    kinds: dict[str, int]
    classes: dict[str, int]
    verbs: dict[str, int]
    sources: Sequence[SourceCount]


class GraphStats:
    """Counts what is there."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def counted(self, org_id: int) -> Counted:
        named = entities.c.kind, entities.c["class"]
        there = entities.c.org_id == org_id, entities.c.deleted_at.is_(None)
        query = sa.select(*named, sa.func.count()).where(*there).group_by(*named)
        kinds, classes = Counter[str](), Counter[str]()
        for kind, class_, count in self._connection.execute(query):
            kinds[kind] += count
            classes[class_] += count
        return Counted(_ranked(kinds), _ranked(classes), self._verbs(org_id), self._sources(org_id))

    def _verbs(self, org_id: int) -> dict[str, int]:
        """Count relationships with both ends there: all, without those that an end which is gone hides."""
        of = relationships.c
        every = self._numbers(sa.select(of.verb, sa.func.count()).where(of.org_id == org_id).group_by(of.verb))
        gone = sa.select(entities.c.id).where(entities.c.org_id == org_id, entities.c.deleted_at.is_not(None))
        hidden = sa.union(
            *(sa.select(of.id, of.verb).where(of.org_id == org_id, of[end].in_(gone)) for end in ("from_id", "to_id"))
        ).subquery()
        less = self._numbers(sa.select(hidden.c.verb, sa.func.count()).group_by(hidden.c.verb))
        return {verb: count - less.get(verb, 0) for verb, count in every.items() if count > less.get(verb, 0)}

    def _sources(self, org_id: int) -> list[SourceCount]:
        """Count what each source claims; the documents of a type and connection count as one."""
        claimed: list[dict[str, int]] = []
        for table in (entity_claims, relationship_claims):
            of = table.c
            named = of_many(of.source)
            query = sa.select(named, sa.func.count()).where(of.org_id == org_id).group_by(named)
            claimed.append(self._numbers(query))
        read = sa.select(graph_sources.c.source, graph_sources.c.synced_at).where(graph_sources.c.org_id == org_id)
        synced = {row.source: row.synced_at for row in self._connection.execute(read)}
        there, related = claimed
        return [
            SourceCount(source, there.get(source, 0), related.get(source, 0), synced.get(source))
            for source in sorted(there.keys() | related.keys() | synced.keys())
        ]

    def _numbers(self, query: sa.Select[Any]) -> dict[str, int]:
        return _ranked({row[0]: row[1] for row in self._connection.execute(query)})


def _ranked(numbers: Mapping[str, int]) -> dict[str, int]:
    """Return numbers with the largest first."""
    return dict(sorted(numbers.items(), key=lambda one: (-one[1], one[0])))
