"""Pipelines are read as they are written, and refused with everything that is wrong with them."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada_runtime.pipeline.lint import lint
from levada_runtime.pipeline.loader import load
from levada_runtime.pipeline.problems import PipelineRefused
from levada_runtime.pipeline.reference import json_schema, reference_rows

SIGNUPS = """\
pipeline: signups
sources:
  - type: sdk.event
    match: user.signup
actions:
  - upsert.entity:
      kind: user
      external_id: $event.payload.email
      traits: { name: $event.payload.name, plan: $event.payload.intended_plan, signed_up_at: now() }
  - enrich.entity:
      kind: user
      external_id: $event.payload.email
  - filter:
      where: $entity.user.plan in ["growth", "scale"]
  - transform:
      template: |
        { email: $event.payload.email, plan: $entity.user.plan, country: $entity.user.country }
destinations:
  - webhook.out:
      url: https://crm.example.test/accounts
      auth: { hmac: crm_signing_secret }
"""


def problems(text):
    return [(found.line, found.column, found.message) for found in lint(textwrap.dedent(text), "p.yaml")]


def only(text):
    [found] = problems(text)
    return found


def test_the_pipeline_of_the_reference_is_read():
    """Name, sources, steps in their order, destinations and the secrets they name."""
    definition = load(SIGNUPS)
    assert definition.name == "signups"
    assert [action.kind for action in definition.actions] == ["upsert.entity", "enrich.entity", "filter", "transform"]
    assert [action.line for action in definition.actions] == [7, 11, 14, 16]
    assert definition.destinations[0].kind == "webhook.out"
    assert definition.secrets() == {"crm_signing_secret"}
    assert definition.text == SIGNUPS


@pytest.mark.parametrize(
    ("sources", "taken", "not_taken"),
    [
        (
            "",
            [("sdk.event", "x"), ("document.created", "invoice")],
            [("entity.created", "user"), ("run.failed", "acme"), ("delivery.dead", "p")],
        ),
        ("[{type: sdk.event, match: user.signup}]", [("sdk.event", "user.signup")], [("sdk.event", "user.signups")]),
        ("[{type: sdk.event, match: 'user.*'}]", [("sdk.event", "user.signup")], [("sdk.event", "order.paid")]),
        ("[{type: sdk.event, match: [a, 'b.*']}]", [("sdk.event", "a"), ("sdk.event", "b.c")], [("sdk.event", "b")]),
        ("[{type: 'document.*'}]", [("document.updated", "invoice")], [("sdk.event", "invoice")]),
        ("[{type: '*'}]", [("document.updated", "invoice"), ("sdk.event", "a")], [("entity.created", "user")]),
        ("[{type: 'entity.*', match: user}]", [("entity.deleted", "user")], [("entity.deleted", "account")]),
        (
            "[{type: run.failed}, {type: sdk.event}]",
            [("run.failed", "acme"), ("sdk.event", "a")],
            [("run.partial", "acme")],
        ),
        ("[{type: sdk.event, match: 'a[b]'}]", [("sdk.event", "a[b]")], [("sdk.event", "ab")]),
    ],
)
def test_a_pipeline_takes_what_its_sources_name(sources, taken, not_taken):
    """Without sources everything sent and every document; the runtime's own events only when named."""
    definition = load("pipeline: p\nactions: []\n" + (f"sources: {sources}\n" if sources else ""))
    assert [definition.takes(*one) for one in taken] == [True] * len(taken)
    assert [definition.takes(*one) for one in not_taken] == [False] * len(not_taken)


def test_everything_that_is_wrong_is_told_at_once_and_in_its_place():
    """Keys, steps, fields, references, conditions and templates, each with line, column and the nearest name."""
    text = """\
    pipeline: a b
    sources:
      - type: sdk.evnt
        mach: x
    actions:
      - upsert.entity:
          kind: user
          traits: { name: $event.paylod.name, plan: "a $entity.usr.b" }
      - fliter: {}
      - filter:
          where: $event.payload.plan in ["growth" or
      - transform:
          template: |
            {
              email: $event.payload.email, plan: growth
            }
      - webhook.out: {}
    destinations:
      - webhook.out:
          url: ftp://crm.example.test
          auth: { hmc: x }
          headers: { Host: a }
          colour: red
      - slack: {}
    destnations: []
    """
    assert problems(text) == [
        (1, 11, "'a b' is no name: letters, digits, '.', '_' and '-', at most 63, beginning with a letter or digit"),
        (3, 11, "no event has the source 'sdk.evnt'; did you mean 'sdk.event'?"),
        (4, 5, "unknown key 'mach'; did you mean 'match'?"),
        (6, 5, "`upsert.entity` needs `external_id`"),
        (8, 23, "$event.paylod.name: an event has no 'paylod'; did you mean 'payload'?"),
        (8, 52, "$entity.usr.b: no step before this one upserts or enriches 'usr'"),
        (9, 5, "unknown action 'fliter'; did you mean 'filter'?"),
        (11, 47, "unexpected 'or'; expected ',' or ']'"),
        (15, 46, "unexpected 'growth': text stands in quotes (\"growth\"), a value of the event is $event.…"),
        (17, 5, "'webhook.out' belongs under `destinations`"),
        (20, 12, "an address begins with https:// or http://"),
        (21, 15, "unknown scheme 'hmc'; did you mean 'hmac'?"),
        (23, 7, "unknown key 'colour'; there is auth, body, headers, template, url"),
        (24, 5, "the destination 'slack' is not in this version"),
        (25, 1, "unknown key 'destnations'; did you mean 'destinations'?"),
    ]


