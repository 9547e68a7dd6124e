"""Connectors over HTTP: what stands in their way is told, and whoever administers lets them run."""

import sys

import pytest
from tests.naughty import Naughty

from levada_runtime.runs.queue import new_run
from levada_runtime.store.trust_model import ConnectorQuarantineRow

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def naughty(tmp_path, monkeypatch, installation, lending):
    naughty = Naughty(tmp_path / "packages")
    naughty.install()
    monkeypatch.setattr(sys, "path", [str(naughty.folder), *sys.path])
    lending.to(installation)
    return naughty


def confine(installation):
    """Put the connector into quarantine for a run of the default organisation, and return the run's id."""
    connector, manifest = installation.catalog.ready("naughty")
    row = installation.connections.add(installation.org, manifest, settings={}, secrets={})
    now = installation.clock.now()
    run = new_run(row, "crimes", now, observing=False)
    why = ("sandbox_violation", "it was killed", "poll", run.id, now)
    with installation.store.write() as uow:
        uow.runs.add(run)
        uow.trust.confine(ConnectorQuarantineRow("naughty", connector.source_hash, "1.0", *why))
    return run.id


def test_a_difference_is_shown_and_approved(api, installation, naughty):
    """For the very source that was looked at, and for no other."""
    shown = api.get("/v1/connectors/naughty").body["data"]
    assert (shown["state"], shown["difference"], shown["quarantine"]) == ("ready", None, None)
    naughty.install("2.0", hosts=("api.acme.test", "elsewhere.test"))
    installation.catalog.refresh()
    waiting = api.get("/v1/connectors/naughty").body["data"]
    assert waiting["state"] == "needs_approval"
    assert waiting["difference"] == {"added": {"hosts": ["elsewhere.test"]}, "removed": {}}
    listed = {one["key"]: one for one in api.get("/v1/connectors").body["data"]}
    assert (listed["naughty"]["state"], listed["acme"]["state"]) == ("needs_approval", "ready")
    path = "/v1/connectors/naughty/approve"
    assert api.post(f"{path}?source_hash={shown['source_hash']}").status == 409
    answer = api.post(f"{path}?source_hash={waiting['source_hash']}")
    assert (answer.status, answer.body["data"]["state"]) == (200, "ready")
    assert api.post(path).body["data"]["state"] == "ready"


def test_a_quarantine_is_told_of_and_lifted(api, installation, naughty):
    """With the run that violated the wall."""
    run = confine(installation)
    shown = api.get("/v1/connectors/naughty").body["data"]
    assert shown["state"] == "quarantined"
    assert run in shown["reason"]
    assert (shown["quarantine"]["run"], shown["quarantine"]["reason"]) == (run, "sandbox_violation")
    assert api.post("/v1/connectors/naughty/approve").body["data"]["state"] == "ready"
    assert api.get("/v1/connectors/naughty").body["data"]["quarantine"] is None


def test_another_organisation_is_not_told_what_the_run_was(other_api, installation, naughty):
    """Only that there was one, since it cannot run the connector either."""
    run = confine(installation)
    for answer in (other_api.get("/v1/connectors/naughty"), other_api.get("/v1/connectors")):
        assert "sandbox_violation" in str(answer.body)
        assert run not in str(answer.body)
        assert "it was killed" not in str(answer.body)


def test_only_an_administrator_lets_a_connector_run(scoped, api, naughty):
    """What is installed is every organisation's, and so is the word for it."""
    path = "/v1/connectors/naughty/approve"
    assert scoped("operate").post(path).status == 403
    assert scoped("operate").get("/v1/connectors/naughty").status == 200
    assert api.ask("POST", path, key=None).status == 401
    assert api.post("/v1/connectors/nobody/approve").status == 404


def test_a_broken_connector_is_not_approved(api, installation, naughty):
    """There is nothing to look at."""
    naughty.install("1.1", head="raise ValueError('no')")
    installation.catalog.refresh()
    answer = api.post("/v1/connectors/naughty/approve")
    assert (answer.status, answer.body["code"]) == (422, "connector_broken")
