"""Documents that come in over HTTP: the same contracts, the same decisions and the same page as a connector's.

They belong to the built-in connection `rest` of their organisation, under the key `rest:<type>:<identity>`, so that a
second POST of the same invoice is its next version.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace

import levada_runtime
from levada import Draft, RecordError
from levada._hashing import canonical_json
from levada.contracts import Contract
from levada_runtime.access.built_in import REST, rest_connection
from levada_runtime.contracts.registry import Registry
from levada_runtime.contracts.validation import Invalid
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.ids import row_id
from levada_runtime.ingest.admit import admit
from levada_runtime.ingest.commit import write_page
from levada_runtime.ingest.model import Arrival, Origin, Outcome, Rejected
from levada_runtime.ingest.once import Answered, Once
from levada_runtime.ingest.page import Page, Staged
from levada_runtime.ingest.views import document_view
from levada_runtime.store.model import OrgRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork

LONGEST_IDENTITY = 1_000
_PENDING_KEY = "rest"


@dataclass(frozen=True, slots=True)
class Post:
    """One request to create a document: its payload as bytes and as a value, and what it says of itself."""

    payload: bytes
    value: Any
    request_id: str
    path: str
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a document, and how it reads now."""

    outcome: Outcome
    document: dict[str, Any]


Wording = Callable[[Written | Invalid], Answered]
"""Makes the answer of what became of a request."""


class RestDocuments:
    """Writes documents for those who are called by a key, not run as a connector."""

    def __init__(self, store: Store, registry: Registry, clock: Clock) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._once = Once(store, clock)

    def create(self, org: OrgRow, contract: type[Contract], post: Post, worded: Wording) -> Answered:
        """Write the document and return the answer, which is kept with it under the request's key.

        Raises KeyClashFailure when the key stands for another request.
        """
        if post.idempotency_key is None:
            with self._store.write() as uow:
                return worded(self._written(uow, org, contract, post))
        begun = self._once.begin(org.id, post.idempotency_key, post.path, canonical_json(post.value))
        if isinstance(begun, Answered):
            return begun
        try:
            with self._store.write() as uow:
                answered = worded(self._written(uow, org, contract, post))
                self._once.finish(uow, begun, answered)
        except BaseException:  # whatever it was, nothing was written, so the key is free again
            self._once.abandon(begun)
            raise
        return answered

    def _written(self, uow: UnitOfWork, org: OrgRow, contract: type[Contract], post: Post) -> Written | Invalid:
        now = self._clock.now()
        origin = _origin(uow, org, contract, post, now)
        draft = Draft(post.payload, _PENDING_KEY, None, None, None, source_id_fixed=False)
        (admitted,) = admit(self._registry, origin, contract.document_type, contract.document_type, [draft], [0])
        if isinstance(admitted, Rejected):
            return Invalid(admitted.reason, admitted.message, admitted.errors)
        arrival = _identified(contract, admitted)
        if isinstance(arrival, Invalid):
            return arrival
        page = Page([Staged(arrival, row_id())])
        counts = write_page(uow, origin, page, now, projected=self._registry.projected)
        outcome = next(name for name, count in counts.by_type[contract.document_type].items() if count)
        return Written(Outcome(outcome), _read_back(uow, origin, arrival))


def _identified(contract: type[Contract], arrival: Arrival) -> Arrival | Invalid:
    """Give an arrival the key that follows from its identity, which only a valid payload is known to have."""
    field, identity = contract.identity_field, arrival.source_id
    if not identity:
        return _misidentified(field, "missing", "a document that is sent over HTTP is known by it")
    if len(identity.encode()) > LONGEST_IDENTITY:
        return _misidentified(field, "too_long", f"has more than {LONGEST_IDENTITY} bytes")
    return replace(arrival, idempotency_key=f"{REST}:{contract.document_type}:{identity}")


def _misidentified(field: str, code: str, message: str) -> Invalid:
    return Invalid("validation_failed", f"{field}: {message}", (RecordError(field, code, message),))


def _origin(uow: UnitOfWork, org: OrgRow, contract: type[Contract], post: Post, at: datetime) -> Origin:
    connection = rest_connection(uow, org.id, at)
    return Origin(
        org=org.name,
        org_id=org.id,
        connection=connection.name,
        connection_id=connection.id,
        connection_uid=connection.uid,
        connector=connection.connector,
        connector_version=levada_runtime.__version__,
        stream=contract.document_type,
        run_id=post.request_id,
        attempt=1,
        mode=REST,
        scheduled_for=None,
    )


def _read_back(uow: UnitOfWork, origin: Origin, arrival: Arrival) -> dict[str, Any]:
    known = uow.documents.known(origin.scope, arrival.document_type, [arrival.idempotency_key])
    row = uow.documents.get(*origin.scope, known[arrival.idempotency_key].document_id)
    assert row is not None
    return document_view(row, uow.connections.names(origin.org_id))
