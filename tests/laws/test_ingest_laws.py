"""The real ingest keeps the SDK's laws: over the wire's own frames, through the real pages, in a real store.

Only the process boundary is left out: what a child would send is encoded, decoded and answered in this process.
"""

import threading
from collections import deque
from datetime import UTC, datetime

import orjson
import pytest
import sqlalchemy as sa

from levada import Manifest
from levada._ingest import RouteIngest
from levada._manifest import StreamManifest
from levada.testing.ingest_suite import IngestLaws
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.clock import SystemClock
from levada_runtime.foundation.masking import Mask
from levada_runtime.graph.service import Graph
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.service import Ingest
from levada_runtime.runs.assertions import Assertions
from levada_runtime.runs.handlers import RunHandlers
from levada_runtime.runs.pager import Pager
from levada_runtime.runs.recorder import Recorder
from levada_runtime.sandbox.answering import Conversation
from levada_runtime.sandbox.encode import encode_record
from levada_runtime.sandbox.ports import WireIngest
from levada_runtime.sandbox.protocol import decode_child, encode
from levada_runtime.store.model import RunRow

HEADER_BYTES = 4


class Wire:
    """Both ends of a channel in one process: what a child sends is answered by the host's own conversation."""

    def __init__(self, handlers):
        self._conversation = Conversation(self, handlers)
        self._answers = deque()

    def send(self, frame):
        heard = decode_child(encode(frame)[HEADER_BYTES:])
        self._answers.append(self._conversation._answer(heard))

    def receive(self):
        return self._answers.popleft()


class RealBench:
    """The ingest of one run over a store of its own."""

    stream = "customers"

    def __init__(self, store):
        self._store = store
        clock = SystemClock()
        now = datetime.now(UTC)
        self._run = RunRow(
            org_id=1,
            connection_id=2,
            id="run",
            connector="source",
            stream=self.stream,
            mode="poll",
            observing=False,
            state="running",
            attempt=1,
            queued_at=now,
        )
        with store.write() as uow:
            uow.runs.add(self._run)
        origin = Origin(
            org="default",
            org_id=1,
            connection="source",
            connection_id=2,
            connection_uid="uid",
            connector="source",
            connector_version="1",
            stream=self.stream,
            run_id="run",
            attempt=1,
            mode="poll",
            scheduled_for=None,
        )
        self._ingest = Ingest(store, Registry(), origin)
        recorder = Recorder(clock, Mask([]))
        asserted = Assertions(Graph(store, clock), self._run, "source")
        self._pager = Pager(
            store, clock, self._run, None, self._ingest, asserted, recorder, threading.Event(), lambda _run: None
        )
        manifest = Manifest(
            key="source",
            title="Source",
            streams=(StreamManifest(key=self.stream, modes=("poll",), description="A stream."),),
        )
        handlers = RunHandlers(manifest, self._ingest, asserted, None, self._pager, recorder)
        port = WireIngest(Wire(handlers))
        self.ingest = RouteIngest(
            port, stream=self.stream, streams=frozenset({self.stream}), emits=None, encode=encode_record
        )

    def commit_page(self, **checkpoint):
        self._pager.save("", {**self.checkpoint(), **checkpoint})

    def drop_page(self):
        with self._store.write() as uow:
            self._pager.drop(uow)
        self._ingest.clear()

    def accept_scheme(self, document_type):
        with self._store.write() as uow:
            uow.schemes.accept((1, 2), self.stream, document_type, SystemClock().now())

    def checkpoint(self):
        with self._store.read() as uow:
            return uow.checkpoints.of(1, 2, self.stream).get("", {})

    def documents(self):
        return {
            key: orjson.loads(payload)
            for key, payload in self._rows(
                "SELECT d.idempotency_key, v.payload FROM documents d"
                " JOIN versions v ON v.document_id = d.id AND v.version = d.version WHERE d.retired_at IS NULL"
            )
        }

    def versions(self, idempotency_key):
        found = self._rows(
            "SELECT v.payload FROM documents d JOIN versions v ON v.document_id = d.id"
            " WHERE d.idempotency_key = :key ORDER BY v.version",
            key=idempotency_key,
        )
        return [orjson.loads(payload) for (payload,) in found]

    def events(self):
        return [
            tuple(row)
            for row in self._rows(
                "SELECT e.source, d.idempotency_key FROM events e JOIN documents d ON d.id = e.document_id"
                " ORDER BY e.id"
            )
        ]

    def quarantined(self):
        return [reason for (reason,) in self._rows("SELECT reason FROM quarantine ORDER BY id")]

    def _rows(self, query, **values):
        with self._store.engine.connect() as connection:
            return connection.execute(sa.text(query), values).fetchall()


class TestRealIngest(IngestLaws):
    """Every law of the SDK's suite, over each database."""

    @pytest.fixture
    def ingest_bench(self, new_store):
        return lambda: RealBench(new_store())
