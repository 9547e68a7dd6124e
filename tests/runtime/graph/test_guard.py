"""The guard holds what takes too much away, and what is held is applied or discarded by hand, once."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.runtime.graph.words import ORG, edges, host, rows, runs

from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.graph.guard import Guard, Losses, reasons
from levada_runtime.graph.held import batch_name
from levada_runtime.graph.holding import HeldSyncs
from levada_runtime.graph.model import EntityDraft, GraphRefusal
from levada_runtime.graph.service import Graph
from levada_runtime.store.engine import make_engine
from levada_runtime.store.model import ConnectionRow, OrgRow
from levada_runtime.store.unit_of_work import Store

SOURCE = "sync:crm"
DEFAULTS = Guard()


@pytest.fixture
def org(store, clock):
    org = OrgRow(ORG, "default", clock.now())
    with store.write() as uow:
        uow.orgs.add(org)
    return org


@pytest.fixture
def held(store, clock, graph):
    return HeldSyncs(store, clock, graph)


@pytest.fixture
def say(graph, store):
    """Perform a guarded sync, and return what it changes."""

    def perform(entities, relationships=(), source=SOURCE, **more):
        operation = graph.sync_operation(source, "id", list(entities), list(relationships), guarded=True, **more)
        with store.write() as uow:
            return graph.perform(uow, ORG, operation)

    return perform


def hosts(count, first=0):
    return [host(str(number)) for number in range(first, first + count)]


def keys(graph):
    return {one.external_id for one in graph.list(ORG, limit=500)[0]}


def lost(**kinds):
    losses = Losses()
    for kind, (gone, claimed) in kinds.items():
        for number in range(claimed):
            losses.add(kind, gone=number < gone)
    return losses


@pytest.mark.parametrize(
    ("entities", "relationships", "held"),
    [
        ({"host": (21, 100)}, {}, []),
        ({"host": (31, 100)}, {}, [("entities", "host", 100, 31)]),
        ({"host": (30, 100)}, {}, []),
        ({"host": (20, 21)}, {}, []),
        ({"host": (21, 22)}, {}, [("entities", "host", 22, 21)]),
        ({"host": (21, 22), "user": (0, 1000)}, {}, [("entities", "host", 22, 21)]),
        ({"host": (1, 1)}, {}, [("everything", None, 1, 1)]),
        ({"host": (1, 1)}, {"RUNS": (0, 1)}, []),
        ({"host": (1, 1)}, {"RUNS": (1, 1)}, [("everything", None, 2, 2)]),
        ({"host": (5, 5), "user": (0, 1)}, {}, []),
        ({"host": (0, 9)}, {"RUNS": (30, 40), "HAS": (30, 200)}, [("relationships", "RUNS", 40, 30)]),
        ({}, {}, []),
        ({"host": (0, 5)}, {}, []),
    ],
)
def test_the_guard_s_threshold(entities, relationships, held):
    """More than 30 % of a kind and more than twenty of it, or everything."""
    found = reasons(DEFAULTS, lost(**entities), lost(**relationships))
    assert [(one.what, one.of, one.claimed, one.gone) for one in found] == held


def test_a_sync_that_takes_too_much_away_is_held_and_changes_nothing(graph, say, store, held, org):
    """It says what it would have done; the truth of its source stays what it was."""
    whole = hosts(100), [runs(str(number), "0") for number in range(1, 100)]
    say(*whole)
    before = rows(store, "graph_sources"), graph.find(ORG, "host", "7").last_seen
    changes = say([*hosts(5), host("new")], [runs("1", "0"), runs("2", "0", changed=1)])
    assert (changes.entities, changes.relationships, changes.counts.held) == ([], [], 1)
    would = changes.held.would
    assert (would.entities_created, would.entities_unchanged, would.entities_deleted) == (1, 5, 95)
    assert (would.relationships_updated, would.relationships_deleted) == (1, 97)
    assert len(keys(graph)) == 100
    assert (rows(store, "graph_sources"), graph.find(ORG, "host", "7").last_seen) == before
    shown = held.get(org, changes.held.id)
    assert [(one["message"]) for one in shown["reasons"]] == [
        "it would delete 95 of 100 entities of the kind host",
        "it would delete 97 of 99 RUNS relationships",
    ]
    assert shown["counts"] == would.done()
    assert len(shown["deletes"]["entities"]) == 95
    assert shown["deletes"]["relationships"][0]["to"] == ["host", "0"]
    assert [one["id"] for one in held.page(org, limit=10)[0]] == [changes.held.id]


def test_what_is_held_is_applied_as_it_was_said(graph, say, store, held, org):
    """To the graph as it is now, and once."""
    say(hosts(100), [runs("1", "0")])
    found = say([host("0", x=1), host("1")], [runs("1", "0", y=1)]).held
    graph.sync(ORG, "sync:other", "id", [host("50", other=1)], [])
    done = held.approve(org, found.id)
    assert (done["state"], done["applied"]["entities_deleted"], done["applied"]["entities_updated"]) == (
        "approved",
        98,
        1,
    )
    assert keys(graph) == {"0", "1", "50"}
    assert graph.find(ORG, "host", "0").traits == {"x": 1}
    assert edges(graph, "0") == [("1", "0", {"y": 1})]
    assert rows(store, "graph_parts") == 0
    with pytest.raises(UsageFailure, match="held no longer: it was approved"):
        held.approve(org, found.id)
    assert held.get(org, found.id)["deletes"] is None


def test_what_is_discarded_leaves_the_graph_as_it_is(graph, say, store, held, org):
    """And its source may go on."""
    say(hosts(100))
    found = say(hosts(2)).held
    assert held.discard(org, found.id)["state"] == "discarded"
    assert (len(keys(graph)), rows(store, "graph_parts")) == (100, 0)
    with pytest.raises(UsageFailure, match="it was discarded"):
        held.approve(org, found.id)
    assert say([*hosts(100), host("new")]).counts.entities_created == 1


def test_a_source_that_speaks_again_supersedes_what_is_held_of_it(graph, say, store, held, org):
    """Held or not; what another source said stays held."""
    for source in (SOURCE, "sync:other"):
        say([EntityDraft("user", f"{source}{number}", "User") for number in range(30)], source=source)
    first = say([], source=SOURCE).held
    other = say([], source="sync:other").held
    second = say([], source=SOURCE).held
    assert held.get(org, first.id)["state"] == "superseded"
    with pytest.raises(UsageFailure) as caught:
        held.approve(org, first.id)
    assert second.id in caught.value.hint
    graph.sync(ORG, SOURCE, "id", hosts(1), [])
    assert held.get(org, second.id)["state"] == "superseded"
    assert [one["id"] for one in held.page(org, limit=10)[0]] == [other.id]
    assert {one["id"] for one in held.page(org, state="all", limit=10)[0]} == {first.id, second.id, other.id}
    with store.read() as uow:
        assert list(uow.graph_parts.of(ORG, batch_name(second.id))) == []


def test_an_unguarded_sync_does_as_it_says(graph, say):
    """A plain caller's empty batch deletes everything."""
    say(hosts(100))
    assert graph.sync(ORG, SOURCE, "id", [], []).entities_deleted == 100


