"""Held syncs: listed, shown, and applied or discarded by hand, each in one transaction."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from levada_runtime.access.audit import note
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.graph.held import batch_name
from levada_runtime.graph.model import CONNECTION, GraphRefusal, SyncCounts
from levada_runtime.graph.operations import Sync, batch_of
from levada_runtime.graph.parts import RELATIONSHIPS, entities_in, relationships_in
from levada_runtime.graph.service import Graph
from levada_runtime.graph.snapshots import read_again, unnamed
from levada_runtime.store.graph_held_model import HeldRow
from levada_runtime.store.model import OrgRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork

STATES: Final = ("held", "approved", "discarded", "superseded")
SHOWN: Final = 100
"""As many of the entities and relationships that would go are named."""


class HeldSyncs:
    """Decides on the held syncs of one organisation at a time."""

    def __init__(self, store: Store, clock: Clock, graph: Graph) -> None:
        self._store = store
        self._clock = clock
        self._graph = graph

    def page(
        self, org: OrgRow, *, state: str = "held", source: str | None = None, limit: int, cursor: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return held syncs, newest first, and where the list goes on.

        Raises UsageFailure for a state that there is not.
        """
        if state not in (*STATES, "all"):
            hint = f"states are {', '.join(STATES)}, or all"
            raise UsageFailure(f"no sync that was held is ever {state!r}", code="unknown_state", hint=hint)
        wanted = None if state == "all" else state
        with self._store.read() as uow:
            rows = uow.graph_held.page_of(org.id, state=wanted, source=source, before=cursor, limit=limit + 1)
        return [held_view(row) for row in rows[:limit]], rows[limit - 1].id if len(rows) > limit else None

    def get(self, org: OrgRow, held_id: str) -> dict[str, Any]:
        """Return a held sync, and while it is held some of what would go if it were applied now.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            row = _found(uow, org, held_id)
            return {**held_view(row), "deletes": self._going(uow, row) if row.state == "held" else None}

    def approve(self, org: OrgRow, held_id: str) -> dict[str, Any]:
        """Apply a held sync to the graph as it is now, as the truth of its source, exactly once.

        Raises NotFoundFailure, and UsageFailure when it was decided on before, when its source has gone, or when a
        relationship of a caller's sync has lost an end.
        """
        with self._store.write() as uow:
            uow.lock("graph", org.id)
            row = _held(uow, org, held_id)
            _check_source(uow, row)
            now = self._clock.now()
            uow.graph_held.decide(org.id, row.id, "approved", now)  # at first, so that it does not supersede itself
            done = self._apply(uow, row)
            uow.graph_held.decide(org.id, row.id, "approved", now, {**row.counts, "did": done.done()})
            uow.graph_parts.drop(org.id, batch_name(row.id))
            note(uow, org.id, now, "held.approve", row.id, source=row.source)
            return held_view(_found(uow, org, held_id))

    def discard(self, org: OrgRow, held_id: str) -> dict[str, Any]:
        """Give a held sync up; the graph stays as it is.

        Raises NotFoundFailure, and UsageFailure when it was decided on before.
        """
        with self._store.write() as uow:
            uow.lock("graph", org.id)
            row = _held(uow, org, held_id)
            now = self._clock.now()
            uow.graph_held.decide(org.id, row.id, "discarded", now)
            uow.graph_parts.drop(org.id, batch_name(row.id))
            note(uow, org.id, now, "held.discard", row.id, source=row.source)
            return held_view(_found(uow, org, held_id))

    def _apply(self, uow: UnitOfWork, row: HeldRow) -> SyncCounts:
        if row.source.startswith(CONNECTION):
            snapshot = read_again(uow, row.org_id, row.source, batch_name(row.id), str(row.run_id))
            return self._graph.take_over(uow, row.org_id, snapshot, guarded=False).counts
        entities, relationships = _drafts(uow, row)
        operation = Sync(row.source, row.sync_id, batch_of(list(entities), list(relationships)), row.run_id)
        try:
            return self._graph.perform(uow, row.org_id, operation).counts
        except GraphRefusal as refusal:
            raise UsageFailure(
                f"the held sync {row.id} cannot be applied any more: {refusal.message}",
                code="dangling_relationship",
                hint="discard it, and let its source sync again",
                details={"errors": refusal.details},
            ) from None

    def _going(self, uow: UnitOfWork, row: HeldRow) -> dict[str, Any]:
        snapshot = read_again(uow, row.org_id, row.source, batch_name(row.id), str(row.run_id))
        entities, relationships = unnamed(uow, row.org_id, snapshot)
        return {
            "entities": [{"kind": kind, "key": key} for kind, key in islice(entities, SHOWN)],
            "relationships": [
                {"from": list(start), "verb": verb, "to": list(stop)}
                for start, verb, stop in islice(relationships, SHOWN)
            ],
        }


def held_view(row: HeldRow) -> dict[str, Any]:
    """Return a held sync as the command line and the API show it."""
    return {
        "id": row.id,
        "source": row.source,
        "sync_id": row.sync_id,
        "run": row.run_id,
        "state": row.state,
        "reasons": row.reasons,
        "counts": row.counts["would"],
        "applied": row.counts.get("did"),
        "held_at": row.held_at.isoformat(),
        "decided_at": row.decided_at.isoformat() if row.decided_at else None,
    }


def _found(uow: UnitOfWork, org: OrgRow, held_id: str) -> HeldRow:
    row = uow.graph_held.get(org.id, held_id)
    if row is None:
        raise NotFoundFailure(
            f"there is no held sync {held_id!r}", code="unknown_held_sync", hint="`runtime graph held list` shows them"
        )
    return row


def _held(uow: UnitOfWork, org: OrgRow, held_id: str) -> HeldRow:
    row = _found(uow, org, held_id)
    if row.state != "held":
        newer = uow.graph_held.standing(org.id, row.source)
        raise UsageFailure(
            f"the sync {held_id} is held no longer: it was {row.state}",
            code="not_held",
            hint=f"of the same source {newer[0]} is held now" if newer else None,
        )
    return row


def _check_source(uow: UnitOfWork, row: HeldRow) -> None:
    """Raise UsageFailure when the sync is of a connection that was removed."""
    if not row.source.startswith(CONNECTION):
        return
    name = row.source.removeprefix(CONNECTION).partition("/")[0]
    if uow.connections.referred(row.org_id, name) is None:
        raise UsageFailure(
            f"the held sync {row.id} is of the connection {name!r}, which was removed",
            code="connection_removed",
            hint="discard it",
        )


def _drafts(uow: UnitOfWork, row: HeldRow) -> tuple[Iterator[Any], Iterator[Any]]:
    of = batch_name(row.id)
    entities = uow.graph_parts.of(row.org_id, of, stop=RELATIONSHIPS)
    relationships = uow.graph_parts.of(row.org_id, of, start=RELATIONSHIPS)
    return (
        (draft for part in entities for draft in entities_in(part)),
        (draft for part in relationships for draft in relationships_in(part)),
    )
