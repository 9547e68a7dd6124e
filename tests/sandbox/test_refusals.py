"""What only a running connector can be told: the refusals of the guards, each with a reason and a way out."""

import pytest

HEAD = "import json\nfrom levada import Record, Run\n"
REFUSED = [
    ("log._write('info', 'x', {})", "'_write' is private to another package", "use what 'RouteLog' object offers"),
    ("Record._calculate_keys", "'_calculate_keys' is private to another package", "type object 'Record' offers"),
    ("getattr(log, '__cla' + 'ss__')", '"__class__" is an invalid attribute name', "use type(value)"),
    ("getattr((n for n in []), 'gi_' + 'frame')", "it leads out of the connector", "the runtime reports the traceback"),
    ("'{0.__dict__}'.format(log)", '"__dict__" is an invalid attribute name', "dataclasses.asdict"),
    ("log.info = print", "'RouteLog' object is read-only for a connector", "an object of your own"),
    ("json.dumps = print", "<module 'json' as connectors see it> is read-only", "an object of your own"),
    ("del json.dumps", "<module 'json' as connectors see it> is read-only", "an object of your own"),
    ("Record.model_dump = print", "type object 'Record' is read-only for a connector", "derive a class of your own"),
    ("object.__setattr__(log, 'info', 1)", "'RouteLog' object is read-only", "an object of your own"),
    ("class A: pass\nsetattr(A, '__mod' + 'ule__', 'levada')", "'__module__' cannot be set", "write the name down"),
    ("type('A', (), {})", "type() takes 1 argument in connectors", "write the class out with `class`"),
    ("json.dump({})", "module 'json' has no attribute 'dump' in a connector", "use json.dumps"),
    ("from . import other\nother.X = 1", "module 'naughty.other' is read-only", "with `global`"),
]


@pytest.mark.parametrize(("body", "reason", "way_out"), REFUSED, ids=[body for body, _, _ in REFUSED])
def test_a_refusal_while_running_names_the_reason_and_the_way_out(body, reason, way_out, wall):
    """An author reads in the traceback what was refused, why, and what to do instead."""
    source = f"{HEAD}\n{body}\n"
    outcome = wall.call({"__init__.py": source, "other.py": ""}) if "log" not in body else wall.poll(body, head=HEAD)
    assert outcome.reason == "connector_error", outcome
    assert reason in outcome.message
    assert way_out in outcome.message
    assert 'File "naughty/__init__.py", line' in outcome.traceback


TYPOS = [
    ("log.inform('x')", "AttributeError: 'RouteLog' object has no attribute 'inform'"),
    (
        "class A:\n    def go(self):\n        return self._tpyo\nA().go()",
        "AttributeError: 'A' object has no attribute '_tpyo'",
    ),
    ("import json\njson.dump({})", "AttributeError: module 'json' has no attribute 'dump' in a connector"),
    ("getattr(log, 'inform')", "AttributeError: 'RouteLog' object has no attribute 'inform'"),
    ("'{0.nmae}'.format(log)", "AttributeError: 'RouteLog' object has no attribute 'nmae'"),
    ("(1).__name__", "AttributeError: 'int' object has no attribute '__name__'"),
]


@pytest.mark.parametrize(("body", "told"), TYPOS, ids=[told for _, told in TYPOS])
def test_a_typo_is_told_as_python_tells_it(body, told, wall):
    """A missing attribute is never None: stock guards hide what an author misspelt."""
    outcome = wall.poll(body)
    assert outcome.reason == "connector_error"
    assert outcome.message.startswith(told)