def test_a_connector_s_held_sync_is_approved_with_its_pending_edges_and_its_run(graph, say, store, clock, held, org):
    """The claims name the run that read them."""
    with store.write() as uow:
        uow.connections.add(
            ConnectionRow(ORG, 1, "uid", "c", "k", {}, "live", "active", None, clock.now(), clock.now())
        )
    source = "connection:c/s"
    say(hosts(30), source=source, pending=True)
    found = say([host("0")], [runs("0", "away")], source=source, pending=True, run_id="run-7").held
    held.approve(org, found.id)
    assert keys(graph) == {"0"}
    assert edges(graph, "0") == []
    graph.sync(ORG, "sync:other", "id", [host("away")], [])
    assert edges(graph, "0") == [("0", "away", {})]
    with store.read() as uow:
        assert len(uow.graph.undo_of(ORG, "run-7")) > 0


def test_the_sync_of_a_removed_connection_can_only_be_discarded(say, held, org):
    """Nobody claims in its name any more."""
    say(hosts(3), source="connection:gone/s")
    found = say([], source="connection:gone/s").held
    with pytest.raises(UsageFailure, match="'gone', which was removed"):
        held.approve(org, found.id)
    assert held.discard(org, found.id)["state"] == "discarded"


def test_a_caller_s_held_sync_that_has_lost_an_end_is_refused(graph, say, held, org):
    """As it would have been at once; it stays held."""
    graph.sync(ORG, "sync:other", "id", [host("end")], [])
    say(hosts(30))
    found = say([host("0")], [runs("0", "end")]).held
    graph.sync(ORG, "sync:other", "id", [], [])
    with pytest.raises(UsageFailure, match="to_id not found"):
        held.approve(org, found.id)
    assert held.get(org, found.id)["state"] == "held"
    assert len(keys(graph)) == 30


def test_a_guarded_sync_that_dangles_is_refused_and_not_held(say, held, org):
    """What could never be applied is not kept."""
    say(hosts(30))
    with pytest.raises(GraphRefusal):
        say([host("0")], [runs("0", "ghost")])
    assert held.page(org, state="all", limit=10)[0] == []


