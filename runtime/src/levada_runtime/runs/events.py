"""The event of a run that did not end well: the way to alerts.

A run that succeeded makes none: what it changed has events of its own, and a poll that found nothing new writes
nothing.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from levada_runtime.foundation.ids import row_id
from levada_runtime.runs.views import run_view
from levada_runtime.store.model import EventRow, RunRow
from levada_runtime.store.unit_of_work import UnitOfWork
from levada_runtime.work.outbox import publish


def publish_end(uow: UnitOfWork, run: RunRow, at: datetime, **ending: Any) -> None:
    """Publish `run.failed`, `run.partial` or `run.cancelled` in the unit of work that writes the run's end."""
    ended = replace(run, **ending)
    if ended.state == "succeeded":
        return
    connection = uow.connections.get(run.org_id, run.connection_id)
    event = EventRow(
        org_id=run.org_id,
        connection_id=run.connection_id,
        id=row_id(),
        source=f"run.{ended.state}",
        type=run.connector,
        received_at=at,
        subject=f"run:{run.stream}",
        payload=run_view(ended, connection.name if connection else None),
    )
    publish(uow, [event])
