"""From an observed run of a connector to its plan applied, its run undone, and the chain told: typed, and by HTTP."""

import json

import orjson
import pytest
from tests.runtime.api.conftest import Caller
from tests.serving import app_over

from levada_runtime.cli import run as typed
from levada_runtime.daemon.api import api_services
from levada_runtime.runs.ticks import Due

PIPELINE = """
pipeline: balances
sources: [{ type: document.created, match: customer }]
actions:
  - transform: { body: { id: $event.payload.customer_id, at: $event.received_at, run: $event.provenance.run } }
destinations:
  - webhook.out: { url: "https://crm.example.test/customers" }
"""


@pytest.fixture
def connection(installation):
    return installation.connections.get(installation.org, "acme")


@pytest.fixture
def plan(installation, connection):
    observed = installation.runs.observe(installation.org, connection, "customers", lambda _run: None)
    return installation.run_library.plan(installation.org, observed.plan_id)


@pytest.fixture
def runtime(installation, capsys):
    """Returns what runs a command over the same store, and gives its exit code and its JSON, or what it prints."""

    def call(*words, as_json=True):
        place = ["--data-dir", str(installation.settings.data_dir)]
        place += ["--database-url", str(installation.settings.database_url)]
        code = typed([*words, *place, *(["--json"] if as_json else [])])
        out = capsys.readouterr()
        return code, json.loads(out.out) if as_json else out.out + out.err

    return call


@pytest.fixture
def api(installation):
    app = app_over(api_services(installation, lambda: {"ready": False, "executor": {"workers": 0}}))
    return Caller(app, installation.keys.issue(installation.org, "admin", ["admin"])[1])


def live(installation, connection, stream="customers"):
    return installation.foreground.run(connection, stream, lambda _run: None, lambda: None)


def payloads(installation):
    found = installation.library.documents(installation.org, limit=10_000).items
    return {one["idempotency_key"]: (one["payload"], one["payload_hash"]) for one in found}


@pytest.mark.databases("sqlite")
def test_what_is_applied_is_what_a_live_run_would_have_brought(installation, connection, plan, runtime, tmp_path):
    """From a file, to the last byte; the live run afterwards finds nothing to change."""
    file = tmp_path / "plan.json"
    file.write_bytes(orjson.dumps(plan))
    code, answer = runtime("apply", str(file))
    assert (code, answer["result"]["applied"], answer["result"]["counts"]["created"]) == (0, True, 450)
    applied = payloads(installation)
    run = live(installation, connection)
    assert (run.counts["unchanged"], run.counts["created"], run.counts["updated"]) == (450, 0, 0)
    assert payloads(installation) == applied
    code, answer = runtime("apply", plan["id"])
    assert (code, answer["result"]["applied"]) == (0, False)
    assert "was applied before" in runtime("apply", plan["id"], as_json=False)[1]


@pytest.mark.databases("sqlite")
def test_commands_refuse_with_the_names_of_what_moved(installation, connection, plan, runtime, tmp_path):
    """Exit code 1 and nothing written; with --partial 4, and the rest written; a file may hold less than its plan."""
    other = installation.runs.observe(installation.org, connection, "customers", lambda _run: None)
    first, second, *_ = plan["documents"]
    file = tmp_path / "plan.json"
    file.write_bytes(orjson.dumps({**plan, "documents": [first, second]}))
    assert runtime("apply", str(file))[1]["result"]["counts"]["created"] == 2
    code, answer = runtime("apply", str(other.plan_id))
    assert (code, answer["error"]["code"]) == (1, "plan_moved")
    moved = {one["idempotency_key"] for one in (first, second)}
    assert {one["idempotency_key"] for one in answer["error"]["details"]["refused"]} == moved
    assert len(payloads(installation)) == 2
    code, said = runtime("apply", str(other.plan_id), "--partial", as_json=False)
    assert code == 4
    assert all(key in said for key in moved)
    assert len(payloads(installation)) == 450
    code, said = runtime("apply", "nowhere", as_json=False)
    assert code == 2
    assert "there is no plan 'nowhere'" in said
    file.write_text("[]")
    assert runtime("apply", str(file))[0] == 2


