"""What conditions mean, in both of their forms."""

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from levada_runtime.pipeline.language.conditions import read_condition
from levada_runtime.pipeline.language.faults import LanguageFailed
from levada_runtime.pipeline.language.nodes import Reference
from levada_runtime.pipeline.language.operators import compare, equal
from levada_runtime.pipeline.language.references import Reading
from levada_runtime.pipeline.language.scope import UNDEFINED, Scope

PAYLOAD = {
    "plan": "growth", "seats": 3, "price": "12.50", "one": 1, "yes": True, "no": False, "nothing": None, "empty": "",
    "tags": ["a", "b"], "nested": {"list": [{"x": 1}]}, "odd key": 7, "ninety": "90", "hundred": "100",
}  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def scope(payload=None):
    return Scope({"type": "t", "payload": PAYLOAD if payload is None else payload}, {"name": "p", "version": 1}, "now")


def holds(condition, payload=None):
    return read_condition(condition, Reading()).value(scope(payload)) is True


def faults(condition):
    with pytest.raises(LanguageFailed) as refused:
        read_condition(condition, Reading())
    return refused.value.faults


@pytest.mark.parametrize(
    "condition",
    [
        '$event.payload.plan in ["growth", "scale"]',
        "$event.payload.plan in ['growth']",
        '$event.payload.plan not in ["free"]',
        "$event.payload.seats > 2",
        "$event.payload.seats >= 3 and $event.payload.seats <= 3",
        "3 == $event.payload.seats",
        "$event.payload.seats == 3.0",
        '$event.payload.tags contains "a"',
        '"a" in $event.payload.tags',
        '"row" in $event.payload.plan',
        '"list" in $event.payload.nested',
        "exists $event.payload.nothing",
        "$event.payload.plan exists",
        "exists($event.payload.plan)",
        "not exists $event.payload.missing",
        "$event.payload.nested.list[0].x == 1",
        '$event.payload["odd key"] == 7',
        "$event.payload.yes",
        "not $event.payload.no",
        "$event.payload.nothing == null",
        "$event.payload.seats in [1, 2, $event.payload.seats,]",
        "not ($event.payload.yes and $event.payload.no)",
        "$event.payload.price > 12.4",
        '$event.payload.price == "12.50"',
        '$event.payload.price >= "12.5"',
        "$event.payload.hundred > $event.payload.ninety",
        "$event.payload.plan > 'free' # a comment",
        "true",
    ],
)
def test_these_hold(condition):
    """Each operator says yes to what it is for."""
    assert holds(condition)


@pytest.mark.parametrize(
    "condition",
    [
        '$event.payload.one == "1"',
        "$event.payload.yes == 1",
        '$event.payload.seats > "many"',
        "$event.payload.tags > 1",
        "$event.payload.nothing < 1",
        "$event.payload.price == 12.5",
        "$event.payload.missing == null",
        "$event.payload.missing != 1",
        '$event.payload.missing not in ["a"]',
        "null in [$event.payload.missing]",
        "exists $event.payload.missing",
        "exists $event.payload.tags[2]",
        "exists $event.payload.plan[0]",
        "exists $event.payload.nested[0]",
        "$event.payload.plan",
        "$event.payload.one",
        "not true",
        "false",
    ],
)
def test_these_do_not_hold(condition):
    """Nothing is turned into another type, and what is undefined compares with nothing."""
    assert not holds(condition)


@given(st.booleans(), st.booleans(), st.booleans())
def test_not_binds_tighter_than_and_which_binds_tighter_than_or(a, b, c):
    """The order is Python's own."""
    payload = {"a": a, "b": b, "c": c}
    for text in ("a or b and c", "not a or b", "not a and b or c", "a and not b or not c", "not (a or b) and c"):
        spelled = text
        for name in payload:
            spelled = " ".join(
                word.replace(name, f"$event.payload.{name}") if word.strip("()") == name else word
                for word in spelled.split(" ")
            )
        assert holds(spelled, payload) is bool(eval(text, {}, dict(payload)))


