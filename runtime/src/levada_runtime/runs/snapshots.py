"""The snapshots of one attempt at a run: each comes in step by step, and is an operation of the page once it is kept.

In observation nothing is staged, since nothing may be written: what is held is bounded, and decided as a sync.
"""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from levada import BadRecord, ConnectorMistake
from levada._graph import OPEN_TWICE, SAVED_INSIDE
from levada_runtime.graph.checks import check_batch
from levada_runtime.graph.model import EntityDraft, GraphRefusal, RelationshipDraft
from levada_runtime.graph.operations import Sync
from levada_runtime.graph.service import Graph
from levada_runtime.graph.snapshots import Snapshot, Staging
from levada_runtime.ingest.effects import MAX_BYTES
from levada_runtime.runs.graph_rows import entity_drafts, relationship_drafts
from levada_runtime.sandbox.model import Abort
from levada_runtime.sandbox.protocol import ProtocolError, SnapshotFrame
from levada_runtime.store.model import RunRow

Answer = TypeVar("Answer")
OBSERVED_ROWS: Final = 200_000
"""How large an observed snapshot may be: it is decided in memory, with everything its source claims."""


class Incoming(Protocol):
    """A snapshot that is open."""

    def add(self, entities: list[EntityDraft], relationships: list[RelationshipDraft]) -> None: ...

    def close(self) -> Snapshot | Sync: ...

    def drop(self) -> None: ...


class Snapshots:
    """Takes the steps of snapshots; at most one is open."""

    def __init__(self, graph: Graph, run: RunRow, source: str) -> None:
        self._graph = graph
        self._run = run
        self._source = source
        self._open: Incoming | None = None
        self._is_spoilt = False
        self.size = 0
        """The bytes of the snapshot that came last."""
        self.any_staged = False

    @property
    def is_open(self) -> bool:
        """Whether a snapshot is coming in."""
        return self._open is not None

    def take(self, frame: SnapshotFrame) -> Snapshot | Sync | None:
        """Take a step; the last one of a snapshot that is kept returns it.

        Raises BadRecord for what the graph does not take, and nothing of the snapshot can be kept then.
        """
        if frame.step == "open":
            if self._open is not None:
                raise ConnectorMistake(OPEN_TWICE)
            self._open, self._is_spoilt, self.size = self._incoming(frame.scope), False, 0
            return None
        if self._open is None:
            raise ProtocolError(f"a child said {frame.step!r} of a snapshot that it had not opened")
        if frame.step == "add":
            self._add(self._open, frame)
            return None
        incoming, self._open = self._open, None
        if frame.step == "drop" or self._is_spoilt:
            incoming.drop()
            if frame.step == "keep":
                raise BadRecord("a piece of the snapshot was refused, so nothing of it is kept")
            return None
        return _refusing(incoming.close)

    def check_saving(self) -> None:
        """Raise ConnectorMistake when a snapshot is open, which a checkpoint must not part."""
        if self._open is not None:
            raise ConnectorMistake(SAVED_INSIDE)

    def _add(self, incoming: Incoming, frame: SnapshotFrame) -> None:
        entities, relationships = entity_drafts(frame.entities), relationship_drafts(frame.relationships)
        self.size += sum(map(len, frame.entities)) + sum(map(len, frame.relationships))
        if self._run.observing and self.size > MAX_BYTES:
            raise Abort("memory", f"an observed snapshot takes at most {MAX_BYTES >> 20} MiB; observe a smaller part")
        try:
            _refusing(lambda: incoming.add(entities, relationships))
        except BadRecord:
            self._is_spoilt = True
            raise

    def _incoming(self, scope: str | None) -> Incoming:
        source = self._source if scope is None else f"{self._source}/{scope}"
        if self._run.observing:
            return _Observed(self._graph, self._run, source)
        self.any_staged = True
        staging: Staging = self._graph.staging(self._run.org_id, source, self._run.id)
        return staging


class _Observed:
    """A snapshot of an observed run."""

    def __init__(self, graph: Graph, run: RunRow, source: str) -> None:
        self._graph = graph
        self._run = run
        self._source = source
        self._entities: list[EntityDraft] = []
        self._relationships: list[RelationshipDraft] = []

    def add(self, entities: list[EntityDraft], relationships: list[RelationshipDraft]) -> None:
        first = len(self._entities), len(self._relationships)
        check_batch(self._graph.vocabulary, entities, relationships, first=first)
        self._entities += entities
        self._relationships += relationships
        if len(self._entities) + len(self._relationships) > OBSERVED_ROWS:
            told = f"an observed snapshot takes at most {OBSERVED_ROWS:,} rows; observe a smaller part"
            raise Abort("memory", told)

    def close(self) -> Sync:
        said = self._entities, self._relationships
        return self._graph.sync_operation(
            self._source, self._run.id, *said, run_id=self._run.id, pending=True, guarded=True
        )

    def drop(self) -> None:
        """There is nothing to be given up."""


def refused(refusal: GraphRefusal) -> BadRecord:
    """Return what a route is told of a refusal."""
    details = {"code": refusal.code, "errors": refusal.details}
    return BadRecord(f"nothing was taken into the graph: {refusal.message}", details=details)


def _refusing(ask: Callable[[], Answer]) -> Answer:
    """Return an answer of the graph; its refusal becomes what is raised in the route."""
    try:
        return ask()
    except GraphRefusal as refusal:
        raise refused(refusal) from None
