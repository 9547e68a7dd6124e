"""A snapshot is handed over piece by piece, and all of it is kept or nothing."""

import pytest

from levada import BadRecord, Connector, ConnectorMistake, Entity, Relationship, Snapshot
from levada._graph_route import PIECE_BYTES, PIECE_ROWS, RouteGraph
from levada.testing import MemoryGraph

HOST, SERVICE = Entity("host", "web-01", {"cpus": 8}), Entity("service", "nginx")
RUNS = Relationship(HOST, "RUNS", SERVICE)


class Port:
    """A port that takes everything, or refuses a step, and remembers."""

    def __init__(self, refusing=None):
        self.said = []
        self.refusing = refusing

    def snapshot(self, step, batch, *, scope):
        self.said.append((step, len(batch.entities), len(batch.relationships), scope))
        if step == self.refusing:
            raise BadRecord("no")

    @property
    def steps(self):
        return [step for step, *_ in self.said]


@pytest.fixture
def port():
    return Port()


@pytest.fixture
def graph(port):
    return RouteGraph(port)


def test_pieces_are_gathered_and_kept_at_the_end(graph, port):
    """At most a thousand rows, or a megabyte, at once."""
    with graph.snapshot(scope="eu") as snapshot:
        assert port.steps == ["open"]
        host = snapshot.entity("host", "a", {"x": 1}, entity_class="Host", display_name="A")
        assert host == Entity("host", "a", {"x": 1}, "Host", "A")
        assert snapshot.relationship(host, "RUNS", SERVICE) == Relationship(host, "RUNS", SERVICE)
        snapshot.add([{"entity_type": "service", "entity_key": "nginx"}], [RUNS])
        assert port.steps == ["open"]
        snapshot.add(Entity("host", str(at)) for at in range(2 * PIECE_ROWS))
    assert port.said[1:] == [
        ("add", PIECE_ROWS + 2, 2, "eu"),
        ("add", PIECE_ROWS, 0, "eu"),
        ("keep", 0, 0, "eu"),
    ]


