"""The graph read as it is and as it was: entities, what lies around them, ways, and what changed between moments."""

import itertools
import random
from datetime import datetime, timedelta

import pytest
from tests.runtime.graph.words import rows

from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.graph.model import EntityDraft, RelationshipDraft
from levada_runtime.graph.reads import Reads

ORG = 1
KEYS = [("host", "a"), ("host", "b"), ("service", "a"), ("user", "arn:aws:iam::1/x y"), ("user", "ü")]
EDGES = [(start, verb, stop) for start in KEYS for verb in ("RUNS", "USES") for stop in KEYS[:3]]


def entity(key, **traits):
    return EntityDraft(*key, traits=traits)


def edge(start, verb, stop, **properties):
    return RelationshipDraft(*start, verb, *stop, properties=properties)


def chain(graph, *names, verb="USES", source="sync:c"):
    """Make hosts that lead one to the next."""
    keys = [("host", name) for name in names]
    links = [edge(start, verb, stop) for start, stop in itertools.pairwise(keys)]
    graph.write(ORG, source, [entity(key) for key in keys], links)


def still(view):
    """Return a view without what only the present knows of it."""
    return {name: value for name, value in view.items() if name not in ("last_seen", "until")}


def all_of(graph, as_of=None):
    """Read everything there is to read at a moment, by what the reads of the graph answer."""
    there = {}
    for key in KEYS:
        try:
            around = graph.reads.neighbours(ORG, key, direction="out", limit=100, as_of=as_of)
        except NotFoundFailure:
            continue
        there[key] = still(around["entity"])
        for one in around["relationships"]:
            place = (one["from_type"], one["from_key"], one["verb"], one["to_type"], one["to_key"])
            there[place] = still(one)
    return there


def shaken(graph, store, clock, seed, steps):
    """Change a graph at random, the clock going on, back or not at all; yield what it shows after every step."""
    chosen = random.Random(seed)
    for _ in range(steps):
        some = chosen.sample(KEYS, chosen.randint(0, len(KEYS)))
        known = [one for one in EDGES if one[0] in some and one[2] in some]
        edges = chosen.sample(known, min(len(known), chosen.randint(0, 4)))
        batch = (
            [entity(key, n=chosen.randint(0, 1)) for key in some],
            [edge(*one, n=chosen.randint(0, 1)) for one in edges],
        )
        source = f"sync:{chosen.choice('xy')}"
        match chosen.choice(("sync", "sync", "write", "delete", "pend")):
            case "sync":
                graph.sync(ORG, source, None, *batch)
            case "write":
                graph.write(ORG, "write", *batch)
            case "pend":
                pending = [edge(*one, n=chosen.randint(0, 1)) for one in chosen.sample(EDGES, 3)]
                with store.write() as uow:
                    graph.perform(uow, ORG, graph.write_operation("connection:c/s", [], pending, pending=True))
            case "delete":
                found = graph.find(ORG, *chosen.choice(KEYS))
                if found:
                    graph.delete(ORG, found.id)
        moment = clock.now()
        clock.pass_time(seconds=1)
        yield moment


def names(found):
    return [one["external_id"] for one in found["entities"]]


def test_as_of_a_moment_is_what_a_read_then_returned(graph, store, clock):
    """Whatever was asserted, changed, dropped, deleted and asserted again meanwhile."""
    then = {moment: all_of(graph) for moment in shaken(graph, store, clock, 1, 25)}
    assert len({str(state) for state in then.values()}) > 10
    assert all_of(graph, as_of=clock.now()) == all_of(graph)
    for moment, state in then.items():
        assert all_of(graph, as_of=moment) == state