def test_what_there_is_not_is_told(held, org):
    """An unknown id, and a state that there is not."""
    with pytest.raises(NotFoundFailure):
        held.approve(org, "nothing")
    with pytest.raises(UsageFailure, match="is ever 'open'"):
        held.page(org, state="open", limit=10)


def test_an_observed_sync_that_would_be_held_shows_nothing_of_it(graph, say, store):
    """The picture goes on as if it had not been said."""
    say(hosts(100))
    picture = graph.picture(ORG)
    changes = graph.observe(picture, graph.sync_operation(SOURCE, None, hosts(1), [], guarded=True))
    assert (changes.held.id, changes.held.would.entities_deleted) == (None, 99)
    assert graph.seen(picture, "host", "7") is not None
    again = graph.observe(picture, graph.sync_operation(SOURCE, None, hosts(99), [], guarded=True))
    assert (again.held, again.counts.entities_deleted) == (None, 1)
    assert rows(store, "graph_held") == 0


def test_a_snapshot_cut_short_is_held_shown_and_applied_by_hand(graph, store, clock, held, org):
    """By the same threshold, with what it would have done; its parts are kept until then."""
    source = "connection:c/s"
    with store.write() as uow:
        uow.connections.add(
            ConnectionRow(ORG, 1, "uid", "c", "k", {}, "live", "active", None, clock.now(), clock.now())
        )

    def take(entities, relationships=()):
        staging = graph.staging(ORG, source, "run-9")
        staging.add(entities, relationships)
        snapshot = staging.close()
        with store.write() as uow:
            return graph.take_over(uow, ORG, snapshot)

    assert take(hosts(100), [runs("1", "0")]).held is None
    cut = take([*hosts(5), host("new")], [runs("1", "0")])
    assert (cut.counts.held, len(keys(graph))) == (1, 100)
    shown = held.get(org, cut.held.id)
    assert (shown["run"], shown["counts"]["entities_deleted"], shown["counts"]["entities_created"]) == ("run-9", 95, 1)
    assert (shown["counts"]["entities_unchanged"], shown["counts"]["relationships_unchanged"]) == (5, 1)
    done = held.approve(org, cut.held.id)
    assert done["applied"] == shown["counts"]
    assert keys(graph) == {"0", "1", "2", "3", "4", "new"}
    assert rows(store, "graph_parts") == 0


def test_of_many_that_approve_at_once_one_does(graph, say, held, org):
    """The others are told that it is done."""
    say(hosts(50))
    found = say([]).held
    with ThreadPoolExecutor(4) as pool:
        told = [one.exception() for one in [pool.submit(held.approve, org, found.id) for _ in range(4)]]
    assert sorted(type(one).__name__ for one in told) == ["NoneType", "UsageFailure", "UsageFailure", "UsageFailure"]
    assert keys(graph) == set()


DYING = """
import os, signal, sys
from levada_runtime.foundation.clock import SystemClock
from levada_runtime.graph.holding import HeldSyncs
from levada_runtime.graph.service import Graph
from levada_runtime.store.engine import make_engine
from levada_runtime.store.graph_held import GraphHeld
from levada_runtime.store.model import OrgRow
from levada_runtime.store.unit_of_work import Store

deciding = GraphHeld.decide
def decide(self, *place):
    deciding(self, *place)
    if len(place) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
GraphHeld.decide = decide
clock = SystemClock()
store = Store(make_engine(sys.argv[1]))
HeldSyncs(store, clock, Graph(store, clock)).approve(OrgRow(1, "default", clock.now()), sys.argv[2])
"""


def test_who_is_killed_while_approving_has_approved_nothing(new_database, clock):
    """Everything was written and nothing was committed; whoever approves it then does all of it."""
    url = new_database()
    store = Store(make_engine(url))
    graph, org = Graph(store, clock), OrgRow(ORG, "default", clock.now())
    with store.write() as uow:
        uow.orgs.add(org)
    graph.sync(ORG, SOURCE, "id", hosts(50), [])
    found = graph.do(ORG, graph.sync_operation(SOURCE, "id", hosts(1), [], guarded=True)).held
    ended = subprocess.run([sys.executable, "-c", DYING, url, found.id], check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    held = HeldSyncs(store, clock, graph)
    assert (held.get(org, found.id)["state"], len(keys(graph))) == ("held", 50)
    assert held.approve(org, found.id)["applied"]["entities_deleted"] == 49
    assert keys(graph) == {"0"}
    store.close()
