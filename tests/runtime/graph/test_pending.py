"""What a connector says of an end that is not there yet is kept pending, and joins the graph with the end."""

import pytest
from tests.runtime.graph.words import ORG, edges, events, host, rows, runs, sync, traits

from levada_runtime.graph.model import GraphRefusal

SOURCE = "connection:c/s"


@pytest.fixture
def say(graph, store):
    """Perform a sync or a write of a connector, and return its changes."""

    def perform(how, entities=(), relationships=(), source=SOURCE):
        batch = list(entities), list(relationships)
        operation = (
            graph.sync_operation(source, "id", *batch, pending=True)
            if how == "sync"
            else graph.write_operation(source, *batch, pending=True)
        )
        with store.write() as uow:
            return graph.perform(uow, ORG, operation)

    return perform


@pytest.mark.parametrize("how", ["sync", "write"])
def test_an_edge_without_its_end_is_kept_and_joins_the_graph_when_the_end_appears(graph, say, store, how):
    """From whichever source; until then no reader sees the edge or the end."""
    changes = say(how, [host("1")], [runs("1", "2", n=1), runs("3", "4"), runs("1", "1")])
    assert (changes.pending, changes.counts.relationships_created) == (2, 3)
    assert edges(graph, "1") == [("1", "1", {})]
    assert traits(graph, "2") is None
    assert [one.external_id for one in graph.list(ORG, limit=10)[0]] == ["1"]
    assert events(store) == [("entity.created", "entity:host:1")]
    sync(graph, "other", [host("2", by="other")])
    assert sorted(edges(graph, "1"), key=str) == [("1", "1", {}), ("1", "2", {"n": 1})]
    assert edges(graph, "2") == [("1", "2", {"n": 1})]
    assert events(store)[1:] == [("entity.created", "entity:host:2")]


def test_an_end_that_was_awaited_first_appears_when_somebody_claims_it(graph, say, clock):
    """And not when the edge was said."""
    say("sync", [host("1")], [runs("1", "2")])
    clock.pass_time(hours=1)
    sync(graph, "other", [host("2")])
    assert graph.find(ORG, "host", "2").first_seen == clock.now()


def test_saying_it_again_is_unchanged_and_still_pending(say):
    """The count is of what was said, changed or not."""
    batch = [host("1")], [runs("1", "2")]
    say("sync", *batch)
    again = say("sync", *batch)
    assert (again.pending, again.counts.relationships_unchanged, again.relationships) == (1, 1, [])


def test_a_pending_edge_goes_with_its_claim(graph, say, store):
    """It does not come when the end does."""
    say("sync", [host("1")], [runs("1", "2")])
    say("sync", [host("1")])
    assert rows(store, "relationships") == rows(store, "relationship_claims") == 0
    sync(graph, "other", [host("2")])
    assert edges(graph, "1") == []


def test_an_edge_to_what_the_same_sync_deletes_is_pending(graph, say):
    """It comes back with the entity."""
    say("sync", [host("1"), host("2")], [runs("1", "2")])
    assert say("sync", [host("1")], [runs("1", "2")]).pending == 1
    assert edges(graph, "1") == []
    say("write", [host("2")], source="connection:c/t")
    assert edges(graph, "1") == [("1", "2", {})]


def test_an_end_that_is_only_awaited_is_not_there_for_others(graph, say):
    """A sync over HTTP is refused as if nobody had ever named it."""
    say("sync", [host("1")], [runs("1", "2")])
    with pytest.raises(GraphRefusal, match="host:1 RUNS host:2 — to_id not found"):
        sync(graph, "seed", [], [runs("1", "2")])


def test_one_end_is_awaited_once_however_many_ask_for_it(graph, say, store):
    """In one call, in two, and over one picture."""
    say("write", [], [runs("1", "2"), runs("2", "1")])
    say("write", [], [runs("2", "2")])
    assert rows(store, "entities") == 2
    sync(graph, "other", [host("1"), host("2")])
    assert {(start, stop) for start, stop, _ in edges(graph, "2")} == {("1", "2"), ("2", "1"), ("2", "2")}


def test_an_observed_pending_edge_says_for_what_it_waits(graph):
    """Until the same picture shows the end."""
    picture = graph.picture(ORG)
    first = graph.observe(picture, graph.write_operation(SOURCE, [host("1")], [runs("1", "2")], pending=True))
    assert first.relationships[0].awaits == (("host", "2"),)
    graph.observe(picture, graph.write_operation(SOURCE, [host("2")], []))
    again = graph.observe(picture, graph.write_operation(SOURCE, [], [runs("1", "2")], pending=True))
    assert (again.relationships[0].awaits, again.pending) == ((), 0)
