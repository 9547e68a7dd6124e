"""What a route asserts is answered at once and committed with its page, with it or not at all."""

import dataclasses
import io
import json
import re
import sys

import pytest
from rich.console import Console

from levada._graph_rows import KEY_BYTES, KIND_BYTES
from levada._graph_vocabulary import ENTITY_CLASSES, VERBS, default_class
from levada_runtime.cli.plans import show_plan
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.graph import checks, vocabulary
from levada_runtime.graph.model import SyncCounts
from levada_runtime.graph.operations import Delete
from levada_runtime.graph.service import Graph
from levada_runtime.plans.model import has_changes
from levada_runtime.runs.assertions import Assertions
from levada_runtime.runs.handlers import RunHandlers
from levada_runtime.runs.views import run_view

CONNECTOR = '''
"""Does what its setting says, step by step."""
import json
from dataclasses import asdict

from levada import BadRecord, Connector, Entity, Relationship, text

connector = Connector("scripted", settings=[text("script")])


@connector.poll("things", every="@hourly")
def things(settings, graph, ingest, checkpoint, log):
    """Things."""
    for number, step in enumerate(json.loads(settings["script"])):
        match step["op"]:
            case "save":
                checkpoint.save(step=number)
            case "raise":
                raise ValueError("no")
            case "document":
                ingest.canonical("customer", {"customer_id": "1", "name": step["name"]}, idempotency_key="1")
            case "many":
                graph.write(Entity("host", f"h{at}", {"at": at}) for at in range(step["count"]))
            case op:
                call = graph.sync if op == "sync" else graph.write
                more = {"scope": step["scope"]} if "scope" in step else {}
                try:
                    result = call(step.get("entities", ()), step.get("relationships", ()), **more)
                    log.info(op, **asdict(result))
                except BadRecord as wrong:
                    if not step.get("caught"):
                        raise
                    log.info(wrong.message, **wrong.details)


@connector.poll("others", every="@hourly")
def others(settings, graph, ingest, checkpoint, log):
    """The same on another stream."""
    things(settings, graph, ingest, checkpoint, log)
'''
NOTHING = dict.fromkeys((field.name for field in dataclasses.fields(SyncCounts)), 0)
ANSWERED = {name: count for name, count in NOTHING.items() if name != "held"}


def entity(key, kind="host", **fields):
    properties = {name: value for name, value in fields.items() if name not in ("entity_class", "display_name")}
    named = {name: value for name, value in fields.items() if name not in properties}
    return {"entity_type": kind, "entity_key": key, "properties": properties, **named}


def edge(start, verb, end, kind="host"):
    return {"from_type": "host", "from_key": start, "verb": verb, "to_type": kind, "to_key": end}


def sync(*entities, relationships=(), **more):
    return {"op": "sync", "entities": entities, "relationships": relationships, **more}


def write(*entities, relationships=(), **more):
    return {"op": "write", "entities": entities, "relationships": relationships, **more}


SAVE, RAISE = {"op": "save"}, {"op": "raise"}


class Bench:
    """One connection whose route does what a test says."""

    def __init__(self, installation):
        self.installation = installation
        self.org = installation.org
        self.graph = Graph(installation.store, installation.clock)

    def _configured(self, steps):
        _, manifest = self.installation.catalog.ready("scripted")
        connection = self.installation.connections.get(self.org, "scripted")
        self.installation.connections.set(connection, manifest, settings={"script": json.dumps(steps)}, secrets={})
        return self.installation.connections.get(self.org, "scripted")

    def run(self, *steps, stream="things"):
        connection = self._configured(steps)
        return self.installation.foreground.run(connection, stream, lambda _run: None, lambda: None)

    def observe(self, *steps):
        run = self.installation.runs.observe(self.org, self._configured(steps), "things")
        return run, self.installation.run_library.plan(self.org, run.plan_id)

    def told(self, run):
        lines = self.installation.run_library.logs(self.org, run.id)
        return [line["fields"] for line in lines if line["level"] == "info"]

    def counted(self, run):
        counts = run_view(run, "scripted")["counts"]["graph"]
        return {name: count for name, count in counts.items() if count}

    def entities(self):
        found, _ = self.graph.list(self.org.id, limit=500)
        return {one.external_id: one for one in found}

    def rows(self, table):
        with self.installation.store.engine.connect() as opened:
            return [row._asdict() for row in opened.exec_driver_sql(f"SELECT * FROM {table}")]


