"""Polling by hand: documents, versions, retirements, quarantine, and a second poll that changes nothing."""

import pytest

pytestmark = pytest.mark.journey

WRITTEN = ("documents", "versions", "events", "pages")


def counted(site):
    return {table: site.rows(f"SELECT count(*) FROM {table}")[0][0] for table in WRITTEN}


def test_what_the_source_serves_is_what_the_store_holds(site, source):
    """Every customer and every valid invoice is a document with its payload; the invalid ones are quarantined."""
    served = source.served
    run = site.json("run", "acme", "customers")
    assert run["state"] == "succeeded"
    assert run["counts"]["created"] == len(served.customers)
    assert run["sandbox_level"] in {"L2", "L3"}
    ended = site.runtime("run", "acme", "invoices", "--json", code=4).json
    assert ended["ok"]
    assert ended["result"]["state"] == "partial"
    assert ended["result"]["counts"]["failed"] == len(served.invalid)

    customers = site.json("documents", "list", "--type", "customer")["items"]
    by_id = {int(document["source_id"]): document for document in customers}
    assert set(by_id) == set(served.customers)
    for number, row in served.customers.items():
        document = by_id[number]
        assert document["payload"]["name"] == row["name"].strip()
        assert document["idempotency_key"] == f"acme:customer:{number}"
        assert document["version"] == 1
        assert document["provenance"]["connection"] == "acme"
        assert document["provenance"]["run"] == run["id"]
    invoices = site.json("documents", "list", "--type", "invoice")["items"]
    assert {int(document["source_id"]) for document in invoices} == set(served.invoices)


@pytest.mark.databases("sqlite")
def test_refused_records_are_quarantined_with_path_and_message(site, source):
    """Each record that failed is kept with what is wrong with it, and once, however often it comes back."""
    site.runtime("run", "acme", "invoices", code=4)
    items = site.json("quarantine", "list", "--limit", "1000")["items"]
    assert {
        int(item["source_id"] or item["idempotency_key"].rsplit(":", 1)[1]) for item in items
    } == source.served.invalid
    for item in items:
        assert item["reason"] == "validation_failed"
        assert item["payload"]
        assert item["errors"]
        assert all(error["path"] and error["message"] for error in item["errors"])
    assert site.json("quarantine", "show", items[0]["id"])["message"] == items[0]["message"]
    site.runtime("quarantine", "discard", items[0]["id"])
    assert len(site.json("quarantine", "list")["items"]) == len(items) - 1


@pytest.mark.databases("sqlite")
def test_a_second_poll_of_an_unchanged_source_writes_nothing(site, source):
    """Everything is unchanged, and no document, version, event or page row is written."""
    site.runtime("run", "acme", "customers")
    before = counted(site)
    again = site.json("run", "acme", "customers")
    assert counted(site) == before
    assert again["counts"]["unchanged"] > 0
    assert {name: again["counts"][name] for name in ("created", "updated", "retired", "failed")} == {
        "created": 0,
        "updated": 0,
        "retired": 0,
        "failed": 0,
    }


def test_a_changed_customer_makes_version_two_and_a_deleted_one_is_retired(site, source):
    """Only what the source changed is written, as versions; what it deleted is retired and stays readable."""
    site.runtime("run", "acme", "customers")
    before = source.served
    source.advance()
    after = source.served
    changed = {
        key for key in before.customers.keys() & after.customers.keys() if before.customers[key] != after.customers[key]
    }
    deleted = before.customers.keys() & after.deleted
    new = after.customers.keys() - before.customers.keys()
    assert changed
    assert deleted
    assert new
    run = site.json("run", "acme", "customers")
    assert run["counts"]["updated"] == len(changed)
    assert run["counts"]["retired"] == len(deleted)
    assert run["counts"]["created"] == len(new)
    documents = {
        int(one["source_id"]): one for one in site.json("documents", "list", "--type", "customer", "--retired")["items"]
    }
    current = site.json("documents", "list", "--type", "customer")["items"]
    assert {int(one["source_id"]) for one in current} == set(after.customers)
    assert {number for number, one in documents.items() if one["version"] == 2} == changed
    assert {number for number, one in documents.items() if one["retired_at"]} == deleted
    one = documents[min(changed)]
    versions = site.json("documents", "versions", one["id"])["items"]
    assert [version["version"] for version in versions] == [2, 1]
    paths = {change["path"] for change in site.json("documents", "diff", one["id"])["changes"]}
    assert "updated_at" in paths


@pytest.mark.databases("sqlite")
def test_a_run_goes_on_from_its_checkpoint(site, source):
    """A later run asks only for what changed since."""
    first = site.json("run", "acme", "customers")
    second = site.json("run", "acme", "customers")
    assert first["checkpoint"]["before"] is None
    assert second["checkpoint"]["before"] == first["checkpoint"]["after"]
    assert second["http"]["requests"] < first["http"]["requests"]
    assert second["pages"] < first["pages"]


@pytest.mark.databases("sqlite")
def test_the_secret_is_nowhere_in_what_the_installation_keeps_or_says(site, source):
    """The API key is sealed in the store and masked wherever something is said."""
    site.runtime("run", "acme", "customers")
    shown = site.runtime("connections", "show", "acme", "--json").out
    assert source.api_key not in shown
    assert "api_key" in shown
    for path in site.data_dir.iterdir():
        assert source.api_key.encode() not in path.read_bytes(), path.name
    for name in site.tables():
        assert source.api_key not in repr(site.rows(f"SELECT * FROM {name}")), name