def test_a_refusal_names_the_file_with_every_problem():
    """What an operator reads is file:line:column and the problem; what machines read is the same."""
    with pytest.raises(PipelineRefused) as refused:
        load("pipeline: p\nactons: []\n", "signups.yaml")
    assert str(refused.value).splitlines()[0] == "signups.yaml:1:1: a pipeline needs `actions`, `destinations` or both"
    assert "signups.yaml:2:1: unknown key 'actons'; did you mean 'actions'?" in str(refused.value)
    assert refused.value.details["problems"][1]["line"] == 2


@pytest.mark.parametrize("kind", ["enrich.person", "enrich.company", "relate", "dedupe", "throttle", "redact"])
def test_an_action_that_comes_later_is_refused_as_such(kind):
    """Its name is right; this version does not have it."""
    assert only(f"pipeline: p\nactions:\n  - {kind}: {{}}\n") == (3, 5, f"the action '{kind}' is not in this version")


@pytest.mark.parametrize("kind", ["http.request", "slack", "email.out", "postgres"])
def test_a_destination_that_comes_later_is_refused_as_such(kind):
    """Its name is right; this version does not have it."""
    assert "is not in this version" in only(f"pipeline: p\ndestinations:\n  - {kind}: {{}}\n")[2]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("pipeline: p\nactions:\n  - filter:\n    where: 'true'\n", (3, 5), "indent the fields under the kind"),
        ("pipeline: p\nactions:\n  - filter\n", (3, 5), "a mapping of one key"),
        ("pipeline: p\nactions: {filter: {}}\n", (2, 10), "a list of steps"),
        ("pipeline: p\nactions: []\nactions: []\n", (3, 1), "there twice; the first is at line 2"),
        ("pipeline: p\nsources: []\nactions: []\n", (2, 10), "leave it out"),
        ("pipeline: p\n", (1, 1), "needs `actions`"),
        ("actions: []\n", (1, 1), "needs a name"),
        ("- a\n", (1, 1), "begins with `pipeline: NAME`"),
        ("", (1, 1), "there is nothing in it"),
        ("pipeline: p\nactions: [\n", (3, 1), "while parsing a flow node"),
        ("pipeline: p\n\tactions: []\n", (2, 1), "cannot start any token"),
        ("pipeline: p\nactions: []\n---\na: b\n", (3, 1), "expected a single document"),
        ("pipeline: &x p\nactions: []\n", (1, 11), "leave &x out"),
        ("pipeline: p\nactions: [{transform: {body: *x}}]\n", (2, 30), "write out what *x stands for"),
        ("pipeline: !!python/name:os.system p\nactions: []\n", (1, 11), "tags are not part"),
        ("pipeline: p\nactions: []\n? [a]\n: b\n", (3, 3), "a key is text"),
        ('pipeline: p\nactions: [{transform: {body: "\\0"}}]\n', (2, 30), "U+0000"),
        ('pipeline: p\nactions: [{transform: {body: "\\ud800"}}]\n', (2, 30), "surrogate"),
        ("pipeline: p\x07\n", (1, 12), "not allowed in YAML"),
        ("pipeline: p\nactions: [{transform: {}}]\n", (2, 23), "needs a `template` or a `body`"),
        ("pipeline: p\nactions: [{transform: {template: '{}', body: 1}}]\n", (2, 23), "keep one"),
        ("pipeline: p\nactions: [{transform: {template: {a: 1}}}]\n", (2, 34), "goes into `body`"),
        ("pipeline: p\nactions: [{filter: {where: true}}]\n", (2, 28), "a condition is a text"),
        ("pipeline: p\nactions: [{enrich.entity: {kind: 7, external_id: x}}]\n", (2, 34), "must be text"),
        ("pipeline: p\nactions: [{upsert.entity: {kind: a, external_id: x, traits: [1]}}]\n", (2, 61), "are a mapping"),
        ("pipeline: p\ndestinations: [{file.out: {path: ../x}}]\n", (2, 34), "no empty, '.' or '..' parts"),
        ("pipeline: p\ndestinations: [{file.out: {path: /etc/x}}]\n", (2, 34), "relative"),
        ("pipeline: p\ndestinations: [{log: {level: loud}}]\n", (2, 30), "`level`"),
        ("pipeline: p\ndestinations: [{webhook.out: {url: 'https://u:p@a.test/'}}]\n", (2, 37), "use `auth`"),
        ("pipeline: p\ndestinations: [{webhook.out: {url: 'https://$secret.a/'}}]\n", (2, 45), "secrets stand in"),
        ("pipeline: p\ndestinations: [{webhook.out: {url: $event.id, headers: {Host: x}}}]\n", (2, 57), "is set by"),
        ("pipeline: p\nactions: []\ntests: [{given: {event: {type: a}}, expect: {sen: 1}}]\n", (3, 46), "mean 'sent'"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_in_its_place(text, place, message):
    """One thing wrong, one problem, at its line and column."""
    line, column, said = only(text)
    assert message in said
    assert (line, column) == place


def test_bombs_and_giants_are_refused():
    """Neither aliases, depth, size nor number makes a short text a large value."""
    bomb = "pipeline: p\nactions: []\na: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(9))
    assert any("aliases are not part" in message for _, _, message in problems(bomb))
    assert "deep" in only("pipeline: " + "[" * 5000)[2]
    assert "Ki characters" in only("pipeline: p\n#" + "x" * 300_000)[2]
    assert "at most 64 steps" in only("pipeline: p\nactions:\n" + "  - filter: {where: 'true'}\n" * 65)[2]
    many = ", ".join(["$event.id"] * 1001)
    assert "at most 1000 references" in only(f"pipeline: p\nactions: [{{transform: {{body: [{many}]}}}}]\n")[2]


def test_of_very_many_problems_the_first_hundred_are_told():
    """The last line says how many there are besides."""
    found = problems("pipeline: p\nactions: []\n" + "actions: []\n" * 150)
    assert len(found) == 101
    assert found[-1] == (103, 1, "… and 50 more")


def test_scalars_are_read_as_json_reads_them():
    """Norway is no boolean, and a leading zero is not lost."""
    scalars = "NO, on, 012, 2024-01-01, 1:30, 3, -2.5, 1e3, true, null, ~, .inf"
    step = load(f"pipeline: p\nactions: [{{transform: {{body: [{scalars}]}}}}]\n").actions[0].step
    assert step.body.value(None) == ["NO", "on", "012", "2024-01-01", "1:30", 3, -2.5, 1000.0, True, None, None, ".inf"]


@pytest.mark.parametrize("name", ["a", "A.b-c_9", "9" * 63])
def test_a_name_is_as_that_of_a_connection(name):
    """Letters, digits and a few signs; a number in quotes is a name, too."""
    assert load(f"pipeline: '{name}'\nactions: []\n").name == name


@given(st.text(alphabet=SIGNUPS + "&*!%@`\t\0\x85\ufeff", max_size=200))
def test_any_text_is_a_pipeline_or_is_refused(text):
    """No text raises anything else."""
    assert lint(text) or load(text)


@given(st.integers(0, len(SIGNUPS) - 1), st.integers(1, 20), st.text(max_size=5))
def test_a_damaged_pipeline_is_a_pipeline_or_is_refused_in_its_place(start, length, instead):
    """Every problem lies within the text."""
    text = SIGNUPS[:start] + instead + SIGNUPS[start + length :]
    for problem in lint(text):
        assert 1 <= problem.line <= text.count("\n") + text.count("\r") + text.count("\x85") + 2
        assert problem.column >= 1


def test_each_step_tells_its_fields_to_the_reference_and_to_editors():
    """From one model come validation, the reference page and JSON Schema."""
    rows = {row.name: row for row in reference_rows()}
    assert set(rows) == {
        "sources", "filter", "transform", "upsert.entity", "enrich.entity", "webhook.out", "file.out", "log",
    }  # fmt: skip
    assert all(field.help for row in rows.values() for field in row.fields)
    assert [field.name for field in rows["upsert.entity"].fields if field.required] == ["kind", "external_id"]
    schema = json_schema()
    assert schema["required"] == ["pipeline"]
    assert "$ref" not in str(schema)