@pytest.fixture
def bench(tmp_path, monkeypatch, lending):
    packages = tmp_path / "packages"
    (packages / "scripted").mkdir(parents=True)
    (packages / "scripted" / "__init__.py").write_text(CONNECTOR)
    info = packages / "scripted-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: scripted\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[levada.connectors]\nscripted = scripted:connector\n")
    monkeypatch.setattr(sys, "path", [str(packages), *sys.path])
    with Installation(Settings(data_dir=tmp_path)) as installation:
        lending.to(installation)
        _, manifest = installation.catalog.ready("scripted")
        installation.connections.add(installation.org, manifest, settings={"script": "[]"}, secrets={})
        yield Bench(installation)


def test_a_sync_is_answered_with_its_counters_and_committed_when_the_route_returns(bench):
    """The answer, the run's counts and the graph say the same."""
    steps = sync(
        entity("web-01", entity_class="Host", display_name="Web 01", cpus=8),
        entity("nginx", "service"),
        relationships=[edge("web-01", "RUNS", "nginx", "service")],
    )
    run = bench.run(steps)
    assert run.state == "succeeded", run.error
    assert bench.counted(run) == {"entities_created": 2, "relationships_created": 1}
    assert bench.told(run) == [{"status": "synced", **ANSWERED, "entities_created": 2, "relationships_created": 1}]
    web = bench.entities()["web-01"]
    assert (web.class_, web.display_name, web.traits) == ("Host", "Web 01", {"cpus": 8})
    again = bench.run(steps)
    assert bench.counted(again) == {"entities_unchanged": 2, "relationships_unchanged": 1}
    assert run.pages == 1


def test_what_a_source_says_no_more_is_deleted_in_its_scope_only(bench):
    """Each scope, each stream and each other caller is a source of its own."""
    bench.run(sync(entity("a"), entity("b")), sync(entity("eu"), scope="eu"))
    bench.run(sync(entity("other")), stream="others")
    bench.graph.upsert(bench.org.id, "rest", "host", "b", {"by": "rest"})
    run = bench.run(sync(entity("a")))
    assert bench.counted(run) == {"entities_unchanged": 1, "entities_deleted": 1}
    assert set(bench.entities()) == {"a", "b", "eu", "other"}
    assert bench.entities()["b"].traits == {"by": "rest"}
    assert {row["source"] for row in bench.rows("entity_claims")} == {
        "connection:scripted/things",
        "connection:scripted/things/eu",
        "connection:scripted/others",
        "rest",
    }


def test_claims_name_the_run_that_made_them(bench):
    """So that it can be told where a trait came from."""
    run = bench.run(write(entity("a", x=1)))
    assert [row["run_id"] for row in bench.rows("entity_claims")] == [run.id]


def test_calls_see_the_page_s_earlier_ones_before_anything_is_committed(bench):
    """A relationship may lead to what the same page said before; the counts are over all pages."""
    run = bench.run(
        write(entity("a", x=1)),
        write(entity("b"), relationships=[edge("a", "HAS", "b")]),
        write(entity("a", y=2)),
        SAVE,
        sync(entity("a", x=1)),
    )
    assert run.state == "succeeded", run.error
    assert [told["status"] for told in bench.told(run)] == ["written", "written", "written", "synced"]
    assert bench.told(run)[-1]["entities_deleted"] == 1
    assert bench.entities()["a"].traits == {"x": 1}
    assert bench.counted(run) == {
        "entities_created": 2,
        "entities_updated": 2,
        "entities_deleted": 1,
        "relationships_created": 1,
        "relationships_deleted": 1,
    }


