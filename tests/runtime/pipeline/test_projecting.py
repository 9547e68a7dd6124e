"""Documents are carried into the graph, by their contracts' projections: each as it stands, and before pipelines."""

import json
import threading
from dataclasses import replace

import pytest
from tests.runtime.ingest.bench import ORIGIN as CUSTOMERS

from levada import Draft
from levada_runtime.contracts.registry import Registry
from levada_runtime.graph.model import EntityDraft, RelationshipDraft
from levada_runtime.graph.projecting import document_of, source_of
from levada_runtime.ingest.service import Ingest
from levada_runtime.pipeline.carrying import FEW, Carrying
from levada_runtime.pipeline.reactor import PROJECTED_AT_ONCE, Reactor

ORG = 7
ORIGIN = replace(CUSTOMERS, org_id=ORG)
ADA = {"customer_id": "7", "name": "Ada", "email": "ada@b.co"}
OPEN = {"source_id": "in_1", "status": "open", "currency": "EUR", "total_amount": "12.50", "customer_id": "7"}
PAYMENT = {
    "source_id": "p_1",
    "amount": "12.50",
    "currency": "EUR",
    "status": "succeeded",
    "customer_id": "7",
    "invoice_id": "in_1",
}
ENRICHING = """
pipeline: dun
sources: [{ type: document.created, match: invoice }]
actions:
  - enrich.entity: { kind: customer, external_id: $event.payload.customer_id }
destinations:
  - log: { body: { email: $entity.customer.email } }
"""


@pytest.fixture
def books(plant):
    """A plant that knows the connection its documents come from."""
    return Books(plant)


class Books:
    """Ingests documents of any type, and asks what the graph knows of them."""

    def __init__(self, plant):
        self.plant, self.graph = plant, plant.graph

    def take(self, kind, *payloads, key=None, retire=(), work=True):
        """Commit a page of documents, and carry what follows from it."""
        page = Ingest(self.plant.store, Registry(), ORIGIN)
        drafts = [
            Draft(json.dumps(one).encode(), (key or identity)(one), None, None, None, source_id_fixed=False)
            for one in payloads
        ]
        answer = page.emit(0, "stream", kind, drafts, continue_on_error=True, last=True)
        assert not answer.rejected
        for one in retire:
            page.retire("stream", kind, one, None)
        with self.plant.store.write() as uow:
            page.write(uow, self.plant.clock.now())
        self.plant.clock.pass_time(seconds=1)
        return self.plant.work() if work else 0

    def find(self, kind, key):
        found = self.graph.find(ORG, kind, key)
        return None if found is None else found.traits

    def edges(self, kind, key):
        return {
            (spell(one.edge[0]), one.edge[1], spell(one.edge[2])) for one in self.graph.relationships(ORG, kind, key)
        }

    def happened(self, source):
        return [one.subject for one in self.plant.events(source)]


def identity(payload):
    return payload.get("customer_id") if "name" in payload else payload.get("source_id")


def spell(key):
    return ":".join(key)


BILLED = ("invoice:in_1", "BILLED", "customer:7")
OWES = ("customer:7", "OWES", "invoice:in_1")


def test_customers_invoices_and_payments_are_in_the_graph(books):
    """Whichever comes first: an edge waits for its end, and joins the graph with it."""
    books.take("invoice", OPEN)
    assert books.find("invoice", "in_1")["status"] == "open"
    assert books.edges("invoice", "in_1") == set()
    assert books.find("customer", "7") is None
    books.take("customer", ADA)
    assert books.find("customer", "7") == {"email": "ada@b.co"}
    assert books.edges("customer", "7") == {BILLED, OWES}
    books.take("payment", PAYMENT)
    assert books.edges("payment", "p_1") == {
        ("customer:7", "PAID", "payment:p_1"),
        ("payment:p_1", "PAID", "invoice:in_1"),
    }


def test_a_document_that_changes_stands_for_what_it_says_now(books):
    """What it does not say any longer, nobody says: a trait, and that somebody owes."""
    books.take("customer", {**ADA, "phone": "1"})
    books.take("invoice", OPEN)
    books.take("invoice", {**OPEN, "status": "paid"})
    books.take("customer", ADA)
    assert books.edges("invoice", "in_1") == {BILLED}
    assert books.find("customer", "7") == {"email": "ada@b.co"}
    assert books.happened("entity.updated") == ["entity:invoice:in_1", "entity:customer:7"]


def test_what_is_retired_leaves_and_what_is_revived_comes_back(books):
    """An edge to it is hidden while it is gone, since the invoice still says it."""
    books.take("customer", ADA)
    books.take("invoice", OPEN)
    books.take("customer", retire=["7"])
    assert (books.find("customer", "7"), books.edges("invoice", "in_1")) == (None, set())
    books.take("customer", ADA)
    assert books.edges("customer", "7") == {BILLED, OWES}
    books.take("invoice", retire=["in_1"])
    assert (books.find("invoice", "in_1"), books.edges("customer", "7")) == (None, set())


def test_a_pipeline_finds_what_was_ingested_before_its_event(books):
    """Even when both came in one page: what documents stand for is there first."""
    books.plant.deploy(ENRICHING)
    books.take("customer", ADA, work=False)
    books.take("invoice", OPEN)
    (row,) = books.plant.rows()
    assert json.loads(row.body) == {"email": "ada@b.co"}


