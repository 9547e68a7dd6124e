"""Documents as they were at a time, whatever became of them since."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.runtime.plans.scripted import Gone, Say
from tests.runtime.plans.test_plan_laws import NOON, lived, steps

from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.plans.model import difference


def told(view):
    names = ("version", "versions", "payload", "payload_hash", "source_id", "retired_at", "updated_at", "created_at")
    return {**{name: view[name] for name in names}, "run": view["provenance"]["run"]}


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
    derandomize=True,
)
@given(st.lists(st.lists(steps, max_size=4), min_size=1, max_size=4))
def test_as_of_a_time_everything_reads_as_it_did_then(bench, history):
    """Versions, retirements and revivals, one by one and in a list; before the first there was nothing."""
    tenant = lived(bench, [])
    moments = []
    for run in history:
        tenant.live(*run)
        moments.append((bench.clock.now(), {key: told(one) for key, one in tenant.documents().items()}))
        bench.clock.pass_time(seconds=1)
    for moment, then in moments:
        assert {key: told(one) for key, one in tenant.documents(as_of=moment).items()} == then
        current = bench.library.documents(tenant.org, as_of=moment, limit=10).items
        assert {one["idempotency_key"] for one in current} == {k for k, one in then.items() if not one["retired_at"]}
        for key, one in tenant.documents().items():
            if key in then:
                assert told(bench.library.document(tenant.org, one["id"], as_of=moment)) == then[key]
            else:
                with pytest.raises(NotFoundFailure):
                    bench.library.document(tenant.org, one["id"], as_of=moment)


def test_the_past_is_listed_page_by_page_and_by_what_it_was_then(tenant, bench):
    """Filters and cursors hold for the past as for the present."""
    tenant.live([Say("1"), Say("2"), Say("3")])
    first = bench.clock.now()
    tenant.live([Say("1", "Bea")], Gone("2"))
    second = bench.clock.now()
    bench.clock.pass_time(hours=1)
    tenant.live([Say("1", "Bob"), Say("2"), Say("4")])
    page = bench.library.documents(tenant.org, as_of=first, limit=2)
    rest = bench.library.documents(tenant.org, as_of=first, limit=2, cursor=page.cursor)
    assert [one["idempotency_key"] for one in (*page.items, *rest.items)] == ["k:3", "k:2", "k:1"]
    since = bench.library.documents(tenant.org, as_of=second, updated_since=second, retired=True, limit=9).items
    assert [one["idempotency_key"] for one in since] == ["k:2", "k:1"]
    by_key = bench.library.documents(tenant.org, as_of=second, idempotency_key="k:1", source_id="1", limit=9).items
    assert [one["payload"]["name"] for one in by_key] == ["Bea"]
    assert bench.library.documents(bench.tenant("other").org, as_of=second, limit=9).items == []


def test_what_changed_since_is_listed(tenant, bench):
    """Retired ones if they are asked for."""
    tenant.live([Say("1"), Say("2"), Say("3")])
    bench.clock.pass_time(hours=1)
    since = bench.clock.now()
    tenant.live([Say("1", "Bea"), Say("3")], Gone("2"))
    assert [
        one["idempotency_key"] for one in bench.library.documents(tenant.org, updated_since=since, limit=9).items
    ] == ["k:1"]
    assert set(tenant.documents(updated_since=since)) == {"k:1", "k:2"}


def test_a_document_is_found_by_its_id_or_its_key(tenant, bench):
    """A key that several document types have names none of them."""
    tenant.live(Say("1"))
    one = tenant.documents()["k:1"]["id"]
    assert bench.library.find(tenant.org, one) == bench.library.find(tenant.org, "k:1") == one
    for nobody in ("k:9", f"{one[:-1]}{'0' if one[-1] != '0' else '1'}"):
        with pytest.raises(NotFoundFailure):
            bench.library.find(tenant.org, nobody)
    other = bench.tenant("other")
    with pytest.raises(NotFoundFailure):
        bench.library.find(other.org, one)
    second = bench.tenant(connection="second")
    second.live(Say("1"))
    with pytest.raises(UsageFailure) as failure:
        bench.library.find(tenant.org, "k:1")
    assert failure.value.code == "ambiguous_key"
    assert one in failure.value.message


def test_two_versions_differ_field_by_field(tenant, bench):
    """The newest and the one before, unless others are named; the first differs from nothing."""
    tenant.live(Say("1", more={"tax_ids": ["a"]}), None, Say("1", "Bea"), None, Say("1", "Bob"))
    versions = bench.library.versions(tenant.org, tenant.documents()["k:1"]["id"])
    newest = difference(versions)
    assert (newest["before"], newest["after"]) == (2, 3)
    assert newest["changes"] == [{"path": "name", "before": "Bea", "after": "Bob"}]
    assert {one["path"] for one in difference(versions, 1, 3)["changes"]} == {"name", "tax_ids"}
    assert difference(versions, 3, 3)["changes"] == []
    first = difference(versions, after=1)
    assert first["before"] == 0
    assert {"path": "name", "before": None, "after": "Ada"} in first["changes"]
    with pytest.raises(NotFoundFailure, match="no version 4"):
        difference(versions, after=4)


def test_a_superseded_version_was_never_current(tenant, bench):
    """Neither when it came nor later."""
    tenant.live(Say("1", time=NOON))
    tenant.live(Say("1", "Old", time=NOON - timedelta(hours=1)))
    then = tenant.documents(as_of=datetime(9000, 1, 1, tzinfo=UTC))["k:1"]
    assert (then["version"], then["versions"], then["payload"]["name"]) == (1, 2, "Ada")
