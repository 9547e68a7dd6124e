"""The connector: what every connector must keep, what counts as one payment, and what events by webhook do."""

import pytest

from levada import AuthFailed, Response
from levada.testing import ConnectorBench, ConnectorConformance
from levada_stripe import connector
from levada_stripe.kinds import KINDS
from levada_stripe.reading import API_VERSION


def filled(shop):
    """Return a shop in which things have happened."""
    for number in range(7):
        shop.put("customer", number, name=f"Customer {number}", currency="eur")
        shop.put("invoice", number, status="draft", currency="eur", total=100 * number)
        shop.put("payment_intent", number, amount=100, currency="eur", status="processing")
        intent = f"payment_intent_{number}" if number > 3 else None
        paid = {"amount": 100, "currency": "eur", "status": "succeeded", "payment_intent": intent}
        shop.put("charge", number, **paid, told="charge.succeeded")
        shop.put("refund", number, amount=10, currency="eur", status="pending", charge=f"charge_{number}")
        shop.later()
    shop.later(3600)
    shop.put("customer", 2, name="Changed")
    shop.put("invoice", 3, status="paid", told="invoice.paid")
    shop.put("refund", 3, status="succeeded")
    shop.put("payment_intent", 6, status="canceled", told="payment_intent.canceled")
    shop.delete("customer", 4)
    shop.delete("invoice", 4)
    shop.later(30)
    return shop


@pytest.fixture(params=[{"newest_first": True}, {"newest_first": False}, {"events": "none", "newest_first": False}])
def stripe(request, shop_class):
    """A shop that lists newest first, as Stripe does; oldest first; and without events."""
    return filled(shop_class(**request.param))


class TestStripe(ConnectorConformance):
    connector = connector

    @pytest.fixture(autouse=True)
    def _source(self, stripe):
        type(self).http = stripe.script()
        type(self).webhooks = {"events": stripe.events}


def test_an_intent_and_its_charges_are_one_payment(shop_class):
    """Two attempts and the intent are one document; a charge without an intent is a payment of its own."""
    shop = shop_class()
    shop.put("payment_intent", 1, amount=500, amount_received=500, currency="eur", status="succeeded")
    paid = {"amount": 500, "currency": "eur", "status": "succeeded", "told": "charge.succeeded"}
    shop.put("charge", 1, **{**paid, "status": "failed"}, payment_intent="payment_intent_1")
    shop.put("charge", 2, **paid, payment_intent="payment_intent_1")
    shop.put("charge", 3, **{**paid, "amount": 700}, payment_intent=None)
    bench = shop.bench()
    shop.poll(bench, "payments")
    assert set(bench.documents) == {"stripe:payment:payment_intent_1", "stripe:payment:charge_3"}
    for event in shop.events:
        bench.webhook("events", json=event)
    assert sum(float(bench.documents[key]["amount"]) for key in bench.documents) == 12


def test_a_refund_names_the_payment_that_is_there(shop_class):
    """The intent's document when the charge had one, the charge's otherwise."""
    shop = shop_class()
    given = {"amount": 10, "currency": "eur", "status": "succeeded"}
    shop.put("refund", 1, **given, charge="charge_2", payment_intent="payment_intent_1")
    shop.put("refund", 2, **given, charge="charge_3", payment_intent=None)
    run = shop.poll(shop.bench(), "refunds")
    named = [run.documents[f"stripe:refund_receipt:refund_{number}"]["payment_id"] for number in (1, 2)]
    assert named == ["payment_intent_1", "charge_3"]


@pytest.mark.parametrize("by_webhook", [True, False])
def test_a_charges_refund_is_found_on_accounts_of_an_older_version(shop_class, by_webhook):
    """They are told of the charge only, so its refunds are asked for."""
    shop = shop_class()
    bench = shop.bench()
    shop.poll(bench, "refunds")
    shop.later(3600)
    shop.put("charge", 1, amount=500, currency="eur", status="succeeded")
    shop.put("refund", 1, amount=500, currency="eur", status="succeeded", charge="charge_1", told="charge.unheard_of")
    shop.put("refund", 2, amount=500, currency="eur", status="succeeded", charge="charge_2", told="charge.unheard_of")
    event = shop.tell("charge.refunded", shop.rows["charge"]["charge_1"])
    if by_webhook:
        bench.webhook("events", json=event)
    else:
        shop.poll(bench, "refunds")
    assert set(bench.documents) == {"stripe:refund_receipt:refund_1"}


