"""Deliveries as an operator handles them: listed with their reason, shown with every attempt, and sent again."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from levada_runtime.access.audit import note
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.foundation.ids import read_delivery, row_id
from levada_runtime.ingest.library import Listing, listing, read_cursor
from levada_runtime.pipeline.envelope import caused
from levada_runtime.pipeline.views import delivery_view, whole_delivery_view
from levada_runtime.store.model import EventRow, OrgRow, WorkRow
from levada_runtime.store.pipelines_model import DeliveryRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.outbox import NO_CONNECTION, publish
from levada_runtime.work.service import new_work

STATES = ("pending", "delivering", "delivered", "retrying", "dead", "dropped")
ENDED = ("delivered", "dead", "dropped")
REPLAYED = ("delivered", "dead")
"""What is dropped has nothing that could be sent."""
_ATTEMPTS = 1_000_000
_AT_ONCE = 200


class Deliveries:
    """Reads deliveries of one organisation at a time, and replays them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def page(
        self,
        org: OrgRow,
        *,
        state: str | None = None,
        pipeline: str | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Listing:
        """Return deliveries, newest first.

        Raises UsageFailure for a state that there is not.
        """
        with self._store.read() as uow:
            rows = uow.deliveries.page_of(
                org.id,
                states=read_states([state] if state else []),
                pipeline=pipeline,
                before=read_cursor(cursor),
                limit=limit + 1,
            )
        return listing(rows, limit, delivery_view, lambda row: str(row.id))

    def get(self, org: OrgRow, delivery_id: str) -> dict[str, Any]:
        """Return a delivery with its body and every attempt.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            row = _found(uow, org, delivery_id)
            return whole_delivery_view(row, uow.deliveries.attempts(row))

    def replay(self, org: OrgRow, delivery_id: str) -> dict[str, Any]:
        """Send a delivery's stored body again, under its id, with as many attempts as a new one has.

        Raises NotFoundFailure, and UsageFailure while it is still under way, and when there is nothing to send.
        """
        with self._store.write() as uow:
            uow.lock("deliveries", org.id)
            row = _found(uow, org, delivery_id)
            if row.state not in REPLAYED:
                raise _not_replayed(f"the delivery {delivery_id} is {row.state}")
            self._again(uow, row)
            note(uow, org.id, self._clock.now(), "delivery.replay", delivery_id)
        return self.get(org, delivery_id)

    def replay_many(
        self,
        org: OrgRow,
        *,
        states: Sequence[str] = ("dead",),
        pipeline: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> int:
        """Send again, oldest first, every delivery that has ended so and was made in this time; returns how many.

        Raises UsageFailure for a state in which none can be sent again.
        """
        others = [state for state in read_states(states) or [] if state not in REPLAYED]
        if others:
            raise _not_replayed(f"these deliveries are {others[0]}")
        count, after = 0, 0
        while True:
            with self._store.write() as uow:
                uow.lock("deliveries", org.id)
                rows = uow.deliveries.matching(
                    org.id, states=states, pipeline=pipeline, since=since, until=until, after=after, limit=_AT_ONCE
                )
                for row in rows:
                    self._again(uow, row)
                if rows:
                    told = {"count": len(rows), "states": list(states)}
                    note(uow, org.id, self._clock.now(), "delivery.replay", pipeline or "all", **told)
            if not rows:
                return count
            count, after = count + len(rows), rows[-1].id

    def _again(self, uow: UnitOfWork, row: DeliveryRow) -> None:
        now = self._clock.now()
        uow.deliveries.change(row, now, state="pending", spent=0, reason=None, next_at=None)
        uow.work.add(work_for(row, now))


def work_for(row: DeliveryRow, now: datetime) -> WorkRow:
    """Return the work of carrying a delivery out.

    Deliveries of one pipeline to one target are in line with one another per document or entity; without either a
    delivery is in nobody's line.
    """
    place = "\x00".join((row.destination_type, row.target, row.subject or str(row.id)))
    return new_work(
        org_id=row.org_id,
        connection_id=row.connection_id,
        kind="deliver",
        key=f"deliver:{row.pipeline}:{hashlib.sha256(place.encode()).hexdigest()[:32]}",
        payload={"delivery": row.id},
        now=now,
        max_attempts=_ATTEMPTS,
    )


def publish_dead(uow: UnitOfWork, row: DeliveryRow, now: datetime) -> None:
    """Tell of a delivery that is given up, in the transaction that gives it up; a pipeline may make an alert of it."""
    event = uow.events.get(row.org_id, row.connection_id, row.event_id)
    dead = EventRow(
        org_id=row.org_id,
        connection_id=NO_CONNECTION,
        id=row_id(),
        source="delivery.dead",
        type=row.pipeline,
        received_at=now,
        payload=delivery_view(row),
        cause=None if event is None else caused(event, row.pipeline),
    )
    publish(uow, [dead])


def read_states(given: Sequence[str]) -> list[str] | None:
    """Return the states asked for; None for none in particular.

    Raises UsageFailure naming one that there is not.
    """
    for state in given:
        if state not in STATES:
            raise UsageFailure(
                f"there is no state {state!r}", code="unknown_state", hint=f"deliveries are {', '.join(STATES)}"
            )
    return list(given) or None


def read_moment(text: str, now: datetime) -> datetime:
    """Read a moment: an ISO 8601 time with its zone, or how long ago it was, as `30m`, `12h` or `7d`.

    Raises UsageFailure.
    """
    units = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
    number, unit = text[:-1], text[-1:]
    try:
        if unit in units and number.isascii() and number.isdigit():
            return now - int(number) * units[unit]
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageFailure(
            f"{text!r} is no moment", code="invalid_moment", hint="write 30m, 12h, 7d or 2026-03-01T12:00:00Z"
        )
    return moment


def _not_replayed(what: str) -> UsageFailure:
    return UsageFailure(
        f"{what}: it is not sent again",
        code="delivery_state",
        hint="one that is delivered or dead can be; others are still under way, or hold nothing that could be sent",
    )


def _found(uow: UnitOfWork, org: OrgRow, delivery_id: str) -> DeliveryRow:
    place = read_delivery(delivery_id)
    row = uow.deliveries.get(org.id, *place) if place else None
    if row is None:
        raise NotFoundFailure(f"there is no delivery {delivery_id!r}", hint="`runtime deliveries list` shows them")
    return row
