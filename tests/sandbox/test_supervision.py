"""What the host does about children and zygotes that end, and what it leaves behind."""

import os
import signal
import threading
from pathlib import Path

import pytest
from tests.sandbox.conftest import Wall

from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.kernel.lockdown import LAYERS
from levada_runtime.sandbox.model import Level


def test_a_child_killed_from_outside_has_crashed_unless_the_kernel_may_have_done_it(told):
    """Its memory group says that it was not for want of memory; without a group that is the likeliest cause."""
    for without, reason in (((), "crash"), (("cgroup",), "oom")):
        with Sandbox(without=frozenset(without)) as sandbox:
            wall = Wall(sandbox)
            told.http = lambda request, wall=wall: _kill(wall) or type(told).http(told, request)
            outcome = wall.poll("http.get('/rows')", handlers=told)
            expected = "oom" if outcome.layers["cgroup"].startswith("none") else reason
            assert (outcome.reason, outcome.retryable) == (expected, True)


def test_a_dead_zygote_ends_the_call_as_worker_lost_and_is_started_again(told):
    """The children of a zygote die with it; the next call finds a new one."""
    with Sandbox() as sandbox:
        wall = Wall(sandbox)
        zygote = sandbox.zygote_pid
        threading.Timer(0.3, os.kill, (zygote, signal.SIGKILL)).start()
        lost = wall.poll("import time\ntime.sleep(100)", handlers=told)
        assert (lost.reason, lost.retryable) == ("worker_lost", True)
        assert wall.poll("log.info('again')", handlers=told).reason is None
        assert told.messages == ["again"]
        assert sandbox.zygote_pid != zygote


def test_children_and_zygote_end_with_the_sandbox(told):
    """Closing leaves no process behind, not even one that spins."""
    with Sandbox() as sandbox:
        wall = Wall(sandbox)
        zygote = sandbox.zygote_pid
        seen = []
        told.log = lambda *_line: seen.extend(_children(wall)) or _raising(KeyboardInterrupt())(None)
        with pytest.raises(KeyboardInterrupt):
            wall.poll("log.info('here')\nwhile True:\n    pass", handlers=told)
    assert seen
    assert not any(_is_running(pid) for pid in [zygote, *seen])


def test_a_sandbox_below_the_minimum_does_not_start():
    """It says what is missing and the way out; the operator may accept it."""
    without = frozenset({"landlock"})
    with pytest.raises(EnvironmentFailure) as failure:
        Sandbox(without=without | {"namespaces"}).start()
    assert "L1 (seccomp) here and L2 (kernel) is the minimum" in failure.value.message
    assert "--allow-weak-sandbox" in failure.value.hint
    with Sandbox(without=frozenset(LAYERS), allow_weak=True) as weak:
        assert weak.level is Level.L0


def _raising(error):
    def handler(_frame):
        raise error

    return handler


def _children(wall):
    pid = wall.sandbox.zygote_pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _kill(wall):
    for pid in _children(wall):
        os.kill(pid, signal.SIGKILL)


def _is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
