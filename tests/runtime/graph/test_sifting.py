"""What of a snapshot differs is found out before it is taken over, and only used while it holds."""

from dataclasses import replace

import pytest
from tests.runtime.graph.test_snapshots import SOURCE, counted, staged, taken
from tests.runtime.graph.words import ORG, events, host, traits

from levada_runtime.graph import service, sifting, snapshots
from levada_runtime.graph.diff import apply
from levada_runtime.graph.model import REST
from levada_runtime.graph.snapshots import SnapshotLost

MANY = [host(str(at), at=at) for at in range(10)]
SAID = [host(str(at), at=at if at != 4 else 40) for at in range(1, 11)]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Parts of three rows and pages of two."""
    for module in (snapshots, sifting):
        monkeypatch.setattr(module, "PART_ROWS", 3)
        monkeypatch.setattr(module, "PAGE", 2)


@pytest.fixture
def looked_at(monkeypatch):
    """The entities that are looked at while a snapshot is taken over."""
    seen = []

    def watched(picture, operation, at):
        seen.extend(key for _, key in operation.batch.entities)
        return apply(picture, operation, at)

    monkeypatch.setattr(snapshots, "apply", watched)
    return seen


def take(graph, store, snapshot):
    with store.write() as uow:
        return counted(graph.take_over(uow, ORG, snapshot, guarded=False).counts)[0]


def claims(store):
    with store.engine.connect() as connection:
        query = "SELECT external_id, c.traits FROM entity_claims c JOIN entities e ON e.id = c.entity_id ORDER BY 1"
        return connection.exec_driver_sql(query).fetchall()


def test_only_what_differs_is_looked_at_under_the_lock(graph, store, looked_at):
    """And what it comes to is the same as without."""
    taken(graph, store, MANY)
    snapshot = staged(graph, SAID)
    looked_at.clear()
    assert take(graph, store, snapshot) == (1, 1, 8, 1)
    assert sorted(looked_at) == ["10", "4"]
    assert (traits(graph, "4"), traits(graph, "0"), traits(graph, "10")) == ({"at": 40}, None, {"at": 10})


def test_a_first_snapshot_has_nothing_to_be_sifted_by(graph):
    """All of it differs."""
    assert staged(graph, MANY).sifted is None


def delete(graph, store):
    graph.delete(ORG, graph.find(ORG, "host", "7").id)


def write(graph, store):
    graph.write(ORG, SOURCE, [host("7", at=70)], [])


def take_another(graph, store):
    taken(graph, store, [host(str(at), at=at) for at in range(7)])


@pytest.mark.parametrize("meddle", [delete, write, take_another], ids=lambda one: one.__name__)
def test_claims_that_are_changed_meanwhile_are_looked_at_anew(graph, store, looked_at, meddle):
    """Whoever changes them, and however: the snapshot is all that its source claims in the end."""
    taken(graph, store, MANY)
    snapshot = staged(graph, SAID)
    meddle(graph, store)
    looked_at.clear()
    take(graph, store, snapshot)
    assert len(looked_at) == len(SAID)
    assert traits(graph, "7") == {"at": 7}
    assert claims(store) == sorted((one.external_id, f'{{"at":{one.traits["at"]}}}') for one in SAID)


def test_what_others_say_of_the_same_leaves_it_as_it_was_sifted(graph, store, looked_at):
    """Claims of its own are compared, and nobody else's."""
    taken(graph, store, MANY)
    snapshot = staged(graph, SAID)
    graph.upsert(ORG, REST, "host", "7", {"theirs": 1})
    looked_at.clear()
    assert take(graph, store, snapshot) == (1, 1, 8, 1)
    assert len(looked_at) == 2
    assert traits(graph, "7") == {"at": 7, "theirs": 1}


def test_a_sifted_snapshot_that_lost_a_part_is_given_up(graph, store):
    """Also one in which everything was as before."""
    taken(graph, store, MANY)
    snapshot = staged(graph, MANY)
    with store.write() as uow:
        uow._connection.exec_driver_sql("DELETE FROM graph_parts WHERE ordinal = 1")
    with pytest.raises(SnapshotLost), store.write() as uow:
        graph.take_over(uow, ORG, snapshot)


def test_the_guard_holds_a_sifted_snapshot_for_the_same_reasons(graph, store):
    """What it would come to is told, and nothing changes."""
    many = [host(str(at)) for at in range(60)]
    taken(graph, store, many)
    before, told = events(store), []
    for sifted in (True, False):
        snapshot = staged(graph, many[:10])
        assert snapshot.sifted is not None
        with store.write() as uow:
            held = graph.take_over(uow, ORG, snapshot if sifted else replace(snapshot, sifted=None)).held
        told.append((held.reasons, held.would))
    assert told[0] == told[1]
    assert counted(told[0][1])[0] == (0, 0, 10, 50)
    assert events(store) == before


def test_the_law_is_held_against_whoever_breaks_it(graph, store, monkeypatch):
    """A sieve that never notices a change would let a deleted entity stay deleted."""
    monkeypatch.setattr(service, "as_it_stands", lambda _uow, _org, snapshot: snapshot)
    taken(graph, store, MANY)
    snapshot = staged(graph, SAID)
    delete(graph, store)
    take(graph, store, snapshot)
    assert traits(graph, "7") is None
