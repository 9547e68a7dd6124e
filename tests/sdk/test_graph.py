"""What a route hands to `graph`, and the graph that a test keeps in memory."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from levada import BadRecord, Connector, ConnectorMistake, Entity, Graph, Http, Relationship
from levada._graph_route import RouteGraph
from levada.testing import MemoryGraph

HOST = Entity("host", "web-01", {"state": "running", "cpus": 8, "tags": ["a", "b"]}, "Host", "Web 01")
SERVICE = Entity("service", "nginx")
RUNS = Relationship(HOST, "RUNS", SERVICE)
SEED = {
    "entity_type": "host",
    "entity_key": "web-01",
    "entity_class": "Host",
    "display_name": "Web 01",
    "properties": {"state": "running", "cpus": 8, "tags": ["a", "b"]},
}


@pytest.fixture
def memory():
    return MemoryGraph()


@pytest.fixture
def graph(memory):
    """One source's `graph`, whose page the test commits through `graph_of`."""
    return graph_of(memory)


def graph_of(memory, source="connection:test/hosts"):
    return RouteGraph(memory.opened(source))


def commit(graph):
    graph._port.commit_page()


def counters(result):
    names = ("created", "updated", "unchanged", "deleted")
    return tuple(tuple(getattr(result, f"{of}_{name}") for name in names) for of in ("entities", "relationships"))


def test_a_sync_counts_what_it_created_updated_left_and_deleted(memory, graph):
    """The diff is against what this source asserted before."""
    assert counters(graph.sync([HOST, SERVICE], [RUNS])) == ((2, 0, 0, 0), (1, 0, 0, 0))
    again = graph.sync([HOST, SERVICE], [RUNS])
    assert counters(again) == ((0, 0, 2, 0), (0, 0, 1, 0))
    assert (again.status, again.changed) == ("synced", False)
    moved = graph.sync([Entity("host", "web-01", {"state": "stopped"})])
    assert counters(moved) == ((0, 1, 0, 1), (0, 0, 0, 1))
    assert moved.changed
    commit(graph)
    assert memory.entities.all() == (Entity("host", "web-01", {"state": "stopped"}, "Host", "web-01"),)
    assert memory.relationships == ()


def test_values_and_plain_mappings_say_the_same(graph):
    """The mapping has the field names of the HTTP API."""
    graph.sync([HOST, SERVICE], [RUNS])
    edge = {"from_type": "host", "from_key": "web-01", "verb": "RUNS", "to_type": "service", "to_key": "nginx"}
    again = graph.sync([SEED, {"entity_type": "service", "entity_key": "nginx"}], [edge])
    assert not again.changed


def test_a_write_merges_and_deletes_nothing(memory, graph):
    """Properties that are not mentioned stay."""
    graph.write([HOST, SERVICE], [RUNS])
    result = graph.write(one for one in [Entity("host", "web-01", {"state": "stopped"})])
    assert (result.status, result.entities_written, result.relationships_written) == ("written", 1, 0)
    commit(graph)
    assert memory.entities["web-01"].properties == {"cpus": 8, "state": "stopped", "tags": ["a", "b"]}
    assert memory.relationships == (RUNS,)


def test_a_source_deletes_and_blanks_only_what_it_said_itself(memory):
    """Of each property the latest assertion wins, and an unchanged sync asserts nothing anew."""
    mine, theirs = graph_of(memory), graph_of(memory, "connection:other/hosts")
    mine.sync([Entity("host", "a", {"state": "running", "mine": 1}), Entity("host", "kept")])
    commit(mine)
    theirs = graph_of(memory, "connection:other/hosts")
    theirs.sync([Entity("host", "a", {"state": "stopped", "theirs": 1}), Entity("host", "b")], [])
    commit(theirs)
    mine = graph_of(memory)
    mine.sync([Entity("host", "a", {"state": "running", "mine": 1}), Entity("host", "kept")])
    commit(mine)
    assert memory.entities["host", "a"].properties == {"mine": 1, "state": "stopped", "theirs": 1}
    mine.sync([Entity("host", "kept")])
    commit(mine)
    assert memory.entities["a"].properties == {"state": "stopped", "theirs": 1}
    assert set(memory.entities) == {"a", "b", "kept"}


def test_a_scope_narrows_a_sync_to_its_part(memory, graph):
    """What another region asserted is left alone."""
    graph.sync([Entity("host", "eu-1"), Entity("host", "eu-2")], scope="eu")
    graph.sync([Entity("host", "us-1")], scope="us")
    assert counters(graph.sync([Entity("host", "eu-2")], scope="eu"))[0] == (0, 0, 1, 1)
    commit(graph)
    assert list(memory.entities) == ["eu-2", "us-1"]


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [(30, 9, "held"), (30, 10, "synced"), (100, 70, "synced"), (100, 69, "held"), (3, 0, "held"), (0, 0, "synced")],
)
def test_a_sync_that_takes_too_much_away_is_held(memory, graph, before, after, status):
    """By the runtime's own threshold; it changes nothing, and tells what it would have done."""
    graph.sync([Entity("host", str(at)) for at in range(before)])
    result = graph.sync([Entity("host", str(at)) for at in range(after)])
    commit(graph)
    assert (result.status, result.entities_deleted) == (status, before - after)
    assert result.changed == (status == "synced" and before > after)
    assert len(memory.entities) == (before if status == "held" else after)


