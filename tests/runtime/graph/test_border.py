"""What the two bodies of the graph's ingest may hold, and how the rest is refused: by its path, all of it."""

import copy

import pytest

from levada_runtime.graph.border import read_sync, read_write
from levada_runtime.graph.checks import check_batch, check_upsert
from levada_runtime.graph.model import EntityDraft, GraphRefusal
from levada_runtime.graph.vocabulary import CLASSES, VERBS, Vocabulary, meant

BODY = {
    "connector_id": "my-connector",
    "sync_id": "sync-1",
    "entities": [{"entity_type": "host", "entity_key": "web-01", "entity_class": "Host"}],
    "relationships": [
        {"from_type": "host", "from_key": "web-01", "verb": "RUNS", "to_type": "host", "to_key": "web-01"}
    ],
}


def refusal(body, read=read_sync):
    try:
        request = read(body)
        check_batch(Vocabulary(), request.entities, request.relationships)
    except GraphRefusal as caught:
        return caught
    raise AssertionError(f"{body} was taken")


def changed(*path, to=...):
    body = copy.deepcopy(BODY)
    *way, last = path
    place = body
    for step in way:
        place = place[step]
    if to is ...:
        del place[last]
    else:
        place[last] = to
    return body


def test_the_vocabulary_is_the_specification_s():
    """Forty-one classes, eighteen verbs."""
    assert (len(CLASSES), len(VERBS)) == (41, 18)
    assert {"Host", "Generic", "NetworkSegment"} <= CLASSES
    assert {"RUNS", "OWES", "PAID", "BILLED"} <= VERBS


