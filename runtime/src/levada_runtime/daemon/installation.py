"""An installation opened by one process: its store, and every floor above it, built when first asked for."""

import threading
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pluggy
from sqlalchemy.exc import DatabaseError

from levada_runtime.access.audit import AuditLog
from levada_runtime.access.connections import Connections
from levada_runtime.access.keys import Keys
from levada_runtime.access.org_secrets import OrgSecrets
from levada_runtime.access.orgs import Orgs
from levada_runtime.catalog.plugins import load_extensions
from levada_runtime.catalog.service import Catalog
from levada_runtime.contracts.registry import Registry
from levada_runtime.daemon.places import no_store, prepare_data_dir
from levada_runtime.foundation.clock import SystemClock
from levada_runtime.foundation.config import Settings
from levada_runtime.foundation.crypto import Keyring, load_keyring
from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.graph.vocabulary import Vocabulary
from levada_runtime.ingest.library import Library
from levada_runtime.ingest.quarantine import QuarantineLibrary
from levada_runtime.runs.views import RunLibrary
from levada_runtime.store.engine import make_engine, place_of
from levada_runtime.store.schema import revision_of, upgrade
from levada_runtime.store.unit_of_work import Store
from levada_runtime.work.service import WorkQueue

if TYPE_CHECKING:
    from levada_runtime.access.rotation import Rotation
    from levada_runtime.graph.holding import HeldSyncs
    from levada_runtime.graph.reprojecting import Reprojecting
    from levada_runtime.graph.service import Graph
    from levada_runtime.ingest.acceptance import Acceptances
    from levada_runtime.ingest.rest import RestDocuments
    from levada_runtime.pipeline.carrying import Carrying
    from levada_runtime.pipeline.courier import Courier
    from levada_runtime.pipeline.deliveries import Deliveries
    from levada_runtime.pipeline.events import Intake as EventIntake
    from levada_runtime.pipeline.reactor import Reactor
    from levada_runtime.pipeline.service import Pipelines
    from levada_runtime.plans.apply import Plans
    from levada_runtime.plans.revert import Reverts
    from levada_runtime.plans.why import Why
    from levada_runtime.runs.backfills import Backfills
    from levada_runtime.runs.cancelling import Cancellations
    from levada_runtime.runs.cassettes import Cassettes
    from levada_runtime.runs.checkpoints import StreamStates
    from levada_runtime.runs.closing import Closing
    from levada_runtime.runs.filling import Filling
    from levada_runtime.runs.foreground import Foreground
    from levada_runtime.runs.queue import RunQueue
    from levada_runtime.runs.receipts import ReceiptLibrary
    from levada_runtime.runs.removal import Removals
    from levada_runtime.runs.replays import Replays
    from levada_runtime.runs.retrying import Retries
    from levada_runtime.runs.service import Runs
    from levada_runtime.runs.slices import Slices
    from levada_runtime.runs.webhooks import Intake
    from levada_runtime.sandbox.concurrency import Decision
    from levada_runtime.sandbox.host import Sandbox
    from levada_runtime.scheduler.library import StreamLibrary


