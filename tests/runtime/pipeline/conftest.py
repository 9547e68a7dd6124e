"""What runs pipelines, over a real store, and a receiver that answers as it is told to."""

import json
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from levada_runtime.access.org_secrets import OrgSecrets
from levada_runtime.daemon.couriers import make_courier
from levada_runtime.foundation.config import Settings
from levada_runtime.foundation.crypto import Keyring
from levada_runtime.graph.service import Graph
from levada_runtime.pipeline.deliveries import Deliveries
from levada_runtime.pipeline.events import Intake
from levada_runtime.pipeline.reactor import Reactor
from levada_runtime.pipeline.service import Pipelines
from levada_runtime.store.model import OrgRow
from levada_runtime.work.service import WorkQueue


class Receiver:
    """Keeps every request; answers with what it was given, `(status, headers, body)` in turn, then with 200."""

    def __init__(self):
        self.requests, self.answers = [], []
        kept = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                kept.requests.append((self.path, headers, body))
                answer = kept.answers.pop(0) if kept.answers else 200
                if callable(answer):
                    answer = answer(headers, body)
                status, given, content = (answer, {}, b"") if isinstance(answer, int) else answer
                self.send_response(status)
                for name, value in given.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *words):
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.place = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.place}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def bodies(self):
        return [json.loads(body) for _, _, body in self.requests]

    def ids(self):
        return [headers["webhook-id"] for _, headers, _ in self.requests]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Plant:
    """Everything between an event and its destination, over one store."""

    def __init__(self, store, clock, settings, stack):
        self.store, self.clock = store, clock
        self.org = OrgRow(7, "default", datetime(2026, 1, 1, tzinfo=UTC))
        self.other = OrgRow(8, "other", datetime(2026, 1, 1, tzinfo=UTC))
        with store.write() as uow:
            uow.orgs.add(self.org)
            uow.orgs.add(self.other)
        self.queue = WorkQueue(store, clock, timedelta(seconds=30))
        self.graph = Graph(store, clock)
        self.secrets = OrgSecrets(store, clock, Keyring(["the tests' own"]))
        self.pipelines = Pipelines(store, clock, self.secrets)
        self.intake = Intake(store, clock)
        self.deliveries = Deliveries(store, clock)
        self.reactor = Reactor(store, clock, self.graph)
        self.courier = make_courier(store, clock, self.secrets, settings, stack.callback)

    def deploy(self, text, org=None, **words):
        return self.pipelines.deploy(org or self.org, text, "pipeline.yaml", **words)

    def send(self, *payloads, kind="user.signup", org=None):
        events = [{"type": kind, "payload": payload} for payload in payloads]
        return self.intake.accept((org or self.org).id, events)["ids"]

    def claim(self):
        """Claim everything that is due; returns it by its kind."""
        claimed = {"pipeline": [], "deliver": []}
        for token in self.queue.claim_due(1000):
            with self.store.read() as uow:
                claimed[uow.work.get(token[0]).kind].append(token)
        return claimed

    def work(self):
        """Do everything that is due, and all that follows and is due now, too; returns how many pieces that were."""
        count = 0
        while any(claimed := self.claim().values()):
            events, deliveries = claimed
            for token in events:
                self.reactor.execute(token)
            for token in deliveries:
                self.courier.execute(token)
            count += len(events) + len(deliveries)
        return count

    def wait(self, **span):
        """Let time pass, then work."""
        self.clock.pass_time(**span)
        return self.work()

    def lose_workers(self):
        """Let every claim be given up, as if all workers had died."""
        self.clock.pass_time(minutes=5)
        self.queue.recover()

    def rows(self, org=None):
        """Return all deliveries, oldest first."""
        with self.store.read() as uow:
            return uow.deliveries.page_of((org or self.org).id, limit=10_000)[::-1]

    def show(self):
        """Return the only delivery, with its history."""
        (row,) = self.rows()
        return self.deliveries.get(self.org, row.uid)

    def figures(self, name, org=None):
        figures = self.pipelines.get(org or self.org, name)["figures"]
        return {what: number for what, number in figures.items() if number}

    def events(self, source=None, org=None, connection_id=0):
        with self.store.read() as uow:
            rows = uow.events.between((org or self.org).id, connection_id, 0, 1 << 62, 10_000)
        return [row for row in rows if source in (None, row.source)]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def patience_s():
    """How long a receiver may take; a busy machine needs more for a first request than one that hangs is given."""
    return 10.0


@pytest.fixture
def settings(tmp_path, receiver, patience_s):
    """What an operator set: the receiver may be reached."""
    return Settings(data_dir=tmp_path, deliveries={"allow_private": [receiver.place], "timeout_s": patience_s})


@pytest.fixture
def plant(store, clock, settings):
    with ExitStack() as stack:
        yield Plant(store, clock, settings, stack)


@pytest.fixture
def hook(receiver):
    """Returns the text of a pipeline that passes events on to the receiver."""

    def text(name="forward", actions="", auth="none", **more):
        extra = "".join(f"\n      {key}: {value}" for key, value in more.items())
        return f"""
pipeline: {name}
sources:
  - type: sdk.event
{actions}
destinations:
  - webhook.out:
      url: {receiver.url}/{name}
      auth: {auth}
      body: {{ email: $event.payload.email }}{extra}
"""

    return text
