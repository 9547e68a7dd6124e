"""The sandbox proves itself: attacks tried by unrestricted code in real children, and what became of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from levada_runtime.sandbox.attacks import ATTACKS, TARGET, target
from levada_runtime.sandbox.kernel.lockdown import level_of
from levada_runtime.sandbox.model import Bundle, Call, Level, Limits, Outcome

LIMITS: Final = Limits(cpu_s=2, wall_s=5, http_requests=0, http_bytes=0)
BLOCKED, NOT_BLOCKED = "blocked", "not blocked"
_PACKAGE: Final = "levada_probe"
_CONNECTOR: Final = b'from levada import Connector\n\nconnector = Connector("probe")\n'
_ATTACK: Final = "levada_probe_attack"
_ATTEMPT: Final = (
    f"from levada import Connector\n\nimport {_ATTACK}\n\n"
    f'connector = Connector("probe", libraries=["{_ATTACK}", "{TARGET}"])\n'
).encode()
_SHOWN: Final = ("seccomp", "landlock")
_REFUSALS: Final = (
    "PermissionError",
    "BlockingIOError",
    "FileNotFoundError",
    "ConnectionRefusedError",
    "ProcessLookupError",
    "OSError: [Errno 101]",
)
"""How Python says that the kernel let it reach nothing; 101 is that the network is unreachable."""


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a child reached, and what became of each attack: `blocked`, `not blocked`, or why it could not be tried."""

    level: Level
    layers: Mapping[str, str]
    attacks: Mapping[str, str] = field(default_factory=dict)

    @property
    def blocked(self) -> int:
        return sum(state == BLOCKED for state in self.attacks.values())

    @property
    def leaks(self) -> list[str]:
        """The attacks that reached what they aimed at."""
        return [name for name, state in self.attacks.items() if state == NOT_BLOCKED]

    def line(self) -> str:
        """Return the report as one line for an operator."""
        entered = self.layers.get("namespaces", "off")
        parts = [
            f"{self.level} {self.level.label}",
            *(f"{name} {self.layers[name]}" for name in _SHOWN if name in self.layers),
            f"userns {'on' if entered.endswith('pid') else entered}",
        ]
        if self.attacks:
            parts.append(f"probe {self.blocked}/{len(self.attacks)} blocked")
        return " | ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        return {
            "level": self.level.value,
            "title": self.level.label,
            "layers": dict(self.layers),
            "attacks": dict(self.attacks),
        }


def probe(run: Callable[[Call], Outcome], *, attacks: bool) -> ProbeReport:
    """Return what children made through `run` reach."""
    plain = run(_call(_CONNECTOR, {}))
    return ProbeReport(level_of(plain.layers), plain.layers, _tried(run) if attacks else {})


def _tried(run: Callable[[Call], Outcome]) -> dict[str, str]:
    with target() as place:
        return {name: _became(run(_attack(code, place))) for name, code in ATTACKS.items()}


def _attack(code: str, place: bytes) -> Call:
    source = f"from {TARGET} import *\n{code}\n".encode()
    return _call(_ATTEMPT, {f"{_ATTACK}.py": source, f"{TARGET}.py": place})


def _became(outcome: Outcome) -> str:
    """Whether the wall answered: the code was refused what it asked for, or its process was killed for asking.

    A child that ended without a word was replaced by what it executed. Whatever else befell it, a busy machine among
    it, proves nothing either way.
    """
    if outcome.reason == "sandbox_violation":
        return BLOCKED
    if outcome.reason == "connector_error" and (outcome.message or "").startswith(_REFUSALS):
        return BLOCKED
    if outcome.reason is None or (outcome.reason == "crash" and "status 0" in (outcome.message or "")):
        return NOT_BLOCKED
    return f"not tried: {outcome.reason}: {outcome.message}"


def _call(source: bytes, libraries: Mapping[str, bytes]) -> Call:
    bundle = Bundle(_PACKAGE, "connector", {f"{_PACKAGE}/__init__.py": source}, libraries)
    return Call(action="describe", bundle=bundle, now=datetime.now(UTC), limits=LIMITS)
