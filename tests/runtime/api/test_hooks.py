"""Webhooks over HTTP: what a source is answered, and what an operator is shown of it."""

import hashlib
import hmac
import json
import sys
import threading

import pytest
from tests.serving import app_over

from levada_runtime.api import hooks
from levada_runtime.daemon.api import api_services
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings

CONNECTOR = '''
"""Is pushed to."""
from levada import Connector, Reply, bearer, hmac_sha256, secret, unverified

connector = Connector("pushed", settings=[secret("key")])


@connector.webhook("events", verify=hmac_sha256("X-Proof", secret="key"))
def events(request, ingest):
    """Customers."""
    said = request.json
    ingest.canonical("customer", {"customer_id": said["id"], "name": said["name"]}, idempotency_key=said["id"])


@connector.webhook("asked", verify=unverified(reason="A test of it."), reply=True, dedupe=False)
def asked(request):
    """Answers with the status it is asked for."""
    if request.json["status"]:
        return Reply(request.json["status"], {"got": request.json})


@connector.webhook("logged", verify=bearer("key"))
def logged_in(request):
    """Shows a token."""


@connector.webhook("slack", verify=hmac_sha256("X-Proof", secret="key", handshake="url_verification"))
def slack(request):
    """Asks first."""


@connector.webhook("meta", verify=hmac_sha256("X-Proof", secret="key", handshake="hub.challenge",
    handshake_secret="key"))
def meta(request):
    """Asks first, too."""


@connector.poll("polled", every="@hourly")
def polled(http):
    """Is not pushed to."""
'''
KEY = "the key of these tests"
ADA = {"id": "1", "name": "Ada"}


def proof(body):
    return hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()


@pytest.fixture
def installation(tmp_path, monkeypatch, lending):
    package = tmp_path / "packages" / "pushed"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(CONNECTOR)
    info = tmp_path / "packages" / "pushed-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pushed\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[levada.connectors]\npushed = pushed:connector\n")
    monkeypatch.setattr(sys, "path", [str(package.parent), *sys.path])
    with Installation(Settings(data_dir=tmp_path, webhooks={"max_mb": 0.1, "max_waiting": 2})) as installation:
        lending.to(installation)
        add(installation, installation.org)
        yield installation


@pytest.fixture
def app(installation):
    return app_over(api_services(installation, lambda: {"ready": True}))


def add(installation, org):
    _, manifest = installation.catalog.ready("pushed")
    return installation.connections.add(org, manifest, settings={}, secrets={"key": KEY})


def push(api, value=None, *, raw=None, path="/hooks/pushed/events", signed=True, headers=None):
    body = json.dumps(value).encode() if raw is None else raw
    given = {"x-proof": proof(body)} if signed else {}
    return api.post(path, raw=body, headers=given | (headers or {}), key=None)


def receipts(api, **query):
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return api.get(f"/v1/receipts?{asked}").body["data"]


def work_off(installation, stream="events"):
    connection = installation.connections.get(installation.org, "pushed")
    place = installation.org.id, connection.id, f"webhook:{stream}"
    while (token := installation.work.claim_next(*place)) is not None:
        installation.runs.execute(token)


def test_a_signed_delivery_is_answered_202_with_its_receipt(api, installation):
    """No key is asked for; the second time the same receipt is told."""
    status, body, _ = push(api, ADA, headers={"content-type": "text/plain"})
    assert (status, set(body)) == (202, {"receipt_id"})
    assert push(api, ADA).body == body
    uid = installation.connections.get(installation.org, "pushed").uid
    assert push(api, ADA, path=f"/hooks/{uid}/events").body == body
    (listed,) = receipts(api)
    assert (listed["id"], listed["connection"], listed["stream"]) == (body["receipt_id"], "pushed", "events")
    assert listed["state"] == "received"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "signature_missing"),
        ({"x-proof": "0" * 64}, "signature_mismatch"),
        ({"x-proof": proof(b"{}")}, "signature_mismatch"),
        ({"authorization": f"Bearer {KEY}"}, "signature_missing"),
    ],
)
def test_an_unsigned_or_wrongly_signed_delivery_is_answered_401_and_leaves_nothing(api, headers, code):
    """In the envelope of errors, with a reason and nothing else."""
    status, body, _ = push(api, ADA, signed=False, headers=headers)
    assert (status, body["status"], body["code"], body["details"]) == (401, "error", code, None)
    assert KEY not in json.dumps(body)
    assert receipts(api) == []


def test_a_token_in_the_authorization_header_may_be_the_proof(api):
    """It is the connection's, not a key of the API; it is not kept."""
    path = "/hooks/pushed/logged"
    assert push(api, ADA, path=path, headers={"authorization": "Bearer nobody"}).status == 401
    receipt_id = push(api, ADA, path=path, headers={"authorization": f"Bearer {KEY}"}).body["receipt_id"]
    shown = api.get(f"/v1/receipts/{receipt_id}").body["data"]
    assert "authorization" not in shown["headers"]


@pytest.mark.parametrize(
    "path",
    ["/hooks/nobody/events", "/hooks/pushed/nothing", "/hooks/pushed/polled", "/hooks/pushed", "/hooks/pushed/events/x",
     "/hooks/%00/events", "/hooks/p%C3%BCshed/events"],
)  # fmt: skip
def test_what_is_not_there_is_404(api, path):
    """A connection, a stream, or a stream that nobody pushes to."""
    for answer in (push(api, ADA, path=path), api.get(path, key=None)):
        assert (answer.status, answer.body["code"]) == (404, "not_found")