def test_a_page_s_documents_checkpoint_and_graph_are_committed_together(bench, monkeypatch):
    """When the page cannot be written, none of them is there."""

    def failing(_self, _uow):
        raise RuntimeError("the disk is on fire")

    steps = [{"op": "document", "name": "Ada"}, write(entity("a")), SAVE]
    written = Assertions.write
    monkeypatch.setattr(Assertions, "write", failing)
    assert bench.run(*steps).reason == "crash"
    for table in ("documents", "entities", "checkpoints"):
        assert bench.rows(table) == [], table
    monkeypatch.setattr(Assertions, "write", written)
    run = bench.run(*steps)
    assert run.state == "succeeded", run.error
    assert [len(bench.rows(table)) for table in ("documents", "entities", "checkpoints")] == [1, 1, 1]
    sources = {row["source"] for row in bench.rows("events")}
    assert {"document.created", "entity.created"} <= sources


def test_a_route_that_raises_drops_the_graph_of_its_page_and_keeps_the_earlier_ones(bench):
    """Only what a page committed is there."""
    run = bench.run(write(entity("kept")), SAVE, write(entity("dropped")), RAISE)
    assert (run.state, run.reason) == ("failed", "connector_error")
    assert set(bench.entities()) == {"kept"}
    assert bench.counted(run) == {"entities_created": 1}


def test_a_run_that_lost_its_claim_keeps_nothing(bench, monkeypatch):
    """Another worker holds the work by now: a fenced page is given up whole."""
    answer = RunHandlers.graph

    def fenced(self, frame):
        answered = answer(self, frame)
        with bench.installation.store.engine.begin() as opened:
            opened.exec_driver_sql("UPDATE work SET fence = fence + 1")
        return answered

    monkeypatch.setattr(RunHandlers, "graph", fenced)
    connection = bench._configured([write(entity("a")), SAVE])
    run = bench.installation.queue.by_hand(connection, "things", reserved_for=bench.installation.work.owner)
    token = bench.installation.work.claim_next(run.org_id, run.connection_id, "stream:things")
    bench.installation.runs.execute(token)
    assert bench.entities() == {}
    assert bench.rows("checkpoints") == []


@pytest.mark.parametrize(
    ("step", "said", "path"),
    [
        (sync(entity("a", entity_class="Hosst")), "Host", "entities[0].entity_class"),
        (sync(entity("a"), relationships=[edge("a", "RUN", "a")]), "RUNS", "relationships[0].verb"),
        (sync(entity("a"), entity("a", x=1)), "host:a", None),
    ],
)
def test_what_the_graph_refuses_is_raised_in_the_route_and_leaves_no_trace(bench, step, said, path):
    """The message says what was meant, the details name every place; the run may go on."""
    run = bench.run(write(entity("before")), {**step, "caught": True}, write(entity("after")))
    assert run.state == "succeeded", run.error
    assert set(bench.entities()) == {"before", "after"}
    (line,) = [
        line
        for line in bench.installation.run_library.logs(bench.org, run.id)
        if line["message"].startswith("nothing was taken")
    ]
    assert said in line["message"]
    if path:
        assert path in [error["path"] for error in line["fields"]["errors"]]
    uncaught = bench.run(step)
    assert (uncaught.state, uncaught.reason, uncaught.error["code"]) == ("failed", "connector_error", "bad_record")


def test_an_end_that_somebody_else_takes_away_meanwhile_leaves_the_edge_pending(bench, monkeypatch):
    """At the commit it is decided anew over the graph as it is then."""
    bench.graph.upsert(bench.org.id, "rest", "host", "end", {})
    taken, written = [], Assertions.write

    def meanwhile(self, uow):
        taken.append(bench.graph.find(bench.org.id, "host", "end"))
        bench.graph.perform(uow, bench.org.id, Delete(("host", "end")))
        return written(self, uow)

    monkeypatch.setattr(Assertions, "write", meanwhile)
    run = bench.run(write(entity("a"), relationships=[edge("a", "HAS", "end")]))
    assert taken
    assert (run.state, run.attempt) == ("succeeded", 1), run.error
    assert bench.graph.relationships(bench.org.id, "host", "a") == []
    bench.graph.upsert(bench.org.id, "rest", "host", "end", {})
    assert len(bench.graph.relationships(bench.org.id, "host", "a")) == 1


