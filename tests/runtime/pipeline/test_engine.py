"""What a pipeline does with one event: the examples of the documentation, and the edges of each step."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.pipeline.cases import run_cases, try_event
from levada_runtime.pipeline.destinations.secrets import reveal
from levada_runtime.pipeline.engine import run
from levada_runtime.pipeline.loader import load
from levada_runtime.pipeline.memory import MemoryEntities
from levada_runtime.pipeline.model import StepFailed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIGNUPS = """
pipeline: signups
sources:
  - type: sdk.event
    match: user.signup
actions:
  # 01 · populate the identity graph from the event payload
  - upsert.entity:
      kind: user
      external_id: $event.payload.email
      traits:
        name: $event.payload.name
        plan: $event.payload.intended_plan
        utm: $event.payload.utm
        country: $event.payload.country
        signed_up_at: now()
  # 02 · use the now-stored traits in the outbound body
  - transform:
      template: |
        {
          email: $event.payload.email,
          plan: $entity.user.plan,
          country: $entity.user.country
        }
destinations:
  - webhook.out:
      url: https://webhook.site/...
"""
ROUTING = """
pipeline: routing
actions:
  - enrich.entity:
      kind: user
      external_id: $event.payload.email
  - transform:
      template: |
        {
          email: $event.payload.email,
          plan: $entity.user.plan,
          arr: $entity.user.arr,
          owner: $entity.user.account_owner
        }
destinations:
  - log:
"""
JSON = st.recursive(
    st.none() | st.text() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=15,
)
ALICE = {
    "kind": "user",
    "external_id": "alice@acme.co",
    "traits": {"plan": "growth", "arr": 50000, "account_owner": "ben", "company_domain": "acme.co"},
}


def event(**payload):
    return {
        "id": "evt_1", "type": "user.signup", "source": "sdk.event", "received_at": "2026-03-01T11:59:00.000Z",
        "payload": payload, "provenance": None, "cause": None,
    }  # fmt: skip


def pipeline(actions="[]", destinations="[]"):
    return load(f"pipeline: p\nactions: {actions}\ndestinations: {destinations}\n")


def trace(definition, rows=(), **payload):
    return run(definition, event(**payload), MemoryEntities(rows), NOW)


def test_the_signups_example_sends_plan_and_country():
    """What was just written is what the body shows, though nothing enriched it."""
    payload = {"email": "alice@acme.co", "name": "Alice", "intended_plan": "growth", "country": "NL", "utm": {"a": 1}}
    entities = MemoryEntities()
    done = run(load(SIGNUPS), event(**payload), entities, NOW)
    [delivery] = done.deliveries
    assert delivery.body == '{"email":"alice@acme.co","plan":"growth","country":"NL"}'
    assert (delivery.type, delivery.target, delivery.problem) == ("webhook.out", "https://webhook.site/...", None)
    assert entities.find("user", "alice@acme.co") == {
        "name": "Alice", "plan": "growth", "utm": {"a": 1}, "country": "NL", "signed_up_at": "2026-03-01T12:00:00.000Z",
    }  # fmt: skip


def test_a_filter_after_an_upsert_sees_what_the_graph_now_knows():
    """A plan that an earlier event left counts as much as one that this event brings."""
    step = "{kind: user, external_id: $event.payload.email, traits: {name: $event.payload.name}}"
    where = """'$entity.user.plan in ["growth", "scale"]'"""
    definition = pipeline(f"[{{upsert.entity: {step}}}, {{filter: {{where: {where}}}}}]", "[{log: }]")
    assert len(trace(definition, [ALICE], email="alice@acme.co", name="Alice").deliveries) == 1
    assert trace(definition, email="bob@acme.co", name="Bob").dropped_by == 1


def test_the_routing_example_sends_what_the_graph_knows():
    """A row that is there fills the body; one that is not is a counted no-op, and null."""
    [found] = trace(load(ROUTING), [ALICE], email="alice@acme.co").deliveries
    assert found.body == '{"email":"alice@acme.co","plan":"growth","arr":50000,"owner":"ben"}'
    missed = trace(load(ROUTING), email="bob@acme.co")
    assert missed.deliveries[0].body == '{"email":"bob@acme.co","plan":null,"arr":null,"owner":null}'
    assert missed.count("missed") == 1


def test_a_second_event_updates_the_row_without_blanking_it():
    """A trait that the event does not carry stays as it was; an explicit null is written."""
    entities = MemoryEntities([{**ALICE, "traits": {"name": "Alice", "country": "NL", "utm": 1}}])
    run(load(SIGNUPS), event(email="alice@acme.co", intended_plan="scale", utm=None), entities, NOW)
    traits = entities.find("user", "alice@acme.co")
    assert (traits["name"], traits["country"], traits["plan"], traits["utm"]) == ("Alice", "NL", "scale", None)


def test_a_filter_drops_the_event_and_nothing_after_it_runs():
    """The trace says which step it was."""
    definition = pipeline("[{filter: {where: $event.payload.n > 1}}, {transform: {body: x}}]", "[{log: }]")
    done = trace(definition, n=1)
    assert (done.dropped_by, [step.outcome for step in done.steps], done.deliveries) == (0, ["dropped"], [])
    assert trace(definition, n=2).dropped_by is None


def test_without_a_transform_the_body_is_the_envelope():
    """As it came, in full."""
    done = trace(pipeline(destinations="[{log: }]"), a=1)
    assert json.loads(done.deliveries[0].body) == event(a=1)


def test_the_last_transform_counts_and_a_destination_may_have_its_own():
    """Each destination's body is its own affair."""
    definition = pipeline(
        "[{transform: {body: {a: 1}}}, {transform: {body: {b: '$pipeline.name'}}}]",
        "[{log: }, {log: {body: [$event.payload.x]}}, {log: {template: '{v: $pipeline.version}'}}]",
    )
    done = run(definition, event(x=2), MemoryEntities(), NOW, version=7)
    assert [one.body for one in done.deliveries] == ['{"b":"p"}', "[2]", '{"v":7}']
    assert [one.destination for one in done.deliveries] == [0, 1, 2]


