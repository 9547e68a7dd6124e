"""What became of documents: which versions and events a run made, and how a document stood at a time.

A version that is not superseded became current when its page was committed, and revived its document if it was gone. A
turn retires or revives a document under the version that it has.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from levada_runtime.store._rows import read_as
from levada_runtime.store.columns import to_micros
from levada_runtime.store.documents import Scope
from levada_runtime.store.model import EventRow, Known, PageRow
from levada_runtime.store.tables import documents, events, pages, versions

RETIRED = "document.retired"
_AROUND = 3_600_000_000 << 11
"""An hour in row ids: a page and its events get theirs within one transaction."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """A version as it was written; its source time is microseconds, UTC."""

    document_id: int
    version: int
    payload: str
    payload_hash: bytes
    source_id: str | None
    source_time: int | None
    contract_version: int


@dataclass(frozen=True, slots=True)
class Turn:
    """That a document was retired, or revived with the payload it had."""

    id: int
    document_id: int
    version: int
    retired: bool
    page_id: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A document as it is now."""

    document_id: int
    document_type: str
    idempotency_key: str
    stream: str
    known: Known


class History:
    """Reads what happened to the documents of one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def events_of_run(self, scope: Scope, run_id: str) -> list[EventRow]:
        """Return the events of the documents that a run changed, in order."""
        span = sa.select(sa.func.min(pages.c.id), sa.func.max(pages.c.id)).where(
            *_in(pages, scope), pages.c.run_id == run_id
        )
        first, last = self._connection.execute(span).one()
        if first is None:
            return []
        same_page = sa.and_(
            pages.c.org_id == events.c.org_id,
            pages.c.connection_id == events.c.connection_id,
            pages.c.id == events.c.page_id,
        )
        query = (
            sa.select(events)
            .select_from(events.join(pages, same_page))
            .where(
                *_in(events, scope),
                events.c.id.between(first - _AROUND, last + _AROUND),
                pages.c.run_id == run_id,
            )
        )
        return read_as(EventRow, self._connection.execute(query.order_by(events.c.id)))

    def forgotten(self, scope: Scope, run_id: str, events_of_run: Iterable[EventRow]) -> bool:
        """Tell whether a run changed documents of which no event tells any more."""
        told = {one.page_id for one in events_of_run if one.version != one.previous}
        of_run = sa.select(pages.c.id).where(*_in(pages, scope), pages.c.run_id == run_id)
        silent = [page_id for page_id in self._connection.execute(of_run).scalars() if page_id not in told]
        for some in _chunks(silent):
            changed = sa.select(versions.c.version).where(
                *_in(versions, scope), versions.c.page_id.in_(some), versions.c.superseded == 0
            )
            if self._connection.execute(changed.limit(1)).first() is not None:
                return True
        return False

    def turns(self, scope: Scope, document_ids: Iterable[int]) -> dict[int, list[Turn]]:
        """Return by document when it was retired and revived, in order."""
        found: dict[int, list[Turn]] = {}
        for some in _chunks(document_ids):
            query = sa.select(
                events.c.id, events.c.document_id, events.c.version, events.c.source, events.c.page_id
            ).where(*_in(events, scope), events.c.document_id.in_(some), is_turn(events))
            for row in self._connection.execute(query.order_by(events.c.id)):
                turn = Turn(row.id, row.document_id, row.version, row.source == RETIRED, row.page_id)
                found.setdefault(turn.document_id, []).append(turn)
        return found

    def versions(self, scope: Scope, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Kept]:
        """Return versions by `(document, version)`."""
        asked = set(wanted)
        found: dict[tuple[int, int], Kept] = {}
        for some in _chunks({document_id for document_id, _ in asked}):
            numbers = {version for document_id, version in asked if document_id in set(some)}
            query = sa.select(
                versions.c.document_id,
                versions.c.version,
                versions.c.payload,
                versions.c.payload_hash,
                versions.c.source_id,
                sa.type_coerce(versions.c.source_time, sa.BigInteger),
                versions.c.contract_version,
            ).where(*_in(versions, scope), versions.c.document_id.in_(some), versions.c.version.in_(numbers))
            for row in self._connection.execute(query):
                if (row[0], row[1]) in asked:
                    found[row[0], row[1]] = Kept(*row)
        return found

    def standing(self, scope: Scope, document_ids: Iterable[int]) -> dict[int, Standing]:
        """Return documents as they are now."""
        found: dict[int, Standing] = {}
        for some in _chunks(document_ids):
            query = sa.select(documents).where(*_in(documents, scope), documents.c.id.in_(some))
            for row in self._connection.execute(query):
                moment = row.source_time
                known = Known(
                    document_id=row.id,
                    version=row.version,
                    versions=row.versions,
                    payload_hash=row.payload_hash,
                    source_time=None if moment is None else to_micros(moment),
                    retired=row.retired_at is not None,
                )
                found[row.id] = Standing(row.id, row.document_type, row.idempotency_key, row.stream, known)
        return found

    def page_of(self, scope: Scope, document_id: int, version: int) -> PageRow | None:
        """Return the page that a version came with."""
        query = sa.select(pages).select_from(versions.join(pages, page_of(versions)))
        these = *_in(versions, scope), versions.c.document_id == document_id, versions.c.version == version
        return next(iter(read_as(PageRow, self._connection.execute(query.where(*these)))), None)

    def page(self, scope: Scope, page_id: int) -> PageRow | None:
        query = sa.select(pages).where(*_in(pages, scope), pages.c.id == page_id)
        return next(iter(read_as(PageRow, self._connection.execute(query))), None)


def is_turn(table: Any) -> sa.ColumnElement[bool]:
    """Tell turns apart, in the words of their index."""
    same: sa.ColumnElement[bool] = table.c.version == table.c.previous
    return same


def page_of(table: Any) -> sa.ColumnElement[bool]:
    """Join a table's rows with the pages that they name."""
    return sa.and_(
        pages.c.org_id == table.c.org_id,
        pages.c.connection_id == table.c.connection_id,
        pages.c.id == table.c.page_id,
    )


def _in(table: sa.Table, scope: Scope) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.org_id == scope[0], table.c.connection_id == scope[1]


def _chunks(values: Iterable[int]) -> Iterator[Sequence[int]]:
    listed = sorted(values)
    return (listed[start : start + _AT_ONCE] for start in range(0, len(listed), _AT_ONCE))
