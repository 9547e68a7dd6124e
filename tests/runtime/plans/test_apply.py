"""A plan applied gives exactly its effects; applied again nothing; what has moved since is refused by name."""

import copy
from datetime import UTC, datetime, timedelta

import pytest
from tests.runtime.plans.scripted import SECRET, Gone, Say, host, runs_on, sync, write

from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.plans.apply import PlanMovedFailure
from levada_runtime.store.connections import REMOVED

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def refused(failure):
    return [(one.get("idempotency_key") or one.get("key"), one["reason"]) for one in failure.details["refused"]]


def test_a_plan_applied_gives_exactly_its_effects(tenant):
    """Created, updated, retired and revived; with a run of its own in their provenance, and no checkpoint moved."""
    tenant.live([Say("1"), Say("2"), Say("3"), Say("4")], None, Gone("4"))
    checkpoints = tenant.rows("SELECT * FROM checkpoints WHERE org_id = {org}")
    plan = tenant.observe([Say("1", "Bea"), Say("2")], Gone("3"), [Say("4"), Say("5")], None, Say("5", "Eve"))
    before = tenant.state()
    result = tenant.apply(plan)
    assert before != tenant.state()
    assert tenant.names() == {"k:1": "Bea", "k:2": "Ada", "k:3": None, "k:4": "Ada", "k:5": "Eve"}
    assert (result["applied"], result["refused"]) == (True, [])
    counts = {name: result["counts"][name] for name in ("created", "updated", "retired", "unchanged", "failed")}
    assert counts == {"created": 1, "updated": 3, "retired": 1, "unchanged": 0, "failed": 0}
    one = tenant.documents()["k:1"]
    assert (one["provenance"]["run"], one["provenance"]["mode"]) == (result["run"], "apply")
    run = tenant.bench.runs.run(tenant.org, result["run"])
    assert (run["mode"], run["state"], run["plan_id"]) == ("apply", "succeeded", plan["id"])
    assert tenant.rows("SELECT * FROM checkpoints WHERE org_id = {org}") == checkpoints


def test_a_plan_applied_again_does_nothing_and_says_so(tenant):
    """Also after what it wrote has changed again."""
    plan = tenant.observe(Say("1"), sync(host("a")))
    first = tenant.apply(plan)
    before = tenant.state(), tenant.rows("SELECT count(*) FROM runs WHERE org_id = {org}")
    again = tenant.apply(plan)
    assert (again["applied"], again["run"], again["applied_at"]) == (False, first["run"], first["applied_at"])
    assert before == (tenant.state(), tenant.rows("SELECT count(*) FROM runs WHERE org_id = {org}"))
    tenant.live(Say("1", "Bea"))
    assert tenant.apply(plan, partial=True)["applied"] is False
    assert tenant.names() == {"k:1": "Bea"}
    told = tenant.bench.runs.plan(tenant.org, plan["id"])
    assert (told["applied_by"], told["applied_at"]) == (first["run"], first["applied_at"])


@pytest.mark.parametrize(
    ("meanwhile", "moved"),
    [
        ([Say("1", "Bob")], "k:1"),
        ([Say("1", "Bob"), Say("1")], "k:1"),
        ([Gone("1")], "k:1"),
        ([Say("9")], "k:9"),
        ([Say("4")], "k:4"),
    ],
    ids=["updated", "there and back", "retired", "created", "revived"],
)
def test_what_has_moved_since_is_refused_by_name_and_nothing_is_written(tenant, meanwhile, moved):
    """A version more, a retirement, a document where there was none; the rest only where that is asked for."""
    tenant.live([Say("1"), Say("4")], Gone("4"))
    plan = tenant.observe([Say("1", "Bea"), Say("9", "Eve"), Say("4", "Dan"), Say("8", "Fay")])
    tenant.live(*meanwhile)
    before = tenant.state(), tenant.rows("SELECT count(*) FROM runs WHERE org_id = {org}")
    with pytest.raises(PlanMovedFailure) as failure:
        tenant.apply(plan)
    assert refused(failure.value) == [(moved, "moved")]
    assert moved in failure.value.message
    assert before == (tenant.state(), tenant.rows("SELECT count(*) FROM runs WHERE org_id = {org}"))
    names = tenant.names()
    result = tenant.apply(plan, partial=True)
    assert [one["idempotency_key"] for one in result["refused"]] == [moved]
    planned = {"k:1": "Bea", "k:9": "Eve", "k:4": "Dan", "k:8": "Fay"}
    assert tenant.names() == {**planned, moved: names[moved]}
    run = tenant.bench.runs.run(tenant.org, result["run"])
    assert run["state"] == "partial"
    assert moved in tenant.bench.runs.logs(tenant.org, result["run"])[0]["message"]


