"""Documents as they were at a time: the version that was current then, and whether the document was gone.

Of a document's versions up to a time the highest that is not superseded was current. It was gone if the last turn under
that version retired it; any later version has revived it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from levada_runtime.store.history import RETIRED, is_turn, page_of
from levada_runtime.store.model import DocumentRow, PageRow
from levada_runtime.store.tables import documents, events, pages, versions


class Moments:
    """Reads documents of the past."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, org_id: int, connection_id: int, document_id: int, moment: datetime) -> DocumentRow | None:
        """Return a document as it was then; None before there was one."""
        same = documents.c.connection_id == connection_id, documents.c.id == document_id
        return next(iter(self._read(_query(org_id, moment).where(*same))), None)

    def page_of(
        self,
        org_id: int,
        moment: datetime,
        *,
        document_type: str | None = None,
        connection_id: int | None = None,
        idempotency_key: str | None = None,
        source_id: str | None = None,
        retired: bool = False,
        updated_since: datetime | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[DocumentRow]:
        """Return documents as they were then, newest first, from below the id `before`."""
        given = {
            documents.c.document_type: document_type,
            documents.c.connection_id: connection_id,
            documents.c.idempotency_key: idempotency_key,
            versions.c.source_id: source_id,
        }
        conditions = [column == value for column, value in given.items() if value is not None]
        if before is not None:
            conditions.append(documents.c.id < before)
        if updated_since is not None:
            turned = _turn("received_at", moment)
            conditions.append(sa.or_(pages.c.committed_at >= updated_since, turned >= updated_since))
        if not retired:
            conditions.append(sa.func.coalesce(_turn("source", moment), "") != RETIRED)
        query = _query(org_id, moment).where(*conditions)
        return self._read(query.order_by(documents.c.id.desc()).limit(limit))

    def _read(self, query: sa.Select[Any]) -> list[DocumentRow]:
        return [_document(row) for row in self._connection.execute(query)]


def _query(org_id: int, moment: datetime) -> sa.Select[Any]:
    then = sa.and_(
        versions.c.org_id == documents.c.org_id,
        versions.c.connection_id == documents.c.connection_id,
        versions.c.document_id == documents.c.id,
        versions.c.version == _versions(moment, current=True, what=sa.func.max),
    )
    joined = documents.join(versions, then).join(pages, page_of(versions))
    return (
        sa.select(
            documents.c.id,
            documents.c.document_type,
            documents.c.idempotency_key,
            documents.c.created_at,
            versions.c.source_id,
            versions.c.version,
            versions.c.payload,
            versions.c.payload_hash,
            versions.c.contract_version,
            _versions(moment, current=False, what=sa.func.count).label("versions"),
            _turn("source", moment).label("turn"),
            _turn("received_at", moment).label("turned_at"),
            *(column.label(f"of_page_{column.name}") for column in pages.columns),
        )
        .select_from(joined)
        .where(documents.c.org_id == org_id, documents.c.created_at <= moment)
    )


def _versions(moment: datetime, *, current: bool, what: Any) -> sa.ColumnElement[Any]:
    """Return what is made of the numbers of the versions up to then; `current` leaves out those superseded."""
    of, at = versions.alias(), pages.alias()
    same = sa.and_(at.c.org_id == of.c.org_id, at.c.connection_id == of.c.connection_id, at.c.id == of.c.page_id)
    query = (
        sa.select(what(of.c.version))
        .select_from(of.join(at, same))
        .where(
            of.c.org_id == documents.c.org_id,
            of.c.connection_id == documents.c.connection_id,
            of.c.document_id == documents.c.id,
            at.c.committed_at <= moment,
            *([of.c.superseded == 0] if current else []),
        )
    )
    return query.correlate(documents).scalar_subquery()


def _turn(column: str, moment: datetime) -> sa.ColumnElement[Any]:
    """Return a column of the last turn by then under the version that was current."""
    of = events.alias()
    query = sa.select(of.c[column]).where(
        of.c.org_id == documents.c.org_id,
        of.c.connection_id == documents.c.connection_id,
        of.c.document_id == documents.c.id,
        is_turn(of),
        of.c.version == versions.c.version,
        of.c.received_at <= moment,
    )
    return query.order_by(of.c.id.desc()).limit(1).correlate(documents, versions).scalar_subquery()


def _document(row: sa.Row[Any]) -> DocumentRow:
    found = row._mapping  # noqa: SLF001 - SQLAlchemy's public name
    page = PageRow(**{name: found[f"of_page_{name}"] for name in PageRow.__dataclass_fields__})
    moments: Sequence[datetime] = [page.committed_at, *([row.turned_at] if row.turned_at else [])]
    return DocumentRow(
        org_id=page.org_id,
        connection_id=page.connection_id,
        id=row.id,
        document_type=row.document_type,
        idempotency_key=row.idempotency_key,
        source_id=row.source_id,
        version=row.version,
        versions=row.versions,
        payload=orjson.loads(row.payload),
        payload_hash=row.payload_hash,
        retired_at=row.turned_at if row.turn == RETIRED else None,
        created_at=row.created_at,
        updated_at=max(moments),
        contract_version=row.contract_version,
        page=page,
    )
