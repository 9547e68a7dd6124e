"""How runs end: every reason brought about by its real cause."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from levada.errors import AuthFailed, RateLimited, SourceUnavailable
from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.lockdown import LAYERS
from levada_runtime.sandbox.model import Abort, Level, Limits

UNRESTRICTED = "def attack(ctx, report):\n    "


def test_a_route_that_returns_has_succeeded(wall, told):
    """Nothing is wrong: no reason, the level and what it used are there."""
    outcome = wall.poll("log.info('x')", handlers=told)
    assert (outcome.reason, outcome.message, outcome.traceback) == (None, None, None)
    assert outcome.level == wall.sandbox.level
    assert outcome.cpu_s > 0
    assert outcome.max_rss_bytes > 1 << 20


def test_an_exception_is_a_connector_error_with_the_connectors_own_frames(wall):
    """The traceback shows the author's files and no local variable."""
    body = "hidden = 'l0cal'\nexplode(7)"
    head = "def explode(number):\n    return [1][number]\n"
    outcome = wall.poll(body, head=head)
    assert (outcome.reason, outcome.code) == ("connector_error", "connector_error")
    assert outcome.message == "IndexError: list index out of range"
    assert outcome.retryable is True
    assert 'File "naughty/__init__.py", line 3, in explode\n    return [1][number]' in outcome.traceback
    assert "levada_runtime" not in outcome.traceback
    assert "l0cal" not in outcome.traceback.replace("hidden = 'l0cal'", "")


def test_the_cause_of_an_exception_is_told_too(wall):
    """A chained exception shows where it began."""
    outcome = wall.poll("try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('bad row') from error")
    assert outcome.message == "ValueError: bad row"
    assert outcome.traceback.index("KeyError: 'a'") < outcome.traceback.index("ValueError: bad row")


@pytest.mark.parametrize(
    ("raised", "reason", "code", "retryable", "wait"),
    [
        ("AuthFailed('no')", "auth", "auth_failed", False, None),
        ("SourceUnavailable('down', wait=3)", "source_unavailable", "source_unavailable", True, 3.0),
        ("RateLimited('slow', wait=9)", "rate_limited", "rate_limited", True, 9.0),
        ("BadRecord('no')", "connector_error", "bad_record", False, None),
        ("UnknownStream('no')", "connector_error", "unknown_stream", False, None),
        ("ValueError('no')", "connector_error", "connector_error", True, None),
    ],
)
def test_an_error_of_the_sdk_ends_the_run_for_its_own_reason(raised, reason, code, retryable, wait, wall):
    """What follows from an error is in its class."""
    outcome = wall.poll(
        f"raise {raised}", head=f"from levada import {raised.split('(')[0]}" if "Value" not in raised else ""
    )
    assert (outcome.reason, outcome.code, outcome.retryable, outcome.wait) == (reason, code, retryable, wait)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (AuthFailed("401"), "auth"),
        (SourceUnavailable("503", wait=5), "source_unavailable"),
        (RateLimited("429", wait=7), "rate_limited"),
    ],
)
def test_what_the_host_refuses_is_raised_in_the_route(error, reason, wall, told):
    """A handler's SDK error crosses the wall as itself, and a route may catch it."""
    told.http = _raising(error)
    uncaught = wall.poll("http.get('/rows')", handlers=told)
    assert (uncaught.reason, uncaught.message, uncaught.wait) == (reason, error.message, error.wait)
    name = type(error).__name__
    caught = wall.poll(
        f"try:\n    http.get('/rows')\nexcept {name} as error:\n    log.info(error.message)",
        head=f"from levada import {name}",
        handlers=told,
    )
    assert (caught.reason, told.messages) == (None, [error.message])


def test_a_handler_may_end_the_run(wall, told):
    """Abort kills the child; the run ends for the reason it names."""
    told.http = _raising(Abort("interrupted", "the daemon is stopping"))
    outcome = wall.poll(
        "while True:\n    try:\n        http.get('/rows')\n    except Exception:\n        pass", handlers=told
    )
    assert (outcome.reason, outcome.message) == ("interrupted", "the daemon is stopping")


def test_a_failure_of_the_host_is_not_the_connectors(wall, told):
    """Any other exception of a handler goes to the caller, and the child does not outlive it."""
    told.http = _raising(ZeroDivisionError("the host's own"))
    with pytest.raises(ZeroDivisionError):
        wall.poll("http.get('/rows')", handlers=told)
    assert wall.poll("pass").reason is None


