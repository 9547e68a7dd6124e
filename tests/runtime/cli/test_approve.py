"""`runtime connectors approve` asks a person, at a real terminal, and takes a no for one."""

import os
import pty
import subprocess
import sys

import pytest
from tests.naughty import Naughty


@pytest.fixture
def naughty(tmp_path):
    """A connector that was approved at 1.0 and wants another host at 2.0."""
    naughty = Naughty(tmp_path / "packages")
    naughty.install("1.0")
    runtime(naughty, "list")
    naughty.install("2.0", hosts=("elsewhere.test",))
    return naughty


def runtime(naughty, *words, stdin=subprocess.DEVNULL):
    """Run one of the `connectors` commands to its end."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LEVADA_")}
    env = {**inherited, "NO_COLOR": "1", "PYTHONPATH": str(naughty.folder)}
    command = [sys.executable, "-m", "levada_runtime", "connectors", *words]
    command += ["--data-dir", str(naughty.folder.parent / "data")]
    return subprocess.run(command, env=env, stdin=stdin, capture_output=True, text=True, timeout=60, check=False)


def typed(naughty, answer):
    """Approve at a terminal where this is typed."""
    keyboard, terminal = pty.openpty()
    try:
        os.write(keyboard, answer)
        return runtime(naughty, "approve", "naughty", stdin=terminal)
    finally:
        os.close(keyboard)
        os.close(terminal)


def test_a_person_says_no_and_then_yes(naughty):
    """The difference stands above the question; nothing changes by a no."""
    refused = typed(naughty, b"n\n")
    assert refused.returncode == 1
    assert "+ hosts: elsewhere.test" in refused.stdout
    assert "- hosts: api.acme.test" in refused.stdout
    assert "nothing has changed" in refused.stderr
    allowed = typed(naughty, b"y\n")
    assert (allowed.returncode, "naughty 2.0 is ready" in allowed.stdout) == (0, True)
    assert "nothing to approve" in runtime(naughty, "approve", "naughty").stdout
