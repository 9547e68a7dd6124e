"""The real ingest keeps the SDK's laws: over the wire's own frames, through the real pages, in a real store.

Only the process boundary is left out: what a child would send is encoded, decoded and answered in this process.
"""

import itertools
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import orjson
import pytest
import sqlalchemy as sa
from tests.laws.wire import Wire

from levada import Manifest
from levada._ingest import RouteIngest
from levada._manifest import StreamManifest
from levada.testing.ingest_suite import IngestLaws
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.clock import SystemClock
from levada_runtime.foundation.masking import Mask
from levada_runtime.graph.service import Graph
from levada_runtime.ingest.gates import Problem
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.reasons import Reason
from levada_runtime.ingest.service import Ingest
from levada_runtime.runs.assertions import Assertions
from levada_runtime.runs.handlers import RunHandlers
from levada_runtime.runs.pager import Pager
from levada_runtime.runs.recorder import Recorder
from levada_runtime.sandbox.encode import encode_record
from levada_runtime.sandbox.ports import WireIngest
from levada_runtime.store.model import RunRow


class ClosedPeriods:
    """A gate that refuses the records of some keys, as a ledger refuses those of a closed period."""

    def __init__(self):
        self.keys = set()

    def problems(self, uow, origin, arrivals):
        closed = Problem(Reason.PERIOD_CLOSED, "the period that it belongs to is closed")
        return {place: closed for place, one in enumerate(arrivals) if one.idempotency_key in self.keys}


class CutOffError(Exception):
    """A commit ends half-way."""


class RealBench:
    """The ingest of one run of a connection of its own; benches of one store take turns in two organisations."""

    stream, other_stream = "customers", "others"

    def __init__(self, store, number=0, new_ingest=Ingest, new_pager=Pager):
        self._store = store
        self.scope = org_id, connection_id = 1 + number % 2, 2 + number // 2
        run_id = f"run-{number}"
        clock = SystemClock()
        now = datetime.now(UTC)
        self._run = RunRow(
            org_id=org_id,
            connection_id=connection_id,
            id=run_id,
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
            org_id=org_id,
            connection="source",
            connection_id=connection_id,
            connection_uid="uid",
            connector="source",
            connector_version="1",
            stream=self.stream,
            run_id=run_id,
            attempt=1,
            mode="poll",
            scheduled_for=None,
        )
        self._closed, self._gates = ClosedPeriods(), []
        self._ingest = new_ingest(store, Registry(), origin, gates=self._gates)
        recorder = Recorder(clock, Mask([]))
        asserted = Assertions(Graph(store, clock), self._run, "source")
        self._pager = new_pager(
            store, clock, self._run, None, self._ingest, asserted, recorder, threading.Event(), lambda _run: None
        )
        handlers = RunHandlers(self._manifest(), self._ingest, asserted, None, self._pager, recorder)
        port = WireIngest(Wire(handlers))
        self.ingest = RouteIngest(
            port,
            stream=self.stream,
            streams=frozenset({self.stream, self.other_stream}),
            emits=None,
            encode=encode_record,
        )

    def _manifest(self):
        return Manifest(
            key="source",
            title="Source",
            streams=tuple(
                StreamManifest(key=key, modes=("poll",), description="A stream.")
                for key in (self.stream, self.other_stream)
            ),
        )

    def commit_page(self, **checkpoint):
        self._pager.save("", {**self.checkpoint(), **checkpoint})

    def drop_page(self):
        with self._store.write() as uow:
            self._pager.drop(uow)
        self._ingest.clear()

    def break_commit(self, after, **checkpoint):
        steps = itertools.count()

        def step(*_):
            if next(steps) >= after:
                raise CutOffError

        events = [("before_cursor_execute", step), ("commit", step)]
        for name, told in events:
            sa.event.listen(self._store.engine, name, told)
        try:
            self.commit_page(**checkpoint)
        except CutOffError:
            broken = True
        else:
            broken = False
        finally:
            for name, told in events:
                sa.event.remove(self._store.engine, name, told)
        if broken:
            self.drop_page()
        return broken

    def close_period(self, *idempotency_keys):
        self._closed.keys.update(idempotency_keys)
        self._gates[:] = [self._closed]

    @contextmanager
    def lose_store(self):
        def away():
            raise sa.exc.OperationalError("SELECT 1", {}, OSError("the network is unreachable"))

        self._store.look = away
        yield
        del self._store.look

    def accept_scheme(self, document_type):
        with self._store.write() as uow:
            uow.schemes.accept(self.scope, self.stream, document_type, SystemClock().now())

    def checkpoint(self):
        with self._store.read() as uow:
            return uow.checkpoints.of(*self.scope, self.stream).get("", {})

    def documents(self):
        return {
            key: orjson.loads(payload)
            for key, payload in self._rows(
                "SELECT d.idempotency_key, v.payload FROM documents d"
                " JOIN versions v ON v.document_id = d.id AND v.version = d.version"
                " WHERE d.retired_at IS NULL AND d.org_id = :org AND d.connection_id = :connection"
            )
        }

    def versions(self, idempotency_key):
        found = self._rows(
            "SELECT v.payload FROM documents d JOIN versions v ON v.document_id = d.id"
            " JOIN pages p ON p.id = v.page_id AND p.org_id = v.org_id AND p.connection_id = v.connection_id"
            " WHERE d.idempotency_key = :key AND d.org_id = :org AND d.connection_id = :connection"
            " ORDER BY v.version",
            key=idempotency_key,
        )
        return [orjson.loads(payload) for (payload,) in found]

    def events(self):
        return [
            tuple(row)
            for row in self._rows(
                "SELECT e.source, d.idempotency_key FROM events e JOIN documents d ON d.id = e.document_id"
                " WHERE d.org_id = :org AND d.connection_id = :connection ORDER BY e.id"
            )
        ]

    def quarantined(self):
        return [
            reason
            for (reason,) in self._rows(
                "SELECT reason FROM quarantine WHERE org_id = :org AND connection_id = :connection ORDER BY id"
            )
        ]

    def _rows(self, query, **values):
        with self._store.engine.connect() as connection:
            where = {"org": self.scope[0], "connection": self.scope[1]}
            return connection.execute(sa.text(query), {**where, **values}).fetchall()


class TestRealIngest(IngestLaws):
    """Every law of the SDK's suite, over each database."""

    @pytest.fixture
    def ingest_bench(self, store):
        numbers = itertools.count()
        return lambda: RealBench(store, next(numbers))
