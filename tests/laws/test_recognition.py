"""A record that is recognised by its bytes comes to exactly what it would have come to if it had been looked at.

Two ingests hear the same: one recognises, the other looks at every record. Two writers of each fill their pages at the
same time, contracts change, connections are renamed, keys come twice in one call.
"""

import hashlib
import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import structs
from pydantic import model_validator

from levada import Draft
from levada.contracts import CONTRACTS, CustomerPayload
from levada.testing.laws import seed_of
from levada.testing.plugin import EXAMPLES, REPORT
from levada_runtime.contracts.registry import Registry
from levada_runtime.ingest import admit, page, recognise, service
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.service import Ingest
from levada_runtime.store.columns import to_micros

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SAME_DOCUMENT = (("org_id", "org_id"), ("connection_id", "connection_id"), ("id", "document_id"))
orgs = itertools.count(10)


class NoAda(CustomerPayload):
    """The next version of a contract: it takes no customer of one name any more, and marks the others."""

    version = 2

    @model_validator(mode="after")
    def _no_ada(self):
        if self.name == "Ada":
            raise ValueError("Ada has left")
        self.company_name = self.company_name or "marked"
        return self


class Renamed(CustomerPayload):
    """The same version with another field: only its schema tells it from the first."""

    nickname: str | None = None

    def complete(self):
        super().complete()
        self.nickname = self.nickname or self.name[:1]


VARIANTS = (CustomerPayload, NoAda, Renamed)


@dataclass(frozen=True)
class Say:
    """A call: which customers, in which of their spellings, with what beside them."""

    writer: int
    records: list
    whole: bool


@dataclass(frozen=True)
class Do:
    """Anything else that happens."""

    what: str
    writer: int = 0
    number: int = 1
    hour: int | None = None


PAYLOADS = (
    b'{"customer_id": "%d", "name": "Ada"}',
    b'{"name": "Ada", "customer_id": "%d"}',
    b'{"customer_id": "%d", "name": "Bo", "balance": "5.0"}',
    b'{"customer_id": "%d", "name": "Bo", "balance": "5.00"}',
    b'{"customer_id": "%d", "name": "Cy", "updated_at": "2026-01-01T14:00:00Z"}',
    b'{"customer_id": "%d", "name": "Ada", "connection_id": "first"}',
    b'{"customer_id": "%d"}',
)
records = st.tuples(
    st.integers(1, 2),
    st.sampled_from([0] * 6 + [1, 2, 2, 2, 3, 4, 4, 4, 5, 6]),
    st.sampled_from([None] * 8 + ["1", "x", "x" * 3000]),
    st.sampled_from([None] * 6 + [1, 3, 5]),
)
says = st.builds(
    Say, st.sampled_from([0, 0, 1]), st.lists(records, min_size=1, max_size=4), st.sampled_from([False, False, True])
)
does = st.builds(
    Do,
    st.sampled_from(["commit", "commit", "commit", "drop", "retire", "rename", "contract", "connector"]),
    st.sampled_from([0, 0, 1]),
    st.integers(1, 2),
    st.sampled_from([None, None, 2, 4]),
)
histories = st.lists(says | says | does, min_size=8, max_size=24)


class LooksAtAll:
    """Recognises nothing."""

    @contextmanager
    def __call__(self):
        kept = service.repeat_of
        service.repeat_of = lambda *_: None
        try:
            yield
        finally:
            service.repeat_of = kept


class Recognises:
    """Recognises what it can, and counts it."""

    def __init__(self):
        self.repeats = 0

    @contextmanager
    def __call__(self):
        kept = service.repeat_of

        def counted(*about):
            repeat = kept(*about)
            self.repeats += repeat is not None
            return repeat

        service.repeat_of = counted
        try:
            yield
        finally:
            service.repeat_of = kept


