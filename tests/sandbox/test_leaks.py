"""Many runs through one zygote leave nothing behind."""

import os
from pathlib import Path


def test_two_hundred_runs_leave_no_descriptor_and_no_zombie(wall, told):
    """Descriptors of host and zygote, and the zygote's children, are as many after as before, whatever the ending."""
    zygote = wall.sandbox.zygote_pid
    _some_runs(wall, told, 3)
    before = _state(zygote)
    _some_runs(wall, told, 50)
    assert _state(zygote) == before
    assert _resident_kib(zygote) < _resident_kib(os.getpid()) + (64 << 10)


def _some_runs(wall, told, times):
    for _ in range(times):
        assert wall.poll("log.info('x')", handlers=told).reason is None
        assert wall.poll("1 / 0").reason == "connector_error"
        assert wall.call("import os", action="describe").reason == "policy"
        assert wall.unrestricted("import os\ndef attack(ctx, report):\n    os._exit(3)").reason == "crash"


def _state(zygote):
    children = Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()
    return len(list(Path("/proc/self/fd").iterdir())), len(list(Path(f"/proc/{zygote}/fd").iterdir())), children


def _resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
