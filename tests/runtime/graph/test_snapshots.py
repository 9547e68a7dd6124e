"""A snapshot comes in pieces and is taken over at once: what it comes to is what one sync of all of it would."""

import random

import pytest
from tests.runtime.graph.words import ORG, edges, events, host, rows, runs, traits

from levada_runtime.foundation.config import RetentionSettings
from levada_runtime.graph import parts, sifting, snapshots
from levada_runtime.graph.model import REST, EntityDraft, GraphRefusal
from levada_runtime.graph.operations import Write, batch_of
from levada_runtime.graph.seen import Seen
from levada_runtime.graph.service import Graph
from levada_runtime.graph.snapshots import MOST_ROWS, SnapshotLost, losses_of, read_again
from levada_runtime.work.retention import Pruner

SOURCE = "connection:test/hosts"


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Parts of three rows and pages of two, so that a dozen things are several of each."""
    for module in (snapshots, sifting):
        monkeypatch.setattr(module, "PART_ROWS", 3)
        monkeypatch.setattr(module, "PAGE", 2)


def staged(graph, entities, relationships=(), *, source=SOURCE):
    staging = graph.staging(ORG, source, "run_1")
    staging.add(list(entities), [])
    staging.add([], list(relationships))
    return staging.close()


def taken(graph, store, entities, relationships=(), **more):
    snapshot = staged(graph, entities, relationships, **more)
    with store.write() as uow:
        counts = graph.take_over(uow, ORG, snapshot, guarded=False).counts
    return counted(counts)


def counted(counts):
    names = ("created", "updated", "unchanged", "deleted")
    return tuple(tuple(getattr(counts, f"{what}_{name}") for name in names) for what in ("entities", "relationships"))


def test_a_snapshot_is_nobody_s_truth_until_it_is_taken_over(graph, store):
    """Its parts are staged, and nothing else is written; taken over, the parts are gone."""
    snapshot = staged(graph, [host(str(at)) for at in range(7)], [runs("0", "1")])
    assert (rows(store, "graph_parts"), rows(store, "entities"), rows(store, "graph_sources")) == (4, 0, 0)
    with store.write() as uow:
        counts = graph.take_over(uow, ORG, snapshot, guarded=False).counts
    assert counted(counts) == ((7, 0, 0, 0), (1, 0, 0, 0))
    assert (rows(store, "graph_parts"), rows(store, "entities")) == (0, 7)


def test_what_it_does_not_name_is_claimed_no_longer(graph, store):
    """Created, updated, unchanged and deleted are told apart over all parts."""
    taken(graph, store, [host(str(at), at=at) for at in range(10)], [runs(str(at), "0") for at in range(1, 10)])
    again = [host(str(at), at=at % 4) for at in range(5)] + [host("new")]
    assert taken(graph, store, again, [runs("1", "0"), runs("2", "0", port=80)]) == ((1, 1, 4, 5), (0, 1, 1, 7))
    assert traits(graph, "4") == {"at": 0}
    assert traits(graph, "7") is None
    assert sorted(edges(graph, "0"), key=str) == [("1", "0", {}), ("2", "0", {"port": 80})]


def test_the_same_snapshot_again_changes_nothing(graph, store):
    """No event is written, and no claim."""
    said = [host(str(at)) for at in range(7)], [runs("0", "1"), runs("1", "2")]
    taken(graph, store, *said)
    before = events(store)
    assert taken(graph, store, *said) == ((0, 0, 7, 0), (0, 0, 2, 0))
    assert events(store) == before


def test_an_empty_snapshot_says_that_there_is_nothing(graph, store):
    """Whatever the source claimed is gone, and that it was heard of is kept."""
    taken(graph, store, [host(str(at)) for at in range(5)])
    assert taken(graph, store, []) == ((0, 0, 0, 5), (0, 0, 0, 0))
    assert rows(store, "graph_sources") == 1


def test_other_sources_keep_what_they_say(graph, store):
    """A snapshot takes away its own source's claims alone, scope by scope."""
    taken(graph, store, [host("1", mine=1), host("2")])
    taken(graph, store, [host("2", eu=1)], source=f"{SOURCE}/eu")
    graph.upsert(ORG, REST, "host", "1", {"theirs": 1})
    assert taken(graph, store, []) == ((0, 0, 0, 2), (0, 0, 0, 0))
    assert (traits(graph, "1"), traits(graph, "2")) == ({"theirs": 1}, {"eu": 1})


def test_a_relationship_may_come_before_its_ends_or_wait_for_one(graph, store):
    """In a later part, from another source, or never."""
    said = [runs("1", "2"), runs("1", "there"), runs("1", "nowhere")]
    graph.upsert(ORG, REST, "host", "there", {})
    snapshot = staged(graph, [host("1"), host("2")], said)
    with store.write() as uow:
        changes = graph.take_over(uow, ORG, snapshot, guarded=False)
    assert (counted(changes.counts)[1], changes.pending) == ((3, 0, 0, 0), 1)
    assert sorted(stop for _, stop, _ in edges(graph, "1")) == ["2", "there"]
    graph.upsert(ORG, REST, "host", "nowhere", {})
    assert len(edges(graph, "1")) == 3