@pytest.mark.parametrize("limit", [2, 1000])
def test_what_changed_between_two_moments_leads_from_the_one_to_the_other(graph, store, clock, limit):
    """Page by page, applied to what there was, it gives what there is; and nothing is told that did not change."""
    moments = list(shaken(graph, store, clock, 7, 25))
    states = {moment: all_of(graph, as_of=moment) for moment in moments}
    pairs = [(moments[4], moments[20])] if limit == 2 else list(itertools.pairwise(moments))
    for since, until in [*pairs, (moments[3], moments[3])]:
        state, cursor, told = dict(states[since]), None, []
        while told == [] or cursor:
            page = graph.reads.changes(ORG, since, until=until, limit=limit, cursor=cursor)
            assert len(page["items"]) <= limit
            told, cursor = [*told, page], page["cursor"]
            for one in page["items"]:
                take(state, one)
        assert state == states[until]


def take(state, told):
    """Apply one change to a state."""
    before, after = (still(one) if one else None for one in (told["before"], told["after"]))
    shown = after or before
    names = (
        ("kind", "external_id")
        if told["object"] == "entity"
        else ("from_type", "from_key", "verb", "to_type", "to_key")
    )
    place = tuple(shown[name] for name in names)
    assert state.get(place) == before
    assert told["change"] == ("created" if before is None else "deleted" if after is None else "updated")
    state.pop(place, None)
    if after:
        state[place] = after


def test_a_first_load_and_what_readers_do_not_notice_leave_no_history(graph, store, clock):
    """Neither a sync that says the same, nor another source that says so too, nor that it stops."""
    for source in ("sync:a", "sync:b", "sync:a"):
        chain(graph, "1", "2", source=source)
        clock.pass_time(seconds=1)
    graph.sync(ORG, "sync:b", None, [], [])
    assert (rows(store, "entity_history"), rows(store, "relationship_history")) == (0, 0)
    graph.sync(ORG, "sync:a", None, [entity(("host", "1"), n=1)], [])
    assert (rows(store, "entity_history"), rows(store, "relationship_history")) == (2, 1)


def test_two_changes_in_one_moment_are_told_apart(graph, clock):
    """A thing's moments rise strictly, also where the clock stands still or goes back."""
    seen = []
    for step, hours in enumerate((0, 0, -1, 2)):
        clock.pass_time(hours=hours)
        graph.write(ORG, "write", [entity(("host", "1"), n=step)], [])
        seen.append(graph.reads.entity(ORG, ("host", "1"))["since"])
    assert seen == sorted(set(seen))
    assert seen[0].endswith("12:00:00+00:00")
    assert seen[2].endswith("12:00:00.000002+00:00")


def test_an_entity_is_read_as_it_was_until_it_changed(graph, clock):
    """And before it came, and after it went, it is not there, which names the parameter."""
    chain(graph, "1")
    first, key = clock.now(), ("host", "1")
    clock.pass_time(hours=1)
    graph.write(ORG, "sync:c", [entity(key, n=1)], [])
    second = clock.now()
    clock.pass_time(hours=1)
    graph.sync(ORG, "sync:c", None, [], [])
    then = graph.reads.entity(ORG, key, as_of=second - timedelta(microseconds=1))
    assert (then["traits"], then["since"], then["until"]) == ({}, first.isoformat(), second.isoformat())
    assert then["last_seen"] is None
    assert graph.reads.entity(ORG, key, as_of=second)["traits"] == {"n": 1}
    for moment in (first - timedelta(microseconds=1), clock.now(), None):
        with pytest.raises(NotFoundFailure) as caught:
            graph.reads.entity(ORG, key, as_of=moment)
        assert caught.value.details == {"path": "key"}


def test_what_lies_around_comes_nearest_first_and_by_direction_and_verb(graph):
    """A ring is gone round once, however deep it is asked for."""
    chain(graph, "1", "2", "3", "4", "1")
    chain(graph, "1", "5", verb="RUNS")
    read = graph.reads.neighbours
    around = read(ORG, ("host", "1"), limit=100)
    assert (sorted(names(around)), around["entity"]["external_id"]) == (["2", "4", "5"], "1")
    assert names(read(ORG, ("host", "1"), limit=100, verbs=["RUNS"])) == ["5"]
    assert names(read(ORG, ("host", "1"), limit=100, direction="in")) == ["4"]
    deep = read(ORG, ("host", "1"), limit=100, direction="out", verbs=["USES"], depth=10)
    assert [(one["external_id"], one["depth"]) for one in deep["entities"]] == [("2", 1), ("3", 2), ("4", 3)]
    assert [(one["from_key"], one["to_key"]) for one in deep["relationships"]] == [
        ("1", "2"), ("2", "3"), ("3", "4"), ("4", "1"),
    ]  # fmt: skip
    assert not deep["truncated"]


