"""A store of the first version is brought up to date with everything in it."""

import pytest

from levada_runtime.store import schema
from levada_runtime.store.engine import make_engine

FIRST, WITHOUT_HISTORY = "0001", "0008"


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


def test_the_past_of_a_graph_without_history_begins_with_its_last_writes(new_database):
    """Before, nobody can say how a thing stood; of one that is gone it is known since when."""
    engine = make_engine(new_database(migrated=False))
    schema.upgrade(engine, WITHOUT_HISTORY)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO entities (org_id, id, uid, kind, external_id, class, display_name, traits, first_seen,"
            " last_written, deleted_at) VALUES (1, 1, 'u', 'host', 'a', 'Host', 'a', '{}', 5, 7, NULL),"
            " (1, 2, 'v', 'host', 'b', 'Host', 'b', '{}', 5, 7, 9)"
        )
        connection.exec_driver_sql(
            "INSERT INTO relationships (org_id, id, from_id, verb, to_id, properties, first_seen, last_written)"
            " VALUES (1, 3, 1, 'USES', 1, '{}', 5, 8)"
        )
    schema.upgrade(engine)
    with engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"SELECT since FROM {table} ORDER BY id").scalars().all()
            for table in ("entities", "relationships")
        ]
    engine.dispose()
    assert found == [[7, 9], [8]]
