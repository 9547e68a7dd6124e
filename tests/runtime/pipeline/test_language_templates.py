"""What templates and mappings come to, and that no value of an event changes their shape."""

import json

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from levada_runtime.pipeline.language.faults import LanguageFailed
from levada_runtime.pipeline.language.references import Reading, read_leaf, read_text
from levada_runtime.pipeline.language.scope import UNDEFINED, Scope
from levada_runtime.pipeline.language.spelling import check_weight, to_json
from levada_runtime.pipeline.language.templates import read_template, read_value
from levada_runtime.pipeline.model import StepFailed

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
HOSTILE = st.one_of(
    st.text(),
    st.sampled_from(
        ['", "admin": true, "x": "', "$event.payload.b", "${event.id}", "}", '\\"', "now()", "$$", "\n", "*/"]
    ),
)


def scope(**payload):
    return Scope({"id": "evt_1", "payload": payload}, {"name": "p", "version": 3}, "2025-01-01T00:00:00.000Z")


def template(text, **payload):
    return read_template(text, Reading()).value(scope(**payload))


def faults(text):
    with pytest.raises(LanguageFailed) as refused:
        read_template(text, Reading())
    return refused.value.faults


def test_a_template_is_json_with_bare_keys_trailing_commas_and_comments():
    """Either kind of quotes will do, and keywords are keys like any other."""
    text = """{ // a comment
      email: $event.payload.email, 'a b': [1, -2.5e1, true, null,], # another
      "in": "x", not: 'it\\'s', true: now(), /* and
      another */ nested: { version: $pipeline.version, },
    }"""
    assert template(text, email="a@b") == {
        "email": "a@b",
        "a b": [1, -25.0, True, None],
        "in": "x",
        "not": "it's",
        "true": "2025-01-01T00:00:00.000Z",
        "nested": {"version": 3},
    }


@given(JSON)
def test_a_reference_standing_alone_keeps_its_type(value):
    """Whatever the event holds is what the body holds, in a template and in a mapping alike."""
    assert template("{a: $event.payload.a}", a=value) == {"a": value}
    assert read_value({"a": "$event.payload.a"}, Reading()).value(scope(a=value)) == {"a": value}


@given(JSON)
def test_plain_json_is_a_template_of_itself(value):
    """Dollars aside, JSON means what it always means."""
    text = json.dumps(value)
    assume("$" not in text and "\\u0000" not in text)
    if len(set(_keys(text))) == len(_keys(text)):
        assert template(text) == json.loads(text)


def _keys(text):
    found = []
    json.loads(text, object_pairs_hook=lambda pairs: found.append([key for key, _ in pairs]))
    return ["\0".join(keys) for keys in found]


@given(HOSTILE, HOSTILE)
def test_no_value_changes_the_shape_of_a_body(a, b):
    """A value within a text ends up in that text, whole, once and nowhere else."""
    body = template('{"alone": $event.payload.a, text: "<$event.payload.a|${event.payload.b}>", last: 1}', a=a, b=b)
    assert orjson.loads(to_json(body)) == {"alone": a, "text": f"<{a}|{b}>", "last": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello $event.payload.name!", "Hello Ann!"),
        ("Hello $event.payload.name.", "Hello Ann."),
        ("${event.payload.name}.json", "Ann.json"),
        ("${ $event.payload.name }s", "Anns"),
        ("at ${now()}", "at 2025-01-01T00:00:00.000Z"),
        ("$$event.payload.name costs $5 or $", "$event.payload.name costs $5 or $"),
        ("$${event}", "${event}"),
        ("<$event.payload.missing|$event.payload.nothing>", "<|>"),
        ("$event.payload.yes $event.payload.three $event.payload.list", 'true 3 [1,{"a":null}]'),
        ("$event.payload.list[1]", '{"a":null}'),
        ("$event.payload['odd key']!", "odd!"),
        ("now()", "now()"),
        ("", ""),
    ],
)
def test_inside_a_text_values_become_text(text, expected):
    """Texts as they are, nothing for null and undefined, JSON for the rest."""
    values = {"name": "Ann", "nothing": None, "yes": True, "three": 3, "list": [1, {"a": None}], "odd key": "odd"}
    assert read_text(text, Reading()).value(scope(**values)) == expected


