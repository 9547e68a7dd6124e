"""Backfills and runs over HTTP: begun, shown with their figures, cancelled, resumed and retried."""

import pytest

pytestmark = pytest.mark.databases("sqlite")

YEAR = {"connection": "acme", "stream": "invoices", "from": "2025-01-01", "to": "2026-01-01", "slice": "P1M"}


@pytest.fixture
def acme(installation):
    """A connection to a source that nobody asks."""
    installation.catalog.refresh()
    _, manifest = installation.catalog.ready("acme")
    return installation.connections.add(installation.org, manifest, settings={}, secrets={"api_key": "k"})


def test_a_backfill_is_begun_shown_cancelled_and_resumed(api, acme):
    """The same body again finds the one that is under way."""
    status, begun, _ = api.post("/v1/backfills", YEAR)
    assert (status, begun["object"], begun["data"]["state"]) == (201, "backfill", "running")
    assert begun["data"]["slices"] | {"done": 0} == {
        "total": 12, "done": 0, "succeeded": 0, "partial": 0, "failed": 0, "cancelled": 0, "running": 0, "queued": 2,
        "waiting": 10,
    }  # fmt: skip
    path = f"/v1/backfills/{begun['id']}"
    assert api.post("/v1/backfills", YEAR).status == 200
    assert api.get(path).body["data"] == begun["data"]
    assert [one["id"] for one in api.get("/v1/backfills?connection=acme&state=running").body["data"]] == [begun["id"]]
    assert api.post(f"{path}/cancel").body["data"]["state"] == "cancelled"
    assert api.post(f"{path}/cancel").status == 422
    resumed = api.post(f"{path}/resume")
    assert (resumed.status, resumed.body["data"]["state"]) == (202, "running")
    assert api.post(f"{path}/resume").body["code"] == "not_resumable"


def test_a_run_is_cancelled_and_retried(api, acme):
    """The answer to a retry is the run that does it."""
    backfill = api.post("/v1/backfills", YEAR).body["id"]
    runs = api.get(f"/v1/runs?backfill={backfill}").body["data"]
    assert {run["mode"] for run in runs} == {"backfill"}
    run = runs[0]["id"]
    cancelled = api.post(f"/v1/runs/{run}/cancel")
    assert (cancelled.status, cancelled.body["data"]["state"]) == (202, "cancelled")
    assert api.post(f"/v1/runs/{run}/cancel").body["code"] == "run_ended"
    again = api.post(f"/v1/runs/{run}/retry")
    assert (again.status, again.body["data"]["window"]) == (202, runs[0]["window"])
    assert again.body["id"] != run
    assert api.post(f"/v1/runs/{run}/retry").body["code"] == "run_unfinished"


WRONG = [
    ({"connection": "nobody"}, 404, "unknown_connection"),
    ({"stream": "events"}, 422, "unknown_stream"),
    ({"from": "soon"}, 422, "invalid_range"),
    ({"slice": "P0D"}, 422, "invalid_slice"),
    ({"slice": ""}, 422, "invalid_slice"),
    ({"parallel": 0}, 422, "invalid_parallel"),
    ({"parallel": "2"}, 422, "validation_error"),
    ({"form": "2025-01-01"}, 422, "validation_error"),
]


def test_what_cannot_be_meant_is_refused(api, acme):
    """With its code, and nothing is begun."""
    for changed, status, code in WRONG:
        answer = api.post("/v1/backfills", {**YEAR, **changed})
        assert (answer.status, answer.body.get("code")) == (status, code), (changed, answer.body)
    assert api.get("/v1/backfills").body["data"] == []


def test_another_organisation_sees_none_of_it(api, other_api, acme, scoped):
    """And a key needs the scope to operate."""
    backfill = api.post("/v1/backfills", YEAR).body["id"]
    run = api.get(f"/v1/runs?backfill={backfill}").body["data"][0]["id"]
    assert other_api.get(f"/v1/backfills/{backfill}").status == 404
    assert other_api.post(f"/v1/backfills/{backfill}/cancel").status == 404
    assert other_api.post(f"/v1/runs/{run}/cancel").status == 404
    assert other_api.post(f"/v1/runs/{run}/retry").status == 404
    assert other_api.get("/v1/backfills").body["data"] == []
    assert scoped("documents:read").post("/v1/backfills", YEAR).status == 403