class Side:
    """Two writers of one connection, and what came of what they were told."""

    def __init__(self, store, way):
        self._store, self._way = store, way
        self._org_id = next(orgs)
        self._names, self._connectors, self._contract = "first", "source", 0
        self._calls = itertools.count(1)
        self._pages = itertools.count(1)
        self.writers = [self._opened(), self._opened()]

    def _opened(self):
        origin = Origin(
            org="default",
            org_id=self._org_id,
            connection=self._names,
            connection_id=2,
            connection_uid="uid",
            connector=self._connectors,
            connector_version="1",
            stream="customers",
            run_id="run",
            attempt=1,
            mode="poll",
            scheduled_for=None,
        )
        registry = Registry({**CONTRACTS, "customer": VARIANTS[self._contract]})
        return Ingest(self._store, registry, origin)

    def hear(self, step):
        with self._way():
            return self._said(step) if isinstance(step, Say) else getattr(self, step.what)(step)

    def _said(self, step):
        drafts = [draft(*record) for record in step.records]
        how = {"continue_on_error": not step.whole, "last": True}
        answer = self.writers[step.writer].emit(next(self._calls), "customers", "customer", drafts, **how)
        accepted = [structs.replace(one, document_id=one.document_id is not None) for one in answer.accepted]
        return accepted, answer.rejected, answer.refused

    def commit(self, step):
        ingest = self.writers[step.writer]
        with self._store.write() as uow:
            counts = ingest.write(uow, NOON + timedelta(minutes=next(self._pages)))
        ingest.clear()
        return counts

    def drop(self, step):
        self.writers[step.writer].clear()

    def retire(self, step):
        moment = None if step.hour is None else to_micros(NOON + timedelta(hours=step.hour))
        found = self.writers[step.writer].retire("customers", "customer", f"key {step.number}", moment)
        return structs.replace(found, document_id=None)

    def rename(self, step):
        self._names = "second" if self._names == "first" else "first"
        self._open_anew(step)

    def contract(self, step):
        self._contract = (self._contract + 1) % len(VARIANTS)
        self._open_anew(step)

    def connector(self, step):
        self._connectors = "other" if self._connectors == "source" else "source"
        self._open_anew(step)

    def _open_anew(self, step):
        """One of the two begins anew, as a run does; the other goes on as it began."""
        self.writers[step.writer] = self._opened()

    def rows(self):
        def of_document(name):
            same = " AND ".join(f"d.{one} = o.{other}" for one, other in SAME_DOCUMENT)
            return f"FROM {name} o JOIN documents d ON {same} WHERE o.{where}"

        where = f"org_id = {self._org_id}"
        documents = "idempotency_key, version, versions, payload_hash, source_id, source_time, retired_at, updated_at"
        versions = "o.version, o.payload, o.payload_hash, o.source_id, o.source_time, o.contract_version, o.superseded"
        refused = "idempotency_key, source_id, payload, reason, message, times"
        queries = [
            f"SELECT {documents} FROM documents WHERE {where} ORDER BY 1",
            f"SELECT d.idempotency_key, {versions} {of_document('versions')} ORDER BY 1, 2",
            f"SELECT o.source, d.idempotency_key, o.version {of_document('events')} ORDER BY o.id",
            f"SELECT {refused} FROM quarantine WHERE {where} ORDER BY id",
            f"SELECT committed_at FROM pages WHERE {where} ORDER BY id",
        ]
        with self._store.engine.connect() as connection:
            return [[tuple(row) for row in connection.execute(sa.text(query))] for query in queries]


def draft(number, spelling, source_id, hour):
    payload = PAYLOADS[spelling]
    return Draft(
        payload=payload % number,
        idempotency_key=f"key {number}",
        source_id=source_id,
        source_time=None if hour is None else NOON + timedelta(hours=hour),
        failure=None,
        source_id_fixed=False,
    )


def hold(store, seed, examples, phases=(Phase.generate, Phase.shrink)):
    """Compare the two on so many histories, and return how many records were recognised."""
    recognising = Recognises()

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples, phases=phases, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(history=histories)
    def alike(history):
        sides = Side(store, recognising), Side(store, LooksAtAll())
        for step in [*history, Do("commit", 1), Do("commit", 0)]:
            one, other = (side.hear(step) for side in sides)
            assert one == other, step
        one, other = (side.rows() for side in sides)
        assert one == other

    alike()
    return recognising.repeats


def test_a_recognised_record_comes_to_what_it_would_have_come_to(store, database, pytestconfig, record_property):
    """Every answer and every row is the same, whichever of the two was asked, and much was recognised."""
    seed, examples = seed_of(pytestconfig), 4 * pytestconfig.getoption(EXAMPLES)
    told = "broken"
    try:
        repeats = hold(store, seed, examples)
        told = f"held by {examples} examples, in which {repeats} records were recognised"
    finally:
        record_property(REPORT, f"recognition is as good as looking: {database}: {told}, seed {seed}")
    assert repeats > examples // 4


def whatever_the_contract(patch):
    """A changed contract and a renamed connection are not looked at."""
    for module in (service, admit):
        patch.setattr(module, "salt_of", lambda *_: b"salt")


def whatever_came_meanwhile(patch):
    """What was recognised when it was answered for is a repeat for good."""
    patch.setattr(page, "is_repeat", lambda repeat, known: known is not None)


def whatever_came_with_it(patch):
    """Only the bytes are looked at."""
    patch.setattr(recognise, "_digest", lambda draft, payload: hashlib.sha256(payload).digest()[:16])


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("breaker", [whatever_the_contract, whatever_came_meanwhile, whatever_came_with_it])
def test_recognition_that_is_broken_is_caught(store, monkeypatch, breaker):
    """The comparison can fail, in each of the ways that it is for."""
    breaker(monkeypatch)
    with pytest.raises((AssertionError, KeyError)):
        hold(store, 20_260_301, 400, [Phase.generate])
