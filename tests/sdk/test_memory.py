"""The ingest that tests run over keeps the same laws as the real one."""

import json
from contextlib import contextmanager

import pytest

from levada._ingest import RouteIngest
from levada.testing.ingest_suite import IngestLaws
from levada.testing.memory import MemoryIngest


class CutOffError(Exception):
    """A commit ends half-way."""


class CutOff(dict):
    """A checkpoint that cannot be read to its end."""

    def __init__(self, values, after):
        super().__init__(values)
        self._after = after

    def keys(self):
        if self._after < len(self):
            raise CutOffError
        return super().keys()


class MemoryBench:
    stream, other_stream = "customers", "others"

    def __init__(self):
        self.port = MemoryIngest()
        self.ingest = RouteIngest(
            self.port, stream=self.stream, streams=frozenset({self.stream, self.other_stream}), emits=None
        )

    def commit_page(self, **checkpoint):
        self.port.commit_page((self.stream, ""), checkpoint)

    def drop_page(self):
        self.port.drop_page()

    def break_commit(self, after, **checkpoint):
        try:
            self.port.commit_page((self.stream, ""), CutOff(checkpoint, after))
        except CutOffError:
            self.port.drop_page()
            return True
        return False

    def close_period(self, *idempotency_keys):
        self.port.closed.update(idempotency_keys)

    @contextmanager
    def lose_store(self):
        self.port.reachable = False
        yield
        self.port.reachable = True

    def accept_scheme(self, document_type):
        self.port.accept_scheme(self.stream, document_type)

    def checkpoint(self):
        return self.port.checkpoints.get((self.stream, ""), {})

    def documents(self):
        return dict(self.port.documents)

    def versions(self, idempotency_key):
        return [json.loads(one.payload) for one in self.port.committed["customer", idempotency_key].versions]

    def events(self):
        return [(event.name, event.idempotency_key) for event in self.port.events]

    def quarantined(self):
        return [failed.reason for failed in self.port.quarantine]


class TestMemory(IngestLaws):
    @pytest.fixture
    def ingest_bench(self):
        return MemoryBench


def test_observation_answers_without_keeping():
    """Observed, the ids are null, hash and outcome are there, and later pages see earlier ones."""
    bench = MemoryBench()
    bench.ingest.canonical("customer", {"customer_id": "1", "name": "Ada"}, idempotency_key="k")
    bench.commit_page()
    observing = bench.port.observed()
    front = RouteIngest(observing, stream="customers", streams=frozenset({"customers"}), emits=None)
    first = front.canonical("customer", {"customer_id": "1", "name": "Bo"}, idempotency_key="k")
    observing.commit_page()
    second = front.canonical("customer", {"customer_id": "1", "name": "Bo"}, idempotency_key="k")
    assert (first.status, first.document_id, first.document_version_id, first.outcome) == (
        "observed",
        None,
        None,
        "updated",
    )
    assert first.payload_hash
    assert second.outcome == "unchanged"
    assert bench.port.documents["k"]["name"] == "Ada"
    assert observing.documents["k"]["name"] == "Ada"
