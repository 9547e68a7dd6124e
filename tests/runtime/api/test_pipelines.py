"""Pipelines and deliveries over HTTP."""

import pytest

YAML = """pipeline: signups
sources:
  - type: sdk.event
    match: user.signup
actions:
  - upsert.entity:
      kind: user
      external_id: $event.payload.email
      traits:
        plan: $event.payload.intended_plan
destinations:
  - log: {}
"""


def test_a_pipeline_is_deployed_as_yaml_or_as_json(api):
    """201 when it is new, 200 after; another text is another version."""
    first = api.post("/v1/pipelines", raw=YAML.encode(), headers={"content-type": "application/yaml"})
    assert (first.status, first.body["id"], first.body["object"]) == (201, "signups", "pipeline")
    assert (first.body["data"]["state"], first.body["data"]["version"]) == ("active", 1)
    same = api.post("/v1/pipelines", {"definition": YAML})
    assert (same.status, same.body["data"]["version"], same.body["data"]["changed"]) == (200, 1, False)
    changed = api.post("/v1/pipelines", {"definition": YAML.replace("user.signup", "user.*")})
    assert (changed.status, changed.body["data"]["version"]) == (200, 2)
    assert api.get("/v1/pipelines/signups").body["data"]["definition"] == YAML.replace("user.signup", "user.*")
    assert [one["name"] for one in api.get("/v1/pipelines").body["data"]] == ["signups"]


def test_a_pipeline_is_paused_and_resumed(api):
    """And one that there is not is 404."""
    api.post("/v1/pipelines", {"definition": YAML})
    assert api.post("/v1/pipelines/signups/pause").body["data"]["state"] == "paused"
    assert api.post("/v1/pipelines/signups/resume").body["data"]["state"] == "active"
    for answer in (
        api.get("/v1/pipelines/x"),
        api.post("/v1/pipelines/x/pause"),
        api.post("/v1/pipelines/x/resume"),
    ):
        assert (answer.status, answer.body["code"]) == (404, "not_found")


def test_a_draft_does_not_run_and_cannot_be_paused(api):
    """422 that says why."""
    assert api.post("/v1/pipelines", {"definition": YAML, "draft": True}).body["data"]["state"] == "draft"
    paused = api.post("/v1/pipelines/signups/pause")
    assert (paused.status, paused.body["code"]) == (422, "pipeline_state")


def test_what_is_wrong_with_a_definition_is_told_with_its_places(api):
    """All of it at once."""
    wrong = YAML.replace("sources:", "source:").replace("upsert.entity", "upsert.entiti")
    answer = api.post("/v1/pipelines", {"definition": wrong})
    assert (answer.status, answer.body["code"]) == (422, "pipeline_refused")
    problems = answer.body["details"]["problems"]
    assert {(one["line"], one["column"]) for one in problems} >= {(2, 1), (6, 5)}
    assert any("'sources'" in one["message"] for one in problems)
    assert api.get("/v1/pipelines").body["data"] == []


@pytest.mark.parametrize(
    ("raw", "kind", "status"),
    [
        (b"{}", "application/json", 422),
        (b"[]", None, 422),
        (b'{"definition": 1}', None, 422),
        (b'{"definition": "", "drft": true}', None, 422),
        (b"{", None, 400),
        (b"\xff", "text/yaml", 400),
        (b"a: \x00", "application/yaml", 422),
        (b"", "application/yaml", 422),
        (b"- 1", "application/yaml", 422),
        (b"pipeline: x", "text/plain", 415),
    ],
)
def test_what_is_no_definition_is_refused(standing, raw, kind, status):
    """Whatever it is."""
    assert standing.post("/v1/pipelines", raw=raw, headers={"content-type": kind}).status == status


def test_deliveries_are_listed_by_state_and_pipeline(api):
    """There is none yet, and a state that there is not is refused."""
    assert api.get("/v1/deliveries?state=dead&pipeline=signups").body["data"] == []
    assert api.get("/v1/deliveries?state=lost").status == 422
    for answer in (api.get("/v1/deliveries/x"), api.post("/v1/deliveries/x/replay")):
        assert answer.status == 404
