"""The rules every connector must keep: a good connector keeps them, and each bad one breaks its own."""

import inspect
import itertools
import json
from typing import ClassVar

import pytest

from levada import Connector, Entity, Request, hmac_sha256, secret, text, unverified
from levada.contracts import Contract, CustomerPayload, Name
from levada.errors import BadRecord, HostNotDeclared
from levada.testing import ConnectorConformance

SCRIPT = {"/rows": [[{"id": 1}, {"id": 2}], [{"id": 3}]]}


def customer(row, **fields):
    return {"customer_id": str(row["id"]), "name": "Ada", **fields}


def with_route(route, *, emits=None):
    connector = Connector("naughty", hosts=["api.test"])
    connector.poll("rows", every="@hourly", emits=emits)(route)
    return connector


def good(http, ingest, checkpoint):
    """Read every page, and save after each."""
    for page in http.pages("/rows"):
        ingest.batch("customer", [customer(row) for row in page], idempotency_key=lambda c: c["customer_id"])
        checkpoint.save(last=page[-1]["id"])


def undescribed(http):
    http.get("/rows")


def elsewhere(http):
    """Ask a host that is not declared."""
    http.get("https://elsewhere.test/rows")


def positions(counter):
    def route(http, ingest):
        """Make keys of positions that go on counting."""
        for page in http.pages("/rows"):
            ingest.batch("customer", [customer(row) for row in page], idempotency_key=lambda _: f"row {next(counter)}")

    return route


def times(counter):
    def route(http, ingest):
        """Put into the payload what is new every time."""
        for page in http.pages("/rows"):
            fresh = [customer(row, description=f"read {next(counter)}") for row in page]
            ingest.batch("customer", fresh, idempotency_key=lambda c: c["customer_id"])

    return route


def grows(counter):
    def route(http, graph):
        """Assert what is new every time."""
        http.get("/rows")
        graph.sync([Entity("host", "a", {"read": next(counter)})])

    return route


def entities_of(counter):
    def route(http, graph):
        """Make keys of positions that go on counting."""
        http.get("/rows")
        graph.write([Entity("host", f"row {next(counter)}")])

    return route


def forgets(http, graph, checkpoint):
    """Take what changed since the last run for all there is."""
    fresh = [row for page in http.pages("/rows") for row in page if row["id"] > checkpoint.get("last", 0)]
    graph.sync([Entity("host", str(row["id"])) for row in fresh])
    checkpoint.save(last=3)


def saves_first(http, ingest, checkpoint):
    """Save before the records of the page are handed over."""
    for page in http.pages("/rows"):
        if page[-1]["id"] <= checkpoint.get("last", 0):
            continue
        checkpoint.save(last=page[-1]["id"])
        ingest.batch("customer", [customer(row) for row in page], idempotency_key=lambda c: c["customer_id"])


def swallows(http, ingest, checkpoint):
    """Go on as if nothing had happened when a page is lost."""
    for page in http.pages("/rows"):
        if page[-1]["id"] <= checkpoint.get("last", 0):
            continue
        ingest.batch("customer", [customer(row) for row in page], idempotency_key=lambda c: c["customer_id"])
        try:
            checkpoint.save(last=page[-1]["id"])
        except Exception:  # noqa: BLE001 - the mistake that the rule is to find
            continue


CHANGES = (
    {"id": 7, "name": "Ada", "at": "2026-03-01T00:00:00Z"},
    {"id": 7, "name": "Eve", "at": "2026-03-02T00:00:00Z"},
)


def with_webhook(route, *, verify=None):
    settings = [secret("key", required=False), text("word", required=False)]
    connector = Connector("naughty", hosts=["api.test"], settings=settings)
    connector.poll("rows", every="@hourly")(good)
    connector.webhook("changes", verify=verify or hmac_sha256("X-Signature", secret="key"))(route)
    return connector


def ordered(request, ingest):
    """Take what the source says of a row, by the moment it changed."""
    row = request.json
    taken = customer(row, updated_at=row["at"], name=row["name"])
    ingest.canonical("customer", taken, idempotency_key=str(row["id"]))


def as_it_comes(request, ingest):
    """Take the last word for the newest."""
    ingest.canonical("customer", customer(request.json, name=request.json["name"]), idempotency_key="7")


def counted(counter):
    def route(request, ingest):
        """Make a new document of every delivery."""
        key = f"delivery {next(counter)}"
        ingest.canonical("customer", customer(request.json), idempotency_key=key, source_id="a delivery")

    return route


def rules(connector, script=SCRIPT, deliveries=CHANGES):
    class Rules(ConnectorConformance):
        http = script
        webhooks = {"changes": deliveries} if deliveries else {}

    Rules.connector = connector
    return Rules()


TWICE, PROVED = "test_deliveries_may_come_twice_and_in_reverse", "test_every_webhook_is_proved_by_a_secret"
RULES = [
    name
    for name, rule in vars(ConnectorConformance).items()
    if name.startswith("test_") and "request" not in inspect.signature(rule).parameters
]
"""The rules that need no wall; those that do are in test_wall.py."""


@pytest.mark.parametrize("rule", RULES)
def test_a_good_connector_keeps_every_rule(rule):
    """It reads, saves after what it read, and makes its keys of identifiers."""
    getattr(rules(with_webhook(ordered)), rule)()


