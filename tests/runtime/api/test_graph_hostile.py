"""Bodies nobody should send to the graph: each is refused with its code and its place, and nothing of it is written."""

import copy
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.runtime.api.test_graph_ingest import BATCH, HOST, RUNS, SERVICE

SYNC, WRITE, ENTITIES = "/v1/ingest/sync", "/v1/ingest/write", "/api/entities"
WRITTEN = {"write_id": "write-1", "entities": [HOST, SERVICE], "relationships": [RUNS]}
BODIES = {SYNC: BATCH, WRITE: WRITTEN}
CODES = {"InvalidRequest", "InvalidEntityClass", "InvalidRelationshipVerb", "ParseError"}
KINDS = (None, True, 7, 1.5, "", "x", "\0", [], {}, [None], [[]], {"a": {}}, [{}], "x" * 2_049, 1 << 64)
TABLE = [
    (("entities",), "all", "InvalidRequest", "entities"),
    (("entities",), {"0": HOST}, "InvalidRequest", "entities"),
    (("entities", 1), None, "InvalidRequest", "entities[1]"),
    (("entities", 1, "entity_key"), ["a"], "InvalidRequest", "entities[1].entity_key"),
    (("entities", 1, "entity_type"), "web-service", "InvalidRequest", "entities[1].entity_type"),
    (("entities", 0, "entity_class"), "host", "InvalidEntityClass", "entities[0].entity_class"),
    (("entities", 0, "entity_class"), "Hots", "InvalidEntityClass", "entities[0].entity_class"),
    (("entities", 0, "properties", "deep"), {"a": {"b": 1}}, "InvalidRequest", "entities[0].properties.deep"),
    (("entities", 0, "properties", "rows"), [{"a": 1}], "InvalidRequest", "entities[0].properties.rows"),
    (("entities", 0, "properties", "mixed"), ["a", 1], "InvalidRequest", "entities[0].properties.mixed"),
    (("entities", 0, "properties", "huge"), 1 << 63, "InvalidRequest", "entities[0].properties.huge"),
    (("entities", 0, "properties", ""), {}, "InvalidRequest", "entities[0].properties."),
    (("entities", 1), {**HOST, "display_name": "another"}, "InvalidRequest", "entities[0]"),
    (("relationships", 0, "verb"), "RUN", "InvalidRelationshipVerb", "relationships[0].verb"),
    (("relationships", 0, "verb"), "runs", "InvalidRelationshipVerb", "relationships[0].verb"),
    (("relationships", 0, "to_key"), None, "InvalidRequest", "relationships[0].to_key"),
    (("relationships", 0, "properties"), {"port": {"n": 1}}, "InvalidRequest", "relationships[0].properties.port"),
    (("relationships", 0, "weight"), 1, "InvalidRequest", "relationships[0].weight"),
    (("relationships",), [RUNS, {**RUNS, "properties": {"a": 1}}], "InvalidRequest", "relationships[0]"),
]
NEAR = {"Hots": "Host", "host": "Host", "RUN": "RUNS", "runs": "RUNS"}
RAW = [
    (b"", "ParseError"),
    (b"not json", "ParseError"),
    (b'{"entities": [', "ParseError"),
    (b"\xff\xfe{}", "ParseError"),
    (json.dumps(BATCH).encode().replace(b'"cpu_count": 8', b'"cpu_count": NaN'), "ParseError"),
    (json.dumps(BATCH).encode().replace(b'"cpu_count": 8', b'"cpu_count": -Infinity'), "ParseError"),
    (json.dumps(BATCH).encode().replace(b'"cpu_count": 8', b'"cpu_count": 1e999'), "InvalidRequest"),
    (json.dumps(BATCH).encode().replace(b"us-east-1", b"\\ud800"), None),
    (b"[" * 100_000 + b"]" * 100_000, None),
    (b'{"entities": ' + b'{"a": ' * 5_000 + b"1" + b"}" * 5_001, None),
    (b"null", "InvalidRequest"),
    (b"[]", "InvalidRequest"),
    (b'"sync"', "InvalidRequest"),
]


def changed(body, path, value):
    made = copy.deepcopy(body)
    *way, last = path
    place = made
    for step in way:
        place = place[step]
    place[last] = value
    return made


def rows(caller):
    """How much there is of everything that a sync writes."""
    return caller.get(ENTITIES).body["data"], caller.get("/v1/graph/stats").body