def test_an_end_that_the_snapshot_takes_away_is_waited_for(graph, store):
    """The relationship is kept, and hidden."""
    taken(graph, store, [host("1"), host("2")])
    assert taken(graph, store, [host("1")], [runs("1", "2")]) == ((0, 0, 1, 1), (1, 0, 0, 0))
    assert edges(graph, "1") == []


def test_what_is_said_twice_is_said_once(graph, store):
    """In whichever pieces it comes, and in whatever order its properties stand."""
    twice = [host("1", a=1, b=2), host("2"), host("3"), host("4"), host("1", b=2, a=1)]
    assert taken(graph, store, twice, [runs("1", "2")] * 5) == ((4, 0, 0, 0), (1, 0, 0, 0))


@pytest.mark.parametrize("value", [True, 1.0, "1", None], ids=repr)
def test_two_unlike_rows_of_one_thing_are_refused(graph, value):
    """However many parts lie between them."""
    staging = graph.staging(ORG, SOURCE, "run_1")
    staging.add([host(str(at), x=1) for at in range(9)], [])
    with pytest.raises(GraphRefusal, match="host:0 stands in the snapshot twice"):
        staging.add([host("0", x=value)], [])


def test_a_place_is_counted_over_the_whole_snapshot(graph):
    """So that an author finds it."""
    staging = graph.staging(ORG, SOURCE, "run_1")
    staging.add([host("1"), host("2")], [runs("1", "2")])
    with pytest.raises(GraphRefusal) as refused:
        staging.add([host("3"), host("4", class_="Hosst")], [])
    assert [detail["path"] for detail in refused.value.details] == ["entities[3].entity_class"]
    with pytest.raises(GraphRefusal, match=r"relationships\[1\]\.from_key"):
        staging.add([], [runs("", "2")])


def test_a_snapshot_has_a_largest_size(graph, monkeypatch):
    """The store does not keep more than it should."""
    assert MOST_ROWS >= 1_000_000
    monkeypatch.setattr(snapshots, "MOST_ROWS", 4)
    staging = graph.staging(ORG, SOURCE, "run_1")
    with pytest.raises(GraphRefusal, match="at most 4 entities"):
        staging.add([host(str(at)) for at in range(5)], [])


def test_what_would_be_lost_is_told_by_kind(graph, store):
    """Before anything is taken over."""
    others = [EntityDraft("service", str(at)) for at in range(3)]
    taken(graph, store, [host(str(at)) for at in range(4)] + others, [runs("1", "2"), runs("1", "3")])
    with store.read() as uow:
        entities, relationships = losses_of(uow, ORG, staged(graph, [host("1"), *others], [runs("1", "2")]))
    assert (entities.claimed, entities.gone) == ({"host": 4, "service": 3}, {"host": 3, "service": 0})
    assert (relationships.claimed, relationships.gone) == ({"RUNS": 2}, {"RUNS": 1})


def test_a_snapshot_whose_parts_are_there_can_be_read_again(graph, store):
    """By a process that did not see it coming in."""
    taken(graph, store, [host("gone"), host("1")], [runs("1", "gone")])
    snapshot = staged(graph, [host(str(at)) for at in range(5)], [runs("1", "2")])
    with store.write() as uow:
        again = read_again(uow, ORG, SOURCE, snapshot.of, "run_2")
        counts = graph.take_over(uow, ORG, again, guarded=False).counts
    assert counted(counts) == ((4, 0, 1, 1), (1, 0, 0, 1))


def test_one_that_fails_half_way_leaves_all_as_it_was(graph, store):
    """Every part of it is in one transaction, and the staged parts are still there."""
    taken(graph, store, [host(str(at)) for at in range(5)])
    snapshot = staged(graph, [host(str(at), new=1) for at in range(3, 9)])
    before = dump(store)
    with pytest.raises(ZeroDivisionError), store.write() as uow:
        assert graph.take_over(uow, ORG, snapshot).counts.entities_created / 0
    assert dump(store) == before
    assert rows(store, "graph_parts") == 2


def test_one_that_lost_a_part_is_not_taken_over(graph, store):
    """What is missing must not count as deleted."""
    taken(graph, store, [host(str(at)) for at in range(7)])
    snapshot = staged(graph, [host(str(at)) for at in range(7)])
    with store.write() as uow:
        uow._connection.exec_driver_sql("DELETE FROM graph_parts WHERE ordinal = 1")
    with pytest.raises(SnapshotLost), store.write() as uow:
        graph.take_over(uow, ORG, snapshot)
    assert rows(store, "entity_claims") == 7


