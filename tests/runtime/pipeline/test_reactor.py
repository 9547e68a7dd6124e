"""Events through pipelines, over a real store: once, in order, and whatever befalls a worker."""

import json
from dataclasses import replace

import pytest
from tests.runtime.ingest.bench import ORIGIN as CUSTOMERS
from tests.runtime.pipeline.signups import SIGNUPS, person

from levada import Draft
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.foundation.ids import read_event, spell_event
from levada_runtime.ingest.service import Ingest
from levada_runtime.pipeline.reactor import _move
from levada_runtime.store.pipelines_model import PipelineVersionRow
from levada_runtime.work.service import StaleClaimError

FAILING = """
pipeline: failing
sources: [{ type: sdk.event }]
actions:
  - upsert.entity: { kind: user, external_id: $event.payload.email, traits: { seen: true } }
  - upsert.entity: { kind: account, external_id: $event.payload.account, traits: { seen: true } }
destinations:
  - log: {}
"""


def upserts(name, source, kind, key="$event.payload.external_id"):
    """Return a pipeline that makes an entity of `kind` about whatever comes from `source`."""
    return f"""
pipeline: {name}
sources: [{source}]
actions:
  - upsert.entity: {{ kind: {kind}, external_id: {key}, traits: {{ by: $pipeline.name, at: $event.id }} }}
"""


def users(plant, kind="user", org=None):
    items, _ = plant.graph.list((org or plant.org).id, kind=kind, limit=500)
    return sorted(items, key=lambda entity: entity.external_id)


def test_an_event_becomes_an_entity_and_a_delivery(plant):
    """The body carries what the entity holds by then; who caused the entity's event stands in it."""
    plant.deploy(SIGNUPS)
    (event_id,) = plant.send(person())
    for token in plant.claim()["pipeline"]:
        plant.reactor.execute(token)
    (row,) = plant.rows()
    assert json.loads(row.body) == {"email": "p1@acme.co", "plan": "growth", "country": "PT"}
    assert (row.state, row.subject, row.pipeline_version) == ("pending", "entity:user:p1@acme.co", 1)
    assert (row.target, spell_event(row.connection_id, row.event_id)) == ("https://crm.example.test/accounts", event_id)
    (user,) = users(plant)
    assert user.traits == {
        "name": "P 1",
        "plan": "growth",
        "country": "PT",
        "signed_up_at": "2026-03-01T12:00:00.000Z",
    }
    (created,) = plant.events("entity.created")
    assert created.cause == {"event": event_id, "pipelines": ["signups"], "depth": 1}
    assert plant.figures("signups") == {"events": 1, "upserted": 1, "deliveries": 1}


def test_a_worker_killed_between_two_transactions_loses_and_doubles_nothing(plant):
    """The next one goes on where the last commit was; the first one, should it wake, changes nothing."""
    plant.deploy(SIGNUPS)
    plant.send(*[person(number) for number in range(120)])
    (stale,) = plant.claim()["pipeline"]
    assert plant.reactor._advance(stale)
    assert len(plant.rows()) == 50
    plant.lose_workers()
    (token,) = plant.claim()["pipeline"]
    assert not plant.reactor._advance(stale)
    plant.reactor.execute(token)
    plant.reactor.execute(token)
    plant.reactor.execute(stale)
    rows = plant.rows()
    assert [json.loads(row.body)["email"] for row in rows] == [f"p{number}@acme.co" for number in range(120)]
    assert len({row.event_id for row in rows}) == len(rows) == len(users(plant)) == 120
    assert len(plant.events("entity.created")) == 120
    assert plant.figures("signups")["events"] == 120


def test_a_worker_that_was_given_up_in_the_middle_writes_nothing(plant):
    """It finds out in the very transaction in which it would have written."""
    plant.deploy(SIGNUPS)
    plant.send(person())
    (stale,) = plant.claim()["pipeline"]

    with plant.store.read() as uow:
        work = uow.work.get(stale[0])
        events = uow.events.between(plant.org.id, 0, work.payload["first"], work.payload["last"], 50)
    plant.lose_workers()
    (token,) = plant.claim()["pipeline"]
    with pytest.raises(StaleClaimError), plant.store.write() as uow:
        _move(uow, stale, work, events, done=True)
    assert plant.rows() == []
    plant.reactor.execute(token)
    assert len(plant.rows()) == 1


def test_a_failure_in_the_middle_of_a_transaction_leaves_nothing_of_it(plant, monkeypatch):
    """Events are put back whole, and carried a little later."""
    plant.deploy(SIGNUPS)
    plant.send(*[person(number) for number in range(3)])
    (token,) = plant.claim()["pipeline"]
    with monkeypatch.context() as broken:
        broken.setattr("levada_runtime.pipeline.reactor._write_tally", lambda *_: 1 / 0)
        plant.reactor.execute(token)
    assert (plant.rows(), users(plant), plant.figures("signups")) == ([], [], {})
    assert plant.claim()["pipeline"] == []
    plant.clock.pass_time(seconds=5)
    for token in plant.claim()["pipeline"]:
        plant.reactor.execute(token)
    assert len(plant.rows()) == len(users(plant)) == 3