@pytest.mark.databases("sqlite")
def test_a_run_is_undone_as_typed_and_the_history_stays(installation, connection, runtime):
    """Every document is gone again, with two versions in between; the run that did it says whose undoing it is."""
    run = live(installation, connection)
    code, answer = runtime("runs", "revert", run.id)
    assert (code, answer["result"]["counts"]["retired"], answer["result"]["left"]) == (0, 450, [])
    assert payloads(installation) == {}
    by = answer["result"]["reverted_by"]
    assert runtime("runs", "show", by)[1]["result"]["reverts"] == run.id
    assert [one["mode"] for one in runtime("runs", "list")[1]["result"]["items"]] == ["revert", "poll"]
    code, said = runtime("runs", "revert", run.id, as_json=False)
    assert code == 4
    assert f"nothing of the run {run.id} is left to undo" in said
    assert runtime("runs", "revert", by)[0] == 0
    assert len(payloads(installation)) == 450


def test_a_document_is_traced_to_the_very_request_it_came_by(installation, connection, source):
    """Each page of the source is a request, and a page of records that names it."""
    run = live(installation, connection)
    exchanges = installation.run_library.exchanges(installation.org, run.id)
    assert len(exchanges) > 2
    told = set()
    for one in installation.library.documents(installation.org, limit=10_000).items:
        chain = installation.why.document(installation.org, one["id"])
        assert (chain["run"]["id"], chain["exchange"]["ordinal"]) == (run.id, one["provenance"]["exchange"])
        told.add(chain["exchange"]["ordinal"])
        assert exchanges[chain["exchange"]["ordinal"] - 1]["url"] == chain["exchange"]["url"]
    assert told == set(range(1, len(exchanges) + 1))
    assert (chain["connector"]["key"], chain["tick"], chain["receipt"], chain["plan"]) == ("acme", None, None, None)


@pytest.mark.databases("sqlite")
def test_the_exchanges_of_a_second_attempt_are_counted_on(installation, connection):
    """A document of either attempt is led to its own request."""
    run = installation.queue.by_hand(connection, "customers", reserved_for=installation.work.owner)
    for draining in (True, False):
        installation.draining.set() if draining else installation.draining.clear()
        token = installation.work.claim_next(run.org_id, run.connection_id, "stream:customers")
        installation.runs.execute(token)
    exchanges = installation.run_library.exchanges(installation.org, run.id)
    told = {}
    for one in installation.library.documents(installation.org, limit=10_000).items:
        chain = installation.why.document(installation.org, one["id"])
        told.setdefault(chain["page"]["attempt"], set()).add(chain["exchange"]["ordinal"])
        assert exchanges[chain["exchange"]["ordinal"] - 1]["at"] <= chain["page"]["committed_at"]
    assert told == {1: {1}, 2: set(range(2, len(exchanges) + 1))}


