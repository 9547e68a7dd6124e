"""A store of the first version is brought up to date with everything in it."""

import pytest

from levada_runtime.store import schema
from levada_runtime.store.engine import make_engine

FIRST = "0001"


@pytest.fixture
def first_store(new_database):
    """A store as the first version left it: one page with two events."""
    engine = make_engine(new_database(migrated=False))
    schema.upgrade(engine, FIRST)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO pages (org_id, connection_id, id, run_id, attempt, stream, mode, connector,"
            " connector_version, committed_at) VALUES (1, 2, 100, 'r', 1, 'customers', 'poll', 'acme', '1', 77)"
        )
        connection.exec_driver_sql(
            "INSERT INTO events (org_id, connection_id, page_id, ordinal, type, document_type, document_id, version)"
            " VALUES (1, 2, 100, 0, 'document.created', 'customer', 5, 1),"
            " (1, 2, 100, 1, 'document.updated', 'customer', 5, 2)"
        )
    yield engine
    engine.dispose()


def test_the_events_of_the_first_version_are_carried_over_in_order(first_store):
    """They get ids of their own and the time their page was committed."""
    schema.upgrade(first_store)
    with first_store.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT id, source, type, received_at, document_id, version, page_id FROM events ORDER BY id"
        ).fetchall()
    assert [tuple(row) for row in found] == [
        (100, "document.created", "customer", 77, 5, 1, 100),
        (101, "document.updated", "customer", 77, 5, 2, 100),
    ]
