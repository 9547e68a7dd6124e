"""The rows other floors see, as frozen values."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import msgspec


@dataclass(frozen=True, slots=True)
class OrgRow:
    """An organisation: the owner of connections, documents and keys."""

    id: int
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A bearer key of an organisation, as its hash."""

    org_id: int
    id: str
    name: str
    hash: bytes
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    guard: bool = False
    """Whether the guard of the graph watches its syncs, asked for or not."""


@dataclass(frozen=True, slots=True)
class ConnectorRow:
    """What was last found out about an installed connector."""

    key: str
    distribution: str
    version: str
    source_hash: str
    state: str
    reason: str | None
    manifest: dict[str, Any] | None
    described_by: str
    """The version of the runtime that described it."""
    described_at: datetime


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A configured connector, without its secrets."""

    org_id: int
    id: int
    uid: str
    name: str
    connector: str
    settings: dict[str, Any]
    mode: str
    state: str
    state_reason: str | None
    created_at: datetime
    updated_at: datetime
    recording: bool = False


@dataclass(frozen=True, slots=True)
class StreamRow:
    """A stream of a connection, as the scheduler and the operator see it."""

    org_id: int
    connection_id: int
    stream: str
    modes: list[str]
    schedule: str | None
    override: str | None
    timezone: str
    paused: bool
    overlap: str = "skip"
    """What becomes of a moment that comes while the stream runs: `skip` or `queue_one`."""
    missed: str = "catch_up"
    """What becomes of moments that passed while nobody scheduled: `catch_up` one or `skip`."""
    slice: str | None = None
    """The length of one run of a backfill, an ISO 8601 duration."""
    schedule_changed_at: datetime | None = None
    """Since when its schedule is what it is: moments before that were never due."""

    @property
    def cron(self) -> str | None:
        """The expression that counts: the operator's before the manifest's."""
        return self.override or self.schedule


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run: its state, its counts and what it left behind."""

    org_id: int
    connection_id: int
    id: str
    connector: str
    stream: str
    mode: str
    observing: bool
    state: str
    attempt: int
    queued_at: datetime
    connector_version: str | None = None
    reason: str | None = None
    error: dict[str, Any] | None = None
    scheduled_for: datetime | None = None
    sandbox_level: str | None = None
    sandbox_layers: dict[str, str] | None = None
    counts: dict[str, Any] = field(default_factory=dict)
    pages: int = 0
    http_requests: int = 0
    http_bytes: int = 0
    checkpoint_before: Any = None
    checkpoint_after: Any = None
    plan_id: str | None = None
    receipt_id: str | None = None
    reverts: str | None = None
    """The run that this one undid."""
    backfill_id: str | None = None
    window_from: datetime | None = None
    window_until: datetime | None = None
    """The slice of time that a backfill's run is about, half-open."""
    cancel_requested_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a run's log."""

    at: datetime
    level: str
    message: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """One HTTP exchange of a run, without query or secret."""

    at: datetime
    method: str
    url: str
    status: int | None
    bytes: int
    duration_ms: int
    refused: str | None


@dataclass(frozen=True, slots=True)
class PlanRow:
    """What an observed run would have changed."""

    org_id: int
    connection_id: int
    id: str
    run_id: str
    body: dict[str, Any]
    created_at: datetime
    applied_at: datetime | None = None
    applied_run_id: str | None = None


@dataclass(frozen=True, slots=True)
class WorkRow:
    """A durable unit that an executor wakes a worker for."""

    org_id: int
    connection_id: int
    id: int
    kind: str
    key: str
    state: str
    fence: int
    attempt: int
    max_attempts: int
    not_before: datetime
    priority: int
    code_version: str
    payload: dict[str, Any]
    queued_at: datetime
    owner: str | None = None
    reserved_for: str | None = None
    lease_until: datetime | None = None


class Known(msgspec.Struct, frozen=True, gc=False):
    """What the store knows of a document when a record for its key arrives; times are microseconds, UTC."""

    document_id: int
    version: int
    versions: int
    payload_hash: bytes
    source_time: int | None
    retired: bool
    fingerprint: bytes | None = None
    """What its current version looked like before it was validated."""
    source_id: str | None = None


class Sourced(NamedTuple):
    """A document by the id that its record has at the source; without `since` it is only in the page, so far."""

    source_id: str
    idempotency_key: str
    since: int | None
    """Since when it has had its key; microseconds, UTC."""
    known: Known | None


@dataclass(frozen=True, slots=True)
class PageRow:
    """What the versions of one committed page have in common: where they came from."""

    org_id: int
    connection_id: int
    id: int
    run_id: str
    attempt: int
    stream: str
    mode: str
    connector: str
    connector_version: str
    scheduled_for: datetime | None
    committed_at: datetime
    receipt_id: str | None = None
    exchange: int | None = None
    """The run's last HTTP exchange before these records were handed over, by its ordinal."""


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document with its current version's payload and provenance."""

    org_id: int
    connection_id: int
    id: int
    document_type: str
    idempotency_key: str
    source_id: str | None
    version: int
    versions: int
    payload: dict[str, Any]
    payload_hash: bytes
    retired_at: datetime | None
    created_at: datetime
    updated_at: datetime
    contract_version: int
    page: PageRow


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a document."""

    document_id: int
    version: int
    payload: dict[str, Any]
    payload_hash: bytes
    source_id: str | None
    contract_version: int
    superseded: bool
    page: PageRow


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A record that was refused, kept with what is wrong with it."""

    org_id: int
    connection_id: int
    id: int
    stream: str
    document_type: str
    fingerprint: bytes
    idempotency_key: str | None
    source_id: str | None
    payload: str | None
    reason: str
    message: str
    errors: list[dict[str, Any]]
    state: str
    times: int
    run_id: str
    first_seen_at: datetime
    last_seen_at: datetime
    source_time: datetime | None = None
    source_id_fixed: bool = False
    """Whether the source id was given for a whole call, and not told from the record."""
    replayed_run_id: str | None = None
    """The run that took it after all."""


@dataclass(frozen=True, slots=True)
class TickRow:
    """A scheduled moment and what became of it."""

    org_id: int
    connection_id: int
    stream: str
    scheduled_for: datetime
    outcome: str
    reason: str | None
    run_id: str | None
    decided_at: datetime
    until: datetime | None = None
    """The last of several moments that one row tells of, as after an outage."""
    count: int = 1


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that committed, or that a user sent.

    `source` says what happened (`document.created`, `sdk.event`), `type` to what kind of thing. A document's event
    names its version, whose payload is the event's; any other carries its own, and the `subject` it is in line with.
    """

    org_id: int
    connection_id: int
    id: int
    source: str
    type: str
    received_at: datetime
    subject: str | None = None
    document_id: int | None = None
    version: int | None = None
    previous: int | None = None
    page_id: int | None = None
    payload: Any = None
    cause: dict[str, Any] | None = None
    happened_at: datetime | None = None
    """When it happened, as whoever sent it says."""