@pytest.mark.databases("sqlite")
def test_the_chain_goes_through_a_plan_a_retirement_and_a_scheduled_moment(installation, connection, plan, runtime):
    """To the run that observed, to the run that undid, to the moment that was due."""
    runtime("apply", plan["id"])
    key, *_ = payloads(installation)
    chain = runtime("why", "document", key)[1]["result"]
    assert (chain["run"]["mode"], chain["plan"]["id"]) == ("apply", plan["id"])
    assert chain["plan"]["observed_by"]["id"] == plan["run"]
    undone = runtime("runs", "revert", chain["run"]["id"])[1]["result"]
    chain = runtime("why", "document", key)[1]["result"]
    assert (chain["run"]["mode"], chain["turned"]["run"]["id"]) == ("apply", undone["reverted_by"])
    assert chain["turned"]["to"] == "retired"
    assert chain["turned"]["run"]["reverts"] == chain["run"]["id"]
    said = runtime("why", "document", key, as_json=False)[1]
    assert "↓ plan" in said
    assert "↓ retired" in said
    now = installation.clock.now()
    streams = {one.stream: one for one in installation.connections.streams(connection)}
    (run,) = installation.queue.tick([Due(streams["customers"], now)])
    assert run is not None
    installation.runs.execute(installation.work.claim_next(run.org_id, run.connection_id, "stream:customers"))
    chain = runtime("why", "document", key)[1]["result"]
    assert (chain["run"]["mode"], chain["turned"]["to"]) == ("apply", "revived")
    assert chain["turned"]["tick"]["scheduled_for"] == now.isoformat()
    assert chain["turned"]["exchange"]["method"] == "GET"
    assert runtime("why", "document", "nobody")[0] == 2


@pytest.mark.databases("sqlite")
def test_an_entity_tells_who_says_what_of_it(installation, runtime):
    """Of each part the latest assertion, and who says otherwise."""
    org = installation.org.id
    installation.graph.upsert(org, "sync:crm", "user", "ada", {"plan": "free", "city": "Bern"})
    installation.graph.upsert(org, "rest", "user", "ada", {"plan": "pro"})
    told = runtime("why", "entity", "user", "ada")[1]["result"]
    parts = {one["part"]: one for one in told["parts"]}
    assert (parts["traits.plan"]["value"], parts["traits.plan"]["source"]) == ("pro", "rest")
    assert [(one["source"], one["value"]) for one in parts["traits.plan"]["conflicts"]] == [("sync:crm", "free")]
    assert parts["traits.city"]["conflicts"] == []
    assert {one["source"] for one in told["claims"]} == {"sync:crm", "rest"}
    only = runtime("why", "entity", "user", "ada", "--trait", "city")[1]["result"]["parts"]
    assert [one["value"] for one in only] == ["Bern"]
    assert runtime("why", "entity", "user", "eve")[0] == 2


def test_deliveries_that_differ_from_the_plan_are_told(installation, connection):
    """What the pipelines of now would send and those of then would not, and the other way round; nothing else."""
    installation.pipelines.deploy(installation.org, PIPELINE, "balances.yaml")
    observed = installation.runs.observe(installation.org, connection, "customers", lambda _run: None)
    again = installation.runs.observe(installation.org, connection, "customers", lambda _run: None)
    result = installation.plans.apply(installation.org, observed.plan_id)
    assert result["deliveries"] == {"added": [], "missing": []}
    installation.reverts.revert(installation.org, result["run"])
    installation.pipelines.deploy(installation.org, PIPELINE.replace("/customers", "/people"), "balances.yaml")
    revived = installation.runs.observe(installation.org, connection, "customers", lambda _run: None)
    assert installation.plans.apply(installation.org, revived.plan_id)["deliveries"] == {"added": [], "missing": []}
    with pytest.raises(Exception, match="cannot be applied as it is"):
        installation.plans.apply(installation.org, again.plan_id)


def test_what_other_pipelines_would_send_is_told(installation, connection):
    """By the plan one address, by now another."""
    installation.pipelines.deploy(installation.org, PIPELINE, "balances.yaml")
    observed = installation.runs.observe(installation.org, connection, "customers", lambda _run: None)
    installation.pipelines.deploy(installation.org, PIPELINE.replace("/customers", "/people"), "balances.yaml")
    differences = installation.plans.apply(installation.org, observed.plan_id)["deliveries"]
    for what, path in (("added", "people"), ("missing", "customers")):
        assert {one["destination"] for one in differences[what]} == {f"https://crm.example.test/{path}"}
        assert len(differences[what]) == 450