def test_more_than_is_asked_for_is_left_out_and_said_so(graph):
    """Of entities and relationships alike, and what is there leads nowhere else."""
    hub, spokes = ("host", "hub"), [("host", str(number)) for number in range(20)]
    graph.write(ORG, "write", [entity(key) for key in (hub, *spokes)], [edge(hub, "RUNS", one) for one in spokes])
    found = graph.reads.neighbours(ORG, hub, limit=7, depth=3)
    assert (len(found["entities"]), len(found["relationships"]), found["truncated"]) == (7, 7, True)
    assert {one["to_key"] for one in found["relationships"]} == set(names(found))
    assert not graph.reads.neighbours(ORG, hub, limit=20, depth=3)["truncated"]


def test_no_walk_goes_through_what_is_gone(graph, clock):
    """The edges stay claimed and hidden; as of before, the way is there."""
    chain(graph, "1", "2", "3", source="sync:a")
    chain(graph, "2", source="sync:b")
    graph.sync(ORG, "sync:a", None, [entity(("host", "1")), entity(("host", "3"))], [edge(*way) for way in _WAY])
    before = clock.now()
    clock.pass_time(seconds=1)
    graph.sync(ORG, "sync:b", None, [], [])
    ends = ("host", "1"), ("host", "3")
    assert names(graph.reads.neighbours(ORG, ends[0], limit=9, depth=3)) == []
    assert graph.reads.path(ORG, *ends, depth=10) == {
        "found": False, "length": None, "entities": [], "relationships": [], "truncated": False,
    }  # fmt: skip
    assert names(graph.reads.path(ORG, *ends, depth=10, as_of=before)) == ["1", "2", "3"]
    assert graph.reads.stats(ORG)["by_verb"] == {}


_WAY = [(("host", "1"), "USES", ("host", "2")), (("host", "2"), "USES", ("host", "3"))]


def test_a_path_is_the_shortest_and_no_longer_than_asked(graph):
    """Against the relationships only where that is asked for."""
    chain(graph, "1", "2", "3", "4", "5")
    chain(graph, "2", "5", verb="RUNS")
    start, goal, path = ("host", "1"), ("host", "5"), graph.reads.path
    found = path(ORG, start, goal, depth=10)
    assert (names(found), found["length"]) == (["1", "2", "5"], 2)
    assert [(one["from_key"], one["verb"], one["to_key"]) for one in found["relationships"]] == [
        ("1", "USES", "2"), ("2", "RUNS", "5"),
    ]  # fmt: skip
    assert names(path(ORG, start, goal, depth=10, verbs=["USES"])) == ["1", "2", "3", "4", "5"]
    assert not path(ORG, start, goal, depth=3, verbs=["USES"])["found"]
    assert not path(ORG, goal, start, depth=10)["found"]
    assert names(path(ORG, goal, start, depth=10, direction="in")) == ["5", "2", "1"]
    assert names(path(ORG, ("host", "4"), start, depth=10, direction="both")) == ["4", "3", "2", "1"]
    assert (names(path(ORG, start, start, depth=10)), path(ORG, start, start, depth=10)["length"]) == (["1"], 0)
    with pytest.raises(NotFoundFailure, match="'9'") as caught:
        path(ORG, start, ("host", "9"), depth=10)
    assert caught.value.details == {"path": "to_key"}


