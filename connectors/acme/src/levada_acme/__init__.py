"""Acme Billing: customers and invoices by polling, payments by webhook, the invoices of the past by backfill.

Acme serves whatever changed at or after a moment, oldest first, in pages. Each page is one commit: its records, then
the checkpoint that makes the next run go on from there. A row met twice is harmless, since its key is the same. What
Acme pushes is signed; who sends it is proved before the route is run, so that the route has no use for the secret.
"""

from datetime import UTC, datetime
from typing import Any

from levada import Checkpoint, Connector, Http, Ingest, Request, Window, bearer, from_setting, hmac_sha256, secret, url
from levada_acme.mapping import as_customer, as_invoice, as_payment

connector = Connector(
    "acme",
    title="Acme Billing",
    hosts=[from_setting("api_base")],
    auth=bearer("api_key"),
    settings=[
        url("api_base", title="API address", help="Where Acme's API answers.", default="https://api.acme.test"),
        secret("api_key", title="API key", help="Acme, Settings, API keys; reading rights are enough."),
        secret("signing_secret", title="Signing secret", help="Acme, Settings, Webhooks.", required=False),
    ],
)


@connector.check
def check(http: Http) -> None:
    """Acme answers and accepts the API key."""
    http.get("/account").raise_for_status()


@connector.poll("customers", every="H/15 * * * *", emits=("customer",))
def customers(http: Http, ingest: Ingest, checkpoint: Checkpoint) -> None:
    """Customers changed since the last run, oldest first; those deleted at Acme are retired."""
    for page in http.pages("/customers", params={"since": checkpoint.get("since")}):
        ingest.batch(
            "customer",
            [as_customer(row) for row in page if not row["deleted"]],
            idempotency_key=lambda customer: customer_key(customer["customer_id"]),
            source_id=lambda customer: customer["customer_id"],
            continue_on_error=True,
        )
        for row in page:
            if row["deleted"]:
                ingest.retire("customer", idempotency_key=customer_key(row["id"]), source_time=changed_at(row))
        checkpoint.save(since=page[-1]["updated_at"])


@connector.poll("invoices", every="H/15 * * * *", emits=("invoice",))
def invoices(http: Http, ingest: Ingest, checkpoint: Checkpoint) -> None:
    """Invoices issued, paid or corrected since the last run, oldest first."""
    for page in http.pages("/invoices", params={"since": checkpoint.get("since")}):
        take_invoices(page, ingest)
        checkpoint.save(since=page[-1]["updated_at"])


@connector.backfill("invoices", slice="P7D", emits=("invoice",))
def past_invoices(http: Http, ingest: Ingest, checkpoint: Checkpoint, window: Window) -> None:
    """Invoices that last changed in the window, oldest first; what changed later is not asked for."""
    since = checkpoint.get("since", spelt(window.start))
    for page in http.pages("/invoices", params={"since": since}):
        inside = [row for row in page if changed_at(row) < window.end]
        take_invoices(inside, ingest)
        if len(inside) < len(page):
            break
        checkpoint.save(since=page[-1]["updated_at"])


@connector.webhook(
    "events",
    verify=hmac_sha256("X-Acme-Signature", secret="signing_secret"),  # noqa: S106 -- the name of a setting
    delivery_id="$.id",
    emits=("payment",),
)
def events(request: Request, ingest: Ingest) -> None:
    """Payments, as they settle or are returned; an event of another kind is let go."""
    event = request.json
    if event["type"].startswith("payment."):
        payment = as_payment(event["payment"])
        key = f"acme:payment:{payment['source_id']}"
        ingest.canonical("payment", payment, idempotency_key=key, source_time=datetime.fromisoformat(event["at"]))


def take_invoices(rows: list[dict[str, Any]], ingest: Ingest) -> None:
    """Hand invoices over, the same however they were asked for."""
    ingest.batch(
        "invoice",
        [as_invoice(row) for row in rows],
        idempotency_key=lambda invoice: f"acme:invoice:{invoice['source_id']}",
        source_id=lambda invoice: invoice["source_id"],
        continue_on_error=True,
    )


def customer_key(customer_id: int | str) -> str:
    """One customer at Acme is one document here, whatever happens to it."""
    return f"acme:customer:{customer_id}"


def changed_at(row: dict[str, Any]) -> datetime:
    """The moment Acme says the row last changed; Acme's times are in UTC."""
    return datetime.fromisoformat(row["updated_at"])


def spelt(moment: datetime) -> str:
    """Spell a moment as Acme spells its own, so that the two compare."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
