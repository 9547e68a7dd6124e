"""A plan that is applied while others write: whoever comes second is told, and nothing is written twice."""

import threading
from datetime import UTC, datetime

import pytest
from tests.runtime.plans.scripted import Say, host, sync

from levada_runtime.ingest.gates import Problem
from levada_runtime.ingest.reasons import Reason
from levada_runtime.plans.apply import PlanMovedFailure, Plans

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def refused(failure):
    return [(one.get("idempotency_key") or one.get("key"), one["reason"]) for one in failure.details["refused"]]


def test_of_many_that_apply_one_plan_at_once_one_does(tenant):
    """The others are told that it was done."""
    plan = tenant.observe([Say(str(number)) for number in range(20)], sync(host("a")))
    results, start = [], threading.Barrier(4)

    def apply():
        start.wait()
        results.append(tenant.apply(plan)["applied"])

    threads = [threading.Thread(target=apply) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, False, False, True]
    assert tenant.rows("SELECT count(*) FROM versions WHERE org_id = {org}") == [(20,)]


def test_a_plan_that_is_applied_while_another_looks_at_it_is_told_as_applied(tenant, monkeypatch):
    """What has moved then is what it did itself."""
    plan = tenant.observe(Say("1"))
    plans, first = tenant.bench.plans, []

    def racing(subject, *rest, **more):
        if not first:
            first.append(None)
            first.append(tenant.apply(plan)["run"])
        return type(plans)._prepared(plans, subject, *rest, **more)

    monkeypatch.setattr(plans, "_prepared", racing)
    result = tenant.apply(plan)
    assert (result["applied"], result["run"]) == (False, first[1])


def test_a_live_run_that_commits_while_a_plan_is_applied_is_seen(tenant, monkeypatch):
    """Between what was decided and what is written nothing is lost: what it changed is refused."""
    tenant.live([Say("1"), Say("2")])
    plan = tenant.observe([Say("1", "Bea"), Say("2", "Eve")])
    live = tenant.attempt([[Say("1", "Bob")]], "customers", observing=False)
    plans, prepared = tenant.bench.plans, []

    def racing(subject, *rest, **more):
        found = type(plans)._prepared(plans, subject, *rest, **more)
        if not prepared:
            tenant.bench.end_live(live)
        prepared.append(found)
        return found

    monkeypatch.setattr(plans, "_prepared", racing)
    with pytest.raises(PlanMovedFailure) as failure:
        tenant.apply(plan)
    assert refused(failure.value) == [("k:1", "moved")]
    assert tenant.names() == {"k:1": "Bob", "k:2": "Ada"}


def test_a_live_run_answered_before_the_plan_was_applied_decides_anew(tenant):
    """What it committed after is decided over what the plan wrote, so no version is lost."""
    tenant.live(Say("1"))
    plan = tenant.observe(Say("1", "Bea"))
    live = tenant.attempt([[Say("1", "Bob")]], "customers", observing=False)
    tenant.apply(plan)
    tenant.bench.end_live(live)
    versions = tenant.bench.library.versions(tenant.org, tenant.documents()["k:1"]["id"])
    assert [one["payload"]["name"] for one in versions] == ["Bob", "Bea", "Ada"]


def test_what_a_gate_refuses_is_refused_by_name(bench, tenant):
    """As it would be of a live run."""

    class Closed:
        def problems(self, _uow, _origin, arrivals):
            return {
                place: Problem(Reason.PERIOD_CLOSED, "the period is closed")
                for place, one in enumerate(arrivals)
                if one.idempotency_key == "k:1"
            }

    plan = tenant.observe([Say("1"), Say("2")])
    plans = Plans(bench.store, bench.clock, bench.registry, bench.graph, bench.connections, [Closed()])
    with pytest.raises(PlanMovedFailure) as failure:
        plans.apply(tenant.org, plan["id"])
    assert refused(failure.value) == [("k:1", "period_closed")]
    plans.apply(tenant.org, plan["id"], partial=True)
    assert tenant.names() == {"k:2": "Ada"}


def test_a_plan_that_gives_documents_the_keys_of_an_accepted_scheme_does_so(bench, tenant):
    """The document stays the one it is, under its new key."""
    tenant.live(Say("1"))
    before = tenant.documents()["k:1"]["id"]
    bench.clock.pass_time(seconds=1)
    with bench.store.write() as uow:
        uow.schemes.accept((tenant.org.id, tenant.connection.id), "customers", "customer", bench.clock.now())
    plan = tenant.observe(Say("1", under="new:1"))
    changed = tenant.observe(Say("1", "Bea", under="new:1"))
    assert tenant.apply(plan)["applied"] is True
    assert {key: one["id"] for key, one in tenant.documents().items()} == {"new:1": before}
    tenant.apply(changed)
    assert tenant.names() == {"new:1": "Bea"}
    assert tenant.documents()["new:1"]["id"] == before
