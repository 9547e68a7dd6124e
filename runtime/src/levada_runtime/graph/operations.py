"""What can be done to the graph, as values: checked, of one source each, and without doubles."""

from dataclasses import dataclass

from levada_runtime.graph.model import Edge, EntityDraft, Key, RelationshipDraft


@dataclass(frozen=True, slots=True)
class Batch:
    """Entities and relationships that are said together, each once."""

    entities: dict[Key, EntityDraft]
    relationships: dict[Edge, RelationshipDraft]


@dataclass(frozen=True, slots=True)
class Sync:
    """The whole truth of a source: what it claimed before and does not say now, it claims no longer."""

    source: str
    sync_id: str | None
    batch: Batch
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """Assertions of a source, which leave everything else that it claims as it is."""

    source: str
    batch: Batch
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """The end of an entity, whoever claims it."""

    key: Key


Operation = Sync | Write | Delete
