"""How runs end: every reason brought about by its real cause."""

import signal
import time
from dataclasses import replace

import pytest

from levada.errors import AuthFailed, RateLimited, SourceUnavailable
from levada_runtime.sandbox.endings import Death, classify
from levada_runtime.sandbox.model import Abort, Limits
from levada_runtime.sandbox.protocol import Ended

UNRESTRICTED = "def attack(ctx, report):\n    "
FRAME = "import os\nfrom levada_runtime.sandbox.protocol import Ended, LogFrame, encode\n" + UNRESTRICTED


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
    ("code", "reason"),
    [
        pytest.param("import os; os.fork()", "connector_error", id="fork"),
        pytest.param(
            "import os\n    while True:\n        try: os.fork()\n        except OSError: pass", "cpu_limit", id="bomb"
        ),
        pytest.param("import _thread; _thread.start_new_thread(print, ())", "connector_error", id="thread"),
        pytest.param("import os; os.execv('/bin/true', ['true'])", "sandbox_violation", id="exec"),
        pytest.param("import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0)", "sandbox_violation", id="ptrace"),
        pytest.param("import ctypes; ctypes.string_at(1)", "crash", id="fault"),
        pytest.param("import os; os._exit(3)", "crash", id="exit"),
        pytest.param("import os; os.close(3); os._exit(0)", "crash", id="closed channel"),
        pytest.param("import os, time; os.close(3); time.sleep(60)", "crash", id="closed channel, and there"),
        pytest.param("import re; re.match(r'(a+)+$', 'a' * 64 + 'b')", "cpu_limit", id="regex"),
        pytest.param("x = 3 ** (10**9)", "cpu_limit", id="a power"),
        pytest.param("import time; time.sleep(100)", "timeout", id="sleep"),
        pytest.param("import os; os.read(3, 1)", "timeout", id="waits for the host"),
        pytest.param("x = bytearray(1 << 30)", "memory", id="memory"),
    ],
)
def test_what_a_hostile_child_does_ends_it_for_its_own_reason(code, reason, wall, kernel_wall, seccomp_wall):
    """Unrestricted code, at every level: none of these ends the run for a reason that is not the cause."""
    # Whatever is to meet another limit than time has time for it, on a busy machine too.
    limits = Limits(memory_bytes=256 << 20, cpu_s=0.2, wall_s=0.7 if reason == "timeout" else 10)
    for each in (wall, kernel_wall, seccomp_wall):
        outcome = each.unrestricted(UNRESTRICTED + code, limits=limits)
        assert outcome.reason == reason, outcome


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param("for _ in range(200): os.write(3, bytes(1 << 20))", "protocol_violation", id="200 MiB of nothing"),
        pytest.param("os.write(3, b'\\xff' * 4)", "protocol_violation", id="a length of 4 GiB"),
        pytest.param("os.write(3, b'\\0\\0\\1\\0half'); os.read(3, 1)", "timeout", id="half a frame"),
        pytest.param("os.write(3, b'\\0\\0\\1\\0half'); os._exit(0)", "crash", id="half a frame, then gone"),
        pytest.param("os.write(3, encode(Ended('done'))); os._exit(9)", None, id="done, then gone"),
        pytest.param("os.write(3, encode(Ended('policy')))", "policy", id="its own verdict"),
        pytest.param(
            "while True: os.write(3, encode(LogFrame('info', 'x' * 5000, b'{}')))", "cpu_limit", id="a log without end"
        ),
    ],
)
def test_what_a_hostile_child_says_ends_it_for_its_own_reason(code, reason, wall, told):
    """The host reads no more than it must, keeps no more than its caps, and is never late."""
    began = time.monotonic()
    limits = Limits(memory_bytes=256 << 20, cpu_s=0.2, wall_s=2)
    outcome = wall.unrestricted(FRAME + code, handlers=told, limits=limits)
    assert outcome.reason == reason, outcome
    assert time.monotonic() - began < 5
    assert sum(len(message) for message in told.messages) <= (256 + 16) << 10


@pytest.mark.parametrize("oom", [None, False])
def test_a_child_that_lives_on_without_its_channel_was_killed_by_the_host(oom):
    """And not for want of memory, where no group says so; what the kernel says goes before."""
    death = Death(signal.SIGKILL, 0.1, 1 << 20, oom, lived_on=True)
    ending = classify(None, death, None, Limits())
    assert (ending.reason, ending.message) == ("crash", "the child closed its channel and lived on, and was killed")
    assert classify(None, replace(death, oom=True), None, Limits()).reason == "oom"
    assert classify(None, replace(death, lived_on=False, oom=None), None, Limits()).reason == "oom"


def test_what_a_child_says_of_its_end_can_be_kept():
    """No database would take a run, or a quarantine, whose words hold U+0000."""
    for kind in ("exception", "weak"):
        ending = classify(Ended(kind, "c\0", "m\0", "t\0"), None, None, Limits())
        assert (ending.code, ending.message, ending.traceback) == ("c\ufffd", "m\ufffd", "t\ufffd")


def _raising(error):
    def handler(_frame):
        raise error

    return handler