def test_a_verb_that_nobody_knows_is_refused_with_the_nearest(graph):
    """Rather than found to lead nowhere."""
    chain(graph, "1")
    with pytest.raises(UsageFailure, match="did you mean 'RUNS'"):
        graph.reads.neighbours(ORG, ("host", "1"), verbs=["RUN"], limit=1)


def test_a_comparison_goes_on_from_the_latest_change_and_misses_none(graph, clock):
    """Without an end it tells where it ended, which is where the next one begins."""
    since = clock.now() - timedelta(days=1)
    assert graph.reads.changes(ORG, since, limit=9)["until"] == since.isoformat()
    told, moment = [], since
    for name in "123":
        chain(graph, name)
        chain(graph, name + "x")
        page = graph.reads.changes(ORG, moment, limit=9)
        told += [one["after"]["external_id"] for one in page["items"]]
        moment = datetime.fromisoformat(page["until"])
        clock.pass_time(seconds=1)
    assert told == ["1", "1x", "2", "2x", "3", "3x"]
    assert graph.reads.changes(ORG, moment, limit=9)["items"] == []


@pytest.mark.parametrize("cursor", ["", "x", "bnVsbA", "WzEsMixbMSwyLDNdXQ", "W251bGwsMSxbMSwiIiwxXV0", "é"])
def test_a_cursor_that_no_comparison_gave_is_refused(graph, clock, cursor):
    """Whatever it holds."""
    with pytest.raises(UsageFailure, match="cursor"):
        graph.reads.changes(ORG, clock.now(), limit=1, cursor=cursor)


def test_a_read_that_takes_too_long_is_stopped(graph, store):
    """By the database itself, in the middle of a statement; the connection is as good as before."""
    chain(graph, "1", "2")
    counting = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        "postgresql": "SELECT pg_sleep(60)",
    }
    for _ in range(2):
        with store.read() as uow, pytest.raises(UsageFailure, match=r"longer than 0.1 s"), uow.patient(0.1):
            uow._connection.exec_driver_sql(counting[uow._connection.dialect.name])
    with pytest.raises(UsageFailure, match="longer than 0 s") as caught:
        Reads(store, graph.vocabulary, seconds=0).stats(ORG)
    assert caught.value.code == "took_too_long"
    assert names(graph.reads.neighbours(ORG, ("host", "1"), limit=9)) == ["2"]


def test_nobody_reads_what_is_anothers(graph, clock):
    """Neither now nor as of then, by no read."""
    chain(graph, "1", "2")
    ends = ("host", "1"), ("host", "2")
    for read in (
        lambda: graph.reads.entity(2, ends[0]),
        lambda: graph.reads.neighbours(2, ends[0], limit=1),
        lambda: graph.reads.path(2, *ends, depth=1, as_of=clock.now()),
    ):
        with pytest.raises(NotFoundFailure):
            read()
    assert graph.reads.changes(2, clock.now() - timedelta(1), limit=9)["items"] == []
    assert graph.reads.stats(2)["entities"] == 0


def test_numbers_are_of_what_is_there(graph, clock):
    """By kind, class and verb what readers find; by source what is claimed."""
    chain(graph, "1", "2", "3", source="sync:a")
    graph.write(ORG, "write", [entity(("user", "u"))], [edge(("user", "u"), "HAS", ("host", "1"))])
    graph.sync(ORG, "sync:b", None, [entity(("host", "1"))], [])
    found = graph.find(ORG, "host", "3")
    graph.delete(ORG, found.id)
    assert graph.reads.stats(ORG) == {
        "entities": 3,
        "relationships": 2,
        "by_kind": {"host": 2, "user": 1},
        "by_class": {"Host": 2, "User": 1},
        "by_verb": {"HAS": 1, "USES": 1},
        "by_source": [
            {"source": "sync:a", "entities": 2, "relationships": 2, "synced_at": None},
            {"source": "sync:b", "entities": 1, "relationships": 0, "synced_at": clock.now().isoformat()},
            {"source": "write", "entities": 1, "relationships": 1, "synced_at": None},
        ],
    }
