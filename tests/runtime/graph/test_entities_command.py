"""`runtime entities`: what an operator lists, gets, asserts and deletes."""

import json

import pytest

from levada_runtime.cli import run

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def entities(tmp_path, capsys, monkeypatch):
    """Returns what runs one of the commands and gives its exit code and its answer."""
    for name in ("LEVADA_DATABASE_URL", "LEVADA_DATA_DIR", "LEVADA_ORG"):
        monkeypatch.delenv(name, raising=False)

    def invoke(*words):
        code = run(["entities", *words, "--json", "--data-dir", str(tmp_path / "data")])
        return code, json.loads(capsys.readouterr().out)

    return invoke


def test_what_is_set_is_merged_listed_and_deleted(entities):
    """Values that are JSON are read as JSON, the others are words."""
    code, made = entities(
        "set", "user", "alice@acme.co", "plan=growth", "arr=50000", 'utm={"a": [1]}', "x=null", "n=NaN"
    )
    assert (code, made["result"]["new"]) == (0, True)
    assert made["result"]["traits"] == {"plan": "growth", "arr": 50000, "utm": {"a": [1]}, "x": None, "n": "NaN"}
    code, merged = entities(
        "set", "user", "alice@acme.co", "plan=scale", "--class", "Account", "--display-name", "Alice"
    )
    assert (merged["result"]["new"], merged["result"]["class"]) == (False, "Account")
    assert merged["result"]["traits"] == {**made["result"]["traits"], "plan": "scale"}
    entities("set", "host", "web-01")
    code, listed = entities("list", "--kind", "user")
    assert [one["display_name"] for one in listed["result"]["items"]] == ["Alice"]
    code, first = entities("list", "--limit", "1")
    code, rest = entities("list", "--cursor", first["result"]["cursor"])
    assert [one["external_id"] for one in (*first["result"]["items"], *rest["result"]["items"])] == [
        "web-01",
        "alice@acme.co",
    ]
    uid = made["result"]["id"]
    assert entities("get", uid) == entities("get", "user", "alice@acme.co")
    code, gone = entities("delete", "user", "alice@acme.co")
    assert (code, gone["result"]) == (0, {"id": uid, "deleted": True})
    assert entities("get", uid)[0] == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("get", "user", "nobody"), "unknown_entity"),
        (("delete", "no-id"), "unknown_entity"),
        (("set", "user", "a", "plan"), "usage"),
        (("set", "user", "a", "n=99999999999999999999"), "invalid_entity"),
        (("set", "user", "a", "--class", "Usr"), "invalid_entity"),
        (("list", "--cursor", "x"), "invalid_cursor"),
    ],
)
def test_what_cannot_be_meant_is_refused(entities, words, code):
    """With exit code 2 and a code to tell it by."""
    entities("set", "host", "web-01")
    answer = entities(*words)
    assert (answer[0], answer[1]["error"]["code"]) == (2, code)


def test_an_entity_shows_its_relationships(entities, tmp_path):
    """What sources say of two entities is seen at both of them."""
    from levada_runtime.foundation.clock import SystemClock
    from levada_runtime.graph.model import EntityDraft, RelationshipDraft
    from levada_runtime.graph.service import Graph
    from levada_runtime.store.engine import make_engine
    from levada_runtime.store.unit_of_work import Store

    entities("set", "host", "a")
    store = Store(make_engine(f"sqlite:///{tmp_path / 'data' / 'levada.db'}"))
    (org,) = _orgs(store)
    drafts = [EntityDraft("host", "a"), EntityDraft("host", "b")]
    edge = RelationshipDraft("host", "a", "RUNS", "host", "b", {"port": 80})
    Graph(store, SystemClock()).write(org, "write", drafts, [edge])
    store.close()
    for key in ("a", "b"):
        (shown,) = entities("get", "host", key)[1]["result"]["relationships"]
        assert (shown["from_key"], shown["verb"], shown["to_key"]) == ("a", "RUNS", "b")
        assert shown["properties"] == {"port": 80}


def _orgs(store):
    with store.read() as uow:
        return [org.id for org in uow.orgs.all()]


@pytest.mark.parametrize(
    ("kind", "way_out"),
    [
        ("host", "`runtime entities list --kind host` shows what there is"),
        ("hsot", "nothing is of the kind 'hsot': did you mean 'host'?"),
        ("invoice", "nothing is of the kind 'invoice': `runtime graph stats` shows the kinds there are"),
    ],
)
def test_a_kind_that_nothing_has_is_told_with_the_one_it_looks_like(kind, way_out, entities, tmp_path, capsys):
    """By whatever command it was asked for."""
    entities("set", "host", "web-01")
    entities("set", "user", "alice")
    for words in ("entities get", "entities delete", "graph get", "graph neighbours", "why entity"):
        code = run([*words.split(), kind, "web-02", "--data-dir", str(tmp_path / "data")])
        said = " ".join(capsys.readouterr().err.split())
        assert (code, f"there is no entity {kind} 'web-02'" in said, way_out in said) == (2, True, True), said
