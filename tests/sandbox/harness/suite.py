"""A whole folder of attacks: each at each level this machine offers, then its control, and what it all amounts to."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.sandbox.harness import controls
from tests.sandbox.harness.attack import LANGUAGE, Attack
from tests.sandbox.harness.controls import Checked
from tests.sandbox.harness.plain import Plain
from tests.sandbox.harness.trial import SilentHarness, try_at, try_together
from tests.sandbox.harness.verdict import ESCAPED, Verdict
from tests.sandbox.harness.walls import OFF, Unreachable, Walls


@dataclass(slots=True)
class Findings:
    """Everything that was found; `wrong` are files that are no attacks and attempts of which nothing was heard."""

    attacks: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    controls: list[Checked] = field(default_factory=list)
    unreachable: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def escaped(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.became == ESCAPED]

    @property
    def untried(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if not verdict.holds and verdict.became != ESCAPED]

    @property
    def bad(self) -> list[Verdict]:
        return self.escaped + self.untried

    @property
    def failed_controls(self) -> list[Checked]:
        return [checked for checked in self.controls if checked.went == controls.FAILED]

    def are_good(self, *, require_controls: bool, require_levels: bool) -> bool:
        """Whether nothing escaped and everything was really tried."""
        bad = self.escaped or self.untried or self.wrong or not self.attacks or not self.verdicts
        bad = bad or (require_levels and self.unreachable) or (require_controls and self.failed_controls)
        return not bad

    def as_dict(self) -> dict[str, Any]:
        return {
            "attacks": self.attacks,
            "escapes": len(self.escaped),
            "problems": [
                f"{each.became}: {each.attack} at {each.asked}: {each.damage or each.message}" for each in self.bad
            ],
            "verdicts": [verdict.as_dict() for verdict in self.verdicts],
            "controls": [checked.as_dict() for checked in self.controls],
            "unreachable": self.unreachable,
            "wrong": self.wrong,
        }


def run(
    attacks: Sequence[Attack],
    levels: Iterable[str],
    walls: Walls,
    *,
    with_controls: bool,
    quick: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> Findings:
    """Try every attack at every level; language attacks also where only the policy stands.

    Quick is to try language attacks many to a child, and to end sooner what spins.
    """
    found = Findings(attacks=len(attacks))
    for level in [*levels, OFF]:
        tried = [attack for attack in attacks if level != OFF or attack.level == LANGUAGE]
        try:
            if tried:
                walls.at(level)
        except Unreachable as error:
            found.unreachable[level] = str(error)
            continue
        together = [attack for attack in tried if attack.level == LANGUAGE and quick]
        found.verdicts += try_together(together, level, walls)
        for attack in tried:
            if attack not in together:
                tell(f"{level} {attack.name}")
                _try(attack, level, walls, found, quick=quick)
    if with_controls:
        with Plain() as plain:
            for attack in attacks:
                tell(f"control {attack.name}")
                found.controls.append(controls.check(attack, walls, plain))
    return found


def _try(attack: Attack, level: str, walls: Walls, found: Findings, *, quick: bool) -> None:
    try:
        found.verdicts.append(try_at(attack, level, walls, quick=quick))
    except SilentHarness as error:
        found.wrong.append(str(error))
