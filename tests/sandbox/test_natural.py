"""Natural Python: what connector authors write is taken as it is, and means behind the wall what it means outside."""

import contextlib
import io
import json
import re
import subprocess
import sys
import types
import warnings
from pathlib import Path

import pytest
from tests.sandbox.conftest import NOW, QUICK, Told
from tests.sandbox.natural.idioms import IDIOMS

from levada_runtime.sandbox.model import Bundle, Call, RunInfo

FOLDER = Path(__file__).parent / "natural"
FILES = {str(path.relative_to(FOLDER)): path.read_bytes() for path in sorted((FOLDER / "ledgerly").rglob("*.py"))}

RUNS_THEM = """
from levada import Connector

connector = Connector("idioms", title="Idioms", hosts=["api.acme.test"])


@connector.poll("all", every="0 * * * *")
def run_all(log):
    \"\"\"Each idiom, and what came of it.\"\"\"
{attempts}
"""
ATTEMPT = """
    try:
        from . import {name}
        log.info("{name}", told=repr({name}.result))
    except Exception as error:
        log.info("{name}", told=f"{{type(error).__name__}}: {{error}}")
"""


def _name(title):
    return "i_" + re.sub(r"\W+", "_", title).strip("_").lower()


def _is_of_this_python(source):
    since = re.match(r"# from 3\.(\d+)", source)
    return since is None or sys.version_info >= (3, int(since[1]))


HERE = {title: source for title, source in IDIOMS.items() if _is_of_this_python(source)}


@pytest.fixture(scope="module")
def behind_the_wall(wall):
    """What each idiom comes to as a module of a connector, all of them in one run."""
    told = Told()
    names = [_name(title) for title in HERE]
    sources = {f"idioms/{_name(title)}.py": source.encode() for title, source in HERE.items()}
    attempts = "".join(ATTEMPT.format(name=name) for name in names)
    sources["idioms/__init__.py"] = RUNS_THEM.format(attempts=attempts).encode()
    call = Call("poll", Bundle("idioms", "connector", sources), NOW, stream="all", limits=QUICK)
    outcome = wall.sandbox.call(call, told)
    assert outcome.reason is None, outcome.message
    # What an idiom prints is a line of the log without fields.
    return {message: fields["told"].replace("idioms.i_", "i_") for _level, message, fields in told.lines if fields}


def _in_plain_python(title):
    module = types.ModuleType(_name(title))
    sys.modules[module.__name__] = module
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(HERE[title], title, "exec", dont_inherit=True), vars(module))
    return repr(module.result)


@pytest.mark.parametrize("title", HERE, ids=_name)
def test_an_idiom_means_what_it_means_in_python(title, behind_the_wall):
    """The same source gives the same result under the policy as without it."""
    assert behind_the_wall[_name(title)] == _in_plain_python(title)


def _ledgerly(action, wall, told, **more):
    bundle = Bundle("ledgerly", "connector", FILES)
    run = RunInfo(id="run_1", mode="poll", connection="ledgerly")
    return wall.sandbox.call(Call(action, bundle, NOW, limits=QUICK, run=run, **more), told)


def test_a_connector_of_many_modules_is_taken_as_it_is(wall, told):
    """Records with validators and aliases, enumerations, parsers of bank formats, signatures: nothing is refused."""
    outcome = _ledgerly("describe", wall, told)
    assert outcome.reason is None, outcome.message
    assert json.loads(outcome.result)["title"] == "Ledgerly"


def test_a_connector_of_many_modules_does_behind_the_wall_what_it_does_outside(wall, told):
    """Its route runs, and all that the package works out is what plain Python works out."""
    outcome = _ledgerly("poll", wall, told, stream="customers", settings={"region": "eu"})
    assert outcome.reason is None, outcome.message
    (_, _, everything), (_, _, done) = told.lines
    assert everything == _ledgerly_in_plain_python()
    assert done == {"imported": 3, "region": "eu", "outcomes": ["created"] * 3}
    assert told.saved == [("", {"since": NOW.isoformat(), "seen": ["7", "8", "9"]})]


def _ledgerly_in_plain_python():
    command = "import json, ledgerly; print(json.dumps(ledgerly.everything(ledgerly.ROWS)))"
    done = subprocess.run([sys.executable, "-c", command], cwd=FOLDER, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_results_of_the_connector_are_the_right_ones():
    """The comparison above would not notice what is wrong on both sides."""
    told = _ledgerly_in_plain_python()
    assert told["totals"] == {"company": "-3.00", "other": "0.00", "person": "12.50"}
    assert told["missing"] == "SourceGone: there is no page 99 (gone.page=99)"
    assert told["statements"]["camt"]["days"] == {"2026-03-01": "12.50", "2026-03-02": "-3.00"}
    assert told["kinds"] == ["<Title>", "<UPPER>"]
    assert told["accounts"][2]["type"] == "other"
