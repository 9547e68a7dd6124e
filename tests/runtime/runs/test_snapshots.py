"""A snapshot of a route is staged as it comes and committed with its page: behind the wall, in the real store."""

import json
import sys
import time
from datetime import timedelta

import pytest
from tests.captured import capture_logs
from tests.runtime.runs.test_graph import SAVE, Bench, edge, entity

from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.foundation.ids import new_uuid
from levada_runtime.runs import snapshots
from levada_runtime.runs.assertions import Assertions
from levada_runtime.runs.foreground import Foreground
from levada_runtime.runs.handlers import RunHandlers
from levada_runtime.sandbox.model import Abort
from levada_runtime.store import engine

CONNECTOR = '''
"""Does what its setting says, step by step."""
import json

from levada import BadRecord, Connector, text

connector = Connector("scripted", settings=[text("script")])
KEPT = []


def inside(graph, checkpoint, step):
    """One snapshot, in as many pieces as there are entities."""
    with graph.snapshot(scope=step.get("scope")) as snapshot:
        for one in step.get("entities", ()):
            snapshot.add([one])
        for at in range(step.get("many", 0)):
            snapshot.entity("host", f"h{at}", {"at": at})
        snapshot.add((), step.get("relationships", ()))
        yield snapshot
        match step.get("then"):
            case "save":
                checkpoint.save(inside=True)
            case "raise":
                raise ValueError("the source broke off")
            case "nest":
                with graph.snapshot(scope="other"):
                    pass


@connector.poll("things", every="@hourly")
def things(settings, graph, ingest, checkpoint, log):
    """Things."""
    for number, step in enumerate(json.loads(settings["script"])):
        match step["op"]:
            case "save":
                checkpoint.save(step=number)
            case "raise":
                raise ValueError("no")
            case "leave open":
                KEPT.append(inside(graph, checkpoint, step))
                next(KEPT[-1])
            case "snapshot":
                try:
                    list(inside(graph, checkpoint, step))
                except (BadRecord, ValueError) as wrong:
                    if not step.get("caught"):
                        raise
                    log.info(str(wrong))
'''
RAISE = {"op": "raise"}


def snapshot(*entities, relationships=(), **more):
    return {"op": "snapshot", "entities": entities, "relationships": relationships, **more}


class Tenant(Bench):
    """An organisation of its own in an installation that tests share."""

    def __init__(self, installation, org):
        super().__init__(installation)
        self.org = org

    def rows(self, table):
        return [row for row in super().rows(table) if row["org_id"] == self.org.id]


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """An installation with the connector, whose zygote serves every test."""
    folder = tmp_path_factory.mktemp("snapshots")
    packages = folder / "packages"
    (packages / "scripted").mkdir(parents=True)
    (packages / "scripted" / "__init__.py").write_text(CONNECTOR)
    info = packages / "scripted-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: scripted\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[levada.connectors]\nscripted = scripted:connector\n")
    with pytest.MonkeyPatch.context() as patch, Installation(Settings(data_dir=folder)) as installation:
        patch.setattr(sys, "path", [str(packages), *sys.path])
        installation.catalog.refresh()
        yield installation


@pytest.fixture
def bench(installation):
    """A connection in an organisation of its own."""
    org = installation.orgs.create(f"org-{new_uuid()[-12:]}")
    _, manifest = installation.catalog.ready("scripted")
    installation.connections.add(org, manifest, settings={"script": "[]"}, secrets={})
    return Tenant(installation, org)


def test_a_snapshot_is_committed_when_the_route_returns(bench):
    """It is counted in the run, its claims name the run, and nothing of it stays staged."""
    run = bench.run(snapshot(entity("a", x=1), entity("b"), relationships=[edge("a", "HAS", "b")]))
    assert run.state == "succeeded", run.error
    assert bench.counted(run) == {"entities_created": 2, "relationships_created": 1}
    assert {(row["source"], row["run_id"]) for row in bench.rows("entity_claims")} == {
        ("connection:scripted/things", run.id)
    }
    assert bench.rows("graph_parts") == []
    again = bench.run(snapshot(entity("a", x=2), entity("c")))
    assert bench.counted(again) == {
        "entities_created": 1,
        "entities_updated": 1,
        "entities_deleted": 1,
        "relationships_deleted": 1,
    }
    assert set(bench.entities()) == {"a", "c"}


def test_a_scope_narrows_a_snapshot(bench):
    """What was asserted under another one stays."""
    bench.run(snapshot(entity("eu"), scope="eu"), snapshot(entity("us"), scope="us"))
    bench.run(snapshot(entity("eu2"), entity("eu"), scope="eu"))
    assert set(bench.entities()) == {"eu", "eu2", "us"}


