"""What projecting documents into the graph reads: the documents as they are now, and what was claimed for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from levada_runtime.store._found import find_rows, find_tuples
from levada_runtime.store.documents import Scope
from levada_runtime.store.graph_model import RelationshipRow
from levada_runtime.store.tables import documents, entity_claims, pages, relationship_claims, relationships, versions

DOCUMENT = "document:"
"""What the names of the sources begin with that documents are; they end with the document's own id."""
_ID = len("/doc_") + 26


def of_many(source: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return the name of a source without the id of its document, so that documents of a type are one."""
    whole = sa.func.substr(source, 1, sa.func.length(source) - _ID)
    return sa.case((source.startswith(DOCUMENT, autoescape=True), whole), else_=source)


@dataclass(frozen=True, slots=True)
class Projectable:
    """A document as it is now; one that is retired has no payload."""

    connection_id: int
    id: int
    document_type: str
    payload: dict[str, Any] | None
    run_id: str


class Projections:
    """Reads of many documents, and of the claims of many sources, in one look each."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def documents(self, scope: Scope, ids: Sequence[int]) -> list[Projectable]:
        """Return these documents of one connection, in order of their ids."""
        of = documents.c.org_id == scope[0], documents.c.connection_id == scope[1], documents.c.id.in_(ids)
        return self._read(_documents().where(*of).order_by(documents.c.id))

    def of_type(
        self, org_id: int, document_type: str, connection_id: int | None, after: int, limit: int
    ) -> list[Projectable]:
        """Return documents of a type above the id `after`, in order of their ids."""
        of = documents.c.org_id == org_id, documents.c.document_type == document_type, documents.c.id > after
        query = _documents().where(*of).order_by(documents.c.id).limit(limit)
        if connection_id is not None:
            query = query.where(documents.c.connection_id == connection_id)
        return self._read(query)

    def entities_claimed(self, org_id: int, sources: Iterable[str]) -> list[int]:
        """Return the ids of the entities that any of these sources claims."""
        return self._claimed(entity_claims, "entity_id", org_id, sources)

    def relationships_claimed(self, org_id: int, sources: Iterable[str]) -> list[RelationshipRow]:
        """Return the relationships that any of these sources claims."""
        ids = self._claimed(relationship_claims, "relationship_id", org_id, sources)
        return find_rows(self._connection, RelationshipRow, relationships, ("id",), org_id, ((one,) for one in ids))

    def _claimed(self, table: sa.Table, column: str, org_id: int, sources: Iterable[str]) -> list[int]:
        places = [(source,) for source in sorted(sources)]
        return sorted({row[0] for row in find_tuples(self._connection, table, (column,), ("source",), org_id, places)})

    def _read(self, query: sa.Select[Any]) -> list[Projectable]:
        return [
            Projectable(
                row.connection_id,
                row.id,
                row.document_type,
                orjson.loads(row.payload) if row.retired_at is None else None,
                row.run_id,
            )
            for row in self._connection.execute(query)
        ]


def _documents() -> sa.Select[Any]:
    version = sa.and_(
        versions.c.org_id == documents.c.org_id,
        versions.c.connection_id == documents.c.connection_id,
        versions.c.document_id == documents.c.id,
        versions.c.version == documents.c.version,
    )
    page = sa.and_(
        pages.c.org_id == versions.c.org_id,
        pages.c.connection_id == versions.c.connection_id,
        pages.c.id == versions.c.page_id,
    )
    own = documents.c.connection_id, documents.c.id, documents.c.document_type, documents.c.retired_at
    query = sa.select(*own, versions.c.payload, pages.c.run_id)
    return query.select_from(documents.join(versions, version).join(pages, page))