def test_a_streams_own_syncs_and_projections_never_touch_each_other(books):
    """Neither deletes what the other claims, and one that leaves takes only its own traits along."""
    books.take("customer", ADA)
    source = f"connection:{ORIGIN.connection}/stream"
    books.graph.sync(ORG, source, None, [EntityDraft("customer", "7", None, None, {"tier": "gold"})], [])
    assert books.find("customer", "7") == {"email": "ada@b.co", "tier": "gold"}
    books.graph.sync(ORG, source, None, [], [])
    assert books.find("customer", "7") == {"email": "ada@b.co"}
    books.graph.sync(ORG, source, None, [EntityDraft("customer", "7", None, None, {"tier": "gold"})], [])
    books.take("customer", retire=["7"])
    assert books.find("customer", "7") == {"tier": "gold"}


def test_two_documents_may_stand_for_one_entity(books):
    """In one page, too; when one is retired the other's traits stay."""
    twice = {"email": "ada@b.co"}
    keys = iter(["a", "b"])
    books.take("customer", ADA, {**ADA, "email": None, "phone": "1"}, key=lambda _one: next(keys))
    assert books.find("customer", "7") == {**twice, "phone": "1"}
    books.take("customer", retire=["a"])
    assert books.find("customer", "7") == {"phone": "1"}
    books.take("customer", retire=["b"])
    assert books.find("customer", "7") is None


def test_an_edge_that_two_documents_say_stays_with_the_other(books):
    """A deletion by one of them is none for who reads."""
    books.graph.write(ORG, "write", [EntityDraft("customer", "7")], [])
    books.take("invoice", OPEN)
    edge = RelationshipDraft("invoice", "in_1", "BILLED", "customer", "7", {"by": "hand"})
    books.graph.write(ORG, "write", [EntityDraft("invoice", "in_1")], [edge])
    books.take("invoice", retire=["in_1"])
    assert books.edges("customer", "7") == {BILLED}


def test_a_large_page_is_carried_once_however_often_its_worker_is_lost(books):
    """Nothing is made twice: each customer is told of once, and a stale claim does nothing."""
    many = [{**ADA, "customer_id": str(number)} for number in range(PROJECTED_AT_ONCE + 50)]
    books.take("customer", *many, work=False)
    ((first,), _) = books.plant.claim().values()
    draining = threading.Event()
    draining.set()
    Reactor(books.plant.store, books.plant.clock, books.graph, draining).execute(first)
    assert len(books.happened("entity.created")) == PROJECTED_AT_ONCE
    ((second,), _) = books.plant.claim().values()
    books.plant.lose_workers()
    books.plant.work()
    books.plant.reactor.execute(first)
    books.plant.reactor.execute(second)
    assert len(books.happened("entity.created")) == len(set(books.happened("entity.created"))) == len(many)
    assert books.happened("entity.updated") == []


def test_a_pipeline_does_not_meet_what_was_there_before_it(books):
    """Events that waited only to be projected go no further, whoever is deployed meanwhile."""
    books.take("invoice", OPEN, work=False)
    books.plant.deploy("pipeline: documents\nsources: [{ type: document.created }]\ndestinations: [{ log: {} }]\n")
    books.plant.work()
    assert (books.plant.rows(), books.find("invoice", "in_1")["status"]) == ([], "open")
    books.take("customer", ADA)
    assert [json.loads(row.body)["type"] for row in books.plant.rows()] == ["customer"]


def test_what_stands_for_nothing_is_not_carried(books):
    """Without a pipeline there is no work to be done for it."""
    spent = {"source_id": "e", "amount": "1", "currency": "EUR", "status": "paid"}
    assert books.take("expense", spent) == 0
    assert books.take("customer", ADA) == 1


def test_a_document_that_the_graph_does_not_take_holds_up_nobody(books):
    """It is told of in the log; its neighbours are in the graph."""
    endless = {**OPEN, "source_id": "in_0", "customer_id": "x" * 3_000}
    books.take("invoice", endless, OPEN)
    assert books.find("invoice", "in_1")["status"] == "open"
    assert books.graph.list(ORG, kind="invoice", limit=10)[0][0].external_id == "in_1"


def test_a_foreground_run_carries_what_is_little_and_no_pipelines(books):
    """Much is left to a daemon, and so is whatever a pipeline is to meet."""
    carrying = Carrying(books.plant.store, books.plant.queue, lambda: books.plant.reactor)
    books.take("customer", ADA, work=False)
    carrying.carry(ORG, ORIGIN.connection_id)
    assert books.find("customer", "7") == {"email": "ada@b.co"}
    for number in range(FEW + 1):
        books.take("customer", {**ADA, "customer_id": str(number)}, work=False)
    carrying.carry(ORG, ORIGIN.connection_id)
    assert books.find("customer", "0") is None
    books.plant.work()
    books.plant.deploy(ENRICHING)
    books.take("customer", {**ADA, "customer_id": "later"}, work=False)
    carrying.carry(ORG, ORIGIN.connection_id)
    assert books.find("customer", "later") is None


def test_numbers_tell_of_documents_by_their_type(books):
    """Of thousands of sources nobody would read."""
    books.take("customer", ADA, {**ADA, "customer_id": "8"})
    books.take("invoice", OPEN)
    told = {one["source"]: one for one in books.graph.reads.stats(ORG)["by_source"]}
    (customers, invoices) = sorted(told)
    assert (customers.endswith("/customer"), invoices.endswith("/invoice")) == (True, True)
    assert (told[customers]["entities"], told[invoices]["entities"], told[invoices]["relationships"]) == (2, 1, 2)


def test_a_source_keeps_its_name_when_its_connection_is_removed():
    """So what it claims is still its own; and the document can be told from it."""
    source = source_of("acme", "invoice", (3, 5))
    assert source.startswith("document:acme/invoice/doc_")
    assert source_of("acme (removed 0198a7)", "invoice", (3, 5)) == source
    assert document_of(source) == (3, 5)
    assert document_of("connection:acme/invoice") is None
