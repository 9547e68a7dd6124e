"""What a call may use, and what happens to one that wants more."""

import time

import pytest

from levada_runtime.sandbox.model import Limits

UNRESTRICTED = "def attack(ctx, report):\n    "
SPIN = "while True:\n    pass"


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
        assert 0.9 <= outcome.cpu_s < 1.5


@pytest.mark.parametrize("body", ["import time\ntime.sleep(100)", "while True:\n    http.get('/rows')"])
def test_running_out_of_time_is_told(body, wall, told):
    """The wall clock holds while the child sleeps and while the host works for it."""
    began = time.monotonic()
    outcome = wall.poll(body, handlers=told, limits=Limits(cpu_s=60, wall_s=0.5))
    assert (outcome.reason, outcome.retryable) == ("timeout", True)
    assert time.monotonic() - began < 3


def test_processor_time_is_held_by_the_host(wall):
    """Fractions of a second hold, and what a child does in bursts between two requests is counted together."""
    began = time.monotonic()
    outcome = wall.poll(SPIN, limits=Limits(cpu_s=0.3, wall_s=10))
    assert outcome.reason == "cpu_limit"
    assert outcome.message == "the run used its 0.3 s of processor time"
    assert 0.25 <= outcome.cpu_s < 0.8
    assert time.monotonic() - began < 3


def test_processor_time_adds_up_over_requests(wall, told):
    """A child that asks now and then has no more than one that never asks."""
    burst = "while True:\n    sum(range(400_000))\n    http.get('/rows')"
    outcome = wall.poll(burst, handlers=told, limits=Limits(cpu_s=0.3, wall_s=10))
    assert (outcome.reason, len(told.requests) > 2) == ("cpu_limit", True)
    assert outcome.cpu_s < 0.8


def test_a_child_that_waits_uses_nothing(wall, told):
    """Waiting for the host is no processor time, so a slow source cannot end a run for that reason."""
    told.http = lambda _request: time.sleep(0.5) or type(told).http(told, _request)
    assert wall.poll("http.get('/rows')", handlers=told, limits=Limits(cpu_s=0.2, wall_s=10)).succeeded


def test_the_kernel_holds_processor_time_while_the_host_is_busy(wall, told):
    """A child that goes on computing while its host answers is ended by the kernel, for the same reason."""
    code = (
        "import os, threading\nfrom levada_runtime.sandbox.protocol import HttpFrame, encode\n"
        + UNRESTRICTED
        + "os.write(3, encode(HttpFrame('GET', '/rows', [], [], None)))\n    while True: pass"
    )
    told.http = lambda _request: time.sleep(3.5) or type(told).http(told, _request)
    outcome = wall.unrestricted(code, handlers=told, limits=Limits(cpu_s=1, wall_s=20))
    assert outcome.reason == "cpu_limit"
    assert outcome.cpu_s < 3


def test_a_large_answer_does_not_wait_for_a_child_that_never_reads(wall, told):
    """The host's own sending is bounded by the same clocks."""
    code = (
        "import os\nfrom levada_runtime.sandbox.protocol import HttpFrame, encode\n"
        + UNRESTRICTED
        + "os.write(3, encode(HttpFrame('GET', '/rows', [], [], None)))\n    while True: pass"
    )
    large = type(told).http(told, None)
    told.http = lambda _request: type(large)(200, [], bytes(32 << 20), large.url)
    outcome = wall.unrestricted(code, handlers=told, limits=Limits(cpu_s=0.5, wall_s=20))
    assert outcome.reason == "cpu_limit"