def test_a_relationship_that_waits_for_its_end_is_counted(memory, graph):
    """It is there when the end is."""
    assert graph.sync([HOST], [RUNS]).relationships_pending == 1
    commit(graph)
    assert memory.relationships == ()
    assert graph.sync([HOST, SERVICE], [RUNS]).relationships_pending == 0
    commit(graph)
    assert len(memory.relationships) == 1


def test_a_relationship_sleeps_while_an_end_is_gone(memory):
    """It is hidden, not lost: it returns with the entity."""
    hosts, edges = graph_of(memory), graph_of(memory, "connection:test/edges")
    hosts.sync([HOST, SERVICE])
    commit(hosts)
    edges = graph_of(memory, "connection:test/edges")
    edges.write([], [RUNS])
    commit(edges)
    hosts = graph_of(memory)
    assert counters(hosts.sync([HOST])) == ((0, 0, 1, 1), (0, 0, 0, 0))
    commit(hosts)
    assert memory.relationships == ()
    hosts.sync([HOST, SERVICE])
    commit(hosts)
    assert memory.relationships == (RUNS,)


def test_a_relationship_waits_for_an_end_that_nobody_has_asserted(memory, graph):
    """It is counted when it is asserted, and seen when both its ends are."""
    assert graph.write([HOST], [RUNS]).relationships_written == 1
    commit(graph)
    assert memory.relationships == ()
    graph.write([SERVICE])
    commit(graph)
    assert memory.relationships == (RUNS,)


def test_equal_entities_collapse_and_unlike_ones_are_refused(graph):
    """One call says one thing of one entity."""
    assert graph.sync([HOST, SEED]).entities_created == 1
    with pytest.raises(BadRecord, match=r"entities\[1\].*not alike"):
        graph.sync([HOST, Entity("host", "web-01")])


@pytest.mark.parametrize(
    ("entities", "relationships", "path", "said"),
    [
        ([{"entity_typ": "host", "entity_key": "a"}], [], "entities[0].entity_typ", "did you mean 'entity_type'"),
        ([HOST, {"entity_type": "host"}], [], "entities[1].entity_key", "missing"),
        ([Entity("host", "")], [], "entities[0].entity_key", "missing"),
        ([Entity("host", 7)], [], "entities[0].entity_key", r"write str\("),
        ([Entity("Web Host", "a")], [], "entities[0].entity_type", "snake_case"),
        ([Entity("host", "a", {"b": {"c": 1}})], [], "entities[0].properties.b", "flat"),
        ([Entity("host", "a", {"b": ["c", 1]})], [], "entities[0].properties.b", "a list holds texts"),
        ([Entity("host", "a", {"b": float("nan")})], [], "entities[0].properties.b", "JSON cannot carry"),
        ([Entity("host", "a", {"b": "c\0"})], [], "entities[0].properties.b", "U\\+0000"),
        ([Entity("host", "a", {"b\0": "c"})], [], "entities[0].properties", "U\\+0000"),
        ([Entity("host", "a\ud800")], [], "entities[0].entity_key", "surrogate"),
        ([Entity("host", "é" * 1025)], [], "entities[0].entity_key", "longer than 2048 bytes"),
        ([Entity("h" * 256, "a")], [], "entities[0].entity_type", "longer than 255 bytes"),
        ([Entity("host", "a", {"b": 2**63})], [], "entities[0].properties.b", "64 bits"),
        ([Entity("host", "a", {1: "c"})], [], "entities[0].properties", "names are text"),
        ([Entity("host", "a", ["b"])], [], "entities[0].properties", "must be a mapping"),
        ([Entity("host", "a", {}, "Hosst")], [], "entities[0].entity_class", "did you mean 'Host'"),
        ([HOST, SERVICE], [Relationship(HOST, "RUN", SERVICE)], "relationships[0].verb", "did you mean 'RUNS'"),
        ([], [Relationship(("host", "a"), "RUNS", HOST, {"b": [1]})], "relationships[0].properties.b", "flat"),
    ],
)
def test_what_the_graph_cannot_keep_is_refused_with_its_place(memory, graph, entities, relationships, path, said):
    """Nothing of such a call is taken; the details list everything that is wrong."""
    with pytest.raises(BadRecord, match=said) as refused:
        graph.sync(entities, relationships)
    assert path in [error["path"] for error in refused.value.details["errors"]]
    commit(graph)
    assert not memory.entities


