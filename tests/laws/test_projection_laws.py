"""Whatever happens to documents, and whenever they are carried: the graph shows what the current ones stand for."""

import itertools
import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.runtime.ingest.bench import ORIGIN

from levada import Draft
from levada.contracts import CONTRACTS
from levada_runtime.contracts.registry import Registry
from levada_runtime.graph.model import EntityDraft
from levada_runtime.graph.projection import projected
from levada_runtime.graph.reprojecting import Reprojecting
from levada_runtime.graph.service import Graph
from levada_runtime.ingest.service import Ingest
from levada_runtime.pipeline.reactor import Reactor
from levada_runtime.work.service import WorkQueue

FEW = st.integers(0, 1)
_orgs = itertools.count(1)
CUSTOMER = st.fixed_dictionaries(
    {"customer_id": FEW.map(str), "name": st.sampled_from(["Ada", "Bob"])}, optional={"email": st.just("a@b.co")}
).map(lambda one: ("customer", one))
INVOICE = st.fixed_dictionaries(
    {
        "source_id": FEW.map(str),
        "customer_id": FEW.map(str),
        "status": st.sampled_from(["open", "paid", "void"]),
        "currency": st.just("EUR"),
        "total_amount": st.just("5"),
    }
).map(lambda one: ("invoice", one))
ADA = ("take", 0, ("customer", {"customer_id": "0", "name": "Ada", "email": "a@b.co"}))
OPEN = (
    "take",
    0,
    (
        "invoice",
        {"source_id": "0", "customer_id": "0", "status": "open", "currency": "EUR", "total_amount": "5"},
    ),
)
STEP = st.one_of(
    st.tuples(st.just("take"), FEW, CUSTOMER | INVOICE),
    st.tuples(st.just("retire"), FEW, st.sampled_from(["customer", "invoice"])),
    st.tuples(st.just("carry"), st.integers(1, 3)),
    st.tuples(st.just("all")),
    st.tuples(st.just("sync"), st.lists(FEW.map(str), unique=True)),
)


class World:
    """The real ingest, graph and reactor, and what ought to be current."""

    def __init__(self, store, clock):
        self.store, self.clock, self.org_id = store, clock, next(_orgs)
        self.graph = Graph(store, clock)
        self.queue = WorkQueue(store, clock, timedelta(seconds=30))
        self.reactor = Reactor(store, clock, self.graph)
        self.current, self.said = {}, set()

    def do(self, step):
        self.clock.pass_time(seconds=1)
        match step:
            case "take", key, (kind, payload):
                self.page(kind, key, payload)
                self.current[kind, key] = payload
            case "retire", key, kind:
                self.page(kind, key)
                self.current.pop((kind, key), None)
            case "carry", count:
                self.carry(count)
            case ("all",):
                Reprojecting(self.store, self.clock, self.graph).project(self.org_id)
            case "sync", keys:
                self.graph.sync(
                    self.org_id, "connection:acme/own", None, [EntityDraft("customer", key) for key in keys], []
                )
                self.said = {("customer", key) for key in keys}

    def page(self, kind, key, payload=None):
        ingest = Ingest(self.store, Registry(), replace(ORIGIN, org_id=self.org_id))
        if payload is None:
            ingest.retire("s", kind, f"k{key}", None)
        else:
            draft = Draft(json.dumps(payload).encode(), f"k{key}", "fixed", None, None, source_id_fixed=True)
            assert not ingest.emit(0, "s", kind, [draft], continue_on_error=True, last=True).rejected
        with self.store.write() as uow:
            ingest.write(uow, self.clock.now())

    def carry(self, count):
        """Carry some of the work; a claim that was lost in between is carried twice."""
        for _ in range(count):
            for token in self.queue.claim_due(1):
                self.reactor.execute(token)
                self.reactor.execute(token)

    def expected(self):
        entities, edges, claimants = set(self.said), set(), {}
        for (kind, _), payload in self.current.items():
            drafts, related = projected(CONTRACTS[kind], payload)
            entities |= {one.key for one in drafts}
            edges |= {one.edge for one in related}
            for one in drafts:
                claimants.setdefault(one.key, []).append(one)
        edges = {edge for edge in edges if {edge[0], edge[2]} <= entities}
        return entities, edges, {key: said[0].traits for key, said in claimants.items() if len(said) == 1}

    def shown(self):
        found, _ = self.graph.list(self.org_id, limit=100)
        keys = {(one.kind, one.external_id): one.traits for one in found}
        edges = {edge.edge for kind, key in keys for edge in self.graph.relationships(self.org_id, kind, key)}
        return keys, edges


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, min_size=4, max_size=14))
@example([ADA, OPEN, ("carry", 9), ("take", 0, ("invoice", {**OPEN[2][1], "status": "paid"})), ("carry", 9)])
@example([ADA, OPEN, ("carry", 9), ("take", 0, ("customer", {**ADA[2][1], "customer_id": "1"}))])
@example([ADA, ("sync", ["0"]), ("carry", 9), ("retire", 0, "customer"), ("sync", []), ("all",)])
def test_the_graph_shows_what_the_current_documents_stand_for(store, clock, steps):
    """In whichever order and however often they are carried, beside what a stream asserts itself."""
    world = World(store, clock)
    for step in steps:
        world.do(step)
    world.carry(50)
    entities, edges, traits = world.expected()
    keys, shown = world.shown()
    assert set(keys) == entities
    assert shown == edges
    assert {key: keys[key] for key in traits} == traits
