"""Documents, their versions, the pages they were committed in and the events that follow from them.

`known` and `write` are the hot path: driver-level statements on SQLAlchemy's connection, tuples instead of objects.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from levada_runtime.store._bulk import change, insert, last_page, mark, rekey
from levada_runtime.store._found import find_tuples
from levada_runtime.store._looks import find, find_by_source
from levada_runtime.store._rows import as_columns
from levada_runtime.store.model import DocumentRow, Known, PageRow, Sourced, VersionRow
from levada_runtime.store.tables import documents, events, pages, versions

Scope = tuple[int, int]
"""(org_id, connection_id)"""

DOCUMENT_COLUMNS = tuple(column.name for column in documents.columns if column.name != "rekeyed_at")
VERSION_COLUMNS = tuple(column.name for column in versions.columns)
EVENT_COLUMNS = tuple(column.name for column in events.columns if column.name != "happened_at")


class Documents:
    """Canonical documents and everything that is written with them."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def known(
        self, scope: Scope, document_type: str, keys: Iterable[str], meanwhile: Callable[[], None] | None = None
    ) -> dict[str, Known]:
        """Return what is known by idempotency key, in one look.

        `meanwhile` is done while PostgreSQL looks, and must not ask it anything; on SQLite it is left undone.
        """
        found = find(self._connection, scope, document_type, keys, meanwhile)
        return {row[-1]: Known(*row[:-1]) for row in found}

    def sourced(self, scope: Scope, document_type: str, stream: str, source_ids: Iterable[str]) -> list[Sourced]:
        """Return the documents of a stream that are known by these ids at the source, in one look, oldest first."""
        found = find_by_source(self._connection, scope, document_type, stream, source_ids)
        return [Sourced(row[0], row[1], row[2], Known(*row[3:])) for row in sorted(found, key=lambda row: row[3])]

    def rekey(self, scope: Scope, rows: Sequence[tuple[int, str, str, str]], at: int) -> None:
        """Give documents new keys, in order: each tuple has the id, the type, the key before and after."""
        rekey(self._connection, [(new, at, *scope, document_id, old) for document_id, _, old, new in rows])

    def streams(self, scope: Scope) -> dict[str, list[str]]:
        """Return the streams of a connection, each with the types that it has documents of."""
        query = sa.select(documents.c.stream, documents.c.document_type).distinct().order_by("stream", "document_type")
        where = documents.c.org_id == scope[0], documents.c.connection_id == scope[1]
        streams: dict[str, list[str]] = {}
        for stream, document_type in self._connection.execute(query.where(*where)):
            streams.setdefault(stream, []).append(document_type)
        return streams

    def changed_at(self, scope: Scope, document_type: str, keys: Sequence[str]) -> dict[str, datetime]:
        """Return when documents changed last, by their keys."""
        query = sa.select(documents.c.idempotency_key, documents.c.updated_at).where(
            documents.c.org_id == scope[0],
            documents.c.connection_id == scope[1],
            documents.c.document_type == document_type,
            documents.c.idempotency_key.in_(keys),
        )
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def had(self, scope: Scope, payloads: Collection[tuple[int, bytes]]) -> set[tuple[int, bytes]]:
        """Return which of these a document has a version of, each a document's id and a payload's hash."""
        places = [(scope[1], document_id) for document_id in {document_id for document_id, _ in payloads}]
        names, key = ("document_id", "payload_hash"), ("connection_id", "document_id")
        found = find_tuples(self._connection, versions, names, key, scope[0], places)
        return {(row[0], row[1]) for row in found}.intersection(payloads)

    def payloads(self, scope: Scope, current: Iterable[tuple[int, int]]) -> dict[int, dict[str, Any]]:
        """Return the payloads of `(document_id, version)` pairs by document id."""
        found = {}
        for document_id, version in current:
            query = sa.select(versions.c.payload).where(
                *_of_document(scope, document_id), versions.c.version == version
            )
            found[document_id] = orjson.loads(self._connection.execute(query).scalar_one())
        return found

    def write(
        self,
        new: Iterable[tuple[Any, ...]],
        changed: Iterable[tuple[Any, ...]],
        new_versions: Iterable[tuple[Any, ...]],
        new_events: Iterable[tuple[Any, ...]],
    ) -> None:
        """Insert documents, versions and events and move changed documents on, each with one statement.

        Rows may be made while they are written: PostgreSQL takes those that come before meanwhile.
        """
        insert(self._connection, documents, DOCUMENT_COLUMNS, new)
        change(self._connection, list(changed))
        insert(self._connection, versions, VERSION_COLUMNS, new_versions)
        insert(self._connection, events, EVENT_COLUMNS, new_events)

    def mark(self, marks: Sequence[tuple[Any, ...]]) -> None:
        """Give documents another fingerprint and source time: `(the two, org_id, connection_id, id)` each."""
        mark(self._connection, marks)

    def last_page(self, scope: Scope) -> int:
        """Return the id of the page that was committed last, nought before the first: what is known stands as of it."""
        return last_page(self._connection, scope)

    def add_page(self, page: PageRow, *, bare: bool = False) -> None:
        """Add a page; no version and no event names a `bare` one."""
        self._connection.execute(sa.insert(pages).values(**as_columns(page), bare=bare))

    def get(self, org_id: int, connection_id: int, document_id: int) -> DocumentRow | None:
        scope = documents.c.org_id == org_id, documents.c.connection_id == connection_id
        found = self._connection.execute(_document_query().where(*scope, documents.c.id == document_id))
        return next((_as_document(row) for row in found), None)

    def page_of(
        self,
        org_id: int,
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
        """Return documents, newest first, from below the id `before`; retired ones only if asked for."""
        given = {
            documents.c.document_type: document_type,
            documents.c.connection_id: connection_id,
            documents.c.idempotency_key: idempotency_key,
            documents.c.source_id: source_id,
        }
        conditions = [column == value for column, value in given.items() if value is not None]
        if before is not None:
            conditions.append(documents.c.id < before)
        if updated_since is not None:
            conditions.append(documents.c.updated_at >= updated_since)
        if not retired:
            conditions.append(documents.c.retired_at.is_(None))
        query = _document_query().where(documents.c.org_id == org_id, *conditions)
        return [
            _as_document(row) for row in self._connection.execute(query.order_by(documents.c.id.desc()).limit(limit))
        ]

    def versions_of(self, scope: Scope, document_id: int) -> list[VersionRow]:
        """Return a document's versions, newest first."""
        joined = versions.join(pages, _same_page())
        query = sa.select(versions, *_page_columns()).select_from(joined).where(*_of_document(scope, document_id))
        return [_as_version(row) for row in self._connection.execute(query.order_by(versions.c.version.desc()))]

    def totals(self) -> dict[str, int]:
        """Return how many documents there are by type, everywhere."""
        query = sa.select(documents.c.document_type, sa.func.count()).group_by(documents.c.document_type)
        return {row[0]: row[1] for row in self._connection.execute(query)}


def _of_document(scope: Scope, document_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        versions.c.org_id == scope[0],
        versions.c.connection_id == scope[1],
        versions.c.document_id == document_id,
    )


def _same_page() -> sa.ColumnElement[bool]:
    return sa.and_(
        pages.c.org_id == versions.c.org_id,
        pages.c.connection_id == versions.c.connection_id,
        pages.c.id == versions.c.page_id,
    )


def _page_columns() -> list[sa.Label[Any]]:
    return [column.label(f"of_page_{column.name}") for column in pages.columns]


def _document_query() -> sa.Select[Any]:
    same_version = sa.and_(
        versions.c.org_id == documents.c.org_id,
        versions.c.connection_id == documents.c.connection_id,
        versions.c.document_id == documents.c.id,
        versions.c.version == documents.c.version,
    )
    joined = documents.join(versions, same_version).join(pages, _same_page())
    return sa.select(documents, versions.c.payload, versions.c.contract_version, *_page_columns()).select_from(joined)


def _as_page(row: Any) -> PageRow:
    return PageRow(**{name: row[f"of_page_{name}"] for name in PageRow.__dataclass_fields__})


def _as_document(found: sa.Row[Any]) -> DocumentRow:
    row = found._mapping  # noqa: SLF001 - SQLAlchemy's public name
    taken = {name: row[name] for name in DocumentRow.__dataclass_fields__ if name not in ("payload", "page")}
    return DocumentRow(**taken, payload=orjson.loads(row["payload"]), page=_as_page(row))


def _as_version(found: sa.Row[Any]) -> VersionRow:
    row = found._mapping  # noqa: SLF001 - SQLAlchemy's public name
    return VersionRow(
        document_id=row["document_id"],
        version=row["version"],
        payload=orjson.loads(row["payload"]),
        payload_hash=row["payload_hash"],
        source_id=row["source_id"],
        contract_version=row["contract_version"],
        superseded=bool(row["superseded"]),
        page=_as_page(row),
    )
