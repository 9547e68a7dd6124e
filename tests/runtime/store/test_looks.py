"""The looks that every batch makes go by the index that is meant for them, also where nobody has analysed the table."""

import pytest

from levada_runtime.store._bulk import _FIND, _FIND_BY_SOURCE, find, find_by_source, insert
from levada_runtime.store.documents import DOCUMENT_COLUMNS
from levada_runtime.store.tables import documents

SCOPE = (1, 2)
MANY = 3_000
BY_KEY = ("uq_documents_org_id_connection_id_document_type_idempotency_key", "sqlite_autoindex_documents")
BY_SOURCE = ("ix_documents_source",)


@pytest.fixture
def connection(store):
    """A store with many documents, asked right after they were written."""
    values = {"document_type": "customer", "stream": "customers", "version": 1, "versions": 1, "payload_hash": b"h"}
    with store.write() as uow:
        for org, connection_id in (SCOPE, (1, 3), (2, 2)):
            rows = [
                {
                    **values,
                    "id": at,
                    "idempotency_key": f"k:{at}",
                    "source_id": str(at),
                    "created_at": 5,
                    "updated_at": 6,
                }
                for at in range(MANY if (org, connection_id) == SCOPE else 5)
            ]
            place = {"org_id": org, "connection_id": connection_id}
            listed = [tuple({**place, **row}.get(name) for name in DOCUMENT_COLUMNS) for row in rows]
            insert(uow._connection, documents, DOCUMENT_COLUMNS, listed)
    with store.read() as uow:
        yield uow._connection


def explained(store, statements, **values):
    name = store.dialect.name
    if name == "sqlite":
        values = {key: "[]" if isinstance(value, list) else value for key, value in values.items()}
    word = "EXPLAIN QUERY PLAN" if name == "sqlite" else "EXPLAIN"
    found = store.exec_driver_sql(f"{word} {statements[name]}", values)
    return "\n".join(str(tuple(row)) for row in found)


def test_keys_are_looked_up_in_their_own_index(connection):
    """One descent a key, however many documents there are; the neighbours of a key that is not there are not it."""
    plan = explained(connection, _FIND, org=1, connection=2, type="customer", keys=["k:1"] * 500)
    assert any(index in plan for index in BY_KEY), plan
    found = find(connection, SCOPE, "customer", ["k:7", "k:", "k:99999", "zz", "k:8"])
    assert sorted((row[0], row[-1]) for row in found) == [(7, "k:7"), (8, "k:8")]
    assert find(connection, SCOPE, "vendor", ["k:7"]) == []
    assert find(connection, (1, 1), "customer", ["k:7"]) == []


def test_ids_at_the_source_are_looked_up_in_their_own_index(connection):
    """Within one connection, stream and type, and within its organisation."""
    plan = explained(
        connection, _FIND_BY_SOURCE, org=1, connection=2, type="customer", stream="customers", ids=["1"] * 500
    )
    assert any(index in plan for index in BY_SOURCE), plan
    found = find_by_source(connection, SCOPE, "customer", "customers", ["7", "nobody", "8"])
    assert sorted((row[0], row[1], row[2], row[3]) for row in found) == [("7", "k:7", 5, 7), ("8", "k:8", 5, 8)]
    assert find_by_source(connection, SCOPE, "customer", "archive", ["7"]) == []
    assert find_by_source(connection, (3, 2), "customer", "customers", ["1"]) == []
