"""Plans show what documents would stand for; undoing a run takes it back; applying a plan brings it about."""

from datetime import timedelta

import pytest
from tests.runtime.plans.scripted import Assert, Bench, Gone, Say, host

from levada_runtime.pipeline.reactor import Reactor
from levada_runtime.work.service import WorkQueue


@pytest.fixture
def bench(store, clock, tmp_path):
    return Bench(store, clock, tmp_path)


@pytest.fixture
def tenant(bench):
    return bench.tenant()


@pytest.fixture
def follow(bench):
    """Returns what carries all that is to be carried."""
    queue = WorkQueue(bench.store, bench.clock, timedelta(seconds=30))
    reactor = Reactor(bench.store, bench.clock, bench.graph)

    def carry():
        bench.clock.pass_time(seconds=1)
        while tokens := queue.claim_due(100):
            for token in tokens:
                reactor.execute(token)

    return carry


def live(bench, tenant, *steps):
    return bench.end_live(bench.attempt(tenant, [*steps, None], "s", observing=False)).id


def observed(bench, tenant, *steps):
    attempt = bench.attempt(tenant, list(steps), "s", observing=True)
    run = bench.observations.end(attempt, None, {"finished_at": bench.clock.now()})
    with bench.store.read() as uow:
        return uow.plans.get(tenant.org.id, run.plan_id).body


def traits(bench, tenant, key="7"):
    found = bench.graph.find(tenant.org.id, "customer", key)
    return None if found is None else found.traits


def test_a_plan_shows_what_its_documents_would_stand_for(bench, tenant, follow):
    """As it would be in the end, before and after; what stays as it is is not shown, and nothing is written."""
    live(bench, tenant, Say("7", more={"email": "a@b.co"}), Say("8"), Say("9"))
    follow()
    changed = Say("7", "Bob", more={"email": "b@b.co"})
    plan = observed(bench, tenant, Say("7", "Eve"), changed, Say("8"), Gone("9"), Say("10"))
    told = {one["key"]: one for one in plan["entities"]}
    assert {key: one["outcome"] for key, one in told.items()} == {"7": "updated", "9": "deleted", "10": "created"}
    changes = {one["path"]: (one["before"], one["after"]) for one in told["7"]["changes"]}
    assert changes == {"display_name": ("Ada", "Bob"), "traits.email": ("a@b.co", "b@b.co")}
    assert traits(bench, tenant) == {"email": "a@b.co"}
    assert plan["assertions"]["operations"] == []


def test_a_plan_adds_projections_to_what_its_run_asserts(bench, tenant, follow):
    """One entity that a run asserts and a document stands for is shown once; applied, it comes about so."""
    customer = {"entity_type": "customer", "entity_key": "7", "properties": {"tier": "gold"}}
    plan = observed(bench, tenant, Assert("write", (customer, host("a"))), Say("7", more={"email": "a@b.co"}))
    told = {one["key"]: one for one in plan["entities"]}
    assert set(told) == {"7", "a"}
    assert {one["path"] for one in told["7"]["changes"]} >= {"traits.email", "traits.tier", "class"}
    applied = bench.plans.apply(tenant.org, plan["id"])
    assert applied["refused"] == []
    follow()
    assert traits(bench, tenant) == {"email": "a@b.co", "tier": "gold"}


def test_undoing_a_run_takes_back_what_its_documents_stood_for(bench, tenant, follow):
    """Once the events of that are carried: what it made goes, what it changed is as before, what it retired is back."""
    live(bench, tenant, Say("7", more={"email": "a@b.co"}), Say("9"))
    follow()
    run = live(bench, tenant, Say("7", more={"email": "b@b.co"}), Say("8"), Gone("9"))
    follow()
    assert (traits(bench, tenant)["email"], traits(bench, tenant, "8"), traits(bench, tenant, "9")) == (
        "b@b.co",
        {},
        None,
    )
    report = bench.reverts.revert(tenant.org, run)
    assert (len(report["documents"]), report["entities"], report["left"]) == (3, [], [])
    follow()
    assert traits(bench, tenant) == {"email": "a@b.co"}
    assert (traits(bench, tenant, "8"), traits(bench, tenant, "9")) == (None, {})
