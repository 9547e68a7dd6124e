"""A plain reading of the graph's laws: who asserted what, and when, added up anew at every look.

It shares no code with the graph.
"""

import json
from collections import Counter

from hypothesis import strategies as st

from levada_runtime.graph.model import EntityDraft, RelationshipDraft

KINDS, KEYS, VERBS = ("host", "thing"), ("1", "2"), ("RUNS", "HAS")
PLACES = [(kind, key) for kind in KINDS for key in KEYS]
DEFAULT = {"host": "Host", "thing": "Generic"}
SHARE, LEAST = 0.3, 1
"""A guarded sync is held when more than these of a kind, or everything, would go."""
FLAT = st.sampled_from([1, True, 1.0, None, "", ["a"]])
OPEN = FLAT | st.sampled_from([{"a": 1}, {"a": 1.0}, {"b": [{}]}])
TRAITS = st.dictionaries(st.sampled_from(["p", "class"]), FLAT, max_size=2)
ENDS = st.tuples(st.sampled_from(KINDS), st.sampled_from(KEYS))
ENTITIES = st.dictionaries(
    ENDS, st.tuples(st.sampled_from([None, "Host", "Pod"]), st.sampled_from([None, "", "One"]), TRAITS), max_size=4
)
EDGES = st.dictionaries(st.tuples(ENDS, st.sampled_from(VERBS), ENDS), TRAITS, max_size=2)
SYNCING = st.sampled_from(["sync:a", "sync:b", "connection:c/s", "connection:c/s/eu", "connection:c/t"])
WRITING = st.sampled_from(["write", "rest", "pipeline:p", "connection:c/s"])


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

    def copy(self):
        """What is there now, to be held against what is there later."""
        return self.entities(), self.edges()

    def claimed_by(self, source):
        """Everything that a source says."""
        return {of: said for (by, of), said in self.said.items() if by == source}

    def dangles(self, entities, edges, but=None):
        """Whether an edge has an end that is neither said nor there, or only by one source."""
        ends = {end for edge in edges for end in (edge[0], edge[2])}
        return any(end not in entities and not self.claims(end, but) for end in ends)

    def waiting(self, edges):
        """How many of these edges have an end that is not there."""
        return sum(not (self.claims(edge[0]) and self.claims(edge[2])) for edge in edges)

    def too_much(self, source, entities, edges):
        """Whether the guard holds this."""
        claimed, named = self.claimed_by(source), {*entities, *edges}
        gone = claimed.keys() - named
        of = {2: lambda thing: ("entities", thing[0]), 3: lambda thing: ("relationships", thing[1])}
        whole = Counter(of[len(thing)](thing) for thing in claimed)
        lost = Counter(of[len(thing)](thing) for thing in gone)
        some = any(count > LEAST and count > SHARE * whole[kind] for kind, count in lost.items())
        return some or bool(gone and len(gone) == len(claimed))

    def sync(self, source, entities, edges, now, *, pending=False):
        """Say all; returns the counters, or None when an end is missing."""
        if not pending and self.dangles(entities, edges, source):
            return None
        return self._sync(source, entities, edges, now)

    def _sync(self, source, entities, edges, now):
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

    def write(self, source, entities, edges, now, *, pending=False):
        """Say some; returns False when an end is missing."""
        if not pending and self.dangles(entities, edges):
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