def test_actions_without_destinations_run():
    """A pipeline may be there for the graph alone."""
    definition = pipeline(
        "[{upsert.entity: {kind: order, external_id: $event.payload.id, traits: $event.payload.all}}]"
    )
    entities = MemoryEntities()
    assert run(definition, event(id=17, all={"a": 1}), entities, NOW).error is None
    assert entities.rows() == [{"kind": "order", "external_id": "17", "traits": {"a": 1}}]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "external_id ($event.payload.id) is null"),
        ("", "external_id ($event.payload.id) is empty"),
        ("  ", "external_id ($event.payload.id) is empty"),
        (True, "external_id ($event.payload.id) must be text or a number"),
        ([1], "external_id ($event.payload.id) must be text or a number"),
        ("x" * 2000, "external_id ($event.payload.id) is longer than 1024 characters"),
    ],
)
@pytest.mark.parametrize("kind", ["upsert.entity", "enrich.entity"])
def test_a_key_that_names_nothing_fails_the_step(kind, value, reason):
    """With its reason, and without any delivery."""
    done = trace(pipeline(f"[{{{kind}: {{kind: user, external_id: $event.payload.id}}}}]", "[{log: }]"), id=value)
    assert done.error == f"{kind} (action 1): {reason}"
    assert (done.steps[-1].outcome, done.deliveries) == ("failed", [])


def test_a_key_that_is_not_there_fails_the_step():
    """Undefined is said to be missing."""
    done = trace(pipeline("[{enrich.entity: {kind: user, external_id: $event.payload.id}}]"))
    assert done.error == "enrich.entity (action 1): external_id ($event.payload.id) is not there"


def test_a_row_that_the_graph_refuses_fails_the_step():
    """Whoever keeps the entities may say no."""

    class Refusing(MemoryEntities):
        def upsert(self, *_, **__):
            raise StepFailed("there is no class 'Usr'")

    definition = pipeline("[{upsert.entity: {kind: user, external_id: x, class: Usr}}]")
    assert run(definition, event(), Refusing(), NOW).error == "upsert.entity (action 1): there is no class 'Usr'"


