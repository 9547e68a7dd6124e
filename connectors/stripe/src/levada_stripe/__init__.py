"""Stripe: customers, invoices, payments and refunds, by polling and by webhook.

A payment is a payment intent. A charge is one attempt to carry an intent out, so a charge that belongs to one is part
of that payment and no document of its own; only a charge made without an intent, as older integrations do, is a payment
by itself. Nothing is counted twice, and a refund names its payment in the same way: the intent, or the charge where
there is none.

Each poll reads its list once from end to end and then follows events (`levada_stripe.reading`); the webhook takes the
same events as they happen. Both give an object the same key, and an older state never replaces a newer one, so they
may run side by side, or either of them alone.
"""

from datetime import datetime

from levada import (
    Checkpoint,
    Connector,
    Http,
    Ingest,
    Log,
    Request,
    bearer,
    from_setting,
    secret,
    stripe_signature,
    url,
)
from levada_stripe.changes import changes_in
from levada_stripe.kinds import CHARGES, CUSTOMERS, INTENTS, INVOICES, REFUNDS, kind_told_of
from levada_stripe.reading import VERSION, Reading, apply

connector = Connector(
    "stripe",
    title="Stripe",
    hosts=[from_setting("api_base")],
    auth=bearer("api_key"),
    settings=[
        url(
            "api_base",
            title="API address",
            help="Where Stripe's API answers; another one only for a proxy or a test.",
            default="https://api.stripe.com",
        ),
        secret(
            "api_key",
            title="API key",
            help="A restricted key with reading rights for customers, invoices, charges and refunds, payment intents "
            "and events.",
        ),
        secret(
            "webhook_secret",
            title="Webhook signing secret",
            help="Of the endpoint in Stripe's dashboard, whsec_…; only needed for the webhook.",
            required=False,
        ),
    ],
)


@connector.check
def check(http: Http) -> None:
    """Stripe answers and accepts the API key; any account has a list of customers, though it may be empty."""
    http.get("/v1/customers", params={"limit": 1}, headers=VERSION).raise_for_status()


@connector.poll("customers", every="H/15 * * * *", emits=("customer",))
def customers(http: Http, ingest: Ingest, checkpoint: Checkpoint, log: Log, now: datetime) -> None:
    """Customers; those deleted at Stripe are retired."""
    Reading(CUSTOMERS, http, ingest, checkpoint, log, now).go_on()


@connector.poll("invoices", every="H/15 * * * *", emits=("invoice",))
def invoices(http: Http, ingest: Ingest, checkpoint: Checkpoint, log: Log, now: datetime) -> None:
    """Invoices with all their lines, from draft to paid, void or uncollectible; deleted drafts are retired."""
    Reading(INVOICES, http, ingest, checkpoint, log, now).go_on()


@connector.poll("payments", every="H/15 * * * *", emits=("payment",))
def payments(http: Http, ingest: Ingest, checkpoint: Checkpoint, log: Log, now: datetime) -> None:
    """Payment intents, and the charges that were made without one."""
    for kind in (INTENTS, CHARGES):
        Reading(kind, http, ingest, checkpoint.partition(object=kind.object), log, now).go_on()


@connector.poll("refunds", every="H/15 * * * *", emits=("refund_receipt",))
def refunds(http: Http, ingest: Ingest, checkpoint: Checkpoint, log: Log, now: datetime) -> None:
    """Refunds, with the payment that each gives back."""
    Reading(REFUNDS, http, ingest, checkpoint, log, now).go_on()


@connector.webhook(
    "events",
    verify=stripe_signature("webhook_secret"),
    delivery_id="$.id",
    emits=("customer", "invoice", "payment", "refund_receipt"),
)
def events(request: Request, http: Http, ingest: Ingest, log: Log) -> None:
    """Stripe's events as they happen: each becomes the document that a poll would make of it."""
    event = request.json
    kind = kind_told_of(event.get("type"))
    if kind is None or event.get("account"):
        # An account's name is on the events of others, which a platform's endpoint may be sent.
        log.debug("an event that is no concern of this connection", type=event.get("type"), id=event.get("id"))
        return
    for change in changes_in([event]):
        apply(kind, http, ingest, [change], change.at)
