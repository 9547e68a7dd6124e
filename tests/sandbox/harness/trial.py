"""Trying an attack: in one child something benign, which must report back, then the attack with the same means."""

import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tests.sandbox.harness.attack import BOUNDARY, Attack
from tests.sandbox.harness.scene import Scene
from tests.sandbox.harness.verdict import Verdict, decide, excesses
from tests.sandbox.harness.walls import Walls
from tests.sandbox.harness.witness import boundary_call, language_batch, language_call

from levada_runtime.sandbox.answering import NoHandlers
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.model import Call, Limits, Outcome

CPU_S, WALL_S, QUICK_CPU_S = 1.0, 2.0, 0.3
_TRIES: Final = 4
_TOGETHER: Final = 40
_LONGEST_WALL_S: Final = 10.0


class SilentHarness(Exception):  # noqa: N818 - it is what it says.
    """Something benign did not report back: whatever an attack does now would prove nothing."""


class _Listening(NoHandlers):
    """Handlers that pass the run's log on to the scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def log(self, level: str, message: str, fields: dict[str, Any]) -> None:
        self._scene.hear(message)


def limits_of(attack: Attack, *, quick: bool = False) -> Limits:
    """Return what a run of the attack may use: little, so that it ends soon, and even less when that is asked for."""
    cpu_s = attack.cpu_s or CPU_S
    return Limits(cpu_s=min(cpu_s, QUICK_CPU_S) if quick else cpu_s, wall_s=attack.wall_s or WALL_S)


def try_at(attack: Attack, level: str, walls: Walls, *, quick: bool = False) -> Verdict:
    """Try the attack at a level; raise SilentHarness when nothing would have been heard of it."""
    sandbox = walls.at(level)
    limits = limits_of(attack, quick=quick)
    more: list[str] = []
    while True:
        with Scene(walls.zygotes, attack.source) as scene:
            outcome = perform(sandbox, _call(attack, scene.context(), limits, more), scene)
            damage = [*scene.damage(), *excesses(outcome, limits)]
        if not scene.benign_reported and not damage:
            if outcome.reason == "timeout" and limits.wall_s < _LONGEST_WALL_S:
                # A busy machine: not even something benign was done in that time.
                limits = replace(limits, wall_s=2 * limits.wall_s)
                continue
            raise SilentHarness(f"{attack.name} at {level}: something benign did not report back: {outcome}")
        absent = _absent(scene.missing, sandbox, more)
        if damage or not absent or len(more) >= _TRIES:
            break
        more.append("; ".join(f"import {name}" for name in absent))
    return decide(attack, level, outcome, damage, _problem(attack, absent))


def try_together(attacks: Sequence[Attack], level: str, walls: Walls) -> list[Verdict]:
    """Try language attacks at a level, many to a child; whenever one of them may have done something, each alone."""
    verdicts = []
    for some in (attacks[at : at + _TOGETHER] for at in range(0, len(attacks), _TOGETHER)):
        limits = Limits(cpu_s=10, wall_s=20)
        with Scene(walls.zygotes) as scene:
            call = language_batch([attack.source for attack in some], scene.context(), limits)
            outcome = perform(walls.at(level), call, scene)
            harmless = outcome.reason is None and not scene.damage() and scene.benign_reported
        if not harmless or len(scene.ended) != len(some):
            verdicts += [try_at(attack, level, walls) for attack in some]
            continue
        for attack, ended in zip(some, scene.ended, strict=True):
            verdicts.append(decide(attack, level, _alone(outcome, ended, len(some)), [], None))
    return verdicts


def _alone(outcome: Outcome, ended: str, number: int) -> Outcome:
    """Return the outcome of one among several, as it would have been alone."""
    reason = None if ended == "None" else "policy" if ended.startswith("PolicyViolation") else "connector_error"
    spent = {"cpu_s": outcome.cpu_s / number, "wall_s": outcome.wall_s / number}
    return replace(outcome, reason=reason, message=None if reason is None else ended, **spent)


def perform(sandbox: Sandbox, call: Call, scene: Scene, patience_s: float = 0.0) -> Outcome:
    """Make the call and, with patience, wait for what a process that it started may yet do."""
    outcome = sandbox.call(call, _Listening(scene))
    until = time.monotonic() + patience_s
    while not scene.damage() and time.monotonic() < until:
        time.sleep(0.02)
    return outcome


def _call(attack: Attack, context: Mapping[str, Any], limits: Limits, more: list[str]) -> Call:
    if attack.level == BOUNDARY:
        return boundary_call(attack.source, attack.name, context, limits, more="\n".join(more))
    return language_call(attack.source, context, limits)


def _absent(missing: list[str], sandbox: Sandbox, served: list[str]) -> list[str]:
    """Return the modules that were looked for, could have been sent along and were not."""
    already = {word for line in served for word in line.replace(";", " ").split()}
    return [name for name in missing if name not in already and name not in sandbox.loaded_modules and _exists(name)]


def _exists(name: str) -> bool:
    if name.partition(".")[0] not in sys.stdlib_module_names:
        return False
    folder, path = Path(sysconfig.get_path("stdlib")), name.replace(".", "/")
    return (folder / f"{path}.py").is_file() or (folder / path / "__init__.py").is_file()


def _problem(attack: Attack, absent: list[str]) -> str | None:
    if attack.level == BOUNDARY and absent and attack.without_module is None:
        return f"it looked for {', '.join(absent)}, which it did not find"
    return None