def test_what_moved_without_a_version_is_refused_too(tenant):
    """A retirement raised the document's time at the source: what was an update would now come too late."""
    tenant.live(Say("1", time=NOON))
    plan = tenant.observe(Say("1", "Bea", time=NOON + timedelta(hours=1)))
    tenant.live(Gone("1", NOON + timedelta(hours=2)), None, Say("1", time=NOON + timedelta(hours=3)))
    with pytest.raises(PlanMovedFailure, match="no longer be updated") as failure:
        tenant.apply(plan)
    assert refused(failure.value) == [("k:1", "moved")]


def test_a_superseded_record_is_applied_as_a_version_that_is_not_current(tenant):
    """As the live run would have kept it."""
    tenant.live(Say("1", time=NOON))
    plan = tenant.observe(Say("1", "Old", time=NOON - timedelta(hours=1)))
    tenant.apply(plan)
    document = tenant.documents()["k:1"]
    assert (document["payload"]["name"], document["version"], document["versions"]) == ("Ada", 1, 2)
    versions = tenant.bench.library.versions(tenant.org, document["id"])
    assert [(one["payload"]["name"], one["superseded"]) for one in versions] == [("Old", True), ("Ada", False)]


def test_records_that_would_change_nothing_may_have_moved(tenant):
    """They are not part of what is applied."""
    tenant.live([Say("1"), Say("2")])
    plan = tenant.observe([Say("1"), Say("2", "Bea")])
    tenant.live(Say("1", "Bob"))
    tenant.apply(plan)
    assert tenant.names() == {"k:1": "Bob", "k:2": "Bea"}


def test_entities_and_relationships_are_applied_as_their_source_would_assert_them(tenant):
    """Created, updated, deleted: by a sync what differed, by a write all that it says."""
    tenant.live(sync(host("a", x=1), host("b"), host("c"), relationships=[runs_on("a", "b"), runs_on("a", "c")]))
    tenant.bench.graph.upsert(tenant.org.id, "rest", "host", "b", {"by": "rest"})
    plan = tenant.observe(
        sync(host("a", x=2), host("d"), host("c"), relationships=[runs_on("a", "d"), runs_on("a", "c", way=1)]),
        write(host("e", y=1)),
    )
    result = tenant.apply(plan)
    assert tenant.hosts() == {"a": {"x": 2}, "b": {"by": "rest"}, "c": {}, "d": {}, "e": {"y": 1}}
    assert tenant.edges() == {("a", "d"): {}, ("a", "c"): {"way": 1}}
    graph = {name: count for name, count in result["counts"]["graph"].items() if count}
    assert graph == {
        "entities_created": 2,
        "entities_updated": 1,
        "entities_deleted": 1,
        "relationships_created": 1,
        "relationships_updated": 1,
        "relationships_deleted": 1,
    }
    assert set(tenant.rows("SELECT run_id FROM entity_claims WHERE org_id = {org} AND run_id IS NOT NULL")) >= {
        (result["run"],)
    }


def test_an_entity_that_moved_is_refused_and_what_needs_it_goes_with_it(tenant):
    """By name; the rest is applied when that is asked for."""
    tenant.live(sync(host("a", x=1), host("b"), host("c")))
    plan = tenant.observe(
        sync(host("a", x=2), host("b", z=1), host("new"), relationships=[runs_on("a", "new"), runs_on("b", "new")])
    )
    tenant.bench.graph.upsert(tenant.org.id, "rest", "host", "a", {"x": 7})
    tenant.bench.graph.upsert(tenant.org.id, "rest", "host", "new", {"by": "rest"})
    other = tenant.bench.graph.find(tenant.org.id, "host", "new")
    tenant.bench.graph.delete(tenant.org.id, other.id)
    before = tenant.state()
    with pytest.raises(PlanMovedFailure, match="host:a") as failure:
        tenant.apply(plan)
    assert refused(failure.value) == [("a", "moved")]
    assert tenant.state() == before
    result = tenant.apply(plan, partial=True)
    assert [one.get("key") for one in result["refused"]] == ["a"]
    assert tenant.hosts() == {"a": {"x": 7}, "b": {"z": 1}, "new": {}}
    assert tenant.edges() == {("a", "new"): {}, ("b", "new"): {}}


def test_a_relationship_whose_end_was_refused_is_refused_with_it(tenant):
    """Nothing leads to what is not there."""
    plan = tenant.observe(sync(host("a"), host("b"), host("c"), relationships=[runs_on("a", "b"), runs_on("c", "b")]))
    held = copy.deepcopy(plan)
    for base in held["assertions"]["bases"]:
        if base.get("key") == "b":
            base["before"] = {"class": "Host", "display_name": "b", "traits": {}}
    result = tenant.apply(plan, held, partial=True)
    assert tenant.hosts() == {"a": {}, "c": {}}
    named = {one.get("key") or (one["from"][1], one["to"][1]) for one in result["refused"]}
    assert named == {"b", ("a", "b"), ("c", "b")}


def test_a_plan_of_another_organisation_is_not_there(bench, tenant):
    """Neither by its id nor by its file."""
    other = bench.tenant("other")
    plan = tenant.observe(Say("1"))
    for body in (None, plan):
        with pytest.raises(NotFoundFailure):
            other.apply(plan["id"], body)
    assert other.names() == tenant.names() == {}


