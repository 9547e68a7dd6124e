"""Two laws over random histories: a plan applied is the run carried out, and a run undone never was."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.runtime.plans.scripted import Gone, Say, host, runs_on, sync, write

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UID = "00000000-0000-4000-8000-000000000001"
NUMBERS = itertools.count()

keys = st.sampled_from(["1", "2", "3"])
times = st.one_of(st.none(), st.integers(0, 3).map(lambda hours: NOON + timedelta(hours=hours)))
sayings = st.builds(Say, keys, st.sampled_from(["Ada", "Bea"]), times)
hosts = st.builds(host, st.sampled_from(["a", "b", "c"]), x=st.integers(0, 1))


@st.composite
def assertions(draw):
    said = {one["entity_key"]: one for one in draw(st.lists(hosts, max_size=3))}
    ends = (
        draw(st.lists(st.tuples(st.sampled_from(sorted(said)), st.sampled_from(sorted(said))), max_size=2))
        if said
        else []
    )
    edges = [runs_on(*one, n=draw(st.integers(0, 1))) for one in sorted(set(ends))]
    if draw(st.booleans()):
        return write(*said.values(), relationships=edges)
    return sync(*said.values(), relationships=edges, scope=draw(st.sampled_from([None, "eu"])))


steps = st.one_of(
    st.lists(sayings, min_size=1, max_size=4),
    st.builds(Gone, keys, times),
    assertions(),
    st.none(),
)
histories = st.lists(st.tuples(st.sampled_from(["customers", "others"]), st.lists(steps, max_size=4)), max_size=3)
laws = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
    derandomize=True,
)


def lived(bench, history):
    """Return an organisation with this behind it; its connection is the same as everybody else's."""
    tenant = bench.tenant(f"org-{next(NUMBERS)}", UID)
    for stream, run in history:
        tenant.live(*run, stream=stream)
    return tenant


def standing(tenant):
    """Return what is current, in documents and in the graph, with every claim as it stands."""
    documents = {
        key: (one["payload"], one["source_id"]) for key, one in tenant.documents().items() if not one["retired_at"]
    }
    claims = tenant.rows(
        "SELECT source, entity_id, class, display_name, traits, stamp, asserted FROM entity_claims WHERE org_id = {org}"
        " ORDER BY source, entity_id"
    )
    return documents, tenant.hosts(), tenant.edges(), claims


@laws
@given(histories, st.lists(steps, min_size=1, max_size=6))
def test_a_plan_applied_equals_the_run_carried_out(bench, history, run):
    """In every document, version, event, entity, relationship and claim."""
    live, planned = lived(bench, history), lived(bench, history)
    before = planned.state()
    live.live(*run)
    plan = planned.observe(*run)
    assert planned.state() == before
    result = planned.apply(plan)
    assert planned.state() == live.state()
    assert (result["applied"], result["refused"]) == (True, [])
    assert planned.apply(plan)["applied"] is False
    assert planned.state() == live.state()


@laws
@given(histories, st.lists(steps, min_size=1, max_size=6))
def test_a_run_undone_leaves_everything_as_before_it_and_undoing_that_as_after_it(bench, history, run):
    """Whatever it did, in however many pages."""
    tenant = lived(bench, history)
    before = standing(tenant)
    done = tenant.live(*run)
    after = standing(tenant)
    result = tenant.revert(done)
    assert result["left"] == []
    assert standing(tenant) == before
    if result["reverted_by"] is not None:
        assert tenant.revert(result["reverted_by"])["left"] == []
    assert standing(tenant) == after
