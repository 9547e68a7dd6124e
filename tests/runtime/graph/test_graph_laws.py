"""What is observed is what is performed, whatever several sources say in whatever order."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.laws.graph_model import EDGES, ENTITIES, SYNCING, WRITING, drafts, spelled

from levada_runtime.graph.model import GraphRefusal
from levada_runtime.graph.operations import Delete
from levada_runtime.graph.service import Graph

orgs = itertools.count(1)
QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


SYNCS = st.tuples(st.just("sync"), SYNCING, ENTITIES, EDGES)
WRITES = st.tuples(st.just("write"), WRITING, ENTITIES, EDGES)


@given(said=st.lists(SYNCS | WRITES, max_size=6), committed=st.lists(SYNCS, max_size=2))
@settings(max_examples=30, deadline=None, suppress_health_check=QUIET)
def test_observing_a_run_shows_what_performing_it_does(store, clock, said, committed):
    """Over one picture, with nothing written, each operation does what it does when all of them are performed."""
    graph = Graph(store, clock)
    observed_in, performed_in = next(orgs), next(orgs)
    for org in (observed_in, performed_in):
        for _, source, entities, edges in committed:
            attempt(lambda: graph.sync(org, source, "s", *drafts(entities, edges)))  # noqa: B023 - called at once
    picture = graph.picture(observed_in)
    for how, source, entities, edges in said:
        batch = drafts(entities, edges)
        operation = (
            graph.sync_operation(source, "s", *batch) if how == "sync" else graph.write_operation(source, *batch)
        )
        observed = attempt(lambda: outcome(graph.observe(picture, operation)))  # noqa: B023 - called at once
        assert observed == attempt(lambda: outcome(perform(graph, store, performed_in, operation)))  # noqa: B023 - the same
    assert graph.list(observed_in, limit=100)[0] == [] or committed


def attempt(act):
    try:
        return act()
    except GraphRefusal as refusal:
        return refusal.message


def perform(graph, store, org, operation):
    with store.write() as uow:
        return graph.perform(uow, org, operation)


def outcome(changes):
    """What an operation did, but for the ids it made."""
    entities = [
        (one.happened, (one.after or one.before).kind, (one.after or one.before).external_id, shown(one.after))
        for one in changes.entities
    ]
    relationships = [(one.edge, spelled(one.before), spelled(one.after)) for one in changes.relationships]
    return changes.counts, sorted(entities, key=str), sorted(relationships)


def shown(entity):
    return entity and (entity.class_, entity.display_name, spelled(entity.traits), entity.first_seen, entity.last_seen)


@pytest.mark.parametrize("how", ["sync", "amend"])
def test_what_a_picture_shows_goes_before_what_is_kept(store, clock, how):
    """What was taken away in it is said anew, though the store still has it said."""
    graph, org, edge = Graph(store, clock), next(orgs), (("host", "1"), "RUNS", ("host", "2"))
    said = drafts({("host", one): (None, None, {"p": 1}) for one in "12"}, {edge: {}})
    graph.sync(org, "sync:a", "s", *said)
    picture = graph.picture(org)
    if how == "sync":
        gone, again = [Delete(("host", "1"))], graph.sync_operation("sync:a", "s", *said)
    else:
        gone = [graph.amend_operation("sync:a", "s", [], [], [("host", "1")], [edge])]
        again = graph.amend_operation("sync:a", "s", *said, [], [])
    for operation in gone:
        graph.observe(picture, operation)
    counts = graph.observe(picture, again).counts
    parted = int(how == "amend")
    assert (counts.entities_created, counts.entities_unchanged) == (1, 1)
    assert (counts.relationships_created, counts.relationships_unchanged) == (parted, 1 - parted)
