"""An event between threads that an interrupt from the keyboard cannot break.

Those of `threading` are written in Python: an interrupt that falls into one comes out as RuntimeError, or leaves a lock
behind that nobody opens again.
"""

import _thread

_LOOK_AGAIN_S = 1.0


class Latch:
    """Set once, from any thread; whoever waits goes on, then and ever after."""

    def __init__(self) -> None:
        self._is_set = False
        self._gate = _thread.allocate_lock()
        self._gate.acquire()

    def set(self) -> None:
        """Let everybody go on; called once."""
        self._is_set = True
        self._gate.release()

    def wait(self) -> None:
        """Wait until it is set."""
        while not self._is_set:
            # An interrupt may fall between the two and leave the gate shut: it is set by then, and others look again.
            if self._gate.acquire(timeout=_LOOK_AGAIN_S):
                self._gate.release()