def test_the_instant_is_utc_with_milliseconds_wherever_the_clock_stands():
    """And the same for the whole run."""
    definition = pipeline("[{transform: {body: [now(), 'at ${now()}']}}]")
    there = datetime(2026, 3, 1, 14, 0, 0, 123999, tzinfo=timezone(timedelta(hours=2)))
    assert run(definition, event(), MemoryEntities(), there).body == [
        "2026-03-01T12:00:00.123Z",
        "at 2026-03-01T12:00:00.123Z",
    ]


def test_the_document_of_an_event_can_be_referred_to():
    """Its id, version and the one before."""
    definition = pipeline("[{transform: {template: '[$event.document.version, $event.document.previous]'}}]")
    told = {**event(), "source": "document.updated", "document": {"id": "doc_1", "version": 2, "previous": "x"}}
    assert run(definition, told, MemoryEntities(), NOW).body == [2, "x"]


def webhook(fields, **payload):
    return trace(pipeline("[]", f"[{{webhook.out: {fields}}}]"), **payload).deliveries[0]


@given(st.text(min_size=1))
def test_no_value_leaves_its_segment_of_an_address(value):
    """Neither host, path nor query can be changed by an event; what would is a problem instead."""
    done = webhook("{url: 'https://crm.example.test/a/${event.payload.v}/b?x=$event.payload.v'}", v=value)
    if done.problem is None:
        host, a, segment, rest = done.fields["url"].removeprefix("https://").split("/")
        assert (host, a, rest.partition("=")[0]) == ("crm.example.test", "a", "b?x")
        assert segment not in {".", ".."}
        assert not set(segment) & set("?#\\@: ")


@given(st.text(min_size=1, max_size=40))
def test_no_value_leaves_the_folder_for_files(value):
    """A path stays as many parts as it was written with."""
    done = trace(pipeline("[]", "[{file.out: {path: 'a/$event.payload.v'}}]"), v=value).deliveries[0]
    if done.problem is None:
        first, second = done.fields["path"].split("/")
        assert first == "a"
        assert second not in {".", ".."}
        assert "\0" not in second


