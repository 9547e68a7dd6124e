"""What passes through ingest, as frozen values. Times are microseconds, UTC; hashes are 32 bytes.

Of some there is one for each record: those are structs, which are made in a quarter of the time of a named tuple, and
which the collector need not look at.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from levada import Draft, RecordError
from levada_runtime.store.columns import to_micros

MOMENTS = range(
    to_micros(datetime(1, 1, 1, tzinfo=UTC)), to_micros(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)) + 1_000_000
)
"""Those in a year from 1 to 9999 once they are told in UTC, which is as far as a date goes."""


class Outcome(StrEnum):
    """What became of a record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the records of one run come from; the provenance they share."""

    org: str
    org_id: int
    connection: str
    connection_id: int
    connection_uid: str
    connector: str
    connector_version: str
    stream: str
    run_id: str
    attempt: int
    mode: str
    scheduled_for: datetime | None
    receipt_id: str | None = None

    @property
    def scope(self) -> tuple[int, int]:
        """What every key of the store begins with."""
        return self.org_id, self.connection_id

    def provenance(self) -> dict[str, Any]:
        """Return the shared provenance as authors and readers see it."""
        return {
            "org": self.org,
            "connection": self.connection,
            "connector": self.connector,
            "connector_version": self.connector_version,
            "run": self.run_id,
            "attempt": self.attempt,
            "mode": self.mode,
            "scheduled_for": self.scheduled_for.isoformat() if self.scheduled_for else None,
            "receipt": self.receipt_id,
        }


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A record that fits its contract, on its way into a page; `place` is where it stood in its call."""

    place: int
    stream: str
    document_type: str
    contract_version: int
    idempotency_key: str
    source_id: str | None
    source_time: int | None
    payload: str
    payload_hash: bytes
    fingerprint: bytes | None = None
    source_id_fixed: bool = False
    """Whether the source id was given for the whole call, and says nothing of this record."""


class Repeat(msgspec.Struct, frozen=True, gc=False):
    """A record of the very bytes that its document's current version was made of: validating it tells nothing new."""

    place: int
    stream: str
    document_type: str
    idempotency_key: str
    source_id: str | None
    source_time: int | None
    fingerprint: bytes
    draft: Draft


class Retirement(msgspec.Struct, frozen=True, gc=False):
    """The word of a source that a record is gone."""

    place: int
    stream: str
    document_type: str
    idempotency_key: str
    source_time: int | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that failed, as it is reported and quarantined."""

    index: int
    stream: str
    document_type: str
    reason: str
    message: str
    errors: tuple[RecordError, ...]
    idempotency_key: str | None
    source_id: str | None
    payload: str | None
    source_time: int | None = None
    source_id_fixed: bool = False


class Rekeyed(NamedTuple):
    """A document that takes the key that its record comes under now."""

    document_id: int
    document_type: str
    old: str
    new: str


class Accepted(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The answer for one accepted record, in the order in which it goes over the wire."""

    place: int
    outcome: Outcome
    document_id: int | None
    version: int | None
    payload_hash: bytes | None
    idempotency_key: str
    source_id: str | None
    superseded: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one call of `batch` or `canonical`."""

    accepted: list[Accepted]
    rejected: list[Rejected]
    refused: bool
    """Whether an all-or-nothing call was refused as a whole."""


@dataclass(slots=True)
class Counts:
    """How many records came to what, by document type."""

    by_type: dict[str, dict[str, int]] = field(default_factory=dict)
    by_reason: dict[str, int] = field(default_factory=dict)
    """Why records were refused."""

    def add(self, document_type: str, outcome: str, count: int = 1) -> None:
        counted = self.by_type.setdefault(document_type, {})
        counted[str(outcome)] = counted.get(str(outcome), 0) + count

    def refuse(self, rejected: Iterable[Rejected]) -> None:
        for one in rejected:
            self.add(one.document_type, "failed")
            self.by_reason[one.reason] = self.by_reason.get(one.reason, 0) + 1

    def merged_into(self, earlier: dict[str, Any]) -> dict[str, Any]:
        """Return the counts of a run after these; the shape is the command line's."""
        by_type = {kind: dict(counted) for kind, counted in earlier.get("by_type", {}).items()}
        for kind, counted in self.by_type.items():
            target = by_type.setdefault(kind, {})
            for outcome, count in counted.items():
                target[outcome] = target.get(outcome, 0) + count
        names = ("created", "updated", "unchanged", "retired", "failed")
        totals = {name: sum(counted.get(name, 0) for counted in by_type.values()) for name in names}
        before: dict[str, int] = earlier.get("by_reason", {})
        reasons = {name: before.get(name, 0) + self.by_reason.get(name, 0) for name in {**before, **self.by_reason}}
        return {**totals, "by_type": by_type, **({"by_reason": reasons} if reasons else {})}