def refused(answer):
    """Hold an answer against what the surface documents of a refusal."""
    assert answer.status in (400, 413), (answer.status, answer.body)
    assert answer.body["error"] in {*CODES, "PayloadTooLarge"}
    assert answer.body["message"]
    for detail in answer.body.get("details", []):
        assert detail.keys() >= {"path", "message"}, detail
    assert len(answer.body.get("details", [])) <= 100


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(("place", "value", "code", "told"), TABLE)
def test_what_the_graph_does_not_take_is_refused_by_its_place(standing, path, place, value, code, told):
    """With its code, its path first, what was meant if that is near; all of the batch stays out."""
    before = rows(standing)
    answer = standing.post(path, changed(BODIES[path], place, value))
    refused(answer)
    assert (answer.status, answer.body["error"]) == (400, code)
    assert answer.body["details"][0]["path"] == told
    assert told in answer.body["message"]
    assert NEAR.get(str(value), "") in answer.body["message"]
    assert rows(standing) == before


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(("raw", "code"), RAW, ids=[f"{number}" for number, _ in enumerate(RAW)])
def test_what_is_no_body_at_all_is_refused(standing, path, raw, code):
    """Not JSON, JSON that nobody can keep, or JSON that is no object, however deep."""
    before = rows(standing)
    answer = standing.post(path, raw=raw, headers={"content-type": "application/json"})
    refused(answer)
    assert answer.body["error"] == code or (code is None and answer.body["error"] in ("ParseError", "InvalidRequest"))
    assert rows(standing) == before


def test_ten_megabytes_are_taken_and_more_are_refused(api):
    """What is as large as a body may be is read; what is larger is not, however well it is formed."""
    few = [{**HOST, "entity_key": f"h{number}", "properties": {"note": "x" * 90_000}} for number in range(110)]
    taken = api.post(SYNC, {**BATCH, "entities": few, "relationships": []})
    assert (taken.status, taken.body["entities_created"]) == (200, 110)
    more = [{**one, "entity_key": f"{one['entity_key']}-again"} for one in few] * 2
    answer = api.post(SYNC, {**BATCH, "entities": more, "relationships": []})
    assert (answer.status, answer.body["error"]) == (413, "PayloadTooLarge")
    assert len(api.get(f"{ENTITIES}?limit=500").body["data"]) == 110


def test_a_body_in_which_everything_is_wrong_is_answered_shortly(standing):
    """A hundred places are told, and how many more there are not even counted out."""
    wrong = [{**HOST, "entity_key": "", "entity_class": f"No{number}"} for number in range(5_000)]
    answer = standing.post(SYNC, {**BATCH, "entities": wrong})
    refused(answer)
    assert len(json.dumps(answer.body)) < 100_000


PLACES = st.sampled_from(
    [
        ("connector_id",), ("sync_id",), ("entities",), ("relationships",), ("guard",), ("unknown",),
        ("entities", 0), ("entities", 0, "entity_type"), ("entities", 0, "entity_key"), ("entities", 0, "entity_class"),
        ("entities", 0, "display_name"), ("entities", 0, "properties"), ("entities", 0, "properties", "state"),
        ("entities", 0, "unknown"), ("relationships", 0), ("relationships", 0, "verb"), ("relationships", 0, "to_key"),
        ("relationships", 0, "properties"), ("relationships", 0, "from_type"), ("relationships", 0, "unknown"),
    ]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(path=st.sampled_from(sorted(BODIES)), place=PLACES, value=st.sampled_from(KINDS) | JSON)
@example(path=SYNC, place=("entities", 0, "properties", "state"), value=float("inf"))
@example(path=SYNC, place=("entities", 0, "display_name"), value="\ud800")
def test_whatever_is_sent_is_taken_whole_or_refused_whole(standing, path, place, value):
    """No other answer than those that are documented, and no trace of what was refused."""
    before = rows(standing)
    answer = standing.post(path, changed(BODIES[path], place, value))
    if answer.status == 500:
        assert answer.body["error"] == "DanglingRelationship"
    elif answer.status != 200:
        refused(answer)
    if answer.status != 200:
        assert rows(standing) == before
        return
    for one in standing.get(ENTITIES).body["data"]:
        assert standing.delete(f"{ENTITIES}/{one['id']}").status == 204


@settings(max_examples=40, deadline=None)
@given(value=JSON)
def test_an_entity_is_taken_or_refused_with_words(standing, value):
    """The other surface, whatever it is sent."""
    before = rows(standing)
    answer = standing.post(ENTITIES, value)
    if answer.status in (200, 201):
        return
    assert answer.status == 400, answer
    assert answer.body["error"]["message"]
    assert rows(standing) == before
