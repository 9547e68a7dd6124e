"""The entity graph as the actions of one pipeline see it, within the unit of work of their events."""

from collections.abc import Mapping
from typing import Any

from levada_runtime.graph.model import GraphRefusal
from levada_runtime.graph.service import Graph
from levada_runtime.pipeline.model import StepFailed
from levada_runtime.store.unit_of_work import UnitOfWork


class GraphEntities:
    """Reads and writes entities for one event; `touched` is the first that it was about."""

    def __init__(self, graph: Graph, uow: UnitOfWork, org_id: int, pipeline: str, cause: dict[str, Any]) -> None:
        self._graph = graph
        self._uow = uow
        self._org_id = org_id
        self._pipeline = pipeline
        self._cause = cause
        self.touched: str | None = None

    def upsert(
        self,
        kind: str,
        external_id: str,
        traits: Mapping[str, Any],
        *,
        class_: str | None = None,
        display_name: str | None = None,
    ) -> dict[str, Any]:
        """Create or update one entity and return its merged traits; raises StepFailed when the graph refuses it."""
        self._touch(kind, external_id)
        try:
            entity, _ = self._graph.upsert_in(
                self._uow,
                self._org_id,
                f"pipeline:{self._pipeline}",
                kind,
                external_id,
                traits,
                class_=class_,
                display_name=display_name,
                cause=self._cause,
            )
        except GraphRefusal as refusal:
            raise StepFailed(refusal.message) from refusal
        return entity.traits

    def find(self, kind: str, external_id: str) -> dict[str, Any] | None:
        """Return an entity's merged traits, None when there is no such entity."""
        self._touch(kind, external_id)
        found = self._graph.find_in(self._uow, self._org_id, kind, external_id)
        return None if found is None else found.traits

    def _touch(self, kind: str, external_id: str) -> None:
        self.touched = self.touched or f"entity:{kind}:{external_id}"