@pytest.mark.parametrize(
    "body",
    [
        "kept = []\nwhile True:\n    kept.append(bytearray(64 << 20))",
        "'x' * (1 << 40)",
        "x = 'x'\nwhile True:\n    x += x",
    ],
)
def test_running_out_of_memory_is_told(body, wall):
    """The limit holds, and the reason is memory."""
    outcome = wall.poll(body, limits=Limits(memory_bytes=256 << 20, cpu_s=5, wall_s=10))
    assert outcome.reason == "memory"
    assert outcome.max_rss_bytes < 300 << 20
    assert outcome.retryable is False


UNZIP = "import zlib; d = zlib.compress(bytes(100 << 20), 9); x = [zlib.decompress(d) for _ in range(40)]"
MALLOC = """import ctypes
    allocate = ctypes.CDLL(None).malloc
    allocate.restype = ctypes.c_void_p
    if allocate(ctypes.c_size_t(4 << 30)):
        report("allocated")
    raise MemoryError
"""


@pytest.mark.parametrize("code", [UNZIP, MALLOC])
def test_memory_holds_against_unrestricted_code(code, wall, told):
    """The limit is the kernel's, so that C code meets it too."""
    outcome = wall.unrestricted(UNRESTRICTED + code, handlers=told)
    assert (outcome.reason, told.messages) == ("memory", [])


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import signal\n    signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n    while True: pass",
        "x = 3 ** (10**9)",
    ],
)
def test_running_out_of_processor_time_is_told(code, wall, kernel_wall):
    """The limit holds whatever the code does with signals, as process 1 of a namespace and without one."""
    for each in (wall, kernel_wall):
        outcome = each.unrestricted(UNRESTRICTED + code, limits=Limits(cpu_s=1, wall_s=8))
        assert outcome.reason == "cpu_limit"
        assert 0.9 <= outcome.cpu_s < 2


@pytest.mark.parametrize("body", ["import time\ntime.sleep(100)", "while True:\n    http.get('/rows')"])
def test_running_out_of_time_is_told(body, wall, told):
    """The wall clock holds while the child sleeps and while the host works for it."""
    began = time.monotonic()
    outcome = wall.poll(body, handlers=told, limits=Limits(cpu_s=60, wall_s=0.5))
    assert (outcome.reason, outcome.retryable) == ("timeout", True)
    assert time.monotonic() - began < 3


def test_a_call_without_innocent_use_is_a_violation(wall, kernel_wall, seccomp_wall):
    """The kernel kills, and the run ends as a sandbox violation."""
    code = UNRESTRICTED + "import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0)"
    for each in (wall, kernel_wall, seccomp_wall):
        assert each.unrestricted(code).reason == "sandbox_violation"


@pytest.mark.parametrize(
    "code", ["import os; os._exit(3)", "import ctypes; ctypes.string_at(1)", "import os; os.close(3); os._exit(0)"]
)
def test_a_child_that_dies_without_a_word_has_crashed(code, wall):
    """An exit or a fault of native code is a crash, which is tried again."""
    outcome = wall.unrestricted(UNRESTRICTED + code)
    assert (outcome.reason, outcome.retryable) == ("crash", True)


def test_a_child_killed_from_outside_ran_out_of_the_machines_memory(wall, told):
    """SIGKILL that neither the host nor a limit sent is the kernel's, for want of memory."""
    told.http = lambda _request: os.kill(_children(wall)[0], signal.SIGKILL) or _raising(AuthFailed("gone"))(None)
    outcome = wall.poll("http.get('/rows')", handlers=told)
    assert (outcome.reason, outcome.retryable) == ("oom", True)


def test_a_dead_zygote_ends_the_call_as_worker_lost_and_is_started_again(told):
    """The children of a zygote die with it; the next call finds a new one."""
    with Sandbox() as sandbox:
        from tests.sandbox.conftest import Wall

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
        from tests.sandbox.conftest import Wall

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


def test_the_probe_reports_what_was_tried_in_real_children(wall, no_wall):
    """Every attack is blocked behind the wall and none without it."""
    report = wall.sandbox.probe()
    assert report.blocked == len(report.attacks) == 9
    assert report.line().startswith(f"{report.level} {report.level.label} | seccomp on | landlock abi ")
    assert report.line().endswith("probe 9/9 blocked")
    control = no_wall.sandbox.probe()
    assert (control.level, control.blocked) == (Level.L0, 0)


def _raising(error):
    def handler(_frame):
        raise error

    return handler


def _children(wall):
    pid = wall.sandbox.zygote_pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
