"""The processor time of a child, read by its host while the child lives."""

import time

_PROCESS_CLOCK = 2
"""The kernel numbers the processor clock of a process `~pid << 3 | 2`; reading it needs no right to the process."""


class CpuSpent(Exception):  # noqa: N818 - it is what it says.
    """The child has used the processor time of its call."""


def used_s(pid: int) -> float | None:
    """Return how much processor time this process has used; None when it has gone."""
    try:
        return time.clock_gettime(~pid << 3 | _PROCESS_CLOCK)
    except OSError:
        return None


class Allowance:
    """What a child may use during one call; a child that was kept has used some `before_s` this one began.

    A child has one thread, so it cannot use more in a second than a second: whoever waits no longer than what is left
    and then looks again is late by no more than the look itself.
    """

    def __init__(self, pid: int, seconds: float, before_s: float = 0.0) -> None:
        self._pid = pid
        self._seconds = seconds
        self._last = self.before_s = before_s

    @property
    def used_s(self) -> float:
        """What the call has used; of a child that has gone, what was read last."""
        now = used_s(self._pid)
        if now is not None:
            self._last = now
        return self._last - self.before_s

    def left_s(self) -> float:
        """Return what is left, or raise CpuSpent."""
        left = self._seconds - self.used_s
        if left <= 0:
            raise CpuSpent
        return left
