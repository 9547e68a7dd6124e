"""Whether a sandbox is fit to run strangers' code, what it lacks, and what an operator can do about it. A pure decider.

Every level above L0 claims to be a boundary, so there no attack may reach what it aims at.
"""

import platform
import sys
from collections.abc import Mapping
from typing import Final

from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.sandbox.model import Level
from levada_runtime.sandbox.probe import ProbeReport

_NEEDED: Final = {
    Level.L0: (),
    Level.L1: ("rlimits", "no_new_privs", "seccomp"),
    Level.L2: ("rlimits", "no_new_privs", "seccomp", "landlock"),
    Level.L3: ("rlimits", "no_new_privs", "seccomp", "landlock", "namespaces"),
}
_REMEDIES: Final = {
    "namespaces": "let this user make namespaces: sysctl user.max_user_namespaces above 0, "
    "kernel.unprivileged_userns_clone=1 (Debian), kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu); in a "
    "container, let its seccomp profile allow unshare, mount and pivot_root. Without them L2 is reached",
    "uid": "run the daemon as an ordinary user, or as root with CAP_SETUID and CAP_SETGID",
    "capabilities": "let the process drop its capabilities: as root it needs CAP_SETPCAP",
    "no_new_privs": "use a kernel that knows no_new_privs (Linux 3.5)",
    "dumpable": "use a Linux kernel",
    "rlimits": "raise the hard limits of the service (systemd: LimitAS=, LimitNPROC=, LimitNOFILE=)",
    "landlock": "use Linux 5.13 or later with landlock among its security modules (boot with lsm=landlock,…; "
    "/sys/kernel/security/lsm lists them); in a container, let its seccomp profile allow the landlock calls",
    "seccomp": "use a kernel with seccomp filters (CONFIG_SECCOMP_FILTER), on x86_64",
    "cgroup": "give the service a part of the hierarchy of its own (systemd: Delegate=memory), or the container a "
    "writable one; without it memory is bounded by RLIMIT_AS alone",
}


def is_on(state: str) -> bool:
    """Tell whether a layer of this state is applied."""
    return state != "off" and not state.startswith(("refused", "not ", "none"))


def lacking(layers: Mapping[str, str], minimum: Level) -> list[str]:
    """Return the layers that the minimum needs and a child does not have."""
    return [name for name in _NEEDED[minimum] if not is_on(layers.get(name, "off"))]


def remedies(layers: Mapping[str, str]) -> dict[str, str]:
    """Return what to do about each layer that is off."""
    return {name: _REMEDIES[name] for name, state in layers.items() if name in _REMEDIES and not is_on(state)}


def unproven(system: str = sys.platform, machine: str | None = None) -> str | None:
    """Return why no layer is tried on a machine; None where they are."""
    known = machine or platform.machine()
    if system == "linux" and known == "x86_64":
        return None
    return (
        "the tables of system calls have been run on x86_64 Linux and nowhere else: here "
        f"({known}, {system}) no layer of the kernel's is put on, and what is left is no boundary"
    )


def too_weak(report: ProbeReport, minimum: Level) -> EnvironmentFailure:
    """Return the refusal to run below the minimum, naming the layers that are missing."""
    missing = lacking(report.layers, minimum)
    named = ", ".join(f"{name} ({report.layers.get(name, 'off')})" for name in missing)
    todo = [unproven() or "", *(f"{name}: {_REMEDIES[name]}" for name in missing)]
    return EnvironmentFailure(
        f"the sandbox reaches {report.level} ({report.level.label}) here and {minimum} ({minimum.label}) is the minimum"
        + (f"; missing: {named}" if named else ""),
        code="sandbox_too_weak",
        hint="; ".join([one for one in todo if one] + ["or accept it with --allow-weak-sandbox"]),
        details={**report.as_dict(), "minimum": minimum.value, "missing": missing},
    )


def leaking(report: ProbeReport) -> EnvironmentFailure | None:
    """Return the refusal to run behind a wall that was got through, where its level claims to be a boundary."""
    if report.level is Level.L0 or not report.leaks:
        return None
    return EnvironmentFailure(
        f"the sandbox claims {report.level} ({report.level.label}), but these attacks were not blocked: "
        f"{', '.join(report.leaks)}",
        code="sandbox_leaks",
        hint="run no connectors on this machine, and report it with the output of `runtime doctor --json`",
        details=report.as_dict(),
    )
