"""The commands of pipelines, deliveries and secrets, as an operator types them."""

import json

import pytest

from levada_runtime.cli import run

TEXT = """
pipeline: signups
sources: [{ type: sdk.event, match: user.signup }]
actions:
  - upsert.entity: { kind: user, external_id: $event.payload.email, traits: { plan: $event.payload.plan } }
destinations:
  - log: { body: { email: $event.payload.email, plan: $entity.user.plan } }
tests:
  - name: a signup is passed on
    given: { event: { type: user.signup, payload: { email: a@b.c, plan: free } } }
    expect: { sent: [{ email: a@b.c, plan: free }] }
"""


@pytest.fixture
def runtime(tmp_path, capsys):
    """Returns what runs a command over a store of this test's own, and gives its exit code and its JSON."""

    def call(*words):
        code = run([*words, "--data-dir", str(tmp_path / "data"), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "signups.yaml"
    path.write_text(TEXT)
    return path


def test_a_pipeline_is_linted_with_the_place_of_what_is_wrong(runtime, file):
    """Exit code 2, and every problem with its line and the nearest name."""
    assert runtime("pipelines", "lint", str(file))[0] == 0
    file.write_text(TEXT.replace("upsert.entity", "upsert.entty"))
    code, answer = runtime("pipelines", "lint", str(file))
    assert code == 2
    problem, *_ = answer["error"]["details"]["problems"]
    assert (problem["file"], problem["line"]) == (str(file), 5)
    assert "upsert.entity" in problem["message"]


def test_a_pipelines_own_tests_are_run(runtime, file):
    """Exit code 1 when one fails, with what differs."""
    assert runtime("pipelines", "test", str(file))[0] == 0
    file.write_text(TEXT.replace("expect: { sent: [{ email: a@b.c, plan: free }] }", "expect: { sent: [] }"))
    code, answer = runtime("pipelines", "test", str(file))
    assert (code, answer["ok"], answer["result"]["failed"]) == (1, False, 1)
    file.write_text(TEXT.partition("tests:")[0])
    assert runtime("pipelines", "test", str(file))[0] == 2


def test_an_event_is_tried_without_keeping_anything(runtime, file, tmp_path):
    """What each step does and what would be sent; no store is opened or made."""
    event = tmp_path / "event.json"
    event.write_text('{"type": "user.signup", "payload": {"email": "a@b.c", "plan": "x"}}')
    code, answer = runtime("pipelines", "test", str(file), "--event", str(event))
    assert code == 0
    assert [step["outcome"] for step in answer["result"]["steps"]] == ["upserted"]
    assert answer["result"]["deliveries"][0]["body"] == {"email": "a@b.c", "plan": "x"}
    assert not (tmp_path / "data").exists()
    event.write_text("[]")
    assert runtime("pipelines", "test", str(file), "--event", str(event))[0] == 2
    assert runtime("pipelines", "test", str(file), "--event", str(tmp_path / "none.json"))[0] == 2


def test_a_pipeline_is_deployed_listed_paused_and_resumed(runtime, file):
    """Each says what it is now."""
    assert runtime("pipelines", "deploy", str(file), "--draft")[1]["result"]["state"] == "draft"
    deployed = runtime("pipelines", "deploy", str(file))[1]["result"]
    assert (deployed["state"], deployed["version"], deployed["changed"]) == ("active", 1, False)
    assert runtime("pipelines", "pause", "signups")[1]["result"]["state"] == "paused"
    assert runtime("pipelines", "resume", "signups")[1]["result"]["state"] == "active"
    (listed,) = runtime("pipelines", "list")[1]["result"]["items"]
    assert (listed["name"], listed["figures"]["events"]) == ("signups", 0)
    assert runtime("pipelines", "show", "signups")[1]["result"]["definition"] == TEXT
    assert runtime("pipelines", "show", "nothing")[0] == 2


def test_secrets_are_set_listed_and_removed(runtime, monkeypatch):
    """By name; a value on the command line is refused."""
    monkeypatch.setenv("CRM", "from the environment")
    assert runtime("secrets", "set", "crm=env:CRM")[1]["result"] == {"name": "crm"}
    assert [one["name"] for one in runtime("secrets", "list")[1]["result"]["items"]] == ["crm"]
    code, answer = runtime("secrets", "set", "crm=plain")
    assert (code, answer["error"]["code"]) == (2, "secret_on_command_line")
    assert runtime("secrets", "remove", "crm")[0] == 0
    assert runtime("secrets", "remove", "crm")[0] == 2


def test_deliveries_are_listed_and_replayed(runtime, file):
    """A replay of everything has to be asked for in so many words."""
    runtime("pipelines", "deploy", str(file))
    assert runtime("deliveries", "list", "--state", "dead")[1]["result"] == {"items": [], "cursor": None}
    assert runtime("deliveries", "replay")[0] == 2
    assert runtime("deliveries", "replay", "msg_1", "--state", "dead")[0] == 2
    assert runtime("deliveries", "replay", "--state", "dead", "--since", "24h")[1]["result"] == {"replayed": 0}
    assert runtime("deliveries", "replay", "--since", "yesterday")[0] == 2
    assert runtime("deliveries", "replay", "msg_1")[0] == 2
    assert runtime("deliveries", "show", "msg_1")[0] == 2
