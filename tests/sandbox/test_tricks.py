"""Ways round the policy that reading and reviewing turned up: each is refused, or raises, or gets nothing.

They stand in `tricks/tricks.txt`, under `=== title`; each sets `leak` when it succeeds, as a module beside which there
are modules with the names of guards, given `log`, `secrets` and `checkpoint`. A trick with a line `# control: none`
has no positive control, for the reason that is given.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sandbox.conftest import NOW, QUICK, Told

from levada_runtime.sandbox.model import Bundle, Call, RunInfo

PARTS = re.split(r"^=== (.+)$", (Path(__file__).parent / "tricks" / "tricks.txt").read_text(), flags=re.MULTILINE)
TRICKS = {title: source.strip() + "\n" for title, source in zip(PARTS[1::2], PARTS[2::2], strict=True)}

INIT = '''
from levada import Connector, secret

connector = Connector("idioms", settings=[secret("key", expose=True)], hosts=["api.acme.test"])
log = secrets = checkpoint = None


@connector.poll("all", every="0 * * * *")
def run_all(log, secrets, checkpoint):
    """Each trick, and what came of it."""
    from . import given

    given.put(log, secrets, checkpoint)
{attempts}
'''
ATTEMPT = """
    try:
        from . import {name}
        log.info("{name}", got=getattr({name}, "leak", None) is not None)
    except Exception as error:
        log.info("{name}", refused=f"{{type(error).__name__}}: {{error}}"[:500])
"""
GIVEN = """
log = secrets = checkpoint = None


def put(*values):
    global log, secrets, checkpoint
    log, secrets, checkpoint = values
"""
HEAD = "from .given import checkpoint, log, secrets\n"
CONTROL = """
import contextlib, io, json, os, sys, types, warnings
import levada, pydantic
warnings.simplefilter("ignore")
class Given(dict):
    def get(self, key, default=None): return default
def told(source):
    log = types.SimpleNamespace(info=print, _write=print)
    given = {"log": log, "secrets": Given(k="s3cr3t"), "checkpoint": Given()}
    module = types.ModuleType("trick")
    sys.modules["trick"] = module
    vars(module).update(given)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(source, "trick", "exec", dont_inherit=True), vars(module))
        return vars(module).get("leak") is not None
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
found = {}
for title, source in json.load(sys.stdin).items():
    ours, theirs = os.pipe()
    if os.fork() == 0:
        os.write(theirs, json.dumps(told(source.encode())).encode()[:4000])
        os._exit(0)
    os.close(theirs)
    with open(ours) as answer:
        found[title] = json.load(answer)
    os.wait()
print(json.dumps(found))
"""


def _name(title):
    return "t_" + re.sub(r"\W+", "_", title).strip("_").lower()


def _module(source):
    # A declaration of the encoding, or an import from the future, has to stay first.
    first, rest = source.split("\n", 1)
    return f"{first}\n{HEAD}{rest}" if first.startswith(("# coding", "from .__future__")) else HEAD + source


@pytest.fixture(scope="module")
def tried(wall):
    """What became of each trick, all of them in one run."""
    told = Told()
    names = [_name(title) for title in TRICKS]
    sources = {f"idioms/{_name(title)}.py": _module(source).encode() for title, source in TRICKS.items()}
    sources |= {f"idioms/{name}.py": b"x = 1\n" for name in ("_getattr_", "_write_", "__builtins__", "other")}
    sources["idioms/given.py"] = GIVEN.encode()
    sources["idioms/__init__.py"] = INIT.format(attempts="".join(ATTEMPT.format(name=name) for name in names)).encode()
    run = RunInfo(id="run_1", mode="poll", connection="idioms")
    call = Call("poll", Bundle("idioms", "connector", sources), NOW, stream="all", limits=QUICK, run=run)
    outcome = wall.sandbox.call(call, told)
    assert outcome.reason is None, outcome.message
    return {message: fields for _level, message, fields in told.lines}


@pytest.mark.parametrize("title", TRICKS, ids=_name)
def test_a_trick_gets_nothing(title, tried):
    """Refused when it is compiled, or it raises, or it is left with nothing."""
    assert tried[_name(title)].get("got", False) is False
    assert "SyntaxError" not in tried[_name(title)].get("refused", "")
    assert "NameError" not in tried[_name(title)].get("refused", "") or "and yet run" in title


@pytest.fixture(scope="module")
def in_plain_python():
    """What each trick gets where there is no policy, each in a process of its own."""
    tricks = {title: source for title, source in TRICKS.items() if "# control: none" not in source}
    command = [sys.executable, "-c", CONTROL]
    return json.loads(
        subprocess.run(command, input=json.dumps(tricks), capture_output=True, text=True, check=True).stdout
    )


@pytest.mark.parametrize("title", [title for title in TRICKS if "# control: none" not in TRICKS[title]], ids=_name)
def test_the_trick_works_in_plain_python(title, in_plain_python):
    """The positive control: a trick that fails everywhere proves nothing."""
    assert in_plain_python[title] is True
