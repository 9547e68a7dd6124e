"""Children kept between the webhooks of one connection: which may stay, which go, and where they wait.

A connector is loaded once and its modules stay as the last call left them, so a child is never lent to another name
than the one it was kept for, and not for long.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from levada_runtime.sandbox.living import Living
from levada_runtime.sandbox.model import Limits

CALLS: Final = 200
LIFE_S: Final = 60.0
CHILDREN: Final = 8
CALLS_OF_CPU: Final = 4
"""How many calls' worth of processor time the kernel lets a kept child use in its whole life."""
_FULL: Final = 0.75
"""The share of its memory beyond which a child is not kept: the next call could not count on the whole of it."""


@dataclass(frozen=True, slots=True)
class Wear:
    """What a child has behind it; `memory_bytes` is the address space it holds, None when that cannot be read."""

    served: int
    age_s: float
    cpu_s: float
    memory_bytes: int | None


def may_stay(wear: Wear, limits: Limits) -> bool:
    """Whether a child that did well may serve another call of these limits in full."""
    return (
        wear.served < CALLS
        and wear.age_s < LIFE_S
        and wear.cpu_s + limits.cpu_s <= limits.cpu_s * CALLS_OF_CPU
        and wear.memory_bytes is not None
        and wear.memory_bytes < limits.memory_bytes * _FULL
    )


class Shelf:
    """Where kept children wait, one for each name, the one used longest ago first."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._waiting: OrderedDict[str, Living] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def has_room(self) -> bool:
        """Whether any child can be kept here."""
        return self._room > 0

    def take(self, name: str) -> Living | None:
        """Return the child kept for this name, which no longer waits then."""
        return self._waiting.pop(name, None)

    def put(self, name: str, living: Living) -> list[Living]:
        """Keep a child, and return those that must go for it."""
        self._waiting[name] = living
        return [self._waiting.popitem(last=False)[1] for _ in range(len(self._waiting) - self._room)]

    def take_aged(self, now: float) -> list[Living]:
        """Return those that are past their time at this (monotonic) moment, which no longer wait then."""
        aged = [name for name, living in self._waiting.items() if now - living.born_at >= LIFE_S]
        return [self._waiting.pop(name) for name in aged]

    def take_all(self) -> list[Living]:
        """Return every child."""
        taken = list(self._waiting.values())
        self._waiting.clear()
        return taken

    def next_end(self) -> float | None:
        """Return the moment at which the first of them is past its time; None when none waits."""
        return min((living.born_at + LIFE_S for living in self._waiting.values()), default=None)
