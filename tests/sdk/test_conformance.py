"""The rules every connector must keep: a good connector keeps them, and each bad one breaks its own."""

import inspect
import itertools
import json
import os
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from urllib.parse import urlencode

import pytest

from levada import Connector, Entity, Request, Response, hmac_sha256, secret, text, unverified
from levada.contracts import Contract, CustomerPayload, Name
from levada.errors import BadRecord, HostNotDeclared
from levada.testing import ConnectorConformance
from levada.testing.backfill_rules import BackfillRules, windows_of

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


def rules(connector, script=SCRIPT, deliveries=CHANGES, spans=None):
    class Rules(ConnectorConformance):
        http = script
        webhooks = {"changes": deliveries} if deliveries else {}
        backfills = SPANS if spans is None else spans

    Rules.connector = connector
    return Rules()


DAYS = [datetime(2026, 3, day, tzinfo=UTC) for day in range(1, 8)]
SPANS: dict[str, tuple[datetime, ...]] = {"rows": (DAYS[0], DAYS[2], DAYS[4], DAYS[6])}


def dated(sent):
    """Serve the rows of a time, one a page; each changed on a day of its own."""
    found = [
        {"id": number, "at": day.isoformat()}
        for number, day in enumerate(DAYS[:-1])
        if sent.params.get("from", "") <= day.isoformat() < sent.params.get("to", "9")
    ]
    rest = urlencode({"from": found[1]["at"], "to": sent.params["to"]}) if len(found) > 1 else None
    more = {"Link": f'<https://api.test/rows?{rest}>; rel="next"'} if rest else {}
    return Response(200, more, json.dumps(found[:1]).encode())


def with_backfill(route, *, poll=None):
    connector = Connector("naughty", hosts=["api.test"])
    connector.backfill("rows")(route)
    if poll is not None:
        connector.poll("rows", every="@hourly")(poll)
    return connector


def past(shift=0, end=0, save=True, key="{}", name="Ada", counter=None):
    """Return a backfill that reads its window, or what its mistakes make of it."""

    def route(http, ingest, checkpoint, window):
        """Read the rows of a window, oldest first."""
        since = checkpoint.get("since", (window.start + timedelta(days=shift)).isoformat())
        params = {"from": since, "to": (window.end + timedelta(days=end)).isoformat()}
        for page in http.pages("/rows", params=params):
            for row in page:
                given = customer(row, name=name if counter is None else f"read {next(counter)}")
                ingest.canonical("customer", given, idempotency_key=key.format(row["id"]), source_id=str(row["id"]))
            if save and page:
                checkpoint.save(since=page[-1]["at"])

    return route


def present(http, ingest):
    """Read all rows as they are."""
    for page in http.pages("/rows", params={"from": "", "to": "9"}):
        for row in page:
            ingest.canonical("customer", customer(row), idempotency_key=str(row["id"]), source_id=str(row["id"]))


def hasty(http, ingest, checkpoint, window):
    """Save how far it has come before the records are handed over."""
    since = checkpoint.get("since", window.start.isoformat())
    for page in http.pages("/rows", params={"from": since, "to": window.end.isoformat()}):
        for row in page:
            checkpoint.save(since=(datetime.fromisoformat(row["at"]) + timedelta(days=1)).isoformat())
            ingest.canonical("customer", customer(row), idempotency_key=str(row["id"]))


MEET, ONCE = "test_windows_that_meet_read_what_one_window_reads", "test_a_record_is_read_in_one_window_only"
AGAIN, CUT = "test_a_window_read_again_changes_nothing", "test_a_window_cut_short_is_read_to_its_end"
KNOWN = "test_a_backfill_leaves_what_the_poll_knows"
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


BACKFILLED = [name for name in vars(BackfillRules) if name.startswith("test_")]


@pytest.mark.parametrize("rule", BACKFILLED)
@pytest.mark.parametrize("save", [True, False], ids=["saves", "reads-all-again"])
def test_a_good_backfill_keeps_every_rule(rule, save):
    """It reads from the start of its window up to, and without, its end; a checkpoint is not needed for that."""
    getattr(rules(with_backfill(past(save=save), poll=present), {"/rows": dated}), rule)()


@pytest.mark.parametrize(
    ("rule", "connector", "said"),
    [
        (MEET, with_backfill(past(shift=1)), "read in slices"),
        (MEET, with_backfill(past(end=-1)), "read in slices"),
        (MEET, with_backfill(past(shift=99)), "read nothing"),
        (MEET, with_backfill(past(end=1, key="{}", counter=itertools.count())), "elsewhere"),
        (ONCE, with_backfill(past(end=1)), "reads 2 in 2026-03-01"),
        (ONCE, with_backfill(past(shift=-1)), "reads 1 in 2026-03-01"),
        (AGAIN, with_backfill(past(counter=itertools.count())), "read again"),
        (CUT, with_backfill(hasty), "cut short at page"),
        (KNOWN, with_backfill(past(name="Eve"), poll=present), "changed what its poll had read: 0"),
        (KNOWN, with_backfill(past(key="row {}"), poll=present), "other keys: row 0"),
    ],
)
def test_a_bad_backfill_breaks_its_rule(rule, connector, said):
    """A gap, an overlap, what differs from reading to reading, and keys that are not the poll's."""
    with pytest.raises(AssertionError, match=said):
        getattr(rules(connector, {"/rows": dated}), rule)()


