"""The reachability audit: what connector code can get hold of by any chain of names, and what must not be among it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "reachability"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def _audited(*arguments):
    # Accessing what pydantic deprecates warns, and the audit accesses everything.
    command = [sys.executable, "-I", "-W", "ignore", str(FOLDER / "audit.py"), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def audited():
    """What the audit reached in the zygote's state."""
    return _audited()


def test_nothing_that_leads_out_is_reached(audited):
    """No module, frame, code, channel, metaclass, raw builtin or function that opens files, however long the chain."""
    assert audited["hits"] == {}
    assert audited["visited"] > 5_000


def test_no_container_of_the_host_can_be_written_to(audited):
    """What a module or a class of the host keeps for itself is nowhere handed out as it is."""
    assert audited["mutable"] == {}


def test_the_audit_finds_what_is_there_to_find():
    """The control: from the raw modules it reaches modules, `open` and what the host keeps."""
    raw = _audited("--raw")
    reached = set(raw["hits"].values())
    assert {"module sys", "module os", "module builtins"} <= reached
    assert any(title.startswith("operator.") for title in reached)
    assert len(raw["mutable"]) > 10


def test_every_function_that_names_a_primitive_is_reviewed(audited):
    """A function that reads attributes by name, opens or evaluates is handed out only with a sentence on why it may."""
    reviewed = json.loads((FOLDER / "primitives.json").read_text())
    of_this_python = {
        name: set(entry["names"]) for name, entry in reviewed.items() if VERSION in entry.get("only", [VERSION])
    }
    found = {name: set(names) for name, names in audited["functions"].items()}
    unreviewed = {name: names for name, names in found.items() if names - of_this_python.get(name, set())}
    assert unreviewed == {}
    assert set(of_this_python) - set(found) == set(), "reviewed, and not reached any more"


def test_each_review_says_why():
    """A review is a sentence, not a tick."""
    reviewed = json.loads((FOLDER / "primitives.json").read_text())
    assert [name for name, entry in reviewed.items() if len(entry["why"].split()) < 6] == []
