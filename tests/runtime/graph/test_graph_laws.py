"""Whatever several sources say in whatever order, the graph is what a plain reading of its laws makes of it.

The model keeps, for every source and thing, when it last asserted each part, and adds that up anew at every look. It
shares no code with the graph.
"""

import itertools
import json
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from levada_runtime.graph.model import EntityDraft, GraphRefusal, RelationshipDraft
from levada_runtime.graph.service import Graph

KINDS, KEYS, VERBS = ("host", "thing"), ("1", "2"), ("RUNS", "HAS")
DEFAULT = {"host": "Host", "thing": "Generic"}
FLAT = st.sampled_from([1, True, 1.0, None, "", ["a"]])
OPEN = FLAT | st.sampled_from([{"a": 1}, {"a": 1.0}, {"b": [{}]}])
TRAITS = st.dictionaries(st.sampled_from(["p", "class"]), FLAT, max_size=2)
ENDS = st.tuples(st.sampled_from(KINDS), st.sampled_from(KEYS))
ENTITIES = st.dictionaries(
    ENDS, st.tuples(st.sampled_from([None, "Host", "Pod"]), st.sampled_from([None, "", "One"]), TRAITS), max_size=4
)
EDGES = st.dictionaries(st.tuples(ENDS, st.sampled_from(VERBS), ENDS), TRAITS, max_size=2)
SYNCING = st.sampled_from(["sync:a", "connection:c/s"])
WRITING = st.sampled_from(["write", "rest", "pipeline:p", "connection:c/s"])

orgs = itertools.count(1)


def parts(class_, name, traits):
    """What is said, part by part; nothing for a class or name that is not given."""
    said = {("trait", trait): value for trait, value in traits.items()}
    return said | {(what,): value for what, value in (("class", class_), ("name", name)) if value is not None}


def spelled(value):
    """A value told apart from every other, those of other types too."""
    return json.dumps(value, sort_keys=True)


def drafts(entities, edges):
    return [EntityDraft(*key, *said) for key, said in entities.items()], [
        RelationshipDraft(*start, verb, *stop, said) for (start, verb, stop), said in edges.items()
    ]


class Model:
    """Who asserted what, and when."""

    def __init__(self):
        self.said = {}
        self.born, self.seen = {}, {}
        self.tick = 0

    def claims(self, thing, but=None):
        return [said for (source, of), said in self.said.items() if of == thing and source != but]

    def part_winners(self, thing):
        winners = {}
        for said in self.claims(thing):
            for part, (tick, value) in said.items():
                if part not in winners or tick > winners[part][0]:
                    winners[part] = (tick, value)
        return {part: value for part, (_, value) in winners.items()}

    def entities(self):
        shown = {}
        for thing in {of for _, of in self.said if len(of) == 2}:
            won = self.part_winners(thing)
            traits = {part[1]: value for part, value in won.items() if part[0] == "trait"}
            class_ = won.get(("class",), DEFAULT[thing[0]])
            shown[thing] = (class_, won.get(("name",), thing[1]), spelled(traits))
        return shown

    def edges(self):
        there = self.entities()
        return {
            thing: spelled({part[1]: value for part, value in self.part_winners(thing).items()})
            for thing in {of for _, of in self.said if len(of) == 3}
            if thing[0] in there and thing[2] in there
        }

    def sync(self, source, entities, edges, now):
        """Say all; returns the counters, or None when an end is missing."""
        if any(end not in entities and not self.claims(end, source) for edge in edges for end in (edge[0], edge[2])):
            return None
        self.tick += 1
        before = {of for by, of in self.said if by == source}
        counts = Counter()
        whole = {key: parts(*said) for key, said in entities.items()}
        whole |= {edge: parts(None, None, said) for edge, said in edges.items()}
        for thing, said in whole.items():
            old = self.said.get((source, thing))
            kept = {
                part: old[part]
                if old and part in old and spelled(old[part][1]) == spelled(value)
                else (self.tick, value)
                for part, value in said.items()
            }
            counts[len(thing), "created" if old is None else "unchanged" if kept == old else "updated"] += 1
            self.said[source, thing] = kept
        for thing in before - whole.keys():
            counts[len(thing), "deleted"] += 1
            del self.said[source, thing]
        self.notice(entities, now)
        return counts

    def write(self, source, entities, edges, now):
        """Say some; returns False when an end is missing."""
        if any(end not in entities and not self.claims(end) for edge in edges for end in (edge[0], edge[2])):
            return False
        self.tick += 1
        for thing, said in (entities | {edge: (None, None, said) for edge, said in edges.items()}).items():
            fresh = {part: (self.tick, value) for part, value in parts(*said).items()}
            self.said[source, thing] = self.said.get((source, thing), {}) | fresh
        self.notice(entities, now)
        return True

    def delete(self, key):
        for place in [place for place in self.said if place[1] == key]:
            del self.said[place]
        self.notice((), None)

    def notice(self, seen, now):
        there = self.entities()
        self.born = {key: self.born.get(key, now) for key in there}
        self.seen = {key: now if key in seen else self.seen[key] for key in there}


