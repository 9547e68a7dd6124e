"""What would follow from an observed run: what its documents stand for, and what pipelines would do about its events.

Nothing of it is kept. Documents are projected first, as they are when they are live. Actions write into the run's own
picture of the graph, so that a later event meets what an earlier one would have left there. What would be delivered is
rendered and goes into the plan.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from levada_runtime.graph.diff import Changes
from levada_runtime.graph.model import EntityDraft, GraphRefusal
from levada_runtime.graph.picture import Picture
from levada_runtime.graph.service import Graph
from levada_runtime.graph.views import entity_view
from levada_runtime.ingest.effects import Effect
from levada_runtime.ingest.model import Origin, Outcome
from levada_runtime.pipeline.engine import run
from levada_runtime.pipeline.envelope import caused, caused_by, is_too_deep
from levada_runtime.pipeline.model import StepFailed
from levada_runtime.pipeline.running import Runner
from levada_runtime.plans.graph import GraphEffects
from levada_runtime.store.model import EventRow
from levada_runtime.store.projections import Projectable


@dataclass(frozen=True, slots=True)
class _Expected:
    """An event that would be made, and its envelope; it has no id, since it never comes about."""

    row: EventRow
    told: dict[str, Any]


_AT_ONCE: Final = 500


class Rehearsal:
    """Plays the events of one observed run through projections and the pipelines that are active."""

    def __init__(
        self, graph: Graph, picture: Picture, effects: GraphEffects, runners: Sequence[Runner], now: datetime
    ) -> None:
        self._graph = graph
        self._picture = picture
        self._effects = effects
        self._runners = [runner for runner in runners if runner.definition is not None]
        self._now = now
        self.deliveries: list[dict[str, Any]] = []

    def play(self, origin: Origin, documents: Iterable[Effect], changes: Iterable[Changes]) -> None:
        """Play what would become of documents and of the graph, and everything that would follow from it."""
        told = list(documents)
        projected = self._project(origin, told)
        waiting = deque(self._of_documents(origin, told) if self._runners else ())
        for change in [*changes, *projected] if self._runners else ():
            waiting.extend(self._of_graph(change, origin.org_id, None))
        while waiting:
            event = waiting.popleft()
            for runner in self._runners:
                waiting.extend(self._meet(runner, event))

    def _project(self, origin: Origin, documents: Iterable[Effect]) -> list[Changes]:
        """Project what documents would be in the end, and return what that would come to."""
        of_types = self._graph.contracts.projected
        last = {
            one.document_id: Projectable(
                origin.connection_id, one.document_id, one.document_type, one.after, origin.run_id
            )
            for one in documents
            if one.outcome is not Outcome.UNCHANGED and one.document_type in of_types
        }
        found, names = list(last.values()), {origin.connection_id: origin.connection}
        changes: list[Changes] = []
        for start in range(0, len(found), _AT_ONCE):
            some = found[start : start + _AT_ONCE]
            changes.append(self._graph.observe_projections(self._picture, some, names))
            self._effects.add(changes[-1])
        return changes

    def _meet(self, runner: Runner, event: _Expected) -> list[_Expected]:
        definition, row = runner.definition, event.row
        assert definition is not None  # those that cannot be read were left out
        if not definition.takes(row.source, row.type) or caused_by(row, runner.row.name) or is_too_deep(row):
            return []
        entities = _PictureEntities(self._graph, self._picture, runner.row.name)
        trace = run(definition, event.told, entities, self._now, version=runner.row.version)
        if trace.error is not None:
            self.deliveries.append({"pipeline": runner.row.name, "destination": None, "problem": trace.error})
        for one in trace.deliveries:
            body = {"body": orjson.loads(one.body)} if one.problem is None else {"problem": one.problem}
            self.deliveries.append({"pipeline": runner.row.name, "destination": one.target, "type": one.type, **body})
        return self._after(entities, row, runner.row.name)

    def _after(self, entities: "_PictureEntities", row: EventRow, pipeline: str) -> list[_Expected]:
        following: list[_Expected] = []
        for change in entities.changes:
            self._effects.add(change)
            following += self._of_graph(change, row.org_id, caused(row, pipeline))
        return following

    def _of_documents(self, origin: Origin, documents: Iterable[Effect]) -> Iterator[_Expected]:
        for effect in documents:
            if effect.outcome is Outcome.UNCHANGED:
                continue
            row = _row(origin.org_id, f"document.{effect.outcome}", effect.document_type, self._now, None)
            payload = effect.before if effect.outcome is Outcome.RETIRED else effect.after
            provenance = {**origin.provenance(), "stream": origin.stream, "idempotency_key": effect.idempotency_key}
            version = {"id": None, "version": (effect.base_version or 0) + 1, "previous": effect.base_version}
            yield _Expected(row, {**_told(row, payload), "provenance": provenance, "document": version})

    def _of_graph(self, changes: Changes, org_id: int, cause: dict[str, Any] | None) -> Iterator[_Expected]:
        for change in changes.entities:
            shown = change.after or change.before
            if change.happened is None or shown is None:
                continue
            row = _row(org_id, f"entity.{change.happened}", shown.kind, self._now, cause)
            yield _Expected(row, _told(row, entity_view(shown)))


class _PictureEntities:
    """Entities as one pipeline would find and leave them."""

    def __init__(self, graph: Graph, picture: Picture, pipeline: str) -> None:
        self._graph = graph
        self._picture = picture
        self._source = f"pipeline:{pipeline}"
        self.changes: list[Changes] = []

    def upsert(
        self,
        kind: str,
        external_id: str,
        traits: Mapping[str, Any],
        *,
        class_: str | None = None,
        display_name: str | None = None,
    ) -> dict[str, Any]:
        """Write into the picture, and return the merged traits."""
        draft = EntityDraft(kind, external_id, class_, display_name, dict(traits))
        try:
            operation = self._graph.upsert_operation(self._source, draft)
            self.changes.append(self._graph.observe(self._picture, operation))
        except GraphRefusal as refusal:
            raise StepFailed(refusal.message) from refusal
        found = self.find(kind, external_id)
        assert found is not None  # it was just written
        return found

    def find(self, kind: str, external_id: str) -> dict[str, Any] | None:
        """Return what the picture shows."""
        entity = self._graph.seen(self._picture, kind, external_id)
        return None if entity is None else entity.traits


def _row(org_id: int, source: str, kind: str, at: datetime, cause: dict[str, Any] | None) -> EventRow:
    return EventRow(org_id=org_id, connection_id=0, id=0, source=source, type=kind, received_at=at, cause=cause)


def _told(row: EventRow, payload: Any) -> dict[str, Any]:
    at = row.received_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "id": None,
        "type": row.type,
        "source": row.source,
        "received_at": at,
        "payload": payload,
        "provenance": None,
        "cause": row.cause,
    }