def test_an_observed_run_writes_nothing_and_its_plan_lists_the_graph(bench):
    """Its pages see one another; the plan tells what would have come of all of them."""
    bench.run(sync(entity("a", x=1), entity("gone"), relationships=[edge("a", "HAS", "gone")]))
    before = bench.entities()
    run, plan = bench.observe(
        sync(entity("a", x=2), entity("new"), relationships=[edge("a", "USES", "new")]),
        SAVE,
        sync(entity("a", x=2), entity("new"), relationships=[edge("a", "USES", "new")]),
    )
    assert [told["status"] for told in bench.told(run)] == ["observed"] * 2
    assert bench.told(run)[1] == {
        "status": "observed",
        **ANSWERED,
        "entities_unchanged": 2,
        "relationships_unchanged": 1,
    }
    assert bench.entities() == before
    assert len(bench.rows("relationships")) == 1
    assert {one["key"]: (one["kind"], one["outcome"]) for one in plan["entities"]} == {
        "a": ("host", "updated"),
        "gone": ("host", "deleted"),
        "new": ("host", "created"),
    }
    changed = next(one for one in plan["entities"] if one["key"] == "a")
    assert changed["changes"] == [{"path": "traits.x", "before": 1, "after": 2}]
    ends = {(tuple(one["from"]), one["verb"], tuple(one["to"])): one["outcome"] for one in plan["relationships"]}
    assert ends == {
        (("host", "a"), "HAS", ("host", "gone")): "deleted",
        (("host", "a"), "USES", ("host", "new")): "created",
    }
    assert plan["summary"]["graph"]["entities_created"] == 1
    assert has_changes(plan)


def test_a_plan_of_what_is_there_already_holds_no_change(bench):
    """What is unchanged is counted and not listed."""
    bench.run(sync(entity("a", x=1)))
    _, plan = bench.observe(sync(entity("a", x=1)))
    assert plan["entities"] == []
    assert plan["summary"]["graph"] == {**NOTHING, "entities_unchanged": 1}
    assert not has_changes(plan)


def test_people_read_the_graph_in_a_plan_and_in_a_run_s_counts(bench):
    """An entity as its kind and key, a relationship as what it says; counts in words."""
    _, plan = bench.observe(
        sync(entity("a", x=1), entity("nginx", "service"), relationships=[edge("a", "RUNS", "nginx", "service")])
    )
    drawn = Console(file=io.StringIO(), width=200)
    show_plan(drawn, plan)
    text = drawn.file.getvalue()
    assert re.search(r"created +host:a +class: null → \"Host\"; display_name: null → \"a\"; traits.x: null → 1", text)
    assert "host:a RUNS service:nginx" in text
    assert "2 entities created, 1 relationship created" in text


def test_a_large_page_is_committed_in_parts(bench):
    """Asserting it again changes nothing, so a killed run loses no more than it would of documents."""
    run = bench.run({"op": "many", "count": 10_001}, RAISE)
    assert run.state == "failed"
    assert bench.counted(run) == {"entities_created": 10_001}
    assert len(bench.rows("entities")) == 10_001


def test_a_call_has_a_largest_size(bench, monkeypatch):
    """The host does not hold more than it can."""
    monkeypatch.setattr("levada_runtime.runs.assertions.CALL_ROWS", 1_000)
    run = bench.run({"op": "many", "count": 1_001})
    assert (run.state, run.error["code"]) == ("failed", "bad_record")
    assert "1,000 rows" in run.error["message"]


def test_a_run_without_a_graph_has_all_its_counters_at_nought(bench):
    """Scripts may rely on the shape."""
    run = bench.run({"op": "document", "name": "Ada"})
    assert run_view(run, "scripted")["counts"]["graph"] == NOTHING


def test_the_sdk_and_the_runtime_speak_of_the_same_graph():
    """Its classes, verbs, defaults and limits are one; a test in process refuses what the runtime refuses."""
    assert vocabulary.CLASSES == ENTITY_CLASSES
    assert vocabulary.VERBS == VERBS
    assert (checks.KIND_BYTES, checks.KEY_BYTES) == (KIND_BYTES, KEY_BYTES)
    known = vocabulary.Vocabulary()
    for kind in ("user", "user_group", "data_store", "code_repo", "network_segment", "thing"):
        assert known.default_class(kind) == default_class(kind)
