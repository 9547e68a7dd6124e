"""Runs as the command line and the API show them."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from levada_runtime.foundation.errors import NotFoundFailure
from levada_runtime.graph.model import SyncCounts
from levada_runtime.ingest.library import Listing, listing
from levada_runtime.sandbox.model import Level
from levada_runtime.store.model import OrgRow, PlanRow, RunRow
from levada_runtime.store.unit_of_work import Store

NO_COUNTS = asdict(SyncCounts())
FINISHED = frozenset({"succeeded", "partial", "failed", "cancelled"})


class RunLibrary:
    """Reads runs, their logs, their exchanges and their plans."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def runs(
        self,
        org: OrgRow,
        *,
        connection: str | None,
        state: str | None,
        backfill: str | None = None,
        limit: int,
        cursor: str | None,
    ) -> Listing:
        """Return runs, newest first."""
        with self._store.read() as uow:
            names = uow.connections.names(org.id)
            referred = uow.connections.referred(org.id, connection) if connection else None
            if connection and referred is None:
                raise NotFoundFailure(f"there is no connection {connection!r}", code="unknown_connection")
            rows = uow.runs.page_of(
                org.id,
                connection_id=referred.id if referred else None,
                state=state,
                backfill_id=backfill,
                before=cursor,
                limit=limit + 1,
            )
        return listing(rows, limit, lambda row: run_view(row, names.get(row.connection_id)), lambda row: row.id)

    def run(self, org: OrgRow, run_id: str) -> dict[str, Any]:
        """Return a run.

        Raises NotFoundFailure.
        """
        row, name = self._found(org, run_id)
        return run_view(row, name)

    def logs(self, org: OrgRow, run_id: str) -> list[dict[str, Any]]:
        """Return what a run said, in order."""
        row, _ = self._found(org, run_id)
        with self._store.read() as uow:
            lines = uow.runs.logs(row)
        return [
            {"at": line.at.isoformat(), "level": line.level, "message": line.message, "fields": line.fields}
            for line in lines
        ]

    def exchanges(self, org: OrgRow, run_id: str) -> list[dict[str, Any]]:
        """Return whom a run asked, in order."""
        row, _ = self._found(org, run_id)
        with self._store.read() as uow:
            found = uow.runs.exchanges(row)
        return [
            {
                "at": one.at.isoformat(),
                "method": one.method,
                "url": one.url,
                "status": one.status,
                "bytes": one.bytes,
                "duration_ms": one.duration_ms,
                "refused": one.refused,
            }
            for one in found
        ]

    def plan(self, org: OrgRow, plan_id: str) -> dict[str, Any]:
        """Return what an observed run would have changed.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            row = uow.plans.get(org.id, plan_id)
        if row is None:
            raise NotFoundFailure(f"there is no plan {plan_id!r}")
        return row.body | {"applied_at": _iso(row.applied_at), "applied_by": row.applied_run_id}

    def plans(self, org: OrgRow, *, limit: int, cursor: str | None) -> Listing:
        """Return plans, newest first, without what they hold."""
        with self._store.read() as uow:
            names = uow.connections.names(org.id)
            rows = uow.plans.page_of(org.id, before=cursor, limit=limit + 1)
        return listing(rows, limit, lambda row: plan_view(*row, names.get(row[0].connection_id)), lambda row: row[0].id)

    def _found(self, org: OrgRow, run_id: str) -> tuple[RunRow, str | None]:
        with self._store.read() as uow:
            row = uow.runs.get(org.id, run_id)
            names = uow.connections.names(org.id)
        if row is None:
            raise NotFoundFailure(f"there is no run {run_id!r}", hint="`runtime runs list` shows them")
        return row, names.get(row.connection_id)


def run_view(row: RunRow, connection: str | None) -> dict[str, Any]:
    """Return a run in the shape that scripts may rely on."""
    counts = row.counts or {}
    return {
        "id": row.id,
        "connection": connection,
        "connector": row.connector,
        "stream": row.stream,
        "mode": row.mode,
        "observing": row.observing,
        "state": row.state,
        "reason": row.reason,
        "attempt": row.attempt,
        "sandbox_level": row.sandbox_level,
        "sandbox": _sandbox(row),
        "counts": {
            **{name: counts.get(name, 0) for name in ("created", "updated", "unchanged", "retired", "failed")},
            "by_type": counts.get("by_type", {}),
            "by_reason": counts.get("by_reason", {}),
            "graph": {**NO_COUNTS, **counts.get("graph", {})},
        },
        "pages": row.pages,
        "http": {"requests": row.http_requests, "bytes": row.http_bytes},
        "checkpoint": {"before": _whole(row.checkpoint_before), "after": _whole(row.checkpoint_after)},
        "plan_id": row.plan_id,
        "receipt": row.receipt_id,
        "reverts": row.reverts,
        "backfill": row.backfill_id,
        "window": _window(row),
        "cancel_requested_at": _iso(row.cancel_requested_at),
        "scheduled_for": _iso(row.scheduled_for),
        "queued_at": _iso(row.queued_at),
        "started_at": _iso(row.started_at),
        "finished_at": _iso(row.finished_at),
        "error": row.error,
    }


def plan_view(row: PlanRow, run: RunRow, connection: str | None) -> dict[str, Any]:
    """Return a plan in a list: what it was made of, what it comes to, and whether it was applied."""
    return {
        "id": row.id,
        "run": row.run_id,
        "connection": connection,
        "stream": run.stream,
        "whole": run.state != "failed",
        "summary": run.counts,
        "created_at": _iso(row.created_at),
        "applied_at": _iso(row.applied_at),
        "applied_by": row.applied_run_id,
    }


def _sandbox(row: RunRow) -> dict[str, Any] | None:
    """Return what confined the child that ran it last; None when there was none yet."""
    if row.sandbox_level is None:
        return None
    return {
        "level": row.sandbox_level,
        "title": Level(row.sandbox_level).label,
        "layers": row.sandbox_layers or {},
    }


def _window(row: RunRow) -> dict[str, str | None] | None:
    """Return the slice of time that a backfill's run is about."""
    return {"from": _iso(row.window_from), "to": _iso(row.window_until)} if row.window_from else None


def _whole(partitions: dict[str, Any] | None) -> Any:
    """Return the whole stream's checkpoint where that is all there is, else one for each partition."""
    if not partitions:
        return None
    return partitions[""] if set(partitions) == {""} else partitions


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