class GraphMachine(RuleBasedStateMachine):
    """The graph beside its model; a class attribute says over which store."""

    store = clock = None

    def __init__(self):
        super().__init__()
        self.org = next(orgs)
        self.graph = Graph(self.store, self.clock)
        self.model = Model()
        self.ids = {}
        self.said = {}
        self.last_event = 0

    @rule(source=SYNCING, entities=ENTITIES, edges=EDGES)
    def sync(self, source, entities, edges):
        before = self.model.entities()
        expected = self.model.sync(source, entities, edges, self.clock.now())
        operation = self.graph.sync_operation(source, "s", *drafts(entities, edges))
        if expected is None:
            with pytest.raises(GraphRefusal, match="not found in batch or graph"):
                self.graph.sync(self.org, source, "s", *drafts(entities, edges))
        else:
            observed = self.graph.observe(self.graph.picture(self.org), operation).counts
            counts = self.graph.sync(self.org, source, "s", *drafts(entities, edges))
            names = {2: "entities", 3: "relationships"}
            for size, what in itertools.product(names, ("created", "updated", "unchanged", "deleted")):
                assert getattr(counts, f"{names[size]}_{what}") == expected[size, what], (names[size], what)
            assert observed == counts
            self.said[source] = entities, edges
            again = self.graph.sync(self.org, source, "s", *drafts(entities, edges))
            assert (again.entities_unchanged, again.relationships_unchanged) == (len(entities), len(edges))
        self.check_events(before)

    @rule(source=SYNCING, without=st.sets(ENDS, max_size=2), otherwise=ENTITIES, later=st.sampled_from([0, 60]))
    def sync_nearly_the_same(self, source, without, otherwise, later):
        self.clock.pass_time(seconds=later)
        entities, edges = self.said.get(source, ({}, {}))
        changed = {key: said for key, said in otherwise.items() if key in entities and key not in without}
        self.sync(source, {key: said for key, said in (entities | changed).items() if key not in without}, edges)

    @rule(source=WRITING, entities=ENTITIES, edges=EDGES)
    def write(self, source, entities, edges):
        before = self.model.entities()
        if self.model.write(source, entities, edges, self.clock.now()):
            self.graph.write(self.org, source, *drafts(entities, edges))
        else:
            with pytest.raises(GraphRefusal, match="not found in batch or graph"):
                self.graph.write(self.org, source, *drafts(entities, edges))
        self.check_events(before)

    @rule(source=WRITING, key=ENDS, traits=st.dictionaries(st.sampled_from(["p", "q"]), OPEN, max_size=2))
    def upsert(self, source, key, traits):
        before = self.model.entities()
        self.model.write(source, {key: (None, None, traits)}, {}, self.clock.now())
        _, new = self.graph.upsert(self.org, source, *key, traits)
        assert new == (key not in before)
        self.check_events(before)

    @rule(key=ENDS, traits=st.dictionaries(st.sampled_from(["p", "q"]), OPEN, max_size=2))
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


QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


def test_any_sequence_of_operations_is_what_the_laws_make_of_it(store, clock):
    """Syncs, writes, upserts, patches and deletes of several sources, against the model."""
    machine = type("Machine", (GraphMachine,), {"store": store, "clock": clock})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=QUIET)
    )


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
