"""The commands of the quarantine and of idempotency schemes, as an operator types them."""

import json

import pytest

from levada import Draft
from levada_runtime.cli import run
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.service import Ingest

pytestmark = pytest.mark.databases("sqlite")


class Runtime:
    """A store of a test's own, filled past the sandbox and asked through the command line."""

    def __init__(self, folder, capsys):
        self._folder, self._capsys, self._calls = folder, capsys, 0

    def __call__(self, *words, code=0):
        assert run([*words, "--data-dir", str(self._folder), "--json"]) == code
        body = json.loads(self._capsys.readouterr().out)
        return body["result"] if body["ok"] else body["error"]

    def prints(self, *words, code=0):
        assert run([*words, "--data-dir", str(self._folder)]) == code
        return self._capsys.readouterr().out

    def send(self, *records):
        """Commit records, each a key and a payload, of the built-in connection."""
        with Installation(Settings(data_dir=self._folder)) as installation:
            rest = installation.connections.get(installation.org, "rest")
            place = (installation.org.id, "rest", rest.id, rest.uid)
            origin = Origin("default", *place, "rest", "1", "customer", "run", 1, "poll", None)
            ingest = Ingest(installation.store, installation.registry, origin)
            drafts = [Draft(json.dumps(one).encode(), key, None, None, None, False) for key, one in records]  # noqa: FBT003 - in the order of the fields
            self._calls += 1
            ingest.emit(self._calls, "customer", "customer", drafts, continue_on_error=True, last=True)
            with installation.store.write() as uow:
                ingest.write(uow, installation.clock.now())


@pytest.fixture
def runtime(tmp_path, capsys):
    folder = tmp_path / "data"
    with Installation(Settings(data_dir=folder)) as installation, installation.store.write() as uow:
        from levada_runtime.access.built_in import rest_connection

        rest_connection(uow, installation.org.id, installation.clock.now())
    return Runtime(folder, capsys)


def customer(number, **fields):
    return f"k:{number}", {"customer_id": str(number), "name": f"Customer {number}", **fields}


def test_refused_records_are_listed_with_a_count_for_each_reason(runtime):
    """The filters narrow both; a word that means nothing is a usage error that tells what there is."""
    runtime.send(customer(1, balance=1), customer(2, balance=1), ("", {"customer_id": "3", "name": "C"}))
    found = runtime("quarantine", "list", "--connection", "rest", "--type", "customer", "--stream", "customer")
    assert found["by_reason"] == {"idempotency_key_missing": 1, "validation_failed": 2}
    found = runtime("quarantine", "list", "--reason", "validation_failed", "--limit", "1")
    assert (len(found["items"]), found["by_reason"]) == (1, {"validation_failed": 2})
    assert runtime("quarantine", "list", "--limit", "1", "--cursor", found["cursor"])["items"]
    assert "validation_failed: 2" in runtime.prints("quarantine", "list")
    refused = runtime("quarantine", "list", "--reason", "bad", code=2)
    assert (refused["code"], "validation_failed" in refused["details"]["hint"]) == ("unknown_reason", True)
    assert runtime("quarantine", "list", "--state", "lost", code=2)["code"] == "unknown_state"


def test_records_are_discarded_and_replayed_by_id_and_by_what_they_share(runtime):
    """What is still refused is exit code 4 and says why."""
    runtime.send(customer(1, balance=1), customer(2, balance=1), customer(3, balance=1))
    ids = [one["id"] for one in runtime("quarantine", "list")["items"]]
    assert runtime("quarantine", "discard", ids[0])["state"] == "discarded"
    assert runtime("quarantine", "replay", ids[1], ids[2], code=4)["still_refused"] == 2
    assert "still refused: 2" in runtime.prints("quarantine", "replay", "--all", code=4)
    assert runtime("quarantine", "discard", "--reason", "validation_failed")["discarded"] == 2
    assert runtime("quarantine", "list")["items"] == []
    assert len(runtime("quarantine", "list", "--state", "all")["items"]) == 3
    assert runtime("quarantine", "replay", code=2)["code"] == "nothing_meant"
    assert runtime("quarantine", "show", "12", code=2)["code"] == "not_found"


def test_a_scheme_is_accepted_and_what_was_refused_is_replayed(runtime):
    """The command says what waits, and how to take it."""
    runtime.send(customer(1), customer(2))
    runtime.send(("n:1", customer(1)[1]), ("n:2", customer(2)[1]))
    (first, _) = runtime("quarantine", "list")["items"]
    assert "runtime streams accept-scheme rest customer --type customer" in first["message"]
    assert runtime("streams", "accept-scheme", "rest", "customers", code=2)["code"] == "nothing_to_rekey"
    printed = runtime.prints("streams", "accept-scheme", "rest", "customer")
    again = "runtime quarantine replay --connection rest --stream customer --reason idempotency_scheme_changed"
    assert again in printed
    assert runtime(*again.split()[1:])["replayed"] == 2
    keys = {one["idempotency_key"] for one in runtime("documents", "list", "--type", "customer")["items"]}
    assert keys == {"n:1", "n:2"}
    assert [one["mode"] for one in runtime("runs", "list")["items"]] == ["replay"]
