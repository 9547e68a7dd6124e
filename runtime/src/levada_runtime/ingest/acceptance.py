"""Accepting the idempotency scheme that a source's records come under now."""

from typing import Any

from levada_runtime.access.audit import note
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.ingest.reasons import Reason
from levada_runtime.store.model import ConnectionRow, OrgRow
from levada_runtime.store.quarantine import Wanted
from levada_runtime.store.unit_of_work import Store, UnitOfWork


class Acceptances:
    """Lets the documents of a stream take new keys."""

    def __init__(self, store: Store, clock: Clock, registry: Registry) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry

    def accept(self, org: OrgRow, connection: str, stream: str, document_type: str | None = None) -> dict[str, Any]:
        """Accept the scheme of a stream, for one document type or for all that it has documents of.

        From now on a record that comes under a new key takes over the document that has its id at the source, if that
        one's key is older than this. Raises NotFoundFailure for an unknown connection or document type, UsageFailure
        when the stream has no such documents.
        """
        now = self._clock.now()
        with self._store.write() as uow:
            found = uow.connections.referred(org.id, connection)
            if found is None:
                raise NotFoundFailure(f"there is no connection {connection!r}", code="unknown_connection")
            uow.lock("documents", org.id, found.id)
            types = self._types(uow, found, stream, document_type)
            for kind in types:
                uow.schemes.accept((org.id, found.id), stream, kind, now)
            waiting = sum(self._refused(uow, found, stream, kind) for kind in types)
            note(uow, org.id, now, "stream.accept_scheme", f"{found.name}/{stream}", document_types=types)
        return {
            "connection": found.name,
            "stream": stream,
            "document_types": types,
            "accepted_at": now.isoformat(),
            "refused": waiting,
        }

    def _types(self, uow: UnitOfWork, row: ConnectionRow, stream: str, document_type: str | None) -> list[str]:
        if document_type is not None and self._registry.get(document_type) is None:
            nearest = self._registry.nearest(document_type)
            raise NotFoundFailure(
                f"there is no document type {document_type!r}",
                code="unknown_document_type",
                hint=f"did you mean {nearest!r}?" if nearest else "`runtime contracts list` shows them",
            )
        streams = uow.documents.streams((row.org_id, row.id))
        types = streams.get(stream, [])
        if not types or document_type not in (None, *types):
            named = f"the stream {stream!r} of {row.name!r}"
            known = "; ".join(f"{one}: {', '.join(kinds)}" for one, kinds in streams.items())
            raise UsageFailure(
                f"{named} has no {document_type or 'document'} that could take another key",
                code="nothing_to_rekey",
                hint=f"there are {known}" if known else "nothing was ingested from this connection yet",
            )
        return types if document_type is None else [document_type]

    @staticmethod
    def _refused(uow: UnitOfWork, row: ConnectionRow, stream: str, document_type: str) -> int:
        reason = str(Reason.IDEMPOTENCY_SCHEME_CHANGED)
        wanted = Wanted(row.id, stream, document_type, reason, "open")
        return uow.quarantine.by_reason(row.org_id, wanted).get(reason, 0)
