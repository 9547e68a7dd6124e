"""Reads of the graph go by the indexes that are meant for them, also where nobody has analysed its tables."""

import re
from datetime import timedelta

import pytest

from levada_runtime.graph.model import EntityDraft, RelationshipDraft
from levada_runtime.graph.service import Graph

ORG, MANY = 1, 1_500
SPOILT = {
    "sqlite": r"SCAN (entit|relationship)\w*|SEARCH [^\n]*\((org_id=\?|org_id=\? AND (since|until)[^)]*)\)",
    "postgresql": r"Seq Scan on (entit|relationship)\w*|Index Cond: \(org_id = \S+\)\n|_org_id_(since|until)",
}


@pytest.fixture
def graph(store, clock):
    """Many hosts in a long chain, read right after they were written; one changed in between, and one went."""
    graph = Graph(store, clock)
    hosts = [EntityDraft("host", str(at)) for at in range(MANY)]
    links = [RelationshipDraft("host", str(at), "USES", "host", str(at + 1)) for at in range(MANY - 1)]
    graph.sync(ORG, "sync:a", None, hosts, links)
    clock.pass_time(hours=1)
    changed = [EntityDraft("host", "7", traits={"n": 1}), *hosts[8:-1], *hosts[:7]]
    graph.sync(ORG, "sync:a", None, changed, links[:-1])
    return graph


def reads(graph, then):
    """Return every read that is of a few things among many."""
    far = {"depth": 3, "limit": 100}
    return {
        "find": lambda: graph.find(ORG, "host", "5"),
        "relationships": lambda: graph.relationships(ORG, "host", "5"),
        "entity": lambda: graph.reads.entity(ORG, ("host", "5")),
        "entity then": lambda: graph.reads.entity(ORG, ("host", "7"), as_of=then),
        "neighbours": lambda: graph.reads.neighbours(ORG, ("host", "5"), **far),
        "neighbours then": lambda: graph.reads.neighbours(ORG, ("host", "5"), verbs=["USES"], as_of=then, **far),
        "path": lambda: graph.reads.path(ORG, ("host", "5"), ("host", "9"), depth=10),
        "path then": lambda: graph.reads.path(ORG, ("host", "9"), ("host", "5"), depth=10, direction="in", as_of=then),
    }


def test_a_few_things_among_many_are_looked_up_one_by_one(graph, store, clock, plans):
    """None of these reads goes through an organisation, or through everything since a moment."""
    spoilt = re.compile(SPOILT[store.engine.dialect.name])
    for name, read in reads(graph, clock.now() - timedelta(minutes=30)).items():
        assert read(), name
        assert plans, name
        for statement, plan in plans:
            assert not spoilt.search(plan), f"{name}: {statement}\n{plan}"
        plans.clear()


def test_the_kinds_of_many_entities_are_a_few_steps(graph, store, plans):
    """Each leads through the index to the next kind; those that are gone count, and another organisation's do not."""
    graph.sync(ORG, "sync:b", None, [EntityDraft("user", "a"), EntityDraft("disk", "b")], [])
    graph.sync(2, "sync:b", None, [EntityDraft("router", "a")], [])
    plans.clear()
    with store.read() as uow:
        assert uow.graph.kinds(ORG, 200) == ["disk", "host", "user"]
        assert uow.graph.kinds(ORG, 2) == ["disk", "host"]
        assert uow.graph.kinds(3, 200) == []
    assert all("org_id_kind_id" in plan for _, plan in plans), plans


def test_going_through_everything_would_be_noticed(graph, store, plans):
    """As a question that has to, shows."""
    graph.reads.stats(ORG)
    spoilt = re.compile(SPOILT[store.engine.dialect.name])
    assert any(spoilt.search(plan) for _, plan in plans), plans
