"""The graph beside its model: whatever is said, in whatever order, by whom, and held, given up or read later.

Every step has a moment of its own, so that what was read then can be told from what is read as of then.
"""

import itertools

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.laws.graph_model import (
    EDGES,
    ENDS,
    ENTITIES,
    LEAST,
    OPEN,
    PLACES,
    SHARE,
    SYNCING,
    WRITING,
    Model,
    drafts,
    spelled,
)

from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.graph.guard import Guard
from levada_runtime.graph.holding import HeldSyncs
from levada_runtime.graph.model import GraphRefusal
from levada_runtime.graph.service import Graph
from levada_runtime.store.model import OrgRow

DANGLING = "not found in batch or graph"
COUNTED = list(
    itertools.product({2: "entities", 3: "relationships"}.items(), ("created", "updated", "unchanged", "deleted"))
)
TRAITS = st.dictionaries(st.sampled_from(["p", "q"]), OPEN, max_size=2)
GUARDED = st.sampled_from(["sync:a", "sync:b"])

orgs = itertools.count(1)


class Abandoned(Exception):  # noqa: N818 - nothing is wrong with it
    """Somebody was killed half-way."""


class GraphMachine(RuleBasedStateMachine):
    """The graph beside its model; class attributes say over which store, by which clock."""

    store = clock = None

    def __init__(self):
        super().__init__()
        self.org = next(orgs)
        self.graph = Graph(self.store, self.clock, guard=Guard(SHARE, LEAST))
        self.holding = HeldSyncs(self.store, self.clock, self.graph)
        self.model = Model()
        self.ids, self.said, self.held = {}, {}, {}
        self.moments = []
        self.last_event = 0

    @rule(source=SYNCING, entities=ENTITIES, edges=EDGES, pending=st.booleans())
    def sync(self, source, entities, edges, pending):
        before = self.model.entities()
        others = self.others(source)
        expected = self.model.sync(source, entities, edges, self.clock.now(), pending=pending)
        operation = self.graph.sync_operation(source, "s", *drafts(entities, edges), pending=pending)
        if expected is None:
            with pytest.raises(GraphRefusal, match=DANGLING):
                self.graph.do(self.org, operation)
        else:
            observed = self.graph.observe(self.graph.picture(self.org), operation).counts
            changes = self.graph.do(self.org, operation)
            assert told(changes.counts) == {place: expected[place] for place in told(changes.counts)}
            assert (observed, changes.pending) == (changes.counts, self.model.waiting(edges))
            self.said[source] = entities, edges
            self.held.pop(source, None)
            again = self.graph.do(self.org, operation)
            assert (again.counts.entities_unchanged, again.counts.relationships_unchanged) == (
                len(entities),
                len(edges),
            )
            assert not again.entities, "a sync twice is all unchanged"
            assert not again.relationships, "a sync twice is all unchanged"
        assert self.others(source) == others, "a source changed what another claims"
        self.check_events(before)

    @rule(source=SYNCING, without=st.sets(ENDS, max_size=2), otherwise=ENTITIES, later=st.sampled_from([0, 60]))
    def sync_nearly_the_same(self, source, without, otherwise, later):
        self.clock.pass_time(seconds=later)
        entities, edges = self.said.get(source, ({}, {}))
        changed = {key: said for key, said in otherwise.items() if key in entities and key not in without}
        said = {key: said for key, said in (entities | changed).items() if key not in without}
        self.sync(source, said, edges, pending=True)

    @rule(source=GUARDED, without=st.sets(ENDS, min_size=1), otherwise=ENTITIES)
    def sync_too_little(self, source, without, otherwise):
        """Of what a source said before much is missing; what is not too much is not said here."""
        entities, edges = self.said.get(source, ({}, {}))
        kept = {key: said for key, said in (entities | otherwise).items() if key not in without}
        self.sync_guarded(
            source, kept, {edge: said for edge, said in edges.items() if {edge[0], edge[2]} <= kept.keys()}
        )

    def sync_guarded(self, source, entities, edges):
        if not self.model.too_much(source, entities, edges):
            return
        operation = self.graph.sync_operation(source, "s", *drafts(entities, edges), guarded=True)
        held = self.graph.do(self.org, operation).held
        assert held is not None
        self.held[source] = held.id, entities, edges

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def decide(self, data):
        source = data.draw(st.sampled_from(sorted(self.held)))
        (self.approve if data.draw(st.booleans()) else self.discard)(source)

    def approve(self, source):
        before, (held_id, entities, edges) = self.model.entities(), self.held[source]
        expected = self.model.sync(source, entities, edges, self.clock.now())
        org = OrgRow(self.org, "default", self.clock.now())
        if expected is None:
            with pytest.raises(UsageFailure, match="cannot be applied any more"):
                self.holding.approve(org, held_id)
            return
        applied = self.holding.approve(org, held_id)["applied"]
        assert applied["entities_deleted"] == expected[2, "deleted"]
        assert applied["relationships_deleted"] == expected[3, "deleted"]
        del self.held[source]
        self.check_events(before)

    def discard(self, source):
        held_id, *_ = self.held.pop(source)
        self.holding.discard(OrgRow(self.org, "default", self.clock.now()), held_id)

    @rule(source=WRITING, entities=ENTITIES, edges=EDGES, pending=st.booleans())
    def write(self, source, entities, edges, pending):
        before = self.model.entities()
        operation = self.graph.write_operation(source, *drafts(entities, edges), pending=pending)
        if self.model.write(source, entities, edges, self.clock.now(), pending=pending):
            assert self.graph.do(self.org, operation).pending == self.model.waiting(edges)
        else:
            with pytest.raises(GraphRefusal, match=DANGLING):
                self.graph.do(self.org, operation)
        self.check_events(before)

    @rule(source=SYNCING, entities=ENTITIES, edges=EDGES, what=st.sampled_from(["sync", "write"]))
    def give_up_half_way(self, source, entities, edges, what):
        """What was said in a transaction that does not commit was not said."""
        said = drafts(entities, edges)
        if what == "sync":
            operation = self.graph.sync_operation(source, "s", *said, pending=True)
        else:
            operation = self.graph.write_operation(source, *said, pending=True)
        with pytest.raises(Abandoned):
            self.perform_and_die(operation)

    def perform_and_die(self, operation):
        with self.store.write() as uow:
            self.graph.perform(uow, self.org, operation)
            raise Abandoned

    @rule(source=WRITING, key=ENDS, traits=TRAITS)
    def upsert(self, source, key, traits):
        before = self.model.entities()
        self.model.write(source, {key: (None, None, traits)}, {}, self.clock.now())
        _, new = self.graph.upsert(self.org, source, *key, traits)
        assert new == (key not in before)
        self.check_events(before)

    @rule(key=ENDS, traits=TRAITS)
    def patch(self, key, traits):
        before = self.model.entities()
        patched = self.graph.patch(self.org, "rest", self.ids.get(key, "none"), traits)
        assert (patched is not None) == (key in before)
        if patched:
            self.model.write("rest", {key: (None, None, traits)}, {}, self.clock.now())
        self.check_events(before)

    @rule(key=ENDS)
    def delete(self, key):
        before = self.model.entities()
        assert self.graph.delete(self.org, self.ids.get(key, "none")) == (key in before)
        self.model.delete(key)
        self.check_events(before)

    @rule(seconds=st.sampled_from([1, 3600]))
    def time_passes(self, seconds):
        self.clock.pass_time(seconds=seconds)

    @rule(data=st.data())
    def look_back(self, data):
        at = data.draw(st.integers(0, len(self.moments) - 1))
        self.compare(data.draw(st.integers(0, at)), at)

    def compare(self, since, at):
        """As of any moment it is what a read then returned, and so is what changed between two."""
        (since, earlier, before), (at, entities, edges) = self.moments[since], self.moments[at]
        assert self.entities_as_of(at) == entities
        assert self.edges_as_of(at, entities) == edges
        told = self.graph.reads.changes(self.org, since, until=at, limit=100)["items"]
        back = {named(one) for one in told if changed_back(one)}
        assert {named(one) for one in told if one["object"] == "entity"} - back == differing(earlier, entities)
        assert {named(one) for one in told if one["object"] == "relationship"} - back == differing(before, edges)

    @invariant()
    def the_graph_is_what_its_claims_add_up_to(self):
        found, _ = self.graph.list(self.org, limit=100)
        shown = {(one.kind, one.external_id): (one.class_, one.display_name, spelled(one.traits)) for one in found}
        assert shown == self.model.entities()
        times = {(one.kind, one.external_id): (one.first_seen, one.last_seen) for one in found}
        assert times == {key: (self.model.born[key], self.model.seen[key]) for key in shown}
        for one in found:
            assert self.ids.setdefault((one.kind, one.external_id), one.id) == one.id
        edges = {one.edge: spelled(one.properties) for key in shown for one in self.graph.relationships(self.org, *key)}
        assert edges == self.model.edges()
        assert {(row.source, row.id) for row in self.held_rows()} == {(by, one[0]) for by, one in self.held.items()}
        self.moments.append((self.clock.now(), *self.model.copy()))
        self.clock.pass_time(milliseconds=1)

    def held_rows(self):
        with self.store.read() as uow:
            return uow.graph_held.page_of(self.org, state="held", source=None, before=None, limit=100)

    def others(self, source):
        """What every other source claims, with its stamps, as it is kept."""
        with self.store.read() as uow:
            ids = {row.id for row in uow.graph.entities_by_key(self.org, PLACES)}
            claims = [one for one in uow.graph.claims_on(self.org, sorted(ids)) if one.source != source]
            edges = {row.id for row in uow.graph.relationships_between(self.org, between(ids))}
            related = [one for one in uow.graph.relationship_claims_on(self.org, sorted(edges)) if one.source != source]
        return sorted(map(repr, [*claims, *related]))

    def entities_as_of(self, at):
        found = {}
        for key in PLACES:
            try:
                one = self.graph.reads.entity(self.org, key, as_of=at)
            except NotFoundFailure:
                continue
            found[key] = one["class"], one["display_name"], spelled(one["traits"])
        return found

    def edges_as_of(self, at, there):
        around = [self.graph.reads.neighbours(self.org, key, limit=100, as_of=at) for key in there]
        return {edge_of(one): spelled(one["properties"]) for near in around for one in near["relationships"]}

    def check_events(self, before):
        """Exactly what readers saw come, change or go was told, in one event each."""
        after = self.model.entities()
        expected = [("entity.created", key) for key in after.keys() - before.keys()]
        expected += [("entity.deleted", key) for key in before.keys() - after.keys()]
        expected += [("entity.updated", key) for key in after.keys() & before.keys() if after[key] != before[key]]
        with self.store.read() as uow:
            told = uow.events.between(self.org, 0, self.last_event + 1, 1 << 62, 100)
        self.last_event = told[-1].id if told else self.last_event
        assert sorted((one.source, one.subject) for one in told) == sorted(
            (source, f"entity:{kind}:{key}") for source, (kind, key) in expected
        )


def told(counts):
    """A sync's counters, as the model names them."""
    return {(size, what): getattr(counts, f"{name}_{what}") for (size, name), what in COUNTED}


def between(ids):
    return [(start, verb, stop) for start in ids for verb in ("RUNS", "HAS") for stop in ids]


def edge_of(view):
    return (view["from_type"], view["from_key"]), view["verb"], (view["to_type"], view["to_key"])


def named(change):
    """A change as (what, how)."""
    view = change["after"] or change["before"]
    place = (view["kind"], view["external_id"]) if change["object"] == "entity" else edge_of(view)
    return place, change["change"]


def changed_back(change):
    """Whether a thing stands as it stood, but anew: it was changed, or went, and came to the same meanwhile."""
    before, after = change["before"], change["after"]
    if before is None or after is None or before["since"] == after["since"]:
        return False
    values = ("class", "display_name", "traits") if change["object"] == "entity" else ("properties",)
    return all(spelled(before[name]) == spelled(after[name]) for name in values)


def differing(before, after):
    """What differs between two views, as (what, how)."""
    return {
        (place, "created" if place not in before else "deleted" if place not in after else "updated")
        for place in before.keys() | after.keys()
        if before.get(place) != after.get(place)
    }
