"""Carries events into the graph and through the pipelines: a batch a claim, a few events a transaction.

What documents stand for is in the graph before any pipeline meets their events.

What a pipeline does about an event, the deliveries it makes and how far the batch has come are written together, so
each pipeline acts once on each event, whenever a worker is killed. A pipeline that fails keeps nothing of that event,
and neither the other pipelines nor the events behind it wait for it.
"""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.ids import row_ids, spell_delivery
from levada_runtime.foundation.logging import logger
from levada_runtime.graph.service import Graph
from levada_runtime.pipeline.definition import Definition
from levada_runtime.pipeline.deliveries import publish_dead, work_for
from levada_runtime.pipeline.engine import run
from levada_runtime.pipeline.envelope import caused, caused_by, envelope, is_too_deep, subject_of
from levada_runtime.pipeline.graph_entities import GraphEntities
from levada_runtime.pipeline.model import StepFailed, Trace
from levada_runtime.pipeline.running import Runner, Running
from levada_runtime.pipeline.tally import Tally, merged
from levada_runtime.store.failures import StoreUnavailable
from levada_runtime.store.model import EventRow, WorkRow
from levada_runtime.store.pipelines_model import DeliveryRow, PipelineRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.outbox import ONLY, PROJECT
from levada_runtime.work.service import StaleClaimError, Token
from levada_runtime.work.versions import UNDERSTOOD

AT_ONCE = 50
PROJECTED_AT_ONCE = 250
"""How many events are taken at once that no pipeline meets."""
_PAUSE_AFTER_FAILURE = timedelta(seconds=5)

Envelopes = dict[int, dict[str, Any]]


class _LineChangedError(Exception):
    """What stood behind in the line is not as it was: all is taken back, and looked at again."""


class Reactor:
    """Executes work of the kind `pipeline`."""

    def __init__(self, store: Store, clock: Clock, graph: Graph, draining: threading.Event | None = None) -> None:
        self._store = store
        self._clock = clock
        self._graph = graph
        self._draining = draining or threading.Event()
        self._running = Running()

    def execute(self, token: Token) -> None:
        """Carry a batch of events to its end; a claim that no longer counts is left alone."""
        try:
            while self._advance(token):
                if self._draining.is_set():
                    self._put_back(token, timedelta())
                    return
        except StaleClaimError:
            logger("pipeline").warning("a stale claim on events was given up", work=token[0])
        except Exception as error:  # noqa: BLE001 - the events stay in their rows, and the line goes on a little later
            logger("pipeline").error("a batch of events was put back", work=token[0], exc_info=error)
            self._put_back(token, _PAUSE_AFTER_FAILURE)

    def _advance(self, token: Token) -> bool:
        """Take the next few events; False when the batch is done."""
        with self._store.read() as uow:
            work = uow.work.get(token[0])
            if work is None or not uow.work.holds(*token):
                return False
            met = work.payload.get(ONLY) != PROJECT
            most = AT_ONCE if met else PROJECTED_AT_ONCE
            events = _next_events(uow, work, most)
            done = len(events) < most or events[-1].id >= work.payload["last"]
            also = self._take_along(uow, work, events, most) if done else []
            envelopes = _envelopes(uow, work, events) if met else {}
        with self._store.write() as uow:
            _move(uow, token, work, events, done=done)
            if also and not uow.work.complete_behind(also):
                raise _LineChangedError(f"work behind {token[0]} was changed meanwhile")
            self._project(uow, work, events)
            if met:
                self._react(uow, work.org_id, events, envelopes)
        return not done

    def _take_along(self, uow: UnitOfWork, work: WorkRow, events: list[EventRow], most: int) -> list[int]:
        """Add the events of what stands behind in the line, as far as they fit; return which work that is.

        A flood of webhooks leaves a piece of work for each, which alone would cost as much as hundreds together.
        """
        also, now = list[int](), self._clock.now()
        for row in uow.work.behind(work, most - len(events)) if len(events) < most else ():
            free = row.state == "queued" and row.reserved_for is None and row.not_before <= now
            if not free or row.code_version not in UNDERSTOOD or row.payload.get(ONLY) != work.payload.get(ONLY):
                break
            more = _next_events(uow, row, most)
            if len(events) + len(more) > most:
                break
            events += more
            also.append(row.id)
        return also

    def _project(self, uow: UnitOfWork, work: WorkRow, events: Sequence[EventRow]) -> None:
        """Claim what the documents stand for that these events tell of."""
        of_types = self._graph.contracts.projected
        told = {one.document_id for one in events if one.document_id is not None and one.type in of_types}
        if told:
            self._graph.project_in(uow, (work.org_id, work.connection_id), sorted(told))

    def _react(self, uow: UnitOfWork, org_id: int, events: Sequence[EventRow], envelopes: Envelopes) -> None:
        runners, tally, now = self._running.of(uow, org_id), Tally(), self._clock.now()
        for event in events:
            for runner in runners:
                self._meet(uow, runner, event, envelopes[event.id], tally, now)
        _write_tally(uow, org_id, tally)

    def _meet(
        self,
        uow: UnitOfWork,
        runner: Runner,
        event: EventRow,
        told: Mapping[str, Any],
        tally: Tally,
        now: datetime,
    ) -> None:
        """Let one pipeline meet one event."""
        name, version = runner.row.name, runner.row.version
        if runner.definition is None:
            tally.failed(name, version, told["id"], runner.problem, now)
        elif not runner.definition.takes(event.source, event.type):
            return
        elif caused_by(event, name):
            tally.left_alone(name, "looped")
        elif is_too_deep(event):
            tally.left_alone(name, "stopped")
        else:
            try:
                tally.ran(name, self._run(uow, runner.row, runner.definition, event, told, now))
            except StepFailed as failed:
                tally.failed(name, version, told["id"], str(failed), now)

    def _run(
        self,
        uow: UnitOfWork,
        row: PipelineRow,
        definition: Definition,
        event: EventRow,
        told: Mapping[str, Any],
        now: datetime,
    ) -> Trace:
        """Run one pipeline on one event and keep all that follows, or nothing of it and raise StepFailed."""
        entities = GraphEntities(self._graph, uow, row.org_id, row.name, caused(event, row.name))
        try:
            with uow.part():
                trace = _unless_failed(run(definition, told, entities, now, version=row.version))
                _deliver(uow, row, event, trace, subject_of(event) or entities.touched, now)
        except (StepFailed, StoreUnavailable):
            raise
        except Exception as error:
            logger("pipeline").error("the runtime failed at a pipeline", pipeline=row.name, exc_info=error)
            raise StepFailed(f"the runtime failed: {type(error).__name__}: {error}") from error
        return trace

    def _put_back(self, token: Token, pause: timedelta) -> None:
        with self._store.write() as uow:
            work = uow.work.get(token[0])
            if work is not None and uow.work.advance(*token, work.payload):
                uow.work.release(work, not_before=self._clock.now() + pause, attempt=work.attempt)


