"""The memory group of a child: where one is made, what it holds, and that nothing of it stays."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sandbox.conftest import Wall

from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.kernel.cgroup import Groups
from levada_runtime.sandbox.kernel.hierarchy import NoHierarchy, find
from levada_runtime.sandbox.model import Limits

GROUPS = Groups.found()
here = pytest.mark.skipif(GROUPS.state.startswith("none"), reason=f"no memory group can be made here: {GROUPS.state}")
BOMB = "kept = []\nwhile True:\n    kept.append(bytearray(8 << 20))"


def _left(pid=None):
    """The groups of a process, this one if none is named."""
    return [path for path in find(Path("/proc/self")).place.glob("levada-*") if f"-{pid or os.getpid()}-" in path.name]


def _inhabited(place):
    return [group for group in place.glob("child-*") if len((group / "cgroup.procs").read_text().split()) == 1]


@here
def test_a_child_has_a_group_of_its_own(wall, told):
    """It is in it, alone, before it hears what to do; the outcome says so, and the group ends with it."""
    seen = []
    # It waits for the answer to a save, which it does not for a line of its log.
    told.save = lambda *_values: seen.extend(group for place in _left() for group in _inhabited(place))
    outcome = wall.poll("checkpoint.save(at=1)", handlers=told)
    assert outcome.layers["cgroup"] == GROUPS.state
    assert len(seen) == 1
    assert not seen[0].exists()


@here
def test_without_rlimits_the_group_holds(told):
    """The kernel kills what wants more, the reason is its own counter's, and nothing of the groups stays."""
    with Sandbox(without=frozenset({"rlimits"}), allow_weak=True) as sandbox:
        outcome = Wall(sandbox).poll(BOMB, limits=Limits(memory_bytes=64 << 20, cpu_s=5, wall_s=10))
        assert (outcome.reason, outcome.retryable) == ("oom", True)
        assert outcome.message == "the kernel killed the child for want of memory"
        assert outcome.max_rss_bytes < 200 << 20
        assert Wall(sandbox).poll("log.info('x')", handlers=told).succeeded
        others = len(_left())
    assert len(_left()) == others - 1


@here
def test_with_rlimits_the_child_can_say_it_itself(wall):
    """The group has slack above the address space, so that a MemoryError comes first."""
    outcome = wall.poll(BOMB, limits=Limits(memory_bytes=128 << 20, cpu_s=5, wall_s=10))
    assert outcome.reason == "memory"


@here
def test_what_a_killed_host_leaves_is_swept_by_the_next():
    """Its groups have no process any more, and its name says whose they were."""
    code = (
        "import os, sys\nfrom levada_runtime.sandbox.host import Sandbox\n"
        "sandbox = Sandbox(); sandbox.start(); print(os.getpid(), flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    pid = int(done.stdout)
    assert _left(pid)
    for _ in range(100):
        Groups.found()
        if not _left(pid):
            break
    assert not _left(pid)


def test_a_group_left_out_is_off_and_costs_no_level():
    """It stands behind the other layers, so its absence is told and nothing else."""
    with Sandbox(without=frozenset({"cgroup"})) as sandbox, Sandbox() as full:
        outcome = Wall(sandbox).poll("pass")
        assert (outcome.succeeded, outcome.layers["cgroup"]) == (True, "off")
        assert sandbox.level == full.level


class Tree:
    """Folders that look as the kernel's do."""

    def __init__(self, root: Path) -> None:
        self.top = root / "cgroup"
        self.proc = root / "proc"
        self.proc.mkdir()
        self.top.mkdir()
        self._mounts: list[str] = []

    def mount(self, kind: str, options: str = "rw", point: str = "", root: str = "/") -> None:
        place = self.top / point
        place.mkdir(exist_ok=True)
        self._mounts.append(f"30 20 0:1 {root} {place} rw,relatime shared:1 - {kind} {kind} {options}")
        (self.proc / "mountinfo").write_text("\n".join(["1 0 8:1 / / rw - ext4 /dev/sda rw", *self._mounts]))

    def member(self, *lines: str) -> None:
        (self.proc / "cgroup").write_text("\n".join(lines) + "\n")

    def group(self, path: str, controllers: str = "", shared: str = "") -> Path:
        place = self.top / path
        place.mkdir(parents=True, exist_ok=True)
        for name, text in (("controllers", controllers), ("subtree_control", shared), ("procs", "")):
            (place / f"cgroup.{name}").write_text(text)
        return place


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def _delegate(group):
    """Give a group to us, as systemd does: an ordinary user owns it, root is told by a mark."""
    if os.geteuid() == 0:
        os.setxattr(group, "user.delegate", b"1")


def test_in_version_2_the_place_is_the_delegated_group_above(tree):
    """A group that holds processes cannot share memory out; the one above it can, if it was given to us."""
    tree.mount("cgroup2")
    tree.member("0::/levada.service/daemon")
    above = tree.group("levada.service", "cpu memory", "cpu memory")
    tree.group("levada.service/daemon", "cpu memory")
    _delegate(above)
    assert (find(tree.proc).version, find(tree.proc).place) == ("v2", above)


def test_in_version_2_memory_is_asked_for_where_it_may_be(tree):
    """systemd hands the controller over without turning it on; no kernel is behind these folders to do it."""
    tree.mount("cgroup2")
    tree.member("0::/levada.service/daemon")
    above = tree.group("levada.service", "cpu memory")
    tree.group("levada.service/daemon")
    _delegate(above)
    with pytest.raises(NoHierarchy, match="without the memory controller"):
        find(tree.proc)
    assert (above / "cgroup.subtree_control").read_text() == "+memory"


def test_in_version_2_the_root_shares_memory_out_itself(tree):
    """Only the root may hold processes and share; there the place is one's own group."""
    tree.mount("cgroup2")
    tree.member("0::/")
    top = tree.group("", "memory", "memory")
    assert find(tree.proc).place == top


def test_in_version_2_the_reason_is_told(tree):
    """An operator reads what is missing."""
    tree.mount("cgroup2")
    tree.member("0::/levada.service/daemon")
    above = tree.group("levada.service", "cpu pids", "cpu pids")
    tree.group("levada.service/daemon")
    _delegate(above)
    assert Groups.found(proc=tree.proc).state.endswith("was delegated without the memory controller")
    tree.member("0::/")
    tree.group("", "memory")
    assert Groups.found(proc=tree.proc).state.endswith("the one above it is not delegated")


def test_version_1_is_taken_where_it_has_the_controller(tree):
    """On a machine with both mounted, memory is in one of them; a container sees its own group as the root."""
    tree.mount("cgroup", "rw,memory", "memory", root="/docker/abc")
    tree.mount("cgroup2", point="unified")
    tree.member("4:memory:/docker/abc/inner", "1:cpu:/", "0::/")
    inner = tree.group("memory/inner")
    assert (find(tree.proc).version, find(tree.proc).place) == ("v1", inner)
    tree.member("4:memory:/elsewhere", "0::/")
    assert find(tree.proc).place == tree.top / "memory"


def test_a_machine_without_groups_says_so(tree):
    """Nothing mounted, or nothing readable, is no failure."""
    tree.member("0::/")
    tree.proc.joinpath("mountinfo").write_text("1 0 8:1 / / rw - ext4 /dev/sda rw")
    assert Groups.found(proc=tree.proc).state == "none: no memory controller is mounted"
    assert "No such file" in Groups.found(proc=tree.proc / "gone").state
    assert Groups.found(wanted=False).state == "off"
    assert Groups.found(proc=tree.proc).make(1) is None
