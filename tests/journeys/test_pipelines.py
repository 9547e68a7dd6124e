"""Events, entities and deliveries of a real daemon, with a receiver that answers as it is told to."""

import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytestmark = pytest.mark.journey

SIGNUPS = """
pipeline: signups
sources:
  - type: sdk.event
    match: user.signup
actions:
  # 01 · populate the identity graph from the event payload
  - upsert.entity:
      kind: user
      external_id: $event.payload.email
      traits:
        name: $event.payload.name
        plan: $event.payload.intended_plan
        utm: $event.payload.utm
        country: $event.payload.country
        signed_up_at: now()
  # 02 · use the now-stored traits in the outbound body
  - transform:
      template: |
        {
          email: $event.payload.email,
          plan: $entity.user.plan,
          country: $entity.user.country
        }
destinations:
  - webhook.out:
      url: RECEIVER/signups
      auth: { hmac: crm_signing_secret }
"""
ROUTING = """
pipeline: routing
actions:
  - enrich.entity:
      kind: user
      external_id: $event.payload.email
  - transform:
      template: |
        {
          email: $event.payload.email,
          plan: $entity.user.plan,
          arr: $entity.user.arr,
          owner: $entity.user.account_owner
        }
destinations:
  - webhook.out:
      url: RECEIVER/routing
"""
ALICE = {
    "kind": "user",
    "external_id": "alice@acme.co",
    "traits": {"plan": "growth", "arr": 50000, "account_owner": "ben", "company_domain": "acme.co"},
}
SIGNUP = {
    "type": "user.signup",
    "payload": {"email": "alice@acme.co", "name": "Alice", "intended_plan": "growth", "country": "PT", "utm": {"a": 1}},
}


class Receiver:
    """Keeps every request, and answers with the statuses it was given, then 200; while `held`, it does not answer."""

    def __init__(self):
        self.requests, self.statuses = [], []
        self.held = threading.Event()
        self.held.set()
        kept = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                kept.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                status = kept.statuses.pop(0) if kept.statuses else 200
                kept.held.wait(30)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.place = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def bodies(self, path):
        return [json.loads(body) for at, _, body in self.requests if at == path]

    def ids(self):
        return [headers["webhook-id"] for _, headers, _ in self.requests]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.held.set()
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def piped(site, receiver, tmp_path):
    """A site whose pipelines may reach the receiver; returns what deploys a text."""
    site.env["LEVADA_DELIVERIES__ALLOW_PRIVATE"] = json.dumps([receiver.place])
    site.env["LEVADA_DELIVERIES__RETRY_S"] = "[0.2]"
    site.env["CRM_SECRET"] = "whsec_" + "c2VjcmV0LW9mLXRoZS1jcm0tMTIzNDU2Nzg5MDEyMw=="
    site.runtime("secrets", "set", "crm_signing_secret=env:CRM_SECRET")

    def deploy(text):
        file = tmp_path / "pipeline.yaml"
        file.write_text(text.replace("RECEIVER", f"http://{receiver.place}"))
        return site.json("pipelines", "deploy", str(file))

    return deploy