def test_a_pipeline_that_fails_keeps_nothing_and_stops_nobody(plant):
    """Its reason is kept for the operator, once however often it came; the others run on every event."""
    plant.deploy(SIGNUPS)
    plant.deploy(FAILING)
    ids = plant.send(*[{**person(number), "account": f"a{number}" if number == 2 else None} for number in range(4)])
    plant.work()
    assert plant.figures("signups")["events"] == 4
    assert plant.figures("failing") == {"events": 4, "failed": 3, "upserted": 2, "deliveries": 1, "delivered": 1}
    (failure,) = plant.pipelines.get(plant.org, "failing")["failures"]
    assert (failure["times"], failure["event"], failure["version"]) == (3, ids[3], 1)
    assert "external_id" in failure["reason"]
    assert [("seen" in user.traits) for user in users(plant)] == [False, False, True, False]
    assert [account.external_id for account in users(plant, "account")] == ["a2"]


def test_no_pipeline_runs_on_what_it_caused_itself(plant):
    """Not on its own entity's event, whatever its sources say."""
    plant.deploy(upserts("own", "{ type: sdk.event }, { type: entity.* }", "user", "$event.id"))
    plant.send(person())
    plant.work()
    assert len(users(plant)) == 1
    assert plant.figures("own") == {"events": 1, "upserted": 1, "looped": 1}


def test_no_pipeline_runs_on_what_it_caused_through_others(plant):
    """Two pipelines that answer one another stop after one turn each."""
    plant.deploy(upserts("ping", "{ type: sdk.event }, { type: entity.*, match: b }", "a", "$event.id"))
    plant.deploy(upserts("pong", "{ type: entity.*, match: a }", "b", "$event.id"))
    plant.send(person())
    plant.work()
    assert (len(users(plant, "a")), len(users(plant, "b"))) == (1, 1)
    assert plant.figures("ping") == {"events": 1, "upserted": 1, "looped": 1}
    assert plant.figures("pong") == {"events": 1, "upserted": 1}
    (second,) = [event for event in plant.events("entity.created") if event.type == "b"]
    assert (second.cause["pipelines"], second.cause["depth"]) == (["ping", "pong"], 2)


def test_a_chain_stops_after_eight_and_says_so_in_its_last_event(plant):
    """Ten pipelines, each running on what the one before it made: the eighth one's entity is the last."""
    plant.deploy(upserts("p0", "{ type: sdk.event }", "k0", "$event.id"))
    for number in range(1, 10):
        source = f"{{ type: entity.created, match: k{number - 1} }}"
        plant.deploy(upserts(f"p{number}", source, f"k{number}"))
    plant.send(person())
    plant.work()
    made = plant.events("entity.created")
    assert [event.type for event in made] == [f"k{number}" for number in range(8)]
    assert [event.cause["depth"] for event in made] == list(range(1, 9))
    assert [event.cause.get("stopped", False) for event in made] == [False] * 7 + [True]
    assert plant.figures("p8") == {"stopped": 1}
    assert plant.figures("p9") == {}


def test_a_delivery_that_can_never_be_sent_is_dropped_and_told_of(plant):
    """Whoever listens for dead deliveries runs, the pipeline that made it does not; there is nothing to send again."""
    plant.deploy("""
pipeline: holes
sources: [{ type: sdk.event }, { type: delivery.dead }]
destinations:
  - webhook.out: { url: "https://crm.example.test/$event.payload.missing" }
  - log: {}
""")
    plant.deploy(upserts("alert", "{ type: delivery.dead, match: holes }", "alert", "$event.payload.id"))
    plant.send(person())
    plant.work()
    dropped, sent = plant.rows()
    assert (dropped.state, dropped.attempts, sent.state) == ("dropped", 0, "delivered")
    assert "missing" in dropped.reason
    assert [alert.external_id for alert in users(plant, "alert")] == [dropped.uid]
    assert plant.figures("holes") == {"events": 1, "deliveries": 2, "unrendered": 1, "delivered": 1, "looped": 1}
    with pytest.raises(UsageFailure, match="dropped"):
        plant.deliveries.replay(plant.org, dropped.uid)


def test_figures_tell_what_was_dropped_and_what_was_missed(plant):
    """A filter that lets nothing through, an entity that is not there."""
    plant.deploy("""
pipeline: figures
sources: [{ type: sdk.event }]
actions:
  - enrich.entity: { kind: user, external_id: $event.payload.email }
  - filter: { where: $event.payload.name == "P 2" }
destinations: [{ log: {} }]
""")
    plant.graph.upsert(plant.org.id, "rest", "user", "p1@acme.co", {"plan": "free"})
    plant.send(person(1), person(2))
    plant.work()
    assert plant.figures("figures") == {
        "events": 2,
        "dropped": 1,
        "enriched": 1,
        "missed": 1,
        "deliveries": 1,
        "delivered": 1,
    }


