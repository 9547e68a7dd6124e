"""Surveying the streams while the daemon runs: how many outgrew their interval, and how many are stale.

Of ten thousand streams that takes some seconds of processor time, which are spread over minutes: whoever asks for the
figures gets those of the last survey that was finished.
"""

import threading
from collections.abc import Mapping
from typing import Final

from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.logging import logger

_FIRST_S: Final = 5.0
_EVERY_S: Final = 60.0


class Surveying:
    """A thread that goes over the streams every so often."""

    def __init__(self, installation: Installation, first_s: float = _FIRST_S) -> None:
        self._streams = installation.stream_library
        self._first_s = first_s
        self._flagged: Mapping[str, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="survey", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it, between two looks."""
        self._stop.set()
        self._thread.join()

    def flagged(self) -> Mapping[str, int]:
        """Return how many streams have each flag; nothing before the first survey was finished."""
        return self._flagged

    def _look(self) -> None:
        pause = self._first_s
        while not self._stop.wait(pause):
            pause = _EVERY_S
            try:
                self._flagged = self._streams.flagged(self._stop.wait) or self._flagged
            except Exception as error:  # noqa: BLE001 - whatever it is, the streams can as well be surveyed later
                logger("daemon").error("the streams could not be surveyed; it will be tried again", error=str(error))