def test_a_body_becomes_drafts():
    """What need not be said may be left out, or be null."""
    request = read_sync(changed("entities", 0, "display_name", to=None))
    assert request.source == "sync:my-connector"
    assert request.entities == [EntityDraft("host", "web-01", "Host", None, {})]
    assert request.relationships[0].edge == (("host", "web-01"), "RUNS", ("host", "web-01"))


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (("entities",), "entities"),
        (("relationships",), "relationships"),
        (("connector_id",), "connector_id"),
        (("sync_id",), "sync_id"),
        (("entities", 0, "entity_class"), "entities[0].entity_class"),
        (("relationships", 0, "to_key"), "relationships[0].to_key"),
    ],
)
def test_what_is_missing_is_named(path, told):
    """A missing list is no empty list."""
    found = refusal(changed(*path))
    assert (found.code, found.message) == ("InvalidRequest", f"{told}: is missing")
    assert found.details == [{"path": told, "message": "is missing"}]


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("entities", 0, "entity_klass"), "x", "entities[0].entity_klass: there is no such field; did you mean"),
        (("conector_id",), "x", "conector_id: there is no such field; did you mean 'connector_id'?"),
        (("entities", 0, "entity_key"), 7, "entities[0].entity_key: must be a string"),
        (("entities", 0, "entity_key"), "", "entities[0].entity_key: must not be empty"),
        (("entities", 0, "entity_key"), "a\0b", "entities[0].entity_key: holds U+0000"),
        (("entities", 0, "entity_key"), "a\ud800", "entities[0].entity_key: holds U+0000 or half a surrogate pair"),
        (("entities", 0, "entity_key"), "é" * 1025, "entities[0].entity_key: is longer than 2048 bytes"),
        (("entities", 0, "entity_type"), "Host", "entities[0].entity_type: 'Host' is not snake_case"),
        (("entities", 0, "display_name"), "\0", "entities[0].display_name: holds U+0000"),
        (("entities",), {}, "entities: must be an array"),
        (("entities", 0), [], "entities[0]: must be an object"),
        (("entities", 0, "properties"), [], "entities[0].properties: must be an object"),
        (("entities", 0, "properties"), {"a": {}}, "entities[0].properties.a: is an object"),
        (("entities", 0, "properties"), {"a": [1]}, "entities[0].properties.a: is a list that holds something else"),
        (("entities", 0, "properties"), {"a": [["x"]]}, "entities[0].properties.a: is a list that holds something"),
        (("entities", 0, "properties"), {"a": 1 << 63}, "entities[0].properties.a: is an integer that does not fit"),
        (("entities", 0, "properties"), {"a": float("nan")}, "entities[0].properties.a: is not a finite number"),
        (("entities", 0, "properties"), {"a": ["\0"]}, "entities[0].properties.a: holds U+0000"),
        (("entities", 0, "properties"), {"a\0": 1}, "entities[0].properties.a\0: a name holds U+0000"),
        (("relationships", 0, "properties"), {"a": {}}, "relationships[0].properties.a: is an object"),
        (("relationships", 0, "to_type"), "web host", "relationships[0].to_type: 'web host' is not snake_case"),
        (("sync_id",), "", "sync_id: must not be empty"),
        (("connector_id",), "x" * 256, "connector_id: is longer than 255 bytes"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_named_by_its_path(path, value, told):
    """Nothing is dropped in silence."""
    found = refusal(changed(*path, to=value))
    assert found.code == "InvalidRequest"
    assert found.message.startswith(told)


def test_a_body_that_is_no_object_is_refused():
    """A list is not a sync."""
    assert refusal([]).message == "must be an object"


def test_everything_that_is_wrong_is_told_at_once():
    """Nobody mends a batch one answer at a time; what is malformed goes before an unknown word."""
    body = changed("entities", 0, "entity_class", to="Hots")
    body["relationships"][0] |= {"verb": "RUN", "from_key": ""}
    found = refusal(body)
    assert found.code == "InvalidRequest"
    assert found.message == "relationships[0].from_key: must not be empty (and 2 more)"
    assert [one["path"] for one in found.details] == [
        "entities[0].entity_class",
        "relationships[0].from_key",
        "relationships[0].verb",
    ]


def test_an_unknown_class_or_verb_names_the_nearest():
    """A misspelling is answered with what was meant."""
    found = refusal(changed("entities", 0, "entity_class", to="host"))
    assert found.code == "InvalidEntityClass"
    assert found.message == "entities[0].entity_class: 'host' is not a known class; did you mean 'Host'?"
    found = refusal(changed("relationships", 0, "verb", to="RUN"))
    assert found.code == "InvalidRelationshipVerb"
    assert found.message == "relationships[0].verb: 'RUN' is not a known verb; did you mean 'RUNS'?"
    assert "there is" in meant("zzzzzzzz", VERBS)


def test_every_flat_value_is_taken():
    """Null, booleans, integers of 64 bits, finite floats, strings, lists of strings."""
    flat = {"a": None, "b": True, "c": -(1 << 63), "d": (1 << 63) - 1, "e": 1.5, "f": "é", "g": ["x", ""], "h": []}
    request = read_sync(changed("entities", 0, "properties", to=flat))
    check_batch(Vocabulary(), request.entities, request.relationships)
    assert request.entities[0].traits == flat


def test_a_write_has_its_own_id():
    """The second body differs in one field."""
    body = {"write_id": "w", "entities": BODY["entities"], "relationships": []}
    assert read_write(body).write_id == "w"
    assert refusal(BODY, read_write).details[0]["path"] == "write_id"


def test_traits_of_an_upsert_may_be_any_json():
    """The REST API's traits are open, but for what no database can keep."""
    check_upsert(Vocabulary(), EntityDraft("any Kind", "k", None, None, {"utm": {"a": [1, {"b": None}]}}))
    for traits, told in [
        ({"a": {"b": ["\0"]}}, "traits.a.b[0]: holds U+0000"),
        ({"a": {"\ud800": 1}}, "traits.a: a name holds U+0000"),
        ({"a": [{"b": 1 << 64}]}, "traits.a[0].b: is an integer"),
        ({"a": nested(70)}, "lies deeper than 64 levels"),
    ]:
        with pytest.raises(GraphRefusal) as caught:
            check_upsert(Vocabulary(), EntityDraft("user", "k", None, None, traits))
        assert told in caught.value.message


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value
