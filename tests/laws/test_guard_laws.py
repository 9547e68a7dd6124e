"""The laws of the guard: what is held changes nothing, and approved it is what a plain sync would have been."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from levada_runtime.graph.guard import Guard
from levada_runtime.graph.holding import HeldSyncs
from levada_runtime.graph.model import EntityDraft, RelationshipDraft
from levada_runtime.graph.service import Graph
from levada_runtime.store.model import ConnectionRow, OrgRow

GUARD = Guard(share=0.5, least=1)
KEYS = st.sampled_from([(kind, key) for kind in ("host", "user") for key in "abcd"])
SAID = st.tuples(
    st.dictionaries(KEYS, st.integers(0, 1), max_size=6), st.dictionaries(st.tuples(KEYS, KEYS), st.integers(0, 1))
)
_orgs = itertools.count(1)


@pytest.fixture
def graph(store, clock):
    return Graph(store, clock, guard=GUARD)


def drafts(said):
    entities = [EntityDraft(*ref, None, None, {"n": n}) for ref, n in said[0].items()]
    return entities, [RelationshipDraft(*start, "USES", *end, {"n": n}) for (start, end), n in said[1].items()]


def told(graph, org):
    """Return all that readers see."""
    entities, _ = graph.list(org.id, limit=500)
    return (
        {(one.kind, one.external_id): one.traits for one in entities},
        {
            (edge.edge, edge.properties["n"])
            for one in entities
            for edge in graph.relationships(org.id, one.kind, one.external_id)
        },
    )


def goes_too_far(before, after):
    """Say by counting, without a graph, whether the guard holds this."""
    claimed = [*(("entities", ref[0], ref) for ref in before[0]), *(("edges", "USES", edge) for edge in before[1])]
    gone = [one for one in claimed if one[2] not in (after[0] if one[0] == "entities" else after[1])]
    of = {one[:2]: [sum(other[:2] == one[:2] for other in some) for some in (claimed, gone)] for one in claimed}
    return bool(gone) and (len(gone) == len(claimed) or any(g > 1 and g > c / 2 for c, g in of.values()))


@given(before=SAID, others=SAID, after=SAID, meanwhile=SAID)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_held_changes_nothing_and_approved_is_a_plain_sync(
    store, clock, graph, before, others, after, meanwhile
):
    """Beside a twin that is not guarded, with another source around, and one that speaks between the two."""
    held, source = HeldSyncs(store, clock, graph), "connection:c/s"
    pair = [OrgRow(one, f"org {one}", clock.now()) for one in itertools.islice(_orgs, 2)]

    def say(org, name, said, *, guarded=False):
        return graph.do(org.id, graph.sync_operation(name, None, *drafts(said), pending=True, guarded=guarded))

    guarded, plain = pair
    for org in pair:
        say(org, source, before)
        say(org, "sync:other", others)
    seen = told(graph, guarded)
    changes = say(guarded, source, after, guarded=True)
    assert bool(changes.held) == goes_too_far(before, after)
    if changes.held is None:
        say(plain, source, after)
        assert told(graph, guarded) == told(graph, plain)
        return
    assert told(graph, guarded) == seen
    for org in pair:
        say(org, "sync:third", meanwhile)
    done = say(plain, source, after).counts
    assert changes.held.would.done() == done.done()
    row = _approved(held, store, guarded, changes.held.id)
    assert row["applied"] == done.done()
    assert told(graph, guarded) == told(graph, plain)


def _approved(held, store, org, held_id):
    """Approve in the name of a connection that is there."""
    at = org.created_at
    with store.write() as uow:
        uow.orgs.add(org)
        uow.connections.add(ConnectionRow(org.id, org.id, f"u{org.id}", "c", "k", {}, "live", "active", None, at, at))
    return held.approve(org, held_id)