def test_a_plan_of_a_removed_connection_is_refused(tenant):
    """Its documents are nobody's to write any more."""
    plan = tenant.observe(Say("1"))
    with tenant.bench.store.write() as uow:
        uow.connections.change(tenant.org.id, tenant.connection.id, tenant.bench.clock.now(), state=REMOVED)
    with pytest.raises(UsageFailure) as failure:
        tenant.apply(plan)
    assert failure.value.code == "connection_removed"
    assert tenant.names() == {}


def test_a_plan_of_a_run_that_failed_is_not_whole(tenant):
    """What came after is not known, so it is not applied."""
    plan = tenant.observe(Say("1"), failing="connector_error")
    with pytest.raises(UsageFailure) as failure:
        tenant.apply(plan, partial=True)
    assert failure.value.code == "plan_incomplete"


def _payload(**more):
    def edit(plan):
        plan["documents"][0]["payload"].update(more)

    return edit


def _without(*names):
    def edit(plan):
        for name in names:
            del plan["documents"][0][name]

    return edit


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (_payload(nmae="Bea"), "validation_failed"),
        (_payload(name=7), "validation_failed"),
        (_payload(connection_id="another"), "validation_failed"),
        (lambda plan: plan["documents"][0].update(document_type="custmer"), "unknown_document_type"),
        (lambda plan: plan["documents"][0].update(idempotency_key="k" * 3000), "validation_failed"),
    ],
    ids=["unknown field", "wrong type", "another connection", "unknown document type", "endless key"],
)
def test_a_record_that_was_edited_into_something_invalid_is_refused(tenant, edit, reason):
    """A file is validated again; the others are applied if that is asked for."""
    plan = tenant.observe([Say("1"), Say("2")])
    edit(plan)
    with pytest.raises(PlanMovedFailure) as failure:
        tenant.apply(plan["id"], plan)
    assert [one["reason"] for one in failure.value.details["refused"]] == [reason]
    assert failure.value.code == "plan_refused"
    assert tenant.names() == {}
    assert tenant.rows("SELECT * FROM quarantine WHERE org_id = {org}") == []
    assert [one["reason"] for one in tenant.apply(plan["id"], plan, partial=True)["refused"]] == [reason]
    assert tenant.names() == {"k:2": "Ada"}


@pytest.mark.parametrize(
    "edit",
    [
        _without("payload"),
        lambda plan: plan["documents"][0].update(payload=None),
        lambda plan: plan["documents"][0].update(outcome="deleted"),
        lambda plan: plan["documents"][0].update(source_time="yesterday"),
        lambda plan: plan.update(documents={}),
        lambda plan: plan.pop("assertions"),
        lambda plan: plan.update(id="another"),
        lambda plan: plan["assertions"]["operations"][0].update(source="sync:of-another"),
        lambda plan: plan["assertions"]["operations"][0]["entities"][0].update(entity_class="Hots"),
        lambda plan: plan["assertions"]["operations"][0]["entities"][0].update(properties={"a": {"b": 1}}),
    ],
    ids=[
        "no payload",
        "null payload",
        "unknown outcome",
        "no time",
        "no list",
        "no assertions",
        "another id",
        "another source",
        "unknown class",
        "nested property",
    ],
)
def test_a_file_that_is_not_in_order_is_refused_whole(tenant, edit):
    """With the place of what is wrong, also with --partial."""
    plan = tenant.observe(Say("1"), sync(host("a")))
    edit(body := copy.deepcopy(plan))
    with pytest.raises(UsageFailure) as failure:
        tenant.apply(plan["id"], body, partial=True)
    assert failure.value.code == "invalid_plan"
    assert (tenant.names(), tenant.hosts()) == ({}, {})


def test_a_record_with_a_secret_in_it_cannot_be_applied_from_a_plan(tenant):
    """A plan keeps no secret, and what stands in its place is not what the source said."""
    plan = tenant.observe([Say("1", f"it is {SECRET}"), Say("2")], sync(host("a", note=SECRET)))
    assert SECRET not in repr(plan)
    with pytest.raises(PlanMovedFailure) as failure:
        tenant.apply(plan)
    assert refused(failure.value) == [("k:1", "masked"), ("a", "masked")]
    tenant.apply(plan, partial=True)
    assert tenant.names() == {"k:2": "Ada"}


def test_when_nothing_of_a_plan_can_be_applied_partial_is_no_way_out(tenant):
    """It stays unapplied."""
    plan = tenant.observe(Say("1"))
    tenant.live(Say("1", "Bob"))
    with pytest.raises(PlanMovedFailure):
        tenant.apply(plan, partial=True)
    assert tenant.bench.runs.plan(tenant.org, plan["id"])["applied_at"] is None


def test_an_empty_plan_can_be_applied(tenant):
    """It comes to nothing, once."""
    tenant.live(Say("1"))
    plan = tenant.observe(Say("1"))
    assert tenant.apply(plan)["applied"] is True
    assert tenant.apply(plan)["applied"] is False
