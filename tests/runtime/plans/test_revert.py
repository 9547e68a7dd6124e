"""A reverted run leaves documents and the graph as before it, and lists what it would not touch."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from tests.runtime.plans.scripted import Gone, Say, host, runs_on, sync, write

from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.foundation.ids import row_id, spell_delivery
from levada_runtime.store.pipelines_model import DeliveryRow

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def current(tenant):
    """Return all that a reader finds in documents and graph now, and the claims behind it."""
    state = tenant.state()
    documents = {
        key: (one["payload"], one["payload_hash"], one["retired_at"] is None, one["source_id"])
        for key, one in tenant.documents().items()
        if not one["retired_at"]
    }
    claims = tenant.rows(
        "SELECT source, entity_id, class, display_name, traits, stamp, asserted FROM entity_claims WHERE org_id = {org}"
        " ORDER BY source, entity_id"
    )
    gone = sorted(key for key, one in tenant.documents().items() if one["retired_at"])
    return documents, gone, [one for one in state["entities"] if one[-1]], state["relationships"], claims


def left(result):
    return sorted(
        (one.get("idempotency_key") or one.get("key"), one["by"] and one["by"]["mode"]) for one in result["left"]
    )


def test_a_reverted_run_leaves_documents_as_before_it(tenant):
    """Created ones are retired, updated ones restored as a new version, retired ones revived; the history stays."""
    tenant.live([Say("1"), Say("2"), Say("3"), Say("4"), Say("5")], None, Gone("4"), Gone("5"))
    before = current(tenant)
    run = tenant.live(
        [Say("1", "Bea"), Say("2")], Gone("3"), [Say("4"), Say("5", "Eve"), Say("6")], None, Say("1", "Bob")
    )
    assert tenant.names() == {"k:1": "Bob", "k:2": "Ada", "k:3": None, "k:4": "Ada", "k:5": "Eve", "k:6": "Ada"}
    result = tenant.revert(run)
    documents, gone, *rest = current(tenant)
    assert (documents, [key for key in gone if key != "k:6"], *rest) == before
    assert gone == ["k:4", "k:5", "k:6"]
    did = {one["idempotency_key"]: one["did"] for one in result["documents"]}
    assert did == {"k:1": "restored", "k:3": "revived", "k:4": "retired", "k:5": "restored", "k:6": "retired"}
    versions = tenant.bench.library.versions(tenant.org, tenant.documents()["k:1"]["id"])
    assert [(one["version"], one["payload"]["name"]) for one in versions] == [
        (4, "Ada"),
        (3, "Bob"),
        (2, "Bea"),
        (1, "Ada"),
    ]
    told = tenant.bench.runs.run(tenant.org, result["reverted_by"])
    assert (told["mode"], told["reverts"], told["state"]) == ("revert", run.id, "succeeded")
    assert result["left"] == []


def test_what_the_next_poll_says_counts_again(tenant):
    """A restored payload goes back in the source's time, too: the source's newer word is not taken for an older one."""
    tenant.live(Say("1", time=NOON))
    run = tenant.live(Say("1", "Bea", time=NOON + timedelta(hours=2)))
    tenant.revert(run)
    tenant.live(Say("1", "Eve", time=NOON + timedelta(hours=1)))
    assert tenant.names() == {"k:1": "Eve"}


def test_what_somebody_changed_since_is_listed_and_left_alone(tenant):
    """By another run, by a retirement, by coming back: with who it was."""
    tenant.live([Say("1"), Say("2"), Say("3")])
    run = tenant.live([Say("1", "Bea"), Say("2", "Bea"), Say("4"), Say("5", "Bea")], Gone("3"))
    later = tenant.live([Say("1", "Bob"), Say("3")], Gone("4"))
    names = tenant.names()
    result = tenant.revert(run)
    assert tenant.names() == {**names, "k:2": "Ada", "k:5": None}
    assert left(result) == [("k:1", "poll"), ("k:3", "poll"), ("k:4", "poll")]
    assert {one["by"]["run"] for one in result["left"]} == {later.id}
    told = tenant.bench.runs.run(tenant.org, result["reverted_by"])
    assert told["state"] == "partial"
    assert len(tenant.bench.runs.logs(tenant.org, result["reverted_by"])) == 3


def test_a_run_that_went_there_and_back_needs_no_version(tenant):
    """A → B → A within one run is as it was."""
    tenant.live(Say("1"))
    run = tenant.live(Say("1", "Bea"), None, Say("1"))
    before = tenant.state()
    result = tenant.revert(run)
    assert (result["documents"], result["reverted_by"], result["left"]) == ([], None, [])
    assert tenant.state() == before


def test_a_version_that_never_was_current_is_no_matter(tenant):
    """Neither one that the run wrote nor one that came since stands in the way."""
    tenant.live([Say("1", time=NOON), Say("2", time=NOON)])
    run = tenant.live(
        [Say("1", "Old", time=NOON - timedelta(hours=1)), Say("2", "Bea", time=NOON + timedelta(hours=1))]
    )
    tenant.live(Say("2", "Older", time=NOON - timedelta(hours=2)))
    result = tenant.revert(run)
    assert tenant.names() == {"k:1": "Ada", "k:2": "Ada"}
    assert (left(result), [one["idempotency_key"] for one in result["documents"]]) == ([], ["k:2"])


def test_a_run_is_undone_once_and_undoing_that_brings_it_back(tenant):
    """The second time all of it was changed since, by the revert; a revert is a run like any other."""
    tenant.live([Say("1"), Say("2")], Gone("2"), sync(host("a", x=1)))
    run = tenant.live([Say("1", "Bea"), Say("2"), Say("3")], sync(host("a", x=2), host("b")))
    after = current(tenant)
    first = tenant.revert(run)
    again = tenant.revert(run)
    assert again["reverted_by"] is None
    assert {one["by"]["run"] for one in again["left"] if one["by"]} == {first["reverted_by"]}
    back = tenant.revert(first["reverted_by"])
    assert [one[:3] for one in current(tenant)[2]] == [one[:3] for one in after[2]]
    assert tenant.names() == {"k:1": "Bea", "k:2": "Ada", "k:3": "Ada"}
    assert tenant.hosts() == {"a": {"x": 2}, "b": {}}
    assert back["left"] == []
    third = tenant.revert(back["reverted_by"])
    assert tenant.names() == {"k:1": "Ada", "k:2": None, "k:3": None}
    assert third["left"] == []


def test_an_applied_plan_can_be_undone(tenant):
    """What applied it is a run, too."""
    tenant.live([Say("1")], sync(host("a", x=1), host("b"), relationships=[runs_on("a", "b")]))
    before = current(tenant)
    plan = tenant.observe(
        [Say("1", "Bea"), Say("2")], sync(host("a", x=2), host("c"), relationships=[runs_on("a", "c")])
    )
    result = tenant.revert(tenant.apply(plan)["run"])
    documents, gone, *rest = current(tenant)
    assert (documents, gone) == (before[0], ["k:2"])
    assert rest[:2] == list(before[2:4])
    assert result["left"] == []


def test_claims_go_back_to_what_they_were_stamps_and_all(tenant):
    """What another source said meanwhile wins over what comes back, as it did when that was said."""
    tenant.live(
        sync(host("a", x=1, y=1), host("b"), host("c", z=1), relationships=[runs_on("a", "b", n=1), runs_on("a", "c")])
    )
    tenant.bench.graph.upsert(tenant.org.id, "rest", "host", "a", {"y": 7})
    before = current(tenant)
    run = tenant.live(
        sync(host("a", x=2, y=2), host("c", z=1), host("d"), relationships=[runs_on("a", "d"), runs_on("a", "c", n=2)]),
        None,
        write(host("c", z=2), host("e")),
    )
    assert tenant.hosts() == {"a": {"x": 2, "y": 2}, "c": {"z": 2}, "d": {}, "e": {}}
    result = tenant.revert(run)
    assert current(tenant) == before
    assert tenant.hosts()["a"] == {"x": 1, "y": 7}
    did = {one["key"]: one["did"] for one in result["entities"]}
    assert did == {"a": "restored", "b": "restored", "c": "restored", "d": "retracted", "e": "retracted"}
    assert len(result["relationships"]) == 4 - 1


def test_what_was_asserted_since_is_listed_and_left_alone(tenant):
    """By the same source in a later run; what an entity is by other sources stays in any case."""
    tenant.live(sync(host("a", x=1), host("b", x=1)))
    run = tenant.live(sync(host("a", x=2), host("b", x=2), host("c")))
    later = tenant.live(write(host("a", x=3)))
    tenant.bench.graph.upsert(tenant.org.id, "rest", "host", "c", {"by": "rest"})
    result = tenant.revert(run)
    assert tenant.hosts() == {"a": {"x": 3}, "b": {"x": 1}, "c": {"by": "rest"}}
    assert [(one["key"], one["by"]["run"]) for one in result["left"]] == [("a", later.id)]


def test_a_relationship_whose_end_is_gone_meanwhile_comes_back_with_the_end(tenant):
    """It is put back and is pending until then."""
    tenant.bench.graph.upsert(tenant.org.id, "rest", "host", "z", {})
    tenant.live(sync(host("a"), relationships=[runs_on("a", "z")]))
    run = tenant.live(sync(host("a", x=1)))
    tenant.bench.graph.delete(tenant.org.id, tenant.bench.graph.find(tenant.org.id, "host", "z").id)
    result = tenant.revert(run)
    assert [(one["to"][1], one["did"]) for one in result["relationships"]] == [("z", "restored")]
    assert result["left"] == []
    assert tenant.hosts() == {"a": {}}
    assert tenant.bench.graph.relationships(tenant.org.id, "host", "a") == []
    tenant.bench.graph.upsert(tenant.org.id, "rest", "host", "z", {})
    assert len(tenant.bench.graph.relationships(tenant.org.id, "host", "a")) == 1


def test_deliveries_of_its_events_are_listed(tenant):
    """They cannot be unsent; those of other events are none of its."""
    other = tenant.live(Say("1"))
    run = tenant.live(Say("1", "Bea"), sync(host("a")))
    made = {}
    for one in (other, run):
        wanted = tenant.rows(
            "SELECT e.connection_id, e.id FROM events e JOIN pages p ON p.id = e.page_id AND p.org_id = e.org_id"
            f" WHERE e.org_id = {{org}} AND p.run_id = '{one.id}'"
        )
        made[one.id] = [_delivered(tenant, *place) for place in wanted]
    told = tenant.rows("SELECT connection_id, id FROM events WHERE org_id = {org} AND source = 'entity.created'")
    of_entity = _delivered(tenant, *told[0])
    result = tenant.revert(run)
    assert {one["id"] for one in result["deliveries"]} == {*made[run.id], of_entity}
    assert {one["state"] for one in result["deliveries"]} == {"delivered"}


def _delivered(tenant, connection_id, event_id):
    now, number = tenant.bench.clock.now(), row_id()
    row = DeliveryRow(
        org_id=tenant.org.id,
        connection_id=connection_id,
        id=number,
        uid=spell_delivery(connection_id, number),
        event_id=event_id,
        pipeline="p",
        pipeline_version=1,
        destination=0,
        destination_type="log",
        target="log",
        subject=None,
        state="delivered",
        fields={},
        body="{}",
        created_at=now,
        updated_at=now,
    )
    with tenant.bench.store.write() as uow:
        uow.deliveries.add([row])
    return row.uid


def test_only_a_live_run_that_has_ended_can_be_undone(bench, tenant):
    """Not one that only observed, nor one under way, nor another organisation's."""
    plan = tenant.observe(Say("1"))
    under_way = tenant.attempt([Say("1")], "customers", observing=False).pager.run
    for run_id, code in ((plan["run"], "run_observed"), (under_way.id, "run_unfinished")):
        with pytest.raises(UsageFailure) as failure:
            tenant.revert(run_id)
        assert failure.value.code == code
    run = tenant.live(Say("1"))
    with pytest.raises(NotFoundFailure):
        bench.tenant("other").revert(run.id)
    assert tenant.names() == {"k:1": "Ada"}


