"""Connector code against the policy: refused when it is compiled, or it raises, or it gets nothing."""

from pathlib import Path

import pytest
from tests.sandbox.harness import controls
from tests.sandbox.harness.attack import attacks_in
from tests.sandbox.harness.plain import Plain
from tests.sandbox.harness.trial import try_at, try_together
from tests.sandbox.harness.walls import OFF, Unreachable

CRIMES, WRONG = attacks_in(Path(__file__).parent / "escapes" / "language")


@pytest.fixture(scope="session")
def plain():
    """Plain Python, where the same attacks succeed."""
    with Plain() as started:
        yield started


def test_every_file_of_the_corpus_is_an_attack():
    """Each says what it is, and none twice."""
    assert WRONG == []
    assert len({crime.source.partition("\n\n")[2] for crime in CRIMES}) == len(CRIMES) > 300


@pytest.mark.parametrize("crime", CRIMES, ids=lambda crime: crime.name)
def test_the_policy_gives_nothing_away(crime, walls):
    """Written as a module of a connector, no attack gets hold of anything."""
    try:
        verdict = try_at(crime, "L3", walls)
    except Unreachable as error:
        pytest.skip(f"no full height here: {error}")
    assert verdict.holds, verdict


@pytest.mark.parametrize("level", ["L2", "L1", OFF])
def test_the_policy_gives_nothing_away_at_lower_levels(level, walls):
    """No layer of the kernel's has a part in it: not where all are, nor where the policy stands alone."""
    verdicts = try_together(CRIMES, level, walls)
    assert {verdict.attack for verdict in verdicts} == {crime.name for crime in CRIMES}
    assert [verdict for verdict in verdicts if not verdict.holds or verdict.level != level] == []


@pytest.mark.parametrize("crime", CRIMES, ids=lambda crime: crime.name)
def test_the_attack_succeeds_in_plain_python(crime, walls, plain):
    """The positive control: without the policy each attack gets what it is after."""
    checked = controls.check(crime, walls, plain)
    if checked.went == controls.EXCEPTED:
        pytest.skip(f"no control: {checked.words}")
    assert checked.went == controls.SUCCEEDED, checked


SECRET = "s3cr3t-value"
HEAD = "import functools, json\nfrom levada import Record\n"


@pytest.mark.parametrize(
    "body",
    [
        "log.info(str(secrets))",
        "log.info(repr(secrets))",
        'log.info(f"{secrets!r:>80}")',
        'log.info("{0}".format(secrets))',
        "log.info(str(secrets._values))",
        'log.info(str(getattr(secrets, "_val" + "ues")))',
        "log.info(json.dumps(secrets))",
        "log.info('x', everything=secrets)",
        "print(secrets)",
        'raise ValueError("lost", secrets)',
    ],
)
def test_a_secret_is_not_shown_by_accident(body, wall, told):
    """An exposed secret is read by its name and shown by nothing else."""
    outcome = wall.poll(body, head=HEAD, handlers=told, secrets={"api_key": SECRET})
    assert SECRET not in f"{told.lines}{outcome.message}{outcome.traceback}"


def test_an_exposed_secret_is_read_by_its_name(wall, told):
    """What was exposed is there; the control of the test above."""
    wall.poll('log.info(secrets["api_key"])', handlers=told, secrets={"api_key": SECRET})
    assert told.messages == [SECRET]


@pytest.mark.parametrize(
    "body",
    [
        "ingest.batch = lambda *a: None",
        "ingest._port = None",
        'setattr(ingest, "batch", 1)',
        "settings['a'] = 2",
        "Record.model_dump = lambda self: {}",
        "json.dumps = len",
        "del json.dumps",
    ],
)
def test_nothing_of_the_host_can_be_rewritten(body, wall):
    """What a route is given, and the modules it imports, are read-only."""
    outcome = wall.poll(body, head=HEAD, settings={"a": 1})
    assert outcome.reason in {"policy", "connector_error"}
    assert (
        "read-only" in outcome.message
        or "does not support item assignment" in outcome.message
        or "private" in outcome.message
    )


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("import functools", 'functools.wraps(print, assigned=("__self__",))'),
        ("import functools", 'functools.update_wrapper(log, print, ("__self__",))'),
        ("from levada import Record", "class R(Record, from_attributes=True):\n    x: int = 0"),
        (
            "from levada import Record",
            "C = {'from_attributes': True, 'alias_generator': str}\nclass R(Record):\n    model_config = C",
        ),
        (
            "from levada import Record",
            "class R(Record):\n    x: int = 0\nR.model_validate((n for n in []), **{'from_' + 'attributes': True})",
        ),
        ("from dataclasses import dataclass", "@dataclass\nclass A:\n    gi_frame: object"),
        ("from abc import ABC", "class A(ABC):\n    pass\nA.register(int)"),
        ("", 'T = type(type(1))\nlog.info(str(T("X", (), {"__getattr__": len})))'),
        ("", 'T = type(int)\nlog.info(str(T("X", (), {})))'),
        ("", "def super():\n    pass"),
        ("", "class A:\n    def f(self):\n        return super().__class__"),
        ("", "log.info(str([].__reduce_ex__(4)))"),
        ("", "try:\n    raise ValueError\nexcept* ValueError:\n    pass"),
        ("import operator", "operator.attrgetter('x')"),
        ("from json import codecs", ""),
        ("import xml.etree.ElementTree as E", "E.parse('/etc/passwd')"),
        ("import xml.etree.ElementTree as E", "E.fromstring('<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>')"),
        ("from zoneinfo import ZoneInfo", "ZoneInfo.from_file(None)"),
        ("", 'log.info("{0.gi_frame}".format((n for n in [])))'),
        ("", 'list(map(str.format, ["{0.__class__}"], [1]))'),
        ("", "class S(str):\n    pass\nS('{0.__class__}').format(1)"),
        ("", "class S(str):\n    def go(self):\n        return super().format(1)\nS('{0.__class__}').go()"),
        ("", "_getattr_ = 1"),
        ("", "print = 1"),
        ("", "getattr = 1"),
        ("", "class A:\n    __module__ = 'levada'"),
        ("", "class A:\n    __match_args__ = ('gi_frame',)"),
        ("", "class A:\n    def __getattribute__(self, n):\n        return 1"),
        ("", "raise SystemExit"),
        ("import naughty.absent", ""),
        ("from .. import os", ""),
        ("from json import *", ""),
    ],
)
def test_a_cleverer_attack_is_refused_too(head, body, wall, told):
    """Ways round the first line of defence that reading and reviewing turned up."""
    outcome = wall.poll(body or "pass", head=head, handlers=told)
    assert told.messages == []
    assert outcome.reason in {"policy", "connector_error"}, outcome
