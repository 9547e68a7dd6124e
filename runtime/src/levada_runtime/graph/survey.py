"""A survey of the graph: where things are, and what sources say of them, as it is spelled in the store.

Most of what a source says it has said before, and its spelling alone tells so. Only what differs has to be looked at
closely, with everybody's claims.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping
from typing import Any

import orjson

from levada_runtime.graph.merge import same
from levada_runtime.graph.model import Edge, EntityDraft, Key, RelationshipDraft
from levada_runtime.store.unit_of_work import UnitOfWork

Triple = tuple[int, str, int]
"""(from, verb, to), by the entities' ids"""
Spelled = tuple[str | None, str | None, str]
"""The class, the display name, and the traits' JSON"""
_NOTHING: Spelled = None, None, ""


class Survey:
    """What is known of where things are; what a source says of a thing that is shown whole is told there."""

    def __init__(self, org_id: int) -> None:
        self._org_id = org_id
        self.ids: dict[Key, int] = {}
        self.keys: dict[int, Key] = {}
        self.claimed: defaultdict[str, dict[Key, Spelled | None]] = defaultdict(dict)
        self.related: defaultdict[str, dict[Triple, str | None]] = defaultdict(dict)
        self.there: dict[Key, bool] = {}
        """Whether somebody claims an entity that is not shown whole."""
        self.whole: set[str] = set()
        """The sources all of whose claims are known."""

    def triple(self, edge: Edge) -> Triple:
        """Return a relationship by its ends' ids, which must be known."""
        start, verb, stop = edge
        return self.ids[start], verb, self.ids[stop]

    def show(self, key: Key, entity_id: int, before: Collection[str], now: Collection[str]) -> None:
        """Note that an entity is shown whole from now on, and who claimed and claims it."""
        self.ids[key], self.keys[entity_id] = entity_id, key
        for source in before:
            if source not in now:
                self.claimed[source].pop(key, None)
        for source in now:
            self.claimed[source][key] = None

    def relate(self, triple: Triple, before: Collection[str], now: Collection[str]) -> None:
        """Note that a relationship is shown whole from now on, and who claimed and claims it."""
        for source in before:
            if source not in now:
                self.related[source].pop(triple, None)
        for source in now:
            self.related[source][triple] = None

    def load_source(self, uow: UnitOfWork, source: str, shown: Container[Key], related_so: Container[Triple]) -> None:
        """Look up all that a source says, but of what is shown whole, which tells it itself."""
        if source in self.whole:
            return
        self.whole.add(source)
        claimed, ids, keys = self.claimed[source], self.ids, self.keys
        for entity_id, kind, external_id, *said in uow.graph.said_of_entities(self._org_id, source):
            key = kind, external_id
            if key not in shown:
                ids[key], keys[entity_id] = entity_id, key
                self.there[key], claimed[key] = True, tuple(said)
        related = self.related[source]
        for _, from_id, verb, to_id, properties in uow.graph.said_of_relationships(self._org_id, source):
            if (from_id, verb, to_id) not in related_so:
                related[from_id, verb, to_id] = properties

    def load_ends(self, uow: UnitOfWork, keys: Iterable[Key]) -> None:
        """Look up where entities are, and whether they are there; of one that was never heard of, nothing is known."""
        ids = self.ids
        for entity_id, kind, external_id, gone_at in uow.graph.places(
            self._org_id, [key for key in keys if key not in ids]
        ):
            key = kind, external_id
            ids[key], self.keys[entity_id] = entity_id, key
            self.there[key] = gone_at is None

    def load_claims(self, uow: UnitOfWork, source: str, keys: Collection[Key]) -> None:
        """Look up what a source says of some entities that are not shown whole."""
        if source in self.whole:
            return
        self.load_ends(uow, keys)
        claimed = self.claimed[source]
        unknown = [self.ids[key] for key in keys if key in self.ids and key not in claimed]
        for entity_id, *said in uow.graph.said_of(self._org_id, source, unknown):
            claimed[self.keys[entity_id]] = tuple(said)

    def load_related(self, uow: UnitOfWork, source: str, triples: Collection[Triple]) -> None:
        """Look up what a source says of some relationships that are not shown whole."""
        if source in self.whole:
            return
        related = self.related[source]
        unknown = [one for one in triples if one not in related]
        related.update(uow.graph.said_between(self._org_id, source, unknown))

    def says(self, source: str, key: Key, draft: EntityDraft) -> bool | None:
        """Tell whether a source says this of an entity already; None when that is shown whole."""
        said = self.claimed[source].get(key, _NOTHING)
        if said is None:
            return None
        class_, display_name, traits = said
        return class_ == draft.class_ and display_name == draft.display_name and _spells(traits, draft.traits)

    def relates(self, source: str, triple: Triple, draft: RelationshipDraft) -> bool | None:
        """Tell whether a source says this of a relationship already; None when that is shown whole."""
        said = self.related[source].get(triple, "")
        return None if said is None else _spells(said, draft.properties)


def _spells(text: str, value: Mapping[str, Any]) -> bool:
    return orjson.dumps(value).decode() == text or (text != "" and same(orjson.loads(text), value))
