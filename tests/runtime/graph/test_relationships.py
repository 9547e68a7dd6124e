"""Relationships need both ends, live while anyone claims them, and are told apart by ends and verb."""

import pytest
from tests.runtime.graph.words import ORG, edges, host, rows, runs, sync

from levada_runtime.graph.model import GraphRefusal, RelationshipDraft


def test_every_dangling_end_is_told(graph, store):
    """The first in the message, all of them in the details, and nothing is written."""
    with pytest.raises(GraphRefusal) as caught:
        sync(graph, "a", [host("1")], [runs("ghost", "1"), runs("1", "1"), runs("x", "y")])
    assert caught.value.message == ("relationship from host:ghost RUNS host:1 — from_id not found in batch or graph")
    assert [(one["missing"], one["entity"]) for one in caught.value.details] == [
        ("from_id", "host:ghost"),
        ("from_id", "host:x"),
        ("to_id", "host:y"),
    ]
    assert (
        caught.value.details[2]["message"] == "relationship from host:x RUNS host:y — to_id not found in batch or graph"
    )
    assert rows(store, "entities") == rows(store, "graph_sources") == 0


def test_an_end_may_be_in_the_graph_from_any_source(graph):
    """But not one that this very sync deletes."""
    sync(graph, "a", [host("1")])
    sync(graph, "b", [host("2")], [runs("2", "1")])
    sync(graph, "c", [host("3")])
    with pytest.raises(GraphRefusal, match="host:2 RUNS host:3 — from_id"):
        sync(graph, "b", [], [runs("2", "3")])
    sync(graph, "c", [host("2"), host("3")])
    assert sync(graph, "b", [], [runs("2", "3")]) == ((0, 0, 0, 1), (1, 0, 0, 1))


def test_deleting_an_entity_hides_the_edges_of_others_until_it_returns(graph):
    """Their claims stay, and are in nobody else's counters."""
    sync(graph, "a", [host("1"), host("2")])
    sync(graph, "b", [], [runs("1", "2", by="b")])
    assert sync(graph, "a", [host("1")]) == ((0, 0, 1, 1), (0, 0, 0, 0))
    assert edges(graph, "1") == []
    sync(graph, "c", [host("2")])
    assert edges(graph, "1") == [("1", "2", {"by": "b"})]
    assert sync(graph, "b", [], [runs("1", "2", by="b")]) == ((0, 0, 0, 0), (0, 0, 1, 0))


def test_a_relationship_lives_while_anyone_claims_it(graph, store):
    """Its properties add up as traits do; the last claim takes it along."""
    sync(graph, "a", [host("1"), host("2")], [runs("1", "2", a=1, shared="a")])
    sync(graph, "b", [], [runs("1", "2", shared="b")])
    assert edges(graph, "1") == [("1", "2", {"a": 1, "shared": "b"})]
    sync(graph, "b", [])
    assert edges(graph, "1") == [("1", "2", {"a": 1, "shared": "a"})]
    sync(graph, "a", [host("1"), host("2")])
    assert edges(graph, "1") == []
    assert rows(store, "relationships") == rows(store, "relationship_claims") == 0


def test_relationships_are_told_apart_by_ends_and_verb_however_they_are_looked_up(graph, store):
    """A hub with many, many with a few, and verbs and directions that only look alike."""
    keys = [f"h{number}" for number in range(130)]
    hub = [runs("h0", key) for key in keys]
    others = [RelationshipDraft("host", key, verb, "host", "h0") for key in keys[1:] for verb in ("RUNS", "HAS")]
    sync(graph, "a", [host(key) for key in keys], [*hub, *others])
    again = [RelationshipDraft("host", key, "RUNS", "host", "h0", {"by": "b"}) for key in keys[1:40]]
    fresh = [RelationshipDraft("host", key, "USES", "host", "h0") for key in keys[1:40]]
    assert sync(graph, "b", [], [*hub, *again, *fresh]) == ((0, 0, 0, 0), (208, 0, 0, 0))
    assert rows(store, "relationships") == 130 + 258 + 39
    found = graph.relationships(ORG, "host", "h39")
    assert [(one.edge[0][1], one.edge[1], one.properties) for one in found] == [
        ("h0", "RUNS", {}),
        ("h39", "HAS", {}),
        ("h39", "RUNS", {"by": "b"}),
        ("h39", "USES", {}),
    ]
