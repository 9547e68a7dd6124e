"""What the API stands on; the daemon hands it in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from levada_runtime.access.audit import AuditLog
from levada_runtime.access.connections import Connections
from levada_runtime.access.keys import Keys
from levada_runtime.access.orgs import Orgs
from levada_runtime.catalog.service import Catalog
from levada_runtime.contracts.registry import Registry
from levada_runtime.graph.holding import HeldSyncs
from levada_runtime.graph.service import Graph
from levada_runtime.ingest.acceptance import Acceptances
from levada_runtime.ingest.library import Library
from levada_runtime.ingest.quarantine import QuarantineLibrary
from levada_runtime.ingest.rest import RestDocuments
from levada_runtime.pipeline.deliveries import Deliveries
from levada_runtime.pipeline.events import Intake as EventIntake
from levada_runtime.pipeline.service import Pipelines
from levada_runtime.plans.apply import Plans
from levada_runtime.plans.revert import Reverts
from levada_runtime.plans.why import Why
from levada_runtime.runs.backfills import Backfills
from levada_runtime.runs.cancelling import Cancellations
from levada_runtime.runs.cassettes import Cassettes
from levada_runtime.runs.checkpoints import StreamStates
from levada_runtime.runs.receipts import ReceiptLibrary
from levada_runtime.runs.removal import Removals
from levada_runtime.runs.replays import Replays
from levada_runtime.runs.retrying import Retries
from levada_runtime.runs.views import RunLibrary
from levada_runtime.runs.webhooks import Intake
from levada_runtime.scheduler.library import StreamLibrary
from levada_runtime.store.unit_of_work import Store


@dataclass(frozen=True, slots=True)
class Services:
    """The floors below, as the API uses them."""

    store: Store
    orgs: Orgs
    keys: Keys
    audit: AuditLog
    connections: Connections
    removals: Removals
    catalog: Catalog
    registry: Registry
    library: Library
    quarantine: QuarantineLibrary
    replays: Replays
    acceptances: Acceptances
    runs: RunLibrary
    cassettes: Cassettes
    cancellations: Cancellations
    retries: Retries
    backfills: Backfills
    intake: Intake
    receipts: ReceiptLibrary
    rest: RestDocuments
    graph: Graph
    held: HeldSyncs
    events: EventIntake
    pipelines: Pipelines
    deliveries: Deliveries
    plans: Plans
    reverts: Reverts
    why: Why
    streams: StreamLibrary
    stream_states: StreamStates
    max_body: int
    """How large a body may be, in bytes."""
    readiness: Callable[[], dict[str, Any]]
    """What `/readyz` answers: `ready` and each part's state."""
    flagged: Callable[[], Mapping[str, int]]
    """How many streams have each flag, as far as they were surveyed."""
