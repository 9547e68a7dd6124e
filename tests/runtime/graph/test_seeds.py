"""The bodies of the two source documents, byte for byte, and what they answer."""

import orjson
import pytest

from levada_runtime.graph.border import read_sync, read_write
from levada_runtime.graph.model import REST, WRITE, GraphRefusal
from levada_runtime.graph.views import entity_view

SYNC = b"""{
"connector_id": "my-connector",
"sync_id": "sync-2024-01-15-001",
"entities": [
{
"entity_type": "host",
"entity_key": "web-01",
"entity_class": "Host",
"display_name": "Web Server 01",
"properties": {
"state": "running",
"region": "us-east-1",
"cpu_count": 8
}
},
{
"entity_type": "service",
"entity_key": "nginx-web-01",
"entity_class": "Service",
"display_name": "Nginx on web-01"
}
],
"relationships": [
{
"from_type": "host",
"from_key": "web-01",
"verb": "RUNS",
"to_type": "service",
"to_key": "nginx-web-01"
}
]
}"""
SYNCED = b"""{
"sync_id": "sync-2024-01-15-001",
"entities_created": 2,
"entities_updated": 0,
"entities_unchanged": 0,
"entities_deleted": 0,
"relationships_created": 1,
"relationships_updated": 0,
"relationships_unchanged": 0,
"relationships_deleted": 0
}"""
EXAMPLE = b"""{
"connector_id": "my-connector",
"sync_id": "sync-001",
"entities": [
{"entity_type": "host", "entity_key": "web-01", "entity_class": "Host",
"display_name": "Web Server 01", "properties": {"state": "running"}}
],
"relationships": []
}"""
WRITE_BODY = b"""{
"write_id": "write-001",
"entities": [
{
"entity_type": "host",
"entity_key": "h1",
"entity_class": "Host",
"display_name": "Server 1"
}
],
"relationships": []
}"""
ALICE = b"""{
"kind": "user",
"external_id": "alice@acme.co",
"traits": {
"plan": "growth",
"arr": 50000,
"account_owner": "ben",
"company_domain": "acme.co"
}
}"""


def sync(graph, body):
    request = read_sync(orjson.loads(body))
    counts = graph.sync(1, request.source, request.sync_id, request.entities, request.relationships)
    return {"sync_id": request.sync_id, **counts.done()}


def test_the_sync_body_answers_its_counters(graph):
    """Two entities and a relationship, created; the same once more, unchanged."""
    answer = sync(graph, SYNC)
    assert answer == orjson.loads(SYNCED)
    assert list(answer) == list(orjson.loads(SYNCED))
    again = sync(graph, SYNC)
    assert (again["entities_unchanged"], again["relationships_unchanged"]) == (2, 1)
    assert sum(value for value in again.values() if isinstance(value, int)) == 3


def test_the_example_after_it_takes_the_rest_away(graph):
    """One entity differs; the service and the relationship are absent, and so are deleted."""
    sync(graph, SYNC)
    answer = sync(graph, EXAMPLE)
    assert answer == {
        "sync_id": "sync-001",
        "entities_created": 0,
        "entities_updated": 1,
        "entities_unchanged": 0,
        "entities_deleted": 1,
        "relationships_created": 0,
        "relationships_updated": 0,
        "relationships_unchanged": 0,
        "relationships_deleted": 1,
    }
    assert graph.find(1, "host", "web-01").traits == {"state": "running"}


def test_a_dangling_relationship_is_refused_in_the_seed_s_words(graph):
    """The message is the documented one, letter by letter, and nothing is written."""
    body = orjson.loads(SYNC)
    body["relationships"][0]["to_key"] = "ghost"
    with pytest.raises(GraphRefusal) as caught:
        sync(graph, orjson.dumps(body))
    assert caught.value.code == "DanglingRelationship"
    assert (
        caught.value.message == "relationship from host:web-01 RUNS service:ghost — to_id not found in batch or graph"
    )
    assert graph.list(1, limit=10) == ([], None)


def test_the_write_body_upserts(graph):
    """It diffs and deletes nothing."""
    request = read_write(orjson.loads(WRITE_BODY))
    graph.write(1, WRITE, request.entities, request.relationships)
    found = graph.find(1, "host", "h1")
    assert (found.class_, found.display_name, found.traits) == ("Host", "Server 1", {})


def test_the_entity_of_the_rest_example_is_new_once(graph, clock):
    """The same triple twice is one row, whose traits merge."""
    alice = orjson.loads(ALICE)
    created, new = graph.upsert(1, REST, alice["kind"], alice["external_id"], alice["traits"])
    assert new
    clock.pass_time(days=1)
    merged, new = graph.upsert(1, REST, "user", "alice@acme.co", {"plan": "scale"})
    assert not new
    assert merged.id == created.id
    assert merged.traits == {**alice["traits"], "plan": "scale"}
    assert entity_view(merged) == {
        "id": created.id,
        "kind": "user",
        "external_id": "alice@acme.co",
        "class": "User",
        "display_name": "alice@acme.co",
        "traits": merged.traits,
        "first_seen": "2026-03-01T12:00:00+00:00",
        "last_seen": "2026-03-02T12:00:00+00:00",
    }
    assert graph.get(1, created.id) == merged == graph.find(1, "user", "alice@acme.co")
