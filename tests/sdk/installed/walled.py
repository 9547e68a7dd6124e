"""A connector whose routes do what a test asks for: run in process and behind the wall it must do the same."""

from dataclasses import dataclass
from decimal import Decimal

from levada import (
    AuthFailed,
    BadRecord,
    BatchRejected,
    Connector,
    Entity,
    Relationship,
    Reply,
    SourceUnavailable,
    github_signature,
    secret,
    text,
)

connector = Connector(
    "walled",
    hosts=["api.walled.test"],
    settings=[text("region", default="eu"), secret("shown", expose=True), secret("hidden", required=False)],
)


class OddError(ValueError):
    """An error of the connector's own."""


@dataclass(frozen=True)
class Seen:
    """What a route was given."""

    region: str
    shown: str
    run: str


@connector.poll("rows", every="@hourly")
def rows(http, ingest, graph, checkpoint, log, settings, secrets, run, now):
    """Read every page, and assert what is in it."""
    log.info("began", seen=Seen(settings["region"], secrets["shown"], run.id), at=now, amount=Decimal("1.50"))
    for page in http.pages("/rows", params={"since": checkpoint.get("since"), "of": ["a", "b"]}):
        batch = ingest.batch(
            "customer",
            [{"customer_id": str(row["id"]), "name": row["name"]} for row in page],
            idempotency_key=lambda customer: customer["customer_id"],
            source_id=lambda customer: customer["customer_id"],
            source_time=now,
            continue_on_error=True,
        )
        log.debug("a page", failed=[one.message for one in batch.failed_records])
        hosts = [Entity("host", str(row["id"]), {"name": row["name"]}) for row in page]
        graph.write(hosts, [Relationship(hosts[0], "USES", host) for host in hosts[1:]])
        checkpoint.partition(size=len(page)).save(seen=batch.count)
        checkpoint.save(since=page[-1]["id"])
    ingest.retire("customer", idempotency_key="1")
    graph.sync([Entity("user", "ada")], scope="people")
    with graph.snapshot(scope="services") as snapshot:
        service = snapshot.entity("service", "nginx", {"port": 80})
        snapshot.relationship(("host", "1"), "RUNS", service)


@connector.backfill("rows")
def history(window, http, ingest, checkpoint):
    """What a window holds, and the window itself."""
    for page in http.pages("/rows", params={"from": window.start, "to": window.end}):
        ingest.batch(
            "customer",
            [{"customer_id": str(row["id"]), "name": f"{row['name']} of {window.start:%d %B}"} for row in page],
            idempotency_key=lambda customer: customer["customer_id"],
            source_time=window.end,
            continue_on_error=True,
        )
        checkpoint.save(seen=page[-1]["id"], whole=str(window))


@connector.webhook("wishes", verify=github_signature("hidden"), reply=True)
def wishes(request, http, ingest, graph, secrets):
    """Do what the delivery asks for."""
    wish = request.json
    if wish["do"] in GRANTED:
        return GRANTED[wish["do"]](wish, request=request, http=http, ingest=ingest)
    match wish["do"]:
        case "look up":
            wish["missing"]
        case "be odd":
            raise OddError("an odd wish")
        case "refuse":
            raise AuthFailed("not with this key")
        case "misspell":
            graph.write([], [Relationship(("host", "a"), "USE", ("host", "b"))])
        case "peep":
            secrets["hidden"]
        case "wait":
            raise SourceUnavailable("later", wait=7)
        case "be bad":
            raise BadRecord("made up")
    return None


def ask(wish, http, **_):
    return Reply(http.post("/wish", json=wish).status)


def ask_and_shrug(_wish, http, **_):
    try:
        http.get("/elsewhere")
    except Exception:  # noqa: BLE001 - some connectors do
        return Reply(204)
    return None


def hand_over(wish, ingest, **_):
    ingest.batch("customer", wish["payloads"], idempotency_key=lambda _, index: f"{index}")


def hand_over_one(wish, ingest, **_):
    ingest.canonical("customer", wish["payload"], idempotency_key="1")


def hand_over_and_shrug(wish, ingest, **_):
    try:
        ingest.batch("customer", wish["payloads"], idempotency_key="1")
    except BatchRejected as rejected:
        return Reply(200, [[one.reason, one.index, one.message] for one in rejected.failed_records])
    return None


def reply(_wish, request, **_):
    return Reply(201, {"got": request.headers["x-one"], "q": request.params["q"], "pair": (1, Decimal("2.0"))})


GRANTED = {
    "reply": reply,
    "ask": ask,
    "ask and shrug": ask_and_shrug,
    "hand over": hand_over,
    "hand over one": hand_over_one,
    "hand over and shrug": hand_over_and_shrug,
}


@connector.check
def check(http):
    """The source answers."""
    http.get("/check").raise_for_status()
