"""What became of an attack at a level: a pure decision from how its child ended and what was hit."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from tests.sandbox.harness.attack import LANGUAGE, Attack

from levada_runtime.sandbox.model import Limits, Outcome

ESCAPED, NOT_TRIED, BROKEN = "ESCAPED", "not tried", "BROKEN"
REFUSED, RAISED, SIGNAL, LIMIT, NOTHING = (
    "refused", "raised", "killed by signal", "killed by limit", "finished without effect",
)  # fmt: skip
CLASSES: Final = (REFUSED, RAISED, SIGNAL, LIMIT, NOTHING)
_LIMITS: Final = frozenset({"cpu_limit", "memory", "oom", "timeout"})
_SAID: Final = frozenset({"connector_error", "auth", "rate_limited", "source_unavailable"})
_REFUSALS: Final = ("PermissionError", "BlockingIOError", "ConnectionRefusedError")
_HELD_S, _CPU_SLACK_S = 4.0, 1.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """One attack at one level; `level` is what its child said of itself."""

    attack: str
    kind: str
    category: str
    asked: str
    level: str
    became: str
    reason: str | None
    message: str
    damage: tuple[str, ...]
    cpu_s: float
    wall_s: float
    max_rss_bytes: int

    @property
    def holds(self) -> bool:
        return self.became in CLASSES

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def excesses(outcome: Outcome, limits: Limits) -> list[str]:
    """Return by how much the child overran what it was given, in words."""
    found = []
    if outcome.max_rss_bytes > limits.memory_bytes:
        found.append(f"held {outcome.max_rss_bytes >> 20} MiB of memory and may {limits.memory_bytes >> 20}")
    if outcome.cpu_s > limits.cpu_s + _CPU_SLACK_S:
        found.append(f"used {outcome.cpu_s:.1f} s of processor time and may {limits.cpu_s:g}")
    if outcome.wall_s > limits.wall_s + _HELD_S:
        found.append(f"held the host for {outcome.wall_s:.1f} s and may for {limits.wall_s:g}")
    if outcome.reason == "worker_lost":
        found.append("ended the zygote")
    return found


def decide(attack: Attack, asked: str, outcome: Outcome, damage: Sequence[str], problem: str | None) -> Verdict:
    """Return the verdict; `problem` says why the attack did not come as far as its deed."""
    if damage:
        became = ESCAPED
    elif outcome.level != asked:
        became, problem = BROKEN, f"the child reached {outcome.level}"
    elif problem is not None:
        became = NOT_TRIED
    else:
        became = _class(attack, outcome)
    return Verdict(
        attack=attack.name,
        kind=attack.level,
        category=attack.category,
        asked=asked,
        level=outcome.level,
        became=became,
        reason=outcome.reason,
        message=(problem or outcome.message or "").partition("\n")[0][:200],
        damage=tuple(damage),
        cpu_s=round(outcome.cpu_s, 3),
        wall_s=round(outcome.wall_s, 3),
        max_rss_bytes=outcome.max_rss_bytes,
    )


def _class(attack: Attack, outcome: Outcome) -> str:
    message = outcome.message or ""
    if outcome.reason is None:
        return NOTHING
    if outcome.reason == "policy":
        return REFUSED
    if outcome.reason in _LIMITS:
        return LIMIT
    if outcome.reason in ("sandbox_violation", "protocol_violation"):
        return SIGNAL
    if outcome.reason == "crash":
        return NOTHING if "by status" in message else SIGNAL
    if outcome.reason in _SAID:
        said_no = message.startswith(_REFUSALS) or "Operation not permitted" in message
        return REFUSED if said_no and attack.level != LANGUAGE else RAISED
    return BROKEN
