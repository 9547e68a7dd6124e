"""Pending relationships: claimed by somebody, and hidden while one of their ends is not there."""

from typing import Any

from levada_runtime.graph.model import Relationship
from levada_runtime.graph.views import relationship_view
from levada_runtime.ingest.library import read_cursor
from levada_runtime.store.model import OrgRow
from levada_runtime.store.unit_of_work import Store


class PendingRelationships:
    """Lists the pending relationships of one organisation at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(
        self, org: OrgRow, *, source: str | None = None, limit: int, cursor: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return pending relationships, newest first, with what each waits for and who claims it; and where it goes on.

        Raises UsageFailure when the cursor is none that a list gave.
        """
        before = read_cursor(cursor)
        with self._store.read() as uow:
            rows = uow.graph_pending.page_of(org.id, source=source, before=before, limit=limit + 1)
            kept = rows[:limit]
            sources = uow.graph_pending.sources(org.id, [one.id for one in kept])
            ends = {end for one in kept for end in (one.from_id, one.to_id)}
            found = {one.id: one for one in uow.graph.entities_by_id(org.id, ends)}
        views = []
        for one in kept:
            start, stop = found[one.from_id], found[one.to_id]
            edge = (start.kind, start.external_id), one.verb, (stop.kind, stop.external_id)
            awaits = [[end.kind, end.external_id] for end in (start, stop) if end.deleted_at is not None]
            view = relationship_view(Relationship(edge, one.properties, one.first_seen))
            views.append({**view, "awaits": awaits, "sources": sources[one.id]})
        return views, str(kept[-1].id) if len(rows) > limit else None
