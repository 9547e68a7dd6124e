"""A connector as people write them: several modules, models, enumerations, parsers, signatures, reports."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from levada import Checkpoint, Connector, Ingest, bearer, secret, text

from . import registry as kinds
from .client import Client, Page, SourceGone
from .formats import READERS, read_statement
from .formats.tables import rows_of as rows_of_table
from .mapping import as_customer, as_payment, summary
from .models import Account, Event, Severity
from .report import Report, Totals
from .signing import Signer, canonical_query

if TYPE_CHECKING:
    from levada import Http, Log

__version__ = "2.1.0"
__author__ = "Ledgerly"
__all__ = ["connector", "everything"]

connector = Connector(
    "ledgerly",
    title="Ledgerly",
    hosts=["api.acme.test"],
    auth=bearer("api_key"),
    settings=[secret("api_key"), text("region", default="eu")],
)

ROWS = [
    {"id": 7, "name": "  Ada Lovelace ", "email": "ada@example.org", "balance": "12.50", "type": "person", "tags": ["VIP", None]},
    {"id": 8, "name": "Acme GmbH", "email": None, "balance": "-3", "type": "company", "tags": []},
    {"id": 9, "name": "Bob", "email": "bob@example.org", "balance": "0", "type": "alien", "tags": ["new"]},
]  # fmt: skip


def everything(rows, log: Log | None = None) -> dict:
    """Use all of it, and say what came of it in plain values."""
    client = Client(rows, page_size=2)
    report = Report(title="Customers")
    with report.section("read") as section:
        for page in client:
            section += len(page)
            for row in page:
                report.add(as_customer(row))
    accounts = [Account.model_validate({"accountId": row["id"], "displayName": row["name"], **row}) for row in rows]
    with Totals() as totals:
        for account in accounts:
            totals[account.kind] += account.balance
    try:
        client.page(99)
    except SourceGone as gone:
        missing = f"{type(gone).__name__}: {gone} ({gone.page=})"
    else:
        missing = "nothing"
    statements = {name: summary(read_statement(name, sample)) for name, (_reader, sample) in READERS.items()}
    signer = Signer(key="k3y", region="eu-central-1", service="ledger")
    when = datetime.fromisoformat("2026-03-29T12:30:00+00:00")
    return {
        "version": __version__,
        "pages": client.asked,
        "report": str(report),
        "sections": dict(report.sections),
        "accounts": [account.model_dump(mode="json", by_alias=True) for account in accounts],
        "totals": {str(kind): str(amount) for kind, amount in sorted(totals.items())},
        "missing": missing,
        "statements": statements,
        "signature": signer.sign("GET", "/v1/rows", {"b": ["2", "1"], "a": "x y"}, when),
        "query": canonical_query({"z": 1, "a": "é"}),
        "table": rows_of_table("id;name\n1;Ada\n2;Bob\n"),
        "kinds": sorted(kinds.known()),
        "described": [kinds.describe(value) for value in (1, "a", [1, 2], None, 1.5)],
        "payment": as_payment({"id": 1, "amount": 1250, "currency": "eur", "created": 1767225600}),
        "event": repr(Event.parse("warning|disk|85%")),
        "severities": [severity.label for severity in Severity if severity >= Severity.WARNING],
        "frozen": _frozen(Page(1, ("x",))),
    }


def _frozen(page: Page) -> str:
    try:
        page.number = 2
    except AttributeError as error:
        return type(error).__name__
    return "changed"


@connector.check
def check(http: Http) -> None:
    """The key works."""
    http.get("/me").raise_for_status()


@connector.poll("customers", every="H * * * *", emits=("customer",))
def customers(http: Http, ingest: Ingest, checkpoint: Checkpoint, log: Log, settings, now) -> None:
    """Customers, and what the rest of the package makes of them."""
    log.info("everything", **everything(ROWS, log))
    documents = [as_customer(row) for row in ROWS]
    done = ingest.batch(
        "customer",
        documents,
        idempotency_key=lambda document: f"ledgerly:customer:{document['customer_id']}",
        source_id=lambda document: document["customer_id"],
        continue_on_error=True,
    )
    log.info("done", imported=done.imported, region=settings["region"], outcomes=[r.outcome for r in done.results])
    checkpoint.save(since=now.isoformat(), seen=[document["customer_id"] for document in documents])


if __name__ == "__main__":
    print(everything(ROWS))
