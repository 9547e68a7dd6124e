"""What pipelines would do about an observed run is in its plan, and nowhere else."""

import pytest

PIPELINE = """
pipeline: balances
sources:
  - type: document.created
    match: customer
actions:
  - upsert.entity:
      kind: customer
      external_id: $event.payload.customer_id
      traits: { balance: $event.payload.balance, city: $event.payload.billing_address.city }
  - filter:
      where: $entity.customer.balance > "2000"
  - transform:
      body: { id: $event.payload.customer_id, city: $entity.customer.city, version: $event.document.version }
destinations:
  - webhook.out: { url: "https://crm.example.test/customers" }
"""
FOLLOWING = """
pipeline: cities
sources:
  - type: entity.created
    match: customer
actions:
  - filter:
      where: $event.payload.traits.balance > "2000"
destinations:
  - log: {}
"""


@pytest.fixture
def observed(installation):
    installation.pipelines.deploy(installation.org, PIPELINE, "balances.yaml")
    installation.pipelines.deploy(installation.org, FOLLOWING, "cities.yaml")
    connection = installation.connections.get(installation.org, "acme")
    run = installation.runs.observe(installation.org, connection, "customers", lambda _run: None)
    return installation.run_library.plan(installation.org, run.plan_id)


def test_the_plan_holds_what_would_be_delivered_and_written(installation, observed, source):
    """One body for each customer that the filter lets through, rendered; the entities; and what follows from them."""
    rich = {str(row["id"]) for row in source.served.customers.values() if float(row["balance"]) > 2000}
    assert rich
    sent = [one for one in observed["deliveries"] if one["pipeline"] == "balances"]
    assert {one["body"]["id"] for one in sent} == rich
    assert all(one["body"]["city"] and one["body"]["version"] == 1 for one in sent)
    assert {one["destination"] for one in sent} == {"https://crm.example.test/customers"}
    assert len(observed["entities"]) == len(source.served.customers)
    assert {one["outcome"] for one in observed["entities"]} == {"created"}
    following = [one for one in observed["deliveries"] if one["pipeline"] == "cities"]
    assert {one["body"]["payload"]["external_id"] for one in following} == rich


def test_nothing_of_a_rehearsal_is_kept(installation, observed):
    """No entity, no delivery, no event, no work."""
    with installation.store.engine.connect() as opened:
        for table in ("entities", "entity_claims", "deliveries", "events", "work", "documents"):
            assert opened.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0, table