@pytest.mark.parametrize(("saved", "there"), [((SAVE, RAISE), {"a"}), ((RAISE,), set())], ids=["saved", "not saved"])
def test_a_snapshot_and_the_next_save_are_committed_together(bench, saved, there):
    """A route that raises between them leaves neither."""
    run = bench.run(snapshot(entity("a")), *saved)
    assert run.state == "failed"
    assert set(bench.entities()) == there
    assert len(bench.rows("checkpoints")) == len(there)
    assert bench.rows("graph_parts") == []


def test_a_page_that_cannot_be_written_leaves_neither(bench, monkeypatch):
    """The snapshot is taken over in the transaction that writes the checkpoint."""
    written = Assertions.write

    def failing(self, uow):
        written(self, uow)
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(Assertions, "write", failing)
    run = bench.run(snapshot(entity("a")), SAVE)
    assert run.reason == "crash"
    for table in ("entities", "entity_claims", "graph_sources", "checkpoints", "graph_parts"):
        assert bench.rows(table) == [], table


@pytest.mark.parametrize("then", ["raise", "save", "nest"])
def test_a_block_that_is_left_by_an_exception_commits_nothing(bench, then):
    """What was asserted before stays, however the run ends."""
    bench.run(snapshot(entity("a"), entity("b")))
    run = bench.run(snapshot(entity("c"), many=1_500, then=then))
    assert (run.state, run.reason) == ("failed", "connector_error")
    assert set(bench.entities()) == {"a", "b"}
    assert bench.rows("graph_parts") == []
    said = {"raise": "broke off", "save": "inside a snapshot", "nest": "open already"}
    assert said[then] in run.error["message"]


def test_a_route_that_catches_it_goes_on(bench):
    """The next snapshot is another one."""
    run = bench.run(snapshot(entity("a"), then="raise", caught=True), snapshot(entity("b")))
    assert run.state == "succeeded", run.error
    assert set(bench.entities()) == {"b"}


def test_a_snapshot_that_is_never_left_deletes_nothing(bench):
    """The route returned inside it: it was cut short, and the run's log says so."""
    bench.run(snapshot(entity("a"), entity("b")))
    run = bench.run({"op": "leave open", "many": 3_000})
    assert run.state == "succeeded", run.error
    assert set(bench.entities()) == {"a", "b"}
    assert bench.rows("graph_parts") == []
    lines = bench.installation.run_library.logs(bench.org, run.id)
    assert [line["message"] for line in lines if line["level"] == "warning"] == [
        "the route returned inside a snapshot, so nothing of it is kept"
    ]


@pytest.mark.parametrize(
    ("entities", "said"),
    [
        ([entity("a", entity_class="Hosst")], "entities[1].entity_class: 'Hosst' is not a known class"),
        ([entity("a", x=1), entity("a", x=2)], "host:a stands in the snapshot twice, and differs"),
    ],
)
def test_what_the_graph_does_not_take_refuses_the_whole(bench, entities, said):
    """Named by its place in all pieces; nothing of it is kept."""
    run = bench.run(snapshot(entity("before"), *entities))
    assert (run.state, run.error["code"]) == ("failed", "bad_record")
    assert said in run.error["message"]
    assert bench.entities() == {}
    assert bench.rows("graph_parts") == []


def test_many_pieces_are_staged_in_few_parts(bench, monkeypatch):
    """No transaction is open while the child runs; what is staged is nobody's truth."""
    seen = []
    kept = RunHandlers.snapshot

    def looking(self, frame):
        kept(self, frame)
        seen.append((len(bench.rows("graph_parts")), len(bench.rows("entities"))))

    monkeypatch.setattr(RunHandlers, "snapshot", looking)
    run = bench.run(snapshot(many=6_000))
    assert run.state == "succeeded", run.error
    assert bench.counted(run) == {"entities_created": 6_000}
    assert {parts for parts, _ in seen} == {0, 1, 2, 3}
    assert {entities for _, entities in seen} == {0}


@pytest.mark.parametrize(("decision", "left"), [("approve", 5), ("discard", 100)])
def test_a_snapshot_cut_to_a_twentieth_is_held_until_somebody_decides(bench, decision, left):
    """The run is partial and says why, its checkpoint is saved, and the graph is as it was until then."""
    bench.run(snapshot(many=100))
    run = bench.run(snapshot(many=5), SAVE)
    assert (run.state, run.error["code"]) == ("partial", "sync_held")
    assert len(bench.rows("entity_claims")) == 100
    assert [row["state"] for row in bench.rows("checkpoints")] != []
    syncs = bench.installation.held
    ((held,), _) = syncs.page(bench.org, limit=10)
    assert (held["run"], held["counts"]["entities_deleted"]) == (run.id, 95)
    assert len(syncs.get(bench.org, held["id"])["deletes"]["entities"]) == 95
    getattr(syncs, decision)(bench.org, held["id"])
    assert len(bench.rows("entity_claims")) == left
    assert bench.rows("graph_parts") == []


