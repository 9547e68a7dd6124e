"""What projecting documents into the graph reads: the documents as they are now, and what was claimed for them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from levada_runtime.store._found import Names, find_rows, find_tuples
from levada_runtime.store.documents import Scope
from levada_runtime.store.graph_model import RelationshipRow
from levada_runtime.store.tables import documents, entity_claims, pages, relationship_claims, relationships, versions

DOCUMENT = "document:"
"""What the names of the sources begin with that documents are; they end with the document's own id."""
_ID = len("/doc_") + 26
_OF_DOCUMENT = ("connection_id", "id", "document_type", "retired_at", "version")


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
        return self._read(scope[0], [(scope[1], one) for one in sorted(ids)])

    def of_type(
        self, org_id: int, document_type: str, connection_id: int | None, after: int, limit: int
    ) -> list[Projectable]:
        """Return documents of a type above the id `after`, in order of their ids."""
        of = documents.c.org_id == org_id, documents.c.document_type == document_type, documents.c.id > after
        query = sa.select(documents.c.connection_id, documents.c.id).where(*of).order_by(documents.c.id).limit(limit)
        if connection_id is not None:
            query = query.where(documents.c.connection_id == connection_id)
        return self._read(org_id, [(row[0], row[1]) for row in self._connection.execute(query)])

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

    def _read(self, org_id: int, places: Sequence[tuple[int, int]]) -> list[Projectable]:
        """Return the documents with these connections and ids: one look for each table, by its key.

        Joined, PostgreSQL reads a whole connection for each of its pages, as long as nobody has analysed the tables.
        """
        found = self._looked_up(documents, _OF_DOCUMENT, ("connection_id", "id"), org_id, places)
        kept = self._looked_up(
            versions,
            ("connection_id", "document_id", "payload", "page_id"),
            ("connection_id", "document_id", "version"),
            org_id,
            [(row[0], row[1], row[4]) for row in found],
        )
        committed = sorted({(row[0], row[3]) for row in kept})
        runs = self._looked_up(pages, ("connection_id", "id", "run_id"), ("connection_id", "id"), org_id, committed)
        return sorted(_put_together(found, kept, runs), key=lambda one: one.id)

    def _looked_up(
        self, table: sa.Table, names: Names, key: Names, org_id: int, places: Sequence[tuple[Any, ...]]
    ) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in find_tuples(self._connection, table, names, key, org_id, places)]


def _put_together(
    found: Iterable[tuple[Any, ...]], kept: Iterable[tuple[Any, ...]], runs: Iterable[tuple[Any, ...]]
) -> Iterator[Projectable]:
    """Leave out what has gone between two looks: whatever took it has an event of its own, which is told later."""
    payloads = {row[:2]: row[2:] for row in kept}
    run_of = {row[:2]: row[2] for row in runs}
    for connection_id, document_id, document_type, retired_at, _ in found:
        payload, page_id = payloads.get((connection_id, document_id), (None, None))
        run_id = run_of.get((connection_id, page_id))
        if payload is not None and run_id is not None:
            content = orjson.loads(payload) if retired_at is None else None
            yield Projectable(connection_id, document_id, document_type, content, run_id)
