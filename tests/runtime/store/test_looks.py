"""The looks that every batch makes go by the index that is meant for them, also where nobody has analysed the table."""

import pytest

from levada_runtime.store._bulk import insert
from levada_runtime.store._looks import find, find_by_source, question
from levada_runtime.store.documents import DOCUMENT_COLUMNS
from levada_runtime.store.failures import UNAVAILABLE
from levada_runtime.store.tables import documents

SCOPE = (1, 2)
MANY = 20_000
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


def explained(store, look, names, **values):
    """Return the parts of the plan that read documents."""
    name = store.dialect.name
    statement, values = question(name, look, values, names)
    word = "EXPLAIN QUERY PLAN" if name == "sqlite" else "EXPLAIN"
    found = [str(tuple(row)) for row in store.exec_driver_sql(f"{word} {statement}", values)]
    return [line for line in found if "documents" in line]


@pytest.fixture(params=[1, 500], ids=["one-by-one", "in-one-go"])
def names(request):
    """So many names that PostgreSQL is asked in either form."""
    return [f"{at}" for at in range(request.param)]


def test_keys_are_looked_up_in_their_own_index(connection, names):
    """One descent a key, however many documents there are; the neighbours of a key that is not there are not it."""
    plan = explained(connection, "key", names, org=1, connection=2, type="customer")
    assert plan
    assert all(any(index in line for index in BY_KEY) for line in plan), plan
    found = find(connection, SCOPE, "customer", ["k:7", "k:", "k:99999", "zz", "k:8"])
    assert sorted((row[0], row[-1]) for row in found) == [(7, "k:7"), (8, "k:8")]
    assert find(connection, SCOPE, "vendor", ["k:7"]) == []
    assert find(connection, (1, 1), "customer", ["k:7"]) == []


def test_ids_at_the_source_are_looked_up_in_their_own_index(connection, names):
    """Within one connection, stream and type, and within its organisation."""
    plan = explained(connection, "source", names, org=1, connection=2, type="customer", stream="customers")
    assert plan
    assert all(any(index in line for index in BY_SOURCE) for line in plan), plan
    found = find_by_source(connection, SCOPE, "customer", "customers", ["7", "nobody", "8"])
    assert sorted((row[0], row[1], row[2], row[3]) for row in found) == [("7", "k:7", 5, 7), ("8", "k:8", 5, 8)]
    assert find_by_source(connection, SCOPE, "customer", "archive", ["7"]) == []
    assert find_by_source(connection, (3, 2), "customer", "customers", ["1"]) == []


STRETCHES = {
    "next to each other": [f"k:{at}" for at in range(1000, 1040)],
    "far apart": [f"k:{at}" for at in range(0, 3_000, 75)],
    "with others between": [f"k:{at}" for at in range(1000, 1060, 2)],
    "some of them new": [f"k:{at}" for at in range(MANY - 20, MANY + 20)],
    "all of them new": [f"k:{at}x" for at in range(1000, 1040)],
}


@pytest.mark.parametrize("name", STRETCHES)
def test_many_names_are_found_however_they_stand(name, connection):
    """Whether all between the first and the last is read, or each on its own: those that are there, and no others."""
    keys = STRETCHES[name]
    there = sorted(key for key in keys if not key.endswith("x") and int(key[2:]) < MANY)
    assert sorted(row[-1] for row in find(connection, SCOPE, "customer", keys)) == there
    found = find_by_source(connection, SCOPE, "customer", "customers", [key[2:] for key in keys])
    assert sorted(row[1] for row in found) == there
    assert find(connection, (9, 9), "customer", keys) == []
    assert find_by_source(connection, (9, 2), "customer", "customers", [key[2:] for key in keys]) == []


def test_something_may_be_done_while_postgresql_looks(connection, names):
    """It is asked before, and answers afterwards; SQLite has nobody to wait for."""
    done = []
    keys = [f"k:{name}" for name in names]
    found = find(connection, SCOPE, "customer", keys, lambda: done.append("meanwhile"))
    assert {row[-1] for row in found} == set(keys)
    assert done == (["meanwhile"] if connection.dialect.name == "postgresql" else [])


@pytest.mark.databases("postgresql")
def test_what_goes_wrong_meanwhile_is_passed_on_and_spoils_nothing(store):
    """Whatever it is; the answer that nobody heard is not taken for that of the next question."""

    def spoil():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), store.look() as uow:
        uow.documents.known(SCOPE, "customer", ["k:1"], spoil)
    with store.look() as uow:
        assert uow.documents.known(SCOPE, "customer", ["k:1"]) == {}
        assert list(uow.orgs.all()) == []


@pytest.mark.databases("postgresql")
def test_a_server_that_goes_away_meanwhile_is_a_store_that_could_not_be_asked(store):
    """As it is at any other moment; the next look has a connection of its own."""

    def cut():
        with store.write() as uow:
            uow._connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    with pytest.raises(UNAVAILABLE), store.look() as uow:
        uow.documents.known(SCOPE, "customer", [f"k:{at}" for at in range(50_000)], cut)
    with store.look() as uow:
        assert uow.documents.known(SCOPE, "customer", ["k:1"]) == {}