def test_an_observed_snapshot_is_counted_and_planned(bench):
    """Nothing is staged, nothing is written."""
    bench.run(snapshot(entity("a", x=1), entity("b"), entity("gone")))
    before = bench.entities()
    run, plan = bench.observe(snapshot(entity("a", x=2), entity("b"), entity("new")), SAVE)
    assert run.state == "succeeded", run.error
    assert bench.entities() == before
    assert bench.rows("graph_parts") == []
    assert {one["key"]: one["outcome"] for one in plan["entities"]} == {
        "a": "updated",
        "gone": "deleted",
        "new": "created",
    }
    assert plan["summary"]["graph"]["entities_unchanged"] == 1


def test_an_observed_snapshot_is_bounded(bench, monkeypatch):
    """It is held until it is decided."""
    monkeypatch.setattr(snapshots, "OBSERVED_ROWS", 1_000)
    run, _ = bench.observe(snapshot(many=1_001))
    assert (run.state, run.reason) == ("failed", "memory")
    assert "at most 1,000 rows" in run.error["message"]


def test_parts_of_an_earlier_attempt_are_dropped_when_the_next_begins(bench, monkeypatch):
    """A worker that died left them; one that lost its claim can take over nothing."""
    kept, taken = RunHandlers.snapshot, []

    def lost(self, frame):
        kept(self, frame)
        if frame.step == "keep" and not taken:
            taken.append(len(bench.rows("graph_parts")))
            raise Abort("interrupted", "the worker died")

    monkeypatch.setattr(RunHandlers, "snapshot", lost)
    monkeypatch.setattr(Assertions, "forget", lambda self, uow: None)
    run = bench.run(snapshot(many=3_000), SAVE)
    assert taken == [2]
    assert (run.state, run.attempt) == ("succeeded", 2), run.error
    assert len(bench.rows("entities")) == 3_000
    assert bench.rows("graph_parts") == []
    assert json.loads(bench.rows("checkpoints")[0]["state"]) == {"step": 1}


def test_a_snapshot_that_raises_never_reaches_the_guard(bench):
    """Nothing is compared, nothing is held."""
    bench.run(snapshot(many=100))
    run = bench.run(snapshot(many=5, then="raise"))
    assert (run.state, len(bench.entities())) == ("failed", 100)
    assert bench.rows("graph_held") == bench.rows("graph_parts") == []


def test_an_observed_snapshot_tells_that_it_would_be_held(bench):
    """It is no change of the plan."""
    bench.run(snapshot(many=100))
    run, plan = bench.observe(snapshot(many=5))
    assert (run.state, plan["entities"], plan["held"][0]["counts"]["entities_deleted"]) == ("partial", [], 95)


@pytest.mark.parametrize("steps", [(SAVE,), ()], ids=["at a save", "at the return"])
def test_a_snapshot_whose_parts_are_gone_is_read_again(bench, monkeypatch, steps):
    """What is missing must not count as deleted: the run goes on from its last page."""
    kept, lost = RunHandlers.snapshot, []

    def losing(self, frame):
        kept(self, frame)
        if frame.step == "keep" and not lost:
            with bench.installation.store.engine.begin() as opened:
                asked = f"DELETE FROM graph_parts WHERE ordinal = 0 AND org_id = {bench.org.id}"
                lost.append(opened.exec_driver_sql(asked).rowcount)

    monkeypatch.setattr(RunHandlers, "snapshot", losing)
    run = bench.run(snapshot(entity("a"), entity("b")), *steps)
    assert lost == [1]
    assert (run.state, run.attempt) == ("succeeded", 2), run.error
    assert set(bench.entities()) == {"a", "b"}


def test_a_lease_that_cannot_be_renewed_for_long_is_renewed_afterwards(installation, monkeypatch):
    """The very run may hold the store: taking over a large snapshot is one transaction."""
    monkeypatch.setattr(engine, "_PATIENT_MS", 20)
    tried = []

    class Keeping:
        lease = timedelta(seconds=0.03)

        def renew(self, tokens):
            tried.append(tokens)
            with installation.store.write():
                tried.append("renewed")

    with Foreground(installation.store, Keeping(), None, None).kept((1, 1)):
        with installation.store.write(), capture_logs() as said:
            within(10, lambda: "a lease could not be renewed" in str(said))
        within(10, lambda: "renewed" in tried)


def within(seconds, true):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
