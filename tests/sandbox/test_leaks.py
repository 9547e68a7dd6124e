"""Many calls through one zygote leave nothing behind, whatever they ended by.

`make leaks RUNS=5000` is the long form: it prints the figures before and after.
"""

import gc
import os
from itertools import cycle, islice
from pathlib import Path

import pytest
from tests.sandbox.conftest import Told, Wall

from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.kernel.cgroup import Groups
from levada_runtime.sandbox.kernel.hierarchy import find
from levada_runtime.sandbox.model import Abort, Delivery, Limits

RUNS = int(os.environ.get("LEVADA_LEAK_RUNS", "210"))
UNRESTRICTED = "import ctypes, os, time\ndef attack(ctx, report):\n    "
SHORT = Limits(memory_bytes=256 << 20, cpu_s=0.02, wall_s=0.05)
SENT = Delivery(b"{}", {}, {}, "evt")


def _aborted(wall, told):
    def stop(_request):
        raise Abort("interrupted", "stop")

    told.http = stop
    return wall.poll("http.get('/rows')", handlers=told)


def _broken_host(wall, told):
    told.http = lambda _request: 1 // 0
    with pytest.raises(ZeroDivisionError):
        wall.poll("http.get('/rows')", handlers=told)


def _died_idle(wall, told):
    wall.webhook("log.info('x')", SENT, handlers=told, keep_warm="dies")
    wall.sandbox._shelf._waiting["dies"].child.kill()
    return wall.webhook("log.info('x')", SENT, handlers=told, keep_warm="dies")


ENDINGS = {
    "done": lambda wall, told: wall.poll("log.info('x')", handlers=told),
    "raise": lambda wall, _told: wall.poll("1 / 0"),
    "policy": lambda wall, _told: wall.call("import os", action="describe"),
    "crash": lambda wall, _told: wall.unrestricted(UNRESTRICTED + "os._exit(3)"),
    "fault": lambda wall, _told: wall.unrestricted(UNRESTRICTED + "ctypes.string_at(1)"),
    "cpu": lambda wall, _told: wall.poll("while True:\n    pass", limits=SHORT),
    "timeout": lambda wall, _told: wall.unrestricted(UNRESTRICTED + "time.sleep(9)", limits=SHORT),
    "memory": lambda wall, _told: wall.poll("'x' * (1 << 40)"),
    "violation": lambda wall, _told: wall.unrestricted(UNRESTRICTED + "ctypes.CDLL(None).ptrace(0, 0, 0, 0)"),
    "protocol": lambda wall, _told: wall.unrestricted(UNRESTRICTED + "os.write(3, b'x' * 4)"),
    "abort": _aborted,
    "host": _broken_host,
    "warm": lambda wall, told: wall.webhook("log.info('x')", SENT, handlers=told, keep_warm="one"),
    "warm, raises": lambda wall, _told: wall.webhook("1 / 0", SENT, keep_warm="two"),
    "warm, died idle": _died_idle,
}
EXPECTED = {
    "done": None,
    "raise": "connector_error",
    "policy": "policy",
    "crash": "crash",
    "fault": "crash",
    "cpu": "cpu_limit",
    "timeout": "timeout",
    "memory": "memory",
    "violation": "sandbox_violation",
    "protocol": "protocol_violation",
    "abort": "interrupted",
    "warm": None,
    "warm, raises": "connector_error",
    "warm, died idle": None,
}


def test_many_runs_of_every_ending_leave_nothing_behind(capsys):
    """Descriptors, processes, memory groups and memory of host and zygote are as many after as before."""
    with Sandbox() as sandbox:
        wall = Wall(sandbox)
        _run(wall, 3 * len(ENDINGS))
        zygote = sandbox.zygote_pid
        before, memory_before = _held(sandbox), _resident_kib(zygote)
        _run(wall, RUNS)
        after, memory_after = _held(sandbox), _resident_kib(zygote)
        assert sandbox.zygote_pid == zygote
    with capsys.disabled():
        if "LEVADA_LEAK_RUNS" in os.environ:
            print(
                f"\n{RUNS} runs, {len(ENDINGS)} endings",
                f"before {before} {memory_before}",
                f"after  {after} {memory_after}",
                sep="\n  ",
            )
    assert after == before
    assert memory_after["host"] - memory_before["host"] < 8 << 10
    assert memory_after["zygote"] - memory_before["zygote"] < 2 << 10


def _run(wall, times):
    for name in islice(cycle(ENDINGS), times):
        outcome = ENDINGS[name](wall, Told())
        if outcome is not None:
            assert outcome.reason in {EXPECTED[name], "timeout" if name == "cpu" else EXPECTED[name]}, (name, outcome)


def _held(sandbox):
    """What could leak, counted once the children that wait have gone."""
    sandbox._end_all(sandbox._shelf.take_all())
    gc.collect()
    zygote = sandbox.zygote_pid
    groups = [] if Groups.found().state.startswith("none") else find(Path("/proc/self")).place.glob("levada-*/child-*")
    return {
        "host descriptors": _count("/proc/self/fd"),
        "zygote descriptors": _count(f"/proc/{zygote}/fd"),
        "children": len(Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()),
        "threads": _count("/proc/self/task"),
        "groups": sum(f"-{os.getpid()}-" in str(group) for group in groups),
    }


def _count(folder):
    return len(list(Path(folder).iterdir()))


def _resident_kib(zygote):
    return {"host": _vm_rss(os.getpid()), "zygote": _vm_rss(zygote)}


def _vm_rss(pid):
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])
