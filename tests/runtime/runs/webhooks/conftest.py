"""A connector whose streams are pushed to, and an installation with one connection to it."""

import base64
import hashlib
import hmac
import json
import sys

import pytest
import sqlalchemy as sa

from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings, WebhookSettings

CONNECTOR = '''
"""Takes what is pushed, and does what it says."""
from datetime import datetime

from levada import (AuthFailed, BadRecord, Connector, Reply, SourceUnavailable, github_signature, hmac_sha256, secret,
    standard_webhooks, stripe_signature, unverified)

connector = Connector("pushed", settings=[secret("key", required=False), secret("token", required=False)])


def take(request, ingest, checkpoint, log):
    said = request.json
    match said.get("do"):
        case "raise":
            raise ValueError("no")
        case "bad":
            raise BadRecord("not so")
        case "unavailable":
            raise SourceUnavailable("later", wait=60)
        case "auth":
            raise AuthFailed("who?")
        case "save":
            checkpoint.save(seen=said["id"])
        case "tell":
            log.info(" ".join(sorted(request.headers)), delivery=request.delivery_id, q=request.params.get("q"))
    taken = {"customer_id": str(said["id"]), "name": said["name"]}
    if said.get("wrong"):
        taken["currency"] = "EURO"
    ingest.batch("customer", [taken], idempotency_key=lambda c: c["customer_id"], continue_on_error=True)


@connector.webhook("signed", verify=hmac_sha256("X-Proof", secret="key"), delivery_id="X-Delivery")
def signed(request, ingest, checkpoint, log):
    """Signed deliveries."""
    take(request, ingest, checkpoint, log)


@connector.webhook("open", verify=unverified(reason="A test of it."))
def opened(request, ingest, checkpoint, log):
    """Deliveries without an id."""
    take(request, ingest, checkpoint, log)


@connector.webhook("every", verify=unverified(reason="A test of it."), dedupe=False)
def every(request, ingest, checkpoint, log):
    """Deliveries that are never the same."""
    take(request, ingest, checkpoint, log)


@connector.webhook("asked", verify=unverified(reason="A test of it."), reply=True)
def asked(request):
    """Answers."""
    return Reply(201, {"got": request.json})


@connector.webhook("github", verify=github_signature("key"))
def github(request, ingest, checkpoint, log):
    """As GitHub sends."""


@connector.webhook("stripe", verify=stripe_signature("key"))
def stripe(request, ingest, checkpoint, log):
    """As Stripe sends."""


@connector.webhook("standard", verify=standard_webhooks("key"))
def standard(request, ingest, checkpoint, log):
    """As the standard says."""


@connector.webhook("slack", verify=hmac_sha256("X-Proof", secret="key", handshake="url_verification"))
def slack(request, ingest, checkpoint, log):
    """Asks first."""


@connector.webhook("meta", verify=hmac_sha256("X-Proof", secret="key", handshake="hub.challenge",
    handshake_secret="token"))
def meta(request, ingest, checkpoint, log):
    """Asks first, too."""
'''
KEY = base64.b64encode(b"the key of these tests, and long").decode()


class Bench:
    """An installation with one connection whose streams are pushed to."""

    def __init__(self, installation, package):
        self.installation = installation
        self.package = package
        self.org = installation.org
        self.store = installation.store
        self.connection = self.add("pushed")

    def add(self, name, org=None):
        _, manifest = self.installation.catalog.ready("pushed")
        secrets = {"key": KEY, "token": "let me in\nor me"}
        return self.installation.connections.add(org or self.org, manifest, name=name, settings={}, secrets=secrets)

    def door(self, stream="signed", name="pushed"):
        return self.installation.intake.doors.find(name, stream)

    def send(self, value=None, stream="signed", *, raw=None, headers=None, params=None, signed=True):
        body = json.dumps(value).encode() if raw is None else raw
        given = {"x-proof": proof(body)} if signed else {}
        return self.installation.intake.receive(self.door(stream), given | (headers or {}), params or {}, body)

    def push(self, value=None, stream="signed", **how):
        """Push a delivery and return the id of its receipt once it is kept."""
        return self.send(value, stream, **how).result(10).receipt_id

    def work(self, stream="signed"):
        """Carry out the head of a stream's line, due or not; False when there is none."""
        work = self.installation.work
        token = work.claim_next(self.org.id, self.connection.id, f"webhook:{stream}")
        if token is not None:
            self.installation.runs.execute(token)
        return token is not None

    def work_off(self, stream="signed"):
        while self.work(stream):
            pass

    def receipt(self, receipt_id):
        return self.installation.receipts.receipt(self.org, receipt_id)

    def run_of(self, receipt_id):
        return self.installation.run_library.run(self.org, self.receipt(receipt_id)["run"])

    def documents(self):
        found = self.installation.library.documents(self.org, limit=1000).items
        return {one["idempotency_key"]: one for one in found}

    def count(self, table):
        with self.store.engine.connect() as opened:
            return opened.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()

    def set_state(self, state):
        self.installation.connections.set_state(self.connection, state)


def proof(body):
    return hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()


@pytest.fixture
def settings():
    """What webhooks may be."""
    return WebhookSettings()


@pytest.fixture
def sandbox(lending):
    """The sandbox of these tests."""
    return lending.sandbox


@pytest.fixture
def bench(tmp_path, monkeypatch, new_database, settings, lending):
    package = tmp_path / "packages" / "pushed"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(CONNECTOR)
    info = tmp_path / "packages" / "pushed-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pushed\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[levada.connectors]\npushed = pushed:connector\n")
    monkeypatch.setattr(sys, "path", [str(package.parent), *sys.path])
    url = new_database()
    with Installation(Settings(data_dir=tmp_path, database_url=url, webhooks=settings)) as installation:
        lending.to(installation)
        yield Bench(installation, package)