@pytest.mark.parametrize(
    ("fields", "value", "problem"),
    [
        ("url: 'https://a.test/$event.payload.v'", None, "$event.payload.v is not there or empty"),
        ("url: $event.payload.v", "file:///etc/passwd", "url: an address begins with https:// or http://"),
        ("url: $event.payload.v", "https://u:p@a.test/", "url: an address holds no user name or password; use `auth`"),
        ("url: $event.payload.v", "https://a.test/a b", "url: an address holds no spaces"),
        ("url: $event.payload.v", "https://a.test:x/", "url: this is no address"),
        ("url: 'https://a.test/$event.payload.v/x'", "..", "url: an address has no '.' or '..' between its slashes"),
        ("url: 'https://$event.payload.v/'", "a.test/b", "url: this address has no usable host"),
        ("url: 'https://a.test', headers: {X: 'a $event.payload.v'}", "b\r\nc: d", "header X: a value holds a control"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_problem_of_its_delivery_alone(fields, value, problem):
    """The others are sent."""
    definition = pipeline("[]", f"[{{webhook.out: {{{fields}}}}}, {{log: }}]")
    [broken, fine] = trace(definition, v=value).deliveries
    assert broken.problem is not None
    assert broken.problem.startswith(problem)
    assert fine.problem is None


def test_a_value_at_the_beginning_of_an_address_is_the_address():
    """An entity may carry where it wants to be told."""
    done = webhook("{url: $event.payload.v}", v="https://a.test:8443/x?y=1")
    assert done.fields["url"] == "https://a.test:8443/x?y=1"
    assert done.target == "https://a.test:8443/x"


def test_secrets_stand_by_name_until_they_are_sent():
    """No event can name one: a value of an event is text, whatever it looks like."""
    headers = "{X: 'k $secret.key $event.payload.v', Y: $event.payload.v}"
    done = webhook(f"{{url: 'https://a.test', auth: {{bearer: token}}, headers: {headers}}}", v="$secret.key")
    assert done.fields["auth"] == {"bearer": "token"}
    assert done.fields["headers"] == {"X": ["k ", {"secret": "key"}, " ", "$secret.key"], "Y": "$secret.key"}
    assert reveal(done.fields["headers"]["X"], {"key": "s3cret"}) == "k s3cret $secret.key"
    assert reveal(done.fields["headers"]["Y"], {"key": "s3cret"}) == "$secret.key"
    json.dumps(done.fields)


CASES = """
tests:
  - name: growth is sent
    given:
      event: { type: user.signup, payload: { email: a@b.c, intended_plan: growth, country: NL } }
      now: 2025-06-01T00:00:00Z
    expect:
      sent: [{ email: a@b.c, plan: growth, country: NL }]
      entities:
        - kind: user
          external_id: a@b.c
          traits: { plan: growth, country: NL, signed_up_at: 2025-06-01T00:00:00.000Z }
  - name: no key fails
    given: { event: { type: user.signup, payload: {} } }
    expect: { fails: external_id }
  - name: others are not taken
    given: { event: { type: order.paid } }
    expect: { taken: false }
"""


def test_a_pipeline_carries_its_own_tests():
    """Each says what is given and what comes of it."""
    results = run_cases(load(SIGNUPS + CASES))
    assert [(one["name"], one["differences"]) for one in results] == [
        ("growth is sent", []),
        ("no key fails", []),
        ("others are not taken", []),
    ]


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("{ sent: [{ email: a@b.c, plan: x, country: null }] }", ['-     "plan": "x"', '+     "plan": "growth"']),
        ("{ body: 7 }", ["body: expected (-), found (+)", "- 7"]),
        ("{ dropped: true }", ["dropped: expected (-), found (+)", "- true", "+ false"]),
        ("{ fails: x }", ["fails: expected (-), found (+)"]),
        ("{ taken: false }", ["taken: expected (-), found (+)"]),
        ("{ entities: [{ kind: user, external_id: z }] }", ["entity user z: expected (-), found (+)", "+ null"]),
    ],
)  # fmt: skip
def test_a_case_that_fails_shows_the_difference(expect, said):
    """Line by line, expected against found."""
    given = "{event: {type: user.signup, payload: {email: a@b.c, intended_plan: growth}}}"
    case = f"tests:\n  - given: {given}\n    expect: {expect}\n"
    [result] = run_cases(load(SIGNUPS + case))
    assert result["passed"] is False
    assert (result["name"], result["line"]) == ("test 1", 29)
    assert [line for line in said if line not in result["differences"]] == []


def test_a_case_whose_event_fails_unexpectedly_does_not_pass():
    """Silence about failure expects none."""
    case = "tests:\n  - given: {event: {type: user.signup}}\n    expect: {}\n"
    assert run_cases(load(SIGNUPS + case))[0]["passed"] is False


def test_one_event_can_be_tried():
    """What each step did, and what would be sent, as plain values."""
    result = try_event(load(SIGNUPS), {"type": "user.signup", "payload": {"email": "a@b.c"}}, now=NOW)
    assert [(step["kind"], step["outcome"]) for step in result["steps"]] == [
        ("upsert.entity", "upserted"),
        ("transform", "passed"),
    ]
    assert result["deliveries"][0]["body"] == {"email": "a@b.c", "plan": None, "country": None}
    json.dumps(result)
    assert try_event(load(SIGNUPS), {"type": "other"})["taken"] is False


def test_what_is_no_event_cannot_be_tried():
    """The failure names the field."""
    with pytest.raises(UsageFailure, match="type: Field required"):
        try_event(load(SIGNUPS), {"payload": {}})


@given(
    st.recursive(
        st.none() | st.text() | st.integers() | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=15,
    )
)
def test_no_event_makes_the_engine_raise(payload):
    """Whatever comes, there is a trace."""
    done = run(load(SIGNUPS), {**event(), "payload": payload}, MemoryEntities(), NOW)
    assert done.error or done.deliveries[0].body.startswith('{"email":')