def _next_events(uow: UnitOfWork, work: WorkRow, most: int) -> list[EventRow]:
    first = work.payload.get("next", work.payload["first"])
    return uow.events.between(work.org_id, work.connection_id, first, work.payload["last"], most)


def _envelopes(uow: UnitOfWork, work: WorkRow, events: Sequence[EventRow]) -> Envelopes:
    contents = uow.contents.of(events)
    connections = uow.connections.names(work.org_id)
    return {event.id: envelope(event, contents.get(event.id), connections) for event in events}


def _move(uow: UnitOfWork, token: Token, work: WorkRow, events: Sequence[EventRow], *, done: bool) -> None:
    """Write how far the batch has come, before anything else, so that from here on nobody else can take the claim."""
    moved = {} if done else {**work.payload, "next": events[-1].id + 1}
    if not (uow.work.complete(*token) if done else uow.work.advance(*token, moved)):
        raise StaleClaimError(str(token))


def _unless_failed(trace: Trace) -> Trace:
    if trace.error is not None:
        raise StepFailed(trace.error)
    return trace


def _deliver(
    uow: UnitOfWork, row: PipelineRow, event: EventRow, trace: Trace, subject: str | None, now: datetime
) -> None:
    """Enter a run's deliveries and the work of carrying them out; one that can never be sent is dropped."""
    ids = row_ids(len(trace.deliveries))
    rows = [
        DeliveryRow(
            org_id=event.org_id,
            connection_id=event.connection_id,
            id=number,
            uid=spell_delivery(event.connection_id, number),
            event_id=event.id,
            pipeline=row.name,
            pipeline_version=row.version,
            destination=one.destination,
            destination_type=one.type,
            target=one.target,
            subject=subject,
            state="pending" if one.problem is None else "dropped",
            reason=one.problem,
            fields=one.fields,
            body=one.body,
            created_at=now,
            updated_at=now,
        )
        for number, one in zip(ids, trace.deliveries, strict=True)
    ]
    uow.deliveries.add(rows)
    for delivery in rows:
        if delivery.state == "dropped":
            publish_dead(uow, delivery, now)
        else:
            uow.work.add(work_for(delivery, now))


def _write_tally(uow: UnitOfWork, org_id: int, tally: Tally) -> None:
    """Add to the figures, in order of the names so that no two workers wait for one another."""
    for name in sorted(tally.figures):
        uow.pipelines.count(org_id, name, tally.figures[name])
        if tally.failures[name]:
            failures = merged(uow.pipelines.failures(org_id, name), tally.failures[name])
            uow.pipelines.keep_failures(org_id, name, failures)