def test_drafts_and_paused_pipelines_let_events_pass(plant):
    """A draft runs once it is deployed or resumed; what came before is not carried again."""
    draft = plant.deploy(SIGNUPS, draft=True)
    plant.deploy(upserts("other", "{ type: sdk.event }", "other", "$event.id"))
    plant.send(person(1))
    plant.work()
    assert (draft["state"], plant.rows()) == ("draft", [])
    assert plant.deploy(SIGNUPS)["state"] == "active"
    plant.pipelines.pause(plant.org, "signups")
    plant.send(person(2))
    plant.work()
    assert plant.rows() == []
    plant.pipelines.resume(plant.org, "signups")
    plant.send(person(3))
    plant.work()
    assert [json.loads(row.body)["email"] for row in plant.rows()] == ["p3@acme.co"]


def test_a_deployment_is_a_new_version_and_what_is_in_flight_ends_on_its_own(plant, hook, receiver):
    """The same text is none; a paused pipeline stays paused; the old version's delivery goes where it was to go."""
    receiver.answers = [500]
    assert plant.deploy(hook())["version"] == 1
    plant.send(person(1))
    plant.work()
    again = plant.deploy(hook())
    assert (again["version"], again["changed"]) == (1, False)
    moved = plant.deploy(hook().replace("/forward", "/moved"))
    assert (moved["version"], moved["changed"], [one["version"] for one in moved["versions"]]) == (2, True, [2, 1])
    plant.send(person(2))
    plant.work()
    plant.wait(seconds=30)
    assert [path for path, *_ in receiver.requests] == ["/forward", "/moved", "/forward"]
    assert [row.pipeline_version for row in plant.rows()] == [1, 2]
    plant.pipelines.pause(plant.org, "forward")
    assert plant.deploy(hook())["state"] == "paused"


def test_another_organisations_events_and_pipelines_are_its_own(plant):
    """The same name, the same kind, the same key: nothing meets."""
    plant.deploy(SIGNUPS)
    plant.deploy(SIGNUPS.replace("country: $entity.user.country", "other: true"), org=plant.other)
    plant.send(person(1))
    plant.send(person(1), person(2), org=plant.other)
    plant.work()
    assert (len(plant.rows()), len(plant.rows(plant.other))) == (1, 2)
    assert (len(users(plant)), len(users(plant, org=plant.other))) == (1, 2)
    assert json.loads(plant.rows(plant.other)[0].body) == {"email": "p1@acme.co", "plan": "growth", "other": True}
    assert plant.figures("signups", plant.other)["events"] == 2
    assert plant.figures("signups")["events"] == 1


def test_a_definition_that_cannot_be_read_any_more_is_a_failure_of_its_own(plant):
    """The runtime may have been taken back to an older version; the others run on."""
    plant.deploy(SIGNUPS)
    plant.deploy(FAILING.replace("failing", "newer"))
    with plant.store.write() as uow:
        row = uow.pipelines.get(plant.org.id, "newer")
        text = "pipeline: newer\nfrom: the future\n"
        uow.pipelines.add_version(PipelineVersionRow(plant.org.id, "newer", 2, text, plant.clock.now()))
        uow.pipelines.change(row, plant.clock.now(), version=2)
    plant.send(person())
    plant.work()
    (failure,) = plant.pipelines.get(plant.org, "newer")["failures"]
    assert "cannot be read any more" in failure["reason"]
    assert plant.figures("signups")["events"] == 1


ORIGIN = replace(CUSTOMERS, org_id=7)


def ingest(plant, *drafts):
    page = Ingest(plant.store, Registry(), ORIGIN)
    made = [
        Draft(
            payload=json.dumps({"customer_id": key, "name": name}).encode(),
            idempotency_key=f"c:{key}",
            source_id=key,
            source_time=None,
            failure=None,
            source_id_fixed=False,
        )
        for key, name in drafts
    ]
    page.emit(0, "customers", "customer", made, continue_on_error=True, last=True)
    with plant.store.write() as uow:
        page.write(uow, plant.clock.now())


def test_a_document_event_carries_its_own_versions_payload(plant):
    """Two versions in one batch: each event tells of its own, and of where it came from."""
    plant.deploy("pipeline: documents\ndestinations: [{ log: {} }]\n")
    ingest(plant, ("1", "Ann"), ("2", "Ben"))
    ingest(plant, ("1", "Anne"))
    plant.work()
    bodies = [json.loads(row.body) for row in plant.rows()]
    assert [(one["source"], one["type"], one["payload"]["name"]) for one in bodies] == [
        ("document.created", "customer", "Ann"),
        ("document.created", "customer", "Ben"),
        ("document.updated", "customer", "Anne"),
    ]
    assert [(one["document"]["version"], one["document"]["previous"]) for one in bodies] == [
        (1, None),
        (1, None),
        (2, 1),
    ]
    assert bodies[0]["document"]["id"] == bodies[2]["document"]["id"]
    assert all(read_event(one["id"])[0] == 2 for one in bodies)
    told = bodies[0]["provenance"]
    assert (told["connector"], told["stream"], told["run"], told["idempotency_key"]) == (
        "acme",
        "customers",
        "run-1",
        "c:1",
    )
    first, _, third = plant.rows()
    assert first.subject == third.subject
    assert {row.state for row in plant.rows()} == {"delivered"}
