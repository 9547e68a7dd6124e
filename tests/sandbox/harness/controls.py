"""The positive control: with the layers off, or in plain Python, the same attack gets what it is after."""

import os
from dataclasses import asdict, dataclass
from typing import Any, Final

from tests.sandbox.harness.attack import BOUNDARY, Attack
from tests.sandbox.harness.plain import Plain
from tests.sandbox.harness.scene import Scene
from tests.sandbox.harness.trial import limits_of, perform
from tests.sandbox.harness.verdict import excesses
from tests.sandbox.harness.walls import OFF, Walls
from tests.sandbox.harness.witness import boundary_call

from levada_runtime.sandbox.model import Limits

SUCCEEDED, EXCEPTED, FAILED = "succeeded", "excepted", "failed"
_MEMORY_BYTES: Final = 6 << 30
_CPU_S: Final = 10
_LONGER_S: Final = 0.3
"""How much longer than under the wall an attack may go on without one, to show that it would."""
_PATIENCE_S: Final = 2.0
_MAKES_PROCESSES: Final = frozenset({"fork", "threads", "processes"})


@dataclass(frozen=True, slots=True)
class Checked:
    """One attack's control: how it went, and what it achieved or why it could achieve nothing."""

    attack: str
    kind: str
    went: str
    words: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def check(attack: Attack, walls: Walls, plain: Plain) -> Checked:
    """Run the attack where it has to succeed."""
    if attack.control.place == "none":
        return _checked(attack, EXCEPTED, attack.control.reason or "")
    if attack.root_only is not None and os.geteuid() != 0:
        return _checked(attack, EXCEPTED, f"for an ordinary user: {attack.root_only}")
    if attack.control.place == "host" or attack.level != BOUNDARY:
        achieved, last = _in_plain_python(attack, walls, plain)
    else:
        achieved, last = _with_every_layer_off(attack, walls)
        if not achieved and not attack.stated_control:
            achieved, _ = _in_plain_python(attack, walls, plain)
    return _checked(attack, SUCCEEDED if achieved else FAILED, "; ".join(achieved)[:200] or last)


def _with_every_layer_off(attack: Attack, walls: Walls) -> tuple[list[str], str]:
    spare = {"memory_bytes": _MEMORY_BYTES, "cpu_s": _CPU_S, "processes": attack.category in _MAKES_PROCESSES}
    limits = limits_of(attack)
    wall_s = limits.wall_s if attack.cpu_s is None else 2 * attack.cpu_s
    achieved, last = _unlimited(attack, walls, limits, spare, wall_s + _LONGER_S)
    if not achieved and last.startswith("timeout"):  # a busy machine: it had no processor to use up
        return _unlimited(attack, walls, limits, spare, _CPU_S)
    return achieved, last


def _unlimited(
    attack: Attack, walls: Walls, limits: Limits, spare: dict[str, Any], wall_s: float
) -> tuple[list[str], str]:
    unlimited = Limits(memory_bytes=_MEMORY_BYTES, cpu_s=_CPU_S, wall_s=wall_s)
    sandbox = walls.at(OFF)
    with Scene(walls.zygotes, attack.source) as scene:
        call = boundary_call(attack.source, attack.name, scene.context(), unlimited, spare=spare)
        outcome = perform(sandbox, call, scene, _PATIENCE_S if _may_be_late(attack) else 0.0)
        achieved = scene.damage()
    achieved += excesses(outcome, limits)
    if outcome.reason == "timeout" and (outcome.cpu_s > limits.cpu_s or outcome.wall_s > limits.wall_s):
        achieved.append(f"went on for {outcome.wall_s:.1f} s, {outcome.cpu_s:.1f} s of it on the processor")
    return achieved, f"{outcome.reason}: {outcome.message}"[:200]


def _may_be_late(attack: Attack) -> bool:
    """Whether what it does may be done by a process that goes on when the child has ended."""
    return attack.category in _MAKES_PROCESSES | {"exec", "file-write"}


def _in_plain_python(attack: Attack, walls: Walls, plain: Plain) -> tuple[list[str], str]:
    plain.start()
    with Scene(walls.zygotes, attack.source) as scene:
        return plain.run(attack.level, attack.source, scene.context())


def _checked(attack: Attack, went: str, words: str) -> Checked:
    return Checked(attack.name, attack.level, went, words)