class Installation:
    """Everything a process needs of an installation; close it when done."""

    def __init__(self, settings: Settings, *, create: bool = True, sandbox: "Sandbox | None" = None) -> None:
        """Open the store, bringing it to the present schema.

        With `create` off a store that is not there is refused. A `sandbox` that wakes already is closed with the rest.
        Raises EnvironmentFailure when the store cannot be opened.
        """
        self.settings = settings
        self.clock = SystemClock()
        self.draining = threading.Event()
        self._open = ExitStack()
        if sandbox is not None:
            self._waking = sandbox
            self._open.callback(sandbox.close)
        self._contracts = Registry()
        self._vocabulary = Vocabulary()
        with ExitStack() as unless_opened:
            unless_opened.callback(self._open.close)
            if settings.database_url is None or create:
                prepare_data_dir(settings.data_dir, create=create)
            self.store = self._opened_store(create=create)
            self.orgs = Orgs(self.store, self.clock)
            self.org = self.orgs.ensure_default() if settings.org == "default" else self.orgs.get(settings.org)
            unless_opened.pop_all()
        self.keys = Keys(self.store, self.clock)
        self.audit = AuditLog(self.store)
        self.library = Library(self.store)
        self.quarantine = QuarantineLibrary(self.store, self.clock)
        self.run_library = RunLibrary(self.store)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the sandbox and the store."""
        self._open.close()

    @cached_property
    def keyring(self) -> Keyring:
        given = self.settings.secret_key
        if given is None:
            prepare_data_dir(self.settings.data_dir, create=True)
        return load_keyring(given.get_secret_value() if given else None, self.settings.data_dir)

    @cached_property
    def plugins(self) -> pluggy.PluginManager:
        return load_extensions(self._contracts, self._vocabulary)

    @property
    def registry(self) -> Registry:
        """The contracts, those of extensions among them."""
        assert self.plugins is not None
        return self._contracts

    @cached_property
    def graph(self) -> "Graph":
        from levada_runtime.graph.guard import Guard  # loaded only where it is used
        from levada_runtime.graph.service import Graph

        assert self.plugins is not None  # loaded first: an extension may know further classes and verbs
        asked = self.settings.graph
        guard = Guard(asked.guard_percent / 100, asked.guard_least)
        return Graph(self.store, self.clock, self._vocabulary, self._contracts, guard)

    @cached_property
    def held(self) -> "HeldSyncs":
        from levada_runtime.graph.holding import HeldSyncs  # loaded only where it is used

        return HeldSyncs(self.store, self.clock, self.graph)

    @cached_property
    def reprojecting(self) -> "Reprojecting":
        from levada_runtime.graph.reprojecting import Reprojecting  # loaded only where it is used

        return Reprojecting(self.store, self.clock, self.graph)

    @cached_property
    def connections(self) -> Connections:
        return Connections(self.store, self.clock, self.keyring)

    @cached_property
    def rest(self) -> "RestDocuments":
        from levada_runtime.ingest.rest import RestDocuments  # loaded only where it is used

        return RestDocuments(self.store, self.registry, self.clock)

    @cached_property
    def sandbox(self) -> "Sandbox":
        self._waking.start()
        return self._waking

    @cached_property
    def _waking(self) -> "Sandbox":
        from levada_runtime.daemon.waking import waking  # loaded only where it is used

        sandbox = waking(self.settings)
        self._open.callback(sandbox.close)
        return sandbox

    @cached_property
    def concurrency(self) -> "Decision":
        """How many workers of this installation may run at once, and how many children each may keep."""
        from levada_runtime.daemon.waking import concurrency  # loaded only where it is used

        return concurrency(self.settings)

    @cached_property
    def catalog(self) -> Catalog:
        return Catalog(self.store, self.clock, self.plugins, lambda: self.sandbox)

    @cached_property
    def work(self) -> WorkQueue:
        wanted = self.settings.work
        return WorkQueue(self.store, self.clock, wanted.lease, wanted.org_in_flight)

    @cached_property
    def queue(self) -> "RunQueue":
        from levada_runtime.runs.queue import RunQueue  # loaded only where it is used

        return RunQueue(self.store, self.clock, self.settings.work.attempts)

    @cached_property
    def stream_library(self) -> "StreamLibrary":
        from levada_runtime.scheduler.library import StreamLibrary  # loaded only where it is used

        return StreamLibrary(self.store, self.clock)

    @cached_property
    def stream_states(self) -> "StreamStates":
        from levada_runtime.runs.checkpoints import StreamStates  # loaded only where it is used

        return StreamStates(self.store, self.clock)

    @cached_property
    def runs(self) -> "Runs":
        assert self._waking is not None  # begun first, since what follows takes as long as a zygote to wake
        from levada_runtime.runs.attempt import Conductor
        from levada_runtime.runs.service import Runs  # loaded only where it is used

        conductor = Conductor(
            self.store,
            self.clock,
            self.settings,
            self.registry,
            self.graph,
            self.connections,
            self.sandbox,
            self.draining,
        )
        self._open.callback(conductor.close)
        return Runs(self.store, self.clock, self.catalog, self.connections, conductor, self.closing)

    @cached_property
    def slices(self) -> "Slices":
        from levada_runtime.runs.slices import Slices  # loaded only where it is used

        return Slices(self.settings.work.attempts)

    @cached_property
    def closing(self) -> "Closing":
        from levada_runtime.runs.closing import Closing  # loaded only where it is used

        return Closing(self.slices)

    @cached_property
    def cancellations(self) -> "Cancellations":
        from levada_runtime.runs.cancelling import Cancellations  # loaded only where it is used

        return Cancellations(self.store, self.clock, self.closing)

    @cached_property
    def retries(self) -> "Retries":
        from levada_runtime.runs.retrying import Retries  # loaded only where it is used

        return Retries(self.store, self.clock, self.queue, self.receipts, self.slices)

    @cached_property
    def backfills(self) -> "Backfills":
        from levada_runtime.runs.backfills import Backfills  # loaded only where it is used

        parallel = self.settings.work.backfill_parallel
        return Backfills(self.store, self.clock, self.slices, self.cancellations, parallel)

    @cached_property
    def filling(self) -> "Filling":
        from levada_runtime.runs.filling import Filling  # loaded only where it is used

        return Filling(self.store, self.clock, self.work, self.runs, self.foreground)

    @cached_property
    def cassettes(self) -> "Cassettes":
        from levada_runtime.runs.cassettes import Cassettes  # loaded only where it is used

        return Cassettes(self.store)

    @cached_property
    def replays(self) -> "Replays":
        from levada_runtime.runs.replays import Replays  # loaded only where it is used

        return Replays(self.store, self.clock, self.registry)

    @cached_property
    def acceptances(self) -> "Acceptances":
        from levada_runtime.ingest.acceptance import Acceptances  # loaded only where it is used

        return Acceptances(self.store, self.clock, self.registry)

    @cached_property
    def receipts(self) -> "ReceiptLibrary":
        from levada_runtime.runs.receipts import ReceiptLibrary  # loaded only where it is used

        return ReceiptLibrary(self.store, self.clock, self.settings.work.attempts)

    @cached_property
    def intake(self) -> "Intake":
        from levada_runtime.runs.doors import Doors
        from levada_runtime.runs.webhooks import Intake  # loaded only where it is used

        doors = Doors(self.store, self.catalog, self.connections)
        intake = Intake(self.store, self.clock, doors, self.settings.webhooks, self.settings.work.attempts)
        self._open.callback(intake.close)
        return intake

    @cached_property
    def org_secrets(self) -> OrgSecrets:
        return OrgSecrets(self.store, self.clock, self.keyring)

    @cached_property
    def removals(self) -> "Removals":
        from levada_runtime.runs.removal import Removals  # loaded only where it is used

        return Removals(self.store, self.connections, self.cancellations)

    @cached_property
    def rotation(self) -> "Rotation":
        from levada_runtime.access.rotation import Rotation  # loaded only where it is used

        return Rotation(self.store, self.clock, self.keyring)

    @cached_property
    def events(self) -> "EventIntake":
        from levada_runtime.pipeline.events import Intake as EventIntake  # loaded only where it is used

        return EventIntake(self.store, self.clock)

    @cached_property
    def pipelines(self) -> "Pipelines":
        from levada_runtime.pipeline.service import Pipelines  # loaded only where it is used

        return Pipelines(self.store, self.clock, self.org_secrets)

    @cached_property
    def deliveries(self) -> "Deliveries":
        from levada_runtime.pipeline.deliveries import Deliveries  # loaded only where it is used

        return Deliveries(self.store, self.clock)

    @cached_property
    def plans(self) -> "Plans":
        from levada_runtime.plans.apply import Plans  # loaded only where it is used

        return Plans(self.store, self.clock, self.registry, self.graph, self.connections)

    @cached_property
    def reverts(self) -> "Reverts":
        from levada_runtime.plans.revert import Reverts  # loaded only where it is used

        return Reverts(self.store, self.clock, self.graph)

    @cached_property
    def why(self) -> "Why":
        from levada_runtime.plans.why import Why  # loaded only where it is used

        return Why(self.store)

    @cached_property
    def reactor(self) -> "Reactor":
        from levada_runtime.pipeline.reactor import Reactor  # loaded only where it is used

        return Reactor(self.store, self.clock, self.graph, self.draining)

    @cached_property
    def carrying(self) -> "Carrying":
        from levada_runtime.pipeline.carrying import Carrying  # loaded only where it is used

        return Carrying(self.store, self.work, lambda: self.reactor)

    @cached_property
    def courier(self) -> "Courier":
        from levada_runtime.daemon.couriers import make_courier  # loaded only where it is used

        return make_courier(self.store, self.clock, self.org_secrets, self.settings, self._open.callback)

    @cached_property
    def foreground(self) -> "Foreground":
        from levada_runtime.runs.foreground import Foreground  # loaded only where it is used

        return Foreground(self.store, self.work, self.queue, self.runs)

    def _opened_store(self, *, create: bool) -> Store:
        engine = make_engine(self.settings.store_url)
        self._open.callback(engine.dispose)
        try:
            if not create and revision_of(engine) is None:
                raise no_store(place_of(engine))
            upgrade(engine)
        except (DatabaseError, OSError) as error:
            said = str(error.__cause__ or error).partition("\n")[0]
            raise EnvironmentFailure(
                f"the store at {place_of(engine)} cannot be opened: {said}",
                code="store_unusable",
                hint="give another --data-dir or --database-url, or mend the one there",
            ) from None
        return Store(engine)