def test_a_row_is_what_it_was_when_it_is_unpacked(graph):
    """Texts of every sort, numbers of every size, nulls and lists."""
    odd = {
        "text": "ü\u2028\U0001f600",
        "most": (1 << 63) - 1,
        "real": 1e22,
        "one": 1.0,
        "none": None,
        "many": ["a", ""],
    }
    (entity,) = parts.entities_in(parts.pack([parts.spell_entity(host("a/b c", name="", **odd))]))
    assert entity == host("a/b c", name="", **odd)
    assert type(entity.traits["one"]) is float
    (edge,) = parts.relationships_in(parts.pack([parts.spell_relationship(runs("a", "b", **odd))]))
    assert edge == runs("a", "b", **odd)


def test_any_snapshot_comes_to_what_a_sync_of_it_would(new_store, clock):
    """Any number of either, over claims of others, one after another."""
    dice = random.Random(7)
    one, other = new_store(), new_store()
    graphs = Graph(one, clock), Graph(other, clock)
    for number in range(8):
        clock.pass_time(minutes=1)
        told = host(str(dice.randrange(9)), by=number)
        entities = [host(str(at), x=dice.randrange(2)) for at in range(9) if dice.random() < 0.6]
        pairs = {(dice.randrange(9), dice.randrange(9)) for _ in range(8)}
        relationships = [runs(str(start), str(stop), y=dice.randrange(2)) for start, stop in sorted(pairs)]
        for graph, store in zip(graphs, (one, other), strict=True):
            with store.write() as uow:
                graph.perform(uow, ORG, Write(REST, batch_of([told], [])))
        clock.pass_time(minutes=1)
        with one.write() as uow:
            operation = graphs[0].sync_operation(SOURCE, "run_1", entities, relationships, run_id="run_1", pending=True)
            whole = graphs[0].perform(uow, ORG, operation)
        snapshot = staged(graphs[1], entities, relationships)
        with other.write() as uow:
            parted = graphs[1].take_over(uow, ORG, snapshot, guarded=False)
        assert (whole.counts, whole.pending) == (parted.counts, parted.pending)
        assert dump(one) == dump(other)
        assert sorted(events(one)) == sorted(events(other))


def dump(store):
    """Return everything that is claimed and seen, without ids."""
    with store.read() as uow:
        connection = uow._connection
        keys = {row.id: (row.kind, row.external_id) for row in connection.exec_driver_sql("SELECT * FROM entities")}
        entities = [
            (row.kind, row.external_id, row.display_name, *map(str, (row.traits, row.first_seen, row.last_written)))
            for row in connection.exec_driver_sql("SELECT * FROM entities")
        ]
        claims = [
            (keys[row.entity_id], row.source, str(row.traits), row.stamp, str(row.asserted), row.run_id)
            for row in connection.exec_driver_sql("SELECT * FROM entity_claims")
        ]
        related = {
            row.id: (keys[row.from_id], row.verb, keys[row.to_id], str(row.properties), str(row.first_seen))
            for row in connection.exec_driver_sql("SELECT * FROM relationships")
        }
        edge_claims = [
            (related[row.relationship_id], row.source, str(row.properties), row.stamp, str(row.asserted))
            for row in connection.exec_driver_sql("SELECT * FROM relationship_claims")
        ]
        return (
            sorted(entities),
            sorted(claims, key=str),
            sorted(related.values(), key=str),
            sorted(edge_claims, key=str),
        )


def test_what_a_dead_run_left_staged_is_swept_away(graph, store, clock):
    """Once it is too old for any run that lives; a batch that is kept for somebody's decision stays."""
    staged(graph, [host(str(at)) for at in range(7)])
    with store.write() as uow:
        uow.graph_parts.keep(ORG, "held/1", 0, b"", clock.now())
    clock.pass_time(days=1)
    staged(graph, [host("young")])
    pruner = Pruner(store, clock, RetentionSettings())
    pruner.prune(lambda _seconds: False)
    assert rows(store, "graph_parts") == 5
    clock.pass_time(days=1, seconds=1)
    pruner.prune(lambda _seconds: False)
    assert rows(store, "graph_parts") == 2


def test_ten_thousand_names_are_known_again_and_no_others():
    """The table grows as they come; sixteen bytes a place, at most two thirds of them taken."""
    seen = Seen()
    names = [f"host:{at}" for at in range(10_000)]
    assert {seen.take(name, b"row") for name in names} == {"new"}
    assert {seen.take(name, b"row") for name in names} == {"same"}
    assert {seen.take(name, b"other") for name in names} == {"other"}
    assert seen.count == 10_000
    assert all(name in seen for name in names)
    assert not any(f"host:{at}" in seen for at in range(10_000, 20_000))
    assert len(seen._names) == 1 << 14
