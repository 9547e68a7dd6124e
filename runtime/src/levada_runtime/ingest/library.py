"""Reading what was ingested: documents by type, connection, key and source id, and their versions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.foundation.ids import read_document, spell_document
from levada_runtime.ingest.views import document_view, version_view
from levada_runtime.store.model import DocumentRow, OrgRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork

_TOLD = 10
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list and where the next begins."""

    items: list[dict[str, Any]]
    cursor: str | None


class Library:
    """Reads documents of one organisation at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def documents(
        self,
        org: OrgRow,
        *,
        document_type: str | None = None,
        connection: str | None = None,
        idempotency_key: str | None = None,
        source_id: str | None = None,
        retired: bool = False,
        updated_since: datetime | None = None,
        as_of: datetime | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Listing:
        """Return documents, newest first, as they are or as they were at `as_of`.

        Those that are gone at their source are among them only if `retired` asks for them.
        """
        with self._store.read() as uow:
            names = uow.connections.names(org.id)
            page_of = uow.documents.page_of if as_of is None else partial(uow.moments.page_of, moment=as_of)
            rows = page_of(
                org.id,
                document_type=document_type,
                connection_id=connection_id(uow, org, connection),
                idempotency_key=idempotency_key,
                source_id=source_id,
                retired=retired,
                updated_since=updated_since,
                before=read_cursor(cursor),
                limit=limit + 1,
            )
        return listing(rows, limit, lambda row: document_view(row, names), lambda row: str(row.id))

    def document(
        self, org: OrgRow, document_id: str, document_type: str | None = None, *, as_of: datetime | None = None
    ) -> dict[str, Any]:
        """Return one document, as it is or as it was at `as_of`.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            row = _document(uow, org, document_id, document_type)
            if as_of is not None:
                then = uow.moments.get(row.org_id, row.connection_id, row.id, as_of)
                if then is None:
                    raise NotFoundFailure(f"there was no document {document_id!r} yet at {as_of.isoformat()}")
                row = then
            return document_view(row, uow.connections.names(org.id))

    def find(self, org: OrgRow, reference: str) -> str:
        """Return the id of the document of that id or idempotency key.

        Raises NotFoundFailure, and UsageFailure naming them all when several have the key.
        """
        with self._store.read() as uow:
            if read_document(reference) is not None:
                return _spelled(_document(uow, org, reference, None))
            rows = uow.documents.page_of(org.id, idempotency_key=reference, retired=True, limit=_TOLD)
        if not rows:
            raise NotFoundFailure(
                f"there is no document {reference!r}", hint="name it by its id or its idempotency key"
            )
        if len(rows) > 1:
            named = ", ".join(f"{_spelled(row)} ({row.document_type})" for row in rows)
            raise UsageFailure(
                f"several documents have the key {reference!r}: {named}", code="ambiguous_key", hint="give its id"
            )
        return _spelled(rows[0])

    def versions(self, org: OrgRow, document_id: str, document_type: str | None = None) -> list[dict[str, Any]]:
        """Return a document's versions, newest first.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            row = _document(uow, org, document_id, document_type)
            names = uow.connections.names(org.id)
            found = uow.documents.versions_of((row.org_id, row.connection_id), row.id)
        return [version_view(version, names) for version in found]


def listing(
    rows: Sequence[Row], limit: int, view: Callable[[Row], dict[str, Any]], cursor: Callable[[Row], str]
) -> Listing:
    """Make one page of `limit` rows out of up to one more, which only says that there is another page."""
    kept = rows[:limit]
    return Listing([view(row) for row in kept], cursor(kept[-1]) if len(rows) > limit else None)


def read_cursor(cursor: str | None) -> int | None:
    """Return the row id in a cursor.

    Raises UsageFailure when it is none that a list gave.
    """
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdigit() or int(cursor) >= 1 << 63:
        raise UsageFailure("the cursor is not one that a list gave", code="invalid_cursor")
    return int(cursor)


def connection_id(uow: UnitOfWork, org: OrgRow, reference: str | None) -> int | None:
    """Return the id of a connection by its name or id; None for none in particular.

    Raises NotFoundFailure.
    """
    if reference is None:
        return None
    found = uow.connections.referred(org.id, reference)
    if found is None:
        raise NotFoundFailure(f"there is no connection {reference!r}", code="unknown_connection")
    return found.id


def _document(uow: UnitOfWork, org: OrgRow, document_id: str, document_type: str | None) -> DocumentRow:
    place = read_document(document_id)
    row = uow.documents.get(org.id, *place) if place else None
    if row is None or (document_type is not None and row.document_type != document_type):
        raise NotFoundFailure(f"there is no document {document_id!r}")
    return row


def _spelled(row: DocumentRow) -> str:
    return spell_document(row.connection_id, row.id)