def test_a_name_that_two_organisations_use_is_404_with_the_way_out(api, installation):
    """The id says which is meant."""
    other = add(installation, installation.orgs.create("other"))
    answer = push(api, ADA)
    assert (answer.status, answer.body["code"]) == (404, "ambiguous_connection")
    assert "id" in answer.body["message"]
    assert push(api, ADA, path=f"/hooks/{other.uid}/events").status == 202


def test_a_body_that_is_too_large_is_413(api):
    """Whether its length is declared or comes out while it is read."""
    large = b"x" * (int(0.1 * (1 << 20)) + 1)
    assert push(api, raw=large[:-1]).status == 202
    for headers in ({}, {"content-length": str(len(large))}):
        assert push(api, raw=large, headers=headers).status == 413
    assert len(receipts(api)) == 1


def test_beyond_the_depth_it_is_429_with_retry_after(api, installation):
    """Nothing that was accepted is lost by it."""
    for number in ("1", "2"):
        assert push(api, {"id": number, "name": "N"}).status == 202
    status, body, headers = push(api, {"id": "3", "name": "N"})
    assert (status, body["code"]) == (429, "too_many_waiting")
    assert int(headers["retry-after"]) > 0
    work_off(installation)
    assert push(api, {"id": "3", "name": "N"}).status == 202
    assert len(receipts(api, state="processed")) == 2


def test_a_get_is_a_handshake_or_nothing(api):
    """Meta's is answered in plain text, if it knows the word; elsewhere only POST is served."""
    asked = "hub.mode=subscribe&hub.challenge=4711&hub.verify_token="
    status, body, headers = api.get(f"/hooks/pushed/meta?{asked}{KEY.replace(' ', '%20')}", key=None)
    assert (status, body, headers["content-type"]) == (200, b"4711", "text/plain; charset=utf-8")
    assert headers["x-content-type-options"] == "nosniff"
    assert api.get(f"/hooks/pushed/meta?{asked}guess", key=None).status == 401
    status, body, headers = api.get("/hooks/pushed/events", key=None)
    assert (status, body["code"], headers["allow"]) == (405, "method_not_allowed", "POST")


def test_slacks_handshake_is_answered_where_it_is_signed(api):
    """With the word, and without a receipt."""
    asked = {"type": "url_verification", "challenge": "c-1"}
    answer = push(api, asked, path="/hooks/pushed/slack")
    assert (answer.status, answer.body) == (200, {"challenge": "c-1"})
    assert push(api, asked, path="/hooks/pushed/slack", signed=False).status == 401
    assert receipts(api) == []


@pytest.fixture
def working(installation):
    """The streams are worked off meanwhile."""
    over = threading.Event()

    def work():
        while not over.wait(0.02):
            work_off(installation, "asked")

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


def test_a_route_that_replies_is_waited_for(api, working):
    """The receipt is kept, and the answer is the route's own; without one it is the receipt."""
    path = "/hooks/pushed/asked"
    for status in (201, 418):
        answer = push(api, {"status": status}, path=path)
        assert (answer.status, answer.body) == (status, {"got": {"status": status}})
    assert push(api, {"status": 204}, path=path).body == b""
    for value in ({"status": None}, {"status": 1000}):
        answer = push(api, value, path=path)
        assert (answer.status, set(answer.body)) == (202, {"receipt_id"})
    shown = [api.get(f"/v1/receipts/{one['id']}").body["data"] for one in receipts(api)]
    assert [(one["state"], (one["reply"] or {}).get("status")) for one in reversed(shown)] == [
        ("processed", 201),
        ("processed", 418),
        ("processed", 204),
        ("processed", None),
        ("dead", None),
    ]


def test_a_source_waits_for_a_reply_only_so_long(api, monkeypatch):
    """Then it is told that the delivery is kept."""
    monkeypatch.setattr(hooks, "REPLY_WITHIN_S", 0.2)
    assert push(api, {"status": 200}, path="/hooks/pushed/asked").status == 202


def test_a_receipt_is_shown_without_its_proof_and_replayed(api, installation):
    """What was sent can be read; another run is entered for it, and only when it does not wait already."""
    receipt_id = push(api, ADA, headers={"cookie": "c00kie"}).body["receipt_id"]
    shown = api.get(f"/v1/receipts/{receipt_id}").body
    assert (shown["object"], shown["data"]["headers"]) == ("receipt", {"x-proof": "•••"})
    assert json.loads(shown["data"]["body"]) == ADA
    replay = f"/v1/receipts/{receipt_id}/replay"
    assert (api.post(replay).status, api.post(replay).body["code"]) == (422, "receipt_waiting")
    work_off(installation)
    assert api.get("/v1/customers").body["data"][0]["provenance"]["receipt"] == receipt_id
    answer = api.post(replay)
    assert (answer.status, answer.body["data"]["state"]) == (202, "received")
    work_off(installation)
    assert api.get(f"/v1/receipts/{receipt_id}").body["data"]["state"] == "processed"


def test_receipts_are_an_operators_and_their_organisations_own(api, other_api, scoped):
    """Another organisation's key sees none of it, a key without the scope may not ask."""
    receipt_id = push(api, ADA).body["receipt_id"]
    assert other_api.get("/v1/receipts").body["data"] == []
    paths = [("GET", f"/v1/receipts/{receipt_id}"), ("POST", f"/v1/receipts/{receipt_id}/replay")]
    for method, path in paths:
        assert other_api.ask(method, path).status == 404
        assert scoped("documents:read").ask(method, path).status == 403
        assert api.ask(method, path, key=None).status == 401
        assert api.ask(method, path.replace(receipt_id, "nothing")).status == 404
    assert api.get("/v1/receipts?state=lost").body["code"] == "unknown_state"
    assert api.get("/v1/receipts?connection=nobody").status == 404
    assert scoped("operate").get("/v1/receipts").status == 200
