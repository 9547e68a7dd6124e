"""A recorded run's HTTP over the API: the cassette, for its own organisation."""

from datetime import UTC, datetime

import orjson
import pytest

from levada._cassette import Cassette
from levada_runtime.store.model import RunRow

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def recorded(installation):
    """A run that was recorded, and one that was not."""
    asked = {"request": {"method": "GET", "url": "https://api.acme.test/a"}, "response": {"status": 204}}
    org = installation.org
    with installation.store.write() as uow:
        for run_id in ("recorded", "plain"):
            named = {"connector": "acme", "stream": "customers", "mode": "poll", "queued_at": NOW}
            uow.runs.add(RunRow(org.id, 1, run_id, **named, observing=False, state="succeeded", attempt=1))
        uow.recordings.begin(uow.runs.get(org.id, "recorded"), orjson.dumps({"now": NOW, "checkpoint": {}}))
        uow.recordings.add(uow.runs.get(org.id, "recorded"), [orjson.dumps(asked)])


def test_a_recorded_run_is_read_as_a_cassette(api, recorded):
    """What comes back is what the command line writes into a file."""
    status, body, _ = api.get("/v1/runs/recorded/cassette")
    assert (status, body["object"], body["id"]) == (200, "cassette", "recorded")
    cassette = Cassette.model_validate(body["data"])
    assert (cassette.connector, cassette.now, cassette.exchanges[0].response.status) == ("acme", NOW, 204)


def test_a_run_that_was_not_recorded_has_none(api, other_api, recorded):
    """Nor is there one for another organisation."""
    status, body, _ = api.get("/v1/runs/plain/cassette")
    assert (status, body["code"]) == (404, "not_recorded")
    for caller, run_id in ((api, "nowhere"), (other_api, "recorded")):
        status, body, _ = caller.get(f"/v1/runs/{run_id}/cassette")
        assert (status, body["code"]) == (404, "not_found")
