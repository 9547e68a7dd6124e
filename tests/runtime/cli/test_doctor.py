"""`runtime doctor` says whether a daemon would start here, layer by layer and attack by attack."""

import ctypes
import json
import os
import subprocess
import sys

import pytest

from levada_runtime.cli.doctor import verdict
from levada_runtime.foundation.config import SandboxSettings, Settings
from levada_runtime.sandbox.host import Sandbox

CAP_SYS_ADMIN, PR_CAPBSET_DROP = 21, 24


def ask(tmp_path, *words, code=0, command="doctor", **options):
    """Run the doctor, or another command, in a data directory of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LEVADA_")}
    env = {**inherited, "NO_COLOR": "1", **options.pop("env", {})}
    asked = [sys.executable, "-m", "levada_runtime", command, "--data-dir", str(tmp_path), *words]
    done = subprocess.run(asked, env=env, capture_output=True, text=True, timeout=120, check=False, **options)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_it_says_the_level_the_layers_and_the_attacks(tmp_path):
    """One line for all of it, a row for each layer, and with --verbose one for each attack."""
    said = ask(tmp_path, "--verbose").stdout.splitlines()
    assert said[0].startswith("sandbox: L")
    assert said[0].endswith(" blocked")
    rows = {line.split()[0]: line.split()[1:] for line in said[1:] if line.split()}
    assert rows["seccomp"][0] == "on"
    assert rows["io_uring"] == ["blocked"]
    result = json.loads(ask(tmp_path, "--json").stdout)["result"]
    sandbox = result["sandbox"]
    assert {"level", "title", "minimum", "layers", "attacks"} <= sandbox.keys()
    assert (sandbox["minimum"], set(sandbox["attacks"].values())) == ("L2", {"blocked"})
    assert "acme" in result["connectors"]["ready"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take its own right to make namespaces away")
def test_below_the_minimum_it_ends_with_3_and_says_what_to_do(tmp_path):
    """The report is given all the same; no connector is described behind such a wall."""
    env = {"LEVADA_SANDBOX__MINIMUM": "L3"}
    done = ask(tmp_path, code=3, env=env, preexec_fn=_renounce)
    assert done.stdout.startswith("sandbox: L2 kernel | seccomp on | landlock abi")
    assert "user.max_user_namespaces" in done.stdout
    assert "missing: namespaces (refused" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take its own right to make namespaces away")
def test_below_the_minimum_a_machine_is_told_the_same(tmp_path):
    """Weaker may be allowed, and then it is no failure."""
    env = {"LEVADA_SANDBOX__MINIMUM": "L3"}
    told = json.loads(ask(tmp_path, "--json", code=3, env=env, preexec_fn=_renounce).stdout)
    assert (told["ok"], told["error"]["code"]) == (False, "sandbox_too_weak")
    assert told["error"]["details"]["missing"] == ["namespaces"]
    assert told["result"]["sandbox"]["level"] == "L2"
    assert told["result"]["connectors"]["ready"] == []
    ask(tmp_path, env=env | {"LEVADA_SANDBOX__ALLOW_WEAK": "true"}, preexec_fn=_renounce)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take its own right to make namespaces away")
def test_a_daemon_does_not_start_below_the_minimum(tmp_path):
    """It names what is missing, and how to start all the same."""
    env = {"LEVADA_SANDBOX__MINIMUM": "L3"}
    refused = ask(tmp_path, "--port", "0", code=3, command="serve", env=env, preexec_fn=_renounce)
    assert "missing: namespaces (refused" in refused.stderr
    assert "--allow-weak-sandbox" in refused.stderr


def _renounce():
    """Have the command begin without the right to administer the system."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0)


@pytest.mark.parametrize(
    ("without", "minimum", "code"),
    [
        ({"namespaces"}, "L2", None),
        ({"namespaces"}, "L3", "sandbox_too_weak"),
        ({"landlock", "namespaces"}, "L1", None),
        ({"landlock"}, "L2", "sandbox_too_weak"),
        ({"seccomp"}, "L0", None),
    ],
    ids=["kernel", "kernel-for-full", "seccomp", "seccomp-for-kernel", "process"],
)
def test_the_least_level_is_a_setting(without, minimum, code):
    """A daemon starts where the sandbox reaches it, or where weaker is allowed."""
    with Sandbox(allow_weak=True, without=frozenset(without)) as sandbox:
        report = sandbox.probe()
    failure = verdict(report, Settings(sandbox=SandboxSettings(minimum=minimum)))
    assert (failure.code if failure else None) == code
    assert verdict(report, Settings(sandbox=SandboxSettings(minimum=minimum, allow_weak=True))) is None
