"""Customers, invoices and payments that a connector ingests are found in the graph, whoever is killed on the way."""

import pytest

from levada_acme.sample import Faults, SampleSource

pytestmark = [pytest.mark.journey, pytest.mark.databases("sqlite")]

DUN = """
pipeline: dun
sources: [{ type: document.created, match: payment }]
actions:
  - enrich.entity: { kind: customer, external_id: $event.payload.customer_id }
destinations:
  - log: { body: { customer: $event.payload.customer_id, email: $entity.customer.email } }
"""


@pytest.fixture
def source():
    with SampleSource(seed=5, customers=300, invoices=300, faults=Faults(17, 23, 0)) as acme:
        yield acme


@pytest.fixture
def site(new_site, source):
    """An installation whose connection knows what Acme signs with."""
    site = new_site("data")
    site.env["ACME_SIGNING"] = source.signing_secret
    site.runtime("connections", "set", "acme", "--secret", "signing_secret=env:ACME_SIGNING")
    return site


def standing(site, kind):
    """Return how many documents of a type are there, and how many entities of its kind."""
    documents = f"SELECT count(*) FROM documents WHERE document_type = '{kind}' AND retired_at IS NULL"
    entities = f"SELECT count(*) FROM entities WHERE kind = '{kind}' AND deleted_at IS NULL"
    return site.rows(documents)[0][0], site.rows(entities)[0][0]


def carried(site):
    return site.rows("SELECT 1 FROM work WHERE state IN ('queued', 'running')") == []


def test_what_a_connector_ingests_is_found_in_the_graph(site, source, tmp_path, wait_until):
    """A daemon killed half-way makes no entity twice; a path leads from a customer to its payment."""
    (tmp_path / "dun.yaml").write_text(DUN)
    daemon = site.serve()
    runs = site.enqueue("invoices", "customers")
    wait_until(lambda: sum(standing(site, "invoice")) > 100 and standing(site, "invoice")[1] > 0, "some invoices")
    daemon.process.kill()
    daemon.process.communicate()
    site.json("pipelines", "deploy", str(tmp_path / "dun.yaml"))
    daemon = site.serve()
    wait_until(lambda: {site.run_rows()[run][0] for run in runs} <= {"succeeded", "partial"}, "both runs")
    status, number = source.settle(f"{daemon.url}/hooks/acme/events")
    assert status == 202
    wait_until(lambda: standing(site, "payment") == (1, 1) and carried(site), "all of it in the graph")
    for kind in ("customer", "invoice"):
        documents, entities = standing(site, kind)
        assert documents == entities > 250
    created = "SELECT subject FROM events WHERE source = 'entity.created'"
    assert len(site.rows(created)) == len(set(site.rows(created)))

    payment = site.json("documents", "list", "--type", "payment")["items"][0]["payload"]
    customer, paid = payment["customer_id"], str(number)
    path = site.json("graph", "path", "customer", customer, "invoice", payment["invoice_id"], "--verb", "PAID")
    assert [one["to_key"] for one in path["relationships"]] == [paid, payment["invoice_id"]]
    known = site.json("graph", "get", "customer", customer)
    assert known["class"] == "Account"
    (email,) = site.json("why", "entity", "customer", customer, "--trait", "email")["parts"]
    assert email["value"] == known["traits"]["email"]
    assert email["run"] == runs[1]
    (sent,) = site.rows("SELECT body FROM deliveries")
    assert known["traits"]["email"] in str(sent[0])
    again = site.json("graph", "project")
    assert (again["entities_created"], again["entities_updated"], again["entities_deleted"]) == (0, 0, 0)
    daemon.stop()
