"""What a run asserts in the graph: every call is answered exactly, and nothing is written until the page is committed.

A call is decided over what the store holds and what this page asserted before it. When the page commits it is decided
anew over the store as it is then, in the very transaction that writes the page's documents and its checkpoint.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from levada import BadRecord
from levada_runtime.graph.diff import Changes
from levada_runtime.graph.guard import Held
from levada_runtime.graph.model import EntityDraft, GraphRefusal, RelationshipDraft, SyncCounts
from levada_runtime.graph.operations import Operation
from levada_runtime.graph.service import Graph
from levada_runtime.graph.snapshots import Snapshot, SnapshotLost, staged_for
from levada_runtime.ingest.effects import MAX_BYTES, MAX_RECORDS, Effect
from levada_runtime.ingest.model import Origin
from levada_runtime.plans.graph import GraphEffects
from levada_runtime.runs.graph_rows import entity_drafts, relationship_drafts
from levada_runtime.runs.snapshots import Snapshots, refused
from levada_runtime.sandbox.model import Abort
from levada_runtime.sandbox.protocol import GraphAnswer, GraphFrame, SnapshotFrame
from levada_runtime.store.model import RunRow
from levada_runtime.store.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from levada_runtime.pipeline.running import Runner

CALL_ROWS: Final = 100_000
CALL_BYTES: Final = 64 << 20
PAGE_ROWS: Final = 10_000
PAGE_BYTES: Final = 64 << 20
"""With more than these a page is committed in parts, as one with many documents is."""


@dataclass(slots=True)
class _OpenCall:
    """A call whose rows arrive in several frames."""

    number: int
    entities: list[EntityDraft] = field(default_factory=list)
    relationships: list[RelationshipDraft] = field(default_factory=list)
    bytes: int = 0

    @property
    def rows(self) -> int:
        return len(self.entities) + len(self.relationships)

    def add(self, frame: GraphFrame) -> None:
        self.bytes += sum(map(len, frame.entities)) + sum(map(len, frame.relationships))
        self.entities += entity_drafts(frame.entities)
        self.relationships += relationship_drafts(frame.relationships)


class Assertions:
    """The graph of one run; in observation its picture lives until the run ends, and is never written."""

    def __init__(self, graph: Graph, run: RunRow, connection: str) -> None:
        self._graph = graph
        self._run = run
        self._source = f"connection:{connection}/{run.stream}"
        self._open: _OpenCall | None = None
        self._staged: list[Operation | Snapshot] = []
        self._rows = self._bytes = 0
        self._held_rows = self._held_bytes = 0
        self._picture = graph.picture(run.org_id)
        self.snapshots = Snapshots(graph, run, self._source)
        self.effects = GraphEffects()
        self.observed = SyncCounts()
        self._held: list[Held] = []
        self._just_held: list[Held] = []
        self._observed: list[Changes] = []

    @property
    def staged(self) -> bool:
        """Whether the page holds anything."""
        return bool(self._staged)

    @property
    def all_held(self) -> list[Held]:
        """The syncs of this attempt that are held."""
        return [*self._held, *self._just_held]

    @property
    def full(self) -> bool:
        """Whether the page has grown so large that a part is to be committed."""
        return self._rows > PAGE_ROWS or self._bytes > PAGE_BYTES

    @property
    def beyond_a_plan(self) -> bool:
        """Whether an observed run changes more than can be held until it ends."""
        return self._held_rows > MAX_RECORDS or self._held_bytes > MAX_BYTES

    def take(self, frame: GraphFrame) -> GraphAnswer | None:
        """Take a frame of a call; the last is answered with what the call does to its source's claims.

        Raises BadRecord when the graph does not take the call; nothing of it is kept then.
        """
        if self._open is None or self._open.number != frame.call:
            self._open = _OpenCall(frame.call)
        call = self._open
        call.add(frame)
        if call.rows > CALL_ROWS or call.bytes > CALL_BYTES:
            self._open = None
            raise BadRecord(
                f"graph.{frame.op} takes at most {CALL_ROWS:,} rows and {CALL_BYTES >> 20} MiB at once: "
                + ("narrow it to a scope" if frame.op == "sync" else "hand over less at once")
            )
        if not frame.last:
            return None
        self._open = None
        return self._decide(frame, call)

    def snapshot(self, frame: SnapshotFrame) -> None:
        """Take a step of a snapshot; one that is kept is committed with its page.

        Raises BadRecord when the graph does not take it; nothing of the snapshot is kept then.
        """
        kept = self.snapshots.take(frame)
        if isinstance(kept, Snapshot):
            self._staged.append(kept)
        elif kept is not None:
            self._keep(kept, self._graph.observe(self._picture, kept), self.snapshots.size)

    def write(self, uow: UnitOfWork) -> tuple[SyncCounts, Sequence[Held]]:
        """Write the page in this unit of work, and say what of it is held; once that has committed, call `clear`."""
        org_id, counts = self._run.org_id, SyncCounts()
        picture = self._graph.picture(org_id)
        self._just_held = []
        for place, operation in enumerate(self._staged):
            if isinstance(operation, Snapshot):
                # What the page says before it may be of the same source, and had not been said when it was sifted.
                changes = self._taken(uow, replace(operation, sifted=None) if place else operation)
                picture = self._graph.picture(org_id)
            else:
                changes = self._graph.perform(uow, org_id, operation, picture=picture)
            counts = added(counts, changes.counts)
            self._just_held += [changes.held] if changes.held else []
        return counts, self._just_held

    def forget(self, uow: UnitOfWork) -> None:
        """Drop what is still staged of snapshots: the run has ended."""
        if self.snapshots.any_staged:
            uow.graph_parts.drop_all(self._run.org_id, staged_for(self._run.id))

    def rehearse(
        self, runners: "Sequence[Runner]", origin: Origin, documents: Sequence[Effect], now: datetime
    ) -> list[dict[str, Any]]:
        """Return what pipelines would deliver about an observed run; what they would write is added to the effects."""
        from levada_runtime.plans.rehearsal import Rehearsal  # only what observes has to do with pipelines

        rehearsal = Rehearsal(self._graph, self._picture, self.effects, runners, now)
        rehearsal.play(origin, documents, self._observed)
        return rehearsal.deliveries

    def clear(self) -> None:
        """Begin the next page; in observation the picture goes on, since nothing of it is ever committed."""
        self._held += self._just_held
        self._just_held = []
        self._staged.clear()
        self._rows = self._bytes = 0
        if not self._run.observing:
            self._picture = self._graph.picture(self._run.org_id)

    def _decide(self, frame: GraphFrame, call: _OpenCall) -> GraphAnswer:
        try:
            operation = self._operation(frame, call)
            changes = self._graph.observe(self._picture, operation)
        except GraphRefusal as refusal:
            raise refused(refusal) from None
        self._rows += call.rows
        self._bytes += call.bytes
        self._keep(operation, changes, call.bytes)
        return _answer(changes, observing=self._run.observing)

    def _keep(self, operation: Operation, changes: Changes, size: int) -> None:
        """Keep an operation until its page ends, or what an observed one came to until the run does."""
        if self._run.observing:
            changed = len(changes.entities) + len(changes.relationships)
            self._held_rows += changed
            self._held_bytes += size if changed else 0
            self.effects.take(operation, changes)
            self.observed = added(self.observed, changes.counts)
            self._observed.append(changes)
        else:
            self._staged.append(operation)

    def _taken(self, uow: UnitOfWork, snapshot: Snapshot) -> Changes:
        try:
            return self._graph.take_over(uow, self._run.org_id, snapshot)
        except SnapshotLost as lost:
            raise Abort("interrupted", f"{lost}; the run goes on from its last page") from None

    def _operation(self, frame: GraphFrame, call: _OpenCall) -> Operation:
        run = self._run.id
        if frame.op == "write":
            return self._graph.write_operation(
                self._source, call.entities, call.relationships, run_id=run, pending=True
            )
        source = self._source if frame.scope is None else f"{self._source}/{frame.scope}"
        return self._graph.sync_operation(
            source, run, call.entities, call.relationships, run_id=run, pending=True, guarded=True
        )


def added(counts: SyncCounts, more: SyncCounts) -> SyncCounts:
    """Return two calls' counts as one."""
    fresh = asdict(more)
    return SyncCounts(**{name: count + fresh[name] for name, count in asdict(counts).items()})


def graph_counts(earlier: Mapping[str, Any], fresh: SyncCounts) -> dict[str, Any]:
    """Return a run's counts of the graph after these, under `graph`; nothing for a run that asserts nothing."""
    known = earlier.get("graph", {})
    total = {name: known.get(name, 0) + count for name, count in asdict(fresh).items()}
    return {"graph": total} if any(total.values()) else {}


def _answer(changes: Changes, *, observing: bool) -> GraphAnswer:
    counts = changes.held.would if changes.held else changes.counts
    return GraphAnswer(
        status="held" if changes.held else "observed" if observing else "committing",
        entities=(
            counts.entities_created,
            counts.entities_updated,
            counts.entities_unchanged,
            counts.entities_deleted,
        ),
        relationships=(
            counts.relationships_created,
            counts.relationships_updated,
            counts.relationships_unchanged,
            counts.relationships_deleted,
        ),
        pending=counts.relationships_pending,
    )
