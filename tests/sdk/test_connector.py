"""Defining a connector: what is refused, and what comes out as data."""

import inspect
import json

import pytest

from levada import (
    Connector,
    InvalidDefinition,
    Manifest,
    Reply,
    Request,
    UnknownStream,
    aws_sigv4,
    basic,
    bearer,
    boolean,
    choice,
    from_setting,
    github_signature,
    header,
    hmac_sha256,
    integer,
    oauth2_client_credentials,
    oauth2_refresh,
    query,
    secret,
    standard_webhooks,
    stripe_signature,
    text,
    unverified,
    url,
)
from levada._routes import call_route
from levada.errors import BadRecord, ConnectorMistake

SETTINGS = (url("api_base"), text("user"), secret("key"), secret("shown", expose=True), secret("refresh"))
AUTHS = [
    bearer("key"),
    basic("user", "key"),
    basic("key"),
    header("X-Key", "key", prefix="Token "),
    query("api_key", "key"),
    oauth2_client_credentials("https://id.acme.test/token", client_id="user", client_secret="key", scopes=("read",)),
    oauth2_refresh("https://id.acme.test/token", client_id="user", client_secret="key", refresh_token="refresh"),
    aws_sigv4("user", "key", session_token="refresh", services=["ec2", "s3"]),
]
VERIFIES = [
    standard_webhooks("key"),
    hmac_sha256("X-Signature", secret="key", encoding="base64", prefix="v0=", timestamp_header="X-Time"),
    hmac_sha256("X-Slack-Signature", secret="key", signed="v0:{timestamp}:{body}", handshake="url_verification"),
    stripe_signature("key"),
    github_signature("key"),
    bearer("key"),
    basic("user", "key"),
    unverified(reason="the source cannot sign"),
]


def whole(auth=None, verify=None):
    connector = Connector("acme", hosts=["api.acme.test", from_setting("api_base")], auth=auth, settings=SETTINGS)

    @connector.poll("customers", every="H/15 * * * *", timezone="Europe/Lisbon", emits=("customer",), timeout=30)
    def customers(http, ingest, checkpoint, settings, secrets, log, run, now):
        """Customers."""

    @connector.backfill("customers", slice="P1D", emits=("customer", "invoice"))
    def history(window, ingest):
        """All customers."""

    @connector.webhook("events", verify=verify or bearer("key"), reply=True, observe="allow", delivery_id="X-Id")
    def events(request, ingest):
        """What happened."""
        return Reply(200, {"ok": True})

    @connector.check
    def check(http):
        """It answers."""

    return connector


@pytest.mark.parametrize("auth", AUTHS, ids=lambda auth: auth.kind)
@pytest.mark.parametrize("verify", VERIFIES, ids=lambda verify: verify.kind)
def test_a_manifest_survives_json(auth, verify):
    """What the child describes is what the runtime reads, scheme for scheme."""
    manifest = whole(auth, verify).manifest()
    again = Manifest.model_validate_json(manifest.model_dump_json())
    assert again == manifest
    assert again.auth == auth
    assert again.stream("events").verify == verify


def test_a_manifest_tells_what_a_stream_does():
    """The modes of one stream are told together."""
    customers = whole().manifest().stream("customers")
    assert customers.modes == ("poll", "backfill")
    assert (customers.schedule, customers.timezone) == ("H/15 * * * *", "Europe/Lisbon")
    assert (customers.slice, customers.timeout_s) == ("P1D", 30)
    assert customers.emits == ("customer", "invoice")
    assert customers.description == "Customers."
    events = whole().manifest().stream("events")
    assert (events.reply, events.observe_allow, events.delivery_id) == (True, True, "X-Id")
    with pytest.raises(UnknownStream):
        whole().manifest().stream("custmers")


def test_settings_are_a_json_schema():
    """An operator's form and check come from the manifest alone."""
    settings = [
        text("name", title="Name", help="Yours."),
        url("api_base", default="https://api.acme.test"),
        integer("page", default=50),
        boolean("archived", required=False),
        choice("region", ["eu", "us"]),
        secret("key"),
        secret("shown", expose=True),
    ]
    manifest = Connector("acme", settings=settings).manifest()
    schema = json.loads(json.dumps(manifest.settings_schema()))
    assert schema["required"] == ["name", "region", "key", "shown"]
    assert schema["properties"]["name"] == {"type": "string", "title": "Name", "description": "Yours."}
    assert schema["properties"]["api_base"] == {
        "type": "string",
        "format": "uri",
        "default": "https://api.acme.test",
    }
    assert schema["properties"]["page"]["type"] == "integer"
    assert schema["properties"]["region"]["enum"] == ["eu", "us"]
    assert schema["properties"]["key"]["x-secret"] is True
    assert schema["additionalProperties"] is False
    assert manifest.exposed_secrets() == ["shown"]


def define(**what):
    return Connector("acme", settings=SETTINGS, **what)


def poll(function, **how):
    return define().poll("customers", **{"every": "@hourly", **how})(function)


async def asynchronous(http):
    """Await."""


def generating(http):
    """Yield."""
    yield http