@pytest.mark.parametrize(
    ("rule", "connector", "said"),
    [
        ("test_the_manifest_is_data", Connector("empty"), "serves no stream"),
        ("test_the_manifest_is_data", with_route(good, emits=("custmer",)), "custmer"),
        ("test_every_stream_has_a_described_route", with_route(undescribed), "poll rows"),
        ("test_only_declared_hosts_are_called", with_route(lambda log: None), "asked its source for nothing"),
        ("test_keys_are_stable", with_route(positions(itertools.count())), "other keys"),
        ("test_a_second_run_changes_nothing", with_route(times(itertools.count())), "changed documents"),
        ("test_a_second_run_changes_nothing", with_route(grows(itertools.count())), "or graph"),
        ("test_a_second_run_changes_nothing", with_route(forgets), "or graph on its second run"),
        ("test_keys_are_stable", with_route(entities_of(itertools.count())), "other keys of entities"),
        ("test_a_killed_run_resumes_to_the_same_state", with_route(saves_first), "ends elsewhere"),
        (TWICE, with_webhook(as_it_comes), "come in reverse"),
        (TWICE, with_webhook(counted(itertools.count())), "are repeated"),
        (PROVED, with_webhook(ordered, verify=unverified(reason="because")), "does not say why"),
        (PROVED, with_webhook(ordered, verify=hmac_sha256("X-Signature", secret="word")), "by no secret"),
        (
            PROVED,
            with_webhook(
                ordered,
                verify=hmac_sha256("X-Signature", secret="key", timestamp_header="X-Time", signed="{timestamp}"),
            ),
            "does not cover the body",
        ),
    ],
)
def test_a_bad_connector_breaks_its_rule(rule, connector, said):
    """Every rule can fail, and says what it saw."""
    with pytest.raises(AssertionError, match=said):
        getattr(rules(connector), rule)()


def test_an_undeclared_host_is_raised():
    """The scripted source refuses as the broker does."""
    with pytest.raises(HostNotDeclared, match=r"elsewhere\.test"):
        rules(with_route(elsewhere)).test_only_declared_hosts_are_called()


def test_a_page_that_was_lost_and_swallowed_is_found():
    """The route must let the failure through: what it emitted is dropped, and a later save would pass over it."""
    with pytest.raises(AssertionError, match="lost"):
        rules(with_route(swallows)).test_a_failed_page_does_not_advance_the_checkpoint()


@pytest.mark.parametrize("rule", [rule for rule in RULES if "manifest" not in rule])
def test_rules_without_samples_are_skipped_visibly(rule):
    """A rule that saw nothing has proved nothing, and says so."""
    tested = rules(with_webhook(ordered), script={}, deliveries=())
    if rule in ("test_every_stream_has_a_described_route", "test_schedules_can_be_meant", PROVED):
        getattr(tested, rule)()
    else:
        missing = "gives no webhook samples" if rule == TWICE else "gives no http samples"
        with pytest.raises(pytest.skip.Exception, match=missing):
            getattr(tested, rule)()


def test_deliveries_may_be_given_raw_or_whole():
    """As JSON, as bytes, or with headers and parameters."""
    whole = Request(json.dumps(CHANGES[1]).encode(), {"X-Id": "2"})
    getattr(rules(with_webhook(ordered), deliveries=(json.dumps(CHANGES[0]).encode(), whole)), TWICE)()


def test_a_connector_without_webhooks_has_nothing_to_show():
    """The rule says so, and a stream whose samples were forgotten is no such case."""
    with pytest.raises(pytest.skip.Exception, match="no webhook stream"):
        getattr(rules(with_route(good)), TWICE)()
    tested = rules(with_webhook(ordered))
    tested.__class__.webhooks = {"chnages": CHANGES}
    with pytest.raises(AssertionError, match="no delivery of changes"):
        getattr(tested, TWICE)()


@pytest.mark.parametrize(
    ("exempt", "said"),
    [({"test_of_courage": "It has none at all."}, "no rule"), ({"test_keys_are_stable": "no"}, "sentence")],
)
def test_an_exemption_names_a_rule_and_needs_a_sentence(exempt, said):
    """An excuse is read by somebody."""
    with pytest.raises(TypeError, match=said):
        type("Excused", (ConnectorConformance,), {"exempt": exempt})


class Berth(Contract):
    """A type of an extension."""

    document_type: ClassVar[str] = "berth"
    plural: ClassVar[str] = "berths"

    source_id: Name
    name: Name


class WiderCustomer(CustomerPayload):
    """A type of the canonical ones with a field more."""

    widens: ClassVar[bool] = True

    berth_id: str | None = None


def of_an_extension(http, ingest):
    """Hand over what only an extension knows."""
    for page in http.pages("/rows"):
        for row in page:
            ingest.canonical("berth", {"source_id": str(row["id"]), "name": "East"}, idempotency_key=str(row["id"]))
            ingest.canonical("customer", customer(row, berth_id="1"), idempotency_key=f"customer {row['id']}")


def test_the_contracts_of_an_extension_are_known_to_who_names_them(connector_run):
    """They stand beside the canonical ones, and a wider one in the place of what it widens."""
    connector = with_route(of_an_extension, emits=["berth", "customer"])
    bench = connector_run(connector, http=SCRIPT, contracts=[Berth, WiderCustomer])
    bench.poll("rows")
    assert bench.documents["berth", "1"]["name"] == "East"
    assert bench.documents["customer 1"]["berth_id"] == "1"
    assert len(bench.documents) == 6
    with pytest.raises(BadRecord, match="there is no document type 'berth'"):
        connector_run(connector, http=SCRIPT).poll("rows")


def test_the_rules_know_the_contracts_of_an_extension():
    """A document type that no contract describes breaks the manifest's rule, until the suite names the contract."""
    suite = rules(with_route(of_an_extension, emits=["berth", "customer"]))
    with pytest.raises(AssertionError, match="emits names berth, which no contract describes"):
        suite.test_the_manifest_is_data()
    type(suite).contracts = (Berth, WiderCustomer)
    suite.test_the_manifest_is_data()
    suite.test_a_second_run_changes_nothing()
