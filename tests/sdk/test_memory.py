"""The ingest that tests run over keeps the same laws as the real one."""

import json

import pytest

from levada._ingest import RouteIngest
from levada.testing.ingest_suite import IngestLaws
from levada.testing.memory import MemoryIngest


class MemoryBench:
    stream = "customers"

    def __init__(self):
        self.port = MemoryIngest()
        self.ingest = RouteIngest(self.port, stream=self.stream, streams=frozenset({self.stream}), emits=None)

    def commit_page(self, **checkpoint):
        self.port.commit_page((self.stream, ""), checkpoint)

    def drop_page(self):
        self.port.drop_page()

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
