"""The audit log by the API: what a key did is told in its name, to whoever may administer."""

PIPELINE = """pipeline: to-log
sources:
  - type: sdk.event
    match: user.signup
destinations:
  - log: {}
"""


def deeds(api, **asked):
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    status, body, _ = api.get(f"/v1/audit?{query}")
    assert status == 200
    return [(one["actor"], one["action"], one["subject"]) for one in body["data"]]


def test_what_a_key_did_is_told_in_its_name(api, scoped, installation):
    """The key that asked, by its id; what the runtime did by itself, in its own."""
    operator = scoped("operate")
    key = f"key:{operator.key.split('_')[2]}"
    assert operator.post("/v1/pipelines", {"definition": PIPELINE}).status == 201
    assert operator.post("/v1/pipelines/to-log/pause").status == 200
    assert operator.post("/v1/quarantine/discard", {"all": True}).status == 200
    assert deeds(api, actor=key) == [
        (key, "pipeline.state", "to-log"),
        (key, "pipeline.deploy", "to-log"),
    ]
    assert ("runtime", "key.issue", key.removeprefix("key:")) in deeds(api, action="key.")
    installation.keys.issue(installation.org, "later", ["operate"])
    assert deeds(api, limit=1)[0][0] == "runtime"


def test_what_is_refused_is_not_told_as_done(api):
    """A deed that did not happen is none."""
    assert api.post("/v1/pipelines/nowhere/pause").status == 404
    assert api.post("/v1/runs/nothing/revert").status == 404
    assert [action for _, action, _ in deeds(api)] == ["key.issue"]


def test_only_who_administers_reads_the_log_and_only_their_own(api, scoped, other_api):
    """It tells who did what: `operate` is not enough, and another organisation's is not there."""
    assert scoped("operate").get("/v1/audit").status == 403
    assert api.get("/v1/audit", key=None).status == 401
    assert [action for _, action, _ in deeds(other_api)] == ["key.issue", "org.create"]


def test_what_cannot_be_asked_for_is_refused(api):
    """An action that there is not, and a cursor that no list gave."""
    assert api.get("/v1/audit?action=pipelines.deploy").status == 422
    assert api.get("/v1/audit?cursor=x").status == 422
    assert api.get("/v1/audit?since=yesterday").status == 422
