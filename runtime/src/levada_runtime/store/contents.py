"""What events of documents tell of: the payload of their version, and the page it came with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from levada_runtime.store._rows import read_as
from levada_runtime.store.model import EventRow, PageRow
from levada_runtime.store.tables import documents, events, pages, versions


@dataclass(frozen=True, slots=True)
class Content:
    """The version that an event tells of, and where it came from."""

    payload: dict[str, Any]
    idempotency_key: str
    source_id: str | None
    contract_version: int
    page: PageRow | None


class Contents:
    """Reads the contents of many events in one look."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def of(self, rows: Sequence[EventRow]) -> dict[int, Content]:
        """Return the contents of those events of one connection that are a document's, by the events' ids."""
        told = [row for row in rows if row.document_id is not None]
        if not told:
            return {}
        scope = told[0].org_id, told[0].connection_id
        found_pages = self._pages(scope, {row.page_id for row in told if row.page_id is not None})
        query = sa.select(
            events.c.id,
            events.c.page_id,
            versions.c.payload,
            versions.c.source_id,
            versions.c.contract_version,
            documents.c.idempotency_key,
        ).select_from(events.join(versions, _told_version()).join(documents, _told_document()))
        these = query.where(_scope(events, scope), events.c.id.in_([row.id for row in told]))
        return {
            row.id: Content(
                orjson.loads(row.payload),
                row.idempotency_key,
                row.source_id,
                row.contract_version,
                found_pages.get(row.page_id),
            )
            for row in self._connection.execute(these)
        }

    def _pages(self, scope: tuple[int, int], ids: set[int]) -> dict[int, PageRow]:
        query = sa.select(pages).where(_scope(pages, scope), pages.c.id.in_(list(ids)))
        return {row.id: row for row in read_as(PageRow, self._connection.execute(query))}


def _scope(table: sa.Table, scope: tuple[int, int]) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.org_id == scope[0], table.c.connection_id == scope[1])


def _told_version() -> sa.ColumnElement[bool]:
    return sa.and_(
        versions.c.org_id == events.c.org_id,
        versions.c.connection_id == events.c.connection_id,
        versions.c.document_id == events.c.document_id,
        versions.c.version == events.c.version,
    )


def _told_document() -> sa.ColumnElement[bool]:
    return sa.and_(
        documents.c.org_id == events.c.org_id,
        documents.c.connection_id == events.c.connection_id,
        documents.c.id == events.c.document_id,
    )
