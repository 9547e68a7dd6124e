"""A run that takes too much away is partial: what it would have done is held, and decided on by hand."""

import json

import pytest
from tests.runtime.runs.test_graph import NOTHING, SAVE, bench, edge, entity, sync, write

from levada_runtime.cli import run as run_command

assert bench  # the fixture
SMALL = sync(entity("0"), entity("new"))


def whole(count=30):
    return sync(*(entity(str(at)) for at in range(count)), relationships=[edge("1", "USES", "0")])


def warned(bench, run):
    return [one for one in bench.installation.run_library.logs(bench.org, run.id) if one["level"] == "warning"]


@pytest.fixture
def command(bench, capsys):
    """Returns what runs a command over the bench's installation and gives its exit code and its answer."""

    def call(*words):
        code = run_command(["graph", *words, "--json", "--data-dir", str(bench.installation.settings.data_dir)])
        told = json.loads(capsys.readouterr().out)
        return code, told.get("result") or told

    return call


def test_a_sync_that_takes_too_much_away_makes_its_run_partial(bench):
    """The route is told; what came before and after it in the page is committed, with the checkpoint."""
    bench.run(whole())
    run = bench.run(SMALL, write(entity("beside", "service")), SAVE)
    assert run.state == "partial"
    (told,) = [one for one in bench.told(run) if "status" in one and one["status"] == "held"]
    assert (told["entities_created"], told["entities_unchanged"], told["entities_deleted"]) == (1, 1, 29)
    assert len(bench.entities()) == 31
    assert bench.counted(run) == {"held": 1, "entities_created": 1}
    (held,) = bench.installation.held.page(bench.org, limit=10)[0]
    assert (held["run"], held["source"]) == (run.id, "connection:scripted/things")
    (line,) = warned(bench, run)
    assert "it would delete 29 of 30 entities of the kind host" in line["message"]
    assert line["fields"]["held"] == held["id"]
    assert (run.error["code"], run.error["details"]) == ("sync_held", {"held": [held["id"]]})
    assert run.checkpoint_after == {"": {"step": 2}}


def test_what_a_run_had_held_is_approved_in_its_name(bench):
    """Reverting the run takes it back."""
    bench.run(whole())
    run = bench.run(SMALL)
    held = run.error["details"]["held"][0]
    done = bench.installation.held.approve(bench.org, held)
    assert done["applied"]["entities_deleted"] == 29
    assert set(bench.entities()) == {"0", "new"}
    bench.installation.reverts.revert(bench.org, run.id)
    assert len(bench.entities()) == 30


def test_a_route_that_raises_holds_nothing(bench):
    """What is held is committed with its page, or not at all."""
    bench.run(whole())
    run = bench.run(SMALL, {"op": "raise"})
    assert run.state == "failed"
    assert bench.rows("graph_held") == bench.rows("graph_parts") == []


def test_a_sync_that_is_not_held_supersedes_the_one_that_is(bench):
    """The source has spoken again, and is whole."""
    bench.run(whole())
    bench.run(SMALL)
    assert bench.run(whole()).state == "succeeded"
    assert [one["state"] for one in bench.rows("graph_held")] == ["superseded"]
    assert bench.rows("graph_parts") == []


def test_an_observed_run_tells_that_it_would_be_held(bench):
    """Nothing of it is among the plan's changes, and nothing is kept."""
    bench.run(whole())
    run, plan = bench.observe(SMALL, SAVE, write(entity("beside", "service")))
    assert run.state == "partial"
    assert [one["key"] for one in plan["entities"]] == ["beside"]
    (held,) = plan["held"]
    assert (held["counts"]["entities_deleted"], held["reasons"][0]["kind"]) == (29, "host")
    assert plan["summary"]["graph"] == {**NOTHING, "held": 1, "entities_created": 1}
    assert bench.rows("graph_held") == []
    done = bench.installation.plans.apply(bench.org, plan["id"])
    assert done["counts"]["graph"]["entities_created"] == 1
    assert len(bench.entities()) == 31


def test_a_pending_relationship_is_counted_and_listed(bench, command):
    """In the answer, in the run and by command; it is listed no longer once its end is there."""
    run = bench.run(sync(entity("a"), relationships=[edge("a", "USES", "b"), edge("a", "USES", "a")]))
    assert bench.told(run)[0]["relationships_pending"] == 1
    assert bench.counted(run)["relationships_pending"] == 1
    code, listed = command("pending", "list")
    assert code == 0
    (one,) = listed["items"]
    assert (one["to_key"], one["awaits"]) == ("b", [["host", "b"]])
    assert one["sources"] == ["connection:scripted/things"]
    bench.graph.upsert(bench.org.id, "rest", "host", "b", {})
    assert command("pending", "list")[1]["items"] == []


def test_held_syncs_are_decided_on_by_command(bench, command):
    """Listed, shown, approved and discarded; what there is not is told."""
    bench.run(whole())
    bench.run(SMALL)
    (one,) = command("held", "list")[1]["items"]
    shown = command("held", "show", one["id"])[1]
    assert len(shown["deletes"]["entities"]) == 29
    assert command("held", "discard", one["id"])[1]["state"] == "discarded"
    assert command("held", "list")[1]["items"] == []
    bench.run(SMALL)
    (again,) = command("held", "list")[1]["items"]
    assert command("held", "approve", again["id"])[1]["applied"]["entities_deleted"] == 29
    code, told = command("held", "approve", again["id"])
    assert (code, told["error"]["code"]) == (2, "not_held")
    assert {one["state"] for one in command("held", "list", "--state", "all")[1]["items"]} == {
        "discarded",
        "approved",
    }
