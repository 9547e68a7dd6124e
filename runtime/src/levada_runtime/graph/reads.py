"""Reading the graph as it is or as it was at a moment: an entity, what lies around it, a way, what changed, how much.

Every read is one view of one moment, bounded in depth, in results and in time, and leads to nothing that was gone.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.graph.absent import no_entity
from levada_runtime.graph.checks import storable
from levada_runtime.graph.comparing import Place, compare, read_place
from levada_runtime.graph.model import Key
from levada_runtime.graph.views import Json, difference_view, relationship_then_view, then_view
from levada_runtime.graph.vocabulary import Vocabulary, meant
from levada_runtime.graph.walking import Direction, Terms, around, shortest
from levada_runtime.store.graph_history import Edge
from levada_runtime.store.graph_history_model import EntityThen
from levada_runtime.store.unit_of_work import Store, UnitOfWork

SECONDS = 30.0
"""How long a read may take."""


class Reads:
    """Reads the graph of one organisation at a time, now or `as_of` a moment."""

    def __init__(self, store: Store, vocabulary: Vocabulary, *, seconds: float = SECONDS) -> None:
        self._store = store
        self._vocabulary = vocabulary
        self._seconds = seconds

    def entity(self, org_id: int, key: Key, *, as_of: datetime | None = None) -> Json:
        """Return an entity.

        Raises NotFoundFailure when there is none, or was none then.
        """
        with self._store.read() as uow:
            return _views(uow, org_id, [_found(uow, org_id, key, as_of)])[0]

    def neighbours(
        self,
        org_id: int,
        key: Key,
        *,
        verbs: Collection[str] = (),
        direction: Direction = "both",
        depth: int = 1,
        limit: int,
        as_of: datetime | None = None,
    ) -> Json:
        """Return the entities around one, nearest first, and the relationships that lead to them.

        Raises NotFoundFailure when the entity is not there.
        """
        self._check_verbs(verbs)
        terms = Terms(org_id, direction, verbs, as_of)
        with self._store.read() as uow, uow.patient(self._seconds) as patience:
            uow.graph_history.go_by_indexes()
            start = _found(uow, org_id, key, as_of)
            seen = around(uow, terms, start.id, depth=depth, limit=limit, patience=patience)
            patience.look()
            known = uow.graph_history.entities_at(org_id, seen.depths, as_of)
            views = _views(uow, org_id, [known[one] for one in seen.depths])
            return {
                "entity": views[0],
                "entities": [
                    {**view, "depth": far} for view, far in zip(views[1:], list(seen.depths.values())[1:], strict=True)
                ],
                "relationships": _edges(uow, terms, seen.edges.values(), known),
                "truncated": seen.truncated,
            }

    def path(
        self,
        org_id: int,
        start: Key,
        goal: Key,
        *,
        verbs: Collection[str] = (),
        direction: Direction = "out",
        depth: int,
        as_of: datetime | None = None,
    ) -> Json:
        """Return the shortest way from one entity to another.

        Raises NotFoundFailure when one of them is not there; that no way leads there is an answer.
        """
        self._check_verbs(verbs)
        terms = Terms(org_id, direction, verbs, as_of)
        with self._store.read() as uow, uow.patient(self._seconds) as patience:
            uow.graph_history.go_by_indexes()
            first = _found(uow, org_id, start, as_of, "from_key")
            last = _found(uow, org_id, goal, as_of, "to_key")
            way = shortest(uow, terms, first.id, last.id, depth=depth, patience=patience)
            patience.look()
            places = _along(first.id, way.edges or ()) if way.edges is not None else []
            known = uow.graph_history.entities_at(org_id, places, as_of)
            return {
                "found": way.edges is not None,
                "length": None if way.edges is None else len(way.edges),
                "entities": _views(uow, org_id, [known[one] for one in places]),
                "relationships": _edges(uow, terms, way.edges or (), known),
                "truncated": way.truncated,
            }

    def changes(
        self, org_id: int, since: datetime, *, until: datetime | None = None, limit: int, cursor: str | None = None
    ) -> Json:
        """Return what differs between two moments, and the later one: the latest change there is, unless it is given.

        Raises UsageFailure when the moments or the cursor cannot be meant.
        """
        with self._store.read() as uow, uow.patient(self._seconds) as patience:
            uow.graph_history.go_by_indexes()
            latest = until or uow.graph_history.latest(org_id) or since
            place = read_place(cursor) if cursor is not None else Place(max(latest, since) if until is None else until)
            if place.until < since:
                raise UsageFailure("`until` lies before `since`", code="invalid_value", details={"path": "until"})
            found, following = compare(uow, org_id, since, place, limit, patience)
            ends = {end for one in found for end in one.ends()}
            keys = uow.graph_history.keys_of(org_id, ends)
        items = [difference_view(one, keys) for one in found]
        return {
            "items": items,
            "cursor": following.spelled() if following else None,
            "since": since.isoformat(),
            "until": place.until.isoformat(),
        }

    def stats(self, org_id: int) -> Json:
        """Return how much there is, by kind, class, verb and source."""
        with self._store.read() as uow, uow.patient(self._seconds):
            counted = uow.graph_stats.counted(org_id)
        return {
            "entities": sum(counted.kinds.values()),
            "relationships": sum(counted.verbs.values()),
            "by_kind": counted.kinds,
            "by_class": counted.classes,
            "by_verb": counted.verbs,
            "by_source": [
                {
                    "source": one.source,
                    "entities": one.entities,
                    "relationships": one.relationships,
                    "synced_at": one.synced_at.isoformat() if one.synced_at else None,
                }
                for one in counted.sources
            ],
        }

    def _check_verbs(self, verbs: Collection[str]) -> None:
        for verb in verbs:
            if verb not in self._vocabulary.verbs:
                told = f"{verb!r} is not a known verb; {meant(verb, self._vocabulary.verbs)}"
                raise UsageFailure(told, code="invalid_value", details={"path": "verb"})


def _found(uow: UnitOfWork, org_id: int, key: Key, as_of: datetime | None, path: str = "key") -> EntityThen:
    """Return the entity of a key as it stood at a moment.

    Raises NotFoundFailure.
    """
    kind, external_id = key
    sane = storable(kind) and storable(external_id)
    found = uow.graph_history.entity_at(org_id, kind, external_id, as_of) if sane else None
    if found is None:
        raise no_entity(uow, org_id, key, as_of=as_of, path=path)
    return found


def _views(uow: UnitOfWork, org_id: int, found: Collection[EntityThen]) -> list[Json]:
    """Return entities as they are shown; when one was last seen is known only of now."""
    syncs = uow.graph.last_syncs(org_id, (one.id for one in found if one.last_written is not None))
    return [then_view(one, syncs.get(one.id)) for one in found]


def _edges(uow: UnitOfWork, terms: Terms, edges: Iterable[Edge], known: dict[int, EntityThen]) -> list[Json]:
    followed = list(edges)
    rows = uow.graph_history.relationships_at(terms.org_id, (one.id for one in followed), terms.at)
    keys = {one.id: (one.kind, one.external_id) for one in known.values()}
    return [relationship_then_view(rows[one.id], keys) for one in followed]


def _along(start: int, edges: Iterable[Edge]) -> list[int]:
    places = [start]
    for edge in edges:
        places.append(edge.to_id if edge.from_id == places[-1] else edge.from_id)
    return places
