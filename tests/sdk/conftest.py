"""Connectors for the SDK's own tests: a good one, and sources for it."""

import pytest

from levada import Checkpoint, Connector, Http, Ingest, Request, Window, bearer, hmac_sha256, secret, text

CUSTOMERS = [{"id": at, "name": f" Customer {at} ", "updated_at": f"2026-01-0{at}T00:00:00Z"} for at in range(1, 6)]


def as_customer(row):
    return {"customer_id": str(row["id"]), "name": row["name"].strip(), "updated_at": row["updated_at"]}


def acme_connector():
    """The connector of the SDK's documentation."""
    connector = Connector(
        "acme",
        title="Acme Billing",
        hosts=["api.acme.test"],
        auth=bearer("api_key"),
        settings=[secret("api_key"), secret("signing_secret", expose=True), text("region", default="eu")],
    )

    @connector.poll("customers", every="*/15 * * * *", emits=("customer",))
    def customers(http: Http, ingest: Ingest, checkpoint: Checkpoint, log) -> None:
        """Customers changed since the last run, oldest first."""
        for page in http.pages("/customers", params={"since": checkpoint.get("since")}):
            batch = ingest.batch(
                "customer",
                [as_customer(row) for row in page],
                idempotency_key=lambda c: f"acme:customer:{c['customer_id']}",
                continue_on_error=True,
            )
            log.info("a page", rows=len(page), created=batch.created)
            checkpoint.save(since=page[-1]["updated_at"])

    @connector.backfill("customers", slice="P7D")
    def history(http: Http, ingest: Ingest, window: Window) -> None:
        """Customers of one window."""
        for page in http.pages("/customers", params={"from": window.start, "to": window.end}):
            ingest.batch(
                "customer",
                [as_customer(row) for row in page],
                idempotency_key=lambda c: f"acme:customer:{c['customer_id']}",
            )

    @connector.webhook("events", verify=hmac_sha256("X-Acme-Signature", secret="signing_secret"))
    def events(request: Request, ingest: Ingest) -> None:
        """A payment settled at Acme."""
        payment = request.json["payment"]
        ingest.canonical("payment", payment, idempotency_key=f"acme:payment:{payment['source_id']}")

    @connector.check
    def check(http: Http) -> None:
        """Acme answers."""
        http.get("/account").raise_for_status()

    return connector


@pytest.fixture
def acme():
    return acme_connector()


@pytest.fixture
def paged():
    """Five customers in pages of two."""
    return {"/customers": [CUSTOMERS[:2], CUSTOMERS[2:4], CUSTOMERS[4:]]}
