"""What the sandbox proves of itself: every attack blocked behind the wall, every one shown to succeed without it."""

import json
import os
import subprocess
import sys
import time

import pytest

from levada_runtime.sandbox.attacks import ATTACKS, TARGET, target
from levada_runtime.sandbox.fitness import is_on, lacking, leaking, remedies, too_weak, unproven
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.kernel.lockdown import LAYERS
from levada_runtime.sandbox.model import Level
from levada_runtime.sandbox.probe import NOT_BLOCKED, ProbeReport

QUICK_S = 1.5
PRIVILEGED = frozenset({"mount", "unshare", "setuid", "io_uring", "keyctl"})
"""What an ordinary user may be refused without any wall, as his system is set up."""


@pytest.mark.parametrize("name", ["wall", "kernel_wall", "seccomp_wall"])
def test_every_attack_is_blocked_at_every_level_that_claims_to_be_a_boundary(request, name):
    """And it is quick enough to be tried at each start."""
    sandbox = request.getfixturevalue(name).sandbox
    took = []
    while not took or (len(took) < 4 and min(took) >= QUICK_S):
        began = time.monotonic()
        report = sandbox.probe()
        took.append(time.monotonic() - began)
    assert min(took) < QUICK_S
    assert set(report.attacks.values()) == {"blocked"}
    assert report.blocked == len(ATTACKS) >= 20
    assert leaking(report) is None
    assert report.line().startswith(f"{report.level} {report.level.label} | seccomp on | landlock ")
    assert report.line().endswith(f"probe {report.blocked}/{report.blocked} blocked")


def test_every_attack_succeeds_with_the_layers_off(no_wall, tmp_path):
    """What a plain process of this user can do, a child without layers can: none was blocked by chance."""
    report = no_wall.sandbox.probe()
    plain = plainly(tmp_path)
    assert {name for name in ATTACKS if report.attacks[name] == NOT_BLOCKED} == plain
    assert plain >= ATTACKS.keys() - (PRIVILEGED if os.geteuid() else {"io_uring", "keyctl"})
    assert report.level is Level.L0


PLAIN = """
import json, os, sys
sys.path.insert(0, os.getcwd())
for name, code in json.load(open("attacks.json")).items():
    pid = os.fork()
    if pid == 0:
        try:
            exec(code, {})
        except BaseException:
            os._exit(1)
        os._exit(0)
    if os.waitpid(pid, 0)[1] == 0:
        print(name)
"""
"""Tries each attack in a process of its own, which was never in any sandbox."""


def plainly(folder):
    """Return the attacks that a process of this user succeeds with, outside any sandbox."""
    with target() as place:
        (folder / f"{TARGET}.py").write_bytes(place)
        codes = {name: f"from {TARGET} import *\n{code}" for name, code in ATTACKS.items()}
        (folder / "attacks.json").write_text(json.dumps(codes))
        words = [sys.executable, "-c", PLAIN]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("without", "reached"),
    [
        ({"seccomp"}, {"ptrace", "mprotect", "dumpable"}),
        ({"seccomp", "landlock", "namespaces"}, {"read", "list", "tcp"}),
    ],
    ids=["seccomp", "seccomp-landlock-namespaces"],
)
def test_the_probe_tells_of_a_layer_that_is_gone(without, reached):
    """By what comes through, not by what was asked for."""
    with Sandbox(allow_weak=True, without=frozenset(without)) as sandbox:
        report = sandbox.probe()
    assert reached <= set(report.leaks)
    assert report.level is Level.L0
    assert f"probe {report.blocked}/{len(ATTACKS)} blocked" in report.line()


@pytest.mark.parametrize(
    ("without", "minimum", "missing"),
    [
        ({"namespaces"}, Level.L3, ["namespaces"]),
        ({"namespaces", "landlock"}, Level.L2, ["landlock"]),
        ({"seccomp"}, Level.L1, ["seccomp"]),
        ({"seccomp", "landlock"}, Level.L2, ["seccomp", "landlock"]),
    ],
    ids=["namespaces", "landlock", "seccomp", "seccomp-landlock"],
)
def test_below_the_minimum_the_missing_layers_are_named_with_what_to_do(without, minimum, missing):
    """A sandbox that is weaker than asked for does not start."""
    with Sandbox(allow_weak=True, without=frozenset(without)) as sandbox:
        report = sandbox.probe()
    assert lacking(report.layers, minimum) == missing
    assert set(missing) <= remedies(report.layers).keys()
    failure = too_weak(report, minimum)
    assert failure.exit_code == 3
    assert failure.details["missing"] == missing
    for layer in missing:
        assert f"{layer} (off)" in failure.message
        assert f"{layer}: " in failure.hint
    with pytest.raises(type(failure), match="is the minimum"), Sandbox(minimum=minimum, without=frozenset(without)):
        pass


def test_an_attack_that_comes_through_a_wall_is_named():
    """Unless nobody claims that there is a wall; one that could not be tried proves nothing either way."""
    states = dict.fromkeys(LAYERS, "on")
    attacks = {"read": "blocked", "tcp": NOT_BLOCKED, "fork": "not tried: timeout: busy"}
    failure = leaking(ProbeReport(Level.L1, states, attacks))
    assert (failure.code, failure.exit_code) == ("sandbox_leaks", 3)
    assert "not blocked: tcp" in failure.message
    assert leaking(ProbeReport(Level.L0, states, attacks)) is None
    assert leaking(ProbeReport(Level.L3, states, {"fork": "not tried: timeout: busy"})) is None


@pytest.mark.parametrize(
    ("state", "on"),
    [("on", True), ("abi 7", True), ("mnt net pid", True), ("ordinary user", True), ("off", False),
     ("refused: no", False), ("not supported here", False), ("none: no memory controller", False)],
)  # fmt: skip
def test_a_layer_is_on_or_off(state, on):
    """Whatever it says beyond that."""
    assert is_on(state) is on


@pytest.mark.parametrize(("system", "machine"), [("linux", "aarch64"), ("darwin", "arm64")])
def test_on_other_machines_the_report_says_that_nothing_was_proved(system, machine):
    """The tables of system calls have been run on x86_64 Linux alone."""
    note = unproven(system, machine)
    assert machine in note
    assert "no boundary" in note
    assert unproven("linux", "x86_64") is None