def test_a_piece_is_no_heavier_than_a_megabyte_and_a_row(graph, port):
    """However few rows that is."""
    with graph.snapshot() as snapshot:
        for at in range(4):
            snapshot.entity("file", str(at), {"text": "x" * (PIECE_BYTES // 2)})
    assert [count for step, count, *_ in port.said if step == "add"] == [2, 2]


def test_an_empty_snapshot_says_that_there_is_nothing(graph, port):
    """It is kept as well."""
    with graph.snapshot():
        pass
    assert port.steps == ["open", "keep"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_a_block_that_is_left_by_an_exception_keeps_nothing(graph, port, error):
    """Whatever was handed over by then."""

    def left():
        with graph.snapshot() as snapshot:
            snapshot.add([HOST])
            raise error

    with pytest.raises(error):
        left()
    assert port.steps == ["open", "drop"]


def test_what_is_refused_spoils_all_of_it_even_if_it_is_caught(graph, port):
    """What is missing must not count as deleted."""

    def caught():
        with graph.snapshot() as snapshot:
            snapshot.entity("host", "a")
            with pytest.raises(BadRecord, match=r"entities\[1\]\.properties\.b"):
                snapshot.entity("host", "b", {"b": {"c": 1}})

    with pytest.raises(BadRecord, match="nothing of it is kept"):
        caught()
    assert port.steps == ["open", "drop"]


def test_what_the_source_fails_to_give_spoils_it_too(graph, port):
    """An iterator that broke off was no complete reading."""

    def half():
        yield HOST
        raise ValueError("the source broke off")

    def caught():
        with graph.snapshot() as snapshot, pytest.raises(ValueError, match="broke off"):
            snapshot.add(half())

    with pytest.raises(BadRecord, match="never came"):
        caught()
    assert port.steps == ["open", "drop"]


def test_a_last_piece_that_is_refused_leaves_nothing():
    """It is handed on when the block is left."""
    port = Port(refusing="add")
    with pytest.raises(BadRecord, match="no"), RouteGraph(port).snapshot() as snapshot:
        snapshot.add([HOST])
    assert port.steps == ["open", "add", "drop"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (([HOST, 7],), r"entities\[1\] is a int"),
        ((HOST,), "snapshot.add takes a list of entities"),
        (([], RUNS), "snapshot.add takes a list of relationships"),
        (([RUNS],), "hand over levada.Entity"),
    ],
)
def test_what_is_no_list_of_things_is_refused(graph, given, said):
    """As by a sync."""
    with pytest.raises(ConnectorMistake, match=said), graph.snapshot() as snapshot:
        snapshot.add(*given)


def test_a_snapshot_has_one_block(graph):
    """It takes nothing before it, nothing after it, and cannot be entered again."""
    snapshot = graph.snapshot()
    with pytest.raises(ConnectorMistake, match="inside its `with` block"):
        snapshot.add([HOST])
    with snapshot:
        pass
    with pytest.raises(ConnectorMistake, match="inside its `with` block"):
        snapshot.entity("host", "a")
    with pytest.raises(ConnectorMistake, match="ask `graph` for another"):
        snapshot.__enter__()


def test_a_snapshot_holds_nothing_that_can_be_reached(graph):
    """Connector code holds it: it has the protocol's methods and no other public attribute."""
    public = {name for name in dir(graph.snapshot()) if not name.startswith("_")}
    assert public == {name for name in dir(Snapshot) if not name.startswith("_")} == {"add", "entity", "relationship"}


def test_in_memory_it_is_kept_with_its_page():
    """What was asserted before and is not named is deleted, in its scope."""
    memory = MemoryGraph()
    page = memory.opened("connection:test/hosts")
    graph = RouteGraph(page)
    graph.sync([HOST, Entity("host", "old")])
    graph.sync([Entity("host", "eu")], scope="eu")
    page.commit_page()
    with graph.snapshot() as snapshot:
        snapshot.add([HOST, SERVICE], [RUNS])
        assert set(memory.entities) == {"web-01", "old", "eu"}
    page.commit_page()
    assert set(memory.entities) == {"web-01", "nginx", "eu"}
    counted = page.syncs[-1]
    assert (counted.entities_created, counted.entities_unchanged, counted.entities_deleted) == (1, 1, 1)
    assert memory.relationships == (RUNS,)


def test_in_memory_two_unlike_rows_are_refused_over_all_pieces():
    """Their place is counted over the whole."""
    graph = RouteGraph(MemoryGraph().opened("connection:test/hosts"))
    many = [HOST, *(Entity("host", str(at)) for at in range(1000)), Entity("host", "web-01", {"cpus": 9})]
    with pytest.raises(BadRecord, match=r"entities\[1001\]"), graph.snapshot() as snapshot:
        snapshot.add(many)


def routes(function):
    connector = Connector("snapshots")
    connector.poll("hosts", every="@hourly")(function)
    return connector


def test_a_checkpoint_inside_is_a_mistake(connector_run):
    """The snapshot and the next save are committed together."""

    def saving(graph, checkpoint):
        """Saves too soon."""
        with graph.snapshot() as snapshot:
            snapshot.add([HOST])
            checkpoint.save(page=1)

    bench = connector_run(routes(saving))
    with pytest.raises(ConnectorMistake, match="inside a snapshot"):
        bench.poll("hosts")
    assert not bench.entities


def test_one_is_open_at_a_time(connector_run):
    """The next begins when the first has ended."""

    def nested(graph):
        """Opens two."""
        with graph.snapshot() as snapshot:
            snapshot.add([HOST])
            with graph.snapshot(scope="eu"):
                pass

    bench = connector_run(routes(nested))
    with pytest.raises(ConnectorMistake, match="open already"):
        bench.poll("hosts")
    assert not bench.entities


@pytest.mark.parametrize(
    ("killed", "there"), [(1, {"kept", "old"}), (2, {"kept", "web-01"}), (None, {"kept", "web-01"})]
)
def test_a_snapshot_and_the_next_save_are_kept_together(connector_run, killed, there):
    """A run that is killed before the save leaves neither."""

    def saving(graph, checkpoint):
        """Saves, then reads all, then saves again."""
        if not checkpoint.get("begun"):
            graph.sync([Entity("host", "old"), Entity("host", "kept")])
        checkpoint.save(begun=True)
        with graph.snapshot() as snapshot:
            snapshot.add([HOST, Entity("host", "kept")])
        checkpoint.save(done=True)

    bench = connector_run(routes(saving))
    run = bench.poll("hosts", kill_after=killed)
    assert set(run.entities) == there
    assert run.checkpoint.get("done", False) == (killed != 1)
    assert set(bench.poll("hosts").entities) == {"kept", "web-01"}


def test_an_observed_snapshot_keeps_nothing(connector_run):
    """It is counted."""

    def reading(graph):
        """Reads all."""
        with graph.snapshot() as snapshot:
            snapshot.add([HOST])

    run = connector_run(routes(reading)).poll("hosts", observe=True)
    assert not run.entities
    assert [(one.status, one.entities_created) for one in run.syncs] == [("observed", 1)]