def test_a_span_is_cut_into_four_windows_that_meet():
    """Where an author names no moments between; and what cannot be a span is said."""
    windows = windows_of("rows", (DAYS[0], DAYS[4]))
    assert windows == list(itertools.pairwise(DAYS[:5]))
    for moments, said in (((), "no span for rows"), (DAYS[1::-1], "rising"), ([datetime(2026, 1, 1)] * 2, "time zone")):  # noqa: DTZ001 - the mistake
        with pytest.raises(AssertionError, match=said):
            windows_of("rows", moments)


@pytest.mark.parametrize("rule", BACKFILLED)
def test_a_connector_without_backfills_or_spans_says_so(rule):
    """A rule that saw nothing has proved nothing."""
    with pytest.raises(pytest.skip.Exception, match="no backfill stream"):
        getattr(rules(with_route(good)), rule)()
    with pytest.raises(pytest.skip.Exception, match="no windows in backfills"):
        getattr(rules(with_backfill(past()), spans={}), rule)()
    with pytest.raises(AssertionError, match="no span for rows"):
        getattr(rules(with_backfill(past()), spans={"others": DAYS}), rule)()


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


CONNECTOR = """
from levada import Connector

connector = Connector("plain", hosts=["api.test"])


@connector.poll("rows", every="@hourly")
def rows(http):
    '''Look.'''
    http.get("/rows")
"""
SUITE = """
import plain_connector
from levada.testing import ConnectorConformance
from levada.testing.backfill_rules import BackfillRules, windows_of


class TestPlain(ConnectorConformance):
    connector = plain_connector.connector
    http = {"/rows": []}
    exempt = {"test_keys_are_stable": "It makes no keys at all."}


def test_the_fixture_is_there(connector_run):
    assert connector_run(plain_connector.connector, http={"/rows": []}).poll("rows").requests
"""
WALL = """
class Wall:
    modes = frozenset({"poll"})

    def refusals(self, package):
        return [f"{package}.py:1:1: %s"] if %r else []

    def obstacle(self):
        return %r


def pytest_levada_wall(config):
    return Wall()
"""


def run_pytest(folder, *words, **environment):
    """Run pytest as an author does, with no other plugin than the SDK's."""
    (folder / "plain_connector.py").write_text(CONNECTOR)
    (folder / "test_plain.py").write_text(textwrap.dedent(SUITE))
    command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", *words, str(folder)]
    without = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "levada.testing.plugin", "CI": ""}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **without, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


def test_an_authors_suite_runs_with_the_sdk_alone(tmp_path):
    """The rules are collected, the exemption and the missing wall are shown as skips with their reasons."""
    said = run_pytest(tmp_path)
    assert "10 passed, 11 skipped" in said
    assert "exempt: It makes no keys at all." in said
    for purpose in ("to check the source", "to run routes in its sandbox"):
        assert f"nobody answers pytest_levada_wall: install levada-runtime {purpose}" in said


def test_the_sandbox_is_asked_for_in_vain_with_the_sdk_alone(tmp_path):
    """The option is an error, which says what to install."""
    said = run_pytest(tmp_path, "--levada-sandbox")
    assert "ERROR: --levada-sandbox runs routes in the runtime's sandbox: install levada-runtime" in said


@pytest.mark.parametrize(("refused", "expected"), [("", "11 passed, 10 skipped"), ("no imports of os", "1 failed")])
def test_a_wall_is_asked_about_the_connectors_package(tmp_path, refused, expected):
    """Whoever answers the hook decides; what it refuses is what the test shows."""
    (tmp_path / "conftest.py").write_text(WALL % (refused, refused, "no kernel"))
    said = run_pytest(tmp_path)
    assert expected in said
    assert ("plain_connector.py:1:1: no imports of os" in said) == bool(refused)


@pytest.mark.parametrize(("ci", "expected"), [("", "5 passed, 16 skipped"), ("true", "7 failed, 5 passed")])
def test_a_machine_without_a_wall_skips_and_fails_under_ci(tmp_path, ci, expected):
    """Each route that was to run there says why it did not; where nobody reads skips, that is a failure."""
    (tmp_path / "conftest.py").write_text(WALL % ("", "", "the kernel is of another century"))
    said = run_pytest(tmp_path, "--levada-sandbox", CI=ci)
    assert "the wall cannot be had here: the kernel is of another century" in said
    assert expected in said


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
