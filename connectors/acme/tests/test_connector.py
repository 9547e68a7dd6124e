"""The connector: what every connector must keep, and what this one makes of Acme's rows."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import urlencode

import pytest

import levada_acme
from levada import AuthFailed, Response
from levada.testing import ConnectorConformance
from levada_acme.sample.book import Book
from levada_acme.sample.push import payment_event


def served(book):
    """A script that answers from Acme's book, three rows a page."""

    def answer(sent):
        kind = sent.path.strip("/")
        since, after = sent.params.get("since", ""), int(sent.params.get("after", 0))
        rows, more = book.page(kind, since=since, after=after, size=3)
        link = urlencode({"since": rows[-1]["updated_at"], "after": rows[-1]["id"]}) if more else None
        headers = {"Link": f'<{sent.url}?{link}>; rel="next"'} if link else {}
        return Response(200, headers, json.dumps(rows).encode())

    return {"/customers": answer, "/invoices": answer, "/account": {"account": "Acme"}}


def new_book(**words):
    return Book(**{"seed": 11, "customers": 10, "invoices": 8, "invalid": 0, **words})


def aged_book():
    """A book in which some customers have changed and some are gone."""
    book = new_book(invalid=3)
    book.advance()
    book.advance()
    return book


def told(state, at):
    """An event of one payment."""
    payment = {**new_book(nonce="n-7").settle(), "state": state}
    return {**payment_event(payment), "at": at}


DELIVERIES = {"events": [told("settled", "2026-03-01T00:00:00Z"), told("returned", "2026-03-05T00:00:00Z")]}


AGED = aged_book()
CHANGED = sorted({levada_acme.changed_at(row) for row in AGED.served().invoices.values()})
SPANS = {"invoices": (CHANGED[0], *CHANGED[2:-1:2], CHANGED[-1] + timedelta(seconds=1))}


class TestAcme(ConnectorConformance):
    connector = levada_acme.connector
    http = served(AGED)
    webhooks = DELIVERIES
    backfills = SPANS


def test_windows_that_meet_read_every_invoice_once(connector_run):
    """Each invoice is in the window that it changed in, whatever page it comes on."""
    book = new_book(invoices=20)
    acme = connector_run(levada_acme.connector, http=served(book))
    changed = {key: levada_acme.changed_at(row) for key, row in book.served().invoices.items()}
    edges = [min(changed.values()) + timedelta(seconds=second) for second in (0, 2, 4, 60)]
    expected = set()
    for start, end in pairwise(edges):
        run = acme.backfill("invoices", start, end)
        inside = {f"acme:invoice:{key}" for key, at in changed.items() if start <= at < end}
        expected |= inside
        assert inside
        assert sum(batch.created for batch in run.batches) == sum(batch.count for batch in run.batches) == len(inside)
        assert set(run.documents) == expected
    assert len(expected) == len(changed)


def test_a_window_that_was_cut_short_goes_on_from_its_page(connector_run):
    """What was committed of it is not asked for again."""
    book = new_book(invoices=20)
    acme = connector_run(levada_acme.connector, http=served(book))
    start = datetime(2026, 3, 1, tzinfo=UTC)
    assert acme.backfill("invoices", start, start + timedelta(days=1), kill_after=2).killed
    run = acme.backfill("invoices", start, start + timedelta(days=1))
    assert run.requests[0].params["since"] == list(book.served().invoices.values())[5]["updated_at"]
    assert set(run.documents) == {f"acme:invoice:{key}" for key in book.served().invoices}


def test_an_event_becomes_a_payment(connector_run):
    """With the customer and the invoice it is for, and the newest word of its state."""
    acme = connector_run(levada_acme.connector)
    settled = told("settled", "2026-03-01T00:00:00Z")
    run = acme.webhook("events", json=settled)
    payment = run.documents["acme:payment:90001"]
    assert (payment["source_id"], payment["status"], payment["payment_method_type"]) == ("90001", "settled", "wire")
    assert payment["invoice_id"] == str(settled["payment"]["invoice"]["id"])
    assert payment["metadata"] == {"nonce": "n-7"}
    acme.webhook("events", json=told("returned", "2026-03-05T00:00:00Z"))
    late = acme.webhook("events", json=settled)
    assert late.documents["acme:payment:90001"]["status"] == "returned"


def test_an_event_of_another_kind_is_let_go(connector_run):
    """Acme may tell more than this connector wants to know."""
    run = connector_run(levada_acme.connector).webhook("events", json={"id": "evt_1", "type": "dispute.opened"})
    assert len(run.documents) == 0


