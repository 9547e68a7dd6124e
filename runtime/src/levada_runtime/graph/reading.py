"""Reading entities as they are, within somebody's unit of work."""

import uuid
from collections.abc import Sequence

from levada_runtime.graph.checks import storable
from levada_runtime.graph.model import Entity, Relationship
from levada_runtime.ingest.library import read_cursor
from levada_runtime.store.graph_model import EntityRow
from levada_runtime.store.unit_of_work import UnitOfWork

MOST_RELATIONSHIPS = 10_000


def row_of(uow: UnitOfWork, org_id: int, uid: str) -> EntityRow | None:
    """Return the entity of an id; None when there is none, or it is no id at all."""
    try:
        spelled = str(uuid.UUID(uid))
    except ValueError:
        return None
    return uow.graph.entity_by_uid(org_id, spelled)


def found(uow: UnitOfWork, org_id: int, kind: str, external_id: str) -> Entity | None:
    """Return the entity of a key."""
    if not (storable(kind) and storable(external_id)):
        return None
    row = uow.graph.entity_by_key(org_id, kind, external_id)
    return seen(uow, org_id, [row])[0] if row else None


def page(
    uow: UnitOfWork, org_id: int, *, kind: str | None, external_id: str | None, limit: int, cursor: str | None
) -> tuple[list[Entity], str | None]:
    """Return entities, newest first, and where the list goes on."""
    before = read_cursor(cursor)
    if not all(storable(one) for one in (kind, external_id) if one is not None):
        return [], None
    rows = uow.graph.page_of(org_id, kind=kind, external_id=external_id, before=before, limit=limit + 1)
    kept = rows[:limit]
    return seen(uow, org_id, kept), str(kept[-1].id) if len(rows) > limit else None


def relationships_at(uow: UnitOfWork, org_id: int, kind: str, external_id: str) -> list[Relationship]:
    """Return the relationships from and to an entity, the oldest first; at most as many as one reading takes."""
    row = uow.graph.entity_by_key(org_id, kind, external_id) if storable(kind) and storable(external_id) else None
    if row is None:
        return []
    past, ends = uow.graph_history, (row.id,)
    leaving = past.edges_from(org_id, ends, (), None, MOST_RELATIONSHIPS)
    arriving = past.edges_to(org_id, ends, (), None, MOST_RELATIONSHIPS)
    edges = sorted({*leaving, *arriving})[:MOST_RELATIONSHIPS]
    rows = past.relationships_at(org_id, (one.id for one in edges), None)
    keys = past.keys_of(org_id, (end for one in edges for end in (one.from_id, one.to_id)))
    return [
        Relationship((keys[one.from_id], one.verb, keys[one.to_id]), rows[one.id].properties, rows[one.id].first_seen)
        for one in edges
    ]


def seen(uow: UnitOfWork, org_id: int, rows: Sequence[EntityRow]) -> list[Entity]:
    """Return rows as readers see them; an entity was last seen when it was written, or when who claims it synced."""
    syncs = uow.graph.last_syncs(org_id, (row.id for row in rows))
    return [
        Entity(
            id=row.uid,
            kind=row.kind,
            external_id=row.external_id,
            class_=row.class_,
            display_name=row.display_name,
            traits=row.traits,
            first_seen=row.first_seen,
            last_seen=max(row.last_written, syncs.get(row.id, row.last_written)),
        )
        for row in rows
    ]
