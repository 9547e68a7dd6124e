"""Customers and bank transactions from the comparison's source, page by page, as they come."""

from levada import Checkpoint, Connector, Http, Ingest, from_setting, page_number, url

connector = Connector("bench", hosts=[from_setting("base")], settings=[url("base")])


@connector.poll("customer", every="0 0 1 1 *", emits=("customer",))
def customer(http: Http, ingest: Ingest, checkpoint: Checkpoint) -> None:
    """Everything the source has of customers, each time."""
    _read("customer", "customer_id", http, ingest, checkpoint)


@connector.poll("bank_transaction", every="0 0 1 1 *", emits=("bank_transaction",))
def bank_transaction(http: Http, ingest: Ingest, checkpoint: Checkpoint) -> None:
    """Everything the source has of bank transactions, each time."""
    _read("bank_transaction", "transaction_id", http, ingest, checkpoint)


def _read(kind: str, key: str, http: Http, ingest: Ingest, checkpoint: Checkpoint) -> None:
    start = checkpoint.get("page", 1)
    pages = http.pages(f"/{kind}", params={"page": start}, paginate=page_number(), items="data")
    for number, page in enumerate(pages, start):
        ingest.batch(
            kind,
            page,
            idempotency_key=lambda row: f"bench:{kind}:{row[key]}",
            source_id=lambda row: row[key],
            continue_on_error=True,
        )
        checkpoint.save(page=number + 1)
    checkpoint.save(page=1)
