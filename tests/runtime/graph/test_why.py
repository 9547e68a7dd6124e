"""`why entity`: the source, the run, the time and the document of every part, and who says otherwise."""

from datetime import datetime

import pytest
from tests.runtime.plans.scripted import Assert, Bench, Say, host

from levada_runtime.foundation.errors import NotFoundFailure
from levada_runtime.foundation.ids import spell_document
from levada_runtime.graph.model import REST


@pytest.fixture
def bench(store, clock, tmp_path):
    return Bench(store, clock, tmp_path)


@pytest.fixture
def tenant(bench):
    return bench.tenant()


def ran(bench, tenant, *steps, stream="hosts"):
    """Carry out a live run, and return its id."""
    attempt = bench.attempt(tenant, [*steps, None], stream, observing=False)
    bench.clock.pass_time(seconds=1)
    return bench.end_live(attempt).id


def part(bench, tenant, name, kind="host", key="web-01"):
    told = bench.why.entity(tenant.org, kind, key, name)
    (one,) = told["parts"]
    return one


def test_each_part_names_the_run_that_asserted_it(bench, tenant):
    """A later run that changes another trait has not asserted this one."""
    first = ran(bench, tenant, Assert("sync", (host("web-01", os="linux", cpu=2),)))
    second = ran(bench, tenant, Assert("sync", (host("web-01", os="linux", cpu=4),)))
    source = "connection:acme/hosts"
    os, cpu = part(bench, tenant, "os"), part(bench, tenant, "cpu")
    assert (os["source"], os["run"], os["value"]) == (source, first, "linux")
    assert (cpu["source"], cpu["run"], cpu["value"]) == (source, second, 4)
    assert datetime.fromisoformat(os["asserted_at"]) < datetime.fromisoformat(cpu["asserted_at"])
    (claim,) = bench.why.entity(tenant.org, "host", "web-01")["claims"]
    assert (claim["run"]["id"], claim["document"]) == (second, None)


def test_two_connectors_may_assert_one_entity_and_one_may_leave(bench, tenant):
    """Each trait names its source; what one said alone goes with it, and the other's stays."""
    other = bench.tenant(connection="scanner")
    ran(bench, tenant, Assert("sync", (host("web-01", os="linux"),)))
    ran(bench, other, Assert("sync", (host("web-01", os="Linux 6", risk="high"), host("web-09"))))
    os = part(bench, tenant, "os")
    assert (os["source"], os["value"]) == ("connection:scanner/hosts", "Linux 6")
    assert [(one["source"], one["value"]) for one in os["conflicts"]] == [("connection:acme/hosts", "linux")]
    assert part(bench, tenant, "risk")["conflicts"] == []
    ran(bench, other, Assert("sync", (host("web-09"),)))
    assert part(bench, tenant, "os")["source"] == "connection:acme/hosts"
    with pytest.raises(NotFoundFailure, match="nobody asserts the trait 'risk'"):
        part(bench, tenant, "risk")


def test_an_order_decides_which_saying_counts_here_too(bench, tenant):
    """The order is told along."""
    ran(bench, tenant, Assert("sync", (host("web-01", os="linux"),)))
    bench.graph.upsert(tenant.org.id, REST, "host", "web-01", {"os": "bsd"})
    assert part(bench, tenant, "os")["source"] == "rest"
    bench.graph.priorities.set(tenant.org.id, "host", ["connection:acme/*"])
    told = bench.why.entity(tenant.org, "host", "web-01")
    assert told["priority"] == ["connection:acme/*"]
    os = part(bench, tenant, "os")
    assert (os["value"], os["conflicts"][0]["value"]) == ("linux", "bsd")
    assert bench.graph.find(tenant.org.id, "host", "web-01").traits["os"] == "linux"


def test_a_projection_names_its_document_and_the_run_of_the_version(bench, tenant):
    """Of each trait that version which said it first."""
    org = tenant.org.id
    first = ran(bench, tenant, Say("7", more={"email": "ada@b.co", "phone": "1"}), stream="customers")
    project(bench, tenant)
    second = ran(bench, tenant, Say("7", more={"email": "ada@b.co", "phone": "2"}), stream="customers")
    project(bench, tenant)
    email, phone = (part(bench, tenant, name, "customer", "7") for name in ("email", "phone"))
    assert (email["run"], email["document"]["version"]) == (first, 1)
    assert (phone["run"], phone["document"]["version"]) == (second, 2)
    (claim,) = bench.why.entity(tenant.org, "customer", "7")["claims"]
    document = claim["document"]
    assert claim["source"] == f"document:acme/customer/{document['id']}"
    assert (document["connection"], document["idempotency_key"], document["version"]) == ("acme", "k:7", 2)
    with bench.store.read() as uow:
        (row,) = uow.documents.page_of(org, limit=2)
    assert document["id"] == email["document"]["id"] == spell_document(row.connection_id, row.id)


def test_what_nobody_knows_is_not_there(bench, tenant):
    """By exit code 2 on the command line, and 404 over HTTP."""
    with pytest.raises(NotFoundFailure, match="there is no entity host 'web-02'"):
        bench.why.entity(tenant.org, "host", "web-02")


def project(bench, tenant):
    bench.clock.pass_time(seconds=1)
    with bench.store.write() as uow:
        uow.lock("graph", tenant.org.id)
        found = uow.projections.of_type(tenant.org.id, "customer", None, 0, 10)
        bench.graph.project_all_in(uow, tenant.org.id, found)