def test_a_live_run_that_was_answered_before_decides_anew_over_a_revert(tenant):
    """Nothing of either is lost."""
    tenant.live(Say("1"))
    run = tenant.live(Say("1", "Bea"))
    live = tenant.attempt([Say("1", "Bea")], "customers", observing=False)
    tenant.revert(run)
    tenant.bench.end_live(live)
    versions = tenant.bench.library.versions(tenant.org, tenant.documents()["k:1"]["id"])
    assert [one["payload"]["name"] for one in versions] == ["Bea", "Ada", "Bea", "Ada"]


def test_of_many_that_undo_one_run_at_once_one_does(tenant):
    """The others find it changed."""
    tenant.live([Say("1"), Say("2")])
    run = tenant.live([Say("1", "Bea"), Say("2", "Bea")], sync(host("a")))
    results, start = [], threading.Barrier(3)

    def revert():
        start.wait()
        results.append(tenant.revert(run)["reverted_by"] is not None)

    threads = [threading.Thread(target=revert) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, False, True]
    assert tenant.names() == {"k:1": "Ada", "k:2": "Ada"}
    assert tenant.hosts() == {}


def test_a_run_whose_events_were_pruned_is_not_undone_by_halves(tenant, store):
    """Nothing tells any more what it changed; that is said, and nothing is touched."""
    first = tenant.live([Say("1"), Say("2")], None, Gone("2"))
    unchanged = tenant.live([Say("1")], None)
    with store.write() as uow:
        uow._connection.exec_driver_sql("DELETE FROM events WHERE previous IS NULL OR version <> previous")
    before = current(tenant)
    with pytest.raises(UsageFailure) as refused:
        tenant.revert(first)
    assert refused.value.code == "run_too_old"
    assert current(tenant) == before
    assert tenant.revert(unchanged)["documents"] == []