def test_an_empty_display_name_is_one(memory, graph):
    """Sources have things without a name; without one given, the key is shown."""
    graph.sync([Entity("host", "a", display_name=""), Entity("host", "b")])
    commit(graph)
    assert [entity.display_name for entity in memory.entities.all()] == ["", "b"]


def test_everything_that_is_wrong_is_told_at_once(graph):
    """An author mends a batch in one go."""
    with pytest.raises(BadRecord, match="and 2 more") as refused:
        graph.sync([Entity("host", key) for key in range(7)])
    assert len(refused.value.details["errors"]) == 7


@pytest.mark.parametrize(
    "call",
    [
        lambda graph: graph.sync(HOST),
        lambda graph: graph.sync(SEED),
        lambda graph: graph.sync("host"),
        lambda graph: graph.sync(7),
        lambda graph: graph.sync([RUNS]),
        lambda graph: graph.write([HOST], [HOST]),
        lambda graph: graph.write([HOST], [Relationship(HOST, "RUNS", "nginx")]),
        lambda graph: graph.sync([], scope=""),
        lambda graph: graph.sync([], scope=3),
    ],
)
def test_a_misuse_of_the_call_is_the_connector_s_mistake(graph, call):
    """No payload would make it right."""
    with pytest.raises(ConnectorMistake):
        call(graph)


def test_times_and_decimals_are_texts(memory, graph):
    """They are spelled as in documents."""
    graph.write([Entity("host", "a", {"at": datetime(2026, 1, 2, tzinfo=UTC), "cost": Decimal("1.50"), "of": ("x",)})])
    commit(graph)
    assert memory.entities["a"].properties == {"at": "2026-01-02T00:00:00+00:00", "cost": "1.50", "of": ["x"]}


def test_the_values_are_immutable_and_compare(graph):
    """An entity as an end is kept as its kind and key."""
    assert Relationship(HOST, "RUNS", ("service", "nginx")) == RUNS
    assert len({HOST, Entity("host", "web-01", {**HOST.properties}, "Host", "Web 01")}) == 1
    with pytest.raises(AttributeError):
        HOST.kind = "user"


def connector_of(*routes):
    connector = Connector("acme", hosts=["api.acme.test"])
    for stream, route in routes:
        connector.poll(stream, every="@daily")(route)
    return connector


def hosts(http: Http, graph: Graph, checkpoint) -> None:
    """Hosts, all of them at once."""
    graph.sync(Entity("host", row) for row in http.get("/hosts").json)
    checkpoint.save(seen=True)


def test_a_run_commits_its_graph_with_its_pages(connector_run):
    """It tells what its calls answered; the graph is kept between runs."""
    bench = connector_run(connector_of(("hosts", hosts)), http={"/hosts": ["a", "b"]})
    run = bench.poll("hosts")
    assert [sync.entities_created for sync in run.syncs] == [2]
    assert set(run.entities) == {"a", "b"}
    assert run.entities["a"].entity_class == "Host"
    bench.script["/hosts"] = ["b"]
    assert [sync.entities_deleted for sync in bench.poll("hosts").syncs] == [1]
    assert list(bench.entities) == ["b"]


def test_a_run_that_raises_or_is_killed_keeps_nothing_of_its_page(connector_run):
    """Only what was committed is there."""

    def failing(graph: Graph, checkpoint) -> None:
        """Two pages, and a third that is not to be."""
        graph.write([HOST])
        checkpoint.save(page=1)
        graph.write([SERVICE], [RUNS])
        raise BadRecord("no")

    bench = connector_run(connector_of(("hosts", failing)))
    with pytest.raises(BadRecord):
        bench.poll("hosts")
    assert list(bench.entities) == ["web-01"]
    assert bench.relationships == ()


def test_an_observed_run_sees_its_own_assertions_and_keeps_none(connector_run):
    """The overlay lives over the whole run."""
    answers = []

    def twice(graph: Graph, checkpoint) -> None:
        """The same on two pages."""
        answers.append(graph.sync([HOST]))
        checkpoint.save(page=1)
        answers.append(graph.sync([HOST]))
        answers.append(graph.write([SERVICE], [RUNS]))

    bench = connector_run(connector_of(("hosts", twice)))
    run = bench.poll("hosts", observe=True)
    assert [sync.entities_created for sync in run.syncs] == [1, 0]
    assert {answer.status for answer in answers} == {"observed"}
    assert not bench.entities


def test_the_front_holds_nothing_that_can_be_reached(graph):
    """Connector code holds it: it has the protocol's methods and no other public attribute."""
    assert {name for name in dir(graph) if not name.startswith("_")} == {"snapshot", "sync", "write"}
    assert not hasattr(graph, "__dict__")
