"""Projecting documents that are there already, a few a transaction: those of before an upgrade or a new contract."""

from collections.abc import Collection, Sequence
from typing import Final

from levada_runtime.access.audit import note
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.graph.model import SyncCounts
from levada_runtime.graph.service import Graph
from levada_runtime.store.model import ConnectionRow
from levada_runtime.store.unit_of_work import Store

_AT_ONCE: Final = 500


class Reprojecting:
    """Carries out the projections of one organisation's documents."""

    def __init__(self, store: Store, clock: Clock, graph: Graph) -> None:
        self._store = store
        self._clock = clock
        self._graph = graph

    def project(
        self, org_id: int, types: Collection[str] = (), connection: ConnectionRow | None = None
    ) -> tuple[int, SyncCounts]:
        """Project all documents of these types, of all that stand for something unless any are named.

        Returns how many documents there were, and what that did to what is claimed for them. Doing it again, or going
        on after having been killed, does no harm. Raises UsageFailure naming a type that there is not.
        """
        chosen = self._chosen(types)
        with self._store.write() as uow:
            where = connection.name if connection else None
            note(uow, org_id, self._clock.now(), "graph.project", ", ".join(chosen), connection=where)
        documents, counts = 0, SyncCounts()
        for document_type in chosen:
            more, done = self._project(org_id, document_type, connection.id if connection else None)
            documents, counts = documents + more, counts.plus(done)
        return documents, counts

    def _project(self, org_id: int, document_type: str, connection_id: int | None) -> tuple[int, SyncCounts]:
        count, after, counts = 0, 0, SyncCounts()
        while True:
            with self._store.write() as uow:
                uow.lock("graph", org_id)
                found = uow.projections.of_type(org_id, document_type, connection_id, after, _AT_ONCE)
                counts = counts.plus(self._graph.project_all_in(uow, org_id, found))
            count += len(found)
            if len(found) < _AT_ONCE:
                return count, counts
            after = found[-1].id

    def _chosen(self, types: Collection[str]) -> Sequence[str]:
        contracts = self._graph.contracts
        for one in types:
            if contracts.get(one) is None:
                nearest = contracts.nearest(one)
                guess = f"did you mean {nearest!r}? " if nearest else ""
                raise UsageFailure(
                    f"there is no document type {one!r}",
                    code="unknown_document_type",
                    hint=f"{guess}`runtime contracts list` shows them all",
                )
        return sorted(set(types) or contracts.projected)