def call(daemon, key, method, path, body=None):
    request = urllib.request.Request(
        f"{daemon.url}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())


def key_of(site):
    return (site.data_dir / "admin.key").read_text().strip()


def send(daemon, key, *events):
    status, body = call(daemon, key, "POST", "/v1/ingest", {"events": list(events)})
    assert status == 202, body
    return body["data"]


def deliveries(site):
    return site.rows("SELECT uid, pipeline, state, attempts FROM deliveries ORDER BY id")


def test_the_pipelines_of_the_documentation_deliver_what_they_say(site, piped, receiver, wait_until):
    """An entity by REST, an event, and two pipelines: the bodies carry plan, country, revenue and owner, not null."""
    piped(SIGNUPS)
    piped(ROUTING)
    daemon = site.serve()
    key = key_of(site)
    assert call(daemon, key, "POST", "/api/entities", ALICE)[0] == 201
    assert call(daemon, key, "POST", "/api/entities", ALICE)[0] == 200
    assert send(daemon, key, SIGNUP)["accepted"] == 1
    wait_until(lambda: len(receiver.requests) == 2, "two deliveries")
    assert receiver.bodies("/signups") == [{"email": "alice@acme.co", "plan": "growth", "country": "PT"}]
    assert receiver.bodies("/routing") == [{"email": "alice@acme.co", "plan": "growth", "arr": 50000, "owner": "ben"}]
    signed = next(headers for path, headers, _ in receiver.requests if path == "/signups")
    assert signed["webhook-signature"].startswith("v1,")
    wait_until(lambda: {row[2] for row in deliveries(site)} == {"delivered"}, "both to be written down")
    entity = site.json("entities", "list", "--kind", "user")["items"][0]
    assert entity["traits"]["company_domain"] == "acme.co"
    assert entity["traits"]["country"] == "PT"
    assert entity["traits"]["utm"] == {"a": 1}
    daemon.stop()


@pytest.mark.databases("sqlite")
def test_a_receiver_that_recovers_gets_one_delivery_under_one_id(site, piped, receiver, wait_until):
    """Three failures and a success: four attempts, one id, and it is written down as delivered once."""
    piped(SIGNUPS)
    receiver.statuses = [500, 503, 429]
    daemon = site.serve()
    send(daemon, key_of(site), SIGNUP)
    wait_until(lambda: [row[2:] for row in deliveries(site)] == [("delivered", 4)], "the fourth attempt")
    assert len(receiver.requests) == 4
    assert len(set(receiver.ids())) == 1
    daemon.stop()


@pytest.mark.databases("sqlite")
def test_a_receiver_that_refuses_makes_a_dead_letter_that_can_be_sent_again(site, piped, receiver, wait_until):
    """400 is final: one attempt, listed as dead with its reason; a replay arrives under the same id."""
    piped(SIGNUPS)
    receiver.statuses = [400]
    daemon = site.serve()
    send(daemon, key_of(site), SIGNUP)
    wait_until(lambda: [row[2] for row in deliveries(site)] == ["dead"], "the refusal")
    (dead,) = site.json("deliveries", "list", "--state", "dead")["items"]
    assert dead["attempts"] == 1
    assert "400" in dead["reason"]
    site.runtime("deliveries", "replay", dead["id"])
    wait_until(lambda: [row[2] for row in deliveries(site)] == ["delivered"], "the replay")
    assert len(set(receiver.ids())) == 1
    assert receiver.requests[0][2] == receiver.requests[1][2]
    daemon.stop()


def test_a_daemon_killed_between_commit_and_delivery_loses_and_doubles_nothing(site, piped, receiver, wait_until):
    """Thirty events, and a daemon killed while they are being delivered: each becomes one delivery, delivered once."""
    piped(SIGNUPS)
    receiver.held.clear()
    daemon = site.serve()
    people = [f"p{number}@acme.co" for number in range(30)]
    events = [{**SIGNUP, "payload": {**SIGNUP["payload"], "email": person}} for person in people]
    send(daemon, key_of(site), *events)
    wait_until(lambda: len(receiver.requests) >= 2, "deliveries on their way")
    daemon.process.kill()
    daemon.process.communicate()
    print(f"killed with {len(deliveries(site))} deliveries written and {len(receiver.requests)} on their way")
    receiver.held.set()
    again = site.serve()
    wait_until(lambda: [row[2] for row in deliveries(site)] == ["delivered"] * 30, "all thirty")
    again.stop()
    assert len({row[0] for row in deliveries(site)}) == 30
    assert set(receiver.ids()) == {row[0] for row in deliveries(site)}
    assert sorted({body["email"] for body in receiver.bodies("/signups")}) == sorted(people)
    assert site.rows("SELECT count(*) FROM entities") == [(30,)]
    assert site.rows("SELECT count(*) FROM events WHERE source = 'sdk.event'") == [(30,)]
    assert site.rows("SELECT count(*) FROM events WHERE source = 'entity.created'") == [(30,)]
