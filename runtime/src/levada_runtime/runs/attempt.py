"""One attempt at a run: what it is made of, and how it is carried out behind the wall."""

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import orjson

from levada import Manifest, Window
from levada._cassette import Cassette, Player
from levada_runtime.access.connections import Connections
from levada_runtime.catalog.installed import InstalledConnector
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.config import Settings
from levada_runtime.graph.service import Graph
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.service import Ingest
from levada_runtime.outbound import AllowPrivate, BlockingClient, Client
from levada_runtime.runs.assertions import Assertions
from levada_runtime.runs.handlers import CheckHandlers, RunHandlers
from levada_runtime.runs.pager import Pager, Progress
from levada_runtime.runs.queue import checkpoint_of
from levada_runtime.runs.recorder import Recorder
from levada_runtime.runs.recording import Recording, header_of
from levada_runtime.runs.replies import checked
from levada_runtime.runs.stopping import StoppableHandlers
from levada_runtime.sandbox.answering import Handlers
from levada_runtime.sandbox.broker.budgets import Budgets
from levada_runtime.sandbox.broker.clients import Clients, Owner
from levada_runtime.sandbox.broker.service import Broker
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.model import Abort, Call, Delivery, Limits, Outcome, RunInfo
from levada_runtime.store.model import ConnectionRow, RunRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.service import Token

Action = Literal["poll", "webhook", "backfill", "check"]
_WORTH_TELLING_S = 1.0
Checkpoints = dict[str, dict[str, Any]]
"""Saved values by partition."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an attempt is about. With `recording` its HTTP is kept; with a `replay` it asks that and nobody else."""

    org: str
    connection: ConnectionRow
    connector: InstalledConnector
    manifest: Manifest
    run: RunRow
    token: Token | None
    recording: bool = False
    replay: Cassette | None = None


@dataclass(slots=True)
class Attempt:
    """An attempt that has ended, with everything needed to write down how."""

    outcome: Outcome
    pager: Pager
    ingest: Ingest
    assertions: Assertions
    recorder: Recorder


class Conductor:
    """Carries out attempts in this process."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        registry: Registry,
        graph: Graph,
        connections: Connections,
        sandbox: Sandbox,
        draining: threading.Event,
        clients: Clients | None = None,
    ) -> None:
        """Take the floors below; `clients` are those of this process, made by the operator's settings unless given."""
        self._store = store
        self._clock = clock
        self._settings = settings
        self._registry = registry
        self._graph = graph
        self._connections = connections
        self._sandbox = sandbox
        self._draining = draining
        self._clients = Clients(self._new_client) if clients is None else clients
        self._budgets = Budgets(store)

    def conduct(self, subject: Subject, progress: Progress) -> Attempt:
        """Run the route once; nothing is committed after the last checkpoint until the caller ends the run."""
        run = subject.run
        with self._store.read() as uow:
            checkpoint = uow.checkpoints.of(run.org_id, run.connection_id, checkpoint_of(run))
            request = _delivery(uow, run)
            asked = uow.runs.last_exchange(run) if run.attempt > 1 else 0
        if subject.replay is not None:
            checkpoint = subject.replay.checkpoint or {}
        if request is None:
            action: Action = "backfill" if run.mode == "backfill" else "poll"
            return self._call(subject, action, checkpoint, progress, asked=asked)
        attempt = self._call(subject, "webhook", checkpoint, progress, request, asked=asked)
        attempt.outcome = checked(attempt.outcome)
        return attempt

    def check(self, subject: Subject) -> Outcome:
        """Run the connector's own check of its settings and secrets; it can ingest nothing."""
        return self._call(subject, "check", {}, _silent).outcome

    def close(self) -> None:
        """Hang up on every source."""
        self._clients.close()

    def _call(
        self,
        subject: Subject,
        action: Action,
        checkpoint: Checkpoints,
        progress: Progress,
        request: Delivery | None = None,
        *,
        asked: int = 0,
    ) -> Attempt:
        run = subject.run
        ingest = Ingest(self._store, self._registry, origin_of(subject), observing=run.observing)
        assertions = Assertions(self._graph, run, subject.connection.name)
        secrets = self._connections.secrets(subject.connection)
        owner = Owner.of(subject.connection.uid, subject.connection.settings, secrets)
        with self._clients.lent(owner) as client, self._broker(subject, secrets, client) as broker:
            recorder = self._recorder(broker, subject, checkpoint, asked)
            pager = Pager(
                self._store,
                self._clock,
                run,
                subject.token,
                ingest,
                assertions,
                recorder,
                self._draining,
                progress,
            )
            pager.usage = broker.usage
            answering = RunHandlers(subject.manifest, ingest, assertions, broker, pager, recorder)
            handlers = CheckHandlers(answering) if action == "check" else self._stoppable(subject, answering)
            outcome = self._sandbox.call(self._asked(subject, action, checkpoint, request), handlers)
            if broker.waited_s >= _WORTH_TELLING_S:
                recorder.log("info", f"waited {broker.waited_s:.1f} s for its turns to ask the source")
            message, traceback = _masked(broker, outcome.message), _masked(broker, outcome.traceback)
        return Attempt(replace(outcome, message=message, traceback=traceback), pager, ingest, assertions, recorder)

    def _stoppable(self, subject: Subject, handlers: Handlers) -> Handlers:
        """Return handlers that end the run once it is cancelled; one that no claim is for cannot be."""
        return handlers if subject.token is None else StoppableHandlers.of(self._store, subject.run, handlers)

    def _recorder(self, broker: Broker, subject: Subject, checkpoint: Checkpoints, asked: int) -> Recorder:
        if broker.tape is None:
            return Recorder(self._clock, broker.mask, asked=asked)
        header = header_of(broker.mask, subject.connection.settings, checkpoint, self._moment(subject))
        return Recorder(self._clock, broker.mask, Recording(broker.tape, header), asked)

    def _moment(self, subject: Subject) -> datetime:
        """Return what the route takes for the present: when its run started, or the recorded one did."""
        recorded = subject.replay.now if subject.replay else None
        return recorded or started(subject.run, self._clock.now())

    def _new_client(self) -> Client:
        return Client(allow_private=AllowPrivate.read(self._settings.broker.allow_private), cookies=True)

    def _broker(self, subject: Subject, secrets: dict[str, str], client: BlockingClient) -> Broker:
        limits, connection, manifest = self._limits(subject), subject.connection, subject.manifest
        run = subject.run
        turns = self._budgets.of(
            run.org_id,
            self._connections.credential(connection, manifest, secrets),
            manifest.rate_limit,
            backfill=run.mode == "backfill",
            observing=run.observing,
        )
        return Broker(
            manifest,
            connection.settings,
            secrets,
            client=client,
            limits=limits,
            deadline_s=limits.wall_s,
            recording=subject.recording,
            player=Player(subject.replay) if subject.replay else None,
            tokens=self._connections.token(connection, manifest, secrets),
            turns=turns,
            sleep=time.sleep if run.observing else self._pause,
            observing=run.observing,
            observe_allow=any(one.key == run.stream and one.observe_allow for one in manifest.streams),
        )

    def _pause(self, seconds: float) -> None:
        """Wait for a source; a run that only waits when the runtime is to stop gives way at once."""
        if self._draining.wait(seconds):
            raise Abort("interrupted", "the runtime is stopping; the run goes on from its last page")

    def _limits(self, subject: Subject) -> Limits:
        """Return the operator's limits; a route may ask for less time, never for more."""
        wanted, run = self._settings.sandbox, subject.run
        pushed = run.mode == "webhook"
        wall_s = wanted.webhook_wall_s if pushed else wanted.poll_wall_s
        asked = [one.timeout_s for one in subject.manifest.streams if one.key == run.stream and one.timeout_s]
        return Limits(
            memory_bytes=wanted.memory_mb << 20,
            cpu_s=wanted.webhook_cpu_s if pushed else wanted.poll_cpu_s,
            wall_s=min([wall_s, *asked]),
            http_requests=wanted.http_requests,
            http_bytes=wanted.http_mb << 20,
        )

    def _asked(self, subject: Subject, action: Action, checkpoint: Checkpoints, request: Delivery | None) -> Call:
        run, connection = subject.run, subject.connection
        exposed = subject.manifest.exposed_secrets()
        opened = self._connections.secrets(connection) if exposed else {}
        secrets = {name: opened[name] for name in exposed if name in opened}
        return Call(
            action=action,
            bundle=subject.connector.bundle,
            stream=None if action == "check" else run.stream,
            settings=connection.settings,
            secrets=secrets,
            checkpoint=checkpoint,
            run=RunInfo(
                id=run.id,
                mode=run.mode,
                observing=run.observing,
                attempt=run.attempt,
                scheduled_for=run.scheduled_for,
                connection=connection.name,
            ),
            request=request,
            now=self._moment(subject),
            limits=self._limits(subject),
            window=window_of(run),
            keep_warm=kept_for(subject, secrets) if action == "webhook" else None,
        )


