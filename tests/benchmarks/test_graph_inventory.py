"""The inventory that the graph is measured with, and the limit that is measured beside it, at a small size."""

import pytest
import sqlalchemy as sa
from benchmarks.graph import inventory, raw

from levada_runtime.graph.border import read_sync
from levada_runtime.graph.service import Graph

COUNT = 400


def test_one_of_a_hundred_says_something_else():
    """Of the entities and of the relationships; the others are what they were, and every name comes once."""
    before, after = inventory.body(COUNT), inventory.body(COUNT, changed=True)
    for what, many in (("entities", COUNT), ("relationships", COUNT * inventory.EDGES_EACH)):
        assert len(before[what]) == many
        assert sum(old != new for old, new in zip(before[what], after[what], strict=True)) == many // 100
    assert len({one["entity_key"] for one in before["entities"]}) == COUNT
    ends = {(one["from_key"], one["verb"], one["to_key"]) for one in before["relationships"]}
    assert len(ends) == COUNT * inventory.EDGES_EACH


@pytest.mark.parametrize("changed", [False, True])
def test_the_limit_writes_the_rows_that_ours_does(store, clock, changed):
    """Of claims, entities, relationships and events as many, with the same JSON."""
    first, then = inventory.body(COUNT), inventory.body(COUNT, changed=changed)
    graph = Graph(store, clock)
    for body in (first, then):
        asked = read_sync(body)
        counts = graph.sync(1, "bench", "1", asked.entities, asked.relationships)
    raw.load(store, raw.ready(first))
    changes = raw.compare(store, raw.ready(then))
    assert changes == counts.entities_updated + counts.relationships_updated
    with store.engine.connect() as connection:
        for query in (
            "SELECT traits FROM entity_claims WHERE org_id = :org ORDER BY 1",
            "SELECT properties FROM relationship_claims WHERE org_id = :org ORDER BY 1",
            "SELECT kind, external_id, class, display_name FROM entities WHERE org_id = :org ORDER BY 1, 2",
            "SELECT source, type FROM events WHERE org_id = :org AND source = 'entity.created' ORDER BY 1, 2",
        ):
            ours, limit = (connection.execute(sa.text(query), {"org": org}).all() for org in (1, raw.ORG))
            assert ours == limit