@pytest.mark.parametrize("by_webhook", [True, False])
def test_an_invoice_has_all_its_lines(shop_class, by_webhook):
    """Stripe puts ten into an invoice and gives the rest on request."""
    shop = shop_class(page=10)
    lines = [{"id": f"il_{number}", "amount": number, "currency": "eur"} for number in range(25)]
    inside = {"data": lines[:10], "has_more": True}
    event = shop.put("invoice", 1, status="open", currency="eur", total=300, lines=inside, all_lines=lines[::-1])
    bench = shop.bench()
    if by_webhook:
        bench.webhook("events", json=event)
    else:
        shop.poll(bench, "invoices")
    items = bench.documents["stripe:invoice:invoice_1"]["line_items"]
    assert [item["line_number"] for item in items] == list(range(1, 26))
    assert [item["amount"] for item in items] == [f"{number / 100:.2f}" for number in range(25)]


def test_wrong_objects_are_refused_one_by_one(shop_class):
    """Each with its reason, and its neighbours are kept."""
    shop = shop_class()
    for number, currency in enumerate(["eur", "usdc", "jpy"]):
        shop.put("refund", number, amount=100, currency=currency, status="succeeded")
    run = shop.poll(shop.bench(), "refunds")
    assert len(run.documents) == 2
    assert {(failed.source_id, failed.errors[0].path) for failed in run.failed_records} == {("refund_1", "currency")}


def test_an_event_and_a_poll_make_the_same_document(shop_class):
    """One key, one payload: what the webhook brought is unchanged when it is polled, and the other way round."""
    shop = filled(shop_class())
    hooked, polled = shop.bench(), shop.bench()
    for event in shop.events:
        hooked.webhook("events", json=event)
    for stream in ("customers", "invoices", "payments", "refunds"):
        shop.poll(polled, stream)
        run = shop.poll(hooked, stream)
        assert sum(batch.created + batch.updated for batch in run.batches) == 0
    assert dict(hooked.documents) == dict(polled.documents)
    for event in shop.events:
        run = polled.webhook("events", json=event)
        assert not any(batch.created + batch.updated for batch in run.batches)
    assert dict(hooked.documents) == dict(polled.documents)


def test_deliveries_may_come_twice_and_in_any_order(shop_class):
    """An older state never replaces a newer one, and what was deleted stays so."""
    shop = shop_class()
    shop.put("customer", 1, name="First")
    shop.later()
    shop.put("customer", 1, name="Second")
    shop.later()
    shop.put("customer", 2, name="Gone soon")
    shop.delete("customer", 2)
    bench = shop.bench()
    for event in [*shop.events[::-1], *shop.events, *shop.events[::-1]]:
        bench.webhook("events", json=event)
    assert {key: bench.documents[key]["name"] for key in bench.documents} == {"stripe:customer:customer_1": "Second"}


def test_a_webhook_writes_into_the_stream_that_polls(shop_class):
    """So an operator finds its documents under customers, whichever way they came."""
    bench = shop_class().bench()
    bench.webhook("events", json=shop_class().put("customer", 1, name="Ada"))
    (document,) = bench.ingest.committed.values()
    assert document.stream == "customers"


@pytest.mark.parametrize(
    "event",
    [
        {"id": "evt_1", "object": "event", "type": "invoice.upcoming", "data": {"object": {"object": "invoice"}}},
        {"id": "evt_1", "object": "event", "type": "balance.available", "data": {"object": {"object": "balance"}}},
        {"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found"},
        {
            "id": "evt_1", "type": "customer.created", "created": 1, "account": "acct_7",
            "data": {"object": {"id": "cus_1", "object": "customer"}},
        },
    ],
)  # fmt: skip
def test_other_events_are_passed_over(connector_run, event):
    """With a line for who wonders: types that make no document, and events of connected accounts."""
    run = connector_run(connector).webhook("events", json=event)
    assert not run.documents
    assert [(line.level, line.fields["type"]) for line in run.logs] == [("debug", event["type"])]


def test_each_type_of_event_belongs_to_one_list():
    """And Stripe filters by at most twenty of them."""
    types = [event_type for kind in KINDS for event_type in kind.events]
    assert len(types) == len(set(types))
    assert all(len(kind.events) <= 20 for kind in KINDS)


def test_what_a_stream_may_write_is_declared(connector_run):
    """Streams, types and the scheme of the webhook are in the manifest."""
    manifest = connector.manifest()
    assert {stream.key: stream.emits for stream in manifest.streams} == {
        "customers": ("customer",),
        "invoices": ("invoice",),
        "payments": ("payment",),
        "refunds": ("refund_receipt",),
        "events": ("customer", "invoice", "payment", "refund_receipt"),
    }
    assert manifest.stream("events").verify.kind == "stripe_signature"
    assert manifest.exposed_secrets() == []


def test_the_check_asks_for_one_customer():
    """In the version of the API that everything else is asked for in."""
    asked = ConnectorBench(connector, http={"/v1/customers": {"data": []}}).check().requests
    assert [(one.url, one.params) for one in asked] == [("https://api.stripe.com/v1/customers", {"limit": "1"})]
    assert asked[0].headers["stripe-version"] == API_VERSION
    with pytest.raises(AuthFailed):
        ConnectorBench(connector, http={"/v1/customers": Response(401)}).check()
