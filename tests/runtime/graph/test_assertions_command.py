"""`runtime graph project` and `runtime graph priority`: what documents stand for, and which source goes first."""

import json

import pytest

from levada_runtime.cli import run
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.ingest.rest import Post
from levada_runtime.work.outbox import ONLY

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def command(tmp_path, capsys, monkeypatch):
    """Returns what runs a command and gives its exit code and its answer."""
    for name in ("LEVADA_DATABASE_URL", "LEVADA_DATA_DIR", "LEVADA_ORG"):
        monkeypatch.delenv(name, raising=False)

    def invoke(*words):
        code = run([*words, "--json", "--data-dir", str(tmp_path)])
        return code, json.loads(capsys.readouterr().out)

    return invoke


@pytest.fixture
def installation(tmp_path):
    """An installation with two documents that nobody has carried into the graph."""
    with Installation(Settings(data_dir=tmp_path)) as opened:
        create(opened, "customer", customer_id="7", name="Ada", email="ada@b.co")
        invoice = {"source_id": "in_1", "status": "open", "currency": "EUR", "total_amount": "5"}
        create(opened, "invoice", customer_id="7", **invoice)
        yield opened


def create(installation, kind, **payload):
    contract = installation.registry.get(kind)
    post = Post(json.dumps(payload).encode(), payload, "req", f"/v1/{contract.plural}")
    return installation.rest.create(installation.org, contract, post, lambda written: written)


def test_documents_that_are_there_are_projected_once(command, installation):
    """By type, or all of them; a second time nothing changes, and the work that waits does no harm."""
    graph, org = installation.graph, installation.org.id
    assert graph.find(org, "customer", "7") is None
    code, only = command("graph", "project", "--type", "invoice")
    assert (code, only["result"]["documents"]) == (0, 1)
    assert (only["result"]["entities_created"], only["result"]["relationships_created"]) == (1, 2)
    assert command("graph", "project", "--connection", "rest")[1]["result"]["entities_created"] == 1
    again = command("graph", "project")[1]["result"]
    assert (again["documents"], again["entities_unchanged"], again["entities_created"]) == (2, 2, 0)
    assert len(graph.relationships(org, "customer", "7")) == 2
    tokens = installation.work.claim_due(10)
    assert len(tokens) == 1
    with installation.store.read() as uow:
        assert ONLY in uow.work.get(tokens[0][0]).payload
    installation.reactor.execute(tokens[0])
    assert graph.find(org, "customer", "7").traits == {"email": "ada@b.co"}


def test_a_type_that_there_is_not_is_refused_with_the_nearest(command, installation):
    """Exit code 2, and nothing is projected."""
    code, told = command("graph", "project", "--type", "invoise")
    assert (code, told["error"]["code"]) == (2, "unknown_document_type")
    assert installation.graph.find(installation.org.id, "invoice", "in_1") is None


def test_an_order_is_set_listed_and_cleared(command, installation):
    """Each time it is told how many entities show something else."""
    command("graph", "project")
    command("entities", "set", "customer", "7", "email=new@b.co")
    code, put = command("graph", "priority", "set", "customer", "document:rest/*", "rest")
    assert (code, put["result"]) == (0, {"kind": "customer", "sources": ["document:rest/*", "rest"], "changed": 1})
    assert installation.graph.find(installation.org.id, "customer", "7").traits == {"email": "ada@b.co"}
    (listed,) = command("graph", "priority", "list")[1]["result"]["items"]
    assert (listed["kind"], listed["sources"]) == ("customer", ["document:rest/*", "rest"])
    assert command("graph", "priority", "clear", "customer")[1]["result"]["changed"] == 1
    assert command("graph", "priority", "clear", "customer")[0] == 2
    assert installation.graph.find(installation.org.id, "customer", "7").traits == {"email": "new@b.co"}
    deeds = [one["action"] for one in command("audit", "list")[1]["result"]["items"]]
    assert deeds == ["priority.clear", "priority.set", "graph.project"]
