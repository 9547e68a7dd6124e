"""The graph in memory: what a test's `graph` keeps, page by page, by the same laws as the runtime's.

What is claimed is an immutable value, so a page is a newer value that takes the old one's place when it commits and is
forgotten when it is dropped.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from levada._graph import OPEN_TWICE, Entity, GraphBatch, Relationship, SnapshotStep, SyncResult, WriteResult
from levada._graph_rows import refusal
from levada.errors import ConnectorMistake
from levada.testing.claims import (
    Claimed,
    Ref,
    Wanted,
    claim,
    entity_of,
    pending_in,
    read_rows,
    relationships_of,
    takes_too_much,
)


class MemoryEntities(Mapping[Any, Entity]):
    """The entities as all their claims add up to them, by key, or by kind and key where kinds share one."""

    def __init__(self, claimed: Claimed) -> None:
        self._claimed = claimed.entities

    def __getitem__(self, key: str | Ref) -> Entity:
        found = [ref for ref in self._claimed if key in (ref, ref[1])]
        if len(found) != 1:
            told = "several kinds have it" if found else f"there is {', '.join(sorted(self)) or 'no entity'}"
            raise KeyError(f"{key}: {told}")
        return entity_of(found[0], self._claimed[found[0]])

    def __iter__(self) -> Iterator[str]:
        return (key for _, key in self._claimed)

    def __len__(self) -> int:
        return len(self._claimed)

    def all(self) -> tuple[Entity, ...]:
        """Return every entity, by kind and key."""
        return tuple(entity_of(ref, claims) for ref, claims in sorted(self._claimed.items()))


class MemoryGraph:
    """An organisation's graph that is kept in memory."""

    def __init__(self) -> None:
        self.committed = Claimed()

    @property
    def entities(self) -> MemoryEntities:
        """The committed entities."""
        return MemoryEntities(self.committed)

    @property
    def relationships(self) -> tuple[Relationship, ...]:
        """The committed relationships, in order, without those that have lost an end."""
        return relationships_of(self.committed)

    def opened(self, source: str, *, observing: bool = False) -> "GraphPage":
        """Return a `GraphPort` by which one run of a source asserts; observing, it commits nothing."""
        return GraphPage(self, source, observing=observing)


class GraphPage:
    """A `GraphPort` over a graph in memory: calls see the page's earlier ones, others see them once it commits."""

    def __init__(self, graph: MemoryGraph, source: str, *, observing: bool) -> None:
        self._graph = graph
        self._source = source
        self._observing = observing
        self._page = graph.committed
        self.syncs: list[SyncResult] = []
        self.writes: list[WriteResult] = []
        self._open: _Open | None = None

    def sync(self, batch: GraphBatch, *, scope: str | None) -> SyncResult:
        """Take all that the source asserts. Raises BadRecord."""
        return self._sync(self._scoped(scope), _read(batch))

    def write(self, batch: GraphBatch) -> WriteResult:
        """Take some of what the source asserts. Raises BadRecord."""
        self._page, _ = claim(self._page, self._source, _read(batch), whole=False)
        result = WriteResult(
            "observed" if self._observing else "written", len(batch.entities), len(batch.relationships)
        )
        self.writes.append(result)
        return result

    def snapshot(self, step: SnapshotStep, batch: GraphBatch, *, scope: str | None) -> None:
        """Take a step of a snapshot: nothing of it is in the page before it is kept. Raises BadRecord."""
        if step == "open":
            self.check_closed(OPEN_TWICE)
            self._open = _Open()
        elif self._open is None:
            raise ConnectorMistake("no snapshot is open")
        elif step == "add":
            self._open.add(batch)
        else:
            wanted, self._open = self._open.wanted, None
            if step == "keep":
                self._sync(self._scoped(scope), wanted)

    def check_closed(self, message: str) -> None:
        """Raise ConnectorMistake when a snapshot is open."""
        if self._open is not None:
            raise ConnectorMistake(message)

    def commit_page(self) -> None:
        """Make the page true; observing, keep only the overlay."""
        if not self._observing:
            self._graph.committed = self._page

    def drop_page(self) -> None:
        """Forget what was asserted since the last commit."""
        self._page = self._graph.committed
        self._open = None

    def _scoped(self, scope: str | None) -> str:
        return self._source if scope is None else f"{self._source}/{scope}"

    def _sync(self, source: str, wanted: Wanted) -> SyncResult:
        """Take all that a source asserts, unless the guard holds it."""
        page, counts = claim(self._page, source, wanted, whole=True)
        status: Literal["synced", "observed", "held"] = "observed" if self._observing else "synced"
        if takes_too_much(self._page, source, wanted):
            status = "held"
        else:
            self._page = page
        self.syncs.append(SyncResult(status, **counts, relationships_pending=pending_in(page, wanted)))
        return self.syncs[-1]


def _read(batch: GraphBatch) -> Wanted:
    wanted, errors = read_rows(batch.entities, batch.relationships)
    if errors:
        raise refusal(errors)
    return wanted


class _Open:
    """A snapshot that is coming in."""

    def __init__(self) -> None:
        self.wanted = Wanted()
        self._first = (0, 0)

    def add(self, batch: GraphBatch) -> None:
        """Take a piece. Raises BadRecord."""
        _, errors = read_rows(batch.entities, batch.relationships, self.wanted, self._first)
        if errors:
            raise refusal(errors)
        self._first = self._first[0] + len(batch.entities), self._first[1] + len(batch.relationships)
