"""`runtime graph`: what an operator reads of it, now and as of then."""

import json

import pytest

from levada_runtime.cli import run
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.graph.model import EntityDraft, RelationshipDraft

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def graph(tmp_path, capsys, monkeypatch):
    """Returns what runs one of the commands over three hosts and gives its exit code and its answer."""
    for name in ("LEVADA_DATABASE_URL", "LEVADA_DATA_DIR", "LEVADA_ORG"):
        monkeypatch.delenv(name, raising=False)
    place = tmp_path / "data"
    with Installation(Settings(data_dir=place), create=True) as installation:
        hosts = [EntityDraft("host", name) for name in "123"]
        links = [RelationshipDraft("host", one, "USES", "host", other) for one, other in ("12", "23")]
        installation.graph.sync(installation.org.id, "sync:a", None, hosts, links)

    def invoke(*words, as_json=True):
        code = run(["graph", *words, *(["--json"] if as_json else []), "--data-dir", str(place)])
        said = capsys.readouterr()
        return code, json.loads(said.out) if as_json else said.out + said.err

    return invoke


def test_an_entity_what_lies_around_it_and_a_way(graph):
    """Each is one object for machines."""
    code, got = graph("get", "host", "1")
    assert (code, got["command"], got["result"]["external_id"]) == (0, "graph get", "1")
    assert graph("entity", "host", "1")[1]["result"] == got["result"]
    code, around = graph("neighbours", "host", "1", "--depth", "2", "--verb", "USES", "--direction", "out")
    assert [one["external_id"] for one in around["result"]["entities"]] == ["2", "3"]
    code, way = graph("path", "host", "1", "host", "3")
    assert (code, way["result"]["length"]) == (0, 2)
    code, way = graph("path", "host", "3", "host", "1")
    assert (code, way["ok"], way["result"]["found"]) == (1, True, False)


def test_what_changed_and_how_much_there_is(graph):
    """A comparison says where the next one begins."""
    code, told = graph("changes", "--since", "1d", "--limit", "2")
    assert (code, len(told["result"]["items"])) == (0, 2)
    code, rest = graph("changes", "--since", "1d", "--cursor", told["result"]["cursor"])
    assert [one["object"] for one in rest["result"]["items"]] == ["entity", "relationship", "relationship"]
    assert graph("changes", "--since", rest["result"]["until"])[1]["result"]["items"] == []
    code, numbers = graph("stats")
    assert numbers["result"]["by_kind"] == {"host": 3}


def test_people_read_tables(graph):
    """And are told when there is more, or nothing."""
    assert "There is more" in graph("neighbours", "host", "2", "--limit", "1", as_json=False)[1]
    assert "host:1 USES host:2" in graph("changes", "--since", "1d", as_json=False)[1]
    assert "No way leads there." in graph("path", "host", "3", "host", "1", as_json=False)[1]
    assert "sync:a" in graph("stats", as_json=False)[1]
    code, said = graph("get", "host", "1", "--as-of", "2020-01-01T00:00:00Z", as_json=False)
    assert (code, "there was no entity host '1' at 2020-01-01" in said) == (2, True)