@pytest.mark.parametrize(
    ("defining", "said"),
    [
        (lambda: poll(lambda htp: None), "'htp': did you mean 'http'"),
        (lambda: poll(lambda grph: None), "did you mean 'graph'"),
        (lambda: poll(lambda window: None), "'window'"),
        (lambda: poll(lambda *args: None), "name each"),
        (lambda: poll(lambda **all_of_it: None), "name each"),
        (lambda: poll(asynchronous), "neither async"),
        (lambda: poll(generating), "nor yield"),
        (lambda: define().check(lambda ingest: None), "'ingest'"),
        (lambda: poll(lambda http: None, every="*/61 * * * *"), "minute"),
        (lambda: poll(lambda http: None, every="0 0 30 2 *"), "never comes"),
        (lambda: poll(lambda http: None, timezone="Europe/Lisboa"), "Europe/Lisboa"),
        (lambda: define().backfill("customers", slice="7 days"), "ISO 8601"),
        (lambda: define().backfill("customers", slice="P0DT0H"), "ISO 8601"),
        (lambda: define().webhook("events", verify=bearer("kez")), "did you mean 'key'"),
        (lambda: define().webhook("events", verify=bearer("key"), delivery_id="$event"), "neither a header nor"),
        (lambda: define().webhook("events", verify=bearer("key"), delivery_id="X Id"), "neither a header nor"),
        (lambda: define(auth=bearer("kez")), "did you mean 'key'"),
        (lambda: define(hosts=[from_setting("api_bas")]), "did you mean 'api_base'"),
        (lambda: define(hosts=[from_setting("key")]), "no url"),
        (lambda: define(hosts=["https://api.acme.test"]), "without scheme"),
        (lambda: define(hosts=["api.acme.test:80"]), "without scheme, port"),
        (lambda: define(hosts=["a.*.acme.test"]), "no host"),
        (lambda: Connector("Acme!"), "lower-case"),
        (lambda: define().poll("Customers", every="@hourly"), "lower-case"),
        (lambda: Connector("acme", settings=[text("a"), secret("a")]), "twice"),
    ],
)
def test_a_mistake_is_refused_while_it_is_made(defining, said):
    """The definition itself raises, and names what was probably meant."""
    with pytest.raises(InvalidDefinition) as caught:
        defining()
    assert said in str(caught.value)


def test_a_stream_has_one_route_a_mode():
    """Two functions for one stream and mode would be a matter of luck."""
    connector = whole()
    with pytest.raises(InvalidDefinition, match="already"):
        connector.poll("customers", every="@hourly")(lambda http: None)
    with pytest.raises(InvalidDefinition, match="already"):
        connector.check(lambda http: None)


def test_decorators_leave_the_function_alone():
    """A route can be called and tested as the plain function it is."""

    def customers(http):
        """Customers."""

    assert poll(customers) is customers


def test_a_route_is_called_with_what_it_names():
    """The signature is the capability list."""
    connector, seen = define(), {}

    @connector.poll("customers", every="@hourly")
    def customers(now, http):
        seen.update(now=now, http=http)

    assert call_route(connector.route("poll", "customers"), {"http": 1, "now": 2, "ingest": 3}) is None
    assert seen == {"now": 2, "http": 1}
    with pytest.raises(UnknownStream, match="did you mean 'customers'"):
        connector.route("poll", "customer")


def test_only_a_declared_reply_is_answered():
    """A Reply from a route that nobody waits for is a mistake."""
    connector = define()
    connector.webhook("silent", verify=bearer("key"))(lambda request: Reply(200))
    connector.webhook("asked", verify=bearer("key"), reply=True)(lambda request: Reply(201))
    with pytest.raises(ConnectorMistake, match="reply=True"):
        call_route(connector.route("webhook", "silent"), {"request": None})
    assert call_route(connector.route("webhook", "asked"), {"request": None}) == Reply(201)


@pytest.mark.parametrize("place", ["X-GitHub-Delivery", "$.id", "$.data[0].event_id"])
def test_a_delivery_id_is_in_a_header_or_in_the_body(place):
    """As sources have it."""
    connector = define()
    connector.webhook("events", verify=bearer("key"), delivery_id=place)(lambda request: None)
    assert connector.manifest().stream("events").delivery_id == place


@pytest.mark.parametrize("status", [99, 101, 600, "200", None, True])
def test_a_reply_has_a_status_that_an_answer_may_have(status):
    """Whoever returns another one has made a mistake."""
    with pytest.raises(ConnectorMistake, match="from 200 to 599"):
        Reply(status)


def test_a_body_that_is_not_json_is_a_bad_record():
    """However it fails to be."""
    for body in (b"", b"\xff\xfe{", b"[" * 100_000):
        with pytest.raises(BadRecord, match="not JSON"):
            _ = Request(body, {}).json


def test_what_is_public_is_sorted_and_there():
    """`levada.__all__` is the whole of the public names."""
    import levada

    assert sorted(levada.__all__) == levada.__all__
    assert all(hasattr(levada, name) for name in levada.__all__)
    assert not [name for name in levada.__all__ if inspect.ismodule(getattr(levada, name))]


def test_rate_limits_are_said_as_people_say_them():
    """One or several, in the manifest as numbers."""
    several = Connector("acme", rate_limit=["10/s", "600/min", "100 / 10s", "5000/h", "90000/d"]).manifest()
    assert [(one.requests, one.per_s) for one in several.rate_limit] == [
        (10, 1),
        (600, 60),
        (100, 10),
        (5_000, 3_600),
        (90_000, 86_400),
    ]
    assert [str(one) for one in several.rate_limit] == ["10/s", "600/min", "100/10s", "5000/h", "90000/d"]
    assert [str(one) for one in Connector("acme", rate_limit="2/s").manifest().rate_limit] == ["2/s"]
    assert Manifest.model_validate_json(several.model_dump_json()) == several


@pytest.mark.parametrize("spelled", ["10", "0/s", "/s", "10/week", "10/2d", "-1/s", "1.5/s"])
def test_a_rate_limit_that_cannot_be_meant_is_refused(spelled):
    """At definition, with how it is spelled."""
    with pytest.raises(InvalidDefinition, match="10/s, 600/min"):
        Connector("acme", rate_limit=spelled)
