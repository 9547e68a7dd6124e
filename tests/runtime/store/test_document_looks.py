"""What belongs to documents is looked up by each table's key, also right after a first load that nobody analysed."""

import re

import pytest

from levada_runtime.store._bulk import insert
from levada_runtime.store.columns import to_micros
from levada_runtime.store.documents import DOCUMENT_COLUMNS, VERSION_COLUMNS
from levada_runtime.store.tables import documents, pages, versions

SCOPE = (1, 2)
MANY, PAGE = 20_000, 500
SPOILT = {
    "sqlite": r"SCAN (found|documents|versions|pages)\b|SEARCH \w+ USING [^\n]*\(org_id=\?( AND connection_id=\?)?\)",
    "postgresql": r"Seq Scan on (documents|versions|pages)|Cond: \(\(?org_id = \S+( AND \(connection_id = \S+)?\)\n",
}


@pytest.fixture
def loaded(store, clock):
    """Many documents of one connection, with the pages that they came in."""
    at, digest = to_micros(clock.now()), b"h"
    made = {"document_type": "customer", "stream": "customers", "versions": 1, "payload_hash": digest, "payload": "{}"}
    seen = {"created_at": at, "updated_at": at, "contract_version": 1, "superseded": 0, "version": 1}
    came = {"attempt": 1, "mode": "poll", "connector": "acme", "connector_version": "1", "committed_at": at}

    def kept(number):
        place = {"org_id": 1, "connection_id": 2, "document_id": number, "id": number, "page_id": number // PAGE}
        return {**made, **seen, **place, "idempotency_key": f"k:{number}", "source_id": str(number)}

    def page(number):
        place = {"org_id": 1, "connection_id": 2, "id": number, "run_id": f"run_{number}", "stream": "customers"}
        return {**came, **place, "bare": False}

    with store.write() as uow:
        rows = [kept(number) for number in range(MANY)]
        committed = [page(number) for number in range(MANY // PAGE)]
        of_page = tuple(committed[0])
        for table, names, given in (
            (documents, DOCUMENT_COLUMNS, rows),
            (versions, VERSION_COLUMNS, rows),
            (pages, of_page, committed),
        ):
            insert(uow._connection, table, names, [tuple(row.get(name) for name in names) for row in given])
    return store


def test_documents_are_put_together_from_their_keys(loaded, plans):
    """None of the looks reads a whole connection, nor a whole table."""
    spoilt = re.compile(SPOILT[loaded.engine.dialect.name])
    with loaded.read() as uow:
        found = uow.projections.documents(SCOPE, range(7_000, 7_500))
    assert [(one.id, one.payload, one.run_id) for one in found] == [(at, {}, "run_14") for at in range(7_000, 7_500)]
    assert len(plans) == 3
    for statement, plan in plans:
        assert not spoilt.search(plan), f"{statement}\n{plan}"


def test_what_documents_have_had_is_looked_up_by_their_ids(loaded, plans):
    """Of those that it is asked for, and no other's payload is taken for theirs."""
    spoilt = re.compile(SPOILT[loaded.engine.dialect.name])
    asked = {(at, b"h") for at in range(7_000, 7_500)} | {(8_000, b"another"), (MANY, b"h")}
    with loaded.look() as uow:
        assert uow.documents.had(SCOPE, asked) == {(at, b"h") for at in range(7_000, 7_500)}
    ((statement, plan),) = plans
    assert not spoilt.search(plan), f"{statement}\n{plan}"


def test_reading_a_whole_connection_would_be_noticed(loaded, plans):
    """As a question that has to, shows."""
    with loaded.read() as uow:
        uow._connection.exec_driver_sql("SELECT payload FROM versions WHERE org_id = 1 AND connection_id = 2")
    spoilt = re.compile(SPOILT[loaded.engine.dialect.name])
    assert any(spoilt.search(plan) for _, plan in plans), plans


def test_what_has_gone_between_two_looks_is_left_out(loaded):
    """Whatever took it has an event of its own; the others are told."""
    with loaded.write() as uow:
        uow._connection.exec_driver_sql("DELETE FROM versions WHERE document_id = 3")
        uow._connection.exec_driver_sql("DELETE FROM pages WHERE id = 1")
    with loaded.read() as uow:
        found = uow.projections.documents(SCOPE, [2, 3, 4, PAGE, 2 * PAGE])
    assert [one.id for one in found] == [2, 4, 2 * PAGE]
