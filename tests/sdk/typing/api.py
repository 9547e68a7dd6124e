"""The public names as an author uses them: never run, only type-checked."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, assert_type

from levada import (
    Address,
    BankTransactionPayload,
    BatchResult,
    Checkpoint,
    Connector,
    CustomerPayload,
    Entity,
    FailedRecord,
    Graph,
    HostRule,
    Http,
    Ingest,
    IngestResult,
    InvoicePayload,
    LineItem,
    Log,
    Manifest,
    Record,
    Relationship,
    Reply,
    Request,
    Response,
    Run,
    Setting,
    Snapshot,
    StreamManifest,
    SyncResult,
    Window,
    WriteResult,
    aws_scope,
    aws_sigv4,
    basic,
    bearer,
    boolean,
    choice,
    cursor,
    from_setting,
    hmac_sha256,
    integer,
    last_id,
    oauth2_refresh,
    secret,
    text,
    unverified,
    url,
)

connector = Connector(
    "acme",
    title="Acme",
    hosts=["api.acme.test", "*.acme.test", from_setting("api_base")],
    auth=oauth2_refresh("https://id.acme.test/token", client_id="client", refresh_token="refresh"),
    settings=[
        text("client"),
        url("api_base", default="https://api.acme.test"),
        integer("page", default=50),
        boolean("archived", default=False),
        choice("region", ["eu", "us"]),
        secret("refresh"),
        secret("signing", expose=True),
    ],
    libraries=["ofxtools"],
    rate_limit=["10/s", "5000/h"],
)
assert_type(from_setting("api_base"), HostRule)
assert_type(secret("key"), Setting)


class Row(Record):
    """A row of the source."""

    id: int
    name: str
    updated_at: datetime


@connector.poll("customers", every="H/15 * * * *", timezone="Europe/Lisbon", emits=("customer",), timeout=30)
def customers(http: Http, ingest: Ingest, checkpoint: Checkpoint, log: Log, run: Run, now: datetime) -> None:
    """Customers."""
    for page in http.pages("/customers", params={"since": checkpoint.get("since")}, paginate=cursor("next")):
        rows = [Row.model_validate(row) for row in page]
        assert_type(rows, list[Row])
        batch = ingest.batch(
            "customer",
            [as_customer(row) for row in rows],
            idempotency_key=lambda customer: f"acme:customer:{customer.customer_id}",
            source_time=lambda customer, index: now,
            continue_on_error=True,
        )
        assert_type(batch, BatchResult)
        for failed in batch.failed_records:
            assert_type(failed, FailedRecord)
            log.warning(failed.message, index=failed.index, run=run.id)
        checkpoint.partition(region="eu").save(since=rows[-1].updated_at)


@connector.backfill("customers", slice="P1D")
def history(http: Http, ingest: Ingest, window: Window, settings: Mapping[str, Any]) -> None:
    """Customers of a window."""
    pages = http.pages("/customers", params={"from": window.start}, items="data.rows", paginate=last_id())
    assert_type(pages, Iterator[list[Any]])


@connector.poll("hosts", every="@daily")
def hosts(http: Http, graph: Graph) -> None:
    """Hosts and what runs on them, region by region."""
    for row in http.get("/hosts").json:
        host = Entity("host", row["id"], {"cpus": 8, "tags": ["a"], "rack": None}, entity_class="Host")
        assert_type(host.ref, tuple[str, str])
        result = graph.sync([host], [Relationship(host, "RUNS", ("service", "nginx"))], scope=row["region"])
        assert_type(result, SyncResult)
        assert_type(result.entities_deleted, int)
    written = graph.write({"entity_type": "host", "entity_key": row["id"]} for row in http.get("/more").json)
    assert_type(written, WriteResult)
    with graph.snapshot(scope="eu") as snapshot:
        assert_type(snapshot, Snapshot)
        entity = snapshot.entity("host", "a", {"cpus": 8}, entity_class="Host", display_name="A")
        assert_type(entity, Entity)
        assert_type(snapshot.relationship(entity, "RUNS", ("service", "nginx")), Relationship)
        snapshot.add(({"entity_type": "host", "entity_key": key} for key in "abc"), [])


@connector.webhook("events", verify=hmac_sha256("X-Signature", secret="signing"), reply=True, observe="allow")
def events(request: Request, ingest: Ingest, secrets: Mapping[str, str]) -> Reply:
    """What happened."""
    result = ingest.canonical("invoice", invoice(), idempotency_key=request.json["id"])
    assert_type(result, IngestResult)
    assert_type(result.document_id, str | None)
    return Reply(200, {"seen": request.delivery_id})


@connector.webhook("open", verify=unverified(reason="the source cannot sign"))
def opened(request: Request) -> None:
    """Anything."""


@connector.webhook("token", verify=bearer("signing"))
def by_token(request: Request) -> None:
    """By a token."""


@connector.webhook("password", verify=basic("client", "signing"))
def by_password(request: Request) -> None:
    """By a password."""


@connector.check
def check(http: Http) -> None:
    """It answers."""
    assert_type(http.get("/account").raise_for_status(), Response)


def as_customer(row: Row) -> CustomerPayload:
    """Contracts are checked field by field."""
    return CustomerPayload(
        customer_id=str(row.id),
        name=row.name,
        balance="12.50",
        address=Address(city="Funchal", country="PT"),
        updated_at=row.updated_at,
    )


def invoice() -> InvoicePayload:
    """Return an invoice with a line."""
    return InvoicePayload(
        source_id="1",
        status="open",
        currency="EUR",
        total_amount="5.00",
        due_date=date(2026, 1, 31),
        issued_at=datetime(2026, 1, 1, tzinfo=UTC),
        line_items=[LineItem(line_number=1, amount="5.00")],
    )


def mistakes() -> None:
    """What a type checker must refuse."""
    CustomerPayload(customer_id="1")  # type: ignore[call-arg]  # the name is required
    CustomerPayload(customer_id=1, name="Ada")  # type: ignore[arg-type]  # identifiers are text
    BankTransactionPayload(
        transaction_id="1",
        account_id="2",
        amount=12.5,  # type: ignore[arg-type]  # money is a decimal string
        currency="EUR",
        date=date(2026, 1, 1),
    )
    Entity("host", 7)  # type: ignore[arg-type]  # keys are text
    Entity("host", "a", {"tags": {"a": 1}})  # type: ignore[dict-item]  # properties are flat
    Relationship("host", "RUNS", ("service", "nginx"))  # type: ignore[arg-type]  # an end has a kind and a key
    connector.poll("customers")  # type: ignore[call-arg]  # a poll has a schedule
    connector.webhook("events")  # type: ignore[call-arg]  # a webhook says how it is verified
    Row.model_validate({}, from_attributes=True)  # type: ignore[call-arg]  # foreign objects are not read


assert_type(connector.manifest(), Manifest)
assert_type(connector.manifest().stream("customers"), StreamManifest)
assert_type(customers(http=..., ingest=..., checkpoint=..., log=..., run=..., now=...), None)  # type: ignore[arg-type]  # decorators leave the signature alone


signing = Connector("aws", auth=aws_sigv4("key_id", "key", session_token="token", services=["ec2"]))
assert_type(aws_scope("ec2", "eu-west-1"), dict[str, str])
