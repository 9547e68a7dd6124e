"""What events of documents tell of: the payload of their version, and the page it came with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from levada_runtime.store._found import find_tuples
from levada_runtime.store._rows import read_as
from levada_runtime.store.model import EventRow, PageRow
from levada_runtime.store.tables import documents, pages, versions


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
        kept = self._versions(scope, {(row.document_id, row.version) for row in told})
        keys = self._keys(scope, {row.document_id for row in told})
        contents = {}
        for row in told:
            version, key = kept.get((row.document_id, row.version)), keys.get(row.document_id)
            if version is not None and key is not None:
                payload, source_id, contract_version = version
                page = None if row.page_id is None else found_pages.get(row.page_id)
                contents[row.id] = Content(orjson.loads(payload), key, source_id, contract_version, page)
        return contents

    def _versions(
        self, scope: tuple[int, int], told: Iterable[tuple[Any, Any]]
    ) -> dict[tuple[Any, Any], tuple[Any, ...]]:
        """Return the payload, the id at the source and the contract's version of these versions of documents.

        One look for each table, by its key: joined, PostgreSQL may read a whole connection for each of its rows, as
        long as nobody has analysed the tables.
        """
        names = ("document_id", "version", "payload", "source_id", "contract_version")
        places = [(scope[1], *one) for one in sorted(told)]
        key = ("connection_id", "document_id", "version")
        return {
            (row[0], row[1]): tuple(row[2:])
            for row in find_tuples(self._connection, versions, names, key, scope[0], places)
        }

    def _keys(self, scope: tuple[int, int], ids: Iterable[Any]) -> dict[Any, str]:
        places = [(scope[1], one) for one in sorted(ids)]
        found = find_tuples(
            self._connection, documents, ("id", "idempotency_key"), ("connection_id", "id"), scope[0], places
        )
        return {row[0]: row[1] for row in found}

    def _pages(self, scope: tuple[int, int], ids: set[int]) -> dict[int, PageRow]:
        query = sa.select(pages).where(_scope(pages, scope), pages.c.id.in_(list(ids)))
        return {row.id: row for row in read_as(PageRow, self._connection.execute(query))}


def _scope(table: sa.Table, scope: tuple[int, int]) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.org_id == scope[0], table.c.connection_id == scope[1])
