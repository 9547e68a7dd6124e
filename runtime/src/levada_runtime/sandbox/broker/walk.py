"""Sending one request step by step, the first and where each answer leads instead: every step in a turn of its own.

A redirect is a request like any other to whoever counts them, so it waits for its turn at the host that it leads to,
and what that host says of its limits is told to its own budget and to no other.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from levada_runtime.outbound import Answer, BlockingClient, Meter, Refused, Step
from levada_runtime.outbound.client import too_many_redirects
from levada_runtime.outbound.resolver import check_target
from levada_runtime.sandbox.broker.budgets import Turns
from levada_runtime.sandbox.broker.gate import Gate

_LEAST_S: Final = 0.001
_REFUSED: Final = 400


class TurnTaker:
    """Waits for the turns of one run, and adds up how long it has waited."""

    def __init__(
        self, turns: Turns | None, sleep: Callable[[float], None], longest_s: float, left_s: Callable[[], float]
    ) -> None:
        """No turn is waited for longer than `longest_s`, nor than there is `left_s`; without `turns` none is needed."""
        self.waited_s = 0.0
        self._untold: tuple[str, Answer] | None = None
        self._turns = turns
        self._sleep = sleep
        self._longest_s = longest_s
        self._left_s = left_s

    @contextmanager
    def turn(self, place: str, longest_s: float | None = None) -> Iterator[list[Answer]]:
        """Have a turn at a place for the block, which puts the answer into the list, if there is one.

        Raises RateLimited when it would take too long until then. What a source said to its contentment is told to
        others by `settle`, or before the next turn; anything else at once.
        """
        answers: list[Answer] = []
        if self._turns is None:
            yield answers
            return
        self.settle()
        began = time.monotonic()
        try:
            longest = self._longest_s if longest_s is None else min(longest_s, self._longest_s)
            self._turns.take(place, self._sleep, longest_s=longest, left_s=self._left_s())
        finally:
            self.waited_s += time.monotonic() - began
        try:
            yield answers
        finally:
            answer = answers[-1] if answers else None
            if answer is not None and answer.status < _REFUSED:
                self._untold = place, answer
            else:
                self._turns.answered(place, answer)

    def settle(self) -> None:
        """Tell others what the last answer says of the source's patience, if they have not been told."""
        untold, self._untold = self._untold, None
        if untold is not None and self._turns is not None:
            self._turns.answered(*untold)


def walk(
    client: BlockingClient, step: Step, gate: Gate, meter: Meter, turns: TurnTaker, left_s: Callable[[], float]
) -> Answer:
    """Send a request and follow its redirects; all of its steps together have the time that one request has.

    Raises what the client raises, what the gate does, and RateLimited when a turn would not come in time.
    """
    limits, first = client.client.limits, step.target
    left = limits.total_s
    for _ in range(limits.redirects + 1):
        _admit(client, gate, step)
        with turns.turn(step.target.place) as answers:
            began = time.monotonic()
            within_s = max(_LEAST_S, min(left, left_s()))
            answer, following = client.send_step(step, at_step=gate, meter=meter, within_s=within_s)
            answers.append(answer)
            left -= time.monotonic() - began
        if following is None:
            return answer
        step = following
    raise too_many_redirects(first, limits)


def _admit(client: BlockingClient, gate: Gate, step: Step) -> None:
    """Refuse a step that will not be sent before it has a turn, so that only declared hosts have a budget."""
    try:
        check_target(step.target, client.client.allow_private)
    except Refused as refusal:
        raise step.explained(refusal) from None
    gate.check(step)
