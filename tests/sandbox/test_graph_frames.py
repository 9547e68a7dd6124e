"""What a route asserts crosses the wall as rows of JSON, and what became of it comes back as values."""

import json

import pytest

from levada_runtime.sandbox.protocol import (
    RECORDS,
    GraphFrame,
    ProtocolError,
    decode_child,
    encode,
)

HEAD = "from levada import BadRecord, ConnectorMistake, Entity, Relationship\n"


def poll(wall, told, body, **more):
    outcome = wall.poll(body, head=HEAD, parameters="graph, log", handlers=told, **more)
    assert outcome.reason is None, outcome.message


def rows(told, kind):
    return [json.loads(row) for frame in told.graphed for row in getattr(frame, kind)]


def test_a_sync_crosses_the_wall_and_its_counters_come_back(wall, told):
    """Entities and relationships as the author gave them, in the field names of the HTTP API."""
    poll(
        wall,
        told,
        """
        host = Entity("host", "web-01", {"cpus": 8, "tags": ["a"]}, entity_class="Host", display_name="Web 01")
        plain = {"entity_type": "service", "entity_key": "nginx"}
        result = graph.sync([host, plain], [Relationship(host, "RUNS", ("service", "nginx"))], scope="eu")
        log.info(f"{result.status} {result.entities_deleted} {result.relationships_created} {host.ref}")
        """,
    )
    assert {(frame.call, frame.op, frame.scope) for frame in told.graphed} == {(1, "sync", "eu")}
    assert rows(told, "entities") == [
        {
            "entity_type": "host",
            "entity_key": "web-01",
            "entity_class": "Host",
            "display_name": "Web 01",
            "properties": {"cpus": 8, "tags": ["a"]},
        },
        {"entity_type": "service", "entity_key": "nginx"},
    ]
    assert [row["to_key"] for row in rows(told, "relationships")] == ["nginx"]
    assert told.messages == ["synced 4 5 ('host', 'web-01')"]


def test_a_snapshot_crosses_the_wall_step_by_step(wall, told):
    """It is opened, added to by up to a thousand rows a frame, and kept; other questions may stand between."""
    poll(
        wall,
        told,
        """
        with graph.snapshot(scope="eu") as snapshot:
            first = snapshot.entity("host", "first", {"cpus": 8})
            snapshot.add(Entity("host", str(at)) for at in range(1500))
            log.info(graph.write([]).status)
            snapshot.relationship(first, "USES", ("host", "1"))
        """,
    )
    steps = [(frame.step, frame.scope, len(frame.entities), len(frame.relationships)) for frame in told.snapshots]
    assert steps == [
        ("open", "eu", 0, 0),
        ("add", "eu", RECORDS, 0),
        ("add", "eu", 1, 0),
        ("add", "eu", 500, 0),
        ("add", "eu", 0, 1),
        ("keep", "eu", 0, 0),
    ]
    first = json.loads(told.snapshots[1].entities[0])
    assert first == {"entity_type": "host", "entity_key": "first", "properties": {"cpus": 8}}


def test_a_snapshot_that_is_left_by_an_exception_is_dropped(wall, told):
    """The route may catch it outside and go on."""
    poll(
        wall,
        told,
        """
        try:
            with graph.snapshot() as snapshot:
                snapshot.entity("host", "a")
                raise ValueError("the source broke off")
        except ValueError as error:
            log.info(str(error))
        """,
    )
    assert [frame.step for frame in told.snapshots] == ["open", "drop"]
    assert told.messages == ["the source broke off"]


def test_an_empty_call_is_one_frame(wall, told):
    """A sync of nothing says that there is nothing."""
    poll(wall, told, "log.info(graph.write([]).status)\ngraph.sync([])")
    assert [(frame.op, frame.last, frame.entities) for frame in told.graphed] == [
        ("write", True, []),
        ("sync", True, []),
    ]
    assert told.messages == ["written"]


def test_a_large_call_is_several_frames_and_only_the_last_is_answered(wall, told):
    """At most a thousand rows a frame, and at most eight megabytes."""
    poll(
        wall,
        told,
        """
        heavy = [Entity("file", str(n), {"text": "x" * (1 << 20)}) for n in range(20)]
        light = [Entity("host", str(n)) for n in range(2500)]
        result = graph.write(heavy + light, [Relationship(light[0], "HAS", one) for one in light[1:]])
        log.info(f"{result.entities_written} {result.relationships_written}")
        """,
    )
    assert len(rows(told, "entities")) == 2520
    assert len(rows(told, "relationships")) == 2499
    assert max(len(frame.entities) for frame in told.graphed) == RECORDS
    assert [frame.last for frame in told.graphed] == [False] * (len(told.graphed) - 1) + [True]
    assert told.messages == ["2520 2499"]


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        ('graph.sync([Entity("host", "a", {"b": {"c": 1}})])', "BadRecord", "entities[0].properties.b"),
        ('graph.sync([Entity("host", "a", {"b": "x" * (8 << 20)})])', "BadRecord", "is the most one may take"),
        ('graph.write(Entity("host", "a"))', "ConnectorMistake", "takes a list of entities"),
    ],
)
def test_what_cannot_be_taken_is_refused_before_it_crosses(wall, told, call, error, said):
    """The route can catch it by its name; the host hears nothing of it."""
    poll(wall, told, f"try:\n    {call}\nexcept {error} as wrong:\n    log.info(str(wrong))")
    assert told.graphed == []
    assert said in told.messages[0]


def test_the_values_are_read_only_behind_the_wall(wall, told):
    """A connector can neither change a value nor the class it is of."""
    poll(
        wall,
        told,
        """
        host = Entity("host", "a")
        for write in (lambda: setattr(host, "kind", "b"), lambda: setattr(Entity, "ref", 1)):
            try:
                write()
            except (TypeError, AttributeError) as refused:
                log.info(type(refused).__name__)
        """,
    )
    assert len(told.messages) == 2


def test_a_check_is_given_no_graph(wall, told):
    """Only routes that serve a stream may ask for it."""
    source = (
        "from levada import Connector\nconnector = Connector('naughty')\n"
        "@connector.check\ndef check(graph):\n    pass\n"
    )
    assert wall.call(source, action="check", handlers=told).code == "invalid_definition"


def frame(op="sync", count=0):
    return GraphFrame(call=1, last=True, op=op, scope=None, entities=[b"{}"] * count, relationships=[])


def test_a_frame_with_too_many_rows_is_none():
    """The cap is the decoder's own."""
    assert decode_child(encode(frame(count=RECORDS))[4:]) == frame(count=RECORDS)
    for refused in (frame(count=RECORDS + 1), frame(op="drop")):
        with pytest.raises(ProtocolError):
            decode_child(encode(refused)[4:])