def test_plans_are_listed_applied_and_undone_over_http(installation, connection, plan, api):
    """With the names of what moved as a conflict; the second time nothing is done."""
    listed = api.get("/v1/plans").body["data"]
    assert [(one["id"], one["applied_at"], one["summary"]["created"]) for one in listed] == [(plan["id"], None, 450)]
    applied = api.post(f"/v1/plans/{plan['id']}/apply").body["data"]
    assert (applied["applied"], applied["counts"]["created"]) == (True, 450)
    assert api.post(f"/v1/plans/{plan['id']}/apply?partial=true").body["data"]["applied"] is False
    assert api.get(f"/v1/plans/{plan['id']}").body["data"]["applied_by"] == applied["run"]
    undone = api.post(f"/v1/runs/{applied['run']}/revert")
    assert (undone.status, len(undone.body["data"]["documents"])) == (200, 450)
    assert api.post("/v1/plans/nowhere/apply").status == 404
    assert api.post(f"/v1/runs/{plan['run']}/revert").status == 422
    fresh = installation.runs.observe(installation.org, connection, "customers", lambda _run: None)
    live(installation, connection)
    moved = api.post(f"/v1/plans/{fresh.plan_id}/apply")
    assert (moved.status, moved.body["code"], len(moved.body["details"])) == (409, "plan_moved", 450)


def test_documents_are_read_over_http_as_they_were(api):
    """Filters, a time, versions and what differs between two."""
    first = api.post("/v1/customers", {"customer_id": "1", "name": "Ada"}).body["data"]
    then = first["updated_at"]
    api.post("/v1/customers", {"customer_id": "1", "name": "Bea"})
    api.post("/v1/customers", {"customer_id": "2", "name": "Eve"})
    place, moment = f"/v1/customers/{first['id']}", then.replace("+", "%2B")
    assert api.get(f"{place}?as_of={moment}").body["data"]["payload"]["name"] == "Ada"
    assert api.get(f"{place}?as_of=2020-01-01T00:00:00Z").status == 404
    assert [one["payload"]["name"] for one in api.get(f"/v1/customers?as_of={moment}").body["data"]] == ["Ada"]
    assert len(api.get("/v1/customers?updated_since=2020-01-01T00:00:00Z").body["data"]) == 2
    assert api.get("/v1/customers?updated_since=2999-01-01T00:00:00Z").body["data"] == []
    assert [one["version"] for one in api.get(f"{place}/versions").body["data"]] == [2, 1]
    difference = api.get(f"{place}/diff").body["data"]
    assert difference == {"before": 1, "after": 2, "changes": [{"path": "name", "before": "Ada", "after": "Bea"}]}
    assert api.get(f"{place}/diff?before=0&after=1").body["data"]["before"] == 0
    assert api.get(f"{place}/diff?after=9").status == 404
    for wrong in ("as_of=yesterday", "as_of=2026-03-01T12:00:00", "as_of=0001-01-01T00:00:00%2B14:00"):
        assert api.get(f"{place}?{wrong}").status == 422, wrong
    assert api.get(f"{place}/diff?before=-1").status == 422


@pytest.mark.databases("sqlite")
def test_documents_are_read_as_typed_as_they_were(installation, connection, runtime):
    """By id or key; a moment as a time or as how long ago."""
    live(installation, connection)
    listed = runtime("documents", "list", "--type", "customer", "--limit", "2")[1]["result"]["items"]
    key = listed[0]["idempotency_key"]
    assert runtime("documents", "show", key)[1]["result"]["id"] == listed[0]["id"]
    assert runtime("documents", "versions", key)[1]["result"]["items"][0]["version"] == 1
    assert runtime("documents", "diff", key)[1]["result"]["before"] == 0
    assert runtime("documents", "show", key, "--as-of", "2h")[0] == 2
    assert runtime("documents", "list", "--as-of", "2h")[1]["result"]["items"] == []
    assert len(runtime("documents", "list", "--updated-since", "2h")[1]["result"]["items"]) == 450
    assert runtime("documents", "list", "--as-of", "lately")[0] == 2
