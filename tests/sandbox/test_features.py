"""The features matrix: what the policy says of each construct of the language is written down and reviewed."""

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "features"


def _module(name):
    spec = spec_from_file_location(f"features_{name}", FOLDER / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


constructs, matrix = _module("constructs"), _module("matrix")


@pytest.fixture(scope="module")
def golden():
    """The golden file of the Python at hand; without one, this Python has not been reviewed."""
    path = FOLDER / f"{matrix.VERSION}.json"
    assert path.exists(), (
        f"Python {matrix.VERSION} is not reviewed: python -m tests.sandbox.features writes {path.name}"
    )
    return json.loads(path.read_text())


def test_each_construct_is_taken_or_refused_as_reviewed(golden):
    """A change of the policy shows up as lines of the golden file that change, each to be looked at."""
    assert matrix.verdicts(constructs.CONSTRUCTS) == golden["features"]


def test_each_refusal_gives_a_way_out(golden):
    """Line, column, reason and what to write instead."""
    refusals = {title: told for title, told in golden["features"].items() if told not in {"ok", "this is not Python"}}
    lines = [line for told in refusals.values() for line in told.split(" | ")]
    assert [line for line in lines if "; " not in line or not line[0].isdigit()] == []


def test_each_node_of_the_syntax_is_reviewed(golden):
    """A class of nodes, or a field of one, that a new Python brings is unknown here until somebody has looked at it."""
    assert matrix.nodes() == golden["nodes"]


def test_each_node_of_the_syntax_is_shown_by_a_construct():
    """No kind of node is taken on trust: one construct at least is made of it, or a sentence says why none is."""
    unseen = set(matrix.nodes()) - matrix.covered(constructs.CONSTRUCTS) - set(constructs.EXEMPT)
    assert unseen == set()


def test_no_exemption_outlives_its_reason():
    """What a construct shows needs no exemption."""
    assert matrix.covered(constructs.CONSTRUCTS) & set(constructs.EXEMPT) == set()


def test_every_supported_python_has_its_golden_file():
    """The interpreters that the project supports are all reviewed."""
    assert {path.stem for path in FOLDER.glob("*.json")} >= {"3.11", "3.12", "3.13"}


def test_a_node_that_nobody_reviewed_is_refused():
    """The policy takes what it knows: a class of nodes without a method of its own is an error, whatever it does."""
    import ast

    from levada_runtime.sandbox.language.policy import ConnectorPolicy

    class Novel(ast.stmt):
        _fields = ()

    findings = []
    ConnectorPolicy(findings, frozenset(), None, 1, annotations_are_text=False).visit(Novel(lineno=3, col_offset=4))
    assert [(one.line, one.column, one.reason) for one in findings] == [(3, 5, "Novel statements are not allowed")]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters are of Python 3.12")
def test_type_parameters_are_vetted(golden):
    """What is evaluated late is vetted as early as everything else."""
    features = golden["features"]
    assert features["generic function with a bound"] == "ok"
    assert "__class__" in features["generic function with a bound that walks"]
    assert "__class__" in features["type alias that walks"]