def test_quotes_of_a_template_make_a_text_of_a_reference():
    """`"$a"` is text; `$a` is the value."""
    assert template('["$event.payload.n", $event.payload.n]', n=3) == ["3", 3]


def test_a_text_of_yaml_that_is_one_reference_is_its_value():
    """Also in braces, and `now()` by itself is the instant."""
    for text in ("$event.payload.n", "${event.payload.n}"):
        assert read_leaf(text, Reading()).value(scope(n=3)) == 3
    assert read_leaf("now()", Reading()).value(scope()) == "2025-01-01T00:00:00.000Z"
    assert read_leaf("$event.payload.n ", Reading()).value(scope(n=3)) == "3 "


def test_undefined_is_null_in_a_body_and_undefined_by_itself():
    """A key never vanishes from a body."""
    assert template("{a: $event.payload.a, b: [$entity.user.plan], c: $enrich.x}") == {
        "a": None,
        "b": [None],
        "c": None,
    }
    assert template("$event.payload.a") is UNDEFINED
    assert to_json(UNDEFINED) == "null"


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("{\n  plan: growth\n}", 'text stands in quotes ("growth")', (2, 9)),
        ("{a: 1 b: 2}", "unexpected 'b'; expected ',' or '}'", (1, 7)),
        ("{a: 1", "ends too early", (1, 5)),
        ("{a: 01}", "unexpected '0'", (1, 5)),
        ("{,}", "unexpected ','", (1, 2)),
        ("{a: 1, 'a': 2}", "there twice", (1, 8)),
        ('{a: "x ${y"}', "'${' has no '}'", (1, 8)),
        ('{a: "x ${5}"}', "holds no reference", (1, 8)),
        ('{a: "x $foo.bar"}', "no such root", (1, 8)),
        ("{a: $secret.x}", "secrets stand in", (1, 5)),
        ("{a: $event..x}", "unexpected '.'", (1, 11)),
        ("{a: 1e999}", "too large", (1, 5)),
        ("{} {}", "unexpected '{'", (1, 4)),
        ("", "ends too early", (1, 1)),
    ],
)
def test_a_template_that_cannot_be_read_says_where_and_why(text, message, place):
    """Each fault has its line, its column and the way out."""
    [fault] = faults(text)
    assert message in fault.message
    assert (fault.line, fault.column) == place


def test_a_template_too_deep_or_too_long_is_refused():
    """Depth and size end in a fault, never in a stack overflow."""
    assert "deep" in faults("[" * 20_000 + "]" * 20_000)[0].message
    assert "at most" in faults("[" + "1," * 40_000 + "]")[0].message


@given(st.text(alphabet="{}[]:,\"'$event.payload0123456789 \\\n#/*now()", max_size=60))
def test_any_text_is_a_template_or_is_refused(text):
    """No text raises anything else, and what is read can be sent."""
    try:
        value = template(text)
    except LanguageFailed as failed:
        lines = {fault.line for fault in failed.faults}
    else:
        lines = {1}
        orjson.loads(to_json(value))
    assert lines <= set(range(1, text.count("\n") + 2))


def test_integers_beyond_sixty_four_bits_are_sent_as_they_are():
    """JSON has no largest number."""
    assert to_json({"n": 2**70}) == '{"n":1180591620717411303424}'


def test_what_utf8_cannot_hold_is_refused_with_a_reason():
    """Half a surrogate pair fails the step, not the process."""
    with pytest.raises(StepFailed, match="cannot be written as JSON"):
        to_json({"a": "\ud800"})


def test_a_body_that_grew_beyond_measure_is_refused_before_it_is_written():
    """A large value referred to many times would fill the memory."""
    large = ["x" * 1024] * 1024
    check_weight(large)
    with pytest.raises(StepFailed, match="larger than 8 MiB"):
        check_weight([large] * 9)
    with pytest.raises(StepFailed, match="longer than"):
        template('"' + "$event.payload.a " * 300 + '"', a="x" * 1024)


def test_all_faults_of_a_nested_mapping_are_told_with_their_paths():
    """One reading finds them all."""
    with pytest.raises(LanguageFailed) as refused:
        read_value({"a": [1, "$evnt.x"], "b": {"c": "$event.x"}}, Reading())
    assert [fault.path for fault in refused.value.faults] == [("a", 1), ("b", "c")]