def kept_for(subject: Subject, secrets: Mapping[str, str]) -> str:
    """Return whom a webhook's child may serve again: this connection, as long as code, settings and secrets stay.

    What the connector computed from them when it was called before is still in its modules.
    """
    run, connector = subject.run, subject.connector
    given = orjson.dumps([subject.connection.settings, dict(secrets)], option=orjson.OPT_SORT_KEYS)
    digest = hashlib.blake2b(given, digest_size=16).hexdigest()
    return f"{run.org_id}/{run.connection_id}/{connector.source_hash}/{connector.version}/{digest}"


def window_of(run: RunRow) -> Window | None:
    """Return the slice of time that a backfill's run is about."""
    if run.window_from is None or run.window_until is None:
        return None
    return Window(run.window_from, run.window_until)


def started(run: RunRow, now: datetime) -> datetime:
    """Return when the run started, which is what its route takes for the present."""
    return run.started_at or now


def origin_of(subject: Subject) -> Origin:
    """Return the provenance that everything of this run shares."""
    run, connection = subject.run, subject.connection
    return Origin(
        org=subject.org,
        org_id=run.org_id,
        connection=connection.name,
        connection_id=connection.id,
        connection_uid=connection.uid,
        connector=connection.connector,
        connector_version=subject.connector.version,
        stream=run.stream,
        run_id=run.id,
        attempt=run.attempt,
        mode=run.mode,
        scheduled_for=run.scheduled_for,
        receipt_id=run.receipt_id,
    )


def _delivery(uow: UnitOfWork, run: RunRow) -> Delivery | None:
    """Return the webhook that a run is for; None when it is for none."""
    if run.receipt_id is None:
        return None
    receipt = uow.receipts.get(run.org_id, run.receipt_id)
    assert receipt is not None
    return Delivery(uow.receipts.body(receipt), receipt.headers, receipt.params, receipt.delivery_id)


def _silent(_run: RunRow) -> None:
    """Nobody watches."""


def _masked(broker: Broker, text: str | None) -> str | None:
    return None if text is None else broker.mask(text)
