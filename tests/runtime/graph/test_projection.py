"""What a document stands for in the graph follows from its contract and its payload alone."""

import pytest
from tests.payloads import FULL

from levada._graph_vocabulary import ENTITY_CLASSES, VERBS
from levada.contracts import CONTRACTS, CustomerPayload, InvoicePayload, PaymentPayload
from levada_runtime.contracts.projections import unknown_word, unprojectable
from levada_runtime.contracts.registry import Registry
from levada_runtime.graph.checks import check_batch
from levada_runtime.graph.operations import batch_of
from levada_runtime.graph.projection import NOTHING, projected
from levada_runtime.graph.vocabulary import Vocabulary

PROJECTED = sorted(Registry().projected)
BOUGHT = {"source_id": "in_1", "status": "open", "currency": "EUR", "total_amount": "12.50", "customer_id": "7"}


def edges(contract, payload):
    return [one.edge for one in projected(contract, payload)[1]]


def test_a_customer_is_an_account_by_its_name():
    """Its fields are traits; those that are empty assert nothing, and an address is none."""
    payload = {"customer_id": "7", "name": "Ada", "email": "a@b.co", "phone": None, "address": {"city": "Paris"}}
    (entity,), relationships = projected(CustomerPayload, payload)
    assert (entity.key, entity.class_, entity.display_name) == (("customer", "7"), "Account", "Ada")
    assert entity.traits == {"email": "a@b.co"}
    assert relationships == []


def test_an_open_invoice_bills_its_customer_who_owes_it():
    """Both relationships carry the money; the invoice is an entity of its own."""
    (entity,), (billed, owes) = projected(InvoicePayload, {**BOUGHT, "amount_due": "2.50"})
    assert entity.key == ("invoice", "in_1")
    assert entity.traits == {"status": "open", "currency": "EUR", "total_amount": "12.50", "amount_due": "2.50"}
    assert billed.edge == (("invoice", "in_1"), "BILLED", ("customer", "7"))
    assert billed.properties == {"currency": "EUR", "total_amount": "12.50"}
    assert owes.edge == (("customer", "7"), "OWES", ("invoice", "in_1"))
    assert owes.properties == {"currency": "EUR", "total_amount": "12.50", "amount_due": "2.50"}


@pytest.mark.parametrize(
    ("status", "verbs"), [("paid", ["BILLED"]), ("uncollectible", ["BILLED"]), ("draft", []), ("void", [])]
)
def test_nothing_is_owed_for_an_invoice_that_is_not_open(status, verbs):
    """Neither does one bill anybody that was never sent or was taken back."""
    assert [verb for _, verb, _ in edges(InvoicePayload, {**BOUGHT, "status": status})] == verbs


def test_a_payment_leads_from_who_paid_to_what_was_paid():
    """Unless the money did not move after all, however that is spelled."""
    payment = {"source_id": "p1", "amount": "5", "currency": "EUR", "customer_id": "7", "invoice_id": "in_1"}
    own, paid = ("payment", "p1"), "PAID"
    expected = [(("customer", "7"), paid, own), (own, paid, ("invoice", "in_1"))]
    assert edges(PaymentPayload, {**payment, "status": "succeeded"}) == expected
    assert edges(PaymentPayload, {**payment, "status": "Failed"}) == []


def test_each_line_leads_to_its_item_once():
    """Lines without one lead nowhere."""
    lines = [{"item_id": "a"}, {"item_id": "b"}, {"item_id": "a"}, {"item_id": None}, {}]
    found = edges(InvoicePayload, {**BOUGHT, "customer_id": None, "line_items": lines})
    assert found == [(("invoice", "in_1"), "CONTAINS", ("item", one)) for one in "ab"]


@pytest.mark.parametrize("kind", PROJECTED)
def test_the_graph_takes_what_every_type_stands_for(kind):
    """From a full payload: a known class, known verbs, flat values, and no edge twice."""
    contract = CONTRACTS[kind]
    document = contract.model_validate(FULL[kind])
    document.complete()
    payload = document.model_dump(mode="json")
    entities, relationships = projected(contract, payload)
    assert [one.key for one in entities] == [(kind, payload[contract.identity_field])]
    assert contract.projection.name is None or entities[0].display_name
    check_batch(Vocabulary(), entities, relationships)
    assert len(batch_of(entities, relationships).relationships) == len(relationships)
    assert unprojectable(contract) is None
    assert unknown_word(contract.projection, ENTITY_CLASSES, VERBS) is None


def test_what_moves_by_the_thousand_stands_for_nothing():
    """Movements on accounts stay documents, which pipelines may take up."""
    assert set(CONTRACTS) - set(PROJECTED) == {
        "bank_transaction",
        "bank_transfer",
        "deposit",
        "expense",
        "journal_entry",
    }
    assert projected(CONTRACTS["expense"], {"source_id": "e1"}) == NOTHING
    assert projected(None, {"source_id": "e1"}) == NOTHING