@pytest.mark.parametrize(
    ("condition", "message", "column"),
    [
        ("$event.payload.a = 1", "equality is written ==", 18),
        ("$event.payload.a && true", "write and, or, not", 18),
        ("plan == 1", 'text stands in quotes ("plan")', 1),
        ("$event.payload.a == ", "ends too early", 18),
        ("($event.payload.a", "expected ')'", 2),
        ('$event.payload.a == "x', "no closing quote", 21),
        ("1 < $event.payload.a < 5", "unexpected '<'", 22),
        ("$evnt.payload.a == 1", "did you mean '$event'", 1),
        ("$event.paylod.a == 1", "did you mean 'payload'", 1),
        ("$secret.a == 1", "secrets stand in", 1),
        ("$entity == 1", "name the kind", 1),
        ("$event.payload.a == 99999999999999999999", "too large", 21),
        ('$event.payload.a == "\\q"', "no escape", 21),
        ('$event.payload.a == "\\ud800"', "surrogate", 21),
        ('$event.payload.a == "\\u0000"', "U+0000", 21),
        ("5", "compare it with something", 1),
        ("", "ends too early", 1),
        ("__import__('os')", "unexpected '__import__'", 1),
    ],
)
def test_a_condition_that_cannot_be_read_says_where_and_why(condition, message, column):
    """Each fault has its column and the way out."""
    [fault] = faults(condition)
    assert message in fault.message
    assert (fault.line, fault.column) == (1, column)


def test_all_faults_of_a_condition_are_told_together():
    """One reading finds them all."""
    assert len(faults("$evnt.a == 1 and $event.paylod == 2")) == 2


def test_nothing_is_too_deep_or_too_long_to_be_refused():
    """Depth and size end in a fault, never in a stack overflow."""
    assert "deep" in faults("not " * 900 + "true")[0].message
    assert "deep" in faults("$event.payload.a in " + "[" * 900 + "]" * 900)[0].message
    assert "at most" in faults("true or " * 9000 + "true")[0].message


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"field": "$event.payload.plan", "op": "==", "value": "growth"}, True),
        ({"field": "$event.payload.plan", "op": "in", "value": ["growth", "scale"]}, True),
        ({"field": "$event.payload.missing", "op": "exists"}, False),
        ({"field": "$event.payload.one", "op": "==", "value": "$event.payload.one"}, True),
        ({"not": {"field": "$event.payload.seats", "op": ">", "value": 5}}, True),
        ({"all": [{"field": "$event.payload.yes", "op": "==", "value": True}, "$event.payload.seats > 5"]}, False),
        ({"any": [{"all": ["false"]}, {"not": "false"}]}, True),
    ],
)
def test_the_structured_form_means_the_same(condition, expected):
    """`all`, `any` and `not` of fields, operators and values."""
    assert holds(condition) is expected


@pytest.mark.parametrize(
    ("condition", "message", "path"),
    [
        ({"field": "$event.payload.a", "op": "=>", "value": 1}, "unknown operator", ("op",)),
        ({"field": "$event.payload.a", "op": "=="}, "needs a `value`", ()),
        ({"field": "$event.payload.a", "op": "exists", "value": 1}, "takes no `value`", ()),
        ({"field": "plan", "op": "exists"}, "is a reference", ("field",)),
        ({"op": "exists"}, "needs `field`", ()),
        ({"all": []}, "takes a list", ("all",)),
        ({"all": ["true"], "any": ["true"]}, "stands alone", ("all",)),
        ({"any": ["true", {"not": "$evnt.a"}]}, "no such root", ("any", 1, "not")),
        ({"feild": "x"}, "did you mean 'field'", ("feild",)),
        (7, "a condition is", ()),
    ],
)
def test_a_structured_condition_says_which_part_is_wrong(condition, message, path):
    """The fault's path leads to it."""
    fault = faults(condition)[0]
    assert message in fault.message
    assert fault.path == path


@given(JSON)
def test_everything_equals_itself_and_nothing_undefined(value):
    """Equality is reflexive on JSON."""
    assert equal(value, value)
    assert not any(compare(name, value, UNDEFINED) for name in ("==", "!=", "<", ">", "in", "not in", "contains"))


@given(JSON, JSON)
def test_of_two_values_at_most_one_order_holds(left, right):
    """Greater and less exclude one another, and come with their own inverse."""
    assert not (compare(">", left, right) and compare("<", left, right))
    assert compare(">", left, right) == compare("<", right, left)
    assert compare("!=", left, right) is not compare("==", left, right)


@given(st.text(alphabet="$event.payload ()[]{}\"'<>=!andornotinexists0123456789,\n#/*", max_size=60))
def test_any_text_is_a_condition_or_is_refused(text):
    """No text raises anything else, and every fault lies within the text."""
    try:
        read = read_condition(text, Reading())
    except LanguageFailed as failed:
        lines = {fault.line for fault in failed.faults}
        event("refused")
    else:
        lines = {1}
        event("read")
        assert read.value(scope()) in {True, False} or isinstance(read, Reference)
    assert lines <= set(range(1, text.count("\n") + 2))
