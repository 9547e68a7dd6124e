"""The graph that a test keeps in memory and the real one say the same: of every call, and of what is there in the end.

Only the process boundary is left out: what a child would send is encoded, decoded and answered in this process.
"""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.laws.wire import Wire

from levada import BadRecord, Entity, Relationship
from levada._graph_route import RouteGraph
from levada.testing import MemoryGraph
from levada_runtime.graph.service import Graph
from levada_runtime.runs.assertions import Assertions
from levada_runtime.sandbox.answering import NoHandlers
from levada_runtime.sandbox.encode import encode_record
from levada_runtime.sandbox.ports import WireGraph
from levada_runtime.store.engine import make_engine
from levada_runtime.store.model import RunRow
from levada_runtime.store.schema import upgrade
from levada_runtime.store.unit_of_work import Store

STREAMS = ("hosts", "edges")


class Handlers(NoHandlers):
    """Answers what a route asserts, and nothing else."""

    def __init__(self, assertions):
        self.graph = assertions.take


class Clock:
    """Every look at it is later than the one before."""

    def __init__(self):
        self._seconds = itertools.count(1)

    def now(self):
        return datetime.fromtimestamp(1_700_000_000 + next(self._seconds), UTC)


class Real:
    """The runtime's graph, one run for each stream."""

    def __init__(self, store, org_id):
        self._store = store
        self._org_id = org_id
        self._graph = Graph(store, Clock())
        self._runs = {stream: self._opened(stream) for stream in STREAMS}

    def _opened(self, stream):
        run = RunRow(
            org_id=self._org_id,
            connection_id=2,
            id=stream,
            connector="source",
            stream=stream,
            mode="poll",
            observing=False,
            state="running",
            attempt=1,
            queued_at=datetime.now(UTC),
        )
        assertions = Assertions(self._graph, run, "source")
        return assertions, RouteGraph(WireGraph(Wire(Handlers(assertions))), encode_record)

    def front(self, stream):
        return self._runs[stream][1]

    def end_page(self, stream, *, commit):
        assertions, _ = self._runs[stream]
        if commit:
            with self._store.write() as uow:
                assertions.write(uow)
        assertions.clear()

    def entities(self):
        found, _ = self._graph.list(self._org_id, limit=500)
        return sorted((one.kind, one.external_id, one.class_, one.display_name, one.traits) for one in found)


class Double:
    """The graph in memory."""

    def __init__(self):
        self._graph = MemoryGraph()
        self._pages = dict.fromkeys(STREAMS)

    def front(self, stream):
        if self._pages[stream] is None:
            self._pages[stream] = self._graph.opened(f"connection:source/{stream}")
        return RouteGraph(self._pages[stream])

    def end_page(self, stream, *, commit):
        page, self._pages[stream] = self._pages[stream], None
        if page is not None and commit:
            page.commit_page()

    def entities(self):
        return [(*one.ref, one.entity_class, one.display_name, one.properties) for one in self._graph.entities.all()]


@dataclass(frozen=True)
class Step:
    """One call, and what becomes of its page afterwards; one stream's page ends before another's begins."""

    stream: str
    op: str
    entities: list
    relationships: list
    scope: str | None
    commit: bool | None = field(default=None)


refs = st.sampled_from([("host", "a"), ("user", "a")])
flat = st.sampled_from([1, 1, 2, 2, None, True, 1.0, "x", ["x"]])
properties = st.dictionaries(st.sampled_from(["p", "p", "q"]), flat, max_size=2)
entities = st.builds(
    lambda ref, properties, entity_class, name: Entity(*ref, properties, entity_class, name),
    refs,
    properties,
    st.sampled_from([None, None, "Host", "Generic"]),
    st.sampled_from([None, None, "", "Name"]),
)
relationships = st.builds(Relationship, refs, st.sampled_from(["HAS", "USES"]), refs, properties)
steps = st.builds(
    Step,
    stream=st.sampled_from(STREAMS),
    op=st.sampled_from(["sync", "write"]),
    entities=st.lists(entities, max_size=3),
    relationships=st.one_of(st.just([]), st.lists(relationships, max_size=2)),
    scope=st.sampled_from([None, None, "eu"]),
    commit=st.sampled_from([True, True, None, False]),
)


@st.composite
def scripts(draw):
    """Draw steps of which some come again: saying the same twice is what a source does most."""
    drawn = draw(st.lists(steps, min_size=1, max_size=5))
    return drawn + draw(st.lists(st.sampled_from(drawn), max_size=5))


def step(stream, op, *entities, relationships=()):
    return Step(stream, op, list(entities), list(relationships), None, commit=True)


ONE, OTHER = Entity("host", "a", {"p": 1, "q": 1}), Entity("host", "a", {"p": 2})
LOOP = Relationship(("host", "a"), "HAS", ("host", "a"), {})
MORE = Entity("host", "a", {"p": 1, "q": 2})


def told(graph, step):
    """Return what a call answers, refusals among them."""
    front = graph.front(step.stream)
    try:
        if step.op == "write":
            return front.write(step.entities, step.relationships)
        return front.sync(step.entities, step.relationships, scope=step.scope)
    except BadRecord as refused:
        return type(refused)


@pytest.fixture(scope="module")
def laid(tmp_path_factory):
    """A migrated store, in which every example is an organisation of its own."""
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('store') / 'levada.db'}")
    upgrade(engine)
    store = Store(engine)
    yield store
    store.close()


orgs = itertools.count(1)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=scripts())
@example(script=[step("hosts", "sync", ONE), step("edges", "write", OTHER), step("hosts", "sync", ONE)])
@example(script=[step("hosts", "sync", ONE), step("edges", "write", OTHER), step("hosts", "sync", MORE)])
@example(script=[step("hosts", "write", ONE), step("edges", "write", OTHER), step("hosts", "write", ONE)])
@example(script=[step("hosts", "sync", ONE), step("edges", "sync", OTHER), step("hosts", "sync")])
@example(script=[step("edges", "sync", ONE), step("edges", "sync", relationships=[LOOP])])
def test_the_double_and_the_real_graph_answer_alike(laid, script):
    """Whatever is asserted, by whichever stream and scope, committed or dropped."""
    real, double = Real(laid, next(orgs)), Double()
    for step, following in zip(script, [*script[1:], None], strict=True):
        assert told(double, step) == told(real, step), step
        commit = step.commit
        if commit is None and (following is None or following.stream != step.stream):
            commit = True
        if commit is not None:
            for graph in (real, double):
                graph.end_page(step.stream, commit=commit)
            assert double.entities() == real.entities(), step
