"""What the steps of a request prove themselves with: the same for each, or a signature over the one that was asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from levada._auth import AWS_SCOPE
from levada_runtime.outbound import Additions, Step, Target
from levada_runtime.sandbox.broker.sigv4 import OURS, Keys, Scope, sign, spelled

SCOPE_NAME = AWS_SCOPE.lower()


class Evidence(Protocol):
    """What proves to the source who is asking."""

    @property
    def names(self) -> frozenset[str]:
        """The headers that are left out of what a route sends, in lower case."""

    def spelled(self, target: Target) -> Target:
        """Return the target as it has to be spelled."""

    def at(self, step: Step) -> Additions:
        """Return what is added to a step."""


@dataclass(frozen=True, slots=True)
class Constant:
    """The same for every step; `hidden` are headers that are left out besides."""

    additions: Additions = field(default_factory=Additions)
    hidden: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        return self.hidden | {name.lower() for name, _ in self.additions.headers}

    def spelled(self, target: Target) -> Target:
        return target

    def at(self, step: Step) -> Additions:  # noqa: ARG002 - it is the same for each
        return self.additions


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature over the request that was asked for; where its answer leads instead goes unsigned.

    A signature says that its owner asked for exactly this, so a source has no say in what is signed.
    """

    keys: Keys
    scope: Scope
    now: Callable[[], datetime]

    @property
    def names(self) -> frozenset[str]:
        return OURS | {SCOPE_NAME}

    def spelled(self, target: Target) -> Target:
        return spelled(target)

    def at(self, step: Step) -> Additions:
        if step.after is not None:
            return Additions()
        return Additions(headers=sign(step, self.keys, self.scope, self.now()))
