"""The outbox: events and the work that carries them on, written with whatever they tell of.

Within one connection events are carried in order, up to 500 by one piece of work; those of no connection stand in a
line of their own, under the connection 0.
"""

from collections.abc import Sequence
from datetime import datetime

from levada_runtime.foundation.ids import stay_above
from levada_runtime.store.model import EventRow
from levada_runtime.store.unit_of_work import UnitOfWork
from levada_runtime.work.service import new_work

NO_CONNECTION = 0
BATCH = 500
KEY = "events"
ONLY, PROJECT = "only", "project"
"""What a piece of work says whose events no pipeline was there for: they go no further than the graph."""
_ATTEMPTS = 1_000_000


def publish(uow: UnitOfWork, events: Sequence[EventRow]) -> None:
    """Keep events of one connection, whose ids follow one another, and enter the work that carries them."""
    if events:
        uow.events.add(events)
        first = events[0]
        enqueue(uow, (first.org_id, first.connection_id), range(first.id, first.id + len(events)), first.received_at)


def enqueue(uow: UnitOfWork, scope: tuple[int, int], ids: range, now: datetime, *, projected: bool = False) -> None:
    """Enter the work that carries these events, if the organisation has a pipeline that is active.

    Without one, what is `projected` into the graph is carried that far.
    """
    org_id, connection_id = scope
    met = bool(ids) and uow.pipelines.any_active(org_id)
    if not ids or not (met or projected):
        return
    how = {} if met else {ONLY: PROJECT}
    stay_above(uow.work.last_of(org_id, connection_id, KEY))
    for start in range(ids.start, ids.stop, BATCH):
        uow.work.add(
            new_work(
                org_id=org_id,
                connection_id=connection_id,
                kind="pipeline",
                key=KEY,
                payload={"first": start, "last": min(start + BATCH, ids.stop) - 1, **how},
                now=now,
                max_attempts=_ATTEMPTS,
            )
        )
