"""The sandbox proves itself: attacks tried by unrestricted code in real children, and what became of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from levada_runtime.sandbox.lockdown import level_of
from levada_runtime.sandbox.model import Bundle, Call, Level, Limits, Outcome

LIMITS: Final = Limits(cpu_s=2, wall_s=5, http_requests=0, http_bytes=0)
_PACKAGE: Final = "levada_probe"
_CONNECTOR: Final = b'from levada import Connector\n\nconnector = Connector("probe")\n'
_ATTEMPT: Final = b'from levada import Connector\n\nimport levada_probe_attack\n\nconnector = Connector("probe")\n'

# Each falls through when nothing stands in its way, and none leaves a trace then.
ATTACKS: Final = {
    "open": "open('/etc/passwd').close()",
    "list": "import os; os.listdir('/')",
    "write": "import os; os.close(os.open('/tmp', os.O_TMPFILE | os.O_WRONLY))",
    "socket": "import _socket; _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)",
    "fork": "import os; pid = os.fork()\nif pid == 0: os._exit(0)",
    "exec": "import os; os.execv('/bin/true', ['true'])",
    "ptrace": "import ctypes\nif ctypes.CDLL(None).ptrace(0, 0, 0, 0) != 0: raise PermissionError",
    "mount": "import ctypes; libc = ctypes.CDLL(None, use_errno=True)\n"
    "libc.mount(b'none', b'/levada-no-such-place', b'tmpfs', 0, 0)\nif ctypes.get_errno() == 1: raise PermissionError",
    "signal": "import os; os.kill(os.getppid() if os.getppid() > 0 else 1, 0)",
}


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a child reached, and which attacks were tried and blocked."""

    level: Level
    layers: Mapping[str, str]
    attacks: Mapping[str, bool]

    @property
    def blocked(self) -> int:
        return sum(self.attacks.values())

    def line(self) -> str:
        """Return the report as one line for an operator."""
        parts = [
            f"{self.level} {self.level.label}",
            *(f"{name} {self.layers[name]}" for name in _SHOWN if name in self.layers),
        ]
        if self.attacks:
            parts.append(f"probe {self.blocked}/{len(self.attacks)} blocked")
        return " | ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        return {
            "level": self.level.value,
            "title": self.level.label,
            "layers": dict(self.layers),
            "attacks": {name: "blocked" if blocked else "not blocked" for name, blocked in self.attacks.items()},
        }


_SHOWN: Final = ("seccomp", "landlock", "namespaces")


def probe(run: Callable[[Call], Outcome], *, attacks: bool) -> ProbeReport:
    """Return what children made through `run` reach."""
    plain = run(_call(_CONNECTOR, {}))
    tried = {name: _is_blocked(run(_attack(code))) for name, code in ATTACKS.items()} if attacks else {}
    return ProbeReport(level_of(plain.layers), plain.layers, tried)


def _attack(code: str) -> Call:
    return _call(_ATTEMPT, {"levada_probe_attack.py": code.encode()})


def _is_blocked(outcome: Outcome) -> bool:
    """Whether the wall answered: the code was refused what it asked for, or its process was killed for asking."""
    refused = outcome.reason == "connector_error" and (outcome.message or "").startswith(
        ("PermissionError", "BlockingIO")
    )
    return refused or outcome.reason == "sandbox_violation"


def _call(source: bytes, libraries: Mapping[str, bytes]) -> Call:
    bundle = Bundle(_PACKAGE, "connector", {f"{_PACKAGE}/__init__.py": source}, libraries)
    return Call(action="describe", bundle=bundle, now=datetime.now(UTC), limits=LIMITS)