def test_every_row_becomes_a_document(connector_run):
    """One a customer and one an invoice, with the key that its number gives."""
    book = new_book()
    acme = connector_run(levada_acme.connector, http=served(book))
    acme.poll("customers")
    run = acme.poll("invoices")
    truth = book.served()
    expected = {f"acme:customer:{number}" for number in truth.customers}
    expected |= {f"acme:invoice:{number}" for number in truth.invoices}
    assert set(run.documents) == expected
    assert run.failed_records == ()


def test_a_customer_is_renamed_and_cleaned(connector_run):
    """Names lose the spaces they were typed with; tags stay as metadata."""
    row = {
        "id": 7, "name": " Ada Abbott ", "company": "Abbott Press", "email": "ada@customers.test", "phone": "+351 2",
        "currency": "EUR", "balance": "12.50", "address": {"line1": "1 Market Street", "city": "Porto"},
        "tags": {"segment": "trade"}, "deleted": False,
        "created_at": "2026-03-01T00:00:00.000Z", "updated_at": "2026-03-02T00:00:00.000Z",
    }  # fmt: skip
    run = connector_run(levada_acme.connector, http={"/customers": [row]}).poll("customers")
    customer = run.documents["acme:customer:7"]
    assert (customer["customer_id"], customer["name"], customer["balance"]) == ("7", "Ada Abbott", "12.50")
    assert customer["billing_address"]["city"] == "Porto"
    assert customer["metadata"] == {"segment": "trade"}


def test_an_invoices_lines_are_numbered(connector_run):
    """From one, in Acme's order."""
    book = new_book()
    run = connector_run(levada_acme.connector, http=served(book)).poll("invoices")
    for number, row in book.served().invoices.items():
        invoice = run.documents[f"acme:invoice:{number}"]
        assert invoice["total_amount"] == row["total"]
        assert [line["line_number"] for line in invoice["line_items"]] == list(range(1, len(row["lines"]) + 1))


def test_each_page_ends_with_its_checkpoint(connector_run):
    """Ten customers in pages of three are four pages, and the route's return closes an empty fifth."""
    book = new_book()
    run = connector_run(levada_acme.connector, http=served(book)).poll("customers")
    last = max(row["updated_at"] for row in book.served().customers.values())
    assert run.checkpoint == {"since": last}
    assert len(run.batches) == 4


def test_the_next_run_asks_from_the_last_page_on(connector_run):
    """And meets only what has changed since, with the row of that very moment."""
    book = new_book()
    acme = connector_run(levada_acme.connector, http=served(book))
    since = acme.poll("customers").checkpoint["since"]
    quiet = acme.poll("customers")
    assert quiet.requests[0].params == {"since": since}
    assert [(batch.count, batch.unchanged) for batch in quiet.batches] == [(1, 1)]


def test_changes_are_followed(connector_run):
    """Changed customers get a new version, deleted ones are retired, paid invoices are paid."""
    book = new_book(customers=40)
    acme = connector_run(levada_acme.connector, http=served(book))
    for stream in ("customers", "invoices"):
        acme.poll(stream)
    book.advance()
    customers = acme.poll("customers")
    invoices = acme.poll("invoices")
    truth = book.served()
    assert truth.deleted
    assert {result.outcome for result in customers.retired} == {"retired"}
    assert len(customers.retired) == len(truth.deleted)
    assert {key for key in customers.documents if "customer" in key} == {f"acme:customer:{n}" for n in truth.customers}
    for number, row in truth.invoices.items():
        assert invoices.documents[f"acme:invoice:{number}"]["status"] == row["state"]


def test_wrong_invoices_are_refused_one_by_one(connector_run):
    """Each with its reason, and their neighbours are kept."""
    book = new_book(invalid=3)
    run = connector_run(levada_acme.connector, http=served(book)).poll("invoices")
    assert len(run.documents) == 5
    assert {int(failed.source_id) for failed in run.failed_records} == book.served().invalid
    paths = {error.path for failed in run.failed_records for error in failed.errors}
    assert paths == {"currency", "total_amount", "line_items[0].quantitty"}


def test_the_check_fails_with_a_key_that_acme_does_not_accept(connector_run):
    """And passes with one it does."""
    connector_run(levada_acme.connector, http={"/account": {}}).check()
    with pytest.raises(AuthFailed):
        connector_run(levada_acme.connector, http={"/account": Response(401)}).check()


def test_the_connector_does_not_load_its_sample_source():
    """The sandbox would refuse http.server, and a connection has no use for it."""
    import subprocess
    import sys

    code = "import sys, levada_acme; sys.exit('levada_acme.sample' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
