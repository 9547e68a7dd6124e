"""How many runs may go on at once."""

import os

import pytest

from levada_runtime.sandbox.concurrency import Decision, Room, decide, memory_here, room_here

MIB = 1 << 20


@pytest.mark.parametrize(
    ("wanted", "cores", "budget", "expected"),
    [
        (2, 2, 12 << 30, Decision(2, 8)),
        (64, 2, 12 << 30, Decision(4, 5, "2 cores allow no more than 2 each")),
        (4, 8, 1 << 30, Decision(2, 0, "1024 MiB for runs of 512 MiB each allow no more")),
        (2, 8, 2 << 30, Decision(2, 1)),
        (2, 1, 100 * MIB, Decision(1, 0, "100 MiB for runs of 512 MiB each allow no more")),
    ],
)
def test_the_lesser_of_cores_and_memory_decides(wanted, cores, budget, expected):
    """Twice the cores, and what the memory budget holds; one worker always starts, and says why it is alone."""
    decision = decide(wanted, Room(cores, budget), 512 * MIB, 8)
    assert decision == expected
    reason = f" of {wanted}: {expected.reason}" if expected.reason else ""
    assert decision.line(wanted) == f"{expected.workers}{reason}"


def test_the_operators_budget_comes_before_the_share():
    """Half of what the machine or the container has, unless the configuration says otherwise."""
    assert room_here(1_000).budget_bytes == 1_000 * MIB
    assert room_here(None).budget_bytes == memory_here() // 2
    assert room_here(None).cores == len(os.sched_getaffinity(0))


def test_a_containers_limit_is_the_memory_there_is(tmp_path):
    """In both versions, and of any group above one's own; no number is no limit."""
    proc, top = tmp_path / "proc", tmp_path / "cgroup"
    (top / "service/daemon").mkdir(parents=True)
    (top / "memory/docker/abc").mkdir(parents=True)
    proc.mkdir()
    machine = memory_here(proc, top)
    (proc / "cgroup").write_text("0::/service/daemon\n")
    (top / "service/daemon/memory.max").write_text("max\n")
    assert memory_here(proc, top) == machine
    (top / "service/memory.max").write_text(f"{64 * MIB}\n")
    assert memory_here(proc, top) == 64 * MIB
    (proc / "cgroup").write_text("3:cpu,memory:/docker/abc\n")
    (top / "memory/docker/abc/memory.limit_in_bytes").write_text(f"{32 * MIB}")
    assert memory_here(proc, top) == 32 * MIB
